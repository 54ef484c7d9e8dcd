//! A SIP dialog (RFC 3261 section 12) as the caller sees it: what its requests look like.
//!
//! Pure: requests and responses go in and come out as values.

mod snapshot;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rsipstack::sip::{Header, Headers, HeadersExt as _, Method, Request, Response, Uri, Version};

use super::{
    flow::Flow,
    message_parts::{ALLOW, SUPPORTED, USER_AGENT, address, header, split_list, tag, uri, value},
    null_tag,
};

/// One dialog, early or confirmed.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    pub(super) call_id: String,
    /// Our From value, with its tag.
    local: String,
    /// The far side's To value, with its tag.
    remote: String,
    remote_target: Uri,
    /// Whether the far side has named it. If not, it is what the INVITE asked for, and requests go the way
    /// of that.
    is_target_named: bool,
    /// Where the message came from that named the target, when that was a datagram.
    remote_source: Option<SocketAddr>,
    /// Record-Route, nearest proxy first.
    routes: Vec<String>,
    cseq: Arc<AtomicU32>,
    remote_cseq: Option<u32>,
    /// The user part of our Contact.
    user: String,
}

impl Dialog {
    /// The dialog that a response to this INVITE creates; `None` when it lacks what a dialog
    /// needs. A far side that gives itself no tag has the null one (RFC 3261 section 12.1.2).
    pub(super) fn from_response(
        invite: &Request,
        response: &Response,
        source: Option<SocketAddr>,
        user: &str,
    ) -> Option<Self> {
        let target = value(&response.headers, "Contact")
            .and_then(|contact| split_list(contact).first().copied())
            .and_then(address)
            .and_then(uri);
        let mut routes: Vec<String> = response
            .headers
            .iter()
            .filter(|header| matches!(header, Header::RecordRoute(_)))
            .flat_map(|header| split_list(header.value()))
            .map(str::to_owned)
            .collect();
        routes.reverse();
        Some(Self {
            call_id: invite.call_id_header().ok()?.value().to_owned(),
            local: invite.from_header().ok()?.value().to_owned(),
            remote: response.to_header().ok()?.value().to_owned(),
            // A provisional response need not name one, and some 2xx don't either.
            is_target_named: target.is_some(),
            remote_target: target.unwrap_or_else(|| invite.uri.clone()),
            remote_source: source,
            routes,
            cseq: Arc::new(AtomicU32::new(invite.cseq_header().ok()?.seq().ok()?)),
            remote_cseq: None,
            user: user.to_owned(),
        })
    }

    /// The tag of the far side.
    pub(super) fn remote_tag(&self) -> Option<&str> {
        tag(&self.remote)
    }

    /// The number of the next request.
    pub(super) fn next_cseq(&self) -> u32 {
        self.cseq.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A counter that goes on numbering this dialog's requests.
    pub(super) fn cseq_counter(&self) -> impl FnMut() -> u32 + Send + use<> {
        let cseq = Arc::clone(&self.cseq);
        move || cseq.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The address that the next request is sent to: the nearest proxy, or the far side itself. `None`
    /// when neither is named: then it goes where the one before went.
    pub(super) fn next_hop(&self) -> Option<Uri> {
        let proxy = self.routes.first().and_then(|route| address(route)).and_then(uri);
        proxy.or_else(|| self.is_target_named.then(|| self.remote_target.clone()))
    }

    /// Where requests go instead of the target's address, be that named or found in DNS, when that is one
    /// behind address translation (RFC 3581): a private one that its owner calls itself by, but another is
    /// the one that it sends from. Proxies that stay in the dialog know the way themselves.
    pub(super) fn translated_target(&self, named: IpAddr) -> Option<SocketAddr> {
        let source = self.remote_source.filter(|_| self.routes.is_empty())?;
        let is_translated = is_private(named) && named != source.ip();
        // Between two processes of one machine there is no translation.
        (is_translated && !(named.is_loopback() && source.ip().is_loopback())).then_some(source)
    }

    /// The ACK of a 2xx to this INVITE (RFC 3261 section 13.2.2.4).
    pub(super) fn ack(&self, invite: &Request, flow: &Flow) -> Request {
        let mut headers = vec![flow.via(), Header::MaxForwards("70".into())];
        headers.extend(self.routes.iter().map(|route| Header::Route(route.as_str().into())));
        headers.extend([
            Header::From(self.local.as_str().into()),
            Header::To(self.remote.as_str().into()),
            Header::CallId(self.call_id.as_str().into()),
        ]);
        for header in invite.headers.iter() {
            match header {
                Header::CSeq(cseq) => {
                    headers.push(Header::CSeq(cseq.value().replace("INVITE", "ACK").into()));
                }
                Header::Authorization(_) | Header::ProxyAuthorization(_) => {
                    headers.push(header.clone());
                }
                _ => {}
            }
        }
        headers.push(header("User-Agent", USER_AGENT));
        headers.push(header("Content-Length", "0"));
        Request {
            method: Method::Ack,
            uri: self.remote_target.clone(),
            version: Version::V2,
            headers: headers.into(),
            body: Vec::new(),
        }
    }

    /// A request in the dialog.
    pub(super) fn request(&self, method: Method, flow: &Flow, more: Vec<Header>) -> Request {
        let cseq = self.next_cseq();
        let mut headers = vec![flow.via(), Header::MaxForwards("70".into())];
        headers.extend(self.routes.iter().map(|route| Header::Route(route.as_str().into())));
        headers.extend([
            Header::From(self.local.as_str().into()),
            Header::To(self.remote.as_str().into()),
            Header::CallId(self.call_id.as_str().into()),
            Header::CSeq(format!("{cseq} {method}").into()),
        ]);
        // RFC 3261 table 2 and RFC 3311: only these refresh the target.
        if matches!(method, Method::Invite | Method::Update) {
            headers.push(Header::Contact(self.contact(flow).into()));
            headers.push(header("Allow", ALLOW));
            headers.push(header("Supported", SUPPORTED));
        }
        headers.push(header("User-Agent", USER_AGENT));
        headers.extend(more);
        Request {
            method,
            uri: self.remote_target.clone(),
            version: Version::V2,
            headers: headers.into(),
            body: Vec::new(),
        }
    }

    /// Our Contact value.
    pub(super) fn contact(&self, flow: &Flow) -> String {
        flow.contact(&self.user)
    }

    /// Whether a request of the far side is in this dialog, and in order.
    pub(super) fn match_request(&mut self, request: &Request) -> RequestMatch {
        // Not by the stack's reading: it does not heed quotes.
        let theirs = request.from_header().ok().and_then(|from| tag(from.value()));
        let ours = request.to_header().ok().and_then(|to| tag(to.value()));
        if null_tag::as_sent(theirs) != tag(&self.remote) || ours != tag(&self.local) {
            return RequestMatch::OtherDialog;
        }
        let Some(cseq) = request.cseq_header().ok().and_then(|cseq| cseq.seq().ok()) else {
            return RequestMatch::OtherDialog;
        };
        // RFC 3261 section 12.2.2.
        if self.remote_cseq.is_some_and(|last| cseq <= last) {
            return RequestMatch::OutOfOrder;
        }
        self.remote_cseq = Some(cseq);
        RequestMatch::InOrder
    }

    /// Continues the early dialog with the same far side: their CSeq are one sequence, and its target stays
    /// unless the answer names another (RFC 3261 section 13.2.2.4).
    pub(super) fn continue_from(&mut self, early: &Self) {
        self.cseq = Arc::clone(&early.cseq);
        self.remote_cseq = early.remote_cseq;
        if !self.is_target_named && early.is_target_named {
            self.remote_target.clone_from(&early.remote_target);
            self.is_target_named = true;
            self.remote_source = early.remote_source;
        }
    }

    /// Takes the Contact of a request or response that refreshes the target (section 12.2), and
    /// where that came from.
    pub(super) fn refresh_target(&mut self, headers: &Headers, source: Option<SocketAddr>) {
        if let Some(target) = value(headers, "Contact").and_then(address).and_then(uri) {
            self.remote_target = target;
            self.is_target_named = true;
            self.remote_source = source;
        }
    }
}

/// How a far side's request relates to a dialog (RFC 3261 section 12.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestMatch {
    InOrder,
    /// Its CSeq is not above that of the last one.
    OutOfOrder,
    /// Of another dialog.
    OtherDialog,
}

/// The tag that names the far side of a response's dialog.
pub(super) fn to_tag(response: &Response) -> Option<String> {
    tag(response.to_header().ok()?.value()).map(str::to_owned)
}

/// Whether an address means something else, or nothing, outside of its own network.
fn is_private(ip: IpAddr) -> bool {
    // One of IPv4 may be written as one of IPv6.
    let ip = ip.to_canonical();
    if ip.is_unspecified() || ip.is_loopback() {
        return true;
    }
    match ip {
        IpAddr::V4(ip) => {
            // RFC 6598: between a provider's translation and its customers'.
            let is_shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64;
            ip.is_private() || ip.is_link_local() || is_shared
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
