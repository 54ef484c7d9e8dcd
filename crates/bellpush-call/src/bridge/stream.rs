//! Where the numbers of a stream of ours begin.

use crate::media::RtpRewriter;

/// A new RTP stream starts in the lower half of its sequence numbers: a browser that joined it
/// right before they wrap around could not tell how often they did (RFC 3711 section 3.3.1).
const FIRST_SEQUENCE_NUMBERS: u16 = 1 << 15;

/// An outgoing stream with random first numbers.
pub(super) fn new_stream(clock_rate: u32) -> RtpRewriter {
    let seq = rand::random_range(..FIRST_SEQUENCE_NUMBERS);
    RtpRewriter::new(seq, rand::random(), clock_rate)
}
