//! The files that make batches durable: they are appended here and synced; the engine's own files follow at leisure.
//!
//! There are two, used in turns: while what is in one of them is settled, batches go to the other. A file is begun anew only
//! when the engine's own files have all that was in it.
//!
//! A frame is its payload's length (32 bits), the first 8 bytes of SHA-256 over what follows, a sequence number, the number
//! up to which everything was durable when it was appended (64 bits each) and the payload, packed; numbers are big endian. A
//! power cut can tear only the last frames, which nobody was told are saved; reading stops at the first frame that does not
//! check. When a later one says that it had been durable, then it was no power cut: the file is damaged.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files, and waits for their lock"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::engine::EngineError;
use super::packing;

/// The two files. The first is also what tells a store from a copy of it and what its lock is on: it is written over and over
/// and never replaced.
pub(super) const FILES: [&str; 2] = ["journal", "journal-2"];

const CHECK_BYTES: usize = 8;
const HEADER_BYTES: usize = 4 + CHECK_BYTES + 8 + 8;

/// No store comes as far as this; what looks like a higher number is none, and need not be hashed to know it.
const HIGHEST_SEQUENCE: u64 = 1 << 48;

/// How often and at what distance a store that somebody holds is tried again: two seconds in all.
const HELD_TRIES: u32 = 40;
const HELD_WAIT: Duration = Duration::from_millis(50);

/// One batch as it was appended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) sequence: u64,
    pub(super) payload: Vec<u8>,
}

pub(super) struct Journal {
    files: [JournalFile; 2],
    /// Which of them is written to.
    current: usize,
    sequence: u64,
    /// The last batch that is known to be durable.
    durable: u64,
    unwritten: Vec<u8>,
}

/// What was found in the files.
pub(super) struct Opened {
    pub(super) journal: Journal,
    /// Those of both files that can be read, by number.
    pub(super) frames: Vec<Frame>,
    /// The highest number that some frame behind the last of `frames` says had been durable. When neither the engine nor
    /// `frames` come as far as that, acknowledged batches are missing.
    pub(super) durable_behind: u64,
    /// Both files were there and not shorter than when they were made.
    pub(super) was_whole: bool,
}

impl Journal {
    /// Opens the files of a store, or makes empty ones, and reads what is in them. Nobody else can open them until this value
    /// is gone.
    ///
    /// # Errors
    /// [`EngineError::Held`] when another process has the store open.
    pub(super) fn open(directory: &Path, room: u64) -> Result<Opened, EngineError> {
        let first = open_file(&directory.join(FILES[0]))?;
        wait_for_lock(&first)?;
        let [first, second] = [
            JournalFile::read(first, room)?,
            JournalFile::read(open_file(&directory.join(FILES[1]))?, room)?,
        ];
        let mut frames = first.frames;
        frames.extend(second.frames);
        frames.sort_by_key(|frame| frame.sequence);
        Ok(Opened {
            was_whole: first.file.missing() == 0 && second.file.missing() == 0,
            journal: Self {
                files: [first.file, second.file],
                current: 0,
                sequence: 0,
                durable: 0,
                unwritten: Vec::new(),
            },
            frames,
            durable_behind: first.durable_behind.max(second.durable_behind),
        })
    }

    /// Fills the files up to their room, once it is known that nothing is missing in them.
    ///
    /// The room is written once and then used over and over: a sync of blocks that are there already is cheaper than one
    /// of a file that grows, since the file's own metadata stays as it is.
    pub(super) fn make_room(&mut self) -> io::Result<()> {
        self.files.iter_mut().try_for_each(JournalFile::make_room)
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
        let payload = packing::pack_to_pass(payload);
        let length = u32::try_from(payload.len()).expect("a batch is bounded far below 4 GB");
        self.unwritten.extend(length.to_be_bytes());
        self.unwritten
            .extend(check(sequence, self.durable, &payload));
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
        self.files[self.current].append(&self.unwritten)?;
        self.unwritten.clear();
        self.durable = self.sequence;
        Ok(())
    }

    /// Goes on in the other file. The engine's own files must have everything that is in that one, durably. What is left of
    /// before has lower numbers, so it is never taken for something new.
    pub(super) fn switch(&mut self) -> io::Result<()> {
        self.current = 1 - self.current;
        self.files[self.current].start_over()
    }

    /// Begins both files anew. The engine's own files must have everything that is in them, durably.
    pub(super) fn start_over(&mut self) -> io::Result<()> {
        self.files.iter_mut().try_for_each(JournalFile::start_over)
    }

    /// Makes the file that is not written to as large as it is meant to be again. The engine's own files must have everything
    /// that is in it, durably.
    pub(super) fn shrink_other(&mut self) -> io::Result<()> {
        self.files[1 - self.current].start_over()
    }

    /// Bytes that are durable in the file that is written to.
    pub(super) const fn length(&self) -> u64 {
        self.files[self.current].length
    }
}

struct JournalFile {
    file: File,
    /// Bytes that are written and synced; what lies beyond is room, or remains of an earlier round or a failed write.
    length: u64,
    /// Bytes of the file, and how many it is meant to have.
    size: u64,
    room: u64,
}

struct Found {
    file: JournalFile,
    frames: Vec<Frame>,
    durable_behind: u64,
}

impl JournalFile {
    fn read(mut file: File, room: u64) -> io::Result<Found> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (frames, length) = read_frames(&bytes);
        Ok(Found {
            durable_behind: durable_behind(&bytes[length..]),
            file: Self {
                file,
                length: length as u64,
                size: bytes.len() as u64,
                room,
            },
            frames,
        })
    }

    const fn missing(&self) -> u64 {
        self.room.saturating_sub(self.size)
    }

    fn make_room(&mut self) -> io::Result<()> {
        if self.missing() > 0 {
            self.file.seek(SeekFrom::End(0))?;
            io::copy(&mut io::repeat(0).take(self.missing()), &mut self.file)?;
            self.file.sync_all()?;
            self.size = self.room;
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(bytes)?;
        self.file.sync_data()?;
        self.length += bytes.len() as u64;
        self.size = self.size.max(self.length);
        Ok(())
    }

    /// A file that has grown over its room gives it back.
    fn start_over(&mut self) -> io::Result<()> {
        self.length = 0;
        if self.size > self.room {
            self.file.set_len(self.room)?;
            self.size = self.room;
        }
        Ok(())
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Waits a moment for whoever still holds the store, such as a daemon that is ending while its successor starts.
fn wait_for_lock(file: &File) -> Result<(), EngineError> {
    for _ in 0..HELD_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(HELD_WAIT),
            Err(fs::TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Err(EngineError::Held)
}

/// Every frame of a store that checks, also behind one that does not; those of earlier rounds among them. A file that is not
/// there has none.
pub(super) fn every_frame(directory: &Path) -> io::Result<Vec<Frame>> {
    let mut frames = Vec::new();
    for name in FILES {
        let bytes = match fs::read(directory.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read?,
        };
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            if let Some((frame, _, behind)) = read_frame(rest) {
                frames.push(frame);
                rest = behind;
            } else {
                rest = &rest[1..];
            }
        }
    }
    Ok(frames)
}

/// The highest number that a frame behind the last readable one says had been durable.
fn durable_behind(mut rest: &[u8]) -> u64 {
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

/// The frames that follow one another, and how many bytes they take.
fn read_frames(bytes: &[u8]) -> (Vec<Frame>, usize) {
    let mut frames: Vec<Frame> = Vec::new();
    let mut bytes_left = bytes;
    while let Some((frame, _, rest)) = read_frame(bytes_left) {
        let follows = frames
            .last()
            .is_none_or(|last| frame.sequence > last.sequence);
        if !follows {
            break;
        }
        frames.push(frame);
        bytes_left = rest;
    }
    (frames, bytes.len() - bytes_left.len())
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
    if check(sequence, durable, payload) != *expected {
        return None;
    }
    let payload = packing::unpack(payload)?;
    Some((Frame { sequence, payload }, durable, rest))
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

    fn write(journal: &mut Journal, payloads: &[&[u8]]) {
        for payload in payloads {
            let sequence = journal.next_sequence();
            journal.append(sequence, payload);
        }
        journal.persist().expect("durable");
    }

    #[test]
    fn what_was_persisted_is_read_back_and_a_torn_end_is_left_out() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        {
            let opened = Journal::open(directory.path(), 0).expect("opens");
            assert!(opened.frames.is_empty());
            let mut journal = opened.journal;
            write(&mut journal, &[b"one", b"", b"three"]);
            journal.append(4, b"never written");
        }
        let whole = [frame(1, b"one"), frame(2, b""), frame(3, b"three")];
        let opened = Journal::open(directory.path(), 0).expect("opens");
        assert_eq!(opened.frames, whole);
        let bytes = fs::read(directory.path().join(FILES[0])).expect("readable");
        for cut in 0..bytes.len() {
            let (kept, _) = read_frames(&bytes[..cut]);
            assert!(
                kept.len() < 3 && kept == whole[..kept.len()],
                "cut at {cut}"
            );
        }
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            let (kept, _) = read_frames(&flipped);
            assert!(
                kept.len() < 3 && kept == whole[..kept.len()],
                "flipped at {place}"
            );
        }
    }

    #[test]
    fn what_is_left_of_an_earlier_round_is_not_taken_for_something_new() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut journal = Journal::open(directory.path(), 4_096)
            .expect("opens")
            .journal;
        journal.make_room().expect("written");
        write(&mut journal, &[b"equal".as_slice(); 5]);
        journal.start_over().expect("begun anew");
        write(&mut journal, &[b"equal"]);
        drop(journal);
        assert_eq!(
            Journal::open(directory.path(), 4_096)
                .expect("opens")
                .frames,
            [frame(6, b"equal")]
        );
        let first = directory.path().join(FILES[0]);
        assert_eq!(fs::metadata(first).expect("there").len(), 4_096);
    }

    #[test]
    fn both_files_are_read_in_the_order_of_the_batches_whichever_was_last() {
        for switches in 0..5 {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let mut journal = Journal::open(directory.path(), 200).expect("opens").journal;
            journal.make_room().expect("written");
            write(&mut journal, &[b"before"]);
            for _ in 0..switches {
                journal.switch().expect("switched");
                write(&mut journal, &[b"one", b"two"]);
            }
            drop(journal);
            let opened = Journal::open(directory.path(), 200).expect("opens");
            assert!(opened.was_whole);
            let read: Vec<u64> = opened.frames.iter().map(|frame| frame.sequence).collect();
            // What was in the file that is now written to is settled already.
            let first = if switches < 2 { 1 } else { 2 * switches - 2 };
            assert_eq!(read, (first..=2 * switches + 1).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn a_file_that_grew_gives_its_room_back() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut journal = Journal::open(directory.path(), 1_000)
            .expect("opens")
            .journal;
        journal.make_room().expect("written");
        let noise: Vec<u8> = (0..5_000_u32)
            .flat_map(|n| Sha256::digest(n.to_be_bytes()))
            .collect();
        write(&mut journal, &[&noise]);
        let size = || {
            fs::metadata(directory.path().join(FILES[0]))
                .expect("there")
                .len()
        };
        assert!(size() > 100_000);
        journal.switch().expect("switched");
        assert!(size() > 100_000, "it is not settled yet");
        journal.shrink_other().expect("shrunk");
        assert_eq!(size(), 1_000);
    }

    #[test]
    fn damage_in_the_middle_is_told_from_a_torn_end() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(FILES[0]);
        let mut journal = Journal::open(directory.path(), 0).expect("opens").journal;
        let mut ends = Vec::new();
        // Two groups: the first frame alone, then two frames with one sync.
        for group in [1, 2] {
            write(&mut journal, &[b"payload".as_slice(); 2][..group]);
            ends.push(usize::try_from(journal.length()).expect("small"));
        }
        drop(journal);
        let bytes = fs::read(&path).expect("readable");
        let open_flipped = |place: usize| {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            fs::write(&path, flipped).expect("written");
            let opened = Journal::open(directory.path(), 0).expect("opens");
            let last = opened.frames.last().map_or(0, |frame| frame.sequence);
            (last, opened.durable_behind)
        };
        // The second group says that the first had been durable.
        assert_eq!(open_flipped(ends[0] - 1), (0, 1));
        // Nothing says that the first frame of the last group ever was.
        assert_eq!(open_flipped(ends[0] + 1), (1, 1));
        assert_eq!(every_frame(directory.path()).expect("readable").len(), 2);
    }

    #[test]
    fn two_cannot_hold_one_journal() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let _held = Journal::open(directory.path(), 0).expect("opens");
        assert!(matches!(
            Journal::open(directory.path(), 0),
            Err(EngineError::Held)
        ));
    }
}
