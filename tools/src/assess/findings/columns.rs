//! What one column's values say: its texts, its dates, and what its name makes of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Place, Risk};
use crate::assess::profile::{ColumnProfile, Seen};
use crate::vocabulary::{self, Meaning, meaning_of};

pub(super) fn about_text(place: &Place<'_>, profile: &ColumnProfile, findings: &mut Vec<Finding>) {
    findings.extend(place.finding(
        "mojibake",
        Risk::Medium,
        &profile.mojibake,
        "Text that was decoded wrongly long ago. It is taken over as it is; mend it in the old database, or later at the office.",
    ));
    findings.extend(place.finding(
        "unreadable_character",
        Risk::Medium,
        &profile.replaced,
        "Characters were lost before the dump was made; only an older backup still has them.",
    ));
    findings.extend(place.finding(
        "blanks_around",
        Risk::Low,
        &profile.padded,
        "Blanks at the ends; taken over in texts, ignored where values are looked up.",
    ));
    if profile.nulls > 0 && profile.empty > 0 {
        findings.push(Finding {
            code: "null_and_empty",
            risk: Risk::Low,
            table: place.table.to_owned(),
            column: place.column.to_owned(),
            count: profile.empty,
            examples: Vec::new(),
            remedy: format!(
                "{} NULL and {} empty values; both become \"nothing given\".",
                profile.nulls, profile.empty
            ),
        });
    }
}

pub(super) fn about_dates(place: &Place<'_>, profile: &ColumnProfile, findings: &mut Vec<Finding>) {
    if profile.date_count() == 0 {
        return;
    }
    findings.extend(place.finding(
        "zero_date",
        Risk::Medium,
        &profile.zero_dates,
        "MySQL's zero date means \"none\"; allow that many changes to \"none\" in the plan's budget.",
    ));
    findings.extend(place.finding(
        "placeholder_date",
        Risk::Medium,
        &profile.placeholder_dates,
        "A date that programs write for \"none\"; allow it in the plan's budget, or keep it as a real date.",
    ));
    findings.extend(place.finding(
        "implausible_date",
        Risk::Medium,
        &profile.implausible_dates,
        "A year in which no shop kept a database; taken over as it is and listed.",
    ));
    findings.extend(place.finding(
        "text_around_date",
        Risk::Low,
        &profile.labelled_dates,
        "Words before the date are ignored and kept with the order's legacy values.",
    ));
    let ways = profile.date_ways();
    if ways.len() > 1 {
        let examples = ways
            .iter()
            .map(|(shape, count)| format!("{} ({count})", shape.word()))
            .collect();
        findings.push(Finding {
            code: "mixed_date_formats",
            risk: if profile.slashed_both_ways() {
                Risk::High
            } else {
                Risk::Medium
            },
            table: place.table.to_owned(),
            column: place.column.to_owned(),
            count: profile.date_count(),
            examples,
            remedy:
                "Several ways to write a date in one column; check the list of formats in the plan."
                    .to_owned(),
        });
    }
    if profile.texts > 0 && profile.is_date() {
        findings.push(Finding {
            code: "not_a_date",
            risk: Risk::High,
            table: place.table.to_owned(),
            column: place.column.to_owned(),
            count: profile.texts,
            examples: Vec::new(),
            remedy: "Values that are no date in a column of dates; these rows are rejected unless the plan says otherwise.".to_owned(),
        });
    }
}

pub(super) fn about_meaning(
    place: &Place<'_>,
    profile: &ColumnProfile,
    findings: &mut Vec<Finding>,
) {
    let meaning = meaning_of(place.column).map(|(meaning, _)| meaning);
    match (meaning, &profile.values) {
        (Some(Meaning::Status), Some(values)) if profile.texts > 0 => {
            about_choices(place, values, vocabulary::phase_of, "status", findings);
        }
        (Some(Meaning::Priority), Some(values)) if profile.texts > 0 => {
            about_choices(place, values, vocabulary::priority_of, "priority", findings);
        }
        (Some(Meaning::Price), _) => {
            findings.extend(place.finding(
                "negative_amount",
                Risk::Medium,
                &profile.negative,
                "Amounts below zero: refunds or corrections. Check them before they become payments.",
            ));
            if profile.amounts > 0 || (profile.texts > 0 && profile.integers + profile.decimals > 0)
            {
                findings.push(Finding {
                    code: "amount_as_text",
                    risk: if profile.texts > 0 { Risk::High } else { Risk::Low },
                    table: place.table.to_owned(),
                    column: place.column.to_owned(),
                    count: profile.amounts + profile.texts,
                    examples: Vec::new(),
                    remedy: "Prices as text are read exactly (`CHF 49.-`); what is no amount is rejected.".to_owned(),
                });
            }
        }
        _ => {}
    }
}

fn about_choices(
    place: &Place<'_>,
    values: &BTreeMap<String, u64>,
    known: impl Fn(&str) -> Option<&'static str>,
    what: &str,
    findings: &mut Vec<Finding>,
) {
    let meanings: BTreeSet<&str> = values.keys().filter_map(|value| known(value)).collect();
    let mut unknown = Seen::default();
    for (value, count) in values.iter().filter(|(value, _)| known(value).is_none()) {
        unknown.note(value);
        unknown.count += count - 1;
    }
    if values.len() > meanings.len() && !meanings.is_empty() {
        findings.push(Finding {
            code: "many_spellings",
            risk: Risk::Medium,
            table: place.table.to_owned(),
            column: place.column.to_owned(),
            count: values.len() as u64,
            examples: values.keys().take(30).cloned().collect(),
            remedy: format!(
                "{} spellings of {} values of {what}; check the plan's list.",
                values.len(),
                meanings.len()
            ),
        });
    }
    if meanings.is_empty() {
        return;
    }
    findings.extend(place.finding(
        "unknown_value",
        Risk::High,
        &unknown,
        "The meaning of these values is not known; write it into the plan, or their rows are rejected.",
    ));
}
