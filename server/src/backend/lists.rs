//! The one thread that keeps the lists (the read model) up to the store.
//!
//! It follows the writer: what a batch changed comes here once it is durable ([`super::backlog`]). A bulk transfer is
//! acknowledged without waiting for it; whoever must find in the lists what they wrote waits, but not for long. What is too
//! much to be handed over is read from the feed, in large transactions.

use std::path::Path;
use std::sync::{Arc, PoisonError};

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

/// The lists and their thread's end.
pub(super) struct Lists {
    shared: Arc<Shared>,
    read_model: ReadModel,
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
        let (followers, following) = backlog::backlog();
        std::thread::Builder::new()
            .name("lists".to_owned())
            .spawn(move || self.work(&following))?;
        Ok(followers)
    }

    fn work(mut self, following: &Following) {
        loop {
            let taken = match following.next(self.check.is_none()) {
                Next::Nothing => {
                    self.check_some_more();
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

    /// Holds some more of the lists against the store while nothing else is to be done.
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
