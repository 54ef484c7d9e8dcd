//! Who begins previews.

use std::fmt;

use bellpush_core::ids::{ApiKeyId, SignInId};

/// Who made a token: a preview that is begun with it ends with that sign-in or key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    /// Somebody who is signed in.
    Person(SignInId),
    /// An API key.
    Key(ApiKeyId),
}

impl Maker {
    pub(super) fn read(text: &str) -> Option<Self> {
        let person = text.parse().map(Self::Person);
        person.or_else(|_| text.parse().map(Self::Key)).ok()
    }
}

impl fmt::Display for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
        }
    }
}
