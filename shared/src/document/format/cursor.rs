//! Reading and writing bincode's standard layout by hand, without copying text and without building what is not wanted.
//!
//! Numbers (bincode 2 specification, "varint"): up to 250 one byte; else 251, 252 or 253 and 2, 4 or 8 bytes, little endian.
//! Signed ones are zigzag-encoded first. A sequence and a text begin with their length, an enum with its variant's index.

use super::DecodeError;

/// Bytes being read. Remembers whether every number so far was written in its shortest form.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(crate) is_shortest: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn over(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            is_shortest: true,
        }
    }

    /// What was not read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes not read yet.
    pub(crate) const fn left(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.bytes.split_first().ok_or_else(cut_short)?;
        self.bytes = rest;
        Ok(*first)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or_else(cut_short)?;
        self.bytes = rest;
        Ok(*head)
    }

    #[inline]
    pub(crate) fn slice(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self.bytes.split_at_checked(length).ok_or_else(cut_short)?;
        self.bytes = rest;
        Ok(head)
    }

    /// Nearly every number has one byte, and reading a document is mostly this.
    #[inline]
    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        match self.bytes.split_first() {
            Some((small @ 0..=250, rest)) => {
                self.bytes = rest;
                Ok(u64::from(*small))
            }
            _ => self.longer_u64(),
        }
    }

    /// A number of more than one byte.
    #[inline(never)]
    fn longer_u64(&mut self) -> Result<u64, DecodeError> {
        let (number, least) = match self.byte()? {
            small @ 0..=250 => return Ok(u64::from(small)),
            251 => (u64::from(u16::from_le_bytes(self.array()?)), 251),
            252 => (
                u64::from(u32::from_le_bytes(self.array()?)),
                u64::from(u16::MAX) + 1,
            ),
            253 => (u64::from_le_bytes(self.array()?), u64::from(u32::MAX) + 1),
            _ => return Err(damaged("a number is too large")),
        };
        self.is_shortest &= number >= least;
        Ok(number)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        if self.bytes.first() == Some(&253) {
            return Err(damaged("a number is too large"));
        }
        let number = self.u64()?;
        u32::try_from(number).map_err(|_| damaged("a number is too large"))
    }

    #[inline]
    pub(crate) fn i64(&mut self) -> Result<i64, DecodeError> {
        let zigzag = self.u64()?;
        Ok((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    #[inline]
    pub(crate) fn i32(&mut self) -> Result<i32, DecodeError> {
        let zigzag = self.u32()?;
        Ok((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    /// The length of a sequence whose elements have at least one byte each, so that it cannot exceed what is left.
    #[inline]
    pub(crate) fn length(&mut self) -> Result<usize, DecodeError> {
        let length = self.u64()?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.bytes.len())
            .ok_or_else(cut_short)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        as_text(self.bytes_with_length()?)
    }

    /// The bytes of a text, not judged.
    #[inline]
    pub(crate) fn bytes_with_length(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        self.slice(length)
    }

    /// A flag, or whether an option holds something.
    pub(crate) fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged("a flag is neither 0 nor 1")),
        }
    }
}

/// Bytes as the text that they must be.
pub(crate) fn as_text(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|_| damaged("a text is not UTF-8"))
}

#[cold]
pub(crate) fn damaged(what: &str) -> DecodeError {
    DecodeError::Damaged(what.to_owned())
}

#[cold]
fn cut_short() -> DecodeError {
    damaged("it is cut short")
}

pub(crate) fn put_u64(bytes: &mut Vec<u8>, number: u64) {
    let little = number.to_le_bytes();
    match number {
        0..=250 => bytes.push(little[0]),
        251..=0xffff => {
            bytes.push(251);
            bytes.extend_from_slice(&little[..2]);
        }
        0x1_0000..=0xffff_ffff => {
            bytes.push(252);
            bytes.extend_from_slice(&little[..4]);
        }
        _ => {
            bytes.push(253);
            bytes.extend_from_slice(&little);
        }
    }
}

pub(crate) fn put_i64(bytes: &mut Vec<u8>, number: i64) {
    put_u64(bytes, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

pub(crate) fn put_length(bytes: &mut Vec<u8>, length: usize) {
    put_u64(bytes, length as u64);
}

pub(crate) fn put_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    put_length(bytes, content.len());
    bytes.extend_from_slice(content);
}
