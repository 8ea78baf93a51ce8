//! The firm's figures: what waits, what was earned, how long things take; by branch, day and service.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::{Span, civil};
use serde::Deserialize;
use shared::document::Currency;
use shared::id::BranchId;
use shared::presentation::chart::{self, Chart, Series};
use shared::presentation::format;
use shared::presentation::page::{Seen, Words};
use shared::read_model::{BranchOverview, Overview};

use super::freshness::{self, BranchState};
use super::layout::{Layout, Nav};
use super::reader::Reader;
use super::{page, recovery};
use crate::problem::Problem;
use crate::router::App;

/// Periods that the page offers, in days.
const PERIODS: [u16; 4] = [7, 14, 30, 60];

/// The one it begins with: two weeks show the weekday pattern.
const DEFAULT_PERIOD: u16 = 14;

/// Branches drawn apart in one chart; all others together.
const DRAWN_BRANCHES: usize = 5;

/// Services drawn; the table has all.
const DRAWN_SERVICES: usize = 10;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    words: Words,
    layout: Layout,
    body: Body,
    is_recovering: bool,
}

#[derive(Template)]
#[template(path = "parts/overview_body.html")]
struct OverviewBody {
    words: Words,
    body: Body,
}

/// What is read anew when something changes.
struct Body {
    as_of: freshness::AsOf,
    periods: Vec<(u16, String, bool)>,
    days: u16,
    kpis: Vec<Kpi>,
    charts: Vec<ChartView>,
    rows: Vec<BranchRow>,
    total: Option<BranchRow>,
    has_orders: bool,
    has_branches: bool,
}

struct Kpi {
    class: &'static str,
    href: String,
    value: String,
    name: String,
    note: String,
}

/// A chart and the same numbers as a table.
struct ChartView {
    title: String,
    note: String,
    svg: String,
    columns: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

struct BranchRow {
    name: String,
    href: String,
    state: Option<BranchState>,
    numbers: Vec<String>,
    turnover: String,
}

/// One figure of a branch.
type Figure = fn(&BranchOverview) -> u64;

/// How many days.
#[derive(Debug, Deserialize)]
pub(crate) struct Period {
    days: Option<u16>,
}

/// `GET /`, and `GET /fragments/overview` for its inner part.
pub(crate) async fn show(
    State(app): State<App>,
    reader: Reader,
    Query(period): Query<Period>,
) -> Result<Response, Problem> {
    let days = period
        .days
        .filter(|days| PERIODS.contains(days))
        .unwrap_or(DEFAULT_PERIOD);
    let (layout, seen) = Layout::of(&app, &reader, Nav::Overview).await;
    let today = seen.today;
    let overview = app
        .hub
        .read(move |lists| lists.overview(today, days))
        .await?;
    let words = reader.words;
    let body = body(
        &app,
        &seen,
        &overview,
        days,
        app.hub.long_absent_days().await?,
    );
    if reader.wants_fragment {
        return page(&OverviewBody { words, body });
    }
    page(&OverviewPage {
        words,
        layout,
        body,
        is_recovering: recovery::is_unfinished(&app),
    })
}

fn body(app: &App, seen: &Seen, overview: &Overview, days: u16, long_absent_days: u16) -> Body {
    let words = seen.words;
    let as_of = freshness::as_of(app, seen);
    let mut states: BTreeMap<String, BranchState> =
        freshness::branch_states(app, seen, long_absent_days)
            .into_iter()
            .map(|state| (state.id.clone(), state))
            .collect();
    let rows: Vec<BranchRow> = branches_of(seen, overview)
        .iter()
        .map(|figures| {
            let id = figures
                .branch
                .map(|branch| branch.to_string())
                .unwrap_or_default();
            branch_row(seen, figures, states.remove(&id))
        })
        .collect();
    let total = (rows.len() > 1).then(|| total_row(seen, overview));
    Body {
        kpis: kpis(seen, overview, &as_of),
        periods: PERIODS
            .into_iter()
            .map(|period| {
                let name = words.with("office-period", "days", i64::from(period));
                (period, name, period == days)
            })
            .collect(),
        days,
        charts: charts(seen, overview, days, &as_of),
        has_orders: overview.branches.iter().any(|branch| {
            branch.open + branch.in_work + branch.ready > 0 || !branch.taken_in.is_empty()
        }),
        has_branches: !seen.catalogue.branches.is_empty(),
        rows,
        total,
        as_of,
    }
}

/// The figures of every branch, those with nothing yet too.
fn branches_of(seen: &Seen, overview: &Overview) -> Vec<BranchOverview> {
    let mut branches = overview.branches.clone();
    let known: BTreeSet<_> = branches.iter().map(|figures| figures.branch).collect();
    let missing = seen
        .catalogue
        .branches
        .iter()
        .filter(|branch| branch.active && !known.contains(&Some(branch.id)))
        .map(|branch| BranchOverview {
            branch: Some(branch.id),
            ..BranchOverview::default()
        });
    branches.extend(missing);
    branches.sort_by_key(|figures| seen.branch_name(figures.branch));
    branches
}

fn kpis(seen: &Seen, overview: &Overview, as_of: &freshness::AsOf) -> Vec<Kpi> {
    let words = seen.words;
    let sum = |of: Figure| overview.branches.iter().map(of).sum::<u64>();
    let number = |count: u64| format::count(i64::try_from(count).unwrap_or(i64::MAX));
    let count = |key: &str, href: &str, count: u64, bad: &'static str| Kpi {
        class: if count > 0 { bad } else { "" },
        href: href.to_owned(),
        value: number(count),
        name: words.text(key),
        note: as_of.covered.clone(),
    };
    let mut kpis = vec![
        count("status-open", "/orders?phase=open", sum(|b| b.open), ""),
        count(
            "status-in_work",
            "/orders?phase=in_work",
            sum(|b| b.in_work),
            "",
        ),
        count(
            "office-overdue",
            "/orders?only=overdue",
            sum(|b| b.overdue),
            "kpi--bad",
        ),
        count("office-ready", "/orders?only=ready", sum(|b| b.ready), ""),
        count(
            "status-blocked",
            "/orders?phase=blocked",
            sum(|b| b.blocked),
            "kpi--warn",
        ),
        count(
            "nav-conflicts",
            "/conflicts",
            overview.conflicts,
            "kpi--warn",
        ),
    ];
    for (currency, minor) in turnover_on(overview, seen.today) {
        kpis.push(Kpi {
            class: "",
            href: "/orders".to_owned(),
            value: without_currency(minor, currency),
            name: words.with("office-turnover-today", "currency", currency.as_str()),
            note: as_of.covered.clone(),
        });
    }
    if let Some(turnaround) = overview.turnaround {
        let length = |ms: i64| format::duration(words.language, ms / 1_000);
        kpis.push(Kpi {
            class: "",
            href: "/orders?phase=done".to_owned(),
            value: length(turnaround.median_ms),
            name: words.text("office-turnaround"),
            note: words.with("office-turnaround-note", "p90", length(turnaround.p90_ms)),
        });
    }
    kpis
}

/// The amount as money is written, without its currency, which the tile's name says: a tile is narrow.
fn without_currency(minor: i64, currency: Currency) -> String {
    let money = format::money(minor, currency.as_str());
    money
        .trim_start_matches(currency.as_str())
        .trim_end_matches('€')
        .trim()
        .to_owned()
}

fn turnover_on(overview: &Overview, day: civil::Date) -> BTreeMap<Currency, i64> {
    let mut by_currency = BTreeMap::new();
    for amount in overview.branches.iter().flat_map(|branch| &branch.turnover) {
        let sum: &mut i64 = by_currency.entry(amount.amount.currency).or_default();
        if amount.day == day {
            *sum += amount.amount.minor;
        }
    }
    by_currency
}

fn branch_row(seen: &Seen, figures: &BranchOverview, state: Option<BranchState>) -> BranchRow {
    BranchRow {
        name: seen.branch_name(figures.branch),
        href: figures.branch.map_or_else(
            || "/orders".to_owned(),
            |branch| format!("/orders?branch={branch}"),
        ),
        state,
        numbers: numbers(figures),
        turnover: turnover_words(std::slice::from_ref(figures)),
    }
}

fn total_row(seen: &Seen, overview: &Overview) -> BranchRow {
    let mut total = BranchOverview::default();
    for figures in &overview.branches {
        total.open += figures.open;
        total.in_work += figures.in_work;
        total.blocked += figures.blocked;
        total.overdue += figures.overdue;
        total.ready += figures.ready;
        total.not_collected += figures.not_collected;
        total.conflicts += figures.conflicts;
    }
    BranchRow {
        name: seen.words.text("total"),
        href: "/orders".to_owned(),
        state: None,
        numbers: numbers(&total),
        turnover: turnover_words(&overview.branches),
    }
}

fn numbers(figures: &BranchOverview) -> Vec<String> {
    [
        figures.open,
        figures.in_work,
        figures.blocked,
        figures.overdue,
        figures.ready,
        figures.not_collected,
        figures.conflicts,
    ]
    .into_iter()
    .map(|count| format::count(i64::try_from(count).unwrap_or(i64::MAX)))
    .collect()
}

fn turnover_words(branches: &[BranchOverview]) -> String {
    let mut by_currency: BTreeMap<Currency, i64> = BTreeMap::new();
    for amount in branches.iter().flat_map(|branch| &branch.turnover) {
        *by_currency.entry(amount.amount.currency).or_default() += amount.amount.minor;
    }
    let words: Vec<String> = by_currency
        .into_iter()
        .map(|(currency, minor)| format::money(minor, currency.as_str()))
        .collect();
    if words.is_empty() {
        "–".to_owned()
    } else {
        words.join(" · ")
    }
}

fn charts(seen: &Seen, overview: &Overview, days: u16, as_of: &freshness::AsOf) -> Vec<ChartView> {
    let mut charts = Vec::new();
    let currencies: BTreeSet<Currency> = overview
        .branches
        .iter()
        .flat_map(|branch| &branch.turnover)
        .map(|amount| amount.amount.currency)
        .collect();
    for currency in currencies {
        charts.push(turnover_chart(seen, overview, days, currency, as_of));
    }
    charts.push(taken_in_chart(seen, overview, days, as_of));
    charts.push(backlog_chart(seen, overview, as_of));
    if let Some(view) = services_chart(seen, overview, as_of) {
        charts.push(view);
    }
    charts
}

/// The days of the period, the earliest first.
fn period(today: civil::Date, days: u16) -> Vec<civil::Date> {
    (0..i64::from(days))
        .rev()
        .filter_map(|back| today.checked_sub(Span::new().days(back)).ok())
        .collect()
}

/// Values of branches by day: those drawn apart, then all others together.
fn by_branch(
    seen: &Seen,
    values: BTreeMap<Option<BranchId>, BTreeMap<civil::Date, i64>>,
    days: &[civil::Date],
) -> Vec<(String, Vec<i64>)> {
    let mut rows: Vec<(String, Vec<i64>)> = values
        .into_iter()
        .map(|(branch, by_day)| {
            let row = days
                .iter()
                .map(|day| by_day.get(day).copied().unwrap_or(0))
                .collect();
            (seen.branch_name(branch), row)
        })
        .collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.iter().sum::<i64>()));
    if rows.len() > DRAWN_BRANCHES + 1 {
        let others = rows.split_off(DRAWN_BRANCHES);
        let sum = (0..days.len())
            .map(|day| others.iter().map(|(_, row)| row[day]).sum())
            .collect();
        // The largest are drawn, by name: a branch keeps its colour from one chart to the next.
        rows.sort();
        rows.push((seen.words.text("office-other-branches"), sum));
    } else {
        rows.sort();
    }
    rows
}

fn turnover_chart(
    seen: &Seen,
    overview: &Overview,
    days: u16,
    currency: Currency,
    as_of: &freshness::AsOf,
) -> ChartView {
    let mut values: BTreeMap<_, BTreeMap<_, i64>> = BTreeMap::new();
    for branch in &overview.branches {
        for amount in branch
            .turnover
            .iter()
            .filter(|a| a.amount.currency == currency)
        {
            *values
                .entry(branch.branch)
                .or_default()
                .entry(amount.day)
                .or_default() += amount.amount.minor;
        }
    }
    let days = period(seen.today, days);
    let rows = by_branch(seen, values, &days);
    let title = seen
        .words
        .with("office-chart-turnover", "currency", currency.as_str());
    let show = |minor: i64| format::amount(minor, currency.as_str());
    by_day(seen, title, &days, &rows, 100.0, show, as_of)
}

fn taken_in_chart(
    seen: &Seen,
    overview: &Overview,
    days: u16,
    as_of: &freshness::AsOf,
) -> ChartView {
    let mut values: BTreeMap<_, BTreeMap<_, i64>> = BTreeMap::new();
    for branch in &overview.branches {
        for count in &branch.taken_in {
            *values
                .entry(branch.branch)
                .or_default()
                .entry(count.day)
                .or_default() += i64::try_from(count.orders).unwrap_or(i64::MAX);
        }
    }
    let days = period(seen.today, days);
    let rows = by_branch(seen, values, &days);
    let title = seen.words.text("office-chart-taken-in");
    by_day(seen, title, &days, &rows, 1.0, format::count, as_of)
}

/// One stacked bar a day. `divisor` turns table units into drawn ones, such as Rappen into francs.
fn by_day(
    seen: &Seen,
    title: String,
    days: &[civil::Date],
    rows: &[(String, Vec<i64>)],
    divisor: f64,
    show: impl Fn(i64) -> String,
    as_of: &freshness::AsOf,
) -> ChartView {
    let chart = Chart {
        language: seen.words.language,
        title: title.clone(),
        description: as_of.words.clone(),
        categories: days.iter().map(|day| format::day_and_month(*day)).collect(),
        series: rows
            .iter()
            .map(|(name, values)| Series {
                name: name.clone(),
                values: values.iter().map(|value| drawn(*value, divisor)).collect(),
            })
            .collect(),
        show_value: whole,
    };
    let table = days.iter().enumerate().rev().map(|(index, day)| {
        let sum: i64 = rows.iter().map(|(_, values)| values[index]).sum();
        let mut cells: Vec<String> = rows.iter().map(|(_, values)| show(values[index])).collect();
        cells.push(show(sum));
        (format::date(*day), cells)
    });
    let mut columns: Vec<String> = rows.iter().map(|(name, _)| name.clone()).collect();
    columns.push(seen.words.text("total"));
    ChartView {
        svg: chart::stacked_bars(&chart),
        note: as_of.words.clone(),
        title,
        columns,
        rows: table.collect(),
    }
}

fn backlog_chart(seen: &Seen, overview: &Overview, as_of: &freshness::AsOf) -> ChartView {
    let words = seen.words;
    let branches = branches_of(seen, overview);
    let kinds: [(&str, Figure); 4] = [
        ("status-open", |branch| branch.open),
        ("status-in_work", |branch| branch.in_work),
        ("status-blocked", |branch| branch.blocked),
        ("office-ready", |branch| branch.ready),
    ];
    let count = |of: Figure, branch: &BranchOverview| i64::try_from(of(branch)).unwrap_or(i64::MAX);
    let chart = Chart {
        language: words.language,
        title: words.text("office-chart-backlog"),
        description: as_of.words.clone(),
        categories: branches
            .iter()
            .map(|branch| seen.branch_name(branch.branch))
            .collect(),
        series: kinds
            .iter()
            .map(|(key, of)| Series {
                name: words.text(key),
                values: branches
                    .iter()
                    .map(|branch| drawn(count(*of, branch), 1.0))
                    .collect(),
            })
            .collect(),
        show_value: whole,
    };
    ChartView {
        svg: chart::stacked_bars(&chart),
        title: chart.title,
        note: as_of.words.clone(),
        columns: kinds.iter().map(|(key, _)| words.text(key)).collect(),
        rows: branches
            .iter()
            .map(|branch| {
                let cells = kinds
                    .iter()
                    .map(|(_, of)| format::count(count(*of, branch)));
                (seen.branch_name(branch.branch), cells.collect())
            })
            .collect(),
    }
}

fn services_chart(seen: &Seen, overview: &Overview, as_of: &freshness::AsOf) -> Option<ChartView> {
    let words = seen.words;
    let currency = overview.services.first()?.amount.currency;
    let name = |service: &shared::read_model::ServiceOverview| {
        service
            .service
            .and_then(|id| seen.catalogue.service(id))
            .map(|known| known.name.in_language(words.language.code()).to_owned())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| service.label.clone())
    };
    let drawn_services: Vec<_> = overview
        .services
        .iter()
        .filter(|service| service.amount.currency == currency)
        .take(DRAWN_SERVICES)
        .collect();
    let chart = Chart {
        language: words.language,
        title: words.with("office-chart-services", "currency", currency.as_str()),
        description: as_of.words.clone(),
        categories: drawn_services.iter().map(|service| name(service)).collect(),
        series: vec![Series {
            name: words.text("office-amount"),
            values: drawn_services
                .iter()
                .map(|service| drawn(service.amount.minor, 100.0))
                .collect(),
        }],
        show_value: whole,
    };
    Some(ChartView {
        svg: chart::horizontal_bars(&chart),
        title: chart.title,
        note: as_of.words.clone(),
        columns: vec![words.text("office-lines"), words.text("office-amount")],
        rows: overview
            .services
            .iter()
            .map(|service| {
                let lines = i64::try_from(service.lines).unwrap_or(i64::MAX);
                let amount = format::money(service.amount.minor, service.amount.currency.as_str());
                (name(service), vec![format::count(lines), amount])
            })
            .collect(),
    })
}

/// For drawing only: a chart has a few hundred dots, so what a float loses is invisible.
#[expect(clippy::cast_precision_loss, reason = "drawn, never computed with")]
fn drawn(value: i64, divisor: f64) -> f64 {
    value as f64 / divisor
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "values of a chart are far below 2^53"
)]
fn whole(value: f64) -> String {
    format::count(value.round() as i64)
}
