//! What a rehearsal came to, for whoever releases the real run.

use super::assessment::bars;
use super::reconciliation::sums_sections;
use super::words::Words;
use super::{
    About, Part, Sheet, Table, Verdict, changes_table, code, differences_table, head, ledger_table,
    message, name, number, number_head, row,
};
use crate::ledger::Sums;
use crate::rehearse::Rehearsal;
use crate::rejects::RejectedRows;

/// The report as HTML.
///
/// # Errors
/// When the template fails, which is a defect.
pub fn rehearsal(
    about: &About,
    plan_sha256: &str,
    rehearsal: &Rehearsal,
) -> Result<String, askama::Error> {
    let mut sheet = Sheet::new(about, "rehearsal-title", |words| {
        if !rehearsal.is_within_budget() {
            let headline = words.text("rehearsal-budget");
            Verdict::bad(words, headline, "rehearsal-budget-text")
        } else if !rehearsal.is_clean() {
            let headline = words.text("rehearsal-bad");
            Verdict::bad(words, headline, "rehearsal-bad-text")
        } else if rehearsal.rejected() > 0 {
            Verdict::warn(words, "rehearsal-rejects", rehearsal.rejected())
        } else {
            Verdict::ok(words, "rehearsal-ok")
        }
    });
    facts(&mut sheet, plan_sha256, rehearsal);
    let words = sheet.words.clone();
    let parts = vec![
        Part::Charts(vec![ledger_chart(&words, rehearsal)]),
        Part::Table(ledger_table(&words, &rehearsal.report.ledger)),
    ];
    sheet.section("rehearsal-ledger", "rehearsal-ledger-intro", parts);
    if !rehearsal.report.is_clean() {
        let parts = vec![Part::Table(differences_table(&words, &rehearsal.report))];
        sheet.section("rehearsal-differences", "", parts);
    }
    let parts = vec![Part::Table(rejects_table(&words, &rehearsal.rejects))];
    sheet.section(
        "rehearsal-rejected-title",
        "rehearsal-rejected-intro",
        parts,
    );
    let changes = changes_table(&words, &rehearsal.changes, &rehearsal.budget);
    sheet.section(
        "rehearsal-budget-title",
        "rehearsal-budget-intro",
        vec![Part::Table(changes)],
    );
    let forecast = vec![
        (
            words.text("rehearsal-forecast-run"),
            words.duration(rehearsal.forecast.run_seconds),
        ),
        (
            words.text("rehearsal-forecast-window"),
            words.duration(rehearsal.forecast.cutover_seconds),
        ),
        (
            words.text("rehearsal-forecast-disk"),
            words.bytes(rehearsal.forecast.disk_bytes),
        ),
        (
            words.text("rehearsal-forecast-backup"),
            words.bytes(rehearsal.backup_bytes),
        ),
    ];
    sheet.section(
        "rehearsal-forecast",
        "rehearsal-forecast-intro",
        vec![Part::Facts(forecast)],
    );
    if !rehearsal.branches.is_empty() {
        let parts = vec![Part::List(rehearsal.branches.clone())];
        sheet.section("rehearsal-branches", "", parts);
    }
    sums_sections(&mut sheet, &rehearsal.reconciliation);
    sheet.signature = Some((
        words.text("rehearsal-sign"),
        vec![
            words.text("certificate-role-it"),
            words.text("certificate-role-management"),
        ],
    ));
    sheet.written()
}

fn facts(sheet: &mut Sheet, plan_sha256: &str, rehearsal: &Rehearsal) {
    let words = sheet.words.clone();
    let rows: u64 = rehearsal
        .report
        .ledger
        .values()
        .map(|sums| sums.source)
        .sum();
    let orders = rehearsal.reconciliation.total.target.orders.unsigned_abs();
    let seconds = rehearsal.seconds;
    sheet.fact("assessment-rows", words.count(rows));
    sheet.fact(
        "rehearsal-documents",
        words.count(rehearsal.report.documents),
    );
    sheet.fact("rehearsal-total", words.duration(seconds.total()));
    sheet.fact("rehearsal-read", words.duration(seconds.read));
    sheet.fact("rehearsal-run", words.duration(seconds.run));
    sheet.fact("rehearsal-verify", words.duration(seconds.verify));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people"
    )]
    let rate = (rows as f64 / (seconds.read + seconds.run).max(0.001)) as u64;
    sheet.fact("rehearsal-rate", words.count(rate));
    sheet.fact("rehearsal-store", words.bytes(rehearsal.store_bytes));
    sheet.fact(
        "rehearsal-per-order",
        words.bytes(rehearsal.store_bytes / orders.max(1)),
    );
    sheet.fact("rehearsal-memory", words.bytes(rehearsal.peak_memory_bytes));
    sheet.fact(
        "rehearsal-restore",
        words.text(if rehearsal.restored_alike {
            "rehearsal-restore-ok"
        } else {
            "rehearsal-restore-bad"
        }),
    );
    sheet.fact("sheet-plan-sha", plan_sha256);
}

/// What became of all rows together.
fn ledger_chart(words: &Words, rehearsal: &Rehearsal) -> String {
    let sum = |count: fn(&Sums) -> u64| rehearsal.report.ledger.values().map(count).sum();
    let fates: [(&str, u64); 5] = [
        ("migrated", sum(|sums| sums.migrated)),
        ("merged", sum(|sums| sums.merged)),
        ("embedded", sum(|sums| sums.embedded)),
        ("rejected", sum(|sums| sums.rejected)),
        ("excluded", sum(|sums| sums.excluded)),
    ];
    let named = fates.map(|(key, rows)| (words.text(&format!("column-{key}")), rows));
    bars(words, "rehearsal-chart", named.into())
}

/// Rejected rows with their reasons and a few of them.
pub(super) fn rejects_table(words: &Words, rejects: &[RejectedRows]) -> Table {
    let rows = rejects.iter().map(|rejected| {
        let reason = words.of_code("reject", &rejected.code);
        let shown = rejected.examples.iter().map(|example| {
            let key = example.key.as_deref().unwrap_or("–");
            format!(
                "{}: {}",
                words.said_of_key(key),
                words.said(&example.reason)
            )
        });
        let mut reason = name(reason.unwrap_or_else(|| rejected.code.clone()));
        reason.class = "prose";
        row(vec![
            code(rejected.table.as_str()),
            reason,
            number(words.count(rejected.rows)),
            message(shown.collect::<Vec<_>>().join("\n")),
        ])
    });
    Table {
        head: vec![
            head(words.text("column-table")),
            head(words.text("column-reason")),
            number_head(words.text("column-count")),
            head(words.text("column-examples")),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}
