//! Names and passwords of an ICE session (RFC 8445 section 5.3).

use rand::distr::{Alphanumeric, SampleString as _};

/// RFC 8445 section 5.3 asks for 24 random bits in the one and 128 in the other. Alphanumeric
/// characters have 5.9 bits each.
const UFRAG_CHARS: usize = 8;
const PASSWORD_CHARS: usize = 24;

/// The name and the password that one side's checks are addressed to.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::legs::webrtc) struct Credentials {
    pub(in crate::legs::webrtc) ufrag: String,
    pub(in crate::legs::webrtc) password: String,
}

impl Credentials {
    pub(in crate::legs::webrtc) fn random() -> Self {
        let random = |chars| Alphanumeric.sample_string(&mut rand::rng(), chars);
        Self { ufrag: random(UFRAG_CHARS), password: random(PASSWORD_CHARS) }
    }
}
