//! How the branch stands with the office, for `offpiste-branch status`, monitoring and tests. Holds no personal data.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::store::BranchStore;
use shared::sync::Progress;

use super::answer::ApiError;
use super::order_json::instant;
use crate::counter::{ClockWarning, Counter, Line, LineProblem, SyncState};
use shared::sync::Proof;

use crate::records::{self, Membership};

/// The state in words and numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// The branch's name.
    pub branch: String,
    /// Its id.
    pub branch_id: String,
    /// Whether a daemon runs; else this was read from the files.
    pub running: bool,
    /// Documents that wait for the hub.
    pub pending: u64,
    /// Since when the oldest of them waits.
    pub pending_since: Option<String>,
    /// When the hub last answered.
    pub last_contact: Option<String>,
    /// When everything the hub had was last here, with nothing waiting.
    pub complete_at: Option<String>,
    /// Whether a round trip of the last seconds proves the line.
    pub online: bool,
    /// What the last attempt failed with, as a key.
    pub problem: Option<String>,
    /// The same in words.
    pub problem_text: Option<String>,
    /// When branch and hub were last proven to hold the same.
    pub identical_as_of: Option<String>,
    /// Whether that was about just what is held now.
    pub identical: bool,
    /// Since when they are known to differ.
    pub differs_since: Option<String>,
    /// By how many milliseconds this machine's clock seems to be ahead of the hub's, when that is more than tolerable; negative when it is behind.
    pub clock_ahead_millis: Option<i64>,
    /// Documents held.
    pub documents: u64,
    /// SHA-256 over everything held, in hexadecimal; none while it is being computed.
    pub digest: Option<String>,
    /// The hub's position up to which everything is here.
    pub cursor: u64,
    /// What was set aside.
    pub quarantined: usize,
    /// Why lists and search may lack the latest changes.
    pub lists_behind: Option<String>,
    /// Whether documents that came in bulk are still on their way into the lists; everything held is safe.
    pub lists_follow: bool,
    /// Stored documents that cannot be read.
    pub unreadable: usize,
    /// Nothing waits and nothing was refused.
    pub safe_to_close: bool,
}

pub(super) async fn status(State(counter): State<Counter>) -> Result<Json<Status>, ApiError> {
    let state = counter.sync_state().await?;
    Ok(Json(of_running(&counter, &state)))
}

fn of_running(counter: &Counter, state: &SyncState) -> Status {
    let problem = match &state.line {
        Line::Proven { .. } => None,
        Line::Unproven { problem, .. } => problem.as_ref(),
    };
    Status {
        branch: counter.branch_name(),
        branch_id: counter.branch().to_string(),
        running: true,
        pending: state.pending.count,
        pending_since: state.pending.since.map(instant),
        last_contact: state.last_contact.map(instant),
        complete_at: state.complete_at.map(instant),
        online: matches!(state.line, Line::Proven { .. }),
        problem: problem.map(|problem| problem.text_key().to_owned()),
        problem_text: problem.map(LineProblem::to_string),
        identical_as_of: state.identical_as_of.map(instant),
        identical: state.is_identical,
        differs_since: state.differs_since.map(instant),
        clock_ahead_millis: state.clock_warning.map(|warning| match warning {
            ClockWarning::Ahead { by_millis } => by_millis,
            ClockWarning::Behind { by_millis } => -by_millis,
        }),
        documents: state.documents,
        digest: state.digest.map(|digest| hexadecimal(&digest)),
        cursor: state.cursor,
        quarantined: state.quarantined.len(),
        lists_behind: state.lists_behind.clone(),
        lists_follow: state.lists_follow,
        unreadable: state.unreadable.len(),
        safe_to_close: state.is_safe_to_close(),
    }
}

/// The state as far as the files tell it, when no daemon runs.
///
/// # Errors
/// When the store cannot be read; `Ok(None)` when the machine has not joined.
pub fn offline_status(store: &BranchStore) -> Result<Option<Status>, shared::store::StoreError> {
    let Some(membership) = store.read_record::<Membership>(records::MEMBERSHIP)? else {
        return Ok(None);
    };
    let progress: Progress = store.read_record(records::PROGRESS)?.unwrap_or_default();
    let proof: Proof = store.read_record(records::PROOF)?.unwrap_or_default();
    let pending = store.pending();
    let quarantined = store.quarantined()?;
    Ok(Some(Status {
        branch: membership.branch_name,
        branch_id: membership.branch.to_string(),
        running: false,
        pending: pending.count,
        pending_since: pending.since.map(instant),
        last_contact: progress.last_contact.map(instant),
        complete_at: progress.complete_at.map(instant),
        online: false,
        problem: None,
        problem_text: None,
        identical_as_of: proof.identical_as_of.map(instant),
        identical: false,
        differs_since: proof.differs_since.map(instant),
        clock_ahead_millis: None,
        documents: 0,
        digest: None,
        cursor: progress.cursor,
        quarantined: quarantined.len(),
        lists_behind: None,
        lists_follow: false,
        unreadable: 0,
        safe_to_close: pending.count == 0 && quarantined.iter().all(|kept| kept.from_hub),
    }))
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
