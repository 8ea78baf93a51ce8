//! Orders of all branches: found, filtered, and taken away as CSV.

use std::ops::ControlFlow;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::civil;
use serde::Deserialize;
use shared::domain::{MoneyState, Phase};
use shared::presentation::format;
use shared::presentation::page::{Badge, Due, Seen, Words, spoken_number};
use shared::read_model::{DayRange, OrderFilter, OrderSort, OrderSummary, Page};

use super::layout::{Layout, Nav, seen_from_office};
use super::reader::Reader;
use super::{csv_file, page, safe};
use crate::problem::Problem;
use crate::router::App;

/// Rows of a page.
const ROWS: usize = 50;

/// Pages one may leaf through; a search that needs more needs a better word.
const PAGES: u32 = 2_000;

/// Rows of a CSV file. More than a spreadsheet opens quickly; filters split it.
const CSV_ROWS: usize = 100_000;

/// Characters of a search that count.
const QUERY_CHARACTERS: usize = 200;

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    words: Words,
    layout: Layout,
    form: FormView,
    rows: Vec<Row>,
    count: String,
    csv_href: String,
    before: Option<String>,
    after: Option<String>,
    is_filtered: bool,
}

/// The filter's form as it was sent.
struct FormView {
    q: String,
    branches: Vec<Choice>,
    phases: Vec<Choice>,
    money: Vec<Choice>,
    only: Vec<Choice>,
    sorts: Vec<Choice>,
    promised_from: String,
    promised_to: String,
    /// Whether one of the rarer conditions is set.
    has_more: bool,
}

struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

struct Row {
    href: String,
    number: String,
    name: String,
    items: String,
    services: String,
    branch: String,
    status: Badge,

    due: Due,
    money: Badge,
    total: String,
    received: String,
    is_conflict: bool,
    is_gone: bool,
    is_overdue: bool,
}

/// What is asked for. Everything is text, so that an empty field is no error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OrdersQuery {
    q: String,
    branch: String,
    phase: String,
    money: String,
    only: String,
    sort: String,
    promised_from: String,
    promised_to: String,
    page: u32,
}

impl OrdersQuery {
    /// What cannot be read asks for nothing.
    pub(crate) fn filter(&self, today: civil::Date) -> OrderFilter {
        let day = |text: &str| text.parse::<civil::Date>().ok();
        let q: String = self.q.trim().chars().take(QUERY_CHARACTERS).collect();
        OrderFilter {
            text: (!q.is_empty()).then_some(q),
            branch: self.branch.parse().ok(),
            phase: Phase::from_code(&self.phase),
            money: money_states()
                .into_iter()
                .find(|state| state.code() == self.money),
            promised: DayRange {
                from: day(&self.promised_from),
                to: day(&self.promised_to),
            },
            overdue_on: (self.only == "overdue").then_some(today),
            ready_only: self.only == "ready",
            conflicts_only: self.only == "conflicts",
            gone_only: self.only == "gone",
            unfinished_only: self.only == "unfinished",
            ..OrderFilter::default()
        }
    }

    pub(crate) fn sort(&self) -> OrderSort {
        match self.sort.as_str() {
            "oldest" => OrderSort::Oldest,
            "promised" => OrderSort::Promised,
            "name" => OrderSort::Name,
            _ => OrderSort::Newest,
        }
    }

    /// The page asked for, from 0.
    pub(crate) fn page(&self) -> u32 {
        self.page.min(PAGES)
    }

    /// The same question for another page.
    fn address(&self, path: &str, page: u32) -> String {
        let mut address = format!("{path}?");
        let mut push = |name: &str, value: &str| {
            if !value.is_empty() {
                if !address.ends_with('?') {
                    address.push('&');
                }
                address.push_str(name);
                address.push('=');
                address.push_str(&percent_encoded(value));
            }
        };
        push("q", &self.q);
        push("branch", &self.branch);
        push("phase", &self.phase);
        push("money", &self.money);
        push("only", &self.only);
        push("sort", &self.sort);
        push("promised_from", &self.promised_from);
        push("promised_to", &self.promised_to);
        if page > 0 {
            push("page", &page.to_string());
        }
        address
    }
}

fn money_states() -> [MoneyState; 5] {
    [
        MoneyState::Open,
        MoneyState::Deposit,
        MoneyState::Paid,
        MoneyState::Overpaid,
        MoneyState::Refunded,
    ]
}

/// `GET /orders`.
pub(crate) async fn list(
    State(app): State<App>,
    reader: Reader,
    Query(query): Query<OrdersQuery>,
) -> Result<Response, Problem> {
    let (mut layout, seen) = Layout::of(&app, &reader, Nav::Orders).await;
    layout.query.clone_from(&query.q);
    let filter = query.filter(seen.today);
    let is_filtered = filter != OrderFilter::default();
    let sort = query.sort();
    let number = query.page();
    let asked = Page {
        offset: number * u32::try_from(ROWS).unwrap_or(u32::MAX),
        limit: ROWS,
    };
    let found = app
        .hub
        .read(move |lists| lists.order_list(&filter, sort, asked))
        .await?;
    let shown = u64::from(asked.offset) + found.orders.len() as u64;
    let total = i64::try_from(found.total).unwrap_or(i64::MAX);
    page(&OrdersPage {
        words: reader.words,
        layout,
        rows: found.orders.iter().map(|order| row(&seen, order)).collect(),
        count: reader.words.with("count-orders", "count", total),
        csv_href: query.address("/orders.csv", 0),
        before: (number > 0).then(|| query.address("/orders", number - 1)),
        after: (shown < found.total).then(|| query.address("/orders", number + 1)),
        form: form(&seen, &query),
        is_filtered,
    })
}

fn row(seen: &Seen, order: &OrderSummary) -> Row {
    let is_unfinished = order.status.phase.is_unfinished();
    Row {
        href: format!("/orders/{}", order.id),
        number: spoken_number(order.ticket.as_deref(), &order.number()),
        name: seen.name_or_word(order.name.as_deref(), order.erased),
        items: order.items.clone(),
        services: order.services.clone(),
        branch: seen.branch_name(order.home),
        status: seen.status(&order.status, order.handed_out),
        due: seen.due(order.promised_on, is_unfinished),
        money: seen.money_state(order.money),
        total: format::money(order.total.minor, order.total.currency.as_str()),
        received: order
            .received_at
            .map(|at| seen.moment(at))
            .unwrap_or_default(),
        is_conflict: order.conflicts > 0,
        is_gone: order.gone_since.is_some(),
        is_overdue: order.is_overdue(seen.today),
    }
}

fn form(seen: &Seen, query: &OrdersQuery) -> FormView {
    let words = seen.words;
    let choices = |chosen: &str, options: Vec<(String, String)>| {
        options
            .into_iter()
            .map(|(value, name)| Choice {
                is_chosen: value == chosen,
                value,
                name,
            })
            .collect()
    };
    let keyed = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(value, key)| ((*value).to_owned(), words.text(key)))
            .collect::<Vec<_>>()
    };
    let mut branches = vec![(String::new(), words.text("office-all-branches"))];
    branches.extend(
        seen.catalogue
            .branches
            .iter()
            .map(|branch| (branch.id.to_string(), branch.name.clone())),
    );
    let mut phases = vec![(String::new(), words.text("office-any"))];
    phases.extend(Phase::ALL.map(|phase| {
        let key = format!("status-{}", phase.code());
        (phase.code().to_owned(), words.text(&key))
    }));
    let mut money = vec![(String::new(), words.text("office-any"))];
    money.extend(money_states().map(|state| {
        let key = format!("money-{}", state.code());
        (state.code().to_owned(), words.text(&key))
    }));
    FormView {
        q: query.q.clone(),
        branches: choices(&query.branch, branches),
        phases: choices(&query.phase, phases),
        money: choices(&query.money, money),
        only: choices(
            &query.only,
            keyed(&[
                ("", "office-any"),
                ("unfinished", "office-unfinished"),
                ("overdue", "office-overdue"),
                ("ready", "office-ready"),
                ("conflicts", "nav-conflicts"),
                ("gone", "office-gone"),
            ]),
        ),
        sorts: choices(
            &query.sort,
            keyed(&[
                ("", "office-sort-newest"),
                ("oldest", "office-sort-oldest"),
                ("promised", "office-sort-promised"),
                ("name", "office-sort-name"),
            ]),
        ),
        promised_from: query.promised_from.clone(),
        promised_to: query.promised_to.clone(),
        has_more: [
            &query.phase,
            &query.money,
            &query.sort,
            &query.promised_from,
            &query.promised_to,
        ]
        .iter()
        .any(|condition| !condition.is_empty()),
    }
}

/// `GET /orders.csv`: the same question as a file for spreadsheets, with a semicolon as they expect it here.
pub(crate) async fn csv(
    State(app): State<App>,
    reader: Reader,
    Query(query): Query<OrdersQuery>,
) -> Result<Response, Problem> {
    let seen = seen_from_office(&app, reader.words);
    let filter = query.filter(seen.today);
    let sort = query.sort();
    let file_day = seen.today;
    let orders = app
        .hub
        .read(move |lists| {
            let mut orders = Vec::new();
            lists.visit_orders(&filter, sort, |order| {
                orders.push(order);
                if orders.len() < CSV_ROWS {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
            Ok(orders)
        })
        .await?;
    csv_file(format!("orders-{file_day}"), move |writer| {
        write_orders(writer, &seen, &orders)
    })
    .await
}

fn write_orders(
    writer: &mut csv::Writer<Vec<u8>>,
    seen: &Seen,
    orders: &[OrderSummary],
) -> Result<(), csv::Error> {
    let heads = [
        "order-ticket",
        "office-legacy-number",
        "branch",
        "customer",
        "phone",
        "email",
        "order-items",
        "services",
        "status",
        "priority",
        "received",
        "promised",
        "office-currency",
        "total",
        "office-paid",
        "office-owed",
    ];
    writer.write_record(heads.map(|key| seen.words.text(key)))?;
    for order in orders {
        let received = order
            .received_at
            .map(|at| format::date_time(at.in_zone(&seen.zone)));
        let currency = order.total.currency.as_str();
        let amount = |minor| plain_amount(minor);
        writer.write_record([
            safe(order.ticket.as_deref().unwrap_or_default()),
            safe(order.legacy_number.as_deref().unwrap_or_default()),
            safe(&seen.branch_name(order.home)),
            safe(&seen.name_or_word(order.name.as_deref(), order.erased)),
            safe(order.phone.as_deref().unwrap_or_default()),
            safe(order.email.as_deref().unwrap_or_default()),
            safe(&order.items),
            safe(&order.services),
            safe(&seen.status(&order.status, order.handed_out).word),
            safe(
                &order
                    .priority
                    .as_deref()
                    .map(|code| seen.priority_name(code))
                    .unwrap_or_default(),
            ),
            received.unwrap_or_default(),
            order.promised_on.map(format::date).unwrap_or_default(),
            currency.to_owned(),
            amount(order.total.minor),
            amount(order.paid.minor),
            amount(order.owed.minor),
        ])?;
    }
    Ok(())
}

/// A decimal point and no grouping, which every spreadsheet reads as a number.
fn plain_amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    format!("{sign}{}.{:02}", minor / 100, minor % 100)
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;

    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_a_telephone_stays_one() {
        assert_eq!(safe("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(safe("+cmd|x"), "'+cmd|x");
        assert_eq!(safe("-2+SUM(A1)"), "'-2+SUM(A1)");
        assert_eq!(safe("+41 79 123 45 67"), "+41 79 123 45 67");
        assert_eq!(safe("Müller"), "Müller");
    }

    #[test]
    fn a_question_keeps_its_words_from_page_to_page() {
        let query = OrdersQuery {
            q: "Müller & Söhne".to_owned(),
            only: "overdue".to_owned(),
            ..OrdersQuery::default()
        };
        assert_eq!(
            query.address("/orders", 2),
            "/orders?q=M%C3%BCller%20%26%20S%C3%B6hne&only=overdue&page=2"
        );
    }

    #[test]
    fn amounts_are_numbers_to_a_spreadsheet() {
        assert_eq!(plain_amount(123_450), "1234.50");
        assert_eq!(plain_amount(-5), "-0.05");
    }
}
