//! What an operation needs of who asks.

use bellpush_core::access::Permission;

/// What an operation needs of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: it is for those who have not signed in yet, or is public.
    Nothing,
    /// A widget's session token, or what else its handler looks at.
    Session,
    /// An API key, or a person who is signed in.
    Anyone,
    /// A person who is signed in.
    Person {
        /// Whether it must have been proved a moment ago who sits there.
        proof: bool,
    },
    /// A permission.
    May {
        /// Which.
        permission: Permission,
        /// Where.
        place: Where,
        /// Whether a person must have proved a moment ago who they are.
        proof: bool,
    },
}

/// Where a permission is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// In the installation as a whole.
    Installation,
    /// In the app that the path names.
    App,
    /// In whichever apps one has: the handler goes by [`super::Caller::apps`].
    AnyApp,
}

impl Need {
    /// The same, with a proof of a moment ago.
    pub(crate) const fn proved(self) -> Self {
        match self {
            Self::Person { .. } => Self::Person { proof: true },
            Self::May { permission, place, .. } => Self::May { permission, place, proof: true },
            other => other,
        }
    }
}
