//! What an API key is for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Permission;

/// The permissions that a key may use of those that its maker has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scopes {
    /// All that there are and will be; written `["*"]`.
    All,
    /// These alone.
    Only(BTreeSet<Permission>),
}

/// The word for all scopes.
const ALL: &str = "*";

impl Scopes {
    /// Whether this permission is among them.
    #[must_use]
    pub fn contains(&self, permission: Permission) -> bool {
        match self {
            Self::All => true,
            Self::Only(permissions) => permissions.contains(&permission),
        }
    }

    /// Scopes as they were kept, without those that only newer versions know.
    #[must_use]
    pub fn known(kept: &[String]) -> Self {
        if kept.iter().any(|text| text == ALL) {
            return Self::All;
        }
        Self::Only(kept.iter().filter_map(|text| text.parse().ok()).collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(permissions) if permissions.is_empty())
    }
}

impl Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.collect_seq([ALL]),
            Self::Only(permissions) => serializer.collect_seq(permissions),
        }
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        if texts.iter().any(|text| text == ALL) {
            return Ok(Self::All);
        }
        let permissions = texts.iter().map(|text| text.parse());
        permissions.collect::<Result<_, _>>().map(Self::Only).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_what_they_wrote() {
        for text in [r#"["*"]"#, r#"["apps:read","calls:read"]"#, "[]"] {
            let scopes: Scopes = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&scopes).unwrap(), text);
        }
        assert!(serde_json::from_str::<Scopes>(r#"["calls:fly"]"#).is_err());
    }
}
