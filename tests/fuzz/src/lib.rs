//! Runs fuzz targets, which are tests like any other.
//!
//! In a test run a target sees a fixed number of inputs near its seeds, the same in every run. In
//! a build for fuzzing (`cargo xtask fuzz`), libFuzzer looks for inputs by the code that they reach,
//! from the same seeds, for as long as it is told to.

#[cfg(fuzzing)]
mod libfuzzer;
#[cfg(not(fuzzing))]
mod mutations;

/// What the inputs of a target are made from.
#[derive(Debug, Clone, Default)]
pub struct Seeds {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Seeds {
    /// Inputs that the target takes well, and some that it refuses for a known reason.
    pub fn new<S: Into<Vec<u8>>>(seeds: impl IntoIterator<Item = S>) -> Self {
        Self { seeds: seeds.into_iter().map(Into::into).collect(), words: Vec::new() }
    }

    /// Parts that the target knows and that random bytes would hardly hit.
    #[must_use]
    pub fn words<W: Into<Vec<u8>>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Runs a target: each seed, then this many inputs near them. It fails by panicking.
    pub fn run(self, inputs: usize, target: fn(&[u8])) {
        #[cfg(fuzzing)]
        {
            let _ = inputs;
            libfuzzer::run(&self.seeds, &self.words, target);
        }
        #[cfg(not(fuzzing))]
        {
            let mut mutations = mutations::Mutations::new(&self.seeds, &self.words);
            for seed in &self.seeds {
                show_when_it_fails(seed, target);
            }
            for _ in 0..inputs {
                show_when_it_fails(&mutations.next_input(), target);
            }
        }
    }
}

/// Runs a target with values of a property test's strategy, which libFuzzer's bytes choose. In a
/// test run, the property test is enough.
#[cfg(fuzzing)]
pub fn fuzz_values<S>(strategy: S, target: impl Fn(S::Value) + 'static)
where
    S: proptest::strategy::Strategy + 'static,
{
    use proptest::{
        strategy::ValueTree as _,
        test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
    };

    libfuzzer::run(&[], &[], move |bytes| {
        let random = TestRng::from_seed(RngAlgorithm::PassThrough, bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), random);
        if let Ok(value) = strategy.new_tree(&mut runner) {
            target(value.current());
        }
    });
}

/// Runs a target with one input, and prints it when that fails: as it can be put into a test.
#[cfg(not(fuzzing))]
fn show_when_it_fails(input: &[u8], target: fn(&[u8])) {
    struct Shown<'a>(&'a [u8]);

    impl Drop for Shown<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("the input was b\"{}\"", self.0.escape_ascii());
            }
        }
    }

    let shown = Shown(input);
    target(shown.0);
}

/// Cuts an input into packets, each after a byte that says how long it is.
pub fn packets(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&length, rest) = input.split_first()?;
        let (packet, rest) = rest.split_at(usize::from(length).min(rest.len()));
        input = rest;
        Some(packet)
    })
}

/// The other way round. What a packet has over 255 bytes is left out.
pub fn from_packets<P: AsRef<[u8]>>(packets: impl IntoIterator<Item = P>) -> Vec<u8> {
    let mut input = Vec::new();
    for packet in packets {
        let packet = packet.as_ref();
        let length = u8::try_from(packet.len()).unwrap_or(u8::MAX);
        input.push(length);
        input.extend(packet.iter().take(length.into()));
    }
    input
}

#[cfg(all(test, not(fuzzing)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn packets_come_out_as_they_went_in() {
        let input = from_packets([&b"abc"[..], b"", &[7; 300]]);
        let found: Vec<&[u8]> = packets(&input).collect();
        assert_eq!(found, [&b"abc"[..], b"", &[7; 255]]);
        assert_eq!(packets(&[9, 1]).collect::<Vec<_>>(), [[1]]);
    }

    #[test]
    fn a_target_sees_every_seed_and_as_many_inputs_as_were_asked_for() {
        static SEEN: AtomicUsize = AtomicUsize::new(0);
        Seeds::new(["a", "b"]).run(100, |_| {
            SEEN.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(SEEN.load(Ordering::Relaxed), 102);
    }

    #[test]
    #[should_panic = "found"]
    fn a_fault_near_a_seed_is_found() {
        Seeds::new(["Content-Length: 12"]).words(["Reason"]).run(2_000, |input| {
            assert!(!input.windows(8).any(|window| window == b"t: Reaso"), "found");
        });
    }
}
