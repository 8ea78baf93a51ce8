//! The use cases of one branch, without HTTP: what people at a counter, in a workshop and their pages can ask for.
//!
//! **Invariants**
//! - No method awaits the network.
//! - A method that returns `Ok` after a write has it durable on this machine's disk, and every list read afterwards shows it.
//! - Everything a person wants goes through [`shared::command`]; nothing here touches a register.

mod error;
mod intent;
mod orders;
mod people;
mod questions;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use jiff::civil;
use shared::clock::UtcMillis;
use shared::command::{self, Pay};
use shared::domain::{Catalogue, Contact, Custody, Phase, StatusCode, Territory};
use shared::id::{BranchId, CustomerId, DocumentId, OrderId, StaffId};
use tokio::sync::{broadcast, watch};

pub use error::CounterError;
pub use intent::{
    Choice, CustomerChoice, EditOrder, ItemIntent, LineIntent, NewOrder, Pieces, TakePayment,
};
pub use shared::command::Refusal;
pub use shared::read_model::{CustomerSummary, DayList, Found, OrderSummary, QueueEntry};
pub use view::{
    CLOCK_TOLERANCE_MILLIS, Candidate, Changed, ClockWarning, CustomerDetails, LINE_PROOF_SECONDS,
    Line, LineProblem, OpenConflict, OrderDetails, Person, Place, Quarantined, SessionToken,
    StaffTile, SyncState, Ticket, Whereabouts,
};

use crate::clock::Clock;
use crate::records::Membership;
use crate::storage::Storage;
use crate::sync::Link;
pub(crate) use people::People;

/// The branch's use cases. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Counter(Arc<Inner>);

struct Inner {
    storage: Storage,
    people: People,
    membership: Membership,
    clock: Clock,
    link: watch::Receiver<Link>,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// From signing in.
    pub lifetime_minutes: i64,
    /// From the last thing done.
    pub idle_minutes: i64,
}

impl Default for SessionLimits {
    /// A working day, and a coffee break.
    fn default() -> Self {
        Self {
            lifetime_minutes: 12 * 60,
            idle_minutes: 30,
        }
    }
}

/// Signing in and out.
impl Counter {
    /// Colleagues who can sign in here, by name.
    pub fn staff_tiles(&self) -> Vec<StaffTile> {
        self.tiles()
    }

    /// Opens a session. Works without a line. `counter` is what the shop calls this screen; it may be empty.
    ///
    /// # Errors
    /// [`CounterError::WrongPin`], [`CounterError::Locked`], [`CounterError::CannotSignIn`], [`CounterError::NotSaved`].
    pub async fn sign_in(
        &self,
        staff: StaffId,
        pin: &str,
        counter: &str,
    ) -> Result<SessionToken, CounterError> {
        self.open_session(staff, pin, counter).await
    }

    /// Who a session belongs to. Counts as doing something.
    ///
    /// # Errors
    /// [`CounterError::SignedOut`] when there is no such session, or it has ended.
    pub fn session(&self, token: &str) -> Result<Person, CounterError> {
        self.person_of(token)
    }

    /// Who a session belongs to, asked by a page that refreshes itself: does not count as doing something, so a screen
    /// that somebody left open ends its session all the same.
    ///
    /// # Errors
    /// [`CounterError::SignedOut`] when there is no such session, or it has ended.
    pub fn session_looked_at(&self, token: &str) -> Result<Person, CounterError> {
        let staff_and_counter = self.look_at_session(token)?;
        self.person_with(staff_and_counter)
    }

    /// Ends a session. Ending one that is not there does nothing.
    ///
    /// # Errors
    /// [`CounterError::NotSaved`].
    pub async fn sign_out(&self, token: &str) -> Result<(), CounterError> {
        self.close_session(token).await
    }

    /// Unlocks a colleague after wrong PINs; kept on the colleague's document as audit.
    ///
    /// # Errors
    /// [`CounterError::OwnLock`], [`CounterError::CannotSignIn`], [`CounterError::NotSaved`].
    pub async fn unlock(&self, person: &Person, colleague: StaffId) -> Result<(), CounterError> {
        self.unlock_colleague(person, colleague).await
    }
}

/// Orders. All of these are durable when they return `Ok`.
impl Counter {
    /// Takes an order in. With `new.order` given, a repeated call gives the first call's ticket.
    ///
    /// # Errors
    /// [`CounterError::Refused`] with what is missing, [`CounterError::NotReady`], [`CounterError::NotFound`] for the customer,
    /// [`CounterError::NotAllowed`], [`CounterError::NotSaved`].
    pub async fn take_in(&self, person: &Person, new: NewOrder) -> Result<Ticket, CounterError> {
        self.take_order_in(person, new).await
    }

    /// Changes what was taken in.
    ///
    /// # Errors
    /// As [`Self::take_in`].
    pub async fn edit(
        &self,
        person: &Person,
        order: OrderId,
        mut edit: EditOrder,
    ) -> Result<(), CounterError> {
        require_counter(person)?;
        edit.contact = edit.contact.map(|contact| self.with_phone_read(contact));
        let (branch, today) = (self.branch(), self.today());
        self.change(person, order.document(), move |writing| {
            command::edit_order(
                writing.catalogue,
                writing.document,
                writing.authoring,
                &edit,
                branch,
                today,
            )
        })
        .await
    }

    /// The work status becomes `to`; blocking needs a reason, and so does cancelling.
    ///
    /// # Errors
    /// [`CounterError::Refused`], [`CounterError::NotFound`], [`CounterError::NotSaved`].
    pub async fn change_status(
        &self,
        person: &Person,
        order: OrderId,
        to: StatusCode,
        reason: Option<String>,
    ) -> Result<(), CounterError> {
        if to.phase == Phase::Cancelled {
            require_counter(person)?;
        }
        self.change(person, order.document(), move |writing| {
            command::change_status(writing.document, writing.authoring, &to, reason.as_deref())
        })
        .await
    }

    /// The work status goes back to what it was before the last change; undoing twice is redoing.
    ///
    /// # Errors
    /// [`Refusal::AlreadySo`] when it was never changed; else as [`Self::change_status`].
    pub async fn undo_status(&self, person: &Person, order: OrderId) -> Result<(), CounterError> {
        self.undo_last_status(person, order).await
    }

    /// The work cannot go on.
    ///
    /// # Errors
    /// [`Refusal::ReasonMissing`]; else as [`Self::change_status`].
    pub async fn block(
        &self,
        person: &Person,
        order: OrderId,
        reason: String,
    ) -> Result<(), CounterError> {
        self.change_status(person, order, Phase::Blocked.into(), Some(reason))
            .await
    }

    /// The order is called off.
    ///
    /// # Errors
    /// [`Refusal::ReasonMissing`], [`Refusal::HandedOut`]; else as [`Self::change_status`].
    pub async fn cancel(
        &self,
        person: &Person,
        order: OrderId,
        reason: String,
    ) -> Result<(), CounterError> {
        self.change_status(person, order, Phase::Cancelled.into(), Some(reason))
            .await
    }

    /// Money is taken at this branch's till.
    ///
    /// # Errors
    /// [`CounterError::Refused`], [`CounterError::NotAllowed`], [`CounterError::NotFound`], [`CounterError::NotSaved`].
    pub async fn pay(
        &self,
        person: &Person,
        order: OrderId,
        payment: TakePayment,
    ) -> Result<(), CounterError> {
        require_counter(person)?;
        let intent = self.at_this_till(payment);
        self.change(person, order.document(), move |writing| {
            command::pay(writing.document, writing.authoring, &intent)
        })
        .await
    }

    /// Money is given back; `payment.amount` is positive.
    ///
    /// # Errors
    /// [`Refusal::RefundExceedsPaid`]; else as [`Self::pay`].
    pub async fn refund(
        &self,
        person: &Person,
        order: OrderId,
        payment: TakePayment,
    ) -> Result<(), CounterError> {
        require_counter(person)?;
        let intent = self.at_this_till(payment);
        self.change(person, order.document(), move |writing| {
            command::refund(writing.document, writing.authoring, &intent)
        })
        .await
    }

    /// Pieces go to the customer.
    ///
    /// # Errors
    /// [`Refusal::NoSuchItem`], [`Refusal::AlreadySo`]; else as [`Self::pay`].
    pub async fn hand_out(
        &self,
        person: &Person,
        order: OrderId,
        pieces: Pieces,
    ) -> Result<(), CounterError> {
        require_counter(person)?;
        self.change(person, order.document(), move |writing| {
            command::hand_out(writing.document, writing.authoring, pieces.keys())
        })
        .await
    }

    /// Pieces come back from the customer to this branch.
    ///
    /// # Errors
    /// As [`Self::hand_out`].
    pub async fn take_back(
        &self,
        person: &Person,
        order: OrderId,
        pieces: Pieces,
    ) -> Result<(), CounterError> {
        require_counter(person)?;
        let branch = self.branch();
        self.change(person, order.document(), move |writing| {
            command::take_back(writing.document, writing.authoring, pieces.keys(), branch)
        })
        .await
    }

    /// Pieces go to another place of the firm: the rack, the workshop, the van, another branch.
    ///
    /// # Errors
    /// As [`Self::hand_out`]; a workshop may do this.
    pub async fn hand_over(
        &self,
        person: &Person,
        order: OrderId,
        pieces: Pieces,
        to: Custody,
    ) -> Result<(), CounterError> {
        if to == Custody::Customer {
            require_counter(person)?;
        }
        self.change(person, order.document(), move |writing| {
            command::hand_over(writing.document, writing.authoring, pieces.keys(), &to)
        })
        .await
    }

    /// Somebody writes a comment.
    ///
    /// # Errors
    /// [`CounterError::Refused`], [`CounterError::NotFound`], [`CounterError::NotSaved`].
    pub async fn comment(
        &self,
        person: &Person,
        order: OrderId,
        text: String,
    ) -> Result<(), CounterError> {
        self.change(person, order.document(), move |writing| {
            command::add_comment(writing.document, writing.authoring, &text)
        })
        .await
    }

    /// Somebody keeps an order whose row is missing in the legacy database.
    ///
    /// # Errors
    /// [`CounterError::Refused`], [`CounterError::NotFound`], [`CounterError::NotSaved`].
    pub async fn keep(&self, person: &Person, order: OrderId) -> Result<(), CounterError> {
        self.change(person, order.document(), |writing| {
            command::keep(writing.document, writing.authoring)
        })
        .await
    }

    /// A ticket was printed.
    ///
    /// # Errors
    /// [`CounterError::NotFound`], [`CounterError::NotSaved`].
    pub async fn note_print(&self, person: &Person, order: OrderId) -> Result<(), CounterError> {
        self.change(person, order.document(), |writing| {
            Ok(command::note_print(writing.document, writing.authoring))
        })
        .await
    }

    /// A person chooses among the values of a field in conflict, of an order or a customer.
    ///
    /// # Errors
    /// [`Refusal::NothingToSettle`] when somebody was faster or the choice is none of them.
    pub async fn settle(
        &self,
        person: &Person,
        document: DocumentId,
        field: &str,
        choice: Choice,
    ) -> Result<(), CounterError> {
        require_counter(person)?;
        self.settle_conflict(person, document, field, choice).await
    }
}

/// Customers.
impl Counter {
    /// A customer's contact becomes `contact`, whole.
    ///
    /// # Errors
    /// [`Refusal::NameMissing`], [`Refusal::AlreadySo`]; [`CounterError::NotFound`], [`CounterError::NotSaved`].
    pub async fn edit_customer(
        &self,
        person: &Person,
        customer: CustomerId,
        contact: Contact,
    ) -> Result<(), CounterError> {
        require_counter(person)?;
        let contact = self.with_phone_read(contact);
        self.change(person, customer.document(), move |writing| {
            command::edit_customer(writing.document, writing.authoring, &contact)
        })
        .await
    }

    /// Says that two customers are the same person. They stay apart and are shown together.
    ///
    /// # Errors
    /// [`CounterError::NotFound`], [`CounterError::NotSaved`], [`Refusal::AlreadySo`].
    pub async fn link_customers(
        &self,
        person: &Person,
        customer: CustomerId,
        other: CustomerId,
    ) -> Result<(), CounterError> {
        require_counter(person)?;
        self.change(person, customer.document(), move |writing| {
            command::link_same(writing.document, writing.authoring, other)
        })
        .await
    }

    /// A customer with their history.
    ///
    /// # Errors
    /// [`CounterError::NotFound`], [`CounterError::Lists`].
    pub async fn customer(&self, customer: CustomerId) -> Result<CustomerDetails, CounterError> {
        self.customer_details(customer).await
    }

    /// Customers for the form's suggestions, by name, telephone or e-mail.
    ///
    /// # Errors
    /// [`CounterError::Lists`].
    pub async fn find_customers(&self, text: &str) -> Result<Vec<CustomerSummary>, CounterError> {
        self.search_customers(text).await
    }
}

/// What was set aside.
impl Counter {
    /// Tries once more to take in what was set aside. Returns how much could be; the rest stays as it is.
    ///
    /// # Errors
    /// [`CounterError::NotAllowed`], [`CounterError::NotSaved`].
    pub async fn retry_quarantine(&self, person: &Person) -> Result<u64, CounterError> {
        require_counter(person)?;
        self.try_quarantine_again().await
    }
}

/// Questions. None of them writes.
impl Counter {
    /// One box for everything: ticket, name, telephone, item.
    ///
    /// # Errors
    /// [`CounterError::Lists`].
    pub async fn search(&self, text: &str) -> Result<Found, CounterError> {
        self.search_everything(text).await
    }

    /// An order by its id or its ticket, in any form a person or a scanner sends it.
    ///
    /// # Errors
    /// [`CounterError::NotFound`], [`CounterError::Lists`].
    pub async fn order(&self, id_or_ticket: &str) -> Result<OrderDetails, CounterError> {
        self.order_details(id_or_ticket).await
    }

    /// Due, overdue, ready and in work today.
    ///
    /// # Errors
    /// [`CounterError::Lists`].
    pub async fn day_list(&self) -> Result<DayList, CounterError> {
        self.read_day_list().await
    }

    /// The workshop's queue: by promised day, then priority.
    ///
    /// # Errors
    /// [`CounterError::Lists`].
    pub async fn workshop_queue(&self) -> Result<Vec<QueueEntry>, CounterError> {
        self.read_workshop_queue().await
    }

    /// Orders in conflict, newest first.
    ///
    /// # Errors
    /// [`CounterError::Lists`].
    pub async fn conflicts(&self) -> Result<Vec<OrderSummary>, CounterError> {
        self.read_conflicts().await
    }

    /// Customers in conflict, newest first.
    ///
    /// # Errors
    /// [`CounterError::Lists`].
    pub async fn customers_in_conflict(&self) -> Result<Vec<CustomerSummary>, CounterError> {
        self.read_customers_in_conflict().await
    }

    /// How this branch stands with the office.
    ///
    /// # Errors
    /// [`CounterError::Stopping`].
    pub async fn sync_state(&self) -> Result<SyncState, CounterError> {
        self.read_sync_state().await
    }

    /// The day to promise for an order of a priority that is taken in today.
    pub fn proposed_day(&self, priority: &str) -> Option<civil::Date> {
        self.catalogue().proposed_day(priority, self.today())
    }

    /// Services, prices, priorities, statuses, branches and staff as this branch knows them now.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.storage.facts().catalogue)
    }

    /// News for open pages. A receiver that lags misses news and should read everything again.
    pub fn changes(&self) -> broadcast::Receiver<Changed> {
        self.0.storage.subscribe()
    }

    /// This branch.
    pub fn branch(&self) -> BranchId {
        self.0.membership.branch
    }

    /// The branch's name as the catalogue has it, else as it was when it joined.
    pub fn branch_name(&self) -> String {
        self.catalogue().branch(self.branch()).map_or_else(
            || self.0.membership.branch_name.clone(),
            |branch| branch.name.clone(),
        )
    }

    /// Currency, VAT, time zone and language of this branch; none before the first exchange.
    pub fn territory(&self) -> Option<Territory> {
        self.catalogue().territory_of(self.branch()).cloned()
    }

    /// The branch's time zone; Europe/Zurich before the first exchange.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        self.time_zone()
    }

    /// The branch's own calendar day.
    pub fn today(&self) -> civil::Date {
        self.now().in_zone(&self.zone()).date()
    }

    /// This machine's clock.
    pub fn now(&self) -> UtcMillis {
        self.0.clock.now()
    }
}

impl Counter {
    pub(crate) fn new(
        storage: Storage,
        people: People,
        membership: Membership,
        clock: Clock,
        link: watch::Receiver<Link>,
    ) -> Self {
        Self(Arc::new(Inner {
            storage,
            people,
            membership,
            clock,
            link,
        }))
    }

    fn at_this_till(&self, payment: TakePayment) -> Pay {
        Pay {
            amount: payment.amount,
            method: payment.method,
            branch: self.branch(),
            receipt: payment.receipt,
        }
    }
}

fn require_counter(person: &Person) -> Result<(), CounterError> {
    if person.may_serve() {
        Ok(())
    } else {
        Err(CounterError::NotAllowed)
    }
}
