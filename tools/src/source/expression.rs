//! The few expressions dumps write where a value belongs: `N'...'`, `X'...'`, `_binary '...'`, `CAST('...' AS DATE)`,
//! `replace('...','\n',char(10))`. What only the engine could compute (`NOW()`) is refused, never guessed.

use super::dialect::Dialect;
use super::sql_server_dates;
use super::statement::{Piece, PieceKind};

/// What an expression came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// No value.
    Null,
    /// The column's default.
    Default,
    /// Text, or a number as written.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Nesting beyond this is no dump but an attack on the stack.
const DEEPEST_NESTING: u32 = 32;

/// Evaluates the pieces of one value. `Err` says in words why it cannot be read.
pub(super) fn evaluate(pieces: &[Piece], dialect: Dialect) -> Result<Value, String> {
    let mut reader = Reader {
        pieces,
        dialect,
        at: 0,
        depth: 0,
    };
    let value = reader.expression()?;
    if reader.at < pieces.len() {
        return Err(format!(
            "`{}` was not expected inside a value",
            pieces[reader.at].shown()
        ));
    }
    Ok(value)
}

struct Reader<'a> {
    pieces: &'a [Piece],
    dialect: Dialect,
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn expression(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEEPEST_NESTING {
            return Err(format!(
                "a value nests deeper than {DEEPEST_NESTING} levels"
            ));
        }
        let mut value = self.term()?;
        loop {
            if self.at_sign(0, b'|') && self.at_sign(1, b'|') {
                self.at += 2;
                value = concatenate(value, self.term()?)?;
            } else if self.dialect == Dialect::SqlServer
                && self.at_sign(0, b'+')
                && matches!(value, Value::Text(_))
            {
                // Only texts are joined with `+`; sums of numbers are for the engine.
                let texts = self.pieces[..self.at]
                    .iter()
                    .any(|piece| piece.kind == PieceKind::Text);
                if !texts {
                    return Err("only the old database could compute this sum".to_owned());
                }
                self.at += 1;
                value = concatenate(value, self.term()?)?;
            } else if self.at_sign(0, b':') && self.at_sign(1, b':') {
                self.at += 2;
                self.skip_type()?;
            } else if matches!(value, Value::Text(_)) && self.kind(0) == Some(PieceKind::Text) {
                value = concatenate(value, self.term()?)?;
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(value)
    }

    fn term(&mut self) -> Result<Value, String> {
        let Some(piece) = self.pieces.get(self.at) else {
            return Err("a value is missing".to_owned());
        };
        self.at += 1;
        match piece.kind {
            PieceKind::Text => Ok(Value::Text(piece.text.clone())),
            PieceKind::QuotedName => Err(format!(
                "the name {} stands where a value belongs",
                piece.shown()
            )),
            PieceKind::Number => number(&piece.text, ""),
            PieceKind::Punctuation(b'-') => self.signed("-"),
            PieceKind::Punctuation(b'+') => self.signed(""),
            PieceKind::Punctuation(b'\\') if self.next_is_word("N") => {
                self.at += 1;
                Ok(Value::Null)
            }
            PieceKind::Punctuation(b'(') => {
                let value = self.expression()?;
                self.expect(b')')?;
                Ok(value)
            }
            PieceKind::Punctuation(sign) => {
                Err(format!("a value is missing before `{}`", char::from(sign)))
            }
            PieceKind::Word => self.word(piece),
        }
    }

    /// The type behind `::`: `'x'::character varying(20)`, `'{}'::text[]`.
    fn skip_type(&mut self) -> Result<(), String> {
        let from = self.at;
        while let Some(piece) = self.pieces.get(self.at) {
            match piece.kind {
                PieceKind::Word
                | PieceKind::QuotedName
                | PieceKind::Punctuation(b'.' | b'[' | b']') => self.at += 1,
                PieceKind::Punctuation(b'(') => {
                    self.at += 1;
                    self.skip_to_close();
                    self.expect(b')')?;
                }
                _ => break,
            }
        }
        if self.at == from {
            return Err("a type is missing behind `::`".to_owned());
        }
        Ok(())
    }

    fn signed(&mut self, sign: &str) -> Result<Value, String> {
        match self.pieces.get(self.at) {
            Some(piece) if piece.kind == PieceKind::Number => {
                self.at += 1;
                number(&piece.text, sign)
            }
            _ => Err("a number is missing behind the sign".to_owned()),
        }
    }

    fn word(&mut self, word: &'a Piece) -> Result<Value, String> {
        if self.kind(0) == Some(PieceKind::Text) {
            return self.prefixed(word);
        }
        if self.at_sign(0, b'(') {
            self.at += 1;
            return self.function(&word.text.to_ascii_lowercase());
        }
        match word.text.to_ascii_uppercase().as_str() {
            "NULL" => Ok(Value::Null),
            "DEFAULT" => Ok(Value::Default),
            "TRUE" => Ok(Value::Text("1".to_owned())),
            "FALSE" => Ok(Value::Text("0".to_owned())),
            prefix if prefix.starts_with('_') && self.kind(0) == Some(PieceKind::Number) => {
                self.term()
            }
            // `U&'...'` of the standard, which PostgreSQL reads.
            "U" if self.at_sign(0, b'&') && self.kind(1) == Some(PieceKind::Text) => {
                let text = &self.pieces[self.at + 1].text;
                self.at += 2;
                unescape_unistr(text).map(Value::Text)
            }
            // `$49.90`, as SQL Server writes money.
            money if self.dialect == Dialect::SqlServer && money.starts_with('$') => {
                let francs = self.rest_of_money(&money[1..]);
                number(&francs, "")
            }
            _ => Err(format!(
                "`{}` is not a value that stands in the dump itself",
                word.shown()
            )),
        }
    }

    /// The lexer parts `$49.90` at its point.
    fn rest_of_money(&mut self, francs: &str) -> String {
        let mut text = francs.to_owned();
        if self.at_sign(0, b'.') && self.kind(1) == Some(PieceKind::Number) {
            text.push('.');
            text.push_str(&self.pieces[self.at + 1].text);
            self.at += 2;
        }
        text
    }

    /// A literal with a prefix: its character set, or the sign that it is hexadecimal.
    fn prefixed(&mut self, prefix: &Piece) -> Result<Value, String> {
        let literal = &self.pieces[self.at];
        self.at += 1;
        match prefix.text.to_ascii_lowercase().as_str() {
            "x" => from_hexadecimal(&literal.text).map(Value::Blob),
            "_binary" => Ok(Value::Blob(literal.raw.clone())),
            "n" | "e" | "date" | "time" | "timestamp" | "timestamptz" | "numeric" => {
                Ok(Value::Text(literal.text.clone()))
            }
            "b" if self.dialect == Dialect::Postgres => Ok(Value::Text(literal.text.clone())),
            "b" => bits(&literal.text).map(Value::Text),
            charset if charset.starts_with('_') => Ok(Value::Text(literal.text.clone())),
            _ => Err(format!(
                "`{}` before a text is not understood",
                prefix.shown()
            )),
        }
    }

    fn function(&mut self, name: &str) -> Result<Value, String> {
        let value = match name {
            "cast" | "try_cast" => {
                let value = self.expression()?;
                if !self.next_is_word("AS") {
                    return Err("`AS` is missing inside CAST".to_owned());
                }
                self.at += 1;
                let target = self.type_name();
                self.skip_to_close();
                cast(value, &target, self.dialect)?
            }
            "convert" if self.dialect == Dialect::SqlServer => {
                // `CONVERT(datetime, '...', 120)`: the type stands first.
                let target = self.type_name();
                if self.at_sign(0, b'(') {
                    self.at += 1;
                    self.skip_to_close();
                    self.expect(b')')?;
                }
                self.expect(b',')?;
                let value = self.expression()?;
                self.skip_to_close();
                cast(value, &target, self.dialect)?
            }
            "convert" => {
                // `CONVERT('x' USING utf8)`
                let value = self.expression()?;
                self.skip_to_close();
                value
            }
            "replace" => {
                let [text, from, to] = self.arguments("replace")?;
                Value::Text(text.replace(&from, &to))
            }
            "char" | "nchar" | "chr" => {
                let [code] = self.arguments("char")?;
                let code = code.parse().ok().and_then(char::from_u32);
                Value::Text(code.ok_or("char() names no character")?.to_string())
            }
            "unistr" => {
                let [text] = self.arguments("unistr")?;
                Value::Text(unescape_unistr(&text)?)
            }
            _ => return Err(format!("only the old database could compute {name}(...)")),
        };
        self.expect(b')')?;
        Ok(value)
    }

    /// The first word of a type's name, lower-case, without its brackets.
    fn type_name(&mut self) -> String {
        let piece = self.pieces.get(self.at).filter(|piece| piece.is_name());
        self.at += usize::from(piece.is_some());
        piece.map_or_else(String::new, |piece| piece.text.to_ascii_lowercase())
    }

    fn arguments<const COUNT: usize>(&mut self, function: &str) -> Result<[String; COUNT], String> {
        let mut texts = Vec::with_capacity(COUNT);
        for index in 0..COUNT {
            if index > 0 {
                self.expect(b',')?;
            }
            match self.expression()? {
                Value::Text(text) => texts.push(text),
                _ => return Err(format!("{function}() has an argument that is no text")),
            }
        }
        texts
            .try_into()
            .map_err(|_| format!("{function}() has the wrong number of arguments"))
    }

    fn skip_to_close(&mut self) {
        let mut depth = 0_u32;
        while let Some(piece) = self.pieces.get(self.at) {
            match piece.kind {
                PieceKind::Punctuation(b'(') => depth += 1,
                PieceKind::Punctuation(b')') if depth == 0 => return,
                PieceKind::Punctuation(b')') => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn expect(&mut self, sign: u8) -> Result<(), String> {
        if self.at_sign(0, sign) {
            self.at += 1;
            return Ok(());
        }
        Err(format!("`{}` is missing inside a value", char::from(sign)))
    }

    fn kind(&self, ahead: usize) -> Option<PieceKind> {
        self.pieces.get(self.at + ahead).map(|piece| piece.kind)
    }

    fn at_sign(&self, ahead: usize, sign: u8) -> bool {
        self.kind(ahead) == Some(PieceKind::Punctuation(sign))
    }

    fn next_is_word(&self, word: &str) -> bool {
        self.pieces
            .get(self.at)
            .is_some_and(|piece| piece.is_word(word))
    }
}

fn cast(value: Value, target: &str, dialect: Dialect) -> Result<Value, String> {
    let as_text = ["text", "char", "varchar", "nvarchar", "nchar"].contains(&target);
    match value {
        Value::Blob(bytes) if dialect == Dialect::SqlServer => {
            match sql_server_dates::from_bytes(target, &bytes) {
                Some(date) => date.map(Value::Text),
                None => Ok(Value::Blob(bytes)),
            }
        }
        // SQLite writes text that holds a NUL as `CAST(X'...' AS TEXT)`.
        Value::Blob(bytes) if as_text => String::from_utf8(bytes)
            .map(Value::Text)
            .map_err(|_| "the bytes of a text are not UTF-8".to_owned()),
        Value::Text(text) if dialect == Dialect::SqlServer => {
            Ok(Value::Text(sql_server_dates::as_written(target, text)))
        }
        other => Ok(other),
    }
}

/// MySQL's `b'101'` as the number it is.
fn bits(digits: &str) -> Result<String, String> {
    u64::from_str_radix(digits, 2)
        .map(|number| number.to_string())
        .map_err(|_| "a value of bits holds something else than 0 and 1".to_owned())
}

fn concatenate(left: Value, right: Value) -> Result<Value, String> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Ok(Value::Text(left + &right)),
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        _ => Err("only texts can be joined".to_owned()),
    }
}

/// A number as written, or a hexadecimal literal as bytes.
pub(super) fn number(text: &str, sign: &str) -> Result<Value, String> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return from_hexadecimal(digits).map(Value::Blob);
    }
    if is_decimal(text) {
        return Ok(Value::Text(format!("{sign}{text}")));
    }
    Err(format!("`{text}` is neither a number nor a text in quotes"))
}

/// Whether a text is a plain number: `7`, `7.50`, `.5`, `1e-9`.
pub(super) fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits_and_dots = mantissa
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let one_dot = mantissa.bytes().filter(|byte| *byte == b'.').count() <= 1;
    let has_digit = mantissa.bytes().any(|byte| byte.is_ascii_digit());
    let exponent_is_whole = exponent.is_none_or(|digits| {
        let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    digits_and_dots && one_dot && has_digit && exponent_is_whole
}

fn from_hexadecimal(digits: &str) -> Result<Vec<u8>, String> {
    let nibble = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = Vec::with_capacity(digits.len() / 2 + 1);
    // MySQL reads an odd number of digits as if a zero stood before them.
    let mut high = (digits.len() % 2 == 1).then_some(0);
    for byte in digits.bytes() {
        let digit = nibble(byte).ok_or("a hexadecimal value holds a sign that is no digit")?;
        match high.take() {
            None => high = Some(digit),
            Some(first) => bytes.push(first << 4 | digit),
        }
    }
    Ok(bytes)
}

/// SQLite's `unistr`: `\XXXX`, `\+XXXXXX`, `\uXXXX`, `\UXXXXXXXX` and `\\`.
fn unescape_unistr(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (skip, digits) = match rest.bytes().next() {
            Some(b'\\') => {
                out.push('\\');
                rest = &rest[1..];
                continue;
            }
            Some(b'+') => (1, 6),
            Some(b'u') => (1, 4),
            Some(b'U') => (1, 8),
            _ => (0, 4),
        };
        let code = rest
            .get(skip..skip + digits)
            .ok_or("unistr() ends inside an escape")?;
        let code = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        out.push(code.ok_or("unistr() holds an escape that names no character")?);
        rest = &rest[skip + digits..];
    }
    out.push_str(rest);
    Ok(out)
}
