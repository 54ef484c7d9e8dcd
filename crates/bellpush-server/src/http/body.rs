//! Request bodies and queries, refused with a problem document that names the field.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header::CONTENT_TYPE, request::Parts},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Bytes of a JSON request body, at most, where a handler sets no other limit. Two fields of custom
/// code with every character escaped fit in.
pub(crate) const MAX_JSON_BYTES: usize = 512 * 1024;

/// How long a whole body may take, however many bytes come meanwhile.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body of at most [`MAX_JSON_BYTES`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        check_json(request.headers())?;
        let bytes = read(request.into_body(), MAX_JSON_BYTES).await?;
        parse_json(&bytes).map(Self)
    }
}

/// Refuses bodies that say to be something else than JSON. Clients that say nothing of it mean JSON.
///
/// # Errors
/// 415.
pub(crate) fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = content_type(headers);
    if kind.is_empty() || kind == "application/json" || kind.ends_with("+json") {
        return Ok(());
    }
    let detail = format!("{kind} is not taken here; send application/json");
    Err(Problem::unsupported_media_type(detail))
}

/// The content type of a body in small letters, without parameters; empty where nothing is said.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .chars()
        .take(100)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// 413 beyond the limit, 408 when it takes longer than [`BODY_TIMEOUT`], 400 when it breaks off.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect());
    let Ok(collected) = collected.await else {
        let seconds = BODY_TIMEOUT.as_secs();
        return Err(Problem::request_timeout(format!("the body did not come within {seconds} s")));
    };
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::too_large(format!("the body has more than {limit} bytes")))
        }
        Err(_) => Err(Problem::malformed("the body broke off")),
    }
}

/// Parses JSON and says where it does not fit.
///
/// # Errors
/// 400 for what is no JSON, 422 for JSON of another shape, with the place as a pointer.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A list of a type's fields in their order would be taken for it, too.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::invalid("send a JSON object, not an array"));
    }
    // To know the place of an error costs as much as the reading, so it is found by a second one.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(refusal)?;
    reader
        .end()
        .map_err(|error| Problem::malformed(format!("the body is not valid JSON: {error}")))?;
    Ok(value)
}

/// Reads a JSON value into `T` and says where it does not fit.
///
/// # Errors
/// 422 with the place as a pointer.
pub(crate) fn parse_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(refusal)
}

/// Takes one field out of an object, for what goes beside the settings that are read from the rest.
/// `null` is as good as no field.
///
/// # Errors
/// 422 with the field as a pointer.
pub(crate) fn take<T: DeserializeOwned>(
    object: &mut serde_json::Value,
    field: &str,
) -> Result<Option<T>, Problem> {
    let value = object.as_object_mut().and_then(|fields| fields.remove(field));
    let value = value.filter(|value| !value.is_null());
    value
        .map(|value| parse_value(value).map_err(|problem| problem.at(format!("/{field}"))))
        .transpose()
}

fn refusal(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let pointer = pointer(error.path());
    let inner = error.into_inner();
    if !inner.is_data() {
        return Problem::malformed(format!("the body is not valid JSON: {inner}"));
    }
    // The position is of no use beside the pointer.
    let text = inner.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    Problem::invalid(text).at(pointer)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A query string, read into `T`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryParameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for QueryParameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| Problem::invalid(error.body_text()))
    }
}

#[cfg(test)]
mod tests {
    use bellpush_core::app::AppSettings;

    use super::*;

    #[test]
    fn a_wrong_value_is_named_by_its_pointer() {
        let text = br#"{"name":"n","survey":{"questions":[{"id":"a","label":7}]}}"#;
        let problem = parse_json::<AppSettings>(text).unwrap_err();
        assert_eq!(problem.status, 422);
        assert_eq!(problem.pointer.as_deref(), Some("/survey/questions/0/label"));
        assert_eq!(problem.detail, "invalid type: integer `7`, expected a string");
    }

    #[test]
    fn a_list_of_values_is_no_object() {
        let problem = parse_json::<AppSettings>(br#" ["n",[],"en",null,[],{}]"#).unwrap_err();
        assert_eq!(problem.status, 422);
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for text in [&b"{"[..], b"", b"{} x", b"\xff"] {
            assert_eq!(parse_json::<serde_json::Value>(text).unwrap_err().status, 400);
        }
    }
}
