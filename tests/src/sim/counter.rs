//! What people do at a counter and in the office: the product's own commands, at random.

use jiff::civil;
use shared::clock::UtcMillis;
use shared::command::{self, EditOrder, ItemIntent, LineIntent, Pay, Refusal, TakeIn};
use shared::document::{Authoring, Change, Currency, Document, Field, Kind, Value};
use shared::domain::{
    Contact, Custody, Money, Order, PaymentMethod, Phase, StatusCode, TicketNumber,
};
use shared::id::{BranchId, CustomerId, DocumentId, OrderId, ServiceId, StaffId};

use super::branch::Daemon;
use super::firm::firm;
use super::hub::LATER;
use super::random::Random;

/// What somebody did. It counts from the moment in which they are told that it is saved.
#[derive(Clone, Debug)]
pub struct Made {
    /// What they did, for the event log.
    pub what: &'static str,
    /// What changed.
    pub deltas: Vec<Document>,
    /// The last counter before it.
    pub after: u64,
    /// The payment among it.
    pub payment: Option<Payment>,
}

/// Money that went over a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// For which order.
    pub order: DocumentId,
    /// The till's receipt, never given twice.
    pub receipt: String,
    /// Minor units; negative when it was given back.
    pub minor: i64,
}

/// The moment in which somebody acts.
pub struct Moment<'a> {
    /// By the machine's clock, be it right or wrong.
    pub now: UtcMillis,
    /// Dice.
    pub random: &'a mut Random,
    /// Numbers the things of this seed, so that each can be told from all others.
    pub serial: u64,
}

impl Moment<'_> {
    fn today(&self) -> civil::Date {
        self.now.in_zone(&jiff::tz::TimeZone::UTC).date()
    }

    fn branch(&mut self) -> BranchId {
        let branches = &firm().branches;
        branches[self.random.below(branches.len())]
    }

    fn service(&mut self) -> ServiceId {
        let services = &firm().services;
        services[self.random.below(services.len())]
    }
}

/// Somebody at a counter does something; none when it was not possible. The program's disk may refuse it.
///
/// # Errors
/// [`shared::store::StoreError`] when the disk did not take it: nobody is told that it was saved.
pub fn act(
    daemon: &mut Daemon,
    branch: BranchId,
    moment: &mut Moment<'_>,
) -> Result<Option<Made>, shared::store::StoreError> {
    let staff = StaffId(DocumentId::named("staff/anna"));
    let mut authoring = daemon.store_mut().author(Some(staff), moment.now)?;
    let after = authoring.counter();
    let choice = moment.random.below(100);
    let (what, made) = if choice < 24 {
        ("take in", take_in(daemon, branch, moment, &mut authoring))
    } else if choice < 32 {
        (
            "customer",
            at_customer(daemon, branch, moment, &mut authoring),
        )
    } else {
        let Some(order) = daemon
            .order(moment.random.number())
            .and_then(|id| daemon.store().document(id).ok().flatten())
        else {
            return Ok(None);
        };
        at_order(&order, branch, moment, &mut authoring)
    };
    let Ok((deltas, payment, slot)) = made else {
        return Ok(None);
    };
    let records: Vec<(&str, Vec<u8>)> = slot.map(Daemon::ticket_record).into_iter().collect();
    let changes = daemon
        .store_mut()
        .commit(&deltas, &authoring, moment.now, &records)?;
    daemon.follow(&changes);
    Ok(Some(Made {
        what,
        deltas,
        after,
        payment,
    }))
}

/// Somebody makes a payment again, under the same receipt: because nobody was told that it is saved, after a look at the order.
/// A counter must never do it by itself.
///
/// # Errors
/// As [`act`].
pub fn pay_again(
    daemon: &mut Daemon,
    branch: BranchId,
    payment: &Payment,
    now: UtcMillis,
) -> Result<Option<Made>, shared::store::StoreError> {
    let mut authoring = daemon.store_mut().author(None, now)?;
    let after = authoring.counter();
    let Ok(Some(order)) = daemon.store().document(payment.order) else {
        return Ok(None);
    };
    let intent = Pay {
        amount: Money::new(payment.minor.abs(), Currency::CHF),
        method: PaymentMethod::Card,
        branch,
        receipt: Some(payment.receipt.clone()),
    };
    let Ok(delta) = command::pay(&order, &mut authoring, &intent) else {
        return Ok(None);
    };
    let deltas = vec![delta];
    let changes = daemon.store_mut().commit(&deltas, &authoring, now, &[])?;
    daemon.follow(&changes);
    Ok(Some(Made {
        what: "pays again",
        deltas,
        after,
        payment: Some(payment.clone()),
    }))
}

/// Whether an order shows a payment.
pub fn shows(daemon: &Daemon, payment: &Payment) -> bool {
    let order = daemon.store().document(payment.order).ok().flatten();
    order.is_some_and(|order| has_receipt(&order, &payment.receipt))
}

/// Whether a payment of an order has this receipt.
pub fn has_receipt(order: &Document, receipt: &str) -> bool {
    Order::of(order).is_some_and(|order| {
        let mut receipts = order.payments.iter().map(|paid| &paid.receipt);
        receipts.any(|known| known.as_deref() == Some(receipt))
    })
}

/// Somebody at the office changes an order or a customer.
pub fn at_office(
    document: &Document,
    authoring: &mut Authoring,
    moment: &mut Moment<'_>,
) -> Option<Document> {
    let branch = moment.branch();
    if Order::of(document).is_none() {
        let contact = contact(moment);
        return match moment.random.below(3) {
            0 => command::erase(document, authoring).ok(),
            _ => command::edit_customer(document, authoring, &contact).ok(),
        };
    }
    let (_, made) = at_order(document, branch, moment, authoring);
    // The office has no till.
    made.ok()
        .filter(|(_, payment, _)| payment.is_none())
        .and_then(|(deltas, _, _)| deltas.into_iter().next())
}

/// A price changes.
///
/// # Panics
/// Never: the day is a valid name.
pub fn new_price(service: &Document, authoring: &mut Authoring, minor: i64) -> Document {
    let mut change = Change::of(service);
    let field = Field::new("price/chf/2027-01-01").expect("a day is a valid name");
    change.set(authoring, field, Money::new(minor, Currency::CHF));
    change.finish()
}

type Done = Result<(Vec<Document>, Option<Payment>, Option<u64>), Refusal>;

fn take_in(
    daemon: &Daemon,
    branch: BranchId,
    moment: &mut Moment<'_>,
    authoring: &mut Authoring,
) -> Done {
    let contact = contact(moment);
    let known = if moment.random.percent(50) {
        daemon.customer(moment.random.number())
    } else {
        None
    };
    let mut deltas = Vec::new();
    let customer = if let Some(known) = known {
        CustomerId(known)
    } else {
        let id = CustomerId(new_id(moment));
        deltas.push(command::new_customer(authoring, id, branch, &contact)?);
        id
    };
    let drawn = u8::try_from(moment.random.below(256)).unwrap_or(0);
    let (ticket, slot) = TicketNumber::next(
        firm().prefix(branch),
        daemon.last_ticket_slot(),
        moment.now,
        daemon.ticket_random(drawn),
    );
    let pickup = if moment.random.percent(50) {
        branch
    } else {
        moment.branch()
    };
    let today = moment.today();
    let intent = TakeIn {
        order: OrderId(new_id(moment)),
        ticket,
        branch,
        pickup,
        customer,
        contact,
        priority: firm().catalogue.priorities[0].code.clone(),
        promised_on: today.saturating_add(jiff::Span::new().days(7)),
        items: (0..=moment.random.below(2))
            .map(|_| new_item(moment))
            .collect(),
        note: moment
            .random
            .percent(30)
            .then(|| format!("Muster-{} holt ab", moment.serial)),
        received_at: moment.now,
        today,
    };
    deltas.push(command::take_in(&firm().catalogue, authoring, &intent)?);
    Ok((deltas, None, Some(slot)))
}

fn at_customer(
    daemon: &Daemon,
    branch: BranchId,
    moment: &mut Moment<'_>,
    authoring: &mut Authoring,
) -> Done {
    let contact = contact(moment);
    let known = daemon
        .customer(moment.random.number())
        .and_then(|id| daemon.store().document(id).ok().flatten());
    let delta = match (known, moment.random.below(8)) {
        (Some(customer), 0) => command::erase(&customer, authoring)?,
        (Some(customer), 1) => {
            let other = daemon.customer(moment.random.number());
            let other = CustomerId(other.unwrap_or(customer.id()));
            command::link_same(&customer, authoring, other)?
        }
        (Some(customer), 2..=6) => command::edit_customer(&customer, authoring, &contact)?,
        _ => {
            let id = CustomerId(new_id(moment));
            command::new_customer(authoring, id, branch, &contact)?
        }
    };
    Ok((vec![delta], None, None))
}

fn at_order(
    document: &Document,
    branch: BranchId,
    moment: &mut Moment<'_>,
    authoring: &mut Authoring,
) -> (&'static str, Done) {
    let Some(order) = Order::of(document) else {
        return ("nothing", Err(Refusal::NotAnOrder));
    };
    let one = |delta: Result<Document, Refusal>| Ok((vec![delta?], None, None));
    // What stands in conflict is settled first, now and then.
    if let Some(conflict) = order.conflicts.first()
        && moment.random.percent(40)
    {
        let chosen = conflict.candidates[moment.random.below(conflict.candidates.len())]
            .value
            .clone();
        let settled = command::settle(document, authoring, &conflict.field, &chosen);
        return ("settle", one(settled));
    }
    match moment.random.below(100) {
        0..20 => {
            let phase = Phase::ALL[moment.random.below(4)];
            let to = StatusCode::from(phase);
            let reason = format!("Grund-{}", moment.serial);
            let changed = command::change_status(document, authoring, &to, Some(&reason));
            ("status", one(changed))
        }
        20..38 => ("pay", pay(document, branch, moment, authoring)),
        38..43 => (
            "refund",
            refund(document, &order, branch, moment, authoring),
        ),
        43..51 => (
            "hand out",
            one(command::hand_out(document, authoring, None)),
        ),
        51..63 => {
            let to = match moment.random.below(4) {
                0 => Custody::Van,
                1 => Custody::Workshop(moment.branch()),
                _ => Custody::Rack(moment.branch()),
            };
            let items: Vec<String> = order
                .items
                .iter()
                .take(1)
                .map(|item| item.key.clone())
                .collect();
            let moved = command::hand_over(document, authoring, Some(&items), &to);
            ("hand over", one(moved))
        }
        63..67 => (
            "take back",
            one(command::take_back(document, authoring, None, branch)),
        ),
        67..70 => (
            "cancel",
            one(command::cancel(document, authoring, "abgesagt")),
        ),
        70..73 => ("erase", one(command::erase(document, authoring))),
        73..85 => {
            let edit = edit(&order, moment);
            let today = moment.today();
            let edited =
                command::edit_order(&firm().catalogue, document, authoring, &edit, branch, today);
            ("edit", one(edited))
        }
        85..92 => {
            let text = format!("Muster-{} hat angerufen", moment.serial);
            (
                "comment",
                one(command::add_comment(document, authoring, &text)),
            )
        }
        _ => ("print", one(Ok(command::note_print(document, authoring)))),
    }
}

/// An order goes to another branch: what has to be done, or a piece of it.
pub fn send_elsewhere(
    order: &Document,
    authoring: &mut Authoring,
    moment: &mut Moment<'_>,
) -> Option<Document> {
    let to = moment.branch();
    if moment.random.percent(50) {
        return command::hand_over(order, authoring, None, &Custody::Rack(to)).ok();
    }
    let edit = EditOrder {
        pickup: Some(to),
        ..EditOrder::default()
    };
    let today = moment.today();
    command::edit_order(&firm().catalogue, order, authoring, &edit, to, today).ok()
}

/// Somebody writes about the person of an order.
pub fn write_about(
    order: &Document,
    authoring: &mut Authoring,
    moment: &mut Moment<'_>,
) -> Option<Document> {
    if moment.random.percent(50) {
        let text = format!("Muster-{} hat angerufen", moment.serial);
        return command::add_comment(order, authoring, &text).ok();
    }
    let edit = EditOrder {
        contact: Some(contact(moment)),
        note: Some(format!("Muster-{} wartet", moment.serial)),
        ..EditOrder::default()
    };
    let (branch, today) = (moment.branch(), moment.today());
    command::edit_order(&firm().catalogue, order, authoring, &edit, branch, today).ok()
}

/// A write that only a later version makes: a field and an event, or a whole document, that this one does not know.
///
/// # Panics
/// Never: the names are valid.
pub fn of_a_later_version(
    order: Option<&Document>,
    authoring: &mut Authoring,
    moment: &mut Moment<'_>,
) -> Document {
    let mut change = match order {
        Some(order) => Change::of(order),
        None => Change::create(new_id(moment), kind_of_later()),
    };
    let serial = i64::try_from(moment.serial).unwrap_or(0);
    let field = Field::new(format!("{LATER}field/{}", serial % 3)).expect("a valid name");
    change.set(authoring, field, serial);
    let data = [(Field::known("serial"), Value::Int(serial))];
    change.record(authoring, kind_of_later(), data);
    change.finish()
}

/// A write that is the office's alone: the hub refuses it for ever.
pub fn forbidden(authoring: &mut Authoring, moment: &mut Moment<'_>) -> Document {
    let kind = Kind::known(shared::domain::fields::kind::SERVICE);
    let mut change = Change::create(new_id(moment), kind);
    change.set(authoring, Field::known("code"), "for nothing");
    change.finish()
}

fn kind_of_later() -> Kind {
    Kind::new(format!("{LATER}thing")).expect("a valid name")
}

fn pay(
    document: &Document,
    branch: BranchId,
    moment: &mut Moment<'_>,
    authoring: &mut Authoring,
) -> Done {
    let minor = i64::try_from(moment.random.millis(1, 20_000)).unwrap_or(1);
    let intent = payment_of(moment, branch, minor);
    let delta = command::pay(document, authoring, &intent)?;
    Ok((vec![delta], Some(made(document, &intent, minor)), None))
}

fn refund(
    document: &Document,
    order: &Order,
    branch: BranchId,
    moment: &mut Moment<'_>,
    authoring: &mut Authoring,
) -> Done {
    let minor = order.paid().minor / 2;
    let intent = payment_of(moment, branch, minor);
    let delta = command::refund(document, authoring, &intent)?;
    Ok((vec![delta], Some(made(document, &intent, -minor)), None))
}

fn payment_of(moment: &mut Moment<'_>, branch: BranchId, minor: i64) -> Pay {
    Pay {
        amount: Money::new(minor, Currency::CHF),
        method: PaymentMethod::ALL[moment.random.below(5)],
        branch,
        receipt: Some(format!("Beleg-{}", moment.serial)),
    }
}

fn made(document: &Document, intent: &Pay, minor: i64) -> Payment {
    Payment {
        order: document.id(),
        receipt: intent.receipt.clone().unwrap_or_default(),
        minor,
    }
}

fn edit(order: &Order, moment: &mut Moment<'_>) -> EditOrder {
    let mut edit = EditOrder::default();
    match moment.random.below(5) {
        0 => edit.contact = Some(contact(moment)),
        1 => edit.pickup = Some(moment.branch()),
        2 => edit.note = Some(format!("Muster-{} wartet", moment.serial)),
        3 => {
            let days = i64::try_from(moment.random.below(20)).unwrap_or(0);
            let day = moment.today().saturating_add(jiff::Span::new().days(days));
            edit.promised_on = Some(day);
        }
        _ => {
            let mut items: Vec<ItemIntent> = order.items.iter().skip(1).map(kept).collect();
            items.push(new_item(moment));
            edit.items = Some(items);
        }
    }
    edit
}

fn kept(item: &shared::domain::Item) -> ItemIntent {
    ItemIntent {
        key: Some(item.key.clone()),
        kind: item.kind.clone(),
        label: item.label.clone(),
        tag: item.tag.clone(),
        lines: item
            .lines
            .iter()
            .filter_map(|line| {
                Some(LineIntent {
                    key: Some(line.key.clone()),
                    service: line.service?,
                    price: None,
                })
            })
            .collect(),
    }
}

fn new_item(moment: &mut Moment<'_>) -> ItemIntent {
    ItemIntent {
        key: None,
        kind: Some("ski".to_owned()),
        label: format!("Paar {}", moment.serial),
        tag: None,
        lines: vec![LineIntent {
            key: None,
            service: moment.service(),
            price: None,
        }],
    }
}

/// Somebody with a name that is looked for after an erasure.
fn contact(moment: &Moment<'_>) -> Contact {
    Contact {
        name: Some(format!("Muster-{}", moment.serial)),
        town: Some(format!("Muster-{}-hausen", moment.serial)),
        ..Contact::default()
    }
}

fn new_id(moment: &mut Moment<'_>) -> DocumentId {
    DocumentId::from_bytes(moment.random.bytes())
}
