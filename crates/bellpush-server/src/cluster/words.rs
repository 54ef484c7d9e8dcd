//! What servers tell each other, as it is written.

use bellpush_core::{
    delivery::{Outage, Seq},
    events::EventTime,
    ids::{IntegrationId, NodeId, RehearsalId},
};
use bellpush_delivery::{BreakerState, LaneStatus, RehearsalStatus};
use bellpush_store::MOST_BYTES;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Deliveries that one hint names, at most: each takes up to 60 bytes.
const MOST_NAMED: usize = MOST_BYTES / 64;

/// A word, and who says it. One that a newer version says, and this one doesn't know, is passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Hint {
    pub(super) from: NodeId,
    pub(super) word: Word,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// These deliveries are on disk.
    Appended(Vec<(IntegrationId, Seq)>),
    /// Deliveries of this integration that had ended are pending again.
    Replayed(IntegrationId),
    /// The integrations changed.
    EndpointsChanged,
    /// The owner of the integration shall answer.
    Asked(Uuid, Question),
    /// What the owner answers.
    Answered(Uuid, Answer),
    /// The node hears itself.
    Beat(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Question {
    Lane(IntegrationId),
    ResetBreaker(IntegrationId),
}

impl Question {
    pub(super) const fn about(self) -> IntegrationId {
        match self {
            Self::Lane(id) | Self::ResetBreaker(id) => id,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Lane(Option<LaneWord>),
    Reset,
}

/// A [`LaneStatus`] without the id, which the question has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct LaneWord {
    waiting: usize,
    more_on_disk: bool,
    in_flight: usize,
    breaker: BreakerWord,
    outage: Option<OutageWord>,
    /// A version without rehearsals doesn't say it.
    #[serde(default)]
    rehearsal: Option<RehearsalWord>,
}

/// A [`RehearsalStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct RehearsalWord {
    id: RehearsalId,
    is_running: bool,
    waiting: usize,
    in_flight: usize,
    breaker: BreakerWord,
    outage: Option<OutageWord>,
}

/// An [`Outage`].
type OutageWord = (EventTime, u32, EventTime);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BreakerWord {
    Closed,
    Open,
    HalfOpen,
}

impl From<BreakerState> for BreakerWord {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed => Self::Closed,
            BreakerState::Open => Self::Open,
            BreakerState::HalfOpen => Self::HalfOpen,
        }
    }
}

impl From<BreakerWord> for BreakerState {
    fn from(word: BreakerWord) -> Self {
        match word {
            BreakerWord::Closed => Self::Closed,
            BreakerWord::Open => Self::Open,
            BreakerWord::HalfOpen => Self::HalfOpen,
        }
    }
}

fn outage_word(outage: Outage) -> OutageWord {
    (outage.failing_since, outage.trips, outage.open_until)
}

fn outage((failing_since, trips, open_until): OutageWord) -> Outage {
    Outage { failing_since, trips, open_until }
}

impl From<LaneStatus> for LaneWord {
    fn from(lane: LaneStatus) -> Self {
        Self {
            waiting: lane.waiting,
            more_on_disk: lane.more_on_disk,
            in_flight: lane.in_flight,
            breaker: lane.breaker.into(),
            outage: lane.outage.map(outage_word),
            rehearsal: lane.rehearsal.map(|it| RehearsalWord {
                id: it.id,
                is_running: it.is_running,
                waiting: it.waiting,
                in_flight: it.in_flight,
                breaker: it.breaker.into(),
                outage: it.outage.map(outage_word),
            }),
        }
    }
}

impl LaneWord {
    pub(super) fn of(self, integration_id: IntegrationId) -> LaneStatus {
        LaneStatus {
            integration_id,
            waiting: self.waiting,
            more_on_disk: self.more_on_disk,
            in_flight: self.in_flight,
            breaker: self.breaker.into(),
            outage: self.outage.map(outage),
            rehearsal: self.rehearsal.map(|it| RehearsalStatus {
                id: it.id,
                is_running: it.is_running,
                waiting: it.waiting,
                in_flight: it.in_flight,
                breaker: it.breaker.into(),
                outage: it.outage.map(outage),
            }),
        }
    }
}

/// The hints that these words make: deliveries gathered, and cut to what one hint takes.
pub(super) fn hints(from: NodeId, words: Vec<Word>) -> Vec<String> {
    let (mut appended, mut hints) = (Vec::new(), Vec::new());
    for word in words {
        match word {
            Word::Appended(mut some) => appended.append(&mut some),
            word => hints.push(Hint { from, word }),
        }
    }
    appended.sort_unstable_by_key(|(id, seq)| (*seq, *id));
    let named = appended.chunks(MOST_NAMED);
    hints.extend(named.map(|some| Hint { from, word: Word::Appended(some.to_vec()) }));
    // Our own types can always be written.
    hints.iter().filter_map(|hint| serde_json::to_string(hint).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> NodeId {
        NodeId::from_uuid(Uuid::max())
    }

    #[test]
    fn what_is_said_is_understood() {
        let integration_id = IntegrationId::from_uuid(Uuid::max());
        let at = EventTime::from_millis(1_700_000_000_000).unwrap();
        let lane = LaneStatus {
            integration_id,
            waiting: 3,
            more_on_disk: true,
            in_flight: 1,
            breaker: BreakerState::HalfOpen,
            outage: Some(Outage { failing_since: at, trips: 2, open_until: at }),
            rehearsal: Some(RehearsalStatus {
                id: RehearsalId::from_uuid(Uuid::max()),
                is_running: true,
                waiting: 9,
                in_flight: 1,
                breaker: BreakerState::Open,
                outage: Some(Outage { failing_since: at, trips: 0, open_until: at }),
            }),
        };
        let words = vec![
            Word::Replayed(integration_id),
            Word::EndpointsChanged,
            Word::Asked(Uuid::nil(), Question::Lane(integration_id)),
            Word::Answered(Uuid::nil(), Answer::Lane(Some(lane.into()))),
            Word::Answered(Uuid::nil(), Answer::Reset),
            Word::Beat(7),
        ];
        let hints = hints(node(), words.clone());
        let heard: Vec<Word> =
            hints.iter().map(|hint| serde_json::from_str::<Hint>(hint).unwrap().word).collect();
        assert_eq!(heard, words);
        assert_eq!(LaneWord::from(lane).of(integration_id), lane);
    }

    #[test]
    fn however_many_deliveries_there_are_each_hint_is_short_enough() {
        let named = |seq| (IntegrationId::from_uuid(Uuid::max()), Seq(seq));
        let many: Vec<_> = (i64::MAX - 1_000..i64::MAX).map(named).collect();
        let words = many.chunks(7).map(|some| Word::Appended(some.to_vec())).collect();
        let hints = hints(node(), words);
        assert!(hints.iter().all(|hint| hint.len() < MOST_BYTES), "{}", hints[0].len());
        let mut heard = Vec::new();
        for hint in hints {
            let Word::Appended(mut some) = serde_json::from_str::<Hint>(&hint).unwrap().word else {
                panic!("{hint}");
            };
            heard.append(&mut some);
        }
        assert_eq!(heard, many);
    }
}
