//! The order book in its users' words: views computed from documents, and the rules over them. All pure.

mod catalogue;
mod changeover;
mod customer;
pub mod fields;
mod legacy;
mod money;
mod order;
mod people;
pub mod seed;
mod ticket;
mod vat;

pub use catalogue::{
    Catalogue, Label, LeadTime, Priority, Schedule, Service, StatusEntry, Territory,
};
pub use changeover::{Changeover, ChangeoverState};
pub use customer::{Contact, Customer, PhoneNumber};
pub use legacy::{gone_since, importers, is_by_importers, is_touched, is_withdrawn};
pub use money::Money;
pub use order::{
    Candidate, Conflict, Custody, Item, MoneyState, Order, Payment, PaymentMethod, Phase, Rule,
    ServiceLine, StatusCode, conflicts,
};
pub use people::{Branch, Role, Staff};
pub use ticket::{TicketError, TicketNumber, TicketPrefix};
pub use vat::{NoVatCode, Vat, VatCode};
