//! What people were told, to be held against what is there.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use uuid::Uuid;

use super::work::{Asked, Heard};
use crate::firm::Counter;

/// Everything that was asked for, and what was answered.
#[derive(Debug, Default)]
pub(super) struct Book {
    orders: BTreeMap<Uuid, Known>,
    /// By branch: orders that got no answer. They are asked for again under the same id, as the pages do.
    unanswered: BTreeMap<usize, Vec<Uuid>>,
    payments: usize,
    /// Orders that were touched since they were last held against what everybody has.
    recent: BTreeSet<Uuid>,
}

/// An order that somebody was told is saved.
#[derive(Debug)]
struct Known {
    branch: usize,
    ticket: String,
    /// Receipts of payments that were answered.
    paid: BTreeSet<String>,
    /// Receipts of payments that got no answer: each is there once or not at all.
    perhaps: BTreeSet<String>,
}

impl Book {
    /// Notes what a shift heard; the orders that it touched.
    ///
    /// # Errors
    /// When an order got another ticket than before.
    pub(super) fn note(&mut self, branch: usize, heard: Heard) -> Result<Vec<(usize, Uuid)>> {
        let mut touched = BTreeSet::new();
        for (asked, ticket) in heard.0 {
            match (asked, ticket) {
                (Asked::Order(order), Some(ticket)) => {
                    let known = self.orders.entry(order).or_insert_with(|| Known {
                        branch,
                        ticket: ticket.clone(),
                        paid: BTreeSet::new(),
                        perhaps: BTreeSet::new(),
                    });
                    ensure!(
                        known.ticket == ticket,
                        "{order} was {} and is {ticket}",
                        known.ticket
                    );
                    touched.insert(order);
                }
                (Asked::Order(order), None) => {
                    self.unanswered.entry(branch).or_default().push(order);
                }
                (Asked::Payment { order, receipt }, answer) => {
                    let known = self.orders.get_mut(&order);
                    let known = known.context("a payment for an order that nobody was told of")?;
                    if answer.is_some() {
                        known.paid.insert(receipt);
                        self.payments += 1;
                        touched.insert(order);
                    } else {
                        known.perhaps.insert(receipt);
                    }
                }
            }
        }
        self.recent.extend(&touched);
        Ok(touched.into_iter().map(|order| (branch, order)).collect())
    }

    /// Orders of a branch that are to be asked for again.
    pub(super) fn take_unanswered(&mut self, branch: usize) -> Vec<Uuid> {
        self.unanswered.remove(&branch).unwrap_or_default()
    }

    /// How many orders somebody was told are saved.
    pub(super) fn orders(&self) -> usize {
        self.orders.len()
    }

    /// How many payments somebody was told are saved.
    pub(super) const fn payments(&self) -> usize {
        self.payments
    }

    /// Orders that were touched since this was asked last, each with its branch.
    pub(super) fn take_recent(&mut self) -> Vec<(usize, Uuid)> {
        let recent = std::mem::take(&mut self.recent);
        recent
            .into_iter()
            .filter_map(|order| Some((self.orders.get(&order)?.branch, order)))
            .collect()
    }

    /// All orders, each with its branch.
    pub(super) fn all(&self) -> Vec<(usize, Uuid)> {
        let all = self.orders.iter();
        all.map(|(order, known)| (known.branch, *order)).collect()
    }

    /// Holds one order of the book against what its branch has.
    ///
    /// # Errors
    /// When it is not there, is another, or was paid otherwise.
    pub(super) async fn compare(
        &self,
        branch: usize,
        counter: &Counter,
        order: &Uuid,
    ) -> Result<()> {
        let known = self.orders.get(order).context("nobody was told of it")?;
        ensure!(known.branch == branch, "{order} is of another branch");
        let kept = counter.order(&order.to_string()).await;
        let kept = kept.with_context(|| format!("{} was acknowledged", known.ticket))?;
        ensure!(
            kept["ticket"] == known.ticket,
            "{} became {}",
            known.ticket,
            kept["ticket"]
        );
        let payments = kept["payments"].as_array().context("no payments")?;
        let mut receipts = BTreeSet::new();
        for payment in payments {
            let receipt = payment["receipt"].as_str().unwrap_or_default();
            ensure!(
                receipts.insert(receipt.to_owned()),
                "{}: {receipt} was counted twice",
                known.ticket
            );
        }
        let lost: Vec<&String> = known.paid.difference(&receipts).collect();
        ensure!(lost.is_empty(), "{}: {lost:?} is gone", known.ticket);
        let invented: Vec<&String> = receipts
            .iter()
            .filter(|receipt| !known.paid.contains(*receipt) && !known.perhaps.contains(*receipt))
            .collect();
        ensure!(
            invented.is_empty(),
            "{}: nobody paid {invented:?}",
            known.ticket
        );
        Ok(())
    }

    /// # Errors
    /// When two orders have one ticket.
    pub(super) fn no_ticket_twice(&self) -> Result<()> {
        let tickets: BTreeSet<&str> = self
            .orders
            .values()
            .map(|order| order.ticket.as_str())
            .collect();
        ensure!(
            tickets.len() == self.orders.len(),
            "a ticket was given twice"
        );
        Ok(())
    }
}
