//! What comes of what the browser sends.

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// A connectivity check with the right password, by a path where nobody is known to be.
    Check,
    /// The browser is at the end of the path that it came by, and wants to be reached there.
    Consent,
    /// Anything else that is right.
    Packet,
    /// Not from this leg's browser.
    Foreign,
    /// Not a packet that WebRTC knows, or not an intact one.
    Malformed,
}
