//! The assessment for people who decide: what is there, what is risky, what to do about it.

use std::collections::BTreeMap;

use shared::presentation::chart::{Chart, Series, horizontal_bars};
use shared::presentation::format;

use super::words::Words;
use super::{
    About, Part, Row, Sheet, Table, Verdict, code, head, message, name, number, number_head, row,
};
use crate::assess::{Assessment, ColumnReport, Finding, Risk, TableReport};

/// Tables whose columns are written out one by one; beyond, a report is no longer read.
const MOST_TABLES_IN_FULL: usize = 40;

/// Tables of the chart: as many bars as can be compared by eye.
const MOST_BARS: usize = 12;

/// Examples of a finding in the report; all that were kept are in the JSON.
const MOST_EXAMPLES: usize = 6;

/// The report as HTML.
///
/// # Errors
/// When the template fails, which is a defect.
pub fn assessment(about: &About, assessment: &Assessment) -> Result<String, askama::Error> {
    let of_risk = |risk: Risk| {
        let found = assessment.findings.iter();
        found.filter(|finding| finding.risk == risk).count() as u64
    };
    let mut sheet = Sheet::new(about, "assessment-title", |words| {
        if of_risk(Risk::High) > 0 {
            let headline = words.counted("assessment-bad", of_risk(Risk::High));
            Verdict::bad(words, headline, "assessment-bad-text")
        } else if assessment.findings.is_empty() {
            Verdict::ok(words, "assessment-ok")
        } else {
            Verdict::warn(words, "assessment-warn", assessment.findings.len() as u64)
        }
    });
    facts(&mut sheet, assessment);
    let parts = vec![
        Part::Charts(vec![
            tables_chart(&sheet.words, assessment),
            risks_chart(&sheet.words, &of_risk),
        ]),
        Part::Table(findings_table(&sheet.words, &assessment.findings)),
    ];
    sheet.section("assessment-risks", "assessment-risks-intro", parts);
    let parts = vec![Part::Table(tables_table(&sheet.words, &assessment.tables))];
    sheet.section("assessment-tables-title", "assessment-tables-intro", parts);
    let parts = vec![Part::Table(relations_table(&sheet.words, assessment))];
    sheet.section("assessment-relations", "assessment-relations-intro", parts);
    let parts = vec![
        Part::Facts(vec![(
            sheet.words.text("assessment-encoding"),
            encoding(&sheet.words, &assessment.encoding),
        )]),
        Part::Table(findings_table(
            &sheet.words,
            &about_characters(&assessment.findings),
        )),
    ];
    sheet.section(
        "assessment-encoding-title",
        "assessment-encoding-text",
        parts,
    );
    let parts = vec![Part::Table(errors_table(&sheet.words, assessment))];
    sheet.section("assessment-errors", "assessment-errors-intro", parts);
    let parts = vec![Part::Table(skipped_table(&sheet.words, assessment))];
    sheet.section("assessment-skipped", "assessment-skipped-intro", parts);
    columns(&mut sheet, &assessment.tables);
    sheet.signature = Some((
        sheet.words.text("assessment-sign"),
        vec![
            sheet.words.text("certificate-role-it"),
            sheet.words.text("certificate-role-management"),
        ],
    ));
    sheet.written()
}

fn facts(sheet: &mut Sheet, assessment: &Assessment) {
    let words = sheet.words.clone();
    let rows: u64 = assessment.tables.iter().map(|table| table.rows).sum();
    sheet.fact("assessment-dialect", assessment.dialect.clone());
    sheet.fact(
        "assessment-encoding",
        encoding(&words, &assessment.encoding),
    );
    sheet.fact("assessment-size", words.bytes(assessment.bytes));
    sheet.fact(
        "assessment-tables",
        words.count(assessment.tables.len() as u64),
    );
    sheet.fact("assessment-rows", words.count(rows));
    sheet.fact(
        "assessment-findings",
        words.count(assessment.findings.len() as u64),
    );
    sheet.fact(
        "assessment-unread",
        words.count(assessment.errors.len() as u64),
    );
    sheet.fact("sheet-source-sha", assessment.sha256.clone());
}

/// `mixed utf-8 and cp850` in the report's language.
fn encoding(words: &Words, encoding: &str) -> String {
    match encoding.strip_prefix("mixed ") {
        Some(mixed) => words.with(
            "assessment-mixed",
            "encodings",
            &mixed.replace(" and ", ", "),
        ),
        None => encoding.to_owned(),
    }
}

fn tables_chart(words: &Words, assessment: &Assessment) -> String {
    let mut largest: Vec<&TableReport> = assessment
        .tables
        .iter()
        .filter(|table| table.rows > 0)
        .collect();
    largest.sort_by_key(|table| std::cmp::Reverse(table.rows));
    largest.truncate(MOST_BARS);
    bars(
        words,
        "assessment-chart-tables",
        largest
            .iter()
            .map(|table| (table.name.clone(), table.rows))
            .collect(),
    )
}

fn risks_chart(words: &Words, of_risk: &dyn Fn(Risk) -> u64) -> String {
    let risks = [Risk::High, Risk::Medium, Risk::Low];
    bars(
        words,
        "assessment-chart-risks",
        risks
            .iter()
            .map(|risk| (words.text(risk_key(*risk)), of_risk(*risk)))
            .collect(),
    )
}

/// Lying bars of counts. `key` names the chart, `key-text` says what is seen.
pub(super) fn bars(words: &Words, key: &str, values: Vec<(String, u64)>) -> String {
    let (categories, counts): (Vec<String>, Vec<u64>) = values.into_iter().unzip();
    horizontal_bars(&Chart {
        language: words.language.of_charts(),
        title: words.text(key),
        description: words.text(&format!("{key}-text")),
        categories,
        series: vec![Series {
            name: words.text("column-count"),
            values: counts.into_iter().map(to_bar).collect(),
        }],
        show_value: whole,
    })
}

/// A count as the length of a bar.
pub(super) fn to_bar(count: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a bar is a few hundred points long"
    )]
    let length = count as f64;
    length
}

/// `12'345`.
pub(super) fn whole(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "counts are far below")]
    let count = value.round() as i64;
    format::count(count)
}

const fn risk_key(risk: Risk) -> &'static str {
    match risk {
        Risk::High => "risk-high",
        Risk::Medium => "risk-medium",
        Risk::Low => "risk-low",
    }
}

/// Findings that are about how characters are written.
fn about_characters(findings: &[Finding]) -> Vec<Finding> {
    let about = ["mixed_encoding", "mojibake", "unreadable_character"];
    let found = findings.iter();
    found
        .filter(|finding| about.contains(&finding.code))
        .cloned()
        .collect()
}

fn findings_table(words: &Words, findings: &[Finding]) -> Table {
    let rows = findings.iter().map(|finding| {
        let mut risk = name(words.text(risk_key(finding.risk)));
        risk.class = match finding.risk {
            Risk::High => "bad",
            Risk::Medium => "warn",
            Risk::Low => "",
        };
        let what = words.of_code("finding", finding.code);
        let remedy = words.of_code("remedy", finding.code);
        let place = [finding.table.as_str(), finding.column.as_str()];
        let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
        let mut cells = vec![
            risk,
            name(what.unwrap_or_else(|| finding.code.to_owned())),
            code(place.join(".")),
            number(words.count(finding.count)),
            code(examples(words, finding)),
            name(remedy.unwrap_or_else(|| finding.remedy.clone())),
        ];
        for prose in [1, 5] {
            cells[prose].class = "prose";
        }
        row(cells)
    });
    Table {
        head: vec![
            head(words.text("column-risk")),
            head(words.text("column-what")),
            head(words.text("column-place")),
            number_head(words.text("column-count")),
            head(words.text("column-examples")),
            head(words.text("column-remedy")),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}

/// Values as they stand; of findings about places the places.
fn examples(words: &Words, finding: &Finding) -> String {
    let names_places = ["unreadable", "unapplied_change"].contains(&finding.code);
    let mut shown: Vec<String> = finding
        .examples
        .iter()
        .take(MOST_EXAMPLES)
        .map(|example| {
            if names_places {
                words.said(example)
            } else {
                example.clone()
            }
        })
        .collect();
    if finding.examples.len() > MOST_EXAMPLES {
        shown.push("…".to_owned());
    }
    shown.join(" · ")
}

fn tables_table(words: &Words, tables: &[TableReport]) -> Table {
    let rows = tables.iter().map(|table| {
        row(vec![
            code(table.name.as_str()),
            name(role(words, table.role)),
            number(words.count(table.rows)),
            number(words.count(table.columns.len() as u64)),
            code(key_of(words, table)),
        ])
    });
    Table {
        head: vec![
            head(words.text("column-table")),
            head(words.text("column-holds")),
            number_head(words.text("column-rows")),
            number_head(words.text("column-columns")),
            head(words.text("column-key")),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}

fn role(words: &Words, role: &str) -> String {
    words
        .of_code("role", role)
        .unwrap_or_else(|| role.to_owned())
}

fn key_of(words: &Words, table: &TableReport) -> String {
    if table.primary_key.is_empty() {
        words.text("sheet-none")
    } else {
        table.primary_key.join(", ")
    }
}

fn relations_table(words: &Words, assessment: &Assessment) -> Table {
    let rows = assessment.relations.iter().map(|relation| {
        let certain = if relation.declared {
            "assessment-declared"
        } else {
            "assessment-inferred"
        };
        row(vec![
            code(format!("{}.{}", relation.table, relation.column)),
            code(format!("{}.{}", relation.target, relation.target_column)),
            name(words.text(certain)),
        ])
    });
    Table {
        head: ["reference", "leads-to", "certain"]
            .map(|key| head(words.text(&format!("column-{key}"))))
            .into(),
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}

fn errors_table(words: &Words, assessment: &Assessment) -> Table {
    let rows = assessment.errors.iter().map(|error| {
        row(vec![
            number(words.count(error.line)),
            number(words.count(error.column)),
            message(words.said(&error.message)),
        ])
    });
    Table {
        head: vec![
            number_head(words.text("column-line")),
            number_head(words.text("column-position")),
            head(words.text("column-message")),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}

fn skipped_table(words: &Words, assessment: &Assessment) -> Table {
    const MOST_LINES: usize = 12;
    let mut by_kind: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for skipped in &assessment.skipped {
        by_kind
            .entry(skipped.kind.as_str())
            .or_default()
            .push(skipped.line);
    }
    let rows = by_kind.iter().map(|(kind, lines)| {
        let mut shown: Vec<String> = lines
            .iter()
            .take(MOST_LINES)
            .map(ToString::to_string)
            .collect();
        if lines.len() > MOST_LINES {
            shown.push("…".to_owned());
        }
        row(vec![
            code(*kind),
            number(words.count(lines.len() as u64)),
            code(shown.join(", ")),
        ])
    });
    Table {
        head: vec![
            head(words.text("column-kind")),
            number_head(words.text("column-count")),
            head(words.text("column-lines")),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}

/// A section for the columns of each table.
fn columns(sheet: &mut Sheet, tables: &[TableReport]) {
    let words = sheet.words.clone();
    for (index, table) in tables.iter().take(MOST_TABLES_IN_FULL).enumerate() {
        let title = words.with("assessment-columns-title", "table", &table.name);
        let left_out = tables.len().saturating_sub(MOST_TABLES_IN_FULL) as u64;
        let mut parts = vec![
            Part::Facts(vec![
                (words.text("column-holds"), role(&words, table.role)),
                (words.text("column-rows"), words.count(table.rows)),
                (words.text("column-key"), key_of(&words, table)),
            ]),
            Part::Table(columns_table(&words, &table.columns)),
        ];
        if left_out > 0 && index + 1 == MOST_TABLES_IN_FULL {
            parts.push(Part::Text(
                words.counted("assessment-columns-left-out", left_out),
            ));
        }
        sheet.sections.push(super::Section {
            title,
            intro: String::new(),
            parts,
        });
    }
}

fn columns_table(words: &Words, columns: &[ColumnReport]) -> Table {
    let count = |count: u64| number(words.count(count));
    let rows = columns.iter().map(|column| Row {
        class: "",
        cells: vec![
            code(column.name.as_str()),
            code(column.declared_type.as_str()),
            name(found(words, &column.found_type)),
            count(column.nulls),
            count(column.empty),
            match column.distinct {
                Some(distinct) => count(distinct as u64),
                None => number(words.text("sheet-none")),
            },
            count(column.longest as u64),
        ],
    });
    let texts = ["column", "declared", "found"];
    let numbers = ["nulls", "empty", "distinct", "longest"];
    let texts = texts.map(|key| head(words.text(&format!("column-{key}"))));
    let numbers = numbers.map(|key| number_head(words.text(&format!("column-{key}"))));
    Table {
        head: texts.into_iter().chain(numbers).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}

/// `integer and text` in the report's language.
fn found(words: &Words, found: &str) -> String {
    let kinds = found.split(" and ").map(|kind| {
        let key = match kind {
            "amount as text" => "amount",
            "nothing" => "empty",
            other => other,
        };
        words
            .of_code("found", key)
            .unwrap_or_else(|| kind.to_owned())
    });
    kinds.collect::<Vec<_>>().join(", ")
}
