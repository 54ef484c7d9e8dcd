//! How a call sounded, as its record keeps it.

use std::time::Duration;

use bellpush_call as engine;
use bellpush_core::{events::EventTime, quality::QualityGrade};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a call sounded: how both sides were received, of calls that went by a trunk, and what the
/// widget noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallQuality {
    /// What came from the browser; `null` when nothing did.
    visitor: Option<StreamQuality>,
    /// What came from the far side; `null` when nothing did.
    far_side: Option<StreamQuality>,
    /// What did not go well at the visitor's side, in the order in which it began and ended.
    warnings: Vec<NotedWarning>,
}

impl CallQuality {
    /// The quality with what the widget noticed; `None` when nothing is known of either.
    pub(super) fn of(
        measured: Option<&engine::CallQuality>,
        warnings: Vec<NotedWarning>,
    ) -> Option<Self> {
        if measured.is_none() && warnings.is_empty() {
            return None;
        }
        let stream = |of: fn(&engine::CallQuality) -> &Option<engine::StreamQuality>| {
            measured.and_then(|quality| of(quality).as_ref()).map(Into::into)
        };
        let (visitor, far_side) = (stream(|one| &one.visitor), stream(|one| &one.far_side));
        Some(Self { visitor, far_side, warnings })
    }
}

/// How a call sounded, in a word; `None` of one that nobody was heard in.
pub(super) fn grade(measured: &engine::CallQuality) -> Option<QualityGrade> {
    let score = |stream: &Option<engine::StreamQuality>| {
        stream.as_ref().map(|stream| f64::from(stream.mos))
    };
    QualityGrade::of(score(&measured.visitor), score(&measured.far_side))
}

/// What a widget notices that does not go well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Warning {
    /// The microphone went away in the call, and there was no other.
    MicrophoneLost,
    /// The microphone gave digital silence, or was never loud enough for a voice.
    MicrophoneSilent,
    /// Nothing came from the server for seconds.
    NothingHeard,
    /// The round trip, its variation or the loss was so high that the sound suffers.
    NetworkWeak,
}

impl Warning {
    /// The warning as it is written.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::MicrophoneLost => "microphone_lost",
            Self::MicrophoneSilent => "microphone_silent",
            Self::NothingHeard => "nothing_heard",
            Self::NetworkWeak => "network_weak",
        }
    }
}

/// A warning that began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct NotedWarning {
    /// When the server was told.
    #[schema(value_type = String)]
    pub(super) at: EventTime,
    /// Which one.
    pub(super) warning: Warning,
    /// Whether it began or ended.
    pub(super) raised: bool,
}

/// How one stream was received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamQuality {
    /// The codec at the end: `opus`, `pcma` or `pcmu`.
    codec: String,
    /// Packets received.
    packets: u64,
    /// Packets that did not arrive.
    lost: u64,
    /// The variation of their way here, in milliseconds.
    jitter_ms: f64,
    /// From here to the sender and back, in milliseconds, if its reports told it.
    round_trip_ms: Option<f64>,
    /// The estimated mean opinion score, from 1 to 4.5.
    mos: f64,
}

impl From<&engine::StreamQuality> for StreamQuality {
    fn from(stream: &engine::StreamQuality) -> Self {
        Self {
            codec: stream.codec.name().to_ascii_lowercase(),
            packets: stream.packets,
            lost: stream.lost,
            jitter_ms: millis(stream.jitter),
            round_trip_ms: stream.round_trip.map(millis),
            mos: rounded(f64::from(stream.mos)),
        }
    }
}

fn millis(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1_000.0)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_says_how_each_side_was_received_in_plain_figures() {
        let stream = engine::StreamQuality {
            codec: engine::Codec::Pcma,
            packets: 500,
            lost: 3,
            jitter: Duration::from_micros(1_237),
            round_trip: Some(Duration::from_millis(40)),
            mos: 4.123_456,
        };
        let quality = engine::CallQuality { visitor: None, far_side: Some(stream) };
        let at = EventTime::from_millis(1_000).unwrap();
        let warning = NotedWarning { at, warning: Warning::NothingHeard, raised: true };
        let expected = json!({
            "visitor": null,
            "farSide": {
                "codec": "pcma", "packets": 500, "lost": 3, "jitterMs": 1.24,
                "roundTripMs": 40.0, "mos": 4.12,
            },
            "warnings": [
                { "at": "1970-01-01T00:00:01.000Z", "warning": "nothing_heard", "raised": true },
            ],
        });
        let recorded = CallQuality::of(Some(&quality), vec![warning]);
        assert_eq!(serde_json::to_value(recorded).unwrap(), expected);
    }

    #[test]
    fn a_record_of_a_call_of_which_nothing_is_known_has_none() {
        assert_eq!(CallQuality::of(None, Vec::new()), None);
    }
}
