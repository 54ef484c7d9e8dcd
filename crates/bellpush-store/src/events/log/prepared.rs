//! An append as it goes to the writer.

use bellpush_core::events::Event;

use crate::{db::to_json, events::append::Append};

/// An append with its envelope in the form that is kept.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) append: Append,
    envelope: String,
}

impl Prepared {
    pub(super) fn new(append: Append) -> Self {
        let envelope = to_json(&append.event().envelope);
        Self { append, envelope }
    }

    pub(super) fn event(&self) -> &Event {
        self.append.event()
    }

    /// The envelope's JSON.
    pub(super) fn envelope(&self) -> &str {
        &self.envelope
    }
}
