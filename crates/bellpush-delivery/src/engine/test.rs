//! One request to see whether an endpoint works: a sample event, beside the queue.

use std::time::{Duration, Instant};

use bellpush_core::delivery::PendingDelivery;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::{
    client::{Outcome, WebhookClient},
    endpoint::Endpoint,
};

/// What stands for the name of a header that holds a secret.
const REDACTED: HeaderName = HeaderName::from_static("redacted");
const TEST: HeaderName = HeaderName::from_static("bellpush-test");

/// A request with a sample event, and what came of it.
#[derive(Debug, Clone)]
pub struct EndpointTest {
    /// The headers that it was sent with. Those that hold a secret are marked as sensitive.
    pub headers: HeaderMap,
    /// The body that it was sent with; nothing when there could be none.
    pub body: Bytes,
    /// What the endpoint said, or why it said nothing. The secrets that it was sent are taken out.
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
            let (headers, body) = (HeaderMap::new(), Bytes::new());
            return EndpointTest { headers, body, outcome, duration: begun.elapsed() };
        }
    };
    request.headers.insert(TEST, HeaderValue::from_static("1"));
    let (headers, body) = (request.headers.clone(), request.body.clone());
    let mut outcome = client.post(&request, endpoint.timeout).await;
    let duration = begun.elapsed();
    outcome.detail = endpoint.redact(outcome.detail, outcome.is_cut);
    let told = std::mem::take(&mut outcome.headers);
    for (name, value) in &told {
        // Of a name nothing can be taken out: what stands in its place could not be written.
        if endpoint.is_secret_in_name(name.as_str()) {
            outcome.headers.append(REDACTED, value.clone());
        } else {
            outcome.headers.append(name, value.clone());
        }
    }
    for value in outcome.headers.values_mut() {
        let said = endpoint.redact(String::from_utf8_lossy(value.as_bytes()).into_owned(), false);
        // What can't be written any more is not shown.
        *value = HeaderValue::from_str(&said).unwrap_or_else(|_| HeaderValue::from_static(""));
    }
    EndpointTest { headers, body, outcome, duration }
}
