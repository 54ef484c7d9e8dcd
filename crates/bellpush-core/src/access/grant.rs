//! A member's role, and how far it reaches.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::AppId;

/// Chosen apps of one member or one key, at most.
const MAX_APPS: usize = 1_000;

/// What a member is. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees calls and settings.
    Viewer,
    /// Changes what apps are and do.
    Editor,
    /// Makes apps and trunks, invites members, reveals secrets.
    Admin,
    /// May do everything. There is always one.
    Owner,
}

impl Role {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// Which apps a role or a key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Apps {
    /// All that there are and will be, and the installation itself.
    All,
    /// These alone.
    Only(BTreeSet<AppId>),
}

impl Apps {
    /// From a list as it is sent: none stands for all.
    ///
    /// # Errors
    /// [`GrantError`] for an empty list, or one that is too long.
    pub fn chosen(list: Option<Vec<AppId>>) -> Result<Self, GrantError> {
        match list {
            None => Ok(Self::All),
            Some(list) if list.is_empty() => Err(GrantError::NoApp),
            Some(list) if list.len() > MAX_APPS => Err(GrantError::TooManyApps),
            Some(list) => Ok(Self::Only(list.into_iter().collect())),
        }
    }

    /// The list; `None` for all.
    #[must_use]
    pub fn list(&self) -> Option<Vec<AppId>> {
        match self {
            Self::All => None,
            Self::Only(apps) => Some(apps.iter().copied().collect()),
        }
    }

    /// Whether this app is among them.
    #[must_use]
    pub fn contains(&self, app: AppId) -> bool {
        match self {
            Self::All => true,
            Self::Only(apps) => apps.contains(&app),
        }
    }

    /// Whether all of the others are among them.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(own), Self::Only(others)) => own.is_superset(others),
        }
    }

    /// Whether one app at least is among both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => true,
            (Self::Only(own), Self::Only(others)) => !own.is_disjoint(others),
        }
    }

    /// What is among either.
    #[must_use]
    pub fn either(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Only(own), Self::Only(others)) => Self::Only(own | others),
        }
    }

    /// What is among both.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, apps) | (apps, Self::All) => apps.clone(),
            (Self::Only(own), Self::Only(others)) => Self::Only(own & others),
        }
    }
}

/// A role, and which apps it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    role: Role,
    apps: Apps,
}

/// A role that nobody can have in this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// An owner of some apps alone.
    #[error("an owner is one of the whole installation; leave the apps out")]
    NarrowOwner,
    /// A role for no app at all.
    #[error("name one app at least, or leave the apps out to choose all")]
    NoApp,
    /// More apps than can be chosen.
    #[error("at most {MAX_APPS} apps can be chosen; leave the apps out to choose all")]
    TooManyApps,
}

impl Grant {
    /// An owner's.
    pub const OWNER: Self = Self { role: Role::Owner, apps: Apps::All };

    /// A role for these apps.
    ///
    /// # Errors
    /// [`GrantError::NarrowOwner`].
    pub fn new(role: Role, apps: Apps) -> Result<Self, GrantError> {
        if role == Role::Owner && apps != Apps::All {
            return Err(GrantError::NarrowOwner);
        }
        Ok(Self { role, apps })
    }

    /// The role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The apps that it is for.
    #[must_use]
    pub const fn apps(&self) -> &Apps {
        &self.apps
    }

    /// Whether it is an owner's.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.role == Role::Owner
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn app(number: u128) -> AppId {
        AppId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn an_owner_is_one_of_the_whole_installation() {
        let some = Apps::chosen(Some(vec![app(1)])).unwrap();
        assert_eq!(Grant::new(Role::Owner, some.clone()), Err(GrantError::NarrowOwner));
        assert_eq!(Grant::new(Role::Owner, Apps::All), Ok(Grant::OWNER));
        assert!(Grant::new(Role::Admin, some).is_ok());
    }

    #[test]
    fn a_list_of_no_apps_is_not_taken_for_all() {
        assert_eq!(Apps::chosen(Some(vec![])), Err(GrantError::NoApp));
        assert_eq!(Apps::chosen(None), Ok(Apps::All));
    }

    #[test]
    fn what_two_reaches_share_is_among_each() {
        let only = |ids: &[u128]| Apps::Only(ids.iter().map(|id| app(*id)).collect());
        let reaches = [Apps::All, only(&[]), only(&[1]), only(&[1, 2]), only(&[3])];
        for one in &reaches {
            for other in &reaches {
                let both = one.both(other);
                assert!(one.covers(&both) && other.covers(&both), "{one:?} {other:?}");
                assert_eq!(one.covers(other), one.both(other) == *other);
            }
        }
    }
}
