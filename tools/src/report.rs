//! Reports for people who decide and sign: each one HTML file that needs nothing else, on paper as on a screen.
//!
//! Every report is a sheet of the same parts (facts, tables, charts, signatures), and one template writes it. The
//! template escapes whatever comes from a legacy database; a file may be opened and mailed without any thought, since
//! it loads nothing and runs nothing.

mod assessment;
mod certificate;
mod reconciliation;
mod rehearsal;
mod said;
mod words;

use std::fmt::Write as _;
use std::path::Path;

use askama::Template;
use jiff::Timestamp;

pub use assessment::assessment;
pub use certificate::certificate;
pub use reconciliation::reconciliation;
pub use rehearsal::rehearsal;
#[cfg(test)]
pub(crate) use said::is_known;
pub use words::Language;
use words::Words;

use crate::ledger::Sums;
use std::collections::BTreeMap;

/// Rows of one table in a report; a sheet of paper has about forty. The rest is counted, and in the JSON.
const MOST_ROWS: usize = 400;

/// Signs of one value in a report. A longer one is cut, with a sign that it was.
const LONGEST_VALUE: usize = 160;

/// Signs of a sentence in a report: what was found and what is to be done about it, with a value or two in it.
const LONGEST_SENTENCE: usize = 800;

/// What all reports say of themselves.
#[derive(Debug, Clone)]
pub struct About {
    /// In which language.
    pub language: Language,
    /// When it is made.
    pub made_at: Timestamp,
    /// IANA zone in which instants are shown.
    pub time_zone: String,
    /// The source's name for people: its file's name.
    pub source: String,
}

impl About {
    /// A report of now about a source file.
    pub fn now(language: Language, time_zone: &str, source: &Path) -> Self {
        let name = source.file_name().unwrap_or(source.as_os_str());
        Self {
            language,
            made_at: Timestamp::now(),
            time_zone: time_zone.to_owned(),
            source: name.to_string_lossy().into_owned(),
        }
    }
}

/// One report.
#[derive(Template)]
#[template(path = "sheet.html")]
struct Sheet {
    words: Words,
    style: String,
    title: String,
    /// What it is about: the source's name.
    subject: String,
    made: String,
    verdict: Verdict,
    facts: Vec<(String, String)>,
    sections: Vec<Section>,
    /// What a signature means, and whose lines there are; none when the report is not signed.
    signature: Option<(String, Vec<String>)>,
    foot: Vec<String>,
}

/// The one large answer.
struct Verdict {
    /// `ok`, `warn` or `bad`.
    class: &'static str,
    /// Said beside the colour, for whoever prints in black.
    mark: &'static str,
    headline: String,
    text: String,
}

impl Verdict {
    fn ok(words: &Words, key: &str) -> Self {
        Self {
            class: "ok",
            mark: "✓",
            headline: words.text(key),
            text: words.text(&format!("{key}-text")),
        }
    }

    fn warn(words: &Words, key: &str, count: u64) -> Self {
        Self {
            class: "warn",
            mark: "!",
            headline: words.counted(key, count),
            text: words.text(&format!("{key}-text")),
        }
    }

    fn bad(words: &Words, headline: String, text: &str) -> Self {
        Self {
            class: "bad",
            mark: "✗",
            headline,
            text: words.text(text),
        }
    }
}

/// A part of a report with its own heading.
struct Section {
    title: String,
    intro: String,
    parts: Vec<Part>,
}

/// What a section is made of.
enum Part {
    Table(Table),
    /// Charts side by side, as SVG that escapes its own texts.
    Charts(Vec<String>),
    Text(String),
    List(Vec<String>),
    Facts(Vec<(String, String)>),
}

/// A table. Numbers stand at the right, and wide tables are scrolled on a telephone, not squeezed.
#[derive(Default)]
struct Table {
    caption: String,
    /// Heads that stand over several columns: text and how many.
    groups: Vec<(String, usize)>,
    head: Vec<Head>,
    rows: Vec<Row>,
    /// Said below when rows were left out.
    more: String,
    /// Said instead of a table that would be empty.
    nothing: String,
}

struct Head {
    text: String,
    class: &'static str,
}

#[derive(Default)]
struct Row {
    class: &'static str,
    cells: Vec<Cell>,
}

struct Cell {
    text: String,
    class: &'static str,
}

/// A cell of words.
fn name(text: impl Into<String>) -> Cell {
    Cell {
        text: shortened(text.into(), LONGEST_SENTENCE),
        class: "",
    }
}

/// A cell of a value as a program or a database writes it.
fn code(text: impl Into<String>) -> Cell {
    Cell {
        text: shortened(text.into(), LONGEST_VALUE),
        class: "code",
    }
}

/// A cell of a sentence.
fn message(text: impl Into<String>) -> Cell {
    Cell {
        class: "prose",
        ..name(text)
    }
}

/// A cell of a number, which is never broken over two lines.
fn number(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        class: "number",
    }
}

fn head(text: String) -> Head {
    Head { text, class: "" }
}

fn number_head(text: String) -> Head {
    Head {
        text,
        class: "number",
    }
}

fn row(cells: Vec<Cell>) -> Row {
    Row { class: "", cells }
}

impl Table {
    /// Keeps as many rows as a reader can use and says how many more there are.
    fn bounded(mut self, words: &Words, left_out: u64) -> Self {
        let beyond = self.rows.len().saturating_sub(MOST_ROWS) as u64 + left_out;
        self.rows.truncate(MOST_ROWS);
        if beyond > 0 {
            self.more = words.counted("sheet-more", beyond);
        }
        if self.rows.is_empty() && self.nothing.is_empty() {
            self.nothing = words.text("sheet-nothing");
        }
        self
    }
}

fn shortened(text: String, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text;
    }
    let head: String = text.chars().take(longest - 1).collect();
    format!("{head}…")
}

/// The ledger with its sums.
fn ledger_table(words: &Words, ledger: &BTreeMap<String, Sums>) -> Table {
    let heads = [
        "source", "migrated", "merged", "embedded", "rejected", "excluded",
    ];
    let mut columns = vec![head(words.text("column-table"))];
    columns.extend(heads.map(|key| number_head(words.text(&format!("column-{key}")))));
    columns.push(head(words.text("column-sum")));
    let line = |name: Cell, sums: &Sums, class: &'static str| {
        let mut cells = vec![name];
        let counts = [
            sums.source,
            sums.migrated,
            sums.merged,
            sums.embedded,
            sums.rejected,
            sums.excluded,
        ];
        cells.extend(counts.map(|count| number(words.count(count))));
        cells.push(verdict_cell(words, sums.add_up()));
        Row { class, cells }
    };
    let mut rows: Vec<Row> = ledger
        .iter()
        .map(|(table, sums)| line(code(table.as_str()), sums, ""))
        .collect();
    let mut all = Sums::default();
    for sums in ledger.values() {
        all.source += sums.source;
        all.migrated += sums.migrated;
        all.merged += sums.merged;
        all.embedded += sums.embedded;
        all.rejected += sums.rejected;
        all.excluded += sums.excluded;
    }
    let left_out = rows.len().saturating_sub(MOST_ROWS) as u64;
    rows.truncate(MOST_ROWS);
    rows.push(line(
        name(words.text("reconciliation-group-total")),
        &all,
        "total",
    ));
    Table {
        head: columns,
        more: if left_out > 0 {
            words.counted("sheet-more", left_out)
        } else {
            String::new()
        },
        rows,
        ..Table::default()
    }
}

/// Yes or no, in a word and a colour.
fn verdict_cell(words: &Words, holds: bool) -> Cell {
    if holds {
        Cell {
            text: words.text("yes"),
            class: "ok",
        }
    } else {
        Cell {
            text: words.text("no").to_uppercase(),
            class: "bad",
        }
    }
}

/// Rules with what was changed and what the plan allows.
fn changes_table(
    words: &Words,
    changes: &BTreeMap<String, u64>,
    budget: &BTreeMap<String, u64>,
) -> Table {
    let mut rules: Vec<&String> = changes.keys().chain(budget.keys()).collect();
    rules.sort();
    rules.dedup();
    let rows = rules.into_iter().filter_map(|rule| {
        let used = changes.get(rule).copied().unwrap_or(0);
        let allowed = budget.get(rule).copied().unwrap_or(0);
        (used > 0 || allowed > 0).then(|| {
            let mut cells = vec![
                name(words.of_code("rule", rule).unwrap_or_else(|| rule.clone())),
                number(words.count(used)),
                number(words.count(allowed)),
            ];
            cells.push(verdict_cell(words, used <= allowed));
            row(cells)
        })
    });
    Table {
        head: vec![
            head(words.text("column-rule")),
            number_head(words.text("column-used")),
            number_head(words.text("column-allowed")),
            head(words.text("column-sum")),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}

/// The target without the program's own words for what it is: its address or its folder.
fn place_of(target: &str) -> String {
    let bare = target
        .strip_prefix("the hub ")
        .or_else(|| target.strip_prefix("the store in "));
    bare.unwrap_or(target).to_owned()
}

/// Differences one by one.
fn differences_table(words: &Words, report: &crate::run::Report) -> Table {
    let rows = report.differences.iter().map(|difference| {
        row(vec![
            code(words.table_or_kind(&difference.table, &difference.key)),
            code(words.said_of_key(&difference.key)),
            name(words.field(&difference.field)),
            message(words.said_of_field(&difference.field, &difference.what)),
        ])
    });
    Table {
        head: ["table", "key", "field", "message"]
            .map(|key| head(words.text(&format!("column-{key}"))))
            .into(),
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(
        words,
        report
            .difference_count
            .saturating_sub(report.differences.len() as u64),
    )
}

impl Sheet {
    fn new(about: &About, title: &str, verdict: impl FnOnce(&Words) -> Verdict) -> Self {
        let words = Words::new(about.language, &about.time_zone);
        let (title, made) = (words.text(title), words.moment(about.made_at));
        Self {
            style: format!(
                "{}{}",
                running_heads(&format!("{title}: {}", about.source), &made),
                include_str!("../templates/sheet.css")
            ),
            title,
            subject: about.source.clone(),
            made,
            verdict: verdict(&words),
            facts: Vec::new(),
            sections: Vec::new(),
            signature: None,
            foot: vec![words.text("sheet-json")],
            words,
        }
    }

    fn fact(&mut self, key: &str, value: impl Into<String>) {
        self.facts.push((self.words.text(key), value.into()));
    }

    fn section(&mut self, title: &str, intro: &str, parts: Vec<Part>) {
        let intro = if intro.is_empty() {
            String::new()
        } else {
            self.words.text(intro)
        };
        self.sections.push(Section {
            title: self.words.text(title),
            intro,
            parts,
        });
    }

    fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }
}

/// What stands on top of every printed page but the first: at the left and at the right.
fn running_heads(left: &str, right: &str) -> String {
    let style = "font: 8.5pt system-ui, sans-serif; color: #465654;";
    format!(
        "@page {{ @top-left {{ content: \"{}\"; {style} }} @top-right {{ content: \"{}\"; {style} }} }}\n",
        in_css(left),
        in_css(right)
    )
}

/// A text within a string of a style sheet: whatever could end the string, or the sheet, is written as its number.
fn in_css(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for sign in shortened(text.to_owned(), LONGEST_VALUE).chars() {
        if sign.is_alphanumeric() || matches!(sign, ' ' | '.' | ',' | ':' | '-' | '_') {
            written.push(sign);
        } else {
            let _ = write!(written, "\\{:06x}", u32::from(sign));
        }
    }
    written
}

#[cfg(test)]
mod languages;
#[cfg(test)]
pub(crate) mod tests;
