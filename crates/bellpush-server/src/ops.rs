//! For operators: `/healthz` (the process is up), `/readyz` (it can serve) and `/metrics`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use bellpush_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{calls::Calls, http::problem::Problem};

/// Answers as long as the process serves HTTP at all.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Answers 200 while new calls and events can be taken: the store works and the server does not
/// drain.
pub(crate) async fn readyz(
    State(calls): State<Arc<Calls>>,
    State(store): State<Store>,
) -> Result<&'static str, Problem> {
    if calls.is_draining() {
        return Err(Problem::shutting_down("the server is stopping"));
    }
    store.check().await?;
    Ok("ready\n")
}

/// Metrics in Prometheus's text format.
pub(crate) async fn metrics(State(metrics): State<PrometheusHandle>) -> Response {
    let text = metrics.render();
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
