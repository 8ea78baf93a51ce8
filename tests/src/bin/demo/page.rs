//! The page with the switches, in the product's own design.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, serve as serve_http};
use shared::presentation::assets;
use tests::firm::Hub;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::control::{self, BranchState, Switch, Wish};
use crate::scene::Scene;

/// What does not change while the demo runs.
#[derive(Clone)]
pub(crate) struct Facts {
    hub: String,
    password: &'static str,
    people: Vec<(String, String)>,
}

impl Facts {
    pub(crate) fn of(scene: &Scene) -> Self {
        Self {
            hub: scene.hub().url().to_owned(),
            password: scene.hub().password(),
            people: scene
                .people()
                .map(|member| (member.name.clone(), member.pin.clone()))
                .to_vec(),
        }
    }
}

#[derive(Clone)]
struct Desk {
    wishes: mpsc::Sender<Wish>,
    facts: Facts,
}

/// Serves the page on loopback and returns its address. Ends with the process.
pub(crate) async fn serve(wishes: mpsc::Sender<Wish>, facts: Facts) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("no free port for the page with the switches")?;
    let address = listener.local_addr().context("the page has no address")?;
    let router = Router::new()
        .route("/", get(show))
        .route("/lines/{branch}/{switch}", post(turn))
        .route("/assets/{name}", get(asset))
        .with_state(Desk { wishes, facts });
    tokio::spawn(async move { serve_http(listener, router).await });
    Ok(format!("http://{address}"))
}

async fn show(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let words = Words::wanted_by(&headers);
    match control::ask(&desk.wishes).await {
        Ok(states) => Html(page(words, &desk.facts, &states)).into_response(),
        Err(_) => (StatusCode::GONE, words.ending).into_response(),
    }
}

async fn turn(
    State(desk): State<Desk>,
    Path((branch, switch)): Path<(String, String)>,
) -> Response {
    let switch = match switch.as_str() {
        "cut" => Switch::Cut,
        "mend" => Switch::Whole,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match desk.wishes.send(Wish::Line(branch, switch)).await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(_) => StatusCode::GONE.into_response(),
    }
}

async fn asset(Path(name): Path<String>) -> Response {
    match assets::find(&name) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(words: &Words, facts: &Facts, states: &[BranchState]) -> String {
    let mut cards = String::new();
    for state in states {
        // Writing to a string cannot fail.
        let _ = write!(cards, "{}", card(words, state));
    }
    let mut people = String::new();
    for (name, pin) in &facts.people {
        let _ = write!(
            people,
            "<tr><td>{name}</td><td class=\"number\">{pin}</td></tr>"
        );
    }
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta http-equiv=\"refresh\" content=\"2\">\
         <title>{title} · Offpiste</title><link rel=\"stylesheet\" href=\"{style}\"></head>\
         <body class=\"page\"><main class=\"content\"><h1>{title}</h1><p>{explained}</p>\
         <div class=\"grid\">{cards}</div>\
         <section class=\"section\"><h2>{office}</h2><p><a class=\"button button--big\" href=\"{hub}\">{hub}</a> {login} / {password}</p></section>\
         <section class=\"section\"><h2>{people_title}</h2><div class=\"table-wrap\"><table class=\"table\"><thead><tr><th>{name}</th><th>PIN</th></tr></thead><tbody>{people}</tbody></table></div></section>\
         </main></body></html>",
        language = words.language,
        title = words.title,
        style = assets::STYLE.url(),
        explained = words.explained,
        office = words.office,
        hub = facts.hub,
        login = Hub::LOGIN,
        password = facts.password,
        people_title = words.people,
        name = words.name,
    )
}

fn card(words: &Words, state: &BranchState) -> String {
    let (class, line, action, button) = match state.line {
        Switch::Whole => ("tag--ok", words.whole, "cut", words.cut),
        Switch::Cut => ("tag--bad", words.is_cut, "mend", words.mend),
    };
    let waiting = match state.pending {
        Some(0) => words.nothing_waits.to_owned(),
        Some(count) => format!("{count} {}", words.waiting),
        None => words.silent.to_owned(),
    };
    let name = &state.name;
    format!(
        "<section class=\"card stack\"><h2>{name}</h2><p><span class=\"tag {class}\">{line}</span></p><p>{waiting}</p>\
         <form method=\"post\" action=\"/lines/{name}/{action}\"><button class=\"button button--primary button--big button--block\">{}</button></form>\
         <a class=\"button button--big button--block\" href=\"{}\">{}</a></section>",
        button.replace("{}", name),
        state.url,
        words.counter.replace("{}", name),
    )
}

/// The page's words. The demo is no part of the product, so they are not in its set of texts.
struct Words {
    language: &'static str,
    title: &'static str,
    explained: &'static str,
    office: &'static str,
    people: &'static str,
    name: &'static str,
    whole: &'static str,
    is_cut: &'static str,
    cut: &'static str,
    mend: &'static str,
    counter: &'static str,
    nothing_waits: &'static str,
    waiting: &'static str,
    silent: &'static str,
    ending: &'static str,
}

impl Words {
    fn wanted_by(headers: &HeaderMap) -> &'static Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if accepted.starts_with("en") {
            &ENGLISH
        } else {
            &GERMAN
        }
    }
}

static GERMAN: Words = Words {
    language: "de",
    title: "Leitungen",
    explained: "Trennen Sie eine Filiale von der Zentrale und arbeiten Sie an ihrem Schalter weiter. Verbinden Sie sie wieder und sehen Sie zu.",
    office: "Zentrale",
    people: "Anmelden am Schalter",
    name: "Name",
    whole: "Verbunden",
    is_cut: "Getrennt",
    cut: "Leitung {} trennen",
    mend: "Leitung {} verbinden",
    counter: "Schalter {} öffnen",
    nothing_waits: "Alles ist in der Zentrale.",
    waiting: "warten auf die Leitung.",
    silent: "antwortet nicht",
    ending: "Die Vorführung endet.",
};

static ENGLISH: Words = Words {
    language: "en",
    title: "Lines",
    explained: "Cut a branch off from the hub and go on working at its counter. Mend the line and watch.",
    office: "Office",
    people: "Signing in at a counter",
    name: "Name",
    whole: "Connected",
    is_cut: "Cut off",
    cut: "Cut the line of {}",
    mend: "Mend the line of {}",
    counter: "Open the counter of {}",
    nothing_waits: "Everything is at the office.",
    waiting: "waiting for the line.",
    silent: "does not answer",
    ending: "The demo is ending.",
};
