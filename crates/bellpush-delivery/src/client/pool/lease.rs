//! What a request has of a connection, and how it gives that back.

use std::sync::Arc;

use super::{Host, IDLE_CONNECTIONS, MANY_STREAMS};
use crate::client::{
    http1::Http1,
    http2::{Http2Stream, Refused},
    stopwatch::Opened as OpenedAt,
};

/// A connection, or a stream on one, for one request.
pub(in crate::client) enum Lease {
    Http1(Http1Lease),
    Http2(Http2Lease),
}

impl Lease {
    /// When its connection was opened.
    pub(in crate::client) const fn opened(&self) -> OpenedAt {
        match self {
            Self::Http1(lease) => lease.connection.opened,
            Self::Http2(lease) => lease.stream.opened,
        }
    }

    /// Its connection was there before the request, so that the endpoint may just be closing it.
    pub(super) const fn was_there(&mut self) {
        match self {
            Self::Http1(lease) => lease.connection.reused = true,
            Self::Http2(lease) => lease.stream.reused = true,
        }
    }
}

/// A connection of HTTP/1.1. It is closed when this is dropped.
pub(in crate::client) struct Http1Lease {
    pub(super) host: Arc<Host>,
    pub(in crate::client) connection: Http1,
}

impl Http1Lease {
    /// The answer was read to its end: the connection is for the next request.
    pub(in crate::client) fn finish(mut self) {
        if self.connection.finish() {
            let mut state = self.host.state();
            if state.idle.len() < IDLE_CONNECTIONS {
                state.idle.push(self.connection);
            }
            self.host.serve(state);
        }
    }
}

/// A stream on a connection of HTTP/2. It is given back when this is dropped.
pub(in crate::client) struct Http2Lease {
    pub(super) host: Option<Arc<Host>>,
    pub(in crate::client) stream: Http2Stream,
}

impl Drop for Http2Lease {
    fn drop(&mut self) {
        let Some(host) = self.host.take() else { return };
        let mut state = host.state();
        match self.stream.refused {
            // What else is on its way there may end.
            Some(Refused::Connection) => state.http2.retain(|one| !one.is(&self.stream)),
            Some(Refused::Http2) => {
                state.http1_only = true;
                state.speaks_http2 = false;
                state.http2.clear();
            }
            None => {}
        }
        let mut allowance = None;
        if let Some(connection) = state.http2.iter_mut().find(|one| one.is(&self.stream)) {
            connection.close_one();
            if self.stream.is_unheard() {
                connection.suspect();
            }
            if connection.has_taken_all() && !connection.is_gone() {
                let doubled = connection.allowance().saturating_mul(2);
                let doubled = if doubled > MANY_STREAMS { u32::MAX } else { doubled };
                connection.allow(doubled);
                allowance = Some(doubled);
            }
        }
        if let Some(allowance) = allowance {
            state.allowance = allowance;
        }
        host.serve(state);
    }
}
