//! Where legacy rows come from: SQLite files and SQL dumps, read once, in pieces, into [`crate::staging`].
//!
//! `unpack -> detect -> transcode -> lexer -> statements -> Sink`. Nothing here knows what an order is.

pub mod dialect;
pub mod encoding;
mod expression;
mod handover;
mod input;
pub mod lexer;
pub mod names;
pub mod refusal;
pub mod row;
pub mod schema;
mod sql_server_dates;
mod sqlite_file;
pub mod statement;
mod words;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::staging::{Staging, StagingError};
use dialect::Dialect;
use encoding::{EncodingCensus, Ending, Layout};
use handover::Stopped;
use input::Input;
use refusal::Refusal;
use statement::StatementReader;

/// A dump is read in pieces of this size: large enough for the disk, small enough for the cache.
const PIECE_BYTES: usize = 64 * 1024;

/// So much of the beginning is looked at to tell dialect and encoding.
const HEAD_BYTES: usize = 256 * 1024;

/// What is known of a source after it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceSummary {
    /// Which database wrote it ([`Dialect::name`]).
    pub dialect: &'static str,
    /// How its characters are written.
    pub encoding: &'static str,
    /// SHA-256 of the file, hexadecimal. Plans are bound to it.
    pub sha256: String,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is no kind of file that can be imported.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk failed, or the file is not there.
    #[error(
        "{path} cannot be read: {source}. Nothing was changed. Check the path and the permissions."
    )]
    Unreadable {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A compressed file that cannot be unpacked to its end.
    #[error(
        "{path} is compressed and damaged, or cut off: {source}. Nothing was changed. Copy it again from where it was made, or dump the database again."
    )]
    Damaged {
        /// The file.
        path: String,
        /// What the decoder says.
        source: io::Error,
    },
    /// SQLite could not read its file.
    #[error(
        "SQLite cannot read this file: {0}. Nothing was changed. Run `sqlite3 FILE .recover` on a copy and import that."
    )]
    Sqlite(#[from] rusqlite::Error),
    /// The staging database failed.
    #[error(transparent)]
    Staging(#[from] StagingError),
}

/// Reads a source into a staging database. `progress` is called with bytes read and bytes in all.
pub fn read_source(
    path: &Path,
    staging: &mut Staging,
    mut progress: impl FnMut(u64, u64),
) -> Result<SourceSummary, SourceError> {
    let unreadable = |source: io::Error| SourceError::Unreadable {
        path: path.display().to_string(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let mut first = Vec::new();
    Read::by_ref(&mut file)
        .take(input::GZIP_MAGIC.len() as u64)
        .read_to_end(&mut first)
        .map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let packed = first.starts_with(&input::GZIP_MAGIC);
    let unreadable = |source: io::Error| {
        let path = path.display().to_string();
        // Behind the first byte the disk may fail as well; what a damaged archive needs does no harm then.
        if packed {
            SourceError::Damaged { path, source }
        } else {
            SourceError::Unreadable { path, source }
        }
    };
    let mut input = Input::of(file, &first);
    let mut head = vec![0; HEAD_BYTES];
    let held = input.fill(&mut head).map_err(unreadable)?;
    head.truncate(held);
    refusal::check_head(path, &head)?;

    if head.starts_with(refusal::SQLITE_MAGIC) {
        let unpacked = if packed {
            Some(unpack(&mut input, &head, staging.folder()).map_err(unreadable)?)
        } else {
            None
        };
        let sha256 = input.finish().map_err(unreadable)?;
        staging.set_dialect(Dialect::SqliteFile);
        let census = sqlite_file::read(unpacked.as_deref().unwrap_or(path), staging)?;
        staging.settle()?;
        let names: Vec<String> = staging
            .tables()
            .iter()
            .map(|table| table.schema.name.clone())
            .collect();
        refusal::check_sqlite_tables(path, &names)?;
        return Ok(SourceSummary {
            dialect: Dialect::SqliteFile.name(),
            encoding: census.name(Layout::Bytes),
            sha256,
            bytes,
        });
    }

    let layout = Layout::detect(&head);
    let dialect = Dialect::detect(&head_text(layout, &head));
    staging.set_dialect(dialect);
    let (sender, taker) = handover::channel();
    let (read, taken) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| read_statements(input, &head, layout, dialect, sender));
        let taken = taker.take_all(staging, |read| progress(read.min(bytes), bytes));
        let read = reader
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (read, taken)
    });
    // If staging failed, the reader only says that it was stopped.
    taken?;
    let (census, sha256) = match read {
        Ok(read) => read,
        Err(ReadError::Stopped(_)) => return Err(unreadable(io::ErrorKind::BrokenPipe.into())),
        Err(ReadError::Input(source)) => return Err(unreadable(source)),
    };
    staging.settle()?;
    Ok(SourceSummary {
        dialect: dialect.name(),
        encoding: census.name(layout),
        sha256,
        bytes,
    })
}

/// Why reading ended before its end.
enum ReadError {
    Input(io::Error),
    Stopped(Stopped),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Input(error)
    }
}

impl From<Stopped> for ReadError {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

/// Reads a dump to its end: what its values were encoded in, and the file's SHA-256.
fn read_statements(
    mut input: Input,
    head: &[u8],
    layout: Layout,
    dialect: Dialect,
    mut sender: handover::Sender,
) -> Result<(EncodingCensus, String), ReadError> {
    let mut reader = StatementReader::new(dialect);
    let mut transcoder = layout.transcoder();
    for piece in head.chunks(PIECE_BYTES) {
        reader.feed(transcoder.piece(piece, Ending::More), &mut sender)?;
    }
    sender.bytes_read(input.bytes_read())?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let held = input.fill(&mut piece)?;
        if held == 0 {
            break;
        }
        reader.feed(transcoder.piece(&piece[..held], Ending::More), &mut sender)?;
        sender.bytes_read(input.bytes_read())?;
    }
    reader.feed(transcoder.piece(&[], Ending::Last), &mut sender)?;
    let census = reader.finish(&mut sender)?;
    sender.flush()?;
    Ok((census, input.finish()?))
}

/// Writes a compressed SQLite database out: SQLite reads files and nothing else.
fn unpack(input: &mut Input, head: &[u8], folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("unpacked.sqlite");
    let mut file = File::create_new(&path)?;
    file.write_all(head)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let held = input.fill(&mut piece)?;
        if held == 0 {
            return Ok(path);
        }
        file.write_all(&piece[..held])?;
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn head_text(layout: Layout, head: &[u8]) -> String {
    let mut transcoder = layout.transcoder();
    String::from_utf8_lossy(transcoder.piece(head, Ending::More)).into_owned()
}

#[cfg(test)]
mod tests;
