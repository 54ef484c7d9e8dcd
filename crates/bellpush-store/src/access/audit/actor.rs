//! Who does something.

use std::net::IpAddr;

use bellpush_core::{
    events::EventTime,
    ids::{ApiKeyId, MemberId},
};
use serde::{Deserialize, Serialize};

use crate::{StoreError, db::Row};

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// The name of the member or the key then.
    pub name: Option<String>,
    /// From which address; `None` on the server's own host.
    pub address: Option<IpAddr>,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Who {
    /// A member, in a browser.
    Member(MemberId),
    /// A program, by an API key.
    ApiKey(ApiKeyId),
    /// Whoever uses the command line on the server's host, or its configuration.
    Host,
    /// The server by itself.
    Server,
    /// Somebody who has not signed in.
    Stranger,
    /// Somebody of a kind that only a newer version knows.
    #[serde(other)]
    Unknown,
}

impl Actor {
    /// The person at the host's command line.
    pub const HOST: Self = Self { who: Who::Host, name: None, address: None };
    /// The server by itself.
    pub const SERVER: Self = Self { who: Who::Server, name: None, address: None };

    /// Somebody who has not signed in.
    #[must_use]
    pub const fn stranger(address: IpAddr) -> Self {
        Self { who: Who::Stranger, name: None, address: Some(address) }
    }

    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        let kind: String = row.get("actor_kind")?;
        let who = match kind.as_str() {
            "member" => Who::Member(row.parse("actor_id")?),
            "api_key" => Who::ApiKey(row.parse("actor_id")?),
            "host" => Who::Host,
            "server" => Who::Server,
            "stranger" => Who::Stranger,
            _ => Who::Unknown,
        };
        Ok(Self { who, name: row.get("actor_name")?, address: row.parse_opt("address")? })
    }
}

impl Who {
    /// The word for its kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Member(_) => "member",
            Self::ApiKey(_) => "api_key",
            Self::Host => "host",
            Self::Server => "server",
            Self::Stranger => "stranger",
            Self::Unknown => "unknown",
        }
    }

    /// The id of the member or the key.
    #[must_use]
    pub fn id(self) -> Option<String> {
        match self {
            Self::Member(id) => Some(id.to_string()),
            Self::ApiKey(id) => Some(id.to_string()),
            Self::Host | Self::Server | Self::Stranger | Self::Unknown => None,
        }
    }
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// By whom.
    pub actor: Actor,
    /// When.
    pub at: EventTime,
}
