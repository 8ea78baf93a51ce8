//! What is done to an order with one form each. Afterwards the order's page is shown again with what was done.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use shared::domain::{Custody, Money, PaymentMethod, StatusCode};
use shared::id::OrderId;
use shared::presentation::format;

use super::{Body, order};
use crate::counter::{Choice, CounterError, Pieces, TakePayment};
use crate::ui::Ui;
use crate::ui::forms::Fields;
use crate::ui::problem::Problem;
use crate::ui::session::{SignedIn, local_address};
use crate::ui::views::conflict::read_dot;
use crate::ui::views::order::UNDO;

/// Start, finish, block, resume, or take the last change back.
pub(crate) async fn status(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let (counter, person) = (&asked.ui.counter, &asked.signed_in.person);
    if asked.form.text("to") == UNDO {
        let undone = counter.undo_status(person, id).await;
        return asked.done("undone", undone).await;
    }
    let to = StatusCode::from_code(asked.form.text("to"));
    let changed = counter
        .change_status(person, id, to, asked.form.some("reason"))
        .await;
    asked.done("status", changed).await
}

/// Takes money.
pub(crate) async fn pay(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let payment = match asked.payment().await {
        Ok(payment) => payment,
        Err(key) => return asked.refused(key).await,
    };
    let paid = asked
        .ui
        .counter
        .pay(&asked.signed_in.person, id, payment)
        .await;
    asked.done("paid", paid).await
}

/// Gives money back.
pub(crate) async fn refund(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let payment = match asked.payment().await {
        Ok(payment) => payment,
        Err(key) => return asked.refused(key).await,
    };
    let refunded = asked
        .ui
        .counter
        .refund(&asked.signed_in.person, id, payment)
        .await;
    asked.done("refunded", refunded).await
}

/// Pieces go to the customer: those that are ticked.
pub(crate) async fn hand_out(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let pieces: Vec<String> = asked
        .form
        .all("item")
        .into_iter()
        .map(str::to_owned)
        .collect();
    if pieces.is_empty() {
        return asked.refused("hand-out-nothing").await;
    }
    let handed = asked
        .ui
        .counter
        .hand_out(&asked.signed_in.person, id, Pieces::Some(pieces))
        .await;
    asked.done("handed-out", handed).await
}

/// All pieces that the customer does not hold go to another place of the firm.
pub(crate) async fn hand_over(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let to = Custody::from_code(asked.form.text("to"));
    if matches!(to, Custody::Unknown(_) | Custody::Customer) {
        return asked.refused("hand-over-nowhere").await;
    }
    let pieces = match asked.pieces(|custody| *custody != Custody::Customer).await {
        Ok(pieces) => pieces,
        Err(error) => return asked.done("moved", Err(error)).await,
    };
    let moved = asked
        .ui
        .counter
        .hand_over(&asked.signed_in.person, id, pieces, to)
        .await;
    asked.done("moved", moved).await
}

/// Pieces come back from the customer, such as after a hand-out by mistake.
pub(crate) async fn take_back(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let pieces = match asked.pieces(|custody| *custody == Custody::Customer).await {
        Ok(pieces) => pieces,
        Err(error) => return asked.done("taken-back", Err(error)).await,
    };
    let taken = asked
        .ui
        .counter
        .take_back(&asked.signed_in.person, id, pieces)
        .await;
    asked.done("taken-back", taken).await
}

/// Calls the order off.
pub(crate) async fn cancel(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let reason = asked.form.text("reason").to_owned();
    let cancelled = asked
        .ui
        .counter
        .cancel(&asked.signed_in.person, id, reason)
        .await;
    asked.done("cancelled", cancelled).await
}

/// Adds a comment to the history.
pub(crate) async fn comment(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let text = asked.form.text("text").to_owned();
    let commented = asked
        .ui
        .counter
        .comment(&asked.signed_in.person, id, text)
        .await;
    asked.done("commented", commented).await
}

/// Chooses one of the values that replicas wrote without having seen each other.
pub(crate) async fn settle(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(form): Body,
) -> Response {
    let asked = Asked {
        ui,
        signed_in,
        order,
        form,
    };
    let Some(id) = asked.id() else {
        return asked.unknown().await;
    };
    let Some(dot) = read_dot(asked.form.text("chosen")) else {
        return asked.refused("refusal-nothing-to-settle").await;
    };
    let (person, field) = (&asked.signed_in.person, asked.form.text("field"));
    let settled = asked
        .ui
        .counter
        .settle(person, id.document(), field, Choice::Written(dot))
        .await;
    asked.done("settled", settled).await
}

/// A form about an order, with who sent it.
struct Asked {
    ui: Ui,
    signed_in: SignedIn,
    order: String,
    form: Fields,
}

impl Asked {
    fn id(&self) -> Option<OrderId> {
        self.order.parse().ok()
    }

    async fn unknown(self) -> Response {
        let Self { ui, signed_in, .. } = self;
        crate::ui::problem::error_page(&ui, &signed_in, &CounterError::NotFound).await
    }

    /// The page again, with the sentence of `key` and what was typed.
    async fn refused(self, key: &str) -> Response {
        let problem = Problem::in_form(self.signed_in.reader.words, key);
        order::refused(&self.ui, &self.signed_in, &self.order, problem, self.form).await
    }

    /// On to the order's page (or back to the list it came from), or the page again with what was refused.
    async fn done(self, what: &str, result: Result<(), CounterError>) -> Response {
        match result {
            Ok(()) => {
                let back = self.form.some("back");
                let address = back.as_deref().map_or_else(
                    || format!("/orders/{}?done={what}", self.order),
                    |back| format!("{}?done={what}", local_address(back)),
                );
                Redirect::to(&address).into_response()
            }
            Err(error) => {
                order::failed(&self.ui, &self.signed_in, &self.order, &error, self.form).await
            }
        }
    }

    /// The keys of the pieces that are in such a place now.
    async fn pieces(&self, is_meant: impl Fn(&Custody) -> bool) -> Result<Pieces, CounterError> {
        let details = self.ui.counter.order(&self.order).await?;
        let items = details
            .order
            .items
            .into_iter()
            .filter(|item| is_meant(&item.custody));
        Ok(Pieces::Some(items.map(|item| item.key).collect()))
    }

    /// The payment on the form; the key of a sentence when it cannot be read.
    async fn payment(&self) -> Result<TakePayment, &'static str> {
        use format::AmountError;
        let minor =
            format::parse_amount(self.form.text("amount")).map_err(|error| match error {
                AmountError::Empty => "pay-amount-missing",
                AmountError::NotAnAmount => "pay-amount-unreadable",
                AmountError::TooLarge => "refusal-amount",
            })?;
        let method =
            PaymentMethod::from_code(self.form.text("method")).ok_or("pay-method-missing")?;
        let details = self
            .ui
            .counter
            .order(&self.order)
            .await
            .map_err(|_| "error-not-found")?;
        let amount = Money::new(minor, details.order.currency);
        Ok(TakePayment {
            amount,
            method,
            receipt: self.form.some("receipt"),
        })
    }
}
