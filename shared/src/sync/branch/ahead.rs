//! Messages made ready before the reply to the one before them is taken in, so that the line is not idle meanwhile: what stands
//! behind in the outbox, and the question for what comes next.

use super::message::{Sent, message, progress_after};
use super::{Desk, Planned, Progress, Room};
use crate::clock::UtcMillis;
use crate::id::DocumentId;
use crate::store::{Pending, StoreError};
use crate::wire::{Exchange, ExchangeReply};

impl Planned {
    /// Where in the outbox the next message would go on; none when this one brings nothing, all that waits, or something
    /// after which the next is another matter.
    pub fn behind(&self) -> Option<Behind> {
        let message = &self.message;
        let pushed = message.pushed.len() as u64;
        let is_plain = message.fetch.is_empty()
            && message.given_up.is_empty()
            && self.progress.epoch.is_some();
        (is_plain && pushed < self.pending.count).then_some(Behind {
            last: self.sent.last_of_outbox()?,
            pending: Pending {
                count: self.pending.count - pushed,
                ..self.pending
            },
            progress: self.progress,
            incarnation: message.incarnation,
            session: message.session,
            has_given_back: message.has_given_back,
            set_aside: message.set_aside,
        })
    }
}

/// A place in the outbox, behind what a message brings.
#[derive(Clone, Debug)]
pub struct Behind {
    last: DocumentId,
    pending: Pending,
    progress: Progress,
    incarnation: u32,
    session: u64,
    has_given_back: bool,
    set_aside: u32,
}

/// The message that brings what stands behind, and asks for nothing. It is made ready while the one before it is under way, and
/// is sent when [`follows`] says so, before the reply to that one is taken in. None when nothing is there any more.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn plan_behind(
    desk: &impl Desk,
    behind: &Behind,
    now: UtcMillis,
    room: Room,
) -> Result<Option<Planned>, StoreError> {
    let store = desk.store();
    let identity = store.identity();
    if identity.map_or(0, |identity| identity.actor.incarnation()) != behind.incarnation {
        return Ok(None);
    }
    let outgoing = store.outgoing_behind(behind.last, room.documents, room.bytes)?;
    if outgoing.is_empty() {
        return Ok(None);
    }
    let (message, sent) = message(&behind.progress, outgoing, behind.pending, identity, now);
    let message = Exchange {
        want: 0,
        session: behind.session,
        has_given_back: behind.has_given_back,
        set_aside: behind.set_aside,
        ..message
    };
    Ok(Some(Planned {
        message,
        sent,
        progress: behind.progress,
        pending: behind.pending,
        offered_up_to: None,
        only_pushes: true,
    }))
}

/// Whether a reply is one after which a message that was made ready behind may be sent: the hub took everything, in the life
/// and as the writer that is known.
pub fn follows(planned: &Planned, reply: &ExchangeReply) -> bool {
    is_as_expected(planned, reply) && planned.progress.epoch.is_some() && !reply.takes_back
}

fn is_as_expected(planned: &Planned, reply: &ExchangeReply) -> bool {
    let message = &planned.message;
    reply.refused.is_empty()
        && reply.protocol == message.protocol
        && reply.highest_counter <= message.highest_counter
        && planned
            .progress
            .epoch
            .is_none_or(|epoch| epoch == reply.epoch)
}

/// The message that asks for what comes after a reply, to be sent while the reply is taken in; its own reply is read and
/// taken in after that one. None when the reply ends the list, or when something is to be done before more is asked for.
pub fn plan_ahead(planned: &Planned, reply: &ExchangeReply, now: UtcMillis) -> Option<Planned> {
    let message = &planned.message;
    let brings_nothing = message.pushed.is_empty()
        && message.fetch.is_empty()
        && message.given_up.is_empty()
        && planned.pending.count == 0
        && planned.offered_up_to.is_none();
    if !brings_nothing || !is_as_expected(planned, reply) || reply.remaining == 0 {
        return None;
    }
    let progress = progress_after(&planned.progress, 0, planned.pending, reply, now);
    Some(Planned {
        message: Exchange {
            epoch: progress.epoch,
            cursor: progress.cursor,
            base: progress.base,
            known_counter: progress.hub_counter,
            digest: None,
            clock: now,
            ..message.clone()
        },
        sent: Sent::default(),
        progress,
        pending: planned.pending,
        offered_up_to: None,
        only_pushes: false,
    })
}
