//! Faults, as they are found.

use crate::FieldError;

/// Faults, as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<FieldError>);

impl Faults {
    pub(super) fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError::new(pointer, message));
    }

    pub(super) fn unless(&mut self, good: bool, pointer: &str, message: impl Into<String>) {
        if !good {
            self.add(pointer, message);
        }
    }
}
