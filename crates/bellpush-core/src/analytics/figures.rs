//! Sums of what was counted, and what they mean.

use std::collections::BTreeMap;

use super::fact::{Amounts, DURATION_BOUNDS, End, Outcome, WAIT_BOUNDS};

/// Errors before a call that say that the browser gave no microphone.
const WITHOUT_MICROPHONE: [&str; 3] =
    ["microphone_denied", "microphone_unavailable", "browser_unsupported"];
/// The word for business hours that are over, in errors and in call-back requests.
const CLOSED: &str = "closed";

/// What was counted, of some visitors in some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Widgets that were loaded.
    pub loads: u64,
    /// Taps that no call came of, by the error's code.
    pub refused: BTreeMap<String, u64>,
    /// Calls under way.
    pub live: u64,
    /// Calls that ended cleanly, by who hung up.
    pub ended: BTreeMap<String, u64>,
    /// Calls that failed, by the error's code.
    pub failed: BTreeMap<String, u64>,
    /// Calls that are over in which both sides heard each other.
    pub connected: u64,
    /// Seconds that those which ended cleanly lasted, all together.
    pub seconds: u64,
    /// The same calls by [`DURATION_BOUNDS`].
    pub durations: [u64; DURATION_BOUNDS.len()],
    /// Milliseconds until both sides heard each other, all together.
    pub wait_ms: u64,
    /// The same calls by [`WAIT_BOUNDS`].
    pub waits: [u64; WAIT_BOUNDS.len()],
    /// Calls by how they sounded.
    pub grades: BTreeMap<String, u64>,
    /// Hundredths of the scores, all together.
    pub score: u64,
    /// So many calls have a score.
    pub scored: u64,
    /// Calls by their stars, from 1 to 5.
    pub stars: [u64; 5],
    /// Call-back requests, by why.
    pub callbacks: BTreeMap<String, u64>,
}

impl Figures {
    /// Adds what was counted of one outcome.
    pub(super) fn add(&mut self, outcome: &Outcome, amounts: &Amounts) {
        let count = amounts.count;
        match outcome {
            Outcome::Loaded => self.loads += count,
            Outcome::Refused { code } => add(&mut self.refused, code, count),
            Outcome::Live => self.live += count,
            Outcome::Over { end, wait, grade } => {
                match end {
                    End::Ended { reason, length } => {
                        add(&mut self.ended, reason, count);
                        add_at(&mut self.durations, *length, count);
                    }
                    End::Failed { code } => add(&mut self.failed, code, count),
                }
                if let Some(wait) = wait {
                    self.connected += count;
                    add_at(&mut self.waits, *wait, count);
                }
                if let Some(grade) = grade {
                    add(&mut self.grades, grade, count);
                }
                self.seconds += amounts.seconds;
                self.wait_ms += amounts.wait_ms;
                self.score += amounts.score;
                self.scored += amounts.scored;
            }
            Outcome::Rated { stars } => add_at(&mut self.stars, stars.saturating_sub(1), count),
            Outcome::CallbackRequested { reason } => add(&mut self.callbacks, reason, count),
        }
    }

    /// Taps that no call came of.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Calls that were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.live + self.ended() + self.failed()
    }

    /// Calls that ended cleanly.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.ended.values().sum()
    }

    /// Calls that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Taps: each led to a call or to an error.
    #[must_use]
    pub fn taps(&self) -> u64 {
        self.refused() + self.accepted()
    }

    /// Taps after which there was a microphone.
    #[must_use]
    pub fn microphones(&self) -> u64 {
        let without: u64 =
            WITHOUT_MICROPHONE.iter().filter_map(|code| self.refused.get(*code)).sum();
        self.taps() - without
    }

    /// Ratings.
    #[must_use]
    pub fn rated(&self) -> u64 {
        self.stars.iter().sum()
    }

    /// Demand outside business hours: taps that were refused for it, and requests to be called back.
    #[must_use]
    pub fn closed(&self) -> u64 {
        let of = |counts: &BTreeMap<String, u64>| counts.get(CLOSED).copied().unwrap_or_default();
        of(&self.refused) + of(&self.callbacks)
    }
}

fn add(counts: &mut BTreeMap<String, u64>, word: &str, count: u64) {
    match counts.get_mut(word) {
        Some(known) => *known += count,
        None => _ = counts.insert(word.to_owned(), count),
    }
}

fn add_at(counts: &mut [u64], at: u8, count: u64) {
    if let Some(known) = counts.get_mut(usize::from(at)) {
        *known += count;
    }
}
