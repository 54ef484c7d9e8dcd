//! All live calls, and which of them a datagram, a command or a moment belongs to.
//!
//! Datagrams are told apart by the user fragment of connectivity checks, and by the remote address
//! once a check with the right password came from it.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use bellpush_core::ids::CallId;
use slab::Slab;
use str0m::net::Transmit;

use super::{
    addresses::Addresses,
    meters::Meters,
    socket::{Datagram, MediaSocket},
    stun,
    timers::TimerQueue,
};
use crate::{
    PlaceError,
    bridge::{Bridge, Send},
    legs::webrtc::Received,
};

/// Addresses that one browser may use: its interfaces, and what NATs make of them over time.
const MAX_WAYS: usize = 16;

/// The live calls.
pub(super) struct Calls {
    slots: Slab<Slot>,
    by_id: HashMap<CallId, usize>,
    by_ufrag: HashMap<String, usize>,
    by_remote: HashMap<SocketAddr, usize>,
    timers: TimerQueue,
    /// Empty, but for its room: the slots of one round.
    due: Vec<usize>,
    addresses: Addresses,
    socket: MediaSocket,
    meters: Meters,
    /// For the handles to read.
    live: Arc<AtomicUsize>,
}

struct Slot {
    bridge: Bridge,
    /// The ways to the browser that its checks came by, latest last.
    ways: Vec<Way>,
    /// When the slot comes up in the timer queue.
    queued: Option<Instant>,
}

/// Where a browser sends from, and the machine's address that it sends to.
#[derive(Debug, Clone, Copy)]
struct Way {
    remote: SocketAddr,
    local: Option<IpAddr>,
}

impl Calls {
    pub(super) fn new(
        addresses: Addresses,
        socket: MediaSocket,
        meters: Meters,
        live: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            slots: Slab::new(),
            by_id: HashMap::new(),
            by_ufrag: HashMap::new(),
            by_remote: HashMap::new(),
            timers: TimerQueue::default(),
            due: Vec::new(),
            addresses,
            socket,
            meters,
            live,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn socket(&self) -> &MediaSocket {
        &self.socket
    }

    pub(super) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Takes on a call.
    pub(super) fn add(&mut self, now: Instant, bridge: Bridge) -> Result<(), PlaceError> {
        if self.by_id.contains_key(&bridge.id()) {
            return Err(PlaceError::DuplicateId);
        }
        let (id, ufrag) = (bridge.id(), bridge.ufrag().to_owned());
        let key = self.slots.insert(Slot { bridge, ways: Vec::new(), queued: None });
        self.by_id.insert(id, key);
        self.by_ufrag.insert(ufrag, key);
        self.count();
        self.with(key, None, |bridge, send| bridge.tick(now, send));
        Ok(())
    }

    /// Has the call with this id do something. One that is gone already does nothing.
    pub(super) fn with_id(&mut self, id: CallId, action: impl FnOnce(&mut Bridge, Send)) {
        if let Some(&key) = self.by_id.get(&id) {
            self.with(key, None, action);
        }
    }

    /// Has every call do something.
    pub(super) fn with_all(&mut self, action: impl Fn(&mut Bridge, Send)) {
        let keys: Vec<usize> = self.slots.iter().map(|(key, _)| key).collect();
        for key in keys {
            self.with(key, None, &action);
        }
    }

    /// Forgets a call.
    pub(super) fn drop_id(&mut self, id: CallId) {
        if let Some(&key) = self.by_id.get(&id) {
            self.remove(key);
        }
    }

    /// Brings a datagram to its call.
    pub(super) fn receive(&mut self, now: Instant, datagram: Datagram<'_>) {
        self.meters.packets_in.increment(1);
        let Datagram { remote, destination, bytes } = datagram;
        let key = if stun::is_stun(bytes) {
            stun::local_ufrag(bytes).and_then(|ufrag| self.by_ufrag.get(ufrag))
        } else {
            self.by_remote.get(&remote)
        };
        let (Some(&key), Some(local)) = (key, self.addresses.candidate(destination)) else {
            self.meters.dropped_unknown.increment(1);
            return;
        };
        let mut received = Received::Malformed;
        // The answer to a check goes back the way it came, before that way is known to be good.
        let way = Way { remote, local: destination };
        self.with(key, Some(way), |bridge, send| {
            received = bridge.receive(now, remote, local, bytes, send);
        });
        match received {
            Received::Check => self.remember(key, way),
            Received::Packet => {}
            Received::Foreign => self.meters.dropped_unknown.increment(1),
            Received::Malformed => self.meters.dropped_malformed.increment(1),
        }
    }

    /// Looks after every call whose time has come, once: one that is due again at once waits for
    /// the next round, so that it can't hold up the others.
    pub(super) fn tick(&mut self, now: Instant) {
        let mut due = std::mem::take(&mut self.due);
        while let Some((at, key)) = self.timers.pop_due(now) {
            // Other entries are of an earlier call in this slot, or overtaken by a sooner one.
            if let Some(slot) = self.slots.get_mut(key).filter(|slot| slot.queued == Some(at)) {
                slot.queued = None;
                due.push(key);
            }
        }
        for key in due.drain(..) {
            self.with(key, None, |bridge, send| {
                if bridge.next_deadline() <= now {
                    bridge.tick(now, send);
                }
            });
        }
        self.due = due;
    }

    /// When [`Calls::tick`] is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Has a call do something: sends what it wants to send, then sees whether it is over and when
    /// it is to be looked after. `via` is the way that its present input came.
    fn with(&mut self, key: usize, via: Option<Way>, action: impl FnOnce(&mut Bridge, Send)) {
        let Self { slots, socket, meters, .. } = self;
        let Some(Slot { bridge, ways, .. }) = slots.get_mut(key) else {
            return;
        };
        let mut send = |transmit: &Transmit| {
            let to = transmit.destination;
            let way = via.iter().chain(ways.iter()).find(|way| way.remote == to);
            match socket.send(&transmit.contents, to, way.and_then(|way| way.local)) {
                Ok(()) => meters.packets_out.increment(1),
                Err(_) => meters.dropped_unsent.increment(1),
            }
        };
        // Media comes from strangers: what one of them may break must not be the others' calls.
        if catch_unwind(AssertUnwindSafe(|| action(bridge, &mut send))).is_err() {
            tracing::error!(call_id = %bridge.id(), "the call is dropped: a bug made it panic");
            self.remove(key);
        } else if bridge.is_over() {
            self.remove(key);
        } else {
            self.reschedule(key);
        }
    }

    fn reschedule(&mut self, key: usize) {
        if let Some(slot) = self.slots.get_mut(key) {
            let at = slot.bridge.next_deadline();
            slot.queued = Some(self.timers.schedule(key, at, slot.queued));
        }
    }

    fn remember(&mut self, key: usize, way: Way) {
        let Some(Slot { ways, .. }) = self.slots.get_mut(key) else {
            return;
        };
        if let Some(known) = ways.iter_mut().find(|known| known.remote == way.remote) {
            known.local = way.local;
        } else {
            if ways.len() == MAX_WAYS {
                self.by_remote.remove(&ways.remove(0).remote);
            }
            ways.push(way);
        }
        // The latest check decides whose an address is: a NAT may give it to another browser.
        self.by_remote.insert(way.remote, key);
    }

    fn remove(&mut self, key: usize) {
        let Some(Slot { bridge, ways, .. }) = self.slots.try_remove(key) else {
            return;
        };
        self.by_id.remove(&bridge.id());
        self.by_ufrag.remove(bridge.ufrag());
        for way in ways {
            if self.by_remote.get(&way.remote) == Some(&key) {
                self.by_remote.remove(&way.remote);
            }
        }
        self.count();
        tracing::debug!(call_id = %bridge.id(), "the call is gone");
    }

    fn count(&self) {
        self.live.store(self.slots.len(), Ordering::Relaxed);
        self.meters.calls.set(self.slots.len() as f64);
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // Also when the thread dies: the calls die with it.
        self.slots.clear();
        self.count();
    }
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
