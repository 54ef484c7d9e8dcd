//! Requests with methods that nobody knows here: 501 (RFC 3261 section 8.2.1).
//!
//! The stack below reads no message with a method that it does not know, so they are answered
//! before.

use std::{net::SocketAddr, str::FromStr as _};

use rsipstack::sip::{
    Header, HeadersExt as _, Method, Request, Response, SipMessage, StatusCode, Version,
    prelude::HasHeaders as _,
};

use super::{
    header::is_token,
    incoming::answer_to,
    message_parts::{ALLOW, USER_AGENT, header, tag},
};

/// The answer to a message, if that is a request with an unknown method.
pub(super) fn not_implemented(message: &[u8], from: SocketAddr) -> Option<Response> {
    let end = message.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(message.get(..end)?).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let is_request = rest.trim_end().ends_with(" SIP/2.0");
    if !is_request || !method.bytes().all(is_token) || Method::from_str(method).is_ok() {
        return None;
    }
    // Read as if it had another.
    let known = [b"OPTIONS ", rest.as_bytes(), message.get(end..)?].concat();
    let Ok(SipMessage::Request(mut request)) = SipMessage::try_from(known.as_slice()) else {
        return None;
    };
    answer_to(&mut request, from)?;
    Some(response(&request))
}

fn response(request: &Request) -> Response {
    let has_tag = request.to_header().is_ok_and(|to| tag(to.value()).is_some());
    let our_tag =
        if has_tag { String::new() } else { format!(";tag={:016x}", rand::random::<u64>()) };
    let mut headers: Vec<Header> = Vec::new();
    for ours in request.headers().iter() {
        match ours {
            Header::Via(_) | Header::From(_) | Header::CallId(_) | Header::CSeq(_) => {
                headers.push(ours.clone());
            }
            Header::To(to) => headers.push(Header::To(format!("{}{our_tag}", to.value()).into())),
            _ => {}
        }
    }
    headers.push(header("Allow", ALLOW));
    headers.push(header("User-Agent", USER_AGENT));
    headers.push(header("Content-Length", "0"));
    Response {
        status_code: StatusCode::NotImplemented,
        wire_reason: None,
        version: Version::V2,
        headers: headers.into(),
        body: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(start: &str) -> Option<String> {
        let message = format!(
            "{start}\r\nVia: SIP/2.0/UDP victim.example;branch=z9hG4bK1\r\nFrom: <sip:y@h>;tag=1\r\n\
             To: <sip:x@h>\r\nCall-ID: 1\r\nCSeq: 7 FOO\r\nContent-Length: 0\r\n\r\n"
        );
        let from = ([192, 0, 2, 7], 4_000).into();
        not_implemented(message.as_bytes(), from).map(|response| response.to_string())
    }

    #[test]
    fn an_unknown_method_is_not_implemented_and_the_answer_goes_to_the_source() {
        let text = answer("FOO sip:x@h SIP/2.0").unwrap();
        assert!(text.starts_with("SIP/2.0 501 "), "{text}");
        for part in ["received=192.0.2.7", "rport=4000", "CSeq: 7 FOO", ";tag=", "Allow: "] {
            assert!(text.contains(part), "{part} in {text}");
        }
        for other in ["OPTIONS sip:x@h SIP/2.0", "SIP/2.0 200 OK", "FOO", "F{} sip:x SIP/2.0", ""] {
            assert_eq!(answer(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_survive(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let message = [b"FOO sip:x SIP/2.0\r\n".as_slice(), &bytes].concat();
            let _ = not_implemented(&message, ([192, 0, 2, 7], 4_000).into());
            let _ = not_implemented(&bytes, ([192, 0, 2, 7], 4_000).into());
        }
    }
}
