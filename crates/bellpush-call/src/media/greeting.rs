//! The demo's greeting: Opus packets out of an Ogg file (RFC 7845), sent as they are.

use std::{io::Cursor, sync::Arc};

use ogg::PacketReader;

static GREETING: &[u8] = include_bytes!("../../assets/greeting.opus");

/// Why the greeting can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GreetingError {
    #[error("it is not Ogg: {0}")]
    NotOgg(#[from] ogg::OggReadError),
    #[error("it has no Opus header")]
    NotOpus,
    #[error("it is not made of mono frames of 20 ms; make it as assets/README.md says")]
    WrongFrames,
}

/// Opus packets of 20 ms each.
#[derive(Debug)]
pub(crate) struct Greeting {
    frames: Vec<Arc<[u8]>>,
}

impl Greeting {
    /// The greeting that is built in.
    pub(crate) fn built_in() -> Result<Self, GreetingError> {
        Self::read(GREETING)
    }

    fn read(file: &[u8]) -> Result<Self, GreetingError> {
        let mut reader = PacketReader::new(Cursor::new(file));
        let head = reader.read_packet()?.ok_or(GreetingError::NotOpus)?;
        if !head.data.starts_with(b"OpusHead") {
            return Err(GreetingError::NotOpus);
        }
        let tags = reader.read_packet()?.ok_or(GreetingError::NotOpus)?;
        if !tags.data.starts_with(b"OpusTags") {
            return Err(GreetingError::NotOpus);
        }
        let mut frames = Vec::new();
        while let Some(packet) = reader.read_packet()? {
            if !is_one_mono_frame_of_20_ms(&packet.data) {
                return Err(GreetingError::WrongFrames);
            }
            frames.push(packet.data.into());
        }
        Ok(Self { frames })
    }

    pub(crate) fn frame(&self, index: usize) -> Option<&Arc<[u8]>> {
        self.frames.get(index)
    }
}

/// Reads the first byte of an Opus packet (RFC 6716 section 3.1): configuration, channels, and how
/// many frames there are.
fn is_one_mono_frame_of_20_ms(packet: &[u8]) -> bool {
    let Some(&toc) = packet.first() else {
        return false;
    };
    let is_20_ms = match toc >> 3 {
        silk @ 0..=11 => silk % 4 == 1,
        hybrid @ 12..=15 => hybrid % 2 == 1,
        celt => celt % 4 == 3,
    };
    is_20_ms && toc & 0b111 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_greeting_is_four_to_six_seconds_of_small_frames() {
        let greeting = Greeting::built_in().unwrap();
        assert!((200..300).contains(&greeting.frames.len()), "{} frames", greeting.frames.len());
        assert!(greeting.frames.iter().all(|frame| (2..200).contains(&frame.len())));
        assert!(GREETING.len() < 30_000);
    }

    #[test]
    fn what_is_not_a_greeting_is_refused() {
        for file in [&b""[..], b"RIFF", &[0; 1_000]] {
            assert!(Greeting::read(file).is_err());
        }
        // A changed byte breaks a page's checksum.
        let mut broken = GREETING.to_vec();
        broken[10_000] ^= 1;
        assert!(matches!(Greeting::read(&broken), Err(GreetingError::NotOgg(_))));
    }

    #[test]
    fn the_first_byte_of_a_packet_tells_its_length_and_channels() {
        for (toc, fits) in [
            (0b0000_1000, true),  // SILK, 20 ms, mono
            (0b0110_1000, true),  // hybrid, 20 ms, mono
            (0b1111_1000, true),  // CELT, 20 ms, mono
            (0b1111_1100, false), // stereo
            (0b1111_1001, false), // two frames
            (0b1111_0000, false), // CELT, 10 ms
            (0b0000_0000, false), // SILK, 10 ms
        ] {
            assert_eq!(is_one_mono_frame_of_20_ms(&[toc]), fits, "{toc:08b}");
        }
        assert!(!is_one_mono_frame_of_20_ms(&[]));
    }
}
