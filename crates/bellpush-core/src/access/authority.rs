//! What somebody may do: a member by a role, an API key by its scopes, and never beyond its maker.

use std::collections::BTreeSet;

use super::{Apps, Grant, Permission, Role, Scopes};
use crate::ids::AppId;

/// Where something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the installation as a whole.
    Installation,
    /// In this app.
    App(AppId),
    /// In whichever apps one has, of which one there must be.
    AnyApp,
}

/// What somebody may do right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    role: Role,
    scopes: Scopes,
    apps: Apps,
}

impl Authority {
    /// A member's.
    #[must_use]
    pub fn of_member(grant: &Grant) -> Self {
        Self { role: grant.role(), scopes: Scopes::All, apps: grant.apps().clone() }
    }

    /// A member's who has to do something first: none of it yet, in the same apps.
    #[must_use]
    pub fn withheld(grant: &Grant) -> Self {
        Self { scopes: Scopes::Only(BTreeSet::new()), ..Self::of_member(grant) }
    }

    /// A key's: its scopes in its apps, as far as its maker has them now. A key of the installation
    /// itself has no maker, and is as good as an owner's.
    #[must_use]
    pub fn of_key(scopes: Scopes, apps: &Apps, maker: Option<&Grant>) -> Self {
        let maker = maker.unwrap_or(&Grant::OWNER);
        Self { role: maker.role(), scopes, apps: apps.both(maker.apps()) }
    }

    /// The apps that it is for.
    #[must_use]
    pub const fn apps(&self) -> &Apps {
        &self.apps
    }

    /// Whether something may be done there.
    #[must_use]
    pub fn allows(&self, permission: Permission, place: Place) -> bool {
        let reaches = match place {
            Place::Installation => self.apps == Apps::All,
            Place::App(app) => self.apps.contains(app),
            Place::AnyApp => !matches!(&self.apps, Apps::Only(apps) if apps.is_empty()),
        };
        reaches && self.has(permission)
    }

    /// Whether it has a permission, wherever it reaches.
    #[must_use]
    pub fn has(&self, permission: Permission) -> bool {
        permission.lowest_role().is_some_and(|lowest| lowest <= self.role)
            && self.scopes.contains(permission)
    }

    /// Whether it is above another one or beside it: all that the other may do, this one may, too,
    /// and will whatever is to come. Only then may it grant the other, change it or take it away.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let has_all = match (&self.scopes, &other.scopes) {
            // What permissions there will be, nobody knows: the role alone decides.
            (Scopes::All, Scopes::All) => other.role <= self.role,
            (Scopes::Only(_), Scopes::All) => {
                other.role < Role::Owner
                    && Permission::all()
                        .all(|permission| !other.has(permission) || self.has(permission))
            }
            (_, Scopes::Only(_)) => {
                Permission::all().all(|permission| !other.has(permission) || self.has(permission))
            }
        };
        has_all && self.apps.covers(&other.apps)
    }
}

#[cfg(test)]
mod tests;
