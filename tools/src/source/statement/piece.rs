//! The parts of statements that are read whole.

use super::StatementReader;
use crate::source::lexer::{Token, TokenKind};
use crate::source::words::{Escapes, unescape};

/// A part of a statement that is read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Its text, decoded and unescaped.
    pub text: String,
    /// The bytes of a text as they stood, for binary literals.
    pub raw: Vec<u8>,
    /// Its line, from 1.
    pub(super) line: u64,
    /// Its column in bytes, from 1.
    pub(super) column: u64,
}

/// The kinds of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// An unquoted word.
    Word,
    /// A name in whatever quotes.
    QuotedName,
    /// A number as written.
    Number,
    /// A text.
    Text,
    /// Any other sign.
    Punctuation(u8),
}

impl Piece {
    /// Whether this is the given keyword. A quoted name never is.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == PieceKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether this can name something.
    pub fn is_name(&self) -> bool {
        matches!(self.kind, PieceKind::Word | PieceKind::QuotedName)
    }

    /// Whether this is the given sign.
    pub fn is_sign(&self, sign: u8) -> bool {
        self.kind == PieceKind::Punctuation(sign)
    }

    /// The piece for a message, shortened.
    pub fn shown(&self) -> String {
        match self.kind {
            PieceKind::Punctuation(sign) => char::from(sign).to_string(),
            _ => self.text.chars().take(40).collect(),
        }
    }
}

impl StatementReader {
    pub(super) fn keep(&mut self, token: Token) {
        let bytes = self.lexer.text(&token);
        let escapes = if token.escapes {
            self.escapes()
        } else {
            Escapes::None
        };
        let mut raw = Vec::new();
        let kind = match token.kind {
            TokenKind::Word => PieceKind::Word,
            TokenKind::Number => PieceKind::Number,
            TokenKind::SingleQuoted => {
                unescape(bytes, b'\'', escapes, &mut raw);
                PieceKind::Text
            }
            TokenKind::DollarQuoted => {
                raw.extend_from_slice(bytes);
                PieceKind::Text
            }
            TokenKind::DoubleQuoted => {
                unescape(bytes, b'"', Escapes::None, &mut raw);
                PieceKind::QuotedName
            }
            TokenKind::BacktickName => {
                unescape(bytes, b'`', Escapes::None, &mut raw);
                PieceKind::QuotedName
            }
            TokenKind::BracketName => {
                unescape(bytes, b']', Escapes::None, &mut raw);
                PieceKind::QuotedName
            }
            TokenKind::Punctuation(sign) => PieceKind::Punctuation(sign),
            _ => return,
        };
        let mut text = String::new();
        self.census
            .decode(if raw.is_empty() { bytes } else { &raw }, &mut text);
        if kind == PieceKind::Text && raw.is_empty() {
            text.clear();
        }
        self.piece_bytes += text.len() + raw.len();
        self.pieces.push(Piece {
            kind,
            text,
            raw,
            line: token.line,
            column: token.column,
        });
    }
}
