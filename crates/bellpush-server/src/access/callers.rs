//! Who asks, as handlers see them. The guard has put them into the request.

use std::{net::IpAddr, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use bellpush_core::{
    access::{Apps, Authority, Permission, Place, Resource},
    events::EventTime,
    ids::{ApiKeyId, AppId, MemberId},
};
use bellpush_store::{Actor, ApiKey, Member, SignIn, SignedIn, Who};

use crate::{api::unknown_app, http::problem::Problem};

/// Who asks, and what they may do right now.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    identity: Identity,
    authority: Authority,
    address: IpAddr,
}

/// By what somebody is known.
#[derive(Debug)]
pub(crate) enum Identity {
    /// A person, in a browser.
    Person(SignedIn),
    /// A program, by its key.
    Key(ApiKey),
}

impl Caller {
    pub(super) fn new(identity: Identity, address: IpAddr) -> Self {
        let authority = match &identity {
            Identity::Person(signed_in) => signed_in.authority(),
            Identity::Key(key) => key.authority(),
        };
        Self(Arc::new(Inner { identity, authority, address }))
    }

    /// By what they are known.
    pub(crate) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// When that ends at the latest.
    pub(crate) fn until(&self) -> Option<EventTime> {
        match &self.0.identity {
            Identity::Person(signed_in) => Some(signed_in.sign_in.expires_at),
            Identity::Key(key) => key.expires_at,
        }
    }

    /// What they may do: nothing while a second factor has to be added first.
    pub(crate) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// The apps that they may look into.
    pub(crate) fn apps(&self) -> &Apps {
        self.0.authority.apps()
    }

    /// Whether they may read what is of this kind in an app.
    pub(crate) fn may_read(&self, resource: Resource, app: AppId) -> bool {
        self.0.authority.allows(Permission::read(resource), Place::App(app))
    }

    /// Refuses what they may not read in an app.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn must_read(&self, resource: Resource, app: AppId) -> Result<(), Problem> {
        self.must(Permission::read(resource), Place::App(app))
    }

    /// Refuses what they may not change in an app.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn must_write(&self, resource: Resource, app: AppId) -> Result<(), Problem> {
        self.must(Permission::write(resource), Place::App(app))
    }

    /// Refuses what they may not do there.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn must(&self, permission: Permission, place: Place) -> Result<(), Problem> {
        let allowed = self.0.authority.allows(permission, place);
        allowed.then_some(()).ok_or_else(|| self.refusal(permission))
    }

    /// Refuses what they may do nowhere.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn must_have(&self, permission: Permission) -> Result<(), Problem> {
        let has_it = self.0.authority.has(permission);
        has_it.then_some(()).ok_or_else(|| self.refusal(permission))
    }

    fn refusal(&self, permission: Permission) -> Problem {
        match &self.0.identity {
            Identity::Person(it) if it.lacks_second_factor => {
                Problem::second_factor_required("add a second factor to your account first")
            }
            _ => Problem::forbidden_without(permission),
        }
    }

    /// Refuses an app that is none of theirs, as if it did not exist.
    ///
    /// # Errors
    /// 404.
    pub(crate) fn reaches(&self, app: AppId) -> Result<(), Problem> {
        self.apps().contains(app).then_some(()).ok_or_else(|| unknown_app(app))
    }

    /// On whose account it is: the person, or the maker of the key; `None` for a key of the
    /// installation's own.
    pub(crate) fn account(&self) -> Option<MemberId> {
        match &self.0.identity {
            Identity::Person(signed_in) => Some(signed_in.member.id),
            Identity::Key(key) => key.maker.as_ref().map(|(id, _)| *id),
        }
    }

    /// The key by which it is done; `None`: a person does it.
    pub(crate) fn key(&self) -> Option<ApiKeyId> {
        match &self.0.identity {
            Identity::Person(_) => None,
            Identity::Key(key) => Some(key.id),
        }
    }

    /// As the audit trail names them.
    pub(crate) fn actor(&self) -> Actor {
        let (who, name) = match &self.0.identity {
            Identity::Person(SignedIn { member, .. }) => (Who::Member(member.id), &member.name),
            Identity::Key(key) => (Who::ApiKey(key.id), &key.name),
        };
        Actor { who, name: Some(name.clone()), address: Some(self.0.address) }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::internal("the server does not know who asks"))
    }
}

/// Who asks, for what goes into the audit trail.
#[derive(Debug, Clone)]
pub(crate) struct ActingAs(pub(crate) Actor);

impl<S: Sync> FromRequestParts<S> for ActingAs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Caller::from_request_parts(parts, state).await.map(|caller| Self(caller.actor()))
    }
}

/// A person who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    caller: Caller,
}

impl Person {
    /// Who it is.
    pub(crate) fn member(&self) -> Result<&Member, Problem> {
        self.signed_in().map(|signed_in| &signed_in.member)
    }

    /// Their browser.
    pub(crate) fn sign_in(&self) -> Result<&SignIn, Problem> {
        self.signed_in().map(|signed_in| &signed_in.sign_in)
    }

    /// As the audit trail names them.
    pub(crate) fn actor(&self) -> Actor {
        self.caller.actor()
    }

    fn signed_in(&self) -> Result<&SignedIn, Problem> {
        match self.caller.identity() {
            Identity::Person(signed_in) => Ok(signed_in),
            Identity::Key(_) => Err(Problem::people_only()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let person = Self { caller };
        person.signed_in()?;
        Ok(person)
    }
}
