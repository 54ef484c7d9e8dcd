//! How one hop is reached, and what requests say of it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rsipstack::{
    sip::{Header, Method, Request, Transport},
    transport::{SipAddr, SipConnection},
};
use tokio_util::sync::CancellationToken;

use super::{SipTransport, message_parts::host_port, resolver::Hop};

/// How one far side is reached (RFC 5626 section 2): a connection, or the UDP socket and an address.
#[derive(Clone)]
pub(super) struct Flow {
    pub(super) connection: SipConnection,
    pub(super) hop: Hop,
    /// The address that the far side reaches us by.
    pub(super) local: SocketAddr,
    /// Cancelled when a connection is closed; datagrams have none.
    pub(super) closed: CancellationToken,
    /// What has come by the connection.
    pub(super) arrivals: Arc<Arrivals>,
    /// Whether the connection was there before: then it may be dead, and nobody has noticed.
    pub(super) is_reused: bool,
}

/// What has come by a connection.
#[derive(Default)]
pub(super) struct Arrivals {
    /// How often something has come.
    count: AtomicU64,
    /// Whether its far side answers OPTIONS: not everybody does.
    answers_options: AtomicBool,
}

impl Arrivals {
    /// How often something has come so far.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Something has come.
    pub(super) fn add(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was answered.
    pub(super) fn answered(&self, method: Method) {
        if method == Method::Options {
            self.answers_options.store(true, Ordering::Relaxed);
        }
    }
}

impl Flow {
    /// A Via header with a new branch.
    pub(super) fn via(&self) -> Header {
        let transport = self.hop.transport.name().to_ascii_uppercase();
        let branch = rand::random::<u128>();
        Header::Via(
            format!(
                "SIP/2.0/{transport} {};branch=z9hG4bK{branch:032x};rport",
                host_port(self.local)
            )
            .into(),
        )
    }

    /// The address of ours that the far side sends its requests to.
    pub(super) fn contact(&self, user: &str) -> String {
        let at = host_port(self.local);
        match self.hop.transport {
            SipTransport::Udp => format!("<sip:{user}@{at}>"),
            transport => format!("<sip:{user}@{at};transport={}>", transport.name()),
        }
    }

    /// Whether nobody is at the other end of the connection any more: a request was not answered there, and
    /// nothing else has come since it was sent, when that had been so often.
    pub(super) fn is_dead(&self, unanswered: Method, arrivals: u64) -> bool {
        !self.is_datagrams()
            && self.arrivals.count() == arrivals
            && (unanswered != Method::Options
                || self.arrivals.answers_options.load(Ordering::Relaxed))
    }

    /// Whether what is sent may be lost.
    pub(super) fn is_datagrams(&self) -> bool {
        self.hop.transport == SipTransport::Udp
    }
}

impl Hop {
    pub(super) fn sip_addr(&self) -> SipAddr {
        let transport = match self.transport {
            SipTransport::Udp => Transport::Udp,
            SipTransport::Tcp => Transport::Tcp,
            SipTransport::Tls => Transport::Tls,
        };
        SipAddr { r#type: Some(transport), addr: self.address.into() }
    }
}

/// Makes a request ready to be sent again: new branch, new number.
pub(super) fn renew(request: &mut Request, flow: &Flow, cseq: u32) {
    let method = request.method;
    for header in request.headers.iter_mut() {
        match header {
            Header::Via(_) => *header = flow.via(),
            Header::CSeq(_) => *header = Header::CSeq(format!("{cseq} {method}").into()),
            _ => {}
        }
    }
}
