//! Why a packet is refused.

/// Why a packet is not believed, or not protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Its lengths do not add up.
    #[error("it is no packet of SRTP")]
    Malformed,
    /// Somebody else made it, or changed it.
    #[error("its authentication is wrong")]
    Forged,
    /// A copy, or one that is too late.
    #[error("its number was used already, or is too old to tell")]
    Replayed,
    /// Its sender has used more SSRCs than are remembered. Those that it has used go on.
    #[error("its sender begins too many streams")]
    TooManyStreams,
    /// Not for any reason that is in the packet.
    #[error("the cryptography failed")]
    Crypto,
}
