//! What an attempt sent, what came back and how long each part of it took, for people who look for
//! the cause of a failure. Bounded, and without secrets before it comes here.

use serde::{Deserialize, Serialize};

/// Headers that are kept of a request or an answer, at most.
pub const MAX_HEADERS: usize = 40;
/// Bytes that are kept of a header's value, at most.
pub const MAX_HEADER_BYTES: usize = 256;
/// Bytes that are kept of a body that a template made, at most.
pub const MAX_BODY_BYTES: usize = 4_096;

/// A request, and what is known of its answer beside status and body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// What was sent, or would have been sent if there had been a connection.
    pub request: SentRequest,
    /// The headers of the answer; `null` without an answer.
    pub response_headers: Option<Vec<Header>>,
    /// How long the parts of it took.
    pub timing: Timing,
}

/// A request. Secrets are not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SentRequest {
    /// The method.
    pub method: String,
    /// The URL as it was set, with its secrets named.
    pub url: String,
    /// The headers: at most 40, of each value at most 256 bytes.
    pub headers: Vec<Header>,
    /// The size of the body, in bytes.
    pub body_bytes: u32,
    /// The body that the integration's template made, at most 4 KiB; `null` where the envelope was
    /// sent as it is.
    pub body: Option<String>,
}

/// A header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Header {
    /// Its name, in small letters.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// How long the parts of an exchange took, in microseconds. What it did not come to is `null`; the
/// part in which it failed has the time until then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    /// Whether it went over a connection that was there already.
    pub reused: bool,
    /// Until there was a connection to send it on: the next three, and waiting for one that is free.
    pub connection_us: u32,
    /// Looking up the host's name, and checking its addresses.
    pub resolve_us: Option<u32>,
    /// Opening the connection.
    pub connect_us: Option<u32>,
    /// Agreeing on TLS.
    pub tls_us: Option<u32>,
    /// From the beginning of the request to the head of the answer.
    pub first_byte_us: Option<u32>,
    /// Reading the answer's body, as far as it is kept.
    pub body_us: Option<u32>,
}
