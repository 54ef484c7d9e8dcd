//! What goes wrong with HTTP/2.

use std::fmt;

use h2::Reason;

/// What went wrong, in words that are ours: what an endpoint adds to GOAWAY may repeat what it was sent.
#[derive(Debug)]
pub(super) struct Http2Error(h2::Error);

impl std::error::Error for Http2Error {}

impl fmt::Display for Http2Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.reason() {
            Some(reason) if self.0.is_go_away() && self.0.is_remote() => {
                write!(f, "the endpoint ended the connection: {reason}")
            }
            _ => self.0.fmt(f),
        }
    }
}

impl Http2Error {
    pub(super) fn reason(&self) -> Option<Reason> {
        self.0.reason()
    }

    /// Whether a stream broke by what the library found, and not by the endpoint's word.
    pub(super) fn is_reset_by_library(&self) -> bool {
        self.0.is_reset() && self.0.is_library()
    }
}

impl From<h2::Error> for Http2Error {
    fn from(error: h2::Error) -> Self {
        Self(error)
    }
}
