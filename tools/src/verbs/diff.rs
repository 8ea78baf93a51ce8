//! `diff`: the still running legacy database against what was carried over.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use tools::diff::{DiffKind, DiffReport, diff};

use super::beside::Beside;
use super::noting::Noting;
use super::source_and_target::{Binding, PortionOptions, TargetOptions, open_target, prepare};
use super::{EXIT_DIFFERENCES, print_json};

/// Rows shown as text; all listed ones are in the JSON.
const SHOWN: usize = 40;

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is compared is what the old database holds now with what was last carried over from it. What staff changed in Offpiste \
makes no difference here.

  offpiste-import diff --plan werkstatt.plan.toml --source werkstatt-today.sql --hub https://hub.example
      A newer dump. Lists rows that are new, changed (old and new value by column) and gone.
  offpiste-import diff --plan werkstatt.plan.toml --source werkstatt-today.sql --hub https://hub.example --json
      The same as one JSON object.

Exit code: 0 nothing differs, 1 something does, 2 it could not be carried out. Nothing is ever changed.")]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    portion: PortionOptions,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    let target = &verb.target;
    let prepared = prepare(
        work,
        target,
        verb.portion.portion(),
        Binding::ToItsTables,
        None,
    )?;
    let beside = Beside::of(&target.plan);
    let noting = Noting::begin(
        &beside,
        "diff",
        Some((&prepared.text, &prepared.source_sha256)),
    );
    let mut hub = open_target(target, &beside)?;
    let report = diff(&prepared.plan, &prepared.staging, hub.as_mut())?;
    noting.end(
        report.is_clean(),
        &report.target,
        format!("{} rows differ", report.differing_rows),
    );
    if target.json {
        print_json(&report)?;
    } else {
        print(&report);
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DIFFERENCES)
    })
}

/// Characters of a value that are shown; all of it is in the JSON.
const SHOWN_CHARACTERS: usize = 80;

/// A value within a line: breaks are written out, and the end of a long one is left out.
fn on_one_line(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(SHOWN_CHARACTERS) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

fn print(report: &DiffReport) {
    println!(
        "{}, as carried over in round {}\n",
        report.target, report.round
    );
    let width = report
        .tables
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    println!(
        "{:width$}  {:>9} = {:>9} + {:>9} + {:>9} + {:>9} + {:>9}   {:>9}",
        "table", "source", "same", "new", "changed", "rejected", "left out", "gone"
    );
    for (table, sums) in &report.tables {
        println!(
            "{table:width$}  {:>9} = {:>9} + {:>9} + {:>9} + {:>9} + {:>9}   {:>9}",
            sums.source,
            sums.same,
            sums.new,
            sums.changed,
            sums.rejected,
            sums.not_compared + sums.erased,
            sums.gone
        );
    }
    println!();
    for row in report.rows.iter().take(SHOWN) {
        let what = match row.kind {
            DiffKind::New => "new".to_owned(),
            DiffKind::Gone => "gone".to_owned(),
            DiffKind::Changed => {
                let columns = row.columns.iter().map(|column| {
                    let shown = |text: &Option<String>| {
                        text.as_ref()
                            .map_or("NULL".to_owned(), |text| format!("`{}`", on_one_line(text)))
                    };
                    format!(
                        "{} {} -> {}",
                        column.column,
                        shown(&column.old),
                        shown(&column.new)
                    )
                });
                columns.collect::<Vec<_>>().join("; ")
            }
        };
        println!("  {} {}: {what}", row.table, row.key);
    }
    let more = report.differing_rows.saturating_sub(SHOWN as u64);
    if more > 0 {
        println!("  and {more} more; --json lists them");
    }
    if !report.not_compared.is_empty() {
        println!(
            "Not compared, for documents keep only a text of them: {}",
            report.not_compared.join(", ")
        );
    }
    println!(
        "{}",
        if report.is_clean() {
            "Nothing differs."
        } else {
            "Carry it over: offpiste-import sync with the same arguments."
        }
    );
}
