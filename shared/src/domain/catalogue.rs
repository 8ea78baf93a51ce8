//! What the firm offers, as data: services with prices, priorities with lead times, statuses, territories.

use std::collections::BTreeMap;

use jiff::civil;

use super::fields::kind;
use super::people::{Branch, Staff, text};
use super::{Money, Phase, StatusCode};
use crate::document::{Currency, Document, Value};
use crate::id::{BranchId, DocumentId, ReplicaNumber, ServiceId, StaffId, TerritoryId};

/// A name in several languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label(BTreeMap<String, String>);

impl Label {
    /// Fields `<prefix>/de`, `<prefix>/en` ... of a document.
    fn of(document: &Document, prefix: &str) -> Self {
        let names = document.fields().keys().filter_map(|field| {
            let language = field.as_str().strip_prefix(prefix)?.strip_prefix('/')?;
            Some((language.to_owned(), text(document, field.as_str())?))
        });
        Self(names.collect())
    }

    /// The name in a language, else in German, else in any, else nothing.
    pub fn in_language(&self, code: &str) -> &str {
        self.0
            .get(code)
            .or_else(|| self.0.get("de"))
            .or_else(|| self.0.values().next())
            .map_or("", String::as_str)
    }
}

/// Values that hold from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule<T>(Vec<(civil::Date, T)>);

impl<T: Copy> Schedule<T> {
    /// Fields `<prefix>/2026-11-01` of a document, as `read` understands their values.
    fn of(document: &Document, prefix: &str, read: impl Fn(&Value) -> Option<T>) -> Self {
        let entries = document.fields().keys().filter_map(|field| {
            let day = field
                .as_str()
                .strip_prefix(prefix)?
                .strip_prefix('/')?
                .parse()
                .ok()?;
            Some((day, read(&document.newest(field.as_str())?)?))
        });
        // Field names sort by day already: ISO 8601 days do.
        Self(entries.collect())
    }

    /// What holds on a day: the latest entry that is not after it.
    pub fn on(&self, day: civil::Date) -> Option<T> {
        self.0
            .iter()
            .rev()
            .find(|(from, _)| *from <= day)
            .map(|(_, value)| *value)
    }

    /// All entries, earliest first.
    pub fn entries(&self) -> &[(civil::Date, T)] {
        &self.0
    }
}

/// A service with its prices.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its identity.
    pub id: ServiceId,
    /// The firm's short code.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Prices, VAT included, by currency.
    pub prices: BTreeMap<Currency, Schedule<Money>>,
    /// Its place in lists.
    pub sort: i64,
    /// Whether it is offered.
    pub active: bool,
}

impl Service {
    fn of(document: &Document) -> Self {
        let prices = [Currency::CHF, Currency::EUR]
            .map(|currency| {
                let prefix = format!("price/{}", currency.as_str().to_ascii_lowercase());
                (
                    currency,
                    Schedule::of(document, &prefix, |value| {
                        value.as_money().filter(|price| price.currency == currency)
                    }),
                )
            })
            .into_iter()
            .filter(|(_, schedule)| !schedule.0.is_empty())
            .collect();
        Self {
            id: ServiceId(document.id()),
            code: text(document, "code").unwrap_or_default(),
            name: Label::of(document, "name"),
            prices,
            sort: number(document, "sort"),
            active: is_active(document),
        }
    }

    /// The price on a day.
    pub fn price_on(&self, day: civil::Date, currency: Currency) -> Option<Money> {
        self.prices.get(&currency)?.on(day)
    }
}

/// How long an order of a priority may take, in calendar days from intake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeadTime {
    /// Calendar days.
    pub days: i64,
}

/// A priority with its lead time.
#[derive(Clone, Debug)]
pub struct Priority {
    /// Its document.
    pub id: DocumentId,
    /// The code that orders store.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// The lead time.
    pub lead_time: Schedule<LeadTime>,
    /// Its place in queues; the lower the more urgent.
    pub sort: i64,
    /// Whether it is offered.
    pub active: bool,
}

/// A work status of the firm.
#[derive(Clone, Debug)]
pub struct StatusEntry {
    /// The code that orders store.
    pub status: StatusCode,
    /// Its name.
    pub name: Label,
    /// Its place in lists.
    pub sort: i64,
}

/// A country with its currency, VAT and calendar.
#[derive(Clone, Debug)]
pub struct Territory {
    /// Its identity.
    pub id: TerritoryId,
    /// ISO 3166 code, such as `CH`.
    pub country: String,
    /// Its currency.
    pub currency: Currency,
    /// IANA time zone, such as `Europe/Zurich`.
    pub time_zone: String,
    /// Default language.
    pub language: String,
    /// VAT in basis points.
    pub vat_basis_points: Schedule<i64>,
}

/// All reference data a replica holds, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Services by their place in lists.
    pub services: Vec<Service>,
    /// Priorities, the most urgent first.
    pub priorities: Vec<Priority>,
    /// Statuses by their place in lists.
    pub statuses: Vec<StatusEntry>,
    /// Territories.
    pub territories: Vec<Territory>,
    /// Branches by name.
    pub branches: Vec<Branch>,
    /// Staff by name.
    pub staff: Vec<Staff>,
}

impl Catalogue {
    /// Whether a document of this kind is part of a catalogue.
    pub fn holds_kind(name: &str) -> bool {
        [
            kind::SERVICE,
            kind::STATUS,
            kind::PRIORITY,
            kind::TERRITORY,
            kind::BRANCH,
            kind::STAFF,
        ]
        .contains(&name)
    }

    /// Reads the catalogue out of documents; those of other kinds are passed over.
    pub fn from_documents<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Self {
        let mut catalogue = Self::default();
        for document in documents {
            match document.kind().as_str() {
                kind::SERVICE => catalogue.services.push(Service::of(document)),
                kind::PRIORITY => catalogue.priorities.push(priority(document)),
                kind::STATUS => catalogue.statuses.push(StatusEntry {
                    status: StatusCode::from_code(
                        text(document, "code")
                            .as_deref()
                            .unwrap_or(Phase::Open.code()),
                    ),
                    name: Label::of(document, "name"),
                    sort: number(document, "sort"),
                }),
                kind::TERRITORY => catalogue.territories.extend(territory(document)),
                kind::BRANCH => catalogue.branches.extend(Branch::of(document)),
                kind::STAFF => catalogue.staff.extend(Staff::of(document)),
                _ => {}
            }
        }
        catalogue
            .services
            .sort_by(|a, b| (a.sort, &a.code).cmp(&(b.sort, &b.code)));
        catalogue
            .priorities
            .sort_by(|a, b| (a.sort, &a.code).cmp(&(b.sort, &b.code)));
        catalogue.statuses.sort_by_key(|entry| entry.sort);
        catalogue.branches.sort_by(|a, b| a.name.cmp(&b.name));
        catalogue.staff.sort_by(|a, b| a.name.cmp(&b.name));
        catalogue
    }

    /// A service by its id.
    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// A priority by its code.
    pub fn priority(&self, code: &str) -> Option<&Priority> {
        self.priorities
            .iter()
            .find(|priority| priority.code == code)
    }

    /// A branch by its id.
    pub fn branch(&self, id: BranchId) -> Option<&Branch> {
        self.branches.iter().find(|branch| branch.id == id)
    }

    /// The branch where a replica writes, none for the hub, an importer or a machine not heard of yet.
    pub fn branch_of_replica(&self, replica: ReplicaNumber) -> Option<&Branch> {
        self.branches
            .iter()
            .find(|branch| branch.replicas.contains(&replica))
    }

    /// A member of staff by their id.
    pub fn staff_member(&self, id: StaffId) -> Option<&Staff> {
        self.staff.iter().find(|member| member.id == id)
    }

    /// The territory of a branch; the first one when the branch names none.
    pub fn territory_of(&self, branch: BranchId) -> Option<&Territory> {
        let named = self.branch(branch).and_then(|branch| branch.territory);
        self.territories
            .iter()
            .find(|territory| Some(territory.id) == named)
            .or_else(|| self.territories.first())
    }

    /// The name of a status in a language; the code when the firm has no name for it.
    pub fn status_name<'a>(&'a self, status: &'a StatusCode, language: &str) -> &'a str {
        let entry = self
            .statuses
            .iter()
            .find(|entry| entry.status.code == status.code);
        entry
            .map(|entry| entry.name.in_language(language))
            .filter(|name| !name.is_empty())
            .unwrap_or(&status.code)
    }

    /// The day to promise for an order taken in on `day`.
    pub fn proposed_day(&self, priority: &str, day: civil::Date) -> Option<civil::Date> {
        let lead_time = self.priority(priority)?.lead_time.on(day)?;
        day.checked_add(jiff::Span::new().try_days(lead_time.days).ok()?)
            .ok()
    }
}

fn priority(document: &Document) -> Priority {
    Priority {
        id: document.id(),
        code: text(document, "code").unwrap_or_default(),
        name: Label::of(document, "name"),
        lead_time: Schedule::of(document, "lead_time_days", |value| {
            value.as_int().map(|days| LeadTime { days })
        }),
        sort: number(document, "sort"),
        active: is_active(document),
    }
}

fn territory(document: &Document) -> Option<Territory> {
    Some(Territory {
        id: TerritoryId(document.id()),
        country: text(document, "country")?,
        currency: Currency::new(&text(document, "currency")?)?,
        time_zone: text(document, "time_zone")?,
        language: text(document, "language")?,
        vat_basis_points: Schedule::of(document, "vat_basis_points", Value::as_int),
    })
}

fn number(document: &Document, field: &str) -> i64 {
    document
        .newest(field)
        .and_then(|value| value.as_int())
        .unwrap_or(0)
}

fn is_active(document: &Document) -> bool {
    document.newest("active") != Some(Value::Bool(false))
}
