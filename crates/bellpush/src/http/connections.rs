//! Connections by address: who opens too many loses the one that has asked for least.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// The open connections of all addresses.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    per_address: Option<NonZeroU32>,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    /// Counts openings and requests: what has the smaller number is older.
    clock: u64,
    by_address: HashMap<IpAddr, Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    state: State,
    /// When that began.
    since: u64,
    evicted: CancellationToken,
}

/// What a connection is busy with; those that come first are given up first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// A request is still awaited or on its way in.
    Receiving,
    /// The last request has its response.
    Answered,
    /// The response goes on for as long as the client wants it, such as the events of a live call.
    Streaming,
}

/// One open connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    connections: Connections,
    address: IpAddr,
    id: u64,
    evicted: CancellationToken,
}

impl Connections {
    /// None yet; `per_address` from one address at most.
    pub(super) fn new(per_address: Option<NonZeroU32>) -> Self {
        Self { per_address, table: Arc::default() }
    }

    /// Adds a connection. Where its address has too many, another one of it is evicted: first of all
    /// one that has not sent its whole request, and last of all one that is sent a stream; the oldest of
    /// them.
    pub(super) fn open(&self, address: IpAddr) -> Connection {
        let evicted = CancellationToken::new();
        let mut table = self.lock();
        let id = table.tick();
        let limit = self.per_address.map_or(usize::MAX, |limit| limit.get() as usize);
        let entries = table.by_address.entry(address).or_default();
        while entries.len() >= limit {
            let victim = entries
                .iter()
                .enumerate()
                .min_by_key(|(_, entry)| (entry.state, entry.since))
                .map(|(index, _)| index);
            let Some(victim) = victim else { break };
            entries.swap_remove(victim).evicted.cancel();
            metrics::counter!("bellpush_http_connections_evicted_total").increment(1);
        }
        entries.push(Entry { id, state: State::Receiving, since: id, evicted: evicted.clone() });
        Connection { connections: self.clone(), address, id, evicted }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // A table that is whole at any time: a panic elsewhere does not make it wrong.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

impl Connection {
    /// The head of a request is there; its body may follow.
    pub(super) fn receiving(&self) {
        self.mark(State::Receiving);
    }

    /// A request has got its response.
    pub(super) fn answered(&self) {
        self.mark(State::Answered);
    }

    /// A request has got a response that goes on for as long as the client wants it.
    pub(super) fn streaming(&self) {
        self.mark(State::Streaming);
    }

    /// Waits until another connection takes this one's place.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    fn mark(&self, state: State) {
        // Without a limit nobody asks.
        if self.connections.per_address.is_none() {
            return;
        }
        let mut table = self.connections.lock();
        let since = table.tick();
        let entries = table.by_address.get_mut(&self.address);
        let mut entries = entries.into_iter().flatten();
        if let Some(entry) = entries.find(|entry| entry.id == self.id) {
            (entry.state, entry.since) = (state, since);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut table = self.connections.lock();
        if let Some(entries) = table.by_address.get_mut(&self.address) {
            entries.retain(|entry| entry.id != self.id);
            if entries.is_empty() {
                table.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn evicted(connections: &[Connection]) -> Vec<bool> {
        connections.iter().map(|connection| connection.evicted.is_cancelled()).collect()
    }

    #[test]
    fn the_oldest_that_has_not_asked_makes_room() {
        let connections = Connections::new(NonZeroU32::new(3));
        let mut open: Vec<_> = (0..3).map(|_| connections.open(ONE)).collect();
        open[0].receiving();
        open[0].answered();
        let other = connections.open(OTHER);
        assert_eq!(evicted(&open), [false; 3]);
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [false, true, false, false]);
        // A request on its way in is no better than none.
        open[2].receiving();
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [false, true, false, true, false]);
        assert!(!other.evicted.is_cancelled(), "of another address");
    }

    #[test]
    fn of_those_that_were_answered_the_one_that_asked_last_stays() {
        let connections = Connections::new(NonZeroU32::new(2));
        let mut open = vec![connections.open(ONE), connections.open(ONE)];
        open[1].answered();
        open[0].answered();
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [false, true, false]);
    }

    #[test]
    fn the_stream_of_a_call_outlasts_what_has_been_answered() {
        let connections = Connections::new(NonZeroU32::new(3));
        let mut open: Vec<_> = (0..3).map(|_| connections.open(ONE)).collect();
        open[0].streaming();
        open[1].answered();
        open[2].answered();
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [false, true, false, false]);
        // Where all are streams, the oldest goes.
        open[2].streaming();
        open[3].streaming();
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [true, true, false, false, false]);
    }

    #[test]
    fn a_closed_connection_leaves_nothing_behind() {
        let connections = Connections::new(NonZeroU32::new(1));
        let first = connections.open(ONE);
        drop(first);
        let second = connections.open(ONE);
        assert!(!second.evicted.is_cancelled());
        drop(second);
        assert!(connections.lock().by_address.is_empty());
        let unlimited = Connections::new(None);
        let open: Vec<_> = (0..100).map(|_| unlimited.open(ONE)).collect();
        assert_eq!(evicted(&open), [false; 100]);
    }
}
