//! Requests of the far side that are not taken, whatever the state of their dialog.

use rsipstack::sip::{Header, Method, Request};

use crate::{
    Digit,
    trunk::{
        body,
        message_parts::{ALLOW, header, info_digit, value},
    },
};

/// The status that a request in a dialog is refused with and the headers that go with that, if it is one
/// that we never take.
pub(super) fn refusal(request: &Request) -> Option<(u16, Vec<Header>)> {
    if let Some(unknown) = unsupported(request) {
        return Some((420, vec![header("Unsupported", unknown)]));
    }
    match request.method {
        Method::Invite | Method::Update | Method::Bye | Method::Options => None,
        Method::Info if request.body.is_empty() || digit(request).is_some() => None,
        Method::Info => Some((415, body::accepted("application/dtmf-relay, application/dtmf"))),
        // Nobody is transferred: only configured destinations can be called.
        Method::Refer => Some((603, Vec::new())),
        _ => Some((405, vec![header("Allow", ALLOW)])),
    }
}

/// The key that an INFO presses.
pub(super) fn digit(request: &Request) -> Option<Digit> {
    let kind = value(&request.headers, "Content-Type").unwrap_or_default();
    info_digit(kind, &request.body).filter(|_| !body::is_encoded(&request.headers))
}

/// What may be required of us. Reliable responses (RFC 3262) are those above 100 alone, and in a dialog we send
/// no such one.
const EXTENSIONS: [&str; 2] = ["timer", "100rel"];

/// The extensions that a request needs and we don't have.
fn unsupported(request: &Request) -> Option<String> {
    let unknown: Vec<&str> = request
        .headers
        .iter()
        .filter(|header| matches!(header, Header::Require(_)))
        .flat_map(|header| header.value().split(','))
        .map(str::trim)
        .filter(|option| !option.is_empty())
        .filter(|option| !EXTENSIONS.iter().any(|known| option.eq_ignore_ascii_case(known)))
        .collect();
    (!unknown.is_empty()).then(|| unknown.join(", "))
}
