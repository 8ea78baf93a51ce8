//! How a plan is written.

use std::fmt::Write as _;

use super::Proposal;
use crate::vocabulary::reduced;

impl Proposal<'_> {
    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// `key = "value"   # comment`
    pub(super) fn entry(&mut self, key: &str, value: &str, comment: &str) {
        let entry = format!("{key} = {}", quoted(value));
        let _ = writeln!(self.out, "{entry:44} # {comment}");
    }

    pub(super) fn entry_bare(&mut self, key: &str, value: &str, comment: &str) {
        let entry = format!("{key} = {value}");
        let _ = writeln!(self.out, "{entry:44} # {comment}");
    }

    pub(super) fn map(&mut self, section: &str, entries: &[(String, String)]) {
        if entries.is_empty() {
            return;
        }
        let _ = writeln!(self.out, "\n[{section}]");
        for (from, to) in entries {
            let _ = writeln!(self.out, "{} = {}", quoted(from), quoted(to));
        }
    }
}

pub(super) fn quoted(text: &str) -> String {
    // Always the basic form on one line: a person edits this file.
    let mut out = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            sign if sign.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(sign));
            }
            sign => out.push(sign),
        }
    }
    out.push('"');
    out
}

pub(super) fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

pub(super) fn source_name(file_name: &str) -> String {
    let stem = file_name.split('.').next().unwrap_or(file_name);
    let name: String = reduced(stem)
        .chars()
        .filter(char::is_ascii)
        .take(40)
        .collect();
    if name.is_empty() {
        "legacy".to_owned()
    } else {
        name
    }
}
