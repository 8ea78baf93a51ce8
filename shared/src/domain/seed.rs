//! What a new hub knows before anybody has told it anything: the public baseline of the trade, as data to be edited.

use crate::document::{Authoring, Change, Currency, Document, Field, Kind, Value};
use crate::domain::Money;
use crate::domain::fields::kind;
use crate::id::{DocumentId, TerritoryId};

/// From when seeded prices, rates and lead times hold: before any order of a legacy database that names none of its own.
const SINCE: &str = "2000-01-01";

/// Services with their price in francs: code, price, names in German, English, French, Italian.
const SERVICES: [(&str, i64, [&str; 4]); 6] = [
    (
        "small",
        49,
        [
            "Kleiner Service",
            "Small service",
            "Petit service",
            "Servizio piccolo",
        ],
    ),
    (
        "large",
        69,
        [
            "Grosser Service",
            "Large service",
            "Grand service",
            "Servizio grande",
        ],
    ),
    (
        "race",
        99,
        [
            "Rennski-Service",
            "Race service",
            "Service ski de course",
            "Servizio sci da gara",
        ],
    ),
    (
        "binding",
        39,
        [
            "Bindung montieren und einstellen",
            "Mount and set binding",
            "Montage et réglage de fixation",
            "Montaggio e regolazione attacchi",
        ],
    ),
    (
        "skin",
        25,
        [
            "Fell zuschneiden (Paar)",
            "Cut skins (pair)",
            "Découpe de peaux (paire)",
            "Taglio pelli (paio)",
        ],
    ),
    (
        "wax",
        18,
        [
            "Heisswachsen",
            "Hot wax",
            "Fartage à chaud",
            "Sciolinatura a caldo",
        ],
    ),
];

/// Priorities with their lead time in calendar days: "Standard 7 days, Tief +5, Express -2".
const PRIORITIES: [(&str, i64, [&str; 4]); 3] = [
    ("express", 5, ["Express", "Express", "Express", "Espresso"]),
    (
        "standard",
        7,
        ["Standard", "Standard", "Standard", "Standard"],
    ),
    ("low", 12, ["Tief", "Low", "Basse", "Bassa"]),
];

const STATUSES: [(&str, [&str; 4]); 5] = [
    ("open", ["Offen", "Open", "Ouvert", "Aperto"]),
    (
        "in_work",
        ["In Arbeit", "In work", "En cours", "In lavorazione"],
    ),
    ("blocked", ["Blockiert", "Blocked", "Bloqué", "Bloccato"]),
    ("done", ["Abgeschlossen", "Done", "Terminé", "Terminato"]),
    (
        "cancelled",
        ["Storniert", "Cancelled", "Annulé", "Annullato"],
    ),
];

/// VAT from a day on, in basis points.
type Rates = &'static [(&'static str, i64)];

/// Territories: country, currency, time zone, VAT.
const TERRITORIES: [(&str, &str, &str, Rates); 2] = [
    (
        "CH",
        "CHF",
        "Europe/Zurich",
        &[(SINCE, 770), ("2024-01-01", 810)],
    ),
    ("DE", "EUR", "Europe/Berlin", &[(SINCE, 1900)]),
];

/// The territory of a country code, the same document at every hub.
pub fn territory_id(country: &str) -> TerritoryId {
    TerritoryId(DocumentId::named(&format!("territory/{country}")))
}

/// The documents of a new hub. Identities are fixed, so seeding twice is seeding once.
pub fn documents(authoring: &mut Authoring) -> Vec<Document> {
    let mut documents = Vec::new();
    for (sort, (code, francs, names)) in (0..).zip(SERVICES) {
        let price = Value::Money {
            minor: francs * 100,
            currency: Currency::CHF,
        };
        let price_eur = Money::new(francs * 100, Currency::EUR);
        documents.push(entry(
            authoring,
            kind::SERVICE,
            code,
            Some(names),
            &[
                ("sort", Value::Int(sort)),
                (&format!("price/chf/{SINCE}"), price),
                (&format!("price/eur/{SINCE}"), price_eur.into()),
            ],
        ));
    }
    for (sort, (code, days, names)) in (0..).zip(PRIORITIES) {
        documents.push(entry(
            authoring,
            kind::PRIORITY,
            code,
            Some(names),
            &[
                ("sort", Value::Int(sort)),
                (&format!("lead_time_days/{SINCE}"), Value::Int(days)),
            ],
        ));
    }
    for (sort, (code, names)) in (0..).zip(STATUSES) {
        documents.push(entry(
            authoring,
            kind::STATUS,
            code,
            Some(names),
            &[("sort", Value::Int(sort))],
        ));
    }
    for (country, currency, zone, rates) in TERRITORIES {
        let rates = rates
            .iter()
            .map(|(from, rate)| (format!("vat_basis_points/{from}"), Value::Int(*rate)));
        let mut values = vec![
            ("country".to_owned(), Value::from(country)),
            ("currency".to_owned(), Value::from(currency)),
            ("time_zone".to_owned(), Value::from(zone)),
            ("language".to_owned(), Value::from("de")),
        ];
        values.extend(rates);
        let values: Vec<(&str, Value)> = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        documents.push(entry(authoring, kind::TERRITORY, country, None, &values));
    }
    documents
}

fn entry(
    authoring: &mut Authoring,
    kind: &'static str,
    code: &str,
    names: Option<[&str; 4]>,
    values: &[(&str, Value)],
) -> Document {
    let mut change = Change::create(
        DocumentId::named(&format!("{kind}/{code}")),
        Kind::known(kind),
    );
    let field = |name: &str| Field::new(name).expect("seeded names are valid");
    change.set(authoring, field("code"), code);
    for (language, name) in ["de", "en", "fr", "it"]
        .into_iter()
        .zip(names.into_iter().flatten())
    {
        change.set(authoring, field(&format!("name/{language}")), name);
    }
    for (name, value) in values {
        change.set(authoring, field(name), value.clone());
    }
    change.finish()
}
