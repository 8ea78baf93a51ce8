//! The file that makes batches durable: they are appended here and synced; the engine's own files follow at leisure.
//!
//! A frame is its payload's length (32 bits), the first 8 bytes of SHA-256 over what follows, a sequence number (64 bits)
//! and the payload; numbers are big endian. A power cut can tear only the last frames, which nobody was told are saved;
//! reading stops at the first frame that does not check.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

const CHECK_BYTES: usize = 8;
const HEADER_BYTES: usize = 4 + CHECK_BYTES + 8;

/// One batch as it was appended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) sequence: u64,
    pub(super) payload: Vec<u8>,
}

pub(super) struct Journal {
    file: File,
    /// Bytes that are written and synced; what lies beyond is room, or remains of an earlier round or a failed write.
    length: u64,
    sequence: u64,
    unwritten: Vec<u8>,
}

impl Journal {
    /// Opens the file, or makes one of `room` bytes, and reads what is in it.
    ///
    /// The room is written once and then used over and over: a sync of blocks that are there already is cheaper than one
    /// of a file that grows, since the file's own metadata stays as it is.
    pub(super) fn open(path: &Path, room: u64) -> io::Result<(Self, Vec<Frame>)> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let missing = room.saturating_sub(bytes.len() as u64);
        if missing > 0 {
            io::copy(&mut io::repeat(0).take(missing), &mut file)?;
            file.sync_all()?;
        }
        let frames = read_frames(&bytes);
        let length = frames
            .iter()
            .map(|frame| (HEADER_BYTES + frame.payload.len()) as u64)
            .sum();
        let journal = Self {
            file,
            length,
            sequence: 0,
            unwritten: Vec::new(),
        };
        Ok((journal, frames))
    }

    /// The number of the next batch. Numbers go on from `resume`'s.
    pub(super) const fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Continues after the last batch that the engine has.
    pub(super) const fn resume(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    /// Takes a batch on, to be made durable by the next [`Self::persist`].
    pub(super) fn append(&mut self, sequence: u64, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("a batch is bounded far below 4 GB");
        self.unwritten.extend(length.to_be_bytes());
        self.unwritten.extend(check(sequence, payload));
        self.unwritten.extend(sequence.to_be_bytes());
        self.unwritten.extend(payload);
    }

    /// Returns once every batch appended before survives a power cut. After an error nothing is lost from memory, and the
    /// next call writes it again over what the failed one left.
    pub(super) fn persist(&mut self) -> io::Result<()> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&self.unwritten)?;
        self.file.sync_data()?;
        self.length += self.unwritten.len() as u64;
        self.unwritten.clear();
        Ok(())
    }

    /// Begins again at the start of the file, once the engine's own files have everything durably. What is left of before
    /// has lower numbers, so it is never taken for something new.
    pub(super) const fn start_over(&mut self) {
        self.length = 0;
    }

    /// Bytes that are durable in it.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }
}

fn check(sequence: u64, payload: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new()
        .chain_update(sequence.to_be_bytes())
        .chain_update(payload)
        .finalize();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest[..CHECK_BYTES]);
    check
}

fn read_frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    while let Some((frame, rest)) = read_frame(bytes) {
        let follows = frames
            .last()
            .is_none_or(|last| frame.sequence > last.sequence);
        if !follows {
            break;
        }
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn read_frame(bytes: &[u8]) -> Option<(Frame, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let (length, header) = header.split_first_chunk::<4>()?;
    let (expected, sequence) = header.split_first_chunk::<CHECK_BYTES>()?;
    let sequence = u64::from_be_bytes(*sequence.first_chunk::<8>()?);
    let (payload, rest) =
        rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    (check(sequence, payload) == *expected).then(|| {
        (
            Frame {
                sequence,
                payload: payload.to_vec(),
            },
            rest,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(sequence: u64, payload: &[u8]) -> Frame {
        Frame {
            sequence,
            payload: payload.to_vec(),
        }
    }

    #[test]
    fn what_was_persisted_is_read_back_and_a_torn_end_is_left_out() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("journal");
        {
            let (mut journal, frames) = Journal::open(&path, 0).expect("opens");
            assert!(frames.is_empty());
            for payload in [b"one".as_slice(), b"", b"three"] {
                let sequence = journal.next_sequence();
                journal.append(sequence, payload);
            }
            journal.persist().expect("durable");
            journal.append(4, b"never written");
        }
        let whole = [frame(1, b"one"), frame(2, b""), frame(3, b"three")];
        assert_eq!(Journal::open(&path, 0).expect("opens").1, whole);
        let bytes = std::fs::read(&path).expect("readable");
        for cut in 0..bytes.len() {
            let kept = read_frames(&bytes[..cut]);
            assert!(
                kept.len() < 3 && kept == whole[..kept.len()],
                "cut at {cut}"
            );
        }
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            let kept = read_frames(&flipped);
            assert!(
                kept.len() < 3 && kept == whole[..kept.len()],
                "flipped at {place}"
            );
        }
    }

    #[test]
    fn what_is_left_of_an_earlier_round_is_not_taken_for_something_new() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("journal");
        let (mut journal, _) = Journal::open(&path, 4_096).expect("opens");
        for _ in 0..5 {
            let sequence = journal.next_sequence();
            journal.append(sequence, b"equal");
        }
        journal.persist().expect("durable");
        journal.start_over();
        let sequence = journal.next_sequence();
        journal.append(sequence, b"equal");
        journal.persist().expect("durable");
        assert_eq!(
            Journal::open(&path, 4_096).expect("opens").1,
            [frame(6, b"equal")]
        );
        assert_eq!(std::fs::metadata(&path).expect("there").len(), 4_096);
    }
}
