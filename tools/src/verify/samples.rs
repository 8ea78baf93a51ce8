//! A few orders of the source with what the office's lists must say of them, for smoke tests through another door.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use shared::id::DocumentId;

use super::reconciliation::{After, Amounts, Sheet, read_target, values_of, with_check};
use super::rejects::Rejects;
use super::{Check, read_row};
use crate::naming;
use crate::plan::Plan;
use crate::run::RunError;
use crate::staging::Staging;
use crate::target::Target;

/// Rows that are looked at for each one wanted, before a source of nothing but rejects is given up.
const TRIES_PER_SAMPLE: usize = 20;

/// One order as the source has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The id its document must have.
    pub id: String,
    /// What people type to find it.
    pub number: String,
    /// The name of its branch.
    pub branch: Option<String>,
    /// Its work status.
    pub status: Option<String>,
    /// The sum of its lines in hundredths.
    pub amount_minor: i64,
}

/// Draws orders of the source with the numbers that `draw` gives: rows that were brought over, that bear a number, and that
/// staff have not changed since.
///
/// # Errors
/// [`RunError`].
pub fn samples(
    plan: &Plan,
    staging: &Staging,
    target: &mut dyn Target,
    rejects: &Path,
    wanted: usize,
    mut draw: impl FnMut() -> u64,
) -> Result<Vec<Sample>, RunError> {
    let after: After = read_target(
        plan,
        target,
        &Rejects::read(plan, staging, rejects),
        &mut Sheet::default(),
    )?;
    with_check(plan, staging, rejects, |check| {
        drawn_of(plan, staging, check, &after, wanted, &mut draw)
    })
}

fn drawn_of(
    plan: &Plan,
    staging: &Staging,
    check: &Check<'_>,
    after: &After,
    wanted: usize,
    draw: &mut dyn FnMut() -> u64,
) -> Result<Vec<Sample>, RunError> {
    let mut drawn: BTreeMap<DocumentId, Sample> = BTreeMap::new();
    let Some(table) = check.table(&plan.orders.table) else {
        return Ok(Vec::new());
    };
    let lines = plan
        .lines
        .as_ref()
        .and_then(|lines| Some((lines, check.table(&lines.table)?)));
    let highest = format!("SELECT coalesce(max(rowid), 0) FROM {}", table.sql_name());
    let highest: i64 = staging
        .connection()
        .query_row(&highest, [], |row| row.get(0))?;
    let one = format!("SELECT rowid, * FROM {} WHERE rowid = ?1", table.sql_name());
    let mut one = staging.connection().prepare(&one)?;
    for _ in 0..wanted.saturating_mul(TRIES_PER_SAMPLE) {
        if drawn.len() >= wanted || highest == 0 {
            break;
        }
        let place = draw() % highest.unsigned_abs() + 1;
        let place = i64::try_from(place).unwrap_or(1);
        let mut found = one.query_map([place], |row| read_row(table, row))?;
        let Some(row) = found.next().transpose()? else {
            continue;
        };
        let (Some(key), Some(number)) = (
            row.key(&plan.orders.key),
            row.cell(plan.orders.number.as_ref()).given(),
        ) else {
            continue;
        };
        let id = naming::document_id(&plan.source_name, &table.schema.name, &key);
        let excluded = plan
            .orders
            .exclude_where
            .iter()
            .any(|rule| row.cell(Some(&rule.column)).text() == Some(&rule.equals));
        if excluded || check.is_rejected(&row) || after.changed_since.contains(&id) {
            continue;
        }
        let mut amounts = Amounts::default();
        match lines {
            Some((lines, table)) => amounts.of_lines(check, &row, lines, table)?,
            None => amounts.of_order(check, &row)?,
        }
        let [_, branch, status, _] = values_of(check, &row, after)?;
        drawn.insert(
            id,
            Sample {
                id: id.to_string(),
                number: number.to_owned(),
                branch,
                status,
                amount_minor: amounts.total,
            },
        );
    }
    Ok(drawn.into_values().collect())
}
