//! The pieces of an order, what is done to them and what was paid, checked.

use std::rc::Rc;

use shared::document::Currency;
use shared::document::view::{Below, EventView, ValueView};
use shared::domain::{Order, fields};
use shared::id::DocumentId;

use super::documents::Found;
use super::pieces::{Part, Pieces};
use super::{Cell, Check, KEPT, SourceRow, expect};
use crate::naming;
use crate::plan::{Lines, PaidIs};
use crate::run::RunError;

/// What a piece is called of which the source says nothing.
const PIECE_WITHOUT_NAME: &str = "Auftrag";

/// What a service is called and costs by the list, and which one of the catalogue it is.
#[derive(Clone)]
pub(super) struct Priced {
    pub(super) label: Rc<str>,
    pub(super) hundredths: Option<i64>,
    service: Option<DocumentId>,
}

impl Priced {
    fn of_label(label: &str) -> Self {
        Self {
            label: Rc::from(label),
            hundredths: None,
            service: None,
        }
    }
}

impl<'a> Check<'a> {
    /// The lines of an order against their rows: what they come to.
    pub(super) fn lines(
        &mut self,
        plan: &Lines,
        row: &SourceRow<'_>,
        key: &str,
        pieces: &Pieces<'_, '_>,
        line_rows: &[SourceRow<'a>],
    ) -> Result<i64, RunError> {
        let mut total = 0_i64;
        let document = pieces.document;
        let lines = &pieces.lines;
        let legacy: Vec<_> = document.view().below("legacy/lines/").parts().collect();
        if lines.len() != line_rows.len() {
            self.differ(
                row,
                key,
                "lines",
                format!(
                    "{} lines in the source, {} at the target",
                    line_rows.len(),
                    lines.len()
                ),
            );
        }
        let has_pieces = plan.item.is_some() && !line_rows.is_empty();
        if !has_pieces {
            let label = row.cell(self.plan.orders.item.as_ref()).text();
            self.piece(row, key, pieces, (&pieces.first, 0), label);
        }
        for ((place, line_row), line) in (0_i64..).zip(line_rows).zip(lines) {
            let kept = legacy.binary_search_by(|(other, _)| (*other).cmp(line.key));
            let kept = kept.map_or_else(|_| Below::default(), |at| legacy[at].1);
            self.raw_values(line_row, key, document, kept);
            let priced = self.service(line_row.cell(plan.service.as_ref()))?;
            let hundredths = line_hundredths(plan, line_row, &priced);
            total = total.saturating_add(hundredths.unwrap_or(0));
            let position = if has_pieces { 0 } else { place };
            if has_pieces {
                let label = line_row.cell(plan.item.as_ref()).text();
                self.piece(line_row, key, pieces, (&line.piece, place), label);
                let kind = line_row.cell(plan.item_kind.as_ref()).text();
                let kind = kind.filter(|text| !text.is_empty()).map(ValueView::Text);
                self.expect_of(line_row, key, document, &line.piece, "kind", kind);
            }
            let place = (&line.own, position);
            self.line(line_row, key, document, place, &priced, hundredths);
        }
        Ok(total)
    }

    /// A piece at its place among the others.
    fn piece(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        pieces: &Pieces<'_, '_>,
        (piece, position): (&Part<'_, '_>, i64),
        label: Option<&str>,
    ) {
        let document = pieces.document;
        let label = label.filter(|text| !text.is_empty());
        let label = ValueView::Text(label.unwrap_or(PIECE_WITHOUT_NAME));
        self.expect_of(row, key, document, piece, "label", Some(label));
        let position = ValueView::Int(position);
        self.expect_of(row, key, document, piece, "position", Some(position));
        match pieces.held_by {
            Some(held_by) => {
                let held_by = Some(ValueView::Text(held_by));
                self.expect_of(row, key, document, piece, "custody", held_by);
            }
            None => self.look_at(document, piece.fields.versions("custody")),
        }
    }

    /// Where a line stands, what it is called and what it costs; what staff have changed of it is theirs.
    fn line(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found<'_>,
        (own, position): (&Part<'_, '_>, i64),
        priced: &Priced,
        hundredths: Option<i64>,
    ) {
        let price = hundredths.map(|minor| self.money(minor));
        let mut expect = |name: &str, expected: Option<ValueView<'_>>| {
            self.expect_of(row, key, document, own, name, expected);
        };
        expect("position", Some(ValueView::Int(position)));
        expect("label", Some(ValueView::Text(&priced.label)));
        let service = priced.service.map(|id| ValueView::Id(id.as_uuid()));
        expect("service", service);
        expect("price", price);
    }

    /// An order without lines of its own has one line, made of its own columns. What it comes to.
    pub(super) fn only_line(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        pieces: &Pieces<'_, '_>,
    ) -> Result<i64, RunError> {
        let orders = &self.plan.orders;
        let document = pieces.document;
        let service = row.cell(orders.service.as_ref());
        let priced = match service.text().filter(|text| !text.is_empty()) {
            Some(_) => self.service(service)?,
            None => Priced::of_label(""),
        };
        let price = match row.cell(orders.price.as_ref()).given() {
            Some(text) => expect::hundredths(text),
            None => priced.hundredths,
        };
        let expected = price.unwrap_or(0);
        let label = row.cell(orders.item.as_ref()).text();
        self.piece(row, key, pieces, (&pieces.first, 0), label);
        match pieces.lines.first() {
            None if priced.label.is_empty() && price.is_none() => {}
            None => self.differ(
                row,
                key,
                "line",
                format!(
                    "expected {:?} at {expected} hundredths, found no line",
                    &*priced.label
                ),
            ),
            Some(line) => {
                let place = (&line.own, 0);
                self.line(row, key, document, place, &priced, Some(expected));
            }
        }
        Ok(expected)
    }

    /// What happened to an order by its row: it was taken in, and perhaps paid. `total` is what it comes to.
    pub(super) fn events(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found<'_>,
        total: i64,
    ) {
        let is_received = |event: &EventView<'_>| {
            event.kind == fields::event::RECEIVED && document.is_by_importer(event)
        };
        if !document.view().events().iter().any(is_received) {
            self.differ(row, key, "", "nothing says that it was taken in");
        }
        let orders = &self.plan.orders;
        let paid = match (orders.paid_is, row.cell(orders.paid.as_ref()).given()) {
            (PaidIs::Amount, Some(text)) => expect::hundredths(text).unwrap_or(0),
            (PaidIs::Flag, Some(text)) if expect::is_yes(text) => total,
            (_, None) | (PaidIs::Flag, Some(_)) => 0,
        };
        let recorded = document.paid_hundredths();
        if recorded != paid {
            self.differ(
                row,
                key,
                "paid",
                format!("expected {paid} hundredths, found {recorded}"),
            );
        }
    }

    /// An amount in the currency of the plan.
    pub(super) fn money(&self, minor: i64) -> ValueView<'static> {
        let currency = Currency::new(&self.plan.currency).unwrap_or(Currency::CHF);
        ValueView::Money { minor, currency }
    }

    /// What a service is called and costs, by its text or key.
    pub(super) fn service(&self, cell: Cell<'_>) -> Result<Priced, RunError> {
        let Some(raw) = cell.text() else {
            return Ok(Priced::of_label(""));
        };
        if let Some(known) = self.services.borrow().get(raw) {
            return Ok(known.clone());
        }
        let priced = self.find_service(raw)?;
        let mut services = self.services.borrow_mut();
        if services.len() < KEPT {
            services.insert(raw.to_owned(), priced.clone());
        }
        Ok(priced)
    }

    fn find_service(&self, raw: &str) -> Result<Priced, RunError> {
        let Some(services) = self.plan.services.as_ref() else {
            return Ok(Priced::of_label(raw));
        };
        let of_catalogue = |name: &str| {
            let code = services.map.get(name)?;
            Some(DocumentId::named(&format!("service/{code}")))
        };
        let (Some(table), Some(key), Some(name)) = (&services.table, &services.key, &services.name)
        else {
            return Ok(Priced {
                service: of_catalogue(raw),
                ..Priced::of_label(raw)
            });
        };
        let found = self
            .table(table)
            .map(|table| self.rows_where(table, std::slice::from_ref(key), raw))
            .transpose()?
            .unwrap_or_default();
        let Some(found) = found.first() else {
            return Ok(Priced::of_label(raw));
        };
        let label = found.cell(Some(name)).text().unwrap_or_default();
        let own = || {
            let table = &found.table.schema.name;
            let key = found.key(std::slice::from_ref(key))?;
            Some(naming::document_id(&self.plan.source_name, table, &key))
        };
        Ok(Priced {
            hundredths: found
                .cell(services.price.as_ref())
                .given()
                .and_then(expect::hundredths),
            service: of_catalogue(label).or_else(own),
            ..Priced::of_label(label)
        })
    }
}

/// What a line comes to: its own price or the list's, times how many, less the discount. `None` for what is no amount.
pub(super) fn line_hundredths(plan: &Lines, row: &SourceRow<'_>, priced: &Priced) -> Option<i64> {
    let text = |column: &Option<String>| row.cell(column.as_ref()).given();
    let (quantity, discount) = (text(&plan.quantity), text(&plan.discount));
    match (text(&plan.price), priced.hundredths) {
        (Some(price), _) => expect::line_hundredths(price, quantity, discount),
        (None, Some(hundredths)) => {
            let price = expect::in_digits(hundredths);
            expect::line_hundredths(&price, quantity, discount)
        }
        (None, None) => Some(0),
    }
}

impl Found<'_> {
    /// What the importer has recorded as paid.
    fn paid_hundredths(&self) -> i64 {
        let by_importer = || {
            let events = self.view().events().iter();
            events.filter(|event| self.is_by_importer(event))
        };
        let neighbours = by_importer().zip(by_importer().skip(1));
        let has_incarnations = neighbours
            .map(|(one, next)| (one.dot.actor, next.dot.actor))
            .any(|(one, next)| one != next && one.replica() == next.replica());
        // One event under two names is one payment still; only the document itself tells.
        if has_incarnations && let Some(order) = self.built().as_ref().and_then(Order::of) {
            let own = order
                .payments
                .iter()
                .filter(|payment| payment.by.is_none() && self.is_importer(payment.dot));
            return own
                .map(|payment| payment.amount.minor)
                .fold(0, i64::saturating_add);
        }
        by_importer()
            .filter(|event| event.kind == fields::event::PAYMENT)
            .filter_map(|event| match event.get("amount") {
                Some(ValueView::Money { minor, .. }) => Some(minor),
                _ => None,
            })
            .fold(0, i64::saturating_add)
    }
}
