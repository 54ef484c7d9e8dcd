//! What an INVITE says.

use std::time::Duration;

use rsipstack::sip::{Header, Method, Request, Uri, Version};

use crate::trunk::{
    Callee, SipTarget,
    datagram_size::shorten,
    flow::Flow,
    message_parts::{ALLOW, SUPPORTED, USER_AGENT, header, uri},
    session_timer::SessionExpires,
    trunk::{RequestIds, Trunk},
};

/// A call's INVITE; what changes from attempt to attempt is in it too.
pub(super) struct Invite {
    pub(super) ids: RequestIds,
    request_uri: Uri,
    from: String,
    to: String,
    /// The user part of our Contact.
    pub(super) user: String,
    /// Identity and additional headers.
    more: Vec<Header>,
    /// So many of them are never left out: who calls, and the call's id.
    kept: usize,
    pub(super) sdp: String,
    /// The session interval to ask for.
    pub(super) interval: Option<Duration>,
    /// The least interval that a proxy on the way wants.
    pub(super) min_interval: Duration,
}

impl Invite {
    /// `None` when the trunk's domain or the callee makes no URI.
    pub(super) fn new(trunk: &Trunk, target: SipTarget, sdp: String) -> Option<Self> {
        let SipTarget { to, caller, headers, session_timer, .. } = target;
        let (request_uri, to) = match to {
            Callee::User(user) => {
                (trunk.request_uri(Some(user.as_str()))?, trunk.address_of(user.as_str()))
            }
            Callee::Uri(address) => (uri(address.as_str())?, address.as_str().to_owned()),
        };
        let default = &trunk.config.caller;
        let user = match caller.user.as_ref().or(default.user.as_ref()) {
            Some(user) => user.as_str(),
            None => trunk.user(),
        };
        let min_interval = trunk.stack.config.min_session_interval;
        let ids = RequestIds::new();
        let name = caller.display_name.as_ref().or(default.display_name.as_ref());
        let name = name.filter(|name| !name.as_str().is_empty());
        let name = name.map_or_else(String::new, |name| format!("{} ", name.quoted()));
        let from = format!("{name}<{}>;tag={}", trunk.address_of(user), ids.tag);
        let mut more = Vec::new();
        if let Some(asserted) = caller.asserted.as_ref().or(default.asserted.as_ref()) {
            more.push(header("P-Asserted-Identity", format!("<{asserted}>")));
        }
        let kept = more.len() + 1;
        more.extend(headers.iter().map(|(name, value)| {
            Header::Other(name.as_str().to_owned(), value.as_str().to_owned())
        }));
        Some(Self {
            ids,
            request_uri,
            from,
            to: format!("<{to}>"),
            user: trunk.user().to_owned(),
            more,
            kept,
            sdp,
            interval: session_timer.map(|interval| interval.max(min_interval)),
            min_interval,
        })
    }

    /// The request for this flow, with the present CSeq.
    pub(super) fn request(&self, flow: &Flow) -> Request {
        let mut headers = vec![
            flow.via(),
            Header::MaxForwards("70".into()),
            Header::From(self.from.as_str().into()),
            Header::To(self.to.as_str().into()),
            Header::CallId(self.ids.call_id.as_str().into()),
            Header::CSeq(format!("{} INVITE", self.ids.cseq).into()),
            Header::Contact(flow.contact(&self.user).into()),
            header("Allow", ALLOW),
            header("Supported", SUPPORTED),
            header("User-Agent", USER_AGENT),
            header("Content-Type", "application/sdp"),
        ];
        if let Some(interval) = self.interval {
            headers.push(SessionExpires { interval, refresher: None }.header());
            headers.push(header("Min-SE", self.min_interval.as_secs().to_string()));
        }
        headers.extend(self.more.iter().cloned());
        Request {
            method: Method::Invite,
            uri: self.request_uri.clone(),
            version: Version::V2,
            headers: headers.into(),
            body: self.sdp.clone().into_bytes(),
        }
    }
}

impl Invite {
    /// Leaves out additional headers until a request is short enough, the last ones first: those
    /// that the call is known by come first, the context comes last. Returns their names.
    pub(super) fn shorten(&self, request: &mut Request, limit: usize) -> Vec<String> {
        shorten(request, limit, self.more.iter().skip(self.kept).rev())
    }
}

/// The CANCEL of an INVITE that was sent (RFC 3261 section 9.1): its branch, number and route.
pub(super) fn cancel(invite: &Request) -> Request {
    let mut headers: Vec<Header> = invite
        .headers
        .iter()
        .filter(|header| {
            matches!(
                header,
                Header::Via(_)
                    | Header::From(_)
                    | Header::To(_)
                    | Header::CallId(_)
                    | Header::Route(_)
                    | Header::MaxForwards(_)
            )
        })
        .cloned()
        .collect();
    headers.extend(invite.headers.iter().filter_map(|header| match header {
        Header::CSeq(cseq) => Some(Header::CSeq(cseq.value().replace("INVITE", "CANCEL").into())),
        _ => None,
    }));
    headers.push(header("User-Agent", USER_AGENT));
    Request {
        method: Method::Cancel,
        uri: invite.uri.clone(),
        version: Version::V2,
        headers: headers.into(),
        body: Vec::new(),
    }
}
