//! RTP packets and their protection by SRTP: with keys from SDP (RFC 4568) or DTLS (RFC 5764).
//!
//! Pure: packets are bytes in a buffer, read and written where they lie.

mod counter_mode;
pub mod dtls;
mod error;
mod gcm;
#[cfg(test)]
mod hex;
mod key;
mod key_derivation;
mod receiver;
mod replay;
mod rtp;
mod session;
mod session_keys;
mod srtcp;
mod streams;

pub use error::SrtpError;
pub use key::{SRTP_KEY_LEN, SrtpKey, SrtpKeys, SrtpSuite};
pub use receiver::SrtpReceiver;
pub use rtp::{RTP_HEADER_LEN, RtpHeader, RtpPacket, SeqExtender, is_rtcp};
pub use session::SrtpSender;
