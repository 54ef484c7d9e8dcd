//! What was found of a character at the beginning of a text.

/// One way to write a character, as far as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// All of it.
    Whole {
        /// How many bytes that are.
        bytes: usize,
    },
    /// Its beginning, at the end of the text.
    Begun,
}

impl Form {
    /// The same with so many bytes before it.
    pub(super) const fn behind(self, before: usize) -> Self {
        match self {
            Self::Whole { bytes } => Self::Whole { bytes: bytes + before },
            Self::Begun => Self::Begun,
        }
    }
}

/// In escapes, capitals make no difference.
pub(super) fn starts_with(text: &str, beginning: &str) -> bool {
    let begun = text.as_bytes().get(..beginning.len());
    begun.is_some_and(|begun| begun.eq_ignore_ascii_case(beginning.as_bytes()))
}
