//! Customers over JSON.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use shared::id::CustomerId;

use super::answer::{ApiError, Body};
use super::order_json::{ContactJson, CustomerRowJson, OrderRowJson, WhereaboutsJson};
use super::session::SignedIn;
use crate::counter::Counter;

#[derive(Serialize)]
pub(super) struct CustomerJson {
    id: String,
    contact: ContactJson,
    orders: Vec<OrderRowJson>,
    likely_duplicates: Vec<CustomerRowJson>,
    whereabouts: WhereaboutsJson,
}

pub(super) async fn customer(
    State(counter): State<Counter>,
    _session: SignedIn,
    Path(customer): Path<CustomerId>,
) -> Result<Json<CustomerJson>, ApiError> {
    show(&counter, customer).await
}

pub(super) async fn edit(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(customer): Path<CustomerId>,
    Body(contact): Body<ContactJson>,
) -> Result<Json<CustomerJson>, ApiError> {
    counter
        .edit_customer(&session.person, customer, contact.into())
        .await?;
    show(&counter, customer).await
}

async fn show(counter: &Counter, customer: CustomerId) -> Result<Json<CustomerJson>, ApiError> {
    let details = counter.customer(customer).await?;
    Ok(Json(CustomerJson {
        id: details.customer.id.to_string(),
        contact: ContactJson::from(&details.customer.contact),
        orders: details.orders.iter().map(OrderRowJson::from).collect(),
        likely_duplicates: details
            .likely_duplicates
            .iter()
            .map(CustomerRowJson::from)
            .collect(),
        whereabouts: WhereaboutsJson::from(&details.whereabouts),
    }))
}
