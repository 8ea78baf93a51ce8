//! One round trip: plan on the store thread, talk, take the reply in on the store thread. What it means is decided by
//! [`shared::sync::branch`].

use shared::sync::branch::{self, Behind, Compared, Next, Planned, Room, Taken};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::transport::{self, Transport};
use crate::clock::{Clock, random_bytes};
use crate::counter::{CounterError, LineProblem};
use crate::storage::Storage;

/// Documents of the hub that are stored at a time: some ten milliseconds, which is what a counter may have to wait.
const PORTION: usize = 500;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) next: Next,
    /// Documents that went either way.
    pub(super) moved: u64,
}

/// Why a step did not come to its end. Everything it sent waits on, and is sent again.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Line(#[from] LineProblem),
    #[error(transparent)]
    Storage(#[from] CounterError),
}

pub(super) async fn exchange(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
) -> Result<Done, StepError> {
    let now = clock.now();
    let planned = storage
        .run(move |desk| branch::plan(desk, now, Room::OF_A_MESSAGE).map_err(CounterError::from))
        .await??;
    round_trip(storage, transport, clock, planned).await
}

/// Sends what was planned and takes the reply in, and goes on with what plainly follows: while one message is under way the
/// next is made ready, and while a reply is taken in what comes next is asked for already.
pub(super) async fn round_trip(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
    planned: Planned,
) -> Result<Done, StepError> {
    let talk = Talk {
        storage: storage.clone(),
        transport: transport.clone(),
        clock: clock.clone(),
    };
    let (replies, mut read) = mpsc::channel(READ_AHEAD);
    let _talking = EndsWithUs(tokio::spawn(talk.go_on_from(planned, replies)));
    let mut done = Done {
        next: Next::Again,
        moved: 0,
    };
    while done.next == Next::Again
        && let Some(reply) = read.recv().await
    {
        let reply = reply?;
        done.moved += reply.moved;
        let taken = reply.read.await.map_err(|_| CounterError::Stopping)?;
        done.next = take_in(storage, clock, taken?).await?;
    }
    Ok(done)
}

/// Replies that come before the one before them is taken in: as many as keep line and disk busy at once.
const READ_AHEAD: usize = 1;

/// A reply, to be taken in.
struct Reply {
    read: JoinHandle<Result<Taken, LineProblem>>,
    /// Documents that went either way.
    moved: u64,
}

/// One message after the other, beside the work on the replies.
struct Talk {
    storage: Storage,
    transport: Transport,
    clock: Clock,
}

impl Talk {
    async fn go_on_from(self, first: Planned, replies: mpsc::Sender<Result<Reply, StepError>>) {
        let mut next = Ready::of(first).await.map(Some);
        while let Some(ready) = next.as_mut().ok().and_then(Option::take) {
            next = match self.exchange(ready).await {
                Ok((reply, following)) => {
                    if replies.send(Ok(reply)).await.is_err() {
                        return;
                    }
                    Ok(following)
                }
                Err(error) => Err(error),
            };
        }
        if let Err(error) = next {
            // An error means that nobody takes replies any more.
            let _ = replies.send(Err(error)).await;
        }
    }

    /// The reply to a message, and the message that plainly follows.
    async fn exchange(&self, ready: Ready) -> Result<(Reply, Option<Ready>), StepError> {
        let Ready { planned, body } = ready;
        let (reply, behind) =
            tokio::join!(self.transport.exchange(body), self.behind(planned.behind()));
        let reply = reply?;
        let next = match behind? {
            Some(behind) if branch::follows(&planned, &reply) => Some(behind),
            // What was written here goes out first.
            _ if self.storage.facts().pending.count > 0 => None,
            _ => match branch::plan_ahead(&planned, &reply, self.clock.now()) {
                Some(ahead) => Some(Ready::of(ahead).await?),
                None => None,
            },
        };
        let moved = (planned.message.pushed.len() + reply.documents.len()) as u64;
        let now = self.clock.now();
        let read = tokio::task::spawn_blocking(move || {
            branch::read(planned, reply, now).map_err(|error| LineProblem::Incompatible {
                protocol: error.protocol,
            })
        });
        Ok((Reply { read, moved }, next))
    }

    /// What stands behind in the outbox, made ready.
    async fn behind(&self, behind: Option<Behind>) -> Result<Option<Ready>, StepError> {
        let Some(behind) = behind else {
            return Ok(None);
        };
        let now = self.clock.now();
        let planned = self
            .storage
            .run(move |desk| {
                branch::plan_behind(desk, &behind, now, Room::OF_A_MESSAGE)
                    .map_err(CounterError::from)
            })
            .await??;
        match planned {
            Some(planned) => Ok(Some(Ready::of(planned).await?)),
            None => Ok(None),
        }
    }
}

/// A message, ready to be sent.
struct Ready {
    planned: Planned,
    body: Vec<u8>,
}

impl Ready {
    async fn of(planned: Planned) -> Result<Self, StepError> {
        let (planned, body) = blocking(move || {
            let body = transport::encode(&planned.message);
            (planned, body)
        })
        .await?;
        Ok(Self {
            planned,
            body: body?,
        })
    }
}

/// Work that takes a processor for some milliseconds.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CounterError> {
    let done = tokio::task::spawn_blocking(work);
    done.await.map_err(|_| CounterError::Stopping)
}

/// A task that is ended when nobody waits for it any more.
struct EndsWithUs(JoinHandle<()>);

impl Drop for EndsWithUs {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn take_in(storage: &Storage, clock: &Clock, mut taken: Taken) -> Result<Next, StepError> {
    let now = clock.now();
    // In portions, so that a counter is served in between; the progress moves with the last one.
    let before = taken.before();
    while let Some(portion) = taken.portion(PORTION) {
        storage
            .run(move |desk| {
                branch::take_in_portion(desk, &portion, before, now).map_err(CounterError::from)
            })
            .await??;
    }
    let random = random_bytes().map_or(1, u32::from_le_bytes);
    let next = storage
        .run(move |desk| branch::take_in(desk, taken, now, random).map_err(CounterError::from))
        .await??;
    Ok(next)
}

/// Compares digests, once the lists have followed what the exchange stored.
pub(super) async fn compare(storage: &Storage, clock: &Clock) -> Result<Compared, StepError> {
    let now = clock.now();
    Ok(storage
        .run(move |desk| branch::compare(desk, now).map_err(CounterError::from))
        .await??)
}
