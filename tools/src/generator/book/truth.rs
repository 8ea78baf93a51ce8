//! The truth about a book: what was planted in it, and what the importer is to make of that.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tables::{CUSTOMERS, LINES, ORDERS};
use crate::generator::planted::Kind;

/// What is in the dump.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BookTruth {
    /// Bytes of the dump.
    pub bytes: u64,
    /// Rows by table, as the engine would hold them.
    pub rows: BTreeMap<String, u64>,
    /// What was planted, by kind.
    pub defects: BTreeMap<&'static str, Planted>,
    /// Rows and statements that cannot be read.
    pub unreadable: u64,
    /// What `assess` is to find; only what follows from the defects.
    pub findings: Vec<ExpectedFinding>,
    /// Values that change on the way, by the plan's rule.
    pub changes: BTreeMap<&'static str, u64>,
    /// What is to become of the rows of orders, lines and customers under the plan as proposed, `--branch` given.
    pub ledger: BTreeMap<String, ExpectedSums>,
    /// Rejected rows by code.
    pub rejects: BTreeMap<&'static str, u64>,
}

/// A kind of defect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Planted {
    /// How many.
    pub rows: u64,
    /// The keys of the rows they are in: of the customer or of the order.
    pub keys: Vec<u64>,
}

/// What `assess` says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExpectedFinding {
    /// The finding's code.
    pub code: &'static str,
    /// The table; empty when it is about the whole source.
    pub table: &'static str,
    /// The column; empty when it is about the whole table.
    pub column: &'static str,
    /// How many rows.
    pub count: u64,
}

/// The sums of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ExpectedSums {
    /// Rows that become documents.
    pub migrated: u64,
    /// Rows that become part of another's.
    pub embedded: u64,
    /// Rows that are rejected.
    pub rejected: u64,
}

impl BookTruth {
    /// Adds what follows from the defects that were planted.
    pub(super) fn expect(&mut self) {
        let planted = |kind: Kind| {
            let planted = self.defects.get(kind.name());
            planted.map_or(0, |planted| planted.rows)
        };
        let unreadable = [Kind::BrokenRow, Kind::BrokenStatement, Kind::DuplicateKey];
        self.unreadable = unreadable.into_iter().map(planted).sum();
        let expected = [
            (
                "mojibake",
                CUSTOMERS.name,
                "Nachname",
                planted(Kind::Mojibake),
            ),
            (
                "phone_without_zero",
                CUSTOMERS.name,
                "Telefon",
                planted(Kind::PhoneWithoutZero),
            ),
            (
                "two_phones",
                CUSTOMERS.name,
                "Telefon",
                planted(Kind::TwoPhones),
            ),
            ("no_email", CUSTOMERS.name, "Email", planted(Kind::NoEmail)),
            ("mixed_encoding", "", "", planted(Kind::Windows1252).min(1)),
            (
                "zero_date",
                ORDERS.name,
                "Abholdatum",
                planted(Kind::ZeroDate),
            ),
            (
                "placeholder_date",
                ORDERS.name,
                "Abholdatum",
                planted(Kind::PlaceholderDate),
            ),
            (
                "not_a_date",
                ORDERS.name,
                "Abholdatum",
                planted(Kind::UnreadableDate),
            ),
            (
                "text_around_date",
                ORDERS.name,
                "Abholdatum",
                planted(Kind::LabelledDate),
            ),
            (
                "promised_before_received",
                ORDERS.name,
                "Abholdatum",
                planted(Kind::PickupBeforeReceived),
            ),
            (
                "unknown_value",
                ORDERS.name,
                "Status",
                planted(Kind::UnknownStatus),
            ),
            (
                "empty_reference",
                ORDERS.name,
                "KundeID",
                planted(Kind::NoCustomer),
            ),
            (
                "orphan",
                ORDERS.name,
                "KundeID",
                planted(Kind::OrphanCustomer),
            ),
            (
                "empty_reference",
                ORDERS.name,
                "FilialeID",
                planted(Kind::NoBranch),
            ),
            (
                "orphan",
                ORDERS.name,
                "FilialeID",
                planted(Kind::OrphanBranch),
            ),
            ("orphan", LINES.name, "AuftragID", planted(Kind::OrphanLine)),
            (
                "orphan",
                LINES.name,
                "DienstleistungID",
                planted(Kind::OrphanService),
            ),
            (
                "negative_amount",
                LINES.name,
                "Preis",
                planted(Kind::NegativePrice),
            ),
            (
                "amount_as_text",
                LINES.name,
                "Preis",
                planted(Kind::PriceAsText),
            ),
            ("unapplied_change", "", "", planted(Kind::LateChange)),
            ("unreadable", "", "", self.unreadable),
        ];
        let expected = expected.into_iter().filter(|(_, _, _, count)| *count > 0);
        let expected = expected.map(|(code, table, column, count)| ExpectedFinding {
            code,
            table,
            column,
            count,
        });
        let rejects = [
            ("unreadable_date", planted(Kind::UnreadableDate)),
            ("unknown_status", planted(Kind::UnknownStatus)),
            ("unknown_branch", planted(Kind::OrphanBranch)),
        ];
        let rejected: u64 = rejects.iter().map(|(_, count)| count).sum();
        let all_rejects = rejects
            .into_iter()
            .chain([("orphan_line", planted(Kind::OrphanLine))]);
        let changes = [
            ("zero_date", planted(Kind::ZeroDate)),
            ("placeholder_date", planted(Kind::PlaceholderDate)),
            ("rounded_line", planted(Kind::RoundedLine)),
            ("unreadable", self.unreadable),
            ("unapplied_change", planted(Kind::LateChange)),
        ];
        let findings = expected.collect();
        let filled = |(_, count): &(&'static str, u64)| *count > 0;
        let all_rejects: Vec<_> = all_rejects.filter(filled).collect();
        let changes = changes.into_iter().filter(filled).collect();
        self.findings = findings;
        self.rejects.extend(all_rejects);
        self.changes = changes;
        let migrated = |rows: u64, rejected: u64| ExpectedSums {
            migrated: rows - rejected,
            rejected,
            ..ExpectedSums::default()
        };
        for (table, rejected) in [(&CUSTOMERS, 0), (&ORDERS, rejected)] {
            let sums = migrated(self.rows[table.name], rejected);
            self.ledger.insert(table.name.to_owned(), sums);
        }
    }
}

/// What the importer is to make of an order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Migrated,
    Rejected,
    /// It is not in the dump, only a line of it is.
    Deleted,
}

pub(super) fn way(defect: Option<Kind>) -> Way {
    match defect {
        Some(Kind::UnreadableDate | Kind::UnknownStatus | Kind::OrphanBranch) => Way::Rejected,
        Some(Kind::OrphanLine) => Way::Deleted,
        _ => Way::Migrated,
    }
}
