//! Customers: made and edited at any counter, with or without a line.

use super::{Refusal, finished, set_contact};
use crate::document::{Authoring, Change, Document, Field};
use crate::domain::{Contact, fields};
use crate::id::{BranchId, CustomerId};

/// A new customer. `home` is the branch that holds the document from now on.
///
/// # Errors
/// [`Refusal::NameMissing`] without a name; [`Refusal::TooLong`].
pub fn new_customer(
    authoring: &mut Authoring,
    id: CustomerId,
    home: BranchId,
    contact: &Contact,
) -> Result<Document, Refusal> {
    require_name(contact)?;
    let mut change = Change::create(id.document(), fields::known_kind(fields::kind::CUSTOMER));
    change.set(authoring, fields::known(fields::order::HOME), home);
    set_contact(&mut change, authoring, contact)?;
    Ok(change.finish())
}

/// A customer's contact becomes `contact`, whole.
///
/// # Errors
/// [`Refusal::NameMissing`], [`Refusal::TooLong`], [`Refusal::AlreadySo`] when nothing would change.
pub fn edit_customer(
    customer: &Document,
    authoring: &mut Authoring,
    contact: &Contact,
) -> Result<Document, Refusal> {
    require_name(contact)?;
    let mut change = Change::of(customer);
    set_contact(&mut change, authoring, contact)?;
    finished(change)
}

/// Says that two documents are the same person. They stay apart and are shown together.
///
/// # Errors
/// [`Refusal::AlreadySo`].
///
/// # Panics
/// Never: an id is a valid field name.
pub fn link_same(
    customer: &Document,
    authoring: &mut Authoring,
    other: CustomerId,
) -> Result<Document, Refusal> {
    let mut change = Change::of(customer);
    let field = Field::new(format!("same_as/{other}")).expect("an id is a valid name");
    change.set(authoring, field, true);
    finished(change)
}

pub(super) fn require_name(contact: &Contact) -> Result<(), Refusal> {
    if contact
        .name
        .as_deref()
        .is_none_or(|name| name.trim().is_empty())
    {
        return Err(Refusal::NameMissing);
    }
    Ok(())
}
