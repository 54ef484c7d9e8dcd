//! Comfort noise: what a line sounds like while nobody speaks (RFC 3389).
//!
//! Who hears nothing at all believes that the call is gone. Noise of a level is made sample by
//! sample for a transcoder, and as ready packets of each codec, shared by all calls, for a
//! listener whose other side is on hold or away.

use std::sync::Arc;

use super::{
    g711::Law,
    opus::{OpusEncoder, OpusError},
};
use crate::Codec;

/// The level when nobody told one, in dB below the loudest: soft, but there.
const SOFT: u8 = 60;
/// 20 ms at 8 kHz.
const FRAME_SAMPLES: usize = 160;
/// One second. Its repetition is not heard: noise has no beginning.
const LOOP_FRAMES: usize = 50;

/// Makes noise at 8 kHz.
#[derive(Debug)]
pub(crate) struct NoiseGenerator {
    state: u32,
    level: f32,
    smooth: f32,
}

impl NoiseGenerator {
    pub(crate) fn new() -> Self {
        let mut noise = Self { state: 0x9E37_79B9, level: 0.0, smooth: 0.0 };
        noise.set_level(SOFT);
        noise
    }

    /// Takes the level of a comfort noise packet. The spectrum that may follow it is not used:
    /// at these levels it is hardly heard.
    pub(crate) fn set_level_of(&mut self, payload: &[u8]) {
        if let Some(level) = payload.first() {
            self.set_level((level & 0x7F).max(SOFT / 2));
        }
    }

    /// `level` is in dB below the loudest (dBov without its sign).
    fn set_level(&mut self, level: u8) {
        // White noise of a range has a power of a third of the range's square; the filter leaves
        // three fifths of that.
        let effective = 32_768.0 * 10.0_f32.powf(f32::from(level) / -20.0);
        self.level = effective * 5.0_f32.sqrt();
    }

    pub(crate) fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            // Xorshift (Marsaglia): quick, and random enough to be noise.
            self.state ^= self.state << 13;
            self.state ^= self.state >> 17;
            self.state ^= self.state << 5;
            let white = self.state as i32 as f32 / i32::MAX as f32;
            // Rooms and lines are darker than white.
            self.smooth += 0.75 * (white - self.smooth);
            *sample = (self.smooth * self.level) as i16;
        }
    }
}

/// Comfort noise as packets of 20 ms.
#[derive(Debug)]
pub(crate) struct ComfortNoiseLoop {
    frames: Vec<Arc<[u8]>>,
}

impl ComfortNoiseLoop {
    /// For listeners of this codec.
    pub(crate) fn new(codec: Codec) -> Result<Self, OpusError> {
        let mut noise = NoiseGenerator::new();
        let mut samples = [0; FRAME_SAMPLES];
        let mut encoder = match codec {
            Codec::Opus => Some(OpusEncoder::new()?),
            Codec::Pcma | Codec::Pcmu => None,
        };
        let law = if codec == Codec::Pcma { Law::A } else { Law::Mu };
        let mut frames = Vec::with_capacity(LOOP_FRAMES);
        for _ in 0..LOOP_FRAMES {
            noise.fill(&mut samples);
            frames.push(match &mut encoder {
                Some(encoder) => {
                    let mut packet = [0; 400];
                    let length = encoder.encode(&samples, &mut packet)?;
                    packet.get(..length).unwrap_or_default().into()
                }
                None => samples.iter().map(|sample| law.encode(*sample)).collect(),
            });
        }
        Ok(Self { frames })
    }

    /// The packet of this index; after the last comes the first again.
    pub(crate) fn frame(&self, index: usize) -> Option<&Arc<[u8]>> {
        self.frames.get(index.checked_rem(self.frames.len())?)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::opus::OpusDecoder, *};

    /// In dB below the loudest.
    fn level(samples: &[i16]) -> f64 {
        let power: f64 =
            samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64;
        -10.0 * (power / 32_768.0_f64.powi(2)).log10()
    }

    #[test]
    fn noise_has_the_level_that_a_packet_told() {
        for told in [30_u8, 40, 50, 60] {
            let mut noise = NoiseGenerator::new();
            noise.set_level_of(&[told, 1, 2, 3]);
            let mut samples = [0; 8_000];
            noise.fill(&mut samples);
            assert!((level(&samples) - f64::from(told)).abs() < 1.5, "{:.1}", level(&samples));
        }
    }

    #[test]
    fn nobody_can_order_loud_noise() {
        let mut noise = NoiseGenerator::new();
        noise.set_level_of(&[0]);
        let mut samples = [0; 8_000];
        noise.fill(&mut samples);
        assert!(level(&samples) > 28.0);
    }

    #[test]
    fn noise_of_every_codec_is_soft_but_there() {
        for codec in Codec::ALL {
            let noise = ComfortNoiseLoop::new(codec).unwrap();
            let mut decoder = OpusDecoder::new().unwrap();
            let mut samples = Vec::new();
            for index in 0..75 {
                let frame = noise.frame(index).unwrap();
                match codec {
                    Codec::Pcma => samples.extend(frame.iter().map(|octet| Law::A.decode(*octet))),
                    Codec::Pcmu => samples.extend(frame.iter().map(|octet| Law::Mu.decode(*octet))),
                    Codec::Opus => decoder.decode(frame, &mut samples).unwrap(),
                }
            }
            assert_eq!(samples.len(), 75 * 160);
            let level = level(&samples[800..]);
            assert!((52.0..70.0).contains(&level), "{codec}: {level:.1} dB down");
        }
    }
}
