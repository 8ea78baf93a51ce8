//! A change of the documents' schema, from the first document to the last machine.

use axum::http::StatusCode;
use shared::document::{Authoring, Change, Document, Field, format};
use shared::domain::Vat;
use shared::domain::fields::{kind, known_kind, order};
use shared::id::DocumentId;
use shared::schema::{Phase, Refused, Release, StepNumber, Work};
use shared::wire::Exchange;

use super::harness::{Machine, TestHub};
use crate::backend::SchemaError;

const STEP: StepNumber = StepNumber(1);

/// The first release that may contract it.
const LATER: Release = Release(3);

/// Orders in one message of the version before, some at another rate, one that nobody can place.
fn old_orders(machine: &Machine, count: u64) -> Vec<Document> {
    (0..count)
        .map(|number| {
            let id = DocumentId::named(&format!("old order {number}"));
            let mut change = Change::create(id, known_kind(kind::ORDER));
            let mut authoring = machine.authoring(number * 10);
            let authoring: &mut Authoring = &mut authoring;
            change.set(authoring, Field::known(order::HOME), machine.branch());
            change.set(authoring, Field::known(order::CURRENCY), "CHF");
            let rate = if number % 2 == 0 { 770_i64 } else { 810 };
            change.set(authoring, Field::known(order::VAT_BASIS_POINTS), rate);
            change.finish()
        })
        .collect()
}

async fn push(hub: &TestHub, machine: &Machine, protocol: u16, documents: &[Document]) {
    let pushed = documents.iter().map(format::encode).collect();
    let message = Exchange {
        protocol,
        ..machine.message(hub, pushed, 0)
    };
    let reply = hub.exchange(machine, &message).await;
    assert!(reply.refused.is_empty(), "{:?}", reply.refused);
}

async fn through(hub: &TestHub, work: Work, running: Release) -> Result<(Phase, u64), SchemaError> {
    let hub = &hub.app.hub;
    let before = hub.schema_begin_as(STEP, work, running).await?.done;
    loop {
        let advance = hub.schema_batch(STEP, 7).await?;
        if !advance.more {
            return Ok((advance.progress.phase, advance.progress.done - before));
        }
    }
}

async fn vat_of(hub: &TestHub, id: DocumentId) -> Option<Vat> {
    let stored = hub.app.hub.look(move |store| store.document(id)).await;
    stored
        .expect("readable")
        .and_then(|(_, document)| Vat::of(&document))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_goes_from_expand_to_contract_and_each_work_done_twice_is_done_once() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let orders = old_orders(&chur, 20);
    push(&hub, &chur, 1, &orders).await;

    let looked = hub
        .app
        .hub
        .schema_look(STEP, Work::Backfill, 0, 1_000)
        .await;
    assert_eq!(looked.expect("looked").would_change, 20);
    let backfill = async || {
        through(&hub, Work::Backfill, Release::RUNNING)
            .await
            .expect("done")
    };
    assert_eq!(backfill().await, (Phase::Backfilled, 20));
    assert_eq!(backfill().await, (Phase::Backfilled, 0));
    let vat = vat_of(&hub, orders[0].id()).await.expect("a rate");
    assert_eq!(vat.code.expect("a code").to_string(), "CH-770");

    // The machine is of the version before: in this release or a later one, the old form stays.
    for running in [Release::RUNNING, LATER] {
        let refused = through(&hub, Work::Contract, running).await;
        let refused = refused.expect_err("a machine needs the old form");
        assert!(matches!(refused, SchemaError::Refused(_)), "{refused}");
    }
    let rollback = async || through(&hub, Work::Rollback, LATER).await.expect("done");
    assert_eq!(rollback().await, (Phase::Expanded, 20));
    assert_eq!(rollback().await, (Phase::Expanded, 0));
    assert_eq!(
        vat_of(&hub, orders[0].id()).await.expect("a rate").code,
        None
    );
    assert_eq!(backfill().await, (Phase::Backfilled, 20));

    // It is upgraded, and what it wrote in the old form until then is completed on the way.
    let mut late = old_orders(&chur, 21);
    push(&hub, &chur, 2, &late.split_off(20)).await;
    let contract = async || through(&hub, Work::Contract, LATER).await.expect("allowed");
    assert_eq!(contract().await, (Phase::Contracted, 22));
    assert_eq!(contract().await, (Phase::Contracted, 0));
    let vat = vat_of(&hub, orders[1].id()).await.expect("a code");
    assert_eq!((vat.basis_points, vat.code.is_some()), (810, true));

    // From then on nobody comes who would look for the old form.
    let message = Exchange {
        protocol: 1,
        ..chur.message(&hub, Vec::new(), 0)
    };
    let answer = hub.send_exchange(&chur, &message).await;
    assert_eq!(answer.status(), StatusCode::UPGRADE_REQUIRED);
    let refused = through(&hub, Work::Rollback, LATER).await;
    assert!(matches!(
        refused,
        Err(SchemaError::Refused(Refused::Contracted))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_has_never_spoken_counts_as_one_of_the_version_before_until_it_is_retired() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    push(&hub, &chur, 2, &old_orders(&chur, 1)).await;
    let silent = hub.branch("Davos").await;
    through(&hub, Work::Backfill, LATER).await.expect("done");
    let refused = through(&hub, Work::Contract, LATER).await;
    assert!(
        matches!(&refused, Err(SchemaError::Refused(Refused::OlderMachine { number, release: None, .. })) if *number == silent.papers.replica),
        "{refused:?}"
    );
    let retired = hub.app.hub.retire(silent.papers.replica).await;
    assert!(retired.expect("durable"));
    let done = through(&hub, Work::Contract, LATER).await;
    assert_eq!(done.expect("allowed").0, Phase::Contracted);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_document_that_cannot_be_completed_stops_nothing_and_is_named() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let mut orders = old_orders(&chur, 12);
    let mut change = Change::of(&orders[5]);
    change.set(
        &mut chur.authoring(1_000),
        Field::known(order::CURRENCY),
        "USD",
    );
    let odd = change.finish();
    orders[5].merge(odd).expect("one document");
    push(&hub, &chur, 2, &orders).await;
    assert_eq!(
        through(&hub, Work::Backfill, LATER)
            .await
            .expect("it goes on"),
        (Phase::Backfilling, 11)
    );
    let status = hub.app.hub.schema_status().await.expect("readable");
    let failing: Vec<DocumentId> = status[0].progress.failing.keys().copied().collect();
    assert_eq!(failing, [orders[5].id()]);
    let refused = through(&hub, Work::Contract, LATER).await;
    assert!(matches!(
        refused,
        Err(SchemaError::Refused(Refused::Failing { documents: 1 }))
    ));

    // It is tried again each time, and once it is mended the step is through.
    through(&hub, Work::Backfill, LATER).await.expect("tried");
    let mut mend = Change::of(&orders[5]);
    mend.set(
        &mut chur.authoring(2_000),
        Field::known(order::CURRENCY),
        "CHF",
    );
    push(&hub, &chur, 2, &[mend.finish()]).await;
    assert_eq!(
        through(&hub, Work::Backfill, LATER).await.expect("done"),
        (Phase::Backfilled, 1)
    );
    let status = hub.app.hub.schema_status().await.expect("readable");
    let progress = &status[0].progress;
    assert!(progress.failing.is_empty());
    assert!(progress.retried >= 2, "{progress:?}");
}
