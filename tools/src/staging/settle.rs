//! What an engine would have done about keys that stand twice, done once all rows and all late keys are known.

use std::cmp::Ordering;

use rusqlite::types::ValueRef;

use super::{StagedTable, Staging, StagingError};
use crate::source::names::TableName;

impl Staging {
    /// Ends the reading: rows whose primary or unique key was there already go the way the engine sends them. A refused
    /// row is reported with its line, never lost in silence.
    pub fn settle(&mut self) -> Result<(), StagingError> {
        self.target = None;
        self.tables.retain(|table| !table.schema.name.is_empty());
        self.settle_references();
        for table in &mut self.tables {
            for (columns, order) in std::mem::take(&mut table.climbing).over(table.added) {
                match (order, columns.as_slice()) {
                    (Order::Strict, _) => table.ascending.push(columns),
                    (Order::Level, [column]) => table.level.push(*column),
                    (Order::Level, _) => {}
                }
            }
        }
        for index in 0..self.tables.len() {
            let table = self.tables[index].clone();
            let mut keys = vec![table.schema.primary_key.clone()];
            keys.extend(table.schema.unique_keys.clone());
            for key in keys {
                let columns: Vec<usize> = key
                    .iter()
                    .filter_map(|name| table.schema.column_index(name))
                    .collect();
                if !columns.is_empty() && columns.len() == key.len() {
                    self.settle_key(index, &key, &columns)?;
                }
            }
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(())
    }

    /// References name the tables as they are named here.
    fn settle_references(&mut self) {
        for index in 0..self.tables.len() {
            let mut references = std::mem::take(&mut self.tables[index].schema.references);
            for reference in &mut references {
                let target = TableName::qualified(&reference.namespace, &reference.table);
                if let Some(found) = self.index_of(&target) {
                    reference.table.clone_from(&self.tables[found].schema.name);
                }
            }
            self.tables[index].schema.references = references;
        }
    }

    fn settle_key(
        &mut self,
        index: usize,
        key: &[String],
        columns: &[usize],
    ) -> Result<(), StagingError> {
        if self.tables[index]
            .ascending
            .iter()
            .any(|known| known == columns)
        {
            return Ok(());
        }
        match self.ascent(index, columns, Order::Strict)? {
            Ascent::None => {}
            Ascent::WithGaps => return Ok(()),
            Ascent::Whole => {
                self.tables[index].ascending.push(columns.to_vec());
                return Ok(());
            }
        }
        let table = &self.tables[index];
        let sql_name = table.name_in_staging.clone();
        let list = columns
            .iter()
            .map(|column| format!("c{column}"))
            .collect::<Vec<_>>()
            .join(", ");
        let present = columns
            .iter()
            .map(|column| format!("c{column} IS NOT NULL"))
            .collect::<Vec<_>>()
            .join(" AND ");
        let index_name = format!(
            "k_{sql_name}_{}",
            columns
                .iter()
                .map(usize::to_string)
                .collect::<Vec<_>>()
                .join("_")
        );
        self.connection.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS {index_name} ON {sql_name} ({list})"
        ))?;
        let duplicates = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {sql_name} WHERE {present} GROUP BY {list} HAVING count(*) > 1)"
        );
        let any: i64 = self
            .connection
            .query_row(&duplicates, [], |row| row.get(0))?;
        if any == 0 {
            return Ok(());
        }
        let groups = format!(
            "SELECT place, line, first, yields FROM (SELECT t.rowid AS place, line, \
             min(t.rowid) OVER (PARTITION BY {list}) AS first, count(*) OVER (PARTITION BY {list}) AS many \
             FROM {sql_name} AS t WHERE {present}) LEFT JOIN (SELECT place, yields FROM conflict WHERE name = '{sql_name}') USING (place) \
             WHERE many > 1 ORDER BY first, place"
        );
        // Kept in a table of its own: a source in which every key stands twice must not fill the memory.
        self.connection
            .execute_batch(&format!("CREATE TEMP TABLE rival AS {groups}"))?;
        let mut standing: Option<Rival> = None;
        let mut last = 0;
        loop {
            let page = self.rivals_behind(last)?;
            let Some((end, _)) = page.last() else {
                break;
            };
            last = *end;
            for (_, rival) in page {
                let Some(holder) = standing.take().filter(|holder| holder.first == rival.first)
                else {
                    standing = Some(rival);
                    continue;
                };
                standing = Some(self.settle_rivals(index, key, holder, rival)?);
            }
        }
        self.connection.execute_batch("DROP TABLE temp.rival")?;
        Ok(())
    }

    /// Whether a column ascends from row to row, in the order of [`shorter_first`] and without a NULL.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub(crate) fn ascends(
        &self,
        table: &StagedTable,
        column: usize,
        order: Order,
    ) -> Result<bool, rusqlite::Error> {
        let known = table
            .ascending
            .iter()
            .any(|key| key.first() == Some(&column) && (key.len() == 1 || order == Order::Level));
        if known || order == Order::Level && table.level.contains(&column) {
            return Ok(true);
        }
        match self.place_of(table) {
            Some(index) => Ok(self.ascent(index, &[column], order)? == Ascent::Whole),
            None => Ok(false),
        }
    }

    /// The same of several columns, read once more. Rows with a NULL among them do not count.
    pub(super) fn are_in_order(
        &self,
        table: &StagedTable,
        columns: &[usize],
        order: Order,
    ) -> Result<bool, rusqlite::Error> {
        match self.place_of(table) {
            Some(index) => Ok(self.ascent(index, columns, order)? != Ascent::None),
            None => Ok(false),
        }
    }

    fn place_of(&self, table: &StagedTable) -> Option<usize> {
        let mut tables = self.tables.iter();
        tables.position(|other| other.name_in_staging == table.name_in_staging)
    }

    /// Whether the values of some columns ascend from row to row, shorter texts before longer ones: as numbers do, and most
    /// keys in a dump. Keys that do are told apart by one look at each, without an index. Rows with a NULL among them do not
    /// count.
    fn ascent(
        &self,
        table: usize,
        columns: &[usize],
        order: Order,
    ) -> Result<Ascent, rusqlite::Error> {
        let table = &self.tables[table];
        let list: Vec<String> = columns.iter().map(|column| format!("c{column}")).collect();
        let mut select = self.connection.prepare(&format!(
            "SELECT {} FROM {} ORDER BY rowid",
            list.join(", "),
            table.name_in_staging
        ))?;
        let mut rows = select.query([])?;
        let mut last: Vec<Vec<u8>> = vec![Vec::new(); columns.len()];
        let mut ascent = Ascent::Whole;
        let mut is_first = true;
        'rows: while let Some(row) = rows.next()? {
            let mut compared = Ordering::Equal;
            for (place, last) in last.iter().enumerate() {
                match row.get_ref(place)? {
                    ValueRef::Text(value) => {
                        compared = compared.then_with(|| shorter_first(last, value));
                    }
                    ValueRef::Null => {
                        ascent = Ascent::WithGaps;
                        continue 'rows;
                    }
                    _ => return Ok(Ascent::None),
                }
            }
            let follows = is_first
                || compared == Ordering::Less
                || compared == Ordering::Equal && order == Order::Level;
            if !follows {
                return Ok(Ascent::None);
            }
            is_first = false;
            for (place, last) in last.iter_mut().enumerate() {
                if let ValueRef::Text(value) = row.get_ref(place)? {
                    last.clear();
                    last.extend_from_slice(value);
                }
            }
        }
        Ok(ascent)
    }

    /// The next page of rows whose key stands more than once, with their place in the list of all of them.
    fn rivals_behind(&self, last: i64) -> Result<Vec<(i64, Rival)>, StagingError> {
        let page = "SELECT rowid, place, line, first, yields FROM temp.rival WHERE rowid > ?1 ORDER BY rowid LIMIT 1000";
        let rivals = self
            .connection
            .prepare_cached(page)?
            .query_map([last], |row| {
                let rival = Rival {
                    place: row.get(1)?,
                    line: row.get(2)?,
                    first: row.get(3)?,
                    yields: row.get(4)?,
                };
                Ok((row.get(0)?, rival))
            })?
            .collect::<Result<_, _>>()?;
        Ok(rivals)
    }

    /// Two rows with one key, the older one first: one goes, the other is given back.
    fn settle_rivals(
        &mut self,
        index: usize,
        key: &[String],
        holder: Rival,
        rival: Rival,
    ) -> Result<Rival, StagingError> {
        let replaces = rival.yields.as_deref() == Some("replace");
        let goes = if replaces { holder.place } else { rival.place };
        self.tables[index].rows -= 1;
        let table = &self.tables[index];
        self.connection.execute(
            &format!("DELETE FROM {} WHERE rowid = ?1", table.name_in_staging),
            [goes],
        )?;
        if rival.yields.is_none() {
            let name = &table.schema.name;
            let message = format!(
                "{name}: a row with this key ({}) stands further up; the database refuses the second one",
                key.join(", ")
            );
            let line = rival.line.unsigned_abs();
            crate::source::statement::Sink::broken(self, line, 1, &message)?;
        }
        Ok(if replaces { rival } else { holder })
    }
}

/// Whether values follow each other as wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ascent {
    /// They do not.
    None,
    /// They do, but for rows with a NULL.
    WithGaps,
    /// They all do.
    Whole,
}

/// How values follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Each is behind the one before.
    Strict,
    /// None is before the one before.
    Level,
}

/// Shorter texts before longer ones, texts of one length byte by byte: the order of whole numbers above zero.
pub(crate) fn shorter_first(one: &[u8], other: &[u8]) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// A row whose key stands more than once.
struct Rival {
    place: i64,
    line: i64,
    /// The first row with the same key.
    first: i64,
    /// What its `INSERT` said about keys that are there: nothing, `ignore` or `replace`.
    yields: Option<String>,
}
