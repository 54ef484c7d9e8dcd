//! Connections by address: who opens too many loses the one that has asked for least. So does who has most
//! of them when there are too many in all.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

/// Leading bits of an IPv6 address that one customer's addresses have in common at least.
const SITE_BITS: u32 = 48;

/// The open connections of all addresses.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    per_address: Option<NonZeroU32>,
    /// In all.
    most: usize,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    /// Counts openings and requests: what has the smaller number is older.
    clock: u64,
    /// Entries in it.
    open: usize,
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

impl Entry {
    /// Who has least of it makes room first.
    fn merit(&self) -> (State, u64) {
        (self.state, self.since)
    }
}

/// What a connection is busy with; those that come first are given up first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// A request is still awaited or on its way in.
    Receiving,
    /// The last request has all of its response.
    Answered,
    /// A request is there as a whole and has no response yet, or a part of it: its client could not know what
    /// became of it.
    Working,
    /// The response goes on for as long as the client wants it, such as the events of a live call.
    Streaming,
}

/// One open connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    connections: Connections,
    address: IpAddr,
    id: u64,
    /// Whether all of a response was taken to be sent, and was not written yet.
    taken: AtomicBool,
    evicted: CancellationToken,
}

impl Connections {
    /// None yet; `per_address` from one address at most, and so many in all.
    pub(super) fn new(per_address: Option<NonZeroU32>, most: usize) -> Self {
        Self { per_address, most, table: Arc::default() }
    }

    /// Adds a connection. Where its address has too many, another one of it is evicted: first of all
    /// one that has not sent its whole request, and last of all one that is sent a stream; the oldest of
    /// them. Where there are too many in all, it is one of whoever has most.
    pub(super) fn open(&self, address: IpAddr) -> Connection {
        let evicted = CancellationToken::new();
        let mut table = self.lock();
        let id = table.tick();
        let limit = self.per_address.map_or(usize::MAX, |limit| limit.get() as usize);
        let of_address = |table: &Table| {
            let entries = table.by_address.get(&address)?;
            let victim = entries.iter().min_by_key(|entry| entry.merit());
            victim.filter(|_| entries.len() >= limit).map(|entry| (address, entry.id))
        };
        while let Some(victim) = of_address(&table) {
            table.evict(victim);
        }
        while table.open >= self.most
            && let Some(victim) = table.victim_of_largest_site()
        {
            table.evict(victim);
        }
        let entry = Entry { id, state: State::Receiving, since: id, evicted: evicted.clone() };
        table.by_address.entry(address).or_default().push(entry);
        table.open += 1;
        Connection {
            connections: self.clone(),
            address,
            id,
            taken: AtomicBool::new(false),
            evicted,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // A table that is whole at any time: a panic elsewhere does not make it wrong.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one customer has of addresses, by the first of them.
fn site_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let mask = u128::MAX << (Ipv6Addr::BITS - SITE_BITS);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

impl Table {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// The one that has asked for least, of whoever has most.
    fn victim_of_largest_site(&self) -> Option<(IpAddr, u64)> {
        let mut sites = HashMap::<_, usize>::new();
        for (address, entries) in &self.by_address {
            *sites.entry(site_of(*address)).or_default() += entries.len();
        }
        let (largest, _) = sites.into_iter().max_by_key(|(_, open)| *open)?;
        let of_site = self.by_address.iter().filter(|(address, _)| site_of(**address) == largest);
        let entries =
            of_site.flat_map(|(address, entries)| entries.iter().map(move |it| (*address, it)));
        entries.min_by_key(|(_, entry)| entry.merit()).map(|(address, entry)| (address, entry.id))
    }

    /// Gives up a connection for another one.
    fn evict(&mut self, (address, id): (IpAddr, u64)) {
        if let Some(entry) = self.remove(address, id) {
            entry.evicted.cancel();
            metrics::counter!("bellpush_http_connections_evicted_total").increment(1);
        }
    }

    fn remove(&mut self, address: IpAddr, id: u64) -> Option<Entry> {
        let entries = self.by_address.get_mut(&address)?;
        let at = entries.iter().position(|entry| entry.id == id)?;
        let entry = entries.swap_remove(at);
        if entries.is_empty() {
            self.by_address.remove(&address);
        }
        self.open -= 1;
        Some(entry)
    }
}

impl Connection {
    /// The head of a request is there; its body may follow.
    pub(super) fn receiving(&self) {
        self.taken.store(false, Ordering::Relaxed);
        self.mark(State::Receiving);
    }

    /// All of a request is there.
    pub(super) fn working(&self) {
        self.mark(State::Working);
    }

    /// All of a response was taken to be sent.
    pub(super) fn taken(&self) {
        self.taken.store(true, Ordering::Relaxed);
    }

    /// All that was taken is written: of a response of which that was all, the request is answered.
    pub(super) fn written(&self) {
        if self.taken.swap(false, Ordering::Relaxed) {
            self.mark(State::Answered);
        }
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
        self.connections.lock().remove(self.address, self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn answer(connection: &Connection) {
        connection.taken();
        connection.written();
    }

    fn evicted(connections: &[Connection]) -> Vec<bool> {
        connections.iter().map(|connection| connection.evicted.is_cancelled()).collect()
    }

    #[test]
    fn the_oldest_that_has_not_asked_makes_room() {
        let connections = Connections::new(NonZeroU32::new(3), 100);
        let mut open: Vec<_> = (0..3).map(|_| connections.open(ONE)).collect();
        open[0].receiving();
        answer(&open[0]);
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
        let connections = Connections::new(NonZeroU32::new(2), 100);
        let mut open = vec![connections.open(ONE), connections.open(ONE)];
        answer(&open[1]);
        answer(&open[0]);
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [false, true, false]);
    }

    #[test]
    fn the_stream_of_a_call_outlasts_what_has_been_answered() {
        let connections = Connections::new(NonZeroU32::new(3), 100);
        let mut open: Vec<_> = (0..3).map(|_| connections.open(ONE)).collect();
        open[0].streaming();
        answer(&open[1]);
        answer(&open[2]);
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [false, true, false, false]);
        // Where all are streams, the oldest goes.
        open[2].streaming();
        open[3].streaming();
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [true, true, false, false, false]);
    }

    #[test]
    fn what_is_worked_on_outlasts_what_is_on_its_way_in_or_answered() {
        let connections = Connections::new(NonZeroU32::new(3), 100);
        let mut open: Vec<_> = (0..3).map(|_| connections.open(ONE)).collect();
        open[0].working();
        answer(&open[1]);
        open[2].receiving();
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [false, false, true, false]);
        open[3].working();
        open.push(connections.open(ONE));
        assert_eq!(evicted(&open), [false, true, true, false, false]);
    }

    #[test]
    fn when_the_house_is_full_whoever_has_most_makes_room() {
        let connections = Connections::new(NonZeroU32::new(3), 8);
        let other = connections.open(OTHER);
        // One customer's networks, each with fewer than one address may have.
        let mut open = Vec::new();
        for network in 0..7 {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 7, network, 0, 0, 0, 0);
            open.push(connections.open(address.into()));
        }
        answer(&open[0]);
        let new = connections.open(ONE);
        assert!(!new.evicted.is_cancelled() && !other.evicted.is_cancelled());
        assert_eq!(evicted(&open), [false, true, false, false, false, false, false]);
        assert_eq!(connections.lock().open, 8);
    }

    #[test]
    fn a_closed_connection_leaves_nothing_behind() {
        let connections = Connections::new(NonZeroU32::new(1), 100);
        let first = connections.open(ONE);
        drop(first);
        let second = connections.open(ONE);
        assert!(!second.evicted.is_cancelled());
        drop(second);
        assert!(connections.lock().by_address.is_empty());
        assert_eq!(connections.lock().open, 0);
        let unlimited = Connections::new(None, 100);
        let open: Vec<_> = (0..100).map(|_| unlimited.open(ONE)).collect();
        assert_eq!(evicted(&open), [false; 100]);
    }
}
