//! A stream on its way through a transcoder.

use std::time::{Duration, Instant};

use crate::{Codec, media::Transcoder};

/// The transcoder of one stream.
pub(super) struct Transcoding {
    /// Timestamp units a second of what goes in. Codecs of one clock follow each other in one stream.
    clock_rate: u32,
    /// The stream that it takes in.
    stream: u32,
    pub(super) to: Codec,
    pub(super) transcoder: Transcoder,
}

impl Transcoding {
    /// The transcoder of this stream, for packets with so much sound, and whether it is a new one;
    /// `None` when there can't be one.
    pub(super) fn between(
        slot: &mut Option<Self>,
        now: Instant,
        (from, stream): (Codec, u32),
        to: Codec,
        ptime: Duration,
    ) -> Option<(&mut Transcoder, bool)> {
        let clock_rate = from.clock_rate();
        let fits = slot.as_ref().is_some_and(|known| {
            (known.clock_rate, known.stream, known.to) == (clock_rate, stream, to)
        });
        if !fits {
            let transcoder = match Transcoder::new(now, clock_rate, to, ptime) {
                Ok(transcoder) => transcoder,
                Err(error) => {
                    tracing::error!(%error, %from, %to, "sound can't be transcoded");
                    return None;
                }
            };
            *slot = Some(Self { clock_rate, stream, to, transcoder });
        }
        let known = slot.as_mut()?;
        known.transcoder.set_ptime(ptime);
        Some((&mut known.transcoder, !fits))
    }
}
