//! A change of the documents' schema on real processes: killed in the middle, with a branch that works on without a line.

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Field, format};
use shared::domain::fields::{kind, known_kind, order};
use shared::id::{Actor, BranchId, DocumentId};
use shared::wire::{
    self, EXCHANGE_PATH, JOIN_PATH, JoinReply, JoinRequest, JoinString, MEDIA_TYPE, v1,
};
use tests::firm::{Counter, Firm, Hub, NewOrder, Taken};
use tests::{Process, binary, wait_until};

/// Orders in the old form: enough for a kill to come in the middle when they are done one by one.
const OLD_ORDERS: u64 = 300;

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_killed_in_the_middle_goes_on_and_twice_is_once() -> Result<()> {
    let mut firm = Firm::open(["Chur"]).await?;
    let former = FormerMachine::join(&firm.hub, "Chur").await?;
    let old: Vec<Document> = (0..OLD_ORDERS).map(|number| former.order(number)).collect();
    former.push(&firm.hub, &old).await?;
    let [chur] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    chur.wait_identical().await?;
    ensure!(
        vat_country(&anna, &old[0]).await?.is_null(),
        "it is not in the old form"
    );

    let looked = schema(&firm.hub, &["backfill", "--step", "1", "--dry-run"]).await?;
    ensure!(looked["would_change"] == OLD_ORDERS, "{looked}");
    let status = schema(&firm.hub, &["status"]).await?;
    ensure!(
        status["steps"][0]["progress"]["phase"] == "expanded",
        "{status}"
    );

    // A branch works on in the old orders while it has no line, and takes a new one in.
    chur.line().cut();
    let edited: Vec<&Document> = old.iter().step_by(29).collect();
    for order in &edited {
        note(&anna, order, "wartet auf Kanten").await?;
    }
    let new = take_in(&anna).await?;

    // One document in a batch, so that the power goes in the middle.
    let verb = begin_backfill(&firm.hub)?;
    some_are_done(&firm.hub).await?;
    firm.hub.process().kill()?;
    ensure!(
        !verb.wait_for_end().await?.success(),
        "the hub is gone and the verb is content"
    );
    let interrupted = schema(&firm.hub, &["status"])
        .await
        .context("with the files alone")?;
    let done = documents(&interrupted, "done")?;
    ensure!(
        (1..OLD_ORDERS).contains(&done),
        "{done} were done: that is not the middle"
    );
    firm.hub.start_again().await?;
    chur.follow(&firm.hub)?;

    let rest = schema(&firm.hub, &["backfill", "--step", "1"]).await?;
    let changed = rest["changed"].as_u64().context("no count")?;
    // A batch may have come to the disk without the line that says so; then it is looked at again, and nothing is done.
    ensure!(
        rest["phase"] == "backfilled" && (OLD_ORDERS - 1..=OLD_ORDERS).contains(&(done + changed)),
        "{done} before and {rest}"
    );
    let again = schema(&firm.hub, &["backfill", "--step", "1"]).await?;
    ensure!(again["changed"] == 0, "{again}");

    chur.line().mend();
    chur.wait_identical().await?;
    for order in &old {
        says_country(&anna, order, &json!("CH")).await?;
    }
    for order in &edited {
        let shown = anna.order(&order.id().to_string()).await?;
        ensure!(
            shown["note"] == "wartet auf Kanten" && shown["vat_basis_points"] == 810,
            "{shown}"
        );
    }
    firm.hub.page(&format!("/orders/{}", new.id)).await?;
    ensure!(
        anna.order(&new.id).await?["vat_country"] == "CH",
        "this version writes both forms"
    );

    // The old form stays: this release may not empty it, and a machine would miss it.
    let refused = firm
        .hub
        .verb(&["schema", "contract", "--step", "1"])
        .await?;
    ensure!(
        !refused.is_success && refused.text().contains("release 3"),
        "{}",
        refused.text()
    );
    let against =
        schema(&firm.hub, &["status"]).await?["steps"][0]["against_contracting"].to_string();
    ensure!(against.contains("counter of 2025"), "{against}");

    for changed in [OLD_ORDERS, 0] {
        let taken_back = schema(&firm.hub, &["rollback", "--step", "1"]).await?;
        ensure!(
            taken_back["phase"] == "expanded" && taken_back["changed"] == changed,
            "{taken_back}"
        );
    }
    for order in &old {
        says_country(&anna, order, &Value::Null).await?;
    }
    ensure!(
        anna.order(&new.id).await?["vat_country"] == "CH",
        "what the counter wrote is the counter's"
    );
    firm.hub.verb(&["verify"]).await?.succeeded()?;
    firm.close().await
}

/// A machine of the version before: it speaks protocol 1 and knows the old form of documents only.
struct FormerMachine {
    papers: JoinReply,
    branch: BranchId,
    client: Client,
}

impl FormerMachine {
    /// A second machine for a branch that exists.
    async fn join(hub: &Hub, branch: &str) -> Result<Self> {
        let branches = hub.branches().await?;
        let of_branch = branches.as_array().into_iter().flatten();
        let id = of_branch
            .filter(|known| known["name"] == branch)
            .find_map(|known| known["id"].as_str());
        let id = id.with_context(|| format!("no branch {branch} in {branches}"))?;
        let made = hub
            .post(
                "/api/v1/join-strings",
                &json!({ "role": "branch", "branch": id }),
            )
            .await?;
        let join_string: JoinString = made["join_string"].as_str().context("no string")?.parse()?;
        let request = JoinRequest {
            code: join_string.code,
            machine: "counter of 2025".to_owned(),
            software: "0.0.0".to_owned(),
        };
        let client = tests::http_client(|builder| builder)?;
        let papers = client.post(hub.at(JOIN_PATH)).json(&request).send().await?;
        let papers: JoinReply = papers.error_for_status()?.json().await?;
        Ok(Self {
            branch: papers.branch.context("no branch")?,
            papers,
            client,
        })
    }

    fn order(&self, number: u64) -> Document {
        let id = DocumentId::named(&format!("order of the version before {number}"));
        let actor = Actor::new(self.papers.replica, 1);
        let at = Hlc::at(UtcMillis(1_760_000_000_000));
        let mut authoring = Authoring::new(actor, number * 20, at, None);
        let mut change = Change::create(id, known_kind(kind::ORDER));
        let mut set = |field, value: shared::document::Value| {
            change.set(&mut authoring, Field::known(field), value);
        };
        set(order::HOME, self.branch.into());
        set(order::PICKUP, self.branch.into());
        set(order::STATUS, "open".into());
        set(order::PRIORITY, "standard".into());
        set(order::TICKET, format!("OLD{number:05}").into());
        set("contact/name", "Ursina Müller".into());
        set(order::CURRENCY, "CHF".into());
        set(order::VAT_BASIS_POINTS, 810.into());
        set("items/1.1/label", "Tourenski".into());
        change.finish()
    }

    async fn push(&self, hub: &Hub, orders: &[Document]) -> Result<()> {
        let message = v1::Exchange {
            protocol: 1,
            epoch: None,
            cursor: 0,
            pushed: orders.iter().map(format::encode).collect(),
            highest_counter: OLD_ORDERS * 20,
            want: 0,
            pending: OLD_ORDERS,
            pending_since: None,
            clock: UtcMillis(1_760_000_000_000),
        };
        let answer = self
            .client
            .post(hub.at(EXCHANGE_PATH))
            .bearer_auth(&self.papers.token)
            .header(reqwest::header::CONTENT_TYPE, MEDIA_TYPE)
            .body(wire::encode_as(1, &message)?)
            .send()
            .await?;
        let reply = answer.error_for_status()?.bytes().await?;
        let reply: v1::ExchangeReply = wire::decode_as(1, &reply)?;
        ensure!(reply.refused.is_empty(), "{:?}", reply.refused);
        Ok(())
    }
}

/// What a verb about the schema says as JSON.
async fn schema(hub: &Hub, arguments: &[&str]) -> Result<Value> {
    let mut all = vec!["schema"];
    all.extend(arguments);
    all.push("--json");
    hub.verb(&all).await?.succeeded()?.json()
}

fn begin_backfill(hub: &Hub) -> Result<Process> {
    let mut command = binary("offpiste-hub")?;
    command
        .args([
            "schema", "backfill", "--step", "1", "--batch", "1", "--data",
        ])
        .arg(hub.data());
    Process::start("the backfill", command)
}

/// Waits until the hub's metrics show that some documents are changed.
async fn some_are_done(hub: &Hub) -> Result<()> {
    /// The first tenth: what comes before the kill is less than half.
    const SOME: f64 = 30.0;
    wait_until("some documents are changed", async || {
        let is_done = |name: &str| {
            name.starts_with("offpiste_hub_schema_documents") && name.contains("\"done\"")
        };
        let done = hub.metric(is_done).await.ok()??;
        (done >= SOME).then_some(())
    })
    .await
}

fn documents(status: &Value, outcome: &str) -> Result<u64> {
    let count = status["steps"][0]["progress"][outcome].as_u64();
    count.with_context(|| format!("no {outcome} in {status}"))
}

async fn vat_country(counter: &Counter, order: &Document) -> Result<Value> {
    Ok(counter.order(&order.id().to_string()).await?["vat_country"].clone())
}

/// Waits until the branch has heard of it.
async fn says_country(counter: &Counter, order: &Document, country: &Value) -> Result<()> {
    let what = format!("{} is of {country}", order.id());
    wait_until(what, async || {
        let said = vat_country(counter, order).await.ok()?;
        (said == *country).then_some(())
    })
    .await
}

async fn note(counter: &Counter, order: &Document, text: &str) -> Result<()> {
    let path = format!("/api/v1/orders/{}", order.id());
    counter.post(&path, &json!({ "note": text })).await?;
    Ok(())
}

async fn take_in(counter: &Counter) -> Result<Taken> {
    let new = NewOrder {
        name: "Reto Tschudi",
        phone: "081 555 01 23",
        item: "Board",
        services: 1,
        pickup: None,
    };
    counter.take_in(&new).await
}
