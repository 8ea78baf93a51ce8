//! Documents whose rows are gone: nothing is deleted, they say so, and a person decides. Too many of them, and the source is
//! more likely cut off than changed.

use shared::clock::Hlc;
use shared::document::{Authoring, Change, Document};
use shared::domain::fields::{self, event, import, kind};

use super::{Carrier, LISTED, Row};
use crate::apply::ApplyError;
use crate::held::{Held, HeldDocument, Origin};
use crate::plan::Plan;
use crate::run::RunError;

/// Documents looked at in one go.
const PAGE: usize = 500;

/// So many rows may be gone without the plan allowing more: a dump that was cut off must not mark half the firm's orders. Beyond
/// it, one document in [`GONE_SHARE`], or what `[budget] gone` says.
const GONE_ALWAYS: u64 = 20;

/// See [`GONE_ALWAYS`].
const GONE_SHARE: u64 = 20;

/// A source that lacks more rows than this is more likely cut off than changed.
pub(super) fn check_gone(plan: &Plan, held: &Held<'_>) -> Result<(), RunError> {
    let mut gone = 0;
    each_gone(plan, held, |_, _, is_news| {
        gone += u64::from(is_news);
        Ok(())
    })?;
    let allowed = plan
        .budget
        .get("gone")
        .copied()
        .unwrap_or_else(|| (held.count / GONE_SHARE).max(GONE_ALWAYS));
    if gone > allowed {
        return Err(RunError::Gone { gone, allowed });
    }
    Ok(())
}

impl Carrier<'_> {
    /// Documents whose rows are gone say so.
    pub(super) fn mark_gone(&mut self) -> Result<(), RunError> {
        let held = self.held;
        each_gone(self.plan, held, |origin, document, is_news| {
            if !is_news {
                self.carried.gone_before += 1;
                return Ok(());
            }
            let delta = self.gone(document);
            self.carried.gone += 1;
            if self.carried.gone_rows.len() < LISTED {
                self.carried.gone_rows.push(Row {
                    table: origin.table.clone(),
                    key: origin.key.clone(),
                });
            }
            self.outbox.send(&delta, self.counter, Vec::new())
        })
    }

    fn gone(&mut self, held: &HeldDocument) -> Document {
        let own = held.own_part();
        let mut change = Change::of(&own);
        let mut now = Authoring::new(self.actor, self.counter, Hlc::at(self.now), None);
        change.put(&mut now, fields::known(import::GONE_SINCE), self.now.into());
        change.record_all(
            &mut now,
            fields::known_kind(event::GONE),
            self.particulars().into_iter().collect(),
        );
        self.counter = now.counter();
        change.finish()
    }
}

/// Documents to which no row led, and whether that is news: the mark is not there yet, and nobody has decided to keep them.
fn each_gone(
    plan: &Plan,
    held: &Held<'_>,
    mut look_at: impl FnMut(&Origin, &HeldDocument, bool) -> anyhow::Result<()>,
) -> Result<(), RunError> {
    let mut after = None;
    loop {
        let page = held.not_met(after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.id);
        for origin in page {
            let Some(document) = held.get(origin.id)? else {
                continue;
            };
            if is_no_row(plan, &origin, &document) {
                continue;
            }
            let is_news = !document.is_marked_or_decided(import::GONE_SINCE);
            look_at(&origin, &document, is_news).map_err(ApplyError::Taker)?;
        }
    }
}

/// Branches, documents that were taken back or forgotten, and people of orders that this portion leaves out.
fn is_no_row(plan: &Plan, origin: &Origin, held: &HeldDocument) -> bool {
    let is_person_of_orders = origin.table == "customer" && plan.customers.is_none();
    origin.kind == kind::BRANCH
        || held.document.erasure().is_some()
        || shared::domain::is_withdrawn(&held.document)
        || is_person_of_orders && !plan.portion.is_whole()
}
