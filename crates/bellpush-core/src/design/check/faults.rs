//! Faults, as they are found.

use crate::FieldError;

/// Faults, as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

/// What is wrong in one place.
#[derive(Debug)]
struct Fault {
    error: FieldError,
    /// Whether it is work that goes on: a draft may have it, and what is published may not.
    unfinished: bool,
}

impl Faults {
    pub(super) fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        let error = FieldError::new(pointer, message);
        self.0.push(Fault { error, unfinished: false });
    }

    pub(super) fn unless(&mut self, good: bool, pointer: &str, message: impl Into<String>) {
        if !good {
            self.add(pointer, message);
        }
    }

    /// What is still to be done.
    pub(super) fn add_unfinished(&mut self, error: FieldError) {
        self.0.push(Fault { error, unfinished: true });
    }

    /// The same, unless it is done.
    pub(super) fn finish(&mut self, done: bool, pointer: &str, message: impl Into<String>) {
        if !done {
            self.add_unfinished(FieldError::new(pointer, message));
        }
    }

    /// Every fault, in the order of the document.
    pub(super) fn all(self) -> Vec<FieldError> {
        self.0.into_iter().map(|fault| fault.error).collect()
    }

    /// Those that a draft may not have either.
    pub(super) fn of_draft(self) -> Vec<FieldError> {
        self.0.into_iter().filter(|fault| !fault.unfinished).map(|fault| fault.error).collect()
    }
}
