//! How settings are refused: by the field, so that a form can show it there.

/// A setting that cannot be saved: where it is and what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901) into the request's body.
    pub pointer: String,
    /// What to change, in a sentence.
    pub message: String,
}

impl FieldError {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// Characters of a name for people, at most.
pub(crate) const MAX_NAME_CHARS: usize = 100;

/// Whether a text for people has so many characters, and not only blanks.
pub(crate) fn check_chars(
    pointer: &str,
    subject: &str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), FieldError> {
    let count = text.trim().chars().count();
    if count < least || text.chars().count() > most {
        return Err(FieldError::new(
            pointer,
            format!("{subject} has {least} to {most} characters"),
        ));
    }
    Ok(())
}
