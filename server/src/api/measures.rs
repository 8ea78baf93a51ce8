//! Numbers for monitoring, in Prometheus' text format.

use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use shared::clock::UtcMillis;
use shared::read_model::Reader;

use crate::backend::{Freshness, Presence};
use crate::problem::Problem;
use crate::router::App;

/// Upper bounds of durations, in seconds: from a cached answer to a time-out.
const SECONDS: [f64; 10] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Histograms are drained this often, so that a hub nobody asks does not grow.
const UPKEEP: Duration = Duration::from_secs(10);

/// The recorder is the process's; several hubs in one process, as in tests, share it.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts recording. Without it the hub works the same and has nothing to show.
pub(crate) fn start() {
    let handle = RECORDER.get_or_init(|| {
        PrometheusBuilder::new()
            .set_buckets(&SECONDS)
            .and_then(PrometheusBuilder::install_recorder)
            .inspect_err(|error| tracing::warn!(%error, "there will be no metrics"))
            .ok()
    });
    if let Some(handle) = handle.clone() {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                handle.run_upkeep();
            }
        });
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(app): State<App>) -> Result<String, Problem> {
    let counts = app.hub.read(Reader::counts).await?;
    for (kind, count) in counts.documents {
        gauge!("offpiste_hub_documents", "kind" => kind).set(exact(count));
    }
    for (phase, count) in counts.orders {
        gauge!("offpiste_hub_orders", "phase" => phase.code()).set(exact(count));
    }
    gauge!("offpiste_hub_conflicts").set(exact(counts.conflicts));
    gauge!("offpiste_hub_feed_position").set(exact(counts.position));
    gauge!("offpiste_hub_lists_behind").set(exact(app.hub.lists_behind()));
    gauge!("offpiste_hub_store_bytes").set(exact(app.hub.bytes_on_disk().await?));
    replicas(&app, crate::clock::now());
    schema(&app).await?;
    match RECORDER.get() {
        Some(Some(handle)) => Ok(handle.render()),
        _ => Ok(String::new()),
    }
}

fn replicas(app: &App, now: UtcMillis) {
    let known = app.hub.replicas().all();
    let all = [
        Freshness::Current,
        Freshness::Sending,
        Freshness::Away,
        Freshness::Never,
    ];
    for freshness in all {
        let count = known
            .iter()
            .filter(|(replica, _)| replica.retired_at.is_none() && replica.branch.is_some())
            .filter(|(_, presence)| Presence::freshness(presence.as_ref(), now) == freshness)
            .count();
        gauge!("offpiste_hub_replicas", "freshness" => freshness.code()).set(exact(count as u64));
    }
}

/// How far each change of the documents' schema has come; from what the hub remembers, so that a restart resets nothing.
async fn schema(app: &App) -> Result<(), Problem> {
    for step in app.hub.schema_status().await? {
        let name = step.name;
        let progress = step.progress;
        for (outcome, documents) in [
            ("done", progress.done),
            ("failed", progress.failed),
            ("retried", progress.retried),
            ("failing", progress.failing.len() as u64),
        ] {
            gauge!("offpiste_hub_schema_documents", "step" => name.clone(), "outcome" => outcome)
                .set(exact(documents));
        }
        gauge!("offpiste_hub_schema_percent", "step" => name.clone()).set(exact(step.percent));
        gauge!("offpiste_hub_schema_behind", "step" => name).set(if step.behind {
            1.0
        } else {
            0.0
        });
    }
    Ok(())
}

/// Counts and times every request by its route, never by its address.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let begun = tokio::time::Instant::now();
    let response = next.run(request).await;
    let seconds = begun.elapsed().as_secs_f64();
    let status = response.status().as_str().to_owned();
    counter!("offpiste_hub_requests_total", "method" => method.clone(), "route" => route.clone(), "status" => status)
        .increment(1);
    histogram!("offpiste_hub_request_seconds", "method" => method, "route" => route)
        .record(seconds);
    response
}

/// Counts stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has floats only")]
fn exact(count: u64) -> f64 {
    count as f64
}
