//! How a call sounded: its grade, what was measured every few seconds, and what that means in words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A score from here on is good (ITU-T G.109: "satisfied").
const GOOD: f64 = 4.0;
/// A score from here on is fair; below it, many are dissatisfied.
const FAIR: f64 = 3.6;
/// Loss in percent that is heard.
const HEARD_LOSS: f64 = 3.0;
/// Milliseconds of jitter that are heard.
const HEARD_JITTER: f64 = 40.0;
/// Milliseconds of round trip from which on people begin to talk at the same time.
const LONG_ROUND_TRIP: f64 = 400.0;

/// How a call sounded, as calls are searched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QualityGrade {
    /// Both sides have a score of 4.0 or more.
    Good,
    /// The worse side has 3.6 or more.
    Fair,
    /// The worse side has less.
    Poor,
    /// Nothing was received from one of the sides.
    OneWay,
}

impl QualityGrade {
    /// The grade of a call by the mean opinion scores of what came from both sides, of those that
    /// sent anything; `None` when neither did.
    #[must_use]
    pub fn of(visitor: Option<f64>, far_side: Option<f64>) -> Option<Self> {
        match (visitor, far_side) {
            (None, None) => None,
            (None, Some(_)) | (Some(_), None) => Some(Self::OneWay),
            (Some(one), Some(other)) => Some(match one.min(other) {
                score if score >= GOOD => Self::Good,
                score if score >= FAIR => Self::Fair,
                _ => Self::Poor,
            }),
        }
    }

    /// The grade as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
            Self::OneWay => "one_way",
        }
    }
}

/// One of the two sides of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallSide {
    /// The browser.
    Visitor,
    /// The telephone, or what else the call went to.
    FarSide,
}

/// How one side was received in a few seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct QualitySample {
    /// Which side sent it.
    pub side: CallSide,
    /// The milliseconds that it is about; they end when it was taken.
    pub span_ms: u32,
    /// Packets received in them.
    pub packets: u32,
    /// Packets that did not arrive in them.
    pub lost: u32,
    /// The variation of the packets' way, in milliseconds.
    pub jitter_ms: f64,
    /// From here to that side and back, in milliseconds, as it was last told.
    pub round_trip_ms: Option<f64>,
    /// The estimated mean opinion score of these seconds, from 1 to 4.5; `null` when nothing came.
    pub mos: Option<f64>,
}

impl QualitySample {
    /// The part of the packets that did not arrive, in percent; 0 when none was due.
    #[must_use]
    pub fn loss_percent(&self) -> f64 {
        let due = f64::from(self.packets) + f64::from(self.lost);
        if due > 0.0 { 100.0 * f64::from(self.lost) / due } else { 0.0 }
    }
}

/// What was wrong for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Packets were lost.
    Loss,
    /// They came unevenly.
    Jitter,
    /// Their way was long.
    Delay,
    /// None came.
    Silence,
}

/// Seconds in which one thing was wrong with one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// Which side.
    pub side: CallSide,
    /// What.
    pub trouble: Trouble,
    /// When it began, in the unit that the samples' times are in: microseconds since 1970.
    pub from: i64,
    /// When it was over, or the samples end.
    pub to: i64,
    /// Percent lost over the whole, or milliseconds at the worst; 0 for silence.
    pub value: f64,
}

impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whose, who) = match self.side {
            CallSide::Visitor => ("the visitor's network", "the visitor"),
            CallSide::FarSide => ("the telephone side's network", "the telephone side"),
        };
        let seconds = (self.to - self.from + 500_000) / 1_000_000;
        match self.trouble {
            Trouble::Loss if self.value < 10.0 => {
                write!(f, "{whose} lost {:.1} % for {seconds} s", self.value)
            }
            Trouble::Loss => write!(f, "{whose} lost {:.0} % for {seconds} s", self.value),
            Trouble::Jitter => {
                write!(f, "{whose} was uneven by up to {:.0} ms for {seconds} s", self.value)
            }
            Trouble::Delay => {
                write!(
                    f,
                    "the way to {who} and back took up to {:.0} ms for {seconds} s",
                    self.value
                )
            }
            Trouble::Silence => write!(f, "nothing came from {who} for {seconds} s"),
        }
    }
}

/// What was wrong when, by the samples of a call with the times that they were taken at, in
/// microseconds since 1970, in their order.
#[must_use]
pub fn episodes(samples: &[(i64, QualitySample)]) -> Vec<Episode> {
    let mut found = Vec::new();
    for side in [CallSide::Visitor, CallSide::FarSide] {
        let of_side = || samples.iter().filter(move |(_, sample)| sample.side == side);
        for trouble in [Trouble::Loss, Trouble::Jitter, Trouble::Delay, Trouble::Silence] {
            let mut present: Option<(Episode, u64, u64)> = None;
            for (at, sample) in of_side() {
                if !suffers(sample, trouble) {
                    found.extend(present.take().map(|(episode, ..)| episode));
                    continue;
                }
                let from = at - i64::from(sample.span_ms) * 1_000;
                let begin = Episode { side, trouble, from, to: *at, value: 0.0 };
                let (episode, lost, due) = present.get_or_insert((begin, 0, 0));
                episode.to = *at;
                *lost += u64::from(sample.lost);
                *due += u64::from(sample.lost) + u64::from(sample.packets);
                episode.value = match trouble {
                    Trouble::Loss => 100.0 * *lost as f64 / (*due).max(1) as f64,
                    Trouble::Jitter => episode.value.max(sample.jitter_ms),
                    Trouble::Delay => episode.value.max(sample.round_trip_ms.unwrap_or_default()),
                    Trouble::Silence => 0.0,
                };
            }
            found.extend(present.map(|(episode, ..)| episode));
        }
    }
    found.sort_by_key(|episode| episode.from);
    found
}

fn suffers(sample: &QualitySample, trouble: Trouble) -> bool {
    match trouble {
        Trouble::Loss => sample.packets > 0 && sample.loss_percent() >= HEARD_LOSS,
        Trouble::Jitter => sample.packets > 0 && sample.jitter_ms >= HEARD_JITTER,
        Trouble::Delay => sample.round_trip_ms.is_some_and(|ms| ms >= LONG_ROUND_TRIP),
        Trouble::Silence => sample.packets == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(side: CallSide, packets: u32, lost: u32) -> QualitySample {
        QualitySample {
            side,
            span_ms: 3_000,
            packets,
            lost,
            jitter_ms: 2.0,
            round_trip_ms: Some(30.0),
            mos: Some(4.2),
        }
    }

    #[test]
    fn the_worse_side_gives_the_grade_and_a_silent_one_makes_it_one_way() {
        for (visitor, far_side, grade) in [
            (Some(4.4), Some(4.0), Some(QualityGrade::Good)),
            (Some(4.4), Some(3.9), Some(QualityGrade::Fair)),
            (Some(3.59), Some(4.4), Some(QualityGrade::Poor)),
            (Some(4.4), None, Some(QualityGrade::OneWay)),
            (None, Some(4.4), Some(QualityGrade::OneWay)),
            (None, None, None),
        ] {
            assert_eq!(QualityGrade::of(visitor, far_side), grade);
        }
    }

    #[test]
    fn loss_is_told_in_words_for_as_long_as_it_lasted() {
        let side = CallSide::Visitor;
        let counts = [(150, 0), (141, 9), (141, 9), (141, 9), (141, 9), (150, 0)];
        let mut samples: Vec<_> = (1..)
            .zip(counts)
            .map(|(n, (packets, lost))| (n * 3_000_000, sample(side, packets, lost)))
            .collect();
        samples.push((18_000_000, sample(CallSide::FarSide, 150, 0)));
        let found = episodes(&samples);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].from, found[0].to), (3_000_000, 15_000_000));
        assert_eq!(found[0].to_string(), "the visitor's network lost 6.0 % for 12 s");
    }

    #[test]
    fn jitter_delay_and_silence_are_told_too_also_up_to_the_end() {
        let far = |packets| sample(CallSide::FarSide, packets, 0);
        let samples = [
            (3_000_000, QualitySample { jitter_ms: 55.4, ..far(150) }),
            (6_000_000, QualitySample { round_trip_ms: Some(612.0), ..far(150) }),
            (9_000_000, QualitySample { mos: None, ..far(0) }),
            (12_000_000, QualitySample { mos: None, ..far(0) }),
        ];
        let said: Vec<_> = episodes(&samples).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "the telephone side's network was uneven by up to 55 ms for 3 s",
                "the way to the telephone side and back took up to 612 ms for 3 s",
                "nothing came from the telephone side for 6 s",
            ]
        );
    }
}
