//! What is done to an order with one form each. Afterwards the order's page is shown again with what was done.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Redirect, Response};
use shared::domain::{Custody, Money, PaymentMethod, StatusCode};
use shared::id::OrderId;
use shared::presentation::format;
use shared::presentation::page::read_dot;

use super::{Body, order};
use crate::counter::{Choice, Counter, CounterError, OrderDetails, Person, Pieces, TakePayment};
use crate::ui::Ui;
use crate::ui::forms::Fields;
use crate::ui::problem::{Problem, error_page};
use crate::ui::session::{SignedIn, local_address};
use crate::ui::views::order::UNDO;

/// Start, finish, block, resume, or take the last change back.
pub(crate) async fn status(asked: Asked) -> Response {
    let (counter, person) = asked.who();
    if asked.form.text("to") == UNDO {
        let undone = counter.undo_status(person, asked.order).await;
        return asked.done("undone", undone).await;
    }
    let to = StatusCode::from_code(asked.form.text("to"));
    let reason = asked.form.some("reason");
    let changed = counter.change_status(person, asked.order, to, reason).await;
    asked.done("status", changed).await
}

/// Takes money.
pub(crate) async fn pay(asked: Asked) -> Response {
    let payment = match asked.payment().await {
        Ok(payment) => payment,
        Err(key) => return asked.refused(key).await,
    };
    let (counter, person) = asked.who();
    let paid = counter.pay(person, asked.order, payment).await;
    asked.done("paid", paid).await
}

/// Gives money back.
pub(crate) async fn refund(asked: Asked) -> Response {
    let payment = match asked.payment().await {
        Ok(payment) => payment,
        Err(key) => return asked.refused(key).await,
    };
    let (counter, person) = asked.who();
    let refunded = counter.refund(person, asked.order, payment).await;
    asked.done("refunded", refunded).await
}

/// Pieces go to the customer: those that are ticked.
pub(crate) async fn hand_out(asked: Asked) -> Response {
    let pieces: Vec<String> = asked
        .form
        .all("item")
        .into_iter()
        .map(str::to_owned)
        .collect();
    if pieces.is_empty() {
        return asked.refused("hand-out-nothing").await;
    }
    let (counter, person) = asked.who();
    let handed = counter
        .hand_out(person, asked.order, Pieces::Some(pieces))
        .await;
    asked.done("handed-out", handed).await
}

/// All pieces that the customer does not hold go to another place of the firm.
pub(crate) async fn hand_over(asked: Asked) -> Response {
    let to = Custody::from_code(asked.form.text("to"));
    if matches!(to, Custody::Unknown(_) | Custody::Customer) {
        return asked.refused("hand-over-nowhere").await;
    }
    let (counter, person) = asked.who();
    let moved = match asked.pieces(|custody| *custody != Custody::Customer).await {
        Ok(pieces) => counter.hand_over(person, asked.order, pieces, to).await,
        Err(error) => Err(error),
    };
    asked.done("moved", moved).await
}

/// Pieces come back from the customer, such as after a hand-out by mistake.
pub(crate) async fn take_back(asked: Asked) -> Response {
    let (counter, person) = asked.who();
    let taken = match asked.pieces(|custody| *custody == Custody::Customer).await {
        Ok(pieces) => counter.take_back(person, asked.order, pieces).await,
        Err(error) => Err(error),
    };
    asked.done("taken-back", taken).await
}

/// Calls the order off.
pub(crate) async fn cancel(asked: Asked) -> Response {
    let (counter, person) = asked.who();
    let reason = asked.form.text("reason").to_owned();
    let cancelled = counter.cancel(person, asked.order, reason).await;
    asked.done("cancelled", cancelled).await
}

/// Adds a comment to the history.
pub(crate) async fn comment(asked: Asked) -> Response {
    let (counter, person) = asked.who();
    let text = asked.form.text("text").to_owned();
    let commented = counter.comment(person, asked.order, text).await;
    asked.done("commented", commented).await
}

/// Keeps an order whose row is missing in the legacy database.
pub(crate) async fn keep(asked: Asked) -> Response {
    let (counter, person) = asked.who();
    let kept = counter.keep(person, asked.order).await;
    asked.done("kept", kept).await
}

/// Chooses one of the values that replicas wrote without having seen each other.
pub(crate) async fn settle(asked: Asked) -> Response {
    let Some(dot) = read_dot(asked.form.text("chosen")) else {
        return asked.refused("refusal-nothing-to-settle").await;
    };
    let (counter, person) = asked.who();
    let (document, field) = (asked.order.document(), asked.form.text("field"));
    let settled = counter
        .settle(person, document, field, Choice::Written(dot))
        .await;
    asked.done("settled", settled).await
}

/// A form about an order, with who sent it. Whoever is not signed in, and an address that names no order, get their page
/// before a handler runs.
pub(crate) struct Asked {
    ui: Ui,
    signed_in: SignedIn,
    order: OrderId,
    form: Fields,
}

impl FromRequest<Ui> for Asked {
    type Rejection = Response;

    async fn from_request(request: Request, ui: &Ui) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let signed_in = SignedIn::from_request_parts(&mut parts, ui).await?;
        let Ok(Path(order)) = Path::<OrderId>::from_request_parts(&mut parts, ui).await else {
            return Err(error_page(ui, &signed_in, &CounterError::NotFound).await);
        };
        let Body(form) = Body::from_request(Request::from_parts(parts, body), ui).await?;
        Ok(Self {
            ui: ui.clone(),
            signed_in,
            order,
            form,
        })
    }
}

impl Asked {
    fn who(&self) -> (&Counter, &Person) {
        (&self.ui.counter, &self.signed_in.person)
    }

    /// The page again, with the sentence of `key` and what was typed.
    async fn refused(self, key: &str) -> Response {
        let problem = Problem::in_form(self.signed_in.reader.words, key);
        let order = self.order.to_string();
        order::refused(&self.ui, &self.signed_in, &order, problem, self.form).await
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
                let order = self.order.to_string();
                order::failed(&self.ui, &self.signed_in, &order, &error, self.form).await
            }
        }
    }

    async fn details(&self) -> Result<OrderDetails, CounterError> {
        self.ui.counter.order(&self.order.to_string()).await
    }

    /// The keys of the pieces that are in such a place now.
    async fn pieces(&self, is_meant: impl Fn(&Custody) -> bool) -> Result<Pieces, CounterError> {
        let details = self.details().await?;
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
        let details = self.details().await.map_err(|_| "error-not-found")?;
        let amount = Money::new(minor, details.order.currency);
        Ok(TakePayment {
            amount,
            method,
            receipt: self.form.some("receipt"),
        })
    }
}
