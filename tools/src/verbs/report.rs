//! A report as text for people.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use tools::run::Report;

use super::{EXIT_DIFFERENCES, counted};

/// Differences shown as text; all listed ones are in the JSON.
const SHOWN: usize = 20;

/// Prints a report and says by the exit code whether everything fits.
pub(super) fn conclude(report: &Report, as_json: bool, rejects: &Path) -> anyhow::Result<ExitCode> {
    if as_json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{}", render(report, rejects));
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DIFFERENCES)
    })
}

/// The report as text.
pub(super) fn render(report: &Report, rejects: &Path) -> String {
    let mut out = String::new();
    let width = report
        .ledger
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(5)
        .max(5);
    let _ = writeln!(out, "{}\n", report.target);
    let _ = writeln!(
        out,
        "{:width$}  {:>9} = {:>9} + {:>9} + {:>9} + {:>9} + {:>9}",
        "table", "source", "migrated", "merged", "embedded", "rejected", "excluded"
    );
    for (table, sums) in &report.ledger {
        let mark = if sums.add_up() {
            ""
        } else {
            "   DOES NOT ADD UP"
        };
        let _ = writeln!(
            out,
            "{table:width$}  {:>9} = {:>9} + {:>9} + {:>9} + {:>9} + {:>9}{mark}",
            sums.source, sums.migrated, sums.merged, sums.embedded, sums.rejected, sums.excluded
        );
    }
    let _ = writeln!(out);
    for (rule, count) in report.changes.iter().filter(|(_, count)| **count > 0) {
        let changed = counted(*count, "value", "values");
        let _ = writeln!(out, "{changed} changed by the rule {rule}");
    }
    for (branch, orders) in &report.orders_by_branch {
        let _ = writeln!(out, "{} at {branch}", counted(*orders, "order", "orders"));
    }
    if report.ledger.values().any(|sums| sums.rejected > 0) {
        let _ = writeln!(
            out,
            "Rejected rows with their reasons are in {}",
            rejects.display()
        );
    }
    if report.mended > 0 {
        let _ = writeln!(
            out,
            "{}",
            counted(
                report.mended,
                "row was read as somebody has mended it",
                "rows were read as somebody has mended them"
            )
        );
    }
    if report.gone > 0 {
        let _ = writeln!(
            out,
            "{}; a person decides",
            counted(
                report.gone,
                "document says that its row is gone from the source",
                "documents say that their rows are gone from the source"
            )
        );
    }
    if report.edited_since > 0 {
        let _ = writeln!(
            out,
            "{}",
            counted(
                report.edited_since,
                "field was changed by staff since; it is theirs",
                "fields were changed by staff since; they are theirs"
            )
        );
    }
    let _ = writeln!(
        out,
        "{} documents, {} were there already; {:.1} s, {:.0} rows/s, at most {} MiB of memory",
        report.documents,
        report.already_there,
        report.seconds,
        report.rows_per_second,
        report.peak_memory_bytes / (1024 * 1024)
    );
    if report.is_clean() {
        let _ = writeln!(out, "Every row is accounted for.");
    } else {
        let count = report.difference_count;
        let _ = writeln!(out, "\n{}", counted(count, "DIFFERENCE", "DIFFERENCES"));
        for difference in report.differences.iter().take(SHOWN) {
            let place = [
                difference.table.as_str(),
                difference.key.as_str(),
                difference.field.as_str(),
            ];
            let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
            let _ = writeln!(out, "  {}: {}", place.join(" / "), difference.what);
        }
    }
    out
}
