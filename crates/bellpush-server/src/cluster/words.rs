//! What servers tell each other, as it is written.

use bellpush_core::{
    delivery::{Outage, Seq},
    events::EventTime,
    ids::{IntegrationId, NodeId},
};
use bellpush_delivery::{BreakerState, LaneStatus};
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
    outage: Option<(EventTime, u32, EventTime)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BreakerWord {
    Closed,
    Open,
    HalfOpen,
}

impl From<LaneStatus> for LaneWord {
    fn from(lane: LaneStatus) -> Self {
        let LaneStatus { integration_id: _, waiting, more_on_disk, in_flight, breaker, outage } =
            lane;
        Self {
            waiting,
            more_on_disk,
            in_flight,
            breaker: match breaker {
                BreakerState::Closed => BreakerWord::Closed,
                BreakerState::Open => BreakerWord::Open,
                BreakerState::HalfOpen => BreakerWord::HalfOpen,
            },
            outage: outage.map(|it| (it.failing_since, it.trips, it.open_until)),
        }
    }
}

impl LaneWord {
    pub(super) fn of(self, integration_id: IntegrationId) -> LaneStatus {
        let Self { waiting, more_on_disk, in_flight, breaker, outage } = self;
        LaneStatus {
            integration_id,
            waiting,
            more_on_disk,
            in_flight,
            breaker: match breaker {
                BreakerWord::Closed => BreakerState::Closed,
                BreakerWord::Open => BreakerState::Open,
                BreakerWord::HalfOpen => BreakerState::HalfOpen,
            },
            outage: outage.map(|(failing_since, trips, open_until)| Outage {
                failing_since,
                trips,
                open_until,
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
