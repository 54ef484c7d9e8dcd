//! Sends the spans of events to an OpenTelemetry collector, by OTLP over HTTP (docs/operations.md).
//!
//! Nothing waits for a collector: what it does not take in time is lost, and counted.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context;
use async_trait::async_trait;
use bellpush_core::trace::{AttributeValue, Span, SpanKind, SpanSink};
use bellpush_delivery::client::system_tls;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::Timestamp;
use metrics::{Counter, counter, describe_counter};
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId, Value,
    trace::{self, SpanContext, Status, TraceState},
};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    resource::{EnvResourceDetector, ResourceDetector, TelemetryResourceDetector},
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanExporter, SpanLinks,
        SpanProcessor,
    },
};
use tokio::runtime::Handle;
use tracing::{info, warn};
use url::Url;
use uuid::Uuid;

/// Spans that may wait to be sent.
const QUEUE: usize = 8_192;
/// How long the collector may take for a batch, with the retries.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes that the collector may answer.
const ANSWER_BYTES: usize = 64 * 1024;
/// While the collector is away, the log says so at most this often.
const TELL_EVERY: Duration = Duration::from_secs(60);
const SPANS: &str = "bellpush_trace_spans_total";

/// The way to the collector.
#[derive(Debug)]
pub(crate) struct Traces {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    queued: Arc<AtomicUsize>,
    lost: Lost,
}

impl Traces {
    /// Begins to send spans. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the collector's URL, or a variable `OTEL_…` of the environment, can't be used.
    pub(crate) fn start(endpoint: &Url) -> anyhow::Result<Self> {
        describe_counter!(SPANS, "Spans of traces by outcome: sent, or lost.");
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Http::new()?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')))
            .with_timeout(TIMEOUT)
            .build()?;
        let (queued, lost) = (Arc::<AtomicUsize>::default(), Lost::default());
        let exporter = Watched { exporter, queued: Arc::clone(&queued), lost: lost.clone() };
        let config = BatchConfigBuilder::default().with_max_queue_size(QUEUE).build();
        let mut processor = BatchSpanProcessor::new(exporter, config);
        processor.set_resource(&resource());
        let scope = InstrumentationScope::builder("bellpush")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Ok(Self { processor, scope, queued, lost })
    }

    /// Sends what is waiting, and gives up after a while. No span is taken any more.
    pub(crate) async fn stop(self: Arc<Self>, patience: Duration) {
        let stopping = move || self.processor.shutdown_with_timeout(patience);
        if !matches!(tokio::task::spawn_blocking(stopping).await, Ok(Ok(()))) {
            warn!("the collector of traces did not take the last spans in time");
        }
    }

    fn data(&self, span: Span) -> SpanData {
        let Span {
            context,
            parent,
            parent_is_remote,
            kind,
            start_time,
            end_time,
            attributes,
            failure,
        } = span;
        let (name, span_kind) = match kind {
            SpanKind::Call => ("call", trace::SpanKind::Server),
            SpanKind::Ingest => ("ingest", trace::SpanKind::Producer),
            SpanKind::Queue => ("queue", trace::SpanKind::Internal),
            SpanKind::Attempt => ("attempt", trace::SpanKind::Client),
        };
        let attribute = |(key, value)| {
            let value = match value {
                AttributeValue::Text(text) => Value::from(text),
                AttributeValue::Number(number) => Value::from(number),
            };
            KeyValue::new(key, value)
        };
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(context.trace_id.get()),
                SpanId::from(context.span_id.get()),
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: parent.map_or(SpanId::INVALID, |parent| SpanId::from(parent.get())),
            parent_span_is_remote: parent_is_remote,
            span_kind,
            name: Cow::Borrowed(name),
            start_time: time(start_time),
            end_time: time(end_time),
            attributes: attributes.into_iter().map(attribute).collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: failure.map_or(Status::Unset, |failure| Status::error(failure.as_str())),
            instrumentation_scope: self.scope.clone(),
        }
    }
}

impl SpanSink for Traces {
    fn take(&self, span: Span) {
        if self.queued.fetch_add(1, Ordering::AcqRel) < QUEUE {
            self.processor.on_end(self.data(span));
        } else {
            self.queued.fetch_sub(1, Ordering::AcqRel);
            self.lost.add(1, "they come faster than it takes them");
        }
    }
}

fn time(at: Timestamp) -> SystemTime {
    // Any time that the clock can show fits.
    SystemTime::try_from(at).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Who sends the spans. The environment's word counts more than ours.
fn resource() -> Resource {
    let environment: [Box<dyn ResourceDetector>; 2] =
        [Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())];
    let named = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    let resource = Resource::builder_empty()
        .with_service_name("bellpush")
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", Uuid::now_v7().to_string()),
        ])
        .with_detectors(&environment);
    match named {
        Some(name) => resource.with_service_name(name),
        None => resource,
    }
    .build()
}

/// Counts spans that are lost, and says so now and then.
#[derive(Debug, Clone, Default)]
struct Lost(Arc<Mutex<Untold>>);

#[derive(Debug, Default)]
struct Untold {
    told_at: Option<Instant>,
    spans: usize,
}

impl Lost {
    fn add(&self, spans: usize, why: &str) {
        outcome("lost").increment(spans as u64);
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.spans += spans;
        if untold.told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
            warn!(spans = untold.spans, why, "the collector of traces does not take spans");
            *untold = Untold { told_at: Some(Instant::now()), spans: 0 };
        }
    }

    fn over(&self) {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if untold.told_at.take().is_some() {
            info!(lost = untold.spans, "the collector of traces takes spans again");
            untold.spans = 0;
        }
    }
}

fn outcome(outcome: &'static str) -> Counter {
    counter!(SPANS, "outcome" => outcome)
}

/// The exporter, with an eye on how it does.
#[derive(Debug)]
struct Watched {
    exporter: opentelemetry_otlp::SpanExporter,
    queued: Arc<AtomicUsize>,
    lost: Lost,
}

impl SpanExporter for Watched {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.queued.fetch_sub(spans, Ordering::AcqRel);
        let sent = self.exporter.export(batch).await;
        match &sent {
            Ok(()) => {
                outcome("sent").increment(spans as u64);
                self.lost.over();
            }
            Err(error) => self.lost.add(spans, &error.to_string()),
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Sends a batch. Unlike endpoints the collector is the operator's, so that any address may be called.
#[derive(Debug)]
struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// The exporter has a thread of its own, outside of it.
    runtime: Handle,
}

impl Http {
    fn new() -> anyhow::Result<Self> {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(system_tls()?)
            .https_or_http()
            .enable_http1()
            .build();
        let runtime = Handle::try_current().context("traces need the async runtime")?;
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(https), runtime })
    }
}

#[async_trait]
impl HttpClient for Http {
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = async move {
            let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES).collect().await?.to_bytes();
            Ok(http::Response::from_parts(head, body))
        };
        // Timers and sockets are of the runtime: everything is made there.
        self.runtime.spawn(async { tokio::time::timeout(TIMEOUT, sending).await }).await??
    }
}
