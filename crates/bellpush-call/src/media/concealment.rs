//! Hides lost packets of G.711: the last period of the voice goes on, and fades out.
//!
//! The method of G.711 Appendix I, without its delay: a copy of the last pitch period is repeated,
//! whole for 10 ms and then softer by a fifth each 10 ms; where real sound begins again, both are
//! blended.

/// 8 kHz.
const SAMPLES_PER_MS: usize = 8;
/// Pitch from 200 Hz down to 66 Hz, in samples of a period.
const SHORTEST_PERIOD: usize = 40;
const LONGEST_PERIOD: usize = 120;
/// How much of the past two periods are compared by.
const COMPARED: usize = 160;
const HISTORY: usize = LONGEST_PERIOD + COMPARED;
/// Silence after this.
const FADED: usize = 60 * SAMPLES_PER_MS;
const WHOLE: usize = 10 * SAMPLES_PER_MS;
const BLEND: usize = 4 * SAMPLES_PER_MS;

/// What is needed to go on for a while without packets.
#[derive(Debug)]
pub(crate) struct Concealment {
    history: [i16; HISTORY],
    period: usize,
    /// Samples concealed since the last real one; 0 while real ones come.
    concealed: usize,
}

impl Concealment {
    pub(crate) fn new() -> Self {
        Self { history: [0; HISTORY], period: SHORTEST_PERIOD, concealed: 0 }
    }

    /// Takes real samples in, and blends their beginning with what was made up before them.
    pub(crate) fn decoded(&mut self, samples: &mut [i16]) {
        if self.concealed > 0 {
            let blend = BLEND.min(samples.len());
            for (n, sample) in samples.iter_mut().take(blend).enumerate() {
                let made_up = i32::from(self.next_concealed());
                let (n, blend) = (n as i32 + 1, blend as i32 + 1);
                *sample = ((i32::from(*sample) * n + made_up * (blend - n)) / blend) as i16;
            }
            self.concealed = 0;
        }
        self.remember(samples);
    }

    /// Makes up the next samples.
    pub(crate) fn conceal(&mut self, samples: &mut [i16]) {
        if self.concealed == 0 {
            self.period = self.pitch();
        }
        for sample in samples {
            *sample = self.next_concealed();
        }
    }

    fn next_concealed(&mut self) -> i16 {
        let at = self.concealed;
        self.concealed += 1;
        if at >= FADED {
            return 0;
        }
        let start = HISTORY - self.period;
        let within = at % self.period;
        let mut sample = i32::from(self.history[start + within]);
        // The last quarter of the period runs into what came before its beginning, so that
        // repeating it makes no click.
        let quarter = self.period / 4;
        let left = self.period - within;
        if left <= quarter && start >= left {
            let before = i32::from(self.history[start - left]);
            let (left, quarter) = (left as i32, quarter as i32);
            sample = (sample * left + before * (quarter - left)) / quarter;
        }
        let faded = at.saturating_sub(WHOLE) as i32;
        let range = (FADED - WHOLE) as i32;
        (sample * (range - faded) / range) as i16
    }

    /// The distance at which the past is most like itself.
    fn pitch(&self) -> usize {
        let recent = &self.history[HISTORY - COMPARED..];
        let mut best = (f32::MIN, SHORTEST_PERIOD);
        for period in SHORTEST_PERIOD..=LONGEST_PERIOD {
            let earlier = &self.history[HISTORY - COMPARED - period..HISTORY - period];
            let (mut product, mut energy) = (0.0_f32, 1.0_f32);
            for (a, b) in recent.iter().zip(earlier) {
                let (a, b) = (f32::from(*a), f32::from(*b));
                product += a * b;
                energy += b * b;
            }
            let likeness = product / energy.sqrt();
            if likeness > best.0 {
                best = (likeness, period);
            }
        }
        best.1
    }

    fn remember(&mut self, samples: &[i16]) {
        let samples = &samples[samples.len().saturating_sub(HISTORY)..];
        self.history.copy_within(samples.len().., 0);
        self.history[HISTORY - samples.len()..].copy_from_slice(samples);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tone(frequency: f32, from: usize, samples: usize) -> Vec<i16> {
        (from..from + samples)
            .map(|n| {
                ((n as f32 * frequency * std::f32::consts::TAU / 8_000.0).sin() * 8_000.0) as i16
            })
            .collect()
    }

    fn energy(samples: &[i16]) -> f64 {
        samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64
    }

    #[test]
    fn a_lost_packet_of_a_voice_sounds_like_the_voice() {
        for frequency in [80.0, 100.0, 125.0, 160.0] {
            let mut concealment = Concealment::new();
            concealment.decoded(&mut tone(frequency, 0, 800));
            let mut made_up = [0; 80];
            concealment.conceal(&mut made_up);
            let expected = tone(frequency, 800, 80);
            let error: Vec<i16> = expected.iter().zip(made_up).map(|(a, b)| a - b).collect();
            let ratio = energy(&expected) / energy(&error).max(1.0);
            assert!(ratio > 30.0, "{frequency} Hz: signal to error {ratio:.1}");
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence_within_60_ms() {
        let mut concealment = Concealment::new();
        concealment.decoded(&mut tone(100.0, 0, 800));
        let mut made_up = [0; 8 * 80];
        concealment.conceal(&mut made_up);
        let by_10_ms: Vec<f64> = made_up.chunks(80).map(energy).collect();
        assert!(by_10_ms.windows(2).all(|pair| pair[1] <= pair[0] + 1.0), "{by_10_ms:?}");
        assert_eq!(&by_10_ms[6..], [0.0, 0.0]);
    }

    #[test]
    fn nothing_clicks_where_sound_is_made_up_and_where_it_comes_back() {
        let mut concealment = Concealment::new();
        let mut heard = tone(110.0, 0, 800);
        concealment.decoded(&mut heard);
        let mut lost = [0; 160];
        concealment.conceal(&mut lost);
        let mut back = tone(110.0, 960, 160);
        concealment.decoded(&mut back);
        heard.extend(lost);
        heard.extend(back);
        let steepest = |samples: &[i16]| {
            samples.windows(2).map(|p| (i32::from(p[1]) - i32::from(p[0])).abs()).max().unwrap()
        };
        let natural = steepest(&tone(110.0, 0, 800));
        assert!(steepest(&heard) < natural * 3, "{} against {natural}", steepest(&heard));
    }

    #[test]
    fn silence_is_concealed_by_silence() {
        let mut concealment = Concealment::new();
        let mut made_up = [1; 160];
        concealment.conceal(&mut made_up);
        assert_eq!(made_up, [0; 160]);
    }

    proptest! {
        #[test]
        fn made_up_sound_is_never_louder_than_what_was_heard(
            heard in proptest::collection::vec(any::<i16>(), 0..600),
            lost in 1_usize..900,
        ) {
            let mut concealment = Concealment::new();
            let loudest = heard.iter().map(|s| i32::from(*s).abs()).max().unwrap_or(0);
            concealment.decoded(&mut heard.clone());
            let mut made_up = vec![0; lost];
            concealment.conceal(&mut made_up);
            prop_assert!(made_up.iter().all(|s| i32::from(*s).abs() <= loudest));
        }
    }
}
