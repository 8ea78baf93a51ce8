//! The file that makes batches durable: they are appended here and synced; the engine's own files follow at leisure.
//!
//! A frame is its payload's length (32 bits), the first 8 bytes of SHA-256 over what follows, a sequence number, the number
//! up to which everything was durable when it was appended (64 bits each) and the payload; numbers are big endian. A power
//! cut can tear only the last frames, which nobody was told are saved; reading stops at the first frame that does not check.
//! When a later one says that it had been durable, then it was no power cut: the file is damaged.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

const CHECK_BYTES: usize = 8;
const HEADER_BYTES: usize = 4 + CHECK_BYTES + 8 + 8;

/// No store comes as far as this; what looks like a higher number is none, and need not be hashed to know it.
const HIGHEST_SEQUENCE: u64 = 1 << 48;

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
    /// The last batch that is known to be durable.
    durable: u64,
    /// Bytes that the file lacks of its room.
    missing: u64,
    unwritten: Vec<u8>,
}

/// What was found in the file.
pub(super) struct Opened {
    pub(super) journal: Journal,
    pub(super) frames: Vec<Frame>,
    /// The highest number that some frame behind the last of `frames` says had been durable. When neither the engine nor
    /// `frames` come as far as that, acknowledged batches are missing.
    pub(super) durable_behind: u64,
    /// The file was there and not shorter than when it was made.
    pub(super) was_whole: bool,
}

impl Journal {
    /// Opens the file, or makes an empty one, and reads what is in it.
    pub(super) fn open(path: &Path, room: u64) -> io::Result<Opened> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let missing = room.saturating_sub(bytes.len() as u64);
        let frames = read_frames(&bytes);
        let length = frames
            .iter()
            .map(|frame| (HEADER_BYTES + frame.payload.len()) as u64)
            .sum();
        let durable_behind = durable_behind(&bytes, length);
        let journal = Self {
            file,
            length,
            sequence: 0,
            durable: 0,
            missing,
            unwritten: Vec::new(),
        };
        Ok(Opened {
            journal,
            frames,
            durable_behind,
            was_whole: missing == 0,
        })
    }

    /// Fills the file up to its room, once it is known that nothing is missing in it.
    ///
    /// The room is written once and then used over and over: a sync of blocks that are there already is cheaper than one
    /// of a file that grows, since the file's own metadata stays as it is.
    pub(super) fn make_room(&mut self) -> io::Result<()> {
        if self.missing > 0 {
            self.file.seek(SeekFrom::End(0))?;
            io::copy(&mut io::repeat(0).take(self.missing), &mut self.file)?;
            self.file.sync_all()?;
            self.missing = 0;
        }
        Ok(())
    }

    /// The number of the next batch. Numbers go on from `resume`'s.
    pub(super) const fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// The number of the last batch.
    pub(super) const fn last_sequence(&self) -> u64 {
        self.sequence
    }

    /// Bytes that wait to be written.
    pub(super) const fn unwritten(&self) -> usize {
        self.unwritten.len()
    }

    /// Continues after the last batch that the engine has.
    pub(super) const fn resume(&mut self, sequence: u64) {
        self.sequence = sequence;
        self.durable = sequence;
    }

    /// Takes a batch on, to be made durable by the next [`Self::persist`].
    pub(super) fn append(&mut self, sequence: u64, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("a batch is bounded far below 4 GB");
        self.unwritten.extend(length.to_be_bytes());
        self.unwritten
            .extend(check(sequence, self.durable, payload));
        self.unwritten.extend(sequence.to_be_bytes());
        self.unwritten.extend(self.durable.to_be_bytes());
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
        self.durable = self.sequence;
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

/// Every frame that checks, also behind one that does not, in the order of the file; those of earlier rounds among them.
/// A file that is not there has none.
pub(super) fn every_frame(path: &Path) -> io::Result<Vec<Frame>> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let mut frames = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        if let Some((frame, _, behind)) = read_frame(rest) {
            frames.push(frame);
            rest = behind;
        } else {
            rest = &rest[1..];
        }
    }
    Ok(frames)
}

/// The highest number that a frame behind the last readable one says had been durable.
fn durable_behind(bytes: &[u8], length: u64) -> u64 {
    let mut rest = usize::try_from(length)
        .ok()
        .and_then(|length| bytes.get(length..))
        .unwrap_or_default();
    let mut highest = 0;
    while !rest.is_empty() {
        if let Some((frame, durable, behind)) = read_frame(rest) {
            highest = highest.max(durable.min(frame.sequence - 1));
            rest = behind;
        } else {
            rest = &rest[1..];
        }
    }
    highest
}

fn check(sequence: u64, durable: u64, payload: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new()
        .chain_update(sequence.to_be_bytes())
        .chain_update(durable.to_be_bytes())
        .chain_update(payload)
        .finalize();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest[..CHECK_BYTES]);
    check
}

fn read_frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    while let Some((frame, _, rest)) = read_frame(bytes) {
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

/// A frame, the number that was durable when it was appended, and what follows it.
fn read_frame(bytes: &[u8]) -> Option<(Frame, u64, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let (length, header) = header.split_first_chunk::<4>()?;
    let (expected, header) = header.split_first_chunk::<CHECK_BYTES>()?;
    let (sequence, durable) = header.split_first_chunk::<8>()?;
    let sequence = u64::from_be_bytes(*sequence);
    let durable = u64::from_be_bytes(*durable.first_chunk()?);
    if sequence == 0 || sequence > HIGHEST_SEQUENCE {
        return None;
    }
    let (payload, rest) =
        rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    (check(sequence, durable, payload) == *expected).then(|| {
        let frame = Frame {
            sequence,
            payload: payload.to_vec(),
        };
        (frame, durable, rest)
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
            let Opened {
                mut journal,
                frames,
                ..
            } = Journal::open(&path, 0).expect("opens");
            assert!(frames.is_empty());
            for payload in [b"one".as_slice(), b"", b"three"] {
                let sequence = journal.next_sequence();
                journal.append(sequence, payload);
            }
            journal.persist().expect("durable");
            journal.append(4, b"never written");
        }
        let whole = [frame(1, b"one"), frame(2, b""), frame(3, b"three")];
        assert_eq!(Journal::open(&path, 0).expect("opens").frames, whole);
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
        let mut journal = Journal::open(&path, 4_096).expect("opens").journal;
        journal.make_room().expect("written");
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
            Journal::open(&path, 4_096).expect("opens").frames,
            [frame(6, b"equal")]
        );
        assert_eq!(std::fs::metadata(&path).expect("there").len(), 4_096);
    }

    #[test]
    fn damage_in_the_middle_is_told_from_a_torn_end() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("journal");
        let mut journal = Journal::open(&path, 0).expect("opens").journal;
        let mut ends = Vec::new();
        // Two groups: the first frame alone, then two frames with one sync.
        for group in [1, 2] {
            for _ in 0..group {
                let sequence = journal.next_sequence();
                journal.append(sequence, b"payload");
            }
            journal.persist().expect("durable");
            ends.push(usize::try_from(journal.length()).expect("small"));
        }
        let bytes = std::fs::read(&path).expect("readable");
        let open_flipped = |place: usize| {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            std::fs::write(&path, flipped).expect("written");
            let opened = Journal::open(&path, 0).expect("opens");
            let last = opened.frames.last().map_or(0, |frame| frame.sequence);
            (last, opened.durable_behind)
        };
        // The second group says that the first had been durable.
        assert_eq!(open_flipped(ends[0] - 1), (0, 1));
        // Nothing says that the first frame of the last group ever was.
        assert_eq!(open_flipped(ends[0] + 1), (1, 1));
        assert_eq!(every_frame(&path).expect("readable").len(), 2);
    }
}
