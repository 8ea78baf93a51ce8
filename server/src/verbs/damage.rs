//! What a person reads when the store's files are damaged. The engine reports some damage as an error and panics at other;
//! both come down to the same sentence.

use std::panic::{self, PanicHookInfo};
use std::path::Path;

use shared::store::StoreError;
use shared::store::backup::place;

use crate::backend::BackendError;
use crate::backend::StartError;

/// Adds what to do to an error that means damaged files.
pub(crate) fn explain(error: anyhow::Error, data: &Path) -> anyhow::Error {
    let is_damage = error.chain().any(|cause| {
        let in_start = cause.downcast_ref().and_then(|error| match error {
            StartError::Backend(BackendError::Store(error)) => Some(error),
            _ => None,
        });
        in_start
            .or_else(|| cause.downcast_ref::<StoreError>())
            .is_some_and(StoreError::is_damage)
    });
    if is_damage {
        // One sentence: each error below repeats the one it holds.
        anyhow::anyhow!(
            "the store cannot be used: {}. {}",
            error.root_cause(),
            what_to_do(data)
        )
    } else {
        error
    }
}

/// A directory that had a store and has none any more is no new one.
///
/// # Errors
/// In words, when it is so.
pub(crate) fn refuse_when_gone(data: &Path) -> anyhow::Result<()> {
    if place::is_gone(data) {
        anyhow::bail!(
            "the database in {} is gone. {}",
            data.join("store").display(),
            what_to_do(data)
        );
    }
    Ok(())
}

/// From now on a panic within the engine ends the process with a sentence; any other does what it did.
pub(crate) fn explain_panics(data: &Path) {
    let before = panic::take_hook();
    let words = what_to_do(data);
    panic::set_hook(Box::new(move |panic| {
        if !is_of_the_engine(panic) {
            return before(panic);
        }
        eprintln!("offpiste-hub: the store's files are damaged ({panic}). {words}");
        end();
    }));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine is in the middle of a panic: nothing of this process may go on, and what is on disk is what counts"
)]
fn end() {
    std::process::exit(1);
}

fn is_of_the_engine(panic: &PanicHookInfo<'_>) -> bool {
    let place = panic.location();
    place.is_some_and(|place| place.file().contains("/sled-"))
}

fn what_to_do(data: &Path) -> String {
    format!(
        "Nothing was changed. This makes a store of everything that can be read, keeps the damaged files, and says what is missing:\n    offpiste-hub repair --data {}",
        data.display()
    )
}
