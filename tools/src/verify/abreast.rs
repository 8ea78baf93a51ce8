//! Rows and documents that lie in the same order are compared as the target is read: what a first run brought lies in the order
//! of its rows. What does not is kept for later, when it is looked through part by part.

use std::collections::{HashMap, HashSet, VecDeque};

use shared::domain::fields::kind;
use shared::id::DocumentId;

use super::documents::DocumentsOfPart;
use super::parts::{OrderRow, Rest, Rows, Ways};
use super::rows_in_order::{RowWithId, RowsInOrder};
use crate::plan::Plan;
use crate::staging::Staging;

/// Rows without a document among those at hand that are looked at before their like is given up for now: rejected rows stand
/// between others, rarely many of them behind each other.
const PASSED_OVER_AT_ONCE: usize = 256;

/// Rows passed over that may still be met: a document may come a little later than its row.
const PASSED_OVER: usize = 4_096;

/// What is compared together: documents, and the rows that lead to them.
pub(super) struct Chunk {
    pub(super) documents: DocumentsOfPart,
    pub(super) rows: Rows,
}

/// How far both sides have come.
pub(super) struct Abreast<'a> {
    customers: Option<Strand<'a>>,
    orders: Option<Strand<'a>>,
}

/// The rows of one table, and how far they have come.
struct Strand<'a> {
    rows: RowsInOrder<'a>,
    /// The last ones whose documents have not come.
    waiting: VecDeque<RowWithId>,
    /// Earlier ones.
    passed_over: Vec<RowWithId>,
}

impl<'a> Abreast<'a> {
    pub(super) fn of(plan: &'a Plan, staging: &'a Staging, ways: Ways) -> Self {
        Self {
            customers: ways.customers(plan, staging).map(Strand::of),
            orders: ways.orders(plan, staging).map(Strand::of),
        }
    }

    /// The rows that lead to some of these documents, and those documents; the others stay.
    pub(super) fn take(
        &mut self,
        staging: &Staging,
        documents: &mut Vec<(DocumentId, Vec<u8>)>,
    ) -> Result<Option<Chunk>, rusqlite::Error> {
        let mut kinds = HashMap::with_capacity(documents.len());
        for (id, encoded) in &*documents {
            if let Some(kind) = shared::document::format::kind_name(encoded) {
                kinds.insert(*id, kind);
            }
        }
        let customers = found(self.customers.as_mut(), staging, &kinds, kind::CUSTOMER)?;
        let orders = found(self.orders.as_mut(), staging, &kinds, kind::ORDER)?;
        drop(kinds);
        if customers.is_empty() && orders.is_empty() {
            return Ok(None);
        }
        let led_to: HashSet<DocumentId> = customers
            .iter()
            .chain(&orders)
            .filter_map(|row| row.id)
            .collect();
        let (own, others): (Vec<_>, Vec<_>) = std::mem::take(documents)
            .into_iter()
            .partition(|(id, _)| led_to.contains(id));
        *documents = others;
        let rows = Rows {
            services: Vec::new(),
            customers: customers.iter().map(|row| row.place).collect(),
            orders: orders
                .iter()
                .map(|row| OrderRow {
                    place: row.place,
                    first_line: row.first_line,
                })
                .collect(),
        };
        Ok(Some(Chunk {
            documents: own.into_iter().collect(),
            rows,
        }))
    }

    /// What was not met: of customers, and of orders.
    pub(super) fn rest(self) -> [Option<Rest<'a>>; 2] {
        [
            self.customers.map(Strand::rest),
            self.orders.map(Strand::rest),
        ]
    }
}

/// The rows of a strand that lead to one of some documents of a kind, in their order.
fn found(
    strand: Option<&mut Strand<'_>>,
    staging: &Staging,
    kinds: &HashMap<DocumentId, &str>,
    kind: &str,
) -> Result<Vec<RowWithId>, rusqlite::Error> {
    let Some(strand) = strand else {
        return Ok(Vec::new());
    };
    let wanted = kinds.values().filter(|known| **known == kind).count();
    let leads = |row: &RowWithId| row.id.is_some_and(|id| kinds.get(&id) == Some(&kind));
    strand.take(staging, wanted, leads)
}

impl<'a> Strand<'a> {
    const fn of(rows: RowsInOrder<'a>) -> Self {
        Self {
            rows,
            waiting: VecDeque::new(),
            passed_over: Vec::new(),
        }
    }

    fn take(
        &mut self,
        staging: &Staging,
        wanted: usize,
        leads: impl Fn(&RowWithId) -> bool,
    ) -> Result<Vec<RowWithId>, rusqlite::Error> {
        let mut found = Vec::with_capacity(wanted);
        if wanted == 0 {
            return Ok(found);
        }
        self.waiting.retain(|row| {
            let is_found = leads(row);
            found.extend(is_found.then_some(*row));
            !is_found
        });
        let mut missed = 0;
        while found.len() < wanted && missed < PASSED_OVER_AT_ONCE {
            let Some(row) = self.rows.next(staging)? else {
                break;
            };
            if leads(&row) {
                found.push(row);
                missed = 0;
            } else {
                self.waiting.push_back(row);
                missed += 1;
            }
        }
        let too_many = self.waiting.len().saturating_sub(PASSED_OVER);
        self.passed_over.extend(self.waiting.drain(..too_many));
        Ok(found)
    }

    fn rest(self) -> Rest<'a> {
        let mut passed_over = self.passed_over;
        passed_over.extend(self.waiting);
        Rest {
            passed_over,
            behind: self.rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel_run::stage;

    const PLAN: &str = r#"plan_version = 1
document_schema = 1
source_name = "firma"
source_file = "firma.sql"
source_sha256 = ""
stamped_at = "2026-11-20T10:00:00Z"
time_zone = "Europe/Zurich"
country = "CH"
currency = "CHF"
[branches]
default = "Chur"
[orders]
table = "Auftraege"
key = ["Nr"]
[status]
[priority]
"#;

    #[test]
    fn every_row_whose_document_does_not_come_is_left_for_later() {
        const ROWS: u32 = 6_000;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("firma.sql");
        let rows: Vec<String> = (1..=ROWS).map(|row| format!("({row})")).collect();
        let rows = rows.join(", ");
        let script = format!(
            "CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY); INSERT INTO Auftraege VALUES {rows};"
        );
        std::fs::write(&path, script).expect("the script is written");
        let (staging, _) = stage(&path);
        let plan = Plan::from_text(PLAN).expect("it is a plan");
        let ways = Ways::of(&plan, &staging).expect("rows are looked at");
        let orders = ways.orders(&plan, &staging).expect("keys ascend");
        let mut strand = Strand::of(orders);

        // Documents of other rows come, page after page.
        let pages = PASSED_OVER / PASSED_OVER_AT_ONCE + 4;
        for _ in 0..pages {
            let found = strand.take(&staging, 1, |_| false).expect("rows are read");
            assert!(found.is_empty());
        }
        assert!(!strand.passed_over.is_empty(), "more than may still be met");
        let late = |row: &RowWithId| row.place == 5_000;
        let found = strand.take(&staging, 1, late).expect("rows are read");
        assert_eq!(found.len(), 1, "a document may come later than its row");

        let Rest {
            passed_over,
            mut behind,
        } = strand.rest();
        let mut places: Vec<u32> = passed_over.iter().map(|row| row.place).collect();
        while let Some(row) = behind.next(&staging).expect("rows are read") {
            places.push(row.place);
        }
        places.sort_unstable();
        let expected: Vec<u32> = (1..=ROWS).filter(|place| *place != 5_000).collect();
        assert_eq!(places, expected, "each of them once");
    }
}
