//! What the firm offers: services with the prices that hold today and those that come, priorities with their lead times.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil;
use serde::Deserialize;
use shared::document::Currency;
use shared::domain::{Money, Schedule};
use shared::presentation::format;
use shared::presentation::page::Words;

use super::layout::{Layout, Nav};
use super::reader::Reader;
use super::{page_as, see_other};
use crate::auth::FromOffice;
use crate::backend::SetPriceError;
use crate::problem::Problem;
use crate::router::App;

#[derive(Template)]
#[template(path = "catalogue.html")]
struct CataloguePage {
    words: Words,
    layout: Layout,
    services: Vec<ServiceRow>,
    priorities: Vec<(String, String)>,
    territories: Vec<(String, String, String)>,
    currencies: [&'static str; 2],
    tomorrow: String,
    problem: Option<String>,
    is_administrator: bool,
}

struct ServiceRow {
    id: String,
    code: String,
    name: String,
    prices: Vec<String>,
    coming: Vec<String>,
    is_active: bool,
}

/// `GET /catalogue`.
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Problem> {
    draw(&app, &reader, None).await
}

async fn draw(
    app: &App,
    reader: &Reader,
    problem: Option<(StatusCode, String)>,
) -> Result<Response, Problem> {
    let (layout, seen) = Layout::of(app, reader, Nav::Catalogue).await;
    let words = reader.words;
    let language = words.language.code();
    let money = |price: Money| format::money(price.minor, price.currency.as_str());
    let services = seen.catalogue.services.iter().map(|service| ServiceRow {
        id: service.id.to_string(),
        code: service.code.clone(),
        name: service.name.in_language(language).to_owned(),
        prices: service
            .prices
            .values()
            .filter_map(|schedule| schedule.on(seen.today))
            .map(money)
            .collect(),
        coming: service
            .prices
            .values()
            .flat_map(Schedule::entries)
            .filter(|(from, _)| *from > seen.today)
            .map(|(from, price)| {
                words.with_all(
                    "office-price-from",
                    &[("price", &money(*price)), ("day", &format::date(*from))],
                )
            })
            .collect(),
        is_active: service.active,
    });
    let priorities = seen.catalogue.priorities.iter().map(|priority| {
        let days = priority
            .lead_time
            .on(seen.today)
            .map_or(0, |lead| lead.days);
        let days = words.with("duration-days", "count", days);
        (priority.name.in_language(language).to_owned(), days)
    });
    let territories = seen.catalogue.territories.iter().map(|territory| {
        let vat = territory.vat_basis_points.on(seen.today).unwrap_or(0);
        let vat = format!("{}.{} %", vat / 100, vat % 100 / 10);
        (
            territory.country.clone(),
            territory.currency.to_string(),
            vat,
        )
    });
    let (status, problem) = problem.unzip();
    page_as(
        status.unwrap_or(StatusCode::OK),
        &CataloguePage {
            words,
            is_administrator: layout.who.as_ref().is_some_and(|who| who.is_administrator),
            layout,
            services: services.collect(),
            priorities: priorities.collect(),
            territories: territories.collect(),
            currencies: ["CHF", "EUR"],
            tomorrow: seen.today.tomorrow().unwrap_or(seen.today).to_string(),
            problem,
        },
    )
}

/// A price and the day from which it holds.
#[derive(Debug, Deserialize)]
pub(crate) struct Price {
    service: String,
    currency: String,
    #[serde(rename = "price")]
    amount: String,
    from: String,
}

/// `POST /catalogue/price`.
pub(crate) async fn set_price(
    State(app): State<App>,
    reader: Reader,
    FromOffice(user): FromOffice,
    Form(form): Form<Price>,
) -> Result<Response, Problem> {
    let service = form
        .service
        .parse()
        .map_err(|_| Problem::bad_request("there is no such service"))?;
    let refused = |key: &str| Some((StatusCode::BAD_REQUEST, reader.words.text(key)));
    let currency = Currency::new(&form.currency)
        .filter(|currency| [Currency::CHF, Currency::EUR].contains(currency));
    let price = currency.and_then(|currency| Money::parse(&form.amount, currency));
    let Some(price) = price else {
        return draw(&app, &reader, refused("office-price-unreadable")).await;
    };
    let Ok(from) = form.from.parse::<civil::Date>() else {
        return draw(&app, &reader, refused("office-price-day")).await;
    };
    match app
        .hub
        .set_price(service, price, from, Some(user.staff))
        .await
    {
        Ok(()) => Ok(see_other("/catalogue?done=price")),
        Err(error @ SetPriceError::Backend(_)) => Err(error.into()),
        Err(SetPriceError::Amount | SetPriceError::NoSuchService) => {
            draw(&app, &reader, refused("office-price-unreadable")).await
        }
        Err(SetPriceError::Day) => draw(&app, &reader, refused("office-price-day")).await,
    }
}
