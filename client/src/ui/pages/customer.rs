//! Customers: what they had before, how to reach them, suggestions while an order is taken in.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shared::domain::{Contact, PhoneNumber};
use shared::id::CustomerId;
use shared::presentation::Language;

use super::Body;
use crate::counter::{Choice, CounterError, Refusal};
use crate::ui::Ui;
use crate::ui::forms::Fields;
use crate::ui::layout::{Layout, Nav, with_seen};
use crate::ui::problem::{Problem, error_page, render, render_as};
use crate::ui::session::SignedIn;
use crate::ui::views::customer::{CustomerView, Suggestion};
use shared::presentation::page::{self, Words, read_dot};

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    layout: Layout,
    words: Words,
    customer: CustomerView,
}

#[derive(Template)]
#[template(path = "customer_edit.html")]
struct CustomerEditPage {
    layout: Layout,
    words: Words,
    form: ContactForm,
    back: String,
}

#[derive(Template)]
#[template(path = "parts/suggestions.html")]
struct Suggestions {
    words: Words,
    people: Vec<Suggestion>,
}

/// A contact as text fields.
#[derive(Clone, Default)]
pub(crate) struct ContactForm {
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) email: String,
    pub(crate) language: String,
    pub(crate) street: String,
    pub(crate) postcode: String,
    pub(crate) town: String,
    pub(crate) problems: Vec<String>,
}

impl ContactForm {
    /// The fields of a contact that is known.
    pub(crate) fn of(contact: &Contact, language: Language) -> Self {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        Self {
            name: text(&contact.name),
            phone: contact
                .phone
                .as_ref()
                .map(|phone| phone.given.clone())
                .unwrap_or_default(),
            email: text(&contact.email),
            language: contact
                .language
                .clone()
                .unwrap_or_else(|| language.code().to_owned()),
            street: text(&contact.street),
            postcode: text(&contact.postcode),
            town: text(&contact.town),
            problems: Vec::new(),
        }
    }

    /// The fields as they were typed.
    pub(crate) fn typed(form: &Fields) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            name: text("name"),
            phone: text("phone"),
            email: text("email"),
            language: text("language"),
            street: text("street"),
            postcode: text("postcode"),
            town: text("town"),
            problems: Vec::new(),
        }
    }

    /// The contact that they mean. The counter reads the telephone in the branch's country.
    pub(crate) fn contact(&self) -> Contact {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Contact {
            name: some(&self.name),
            phone: some(&self.phone).map(|given| PhoneNumber { given, e164: None }),
            email: some(&self.email),
            language: Language::from_code(&self.language)
                .map(|language| language.code().to_owned()),
            street: some(&self.street),
            postcode: some(&self.postcode),
            town: some(&self.town),
        }
    }
}

/// What was typed so far.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SuggestQuery {
    #[serde(default)]
    q: String,
}

/// The page.
pub(crate) async fn page(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(customer): Path<String>,
) -> Response {
    let words = signed_in.reader.words;
    match find(&ui, &customer).await {
        Ok(details) => render(&CustomerPage {
            layout: Layout::of(&ui, &signed_in, Nav::Elsewhere).await,
            words,
            customer: with_seen(&ui, words, |seen| CustomerView::of(seen, &details)),
        }),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// The form to change a customer.
pub(crate) async fn edit_page(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(customer): Path<String>,
) -> Response {
    match find(&ui, &customer).await {
        Ok(details) => {
            let form = ContactForm::of(&details.customer.contact, signed_in.reader.words.language);
            let page = edit_form(&ui, &signed_in, &customer, form).await;
            render(&page)
        }
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// Changes a customer; a refusal shows the form again as it was typed.
pub(crate) async fn edit(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(customer): Path<String>,
    Body(body): Body,
) -> Response {
    let mut form = ContactForm::typed(&body);
    let edited = match customer.parse::<CustomerId>() {
        Ok(id) => {
            ui.counter
                .edit_customer(&signed_in.person, id, form.contact())
                .await
        }
        Err(_) => Err(CounterError::NotFound),
    };
    match edited {
        Ok(()) | Err(CounterError::Refused(Refusal::AlreadySo)) => {
            Redirect::to(&format!("/customers/{customer}?done=customer-edited")).into_response()
        }
        Err(CounterError::NotFound) => error_page(&ui, &signed_in, &CounterError::NotFound).await,
        Err(error) => {
            let problem = Problem::of(signed_in.reader.words, &error);
            form.problems.push(problem.title);
            render_as(
                problem.status,
                &edit_form(&ui, &signed_in, &customer, form).await,
            )
        }
    }
}

/// Chooses one of the values that replicas wrote without having seen each other.
pub(crate) async fn settle(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(customer): Path<String>,
    Body(form): Body,
) -> Response {
    let settled = match (
        customer.parse::<CustomerId>(),
        read_dot(form.text("chosen")),
    ) {
        (Err(_), _) => Err(CounterError::NotFound),
        (Ok(_), None) => Err(CounterError::Refused(Refusal::NothingToSettle)),
        (Ok(id), Some(dot)) => {
            let (person, field) = (&signed_in.person, form.text("field"));
            let choice = Choice::Written(dot);
            ui.counter
                .settle(person, id.document(), field, choice)
                .await
        }
    };
    match settled {
        Ok(()) => {
            let page = format!("/customers/{customer}");
            let back = page::local_address(form.text("back"), &page);
            Redirect::to(&format!("{back}?done=settled")).into_response()
        }
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// Customers while a name or number is typed into the form of an order.
pub(crate) async fn suggest(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Query(query): Query<SuggestQuery>,
) -> Response {
    /// As many as fit between two fields of the form.
    const MAX_SUGGESTIONS: usize = 5;
    /// One letter finds everybody.
    const MIN_CHARACTERS: usize = 2;
    let words = signed_in.reader.words;
    let text = query.q.trim();
    if text.chars().count() < MIN_CHARACTERS {
        return render(&Suggestions {
            words,
            people: Vec::new(),
        });
    }
    match ui.counter.find_customers(text).await {
        Ok(found) => {
            let people = with_seen(&ui, words, |seen| {
                found
                    .iter()
                    .take(MAX_SUGGESTIONS)
                    .map(|customer| Suggestion::of(seen, customer))
                    .collect()
            });
            render(&Suggestions { words, people })
        }
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

async fn find(ui: &Ui, customer: &str) -> Result<crate::counter::CustomerDetails, CounterError> {
    let id = customer.parse().map_err(|_| CounterError::NotFound)?;
    ui.counter.customer(id).await
}

async fn edit_form(
    ui: &Ui,
    signed_in: &SignedIn,
    customer: &str,
    form: ContactForm,
) -> CustomerEditPage {
    CustomerEditPage {
        layout: Layout::of(ui, signed_in, Nav::Elsewhere).await,
        words: signed_in.reader.words,
        form,
        back: format!("/customers/{customer}"),
    }
}
