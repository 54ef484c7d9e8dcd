//! For operators: `/healthz` (the process is up), `/readyz` (it can serve) and `/metrics`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use bellpush_core::access::{Permission, Place, Resource};
use bellpush_store::{SecretHash, Store};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret;

use crate::{
    access::Access,
    calls::Calls,
    config::ServerConfig,
    http::{client_ip::ClientIp, headers, problem::Problem},
};

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

/// Metrics at the address that everybody reaches: for who shows the token for them, or somebody who
/// may see what concerns the whole installation.
pub(crate) async fn metrics_by_token(
    State(metrics): State<PrometheusHandle>,
    State(config): State<Arc<ServerConfig>>,
    headers: HeaderMap,
    State(access): State<Access>,
    ClientIp(address): ClientIp,
) -> Result<Response, Problem> {
    let shown = headers::bearer(&headers).unwrap_or_default();
    let is_token = config.metrics_token.as_ref().is_some_and(|token| {
        // Compared as hashes: how long it takes tells nothing.
        SecretHash::of(token.expose_secret()) == SecretHash::of(shown)
    });
    if !is_token {
        let caller = access.identify(&headers, address).await?;
        caller.must(Permission::read(Resource::Notifications), Place::Installation)?;
    }
    Ok(metrics_openly(State(metrics)).await)
}

/// Metrics in Prometheus's text format, at an address of their own.
pub(crate) async fn metrics_openly(State(metrics): State<PrometheusHandle>) -> Response {
    let text = metrics.render();
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
