//! Rows of staged tables for the writer: by place, by key, one at a time.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use crate::naming;
use crate::staging::{StagedTable, Staging, shorter_first};

/// One value as staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raw<'r> {
    Null,
    Text(&'r str),
    Bytes(&'r [u8]),
}

impl<'r> Raw<'r> {
    /// The text, blanks at the ends removed; `None` for NULL, bytes and nothing but blanks.
    pub(crate) fn trimmed(self) -> Option<&'r str> {
        self.text().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The text as it stands; `None` for NULL and bytes.
    pub(crate) const fn text(self) -> Option<&'r str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bytes(_) => None,
        }
    }
}

/// One row as staged.
#[derive(Debug, Clone)]
pub(crate) struct SourceRow {
    pub(crate) rowid: i64,
    pub(crate) line: i64,
    pub(crate) values: Values,
}

/// The values of a row, in one stretch of memory: there are dozens, and making room for each would take longer than reading them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    texts: String,
    bytes: Vec<u8>,
    places: Vec<Place>,
}

/// Where a value lies.
#[derive(Debug, Clone)]
enum Place {
    Null,
    Text(Range<usize>),
    Bytes(Range<usize>),
}

impl Values {
    /// All of them, in the order of their columns.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Raw<'_>> {
        self.places.iter().map(|place| self.at(place))
    }

    /// That of a column; NULL where there is none.
    pub(crate) fn get(&self, column: usize) -> Raw<'_> {
        self.places
            .get(column)
            .map_or(Raw::Null, |place| self.at(place))
    }

    fn at(&self, place: &Place) -> Raw<'_> {
        match place {
            Place::Null => Raw::Null,
            Place::Text(range) => Raw::Text(&self.texts[range.clone()]),
            Place::Bytes(range) => Raw::Bytes(&self.bytes[range.clone()]),
        }
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.bytes.clear();
        self.places.clear();
    }

    fn push(&mut self, value: ValueRef<'_>) {
        let (texts, bytes) = (self.texts.len(), self.bytes.len());
        let mut text = |text: &str| {
            self.texts.push_str(text);
            Place::Text(texts..self.texts.len())
        };
        let place = match value {
            ValueRef::Null => Place::Null,
            ValueRef::Blob(blob) => {
                self.bytes.extend_from_slice(blob);
                Place::Bytes(bytes..self.bytes.len())
            }
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(valid) => text(valid),
                Err(_) => text(&String::from_utf8_lossy(bytes)),
            },
            ValueRef::Integer(number) => text(&number.to_string()),
            ValueRef::Real(number) => text(&number.to_string()),
        };
        self.places.push(place);
    }
}

/// A row that was searched, if it is there.
type FoundRow = Option<Rc<SourceRow>>;

/// A staged table with what is asked of it again and again.
pub(crate) struct Source<'a> {
    /// Its place among the staged tables.
    pub(crate) place: usize,
    pub(crate) table: &'a StagedTable,
    /// Names of the fields that keep raw values, by column.
    pub(crate) slugs: Vec<String>,
    /// Columns that tell rows apart; empty means by place.
    key: Vec<usize>,
    connection: &'a Connection,
    /// By which columns it was searched.
    searches: RefCell<Vec<Rc<Search>>>,
}

/// A way in which rows of a table are searched: worked out once, used for each of millions of rows.
struct Search {
    columns: Vec<String>,
    /// Selects the first row, and all rows. `None` when a column is not there.
    selects: Option<(String, String)>,
    /// What was searched in a small table by its key, found or not.
    found: RefCell<HashMap<String, FoundRow>>,
}

/// Tables of at most so many rows are kept in memory once searched: services, statuses, branches, staff.
const SMALL_TABLE_ROWS: u64 = 500;

/// So many searches are kept for one table; a column of free texts must not fill the memory.
const SEARCHES_KEPT: usize = 2_000;

impl<'a> Source<'a> {
    /// A table by name with its key's columns.
    pub(crate) fn new(staging: &'a Staging, name: &str, key: &[String]) -> Option<Self> {
        let (place, table) = staging
            .tables()
            .iter()
            .enumerate()
            .find(|(_, table)| crate::source::schema::same_name(&table.schema.name, name))?;
        let key = key
            .iter()
            .filter_map(|column| table.schema.column_index(column))
            .collect();
        Some(Self {
            place,
            table,
            slugs: naming::slugs(&table.schema),
            key,
            connection: staging.connection(),
            searches: RefCell::default(),
        })
    }

    fn search(&self, columns: &[String]) -> Rc<Search> {
        let mut searches = self.searches.borrow_mut();
        if let Some(known) = searches.iter().find(|search| search.columns == columns) {
            return Rc::clone(known);
        }
        let all = self.table.select_by(columns);
        let search = Rc::new(Search {
            columns: columns.to_vec(),
            selects: all.map(|all| (format!("{all} LIMIT 1"), all)),
            found: RefCell::default(),
        });
        searches.push(Rc::clone(&search));
        search
    }

    /// The columns of its key.
    pub(crate) fn key_columns(&self) -> &[usize] {
        &self.key
    }

    /// For each row, in their order, the texts of two columns; the first must be there.
    pub(crate) fn each_pair(
        &self,
        one: &str,
        other: Option<&str>,
        mut take: impl FnMut(&str, Raw<'_>),
    ) -> Result<(), rusqlite::Error> {
        let column = |name: &str| self.table.schema.column_index(name);
        let Some(one) = column(one) else {
            return Ok(());
        };
        let other = other
            .and_then(column)
            .map_or_else(|| "NULL".to_owned(), |index| format!("c{index}"));
        let mut select = self.connection.prepare(&format!(
            "SELECT c{one}, {other} FROM {} ORDER BY rowid",
            self.table.sql_name()
        ))?;
        let mut rows = select.query([])?;
        let mut values = Values::default();
        while let Some(row) = rows.next()? {
            if let ValueRef::Text(bytes) = row.get_ref(0)?
                && let Ok(text) = std::str::from_utf8(bytes)
            {
                values.clear();
                values.push(row.get_ref(1)?);
                take(text, values.get(0));
            }
        }
        Ok(())
    }

    /// The value of a named column.
    pub(crate) fn value<'r>(&self, row: &'r SourceRow, column: Option<&String>) -> Raw<'r> {
        let index = column.and_then(|column| self.table.schema.column_index(column));
        index.map_or(Raw::Null, |index| row.values.get(index))
    }

    /// The text of a row's key; `None` when a part of it is NULL.
    pub(crate) fn key_of(&self, row: &SourceRow) -> Option<String> {
        if self.key.is_empty() {
            return Some(naming::place_as_key(row.rowid));
        }
        let parts: Option<Vec<&str>> = self
            .key
            .iter()
            .map(|index| row.values.get(*index).text())
            .collect();
        parts.map(naming::key_text)
    }

    /// The places of all rows, in their order.
    pub(crate) fn each_place(&self, mut take: impl FnMut(i64)) -> Result<(), rusqlite::Error> {
        let table = self.table.sql_name();
        let mut select = self
            .connection
            .prepare(&format!("SELECT rowid FROM {table} ORDER BY rowid"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            take(row.get(0)?);
        }
        Ok(())
    }

    /// The row at a place, if one stands there.
    pub(crate) fn row_at(&self, place: i64) -> Result<Option<SourceRow>, rusqlite::Error> {
        let table = self.table.sql_name();
        self.connection
            .prepare_cached(&format!("SELECT rowid, * FROM {table} WHERE rowid = ?1"))?
            .query_row([place], read)
            .optional()
    }

    /// All rows in their order, one at a time.
    pub(crate) fn each<E: From<rusqlite::Error>>(
        &self,
        mut take: impl FnMut(SourceRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut select = self.connection.prepare(&format!(
            "SELECT rowid, * FROM {} ORDER BY rowid",
            self.table.sql_name()
        ))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            take(read(row)?)?;
        }
        Ok(())
    }

    /// The rows between two places, the second one left out, one at a time.
    pub(crate) fn each_between<E: From<rusqlite::Error>>(
        &self,
        places: std::ops::Range<i64>,
        mut take: impl FnMut(SourceRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT rowid, * FROM {} WHERE rowid >= ?1 AND rowid < ?2 ORDER BY rowid",
            self.table.sql_name()
        ))?;
        let mut rows = select.query([places.start, places.end])?;
        while let Some(row) = rows.next()? {
            take(read(row)?)?;
        }
        Ok(())
    }

    /// The rows whose column ascends (see [`Staging::ascends`]), from the first that is not before `value` on.
    pub(crate) fn walk(&self, column: usize, value: &str) -> Result<Walk<'_>, rusqlite::Error> {
        let table = self.table.sql_name();
        let mut probe = self.connection.prepare_cached(&format!(
            "SELECT rowid, c{column} FROM {table} WHERE rowid >= ?1 AND c{column} IS NOT NULL ORDER BY rowid LIMIT 1"
        ))?;
        let (mut from, mut to) = (
            0,
            i64::try_from(self.table.highest_place()).map_or(i64::MAX, |place| place + 1),
        );
        while from < to {
            let middle = from + (to - from) / 2;
            let found: Option<(i64, bool)> = probe
                .query_row([middle], |row| {
                    let is_before = match row.get_ref(1)? {
                        ValueRef::Text(text) => shorter_first(text, value.as_bytes()).is_lt(),
                        _ => false,
                    };
                    Ok((row.get(0)?, is_before))
                })
                .optional()?;
            match found {
                Some((place, true)) => from = place + 1,
                _ => to = middle,
            }
        }
        Ok(Walk {
            source: self,
            column,
            next: from,
            page: VecDeque::new(),
        })
    }

    fn page(&self, from: i64) -> Result<VecDeque<SourceRow>, rusqlite::Error> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT rowid, * FROM {} WHERE rowid >= ?1 ORDER BY rowid LIMIT {WALK_PAGE}",
            self.table.sql_name()
        ))?;
        select.query_map([from], read)?.collect()
    }

    /// The key of a row of another table that these columns name; `None` when one of them is NULL.
    pub(crate) fn reference(&self, row: &SourceRow, columns: &[String]) -> Option<String> {
        let parts: Option<Vec<&str>> = columns
            .iter()
            .map(|column| self.value(row, Some(column)).text())
            .collect();
        parts
            .filter(|parts| !parts.is_empty())
            .map(naming::key_text)
    }

    /// The first row whose columns have this key.
    pub(crate) fn find(&self, columns: &[String], key: &str) -> Result<FoundRow, rusqlite::Error> {
        let search = self.search(columns);
        let Some((first, _)) = &search.selects else {
            return Ok(None);
        };
        let is_small = self.table.rows <= SMALL_TABLE_ROWS;
        if is_small && let Some(known) = search.found.borrow().get(key) {
            return Ok(known.clone());
        }
        let row = self
            .connection
            .prepare_cached(first)?
            .query_row(params_from_iter(naming::key_parts(key)), read)
            .optional()?
            .map(Rc::new);
        let mut found = search.found.borrow_mut();
        if is_small && found.len() < SEARCHES_KEPT {
            found.insert(key.to_owned(), row.clone());
        }
        Ok(row)
    }

    /// All rows whose columns have this key, in their order.
    pub(crate) fn find_all(
        &self,
        columns: &[String],
        key: &str,
    ) -> Result<Vec<SourceRow>, rusqlite::Error> {
        let search = self.search(columns);
        let Some((_, all)) = &search.selects else {
            return Ok(Vec::new());
        };
        self.connection
            .prepare_cached(all)?
            .query_map(params_from_iter(naming::key_parts(key)), read)?
            .collect()
    }

    /// Makes searching by these columns fast.
    pub(crate) fn index(&self, columns: &[String]) -> Result<(), rusqlite::Error> {
        let index = self.table.index_by(columns);
        index.map_or(Ok(()), |index| self.connection.execute_batch(&index))
    }
}

/// Rows that ascend with those that are asked for: each is read once, none is searched.
pub(crate) struct Walk<'s> {
    source: &'s Source<'s>,
    column: usize,
    next: i64,
    page: VecDeque<SourceRow>,
}

/// Rows read ahead of a walk.
const WALK_PAGE: usize = 256;

impl Walk<'_> {
    /// All rows whose column has this value, in their order. Values must be asked for in ascending order.
    pub(crate) fn take(&mut self, value: &str) -> Result<Vec<SourceRow>, rusqlite::Error> {
        let mut rows = Vec::new();
        loop {
            if self.page.is_empty() {
                self.page = self.source.page(self.next)?;
                match self.page.back() {
                    Some(last) => self.next = last.rowid + 1,
                    None => return Ok(rows),
                }
            }
            while let Some(row) = self.page.pop_front() {
                let order = match row.values.get(self.column).text() {
                    Some(text) => shorter_first(text.as_bytes(), value.as_bytes()),
                    None => Ordering::Less,
                };
                match order {
                    Ordering::Less => {}
                    Ordering::Equal => rows.push(row),
                    Ordering::Greater => {
                        self.page.push_front(row);
                        return Ok(rows);
                    }
                }
            }
        }
    }
}

/// Bytes for which room is made when a row is read: most rows have fewer.
const ROW_BYTES: usize = 256;

fn read(row: &Row<'_>) -> Result<SourceRow, rusqlite::Error> {
    let columns = row.as_ref().column_count();
    let mut values = Values {
        texts: String::with_capacity(ROW_BYTES),
        bytes: Vec::new(),
        places: Vec::with_capacity(columns),
    };
    for index in 2..columns {
        values.push(row.get_ref(index)?);
    }
    Ok(SourceRow {
        rowid: row.get(0)?,
        line: row.get(1)?,
        values,
    })
}
