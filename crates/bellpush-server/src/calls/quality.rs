//! How a call sounded, as its record keeps it.

use std::time::Duration;

use bellpush_call as engine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How both sides of a call were received. Of calls that went by a trunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallQuality {
    /// What came from the browser; `null` when nothing did.
    visitor: Option<StreamQuality>,
    /// What came from the far side; `null` when nothing did.
    far_side: Option<StreamQuality>,
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

impl From<&engine::CallQuality> for CallQuality {
    fn from(quality: &engine::CallQuality) -> Self {
        let stream = |stream: &Option<engine::StreamQuality>| stream.as_ref().map(Into::into);
        Self { visitor: stream(&quality.visitor), far_side: stream(&quality.far_side) }
    }
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
        let expected = json!({
            "visitor": null,
            "farSide": {
                "codec": "pcma", "packets": 500, "lost": 3, "jitterMs": 1.24,
                "roundTripMs": 40.0, "mos": 4.12,
            },
        });
        assert_eq!(serde_json::to_value(CallQuality::from(&quality)).unwrap(), expected);
    }
}
