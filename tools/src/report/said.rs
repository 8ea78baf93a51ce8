//! What the importer says of single rows and places, in the language of the report.
//!
//! The reader, the writer of documents and the checker say in English why a row was not read, not brought over or differs, for
//! that is what stands in their output, in the file of rejects and in JSON. A report knows such a text again by the English set
//! of texts, takes out what stands for its variables and says it anew; so rejects that were written to a file days ago are said
//! in German as well. What is not known again (the words of a disk or of another machine) is shown as a message of the program.

use std::sync::LazyLock;

use fluent_templates::fluent_bundle::FluentValue;
use shared::presentation::format;

use super::words::{Language, Words};

/// Texts within texts: a broken value within a row that was not read, within what the target refused.
const DEEPEST_TEXT: u32 = 4;

/// Variables that stand for such a text begin like this.
const INNER: &str = "inner";

const ENGLISH: &str = include_str!("../../locales/en/messages.ftl");

/// A text of the English set, taken apart.
struct Pattern {
    key: &'static str,
    /// What stands before, between and behind the variables.
    literals: Vec<&'static str>,
    variables: Vec<&'static str>,
}

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let mut patterns: Vec<Pattern> = ENGLISH
        .lines()
        .filter(|line| line.starts_with("said-") && !line.starts_with("said-by-"))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, text)| Pattern::of(key, text))
        .collect();
    // The one that says most of a text is the one that made it.
    patterns.sort_by_key(|pattern| {
        std::cmp::Reverse(
            pattern
                .literals
                .iter()
                .map(|part| part.len())
                .sum::<usize>(),
        )
    });
    patterns
});

impl Pattern {
    fn of(key: &'static str, text: &'static str) -> Self {
        let (mut literals, mut variables) = (Vec::new(), Vec::new());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{ $") {
            let (variable, behind) = behind.split_once(" }").unwrap_or((behind, ""));
            literals.push(before);
            variables.push(variable);
            rest = behind;
        }
        literals.push(rest);
        Self {
            key,
            literals,
            variables,
        }
    }

    /// What stands in `text` for the variables, when it is of this pattern.
    fn values<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, others) = self.literals.split_first()?;
        let mut rest = text.strip_prefix(first)?;
        let Some((last, between)) = others.split_last() else {
            return rest.is_empty().then(Vec::new);
        };
        let mut values = Vec::with_capacity(self.variables.len());
        for literal in between {
            let (value, behind) = rest.split_once(literal)?;
            values.push(value);
            rest = behind;
        }
        values.push(rest.strip_suffix(last)?);
        Some(values)
    }
}

impl Words {
    /// What the program said, in the language of the report.
    pub(super) fn said(&self, message: &str) -> String {
        self.known(message, 0)
            .unwrap_or_else(|| self.with("said-by-program", "text", message))
    }

    /// The same, where it may be a value of the old database as well: that stays as it is.
    pub(super) fn said_of_key(&self, key: &str) -> String {
        match key.strip_prefix("row ") {
            Some(place) if place.bytes().all(|byte| byte.is_ascii_digit()) => self.said(key),
            _ => key.to_owned(),
        }
    }

    /// The table of a difference; of a document without a row what it is.
    pub(super) fn table_or_kind(&self, table: &str, key: &str) -> String {
        let is_document = key.parse::<shared::id::DocumentId>().is_ok();
        let kind = is_document.then(|| self.of_code("kind", table)).flatten();
        kind.unwrap_or_else(|| table.to_owned())
    }

    /// A field of a document, as people call it.
    pub(super) fn field(&self, field: &str) -> String {
        let segments: Vec<&str> = field.trim_end_matches('/').split('/').collect();
        match segments.as_slice() {
            ["items", _, "lines", _, name] => {
                self.with("field-of-line", "field", &self.field(name))
            }
            ["items", _, name] => self.with("field-of-piece", "field", &self.field(name)),
            ["legacy", "lookup", column] => self.with("field-looked-up", "column", column),
            ["price", _, _] => self.field("price"),
            ["legacy", "lines", _, column] => self.with("field-legacy-of-line", "column", column),
            ["legacy", .., column] if segments.len() > 1 => {
                self.with("field-legacy-of", "column", column)
            }
            _ => self
                .of_code("field", &segments.join("_"))
                .unwrap_or_else(|| field.to_owned()),
        }
    }

    /// What the program said of a field: a status is called what it is called elsewhere.
    pub(super) fn said_of_field(&self, field: &str, message: &str) -> String {
        if field != "status" {
            return self.said(message);
        }
        let mut said = self.said(message);
        for code in ["open", "in_work", "blocked", "done", "cancelled"] {
            if let Some(word) = self.of_code("status", code) {
                for quotes in [("«", "»"), ("“", "”")] {
                    let (open, close) = quotes;
                    said = said.replace(
                        &format!("{open}{code}{close}"),
                        &format!("{open}{word}{close}"),
                    );
                }
            }
        }
        said
    }

    fn known(&self, message: &str, depth: u32) -> Option<String> {
        if depth > DEEPEST_TEXT {
            return None;
        }
        PATTERNS.iter().find_map(|pattern| {
            let values = pattern.values(message)?;
            let mut arguments = Vec::with_capacity(values.len());
            for (variable, value) in pattern.variables.iter().zip(values) {
                let value = if variable.starts_with(INNER) {
                    self.known(value, depth + 1)?
                } else {
                    self.shown(value)
                };
                arguments.push((*variable, FluentValue::from(value)));
            }
            self.find(pattern.key, &arguments)
        })
    }

    /// A value as people write it: `Some(Text("a"))`, as the checker compares it, is “a”.
    fn shown(&self, value: &str) -> String {
        let within = |opening: &str, closing: &str| {
            value
                .strip_prefix(opening)
                .and_then(|rest| rest.strip_suffix(closing))
        };
        for wrapper in ["Some(", "Value(", "Text(", "Int(", "Id("] {
            if let Some(inner) = within(wrapper, ")") {
                return self.shown(inner);
            }
        }
        if let Some((minor, currency)) =
            within("Money { minor: ", " }").and_then(|money| money.split_once(", currency: "))
            && let Ok(minor) = minor.parse()
        {
            return format::money(minor, currency);
        }
        if let Some(days) = within("Date(", ")").and_then(|days| days.parse::<i32>().ok())
            && let Ok(span) = jiff::Span::new().try_days(days)
            && let Ok(day) = jiff::civil::date(1970, 1, 1).checked_add(span)
        {
            return format::date(day);
        }
        if let Some(at) = within("Instant(UtcMillis(", "))").and_then(|at| at.parse().ok())
            && let Ok(at) = jiff::Timestamp::from_millisecond(at)
        {
            return self.moment(at);
        }
        if let Some(text) = within("\"", "\"") {
            return match self.language {
                Language::German => format!("«{text}»"),
                Language::English => format!("“{text}”"),
            };
        }
        match value {
            "None" | "Absent" => self.text("said-nothing"),
            "Null" => "NULL".to_owned(),
            "Bool(true)" => self.text("yes"),
            "Bool(false)" => self.text("no"),
            other => other.to_owned(),
        }
    }
}

/// Whether a report can say this text in its own language.
#[cfg(test)]
pub(crate) fn is_known(message: &str) -> bool {
    Words::new(Language::German, "UTC")
        .known(message, 0)
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_program_is_said_in_the_language_of_the_report() {
        let german = Words::new(Language::German, "UTC");
        let cases = [
            (
                "only the old database could compute now(...); this row was not read",
                "now(...) könnte nur die alte Datenbank rechnen; diese Zeile wurde nicht gelesen",
            ),
            (
                "expected Some(\"Chur\"), found None",
                "erwartet «Chur», gefunden nichts",
            ),
            (
                "the target refused it: its key is NULL",
                "das Ziel hat es abgewiesen: ihr Schlüssel ist NULL",
            ),
            (
                "Abholung is no date in the plan's formats: `bald, is no date`",
                "Abholung ist kein Datum in den Formaten des Plans: `bald, is no date`",
            ),
            (
                "expected Money { minor: 500, currency: CHF }, found Value(Money { minor: 1800, currency: CHF })",
                "erwartet CHF 5.00, gefunden CHF 18.00",
            ),
            (
                "expected Date(20045), found Value(Text(\"bald\"))",
                "erwartet 18.11.2024, gefunden «bald»",
            ),
            ("UPDATE in line 17", "UPDATE in Zeile 17"),
            ("disk I/O error", "Meldung des Programms: disk I/O error"),
        ];
        for (english, wanted) in cases {
            assert_eq!(german.said(english), wanted);
        }
        let english = Words::new(Language::English, "UTC");
        assert_eq!(
            english.said("expected Some(\"Chur\"), found None"),
            "expected “Chur”, found nothing"
        );
        assert_eq!(german.said_of_key("row 7"), "Zeile 7");
        assert_eq!(german.said_of_key("row boat"), "row boat");
    }

    #[test]
    fn fields_are_called_what_people_call_them() {
        let german = Words::new(Language::German, "UTC");
        let cases = [
            ("branch/home", "Filiale"),
            ("contact/phone_e164", "Telefon mit Vorwahl"),
            ("branch/pickup", "Abholfiliale"),
            ("items/a.1/lines/a.2/price", "Position: Preis"),
            ("items/a.1/custody", "Stück: liegt bei"),
            ("price/chf/2000-01-01", "Preis"),
            ("legacy/lookup/kurier", "nachgeschlagener Text zu kurier"),
            ("legacy/", "alte Werte"),
            ("legacy/kunde", "alter Wert kunde"),
            ("legacy/lines/a.2/menge", "alter Wert menge einer Position"),
            ("something/new", "something/new"),
        ];
        for (field, wanted) in cases {
            assert_eq!(german.field(field), wanted);
        }
        assert_eq!(
            german.said_of_field("status", "expected Some(\"done\"), found None"),
            "erwartet «fertig», gefunden nichts"
        );
    }

    #[test]
    fn each_text_is_known_again_as_itself() {
        let english = Words::new(Language::English, "UTC");
        for pattern in PATTERNS.iter() {
            let text: String = pattern
                .literals
                .iter()
                .enumerate()
                .map(|(at, literal)| match pattern.variables.get(at) {
                    Some(variable) if variable.starts_with(INNER) => {
                        format!("{literal}its key is NULL")
                    }
                    Some(_) => format!("{literal}7"),
                    None => (*literal).to_owned(),
                })
                .collect();
            assert_eq!(english.said(&text), text, "{}", pattern.key);
        }
    }
}
