//! Rows whose key another row has: only one row of a key may become its document, the others must be among the rejects.

use rusqlite::params_from_iter;

use super::Check;
use super::row::SourceRow;
use super::seen::Seen;
use crate::plan::{ExcludeWhere, Plan};
use crate::source::schema::same_name;
use crate::staging::Staging;

/// The rows that must not have become documents for their keys' sake. None where no key stands twice.
pub(super) struct Doubled(Option<Seen>);

impl Doubled {
    /// Looks through the tables whose rows become documents. A key is its first row's that no rule leaves behind.
    pub(super) fn of(plan: &Plan, staging: &Staging) -> Result<Self, rusqlite::Error> {
        let mut doubled = Self(None);
        let orders = &plan.orders;
        doubled.note(staging, (&orders.table, &orders.key), &orders.exclude_where)?;
        if let Some(customers) = &plan.customers {
            doubled.note(staging, (&customers.table, &customers.key), &[])?;
        }
        if let Some(services) = &plan.services
            && let (Some(table), Some(key)) = (&services.table, &services.key)
        {
            doubled.note(staging, (table, std::slice::from_ref(key)), &[])?;
        }
        Ok(doubled)
    }

    fn note(
        &mut self,
        staging: &Staging,
        (table, key): (&str, &[String]),
        rules: &[ExcludeWhere],
    ) -> Result<(), rusqlite::Error> {
        let mut tables = staging.tables().iter();
        let found = tables.position(|staged| same_name(&staged.schema.name, table));
        let Some((place, table)) = found.and_then(|at| Some((at, staging.tables().get(at)?)))
        else {
            return Ok(());
        };
        let Some(columns) = table.column_indexes(key) else {
            return Ok(());
        };
        if staging.stand_once(table, &columns)? {
            return Ok(());
        }
        let parts: Vec<String> = columns.iter().map(|column| format!("c{column}")).collect();
        let known: Vec<String> = parts
            .iter()
            .map(|part| format!("typeof({part}) = 'text'"))
            .collect();
        let mut terms = String::new();
        let mut values = Vec::new();
        for rule in rules {
            if let Some(column) = table.schema.column_index(&rule.column) {
                terms.extend([" + coalesce(c", &column.to_string(), " = ?, 0)"]);
                values.push(&rule.equals);
            }
        }
        // Sorted on disk, not in memory: the working database keeps what is passing there.
        let mut select = staging.connection().prepare(&format!(
            "SELECT place FROM (SELECT rowid AS place, row_number() OVER (PARTITION BY {} ORDER BY 0{terms} > 0, rowid) AS number \
             FROM {} WHERE {}) WHERE number > 1",
            parts.join(", "),
            table.sql_name(),
            known.join(" AND ")
        ))?;
        let mut rows = select.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let seen = self.0.get_or_insert_with(|| Seen::nothing(staging));
            seen.note(place, row.get(0)?);
        }
        Ok(())
    }
}

impl Check<'_> {
    /// Whether the key of a row belongs to another one.
    pub(super) fn is_doubled(&self, row: &SourceRow<'_>) -> bool {
        let doubled = self.common.doubled.0.as_ref();
        doubled.is_some_and(|doubled| doubled.has(self.place_of(row.table), row.rowid))
    }
}
