//! What a media description says of its payload types.

use sdp_types::{Media, RtpMap};

use crate::Codec;

/// A payload type with its name and clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PayloadMap {
    pub(crate) payload_type: u8,
    name: String,
    /// Timestamp units a second.
    pub(crate) clock_rate: u32,
}

impl PayloadMap {
    /// Which of our codecs it is, if any.
    pub(crate) fn codec(&self) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| self.is(codec.name(), codec.clock_rate()))
    }

    /// Whether it is of keypad presses (RFC 4733).
    pub(crate) fn is_keypad(&self) -> bool {
        self.name.eq_ignore_ascii_case("telephone-event")
    }

    /// Whether it is comfort noise at 8 kHz (RFC 3389).
    pub(crate) fn is_comfort_noise(&self) -> bool {
        self.is("CN", 8_000)
    }

    fn is(&self, name: &str, clock_rate: u32) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.clock_rate == clock_rate
    }
}

/// The payload types of a media description in its order.
pub(crate) fn of(media: &Media) -> Vec<PayloadMap> {
    let maps: Vec<RtpMap> = media.attributes_typed::<RtpMap>().filter_map(Result::ok).collect();
    media
        .fmt
        .split_ascii_whitespace()
        .filter_map(|text| text.parse::<u8>().ok().filter(|payload_type| *payload_type < 128))
        .filter_map(|payload_type| {
            if let Some(map) = maps.iter().find(|map| map.payload_type == payload_type) {
                let (name, clock_rate) = (map.encoding_name.clone(), map.clock_rate);
                return Some(PayloadMap { payload_type, name, clock_rate });
            }
            // RFC 3551 section 6: these need no rtpmap.
            let name = match payload_type {
                0 => "PCMU",
                8 => "PCMA",
                13 => "CN",
                _ => return None,
            };
            Some(PayloadMap { payload_type, name: name.to_owned(), clock_rate: 8_000 })
        })
        .collect()
}
