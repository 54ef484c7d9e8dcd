//! Identifiers: newtypes over a UUID, written with a prefix that names their kind (`app_…`).
//!
//! Event ids are the exception: they are bare UUIDv7, as the contract for receivers says
//! (docs/events.md), so that one id serves at all three places.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::schema::described;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidId {
    text: String,
    expected: &'static str,
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = concat!($prefix, "_");
            /// How it is written, as a regular expression.
            pub const PATTERN: &'static str = concat!("^", $prefix, "_[0-9a-f]{32}$");

            /// Wraps a UUID; the edge makes it (version 7, so that ids sort by time of creation).
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", Self::PREFIX, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(Self::PREFIX)
                    .filter(|rest| rest.len() == 32)
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or_else(|| InvalidId {
                        text: text.chars().take(64).collect(),
                        expected: concat!("an id of the form ", $prefix, "_ and 32 hexadecimal digits"),
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        described! { $name: text().pattern(Some(Self::PATTERN)); }
    };
}

prefixed_id!(
    /// One embeddable widget with its settings, origins and integrations.
    AppId, "app"
);
prefixed_id!(
    /// A profile: where a call goes.
    DestinationId, "dest"
);
prefixed_id!(
    /// One call, from its acceptance on.
    CallId, "call"
);
prefixed_id!(
    /// One integration: an endpoint with its rules.
    IntegrationId, "int"
);
prefixed_id!(
    /// One widget session: app, origin, context and what the integrator's backend supplied.
    SessionId, "ses"
);
impl SessionId {
    /// Stands for the session of events that are of no visitor, but of the app itself.
    pub const OF_APP: Self = Self(Uuid::nil());
}

prefixed_id!(
    /// One widget key, by which a page names itself to the server.
    WidgetKeyId, "wkey"
);
prefixed_id!(
    /// One API key of the management API.
    ApiKeyId, "key"
);
prefixed_id!(
    /// One erasure of a person.
    ErasureId, "era"
);
prefixed_id!(
    /// One member: a person who may sign in.
    MemberId, "mem"
);
prefixed_id!(
    /// One browser that is signed in.
    SignInId, "sgn"
);
prefixed_id!(
    /// One invitation to become a member.
    InvitationId, "inv"
);
prefixed_id!(
    /// One passkey of a member.
    PasskeyId, "pk"
);
prefixed_id!(
    /// One saved view of a list.
    ViewId, "view"
);
prefixed_id!(
    /// One trunk: a way of calls into the telephone world.
    TrunkId, "trunk"
);
prefixed_id!(
    /// One export of calls or events into a file.
    ExportId, "exp"
);
prefixed_id!(
    /// One visitor's request to be called back.
    CallbackId, "cb"
);
prefixed_id!(
    /// One replay of many deliveries.
    ReplayId, "rep"
);
prefixed_id!(
    /// One thing that the admins are told.
    NotificationId, "ntf"
);
prefixed_id!(
    /// One alert rule.
    AlertRuleId, "rule"
);
prefixed_id!(
    /// One alert: a rule that fired, until it was over.
    AlertId, "alert"
);
prefixed_id!(
    /// One rehearsal of a fault, on previews.
    RehearsalId, "reh"
);
prefixed_id!(
    /// One running server process.
    NodeId, "node"
);

/// The identity of an event: a UUIDv7, the same at the parent page, in custom code and at every
/// integration, so that a receiver can de-duplicate across them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// How it is written, as a regular expression.
    pub const PATTERN: &'static str =
        "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";

    /// Wraps a UUIDv7. Returns `None` for any other version.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Option<Self> {
        if uuid.get_version_num() == 7 { Some(Self(uuid)) } else { None }
    }

    /// The UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The time in it: milliseconds since the Unix epoch.
    #[must_use]
    pub const fn made_at_millis(self) -> i64 {
        // Its first 48 bits.
        (self.0.as_u128() >> 80) as i64
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for EventId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Some(text)
            .filter(|text| text.len() == 36)
            .and_then(|text| Uuid::try_parse(text).ok())
            .and_then(Self::from_uuid)
            .ok_or_else(|| InvalidId {
                text: text.chars().take(64).collect(),
                expected: "a UUIDv7",
            })
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

described! { EventId: text().pattern(Some(Self::PATTERN)); }

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);

    #[test]
    fn an_id_reads_back_what_it_wrote() {
        let id = CallId::from_uuid(UUID);
        assert_eq!(id.to_string(), "call_01920000000070008000000000000001");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::from_value::<CallId>(serde_json::json!(id)).unwrap(), id);
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let app = AppId::from_uuid(UUID).to_string();
        assert!(app.parse::<CallId>().is_err());
        assert!("call_".parse::<CallId>().is_err());
        assert!(UUID.to_string().parse::<CallId>().is_err());
    }

    #[test]
    fn an_event_id_is_a_uuid_of_version_7_only() {
        assert!(UUID.to_string().parse::<EventId>().is_ok());
        let version_4 = "936da01f-9abd-4d9d-80c7-02af85c822a8";
        assert!(version_4.parse::<EventId>().is_err());
        assert!("".parse::<EventId>().is_err());
    }
}
