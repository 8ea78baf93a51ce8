//! What pages show, worked out from orders, customers and the catalogue. Pure: the day and the zone are given.

pub(crate) mod badges;
pub(crate) mod conflict;
pub(crate) mod customer;
pub(crate) mod order;
pub(crate) mod row;
pub(crate) mod sync;
pub(crate) mod ticket;
pub(crate) mod timeline;

use jiff::civil;
use jiff::tz::TimeZone;
use shared::clock::UtcMillis;
use shared::domain::{Catalogue, Contact};
use shared::id::{BranchId, StaffId};
use shared::presentation::format;

pub(crate) use super::words::Words;

/// From where an order is looked at: the reader's language, the branch, its catalogue, its day.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// The reader's words.
    pub(crate) words: Words,
    /// Names of services, priorities, statuses, branches and staff.
    pub(crate) catalogue: &'a Catalogue,
    /// This branch.
    pub(crate) branch: BranchId,
    /// The branch's calendar day.
    pub(crate) today: civil::Date,
    /// The branch's time zone.
    pub(crate) zone: &'a TimeZone,
}

impl Seen<'_> {
    /// An instant as the branch's clock on the wall showed it: `14:10`, `gestern 14:10`.
    pub(crate) fn moment(&self, instant: UtcMillis) -> String {
        format::moment_seen_from(self.words.language, instant.in_zone(self.zone), self.today)
    }

    /// `seit 09:12`.
    pub(crate) fn since(&self, instant: UtcMillis) -> String {
        format::since(self.words.language, instant.in_zone(self.zone), self.today)
    }

    /// A branch's name, also of one this replica has not heard of yet.
    pub(crate) fn branch_name(&self, branch: BranchId) -> String {
        self.catalogue.branch(branch).map_or_else(
            || self.words.text("branch-unknown"),
            |known| known.name.clone(),
        )
    }

    /// A colleague's name, also of one this replica has not heard of yet.
    pub(crate) fn staff_name(&self, staff: Option<StaffId>) -> String {
        staff
            .and_then(|staff| self.catalogue.staff_member(staff))
            .map_or_else(|| self.words.text("nobody"), |known| known.name.clone())
    }

    /// A priority's name.
    pub(crate) fn priority_name(&self, code: &str) -> String {
        self.catalogue
            .priority(code)
            .map(|priority| priority.name.in_language(self.words.language.code()))
            .filter(|name| !name.is_empty())
            .unwrap_or(code)
            .to_owned()
    }

    /// A telephone number as it is read aloud here; what was typed when it is no number.
    pub(crate) fn phone(&self, contact: &Contact) -> Option<Phone> {
        let phone = contact.phone.as_ref()?;
        let stored = phone.e164.as_deref().unwrap_or(&phone.given);
        Some(Phone {
            dial: stored
                .chars()
                .filter(|c| c.is_ascii_digit() || *c == '+')
                .collect(),
            words: self.phone_words(&phone.given, phone.e164.as_deref()),
        })
    }

    /// A telephone number in the form of this branch's country; what was typed when it is no number.
    pub(crate) fn phone_words(&self, given: &str, e164: Option<&str>) -> String {
        let territory = self.catalogue.territory_of(self.branch);
        let country = territory.map_or("CH", |territory| territory.country.as_str());
        e164.map_or_else(|| given.to_owned(), |e164| format::phone(e164, country))
    }
}

/// A telephone number to read and to dial.
pub(crate) struct Phone {
    /// Digits for a `tel:` link.
    pub(crate) dial: String,
    /// As people read it.
    pub(crate) words: String,
}

/// A line of a list of facts.
pub(crate) struct Fact {
    /// What it is.
    pub(crate) name: String,
    /// The fact.
    pub(crate) words: String,
}
