//! Writing: one job on the store thread for each thing a person wants.

use shared::command::{self, Refusal, TakeIn};
use shared::document::{Authoring, Document, Value};
use shared::domain::fields::{self, event};
use shared::domain::{Catalogue, Contact, Order, PhoneNumber, StatusCode, TicketNumber};
use shared::id::{CustomerId, DocumentId, OrderId};
use shared::read_model::SearchFilter;
use shared::store::{BranchStore, StoreError};

use super::{Choice, Counter, CounterError, CustomerChoice, NewOrder, Person, Ticket};
use crate::clock::{NoRandomness, random_bytes};
use crate::records;
use crate::storage::Desk;

/// What a command needs to change one document.
pub(super) struct Writing<'a> {
    pub(super) document: &'a Document,
    pub(super) authoring: &'a mut Authoring,
    pub(super) catalogue: &'a Catalogue,
}

/// Draws of a ticket number before giving up. Each new slot is free unless a clock was set back, and then the random
/// character misses with 31 of 32; a hundred failures mean something else is wrong.
const TICKET_DRAWS: usize = 100;

/// The country that a telephone without a prefix belongs to before the first exchange has brought a territory.
const FIRST_COUNTRY: &str = "CH";

impl Counter {
    /// Reads a document, lets `command` make a delta, and stores it.
    pub(super) async fn change(
        &self,
        person: &Person,
        id: DocumentId,
        command: impl FnOnce(Writing<'_>) -> Result<Document, Refusal> + Send + 'static,
    ) -> Result<(), CounterError> {
        let by = person.staff;
        self.0
            .storage
            .run(move |desk| {
                let document = desk.document(id)?.ok_or(CounterError::NotFound)?;
                let mut authoring = desk.author(Some(by))?;
                let delta = command(Writing {
                    document: &document,
                    authoring: &mut authoring,
                    catalogue: &desk.catalogue(),
                })?;
                desk.commit(&[delta], &authoring, &[])?;
                Ok(())
            })
            .await?
    }

    pub(super) async fn take_order_in(
        &self,
        person: &Person,
        mut new: NewOrder,
    ) -> Result<Ticket, CounterError> {
        super::require_counter(person)?;
        if let CustomerChoice::New(contact) = new.customer {
            new.customer = CustomerChoice::New(self.with_phone_read(contact));
        }
        let (by, branch, today) = (person.staff, self.branch(), self.today());
        self.0
            .storage
            .run(move |desk| {
                let order = match new.order {
                    Some(order) => match already_taken_in(desk, order)? {
                        Some(ticket) => return Ok(ticket),
                        None => order,
                    },
                    None => OrderId(new_id(desk)?),
                };
                let catalogue = desk.catalogue();
                let prefix = catalogue
                    .branch(branch)
                    .and_then(|branch| branch.prefix)
                    .ok_or(CounterError::NotReady)?;
                let promised_on = new
                    .promised_on
                    .or_else(|| catalogue.proposed_day(&new.priority, today))
                    .ok_or(Refusal::NoSuchPriority)?;
                let (number, slot) = next_ticket(desk, prefix)?;
                let mut authoring = desk.author(Some(by))?;
                let mut deltas = Vec::new();
                let (customer, contact) = match new.customer {
                    CustomerChoice::Existing(customer) => {
                        let known = desk
                            .document(customer.document())?
                            .ok_or(CounterError::NotFound)?;
                        (customer, Contact::of(&known))
                    }
                    CustomerChoice::New(contact) => {
                        let customer = CustomerId(new_id(desk)?);
                        deltas.push(command::new_customer(
                            &mut authoring,
                            customer,
                            branch,
                            &contact,
                        )?);
                        (customer, contact)
                    }
                };
                let intent = TakeIn {
                    order,
                    ticket: number,
                    branch,
                    pickup: new.pickup.unwrap_or(branch),
                    customer,
                    contact,
                    priority: new.priority,
                    promised_on,
                    items: new.items,
                    note: new.note,
                    received_at: desk.now(),
                    today,
                };
                deltas.push(command::take_in(&catalogue, &mut authoring, &intent)?);
                // The slot goes into the order's own batch: a crash loses both or neither.
                let slot = (records::LAST_TICKET_SLOT, BranchStore::record_bytes(&slot));
                desk.commit(&deltas, &authoring, &[slot])?;
                Ok(Ticket { order, number })
            })
            .await?
    }

    pub(super) async fn undo_last_status(
        &self,
        person: &Person,
        order: OrderId,
    ) -> Result<(), CounterError> {
        let may_serve = person.may_serve();
        self.change(person, order.document(), move |writing| {
            let order = Order::of(writing.document).ok_or(Refusal::NotAnOrder)?;
            let last = order
                .timeline
                .iter()
                .rev()
                .find(|entry| entry.kind.as_str() == event::STATUS)
                .ok_or(Refusal::AlreadySo)?;
            let text = |name: &str| last.get(name).and_then(Value::as_text);
            let from = StatusCode::from_code(text("from").ok_or(Refusal::AlreadySo)?);
            // Somebody else has changed it since by other means, such as settling a conflict.
            if text("to") != Some(order.status.code.as_str()) {
                return Err(Refusal::AlreadySo);
            }
            if !may_serve && order.status.phase == shared::domain::Phase::Cancelled {
                return Err(Refusal::Cancelled);
            }
            let reason = reason_before(&order, last.dot);
            command::change_status(
                writing.document,
                writing.authoring,
                &from,
                reason.as_deref(),
            )
        })
        .await
    }

    pub(super) async fn settle_conflict(
        &self,
        person: &Person,
        document: DocumentId,
        field: &str,
        choice: Choice,
    ) -> Result<(), CounterError> {
        let field = field.to_owned();
        self.change(person, document, move |writing| {
            let versions = writing
                .document
                .register(&field)
                .map(shared::document::Register::versions)
                .unwrap_or_default();
            let chosen = match choice {
                Choice::Value(value) => Some(value),
                Choice::Place(place) => versions.into_iter().nth(place).map(|found| found.value),
                Choice::Written(dot) => versions
                    .into_iter()
                    .find(|version| version.dot == dot)
                    .map(|found| found.value),
            };
            let chosen = chosen.ok_or(Refusal::NothingToSettle)?;
            command::settle(writing.document, writing.authoring, &field, &chosen)
        })
        .await
    }

    /// The contact with its telephone read as a number of this branch's country.
    pub(super) fn with_phone_read(&self, mut contact: Contact) -> Contact {
        let catalogue = self.catalogue();
        let country = catalogue
            .territory_of(self.branch())
            .map_or(FIRST_COUNTRY, |territory| territory.country.as_str());
        contact.phone = contact
            .phone
            .filter(|phone| !phone.given.trim().is_empty())
            .map(|phone| PhoneNumber::read(phone.given.trim(), country));
        contact
    }
}

/// Why the order stood as it did before a status change, for going back to a blocked or cancelled state.
fn reason_before(order: &Order, change: shared::id::Dot) -> Option<String> {
    order
        .timeline
        .iter()
        .rev()
        .skip_while(|entry| entry.dot != change)
        .skip(1)
        .find(|entry| entry.kind.as_str() == event::STATUS)
        .and_then(|entry| entry.get("free/reason"))
        .and_then(Value::as_text)
        .map(str::to_owned)
}

/// The ticket of an order that a form has already made, so that sending the form twice makes one order.
fn already_taken_in(desk: &Desk, order: OrderId) -> Result<Option<Ticket>, CounterError> {
    let Some(document) = desk.document(order.document())? else {
        return Ok(None);
    };
    let number = document
        .newest(fields::order::TICKET)
        .and_then(|value| value.as_text().and_then(|text| text.parse().ok()))
        .ok_or(Refusal::NotAnOrder)?;
    Ok(Some(Ticket { order, number }))
}

fn next_ticket(
    desk: &Desk,
    prefix: shared::domain::TicketPrefix,
) -> Result<(TicketNumber, u64), CounterError> {
    let mut last_slot = desk.record(records::LAST_TICKET_SLOT)?.unwrap_or(0);
    for _ in 0..TICKET_DRAWS {
        let [random] = random_bytes()?;
        let (number, slot) = TicketNumber::next(prefix, last_slot, desk.now(), random);
        if !is_taken(desk, number)? {
            return Ok((number, slot));
        }
        last_slot = slot;
    }
    Err(CounterError::NotSaved(
        "no free ticket number was found; look at the machine's clock".to_owned(),
    ))
}

fn is_taken(desk: &Desk, number: TicketNumber) -> Result<bool, CounterError> {
    // The lists lack what this very group commit has made; the slot keeps those numbers apart.
    let found = desk
        .lists()
        .search(number.as_str(), 1, &SearchFilter::default())
        .map_err(|error| CounterError::Lists(error.to_string()))?;
    Ok(found
        .orders
        .iter()
        .any(|order| order.ticket.as_deref() == Some(number.as_str())))
}

/// A UUIDv7 (RFC 9562) of this moment.
fn new_id(desk: &Desk) -> Result<DocumentId, NoRandomness> {
    let millis = u64::try_from(desk.now().0).unwrap_or(0);
    let random = random_bytes::<10>()?;
    Ok(DocumentId::from_uuid(
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid(),
    ))
}

impl From<StoreError> for CounterError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoIdentity => Self::NotReady,
            other => Self::NotSaved(other.to_string()),
        }
    }
}

impl From<NoRandomness> for CounterError {
    fn from(error: NoRandomness) -> Self {
        Self::NotSaved(error.to_string())
    }
}
