//! The certificate, to be signed and kept.

use shared::presentation::format;

use super::reconciliation::{fields_facts, sums_sections};
use super::rehearsal::rejects_table;
use super::words::Words;
use super::{
    About, Part, Sheet, Table, Verdict, changes_table, head, ledger_table, name, number,
    number_head, place_of, row,
};
use crate::certify::Certificate;
use crate::history::Outcome;

/// The certificate as HTML. Only one that holds is written.
///
/// # Errors
/// When the template fails, which is a defect.
pub fn certificate(about: &About, certificate: &Certificate) -> Result<String, askama::Error> {
    let mut sheet = Sheet::new(about, "certificate-title", |words| {
        Verdict::ok(words, "certificate-ok")
    });
    let words = sheet.words.clone();
    sheet.fact(
        "sheet-source",
        format!("{} ({})", certificate.source_name, certificate.source_file),
    );
    sheet.fact("sheet-target", place_of(&certificate.report.target));
    sheet.fact("certificate-by", certificate.by.clone());
    sheet.fact("sheet-made", words.moment(certificate.made_at));
    sheet.fact("sheet-program", certificate.software.clone());
    fields_facts(&mut sheet, &certificate.report);
    sheet.fact("sheet-source-sha", certificate.source_sha256.clone());
    sheet.fact("sheet-plan-sha", certificate.plan_sha256.clone());
    sheet.fact("certificate-number", certificate.checksum.clone());

    sheet.section(
        "certificate-statement",
        "",
        vec![Part::List(statement(&words, certificate))],
    );
    let parts = vec![Part::Table(ledger_table(
        &words,
        &certificate.report.ledger,
    ))];
    sheet.section("certificate-ledger", "rehearsal-ledger-intro", parts);
    let changes = changes_table(&words, &certificate.changes, &certificate.budget);
    sheet.section(
        "certificate-changes",
        "rehearsal-budget-intro",
        vec![Part::Table(changes)],
    );
    let rejects = Part::Table(rejects_table(&words, &certificate.rejects));
    let intro = if certificate.rejects.is_empty() {
        ""
    } else {
        "certificate-rejects-intro"
    };
    sheet.section("certificate-rejects", intro, vec![rejects]);
    sums_sections(&mut sheet, &certificate.reconciliation);
    let history = history_table(&words, certificate);
    sheet.section("certificate-history", "", vec![Part::Table(history)]);
    let roles = ["it", "management", "audit"];
    sheet.signature = Some((
        words.text("certificate-sign"),
        roles
            .map(|role| words.text(&format!("certificate-role-{role}")))
            .into(),
    ));
    sheet.foot.insert(0, words.text("certificate-keep"));
    sheet.written()
}

fn statement(words: &Words, certificate: &Certificate) -> Vec<String> {
    let rows: u64 = certificate
        .report
        .ledger
        .values()
        .map(|sums| sums.source)
        .sum();
    let total = &certificate.reconciliation.total.target;
    let sum = format!(
        "{}, {}",
        words.counted("count-orders", total.orders.unsigned_abs()),
        format::money(total.amount_minor, &certificate.reconciliation.currency)
    );
    let documents = words.counted("count-documents", certificate.report.documents);
    let mut lines = vec![
        words.with("certificate-statement-rows", "count", &words.count(rows)),
        words.with("certificate-statement-compared", "count", &documents),
        words.with("certificate-statement-sums", "sum", &sum),
        words.text("certificate-statement-bound"),
    ];
    if certificate.unread > 0 {
        lines.push(format!(
            "{}: {}",
            words.text("certificate-unread"),
            words.count(certificate.unread)
        ));
    }
    lines
}

fn history_table(words: &Words, certificate: &Certificate) -> Table {
    let rows = certificate.history.iter().map(|step| {
        let result = match step.outcome {
            Outcome::Clean => "result-clean",
            Outcome::Differences => "result-differences",
            Outcome::Failed => "result-failed",
        };
        let mut result = name(words.text(result));
        if step.outcome != Outcome::Clean {
            result.class = "warn";
        }
        row(vec![
            number(words.moment(step.at)),
            name(
                words
                    .of_code("step", &step.verb)
                    .unwrap_or_else(|| step.verb.clone()),
            ),
            result,
            number(words.duration(step.seconds)),
        ])
    });
    Table {
        head: vec![
            number_head(words.text("column-moment")),
            head(words.text("column-step")),
            head(words.text("column-result")),
            number_head(words.text("column-duration")),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
    .bounded(words, 0)
}
