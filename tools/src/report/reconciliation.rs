//! Counts and sums before and after, for whoever holds them against the old system's own lists.

use shared::presentation::chart::{Chart, Series, grouped_bars, horizontal_bars};
use shared::presentation::format;

use super::assessment::{to_bar, whole};
use super::words::Words;
use super::{
    About, Cell, Part, Row, Sheet, Table, Verdict, differences_table, head, ledger_table, name,
    number, number_head, place_of,
};
use crate::run::Report;
use crate::verify::reconciliation::{Group, Reconciliation, Sum};

/// Years that fit beside each other as upright bars.
const MOST_UPRIGHT: usize = 14;

/// Bars of a lying chart.
const MOST_LYING: usize = 16;

/// The report as HTML: what `verify` found and the sums of both sides.
///
/// # Errors
/// When the template fails, which is a defect.
pub fn reconciliation(
    about: &About,
    report: &Report,
    sums: &Reconciliation,
) -> Result<String, askama::Error> {
    let mut sheet = Sheet::new(about, "reconciliation-title", |words| {
        if !report.is_clean() {
            let headline = words.counted("reconciliation-verify-bad", report.difference_count);
            Verdict::bad(words, headline, "reconciliation-bad-text")
        } else if sums.adds_up() {
            Verdict::ok(words, "reconciliation-ok")
        } else {
            let headline = words.counted("reconciliation-bad", sums.differences);
            Verdict::bad(words, headline, "reconciliation-bad-text")
        }
    });
    sheet.fact("sheet-target", place_of(&report.target));
    fields_facts(&mut sheet, report);
    sums_sections(&mut sheet, sums);
    let parts = vec![Part::Table(ledger_table(&sheet.words, &report.ledger))];
    sheet.section("reconciliation-ledger", "rehearsal-ledger-intro", parts);
    if !report.is_clean() {
        let parts = vec![Part::Table(differences_table(&sheet.words, report))];
        sheet.section("rehearsal-differences", "", parts);
    }
    sheet.signature = Some((
        sheet.words.text("reconciliation-sign"),
        vec![
            sheet.words.text("certificate-role-it"),
            sheet.words.text("certificate-role-management"),
        ],
    ));
    sheet.written()
}

/// What the comparison field by field came to.
pub(super) fn fields_facts(sheet: &mut Sheet, report: &Report) {
    let words = sheet.words.clone();
    sheet.fact(
        "reconciliation-fields-documents",
        words.count(report.documents),
    );
    sheet.fact(
        "reconciliation-fields-differences",
        words.count(report.difference_count),
    );
    sheet.fact(
        "reconciliation-fields-edited",
        words.count(report.edited_since),
    );
}

/// One section for each question.
pub(super) fn sums_sections(sheet: &mut Sheet, sums: &Reconciliation) {
    let words = sheet.words.clone();
    let mut parts = vec![Part::Text(words.text("reconciliation-amounts"))];
    if sums.changed_since_now.orders > 0 {
        let amount = format::money(sums.changed_since_now.amount_minor, &sums.currency);
        parts.push(Part::Text(words.counted_with(
            "reconciliation-changed-text",
            sums.changed_since_now.orders.unsigned_abs(),
            "amount",
            &amount,
        )));
    }
    if sums.gone.orders > 0 {
        let amount = format::money(sums.gone.amount_minor, &sums.currency);
        parts.push(Part::Text(words.counted_with(
            "reconciliation-gone",
            sums.gone.orders.unsigned_abs(),
            "amount",
            &amount,
        )));
    }
    if sums.unreadable_amounts > 0 {
        parts.push(Part::Text(
            words.counted("reconciliation-unreadable", sums.unreadable_amounts),
        ));
    }
    parts.push(Part::Table(groups_table(
        &words,
        sums,
        "total",
        std::slice::from_ref(&sums.total),
    )));
    sheet.section("reconciliation-total", "", parts);
    for (question, groups) in [
        ("year", &sums.by_year),
        ("branch", &sums.by_branch),
        ("status", &sums.by_status),
        ("vat", &sums.by_vat),
    ] {
        let title = format!("reconciliation-by-{question}");
        let parts = vec![
            Part::Charts(vec![chart(&words, question, groups)]),
            Part::Table(groups_table(&words, sums, question, groups)),
        ];
        sheet.section(&title, "", parts);
    }
}

fn chart(words: &Words, question: &str, groups: &[Group]) -> String {
    let shown = groups.iter().take(MOST_LYING);
    let side = |pick: fn(&Group) -> i64| {
        shown
            .clone()
            .map(|group| to_bar(pick(group).unsigned_abs()))
            .collect()
    };
    let chart = Chart {
        language: words.language.of_charts(),
        title: words.text(&format!("reconciliation-by-{question}")),
        description: words.text("reconciliation-chart-text"),
        categories: shown
            .clone()
            .map(|group| label(words, question, group))
            .collect(),
        series: vec![
            Series {
                name: words.text("reconciliation-chart-before"),
                values: side(|group| group.source.orders),
            },
            Series {
                name: words.text("reconciliation-chart-after"),
                values: side(|group| group.target.orders),
            },
        ],
        show_value: whole,
    };
    if question == "year" && groups.len() <= MOST_UPRIGHT {
        grouped_bars(&chart)
    } else {
        horizontal_bars(&chart)
    }
}

/// A group's name as people call it.
fn label(words: &Words, question: &str, group: &Group) -> String {
    let Some(name) = &group.name else {
        return if question == "total" {
            words.text("reconciliation-group-total")
        } else {
            words.text("reconciliation-without")
        };
    };
    match question {
        "status" => {
            let phase = name.split('/').next().unwrap_or(name);
            words
                .of_code("status", name)
                .or_else(|| Some(format!("{} ({name})", words.of_code("status", phase)?)))
                .unwrap_or_else(|| name.clone())
        }
        "vat" => match name.parse::<i64>() {
            Ok(points) if points % 10 == 0 => format!("{}.{} %", points / 100, points % 100 / 10),
            Ok(points) => format!("{}.{:02} %", points / 100, points % 100),
            Err(_) => name.clone(),
        },
        _ if name == "…" => words.text("reconciliation-others"),
        _ => name.clone(),
    }
}

/// What the columns of one table of sums are: only those that have something to say, so that the difference is seen without
/// scrolling.
struct Columns {
    is_paid: bool,
    is_left_behind: bool,
    is_changed: bool,
}

impl Columns {
    fn of(sums: &Reconciliation) -> Self {
        let total = &sums.total;
        Self {
            is_paid: total.source.paid_minor != 0 || total.target.paid_minor != 0,
            is_left_behind: total.left_behind != Sum::default(),
            is_changed: total.changed_since != Sum::default(),
        }
    }

    /// How many columns one side has.
    const fn of_side(&self) -> usize {
        if self.is_paid { 3 } else { 2 }
    }

    /// How many columns stand between the two sides.
    fn between(&self) -> usize {
        usize::from(self.is_left_behind) + usize::from(self.is_changed)
    }
}

fn groups_table(words: &Words, sums: &Reconciliation, question: &str, groups: &[Group]) -> Table {
    let columns = Columns::of(sums);
    let mut rows: Vec<Row> = groups
        .iter()
        .map(|group| groups_row(&columns, sums, label(words, question, group), group))
        .collect();
    if question != "total" {
        let sum = words.text("reconciliation-group-total");
        let mut all = groups_row(&columns, sums, sum, &sums.total);
        all.class = "total";
        rows.push(all);
    }
    let (mut over, mut heads) = heads(words, &columns, &sums.currency);
    over.insert(0, (String::new(), 1));
    heads.insert(
        0,
        head(words.text(&format!("reconciliation-group-{question}"))),
    );
    Table {
        groups: over,
        head: heads,
        rows,
        ..Table::default()
    }
}

/// The heads over several columns, and those of each.
fn heads(
    words: &Words,
    columns: &Columns,
    currency: &str,
) -> (Vec<(String, usize)>, Vec<super::Head>) {
    let orders = || number_head(words.text("column-orders"));
    let amount = || number_head(format!("{} {currency}", words.text("column-amount")));
    let side = || {
        let paid = columns
            .is_paid
            .then(|| number_head(words.text("column-paid")));
        [orders(), amount()].into_iter().chain(paid)
    };
    let mut over = vec![(words.text("reconciliation-before"), columns.of_side())];
    let mut heads: Vec<super::Head> = side().collect();
    if columns.is_left_behind {
        heads.push(number_head(words.text("reconciliation-left-behind")));
    }
    if columns.is_changed {
        heads.push(number_head(words.text("reconciliation-changed")));
    }
    if columns.between() > 0 {
        over.push((String::new(), columns.between()));
    }
    heads.extend(side());
    heads.extend([orders(), amount()]);
    over.push((words.text("reconciliation-after"), columns.of_side()));
    over.push((words.text("reconciliation-difference"), 2));
    (over, heads)
}

fn groups_row(columns: &Columns, sums: &Reconciliation, label: String, group: &Group) -> Row {
    // The currency stands in the head, so that the amounts are as narrow as they can be.
    let money = |minor: i64| {
        let written = format::money(minor, &sums.currency);
        let bare = written
            .trim_start_matches(&sums.currency)
            .trim_end_matches('€');
        number(bare.trim())
    };
    let count = |orders: i64| number(format::count(orders));
    let side = |cells: &mut Vec<Cell>, sum: Sum| {
        cells.extend([count(sum.orders), money(sum.amount_minor)]);
        if columns.is_paid {
            cells.push(money(sum.paid_minor));
        }
    };
    let mut cells = vec![name(label)];
    side(&mut cells, group.source);
    if columns.is_left_behind {
        cells.push(count(group.left_behind.orders));
    }
    if columns.is_changed {
        cells.push(count(group.changed_since.orders));
    }
    side(&mut cells, group.target);
    let difference = group.difference();
    cells.push(count(difference.orders));
    cells.push(money(difference.amount_minor));
    Row {
        class: if group.adds_up() { "" } else { "bad" },
        cells,
    }
}
