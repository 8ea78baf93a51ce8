//! Documents on disk for a while: packed, and parted by their ids.
//!
//! A run tells only at the end of its pass whether the budget holds, and nothing may be written before that; without a spool
//! everything would have to be made twice. From here documents leave in the order of their ids, which every ordered map
//! takes most gladly: each of its pages is written once. `verify` looks through a target part by part in the same way. One
//! part is in memory at a time, so memory hardly grows with the number of documents.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use shared::id::DocumentId;
use zstd::bulk::{Compressor, Decompressor};

/// Documents are parted by the first bits of their ids into so many parts.
pub(crate) const PARTS: usize = 512;

/// A part's documents are packed and written when they have so many bytes: a dozen orders, of which most stands in every one.
const BLOCK_BYTES: usize = 32 * 1024;

/// Faster than small: a spool is read once, soon.
const LEVEL: i32 = -3;

/// One document with what is to be known beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spooled {
    pub(crate) id: DocumentId,
    pub(crate) encoded: Vec<u8>,
    pub(crate) beside: Vec<u8>,
}

/// A spool that is being filled.
pub(crate) struct Spool {
    file: File,
    length: u64,
    parts: Vec<Part>,
    packer: Compressor<'static>,
    documents: u64,
}

/// A spool that is full.
pub(crate) struct Sealed {
    file: File,
    parts: Vec<Vec<Block>>,
}

#[derive(Default)]
struct Part {
    waiting: Vec<u8>,
    blocks: Vec<Block>,
}

/// Where a packed block lies.
#[derive(Clone, Copy)]
struct Block {
    at: u64,
    packed: usize,
    plain: usize,
}

/// The part of an id. Ids of a later part are greater.
pub(crate) fn part_of(id: DocumentId) -> usize {
    let bytes = id.as_bytes();
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) * PARTS / (1 << 16)
}

impl Spool {
    /// An empty one, in a folder that is removed later.
    ///
    /// # Errors
    /// When its file cannot be made.
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(folder.join("documents"))?;
        let mut parts = Vec::new();
        parts.resize_with(PARTS, Part::default);
        Ok(Self {
            file,
            length: 0,
            parts,
            packer: Compressor::new(LEVEL)?,
            documents: 0,
        })
    }

    /// How many documents it has.
    pub(crate) const fn documents(&self) -> u64 {
        self.documents
    }

    /// Adds a document.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn add(&mut self, id: DocumentId, encoded: &[u8], beside: &[u8]) -> io::Result<()> {
        let part = &mut self.parts[part_of(id)];
        part.waiting.extend_from_slice(id.as_bytes());
        put(&mut part.waiting, encoded);
        put(&mut part.waiting, beside);
        self.documents += 1;
        if part.waiting.len() >= BLOCK_BYTES {
            write_out(part, &mut self.packer, &self.file, &mut self.length)?;
        }
        Ok(())
    }

    /// Writes what waits still; nothing is added from now on.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn seal(mut self) -> io::Result<Sealed> {
        let mut parts = Vec::with_capacity(PARTS);
        for mut part in self.parts {
            write_out(&mut part, &mut self.packer, &self.file, &mut self.length)?;
            parts.push(part.blocks);
        }
        Ok(Sealed {
            file: self.file,
            parts,
        })
    }
}

fn write_out(
    part: &mut Part,
    packer: &mut Compressor<'static>,
    file: &File,
    length: &mut u64,
) -> io::Result<()> {
    if part.waiting.is_empty() {
        return Ok(());
    }
    let packed = packer.compress(&part.waiting)?;
    file.write_all_at(&packed, *length)?;
    part.blocks.push(Block {
        at: *length,
        packed: packed.len(),
        plain: part.waiting.len(),
    });
    *length += packed.len() as u64;
    part.waiting.clear();
    Ok(())
}

impl Sealed {
    /// The documents of a part, by id.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn part(&self, part: usize) -> io::Result<Vec<Spooled>> {
        let mut unpacker = Decompressor::new()?;
        let mut documents = Vec::new();
        let mut packed = Vec::new();
        for block in self.parts.get(part).into_iter().flatten() {
            packed.resize(block.packed, 0);
            self.file.read_exact_at(&mut packed, block.at)?;
            let plain = unpacker.decompress(&packed, block.plain)?;
            let mut rest = plain.as_slice();
            while !rest.is_empty() {
                documents.push(take_document(&mut rest).ok_or_else(damaged)?);
            }
        }
        documents.sort_unstable_by_key(|spooled| spooled.id);
        Ok(documents)
    }
}

fn damaged() -> io::Error {
    io::Error::other("the working file of documents is damaged")
}

fn take_document(rest: &mut &[u8]) -> Option<Spooled> {
    let (id, behind) = rest.split_first_chunk::<16>()?;
    *rest = behind;
    Some(Spooled {
        id: DocumentId::from_bytes(*id),
        encoded: take(rest)?.to_vec(),
        beside: take(rest)?.to_vec(),
    })
}

fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    // Documents are bounded far below 4 GB, and so is what stands beside them.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(bytes);
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (bytes, behind) = behind.split_at_checked(length)?;
    *rest = behind;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_back_in_the_order_of_its_ids() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::create(folder.path()).expect("a spool");
        let mut put_in: Vec<Spooled> = (0..5_000_u32)
            .map(|number| Spooled {
                id: DocumentId::named(&format!("document {number}")),
                encoded: format!("order {number} ").repeat(20).into_bytes(),
                beside: number.to_le_bytes().to_vec(),
            })
            .collect();
        for spooled in &put_in {
            spool
                .add(spooled.id, &spooled.encoded, &spooled.beside)
                .expect("it is kept");
        }
        assert_eq!(spool.documents(), 5_000);
        let sealed = spool.seal().expect("it is written");
        let taken_out: Vec<Spooled> = (0..PARTS)
            .flat_map(|part| sealed.part(part).expect("it is read"))
            .collect();
        put_in.sort_by_key(|spooled| spooled.id);
        assert_eq!(taken_out, put_in);
    }
}
