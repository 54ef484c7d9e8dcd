//! Which of the streams that reach a far side's port is heard: one at a time.
//!
//! A stream's source is its address, port and SSRC. Forks of a call, a telephone of the call
//! before, or anything else on the far side's host may send to the same port; mixed packet by
//! packet they would be no sound at all. Pure: packets go in with the time.

use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use super::remote_address::{Fit, RemoteAddress, canonical};
use crate::{Latching, legs::sip::MediaPlan, media::RtpSource};

/// A source that was not heard for so long has stopped, and another may take its place: longer
/// than the longest packet (120 ms), and short enough for who changes its SSRC without a word.
const STOPPED: Duration = Duration::from_millis(200);
/// A source that lost may be heard again when it was silent for so long, or when there was nothing
/// else to hear.
const LOST_FOR: Duration = Duration::from_secs(5);
/// After signalling, for so long a new source takes the place of the present one at once.
const CHANGING: Duration = Duration::from_secs(2);
/// Behind each change a decoder may have to be made. Those that no signalling has announced come no more
/// often than once in this time.
const CHANGES: Duration = Duration::from_secs(1);
/// Losers that are remembered.
const MAX_LOSERS: usize = 8;
/// Sources that are not heard, of which that is told.
const MAX_UNHEARD: usize = 4;

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Selected {
    /// It is of the source that is heard.
    Present,
    /// Its source is heard from now on.
    New,
    /// It is not heard.
    Other,
}

/// Selects the source of one far side.
#[derive(Debug)]
pub(super) struct SourceSelection {
    address: RemoteAddress,
    present: Option<Present>,
    /// Sources that lost their place by signalling, with those of the call that had the port
    /// before. The latest is last.
    losers: VecDeque<Loser>,
    signalled: Option<Instant>,
    /// Whether the present source is from before the latest signalling.
    may_change: bool,
    /// Until when another source, however long the present one has been silent, has to wait.
    settled: Option<Instant>,
    /// The first sources that could be heard, and were not.
    unheard: Vec<RtpSource>,
    /// Of how many of these that is told.
    told: usize,
}

#[derive(Debug, Clone, Copy)]
struct Loser {
    source: RtpSource,
    /// When it sent something last, as far as that was seen.
    sent: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Present {
    source: RtpSource,
    fit: Fit,
    heard: Instant,
}

impl SourceSelection {
    /// `stale` are the sources of the call that had the port before.
    pub(super) fn new(
        latching: Latching,
        own_address: Option<IpAddr>,
        stale: Vec<RtpSource>,
    ) -> Self {
        Self {
            address: RemoteAddress::new(latching, own_address),
            present: None,
            losers: stale.into_iter().map(|source| Loser { source, sent: None }).collect(),
            signalled: None,
            may_change: false,
            settled: None,
            unheard: Vec::new(),
            told: 0,
        }
    }

    pub(super) fn address(&self) -> &RemoteAddress {
        &self.address
    }

    /// Where the far side's signalling comes from.
    pub(super) fn set_signalling(&mut self, address: IpAddr) {
        self.address.set_signalling(address);
    }

    /// Media is sent and received like this from now on.
    pub(super) fn agree(&mut self, now: Instant, plan: &MediaPlan) {
        let before = self.present.filter(|present| present.fit.is_whole());
        let is_first = self.signalled.is_none();
        if self.address.name(plan.remote) {
            let named = canonical(plan.remote);
            if !is_first {
                // Who is named again has not lost any more.
                self.losers.retain(|loser| loser.source.remote != named);
            }
            let present = self.present.filter(|_| before.is_none());
            self.present = present.and_then(|present| {
                let fit = self.address.fit(present.source.remote)?;
                Some(Present { fit, ..present })
            });
            if let Some(before) = before {
                self.lose(before);
            }
        }
        self.signal(now);
    }

    /// The far side, or one of its forks, took the call.
    pub(super) fn answered(&mut self, now: Instant) {
        self.signal(now);
    }

    fn signal(&mut self, now: Instant) {
        self.signalled = Some(now);
        self.may_change = self.present.is_some();
    }

    /// Whether a packet from there may be heard at all.
    pub(super) fn may_be(&self, remote: SocketAddr) -> bool {
        self.address.fit(remote).is_some()
    }

    /// Whether what is heard comes from there; as long as nothing is, whether it should.
    pub(super) fn is_heard_from(&self, remote: SocketAddr) -> bool {
        match self.present {
            Some(present) => present.source.remote == canonical(remote),
            None => self.address.fit(remote) == Some(Fit::Exact),
        }
    }

    /// A source that came, and might be heard in another call, though it was not in this one.
    pub(super) fn poll_unheard(&mut self) -> Option<RtpSource> {
        let source = self.unheard.get(self.told).copied()?;
        self.told += 1;
        Some(source)
    }

    /// Whether reports may come from there: they are of the source that is heard, and of the far
    /// side's host as long as none is.
    pub(super) fn may_report(&self, remote: SocketAddr, plan: &MediaPlan) -> bool {
        let source = self.present.map(|present| present.source.remote);
        self.address.may_report(remote, source, plan)
    }

    /// Whether a report by this SSRC is of the source that is heard.
    pub(super) fn is_of_present(&self, ssrc: u32) -> bool {
        self.present.is_none_or(|present| present.source.ssrc == ssrc)
    }

    /// The source that is heard.
    pub(super) fn source(&self) -> Option<RtpSource> {
        self.present.map(|present| present.source)
    }

    /// A packet of an agreed format came.
    pub(super) fn select(&mut self, now: Instant, remote: SocketAddr, ssrc: u32) -> Selected {
        let Some(fit) = self.address.fit(remote) else { return Selected::Other };
        let source = RtpSource { remote: canonical(remote), ssrc };
        if let Some(present) = self.present.as_mut().filter(|present| present.source == source) {
            present.heard = now;
            return Selected::Present;
        }
        let since = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        let silent = since(self.present.map(|present| present.heard).or(self.signalled));
        let silent = silent.unwrap_or_default();
        let is_changing = self.may_change && since(self.signalled).is_some_and(|t| t < CHANGING);
        let loser = self.losers.iter_mut().find(|loser| loser.source == source);
        let lost = loser.map(|loser| loser.sent.replace(now));
        let has_stopped = silent >= STOPPED && self.settled.is_none_or(|until| now >= until);
        let is_announced =
            self.present.is_none_or(|present| is_changing && fit <= present.fit) && lost.is_none();
        let takes_over = match (&self.present, lost) {
            (None, None) => fit.is_whole() || silent >= STOPPED,
            (None, Some(_)) => silent >= LOST_FOR,
            (Some(present), None) => is_announced || fit < present.fit || has_stopped,
            (Some(_), Some(sent)) => {
                has_stopped && since(sent).is_some_and(|pause| pause >= LOST_FOR)
            }
        };
        if !takes_over {
            if self.unheard.len() < MAX_UNHEARD && !self.unheard.contains(&source) {
                self.unheard.push(source);
            }
            return Selected::Other;
        }
        if !is_announced {
            self.settled = Some(self.settled.map_or(now, |until| until.max(now)) + CHANGES);
        }
        if let Some(present) = self.present
            && silent < STOPPED
        {
            self.lose(present);
        }
        self.losers.retain(|loser| loser.source != source);
        self.address.chosen(remote);
        // Where it is latched on, that is where it fits from now on.
        let fit = self.address.fit(remote).unwrap_or(fit);
        self.present = Some(Present { source, fit, heard: now });
        self.may_change = false;
        Selected::New
    }

    fn lose(&mut self, present: Present) {
        let Present { source, heard, .. } = present;
        self.losers.retain(|loser| loser.source != source);
        if self.losers.len() >= MAX_LOSERS {
            self.losers.pop_front();
        }
        self.losers.push_back(Loser { source, sent: Some(heard) });
    }
}

#[cfg(test)]
#[path = "source_selection_tests.rs"]
mod tests;
