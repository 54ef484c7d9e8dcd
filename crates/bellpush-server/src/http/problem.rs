//! Errors as RFC 9457 problem documents.

use std::{borrow::Cow, num::NonZeroU32};

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bellpush_core::{FieldError, access::Permission, events::EventTime};
use bellpush_store::{LastChange, Outdated};
use serde::Serialize;
use utoipa::ToSchema;

use super::{actor::ActorView, challenge::Challenge};

/// The name of a parameter of the query.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
struct Parameter(Cow<'static, str>);

/// Goes with the answer that refuses what somebody may not do, for whoever writes that down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    /// The permission that is missing, if it is one.
    pub(crate) needed: Option<Permission>,
}

/// Where something else is to be asked.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
struct Address(String);

/// The last change of something.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct LastChangeView {
    /// By whom.
    by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
}

impl From<LastChange> for LastChangeView {
    fn from(LastChange { actor, at }: LastChange) -> Self {
        Self { by: ActorView::new(actor.who, actor.name), at }
    }
}

/// A problem document: what went wrong and what to do about it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Names the kind of problem; stable, to be compared by programs.
    #[serde(rename = "type")]
    #[schema(example = "urn:bellpush:problem:not-found")]
    #[schema(value_type = String)]
    pub(crate) kind: Box<str>,
    /// The kind in words.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// This occurrence in a sentence.
    pub(crate) detail: String,
    /// The field that caused it: a JSON pointer into the request's body.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<Box<str>>,
    /// For `forbidden`: the permission that is missing.
    #[schema(value_type = Option<String>, example = "profiles:write")]
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<Permission>,
    /// The parameter of the query that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    parameter: Option<Box<Parameter>>,
    /// For `closed`: when it opens next, if it does within a year.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(rename = "nextOpening", skip_serializing_if = "Option::is_none")]
    next_opening: Option<Box<EventTime>>,
    /// For `challenge`: the work to be proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<Box<Challenge>>,
    /// For `precondition-failed`: who has changed it last, and when, as far as that is known.
    #[schema(value_type = Option<LastChangeView>)]
    #[serde(rename = "lastChange", skip_serializing_if = "Option::is_none")]
    last_change: Option<Box<LastChangeView>>,
    /// For `misdirected`: the address that is to be asked, as far as there is one.
    #[schema(value_type = Option<String>, example = "https://node2.calls.example.com/v1/calls/call_01920000000070008000000000000001")]
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Box<Address>>,
    #[serde(skip)]
    retry_after: Option<NonZeroU32>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($status:ident, $slug:literal, $title:literal);)*) => {
        impl Problem {
            $($(#[$doc])*
            #[must_use]
            pub(crate) fn $name(detail: impl Into<String>) -> Self {
                Self::new(StatusCode::$status, $slug, $title, detail.into())
            })*
        }
    };
}

kinds! {
    /// The request is not readable.
    malformed(BAD_REQUEST, "malformed", "The request can't be read");
    /// No valid API key.
    api_key_invalid(UNAUTHORIZED, "api-key-invalid", "A valid API key is needed");
    /// The browser is not signed in.
    signed_out(UNAUTHORIZED, "signed-out", "You are not signed in");
    /// E-mail address and password, or a code, don't fit.
    sign_in_refused(UNAUTHORIZED, "sign-in-refused", "That did not let you in");
    /// It is not permitted.
    forbidden(FORBIDDEN, "forbidden", "Not permitted");
    /// It would raise somebody, or concerns somebody, above who asks.
    above_own_rank(FORBIDDEN, "above-own-rank", "Above one's own rank");
    /// Who sits there has to prove who they are.
    step_up_required(FORBIDDEN, "step-up-required", "Prove that it is you");
    /// The link for the first owner is dead.
    setup_link_invalid(FORBIDDEN, "setup-link-invalid", "The link is not valid");
    /// Single sign-on is the only way in.
    sso_required(FORBIDDEN, "sso-required", "Use single sign-on");
    /// A second factor has to be added first.
    second_factor_required(FORBIDDEN, "second-factor-required", "Add a second factor");
    /// The link for an owner who comes back is dead.
    recovery_link_invalid(FORBIDDEN, "recovery-link-invalid", "The link is not valid");
    /// The invitation is dead.
    invitation_invalid(FORBIDDEN, "invitation-invalid", "The invitation is not valid");
    /// There would be no owner.
    last_owner(CONFLICT, "last-owner", "The last owner stays");
    /// No such widget key for the app.
    widget_key_invalid(UNAUTHORIZED, "widget-key-invalid", "The widget key is not valid");
    /// No valid session token.
    session_expired(UNAUTHORIZED, "session-expired", "The session is not valid any more");
    /// The origin may not embed the widget.
    origin_not_allowed(FORBIDDEN, "origin-not-allowed", "The origin is not allowed");
    /// The request comes from another site.
    cross_site(FORBIDDEN, "cross-site", "Requests from other sites are not accepted");
    /// Outside business hours.
    closed(FORBIDDEN, "closed", "Closed");
    /// Nothing by that name.
    not_found(NOT_FOUND, "not-found", "Not found");
    /// The path exists, but not with this method.
    method_not_allowed(METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here");
    /// No valid token for a preview.
    preview_token_invalid(FORBIDDEN, "preview-token-invalid", "A valid preview token is needed");
    /// It did not come in time.
    request_timeout(REQUEST_TIMEOUT, "request-timeout", "The request did not come in time");
    /// Secrets have to come anew.
    secrets_required(CONFLICT, "secrets-required", "The secrets have to be sent anew");
    /// It contradicts what is there.
    conflict(CONFLICT, "conflict", "The request contradicts what is there");
    /// A condition of the request does not hold.
    precondition_failed(PRECONDITION_FAILED, "precondition-failed", "The condition does not hold");
    /// The request needs a condition.
    precondition_required(PRECONDITION_REQUIRED, "precondition-required", "A condition is needed");
    /// Over a size limit.
    too_large(PAYLOAD_TOO_LARGE, "too-large", "The request is too large");
    /// A body of another kind.
    unsupported_media_type(UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The content type is not one that is taken here");
    /// Another node's business.
    misdirected(MISDIRECTED_REQUEST, "misdirected", "Another server has to be asked");
    /// A value is not acceptable.
    invalid(UNPROCESSABLE_ENTITY, "invalid", "A value is not acceptable");
    /// The SDP offer cannot be answered.
    offer_invalid(UNPROCESSABLE_ENTITY, "offer-invalid", "The offer can't be answered");
    /// The browser has to prove some work first.
    challenge_required(PRECONDITION_REQUIRED, "challenge", "Some work has to be proved first");
    /// Over a rate.
    rate_limited(TOO_MANY_REQUESTS, "rate-limited", "Too many requests");
    /// A fault of the server.
    internal(INTERNAL_SERVER_ERROR, "internal", "The server failed");
    /// Cannot be done right now.
    unavailable(SERVICE_UNAVAILABLE, "unavailable", "Not possible right now");
    /// The server is stopping.
    shutting_down(SERVICE_UNAVAILABLE, "server-shutdown", "The server is stopping");
}

impl Problem {
    fn new(status: StatusCode, slug: &str, title: &'static str, detail: String) -> Self {
        Self {
            kind: format!("urn:bellpush:problem:{slug}").into(),
            title,
            status: status.as_u16(),
            detail,
            pointer: None,
            needed: None,
            parameter: None,
            next_opening: None,
            challenge: None,
            last_change: None,
            address: None,
            retry_after: None,
        }
    }

    /// Adds the field that caused it.
    #[must_use]
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into().into_boxed_str());
        self
    }

    /// Refuses for want of a permission.
    #[must_use]
    pub(crate) fn forbidden_without(permission: Permission) -> Self {
        let detail = format!("this needs {permission}, which you don't have here");
        Self { needed: Some(permission), ..Self::forbidden(detail) }
    }

    /// The permission that is missing.
    pub(crate) const fn needed(&self) -> Option<Permission> {
        self.needed
    }

    /// Refuses what only a person can do, in a browser.
    #[must_use]
    pub(crate) fn people_only() -> Self {
        Self::forbidden("only a person who is signed in can do this, not an API key")
    }

    /// Refuses for want of a proof who sits there.
    #[must_use]
    pub(crate) fn proof_needed() -> Self {
        Self::step_up_required("prove that it is you (POST /v1/step-up), and send this again")
    }

    /// Adds the parameter of the query that caused it.
    #[must_use]
    pub(crate) fn of(mut self, parameter: impl Into<Cow<'static, str>>) -> Self {
        self.parameter = Some(Box::new(Parameter(parameter.into())));
        self
    }

    /// With the parameter that caused it, if there is one, as a field of a body: there it stands for a property.
    #[must_use]
    pub(crate) fn in_body(mut self) -> Self {
        match self.parameter.take() {
            Some(parameter) => self.at(format!("/{}", parameter.0)),
            None => self,
        }
    }

    /// Adds the work to be proved.
    #[must_use]
    pub(crate) fn with_challenge(mut self, challenge: Challenge) -> Self {
        self.challenge = Some(Box::new(challenge));
        self
    }

    /// Adds when it opens next.
    #[must_use]
    pub(crate) fn opening(mut self, at: Option<EventTime>) -> Self {
        self.next_opening = at.map(Box::new);
        self
    }

    /// Refuses a change of another revision than the present one.
    #[must_use]
    pub(crate) fn outdated(outdated: Outdated) -> Self {
        let Some(last_change) = outdated.last_change else {
            return Self::precondition_failed(outdated.to_string());
        };
        let last_change = LastChangeView::from(last_change);
        let LastChangeView { by, at } = &last_change;
        let name = by.name.as_deref().unwrap_or(by.kind);
        let detail = format!("{name} has changed it at {at}; read it again");
        Self { last_change: Some(Box::new(last_change)), ..Self::precondition_failed(detail) }
    }

    /// Adds where to ask instead.
    #[must_use]
    pub(crate) fn lives_at(mut self, address: Option<String>) -> Self {
        self.address = address.map(|address| Box::new(Address(address)));
        self
    }

    /// Adds when to try again, in seconds; a second at least.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        self.retry_after = Some(NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN));
        self
    }

    /// The `Retry-After` header, if it says when to try again.
    pub(crate) fn retry_after_header(&self) -> HeaderMap {
        let value = self.retry_after.map(|seconds| (header::RETRY_AFTER, seconds.get().into()));
        value.into_iter().collect()
    }

    /// That it refuses what somebody may not do, if it does.
    fn refused(&self) -> Option<Refused> {
        const REFUSALS: [&str; 4] =
            ["forbidden", "above-own-rank", "step-up-required", "second-factor-required"];
        let slug = self.kind.rsplit(':').next().unwrap_or_default();
        REFUSALS.contains(&slug).then_some(Refused { needed: self.needed })
    }

    /// The HTTP status.
    #[must_use]
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status(), self.retry_after_header());
        let refused = self.refused();
        let mut response = (status, retry_after, Json(self)).into_response();
        if let Some(refused) = refused {
            response.extensions_mut().insert(refused);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Self::invalid(error.message).at(error.pointer)
    }
}
