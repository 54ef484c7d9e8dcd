//! All live calls of a shard, and which of them a datagram, a command or a moment belongs to.
//!
//! A browser's datagrams are told apart by the user fragment of connectivity checks, and by the
//! remote address once a check with the right password came from it. A far side's come to ports
//! of their call's own.

use std::{
    collections::HashMap,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use bellpush_core::ids::CallId;
use slab::Slab;

use super::{
    outside::{CallEdge, Channel, FarWire, Outside, Via, Way},
    tcp::{self, Said},
    timers::TimerQueue,
};
use crate::{
    PlaceError,
    bridge::{Bridge, Edge},
    legs::webrtc::{Received, Remote, is_stun, local_ufrag},
    trunk::TrunkEvent,
};

/// Addresses that one browser may use: its interfaces, and what NATs make of them over time.
const MAX_WAYS: usize = 16;
/// No RTP packet of a far side is larger: it fits an Ethernet frame.
const MAX_RTP: usize = 2_048;
/// Packets of one far side that are taken in before the others get their turn.
const PACKETS_IN_A_ROW: usize = 32;

/// The live calls.
pub(super) struct Calls {
    slots: Slab<Slot>,
    by_id: HashMap<CallId, usize>,
    by_ufrag: HashMap<String, usize>,
    by_remote: HashMap<SocketAddr, usize>,
    timers: TimerQueue,
    /// Empty, but for its room: the slots of one round.
    due: Vec<usize>,
    outside: Outside,
    live: LiveCount,
    /// Room for one packet of a far side.
    packet: Vec<u8>,
}

struct Slot {
    bridge: Bridge,
    /// The ways to the browser that its checks came by, latest last.
    ways: Vec<Way>,
    wire: Option<FarWire>,
    /// How many far sides have been called.
    dialled: u32,
    /// The name that the present leg's checks are addressed to.
    ufrag: String,
    /// When the slot comes up in the timer queue.
    queued: Option<Instant>,
}

/// The live calls of all shards, for the handles to read, and how many there may be.
#[derive(Debug, Clone)]
pub(super) struct LiveCount {
    pub(super) live: Arc<AtomicUsize>,
    pub(super) max: usize,
}

impl LiveCount {
    fn add(&self) -> bool {
        let add = |live| (live < self.max).then_some(live + 1);
        self.live.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    fn remove(&self, calls: usize) {
        self.live.fetch_sub(calls, Ordering::Relaxed);
    }
}

/// A datagram of a browser.
#[derive(Debug)]
pub(super) struct BrowserPacket<'a> {
    pub(super) way: Way,
    pub(super) bytes: &'a mut [u8],
}

impl Calls {
    pub(super) fn new(outside: Outside, live: LiveCount) -> Self {
        Self {
            slots: Slab::new(),
            by_id: HashMap::new(),
            by_ufrag: HashMap::new(),
            by_remote: HashMap::new(),
            timers: TimerQueue::default(),
            due: Vec::new(),
            outside,
            live,
            packet: vec![0; MAX_RTP],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn outside(&mut self) -> &mut Outside {
        &mut self.outside
    }

    /// Takes on a call.
    pub(super) fn add(&mut self, now: Instant, bridge: Bridge) -> Result<(), PlaceError> {
        if self.by_id.contains_key(&bridge.id()) {
            return Err(PlaceError::DuplicateId);
        }
        if !self.live.add() {
            return Err(PlaceError::Overloaded);
        }
        let (id, ufrag) = (bridge.id(), bridge.ufrag().unwrap_or_default().to_owned());
        let key = self.slots.insert(Slot {
            bridge,
            ways: Vec::new(),
            wire: None,
            dialled: 0,
            ufrag: ufrag.clone(),
            queued: None,
        });
        self.by_id.insert(id, key);
        self.by_ufrag.insert(ufrag, key);
        self.outside.meters.calls.increment(1.0);
        self.with(key, None, |bridge, edge| bridge.tick(now, edge));
        Ok(())
    }

    /// Has the call with this id do something. One that is gone already does nothing.
    pub(super) fn with_id<T>(
        &mut self,
        id: CallId,
        action: impl FnOnce(&mut Bridge, &mut dyn Edge) -> T,
    ) -> Option<T> {
        let key = *self.by_id.get(&id)?;
        self.with(key, None, action)
    }

    /// Brings a trunk's message to its call, unless that has gone on to another far side.
    pub(super) fn hear(&mut self, now: Instant, id: CallId, dialled: u32, message: TrunkEvent) {
        let Some(&key) = self.by_id.get(&id) else { return };
        if self.slots.get(key).is_some_and(|slot| slot.dialled == dialled) {
            self.with(key, None, |bridge, edge| bridge.hear(now, message, edge));
        }
    }

    /// Has every call do something.
    pub(super) fn with_all(&mut self, action: impl Fn(&mut Bridge, &mut dyn Edge)) {
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

    /// Brings a browser's datagram to its call.
    pub(super) fn receive(&mut self, now: Instant, packet: BrowserPacket<'_>) {
        self.outside.meters.packets_in.increment(1);
        let BrowserPacket { way, bytes } = packet;
        let remote = way.remote;
        let key = if is_stun(bytes) {
            local_ufrag(bytes).and_then(|ufrag| self.by_ufrag.get(ufrag).copied())
        } else {
            match way.via {
                Via::Udp { .. } => self.by_remote.get(&remote).copied(),
                Via::Tcp { connection } => self.outside.tcp.call(connection),
            }
        };
        let Some(key) = key else {
            self.outside.meters.dropped_unknown.increment(1);
            return;
        };
        let remote = Remote { protocol: way.via.protocol(), address: remote };
        // The answer to a check goes back the way it came, before that way is known to be good.
        let received =
            self.with(key, Some(way), |bridge, edge| bridge.receive(now, remote, bytes, edge));
        match received.unwrap_or(Received::Malformed) {
            Received::Check => self.remember(key, way),
            Received::Packet => {}
            Received::Foreign => self.outside.meters.dropped_unknown.increment(1),
            Received::Malformed => self.outside.meters.dropped_malformed.increment(1),
        }
    }

    /// Takes in what came to a TCP connection. `true` when there may be more.
    pub(super) fn receive_frames(&mut self, now: Instant, connection: usize) -> bool {
        let Some(Said { remote, bytes, is_cut }) = self.outside.tcp.read(connection) else {
            self.disconnect(connection);
            return false;
        };
        let way = Way { remote, via: Via::Tcp { connection } };
        let mut rest = bytes.as_slice();
        loop {
            match tcp::next_frame(&mut rest) {
                Ok(Some(frame)) => {
                    let bytes = &mut frame.to_vec();
                    self.receive(now, BrowserPacket { way, bytes });
                }
                Ok(None) => break,
                Err(tcp::TooLong) => {
                    self.disconnect(connection);
                    return false;
                }
            }
        }
        self.outside.tcp.keep(connection, rest);
        is_cut
    }

    /// Goes on writing to a TCP connection.
    pub(super) fn flush(&mut self, connection: usize) {
        if self.outside.tcp.flush(connection).is_err() {
            self.disconnect(connection);
        }
    }

    fn disconnect(&mut self, connection: usize) {
        let Outside { tcp, registry, .. } = &mut self.outside;
        if let Some((_, key)) = tcp.close(registry, connection)
            && let Some(slot) = self.slots.get_mut(key)
        {
            slot.ways.retain(|way| way.via != Via::Tcp { connection });
        }
    }

    /// Takes in what came to a port of a call's far side. `true` when there may be more.
    pub(super) fn receive_far(&mut self, now: Instant, key: usize, channel: Channel) -> bool {
        let mut packet = std::mem::take(&mut self.packet);
        let is_unfinished = self.receive_far_into(&mut packet, now, key, channel);
        self.packet = packet;
        is_unfinished
    }

    fn receive_far_into(
        &mut self,
        packet: &mut [u8],
        now: Instant,
        key: usize,
        channel: Channel,
    ) -> bool {
        for _ in 0..PACKETS_IN_A_ROW {
            let Some(wire) = self.slots.get(key).and_then(|slot| slot.wire.as_ref()) else {
                return false;
            };
            let socket = match channel {
                Channel::Rtp => &wire.pair.rtp,
                Channel::Rtcp => &wire.pair.rtcp,
            };
            let (length, remote) = match socket.recv_from(packet) {
                Ok(received) => received,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return false,
                // An ICMP message about a far side that is gone.
                Err(_) => continue,
            };
            self.outside.meters.packets_in.increment(1);
            let remote = super::socket::canonical(remote);
            if let Some(bytes) = packet.get_mut(..length) {
                self.with(key, None, |bridge, edge| match channel {
                    Channel::Rtp => bridge.receive_rtp(now, remote, bytes, edge),
                    Channel::Rtcp => bridge.receive_rtcp(now, remote, bytes, edge),
                });
            }
        }
        true
    }

    /// Looks after every call whose time has come, once: one that is due again at once waits for
    /// the next round, so that it can't hold up the others.
    pub(super) fn tick(&mut self, now: Instant) {
        let Outside { tcp, registry, .. } = &mut self.outside;
        tcp.expire(now, registry);
        let mut due = std::mem::take(&mut self.due);
        while let Some((at, key)) = self.timers.pop_due(now) {
            // Other entries are of an earlier call in this slot, or overtaken by a sooner one.
            if let Some(slot) = self.slots.get_mut(key).filter(|slot| slot.queued == Some(at)) {
                slot.queued = None;
                due.push(key);
            }
        }
        for key in due.drain(..) {
            self.with(key, None, |bridge, edge| {
                if bridge.next_deadline() <= now {
                    bridge.tick(now, edge);
                }
            });
        }
        self.due = due;
    }

    /// When [`Calls::tick`] is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        [self.timers.next(), self.outside.tcp.next_deadline()].into_iter().flatten().min()
    }

    /// Has a call do something: then sees whether it is over, by which name its browser calls it
    /// now, and when it is to be looked after. `via` is the way that its present input came.
    fn with<T>(
        &mut self,
        key: usize,
        via: Option<Way>,
        action: impl FnOnce(&mut Bridge, &mut dyn Edge) -> T,
    ) -> Option<T> {
        let Self { slots, outside, .. } = self;
        let Slot { bridge, ways, wire, dialled, .. } = slots.get_mut(key)?;
        let mut edge = CallEdge { id: bridge.id(), key, outside, via, ways, wire, dialled };
        // Media comes from strangers: what one of them may break must not be the others' calls.
        let Ok(result) = catch_unwind(AssertUnwindSafe(|| action(bridge, &mut edge))) else {
            tracing::error!(call_id = %bridge.id(), "the call is dropped: a bug made it panic");
            self.remove(key);
            return None;
        };
        if bridge.is_over() {
            self.remove(key);
        } else {
            self.reschedule(key);
        }
        Some(result)
    }

    fn reschedule(&mut self, key: usize) {
        if let Some(slot) = self.slots.get_mut(key) {
            let at = slot.bridge.next_deadline();
            slot.queued = Some(self.timers.schedule(key, at, slot.queued));
        }
    }

    /// Has a call's browser be found by its present name: a new leg, or an ICE restart, has one
    /// of its own. The ways of the leg before it are forgotten when `moved`.
    pub(super) fn rename(&mut self, id: CallId, moved: bool) {
        let Some(&key) = self.by_id.get(&id) else { return };
        let Some(slot) = self.slots.get_mut(key) else { return };
        let name = slot.bridge.ufrag().unwrap_or_default();
        if name != slot.ufrag {
            self.by_ufrag.remove(&slot.ufrag);
            slot.ufrag = name.to_owned();
            self.by_ufrag.insert(slot.ufrag.clone(), key);
        }
        if moved {
            let ways = std::mem::take(&mut slot.ways);
            for way in ways {
                self.forget(key, way);
            }
        }
    }

    fn remember(&mut self, key: usize, way: Way) {
        let Some(Slot { ways, .. }) = self.slots.get_mut(key) else {
            return;
        };
        let mut forgotten = None;
        let same = |known: &&mut Way| {
            known.remote == way.remote && known.via.protocol() == way.via.protocol()
        };
        if let Some(known) = ways.iter_mut().find(same) {
            known.via = way.via;
        } else {
            if ways.len() == MAX_WAYS {
                forgotten = Some(ways.remove(0));
            }
            ways.push(way);
        }
        // The latest check decides whose an address is: a NAT may give it to another browser.
        match way.via {
            Via::Udp { .. } => {
                self.by_remote.insert(way.remote, key);
            }
            Via::Tcp { connection } => self.outside.tcp.claim(connection, key),
        }
        if let Some(forgotten) = forgotten {
            self.forget(key, forgotten);
        }
    }

    fn forget(&mut self, key: usize, way: Way) {
        match way.via {
            Via::Udp { .. } if self.by_remote.get(&way.remote) == Some(&key) => {
                self.by_remote.remove(&way.remote);
            }
            Via::Udp { .. } => {}
            Via::Tcp { connection } => {
                let Outside { tcp, registry, .. } = &mut self.outside;
                if tcp.call(connection) == Some(key) {
                    tcp.close(registry, connection);
                }
            }
        }
    }

    fn remove(&mut self, key: usize) {
        let Some(Slot { bridge, ways, wire, ufrag, .. }) = self.slots.try_remove(key) else {
            return;
        };
        self.by_id.remove(&bridge.id());
        self.by_ufrag.remove(&ufrag);
        for way in ways {
            self.forget(key, way);
        }
        if let Some(wire) = wire {
            self.outside.close(wire);
        }
        self.live.remove(1);
        self.outside.meters.calls.decrement(1.0);
        tracing::debug!(call_id = %bridge.id(), "the call is gone");
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // Also when the thread dies: the calls die with it.
        self.live.remove(self.slots.len());
        self.outside.meters.calls.decrement(self.slots.len() as f64);
        self.slots.clear();
    }
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
