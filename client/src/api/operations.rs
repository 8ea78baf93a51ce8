//! Health, readiness and metrics.

use std::sync::OnceLock;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde::Serialize;

use super::answer::ApiError;
use crate::counter::{Counter, Line};

/// The process answers.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

#[derive(Serialize)]
pub(super) struct ReadyJson {
    ready: bool,
    reason: Option<&'static str>,
}

/// Orders can be taken in: the store answers, and the catalogue has come at least once. Says nothing about the line.
pub(super) async fn ready(State(counter): State<Counter>) -> (StatusCode, Json<ReadyJson>) {
    let reason = if counter.sync_state().await.is_err() {
        Some("the order store does not answer")
    } else if counter.catalogue().branch(counter.branch()).is_none() {
        Some("the catalogue has not come from the office yet")
    } else {
        None
    };
    let status = match reason {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let ready = reason.is_none();
    (status, Json(ReadyJson { ready, reason }))
}

/// Prometheus text.
pub(super) async fn metrics(State(counter): State<Counter>) -> Result<impl IntoResponse, ApiError> {
    let state = counter.sync_state().await?;
    let now = counter.now();
    let gauge = |name: &'static str, value: f64| metrics::gauge!(name).set(value);
    gauge(
        "offpiste_branch_pending_documents",
        number(state.pending.count),
    );
    gauge(
        "offpiste_branch_pending_oldest_seconds",
        seconds(
            state
                .pending
                .since
                .map_or(0, |since| now.millis_since(since)),
        ),
    );
    gauge(
        "offpiste_branch_line_proven",
        if matches!(state.line, Line::Proven { .. }) {
            1.0
        } else {
            0.0
        },
    );
    if let Some(last_contact) = state.last_contact {
        gauge(
            "offpiste_branch_last_contact_seconds",
            seconds(now.millis_since(last_contact)),
        );
    }
    gauge(
        "offpiste_branch_quarantined",
        number(state.quarantined.len() as u64),
    );
    gauge(
        "offpiste_branch_unreadable",
        number(state.unreadable.len() as u64),
    );
    gauge("offpiste_branch_documents", number(state.documents));
    gauge(
        "offpiste_branch_store_bytes",
        number(counter.bytes_on_disk().await?),
    );
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}

/// Names for people who look at the metrics. May be called again.
pub(super) fn describe_metrics() {
    if recorder().is_none() {
        tracing::warn!("metrics are recorded elsewhere in this process; /metrics stays empty");
    }
    metrics::describe_counter!(
        "offpiste_branch_exchanges_total",
        "Exchanges with the hub, by outcome"
    );
    metrics::describe_counter!(
        "offpiste_branch_documents_moved_total",
        "Documents exchanged with the hub, both ways"
    );
    metrics::describe_gauge!(
        "offpiste_branch_pending_documents",
        "Documents that wait for the hub"
    );
    metrics::describe_gauge!(
        "offpiste_branch_pending_oldest_seconds",
        "How long the oldest of them has waited"
    );
    metrics::describe_gauge!(
        "offpiste_branch_line_proven",
        "1 when a recent round trip proves the line"
    );
    metrics::describe_gauge!(
        "offpiste_branch_last_contact_seconds",
        "Seconds since the hub last answered"
    );
    metrics::describe_gauge!(
        "offpiste_branch_quarantined",
        "What one side could not take"
    );
    metrics::describe_gauge!(
        "offpiste_branch_unreadable",
        "Stored documents that this version cannot read"
    );
    metrics::describe_gauge!("offpiste_branch_documents", "Documents held");
    metrics::describe_gauge!(
        "offpiste_branch_store_bytes",
        "Bytes of the order store on disk"
    );
}

/// One recorder a process: the metrics crate has one global one.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    RECORDER
        .get_or_init(|| PrometheusBuilder::new().install_recorder().ok())
        .as_ref()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are floating point; 2^53 documents are far away"
)]
fn number(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
