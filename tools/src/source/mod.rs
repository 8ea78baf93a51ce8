//! Where legacy rows come from: SQLite files and SQL dumps, read once, in pieces, into [`crate::staging`].
//!
//! `detect -> transcode -> lexer -> statements -> Sink`. Nothing here knows what an order is.

pub mod dialect;
pub mod encoding;
mod expression;
pub mod lexer;
pub mod refusal;
pub mod row;
pub mod schema;
mod sqlite_file;
pub mod statement;
mod words;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::staging::{Staging, StagingError};
use dialect::Dialect;
use encoding::{Ending, Layout};
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
    let mut head = vec![0; HEAD_BYTES];
    let held = fill(&mut file, &mut head).map_err(unreadable)?;
    head.truncate(held);
    refusal::check_head(path, &head)?;

    if head.starts_with(refusal::SQLITE_MAGIC) {
        let sha256 = hash_rest(&mut file, &head).map_err(unreadable)?;
        let census = sqlite_file::read(path, staging)?;
        staging.settle()?;
        let names: Vec<String> = staging
            .tables()
            .iter()
            .map(|table| table.schema.name.clone())
            .collect();
        refusal::check_sqlite_tables(path, &names)?;
        let encoding = census.name(Layout::Bytes);
        return Ok(SourceSummary {
            dialect: Dialect::SqliteFile.name(),
            encoding,
            sha256,
            bytes,
        });
    }

    let layout = Layout::detect(&head);
    let dialect = Dialect::detect(&head_text(layout, &head));
    refusal::check_dialect(path, dialect)?;
    let mut hash = Sha256::new();
    let mut reader = StatementReader::new(dialect);
    let mut transcoder = layout.transcoder();
    let mut read = 0_u64;
    for piece in head.chunks(PIECE_BYTES) {
        hash.update(piece);
        reader.feed(transcoder.piece(piece, Ending::More), staging)?;
        read += piece.len() as u64;
        progress(read, bytes);
    }
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let held = fill(&mut file, &mut piece).map_err(unreadable)?;
        if held == 0 {
            break;
        }
        hash.update(&piece[..held]);
        reader.feed(transcoder.piece(&piece[..held], Ending::More), staging)?;
        read += held as u64;
        progress(read, bytes);
    }
    reader.feed(transcoder.piece(&[], Ending::Last), staging)?;
    let census = reader.finish(staging)?;
    staging.settle()?;
    let sha256 = hexadecimal(&hash.finalize());
    Ok(SourceSummary {
        dialect: dialect.name(),
        encoding: census.name(layout),
        sha256,
        bytes,
    })
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

fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut held = 0;
    while held < buffer.len() {
        match file.read(&mut buffer[held..]) {
            Ok(0) => break,
            Ok(count) => held += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}

fn hash_rest(file: &mut File, head: &[u8]) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(head);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let held = fill(file, &mut piece)?;
        if held == 0 {
            return Ok(hexadecimal(&hash.finalize()));
        }
        hash.update(&piece[..held]);
    }
}

fn head_text(layout: Layout, head: &[u8]) -> String {
    let mut transcoder = layout.transcoder();
    String::from_utf8_lossy(transcoder.piece(head, Ending::More)).into_owned()
}

#[cfg(test)]
mod tests;
