//! Which rows get which defect: exactly as many as asked for, spread evenly, never two in one row, and nothing remembered
//! between rows, so that memory does not grow with the database.

use std::collections::BTreeMap;

/// A defect that real databases were seen to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A family name decoded wrongly long ago.
    Mojibake,
    /// A telephone whose leading zero a column of numbers lost.
    PhoneWithoutZero,
    /// Two telephones in one field.
    TwoPhones,
    /// An e-mail address without its sign.
    NoEmail,
    /// A town in windows-1252 among values in UTF-8.
    Windows1252,
    /// `0000-00-00`.
    ZeroDate,
    /// `1000-01-01` for none.
    PlaceholderDate,
    /// Words where a date belongs: the order is rejected.
    UnreadableDate,
    /// Words before the date.
    LabelledDate,
    /// Pick-up before drop-off.
    PickupBeforeReceived,
    /// A status nobody knows the meaning of: the order is rejected.
    UnknownStatus,
    /// A known status, spelt otherwise.
    StatusSpelling,
    /// An order without a customer.
    NoCustomer,
    /// An order of a customer who is not there.
    OrphanCustomer,
    /// An order without a branch.
    NoBranch,
    /// An order of a branch that is not there: it is rejected.
    OrphanBranch,
    /// The number of another order.
    DuplicateNumber,
    /// A second row with a key that is there: the engine refuses it.
    DuplicateKey,
    /// A line whose order was deleted: it is rejected.
    OrphanLine,
    /// A line that comes to parts of a hundredth.
    RoundedLine,
    /// A line with a price below zero.
    NegativePrice,
    /// A line whose price is a text.
    PriceAsText,
    /// A line of a service that is not there.
    OrphanService,
    /// A row that lacks a value between two commas.
    BrokenRow,
    /// A statement that ends in the middle of a row.
    BrokenStatement,
    /// A statement that changes rows afterwards.
    LateChange,
}

/// Where a defect is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a customer's row.
    Customer,
    /// In an order's row or in its first line.
    Order,
}

impl Kind {
    const ALL: [(Self, &'static str, Place); 26] = [
        (Self::Mojibake, "mojibake", Place::Customer),
        (
            Self::PhoneWithoutZero,
            "phone_without_zero",
            Place::Customer,
        ),
        (Self::TwoPhones, "two_phones", Place::Customer),
        (Self::NoEmail, "no_email", Place::Customer),
        (Self::Windows1252, "windows_1252", Place::Customer),
        (Self::ZeroDate, "zero_date", Place::Order),
        (Self::PlaceholderDate, "placeholder_date", Place::Order),
        (Self::UnreadableDate, "unreadable_date", Place::Order),
        (Self::LabelledDate, "labelled_date", Place::Order),
        (
            Self::PickupBeforeReceived,
            "pickup_before_received",
            Place::Order,
        ),
        (Self::UnknownStatus, "unknown_status", Place::Order),
        (Self::StatusSpelling, "status_spelling", Place::Order),
        (Self::NoCustomer, "no_customer", Place::Order),
        (Self::OrphanCustomer, "orphan_customer", Place::Order),
        (Self::NoBranch, "no_branch", Place::Order),
        (Self::OrphanBranch, "orphan_branch", Place::Order),
        (Self::DuplicateNumber, "duplicate_number", Place::Order),
        (Self::DuplicateKey, "duplicate_key", Place::Order),
        (Self::OrphanLine, "orphan_line", Place::Order),
        (Self::RoundedLine, "rounded_line", Place::Order),
        (Self::NegativePrice, "negative_price", Place::Order),
        (Self::PriceAsText, "price_as_text", Place::Order),
        (Self::OrphanService, "orphan_service", Place::Order),
        (Self::BrokenRow, "broken_row", Place::Order),
        (Self::BrokenStatement, "broken_statement", Place::Order),
        (Self::LateChange, "late_change", Place::Order),
    ];

    /// Its name in files.
    pub(super) fn name(self) -> &'static str {
        let entry = Self::ALL.iter().find(|(kind, _, _)| *kind == self);
        entry.map_or("", |(_, name, _)| name)
    }
}

/// How many of each defect are to be planted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defects(BTreeMap<Kind, u64>);

/// Why defects cannot be planted.
#[derive(Debug, thiserror::Error)]
pub enum DefectsError {
    /// The file is no list of names with numbers.
    #[error("the defects are no TOML of the form `zero_date = 12`: {0}")]
    NotToml(#[from] toml::de::Error),
    /// Nobody knows this defect.
    #[error("there is no defect `{0}`. Known are: {names}.", names = Defects::names().join(", "))]
    Unknown(String),
    /// There are more defects than rows to put them into.
    #[error("{wanted} defects do not fit into {rows} rows: each row takes one")]
    TooMany {
        /// How many are asked for.
        wanted: u64,
        /// How many rows there are.
        rows: u64,
    },
}

impl Defects {
    /// Reads `zero_date = 12` and its like, one a line.
    ///
    /// # Errors
    /// [`DefectsError::NotToml`], [`DefectsError::Unknown`].
    pub fn from_toml(text: &str) -> Result<Self, DefectsError> {
        let counts: BTreeMap<String, u64> = toml::from_str(text)?;
        let mut defects = Self::default();
        for (name, count) in counts {
            let known = Kind::ALL.iter().find(|(_, known, _)| *known == name);
            let (kind, _, _) = known.ok_or(DefectsError::Unknown(name))?;
            if count > 0 {
                defects.0.insert(*kind, count);
            }
        }
        Ok(defects)
    }

    /// The names of all defects.
    pub fn names() -> Vec<&'static str> {
        Kind::ALL.iter().map(|(_, name, _)| *name).collect()
    }

    /// How many of one kind.
    pub(super) fn count(&self, kind: Kind) -> u64 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// How they fall on `rows` rows of one place.
    pub(super) fn over(&self, place: Place, rows: u64, seed: u64) -> Result<Slots, DefectsError> {
        let own = |kind: &Kind| {
            Kind::ALL
                .iter()
                .any(|(known, _, at)| known == kind && *at == place)
        };
        let mut until = 0;
        let mut kinds = Vec::new();
        for (kind, count) in self.0.iter().filter(|(kind, _)| own(kind)) {
            until += count;
            kinds.push((until, *kind));
        }
        if until > rows {
            return Err(DefectsError::TooMany {
                wanted: until,
                rows,
            });
        }
        Ok(Slots::new(rows, until, kinds, seed))
    }
}

/// The defects of one table's rows.
#[derive(Debug)]
pub(super) struct Slots {
    rows: u64,
    defects: u64,
    /// Where each kind ends among all defects.
    kinds: Vec<(u64, Kind)>,
    /// Without a common divisor with `defects`: it mixes the kinds and leaves none out.
    step: u64,
    start: u64,
}

impl Slots {
    fn new(rows: u64, defects: u64, kinds: Vec<(u64, Kind)>, seed: u64) -> Self {
        let mut step = (defects / 2 + 1 + seed % 7).max(1);
        while greatest_common_divisor(step, defects.max(1)) != 1 {
            step += 1;
        }
        Self {
            rows,
            defects,
            kinds,
            step,
            start: seed % defects.max(1),
        }
    }

    /// The defect of a row, counted from 0. Each of all defects falls on exactly one row.
    pub(super) fn of(&self, row: u64) -> Option<Kind> {
        let before = self.share(row);
        if self.share(row + 1) == before {
            return None;
        }
        let mixed = u128::from(before) * u128::from(self.step) + u128::from(self.start);
        let mixed = mixed % u128::from(self.defects);
        let kind = self
            .kinds
            .iter()
            .find(|(until, _)| mixed < u128::from(*until));
        kind.map(|(_, kind)| *kind)
    }

    /// How many defects fall on the first `rows` rows.
    fn share(&self, rows: u64) -> u64 {
        let share = u128::from(rows) * u128::from(self.defects) / u128::from(self.rows.max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

fn greatest_common_divisor(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_as_many_are_planted_as_asked_for() {
        let defects = Defects::from_toml("zero_date = 7\norphan_line = 5\nbroken_row = 1\n")
            .expect("known defects");
        for rows in [13, 14, 100, 9_973] {
            for seed in 0..20 {
                let slots = defects.over(Place::Order, rows, seed).expect("they fit");
                let mut planted: BTreeMap<&str, u64> = BTreeMap::new();
                for kind in (0..rows).filter_map(|row| slots.of(row)) {
                    *planted.entry(kind.name()).or_default() += 1;
                }
                let expected = [("broken_row", 1), ("orphan_line", 5), ("zero_date", 7)];
                assert_eq!(
                    planted,
                    BTreeMap::from(expected),
                    "{rows} rows, seed {seed}"
                );
            }
        }
        assert!(defects.over(Place::Order, 12, 1).is_err());
    }

    #[test]
    fn a_defect_nobody_knows_is_refused_with_those_that_are_known() {
        let error = Defects::from_toml("zero_dates = 3").expect_err("it is misspelt");
        assert!(error.to_string().contains("zero_date,"), "{error}");
    }
}
