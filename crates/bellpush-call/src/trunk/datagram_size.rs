//! What may be sent as one datagram (RFC 3261 section 18.1.1).

use rsipstack::sip::{Header, Request, SipMessage};

/// Bytes of a request that may be sent as a datagram where the path's MTU is not known.
pub(super) const MAX_DATAGRAM: usize = 1_300;

/// The bytes of a request as it is sent.
pub(super) fn wire_size(request: &Request) -> usize {
    let length = format!("Content-Length: {}\r\n", request.body.len());
    SipMessage::Request(request.clone()).to_bytes().len() + length.len()
}

/// Leaves out headers of these, in their order, until a request is short enough. Returns the names of
/// those that are gone.
pub(super) fn shorten<'a>(
    request: &mut Request,
    limit: usize,
    least_important: impl IntoIterator<Item = &'a Header>,
) -> Vec<String> {
    let mut left_out = Vec::new();
    for header in least_important {
        if wire_size(request) <= limit {
            break;
        }
        let is_it =
            |other: &Header| other.name() == header.name() && other.value() == header.value();
        if let Some(at) = request.headers.0.iter().rposition(is_it) {
            request.headers.0.remove(at);
            left_out.push(header.name().to_owned());
        }
    }
    left_out
}
