//! The portion of a source that one run brings: one branch after the other, one table, the orders of some days.
//!
//! A row outside counts as excluded by this rule; the next portion picks it up. Nothing else distinguishes a run of a portion.

use std::fmt;

use jiff::civil::Date;

use crate::source::schema::same_name;

/// Which rows a run brings. The default brings all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Portion {
    /// Orders of these branches, by the names that the plan uses, with their customers. Empty: of all.
    pub branches: Vec<String>,
    /// Rows of these tables that become documents. Empty: of all.
    pub tables: Vec<String>,
    /// Orders taken in on this day or later.
    pub since: Option<Date>,
    /// Orders taken in on this day or earlier.
    pub until: Option<Date>,
}

impl Portion {
    /// Whether it is the whole source.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// Whether rows of a table become documents.
    pub fn has_table(&self, name: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|table| same_name(table, name))
    }

    /// Whether it says anything about orders by their branch or day.
    pub fn limits_orders(&self) -> bool {
        !self.branches.is_empty() || self.since.is_some() || self.until.is_some()
    }

    /// Whether orders of a branch belong to it, by the name that the plan uses.
    pub fn has_branch(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.branches.is_empty()
            || self
                .branches
                .iter()
                .any(|wanted| wanted.to_lowercase() == name)
    }

    /// Whether an order taken in on this day belongs to it. One without a day does only while no days are asked for: a portion
    /// must not guess.
    pub fn has_day(&self, received_on: Option<Date>) -> bool {
        let is_after = self
            .since
            .is_none_or(|since| received_on.is_some_and(|day| day >= since));
        let is_before = self
            .until
            .is_none_or(|until| received_on.is_some_and(|day| day <= until));
        is_after && is_before
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole() {
            return out.write_str("the whole source");
        }
        let mut parts = Vec::new();
        if !self.branches.is_empty() {
            parts.push(format!("branch {}", self.branches.join(", ")));
        }
        if !self.tables.is_empty() {
            parts.push(format!("table {}", self.tables.join(", ")));
        }
        parts.extend(self.since.map(|day| format!("since {day}")));
        parts.extend(self.until.map(|day| format!("until {day}")));
        out.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_belongs_to_the_portion_of_its_branch_and_day() {
        let portion = Portion {
            branches: vec!["Chur".to_owned()],
            since: Some(jiff::civil::date(2024, 1, 1)),
            ..Portion::default()
        };
        let day = |year| Some(jiff::civil::date(year, 6, 1));
        assert!(portion.has_branch("chur") && !portion.has_branch("Davos"));
        assert!(portion.has_day(day(2024)) && !portion.has_day(day(2023)));
        assert!(!portion.has_day(None) && Portion::default().has_day(None));
        assert!(Portion::default().has_branch("Davos"));
    }
}
