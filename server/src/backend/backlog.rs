//! What the lists have yet to follow: the writer hands it over and never waits here, the lists' thread takes it.
//!
//! What is held is bounded. Beyond that the lists are only told that they have missed something, and read the feed.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::writer::{News, Tell};

/// Documents that are held for the lists; some ten megabytes at most. Also the most in one of their transactions: a second or two.
pub(super) const HELD: usize = 8_000;

/// How long the lists leave processors and disk to a bulk transfer that nobody looks at, so that its senders know all the
/// sooner that what they sent is durable. Taken in at once it also costs less.
const LINGER: Duration = Duration::from_secs(10);

/// A bulk transfer is over when nothing of it has come for so long.
const SILENCE: Duration = Duration::from_millis(250);

/// Whoever wants to find in the lists what they wrote is told after so long that it is durable, though the lists may have
/// much to follow before they have it, as after an import.
const PATIENCE: Duration = Duration::from_secs(1);

/// How soon the lists shall have what a job wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Follow {
    /// Before the asker is told, who looks for it next.
    Awaited,
    /// As soon as may be: others may look for it.
    Soon,
    /// When the bulk transfer of which it is a part is over.
    AtLeisure,
}

/// What a batch of the writer changed, and whom to tell once it is in the lists.
pub(super) struct Batch {
    /// By position.
    pub(super) changes: Vec<News>,
    /// With the position of the last thing that each of them wrote.
    pub(super) waiting: Vec<(u64, Tell)>,
    /// Whether all of it can wait for the end of a bulk transfer.
    pub(super) is_bulk: bool,
}

/// What the lists do next.
pub(super) enum Next {
    /// Nothing has come for the pause that was asked for.
    Nothing,
    /// The writer is gone.
    End,
    /// Take these in; none when there is only somebody to be told.
    Take(Vec<News>),
    /// Read the next so many documents of the feed.
    ReadFeed(usize),
}

#[derive(Default)]
struct State {
    changes: Vec<News>,
    /// Something came that is not in `changes`: only the feed has all of it.
    has_missed: bool,
    /// The last attempt failed; the next is made when something comes.
    is_resting: bool,
    waiting: VecDeque<Waiting>,
    /// Until when a bulk transfer is left alone at most, and when the latest part of it came.
    lingers: Option<(Instant, Instant)>,
    is_over: bool,
}

struct Waiting {
    position: u64,
    since: Instant,
    tell: Tell,
}

impl State {
    fn has_work(&self) -> bool {
        let has_changes = !self.changes.is_empty() || self.has_missed;
        (has_changes && !self.is_resting) || !self.waiting.is_empty()
    }

    /// How much longer a bulk transfer is waited for.
    fn lingers_for(&self) -> Option<Duration> {
        let (longest, latest) = self.lingers?;
        let until = longest.min(latest + SILENCE);
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn hold(&mut self, changes: Vec<News>) {
        if self.has_missed || self.changes.len() + changes.len() > HELD {
            self.has_missed = true;
            self.changes = Vec::new();
        } else {
            self.changes.extend(changes);
        }
    }

    /// From here on only the feed has all of it, and it is not read before something comes.
    fn hold_nothing(&mut self) {
        self.changes = Vec::new();
        self.has_missed = true;
        self.is_resting = true;
    }
}

struct Backlog {
    state: Mutex<State>,
    arrived: Condvar,
    patience: Duration,
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of the two ends is gone: nothing is taken in any more, and whoever still waits learns it from their closed channel.
    fn end(&self) {
        let waiting = {
            let mut state = self.lock();
            state.is_over = true;
            std::mem::take(&mut state.waiting)
        };
        drop(waiting);
        self.arrived.notify_all();
    }
}

/// Both ends of a new backlog.
pub(super) fn backlog() -> (Followers, Following) {
    backlog_of(PATIENCE)
}

fn backlog_of(patience: Duration) -> (Followers, Following) {
    let backlog = Arc::new(Backlog {
        state: Mutex::default(),
        arrived: Condvar::new(),
        patience,
    });
    (Followers(Arc::clone(&backlog)), Following(backlog))
}

/// The writer's end.
pub(super) struct Followers(Arc<Backlog>);

impl Followers {
    /// Hands a durable batch over. Never waits.
    pub(super) fn take(&self, batch: Batch) {
        if batch.changes.is_empty() && batch.waiting.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut state = self.0.lock();
        if state.is_over {
            return;
        }
        if !batch.is_bulk {
            state.lingers = None;
        } else if !state.has_work() {
            state.lingers = Some((now + LINGER, now));
        } else if let Some((_, latest)) = &mut state.lingers {
            *latest = now;
        }
        if !batch.changes.is_empty() {
            state.is_resting = false;
            state.hold(batch.changes);
        }
        let waiting = batch.waiting.into_iter();
        state
            .waiting
            .extend(waiting.map(|(position, tell)| Waiting {
                position,
                since: now,
                tell,
            }));
        drop(state);
        self.0.arrived.notify_one();
    }

    /// The lists missed something and must read the feed with the next batch.
    pub(super) fn have_missed_something(&self) {
        self.0.lock().hold_nothing();
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The end of the lists' thread.
pub(super) struct Following(Arc<Backlog>);

impl Following {
    /// What to do next. Waits for it, though no longer than `pause` when there is one, and lets a bulk transfer come to its
    /// end in any case.
    pub(super) fn next(&self, pause: Option<Duration>) -> Next {
        let since = Instant::now();
        let mut state = self.0.lock();
        loop {
            if state.is_over {
                return Next::End;
            }
            if !state.has_work() {
                state = match pause.map(|pause| pause.saturating_sub(since.elapsed())) {
                    Some(Duration::ZERO) => return Next::Nothing,
                    Some(left) => {
                        let arrived = self.0.arrived.wait_timeout(state, left);
                        arrived.unwrap_or_else(PoisonError::into_inner).0
                    }
                    None => {
                        let arrived = self.0.arrived.wait(state);
                        arrived.unwrap_or_else(PoisonError::into_inner)
                    }
                };
            } else if let Some(left) = state.lingers_for() {
                let arrived = self.0.arrived.wait_timeout(state, left);
                state = arrived.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                break;
            }
        }
        state.lingers = None;
        if state.has_missed && !state.is_resting {
            // Before the feed is read: whatever comes from now on is held again, some of it twice, which does no harm.
            state.has_missed = false;
            return Next::ReadFeed(if state.waiting.is_empty() {
                HELD
            } else {
                HELD / 8
            });
        }
        Next::Take(std::mem::take(&mut state.changes))
    }

    /// The feed has more.
    pub(super) fn go_on_with_the_feed(&self) {
        let mut state = self.0.lock();
        state.hold_nothing();
        state.is_resting = false;
        state.lingers = None;
    }

    /// What was taken could not be taken in. It is tried again, from the feed, when something comes.
    pub(super) fn rest(&self) {
        self.0.lock().hold_nothing();
    }

    /// Tells whoever waited for what lies up to `position`, and who has waited long enough; everybody when nothing is left to
    /// take in.
    pub(super) fn tell_up_to(&self, position: u64) {
        let told: VecDeque<Waiting> = {
            let mut state = self.0.lock();
            let all = std::mem::take(&mut state.waiting);
            let have_all = state.changes.is_empty() && !state.has_missed;
            let (told, waiting) = all.into_iter().partition(|waiting: &Waiting| {
                have_all
                    || waiting.position <= position
                    || waiting.since.elapsed() >= self.0.patience
            });
            state.waiting = waiting;
            told
        };
        for waiting in told {
            (waiting.tell)(Ok(()));
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use shared::document::{Document, Kind};
    use shared::id::DocumentId;
    use shared::read_model::Change;

    use super::*;

    fn news(positions: std::ops::Range<u64>) -> Vec<News> {
        positions
            .map(|position| {
                let id = DocumentId::named(&format!("document {position}"));
                News::Built(Change {
                    position,
                    document: Document::new(id, Kind::known("order")),
                })
            })
            .collect()
    }

    fn bulk(positions: std::ops::Range<u64>) -> Batch {
        Batch {
            changes: news(positions),
            waiting: Vec::new(),
            is_bulk: true,
        }
    }

    fn awaited(
        position: u64,
    ) -> (
        Batch,
        mpsc::Receiver<Result<(), super::super::BackendError>>,
    ) {
        let (tell, told) = mpsc::sync_channel(1);
        let batch = Batch {
            changes: news(position..position + 1),
            waiting: vec![(position, Box::new(move |heard| drop(tell.send(heard))))],
            is_bulk: false,
        };
        (batch, told)
    }

    fn taken(next: Next) -> Vec<u64> {
        match next {
            Next::Take(changes) => changes.iter().map(News::position).collect(),
            Next::ReadFeed(_) => panic!("the feed was to be read"),
            Next::Nothing | Next::End => panic!("nothing was taken"),
        }
    }

    #[test]
    fn the_writer_hands_over_any_number_and_the_lists_read_the_feed_instead() {
        let (followers, following) = backlog_of(Duration::MAX);
        let many = HELD as u64;
        for round in 0..3 {
            followers.take(bulk(round * many..(round + 1) * many));
        }
        let (small, told) = awaited(3 * many);
        followers.take(small);
        assert!(matches!(following.next(None), Next::ReadFeed(_)));
        // What comes while the feed is read is held again.
        followers.take(bulk(3 * many + 1..3 * many + 2));
        following.go_on_with_the_feed();
        assert!(matches!(following.next(None), Next::ReadFeed(_)));
        following.tell_up_to(3 * many);
        assert!(matches!(told.try_recv(), Ok(Ok(()))));
        followers.take(bulk(3 * many + 2..3 * many + 3));
        assert_eq!(taken(following.next(None)), [3 * many + 2]);
        assert!(matches!(
            following.next(Some(Duration::ZERO)),
            Next::Nothing
        ));
    }

    #[test]
    fn only_who_wrote_what_the_lists_have_is_told_until_they_have_all() {
        let (followers, following) = backlog_of(Duration::MAX);
        let many = HELD as u64;
        let (first, first_told) = awaited(0);
        followers.take(first);
        followers.take(bulk(1..many + 1));
        let (second, second_told) = awaited(many + 1);
        followers.take(second);
        assert!(matches!(following.next(None), Next::ReadFeed(_)));
        following.go_on_with_the_feed();
        following.tell_up_to(many);
        assert!(matches!(first_told.try_recv(), Ok(Ok(()))));
        assert!(second_told.try_recv().is_err());
        assert!(matches!(following.next(None), Next::ReadFeed(_)));
        following.tell_up_to(many + 1);
        assert!(matches!(second_told.try_recv(), Ok(Ok(()))));
    }

    #[test]
    fn who_has_waited_long_enough_is_told_that_it_is_durable() {
        let (followers, following) = backlog_of(Duration::ZERO);
        followers.take(bulk(0..HELD as u64));
        let (small, told) = awaited(HELD as u64);
        followers.take(small);
        assert!(matches!(following.next(None), Next::ReadFeed(_)));
        following.go_on_with_the_feed();
        following.tell_up_to(1);
        assert!(matches!(told.try_recv(), Ok(Ok(()))));
    }

    #[test]
    fn a_bulk_transfer_is_waited_for_until_something_small_comes() {
        let (followers, following) = backlog_of(Duration::MAX);
        followers.take(bulk(1..3));
        assert!(following.0.lock().lingers.is_some());
        followers.take(bulk(3..5));
        let (small, _told) = awaited(5);
        followers.take(small);
        assert!(following.0.lock().lingers.is_none());
        // Nor does what follows make the small one wait.
        followers.take(bulk(6..8));
        assert!(following.0.lock().lingers.is_none());
        assert_eq!(taken(following.next(None)), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn lists_that_fail_try_again_with_the_next_change_and_from_the_feed() {
        let (followers, following) = backlog_of(Duration::MAX);
        let (small, _told) = awaited(1);
        followers.take(small);
        assert_eq!(taken(following.next(None)), [1]);
        following.rest();
        following.tell_up_to(u64::MAX);
        assert!(matches!(
            following.next(Some(Duration::ZERO)),
            Next::Nothing
        ));
        followers.take(bulk(2..3));
        assert!(matches!(following.next(None), Next::ReadFeed(_)));
    }

    #[test]
    fn a_pause_ends_with_what_comes_in_it() {
        let (followers, following) = backlog_of(Duration::MAX);
        let (small, _told) = awaited(1);
        let taking = std::thread::spawn(move || taken(following.next(Some(Duration::MAX))));
        followers.take(small);
        assert_eq!(taking.join().expect("takes"), [1]);
    }

    #[test]
    fn nobody_waits_for_lists_that_have_ended() {
        let (followers, following) = backlog_of(Duration::MAX);
        let (early, early_told) = awaited(1);
        followers.take(early);
        drop(following);
        assert!(matches!(
            early_told.try_recv(),
            Err(mpsc::TryRecvError::Disconnected)
        ));
        let (late, late_told) = awaited(2);
        followers.take(late);
        assert!(matches!(
            late_told.try_recv(),
            Err(mpsc::TryRecvError::Disconnected)
        ));
    }
}
