//! All live calls of a shard, and which of them a datagram, a command or a moment belongs to.
//!
//! A browser's datagrams are told apart by the user fragment of connectivity checks, and by the
//! remote address once a check with the right password came from it. A far side's come to ports
//! of their call's own.

use std::{
    collections::HashMap,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use bellpush_core::ids::CallId;
use slab::Slab;

use super::{
    context::{CallEdge, Context, FarTransport},
    path::{BoundPath, Path, Transport},
    room::{CallLimit, Room},
    socket::canonical,
    tcp::{self, Chunk},
    timers::TimerQueue,
    token::Component,
};
use crate::{
    PlaceError,
    bridge::{Bridge, Edge},
    legs::webrtc::{Protocol, Received, StunTarget, is_stun, stun_nominates, stun_target},
    token_bucket::{MAX_PACKET_BYTES, TokenBucket},
    trunk::TrunkEvent,
};

/// Packets of one far side that are taken in before the others get their turn.
const FAR_BATCH: usize = 32;

/// The live calls.
pub(super) struct Calls {
    slots: Slab<CallSlot>,
    by_id: HashMap<CallId, usize>,
    by_ufrag: HashMap<String, usize>,
    by_remote: HashMap<SocketAddr, usize>,
    timers: TimerQueue,
    /// Empty, but for its room: the slots of one round.
    due: Vec<usize>,
    context: Context,
    limit: CallLimit,
    /// Room for one packet of a far side.
    packet: Vec<u8>,
}

struct CallSlot {
    bridge: Bridge,
    /// The paths to the browser that its checks came by, latest last.
    paths: Vec<BoundPath>,
    /// Of all that comes from where the browser is not known to be: it may be the one who forges, and have
    /// another path with each check.
    elsewhere: TokenBucket,
    far: Option<FarTransport>,
    /// How many far sides have been called.
    dialled: u32,
    /// The name that the present leg's checks are addressed to.
    ufrag: String,
    /// When the slot comes up in the timer queue.
    queued: Option<Instant>,
}

/// A datagram of a browser.
#[derive(Debug)]
pub(super) struct BrowserDatagram<'a> {
    pub(super) path: Path,
    pub(super) bytes: &'a mut [u8],
}

impl Calls {
    pub(super) fn new(context: Context, limit: CallLimit) -> Self {
        Self {
            slots: Slab::new(),
            by_id: HashMap::new(),
            by_ufrag: HashMap::new(),
            by_remote: HashMap::new(),
            timers: TimerQueue::default(),
            due: Vec::new(),
            context,
            limit,
            packet: vec![0; MAX_PACKET_BYTES + 1],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn context(&mut self) -> &mut Context {
        &mut self.context
    }

    /// Takes on a call, for which there may be room already.
    pub(super) fn add(
        &mut self,
        now: Instant,
        bridge: Bridge,
        room: Option<Room>,
    ) -> Result<(), PlaceError> {
        if self.by_id.contains_key(&bridge.id()) {
            return Err(PlaceError::DuplicateId);
        }
        room.or_else(|| self.limit.reserve()).ok_or(PlaceError::Overloaded)?.take();
        let (id, ufrag) = (bridge.id(), bridge.ufrag().unwrap_or_default().to_owned());
        let key = self.slots.insert(CallSlot {
            bridge,
            paths: Vec::new(),
            elsewhere: TokenBucket::default(),
            far: None,
            dialled: 0,
            ufrag: ufrag.clone(),
            queued: None,
        });
        self.by_id.insert(id, key);
        self.by_ufrag.insert(ufrag, key);
        self.context.meters.calls.increment(1.0);
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

    /// Brings a trunk's event to its call, unless that has gone on to another far side.
    pub(super) fn trunk_event(
        &mut self,
        now: Instant,
        id: CallId,
        dialled: u32,
        event: TrunkEvent,
    ) {
        let Some(&key) = self.by_id.get(&id) else { return };
        if self.slots.get(key).is_some_and(|slot| slot.dialled == dialled) {
            self.with(key, None, |bridge, edge| bridge.receive_from_trunk(now, event, edge));
        }
    }

    /// Has every call do something.
    pub(super) fn with_all(&mut self, action: impl Fn(&mut Bridge, &mut dyn Edge)) {
        let keys: Vec<usize> = self.slots.iter().map(|(key, _)| key).collect();
        for key in keys {
            self.with(key, None, &action);
        }
    }

    /// Lets go of a call that another server has: neither side is told.
    pub(super) fn release(&mut self, id: CallId) {
        let slot = self.by_id.get(&id).and_then(|key| self.slots.get(*key));
        if let Some(far) = slot.and_then(|slot| slot.far.as_ref()) {
            far.release();
        }
        self.drop_id(id);
    }

    /// Forgets a call.
    pub(super) fn drop_id(&mut self, id: CallId) {
        if let Some(&key) = self.by_id.get(&id) {
            self.remove(key);
        }
    }

    /// Brings a browser's datagram to its call.
    pub(super) fn receive(&mut self, now: Instant, packet: BrowserDatagram<'_>) {
        self.context.meters.packets_in.increment(1);
        let BrowserDatagram { path, bytes } = packet;
        if bytes.len() > MAX_PACKET_BYTES {
            self.context.meters.dropped_malformed.increment(1);
            return;
        }
        let Some(key) = self.recipient(path, bytes) else {
            if !self.context.answer_probe(now, path, bytes) {
                self.context.meters.dropped_unknown.increment(1);
            }
            return;
        };
        // Before anything that costs work, such as checking who has made it.
        if !self.take_budget(now, key, path) {
            self.context.meters.dropped_budget.increment(1);
            return;
        }
        let remote = path.transport_address();
        // The answer to a check goes back by the path it came by, before that path is known to be good.
        let received =
            self.with(key, Some(path), |bridge, edge| bridge.receive(now, remote, bytes, edge));
        match received.unwrap_or(Received::Malformed) {
            Received::Check | Received::Consent => {
                self.bind_path(now, key, path, stun_nominates(bytes));
            }
            Received::Packet => {}
            Received::Foreign => self.context.meters.dropped_unknown.increment(1),
            Received::Malformed => self.context.meters.dropped_malformed.increment(1),
        }
    }

    /// The call that a browser's datagram is for, as far as it can be told without its keys.
    fn recipient(&self, path: Path, bytes: &[u8]) -> Option<usize> {
        let holder = match path.transport {
            Transport::Udp { .. } => self.by_remote.get(&path.remote).copied(),
            Transport::Tcp { connection } => self.context.tcp.call(connection),
        };
        if is_stun(bytes)
            && let StunTarget::Ufrag(ufrag) = stun_target(bytes)?
        {
            let named = self.by_ufrag.get(ufrag).copied();
            // A connection stays the call's that has claimed it.
            let is_taken = path.transport.protocol() == Protocol::Tcp && holder.is_some();
            return named.filter(|named| !is_taken || holder == Some(*named));
        }
        holder
    }

    fn take_budget(&mut self, now: Instant, key: usize, path: Path) -> bool {
        let Some(slot) = self.slots.get_mut(key) else { return false };
        let CallSlot { bridge, paths, elsewhere, .. } = slot;
        let address = path.transport_address();
        let known = paths.iter_mut().rev().find(|known| known.path.transport_address() == address);
        known.is_none_or(|known| known.budget.take(now))
            && (bridge.is_browser_at(now, address) || elsewhere.take(now))
    }

    /// Takes in what came to a TCP connection. `true` when there may be more.
    pub(super) fn receive_frames(&mut self, now: Instant, connection: usize) -> bool {
        let Some(chunk) = self.context.tcp.read(connection) else { return false };
        let Chunk { remote, mut bytes, is_cut, is_last } = chunk;
        let path = Path { remote, transport: Transport::Tcp { connection } };
        let mut rest = bytes.as_mut_slice();
        loop {
            match tcp::next_frame(&mut rest) {
                Ok(Some(bytes)) => self.receive(now, BrowserDatagram { path, bytes }),
                Ok(None) => break,
                Err(tcp::TooLong) => {
                    self.disconnect(now, connection);
                    return false;
                }
            }
        }
        if is_last {
            self.disconnect(now, connection);
            return false;
        }
        self.context.tcp.keep(connection, rest);
        is_cut
    }

    /// Goes on writing to a TCP connection.
    pub(super) fn flush(&mut self, now: Instant, connection: usize) {
        if self.context.tcp.flush(connection).is_err() {
            self.disconnect(now, connection);
        }
    }

    fn disconnect(&mut self, now: Instant, connection: usize) {
        let Context { tcp, registry, .. } = &mut self.context;
        let Some((_, key)) = tcp.close(registry, connection) else { return };
        let Some(slot) = self.slots.get_mut(key) else { return };
        let transport = Transport::Tcp { connection };
        let gone = slot.paths.extract_if(.., |bound| bound.path.transport == transport).next();
        if let Some(BoundPath { path, .. }) = gone {
            let remote = path.transport_address();
            self.with(key, None, |bridge, edge| bridge.forget_path(now, remote, edge));
        }
    }

    /// Takes in what came to a port of a call's far side. `true` when there may be more.
    pub(super) fn receive_far(&mut self, now: Instant, key: usize, component: Component) -> bool {
        let mut packet = std::mem::take(&mut self.packet);
        let is_still_readable = self.receive_far_into(&mut packet, now, key, component);
        self.packet = packet;
        is_still_readable
    }

    fn receive_far_into(
        &mut self,
        packet: &mut [u8],
        now: Instant,
        key: usize,
        component: Component,
    ) -> bool {
        for _ in 0..FAR_BATCH {
            let Some(far) = self.slots.get(key).and_then(|slot| slot.far.as_ref()) else {
                return false;
            };
            let socket = match component {
                Component::Rtp => &far.pair.rtp,
                Component::Rtcp => &far.pair.rtcp,
            };
            let (length, remote) = match socket.recv_from(packet) {
                Ok(received) => received,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return false,
                // An ICMP message about a far side that is gone.
                Err(_) => continue,
            };
            self.context.meters.packets_in.increment(1);
            let remote = canonical(remote);
            if length > MAX_PACKET_BYTES {
                self.context.meters.dropped_malformed.increment(1);
            } else if let Some(bytes) = packet.get_mut(..length) {
                self.with(key, None, |bridge, edge| match component {
                    Component::Rtp => bridge.receive_rtp(now, remote, bytes, edge),
                    Component::Rtcp => bridge.receive_rtcp(now, remote, bytes, edge),
                });
            }
        }
        true
    }

    /// Looks after every call whose time has come, once: one that is due again at once waits for
    /// the next round, so that it can't hold up the others.
    pub(super) fn tick(&mut self, now: Instant) {
        let Context { tcp, registry, .. } = &mut self.context;
        tcp.tick(now, registry);
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
        [self.timers.next(), self.context.tcp.next_deadline()].into_iter().flatten().min()
    }

    /// Has a call do something: then sees whether it is over, by which name its browser calls it
    /// now, and when it is to be looked after. `arrival` is the path that its present input came by.
    fn with<T>(
        &mut self,
        key: usize,
        arrival: Option<Path>,
        action: impl FnOnce(&mut Bridge, &mut dyn Edge) -> T,
    ) -> Option<T> {
        let Self { slots, context, .. } = self;
        let CallSlot { bridge, paths, far, dialled, .. } = slots.get_mut(key)?;
        let mut edge = CallEdge { id: bridge.id(), key, context, arrival, paths, far, dialled };
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
    /// of its own. The paths of the leg before it are forgotten when `moved`.
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
            let paths = std::mem::take(&mut slot.paths);
            for bound in paths {
                self.unbind_path(key, bound.path);
            }
        }
    }

    /// Has what comes by a path belong to the call that a good check was for. An address where the
    /// browser of another call is right now stays that call's: whoever places a call could forge it.
    /// One that has fallen silent may belong to another browser by now, behind the same NAT.
    /// `is_nominated` is whether the check says that the path is to be used.
    fn bind_path(&mut self, now: Instant, key: usize, path: Path, is_nominated: bool) {
        let Self { slots, by_remote, context, .. } = self;
        let address = path.transport_address();
        if let Transport::Udp { .. } = path.transport {
            let holder = by_remote.get(&path.remote).filter(|holder| **holder != key);
            let is_held = holder
                .and_then(|holder| slots.get(*holder))
                .is_some_and(|slot| slot.bridge.is_browser_at(now, address));
            if is_held {
                return;
            }
        }
        let Some(CallSlot { paths, bridge, .. }) = slots.get_mut(key) else { return };
        match path.transport {
            Transport::Udp { .. } => {
                by_remote.insert(path.remote, key);
            }
            Transport::Tcp { connection } if !context.tcp.claim(connection, key) => return,
            Transport::Tcp { .. } => {}
        }
        let same = |known: &&mut BoundPath| known.path.transport_address() == address;
        if let Some(known) = paths.iter_mut().find(same) {
            // A browser may also try another address of this machine: what it is sent from stays the one that it
            // has chosen.
            let before = known.path;
            let is_tcp = path.transport.protocol() == Protocol::Tcp;
            if before != path && (is_nominated || is_tcp) {
                known.path = path;
                if is_tcp {
                    self.unbind_path(key, before);
                }
            }
            return;
        }
        // It may be one that gave way to others, with nothing left.
        paths.push(BoundPath { path, budget: TokenBucket::nearly_empty(now) });
        // The leg knows which of them are in use, and keeps a number of them.
        let is_kept = |bound: &mut BoundPath| bridge.knows_path(bound.path.transport_address());
        let dropped: Vec<BoundPath> = paths.extract_if(.., |bound| !is_kept(bound)).collect();
        for bound in dropped {
            self.unbind_path(key, bound.path);
        }
    }

    fn unbind_path(&mut self, key: usize, path: Path) {
        match path.transport {
            Transport::Udp { .. } if self.by_remote.get(&path.remote) == Some(&key) => {
                self.by_remote.remove(&path.remote);
            }
            Transport::Udp { .. } => {}
            Transport::Tcp { connection } => {
                let Context { tcp, registry, .. } = &mut self.context;
                if tcp.call(connection) == Some(key) {
                    tcp.close(registry, connection);
                }
            }
        }
    }

    fn remove(&mut self, key: usize) {
        let Some(CallSlot { bridge, paths, far, ufrag, .. }) = self.slots.try_remove(key) else {
            return;
        };
        self.by_id.remove(&bridge.id());
        self.by_ufrag.remove(&ufrag);
        for bound in paths {
            self.unbind_path(key, bound.path);
        }
        if let Some(far) = far {
            self.context.close(far);
        }
        self.limit.release(1);
        self.context.meters.calls.decrement(1.0);
        tracing::debug!(call_id = %bridge.id(), "the call is gone");
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // Also when the thread dies: the calls die with it.
        self.limit.release(self.slots.len());
        self.context.meters.calls.decrement(self.slots.len() as f64);
        self.slots.clear();
    }
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
