//! The lines of an order and the pieces that they are done to: read from rows, and written into the order's document.

use shared::document::view::ValueView;
use shared::document::{Authoring, Draft};
use shared::domain::{Custody, Money, Phase, fields};
use shared::id::BranchId;
use shared::limits;

use super::ReadOrder;
use crate::apply::rows::{Source, SourceRow};
use crate::apply::service::Named;
use crate::apply::shape::Counters;
use crate::apply::{Pass, Rejection, Stop, check_lengths, keep_raw_below};
use crate::interpret::amounts::{self, Decimal};
use crate::plan::Lines;

/// What an order's only item is called when the source names no piece.
const UNNAMED_PIECE: &str = "Auftrag";

/// One service of an order.
pub(super) struct Line<'r> {
    named: Named,
    pub(super) price: Money,
    pub(super) row: Option<&'r SourceRow>,
    /// The piece it is done to, where each line has its own: kind and label.
    piece: Option<(Option<String>, String)>,
}

impl<'a> Pass<'a> {
    pub(super) fn lines<'r>(
        &mut self,
        plan: &Lines,
        lines: &Source<'a>,
        rows: &'r [SourceRow],
    ) -> Result<Vec<Line<'r>>, Stop> {
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            check_lengths(lines, row)?;
            let named = match lines.value(row, plan.service.as_ref()).text() {
                Some(raw) => self.named_service(raw)?,
                None => Named::default(),
            };
            let price = self.line_price(plan, lines, row, named.price)?;
            read.push(Line {
                named,
                price,
                row: Some(row),
                piece: piece_of(plan, lines, row),
            });
        }
        Ok(read)
    }

    /// Price times quantity less discount, exact, or rounded once within the budget.
    fn line_price(
        &mut self,
        plan: &Lines,
        lines: &Source<'a>,
        row: &SourceRow,
        list_price: Option<Money>,
    ) -> Result<Money, Stop> {
        let number = |column: &Option<String>| -> Result<Option<Decimal>, Rejection> {
            let Some(text) = lines.value(row, column.as_ref()).trimmed() else {
                return Ok(None);
            };
            amounts::price(text).map(Some).ok_or_else(|| {
                Rejection::new("unreadable_amount", format!("`{text}` is no amount"))
            })
        };
        let (price, quantity, discount) = (
            number(&plan.price)?,
            number(&plan.quantity)?,
            number(&plan.discount)?,
        );
        let list_price = list_price.map(|money| Decimal::of_minor(money.minor));
        let Some(mut sum) = price.or(list_price) else {
            return Ok(Money::zero(self.currency));
        };
        let too_large = || {
            Rejection::new(
                "amount_too_large",
                "price times quantity is beyond any sale",
            )
        };
        if let Some(quantity) = quantity {
            sum = sum.times(quantity).ok_or_else(too_large)?;
        }
        if let Some(discount) = discount {
            sum = discount
                .from_one()
                .and_then(|rest| sum.times(rest))
                .ok_or_else(too_large)?;
        }
        let (minor, rounded) = sum.rounded_minor().ok_or_else(too_large)?;
        if rounded {
            self.changed("rounded_line");
        }
        Ok(self.bounded(minor)?)
    }

    /// An order without lines of its own: its service and price are its only line.
    pub(super) fn only_line<'r>(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
    ) -> Result<Vec<Line<'r>>, Stop> {
        let orders = &self.plan.orders;
        let named = match source
            .value(row, orders.service.as_ref())
            .text()
            .filter(|text| !text.is_empty())
        {
            Some(raw) => self.named_service(raw)?,
            None => Named::default(),
        };
        let price = self.amount(source, row, orders.price.as_ref())?;
        let Some(price) = price
            .or(named.price)
            .or_else(|| named.service.map(|_| Money::zero(self.currency)))
        else {
            return Ok(if named.label.is_empty() {
                Vec::new()
            } else {
                vec![Line {
                    price: Money::zero(self.currency),
                    named,
                    row: None,
                    piece: None,
                }]
            });
        };
        Ok(vec![Line {
            named,
            price,
            row: None,
            piece: None,
        }])
    }
}

/// The piece that a line's row names; `None` when lines have no pieces of their own.
fn piece_of(plan: &Lines, lines: &Source<'_>, row: &SourceRow) -> Option<(Option<String>, String)> {
    plan.item.as_ref()?;
    let text = |column: &Option<String>| {
        let text = lines.value(row, column.as_ref()).text();
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let label = text(&plan.item).unwrap_or_else(|| UNNAMED_PIECE.to_owned());
    Some((text(&plan.item_kind), label))
}

/// The order's pieces with their lines: one piece for all, or one for each line.
pub(super) fn write_items(
    change: &mut Draft,
    authoring: &mut Authoring,
    item: Option<&str>,
    order: &ReadOrder<'_>,
    lines: Option<&Source<'_>>,
    counters: Option<Counters>,
) -> Result<(), Rejection> {
    let held_by = custody(order.status.phase, order.branch).code();
    if order.lines.iter().all(|line| line.piece.is_none()) {
        let label = item.unwrap_or(UNNAMED_PIECE);
        let key = write_item(change, authoring, 0, &held_by, label);
        for (position, line) in (0_i64..).zip(&order.lines) {
            let mut own = counters_of(line, authoring, counters);
            let authoring = own.as_mut().unwrap_or(&mut *authoring);
            write_line(change, authoring, &key, position, line, lines)?;
        }
        return Ok(());
    }
    if order.lines.len() > limits::ITEMS_PER_ORDER {
        let reason = format!(
            "it has {} pieces, at most {} can be kept",
            order.lines.len(),
            limits::ITEMS_PER_ORDER
        );
        return Err(Rejection::new("too_large", reason));
    }
    for (position, line) in (0_i64..).zip(&order.lines) {
        let (kind, label) = match &line.piece {
            Some((kind, label)) => (kind.as_deref(), label.as_str()),
            None => (None, UNNAMED_PIECE),
        };
        let mut own = counters_of(line, authoring, counters);
        let authoring = own.as_mut().unwrap_or(&mut *authoring);
        let key = write_item(change, authoring, position, &held_by, label);
        if let Some(kind) = kind {
            set_in_item(change, authoring, &key, "kind", kind);
        }
        write_line(change, authoring, &key, 0, line, lines)?;
    }
    Ok(())
}

/// A line's row has counters of its own.
fn counters_of(
    line: &Line<'_>,
    authoring: &Authoring,
    counters: Option<Counters>,
) -> Option<Authoring> {
    let before = counters?.before_line(line.row?.rowid);
    let (actor, at, by) = (authoring.actor(), authoring.at(), authoring.by());
    Some(Authoring::new(actor, before, at, by))
}

fn write_item(
    change: &mut Draft,
    authoring: &mut Authoring,
    position: i64,
    held_by: &str,
    label: &str,
) -> String {
    let key = fields::key_from_dot(authoring.next_dot());
    set_in_item(change, authoring, &key, "position", position);
    set_in_item(change, authoring, &key, "custody", held_by);
    set_in_item(change, authoring, &key, "label", label);
    key
}

/// Sets a field of an item.
fn set_in_item<'v>(
    change: &mut Draft,
    authoring: &mut Authoring,
    item: &str,
    name: &str,
    value: impl Into<ValueView<'v>>,
) {
    change
        .set_joined(authoring, &["items/", item, "/", name], value)
        .expect("keys are made from dots");
}

fn write_line(
    change: &mut Draft,
    authoring: &mut Authoring,
    item: &str,
    position: i64,
    line: &Line<'_>,
    lines: Option<&Source<'_>>,
) -> Result<(), Rejection> {
    let key = fields::key_from_dot(authoring.next_dot());
    let mut set = |name: &str, value: ValueView<'_>| {
        change
            .set_joined(
                authoring,
                &["items/", item, "/lines/", &key, "/", name],
                value,
            )
            .expect("keys are made from dots");
    };
    set("position", position.into());
    if let Some(service) = line.named.service {
        set("service", service.into());
    }
    set("label", line.named.label.as_str().into());
    set("price", line.price.into());
    if let (Some(lines), Some(row)) = (lines, line.row) {
        keep_raw_below(change, authoring, lines, row, ["legacy/lines/", &key, "/"])?;
    }
    Ok(())
}

/// Who holds the piece: of finished and cancelled legacy orders the customer, or the racks would be full of 2018's skis.
fn custody(phase: Phase, branch: BranchId) -> Custody {
    match phase {
        Phase::Open | Phase::Blocked => Custody::Branch(branch),
        Phase::InWork => Custody::Workshop(branch),
        Phase::Done | Phase::Cancelled => Custody::Customer,
    }
}
