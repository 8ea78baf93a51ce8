//! Which rows a portion of the source has, as the checker reads it.

use super::{Check, SourceRow, expect};
use crate::source::schema::same_name;

impl<'a> Check<'a> {
    /// Whether a row is outside the portion that was brought.
    pub(super) fn is_of_another_portion(
        &self,
        row: &SourceRow<'_>,
    ) -> Result<bool, rusqlite::Error> {
        let (plan, portion) = (self.plan, &self.plan.portion);
        let table = &row.table.schema.name;
        if portion.is_whole() {
            return Ok(false);
        }
        if !portion.has_table(table) {
            return Ok(true);
        }
        if same_name(&plan.orders.table, table) {
            return Ok(!self.is_order_of_portion(row));
        }
        let customers = plan.customers.as_ref();
        let Some(customers) = customers.filter(|list| same_name(&list.table, table)) else {
            return Ok(false);
        };
        if !portion.limits_orders() {
            return Ok(false);
        }
        let theirs = match (
            &plan.orders.customer,
            row.key(&customers.key),
            self.table(&plan.orders.table),
        ) {
            (Some(columns), Some(key), Some(orders)) => {
                self.rows_where(orders, &columns.0, &key)?
            }
            _ => std::rc::Rc::default(),
        };
        if theirs.is_empty() {
            let at_default = plan
                .branches
                .default
                .as_ref()
                .map_or(portion.branches.is_empty(), |name| portion.has_branch(name));
            return Ok(!at_default || portion.since.is_some() || portion.until.is_some());
        }
        Ok(!theirs.iter().any(|order| self.is_order_of_portion(order)))
    }

    fn is_order_of_portion(&self, row: &SourceRow<'_>) -> bool {
        let (plan, portion) = (self.plan, &self.plan.portion);
        let words = self.date_words(plan.orders.received.as_ref());
        let day = row
            .cell(plan.orders.received.as_ref())
            .given()
            .and_then(|text| expect::date(text, words))
            .map(jiff::civil::DateTime::date);
        let branch = self.branch_named_by(row);
        portion.has_day(day) && branch.is_none_or(|name| portion.has_branch(name))
    }

    /// The branch that an order's row names, as the plan calls it; none when it cannot be told.
    pub(super) fn branch_named_by(&self, row: &SourceRow<'_>) -> Option<&'a String> {
        let branches = &self.plan.branches;
        let cell = row.cell(branches.column.as_ref());
        let named = cell.text().and_then(|text| {
            branches
                .map
                .get(text)
                .or_else(|| branches.map.get(text.trim()))
        });
        let mut rules = branches.rule.iter();
        let by_rule = rules
            .find(|rule| rule.holds(row.cell(Some(&rule.column)).text()))
            .map(|rule| &rule.branch);
        named.or(by_rule).or(if cell.given().is_none() {
            branches.default.as_ref()
        } else {
            None
        })
    }
}
