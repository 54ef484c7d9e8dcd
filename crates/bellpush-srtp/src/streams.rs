//! What is known of the streams of one sender: up to where each was received (RFC 3711 section
//! 3.2.3).

use std::collections::HashMap;

use crate::{SrtpError, replay::ReplayWindow};

/// Streams whose packets are told apart one by one: a sender may change its SSRC, but it does not
/// use many at once.
const LIVE: usize = 4;
/// Streams of which only their end is kept. No sender comes near it that does not mean to.
const RETIRED: usize = 1_024;

/// What is known of one SSRC.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stream {
    pub(crate) ssrc: u32,
    pub(crate) rtp: ReplayWindow,
    pub(crate) rtcp: ReplayWindow,
}

/// The streams of one sender.
///
/// The one that has sent nothing for longest is retired when another begins. Its end is kept for as
/// long as the key is in use: when it returns, it goes on with its rollover counter, and a packet
/// from before its end stays a replay.
#[derive(Debug)]
pub(crate) struct Streams {
    /// The latest used first.
    live: Vec<Stream>,
    retired: HashMap<u32, Stream>,
}

impl Streams {
    pub(crate) fn new() -> Self {
        Self { live: Vec::with_capacity(LIVE), retired: HashMap::new() }
    }

    /// What is known of a stream, be it nothing.
    ///
    /// # Errors
    /// It is one too many, so that a replay could not be told from a packet of its own any more.
    pub(crate) fn get(&self, ssrc: u32) -> Result<Stream, SrtpError> {
        if let Some(stream) = self.live.iter().find(|stream| stream.ssrc == ssrc) {
            return Ok(*stream);
        }
        match self.retired.get(&ssrc) {
            Some(stream) => Ok(*stream),
            None if self.retired.len() >= RETIRED => Err(SrtpError::TooManyStreams),
            None => Ok(Stream { ssrc, ..Stream::default() }),
        }
    }

    /// Streams whose packets are told apart one by one.
    pub(crate) fn live(&self) -> usize {
        self.live.len()
    }

    /// Keeps what was learned of a stream from a packet that is believed.
    pub(crate) fn put(&mut self, stream: Stream) {
        match self.live.iter().position(|known| known.ssrc == stream.ssrc) {
            Some(at) => {
                if let Some(recent) = self.live.get_mut(..=at) {
                    recent.rotate_right(1);
                }
                if let Some(first) = self.live.first_mut() {
                    *first = stream;
                }
            }
            None => {
                self.retired.remove(&stream.ssrc);
                if self.live.len() == LIVE
                    && let Some(Stream { ssrc, rtp, rtcp }) = self.live.pop()
                {
                    let end = Stream { ssrc, rtp: rtp.retired(), rtcp: rtcp.retired() };
                    self.retired.insert(ssrc, end);
                }
                self.live.insert(0, stream);
            }
        }
    }
}
