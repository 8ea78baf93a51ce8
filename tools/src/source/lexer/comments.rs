//! Comments of every kind, and MySQL's comments that are code.

use super::{Lexer, Mode, Token};

/// `/*M!999999` and `/*!99999` name versions that no server has: MariaDB's clients write commands to themselves so.
const NEVER_REACHED_VERSION: u32 = 99_999;

impl Lexer {
    /// What begins with one of `-`, `#`, `/`, `*`. Outer `None`: more bytes are needed; inner: it is no comment.
    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; then: whether it was a comment; inside: no token comes of it"
    )]
    pub(super) fn open_comment(&mut self, first: u8) -> Option<Option<Option<Token>>> {
        let ahead = &self.buffer[self.start..];
        match first {
            b'-' => {
                // `--` needs its third byte in MySQL: `5--3` is arithmetic there.
                if !self.known(3) {
                    return None;
                }
                let opens = ahead.get(1) == Some(&b'-')
                    && (!self.rules.dash_comment_needs_blank
                        || ahead.get(2).is_none_or(u8::is_ascii_whitespace));
                Some(opens.then(|| self.enter(Mode::LineComment, 2)))
            }
            b'#' => Some(
                self.rules
                    .hash_comments
                    .then(|| self.enter(Mode::LineComment, 1)),
            ),
            b'/' => {
                if !self.known(4) {
                    return None;
                }
                if ahead.get(1) == Some(&b'*') {
                    return self.open_block_comment().map(Some);
                }
                Some(None)
            }
            _ if self.in_conditional => {
                if !self.known(2) {
                    return None;
                }
                if ahead.get(1) == Some(&b'/') {
                    self.in_conditional = false;
                    self.skip(2);
                    return Some(Some(None));
                }
                Some(None)
            }
            _ => Some(None),
        }
    }

    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; inside: whether a token came of it"
    )]
    fn open_block_comment(&mut self) -> Option<Option<Token>> {
        let ahead = &self.buffer[self.start..];
        let prefix = match (ahead.get(2), ahead.get(3)) {
            (Some(b'!'), _) => 3,
            (Some(b'M'), Some(b'!')) => 4,
            _ => 0,
        };
        if prefix == 0 || !self.rules.conditional_comments {
            return Some(self.enter(Mode::BlockComment { depth: 1 }, 2));
        }
        // The version number of five or six digits belongs to the opening; its end must be in sight.
        let digits = ahead[prefix..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
            .min(6);
        if !self.at_end && ahead.len() == prefix + digits && digits < 6 {
            return None;
        }
        let version = ahead[prefix..prefix + digits]
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        if version >= NEVER_REACHED_VERSION && (digits == 5 || version == 999_999) {
            return Some(self.enter(Mode::BlockComment { depth: 1 }, prefix + digits));
        }
        self.in_conditional = true;
        self.skip(prefix + digits);
        Some(None)
    }

    pub(super) fn line_comment(&mut self) -> Option<()> {
        let rest = &self.buffer[self.scan..];
        if let Some(found) = memchr::memchr(b'\n', rest) {
            self.leave_comment(self.scan + found);
            return Some(());
        }
        self.drop_comment(0);
        self.at_end.then(|| self.mode = Mode::Between)
    }

    pub(super) fn block_comment(&mut self, depth: u32) -> Option<()> {
        while let Some(found) = memchr::memchr2(b'*', b'/', &self.buffer[self.scan..]) {
            self.scan += found;
            let Some(next) = self.buffer.get(self.scan + 1) else {
                break;
            };
            match (self.buffer[self.scan], next) {
                (b'*', b'/') if depth <= 1 => {
                    self.leave_comment(self.scan + 2);
                    return Some(());
                }
                (b'*', b'/') => {
                    self.scan += 2;
                    self.mode = Mode::BlockComment { depth: depth - 1 };
                    return Some(());
                }
                (b'/', b'*') if self.rules.nested_comments => {
                    self.scan += 2;
                    self.mode = Mode::BlockComment {
                        depth: depth.saturating_add(1),
                    };
                    return Some(());
                }
                _ => self.scan += 1,
            }
        }
        // The last byte may be half of `*/`: keep it.
        self.drop_comment(1);
        if self.at_end {
            self.leave_comment(self.buffer.len());
            return Some(());
        }
        None
    }

    /// Lets the bytes of a comment go, all but the last `keep`.
    fn drop_comment(&mut self, keep: usize) {
        // What was looked at already (the `/*` of an inner comment) is never looked at twice.
        let to = self.buffer.len().saturating_sub(keep).max(self.scan);
        self.count_lines(self.start, to);
        self.start = to;
        self.scan = to;
    }

    fn leave_comment(&mut self, to: usize) {
        self.count_lines(self.start, to);
        self.start = to;
        self.scan = to;
        self.mode = Mode::Between;
        self.blank_before = true;
    }
}
