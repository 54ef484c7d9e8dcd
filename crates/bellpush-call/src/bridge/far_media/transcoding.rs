//! A stream on its way through a transcoder.

use std::time::{Duration, Instant};

use crate::{Codec, media::Transcoder};

/// The transcoder of one stream.
pub(super) struct Transcoding {
    from: Codec,
    /// The stream that it takes in.
    ssrc: u32,
    pub(super) to: Codec,
    pub(super) transcoder: Transcoder,
}

impl Transcoding {
    /// The transcoder of this stream, and whether it is a new one; `None` when there can't
    /// be one.
    pub(super) fn between(
        slot: &mut Option<Self>,
        now: Instant,
        (from, ssrc): (Codec, u32),
        to: Codec,
        ptime: Duration,
    ) -> Option<(&mut Transcoder, bool)> {
        let fits = slot
            .as_ref()
            .is_some_and(|known| (known.from, known.ssrc, known.to) == (from, ssrc, to));
        if !fits {
            let transcoder = match Transcoder::new(now, from, to, ptime) {
                Ok(transcoder) => transcoder,
                Err(error) => {
                    tracing::error!(%error, %from, %to, "sound can't be transcoded");
                    return None;
                }
            };
            *slot = Some(Self { from, ssrc, to, transcoder });
        }
        slot.as_mut().map(|known| (&mut known.transcoder, !fits))
    }
}
