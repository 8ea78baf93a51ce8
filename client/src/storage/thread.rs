//! The loop of the store thread.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use shared::id::DocumentId;
use shared::store::StoreError;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, watch};

use super::{Desk, Facts};
use crate::counter::{Changed, CounterError};

/// Work, and what to do with its outcome once it is known whether it is durable.
pub(super) type Job = Box<dyn FnOnce(&mut Desk) -> Answer + Send>;
pub(super) type Answer = Box<dyn FnOnce(&Result<(), CounterError>) + Send>;

pub(super) enum Message {
    Work(Job),
    Close,
}

/// While more of a bulk is to come, the lists wait so long for it before they use the pause: the store comes first.
const MORE_COMES_WITHIN: Duration = Duration::from_millis(25);

/// Jobs that share one `persist()`. Bounds how long the first of them waits for the last.
const GROUP: usize = 64;

pub(super) fn start(
    desk: Desk,
    queue: mpsc::Receiver<Message>,
    facts: watch::Sender<Arc<Facts>>,
    news: broadcast::Sender<Changed>,
) -> std::io::Result<JoinHandle<Result<(), StoreError>>> {
    thread::Builder::new()
        .name("store".to_owned())
        .spawn(move || {
            let _guard = AbortOnPanic;
            work(desk, queue, &facts, &news)
        })
}

fn work(
    mut desk: Desk,
    mut queue: mpsc::Receiver<Message>,
    facts: &watch::Sender<Arc<Facts>>,
    news: &broadcast::Sender<Changed>,
) -> Result<(), StoreError> {
    // Only for its timer.
    let waiting = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(shared::store::EngineError::from)?;
    loop {
        let first = match queue.try_recv() {
            Ok(first) => first,
            Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) if desk.lists_follow() => {
                let pause = if desk.progress().remaining > 0 {
                    MORE_COMES_WITHIN
                } else {
                    Duration::ZERO
                };
                let next = async { tokio::time::timeout(pause, queue.recv()).await };
                match waiting.block_on(next) {
                    Ok(Some(first)) => first,
                    Ok(None) => return Ok(()),
                    Err(_) => {
                        desk.follow_some_more();
                        publish(&desk, &[], facts, news);
                        continue;
                    }
                }
            }
            Err(TryRecvError::Empty) => match queue.blocking_recv() {
                Some(first) => first,
                None => return Ok(()),
            },
        };
        let mut answers: Vec<Answer> = Vec::new();
        let mut next = Some(first);
        let mut is_closing = false;
        while let Some(message) = next {
            match message {
                Message::Work(job) => answers.push(job(&mut desk)),
                Message::Close => {
                    is_closing = true;
                    break;
                }
            }
            next = if answers.len() < GROUP {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        let settled = desk.settle();
        if let Ok(changed) = &settled {
            publish(&desk, changed, facts, news);
        }
        let durable = settled
            .as_ref()
            .map(|_| ())
            .map_err(|error| {
                // What a failed sync leaves on the disk is known after the next start.
                CounterError::NotSaved(format!(
                    "{error}. It may be there all the same once this machine runs again: look for it before it is taken in anew"
                ))
            });
        for answer in answers {
            answer(&durable);
        }
        // After a failed sync nobody knows what the disk holds, and what is in memory may not be on it. Ending here
        // means that the next start reads what is really there.
        settled?;
        if is_closing {
            return Ok(());
        }
    }
}

fn publish(
    desk: &Desk,
    changed: &[DocumentId],
    facts: &watch::Sender<Arc<Facts>>,
    news: &broadcast::Sender<Changed>,
) {
    let before = Arc::clone(&facts.borrow());
    let now = desk.facts();
    let line_changed = before.pending != now.pending
        || before.progress != now.progress
        || before.proof != now.proof
        || before.lists_follow != now.lists_follow;
    facts.send_replace(Arc::new(now));
    // Nobody listens when no page is open.
    if !changed.is_empty() {
        let _ = news.send(Changed::Documents(changed.into()));
    }
    if line_changed {
        let _ = news.send(Changed::Sync);
    }
}

/// Ends the process when the thread that holds it panics: a counter that runs on without its store would take orders
/// that are nowhere.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!("the store thread panicked; ending the process, a restart is safe");
            std::process::abort();
        }
    }
}
