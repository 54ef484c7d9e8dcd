//! G.711, A-law and µ-law, with 16-bit linear samples on the other side.
//!
//! Decoding looks up a table; encoding computes the segment as the Recommendation draws it.

use crate::Codec;

/// A companding law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Law {
    /// PCMA.
    A,
    /// PCMU.
    Mu,
}

static A_LAW: [i16; 256] = table(Law::A);
static MU_LAW: [i16; 256] = table(Law::Mu);

/// A-law sends every second bit inverted (G.711 table 1a).
const A_LAW_INVERTED: u8 = 0x55;
/// µ-law's segments begin where its samples, moved by this, double.
const MU_LAW_BIAS: i32 = 132;
/// The largest sample that µ-law can code.
const MU_LAW_CLIP: i32 = 32_635;

impl Law {
    /// The law of a codec; `None` for one that is not G.711.
    pub(crate) const fn of(codec: Codec) -> Option<Self> {
        match codec {
            Codec::Pcma => Some(Self::A),
            Codec::Pcmu => Some(Self::Mu),
            Codec::Opus => None,
        }
    }

    /// The sample of an octet.
    pub(crate) fn decode(self, octet: u8) -> i16 {
        match self {
            Self::A => A_LAW[usize::from(octet)],
            Self::Mu => MU_LAW[usize::from(octet)],
        }
    }

    /// The octet that is nearest to a sample.
    pub(crate) fn encode(self, sample: i16) -> u8 {
        match self {
            Self::A => encode_a(sample),
            Self::Mu => encode_mu(sample),
        }
    }
}

const fn table(law: Law) -> [i16; 256] {
    let mut samples = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        samples[octet] = match law {
            Law::A => decode_a(octet as u8),
            Law::Mu => decode_mu(octet as u8),
        };
        octet += 1;
    }
    samples
}

const fn decode_a(octet: u8) -> i16 {
    let code = octet ^ A_LAW_INVERTED;
    let segment = (code >> 4) & 7;
    // The middle of the interval, in steps of the finest segment, which are 16.
    let interval = ((code & 0x0F) as i16) * 16 + 8;
    let magnitude = match segment {
        0 => interval,
        _ => (interval + 256) << (segment - 1),
    };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

const fn decode_mu(octet: u8) -> i16 {
    let code = !octet;
    let segment = (code >> 4) & 7;
    let step = (((code & 0x0F) as i32) << 3) + MU_LAW_BIAS;
    let magnitude = ((step << segment) - MU_LAW_BIAS) as i16;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

fn encode_a(sample: i16) -> u8 {
    // Negative intervals mirror the positive ones: -1 is in the first of them.
    let (sign, magnitude) = if sample < 0 { (0, !sample) } else { (0x80, sample) };
    let steps = (magnitude as u16) >> 4;
    let segment = 12_u32.saturating_sub(steps.leading_zeros());
    let mantissa = if segment <= 1 { steps } else { steps >> (segment - 1) } & 0x0F;
    (sign | (segment as u8) << 4 | mantissa as u8) ^ A_LAW_INVERTED
}

fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(MU_LAW_CLIP) + MU_LAW_BIAS;
    // The bias puts the highest bit at 7 or above.
    let segment = 24_u32.saturating_sub((magnitude as u32).leading_zeros());
    let mantissa = (magnitude >> (segment + 3)) as u8 & 0x0F;
    !(sign | (segment as u8) << 4 | mantissa)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decision values of G.711's positive segments, as the Recommendation lists them (tables 1a
    /// and 2a): the segment's first decision value and the step within it. A-law counts in units
    /// of a 13-bit sample, µ-law of a 14-bit one.
    const A_SEGMENTS: [(i32, i32); 8] =
        [(0, 2), (32, 2), (64, 4), (128, 8), (256, 16), (512, 32), (1_024, 64), (2_048, 128)];
    const MU_SEGMENTS: [(i32, i32); 8] =
        [(-1, 2), (31, 4), (95, 8), (223, 16), (479, 32), (991, 64), (2_015, 128), (4_063, 256)];

    #[test]
    fn every_octet_has_the_value_of_the_recommendations_tables() {
        for segment in 0..8_u8 {
            for interval in 0..16_u8 {
                let (first, step) = A_SEGMENTS[usize::from(segment)];
                // The value is the middle of the interval; 13 bits count in eighths of ours.
                let value = (2 * first + step * (2 * i32::from(interval) + 1)) * 8 / 2;
                let code = segment << 4 | interval;
                assert_eq!(i32::from(Law::A.decode((0x80 | code) ^ 0x55)), value, "A {code}");
                assert_eq!(i32::from(Law::A.decode(code ^ 0x55)), -value, "A -{code}");

                let (first, step) = MU_SEGMENTS[usize::from(segment)];
                let value = (2 * first + step * (2 * i32::from(interval) + 1)) * 4 / 2;
                assert_eq!(i32::from(Law::Mu.decode(!code)), value, "µ {code}");
                assert_eq!(i32::from(Law::Mu.decode(!(0x80 | code))), -value, "µ -{code}");
            }
        }
    }

    #[test]
    fn well_known_octets_are_what_they_are() {
        // Silence, and the loudest samples.
        assert_eq!((Law::A.encode(0), Law::A.decode(0xD5)), (0xD5, 8));
        assert_eq!((Law::Mu.encode(0), Law::Mu.decode(0xFF)), (0xFF, 0));
        assert_eq!((Law::A.encode(i16::MAX), Law::A.decode(0xAA)), (0xAA, 32_256));
        assert_eq!((Law::A.encode(i16::MIN), Law::A.decode(0x2A)), (0x2A, -32_256));
        assert_eq!((Law::Mu.encode(i16::MAX), Law::Mu.decode(0x80)), (0x80, 32_124));
        assert_eq!((Law::Mu.encode(i16::MIN), Law::Mu.decode(0x00)), (0x00, -32_124));
    }

    #[test]
    fn samples_change_their_octet_at_the_recommendations_decision_values() {
        for segment in 0..8_u8 {
            for interval in 0..16_u8 {
                let code = segment << 4 | interval;
                let (first, step) = A_SEGMENTS[usize::from(segment)];
                let decision = (first + step * i32::from(interval)) * 8;
                let octet = |sample: i32| Law::A.encode(i16::try_from(sample).unwrap()) ^ 0x55;
                assert_eq!(octet(decision), 0x80 | code, "A {code}");
                if code > 0 {
                    assert_eq!(octet(decision - 1), 0x80 | (code - 1), "below A {code}");
                }
                assert_eq!(octet(-1 - decision), code, "A -{code}");

                let (first, step) = MU_SEGMENTS[usize::from(segment)];
                let decision = ((first + step * i32::from(interval)) * 4).max(0);
                let octet = |sample: i32| !Law::Mu.encode(i16::try_from(sample).unwrap());
                assert_eq!(octet(decision), code, "µ {code}");
                if code > 0 {
                    assert_eq!(octet(decision - 1), code - 1, "below µ {code}");
                    assert_eq!(octet(-decision), 0x80 | code, "µ -{code}");
                }
            }
        }
    }

    #[test]
    fn a_louder_sample_never_gets_a_softer_octet() {
        for law in [Law::A, Law::Mu] {
            let coded = (i16::MIN..=i16::MAX).map(|sample| law.decode(law.encode(sample)));
            assert!(coded.is_sorted(), "{law:?}");
        }
    }

    #[test]
    fn an_octet_that_was_decoded_is_encoded_to_itself() {
        for octet in 0..=255 {
            assert_eq!(Law::A.encode(Law::A.decode(octet)), octet);
            // µ-law has two zeros.
            let expected = if octet == 0x7F { 0xFF } else { octet };
            assert_eq!(Law::Mu.encode(Law::Mu.decode(octet)), expected);
        }
    }
}
