//! The one box: a ticket in any form, a legacy number, a name, a telephone, an item, an e-mail address; from the first letter on.

use rusqlite::params;

use super::customers::{self, CustomerSummary};
use super::summary::{self, OrderSummary};
use super::{QueryError, Reader, fold, project, sql};
use crate::domain::Phase;
use crate::id::BranchId;

/// Results of one kind in one answer: what fits on a screen and a little more.
const RESULTS: usize = 100;

/// Letters of a search that count.
const TEXT_LETTERS: usize = 120;

/// Words of a search that count; each narrows it.
const WORDS: usize = 8;

/// The shortest number, blanks taken out, that is tried as one: `CH 7`.
const NUMBER_CHARACTERS: usize = 3;

/// Narrows the orders of a search; customers are not narrowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Only orders that concern this branch: taken in, collected or held there.
    pub branch: Option<BranchId>,
    /// Only orders in this phase.
    pub phase: Option<Phase>,
    /// Only orders on which work is still to be done.
    pub unfinished_only: bool,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Orders: one with just this number first, then the newest.
    pub orders: Vec<OrderSummary>,
    /// Whether there are more orders than were asked for.
    pub more_orders: bool,
    /// Customers, the last written first.
    pub customers: Vec<CustomerSummary>,
    /// Whether there are more customers than were asked for.
    pub more_customers: bool,
}

impl Reader {
    /// Searches orders and customers, at most `limit` (and 100) of each. Every word must be found, each as the beginning of
    /// a word; an order whose whole number was typed comes first and whatever the filter says. Nothing that can be typed
    /// is an error.
    pub fn search(
        &self,
        text: &str,
        limit: usize,
        filter: &SearchFilter,
    ) -> Result<Found, QueryError> {
        let limit = limit.clamp(1, RESULTS);
        let mut orders = self.orders_numbered(text)?;
        let exact = orders.len();
        if let Some(expression) = expression(text, filter) {
            let more = self.orders_matching(&expression, limit + 1 + exact)?;
            for order in more {
                if !orders[..exact].iter().any(|known| known.id == order.id) {
                    orders.push(order);
                }
            }
        }
        let more_orders = orders.len() > limit;
        orders.truncate(limit);
        let mut customers = self.customers(text, limit + 1)?;
        let more_customers = customers.len() > limit;
        customers.truncate(limit);
        Ok(Found {
            orders,
            more_orders,
            customers,
            more_customers,
        })
    }

    /// Customers found by name, telephone or e-mail, the last written first; at most `limit`.
    pub fn customers(&self, text: &str, limit: usize) -> Result<Vec<CustomerSummary>, QueryError> {
        let Some(expression) = expression(text, &SearchFilter::default()) else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT {} FROM customer_search s JOIN customers c ON c.key = s.rowid
             WHERE customer_search MATCH ?1 ORDER BY s.rowid DESC LIMIT ?2",
            customers::COLUMNS
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(
            params![expression, sql::limit(limit.clamp(1, RESULTS + 1))],
            CustomerSummary::read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The orders that bear just this number. A legacy number may have been given twice, by two branches' databases.
    fn orders_numbered(&self, text: &str) -> Result<Vec<OrderSummary>, QueryError> {
        let ticket = fold::number(text).to_uppercase();
        if ticket.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(&by_number())?;
        let rows = statement.query_map(
            params![ticket, text.trim(), sql::limit(RESULTS)],
            OrderSummary::read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn orders_matching(
        &self,
        expression: &str,
        limit: usize,
    ) -> Result<Vec<OrderSummary>, QueryError> {
        let mut statement = self.connection.prepare_cached(&by_words())?;
        let rows =
            statement.query_map(params![expression, sql::limit(limit)], OrderSummary::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(super) fn by_number() -> String {
    format!(
        "SELECT {} FROM orders o WHERE o.key IN (
            SELECT key FROM orders WHERE ticket = ?1 AND ticket IS NOT NULL
            UNION SELECT key FROM orders WHERE legacy_number = ?2 AND legacy_number IS NOT NULL
         ) ORDER BY o.key DESC LIMIT ?3",
        summary::COLUMNS
    )
}

pub(super) fn by_words() -> String {
    format!(
        "SELECT {} FROM order_search s JOIN orders o ON o.key = s.rowid
         WHERE order_search MATCH ?1 ORDER BY s.rowid DESC LIMIT ?2",
        summary::COLUMNS
    )
}

/// What was typed in the language of FTS5; `None` when nothing of it is searchable. Only letters and digits get into it,
/// each word in quotes, so there is nothing that could break it.
pub(super) fn expression(text: &str, filter: &SearchFilter) -> Option<String> {
    let text: String = text
        .chars()
        .take(TEXT_LETTERS)
        .collect::<String>()
        .replace("(0)", " ");
    let typed: Vec<&str> = text
        .split_whitespace()
        .flat_map(|typed| typed.split(separates(typed)))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(WORDS)
        .collect();
    let mut all = Vec::new();
    let mut rest = typed.as_slice();
    while let Some(first) = rest.first() {
        let is_digits = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
        let run = rest.iter().take_while(|word| is_digits(word)).count();
        if run > 0 {
            all.push(digits(&rest[..run]));
            rest = &rest[run..];
        } else if first.contains('@') {
            let address = fold::address(first);
            all.extend((!address.is_empty()).then(|| format!("words : \"{address}\" *")));
            rest = &rest[1..];
        } else {
            all.extend(fold::words(first).map(|folded| word(&folded, first)));
            rest = &rest[1..];
        }
    }
    if all.is_empty() {
        return None;
    }
    let mut expression = format!("({})", all.join(" AND "));
    let number = fold::number(&text);
    if typed.len() > 1 && number.len() >= NUMBER_CHARACTERS {
        expression = format!("({expression} OR numbers : \"{number}\" *)");
    }
    for facet in facets(filter) {
        expression.push_str(" AND facets : \"");
        expression.push_str(&facet);
        expression.push('"');
    }
    Some(expression)
}

/// What separates words within what was typed without a blank: signs, but none within an e-mail address.
fn separates(typed: &str) -> fn(char) -> bool {
    if typed.contains('@') {
        |_| false
    } else {
        |c| c.is_ascii_punctuation()
    }
}

fn word(folded: &str, typed: &str) -> String {
    let number = fold::number(typed);
    format!("(words : \"{folded}\" * OR numbers : \"{number}\" *)")
}

/// Groups of digits are one telephone, or each the beginning of a word or a number.
fn digits(run: &[&str]) -> String {
    let each: Vec<String> = run.iter().map(|digits| word(digits, digits)).collect();
    let each = each.join(" AND ");
    let phone = fold::phone_run(&run.concat());
    if phone.len() < fold::PHONE_RUN_DIGITS {
        return format!("({each})");
    }
    format!("(phones : \"{phone}\" * OR ({each}))")
}

fn facets(filter: &SearchFilter) -> impl Iterator<Item = String> {
    let unfinished = filter
        .unfinished_only
        .then(|| project::UNFINISHED.to_owned());
    filter
        .branch
        .map(project::branch_facet)
        .into_iter()
        .chain(
            filter
                .phase
                .map(|phase| project::phase_facet(phase).to_owned()),
        )
        .chain(unfinished)
}
