//! From 16 kHz to 8 kHz: a half-band filter, then every second sample.

use std::sync::LazyLock;

/// Taps on each side of the middle one that are not zero, at odd distances from it.
const PAIRS: usize = 12;
/// The distance of the outermost tap.
const REACH: usize = 2 * PAIRS - 1;
const TAPS: usize = 2 * REACH + 1;

/// Kaiser's window for about 50 dB.
const BETA: f64 = 4.5;

static PAIR_WEIGHTS: LazyLock<[f32; PAIRS]> = LazyLock::new(|| {
    let mut weights = [0.0; PAIRS];
    for (n, weight) in weights.iter_mut().enumerate() {
        let distance = (2 * n + 1) as f64;
        let angle = std::f64::consts::FRAC_PI_2 * distance;
        let place = distance / (REACH + 1) as f64;
        let window = bessel_i0(BETA * (1.0 - place * place).sqrt()) / bessel_i0(BETA);
        *weight = angle.sin() / angle / 2.0 * window;
    }
    // Both sides together weigh as much as the middle, so that a constant stays what it is.
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| (weight / sum / 4.0) as f32)
});

/// The modified Bessel function of order zero, by its series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..30 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// Halves the rate of one stream.
#[derive(Debug)]
pub(crate) struct Decimator {
    /// The last samples of the frame before.
    past: [f32; TAPS - 1],
}

impl Decimator {
    pub(crate) fn new() -> Self {
        Self { past: [0.0; TAPS - 1] }
    }

    /// Appends half as many samples to `output`. `input` is in the range of ±1, of even length,
    /// and comes after [`Decimator::PAST`] samples of room, which are overwritten.
    pub(crate) fn decimate(&mut self, input: &mut [f32], output: &mut Vec<i16>) {
        let Some((room, _)) = input.split_first_chunk_mut() else {
            return;
        };
        *room = self.past;
        let weights = &*PAIR_WEIGHTS;
        for window in input.windows(TAPS).step_by(2) {
            let mut sum = 0.5 * window[REACH];
            for (n, weight) in weights.iter().enumerate() {
                let distance = 2 * n + 1;
                sum += weight * (window[REACH - distance] + window[REACH + distance]);
            }
            // A float that is too large becomes the largest integer.
            output.push((sum * 32_768.0) as i16);
        }
        if let Some(past) = input.last_chunk() {
            self.past = *past;
        }
    }

    /// Samples of room before the input.
    pub(crate) const PAST: usize = TAPS - 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The level of a tone after the filter against that before it, in dB.
    fn gain(frequency: f32) -> f64 {
        let mut decimator = Decimator::new();
        let mut output = Vec::new();
        for frame in 0..10_usize {
            let mut input = vec![0.0; Decimator::PAST];
            input.extend((0..320).map(|n| {
                let n = (frame * 320 + n) as f32;
                (n * frequency * std::f32::consts::TAU / 16_000.0).sin() * 0.5
            }));
            decimator.decimate(&mut input, &mut output);
        }
        assert_eq!(output.len(), 1_600);
        let steady = &output[320..];
        let mean_square: f64 =
            steady.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / steady.len() as f64;
        10.0 * (mean_square / (16_384.0_f64.powi(2) / 2.0)).log10()
    }

    #[test]
    fn the_telephone_band_passes_as_it_is() {
        for frequency in [100.0, 300.0, 1_000.0, 2_000.0, 3_000.0, 3_400.0] {
            assert!(gain(frequency).abs() < 0.6, "{frequency} Hz: {:.2} dB", gain(frequency));
        }
    }

    #[test]
    fn what_would_fold_back_into_the_telephone_band_is_gone() {
        for frequency in [4_700.0, 5_000.0, 6_000.0, 7_900.0] {
            assert!(gain(frequency) < -40.0, "{frequency} Hz: {:.1} dB", gain(frequency));
        }
    }

    #[test]
    fn frames_join_without_a_seam() {
        let input: Vec<f32> = (0..640).map(|n| (n as f32 * 0.1).sin() * 0.3).collect();
        let whole = {
            let mut output = Vec::new();
            let mut padded = [&[0.0; Decimator::PAST][..], &input].concat();
            Decimator::new().decimate(&mut padded, &mut output);
            output
        };
        let mut joined = Vec::new();
        let mut decimator = Decimator::new();
        for part in input.chunks(160) {
            let mut padded = [&[0.0; Decimator::PAST][..], part].concat();
            decimator.decimate(&mut padded, &mut joined);
        }
        assert_eq!(joined, whole);
    }
}
