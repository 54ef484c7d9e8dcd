//! Inputs near others: most differ in a few places only, so that they get past a parser's first
//! checks.

use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};

/// Changes of one input, at most.
const MAX_CHANGES: u32 = 6;
/// Bytes of one that is random throughout, at most.
const MAX_RANDOM: usize = 300;
/// An input does not grow beyond.
const MAX_INPUT: usize = 64 * 1024;
/// Numbers at which something may happen.
const EDGES: [u32; 12] =
    [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0xFFFF_FFFF];

/// Makes one input after the other. The same seeds make the same ones.
pub(crate) struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    words: &'a [Vec<u8>],
    random: StdRng,
}

impl<'a> Mutations<'a> {
    pub(crate) fn new(seeds: &'a [Vec<u8>], words: &'a [Vec<u8>]) -> Self {
        Self { seeds, words, random: StdRng::seed_from_u64(0) }
    }

    pub(crate) fn next_input(&mut self) -> Vec<u8> {
        // Some are not like anything.
        if self.seeds.is_empty() || self.random.random_ratio(1, 16) {
            let mut input = vec![0; self.random.random_range(0..=MAX_RANDOM)];
            self.random.fill_bytes(&mut input);
            return input;
        }
        let mut input = self.seed().to_vec();
        for _ in 0..self.random.random_range(1..=MAX_CHANGES) {
            self.change(&mut input);
        }
        input.truncate(MAX_INPUT);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.random_range(0..=input.len());
        let some = self.random.random_range(0..=(input.len() - at).min(32));
        match self.random.random_range(0..10) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = self.random.random();
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.random.random_range(0..8);
                }
            }
            2 => drop(input.drain(at..at + some)),
            3 => input.truncate(at),
            4 => {
                let copy = input[at..at + some].repeat(self.random.random_range(1..=16));
                insert(input, at, &copy);
            }
            5 => self.number(input, at),
            6 => {
                let text = EDGES[self.random.random_range(0..EDGES.len())].to_string();
                replace_digits(input, at, text.as_bytes());
            }
            7 => {
                let bytes: [u8; 4] = self.random.random();
                insert(input, at, &bytes[..self.random.random_range(1..=4)]);
            }
            8 if !self.words.is_empty() => {
                let word = &self.words[self.random.random_range(0..self.words.len())];
                insert(input, at, word);
            }
            _ => {
                // The rest of one goes on after the beginning of the other.
                let other = self.seed();
                let from = self.random.random_range(0..=other.len());
                let to = self.random.random_range(from..=other.len());
                insert(input, at, &other[from..to]);
            }
        }
    }

    fn seed(&mut self) -> &'a [u8] {
        &self.seeds[self.random.random_range(0..self.seeds.len())]
    }

    /// Writes a binary number over what is there.
    fn number(&mut self, input: &mut [u8], at: usize) {
        let number = EDGES[self.random.random_range(0..EDGES.len())].to_be_bytes();
        let width = [1, 2, 4][self.random.random_range(0..3)];
        for (byte, new) in input[at..].iter_mut().zip(&number[4 - width..]) {
            *byte = *new;
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}

/// Puts another number in place of the first one in decimal digits from here on.
fn replace_digits(input: &mut Vec<u8>, at: usize, number: &[u8]) {
    let Some(start) = input[at..].iter().position(u8::is_ascii_digit) else { return };
    let start = at + start;
    let digits = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    input.splice(start..start + digits, number.iter().copied());
}
