//! Blocks on their way into the files: packed by several threads, written by one, in the order in which they came.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::super::engine::EngineError;
use super::super::generation::Generation;
use super::super::packing;

/// More threads than this pack faster than one writes.
const MOST_PACKERS: usize = 4;

/// Blocks that wait for each thread, some 32 KB each.
const BLOCKS_AHEAD: usize = 8;

/// Blocks that are written at once, some kilobytes each.
const WRITTEN_AT_ONCE: usize = 256;

/// A block and its key.
pub(super) struct PlainBlock {
    pub(super) key: Vec<u8>,
    pub(super) plain: Vec<u8>,
}

type PackedBlock = (Vec<u8>, Vec<u8>);

pub(super) struct Pipeline {
    packers: Vec<SyncSender<PlainBlock>>,
    next: usize,
    /// None once its failure was told.
    writer: Option<JoinHandle<Result<Written, EngineError>>>,
}

impl Pipeline {
    pub(super) fn into(mut files: Written) -> Result<Self, EngineError> {
        let count = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (mut packers, mut outputs) = (Vec::new(), Vec::new());
        for _ in 0..count.min(MOST_PACKERS) {
            let (packer, blocks) = sync_channel(BLOCKS_AHEAD);
            let (packed, output) = sync_channel(BLOCKS_AHEAD);
            thread::Builder::new()
                .name("packing".to_owned())
                .spawn(move || pack(&blocks, &packed))?;
            packers.push(packer);
            outputs.push(output);
        }
        let writer = thread::Builder::new()
            .name("writing".to_owned())
            .spawn(move || {
                // The first that has nothing more is the one whose turn it was at the end.
                for output in outputs.iter().cycle() {
                    let Ok((key, packed)) = output.recv() else {
                        break;
                    };
                    files.push(key, packed)?;
                }
                Ok(files)
            })?;
        Ok(Self {
            packers,
            next: 0,
            writer: Some(writer),
        })
    }

    pub(super) fn push(&mut self, block: PlainBlock) -> Result<(), EngineError> {
        let packer = &self.packers[self.next];
        self.next = (self.next + 1) % self.packers.len();
        if packer.send(block).is_ok() {
            return Ok(());
        }
        // Packers end when the writer has: with a failure.
        self.packers.clear();
        match self.join() {
            Err(error) => Err(error),
            Ok(_) => Err(super::ended()),
        }
    }

    /// The files with all blocks but those that wait for more to be written with.
    pub(super) fn end(mut self) -> Result<Written, EngineError> {
        self.packers.clear();
        self.join()
    }

    fn join(&mut self) -> Result<Written, EngineError> {
        let writer = self.writer.take().ok_or_else(super::ended)?;
        match writer.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn pack(blocks: &Receiver<PlainBlock>, packed: &SyncSender<PackedBlock>) {
    for PlainBlock { key, plain } in blocks {
        // The writer has failed and says why.
        if packed.send((key, packing::pack_to_keep(&plain))).is_err() {
            return;
        }
    }
}

/// Files that blocks are written to in the order of their keys within each map.
///
/// sled writes a leaf anew after some changes and when it is cut in two, and each time leaves as much waste behind. So it gets
/// the keys of some blocks first, with nothing below them, which cuts its leaves while they are small, and then the blocks.
pub(super) struct Written {
    files: Generation,
    waiting: Vec<PackedBlock>,
    bytes: u64,
}

impl Written {
    pub(super) fn to(files: Generation) -> Self {
        Self {
            files,
            waiting: Vec::with_capacity(WRITTEN_AT_ONCE),
            bytes: 0,
        }
    }

    pub(super) fn push(&mut self, key: Vec<u8>, packed: Vec<u8>) -> Result<(), EngineError> {
        self.waiting.push((key, packed));
        if self.waiting.len() >= WRITTEN_AT_ONCE {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), EngineError> {
        let tree = &self.files.blocks.tree;
        for (key, _) in &self.waiting {
            tree.insert(key.as_slice(), [].as_slice())?;
        }
        for (key, packed) in self.waiting.drain(..) {
            self.bytes += (key.len() + packed.len()) as u64;
            tree.insert(key, packed)?;
        }
        Ok(())
    }

    /// The files with everything in them, not synced yet, and how many bytes of blocks and keys that is.
    pub(super) fn end(mut self) -> Result<(Generation, u64), EngineError> {
        self.write()?;
        Ok((self.files, self.bytes))
    }
}
