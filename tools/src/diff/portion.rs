//! Which rows the portion that is compared leaves to another one.

use super::Work;
use super::rows::SourceRow;
use crate::interpret::dates;
use crate::naming;
use crate::run::RunError;
use crate::staging::StagedTable;

impl Work<'_> {
    /// A row that is not asked about is not gone either.
    pub(super) fn leave_out(
        &mut self,
        table: &StagedTable,
        key: &[String],
        row: &SourceRow,
    ) -> Result<(), RunError> {
        self.count(table, |sums| sums.not_compared += 1);
        if let Some(key) = row.key(table, key) {
            let id = naming::document_id(&self.plan.source_name, &table.schema.name, &key);
            self.held.meet(id)?;
        }
        Ok(())
    }

    pub(super) fn is_order_of_portion(&self, table: &StagedTable, row: &SourceRow) -> bool {
        let (plan, portion) = (self.plan, &self.plan.portion);
        if !portion.limits_orders() {
            return true;
        }
        let text = |column: Option<&String>| {
            let column = table.schema.column_index(column?)?;
            row.text(column)
                .map(str::trim)
                .filter(|text| !text.is_empty())
        };
        let day = plan.orders.received.as_ref().and_then(|column| {
            let given = text(Some(column)).filter(|text| dates::no_date(text).is_none())?;
            Some(dates::read(given, &plan.date_shapes(column))?.date)
        });
        let mut rules = plan.branches.rule.iter();
        let by_rule = rules.find(|rule| {
            let column = table.schema.column_index(&rule.column);
            rule.holds(column.and_then(|column| row.text(column)))
        });
        let by_rule = by_rule.map(|rule| &rule.branch);
        let branch = match text(plan.branches.column.as_ref()) {
            Some(given) => plan.branches.map.get(given).or(by_rule),
            None => by_rule.or(plan.branches.default.as_ref()),
        };
        portion.has_day(day) && branch.is_none_or(|name| portion.has_branch(name))
    }

    /// A customer belongs to the portions of their orders.
    pub(super) fn is_customer_of_another_portion(
        &self,
        table: &StagedTable,
        row: &SourceRow,
    ) -> Result<bool, RunError> {
        let plan = self.plan;
        if !plan.portion.has_table(&table.schema.name) {
            return Ok(true);
        }
        if !plan.portion.limits_orders() {
            return Ok(false);
        }
        let keys = plan.customers.as_ref().map(|customers| &customers.key);
        let (Some(orders), Some(columns), Some(key)) = (
            self.staging.table(&plan.orders.table),
            plan.orders.customer.as_ref(),
            keys.and_then(|keys| row.key(table, keys)),
        ) else {
            return Ok(false);
        };
        let theirs = self.rows_where(orders, &columns.0, &key)?;
        Ok(!theirs
            .iter()
            .any(|order| self.is_order_of_portion(orders, order)))
    }
}
