//! What the scheduler knows of the deliveries of one integration that are on disk only.

use std::collections::HashSet;

use bellpush_core::delivery::Seq;

/// The boundary between memory and disk: every pending delivery up to `read_to` is in memory, and
/// what lies beyond is on disk only, as long as there is `more`.
#[derive(Debug)]
pub(super) struct DiskCursor {
    read_to: Option<Seq>,
    more: bool,
    /// The highest that was ever in memory.
    seen: Option<Seq>,
    reading: Option<Reading>,
}

/// A page that was asked for and has not come.
#[derive(Debug, Default)]
struct Reading {
    /// Deliveries that ended since: the page may show them as they were before.
    ended: HashSet<Seq>,
    /// New deliveries came since: the page may lack them.
    arrived: bool,
    /// The boundary went back since: the page begins too far on.
    stale: bool,
}

/// A page that came.
#[derive(Debug)]
pub(super) struct Page {
    ended: HashSet<Seq>,
    arrived: bool,
}

impl Page {
    /// Whether the delivery has ended since the page was read.
    pub(super) fn has_ended(&self, seq: Seq) -> bool {
        self.ended.contains(&seq)
    }
}

impl DiskCursor {
    /// Nothing is known yet.
    pub(super) const fn new() -> Self {
        Self { read_to: None, more: true, seen: None, reading: None }
    }

    /// Whether there may be deliveries on disk that are not in memory.
    pub(super) const fn more(&self) -> bool {
        self.more
    }

    /// Whether a page is on its way.
    pub(super) const fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Whether the page on its way is one of what was in memory before.
    pub(super) fn is_reading_again(&self) -> bool {
        self.is_reading() && self.read_to < self.seen
    }

    /// Whether every earlier delivery is in memory or has ended.
    pub(super) fn covers(&self, seq: Seq) -> bool {
        !self.more || Some(seq) <= self.read_to
    }

    /// Everything beyond it, as long as there is more, is to be read again.
    pub(super) const fn read_to(&self) -> Option<Seq> {
        self.read_to
    }

    /// Takes note of a new delivery. Returns whether it goes into memory, which it may only if
    /// nothing before it is left on disk.
    pub(super) fn offer(&mut self, seq: Seq, room: bool) -> bool {
        if Some(seq) <= self.read_to {
            // It was committed after later ones, or it was read before it was announced and may
            // have ended already: only the disk knows.
            self.go_back(Some(Seq(seq.0.saturating_sub(1))));
            return false;
        }
        if !self.more && room {
            self.advance(seq);
            return true;
        }
        self.more = true;
        if let Some(reading) = &mut self.reading {
            reading.arrived = true;
        }
        false
    }

    /// Everything after `to` is to be read again.
    pub(super) fn go_back(&mut self, to: Option<Seq>) {
        self.read_to = self.read_to.min(to);
        self.more = true;
        if let Some(reading) = &mut self.reading {
            reading.stale = true;
        }
    }

    /// A page is asked for: what comes after the returned place.
    pub(super) fn begin_page(&mut self) -> Option<Seq> {
        self.reading = Some(Reading::default());
        self.read_to
    }

    /// The page has come. `None` when it is of no use any more.
    pub(super) fn end_page(&mut self) -> Option<Page> {
        let reading = self.reading.take()?;
        (!reading.stale).then_some(Page { ended: reading.ended, arrived: reading.arrived })
    }

    /// A delivery of the page is dealt with.
    pub(super) fn advance(&mut self, seq: Seq) {
        self.read_to = self.read_to.max(Some(seq));
        self.seen = self.seen.max(self.read_to);
    }

    /// All of the page is dealt with; `exhausted`: it was the last.
    pub(super) fn settle_page(&mut self, page: &Page, exhausted: bool) {
        self.more = !exhausted || page.arrived;
        if !self.more {
            self.read_to = self.read_to.max(self.seen);
        }
    }

    /// A delivery has ended.
    pub(super) fn ended(&mut self, seq: Seq) {
        if let Some(reading) = &mut self.reading {
            reading.ended.insert(seq);
        }
    }
}
