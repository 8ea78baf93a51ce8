//! Which table points to which, and what each table seems to hold.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::staging::{StagedTable, Staging};
use crate::vocabulary::{self, Meaning, meaning_of, reduced, same_stem};

/// A reference from one table to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relation {
    /// The table that points.
    pub table: String,
    /// Its column.
    pub column: String,
    /// The table it points to.
    pub target: String,
    /// The column it points to.
    pub target_column: String,
    /// The dump declares it; otherwise the names suggest it.
    pub declared: bool,
}

/// What a table seems to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// One row per order.
    Orders,
    /// Rows that belong to an order.
    Lines,
    /// Customers.
    Customers,
    /// Services or products.
    Services,
    /// Priorities.
    Priorities,
    /// Statuses.
    Statuses,
    /// Branches.
    Branches,
    /// People who work there.
    Staff,
    /// Anything else.
    Other,
}

impl Role {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Lines => "lines",
            Self::Customers => "customers",
            Self::Services => "services",
            Self::Priorities => "priorities",
            Self::Statuses => "statuses",
            Self::Branches => "branches",
            Self::Staff => "staff",
            Self::Other => "other",
        }
    }
}

/// All references between single columns: declared ones, then those the names suggest.
pub fn find(staging: &Staging) -> Vec<Relation> {
    let mut relations = Vec::new();
    for table in staging.tables() {
        for reference in &table.schema.references {
            let Some(target) = staging.table(&reference.table) else {
                continue;
            };
            let target_columns = if reference.target_columns.is_empty() {
                &target.schema.primary_key
            } else {
                &reference.target_columns
            };
            if let ([column], [target_column]) =
                (reference.columns.as_slice(), target_columns.as_slice())
            {
                relations.push(Relation {
                    table: table.schema.name.clone(),
                    column: column.clone(),
                    target: target.schema.name.clone(),
                    target_column: target_column.clone(),
                    declared: true,
                });
            }
        }
    }
    for table in staging.tables() {
        for column in &table.schema.columns {
            let known = relations.iter().any(|relation| {
                relation.table == table.schema.name && relation.column == column.name
            });
            if !known {
                relations.extend(suggested(staging, table, &column.name));
            }
        }
    }
    relations
}

/// `kunde_id`, `fk_Kunde`, `KundenNr` or `CustomerID` in another table than `Customers`.
fn suggested(staging: &Staging, table: &StagedTable, column: &str) -> Option<Relation> {
    if single_key(table) == Some(column) {
        return None;
    }
    let name = reduced(column);
    let others = staging.tables().iter();
    let (target, key) = others
        .filter(|other| other.schema.name != table.schema.name)
        .filter_map(|other| Some((other, single_key(other)?)))
        .find(|(other, key)| {
            let same_as_key =
                reduced(key) == name && name.len() > 2 && name != "nummer" && name != "name";
            let stem = ["id", "nr", "fk"]
                .iter()
                .find_map(|ending| name.strip_suffix(ending));
            let stem = stem
                .or_else(|| name.strip_prefix("fk"))
                .or_else(|| name.strip_prefix("id"));
            same_as_key
                || stem.is_some_and(|stem| stem.len() >= 3 && same_stem(stem, &other.schema.name))
        })?;
    Some(Relation {
        table: table.schema.name.clone(),
        column: column.to_owned(),
        target: target.schema.name.clone(),
        target_column: key.to_owned(),
        declared: false,
    })
}

/// The one column that tells the rows of a table apart: its declared key. Where none is declared, a column that ascends from row to
/// row and is called like the table (`KundeID` in `Kunden`) or just `id`.
fn single_key(table: &StagedTable) -> Option<&str> {
    let schema = &table.schema;
    match schema.primary_key.as_slice() {
        [key] => return Some(key),
        [] => {}
        _ => return None,
    }
    let is_called_so = |name: &str| {
        let name = reduced(name);
        let endings = ["id", "nr", "nummer"].iter();
        let mut stems = endings.filter_map(|ending| name.strip_suffix(ending));
        name == "id" || stems.any(|stem| stem.len() >= 3 && same_stem(stem, &schema.name))
    };
    let columns = schema.columns.iter().enumerate();
    columns
        .filter(|(index, column)| table.is_seen_to_ascend(*index) && is_called_so(&column.name))
        .map(|(_, column)| column.name.as_str())
        .next()
}

/// What each table seems to hold. At most one holds the orders.
pub fn roles(staging: &Staging, relations: &[Relation]) -> BTreeMap<String, Role> {
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    let orders = orders_table(staging, relations);
    for table in staging.tables() {
        let name = &table.schema.name;
        let role = if orders.as_deref() == Some(name) {
            Role::Orders
        } else {
            let points_to_orders = orders.as_deref().is_some_and(|orders| {
                relations
                    .iter()
                    .any(|relation| relation.table == *name && relation.target == orders)
            });
            if points_to_orders {
                Role::Lines
            } else {
                role_by_name(name)
            }
        };
        roles.insert(name.clone(), role);
    }
    roles
}

/// The table whose name and columns say most clearly that it holds orders, and to which lines may point.
fn orders_table(staging: &Staging, relations: &[Relation]) -> Option<String> {
    let points = |table: &StagedTable| {
        let name = &table.schema.name;
        let by_name = usize::from(vocabulary::is_orders_table(name)) * 6;
        let meanings = table
            .schema
            .columns
            .iter()
            .filter_map(|column| meaning_of(&column.name))
            .map(|(meaning, _)| meaning);
        let by_columns = meanings
            .filter(|meaning| {
                matches!(
                    meaning,
                    Meaning::Received
                        | Meaning::Promised
                        | Meaning::Status
                        | Meaning::Priority
                        | Meaning::Customer
                        | Meaning::Service
                )
            })
            .count();
        let dates = table.schema.columns.iter().filter(|column| {
            matches!(
                meaning_of(&column.name),
                Some((Meaning::Received | Meaning::Promised, _))
            )
        });
        let pointed_at = relations
            .iter()
            .filter(|relation| relation.target == *name)
            .count()
            .min(2);
        let has_date = usize::from(dates.count() > 0) * 2;
        if by_name == 0 && by_columns < 3 {
            0
        } else {
            by_name + by_columns + has_date + pointed_at
        }
    };
    staging
        .tables()
        .iter()
        .filter(|table| role_by_name(&table.schema.name) == Role::Other)
        .map(|table| (points(table), table))
        .filter(|(points, _)| *points >= 5)
        .max_by_key(|(points, table)| (*points, table.rows))
        .map(|(_, table)| table.schema.name.clone())
}

fn role_by_name(name: &str) -> Role {
    const WORDS: [(Role, &[&str]); 6] = [
        (Role::Customers, &["kunde", "customer", "client", "cliente"]),
        (
            Role::Services,
            &[
                "dienstleistung",
                "service",
                "angebot",
                "product",
                "produkt",
                "leistung",
                "artikel",
                "track",
            ],
        ),
        (Role::Priorities, &["prioritaet", "priority", "prio"]),
        (
            Role::Statuses,
            &["status", "zustand", "auftragsstatus", "orderstatus"],
        ),
        (
            Role::Branches,
            &[
                "filiale",
                "niederlassung",
                "standort",
                "branch",
                "shop",
                "gebiet",
            ],
        ),
        (
            Role::Staff,
            &[
                "mitarbeiter",
                "employee",
                "user",
                "benutzer",
                "personal",
                "staff",
            ],
        ),
    ];
    let found = WORDS
        .iter()
        .find(|(_, words)| words.iter().any(|word| same_stem(word, name)));
    found.map_or(Role::Other, |(role, _)| *role)
}
