//! Reads the packets of one session (RFC 3711): what comes in is believed only when its
//! authentication is right, and then only once.

use crate::{
    RTP_HEADER_LEN, SrtpError, SrtpKey,
    key_derivation::Kind,
    session_keys::SessionKeys,
    srtcp::{RTCP_ENCRYPTED, rtcp_parts},
    streams::{Stream, Streams},
};

/// Master keys whose streams are remembered: each branch of a fork has one, and each end that a call
/// is transferred to.
const KEYS: usize = 8;
/// Rollover counters that are tried with one packet: a forged one costs no more than that.
const TRIES: u64 = 16;
/// Those that are tried with packets one after the other, from the one that is known: a packet every 10
/// ms makes 131 in a day, which no call outlasts. That many times [`TRIES`] is prime, so that whoever
/// forges packets between those of the stream does not keep them from some of the counters.
const COUNTERS: u64 = 17 * TRIES;

/// Reads what is received of one sender.
pub struct SrtpReceiver {
    present: Keyed,
    /// Keys that were in use before, the latest first.
    before: Vec<Keyed>,
    /// The packet as it came, for another try.
    copy: Vec<u8>,
}

/// What is received with one master key.
struct Keyed {
    key: SrtpKey,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    streams: Streams,
    counters: Counters,
}

/// What is known of the rollover counters of streams.
enum Counters {
    /// A stream begins at 0, and none of its packets goes by unseen for long; but the first ones may.
    Known,
    /// Packets may have gone by: whether a counter is right is seen by a packet's authentication.
    Unknown {
        /// How far above the one that is known the next to be tried is.
        next: u64,
    },
}

impl SrtpReceiver {
    /// For streams that begin with this master key.
    ///
    /// # Errors
    /// [`SrtpError::Crypto`], which a key of the right length does not cause.
    pub fn new(key: &SrtpKey) -> Result<Self, SrtpError> {
        Self::with(key, Counters::Known)
    }

    /// For streams that may have gone on for long with this master key. Their rollover counters are
    /// found by trying, as nobody tells them (RFC 3711 section 3.3.1). What was received before is
    /// not known: until a stream's first packet is there, an earlier one of it may be taken for it.
    ///
    /// # Errors
    /// As of [`SrtpReceiver::new`].
    pub fn joining(key: &SrtpKey) -> Result<Self, SrtpError> {
        Self::with(key, Counters::Unknown { next: 0 })
    }

    fn with(key: &SrtpKey, counters: Counters) -> Result<Self, SrtpError> {
        let present = Keyed::new(key, counters)?;
        Ok(Self { present, before: Vec::new(), copy: Vec::new() })
    }

    /// Reads the same sender's packets with this master key from now on. To a key that comes back,
    /// packets that were received with it are known, for the latest eight keys.
    ///
    /// A stream may go on with its rollover counter under a new key, as RFC 3711 section 3.3.1 wants it,
    /// or begin anew: both are found.
    ///
    /// # Errors
    /// As of [`SrtpReceiver::new`]; then it stays as it was.
    pub fn set_key(&mut self, key: &SrtpKey) -> Result<(), SrtpError> {
        if self.present.key == *key {
            return Ok(());
        }
        let counters = Counters::Unknown { next: 0 };
        let next = match self.before.iter().position(|known| known.key == *key) {
            Some(at) => Keyed { counters, ..self.before.remove(at) },
            None => Keyed::new(key, counters)?,
        };
        self.before.insert(0, std::mem::replace(&mut self.present, next));
        self.before.truncate(KEYS - 1);
        Ok(())
    }

    /// The RTP packet in a datagram, which is decrypted where it lies.
    ///
    /// # Errors
    /// It is not believed.
    pub fn unprotect<'a>(&mut self, datagram: &'a mut [u8]) -> Result<&'a [u8], SrtpError> {
        // Its end is encrypted: only the header can be read by now.
        let (ssrc, seq, clear) = rtp_parts(datagram).ok_or(SrtpError::Malformed)?;
        let Self { present, copy, .. } = self;
        let mut stream = present.streams.get(ssrc)?;
        let likely = stream.rtp.guess(seq).filter(|index| stream.rtp.is_new(*index));
        let (index, length) = match &mut present.counters {
            Counters::Known => match stream.rtp.guess_at_beginning(seq) {
                Some(indices) => {
                    try_out(&present.rtp, (ssrc, indices.into_iter()), clear, datagram, copy)?
                }
                None => {
                    let index = likely.ok_or(SrtpError::Replayed)?;
                    (index, present.rtp.unprotect((ssrc, index), clear, datagram)?.len())
                }
            },
            Counters::Unknown { next } => {
                let indices = likely.into_iter().chain(later(&stream, seq, *next));
                let found = try_out(&present.rtp, (ssrc, indices), clear, datagram, copy);
                *next = if found.is_ok() { 0 } else { (*next + TRIES) % COUNTERS };
                found?
            }
        };
        stream.rtp.accept(index);
        present.streams.put(stream);
        datagram.get(..length).ok_or(SrtpError::Malformed)
    }

    /// The compound packet of RTCP in a datagram, which is decrypted where it lies.
    ///
    /// # Errors
    /// It is not believed.
    pub fn unprotect_rtcp<'a>(&mut self, datagram: &'a mut [u8]) -> Result<&'a [u8], SrtpError> {
        let Keyed { rtcp, streams, .. } = &mut self.present;
        let word = rtcp.rtcp_word(datagram).ok_or(SrtpError::Malformed)?;
        let (_, ssrc, _) = rtcp_parts(datagram)?;
        let mut stream = streams.get(ssrc)?;
        let index = (word & !RTCP_ENCRYPTED).into();
        let is_new = stream.rtcp.is_new(index);
        let packet = rtcp.unprotect_rtcp(word, datagram)?;
        if !is_new {
            return Err(SrtpError::Replayed);
        }
        stream.rtcp.accept(index);
        streams.put(stream);
        Ok(packet)
    }
}

impl Keyed {
    fn new(key: &SrtpKey, counters: Counters) -> Result<Self, SrtpError> {
        Ok(Self {
            key: key.clone(),
            rtp: SessionKeys::derive(key, Kind::Rtp)?,
            rtcp: SessionKeys::derive(key, Kind::Rtcp)?,
            streams: Streams::new(),
            counters,
        })
    }
}

/// The indices that a packet has with some of the rollover counters, as far as they are after all that
/// was received: no packet from before is taken for a later one.
fn later(stream: &Stream, seq: u16, next: u64) -> impl Iterator<Item = u64> {
    let (known, window) = (stream.rtp.rollovers(), stream.rtp);
    let indices = (next..next + TRIES).map(move |above| (known + above) << 16 | u64::from(seq));
    indices.filter(move |index| window.is_after(*index))
}

/// Decrypts a packet with the index, of these, that is right; and that index, with its length.
fn try_out(
    keys: &SessionKeys,
    (ssrc, indices): (u32, impl Iterator<Item = u64>),
    clear: usize,
    datagram: &mut [u8],
    copy: &mut Vec<u8>,
) -> Result<(u64, usize), SrtpError> {
    copy.clear();
    copy.extend_from_slice(datagram);
    for index in indices {
        if let Ok(packet) = keys.unprotect((ssrc, index), clear, datagram) {
            return Ok((index, packet.len()));
        }
        // What fails may be half decrypted.
        datagram.copy_from_slice(copy);
    }
    Err(SrtpError::Forged)
}

/// The SSRC, the sequence number, and how much of the packet is in the clear.
fn rtp_parts(packet: &[u8]) -> Option<(u32, u16, usize)> {
    let [first, _, high, low, .., s0, s1, s2, s3] = *packet.first_chunk::<RTP_HEADER_LEN>()?;
    if first >> 6 != 2 {
        return None;
    }
    let mut clear = RTP_HEADER_LEN + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let [_, _, high, low] = *packet.get(clear..)?.first_chunk::<4>()?;
        clear += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    let ssrc = u32::from_be_bytes([s0, s1, s2, s3]);
    (clear <= packet.len()).then_some((ssrc, u16::from_be_bytes([high, low]), clear))
}

impl std::fmt::Debug for SrtpReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpReceiver")
            .field("streams", &self.present.streams.live())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "receiver_tests.rs"]
mod tests;
