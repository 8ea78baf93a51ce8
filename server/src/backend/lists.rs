//! The one thread that keeps the lists (the read model) up to the store.
//!
//! It follows the writer: what a batch changed comes here once it is durable ([`super::backlog`]). A bulk transfer is
//! acknowledged without waiting for it; whoever must find in the lists what they wrote waits, but not for long. What is too
//! much to be handed over is read from the feed, in large transactions.

use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use shared::domain::Catalogue;
use shared::read_model::{Change, Check, Opened, ReadModel};

use super::BackendError;
use super::backlog::{self, Followers, Following, Next};
use super::records;
use super::writer::{News, Shared};

/// Documents read from the feed at a time; the writer waits meanwhile, some ten milliseconds.
const READ_AT_ONCE: usize = 500;

/// Documents in one transaction at a start, when nobody is served yet.
const AT_START: usize = backlog::HELD;

/// Documents held against the lists at a time after a start: what has come meanwhile waits some ten milliseconds.
const CHECKED_AT_ONCE: usize = 200;

/// A step of merging the search's segments takes a millisecond or two, but a tenth of a second where it comes to a word of each
/// order of a million. So that hardly a change has to wait for one, no change must have come for so many times as long.
const PAUSE_TO_STEP: u32 = 10;

/// The lists and their thread's end.
pub(super) struct Lists {
    shared: Arc<Shared>,
    read_model: ReadModel,
    /// Whether the lists are of what the store really has: digests are read from them. None when it is known.
    check: Option<Check>,
    /// How long the last step of merging the search indexes' segments took; none when they have none to merge.
    merging: Option<Duration>,
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
        read_model.merge_segments_apart()?;
        let mut lists = Self {
            shared: Arc::clone(shared),
            read_model,
            check: None,
            merging: Some(Duration::ZERO),
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
        let (followers, following) = backlog::backlog();
        std::thread::Builder::new()
            .name("lists".to_owned())
            .spawn(move || self.work(&following))?;
        Ok(followers)
    }

    fn work(mut self, following: &Following) {
        loop {
            let taken = match following.next(self.pause()) {
                Next::Nothing => {
                    self.use_the_pause();
                    continue;
                }
                Next::End => return,
                Next::Take(changes) => self.take_in(changes),
                Next::ReadFeed(documents) => self.read_feed(documents).map(|more| {
                    if more {
                        following.go_on_with_the_feed();
                    }
                }),
            };
            let position = match taken.and_then(|()| Ok(self.read_model.position()?)) {
                Ok(position) => position,
                Err(error) => {
                    tracing::error!(%error, "the lists could not follow; they are brought up to date with the next change");
                    following.rest();
                    // What was written is durable, and when the lists will have it nobody knows.
                    u64::MAX
                }
            };
            self.announce();
            following.tell_up_to(position);
        }
    }

    /// After how long without changes there is other work to do; none when there is none.
    fn pause(&self) -> Option<Duration> {
        let check = self.check.as_ref().map(|_| Duration::ZERO);
        check.or(self.merging.map(|last| last * PAUSE_TO_STEP))
    }

    /// A piece of the work for which nobody waits.
    fn use_the_pause(&mut self) {
        if self.check.is_some() {
            self.check_some_more();
            return;
        }
        let start = Instant::now();
        match self.read_model.merge_some_segments() {
            Ok(true) => self.merging = Some(start.elapsed()),
            Ok(false) => self.merging = None,
            Err(error) => {
                tracing::error!(%error, "the search could not be tidied; it finds the same, a little slower");
                self.merging = None;
            }
        }
    }

    /// Holds some more of the lists against the store.
    fn check_some_more(&mut self) {
        let Some(check) = &mut self.check else {
            return;
        };
        let Some(position) = check.wants_after() else {
            self.check = None;
            return;
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
            }
            Err(reason) => {
                tracing::error!(reason, "the lists could not be held against the documents");
                self.check = None;
            }
        }
    }

    fn take_in(&mut self, changes: Vec<News>) -> Result<(), BackendError> {
        let changes: Vec<Change> = changes.into_iter().filter_map(News::change).collect();
        let Some(last) = changes.last() else {
            return Ok(());
        };
        self.note_for_check(&changes);
        self.merging.get_or_insert(Duration::ZERO);
        Ok(self.read_model.apply(&changes, last.position)?)
    }

    /// Reads the feed from where the lists stand to its end.
    pub(super) fn catch_up(&mut self) -> Result<(), BackendError> {
        while self.read_feed(AT_START)? {
            self.announce();
        }
        self.announce();
        Ok(())
    }

    /// Takes in about so many documents of the feed from where the lists stand, in one transaction; whether it has more.
    /// Only what is durable is read.
    fn read_feed(&mut self, documents: usize) -> Result<bool, BackendError> {
        let mut position = self.read_model.position()?;
        let mut changes: Vec<Change> = Vec::new();
        let mut has_more = true;
        while has_more && changes.len() < documents {
            let feed = {
                let shared = &self.shared;
                let _durable = shared.gate.read().unwrap_or_else(PoisonError::into_inner);
                shared.store.changes_after(position, READ_AT_ONCE)?
            };
            for unreadable in &feed.unreadable {
                tracing::warn!(id = %unreadable.id, reason = unreadable.reason, "a document cannot be read; it stays as it is");
            }
            changes.extend(feed.changes.into_iter().map(|change| Change {
                position: change.position,
                document: change.document,
            }));
            (position, has_more) = (feed.position, feed.more);
        }
        for change in &changes {
            if Catalogue::holds_kind(change.document.kind().as_str()) {
                let name = records::catalogue(change.document.id());
                self.shared.store.write_record(&name, &())?;
            }
        }
        self.note_for_check(&changes);
        self.merging.get_or_insert(Duration::ZERO);
        self.read_model.apply(&changes, position)?;
        Ok(has_more)
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
