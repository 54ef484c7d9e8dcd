//! What goes over the wire of recorded calls, told to the recorder.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bellpush_core::{
    ids::CallId,
    record::{RecordEntry, SipCarrier, SipMessage as Recorded},
};
use rsipstack::{
    sip::{HeadersExt as _, SipMessage},
    transaction::endpoint::MessageInspector,
    transport::SipAddr,
};

use super::{SipTransport, flow::Flow};
use crate::recorder::{Recorder, masked};

/// Bytes of one message that are kept, at most.
const MAX_MESSAGE: usize = 16 * 1_024;

/// Listens to the messages of the calls that are recorded, by their Call-IDs.
#[derive(Clone)]
pub(super) struct Tap {
    recorder: Recorder,
    calls: Arc<Mutex<HashMap<String, TappedCall>>>,
    listeners: Arc<AtomicU64>,
}

#[derive(Debug, Clone, Copy)]
struct TappedCall {
    call_id: CallId,
    /// Whose it is: the number of the [`Tapped`].
    listener: u64,
    /// The way that it takes, once that is known.
    way: Option<Way>,
}

#[derive(Debug, Clone, Copy)]
struct Way {
    transport: SipCarrier,
    local: SocketAddr,
    remote: SocketAddr,
}

/// A call that is listened to, until it is dropped.
pub(super) struct Tapped {
    tap: Tap,
    sip_call_id: String,
    listener: u64,
}

impl Tap {
    pub(super) fn new(recorder: Recorder) -> Self {
        Self { recorder, calls: Arc::default(), listeners: Arc::default() }
    }

    /// Listens to the messages with this Call-ID from now on.
    pub(super) fn listen(&self, sip_call_id: &str, call_id: CallId) -> Option<Tapped> {
        if !self.recorder.is_on() {
            return None;
        }
        let listener = self.listeners.fetch_add(1, Ordering::Relaxed);
        let call = TappedCall { call_id, listener, way: None };
        self.lock().insert(sip_call_id.to_owned(), call);
        Some(Tapped { tap: self.clone(), sip_call_id: sip_call_id.to_owned(), listener })
    }

    /// The messages with this Call-ID go this way from now on.
    pub(super) fn goes_by(&self, sip_call_id: &str, flow: &Flow) {
        let transport = match flow.hop.transport {
            SipTransport::Udp => SipCarrier::Udp,
            SipTransport::Tcp => SipCarrier::Tcp,
            SipTransport::Tls => SipCarrier::Tls,
        };
        if let Some(call) = self.lock().get_mut(sip_call_id) {
            call.way = Some(Way { transport, local: flow.local, remote: flow.hop.address });
        }
    }

    /// A message went out, or came in from an address.
    pub(super) fn heard(&self, message: &SipMessage, sent: bool, remote: Option<SocketAddr>) {
        if !self.recorder.is_on() {
            return;
        }
        let id = match message {
            SipMessage::Request(request) => request.call_id_header(),
            SipMessage::Response(response) => response.call_id_header(),
        };
        let call = id.ok().and_then(|id| self.lock().get(id.value()).copied());
        let Some(TappedCall { call_id, way: Some(way), .. }) = call else { return };
        let bytes = message.to_bytes();
        let text = masked(bytes.get(..MAX_MESSAGE).unwrap_or(&bytes));
        let Way { transport, local, remote: usual } = way;
        let remote = remote.unwrap_or(usual);
        let message = Recorded { sent, transport, local, remote, text };
        self.recorder.record(call_id, RecordEntry::Sip(message));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, TappedCall>> {
        // A map of values that are whole at any time: a panic elsewhere does not make it wrong.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MessageInspector for Tap {
    fn before_send(&self, message: SipMessage, to: Option<&SipAddr>) -> SipMessage {
        self.heard(&message, true, to.and_then(|to| to.get_socketaddr().ok()));
        message
    }

    /// What comes in is heard before it is taken apart (`incoming`).
    fn after_received(&self, message: SipMessage, _from: Option<&SipAddr>) -> SipMessage {
        message
    }
}

impl Drop for Tapped {
    fn drop(&mut self) {
        let mut calls = self.tap.lock();
        // A call that was let go of may have come back meanwhile.
        if calls.get(&self.sip_call_id).is_some_and(|call| call.listener == self.listener) {
            calls.remove(&self.sip_call_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stops_listening_leaves_those_who_came_after() {
        let tap = Tap::new(Recorder::channel(1).0);
        let call_id = CallId::from_uuid(uuid::Uuid::nil());
        let before = tap.listen("1", call_id);
        let now = tap.listen("1", call_id);
        drop(before);
        assert!(tap.lock().contains_key("1"));
        drop(now);
        assert!(tap.lock().is_empty());
    }
}
