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
    /// Which part of what comes out is lost, in percent.
    loss_percent: u8,
    pub(super) transcoder: Transcoder,
}

impl Transcoding {
    /// The transcoder of this stream, for packets with so much sound of which such a part is lost in percent, and
    /// whether it is a new one; `None` when there can't be one.
    pub(super) fn between(
        slot: &mut Option<Self>,
        now: Instant,
        (from, stream): (Codec, u32),
        to: Codec,
        (ptime, loss_percent): (Duration, u8),
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
            *slot = Some(Self { clock_rate, stream, to, loss_percent: 0, transcoder });
        }
        let known = slot.as_mut()?;
        known.transcoder.set_ptime(ptime);
        if known.loss_percent != loss_percent {
            known.loss_percent = loss_percent;
            known.transcoder.set_expected_loss(loss_percent);
        }
        Some((&mut known.transcoder, !fits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{FRAME, G711Law, Greeting, OpusDecoder, RtpTimes};

    /// Packets of Opus that carry what was in the one before them, too, of 200: from two streams of A-law that
    /// follow each other, to who loses so many.
    fn packets_with_the_one_before(loss_percent: u8) -> usize {
        let greeting = Greeting::built_in().unwrap();
        let (mut voice, mut reader) = (Vec::new(), OpusDecoder::new().unwrap());
        for index in 0..200 {
            reader.decode(greeting.frame(index).unwrap(), &mut voice).unwrap();
        }
        let (start, mut slot, mut count) = (Instant::now(), None, 0);
        for (n, samples) in (0_u32..).zip(voice.chunks_exact(160)) {
            let now = start + FRAME * n;
            let from = (Codec::Pcma, n / 100);
            let packets = (FRAME, loss_percent);
            let (transcoder, is_new) =
                Transcoding::between(&mut slot, now, from, Codec::Opus, packets).unwrap();
            assert_eq!(is_new, n % 100 == 0);
            let payload: Vec<u8> = samples.iter().map(|s| G711Law::A.encode(*s)).collect();
            let times = RtpTimes { seq: 1_000 + u64::from(n), timestamp: n * 160, marker: false };
            transcoder.packet(now, Codec::Pcma, times, &payload);
            while let Some(packet) = transcoder.poll(now) {
                // RFC 6716 section 4.2.3: the flag after that of speech.
                count += usize::from(packet.payload.get(1).is_some_and(|first| first & 0x40 != 0));
            }
        }
        count
    }

    #[test]
    fn who_loses_packets_gets_their_sound_a_second_time_by_each_transcoder() {
        assert_eq!(packets_with_the_one_before(0), 0);
        let count = packets_with_the_one_before(10);
        assert!(count > 100, "{count}");
    }
}
