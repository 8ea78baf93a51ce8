//! Asking the daemon that has the store open. Only bytes here: the stream is the caller's, a socket that only the daemon's
//! own user can reach.
//!
//! A request is its length (32 bits) and an [`Ask`]; the answer is a byte for how it went, a length, and the answer or a
//! sentence. Whoever asks sets the pace, so that a slow disk on that side holds nothing up in the daemon.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::super::records;
use super::{
    FRAME_BYTES, Header, Source, SourceError, StoredEntry, decode_entries, encode_entries,
};

/// Bytes of a request: a key is far shorter.
const ASK_BYTES: usize = 64 * 1024;

const WENT_WELL: u8 = 0;
const FAILED: u8 = 1;

/// What a verb asks a daemon for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Its [`Header`].
    Header,
    /// The entries after a key.
    EntriesAfter(Vec<u8>),
    /// A question of the daemon's own, which is about no entries: what it means is between it and its verbs.
    Own(Vec<u8>),
}

/// A stream to a daemon, as a [`Source`].
pub struct Answering<S>(S);

impl<S: Read + Write> Answering<S> {
    /// Over a stream on whose other side [`serve_stream`] is.
    pub const fn over(stream: S) -> Self {
        Self(stream)
    }

    /// Asks a question of the daemon's own.
    ///
    /// # Errors
    /// [`SourceError::Daemon`] with the daemon's sentence; when the stream fails.
    pub fn ask_own(&mut self, question: Vec<u8>) -> Result<Vec<u8>, SourceError> {
        self.ask(&Ask::Own(question))
    }

    fn ask(&mut self, ask: &Ask) -> Result<Vec<u8>, SourceError> {
        write_part(&mut self.0, &records::encode(ask))?;
        self.0.flush()?;
        let mut went = [0];
        self.0.read_exact(&mut went)?;
        let answer = read_part(&mut self.0, FRAME_BYTES)?;
        if went == [WENT_WELL] {
            Ok(answer)
        } else {
            Err(SourceError::Daemon(
                String::from_utf8_lossy(&answer).into_owned(),
            ))
        }
    }
}

impl<S: Read + Write> Source for Answering<S> {
    fn header(&mut self) -> Result<Header, SourceError> {
        let answer = self.ask(&Ask::Header)?;
        records::decode(&answer).map_err(SourceError::Daemon)
    }

    fn entries_after(&mut self, key: &[u8]) -> Result<Vec<StoredEntry>, SourceError> {
        let answer = self.ask(&Ask::EntriesAfter(key.to_vec()))?;
        decode_entries(&answer)
            .ok_or_else(|| SourceError::Daemon("something that is no entries".to_owned()))
    }
}

/// The answer to one request, from the store itself.
///
/// # Errors
/// [`SourceError`], to be told to whoever asked.
pub fn answer(source: &mut dyn Source, ask: &Ask) -> Result<Vec<u8>, SourceError> {
    match ask {
        Ask::Header => Ok(records::encode(&source.header()?)),
        Ask::EntriesAfter(key) => Ok(encode_entries(&source.entries_after(key)?)),
        Ask::Own(_) => Err(SourceError::Daemon(
            "this daemon does not know that question; is it of another version?".to_owned(),
        )),
    }
}

/// Answers requests until the other side closes the stream.
///
/// # Errors
/// When the stream fails or what comes is no request.
pub fn serve_stream(
    mut stream: impl Read + Write,
    mut answer: impl FnMut(Ask) -> Result<Vec<u8>, String>,
) -> io::Result<()> {
    loop {
        let request = match read_part(&mut stream, ASK_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            request => request?,
        };
        let ask = records::decode(&request).map_err(io::Error::other)?;
        let (went, answer) = match answer(ask) {
            Ok(answer) => (WENT_WELL, answer),
            Err(reason) => (FAILED, reason.into_bytes()),
        };
        stream.write_all(&[went])?;
        write_part(&mut stream, &answer)?;
        stream.flush()?;
    }
}

fn write_part(stream: &mut impl Write, part: &[u8]) -> io::Result<()> {
    let length = u32::try_from(part.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(part)
}

fn read_part(stream: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > most {
        return Err(io::Error::other("a message longer than any may be"));
    }
    let mut part = vec![0; length];
    stream.read_exact(&mut part)?;
    Ok(part)
}
