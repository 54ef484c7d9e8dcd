//! Routing: which profiles a call is offered to, one after the other, and whether any is open.
//!
//! A call begins at the profile that was asked for, or at the app's default one. That profile may
//! send the session's routing key elsewhere. From there the call follows the overflows, passing
//! over profiles that are closed; when all are closed, the call is refused.

mod headers;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use headers::{CallFacts, headers};

use crate::{
    hours::{BusinessHours, Span},
    ids::{DestinationId, TrunkId},
    profile::{KeyRoute, ProfileKind, ProfileSettings, SipAddress, SipUser},
};

/// Changes between open and closed that are told ahead, at most.
const MAX_CHANGES: usize = 14;
/// Changes are told this far ahead.
const CHANGES_WITHIN: SignedDuration = SignedDuration::from_hours(8 * 24);

/// All profiles of an app, with what holds for them together.
#[derive(Debug, Clone)]
pub struct Profiles {
    /// The profiles.
    pub by_id: BTreeMap<DestinationId, ProfileSettings>,
    /// Where calls go that ask for no profile.
    pub default: DestinationId,
    /// The app's hours, for profiles without hours of their own; `None`: always open.
    pub app_hours: Option<BusinessHours>,
}

/// What a session asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RouteRequest<'a> {
    /// The profile; `None` for the app's default one.
    pub destination_id: Option<DestinationId>,
    /// The routing key that the integrator's backend gave.
    pub routing_key: Option<&'a str>,
}

/// One profile that a call is offered to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hop<'a> {
    /// The profile.
    pub profile_id: DestinationId,
    /// Its settings.
    pub profile: &'a ProfileSettings,
    /// The user that the routing key names in place of the profile's own.
    pub user: Option<&'a SipUser>,
}

/// Whose hours hold for a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HoursFrom {
    /// Its own.
    Profile,
    /// The app's.
    App,
    /// There are none: it is always open.
    Always,
}

/// A profile that a call could go to, as it is at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChainLink<'a> {
    /// The profile.
    pub hop: Hop<'a>,
    /// Whether it is open, and until when.
    pub span: Span,
    /// Whose hours hold.
    pub hours_from: HoursFrom,
    /// The label of the exception of that date.
    pub exception: Option<&'a str>,
}

/// Where a hop leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HopTarget {
    /// The built-in demo.
    Demo,
    /// A telephone.
    Sip {
        /** The trunk to call by. */
        trunk_id: TrunkId,
        /** Whom to call. */
        to: SipAddress,
    },
}

impl Hop<'_> {
    /// Where it leads; `None` for a profile that does not say, which is never saved.
    #[must_use]
    pub fn target(&self) -> Option<HopTarget> {
        match self.profile.kind {
            ProfileKind::Demo => Some(HopTarget::Demo),
            ProfileKind::Sip => {
                let to = self.profile.to.as_ref()?;
                Some(HopTarget::Sip {
                    trunk_id: self.profile.trunk_id?,
                    to: self.user.map_or_else(|| to.clone(), |user| to.with_user(user.clone())),
                })
            }
        }
    }

    /// How long it rings.
    #[must_use]
    pub fn ring_timeout(&self) -> Duration {
        Duration::from_secs(self.profile.ring_timeout_seconds.into())
    }

    /// How long the call may take, where the profile has a limit of its own.
    #[must_use]
    pub fn max_duration(&self) -> Option<Duration> {
        self.profile.max_duration_seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// The far side that took a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredBy {
    /// The profile: after an overflow, not the one that was called first.
    pub profile_id: DestinationId,
    /// How it was reached; `None` for the built-in demo.
    pub dialog: Option<SipDialog>,
}

/// A call on a trunk, as the telephone system knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipDialog {
    /// The trunk.
    pub trunk_id: TrunkId,
    /// Its Call-ID (RFC 3261 section 20.8).
    pub call_id: String,
}

/// Why there is no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The app has no such profile.
    #[error("the app has no such destination")]
    UnknownProfile,
    /// Every profile that the call could go to is closed.
    #[error("outside business hours")]
    Closed {
        /** When the first of them opens; `None` when none does within a year. */
        next_opening: Option<Timestamp>,
    },
}

/// Whether calls are taken, and when that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningStatus {
    /// Whether they are taken now.
    pub open: bool,
    /// When that changes, in turn, up to 14 times: the changes of the coming eight days, and in any
    /// case the next opening within a year.
    pub changes: Vec<Timestamp>,
}

impl Profiles {
    /// The hours that hold for a profile; `None`: always open.
    #[must_use]
    pub fn hours_of<'a>(&'a self, profile: &'a ProfileSettings) -> Option<&'a BusinessHours> {
        profile.hours.as_ref().or(self.app_hours.as_ref())
    }

    /// The profiles that a call is offered to, in their order; never empty.
    ///
    /// # Errors
    /// The profile is unknown, or all are closed.
    pub fn route(
        &self,
        request: RouteRequest<'_>,
        now: Timestamp,
    ) -> Result<Vec<Hop<'_>>, RouteError> {
        let chain = self.chain(request)?;
        let open: Vec<_> = chain.iter().filter(|hop| self.span(hop, now).open).copied().collect();
        if open.is_empty() {
            let next_opening = self.opening_status_of(&chain, now).changes.first().copied();
            return Err(RouteError::Closed { next_opening });
        }
        Ok(open)
    }

    /// Whether a call would be taken now, and when that changes.
    ///
    /// # Errors
    /// The profile is unknown.
    pub fn opening_status(
        &self,
        request: RouteRequest<'_>,
        now: Timestamp,
    ) -> Result<OpeningStatus, RouteError> {
        Ok(self.opening_status_of(&self.chain(request)?, now))
    }

    /// Every profile that a call could go to, in their order, open or not, each as it is at an instant.
    ///
    /// # Errors
    /// The profile is unknown.
    pub fn explain(
        &self,
        request: RouteRequest<'_>,
        at: Timestamp,
    ) -> Result<Vec<ChainLink<'_>>, RouteError> {
        let links = self.chain(request)?.into_iter().map(|hop| {
            let hours = self.hours_of(hop.profile);
            let exception = hours.and_then(|hours| hours.exception_at(at));
            ChainLink {
                hop,
                span: self.span(&hop, at),
                hours_from: match (&hop.profile.hours, hours) {
                    (Some(_), _) => HoursFrom::Profile,
                    (None, Some(_)) => HoursFrom::App,
                    (None, None) => HoursFrom::Always,
                },
                exception: exception.map(|exception| exception.label.as_str()),
            }
        });
        Ok(links.collect())
    }

    /// Every profile that the call could go to, open or not.
    fn chain(&self, request: RouteRequest<'_>) -> Result<Vec<Hop<'_>>, RouteError> {
        let id = request.destination_id.unwrap_or(self.default);
        let first = self.hop(id, None).ok_or(RouteError::UnknownProfile)?;
        let route = request.routing_key.and_then(|key| first.profile.routing_keys.get(key));
        let first = match route {
            // A profile that is gone meanwhile is as good as no entry.
            Some(KeyRoute::Profile(id)) => self.hop(*id, None).unwrap_or(first),
            Some(KeyRoute::User(user)) => Hop { user: Some(user), ..first },
            None => first,
        };
        let mut chain = vec![first];
        while let Some(hop) = chain.last()
            && let Some(next) = hop.profile.overflow
            && let Some(hop) = self.hop(next, None)
            && chain.iter().all(|before| before.profile_id != hop.profile_id)
        {
            chain.push(hop);
        }
        Ok(chain)
    }

    fn hop<'a>(&'a self, id: DestinationId, user: Option<&'a SipUser>) -> Option<Hop<'a>> {
        self.by_id.get(&id).map(|profile| Hop { profile_id: id, profile, user })
    }

    fn span(&self, hop: &Hop<'_>, at: Timestamp) -> Span {
        let always = Span { open: true, until: None };
        self.hours_of(hop.profile).map_or(always, |hours| hours.span(at))
    }

    /// A chain is open while one of its profiles is.
    fn opening_status_of(&self, chain: &[Hop<'_>], now: Timestamp) -> OpeningStatus {
        let mut spans: Vec<_> = chain.iter().map(|hop| self.span(hop, now)).collect();
        let is_open = |spans: &[Span]| spans.iter().any(|span| span.open);
        let open = is_open(&spans);
        let horizon = now.checked_add(CHANGES_WITHIN).unwrap_or(Timestamp::MAX);
        let mut changes = Vec::new();
        let mut state = open;
        while changes.len() < MAX_CHANGES
            && let Some(at) = spans.iter().filter_map(|span| span.until).min()
            // Where all are closed, the first change is the opening.
            && (at <= horizon || (changes.is_empty() && !open))
        {
            for (hop, span) in chain.iter().zip(&mut spans) {
                if span.until.is_some_and(|until| until <= at) {
                    *span = self.span(hop, at);
                }
            }
            if is_open(&spans) != state {
                state = !state;
                changes.push(at);
            }
        }
        OpeningStatus { open, changes }
    }
}
