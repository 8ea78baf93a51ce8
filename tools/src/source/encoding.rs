//! Which characters a dump is written in.
//!
//! Byte order marks and NUL patterns are looked at once, at the start. Everything else is decided value by value, because
//! one dump holds several: strict UTF-8 first, else windows-1252 (which is what MySQL calls latin1) or code page 850. Mojibake, text that was
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

/// The one-byte encodings that are told apart where a value is no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legacy {
    /// Windows in the west; what MySQL calls latin1. ISO 8859-1 is part of it.
    Windows1252,
    /// MS-DOS and the Windows console in the west.
    CodePage850,
}

impl Legacy {
    /// The encoding that a dump declares by `SET NAMES` or `client_encoding`; `None` for UTF-8 and all others.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "cp850" | "dos850" | "ibm850" => Some(Self::CodePage850),
            "latin1" | "latin9" | "iso-8859-1" | "win1252" | "windows1252" | "cp1252" => {
                Some(Self::Windows1252)
            }
            _ => None,
        }
    }
}

/// Counts how the values of a source were written, for the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodingCensus {
    /// Values with signs beyond ASCII that were valid UTF-8.
    pub utf8_values: u64,
    /// Values that were not valid UTF-8 and were read as windows-1252.
    pub windows_1252_values: u64,
    /// Values that were not valid UTF-8 and were read as code page 850.
    pub code_page_850_values: u64,
    declared: Option<Legacy>,
}

impl EncodingCensus {
    /// The dump says in which encoding it is. Values that are valid UTF-8 are read as such all the same: dumps lie.
    pub fn declare(&mut self, declared: Legacy) {
        self.declared = Some(declared);
    }

    /// Decodes one value and counts how it was written.
    pub fn decode(&mut self, bytes: &[u8], into: &mut String) {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.utf8_values += u64::from(!bytes.is_ascii());
                into.push_str(text);
            }
            Err(_) => self.decode_legacy(bytes, into),
        }
    }

    /// Counts values that are known to be UTF-8.
    pub(super) fn count_utf8<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        self.utf8_values += values.filter(|value| !value.is_ascii()).count() as u64;
    }

    #[cold]
    fn decode_legacy(&mut self, bytes: &[u8], into: &mut String) {
        match self.tell(bytes) {
            Legacy::Windows1252 => {
                self.windows_1252_values += 1;
                let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
                into.push_str(&text);
            }
            Legacy::CodePage850 => {
                self.code_page_850_values += 1;
                into.extend(bytes.iter().map(|byte| from_code_page_850(*byte)));
            }
        }
    }

    /// Which one-byte encoding a value is in: by its own signs, then by what the dump declares, then by the values before.
    fn tell(&self, bytes: &[u8]) -> Legacy {
        let points = points_for_850(bytes);
        let earlier = self.code_page_850_values > self.windows_1252_values;
        match (points, self.declared) {
            (1.., _) => Legacy::CodePage850,
            (0, Some(declared)) => declared,
            (0, None) if earlier => Legacy::CodePage850,
            (..=0, _) => Legacy::Windows1252,
        }
    }

    /// The name of the encoding as reported.
    pub fn name(self, layout: Layout) -> &'static str {
        let (utf8, windows, dos) = (
            self.utf8_values > 0,
            self.windows_1252_values > 0,
            self.code_page_850_values > 0,
        );
        let marked = layout == Layout::BytesBehindMark;
        match (layout, utf8 || marked, windows, dos) {
            (Layout::Utf16Little, ..) => "utf-16le",
            (Layout::Utf16Big, ..) => "utf-16be",
            (Layout::BytesBehindMark, _, false, false) => "utf-8-bom",
            (Layout::Bytes, false, false, false) => "ascii",
            (Layout::Bytes, true, false, false) => "utf-8",
            (_, false, true, false) => "windows-1252",
            (_, false, false, true) => "cp850",
            (_, true, true, false) => "mixed utf-8 and windows-1252",
            (_, true, false, true) => "mixed utf-8 and cp850",
            (_, false, true, true) => "mixed windows-1252 and cp850",
            (_, true, true, true) => "mixed utf-8, windows-1252 and cp850",
        }
    }
}

/// Above zero: the value is in code page 850; below: in windows-1252; zero: it does not tell.
///
/// Letters of the one are quotes, dashes and symbols of the other, and these do not stand inside words.
fn points_for_850(bytes: &[u8]) -> i32 {
    let is_letter = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_alphabetic)
    };
    let mut points = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let before = is_letter(at.checked_sub(1));
        let behind = is_letter(at.checked_add(1));
        points += match byte {
            // Not assigned in windows-1252; code page 850 has `ü` and `É` there.
            0x81 | 0x8D | 0x8F | 0x90 | 0x9D => 4,
            // Letters in both (`Š` and `Ž` are rare here, `è` and `Ä` are not).
            0x8A | 0x8E | 0x99 | 0x9A if before || behind => 2,
            // Letters in code page 850; in windows-1252 quotes, daggers and dots, which stand at the edge of a word.
            0x82..=0x85 | 0x87..=0x89 | 0x8B | 0x8C | 0x93..=0x95 | 0x97 if before && behind => 2,
            // `ß` of code page 850 is `á` in the other: it says nothing.
            0xE1 => 0,
            // Letters in windows-1252; frames, fractions and symbols in code page 850.
            0xC0..=0xFF if before || behind => -3,
            0xC0..=0xFF => -1,
            _ => 0,
        };
    }
    points
}

/// The upper half of code page 850 (CP00850 of the IBM registry).
const CODE_PAGE_850: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ', 'Æ',
    'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ', 'á', 'í', 'ó', 'ú', 'ñ', 'Ñ',
    'ª', 'º', '¿', '®', '¬', '½', '¼', '¡', '«', '»', '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©',
    '╣', '║', '╗', '╝', '¢', '¥', '┐', '└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦',
    '╠', '═', '╬', '¤', 'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█', '▄', '¦', 'Ì',
    '▀', 'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´', '\u{ad}',
    '±', '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{a0}',
];

fn from_code_page_850(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        Some(upper) => CODE_PAGE_850[usize::from(upper)],
        None => char::from(byte),
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

    #[test]
    fn the_console_s_code_page_is_told_from_windows() {
        let cases: [(&[u8], &str); 12] = [
            (b"Z\x81rich", "Zürich"),
            (b"K\x94chli", "Köchli"),
            (b"Auftr\x84ge", "Aufträge"),
            (b"\x8Enderung", "Änderung"),
            (b"Gr\x81sse, Stra\xE1e", "Grüsse, Straße"),
            (b"Gen\x8Ave", "Genève"),
            (b"Z\xFCrich", "Zürich"),
            (b"\x84Express\x93", "„Express“"),
            (b"it\x92s", "it’s"),
            (b"10 \x80", "10 €"),
            (b"Ren\xE9 & C\xE9line", "René & Céline"),
            (b"M\xE4rz \x96 Mai", "März – Mai"),
        ];
        for (bytes, expected) in cases {
            let mut text = String::new();
            EncodingCensus::default().decode(bytes, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn what_a_value_does_not_tell_is_as_declared_or_as_those_before() {
        let ambiguous = b"Menu \x85 la carte";
        let mut census = EncodingCensus::default();
        let mut text = String::new();
        census.decode(ambiguous, &mut text);
        assert_eq!(text, "Menu … la carte");
        census.declare(Legacy::CodePage850);
        text.clear();
        census.decode(ambiguous, &mut text);
        assert_eq!(text, "Menu à la carte");
        assert_eq!(census.name(Layout::Bytes), "mixed windows-1252 and cp850");
    }
}
