//! Which column means what, and which table is led to.

use std::collections::BTreeSet;

use super::{Proposal, ProposeError};
use crate::assess::ColumnProfile;
use crate::assess::relations::{Relation, Role, roles};
use crate::interpret::says_yes;
use crate::staging::StagedTable;
use crate::vocabulary::{Confidence, Meaning, meaning_of, reduced};

impl Proposal<'_> {
    pub(super) fn guess(
        &mut self,
        key: &str,
        meaning: Meaning,
        fits: impl Fn(&ColumnProfile) -> bool,
    ) {
        if let Some((column, confidence)) = self.best(meaning, fits) {
            let filled = self
                .profile(self.orders, &column)
                .map_or(0, ColumnProfile::filled);
            self.entry(
                key,
                &column,
                &format!("{} confidence, {filled} rows filled", confidence.word()),
            );
            self.used.insert(column);
        }
    }

    pub(super) fn best(
        &self,
        meaning: Meaning,
        fits: impl Fn(&ColumnProfile) -> bool,
    ) -> Option<(String, Confidence)> {
        best_of(
            self.orders,
            &self.profiles[&self.orders.schema.name],
            meaning,
            &self.used,
            fits,
        )
    }

    /// The column written for a key of `[orders]`.
    pub(super) fn chosen(&self, key: &str) -> Option<String> {
        let section = &self.out[self.out.find("\n[orders]")?..];
        let line = section
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")))?;
        let value: toml::Table = line.parse().ok()?;
        value.get(key)?.as_str().map(str::to_owned)
    }

    pub(super) fn profile(&self, table: &StagedTable, column: &str) -> Option<&ColumnProfile> {
        self.profiles
            .get(&table.schema.name)?
            .get(table.schema.column_index(column)?)
    }

    pub(super) fn relation_to(&self, table: &StagedTable) -> Option<Relation> {
        let orders = &self.orders.schema.name;
        let target = &table.schema.name;
        self.relations
            .iter()
            .find(|relation| relation.table == *orders && relation.target == *target)
            .cloned()
    }

    pub(super) fn relation_to_role(&self, role: Role) -> Option<Relation> {
        let roles = roles(self.staging, self.relations);
        let orders = &self.orders.schema.name;
        let mut own = self
            .relations
            .iter()
            .filter(|relation| relation.table == *orders);
        own.find(|relation| roles.get(&relation.target) == Some(&role))
            .cloned()
    }

    /// The column of a lookup table that bears its name for people: one that is called so, else its first text.
    pub(super) fn name_column(&self, table: &StagedTable, key: &str) -> String {
        let profiles = &self.profiles[&table.schema.name];
        let columns = || {
            table
                .schema
                .columns
                .iter()
                .zip(profiles)
                .filter(|(column, _)| column.name != key)
        };
        let called = columns().find(|(column, _)| {
            let name = reduced(&column.name);
            (name.ends_with("name")
                || name.starts_with("bezeichnung")
                || name == "titel"
                || name == "title")
                && !matches!(meaning_of(&column.name), Some((Meaning::FirstName, _)))
        });
        let text = columns().find(|(_, profile)| profile.texts > 0);
        let any = columns().next();
        called
            .or(text)
            .or(any)
            .map_or_else(|| key.to_owned(), |(column, _)| column.name.clone())
    }

    /// Whether the values of a column tell most rows apart.
    pub(super) fn tells_apart(
        &self,
        table: &StagedTable,
        column: &str,
    ) -> Result<bool, ProposeError> {
        let Some(index) = table.schema.column_index(column) else {
            return Ok(false);
        };
        let count = format!(
            "SELECT count(*), count(DISTINCT c{index}) FROM {} WHERE c{index} <> ''",
            table.sql_name()
        );
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (rows, different) = self.staging.connection().query_row(&count, [], read)?;
        Ok(different * 2 > rows)
    }

    /// The highest number of a column, 0 when it has none.
    pub(super) fn highest(&self, table: &StagedTable, column: &str) -> Result<f64, ProposeError> {
        let Some(index) = table.schema.column_index(column) else {
            return Ok(0.0);
        };
        let highest = format!(
            "SELECT coalesce(max(CAST(c{index} AS REAL)), 0.0) FROM {}",
            table.sql_name()
        );
        let staging = self.staging.connection();
        Ok(staging.query_row(&highest, [], |row| row.get(0))?)
    }

    /// Keys with their names, of a lookup table.
    pub(super) fn names_of(
        &self,
        table: &StagedTable,
        key: &str,
    ) -> Result<Vec<(String, String)>, ProposeError> {
        let name = self.name_column(table, key);
        let (Some(key), Some(name)) = (
            table.schema.column_index(key),
            table.schema.column_index(&name),
        ) else {
            return Ok(Vec::new());
        };
        let select = format!(
            "SELECT CAST(c{key} AS TEXT), CAST(c{name} AS TEXT) FROM {} WHERE c{name} IS NOT NULL",
            table.sql_name()
        );
        let mut select = self.staging.connection().prepare(&select)?;
        let names = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(names.collect::<Result<_, _>>()?)
    }
}

pub(super) fn best_of(
    table: &StagedTable,
    profiles: &[ColumnProfile],
    wanted: Meaning,
    used: &BTreeSet<String>,
    fits: impl Fn(&ColumnProfile) -> bool,
) -> Option<(String, Confidence)> {
    let candidates = table
        .schema
        .columns
        .iter()
        .zip(profiles)
        .enumerate()
        .filter_map(|(place, (column, profile))| {
            let (meaning, confidence) = meaning_of(&column.name)?;
            let taken = used.contains(&column.name) || profile.filled() == 0;
            (meaning == wanted && !taken && can_mean(profile, meaning) && fits(profile))
                .then(|| (confidence, std::cmp::Reverse(place), column.name.clone()))
        });
    candidates
        .max()
        .map(|(confidence, _, name)| (name, confidence))
}

/// Whether what a column holds can be what its name suggests: a name alone is no ground for confidence.
fn can_mean(profile: &ColumnProfile, meaning: Meaning) -> bool {
    /// No telephone has fewer signs.
    const SHORTEST_PHONE: usize = 6;
    /// No postcode of Europe is shorter or longer.
    const POSTCODES: std::ops::RangeInclusive<usize> = 3..=10;
    let is_text = profile.texts * 2 >= profile.filled();
    match meaning {
        Meaning::Received | Meaning::Promised | Meaning::Finished => profile.is_date(),
        Meaning::Price | Meaning::Quantity | Meaning::Discount => profile.is_mostly_number(),
        Meaning::Item
        | Meaning::Company
        | Meaning::Name
        | Meaning::FirstName
        | Meaning::LastName
        | Meaning::Email
        | Meaning::Street
        | Meaning::Town => is_text,
        Meaning::Note => profile.texts > 0,
        Meaning::Phone => profile.longest >= SHORTEST_PHONE && !profile.is_date(),
        Meaning::Postcode => POSTCODES.contains(&profile.longest) && !profile.is_date(),
        Meaning::OrderNumber => !profile.is_date() && !is_flag(profile),
        Meaning::Status
        | Meaning::Priority
        | Meaning::Service
        | Meaning::Paid
        | Meaning::Branch
        | Meaning::Customer
        | Meaning::Staff
        | Meaning::Nothing => true,
    }
}

/// Whether a column says yes or no.
fn is_flag(profile: &ColumnProfile) -> bool {
    let values = profile.values.as_ref();
    values.is_some_and(|values| {
        let mut given = values.keys().filter(|value| !value.trim().is_empty());
        given.all(|value| says_yes(value).is_some())
    })
}

pub(super) fn declared(relation: &Relation) -> &'static str {
    if relation.declared {
        "declared reference"
    } else {
        "medium confidence: the names suggest it"
    }
}
