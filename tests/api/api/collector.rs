//! An OpenTelemetry collector that keeps the spans that it is sent by OTLP over HTTP.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use bellpush_test_support::{SOON, eventually};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, status::StatusCode as SpanStatus},
};
use prost::Message;
use tokio::{net::TcpListener, task::JoinHandle};

/// A span as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    /// Empty when it has none.
    pub(crate) parent: String,
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) failed: bool,
    pub(crate) attributes: HashMap<String, String>,
    pub(crate) service: String,
}

/// A running collector. Dropping it closes it.
pub(crate) struct Collector {
    address: SocketAddr,
    state: Arc<Received>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Received {
    spans: Mutex<Vec<Found>>,
    heads: Mutex<Vec<HeaderMap>>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Received>::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&state));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, state, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn spans(&self) -> Vec<Found> {
        self.state.spans.lock().unwrap().clone()
    }

    /// The heads of all requests.
    pub(crate) fn heads(&self) -> Vec<HeaderMap> {
        self.state.heads.lock().unwrap().clone()
    }

    /// Waits until there are so many spans.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Found> {
        let enough = async || Ok(Some(self.spans()).filter(|spans| spans.len() >= count));
        eventually("spans at the collector", SOON, enough).await.unwrap()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(state): State<Arc<Received>>, head: HeaderMap, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    state.heads.lock().unwrap().push(head);
    for group in request.resource_spans {
        let resource = attributes(group.resource.unwrap_or_default().attributes);
        let service = resource.get("service.name").cloned().unwrap_or_default();
        let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
        let found = spans.map(|span| found(span, &service));
        state.spans.lock().unwrap().extend(found);
    }
    StatusCode::OK
}

fn found(span: Span, service: &str) -> Found {
    Found {
        name: span.name,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        began: span.start_time_unix_nano,
        ended: span.end_time_unix_nano,
        failed: span.status.is_some_and(|status| status.code == SpanStatus::Error as i32),
        attributes: attributes(span.attributes),
        service: service.to_owned(),
    }
}

fn attributes(all: Vec<KeyValue>) -> HashMap<String, String> {
    let text = |value| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |one: KeyValue| (one.key, text(one.value.and_then(|value| value.value)));
    all.into_iter().map(pair).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
