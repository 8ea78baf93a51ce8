//! One machine: how it stands, what it did, and what shutting it out means.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shared::document::Document;
use shared::domain::fields::kind;
use shared::domain::{Customer, Order};
use shared::id::ReplicaNumber;
use shared::presentation::format;
use shared::presentation::page::{Badge, Fact, Seen, Words, field_words, spoken_number};
use shared::wire::ReplicaRole;

use super::layout::{Layout, Nav, seen_from_office};
use super::reader::Reader;
use super::{csv_file, freshness, page, safe};
use crate::backend::{Doing, Presence, Replica, What, Write};
use crate::problem::Problem;
use crate::router::App;

/// Documents of one page.
const DOCUMENTS: usize = 50;

/// Documents looked at for one page: a second's work. Further ones are a link away.
const LOOKED_AT: usize = 20_000;

/// Writes in one file: more than a branch writes in a season, and a few tens of megabytes.
const FILE_WRITES: usize = 200_000;

#[derive(Template)]
#[template(path = "machine.html")]
struct MachinePage {
    words: Words,
    layout: Layout,
    number: u32,
    title: String,
    badge: Badge,
    facts: Vec<Fact>,
    /// What still waits there, when something does.
    waiting: Option<String>,
    is_long_absent: bool,
    may_retire: bool,
    doings: Vec<DoingView>,
    before: Option<u64>,
    is_first: bool,
}

/// A document and what the machine wrote into it.
struct DoingView {
    href: Option<String>,
    name: String,
    kind: String,
    when: String,
    who: String,
    what: String,
}

/// Where to look further.
#[derive(Debug, Deserialize)]
pub(crate) struct Further {
    before: Option<u64>,
}

/// `GET /machines/{number}`.
pub(crate) async fn show(
    State(app): State<App>,
    reader: Reader,
    Path(number): Path<u32>,
    Query(further): Query<Further>,
) -> Result<Response, Problem> {
    let (replica, presence) = find(&app, number)?;
    let (layout, seen) = Layout::of(&app, &reader, Nav::Branches).await;
    let days = app.hub.long_absent_days().await?;
    let found = app
        .hub
        .doings(replica.number, further.before, DOCUMENTS, LOOKED_AT)
        .await?;
    let is_retired = replica.retired_at.is_some();
    let is_administrator = layout.who.as_ref().is_some_and(|who| who.is_administrator);
    page(&MachinePage {
        words: reader.words,
        layout,
        number,
        title: title(&seen, &replica),
        badge: freshness::machine_badge(&seen, &replica, presence.as_ref(), days),
        facts: facts(&seen, &replica, presence.as_ref()),
        waiting: presence.as_ref().and_then(|known| waiting(&seen, known)),
        is_long_absent: freshness::is_long_absent(&replica, presence.as_ref(), seen.now, days),
        may_retire: is_administrator && !is_retired,
        doings: found
            .doings
            .iter()
            .map(|doing| view(&seen, doing))
            .collect(),
        before: found.before,
        is_first: further.before.is_none(),
    })
}

/// `GET /machines/{number}/doings.csv`: all of it, one write a line.
pub(crate) async fn csv(
    State(app): State<App>,
    reader: Reader,
    Path(number): Path<u32>,
) -> Result<Response, Problem> {
    let (replica, _) = find(&app, number)?;
    let seen = seen_from_office(&app, reader.words);
    let mut doings: Vec<Doing> = Vec::new();
    let (mut writes, mut before) = (0, None);
    loop {
        let found = app
            .hub
            .doings(replica.number, before, usize::MAX, LOOKED_AT)
            .await?;
        writes += found
            .doings
            .iter()
            .map(|doing| doing.writes.len())
            .sum::<usize>();
        if writes > FILE_WRITES {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_many",
                format!(
                    "this machine has written more than {FILE_WRITES} values, which is more than one file may hold; \
                     its page shows all of them, part by part"
                ),
            ));
        }
        doings.extend(found.doings);
        before = found.before;
        if before.is_none() {
            break;
        }
    }
    let name = format!("machine-{number}-{}", seen.today);
    csv_file(name, move |writer| write_doings(writer, &seen, &doings)).await
}

fn find(app: &App, number: u32) -> Result<(Replica, Option<Presence>), Problem> {
    app.hub
        .replicas()
        .all()
        .into_iter()
        .find(|(replica, _)| replica.number == ReplicaNumber(number))
        .ok_or_else(|| Problem::not_found("there is no such machine"))
}

/// What a machine is called: its branch, its own name and its number.
pub(super) fn title(seen: &Seen, replica: &Replica) -> String {
    let place = match (replica.role, replica.branch) {
        (ReplicaRole::Importer, _) => seen.words.text("office-importer"),
        (_, branch) => seen.branch_name(branch),
    };
    format!("{place}: {} ({})", replica.machine, replica.number.0)
}

fn facts(seen: &Seen, replica: &Replica, presence: Option<&Presence>) -> Vec<Fact> {
    let mut facts = vec![
        seen.fact("office-joined", seen.moment(replica.joined_at)),
        seen.fact("office-program", replica.software.clone()),
    ];
    if let Some(retired_at) = replica.retired_at {
        facts.push(seen.fact("office-retired-at", seen.moment(retired_at)));
    }
    let Some(known) = presence else {
        return facts;
    };
    facts.push(seen.fact("sync-last-contact", seen.moment(known.last_contact)));
    if known.protocol > 0 {
        facts.push(seen.fact("office-protocol", known.protocol.to_string()));
    }
    if let Some(identical_at) = known.identical_at {
        facts.push(seen.fact("office-identical", seen.moment(identical_at)));
    }
    let set_aside = format::count(known.set_aside.into());
    facts.push(seen.fact("office-set-aside", set_aside));
    facts
}

fn waiting(seen: &Seen, presence: &Presence) -> Option<String> {
    let since = presence.pending_since.map(|since| seen.since(since));
    (presence.pending > 0).then(|| {
        seen.words.with_all(
            "office-retire-waiting",
            &[
                ("count", &presence.pending.to_string()),
                ("since", &since.unwrap_or_default()),
            ],
        )
    })
}

fn view(seen: &Seen, doing: &Doing) -> DoingView {
    let order = Order::of(&doing.document);
    let mut what: Vec<String> = Vec::new();
    let mut who: Vec<String> = Vec::new();
    for write in &doing.writes {
        let words = what_words(seen, order.as_ref(), &write.what);
        if !what.contains(&words) {
            what.push(words);
        }
        let name = who_words(seen, write);
        if !who.contains(&name) {
            who.push(name);
        }
    }
    let (href, name) = name_of(seen, &doing.document, order.as_ref());
    DoingView {
        href,
        name,
        kind: kind_words(seen, &doing.document),
        when: doing
            .writes
            .first()
            .map(|write| seen.moment(write.at))
            .unwrap_or_default(),
        who: who.join(", "),
        what: what.join(", "),
    }
}

fn who_words(seen: &Seen, write: &Write) -> String {
    match write.by {
        Some(by) => seen.staff_name(Some(by)),
        None => seen.words.text("office-by-itself"),
    }
}

fn what_words(seen: &Seen, order: Option<&Order>, what: &What) -> String {
    match what {
        What::Field(field) => field_words(seen, order, field.as_str()),
        What::Event(kind) => event_words(seen, kind.as_str()),
        What::Erasure => seen.words.text("office-did-erasure"),
    }
}

fn event_words(seen: &Seen, kind: &str) -> String {
    use shared::domain::fields::event;
    let key = match kind {
        event::RECEIVED => "office-did-received",
        event::STATUS => "office-did-status",
        event::PAYMENT => "office-did-payment",
        event::COMMENT => "office-did-comment",
        event::PRINTED => "office-did-printed",
        event::CUSTODY => "office-did-custody",
        event::SETTLED => "office-did-settled",
        event::EDITED => "office-did-edited",
        event::UNLOCKED => "office-did-unlocked",
        event::IMPORTED => "office-did-imported",
        event::SYNCED => "office-did-synced",
        event::GONE => "office-did-gone",
        event::TAKEN_BACK => "office-did-taken-back",
        event::KEPT => "office-did-kept",
        other => return seen.words.with("event-unknown", "kind", other.to_owned()),
    };
    seen.words.text(key)
}

fn name_of(seen: &Seen, document: &Document, order: Option<&Order>) -> (Option<String>, String) {
    let href = Some(format!("/orders/{}", document.id()));
    if let Some(order) = order {
        let number = spoken_number(order.ticket.as_deref(), &order.number());
        return (href, format!("{number} {}", seen.name_at_intake(order)));
    }
    if let Some(customer) = Customer::of(document) {
        let name = seen.name_or_word(customer.contact.name.as_deref(), customer.erased);
        return (href, name);
    }
    let name = document.newest("name");
    let name = name.as_ref().and_then(|value| value.as_text());
    (
        None,
        name.map_or_else(|| document.id().to_string(), str::to_owned),
    )
}

fn kind_words(seen: &Seen, document: &Document) -> String {
    let key = match document.kind().as_str() {
        kind::ORDER => "order",
        kind::CUSTOMER => "customer",
        kind::SERVICE => "service",
        kind::STATUS => "status",
        kind::PRIORITY => "priority",
        kind::TERRITORY => "office-territory",
        kind::BRANCH => "branch",
        kind::STAFF => "office-staff",
        other => return other.to_owned(),
    };
    seen.words.text(key)
}

fn write_doings(
    writer: &mut csv::Writer<Vec<u8>>,
    seen: &Seen,
    doings: &[Doing],
) -> Result<(), csv::Error> {
    let heads = [
        "office-when",
        "office-who",
        "office-kind",
        "office-document",
        "name",
        "office-what",
        "office-write",
    ];
    writer.write_record(heads.map(|key| seen.words.text(key)))?;
    for doing in doings {
        let order = Order::of(&doing.document);
        let (_, name) = name_of(seen, &doing.document, order.as_ref());
        for write in &doing.writes {
            writer.write_record([
                format::date_time(write.at.in_zone(&seen.zone)),
                safe(&who_words(seen, write)),
                kind_words(seen, &doing.document),
                doing.document.id().to_string(),
                safe(&name),
                safe(&what_words(seen, order.as_ref(), &write.what)),
                write.dot.to_string(),
            ])?;
        }
    }
    Ok(())
}
