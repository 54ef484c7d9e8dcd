//! Secrets in a document: that there is one, or its value while it is on its way to the server.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret of the configuration.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretReference {
    /// The one that the server has.
    Kept,
    /// This one.
    Value(String),
}

impl fmt::Debug for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "Kept",
            Self::Value(_) => "Value(…)",
        })
    }
}
