//! The one thread that keeps the lists (the read model) up to the store.
//!
//! It follows the writer: what a batch changed comes here once it is durable. A bulk transfer is acknowledged without waiting
//! for it; whoever must find in the lists what they wrote waits. When more comes than it can take in, it is told nothing more
//! and reads the feed instead, in large transactions.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError, TrySendError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use shared::domain::Catalogue;
use shared::read_model::{Change, Check, Opened, ReadModel};

use super::BackendError;
use super::exchange::BULK;
use super::records;
use super::writer::{News, Shared, Tell};

/// Documents read at once when the lists catch up.
const CATCH_UP: usize = 2_000;

/// Documents held against the lists at a time after a start: what has come meanwhile waits some ten milliseconds.
const CHECKED_AT_ONCE: usize = 200;

/// Batches that wait to be taken in; some tens of megabytes at most.
const QUEUE: usize = 16;

/// How long the lists wait for the rest of a bulk transfer, so that processors and disk belong to those who are told once
/// what they sent is durable. Taken in at once it also costs less.
const LINGER: Duration = Duration::from_secs(1);

/// Documents in one transaction at most: a second or two.
const MOST_AT_ONCE: usize = 8_000;

/// A bulk transfer is over when nothing of it has come for so long.
const SILENCE: Duration = Duration::from_millis(100);

/// What a batch changed, and whom to tell once it is in the lists.
pub(super) struct Batch {
    /// By position; empty when the lists must read the feed themselves.
    pub(super) changes: Vec<News>,
    pub(super) waiting: Vec<Tell>,
}

/// The writer's end.
pub(super) struct Followers {
    batches: SyncSender<Batch>,
    is_behind: Arc<AtomicBool>,
}

/// The lists and their thread's end.
pub(super) struct Lists {
    shared: Arc<Shared>,
    read_model: ReadModel,
    is_behind: Arc<AtomicBool>,
    /// Whether the lists are of what the store really has: digests are read from them. None when it is known.
    check: Option<Check>,
}

impl Lists {
    /// Opens the read model and catches up with the store.
    pub(super) fn open(shared: &Arc<Shared>, file: &Path) -> Result<Self, BackendError> {
        let (mut read_model, opened) = ReadModel::open(file)?;
        let is_ahead = matches!(opened, Opened::At(position) if position > shared.store.head());
        if is_ahead {
            tracing::warn!(
                "the lists are ahead of the store, which was restored: building them anew"
            );
            read_model.clear()?;
        }
        let mut lists = Self {
            shared: Arc::clone(shared),
            read_model,
            is_behind: Arc::default(),
            check: None,
        };
        lists.catch_up()?;
        lists.check = Some(Check::up_to(lists.shared.store.head()));
        lists.announce();
        Ok(lists)
    }

    /// Starts to follow on a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn follow(self) -> std::io::Result<Followers> {
        let (batches, queue) = mpsc::sync_channel(QUEUE);
        let followers = Followers {
            batches,
            is_behind: Arc::clone(&self.is_behind),
        };
        std::thread::Builder::new()
            .name("lists".to_owned())
            .spawn(move || self.work(&queue))?;
        Ok(followers)
    }

    fn work(mut self, queue: &Receiver<Batch>) {
        loop {
            let first = match queue.try_recv() {
                Ok(first) => first,
                Err(TryRecvError::Empty) if self.check_some_more() => continue,
                Err(_) => match queue.recv() {
                    Ok(first) => first,
                    Err(_) => return,
                },
            };
            let mut changes = first.changes;
            let mut waiting = first.waiting;
            // What has come meanwhile goes into the same transaction.
            gather(queue, &mut changes, &mut waiting);
            let changes: Vec<Change> = changes.into_iter().filter_map(News::change).collect();
            self.take_in(&changes);
            self.announce();
            for tell in waiting {
                tell(Ok(()));
            }
        }
    }

    /// Holds some more of the lists against the store while nothing else is to be done; whether there is more of it.
    fn check_some_more(&mut self) -> bool {
        let Some(check) = &mut self.check else {
            return false;
        };
        let Some(position) = check.wants_after() else {
            self.check = None;
            return false;
        };
        let feed = {
            let _durable = self
                .shared
                .gate
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            self.shared.store.changes_after(position, CHECKED_AT_ONCE)
        };
        let checked = feed.map_err(|error| error.to_string()).and_then(|feed| {
            check
                .advance(feed, &mut self.read_model)
                .map_err(|error| error.to_string())
        });
        match checked {
            Ok(corrected) => {
                if corrected.stale > 0 {
                    tracing::error!(
                        documents = corrected.stale,
                        "the lists showed another state than the store has; they are corrected"
                    );
                }
                if corrected.lost > 0 {
                    tracing::error!(
                        documents = corrected.lost,
                        "the store has lost documents that the lists still showed; branches that hold them bring them back"
                    );
                }
                true
            }
            Err(reason) => {
                tracing::error!(reason, "the lists could not be held against the documents");
                self.check = None;
                false
            }
        }
    }

    fn take_in(&mut self, changes: &[Change]) {
        self.note_for_check(changes);
        let applied = if self.is_behind.swap(false, Ordering::AcqRel) {
            self.catch_up()
        } else {
            let Some(last) = changes.last() else { return };
            self.read_model
                .apply(changes, last.position)
                .map_err(BackendError::from)
        };
        if let Err(error) = applied {
            tracing::error!(%error, "the lists could not follow; they are brought up to date with the next change");
            self.is_behind.store(true, Ordering::Release);
        }
    }

    /// Reads the feed from where the lists stand. Only what is durable is read.
    pub(super) fn catch_up(&mut self) -> Result<(), BackendError> {
        loop {
            let position = self.read_model.position()?;
            let feed = {
                let shared = &self.shared;
                let _durable = shared.gate.read().unwrap_or_else(PoisonError::into_inner);
                shared.store.changes_after(position, CATCH_UP)?
            };
            for unreadable in &feed.unreadable {
                tracing::warn!(id = %unreadable.id, reason = unreadable.reason, "a document cannot be read; it stays as it is");
            }
            let changes: Vec<Change> = feed
                .changes
                .into_iter()
                .map(|change| Change {
                    position: change.position,
                    document: change.document,
                })
                .collect();
            for change in &changes {
                if Catalogue::holds_kind(change.document.kind().as_str()) {
                    let name = records::catalogue(change.document.id());
                    self.shared.store.write_record(&name, &())?;
                }
            }
            self.note_for_check(&changes);
            self.read_model.apply(&changes, feed.position)?;
            self.announce();
            if !feed.more {
                return Ok(());
            }
        }
    }

    fn note_for_check(&mut self, changes: &[Change]) {
        if let Some(check) = &mut self.check {
            for change in changes {
                check.note(change.document.id());
            }
        }
    }

    /// Says how far the lists go, which wakes whoever waits for news.
    fn announce(&self) {
        if let Ok(position) = self.read_model.position() {
            self.shared.head.send_if_modified(|head| {
                let is_news = *head != position;
                *head = position;
                is_news
            });
        }
    }
}

/// Adds what else has come, and the rest of a bulk transfer while nobody waits.
fn gather(queue: &Receiver<Batch>, changes: &mut Vec<News>, waiting: &mut Vec<Tell>) {
    let begun = Instant::now();
    loop {
        let lingers = waiting.is_empty()
            && (BULK..MOST_AT_ONCE).contains(&changes.len())
            && begun.elapsed() < LINGER;
        let next = if lingers {
            queue.recv_timeout(SILENCE).ok()
        } else {
            queue.try_recv().ok()
        };
        let Some(next) = next else { return };
        changes.extend(next.changes);
        waiting.extend(next.waiting);
    }
}

impl Followers {
    /// Hands a durable batch on. When nobody waits for it and the queue is full, the lists read it from the feed later.
    pub(super) fn take(&self, batch: Batch) {
        if batch.changes.is_empty() && batch.waiting.is_empty() {
            return;
        }
        match self.batches.try_send(batch) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(batch)) => {
                self.is_behind.store(true, Ordering::Release);
                if !batch.waiting.is_empty() {
                    let waits_only = Batch {
                        changes: Vec::new(),
                        waiting: batch.waiting,
                    };
                    // An error means that the hub is stopping, and whoever waits is told so by their closed channel.
                    let _ = self.batches.send(waits_only);
                }
            }
        }
    }

    /// The lists missed something and must read the feed.
    pub(super) fn are_behind(&self) {
        self.is_behind.store(true, Ordering::Release);
    }
}
