//! The lists that somebody may keep views of.

use serde::{Deserialize, Serialize};

/// A list that filters and columns are kept of, under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ViewedList {
    /// Calls.
    Calls,
    /// Deliveries.
    Deliveries,
}

impl ViewedList {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Deliveries => "deliveries",
        }
    }
}
