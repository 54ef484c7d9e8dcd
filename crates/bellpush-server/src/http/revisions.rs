//! Revisions of settings in HTTP: an answer names one by `ETag`, and a request by `If-Match` the one
//! that it was made from.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bellpush_store::{Actor, Edit, Expected, MemberError, SaveError};
use serde::Serialize;
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterBuilder, ParameterIn},
    openapi::{ObjectBuilder, Required, schema::Type},
};

use super::{headers::value, problem::Problem};

/// How `If-Match` is written: as `ETag` was, or as a proxy that compresses what passes has written it since
/// (`W/"r7"`, `"r7-gzip"`). What a tag names is a revision, and no bytes.
pub(crate) const PATTERN: &str = r#"^(\*|(W/)?"r[0-9]{1,18}(-[a-z]{1,10})?")$"#;

/// The revision that a request wants to change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IfMatch(Option<Expected>);

impl IfMatch {
    /// Which revision it has to be; any where nothing is said.
    pub(crate) fn expected(self) -> Expected {
        self.0.unwrap_or_default()
    }

    /// The same, where something has to be said.
    ///
    /// # Errors
    /// 428 without the header.
    pub(crate) fn needed(self) -> Result<Expected, Problem> {
        let detail = "send the ETag of what you have read as If-Match, or If-Match: *";
        self.0.ok_or_else(|| Problem::precondition_required(detail))
    }

    /// A change of that revision.
    pub(crate) fn edit(self, actor: &Actor) -> Edit<'_> {
        Edit { actor, expected: self.expected() }
    }
}

/// How often a patch is put over what others have changed since it was read.
const TRIES: u32 = 10;

/// Why something was not saved, which may be that it was changed meanwhile.
pub(crate) trait Outdating {
    /// Whether that is why.
    fn is_outdated(&self) -> bool;
}

impl Outdating for SaveError {
    fn is_outdated(&self) -> bool {
        matches!(self, Self::Outdated(_))
    }
}

impl Outdating for MemberError {
    fn is_outdated(&self) -> bool {
        matches!(self, Self::Outdated(_))
    }
}

/// A patch on its way into the store. Where the request names no revision, it is for the one that it was
/// put over: what somebody else has changed in between is read again, and not written back.
#[derive(Debug)]
pub(crate) struct Patching {
    if_match: IfMatch,
    left: u32,
}

impl Patching {
    pub(crate) const fn new(if_match: IfMatch) -> Self {
        Self { if_match, left: TRIES }
    }

    /// A change of what was just read.
    pub(crate) fn edit<'a>(&self, actor: &'a Actor, read: u64) -> Edit<'a> {
        let expected = match self.if_match.expected() {
            Expected::Any => Expected::Revision(read),
            named => named,
        };
        Edit { actor, expected }
    }

    /// Whether it is to be read and patched again.
    pub(crate) fn again(&mut self, error: &impl Outdating) -> bool {
        let meanwhile = error.is_outdated();
        let any = self.if_match.expected() == Expected::Any;
        self.left = self.left.saturating_sub(1);
        meanwhile && any && self.left > 0
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(given) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        match given.to_str().unwrap_or_default().trim() {
            "*" => Ok(Self(Some(Expected::Any))),
            tag => revision(tag).map(|it| Self(Some(Expected::Revision(it)))).ok_or_else(|| {
                Problem::precondition_failed("If-Match names no revision; read it again")
            }),
        }
    }
}

/// `If-Match` in the description of an operation: what else follows from it is completed there.
impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let tag = ObjectBuilder::new().schema_type(Type::String).pattern(Some(PATTERN));
        let said =
            "The `ETag` of what was read: only that revision is changed. `*`, or nothing: any";
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(said))
            .schema(Some(tag));
        vec![parameter.build()]
    }
}

fn revision(tag: &str) -> Option<u64> {
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let tag = tag.strip_prefix("\"r")?.strip_suffix('"')?;
    let number = match tag.split_once('-') {
        Some((number, coding)) => {
            let is_coding = (1..=10).contains(&coding.len())
                && coding.bytes().all(|byte| byte.is_ascii_lowercase());
            is_coding.then_some(number)?
        }
        None => tag,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten()
}

/// The `ETag` of a revision.
pub(crate) fn etag(revision: u64) -> (header::HeaderName, HeaderValue) {
    (header::ETAG, value(&format!("\"r{revision}\"")))
}

/// An answer of a revision.
#[derive(Debug)]
pub(crate) struct Revised<T> {
    status: StatusCode,
    revision: u64,
    body: T,
}

impl<T> Revised<T> {
    /// What is there.
    pub(crate) const fn new(revision: u64, body: T) -> Self {
        Self { status: StatusCode::OK, revision, body }
    }

    /// What was made.
    pub(crate) const fn created(revision: u64, body: T) -> Self {
        Self { status: StatusCode::CREATED, revision, body }
    }
}

impl<T: Serialize> IntoResponse for Revised<T> {
    fn into_response(self) -> Response {
        (self.status, [etag(self.revision)], Json(self.body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(given: Option<&str>) -> Result<Option<Expected>, u16> {
        let mut request = axum::http::Request::builder();
        if let Some(given) = given {
            request = request.header(header::IF_MATCH, given);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let read = IfMatch::from_request_parts(&mut parts, &()).await;
        read.map(|IfMatch(expected)| expected).map_err(|problem| problem.status)
    }

    #[tokio::test]
    async fn a_tag_that_was_given_out_is_read_back_and_any_other_is_of_no_revision() {
        assert_eq!(read(None).await, Ok(None));
        assert_eq!(read(Some("*")).await, Ok(Some(Expected::Any)));
        let (_, tag) = etag(7);
        assert_eq!(read(tag.to_str().ok()).await, Ok(Some(Expected::Revision(7))));
        for proxied in ["W/\"r7\"", "\"r7-gzip\"", "\"r7-br\"", "W/\"r7-gzip\""] {
            assert_eq!(read(Some(proxied)).await, Ok(Some(Expected::Revision(7))), "{proxied}");
        }
        for other in
            ["r7", "\"7\"", "w/\"r7\"", "\"r-1\"", "\"r+7\"", "\"r7-\"", "\"r7\", \"r8\"", ""]
        {
            assert_eq!(read(Some(other)).await, Err(412), "{other}");
        }
    }
}
