//! The bytes of a source: as they lie in the file, or unpacked where the file is compressed with gzip. What is hashed is
//! always the file itself.

use std::fs::File;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::hexadecimal;

/// The first bytes of everything gzip writes.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is left of a compressed file behind its last member is read in pieces of this size, for the hash.
const PIECE_BYTES: usize = 64 * 1024;

/// A source that is read from its beginning to its end.
pub(super) enum Input {
    /// As it lies there.
    Plain(Hashing),
    /// Unpacked on the way. Only its window is held, whatever the file unpacks to.
    Gzip(Box<MultiGzDecoder<Hashing>>),
}

impl Input {
    /// A file, whose first bytes say whether it is compressed; `file` stands at its beginning.
    pub(super) fn of(file: File, first: &[u8]) -> Self {
        let hashing = Hashing {
            file,
            hash: Sha256::new(),
            bytes_read: 0,
        };
        if first.starts_with(&GZIP_MAGIC) {
            Self::Gzip(Box::new(MultiGzDecoder::new(hashing)))
        } else {
            Self::Plain(hashing)
        }
    }

    /// Bytes of the file that were read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        match self {
            Self::Plain(hashing) => hashing.bytes_read,
            Self::Gzip(decoder) => decoder.get_ref().bytes_read,
        }
    }

    /// Fills `buffer` as far as there is something; less than its length means the end.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut held = 0;
        while held < buffer.len() {
            let read = match self {
                Self::Plain(hashing) => hashing.read(&mut buffer[held..]),
                Self::Gzip(decoder) => decoder.read(&mut buffer[held..]),
            };
            match read {
                Ok(0) => break,
                Ok(count) => held += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(held)
    }

    /// The SHA-256 of the whole file, in hexadecimal digits.
    pub(super) fn finish(self) -> io::Result<String> {
        let mut hashing = match self {
            Self::Plain(hashing) => hashing,
            Self::Gzip(decoder) => decoder.into_inner(),
        };
        let mut piece = vec![0; PIECE_BYTES];
        while hashing.read(&mut piece)? > 0 {}
        Ok(hexadecimal(&hashing.hash.finalize()))
    }
}

/// A file that is hashed while it is read.
pub(super) struct Hashing {
    file: File,
    hash: Sha256,
    bytes_read: u64,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes_read += count as u64;
        Ok(count)
    }
}
