//! Blocks behind a prefix: what stands in every order is known from the beginning, and lies in memory just before the block.
//!
//! zstd looks for what a block shares with a dictionary in a place of its own, which makes each step of the search dearer. A prefix
//! that ends where the block begins is for it part of the block: blocks of 32 KB are packed a third faster and as small.

use std::sync::{LazyLock, Mutex, PoisonError};

use zstd::dict::DecoderDictionary;
use zstd::zstd_safe::{CCtx, CParameter};

use super::{BYTES_1, LEVEL_TO_KEEP, UNNEEDED};

/// The end of the first dictionary, where what is most frequent stands. More of it takes longer and saves nothing.
const PREFIX_BYTES: usize = 8 * 1024;

/// Smaller blocks gain more from the whole dictionary and what it knows of how often each letter comes.
const FROM_BYTES: usize = 16 * 1024;

/// Larger blocks are of single large documents.
const MOST_BYTES: usize = 64 * 1024;

pub(super) static TO_UNPACK: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(prefix()));

/// Those that are not in use. A packer's memory is its own for good, so there are never more of them than threads that packed at
/// once.
static IDLE: Mutex<Vec<Packer>> = Mutex::new(Vec::new());

struct Packer {
    context: CCtx<'static>,
    prefix: &'static [u8],
    /// Just behind the prefix.
    room: &'static mut [u8],
    frame: Vec<u8>,
}

fn prefix() -> &'static [u8] {
    &BYTES_1[BYTES_1.len() - PREFIX_BYTES..]
}

/// Whether blocks of this length are packed behind the prefix.
pub(super) const fn suits(length: usize) -> bool {
    length >= FROM_BYTES && length <= MOST_BYTES
}

/// Packs a block that [`suits`] and hands the frame on; none when zstd has no memory for it.
pub(super) fn pack<T>(plain: &[u8], hand_on: impl FnOnce(Option<&[u8]>) -> T) -> T {
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let known = idle().pop();
    let Some(mut packer) = known.or_else(Packer::new) else {
        return hand_on(None);
    };
    let handed_on = hand_on(packer.pack(plain));
    idle().push(packer);
    handed_on
}

impl Packer {
    fn new() -> Option<Self> {
        let mut context = CCtx::try_create()?;
        let level = CParameter::CompressionLevel(LEVEL_TO_KEEP);
        for parameter in [level].into_iter().chain(UNNEEDED) {
            context.set_parameter(parameter).ok()?;
        }
        let memory = vec![0; PREFIX_BYTES + MOST_BYTES].leak();
        memory[..PREFIX_BYTES].copy_from_slice(prefix());
        let (prefix, room) = memory.split_at_mut(PREFIX_BYTES);
        Some(Self {
            context,
            prefix,
            room,
            frame: Vec::with_capacity(zstd::zstd_safe::compress_bound(MOST_BYTES)),
        })
    }

    fn pack(&mut self, plain: &[u8]) -> Option<&[u8]> {
        let block = self.room.get_mut(..plain.len())?;
        block.copy_from_slice(plain);
        // It is for the next frame only.
        self.context.ref_prefix(self.prefix).ok()?;
        self.frame.clear();
        self.context.compress2(&mut self.frame, block).ok()?;
        Some(&self.frame)
    }
}
