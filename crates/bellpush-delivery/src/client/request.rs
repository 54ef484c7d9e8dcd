//! What is sent: made by the endpoint, and sent once.

use bytes::Bytes;
use http::{HeaderMap, Uri};

/// A request, ready to be sent by POST.
#[derive(Debug)]
pub struct Request {
    /// Where to.
    pub uri: Uri,
    /// All headers but those of the connection.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}
