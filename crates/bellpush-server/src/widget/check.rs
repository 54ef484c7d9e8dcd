//! `GET /w/check`: a document that finds out, in the widget's place, what would keep calls from being
//! made there. It holds nothing of any app, so that every page may show it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{self, Sse},
    },
};
use bellpush_call::MediaProbe;
use futures_util::stream;
use serde::Serialize;

use super::html::{NO_REFERRER, Nonce, Page};
use crate::{
    calls::Calls,
    http::{client_ip::LimitKey, limits::Limits, problem::Problem},
};

/// How long after the first message of a stream the second one is sent.
const GAP: Duration = Duration::from_secs(1);

/// Serves the document.
pub(crate) async fn document(
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let nonce = Nonce::random();
    let page = Page {
        status: StatusCode::OK,
        html: format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Check</title>\
             <script type=\"module\" src=\"/embed/check-frame.js\" nonce=\"{nonce}\"></script>\
             </head><body></body></html>"
        ),
        policy: format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; connect-src 'self'; base-uri 'none'; \
             form-action 'none'"
        ),
        permissions: "microphone=(self)",
        referrer: NO_REFERRER,
    };
    Ok(page.into_response())
}

/// What the document needs to try the media port: by an answer to WebRTC that it writes itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MediaTrial {
    ufrag: String,
    password: String,
    fingerprint: String,
    candidates: Vec<String>,
}

/// Serves what the media port can be tried with, without a call.
pub(crate) async fn media(
    State(limits): State<Arc<Limits>>,
    State(calls): State<Arc<Calls>>,
    LimitKey(address): LimitKey,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let trial = calls.media_probe().map(|probe| {
        let MediaProbe { ufrag, password, fingerprint, candidates } = probe;
        MediaTrial { ufrag, password, fingerprint, candidates }
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(trial)).into_response())
}

/// Serves a stream of two messages, to see whether something on the way holds the first one back.
pub(crate) async fn stream(
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let messages = stream::unfold(0_u8, |sent| async move {
        match sent {
            0 => {}
            1 => tokio::time::sleep(GAP).await,
            _ => return None,
        }
        let event = sse::Event::default().data(sent.to_string());
        Some((Ok::<_, Infallible>(event), sent + 1))
    });
    let as_for_calls =
        [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((as_for_calls, Sse::new(messages)).into_response())
}
