//! What is sent: made by the endpoint, and sent once.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};

/// A request, ready to be sent.
#[derive(Debug)]
pub struct Request {
    /// By which method: POST for what is delivered.
    pub method: Method,
    /// Where to.
    pub uri: Uri,
    /// All headers but those of the connection.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}
