//! Reading: lists come from the read model, single documents from the store.

use shared::document::Document;
use shared::domain::{Customer, Order, TicketNumber};
use shared::id::{Actor, CustomerId, OrderId};
use shared::presentation::page;
use shared::read_model::{CustomerSummary, DayList, Found, OrderSummary, QueueEntry, SearchFilter};

use super::{
    CLOCK_TOLERANCE_MILLIS, ClockWarning, Counter, CounterError, CustomerDetails,
    LINE_PROOF_SECONDS, Line, OpenConflict, OrderDetails, SyncState, Whereabouts,
};
use crate::storage::Desk;

/// Results of the search box: a screenful on a tablet. More than that is narrowed by typing on.
const SEARCH_RESULTS: usize = 20;

/// Suggestions below the name of a new order.
const CUSTOMER_SUGGESTIONS: usize = 8;

/// Orders in a customer's history.
const HISTORY: usize = 200;

/// Orders in the workshop's queue.
const QUEUE: usize = 300;

/// Orders in the inbox of conflicts.
const CONFLICTS: usize = 200;

/// The time zone before the first exchange has brought the branch's territory.
const FIRST_ZONE: &str = "Europe/Zurich";

impl Counter {
    pub(super) async fn search_everything(&self, text: &str) -> Result<Found, CounterError> {
        let text = as_ticket(text).map_or_else(|| text.to_owned(), |ticket| ticket.to_string());
        self.0
            .storage
            .ask(move |lists| lists.search(&text, SEARCH_RESULTS, &SearchFilter::default()))
            .await
    }

    pub(super) async fn search_customers(
        &self,
        text: &str,
    ) -> Result<Vec<CustomerSummary>, CounterError> {
        let text = text.to_owned();
        self.0
            .storage
            .ask(move |lists| lists.customers(&text, CUSTOMER_SUGGESTIONS))
            .await
    }

    pub(super) async fn read_day_list(&self) -> Result<DayList, CounterError> {
        let (branch, today) = (self.branch(), self.today());
        self.0
            .storage
            .ask(move |lists| lists.day_list(branch, today))
            .await
    }

    pub(super) async fn read_workshop_queue(&self) -> Result<Vec<QueueEntry>, CounterError> {
        let (branch, today) = (self.branch(), self.today());
        let (queue, _) = self
            .0
            .storage
            .ask(move |lists| lists.workshop_queue(branch, today, QUEUE))
            .await?;
        Ok(queue)
    }

    pub(super) async fn read_conflicts(&self) -> Result<Vec<OrderSummary>, CounterError> {
        self.0
            .storage
            .ask(|lists| lists.conflicted_orders(CONFLICTS))
            .await
    }

    pub(super) async fn read_customers_in_conflict(
        &self,
    ) -> Result<Vec<CustomerSummary>, CounterError> {
        self.0
            .storage
            .ask(|lists| lists.conflicted_customers(CONFLICTS))
            .await
    }

    pub(super) async fn try_quarantine_again(&self) -> Result<u64, CounterError> {
        let released = self.0.storage.run(crate::sync::retry_quarantine).await?;
        Ok(released?)
    }

    pub(super) async fn order_details(
        &self,
        id_or_ticket: &str,
    ) -> Result<OrderDetails, CounterError> {
        let id = self.order_id(id_or_ticket).await?;
        self.0
            .storage
            .run(move |desk| {
                let document = desk
                    .document(id.document())?
                    .ok_or(CounterError::NotFound)?;
                let order = Order::of(&document).ok_or(CounterError::NotFound)?;
                let customer = match order.customer {
                    // A customer's document that cannot be read must not hide the order.
                    Some(customer) => desk
                        .document(customer.document())
                        .ok()
                        .flatten()
                        .as_ref()
                        .and_then(Customer::of),
                    None => None,
                };
                Ok(OrderDetails {
                    conflicts: open_conflicts(desk, &document),
                    whereabouts: whereabouts(desk, &document)?,
                    seen_by: None,
                    catalogue: desk.catalogue(),
                    order,
                    customer,
                })
            })
            .await?
    }

    /// The order that an id, a ticket in any form, or a legacy number stands for.
    async fn order_id(&self, id_or_ticket: &str) -> Result<OrderId, CounterError> {
        let text = id_or_ticket.trim();
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let number = as_ticket(text).map_or_else(|| text.to_owned(), |ticket| ticket.to_string());
        let wanted = number.clone();
        let found = self
            .0
            .storage
            .ask(move |lists| lists.search(&wanted, SEARCH_RESULTS, &SearchFilter::default()))
            .await?;
        let mut exact = found.orders.iter().filter(|order| {
            order.ticket.as_deref() == Some(&number)
                || order.legacy_number.as_deref() == Some(&number)
        });
        match (exact.next(), exact.next()) {
            (Some(order), None) => Ok(order.id),
            // Two orders of one legacy number: the search page shows both.
            _ => Err(CounterError::NotFound),
        }
    }

    pub(super) async fn customer_details(
        &self,
        id: CustomerId,
    ) -> Result<CustomerDetails, CounterError> {
        let (customer, whereabouts, conflicts) = self
            .0
            .storage
            .run(move |desk| {
                let document = desk
                    .document(id.document())?
                    .ok_or(CounterError::NotFound)?;
                let customer = Customer::of(&document).ok_or(CounterError::NotFound)?;
                let whereabouts = whereabouts(desk, &document)?;
                let conflicts = open_conflicts(desk, &document);
                Ok::<_, CounterError>((customer, whereabouts, conflicts))
            })
            .await??;
        let (orders, likely_duplicates) = self
            .0
            .storage
            .ask(move |lists| {
                Ok((
                    lists.orders_of_customer(id, HISTORY)?,
                    lists.likely_duplicates(id)?,
                ))
            })
            .await?;
        Ok(CustomerDetails {
            customer,
            orders,
            likely_duplicates,
            whereabouts,
            conflicts,
        })
    }

    pub(super) async fn read_sync_state(&self) -> Result<SyncState, CounterError> {
        let now = self.now();
        let link = self.0.link.borrow().clone();
        let (quarantined, digest) = self
            .0
            .storage
            .run(|desk| Ok::<_, CounterError>((desk.quarantined()?, desk.digest())))
            .await??;
        let facts = self.0.storage.facts();
        let is_proven = link.last_round_trip.filter(|at| {
            link.problem.is_none() && now.millis_since(*at) <= LINE_PROOF_SECONDS * 1000
        });
        let line = match is_proven {
            Some(at) => Line::Proven { at },
            None => Line::Unproven {
                last: link.last_round_trip,
                problem: link.problem,
            },
        };
        Ok(SyncState {
            pending: facts.pending,
            last_contact: facts.progress.last_contact,
            complete_at: facts.progress.complete_at,
            line,
            identical_as_of: facts.proof.identical_as_of,
            is_identical: facts.proof.identical_as_of.is_some()
                && facts.proof.identical_at == facts.head
                && facts.proof.differs_since.is_none()
                && facts.pending.count == 0,
            lists_behind: facts.lists_behind.clone(),
            lists_follow: facts.lists_follow,
            differs_since: facts.proof.differs_since,
            clock_warning: clock_warning(facts.progress.hub_clock_ahead_millis),
            quarantined: quarantined.into_iter().map(Into::into).collect(),
            unreadable: facts.unreadable.to_vec(),
            documents: facts.documents,
            cursor: facts.progress.cursor,
            digest,
        })
    }

    /// Bytes of the order store on disk.
    pub(crate) async fn bytes_on_disk(&self) -> Result<u64, CounterError> {
        let bytes = self.0.storage.run(|desk| desk.bytes_on_disk()).await?;
        Ok(bytes?)
    }

    pub(super) fn time_zone(&self) -> jiff::tz::TimeZone {
        let catalogue = self.catalogue();
        let name = catalogue
            .territory_of(self.branch())
            .map_or(FIRST_ZONE, |territory| territory.time_zone.as_str());
        jiff::tz::TimeZone::get(name).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

fn as_ticket(text: &str) -> Option<TicketNumber> {
    text.parse().ok()
}

fn clock_warning(hub_ahead_millis: i64) -> Option<ClockWarning> {
    if hub_ahead_millis > CLOCK_TOLERANCE_MILLIS {
        Some(ClockWarning::Behind {
            by_millis: hub_ahead_millis,
        })
    } else if hub_ahead_millis < -CLOCK_TOLERANCE_MILLIS {
        Some(ClockWarning::Ahead {
            by_millis: hub_ahead_millis.saturating_neg(),
        })
    } else {
        None
    }
}

fn whereabouts(desk: &Desk, document: &Document) -> Result<Whereabouts, CounterError> {
    let id = document.id();
    if let Some(reason) = desk.refused(id) {
        return Ok(Whereabouts::Refused {
            reason: reason.to_owned(),
        });
    }
    Ok(match desk.waiting_since(id)? {
        None => Whereabouts::AtOffice,
        Some(since) => Whereabouts::WaitingSince {
            since,
            waiting: desk.pending().count,
        },
    })
}

/// The conflicts of a document, seen from this branch.
fn open_conflicts(desk: &Desk, document: &Document) -> Vec<OpenConflict> {
    let own = desk.actor().map(Actor::replica);
    page::open_conflicts(document, &desk.catalogue(), own)
}
