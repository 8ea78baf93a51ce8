//! The rows as they were when they were last carried over, for documents in which staff have written: staged once more from
//! the raw values that documents keep, so that the writer itself says what those rows meant.

use std::collections::BTreeMap;

use rusqlite::params_from_iter;
use rusqlite::types::Value as Sql;
use shared::document::Value;
use shared::domain::fields::kind;
use shared::id::DocumentId;

use crate::held::{Held, HeldDocument};
use crate::naming;
use crate::plan::Plan;
use crate::source::schema::same_name;
use crate::staging::{StagedTable, Staging, StagingError};

/// Former rows under way into a staging database of their own.
pub(super) struct Former<'a> {
    plan: &'a Plan,
    current: &'a Staging,
    held: &'a Held<'a>,
    staging: Staging,
    customers: Vec<DocumentId>,
}

impl<'a> Former<'a> {
    /// Tables that give orders their texts come over as they are: documents do not keep them.
    pub(super) fn begin(
        plan: &'a Plan,
        current: &'a Staging,
        held: &'a Held<'a>,
    ) -> Result<Self, StagingError> {
        let staging = Staging::with_tables_of(current, current.folder().parent())?;
        let former = Self {
            plan,
            current,
            held,
            staging,
            customers: Vec::new(),
        };
        for table in current.tables() {
            let name = &table.schema.name;
            let has_documents = same_name(&plan.orders.table, name)
                || is(plan.lines.as_ref().map(|lines| &lines.table), name)
                || is(
                    plan.customers.as_ref().map(|customers| &customers.table),
                    name,
                );
            let is_left_out = plan.exclude.iter().any(|out| same_name(&out.table, name));
            if !has_documents && !is_left_out {
                former.copy(table)?;
            }
        }
        Ok(former)
    }

    /// Adds the rows that a document was made of.
    pub(super) fn add(&mut self, document: &HeldDocument) -> Result<(), rusqlite::Error> {
        let plan = self.plan;
        match document.document.kind().as_str() {
            kind::ORDER => {
                let Some(orders) = self.current.table(&plan.orders.table) else {
                    return Ok(());
                };
                let row = document.raw_row("legacy/");
                self.insert(orders, &row)?;
                if let Some(lines) = plan.lines.as_ref()
                    && let Some(table) = self.current.table(&lines.table)
                {
                    for (_, line) in document.raw_lines() {
                        self.insert(table, &line)?;
                    }
                }
                self.add_customer_of(orders, &row)
            }
            kind::CUSTOMER => {
                let Some(customers) = &plan.customers else {
                    return Ok(());
                };
                self.add_customer(&customers.table, document)
            }
            _ => Ok(()),
        }
    }

    /// The staging database, once all rows are in it.
    pub(super) fn finish(mut self) -> Result<Staging, StagingError> {
        self.staging.end_rows()?;
        Ok(self.staging)
    }

    /// The customer whose row an order's row names, as it was.
    fn add_customer_of(
        &mut self,
        orders: &StagedTable,
        row: &BTreeMap<String, Value>,
    ) -> Result<(), rusqlite::Error> {
        let plan = self.plan;
        let Some(customers) = &plan.customers else {
            return Ok(());
        };
        let Some(table) = self.current.table(&customers.table) else {
            return Ok(());
        };
        let slugs = naming::slugs(&orders.schema);
        let parts: Option<Vec<&str>> = plan
            .orders
            .customer
            .iter()
            .flat_map(|columns| &columns.0)
            .map(|column| {
                let slug = slugs.get(orders.schema.column_index(column)?)?;
                row.get(slug)?.as_text()
            })
            .collect();
        let Some(key) = parts.filter(|parts| !parts.is_empty()) else {
            return Ok(());
        };
        let key = naming::key_text(key);
        let id = naming::document_id(&plan.source_name, &table.schema.name, &key);
        match self.held.get(id)? {
            Some(customer) => self.add_customer(&customers.table, &customer),
            None => Ok(()),
        }
    }

    fn add_customer(
        &mut self,
        table: &str,
        customer: &HeldDocument,
    ) -> Result<(), rusqlite::Error> {
        let id = customer.document.id();
        if self.customers.contains(&id) {
            return Ok(());
        }
        self.customers.push(id);
        match self.current.table(table) {
            Some(table) => self.insert(table, &customer.raw_row("legacy/")),
            None => Ok(()),
        }
    }

    fn insert(
        &self,
        table: &StagedTable,
        row: &BTreeMap<String, Value>,
    ) -> Result<(), rusqlite::Error> {
        let values = naming::slugs(&table.schema)
            .into_iter()
            .map(|slug| match row.get(&slug) {
                Some(Value::Text(text)) => Sql::Text(text.clone()),
                Some(Value::Bytes(bytes)) => Sql::Blob(bytes.clone()),
                _ => Sql::Null,
            });
        let values: Vec<Sql> = std::iter::once(Sql::Integer(0)).chain(values).collect();
        let places = vec!["?"; values.len()].join(", ");
        let insert = format!("INSERT INTO {} VALUES ({places})", table.sql_name());
        let connection = self.staging.connection();
        connection
            .prepare_cached(&insert)?
            .execute(params_from_iter(values))?;
        Ok(())
    }

    fn copy(&self, table: &StagedTable) -> Result<(), rusqlite::Error> {
        let name = table.sql_name();
        let places = vec!["?"; table.schema.columns.len() + 1].join(", ");
        let mut insert = self
            .staging
            .connection()
            .prepare(&format!("INSERT INTO {name} VALUES ({places})"))?;
        let mut select = self
            .current
            .connection()
            .prepare(&format!("SELECT * FROM {name} ORDER BY rowid"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let columns = row.as_ref().column_count();
            let values: Vec<Sql> = (0..columns)
                .map(|index| row.get(index))
                .collect::<Result<_, _>>()?;
            insert.execute(params_from_iter(values))?;
        }
        Ok(())
    }
}

fn is(table: Option<&String>, name: &str) -> bool {
    table.is_some_and(|table| same_name(table, name))
}
