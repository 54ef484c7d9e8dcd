//! One request to see whether an endpoint works: a sample event, beside the queue.

use std::time::{Duration, Instant};

use bellpush_core::delivery::{PendingDelivery, exchange::Header};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::{
    client::{Outcome, WebhookClient},
    endpoint::Endpoint,
};

const TEST: HeaderName = HeaderName::from_static("bellpush-test");

/// A request with a sample event, and what came of it.
#[derive(Debug, Clone)]
pub struct EndpointTest {
    /// The headers that it was sent with, as the delivery log shows them.
    pub headers: Vec<Header>,
    /// The body that it was sent with; nothing when there could be none.
    pub body: Bytes,
    /// The headers of the answer, likewise.
    pub response_headers: Vec<Header>,
    /// What the endpoint said, or why it said nothing, without headers. The secrets that it was sent are
    /// taken out.
    pub outcome: Outcome,
    /// From the start of the request to the end of its answer.
    pub duration: Duration,
}

/// Sends the sample as an attempt would be sent, marked as a test.
pub(super) async fn test(
    client: &WebhookClient,
    endpoint: &Endpoint,
    sample: &PendingDelivery,
) -> EndpointTest {
    let begun = Instant::now();
    let mut request = match endpoint.request(sample, 1, Timestamp::now()) {
        Ok(request) => request,
        Err(error) => {
            let outcome = Outcome::none(error.class(), error.to_string());
            let (headers, response_headers) = (Vec::new(), Vec::new());
            let (body, duration) = (Bytes::new(), begun.elapsed());
            return EndpointTest { headers, body, response_headers, outcome, duration };
        }
    };
    request.headers.insert(TEST, HeaderValue::from_static("1"));
    let mut outcome = client.post(&request, endpoint.timeout).await;
    let duration = begun.elapsed();
    outcome.detail = endpoint.redact(outcome.detail, outcome.is_cut);
    let headers = endpoint.shown(&request.headers);
    let response_headers = endpoint.shown(&std::mem::take(&mut outcome.headers));
    EndpointTest { headers, body: request.body, response_headers, outcome, duration }
}
