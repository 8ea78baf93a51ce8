//! An assessment as text for people.

use std::fmt::Write as _;

use super::{Assessment, Risk};

/// Lines of skipped statements and errors that are shown; all are in the JSON.
const SHOWN: usize = 12;

/// The assessment as text.
pub fn render(assessment: &Assessment) -> String {
    let mut out = String::new();
    let rows: u64 = assessment.tables.iter().map(|table| table.rows).sum();
    let _ = writeln!(
        out,
        "{} source, {}, {} bytes, {} tables, {rows} rows\n",
        assessment.dialect,
        assessment.encoding,
        assessment.bytes,
        assessment.tables.len()
    );
    let width = assessment
        .tables
        .iter()
        .map(|table| table.name.chars().count())
        .max()
        .unwrap_or(5)
        .max(5);
    let _ = writeln!(
        out,
        "{:width$}  {:>10}  {:>7}  {:10}  key",
        "table", "rows", "columns", "holds"
    );
    for table in &assessment.tables {
        let key = if table.primary_key.is_empty() {
            "none".to_owned()
        } else {
            table.primary_key.join(", ")
        };
        let (name, columns) = (&table.name, table.columns.len());
        let _ = writeln!(
            out,
            "{name:width$}  {:>10}  {columns:>7}  {:10}  {key}",
            table.rows, table.role
        );
    }
    if !assessment.findings.is_empty() {
        let _ = writeln!(out, "\n{} findings", assessment.findings.len());
    }
    for finding in &assessment.findings {
        let place = [finding.table.as_str(), finding.column.as_str()].join(".");
        let risk = match finding.risk {
            Risk::High => "HIGH  ",
            Risk::Medium => "medium",
            Risk::Low => "low   ",
        };
        let _ = writeln!(
            out,
            "{risk}  {} x {} {}",
            finding.count,
            finding.code,
            place.trim_matches('.')
        );
        if !finding.examples.is_empty() {
            let _ = writeln!(out, "        such as {}", finding.examples.join(" | "));
        }
        let _ = writeln!(out, "        {}", finding.remedy);
    }
    list(
        &mut out,
        "could not be read",
        assessment.errors.len(),
        |index| {
            let broken = &assessment.errors[index];
            format!(
                "line {}, column {}: {}",
                broken.line, broken.column, broken.message
            )
        },
    );
    list(
        &mut out,
        "stepped over",
        assessment.skipped.len(),
        |index| {
            let skipped = &assessment.skipped[index];
            format!("line {}: {}", skipped.line, skipped.kind)
        },
    );
    out
}

fn list(out: &mut String, title: &str, count: usize, line: impl Fn(usize) -> String) {
    if count == 0 {
        return;
    }
    let _ = writeln!(out, "\n{count} {title}");
    for index in 0..count.min(SHOWN) {
        let _ = writeln!(out, "  {}", line(index));
    }
    if count > SHOWN {
        let _ = writeln!(out, "  and {} more (--json lists them)", count - SHOWN);
    }
}
