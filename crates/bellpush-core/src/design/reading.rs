//! Whether what is read comes in, or was accepted before.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ByName, kept};

/// How a document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it comes in: what is not known is a fault.
    Given,
    /// As it is kept: what only newer versions know is passed over.
    Kept,
}

impl Reading {
    /// Reads a part of it.
    pub(super) fn of<T: DeserializeOwned>(
        self,
        value: Value,
    ) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
        match self {
            Self::Given => serde_path_to_error::deserialize(ByName(&value)),
            Self::Kept => kept::read_located(value),
        }
    }
}
