//! Opus at 8 kHz, for the telephone's side of a transcoder.
//!
//! The codec is `ropus`, which gives the same bits and samples as libopus, loss and forward error
//! correction included: a browser's wideband voice comes out without what lies above the
//! telephone's band.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ropus::{
    Application, Bitrate, Channels, DecodeError, DecodeMode, DecoderInitError, EncodeError,
    EncoderBuildError, InbandFec,
};

const SAMPLE_RATE: u32 = 8_000;
/// Samples of 2.5 ms, the shortest sound that Opus knows.
const SHORTEST: usize = 20;
/// Samples of 120 ms, the longest packet.
const LONGEST: usize = 960;
/// Samples that are concealed at a time at most: 20 ms.
const CONCEALED_AT_ONCE: usize = 160;
/// Speech at 8 kHz does not gain by more.
pub(crate) const NARROWBAND_BITS_PER_SECOND: u32 = 24_000;
/// Of 10. On speech at 8 kHz, PESQ (ITU-T P.862.1) gives 4.28 to 1, 4.31 to 3 and 4.40 to 5, of 4.5 at
/// best, and 1 takes two thirds of the time of 3: it follows one path through the quantiser only.
const COMPLEXITY: u8 = 1;
/// Loss at which packets carry their predecessor's sound a second time, in percent.
const FEC_FROM: u8 = 2;

/// Why the codec did not take something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpusError {
    /// There is no such decoder.
    #[error(transparent)]
    Decoder(#[from] DecoderInitError),
    /// There is no such encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderBuildError),
    /// It is not a packet of Opus.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Sound of this length can't be encoded, or not into so little room.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It has no bytes: the decoder would make sound up in its place.
    #[error("a packet of Opus has at least one byte")]
    Empty,
    /// The decoder failed, and was replaced by a new one.
    #[error("the Opus decoder panicked")]
    Panicked,
}

/// Decodes one stream.
pub(crate) struct OpusDecoder {
    decoder: Box<ropus::Decoder>,
}

impl OpusDecoder {
    pub(crate) fn new() -> Result<Self, OpusError> {
        let decoder = Box::new(ropus::Decoder::new(SAMPLE_RATE, Channels::Mono)?);
        Ok(Self { decoder })
    }

    /// Appends the samples of a packet to `output`.
    pub(crate) fn decode(&mut self, packet: &[u8], output: &mut Vec<i16>) -> Result<(), OpusError> {
        if packet.is_empty() {
            return Err(OpusError::Empty);
        }
        self.decoded(packet, LONGEST, DecodeMode::Normal, output)
    }

    /// Appends this many made-up samples to `output`, a multiple of 20. The packet after the loss,
    /// if it is there already, may carry the sound that was lost.
    pub(crate) fn conceal(
        &mut self,
        samples: usize,
        next: Option<&[u8]>,
        output: &mut Vec<i16>,
    ) -> Result<(), OpusError> {
        let mut left = samples / SHORTEST * SHORTEST;
        while left > 0 {
            let now = left.min(CONCEALED_AT_ONCE);
            left -= now;
            match next {
                // It carries the sound right before its own.
                Some(next) if left == 0 => self.decoded(next, now, DecodeMode::Fec, output)?,
                _ => self.decoded(&[], now, DecodeMode::Normal, output)?,
            }
        }
        Ok(())
    }

    fn decoded(
        &mut self,
        packet: &[u8],
        at_most: usize,
        mode: DecodeMode,
        output: &mut Vec<i16>,
    ) -> Result<(), OpusError> {
        // The longest packet's room is needed for a moment only.
        let mut samples = [0; LONGEST];
        let room = samples.get_mut(..at_most).unwrap_or_default();
        let decoder = &mut self.decoder;
        // The packet is a stranger's. Should the library panic on one, that ends this stream's
        // past, not the thread with everybody's calls.
        let decoded = catch_unwind(AssertUnwindSafe(|| decoder.decode(packet, room, mode)));
        let length = decoded.as_ref().map_or(0, |result| result.unwrap_or(0));
        output.extend_from_slice(samples.get(..length).unwrap_or_default());
        match decoded {
            Ok(result) => Ok(result.map(|_| ())?),
            Err(_) => {
                *self = Self::new()?;
                Err(OpusError::Panicked)
            }
        }
    }
}

/// Encodes one stream.
pub(crate) struct OpusEncoder {
    encoder: Box<ropus::Encoder>,
}

impl OpusEncoder {
    pub(crate) fn new() -> Result<Self, OpusError> {
        let encoder = ropus::Encoder::builder(SAMPLE_RATE, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(NARROWBAND_BITS_PER_SECOND))
            .complexity(COMPLEXITY)
            .build()?;
        Ok(Self { encoder: Box::new(encoder) })
    }

    /// Tells which part of the packets the listener loses, in percent.
    pub(crate) fn set_expected_loss(&mut self, percent: u8) -> Result<(), OpusError> {
        let fec = if percent >= FEC_FROM { InbandFec::Enabled } else { InbandFec::Disabled };
        self.encoder.set_inband_fec(fec)?;
        Ok(self.encoder.set_packet_loss_perc(percent.min(100))?)
    }

    /// Encodes 10, 20, 40 or 60 ms into `output` and returns the packet's length.
    pub(crate) fn encode(
        &mut self,
        samples: &[i16],
        output: &mut [u8],
    ) -> Result<usize, OpusError> {
        Ok(self.encoder.encode(samples, output)?)
    }
}

impl std::fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpusDecoder").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for OpusEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpusEncoder").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use bellpush_test_fuzz::{Seeds, from_packets, packets};

    use super::{super::Greeting, *};

    fn tone(frame: usize) -> Vec<i16> {
        (frame * 160..(frame + 1) * 160)
            .map(|n| ((n as f32 * 440.0 * std::f32::consts::TAU / 8_000.0).sin() * 8_000.0) as i16)
            .collect()
    }

    /// How much of a signal is this tone, from 0 to 1.
    pub(crate) fn purity(samples: &[i16], frequency: f64) -> f64 {
        let (mut real, mut imaginary, mut energy) = (0.0, 0.0, 1e-9);
        for (n, sample) in samples.iter().enumerate() {
            let angle = n as f64 * frequency * std::f64::consts::TAU / 8_000.0;
            real += f64::from(*sample) * angle.cos();
            imaginary += f64::from(*sample) * angle.sin();
            energy += f64::from(*sample).powi(2);
        }
        2.0 * (real * real + imaginary * imaginary) / (energy * samples.len() as f64)
    }

    fn energy(samples: &[i16]) -> f64 {
        samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64
    }

    #[test]
    fn a_tone_survives_being_encoded_and_decoded() {
        let (mut encoder, mut decoder) = (OpusEncoder::new().unwrap(), OpusDecoder::new().unwrap());
        let mut heard = Vec::new();
        for frame in 0..50 {
            let mut packet = [0; 400];
            let length = encoder.encode(&tone(frame), &mut packet).unwrap();
            decoder.decode(&packet[..length], &mut heard).unwrap();
        }
        assert_eq!(heard.len(), 8_000);
        let steady = &heard[1_600..];
        assert!(purity(steady, 440.0) > 0.95, "{:.3}", purity(steady, 440.0));
        let level = 10.0 * (energy(steady) / 3.2e7).log10();
        assert!(level.abs() < 1.5, "{level:.1} dB");
    }

    #[test]
    fn a_packet_without_a_byte_is_no_sound() {
        let mut heard = Vec::new();
        let refused = OpusDecoder::new().unwrap().decode(&[], &mut heard);
        assert_eq!((refused, heard), (Err(OpusError::Empty), Vec::new()));
    }

    #[test]
    fn every_length_of_packet_can_be_made() {
        let mut encoder = OpusEncoder::new().unwrap();
        let mut decoder = OpusDecoder::new().unwrap();
        for samples in [80, 160, 320, 480] {
            let mut packet = [0; 1_275];
            let length = encoder.encode(&vec![100; samples], &mut packet).unwrap();
            let mut heard = Vec::new();
            decoder.decode(&packet[..length], &mut heard).unwrap();
            assert_eq!(heard.len(), samples);
        }
    }

    #[test]
    fn a_wideband_voice_is_decoded_to_the_telephones_band() {
        let greeting = Greeting::built_in().unwrap();
        let mut decoder = OpusDecoder::new().unwrap();
        let mut heard = Vec::new();
        for index in 0..200 {
            decoder.decode(greeting.frame(index).unwrap(), &mut heard).unwrap();
        }
        assert_eq!(heard.len(), 200 * 160);
        assert!(energy(&heard) > 10_000.0);
    }

    /// The level of a tone that came at 16 kHz, against what it was, in dB.
    fn gain(frequency: f32) -> f64 {
        let mut browser = ropus::Encoder::builder(16_000, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(32_000))
            .build()
            .unwrap();
        let mut decoder = OpusDecoder::new().unwrap();
        let mut heard = Vec::new();
        for frame in 0..50 {
            let samples: Vec<i16> = (frame * 320..(frame + 1) * 320)
                .map(|n| {
                    let angle = n as f32 * frequency * std::f32::consts::TAU / 16_000.0;
                    (angle.sin() * 8_000.0) as i16
                })
                .collect();
            let mut packet = [0; 400];
            let length = browser.encode(&samples, &mut packet).unwrap();
            decoder.decode(&packet[..length], &mut heard).unwrap();
        }
        10.0 * (energy(&heard[1_600..]) / 3.2e7).log10()
    }

    #[test]
    fn the_telephones_band_passes_and_nothing_folds_back_into_it() {
        for frequency in [300.0, 1_000.0, 2_000.0, 3_000.0, 3_400.0] {
            assert!(gain(frequency).abs() < 1.5, "{frequency} Hz: {:.1} dB", gain(frequency));
        }
        for frequency in [5_000.0, 6_000.0, 7_000.0] {
            assert!(gain(frequency) < -40.0, "{frequency} Hz: {:.1} dB", gain(frequency));
        }
    }

    #[test]
    fn a_lost_packet_is_rebuilt_from_the_next_one_when_loss_was_expected() {
        // A voice, so that what was lost can't be guessed from what came before.
        let greeting = Greeting::built_in().unwrap();
        let mut voice = Vec::new();
        let mut reader = OpusDecoder::new().unwrap();
        for index in 0..200 {
            reader.decode(greeting.frame(index).unwrap(), &mut voice).unwrap();
        }
        let error_with = |loss: u8| {
            let mut encoder = OpusEncoder::new().unwrap();
            encoder.set_expected_loss(loss).unwrap();
            let packets: Vec<Vec<u8>> = voice
                .chunks(160)
                .map(|frame| {
                    let mut packet = [0; 400];
                    let length = encoder.encode(frame, &mut packet).unwrap();
                    packet[..length].to_vec()
                })
                .collect();
            let decoded = |every: usize| {
                let mut decoder = OpusDecoder::new().unwrap();
                let mut heard = Vec::new();
                for pair in packets.windows(2).enumerate() {
                    match pair {
                        (n, [_, next]) if n % every == every - 1 => {
                            decoder.conceal(160, Some(next), &mut heard).unwrap();
                        }
                        (_, [packet, _]) => decoder.decode(packet, &mut heard).unwrap(),
                        _ => unreachable!(),
                    }
                }
                heard
            };
            let (whole, lossy) = (decoded(usize::MAX), decoded(10));
            assert_eq!(whole.len(), lossy.len());
            whole.iter().zip(&lossy).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
        };
        let (without, with) = (error_with(0), error_with(10));
        assert!(with * 4.0 < without, "{with:.0} against {without:.0}");
    }

    #[test]
    fn a_long_loss_is_concealed_and_fades() {
        let (mut encoder, mut decoder) = (OpusEncoder::new().unwrap(), OpusDecoder::new().unwrap());
        let mut heard = Vec::new();
        for frame in 0..20 {
            let mut packet = [0; 400];
            let length = encoder.encode(&tone(frame), &mut packet).unwrap();
            decoder.decode(&packet[..length], &mut heard).unwrap();
        }
        let mut made_up = Vec::new();
        decoder.conceal(8_000, None, &mut made_up).unwrap();
        assert_eq!(made_up.len(), 8_000);
        assert!(energy(&made_up[..160]) > 0.2 * energy(&heard[2_000..]));
        assert!(energy(&made_up[7_000..]) < 0.01 * energy(&heard[2_000..]));
    }

    /// The first byte of a packet says whether it came, or only helps to conceal the one before.
    #[test]
    fn fuzz_packets_of_opus() {
        let greeting = Greeting::built_in().unwrap();
        let mut voice = OpusEncoder::new().unwrap();
        voice.set_expected_loss(10).unwrap();
        let mut narrow = [0; 250];
        let length = voice.encode(&tone(0), &mut narrow).unwrap();
        let spoken = (0..4).map(|index| [&[0][..], greeting.frame(index).unwrap()].concat());
        let seeds = [
            from_packets(spoken),
            from_packets([[&[0], &narrow[..length]].concat(), [&[1], &narrow[..length]].concat()]),
            // Every mode, bandwidth and length, as the first byte of a packet says it.
            from_packets((0..=255).step_by(5).map(|toc| [0, toc, 3, 1, 2, 3, 4, 5, 6, 7])),
            from_packets((0..=255).step_by(5).map(|toc| [1, toc, 0x42, 9, 8, 7, 6, 5, 4, 3])),
        ];
        Seeds::new(seeds).run(300, |input| {
            let mut decoder = OpusDecoder::new().unwrap();
            let mut heard = Vec::new();
            for packet in packets(input) {
                let Some((how, packet)) = packet.split_first() else { continue };
                heard.clear();
                let result = if how % 2 == 1 {
                    decoder.conceal(160, Some(packet), &mut heard)
                } else {
                    decoder.decode(packet, &mut heard)
                };
                assert!(result.is_ok() || heard.is_empty());
                assert_ne!(result, Err(OpusError::Panicked));
                assert!(heard.len() <= 960);
            }
            // It still takes a good one.
            let mut packet = [0; 400];
            let length = OpusEncoder::new().unwrap().encode(&tone(0), &mut packet).unwrap();
            assert_eq!(decoder.decode(&packet[..length], &mut heard), Ok(()));
        });
    }
}
