//! The file `format`, by which a store says which version of its layout it has. It is made once and never written again.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::engine::EngineError;
use super::generation::DATABASE_FILE;

pub(super) const FILE: &str = "format";

/// What every mark begins with; a number follows.
const PREFIX: &str = "offpiste store ";

/// What this version writes and reads.
const OWN: &str = "offpiste store 2";

/// What stood in its place before there was a mark.
const FIRST: &str = "offpiste store 1";

/// Whether the store in a directory is one that this version reads; a directory without one is.
///
/// # Errors
/// [`EngineError::OtherFormat`]; [`EngineError::Damaged`] when the mark is none that any version ever wrote.
pub(super) fn check(store: &Path) -> Result<(), EngineError> {
    let found = match fs::read(store.join(FILE)) {
        Ok(mark) => String::from_utf8_lossy(&mark).trim_end().to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if store.join(DATABASE_FILE).try_exists()? {
                FIRST.to_owned()
            } else {
                return Ok(());
            }
        }
        Err(error) => return Err(error.into()),
    };
    if found == OWN {
        return Ok(());
    }
    let is_a_mark = found
        .strip_prefix(PREFIX)
        .is_some_and(|number| number.parse::<u16>().is_ok());
    if !is_a_mark {
        return Err(EngineError::Damaged(
            "the mark of their format cannot be read",
        ));
    }
    Err(EngineError::OtherFormat {
        found,
        expected: OWN,
    })
}

/// Marks a store, when it is not marked yet.
pub(super) fn make(store: &Path) -> Result<(), EngineError> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(store.join(FILE));
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        opened => opened?,
    };
    writeln!(file, "{OWN}")?;
    Ok(file.sync_all()?)
}
