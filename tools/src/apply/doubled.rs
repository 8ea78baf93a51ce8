//! Keys that several rows share: one row of each is brought over, the others are rejected.
//!
//! One key is one document, so a second row would be written over the first: a document that no row says. Which rows go is
//! found before the pass, so that it depends neither on threads nor on the rows' order of being read. Of a source whose keys
//! are declared or ascend, nothing is read for it.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::rows::{Source, SourceRow};
use super::{ApplyError, DUPLICATE_KEY, Pass, Rejection};
use crate::naming;
use crate::plan::{ExcludeWhere, Plan};
use crate::staging::{StagedTable, Staging, all_of};

/// The rows of a source whose key is another row's. One bit a row, and only for tables that have such rows.
#[derive(Debug, Default)]
pub(super) struct Doubled(Vec<Further>);

/// Those of one table.
#[derive(Debug)]
struct Further {
    /// Its place among the staged tables.
    table: usize,
    rows: Vec<u64>,
}

/// The row that a key belongs to.
#[derive(Debug)]
pub(super) struct Holder {
    table: usize,
    key: String,
    line: i64,
    place: i64,
}

impl Doubled {
    /// Looks for them in the tables whose rows become documents: services, customers, orders. Lines are told apart by their
    /// places, and of lookups the first row counts; neither needs it.
    pub(super) fn find(plan: &Plan, staging: &Staging) -> Result<Self, rusqlite::Error> {
        let mut found = Self::default();
        if let Some(services) = &plan.services
            && let (Some(table), Some(key)) = (&services.table, &services.key)
        {
            found.look_at(staging, table, std::slice::from_ref(key), &[])?;
        }
        if let Some(customers) = &plan.customers {
            found.look_at(staging, &customers.table, &customers.key, &[])?;
        }
        let orders = &plan.orders;
        found.look_at(staging, &orders.table, &orders.key, &orders.exclude_where)?;
        Ok(found)
    }

    fn look_at(
        &mut self,
        staging: &Staging,
        table: &str,
        key: &[String],
        excluded: &[ExcludeWhere],
    ) -> Result<(), rusqlite::Error> {
        let mut tables = staging.tables().iter().enumerate();
        let Some((place, table)) =
            tables.find(|(_, staged)| crate::source::schema::same_name(&staged.schema.name, table))
        else {
            return Ok(());
        };
        let Some(columns) = table.column_indexes(key) else {
            return Ok(());
        };
        if staging.stand_once(table, &columns)? {
            return Ok(());
        }
        if let Some(index) = table.index_by(key) {
            staging.connection().execute_batch(&index)?;
        }
        let rows = further_rows(staging, table, &columns, excluded)?;
        if !rows.is_empty() {
            let table = place;
            self.0.push(Further { table, rows });
        }
        Ok(())
    }

    /// Whether a row's key is another row's. `table` is its place among the staged tables.
    pub(super) fn has(&self, table: usize, place: i64) -> bool {
        let Some(further) = self.0.iter().find(|further| further.table == table) else {
            return false;
        };
        further.has(place)
    }
}

impl Further {
    fn has(&self, place: i64) -> bool {
        let place = usize::try_from(place).unwrap_or(0);
        let word = self.rows.get(place / 64);
        word.is_some_and(|word| word & (1 << (place % 64)) != 0)
    }
}

/// The bits of the rows whose key is another row's, none when there are none. A key is the first row's that no rule of the plan
/// leaves behind, whatever else becomes of that row; where rules leave all of them behind, the first one's.
fn further_rows(
    staging: &Staging,
    table: &StagedTable,
    columns: &[usize],
    excluded: &[ExcludeWhere],
) -> Result<Vec<u64>, rusqlite::Error> {
    let name = table.sql_name();
    let listed: Vec<String> = columns.iter().map(|column| format!("c{column}")).collect();
    let listed = listed.join(", ");
    let mut left_behind = Vec::new();
    let mut values = Vec::new();
    for rule in excluded {
        if let Some(column) = table.schema.column_index(&rule.column) {
            left_behind.push(format!("c{column} IS ?"));
            values.push(Value::Text(rule.equals.clone()));
        }
    }
    let in_order = if left_behind.is_empty() {
        "rowid".to_owned()
    } else {
        format!("({}), rowid", left_behind.join(" OR "))
    };
    let connection = staging.connection();
    // Along the index: neither keys nor rows are sorted or held.
    let mut keys = connection.prepare(&format!(
        "SELECT {listed} FROM {name} WHERE {} GROUP BY {listed} HAVING count(*) > 1",
        all_of(columns, "IS NOT NULL")
    ))?;
    let mut rows_of = connection.prepare(&format!(
        "SELECT rowid FROM {name} WHERE {} ORDER BY {in_order}",
        all_of(columns, "= ?")
    ))?;
    let mut bits = Vec::new();
    let mut keys = keys.query([])?;
    while let Some(key) = keys.next()? {
        let mut bound: Vec<Value> = Vec::with_capacity(columns.len() + values.len());
        for index in 0..columns.len() {
            bound.push(key.get(index)?);
        }
        bound.extend(values.iter().cloned());
        let mut rows = rows_of.query(params_from_iter(bound))?;
        // The first one holds the key.
        rows.next()?;
        while let Some(row) = rows.next()? {
            let place: i64 = row.get(0)?;
            let place = usize::try_from(place).unwrap_or(0);
            if bits.is_empty() {
                let highest = usize::try_from(table.highest_place()).unwrap_or(0);
                bits.resize(highest / 64 + 1, 0);
            }
            if let Some(word) = bits.get_mut(place / 64) {
                *word |= 1_u64 << (place % 64);
            }
        }
    }
    Ok(bits)
}

impl Pass<'_> {
    /// Why a row whose key is another row's is not brought over; `None` for all others.
    pub(super) fn doubled(
        &mut self,
        source: &Source<'_>,
        row: &SourceRow,
    ) -> Result<Option<Rejection>, ApplyError> {
        if !self.doubled.has(source.place, row.rowid) {
            return Ok(None);
        }
        // A row without a key is rejected for that.
        let Some(key) = source.key_of(row) else {
            return Ok(None);
        };
        let is_known = |holder: &Holder| holder.table == source.place && holder.key == key;
        if !self.holder.as_ref().is_some_and(is_known) {
            self.holder = self.holder_of(source, &key)?;
        }
        Ok(self.holder.as_ref().map(|holder| {
            let reason = format!(
                "the row in line {} (row {} of the table) has this key already: {}. Give this one another key, or leave it out",
                holder.line,
                holder.place,
                naming::shown_key(&key)
            );
            Rejection::new(DUPLICATE_KEY, reason)
        }))
    }

    fn holder_of(&self, source: &Source<'_>, key: &str) -> Result<Option<Holder>, rusqlite::Error> {
        let mut select = self.staging.connection().prepare_cached(&format!(
            "SELECT rowid, line FROM {} WHERE {} ORDER BY rowid",
            source.table.sql_name(),
            all_of(source.key_columns(), "= ?")
        ))?;
        let mut rows = select.query(params_from_iter(naming::key_parts(key)))?;
        while let Some(row) = rows.next()? {
            let place = row.get(0)?;
            if !self.doubled.has(source.place, place) {
                return Ok(Some(Holder {
                    table: source.place,
                    key: key.to_owned(),
                    line: row.get(1)?,
                    place,
                }));
            }
        }
        Ok(None)
    }
}
