//! Proposes a plan from what `assess` found. Every guess stands in the file with its confidence beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::preview::preview;
use super::{DOCUMENT_SCHEMA, PLAN_VERSION, Plan};
use crate::apply::{ApplyError, CHANGE_RULES};
use crate::assess::ColumnProfile;
use crate::assess::relations::{Relation, Role, find, roles};
use crate::interpret::dates::Shape;
use crate::interpret::lost_its_zero;
use crate::staging::{StagedTable, Staging};
use crate::vocabulary::{self, Confidence, Meaning, meaning_of, reduced};

/// Stands where only a person knows the answer; a plan that still has it is not run.
pub(super) const TO_BE_CHANGED: &str = "CHANGE ME";

/// What a proposal starts from, beside the staged source.
#[derive(Debug, Clone)]
pub struct Basis {
    /// SHA-256 of the source.
    pub sha256: String,
    /// Path of the source as seen from the plan's folder; its name becomes the source's name.
    pub source_file: std::path::PathBuf,
    /// The branch of all orders, when the person has named one.
    pub branch: Option<String>,
    /// The instant of the proposal.
    pub now: jiff::Timestamp,
}

/// Why nothing can be proposed.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// No table looks like orders.
    #[error(
        "no table of this source looks like orders (it has: {0}). Check the file with `offpiste-import assess`."
    )]
    NoOrders(String),
    /// The staging database failed.
    #[error("the working database failed: {0}. Nothing was changed.")]
    Staging(#[from] rusqlite::Error),
    /// The plan could not be tried.
    #[error(transparent)]
    Preview(#[from] ApplyError),
}

/// The text of a proposed plan.
pub fn propose(staging: &Staging, basis: &Basis) -> Result<String, ProposeError> {
    let profiles = crate::assess::profile_all(staging)?;
    let relations = find(staging);
    let roles = &roles(staging, &relations);
    let of_role = |role: Role| {
        let tables = staging
            .tables()
            .iter()
            .filter(move |table| roles.get(&table.schema.name) == Some(&role));
        tables.max_by_key(|table| table.rows)
    };
    let Some(orders) = of_role(Role::Orders) else {
        let names: Vec<&str> = staging
            .tables()
            .iter()
            .map(|table| table.schema.name.as_str())
            .collect();
        return Err(ProposeError::NoOrders(names.join(", ")));
    };
    let mut proposal = Proposal {
        staging,
        profiles: &profiles,
        relations: &relations,
        orders,
        placed: BTreeSet::from([orders.schema.name.clone()]),
        used: BTreeSet::new(),
        out: String::new(),
        lookups: String::new(),
    };
    proposal.head(basis);
    proposal.branches(basis, of_role(Role::Branches))?;
    proposal.orders(
        of_role(Role::Customers),
        of_role(Role::Services),
        of_role(Role::Lines),
    )?;
    if let Some(lines) = of_role(Role::Lines) {
        proposal.lines(lines);
    }
    if let Some(customers) = of_role(Role::Customers) {
        proposal.customers(customers)?;
    }
    proposal.services(of_role(Role::Services))?;
    proposal.choices(
        "status",
        Meaning::Status,
        of_role(Role::Statuses),
        Some("open"),
    )?;
    proposal.choices(
        "priority",
        Meaning::Priority,
        of_role(Role::Priorities),
        None,
    )?;
    proposal.other_lookups();
    proposal.rest();
    let mut text = proposal.out;
    add_budget(&mut text, staging)?;
    Ok(text)
}

/// Adds the budget: as many changes as this very plan needs, so that a later dump with more of them stops.
fn add_budget(text: &mut String, staging: &Staging) -> Result<(), ProposeError> {
    let changes = match Plan::from_text(text) {
        Ok(plan) => preview(&plan, staging)?.changes,
        Err(_) => BTreeMap::new(),
    };
    text.push_str("\n[budget] # how many values may be changed, by rule; a run that needs more stops before it writes anything\n");
    for rule in CHANGE_RULES {
        let _ = writeln!(text, "{rule} = {}", changes.get(rule).copied().unwrap_or(0));
    }
    Ok(())
}

struct Proposal<'a> {
    staging: &'a Staging,
    profiles: &'a BTreeMap<String, Vec<ColumnProfile>>,
    relations: &'a [Relation],
    orders: &'a StagedTable,
    /// Tables that have a place.
    placed: BTreeSet<String>,
    /// Columns of the orders' table that have a meaning.
    used: BTreeSet<String>,
    out: String,
    lookups: String,
}

impl Proposal<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// `key = "value"   # comment`
    fn entry(&mut self, key: &str, value: &str, comment: &str) {
        let entry = format!("{key} = {}", quoted(value));
        let _ = writeln!(self.out, "{entry:44} # {comment}");
    }

    fn head(&mut self, basis: &Basis) {
        self.line("# How this source becomes documents. Proposed by `offpiste-import plan`; read every line and correct it.");
        self.line("# Guesses bear their confidence. Columns that are not named here are kept with the order as legacy values.");
        let _ = writeln!(
            self.out,
            "plan_version = {PLAN_VERSION}\ndocument_schema = {DOCUMENT_SCHEMA}"
        );
        let file_name = basis
            .source_file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = source_name(&file_name.unwrap_or_default());
        self.entry(
            "source_name",
            &name,
            "part of every imported id: never change it after the first run",
        );
        let _ = writeln!(
            self.out,
            "source_file = {}",
            quoted(&basis.source_file.to_string_lossy())
        );
        let _ = writeln!(self.out, "source_sha256 = {}", quoted(&basis.sha256));
        self.entry(
            "stamped_at",
            &basis.now.to_string(),
            "the importer's clock for rows without a date",
        );
        self.entry(
            "time_zone",
            "Europe/Zurich",
            "of all local times in the source",
        );
        self.entry("country", "CH", "of telephones without a prefix");
        self.entry("currency", "CHF", "of all amounts");
        self.line("vat = [{ from = \"2018-01-01\", basis_points = 770 }, { from = \"2024-01-01\", basis_points = 810 }]");
    }

    fn branches(&mut self, basis: &Basis, table: Option<&StagedTable>) -> Result<(), ProposeError> {
        self.line("\n[branches] # names or ids of branches at the hub");
        let relation = table.and_then(|table| self.relation_to(table));
        let found = match &relation {
            Some(relation) => Some((relation.column.clone(), Confidence::High)),
            None => self.best(Meaning::Branch, |profile| profile.values.is_some()),
        };
        let mut map = Vec::new();
        if let Some((column, confidence)) = found {
            self.entry(
                "column",
                &column,
                &format!("{} confidence", confidence.word()),
            );
            self.used.insert(column.clone());
            if let (Some(table), Some(relation)) = (table, relation) {
                map = self.names_of(table, &relation.target_column)?;
                self.place_lookup(table, &relation);
            } else if let Some(values) = self
                .profile(self.orders, &column)
                .and_then(|profile| profile.values.clone())
            {
                map = values
                    .into_keys()
                    .filter(|value| !value.is_empty())
                    .map(|value| (value.clone(), value))
                    .collect();
            }
        }
        match &basis.branch {
            Some(branch) => self.entry("default", branch, "of all orders that name none"),
            None if map.is_empty() => self.entry("default", TO_BE_CHANGED, "the source names no branch: write one here"),
            None => self.line("# default = \"\"                             # for orders that name none; without it they are rejected"),
        }
        self.line("create_missing = false                       # true: make branches the hub does not know");
        self.map("branches.map", &map);
        Ok(())
    }

    fn orders(
        &mut self,
        customers: Option<&StagedTable>,
        services: Option<&StagedTable>,
        lines: Option<&StagedTable>,
    ) -> Result<(), ProposeError> {
        let _ = writeln!(self.out, "\n[orders] # {} rows", self.orders.rows);
        let table = self.orders;
        let _ = writeln!(self.out, "table = {}", quoted(&table.schema.name));
        let _ = writeln!(self.out, "key = {}", list(&table.schema.primary_key));
        let customer = customers.and_then(|table| self.relation_to(table));
        if let Some(relation) = &customer {
            self.entry("customer", &relation.column, declared(relation));
            self.used.insert(relation.column.clone());
        }
        if lines.is_none() {
            if let Some(relation) = services.and_then(|table| self.relation_to(table)) {
                self.entry("service", &relation.column, declared(&relation));
                self.used.insert(relation.column.clone());
            } else {
                self.guess("service", Meaning::Service, |profile| profile.texts > 0);
            }
            self.guess("item", Meaning::Item, |_| true);
            self.guess("price", Meaning::Price, ColumnProfile::is_mostly_number);
        }
        self.guess("received", Meaning::Received, ColumnProfile::is_date);
        self.guess("promised", Meaning::Promised, ColumnProfile::is_date);
        self.guess("finished", Meaning::Finished, ColumnProfile::is_date);
        for (key, meaning, role) in [
            ("status", Meaning::Status, Role::Statuses),
            ("priority", Meaning::Priority, Role::Priorities),
        ] {
            let relation = self.relation_to_role(role);
            if let Some(relation) = relation {
                self.entry(key, &relation.column, declared(&relation));
                self.used.insert(relation.column);
            } else {
                self.guess(key, meaning, |profile| profile.values.is_some());
            }
        }
        let number = self.best(Meaning::OrderNumber, |_| true);
        match (number, table.schema.primary_key.as_slice()) {
            (Some((column, confidence)), _) => {
                self.entry(
                    "number",
                    &column,
                    &format!("{} confidence", confidence.word()),
                );
                self.used.insert(column);
            }
            (None, [key]) => self.entry(
                "number",
                key,
                "the key, as no other column looks like a number",
            ),
            _ => {}
        }
        self.guess("paid", Meaning::Paid, |_| true);
        if let Some(profile) = self
            .chosen("paid")
            .and_then(|column| self.profile(table, &column))
        {
            let is_flag = profile
                .values
                .as_ref()
                .is_some_and(|values| values.keys().all(|value| is_yes_or_no(value)));
            let word = if is_flag { "flag" } else { "amount" };
            self.entry("paid_is", word, "`amount`, or `flag` for yes and no");
        }
        self.guess("note", Meaning::Note, |_| true);
        self.line(
            "# exclude_where = [{ column = \"Test\", equals = \"1\", reason = \"test orders\" }]",
        );
        self.date_formats();
        if customer.is_none() {
            self.contact("orders.contact", table)?;
        }
        Ok(())
    }

    fn date_formats(&mut self) {
        let table = self.orders;
        let mut formats = Vec::new();
        for key in ["received", "promised", "finished"] {
            let Some(column) = self.chosen(key) else {
                continue;
            };
            let Some(profile) = self.profile(table, &column) else {
                continue;
            };
            let shapes = profile.date_shapes();
            let shapes = if shapes.is_empty() {
                vec![Shape::Iso]
            } else {
                shapes
            };
            let words: Vec<String> = shapes.iter().map(|shape| shape.word().to_owned()).collect();
            formats.push((column, list(&words)));
        }
        if !formats.is_empty() {
            self.line("\n[orders.date_formats] # 2024-12-31, 31.12.2024, 31.12.24, 31/12/2024, 12/31/2024 or 2024/12/31; the first that fits");
            for (column, words) in formats {
                let _ = writeln!(self.out, "{} = {words}", quoted(&column));
            }
        }
    }

    fn lines(&mut self, table: &StagedTable) {
        let name = &table.schema.name;
        let Some(relation) = self
            .relations
            .iter()
            .find(|relation| relation.table == *name && relation.target == self.orders.schema.name)
        else {
            return;
        };
        self.placed.insert(name.clone());
        let _ = writeln!(self.out, "\n[lines] # {} rows", table.rows);
        let _ = writeln!(self.out, "table = {}", quoted(name));
        let _ = writeln!(self.out, "key = {}", list(&table.schema.primary_key));
        self.entry("order", &relation.column, declared(relation));
        let service = self
            .relations
            .iter()
            .find(|other| other.table == *name && other.column != relation.column);
        let mut used = BTreeSet::from([relation.column.clone()]);
        if let Some(service) = service {
            self.entry("service", &service.column, declared(service));
            used.insert(service.column.clone());
        }
        for (key, meaning) in [
            ("service", Meaning::Service),
            ("price", Meaning::Price),
            ("quantity", Meaning::Quantity),
            ("discount", Meaning::Discount),
        ] {
            if key == "service" && service.is_some() {
                continue;
            }
            if let Some((column, confidence)) =
                best_of(table, &self.profiles[name], meaning, &used, |_| true)
            {
                self.entry(key, &column, &format!("{} confidence", confidence.word()));
                used.insert(column);
            }
        }
    }

    fn customers(&mut self, table: &StagedTable) -> Result<(), ProposeError> {
        self.placed.insert(table.schema.name.clone());
        let _ = writeln!(
            self.out,
            "\n[customers] # {} rows; each becomes a customer, never merged on a name",
            table.rows
        );
        let _ = writeln!(self.out, "table = {}", quoted(&table.schema.name));
        let _ = writeln!(self.out, "key = {}", list(&table.schema.primary_key));
        self.contact("customers.contact", table)
    }

    fn contact(&mut self, section: &str, table: &StagedTable) -> Result<(), ProposeError> {
        let _ = writeln!(self.out, "\n[{section}]");
        let mut used: BTreeSet<String> = table.schema.primary_key.iter().cloned().collect();
        if section == "orders.contact" {
            used.extend(self.used.iter().cloned());
        }
        let parts = [
            ("first_name", Meaning::FirstName),
            ("last_name", Meaning::LastName),
            ("name", Meaning::Name),
            ("company", Meaning::Company),
            ("phone", Meaning::Phone),
            ("email", Meaning::Email),
            ("street", Meaning::Street),
            ("postcode", Meaning::Postcode),
            ("town", Meaning::Town),
        ];
        let mut last_name = false;
        for (key, meaning) in parts {
            if key == "name" && last_name {
                continue;
            }
            let profiles = &self.profiles[&table.schema.name];
            let Some((column, confidence)) = best_of(table, profiles, meaning, &used, |_| true)
            else {
                continue;
            };
            last_name |= key == "last_name";
            self.entry(key, &column, &format!("{} confidence", confidence.word()));
            if key == "phone" {
                let zeroless = self.count_zeroless(table, &column)?;
                if zeroless > 0 {
                    self.entry_bare(
                        "restore_phone_zero",
                        "true",
                        &format!("{zeroless} telephones lost their zero"),
                    );
                }
            }
            used.insert(column);
        }
        Ok(())
    }

    fn entry_bare(&mut self, key: &str, value: &str, comment: &str) {
        let entry = format!("{key} = {value}");
        let _ = writeln!(self.out, "{entry:44} # {comment}");
    }

    fn count_zeroless(&self, table: &StagedTable, column: &str) -> Result<u64, ProposeError> {
        let Some(index) = table.schema.column_index(column) else {
            return Ok(0);
        };
        let select = format!(
            "SELECT c{index} FROM {} WHERE typeof(c{index}) = 'text'",
            table.sql_name()
        );
        let mut select = self.staging.connection().prepare(&select)?;
        let mut rows = select.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += u64::from(lost_its_zero(&row.get::<_, String>(0)?));
        }
        Ok(count)
    }

    fn services(&mut self, table: Option<&StagedTable>) -> Result<(), ProposeError> {
        self.line("\n[services] # those in the map are merged into the catalogue; others become services no longer offered");
        let names: Vec<String> = if let Some(table) = table {
            self.placed.insert(table.schema.name.clone());
            let _ = writeln!(
                self.out,
                "table = {} # {} rows",
                quoted(&table.schema.name),
                table.rows
            );
            let key = table
                .schema
                .primary_key
                .first()
                .cloned()
                .unwrap_or_default();
            let _ = writeln!(self.out, "key = {}", quoted(&key));
            let name = self.name_column(table, &key);
            self.entry("name", &name, "the column with the name");
            let used = BTreeSet::from([key.clone(), name]);
            let profiles = &self.profiles[&table.schema.name];
            if let Some((column, confidence)) = best_of(
                table,
                profiles,
                Meaning::Price,
                &used,
                ColumnProfile::is_number,
            ) {
                self.entry(
                    "price",
                    &column,
                    &format!("{} confidence", confidence.word()),
                );
            }
            self.names_of(table, &key)?
                .into_iter()
                .map(|(_, name)| name)
                .collect()
        } else {
            let column = self.chosen("service");
            let values =
                column.and_then(|column| self.profile(self.orders, &column)?.values.clone());
            values.unwrap_or_default().into_keys().collect()
        };
        let known: BTreeSet<(String, String)> = names
            .into_iter()
            .filter_map(|name| {
                vocabulary::service_of(&name).map(|code| (name.clone(), code.to_owned()))
            })
            .collect();
        let known: Vec<(String, String)> = known.into_iter().collect();
        self.map("services.map", &known);
        Ok(())
    }

    fn choices(
        &mut self,
        section: &str,
        meaning: Meaning,
        table: Option<&StagedTable>,
        default: Option<&str>,
    ) -> Result<(), ProposeError> {
        let _ = writeln!(self.out, "\n[{section}]");
        let relation = table.and_then(|table| self.relation_to(table));
        let mut values: BTreeMap<String, u64> = BTreeMap::new();
        if let (Some(table), Some(relation)) = (table, relation) {
            self.placed.insert(table.schema.name.clone());
            let key = relation.target_column;
            let _ = writeln!(
                self.out,
                "table = {} # {} rows",
                quoted(&table.schema.name),
                table.rows
            );
            let _ = writeln!(self.out, "key = {}", quoted(&key));
            let name = self.name_column(table, &key);
            self.entry("name", &name, "the column with the name");
            values = self
                .names_of(table, &key)?
                .into_iter()
                .map(|(_, name)| (name, 0))
                .collect();
        } else if let Some(column) = self.chosen(section) {
            values = self
                .profile(self.orders, &column)
                .and_then(|profile| profile.values.clone())
                .unwrap_or_default();
        }
        if let Some(default) = default {
            self.entry("default", default, "for rows that say nothing");
        }
        values.retain(|value, _| !value.trim().is_empty());
        let _ = writeln!(
            self.out,
            "\n[{section}.map] # from the legacy spelling, exactly, to the code here"
        );
        let numbers = meaning == Meaning::Priority
            && !values.is_empty()
            && values.keys().all(|value| value.parse::<i64>().is_ok());
        let count = values.len();
        for (place, (value, rows)) in values.into_iter().enumerate() {
            let guess = match meaning {
                Meaning::Status => vocabulary::phase_of(&value),
                _ if numbers => Some(by_rank(place, count)),
                _ => vocabulary::priority_of(&value),
            };
            let rows = if rows == 0 {
                String::new()
            } else {
                format!(" # {rows} rows")
            };
            let rows = if numbers {
                format!("{rows} # LOW confidence: check which end is urgent")
            } else {
                rows
            };
            match guess {
                Some(code) => {
                    let _ = writeln!(self.out, "{} = {}{rows}", quoted(&value), quoted(code));
                }
                None => {
                    let _ = writeln!(
                        self.out,
                        "# {} = \"\"{rows} # UNKNOWN: these rows are rejected until you choose",
                        quoted(&value)
                    );
                }
            }
        }
        Ok(())
    }

    /// Tables that orders point to and that have no place yet: their text goes with the order.
    fn other_lookups(&mut self) {
        let orders = &self.orders.schema.name;
        let relations: Vec<Relation> = self
            .relations
            .iter()
            .filter(|relation| relation.table == *orders)
            .cloned()
            .collect();
        for relation in relations {
            if let Some(table) = self
                .staging
                .table(&relation.target)
                .filter(|table| !self.placed.contains(&table.schema.name))
            {
                self.place_lookup(table, &relation);
            }
        }
        let lookups = std::mem::take(&mut self.lookups);
        self.out.push_str(&lookups);
    }

    fn place_lookup(&mut self, table: &StagedTable, relation: &Relation) {
        self.placed.insert(table.schema.name.clone());
        let text = self.name_column(table, &relation.target_column);
        let _ = writeln!(
            self.lookups,
            "\n[[lookup]] # its text goes with the orders that name it, as a legacy value\ntable = {}\nkey = {}\ntext = {}\ncolumn = {}",
            quoted(&table.schema.name),
            quoted(&relation.target_column),
            quoted(&text),
            quoted(&relation.column)
        );
    }

    fn rest(&mut self) {
        for table in self.staging.tables() {
            let name = &table.schema.name;
            if !self.placed.contains(name) {
                let reason = if table.rows == 0 {
                    "empty"
                } else {
                    "not part of an order"
                };
                let _ = writeln!(
                    self.out,
                    "\n[[exclude]] # {} rows stay behind\ntable = {}\nreason = {}",
                    table.rows,
                    quoted(name),
                    quoted(reason)
                );
            }
        }
    }

    fn map(&mut self, section: &str, entries: &[(String, String)]) {
        if entries.is_empty() {
            return;
        }
        let _ = writeln!(self.out, "\n[{section}]");
        for (from, to) in entries {
            let _ = writeln!(self.out, "{} = {}", quoted(from), quoted(to));
        }
    }

    fn guess(&mut self, key: &str, meaning: Meaning, fits: impl Fn(&ColumnProfile) -> bool) {
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

    fn best(
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
    fn chosen(&self, key: &str) -> Option<String> {
        let section = &self.out[self.out.find("\n[orders]")?..];
        let line = section
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")))?;
        let value: toml::Table = line.parse().ok()?;
        value.get(key)?.as_str().map(str::to_owned)
    }

    fn profile(&self, table: &StagedTable, column: &str) -> Option<&ColumnProfile> {
        self.profiles
            .get(&table.schema.name)?
            .get(table.schema.column_index(column)?)
    }

    fn relation_to(&self, table: &StagedTable) -> Option<Relation> {
        let orders = &self.orders.schema.name;
        let target = &table.schema.name;
        self.relations
            .iter()
            .find(|relation| relation.table == *orders && relation.target == *target)
            .cloned()
    }

    fn relation_to_role(&self, role: Role) -> Option<Relation> {
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
    fn name_column(&self, table: &StagedTable, key: &str) -> String {
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
                && !name.starts_with("first")
        });
        let text = columns().find(|(_, profile)| profile.texts > 0);
        let any = columns().next();
        called
            .or(text)
            .or(any)
            .map_or_else(|| key.to_owned(), |(column, _)| column.name.clone())
    }

    /// Keys with their names, of a lookup table.
    fn names_of(
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

fn best_of(
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
            (meaning == wanted && !taken && fits(profile))
                .then(|| (confidence, std::cmp::Reverse(place), column.name.clone()))
        });
    candidates
        .max()
        .map(|(confidence, _, name)| (name, confidence))
}

/// Whether a value of a column of payments says yes or no rather than how much.
fn is_yes_or_no(value: &str) -> bool {
    const WORDS: [&str; 12] = [
        "", "0", "1", "ja", "nein", "yes", "no", "true", "false", "x", "j", "n",
    ];
    WORDS.contains(&value.trim().to_lowercase().as_str())
}

/// Numbers as priorities: the lowest is taken as the least urgent. Said to be a guess beside it.
fn by_rank(place: usize, count: usize) -> &'static str {
    match (place, count) {
        (0, 2..) => "low",
        (place, 2..) if place + 1 == count => "express",
        _ => "standard",
    }
}

fn declared(relation: &Relation) -> &'static str {
    if relation.declared {
        "declared reference"
    } else {
        "medium confidence: the names suggest it"
    }
}

fn source_name(file_name: &str) -> String {
    let stem = file_name.split('.').next().unwrap_or(file_name);
    let name: String = reduced(stem)
        .chars()
        .filter(char::is_ascii)
        .take(40)
        .collect();
    if name.is_empty() {
        "legacy".to_owned()
    } else {
        name
    }
}

fn quoted(text: &str) -> String {
    // Always the basic form on one line: a person edits this file.
    let mut out = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            sign if sign.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(sign));
            }
            sign => out.push(sign),
        }
    }
    out.push('"');
    out
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}
