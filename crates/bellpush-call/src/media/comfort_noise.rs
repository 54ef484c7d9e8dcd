//! Comfort noise: what a line sounds like while nobody speaks (RFC 3389).
//!
//! Who hears nothing at all believes that the call is gone. Noise of a level is made sample by
//! sample for a transcoder, and as ready packets of each codec, shared by all calls, for a
//! listener whose other side is on hold or away.

use std::time::Duration;

use super::{
    g711::Law,
    opus::{OpusEncoder, OpusError},
};
use crate::Codec;

/// The level when nobody told one, in dB below the loudest: soft, but there.
const SOFT: u8 = 60;
/// At 8 kHz.
const SAMPLES_PER_MS: usize = 8;
/// Milliseconds of noise. Its repetition is not heard: noise has no beginning.
const LOOP_MS: usize = 1_200;
/// Milliseconds in a packet of Opus.
const OPUS_PACKETS_MS: [usize; 4] = [10, 20, 40, 60];

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

    /// Noise of G.711, an octet a sample. Of other codecs there is none.
    pub(crate) fn frame(&mut self, codec: Codec, octets: &mut [u8]) {
        let Some(law) = Law::of(codec) else { return };
        for octet in octets {
            let mut sample = [0];
            self.fill(&mut sample);
            *octet = law.encode(sample[0]);
        }
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

/// Comfort noise as ready packets of one codec.
#[derive(Debug)]
pub(crate) enum ComfortNoiseLoop {
    /// An octet a sample, so that packets of any length can be cut out.
    G711(Vec<u8>),
    /// For each length, so many packets.
    Opus([Vec<Vec<u8>>; OPUS_PACKETS_MS.len()]),
}

impl ComfortNoiseLoop {
    /// For listeners of this codec.
    pub(crate) fn new(codec: Codec) -> Result<Self, OpusError> {
        let mut noise = NoiseGenerator::new();
        let mut samples = vec![0; LOOP_MS * SAMPLES_PER_MS];
        noise.fill(&mut samples);
        let Some(law) = Law::of(codec) else {
            let mut packets = OPUS_PACKETS_MS.map(|_| Vec::new());
            for (packets, ms) in packets.iter_mut().zip(OPUS_PACKETS_MS) {
                *packets = opus_packets(&samples, ms)?;
            }
            return Ok(Self::Opus(packets));
        };
        Ok(Self::G711(samples.iter().map(|sample| law.encode(*sample)).collect()))
    }

    /// The packet of this index; after the last comes the first again. `None` for a length that the
    /// codec does not have.
    pub(crate) fn frame(&self, ptime: Duration, index: usize) -> Option<&[u8]> {
        let ms = ptime.as_millis() as usize;
        match self {
            Self::G711(octets) => {
                let length = ms * SAMPLES_PER_MS;
                let at = index.checked_rem(octets.len().checked_div(length)?)? * length;
                octets.get(at..at + length)
            }
            Self::Opus(packets) => {
                let which = OPUS_PACKETS_MS.iter().position(|known| *known == ms)?;
                let packets = packets.get(which)?;
                packets.get(index.checked_rem(packets.len())?).map(Vec::as_slice)
            }
        }
    }
}

fn opus_packets(samples: &[i16], ms: usize) -> Result<Vec<Vec<u8>>, OpusError> {
    let mut encoder = OpusEncoder::new()?;
    let mut packet = [0; 400];
    samples
        .chunks_exact(ms * SAMPLES_PER_MS)
        .map(|samples| {
            let length = encoder.encode(samples, &mut packet)?;
            Ok(packet.get(..length).unwrap_or_default().to_vec())
        })
        .collect()
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
                let frame = noise.frame(Duration::from_millis(20), index).unwrap();
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

    #[test]
    fn noise_comes_in_packets_of_the_length_that_is_wanted() {
        for (codec, ms, samples) in
            [(Codec::Pcma, 30, 240), (Codec::Pcmu, 60, 480), (Codec::Opus, 60, 480)]
        {
            let noise = ComfortNoiseLoop::new(codec).unwrap();
            for index in 0..100 {
                let frame = noise.frame(Duration::from_millis(ms), index).unwrap();
                if codec == Codec::Opus {
                    let mut decoded = Vec::new();
                    OpusDecoder::new().unwrap().decode(frame, &mut decoded).unwrap();
                    assert_eq!(decoded.len(), samples);
                } else {
                    assert_eq!(frame.len(), samples);
                }
            }
            assert_eq!(noise.frame(Duration::from_millis(5_000), 0), None);
        }
    }
}
