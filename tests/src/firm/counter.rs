//! Somebody signed in at a counter, working with the branch's own pages as a browser does.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Response, header};
use serde_json::Value;

use super::form::{self, Form};
use super::hub::Member;
use super::{good_text, json, redirect};

const FORM: &str = "application/x-www-form-urlencoded";

/// A person at a counter.
#[derive(Clone, Debug)]
pub struct Counter {
    branch: String,
    url: String,
    client: Client,
    session: String,
}

/// What a customer brings.
#[derive(Clone, Debug)]
pub struct NewOrder<'a> {
    /// The customer's name.
    pub name: &'a str,
    /// Their telephone.
    pub phone: &'a str,
    /// What they bring.
    pub item: &'a str,
    /// How many services are ticked, from the first on.
    pub services: usize,
    /// The name of the branch where it will be collected; none for here.
    pub pickup: Option<&'a str>,
}

/// An order that the branch has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Taken {
    /// Its id.
    pub id: String,
    /// The printed number.
    pub ticket: String,
}

impl Taken {
    /// Whether the number stands in `text`, in one piece or in groups as people say it.
    #[must_use]
    pub fn is_named_in(&self, text: &str) -> bool {
        let letters = text.chars().filter(|sign| !sign.is_whitespace());
        letters.collect::<String>().contains(&self.ticket)
    }
}

impl Counter {
    pub(super) async fn sign_in(branch: &str, url: &str, member: &Member) -> Result<Self> {
        let client = crate::http_client(|builder| builder)?;
        let what = format!("{} signs in at {branch}", member.name);
        let mut form = Form::default();
        form.set("who", &member.id)
            .set("pin", &member.pin)
            .set("next", "/today");
        let answer = client
            .post(format!("{url}/sign-in"))
            .header(header::ORIGIN, url)
            .header(header::CONTENT_TYPE, FORM)
            .body(form.encoded());
        let answer = answer.send().await.with_context(|| what.clone())?;
        let cookie = answer.headers().get(header::SET_COOKIE);
        let session = cookie
            .and_then(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned))
            .unwrap_or_default();
        redirect(&what, answer).await?;
        ensure!(!session.is_empty(), "{what}: no session");
        Ok(Self {
            branch: branch.to_owned(),
            url: url.to_owned(),
            client,
            session,
        })
    }

    /// The session's cookie, for a browser that goes on as this person.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Goes on at the same session after the branch's process came back at another address.
    pub fn follow(&mut self, branch: &super::Branch) {
        branch.url().clone_into(&mut self.url);
    }

    /// Fills the form for a new order and sends it. What is returned is acknowledged.
    ///
    /// # Errors
    /// When the form is refused or the branch does not answer.
    pub async fn take_in(&self, new: &NewOrder<'_>) -> Result<Taken> {
        let what = format!("{} takes in {} of {}", self.branch, new.item, new.name);
        let page = self.page("/orders/new").await?;
        let form = filled(&page, new).with_context(|| what.clone())?;
        let address = redirect(&what, self.send("/orders", &form).await?).await?;
        let id = address.strip_prefix("/orders/").unwrap_or_default();
        let id = id.split(['/', '?']).next().unwrap_or_default().to_owned();
        let order = self.order(&id).await?;
        let ticket = order["ticket"].as_str();
        let ticket = ticket.with_context(|| format!("{what}: no ticket in {order}"))?;
        Ok(Taken {
            ticket: ticket.to_owned(),
            id,
        })
    }

    /// Promises another day on the order's form, everything else as it is.
    ///
    /// # Errors
    /// When the form is refused.
    pub async fn promise(&self, order: &Taken, day: &str) -> Result<()> {
        let what = format!("{} promises {} for {day}", self.branch, order.ticket);
        let path = format!("/orders/{}/edit", order.id);
        let page = self.page(&path).await?;
        let mut form = Form::read(&page, &path).with_context(|| format!("{what}: no form"))?;
        form.set("promised_on", day).set("do", "save");
        redirect(&what, self.send(&path, &form).await?).await?;
        Ok(())
    }

    /// Takes the amount that the order's page proposes, in cash.
    ///
    /// # Errors
    /// When the form is refused.
    pub async fn cash(&self, order: &Taken) -> Result<()> {
        let what = format!("{} cashes {}", self.branch, order.ticket);
        let page = self.page(&format!("/orders/{}", order.id)).await?;
        let path = format!("/orders/{}/pay", order.id);
        let mut form =
            Form::read(&page, &path).with_context(|| format!("{what}: nothing to pay"))?;
        form.set("method", "cash");
        redirect(&what, self.send(&path, &form).await?).await?;
        Ok(())
    }

    /// The ticket as it is printed.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ticket_page(&self, order: &Taken) -> Result<String> {
        self.page(&format!("/orders/{}/ticket", order.id)).await
    }

    /// Decides a conflict by the form on the order's page: what was written at this place among the values holds.
    ///
    /// # Errors
    /// When there is no conflict or the form is refused.
    pub async fn settle(&self, order: &Taken, place: usize) -> Result<()> {
        let what = format!("{} decides about {}", self.branch, order.ticket);
        let page = self.page(&format!("/orders/{}", order.id)).await?;
        let path = format!("/orders/{}/settle", order.id);
        let start = page.match_indices(&format!("action=\"{path}\"")).nth(place);
        let (start, _) = start.with_context(|| format!("{what}: nothing to decide"))?;
        let mut form =
            Form::read(&page[start..], &path).with_context(|| format!("{what}: no form"))?;
        if form.value("chosen").is_none() {
            let chosen = form
                .choices("chosen")
                .get(place)
                .map(|&chosen| chosen.to_owned());
            form.set(
                "chosen",
                &chosen.with_context(|| format!("{what}: no choice"))?,
            );
        }
        redirect(&what, self.send(&path, &form).await?).await?;
        Ok(())
    }

    /// An order with everything, by id or ticket, as programs read it.
    ///
    /// # Errors
    /// When the branch does not hold it.
    pub async fn order(&self, id_or_ticket: &str) -> Result<Value> {
        let path = format!("/api/v1/orders/{id_or_ticket}");
        self.json(&path).await
    }

    /// A page as HTML.
    ///
    /// # Errors
    /// When it is not shown.
    pub async fn page(&self, path: &str) -> Result<String> {
        good_text(path, self.get(path).await?).await
    }

    /// The text of a page as a person reads it.
    ///
    /// # Errors
    /// When it is not shown.
    pub async fn read(&self, path: &str) -> Result<String> {
        Ok(form::words(&self.page(path).await?))
    }

    /// What programs read at `path`.
    ///
    /// # Errors
    /// When it is not answered.
    pub async fn json(&self, path: &str) -> Result<Value> {
        json(path, self.get(path).await?).await
    }

    /// Any answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn get(&self, path: &str) -> Result<Response> {
        let request = self
            .client
            .get(self.at(path))
            .header(header::COOKIE, &self.session);
        let request = request.bearer_auth(self.token());
        request.send().await.with_context(|| format!("GET {path}"))
    }

    /// Sends a form of one of the pages.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, path: &str, form: &Form) -> Result<Response> {
        let request = self
            .client
            .post(self.at(path))
            .header(header::COOKIE, &self.session);
        let request = request
            .header(header::ORIGIN, &self.url)
            .header(header::CONTENT_TYPE, FORM)
            .body(form.encoded());
        request.send().await.with_context(|| format!("POST {path}"))
    }

    /// Sends JSON as a program does.
    ///
    /// # Errors
    /// When the answer is no 2xx.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self
            .client
            .post(self.at(path))
            .bearer_auth(self.token())
            .json(body);
        json(
            path,
            request
                .send()
                .await
                .with_context(|| format!("POST {path}"))?,
        )
        .await
    }

    /// Sends nothing to `path` as a program, for any answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_any(&self, path: &str) -> Result<Response> {
        let request = self.client.post(self.at(path)).bearer_auth(self.token());
        request.send().await.with_context(|| format!("POST {path}"))
    }

    /// The session's secret as programs send it.
    #[must_use]
    pub fn token(&self) -> &str {
        self.session.split_once('=').map_or("", |(_, token)| token)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

fn filled(page: &str, new: &NewOrder<'_>) -> Result<Form> {
    let mut form = Form::read(page, "/orders").context("the page has no form")?;
    form.set("name", new.name)
        .set("phone", new.phone)
        .set("items.0.label", new.item)
        .set("do", "save");
    if form.value("priority").is_none() {
        let first = form
            .choices("priority")
            .first()
            .map(|&code| code.to_owned());
        form.set("priority", &first.context("no priority to choose")?);
    }
    let services: Vec<String> = form
        .choices("items.0.service")
        .iter()
        .map(|&service| service.to_owned())
        .collect();
    ensure!(
        services.len() >= new.services,
        "only {} services to choose",
        services.len()
    );
    for service in services.iter().take(new.services) {
        form.tick("items.0.service", service);
    }
    if let Some(pickup) = new.pickup {
        let (before, _) = page
            .split_once(&format!(">{pickup}</option>"))
            .with_context(|| format!("no branch {pickup} to collect at"))?;
        let (_, value) = before
            .rsplit_once("value=\"")
            .context("a branch without a value")?;
        form.set("pickup", value.split('"').next().unwrap_or_default());
    }
    Ok(form)
}
