//! How good a call sounded: what its record says.
//!
//! The opinion score is estimated by the E-model (ITU-T G.107) in the short form of Cole and
//! Rosenbluth ("Voice over IP performance monitoring", 2001): 93.2 less what delay and loss take
//! away. Loss counts by G.107 equation 7-29 with the values that G.113 Appendix I gives G.711 with
//! concealment. Opus has none in G.113; it is taken to hide loss as well as that.

use std::time::Duration;

use bellpush_core::quality::{CallSide, QualitySample};

use super::Reception;
use crate::Codec;

/// A call without delay and loss.
const BEST: f32 = 93.2;
/// The equipment's own impairment and its robustness against loss: G.711 with concealment.
const IMPAIRMENT: f32 = 0.0;
const ROBUSTNESS: f32 = 25.1;
/// What coding a packet and playing it out take, beside the jitter buffer.
const OWN_DELAY: Duration = Duration::from_millis(40);
/// A jitter buffer holds about so many times the mean jitter.
const BUFFERED_JITTER: u32 = 2;

/// How both sides of a call were received.
#[derive(Debug, Clone, PartialEq)]
pub struct CallQuality {
    /// What came from the browser; `None` when nothing did.
    pub visitor: Option<StreamQuality>,
    /// What came from the far side; `None` when nothing did, and for the demo.
    pub far_side: Option<StreamQuality>,
}

/// How one stream was received.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamQuality {
    /// The codec at the end.
    pub codec: Codec,
    /// Packets received.
    pub packets: u64,
    /// Packets that did not arrive.
    pub lost: u64,
    /// The variation of the packets' transit at the end (RFC 3550 section 6.4.1).
    pub jitter: Duration,
    /// From here to the sender and back, if its reports told it.
    pub round_trip: Option<Duration>,
    /// The estimated mean opinion score, from 1 (bad) to 4.4 (the best that a telephone has).
    pub mos: f32,
}

impl StreamQuality {
    /// Sums a stream up; `None` when nothing was received.
    pub(crate) fn of(
        codec: Codec,
        reception: &Reception,
        round_trip: Option<Duration>,
    ) -> Option<Self> {
        let (packets, lost) = (reception.received(), reception.lost());
        if packets == 0 {
            return None;
        }
        let unheard = (lost + reception.late()) as f32 / (packets + lost) as f32;
        let jitter = reception.jitter();
        let one_way = round_trip.unwrap_or_default() / 2;
        let mos = opinion_score(unheard.min(1.0), one_way + jitter * BUFFERED_JITTER + OWN_DELAY);
        Some(Self { codec, packets, lost, jitter, round_trip, mos })
    }
}

/// How one side was received in a span, in which so many packets came and were lost.
pub(crate) fn sample(
    side: CallSide,
    span: Duration,
    (packets, lost): (u32, u32),
    jitter: Duration,
    round_trip: Option<Duration>,
) -> QualitySample {
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    let millis = |duration: Duration| rounded(duration.as_secs_f64() * 1_000.0);
    let unheard = lost as f32 / (packets as f32 + lost as f32).max(1.0);
    let delay = round_trip.unwrap_or_default() / 2 + jitter * BUFFERED_JITTER + OWN_DELAY;
    QualitySample {
        side,
        span_ms: u32::try_from(span.as_millis()).unwrap_or(u32::MAX),
        packets,
        lost,
        jitter_ms: millis(jitter),
        round_trip_ms: round_trip.map(millis),
        mos: (packets > 0).then(|| rounded(f64::from(opinion_score(unheard, delay)))),
    }
}

/// The score for a part of the packets that are not heard, from 0 to 1, and a delay from mouth to
/// ear.
fn opinion_score(unheard: f32, delay: Duration) -> f32 {
    let percent = 100.0 * unheard;
    let loss = IMPAIRMENT + (95.0 - IMPAIRMENT) * percent / (percent + ROBUSTNESS);
    let ms = delay.as_secs_f32() * 1_000.0;
    // Above it, people begin to talk at the same time.
    let waiting = 0.024 * ms + 0.11 * (ms - 177.3).max(0.0);
    let rating = (BEST - waiting - loss).clamp(0.0, 100.0);
    // G.107 Annex B.
    let score = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    score.clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn scores_are_those_that_the_model_is_known_for() {
        // G.107: R = 93.2 is a score of 4.41; G.109: 80 is 4.03, 70 is 3.60, 60 is 3.10.
        let near = |score: f32, expected: f32| assert!((score - expected).abs() < 0.03, "{score}");
        near(opinion_score(0.0, Duration::ZERO), 4.41);
        // 177 ms take 4.2 points away, 400 ms 34.1.
        near(opinion_score(0.0, 177 * MS), 4.32);
        near(opinion_score(0.0, 400 * MS), 3.05);
        // One percent takes 3.6 points, five take 15.8, twenty take 42.1.
        near(opinion_score(0.01, Duration::ZERO), 4.34);
        near(opinion_score(0.05, Duration::ZERO), 3.93);
        near(opinion_score(0.20, Duration::ZERO), 2.65);
    }

    #[test]
    fn more_loss_and_more_delay_never_sound_better() {
        let mut last = f32::MAX;
        for percent in 0..=100 {
            let score = opinion_score(percent as f32 / 100.0, 100 * MS);
            assert!(score <= last && (1.0..=4.5).contains(&score));
            last = score;
        }
        let mut last = f32::MAX;
        for ms in (0..3_000).step_by(50) {
            let score = opinion_score(0.0, MS * ms);
            assert!(score <= last && (1.0..=4.5).contains(&score));
            last = score;
        }
    }

    #[test]
    fn a_stream_is_summed_up() {
        let begin = Instant::now();
        let mut reception = Reception::new(8_000);
        assert_eq!(StreamQuality::of(Codec::Pcma, &reception, None), None);
        for n in (0..1_000_u32).filter(|n| n % 50 != 7) {
            reception.packet(begin + 20 * MS * n, 65_536 + u64::from(n), n * 160);
        }
        let quality = StreamQuality::of(Codec::Pcma, &reception, Some(60 * MS)).unwrap();
        assert_eq!((quality.packets, quality.lost), (980, 20));
        assert!((4.1..4.3).contains(&quality.mos), "{}", quality.mos);
        (0..100).for_each(|_| reception.unheard());
        let late = StreamQuality::of(Codec::Pcma, &reception, Some(60 * MS)).unwrap();
        assert!(late.mos < quality.mos - 0.4, "{}", late.mos);
    }
}
