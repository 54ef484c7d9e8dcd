//! Permissions: to read or to write a resource. An API key's scopes are the same ones.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Role;

/// A text that is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope; a scope is like calls:read")]
pub struct InvalidPermission(String);

/// To look, or to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// To look at it; of secrets: to read them back.
    Read,
    /// To make, change and delete it.
    Write,
}

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident, $word:literal, read: $read:expr, write: $write:expr;)*) => {
        /// What a permission is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Resource {
            $($(#[$doc])* $name,)*
        }

        impl Resource {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its word in a permission.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The lowest roles that may read it and write it; `None` where there is nothing to.
            const fn lowest_roles(self) -> (Option<Role>, Option<Role>) {
                match self { $(Self::$name => ($read, $write),)* }
            }
        }
    };
}

const NOBODY: Option<Role> = None;
const VIEWER: Option<Role> = Some(Role::Viewer);
const EDITOR: Option<Role> = Some(Role::Editor);
const ADMIN: Option<Role> = Some(Role::Admin);
const OWNER: Option<Role> = Some(Role::Owner);

resources! {
    /// Apps: that they are there; making and deleting them.
    Apps, "apps", read: VIEWER, write: ADMIN;
    /// An app's settings, widget keys and previews.
    Settings, "settings", read: VIEWER, write: EDITOR;
    /// An app's design.
    Design, "design", read: VIEWER, write: EDITOR;
    /// An app's profiles and business hours.
    Profiles, "profiles", read: VIEWER, write: EDITOR;
    /// Trunks, which are for all apps.
    Trunks, "trunks", read: VIEWER, write: ADMIN;
    /// Integrations.
    Integrations, "integrations", read: VIEWER, write: EDITOR;
    /// Secrets of integrations; to read is to reveal.
    Secrets, "secrets", read: ADMIN, write: EDITOR;
    /// Deliveries and their replay.
    Deliveries, "deliveries", read: VIEWER, write: EDITOR;
    /// Calls.
    Calls, "calls", read: VIEWER, write: NOBODY;
    /// Events.
    Events, "events", read: VIEWER, write: NOBODY;
    /// Requests to be called back.
    Callbacks, "callbacks", read: VIEWER, write: NOBODY;
    /// What is kept of one person; to write is to erase it.
    Privacy, "privacy", read: ADMIN, write: ADMIN;
    /// Widget sessions, as a site's own server makes them.
    Sessions, "sessions", read: NOBODY, write: EDITOR;
    /// What the admins are told.
    Notifications, "notifications", read: VIEWER, write: NOBODY;
    /// Alert rules, and what they have found.
    Alerts, "alerts", read: VIEWER, write: EDITOR;
    /// Members and invitations.
    Members, "members", read: ADMIN, write: ADMIN;
    /// API keys.
    ApiKeys, "api-keys", read: ADMIN, write: ADMIN;
    /// The audit trail.
    Audit, "audit", read: ADMIN, write: NOBODY;
    /// How people may sign in.
    SignIn, "sign-in", read: OWNER, write: OWNER;
}

/// To read, or to write, a resource: `calls:read`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    resource: Resource,
    access: Access,
}

impl Permission {
    /// To read it.
    #[must_use]
    pub const fn read(resource: Resource) -> Self {
        Self { resource, access: Access::Read }
    }

    /// To write it.
    #[must_use]
    pub const fn write(resource: Resource) -> Self {
        Self { resource, access: Access::Write }
    }

    /// All that there are, in the order of the resources.
    pub fn all() -> impl Iterator<Item = Self> {
        Resource::ALL
            .iter()
            .flat_map(|resource| [Self::read(*resource), Self::write(*resource)])
            .filter(|permission| permission.lowest_role().is_some())
    }

    /// What it is about.
    #[must_use]
    pub const fn resource(self) -> Resource {
        self.resource
    }

    /// The lowest role that has it; `None`: there is no such permission.
    #[must_use]
    pub(crate) const fn lowest_role(self) -> Option<Role> {
        let (read, write) = self.resource.lowest_roles();
        match self.access {
            Access::Read => read,
            Access::Write => write,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        write!(f, "{}:{access}", self.resource.as_str())
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Permission {
    type Err = InvalidPermission;

    fn from_str(text: &str) -> Result<Self, InvalidPermission> {
        Self::all()
            .find(|permission| permission.to_string() == text)
            .ok_or_else(|| InvalidPermission(text.chars().take(64).collect()))
    }
}

impl Serialize for Permission {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_reads_back_what_it_wrote() {
        for permission in Permission::all() {
            assert_eq!(permission.to_string().parse(), Ok(permission));
        }
        for text in ["", "calls", "calls:", "calls:write", "calls:read ", "nothing:read", "*"] {
            assert!(text.parse::<Permission>().is_err(), "{text}");
        }
    }

    #[test]
    fn who_may_write_something_may_look_at_it_but_for_secrets() {
        for resource in Resource::ALL {
            let (Some(read), Some(write)) = resource.lowest_roles() else { continue };
            assert_eq!(read <= write, *resource != Resource::Secrets, "{resource:?}");
        }
    }
}
