//! Which characters a dump is written in.
//!
//! Byte order marks and NUL patterns are looked at once, at the start. Everything else is decided value by value, because
//! one dump holds several: strict UTF-8 first, else windows-1252 (which is what MySQL calls latin1). Mojibake, text that was
//! decoded wrongly long ago, is valid UTF-8; it is reported by `assess` and never mended in silence.

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How the bytes of the file as a whole are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// ASCII stands for itself; the rest is decided value by value.
    Bytes,
    /// The same behind a UTF-8 byte order mark.
    BytesBehindMark,
    /// UTF-16, little end first (a redirect in PowerShell, SQL Server Management Studio).
    Utf16Little,
    /// UTF-16, big end first.
    Utf16Big,
}

impl Layout {
    /// Decides from the first bytes of a file. BOM-less UTF-16 is known by its NULs: SQL is mostly ASCII.
    pub fn detect(head: &[u8]) -> Self {
        if head.starts_with(&[0xEF, 0xBB, 0xBF]) {
            return Self::BytesBehindMark;
        }
        if head.starts_with(&[0xFF, 0xFE]) {
            return Self::Utf16Little;
        }
        if head.starts_with(&[0xFE, 0xFF]) {
            return Self::Utf16Big;
        }
        let nuls_at = |parity: usize| {
            head.iter()
                .skip(parity)
                .step_by(2)
                .filter(|byte| **byte == 0)
                .count()
        };
        let (even, odd, pairs) = (nuls_at(0), nuls_at(1), head.len() / 2);
        if pairs >= 8 && odd * 10 > pairs * 6 && even * 10 < pairs {
            Self::Utf16Little
        } else if pairs >= 8 && even * 10 > pairs * 6 && odd * 10 < pairs {
            Self::Utf16Big
        } else {
            Self::Bytes
        }
    }

    /// What turns the file's pieces into bytes the lexer can read.
    pub fn transcoder(self) -> Transcoder {
        let decoder = match self {
            Self::Bytes | Self::BytesBehindMark => None,
            Self::Utf16Little => Some(UTF_16LE.new_decoder_with_bom_removal()),
            Self::Utf16Big => Some(UTF_16BE.new_decoder_with_bom_removal()),
        };
        let skip = if self == Self::BytesBehindMark { 3 } else { 0 };
        Transcoder {
            decoder,
            skip,
            text: String::new(),
        }
    }
}

/// Turns the pieces of a file into ASCII-compatible bytes: UTF-16 becomes UTF-8, all else passes through.
pub struct Transcoder {
    decoder: Option<Decoder>,
    skip: usize,
    text: String,
}

impl Transcoder {
    /// The next piece. `last` says that the file ends with it.
    pub fn piece<'a>(&'a mut self, bytes: &'a [u8], last: Ending) -> &'a [u8] {
        let Some(decoder) = &mut self.decoder else {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            return &bytes[skipped..];
        };
        self.text.clear();
        // The longest answer is known beforehand, so one call always takes the whole piece.
        let room = decoder
            .max_utf8_buffer_length(bytes.len())
            .unwrap_or(bytes.len() * 3 + 16);
        self.text.reserve(room);
        let _ = decoder.decode_to_string(bytes, &mut self.text, last == Ending::Last);
        self.text.as_bytes()
    }
}

/// Whether a piece is the last of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// More follows.
    More,
    /// Nothing follows.
    Last,
}

/// Counts how the values of a source were written, for the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodingCensus {
    /// Values with signs beyond ASCII that were valid UTF-8.
    pub utf8_values: u64,
    /// Values that were not valid UTF-8 and were read as windows-1252.
    pub windows_1252_values: u64,
}

impl EncodingCensus {
    /// Decodes one value and counts how it was written.
    pub fn decode(&mut self, bytes: &[u8], into: &mut String) {
        if bytes.is_ascii() {
            into.push_str(std::str::from_utf8(bytes).unwrap_or_default());
            return;
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.utf8_values += 1;
            into.push_str(text);
        } else {
            self.windows_1252_values += 1;
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            into.push_str(&text);
        }
    }

    /// The name of the encoding as reported.
    pub fn name(self, layout: Layout) -> &'static str {
        match (layout, self.utf8_values, self.windows_1252_values) {
            (Layout::Utf16Little, ..) => "utf-16le",
            (Layout::Utf16Big, ..) => "utf-16be",
            (Layout::BytesBehindMark, _, 0) => "utf-8-bom",
            (Layout::Bytes, 0, 0) => "ascii",
            (Layout::Bytes, _, 0) => "utf-8",
            (Layout::Bytes, 0, _) => "windows-1252",
            (_, _, _) => "mixed utf-8 and windows-1252",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_comes_out_as_utf_8_wherever_it_was_cut() {
        let text = "INSERT INTO Aufträge VALUES ('Müller 🎿');";
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(
            Layout::detect(&bytes),
            Layout::Utf16Little,
            "known without a mark"
        );
        for size in 1..7 {
            let mut transcoder = Layout::Utf16Little.transcoder();
            let mut out = Vec::new();
            for piece in bytes.chunks(size) {
                out.extend_from_slice(transcoder.piece(piece, Ending::More));
            }
            out.extend_from_slice(transcoder.piece(&[], Ending::Last));
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }

    #[test]
    fn one_dump_may_hold_two_encodings() {
        let mut census = EncodingCensus::default();
        let mut text = String::new();
        census.decode("Zürich".as_bytes(), &mut text);
        census.decode(b" Z\xFCrich \x80", &mut text);
        assert_eq!(text, "Zürich Zürich €");
        assert_eq!(census.name(Layout::Bytes), "mixed utf-8 and windows-1252");
    }
}
