//! The day: what is due, overdue, ready and in work; and the workshop's queue.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use shared::presentation::format;
use shared::presentation::page::{Seen, Words};

use crate::counter::{CounterError, DayList};
use crate::ui::Ui;
use crate::ui::layout::{Layout, Nav, with_seen};
use crate::ui::problem::{error_page, render};
use crate::ui::session::SignedIn;
use crate::ui::views::row::OrderRow;

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    layout: Layout,
    words: Words,
    heading: String,
    show: Show,
    choices: Vec<Choice>,
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "parts/today_list.html")]
struct TodayList {
    words: Words,
    choices: Vec<Choice>,
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "workshop.html")]
struct WorkshopPage {
    layout: Layout,
    words: Words,
    queue: Vec<OrderRow>,
}

#[derive(Template)]
#[template(path = "parts/workshop_list.html")]
struct WorkshopList {
    words: Words,
    queue: Vec<OrderRow>,
}

/// One of the lists to choose from.
struct Choice {
    code: &'static str,
    words: String,
    count: u64,
    is_chosen: bool,
}

/// A list with its heading.
struct Group {
    title: String,
    count: u64,
    rows: Vec<OrderRow>,
    more: u64,
}

/// Which part of the day is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Show {
    /// Overdue and due, then ready, then in work: what a day begins with.
    #[default]
    Everything,
    Overdue,
    Due,
    Ready,
    InWork,
    TakenIn,
}

impl Show {
    const PARTS: [Self; 5] = [
        Self::Overdue,
        Self::Due,
        Self::Ready,
        Self::InWork,
        Self::TakenIn,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Everything => "all",
            Self::Overdue => "overdue",
            Self::Due => "due",
            Self::Ready => "ready",
            Self::InWork => "in-work",
            Self::TakenIn => "taken-in",
        }
    }

    fn from_code(code: &str) -> Self {
        Self::PARTS
            .into_iter()
            .find(|show| show.code() == code)
            .unwrap_or_default()
    }

    fn words(self, words: Words) -> String {
        words.text(match self {
            Self::Everything => "today-all",
            Self::Overdue => "today-overdue",
            Self::Due => "today-due",
            Self::Ready => "today-ready",
            Self::InWork => "today-in-work",
            Self::TakenIn => "today-taken-in",
        })
    }

    fn section(self, day: &DayList) -> Option<&shared::read_model::OrderSection> {
        match self {
            Self::Everything => None,
            Self::Overdue => Some(&day.overdue),
            Self::Due => Some(&day.due_today),
            Self::Ready => Some(&day.ready),
            Self::InWork => Some(&day.in_work),
            Self::TakenIn => Some(&day.taken_in_today),
        }
    }
}

/// Which part of the day is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TodayQuery {
    #[serde(default)]
    show: String,
}

/// The day list.
pub(crate) async fn page(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Query(query): Query<TodayQuery>,
) -> Response {
    let words = signed_in.reader.words;
    let show = Show::from_code(&query.show);
    match lists(&ui, words, show).await {
        Ok((choices, groups)) => render(&TodayPage {
            layout: Layout::of(&ui, &signed_in, Nav::Today).await,
            words,
            heading: heading(&ui, words),
            show,
            choices,
            groups,
        }),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// The day list without its surroundings, for refreshing.
pub(crate) async fn list(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Query(query): Query<TodayQuery>,
) -> Response {
    let words = signed_in.reader.words;
    match lists(&ui, words, Show::from_code(&query.show)).await {
        Ok((choices, groups)) => render(&TodayList {
            words,
            choices,
            groups,
        }),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// The workshop's queue: by promised day, then priority.
pub(crate) async fn workshop(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    let words = signed_in.reader.words;
    match queue(&ui, words).await {
        Ok(queue) => render(&WorkshopPage {
            layout: Layout::of(&ui, &signed_in, Nav::Workshop).await,
            words,
            queue,
        }),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// The queue without its surroundings, for refreshing.
pub(crate) async fn workshop_list(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    let words = signed_in.reader.words;
    match queue(&ui, words).await {
        Ok(queue) => render(&WorkshopList { words, queue }),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

async fn queue(ui: &Ui, words: Words) -> Result<Vec<OrderRow>, CounterError> {
    let queue = ui.counter.workshop_queue().await?;
    Ok(with_seen(ui, words, |seen| {
        queue
            .iter()
            .map(|entry| OrderRow::of(seen, &entry.order))
            .collect()
    }))
}

async fn lists(
    ui: &Ui,
    words: Words,
    show: Show,
) -> Result<(Vec<Choice>, Vec<Group>), CounterError> {
    let day = ui.counter.day_list().await?;
    let choices = std::iter::once(Show::Everything)
        .chain(Show::PARTS)
        .map(|part| Choice {
            code: part.code(),
            words: part.words(words),
            count: part
                .section(&day)
                .map_or_else(|| total(&day), |section| section.total),
            is_chosen: part == show,
        })
        .collect();
    let parts = if show == Show::Everything {
        Show::PARTS.to_vec()
    } else {
        vec![show]
    };
    let groups = with_seen(ui, words, |seen| {
        parts
            .into_iter()
            .filter_map(|part| group(seen, &day, part))
            .collect()
    });
    Ok((choices, groups))
}

fn group(seen: &Seen, day: &DayList, part: Show) -> Option<Group> {
    let section = part.section(day).filter(|section| section.total > 0)?;
    let shown = u64::try_from(section.orders.len()).unwrap_or(u64::MAX);
    Some(Group {
        title: part.words(seen.words),
        count: section.total,
        rows: OrderRow::all(seen, &section.orders),
        more: section.total.saturating_sub(shown),
    })
}

/// Work that is on the table today; what was taken in is counted where it is due.
fn total(day: &DayList) -> u64 {
    day.overdue.total + day.due_today.total + day.ready.total + day.in_work.total
}

fn heading(ui: &Ui, words: Words) -> String {
    let today = ui.counter.today();
    let day = format::weekday_and_date(words.language, today);
    words.with("today-heading", "day", day)
}
