//! Tables whose text goes with the orders that name their rows (shippers, staff, branches). Documents keep that text and the key
//! it was found by, so it can be compared; the tables' other columns stay behind, and rows that no order names are nowhere.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{ColumnDiff, DiffKind, RunError, SourceRow, Work};
use crate::held::HeldDocument;
use crate::naming;
use crate::source::schema::same_name;
use crate::staging::StagedTable;

impl Work<'_> {
    /// Makes room for what the orders keep.
    pub(super) fn prepare_lookups(&self) -> Result<(), RunError> {
        self.held.connection().execute_batch(
            "DROP TABLE IF EXISTS looked_up; \
             CREATE TABLE looked_up (source_table TEXT, source_key TEXT, text_column TEXT, old TEXT, met INTEGER NOT NULL DEFAULT 0, \
             PRIMARY KEY (source_table, source_key, text_column, old)) WITHOUT ROWID",
        )?;
        Ok(())
    }

    /// Notes what an order keeps of the rows it named when it was last carried over.
    pub(super) fn note_lookups(
        &self,
        orders: &StagedTable,
        held: &HeldDocument,
    ) -> Result<(), RunError> {
        const INSERT: &str = "
            INSERT OR IGNORE INTO looked_up (source_table, source_key, text_column, old) VALUES (?1, ?2, ?3, ?4)";
        if self.plan.lookup.is_empty() || held.document.erasure().is_some() {
            return Ok(());
        }
        let slugs = naming::slugs(&orders.schema);
        let text = |field: String| {
            let value = held.raw(&field);
            value.and_then(|value| value.as_text().map(|text| text.trim().to_owned()))
        };
        for lookup in &self.plan.lookup {
            let column = orders.schema.column_index(&lookup.column);
            let Some(slug) = column.and_then(|column| slugs.get(column)) else {
                continue;
            };
            let key = text(format!("legacy/{slug}")).filter(|key| !key.is_empty());
            if let Some(key) = key {
                let old = text(format!("legacy/lookup/{slug}")).unwrap_or_default();
                self.held
                    .connection()
                    .prepare_cached(INSERT)?
                    .execute(params![lookup.table.to_lowercase(), key, lookup.text, old])?;
            }
        }
        Ok(())
    }

    /// Compares the tables with what the orders keep of them.
    pub(super) fn lookups(&mut self) -> Result<(), RunError> {
        let plan = self.plan;
        let names: BTreeSet<String> = plan
            .lookup
            .iter()
            .map(|lookup| lookup.table.to_lowercase())
            .collect();
        for name in names {
            let Some(table) = self.staging.table(&name) else {
                continue;
            };
            if !plan.portion.has_table(&table.schema.name) {
                continue;
            }
            self.each(table, |work, row| work.lookup_row(table, row))?;
            self.gone_lookups(table)?;
        }
        Ok(())
    }

    fn lookup_row(&mut self, table: &StagedTable, row: &SourceRow) -> Result<(), RunError> {
        const SELECT: &str = "
            SELECT old FROM looked_up WHERE source_table = ?1 AND source_key = ?2 AND text_column = ?3 ORDER BY old";
        const MEET: &str =
            "UPDATE looked_up SET met = 1 WHERE source_table = ?1 AND source_key = ?2";
        let name = table.schema.name.to_lowercase();
        let text = |column: &str| {
            let index = table.schema.column_index(column)?;
            row.text(index).map(str::trim)
        };
        let (mut is_named, mut shown) = (false, String::new());
        let mut columns: Vec<ColumnDiff> = Vec::new();
        for lookup in &self.plan.lookup {
            if !same_name(&lookup.table, &table.schema.name) {
                continue;
            }
            let Some(key) = text(&lookup.key) else {
                continue;
            };
            key.clone_into(&mut shown);
            let connection = self.held.connection();
            let mut select = connection.prepare_cached(SELECT)?;
            let kept: Vec<String> = select
                .query_map(params![name, key, lookup.text], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            is_named |= !kept.is_empty();
            connection
                .prepare_cached(MEET)?
                .execute(params![name, key])?;
            let new = text(&lookup.text).unwrap_or_default();
            let is_told = columns.iter().any(|told| told.column == lookup.text);
            let other = kept.into_iter().find(|old| old != new);
            if let Some(old) = other.filter(|_| !is_told) {
                columns.push(ColumnDiff {
                    column: lookup.text.clone(),
                    old: Some(old).filter(|old| !old.is_empty()),
                    new: Some(new.to_owned()).filter(|new| !new.is_empty()),
                });
            }
        }
        if !columns.is_empty() {
            self.differ(table, &shown, DiffKind::Changed, columns);
        } else if is_named {
            self.count(table, |sums| sums.same += 1);
        } else {
            self.count(table, |sums| sums.not_compared += 1);
        }
        Ok(())
    }

    /// Rows that orders still keep the text of.
    fn gone_lookups(&mut self, table: &StagedTable) -> Result<(), RunError> {
        let connection = self.held.connection();
        let mut select = connection.prepare_cached(
            "SELECT DISTINCT source_key FROM looked_up WHERE source_table = ?1 AND met = 0 AND old <> '' ORDER BY source_key",
        )?;
        let name = table.schema.name.to_lowercase();
        let keys = select.query_map([name], |row| row.get::<_, String>(0))?;
        for key in keys {
            self.differ(table, &key?, DiffKind::Gone, Vec::new());
        }
        Ok(())
    }
}
