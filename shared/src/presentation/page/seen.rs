//! From where an order is looked at: the reader's language, the catalogue, a branch or the office, its calendar day.

use std::sync::Arc;

use jiff::civil;
use jiff::tz::TimeZone;

use super::Words;
use crate::clock::UtcMillis;
use crate::domain::{Catalogue, Item, Order, ServiceLine, Territory, TicketNumber};
use crate::id::{BranchId, StaffId};
use crate::presentation::format;

/// The country whose telephone numbers are read without a prefix where no branch says another.
const FIRST_COUNTRY: &str = "CH";

/// From where something is looked at.
#[derive(Clone)]
pub struct Seen {
    /// The reader's words.
    pub words: Words,
    /// Names of services, priorities, statuses, branches and staff.
    pub catalogue: Arc<Catalogue>,
    /// The branch whose pages these are; none at the office.
    pub branch: Option<BranchId>,
    /// The reader's clock.
    pub now: UtcMillis,
    /// The reader's calendar day.
    pub today: civil::Date,
    /// The reader's time zone.
    pub zone: TimeZone,
}

/// A line of a list of facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// The fact.
    pub words: String,
}

impl Seen {
    /// An instant as the clock on the wall showed it: `14:10`, `gestern 14:10`.
    pub fn moment(&self, instant: UtcMillis) -> String {
        format::moment_seen_from(self.words.language, instant.in_zone(&self.zone), self.today)
    }

    /// `seit 09:12`.
    pub fn since(&self, instant: UtcMillis) -> String {
        format::since(self.words.language, instant.in_zone(&self.zone), self.today)
    }

    /// A branch's name, also of one that has not been heard of yet, and of none.
    pub fn branch_name(&self, branch: impl Into<Option<BranchId>>) -> String {
        let Some(branch) = branch.into() else {
            return self.words.text("office-no-branch");
        };
        self.catalogue.branch(branch).map_or_else(
            || self.words.text("branch-unknown"),
            |known| known.name.clone(),
        )
    }

    /// A colleague's name, also of one that has not been heard of yet.
    pub fn staff_name(&self, staff: Option<StaffId>) -> String {
        staff
            .and_then(|staff| self.catalogue.staff_member(staff))
            .map_or_else(|| self.words.text("nobody"), |known| known.name.clone())
    }

    /// A priority's name; its code when it has none.
    pub fn priority_name(&self, code: &str) -> String {
        self.catalogue
            .priority(code)
            .map(|priority| priority.name.in_language(self.words.language.code()))
            .filter(|name| !name.is_empty())
            .unwrap_or(code)
            .to_owned()
    }

    /// The territory of the reader's branch; none at the office.
    pub fn territory(&self) -> Option<&Territory> {
        self.catalogue.territory_of(self.branch?)
    }

    /// A telephone number in the form of the reader's country; what was typed when it is no number.
    pub fn phone_words(&self, given: &str, e164: Option<&str>) -> String {
        let country = self
            .territory()
            .map_or(FIRST_COUNTRY, |territory| territory.country.as_str());
        e164.map_or_else(|| given.to_owned(), |e164| format::phone(e164, country))
    }

    /// The customer's name at intake, or words that say there is none any more.
    pub fn name_at_intake(&self, order: &Order) -> String {
        self.name_or_word(order.contact.name.as_deref(), order.erased)
    }

    /// A name, or words that say why there is none.
    pub fn name_or_word(&self, name: Option<&str>, is_erased: bool) -> String {
        match name {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ if is_erased => self.words.text("customer-erased"),
            _ => self.words.text("customer-unnamed"),
        }
    }

    /// A fact under the text of `key`.
    pub fn fact(&self, key: &str, words: String) -> Fact {
        Fact {
            name: self.words.text(key),
            words,
        }
    }
}

/// A piece's kind and label, or a word for a piece that was given neither.
pub fn item_label(words: Words, item: &Item) -> String {
    let parts: Vec<&str> = item
        .kind
        .as_deref()
        .into_iter()
        .chain(Some(item.label.as_str()))
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        words.text("item")
    } else {
        parts.join(" ")
    }
}

/// A line's name, marked while its row is missing in the legacy database.
pub fn line_label(words: Words, line: &ServiceLine) -> String {
    if line.gone_since.is_some() {
        format!("{} ({})", line.label, words.text("gone-tag"))
    } else {
        line.label.clone()
    }
}

/// That an order, or a line of it, is missing in the legacy database; `None` when neither is, or somebody has decided.
pub fn gone_words(seen: &Seen, order: &Order) -> Option<String> {
    let lines = order.items.iter().flat_map(|item| &item.lines);
    let (key, since) = match order.gone_since {
        Some(since) => ("gone-since", since),
        None => (
            "gone-line-since",
            lines.filter_map(|line| line.gone_since).min()?,
        ),
    };
    Some(seen.words.with(key, "moment", seen.moment(since)))
}

/// A ticket number in groups as people say it; any other number as it is.
pub fn spoken_number(ticket: Option<&str>, number: &str) -> String {
    ticket
        .and_then(|ticket| ticket.parse::<TicketNumber>().ok())
        .map_or_else(|| number.to_owned(), |ticket| ticket.spoken())
}
