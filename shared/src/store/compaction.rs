//! sled's files without the room that they hold and do not need: written anew beside the old ones, read back, then put in their
//! place, while the store is open (see [`super::generation`]).

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::StoreError;
use super::block_map::walk;
use super::engine::EngineError;
use super::generation::{self, Generation};
use super::settled::{STANDING_KEY, Settled};
use super::sled_engine::SledEngine;

/// sled's files are written anew when they take more than this many percent of what their content does.
const PERCENT: u64 = 125;

/// The same while a bulk load is under way. Each rewriting takes all there is, and what comes next wastes as much again: at the
/// usual bound, everything would be written eight times. What is left over goes with the next settling that is none.
const PERCENT_IN_BULK: u64 = 400;

/// What a small store may take on top, since sled's files grow by half a megabyte at a time. A tenth of the content less.
const ON_TOP_BYTES: u64 = 1024 * 1024;

/// What a compaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes of the store's files before.
    pub bytes_before: u64,
    /// Bytes of the store's files now.
    pub bytes_after: u64,
}

/// Makes a store's files as small as they can be. No process may have the store open. A power cut at any moment leaves
/// either the store as it was or the copy, never less.
///
/// # Errors
/// [`StoreError::Engine`] when another process has the store open, when there is no room for the copy or when the copy is
/// not what the store is; the store is as it was then.
pub fn compact(directory: &Path) -> Result<Compacted, StoreError> {
    let bytes_before = generation::bytes_of(directory).map_err(EngineError::from)?;
    let engine = SledEngine::open(directory)?;
    engine.compact()?;
    drop(engine);
    Ok(Compacted {
        bytes_before,
        bytes_after: generation::bytes_of(directory).map_err(EngineError::from)?,
    })
}

/// A store up to this size is written anew in a moment; a larger one is not while somebody waits for it to be closed.
const MOMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Writes sled's files anew when too much of them is waste. `is_unwanted` is asked now and then; once it says so, all stays
/// as it is.
pub(super) fn rewrite_when_wasteful(
    store: &Path,
    settled: &Settled,
    is_unwanted: &dyn Fn() -> bool,
) -> Result<(), EngineError> {
    if is_wasteful(settled, PERCENT)?.is_some() {
        rewrite(store, settled, is_unwanted)?;
    }
    Ok(())
}

/// The same while a bulk load is under way: only when the files have become several times what they need be.
pub(super) fn rewrite_in_bulk(
    store: &Path,
    settled: &Settled,
    is_unwanted: &dyn Fn() -> bool,
) -> Result<(), EngineError> {
    if is_wasteful(settled, PERCENT_IN_BULK)?.is_some() {
        rewrite(store, settled, is_unwanted)?;
    }
    Ok(())
}

/// The same for a store that is about to be closed, when it takes no longer than a moment. The next opening does it else.
pub(super) fn rewrite_on_closing(store: &Path, settled: &Settled) -> Result<(), EngineError> {
    if is_wasteful(settled, PERCENT)?.is_some_and(|live_bytes| live_bytes <= MOMENT_BYTES) {
        rewrite(store, settled, || false)?;
    }
    Ok(())
}

/// What the content takes, when the files take too much more.
fn is_wasteful(settled: &Settled, percent: u64) -> Result<Option<u64>, EngineError> {
    let generation = settled.generation();
    let live_bytes = generation.standing()?.unwrap_or_default().live_bytes;
    let on_top = ON_TOP_BYTES.saturating_sub(live_bytes / 10);
    let allowed = live_bytes * percent / 100 + on_top;
    Ok((generation.bytes_on_disk()? > allowed).then_some(live_bytes))
}

/// Writes sled's files anew. Nothing may be settled meanwhile; reading goes on.
///
/// # Errors
/// What files and sled say, and when the copy is not what it should be. All is as it was then.
pub(super) fn rewrite(
    store: &Path,
    settled: &Settled,
    is_unwanted: impl Fn() -> bool,
) -> Result<(), EngineError> {
    let old = settled.generation();
    let number = old.number + 1;
    {
        let copy = Generation::begin(store, number)?;
        if !copy_blocks(&old, &copy, is_unwanted)? {
            drop(copy);
            return Ok(generation::remove_unfinished(store, number)?);
        }
        copy.sync()?;
    }
    // What counts is what another opening finds.
    let copy = Generation::open(store, number)?;
    if !is_equal(&old, &copy)? {
        return Err(io::Error::other("the copy of the store is not what the store is").into());
    }
    sync_all(&copy.directory)?;
    copy.finish(store)?;
    settled.replace(copy);
    let former = generation::path(store, old.number);
    drop(old);
    Ok(generation::remove(&former)?)
}

/// Blocks that are copied before somebody may say that it is no longer wanted.
const COPIED_AT_ONCE: usize = 256;

/// Copies all blocks, in the order of their keys. False when it was not wanted any more.
///
/// sled writes a leaf anew after some changes and when it is cut in two, and each time leaves as much waste behind. So it
/// gets all the keys first, with nothing below them, which cuts its leaves while they are small. Then it gets the blocks: each
/// is written once, and the files are hardly larger than what is in them instead of three times that.
fn copy_blocks(
    from: &Generation,
    to: &Generation,
    is_unwanted: impl Fn() -> bool,
) -> Result<bool, EngineError> {
    for (number, block) in walk(&from.blocks.tree, ..).enumerate() {
        if number % COPIED_AT_ONCE == 0 && is_unwanted() {
            return Ok(false);
        }
        to.blocks.tree.insert(block?.0, [].as_slice())?;
    }
    let mut live_bytes = 0;
    for (number, block) in walk(&from.blocks.tree, ..).enumerate() {
        if number % COPIED_AT_ONCE == 0 && is_unwanted() {
            return Ok(false);
        }
        let (key, block) = block?;
        if key != STANDING_KEY {
            live_bytes += (key.len() + block.len()) as u64;
            to.blocks.tree.insert(key, block)?;
        }
    }
    if let Some(mut standing) = from.standing()? {
        standing.live_bytes = live_bytes;
        to.blocks.tree.insert(STANDING_KEY, standing.to_bytes())?;
    }
    Ok(true)
}

/// Whether a copy holds the same blocks and has come as far.
fn is_equal(original: &Generation, copy: &Generation) -> Result<bool, EngineError> {
    let has_come = |generation: &Generation| -> Result<_, EngineError> {
        let standing = generation.standing()?;
        Ok(standing.map(|standing| (standing.sequence, standing.next_row, standing.late_from)))
    };
    let mut copied = walk(&copy.blocks.tree, ..);
    for block in walk(&original.blocks.tree, ..) {
        let (block, copied) = (block?, copied.next().transpose()?);
        let is_standing = block.0 == STANDING_KEY;
        if copied.is_none_or(|copied| copied.0 != block.0 || copied.1 != block.1 && !is_standing) {
            return Ok(false);
        }
    }
    Ok(copied.next().is_none() && has_come(original)? == has_come(copy)?)
}

pub(super) fn sync_all(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            match File::open(entry.path()) {
                Ok(file) => file.sync_all()?,
                // sled removes files a little after it was closed.
                Err(gone) if gone.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::engine::{Engine, Write};
    use super::*;

    fn filled(directory: &Path) -> SledEngine {
        let engine = SledEngine::open(directory).expect("opens");
        for round in 0..4_u8 {
            for number in 0..2_000_u32 {
                let key = number.to_be_bytes().to_vec();
                let value = (0..600_u32)
                    .map(|at| (number.wrapping_mul(at * at + 7) >> 3).to_le_bytes()[0] ^ round)
                    .collect();
                engine.apply(&[Write::Put(key, value)]).expect("applied");
            }
            engine.persist().expect("durable");
        }
        engine
    }

    fn everything(engine: &SledEngine) -> Vec<(Vec<u8>, Vec<u8>)> {
        engine.range(&[], &[255], usize::MAX).expect("readable")
    }

    #[test]
    fn a_compacted_store_is_smaller_holds_the_same_and_goes_on() {
        let directory = tempfile::tempdir().expect("a directory");
        let before = everything(&filled(directory.path()));
        let compacted = compact(directory.path()).expect("compacted");
        assert!(
            compacted.bytes_after <= compacted.bytes_before,
            "{compacted:?}"
        );
        // The content, the two files of the journal, and what sled needs for itself.
        let most = 2_000 * 600 + 2 * 1024 * 1024 + 512 * 1024;
        assert!(compacted.bytes_after < most, "{compacted:?}");
        let engine = SledEngine::open(directory.path()).expect("opens");
        assert_eq!(everything(&engine), before);
        let write = Write::Put(b"new".to_vec(), b"1".to_vec());
        engine.apply(&[write]).expect("applied");
        engine.persist().expect("durable");
        drop(engine);
        let engine = SledEngine::open(directory.path()).expect("opens");
        assert_eq!(everything(&engine).len(), before.len() + 1);
    }

    #[test]
    fn a_store_that_is_open_is_not_compacted() {
        let directory = tempfile::tempdir().expect("a directory");
        let _engine = filled(directory.path());
        assert!(matches!(compact(directory.path()), Err(error) if error.is_held()));
    }
}
