//! Request bodies and queries, refused with a problem document that names the field.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{
        HeaderMap,
        header::{CONTENT_ENCODING, CONTENT_TYPE},
        request::Parts,
    },
};
use bellpush_core::ByName;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;

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

/// Refuses bodies that say to be something else than JSON, or compressed. Clients that say nothing of it mean
/// JSON as it is.
///
/// # Errors
/// 415.
pub(crate) fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    let coding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes());
    if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        let detail = "no content coding is taken here; send the body as it is";
        return Err(Problem::unsupported_media_type(detail));
    }
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
    // To know the place of an error costs as much as the reading, so it is found by a second one. So is
    // a list in the place of an object within: there is none where there is no list at all.
    if let Ok(read) = serde_json::from_slice(bytes) {
        return if bytes.contains(&b'[') { parse_value(json(bytes)?) } else { Ok(read) };
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(refusal);
    let read = read.and_then(|value| {
        reader.end().map_err(no_json)?;
        Ok(value)
    });
    read.or_else(|problem| {
        let value = serde_json::from_slice(bytes).ok().and_then(with_integers);
        value.map_or(Err(problem), |value| read_value(&value))
    })
}

fn json(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(no_json)
}

fn no_json(error: serde_json::Error) -> Problem {
    Problem::malformed(format!("the body is not valid JSON: {error}"))
}

/// Reads a JSON value into `T` and says where it does not fit.
///
/// # Errors
/// 422 with the place as a pointer.
pub(crate) fn parse_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    // As with text, the second look is only for what fails.
    if let Ok(read) = T::deserialize(ByName(&value)) {
        return Ok(read);
    }
    let whole = with_integers(value.clone());
    read_value(&whole.unwrap_or(value))
}

fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(ByName(value)).map_err(refusal)
}

/// The value with `5.0` as `5`, which is the same number to JSON Schema, but not to serde; `None`
/// where there is no such number.
fn with_integers(mut value: Value) -> Option<Value> {
    write_integers(&mut value).then_some(value)
}

fn write_integers(value: &mut Value) -> bool {
    // Beyond, not every whole number is a float.
    const MOST: f64 = 9_007_199_254_740_991.0;
    match value {
        Value::Number(number) => {
            let whole = number
                .as_f64()
                .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() <= MOST);
            let Some(whole) = whole else { return false };
            *value = Value::from(whole as i64);
            true
        }
        // Every item has to be looked at, so no short cut.
        Value::Array(items) => items.iter_mut().fold(false, |any, item| write_integers(item) | any),
        Value::Object(fields) => {
            fields.values_mut().fold(false, |any, field| write_integers(field) | any)
        }
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// Takes one field out of an object, for what goes beside the settings that are read from the rest.
/// `null` is as good as no field.
///
/// # Errors
/// 422 with the field as a pointer.
pub(crate) fn take<T: DeserializeOwned>(
    object: &mut Value,
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
        return no_json(inner);
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
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Parses a query and says which parameter does not fit.
fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let reader = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let name = error.path().iter().find_map(|segment| match segment {
            serde_path_to_error::Segment::Map { key } => Some(key.clone()),
            _ => None,
        });
        let text = error.into_inner().to_string();
        match name.or_else(|| field_of(&text)) {
            Some(name) => Problem::invalid(format!("{name}: {text}")).of(name),
            None => Problem::invalid(text),
        }
    })
}

/// The name of a field that is missing, unknown, or there twice.
fn field_of(text: &str) -> Option<String> {
    let quoted = ["missing field `", "unknown field `", "duplicate field `"];
    let rest = quoted.iter().find_map(|start| text.strip_prefix(start))?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
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
    fn a_whole_number_may_be_written_with_a_point() {
        let settings = parse_json::<AppSettings>(br#"{"name":"n","resumeSeconds":5.0}"#).unwrap();
        assert_eq!(settings.resume_seconds, 5);
        let value = serde_json::json!({ "name": "n", "maxCalls": 3e2 });
        assert_eq!(parse_value::<AppSettings>(value).unwrap().max_calls, Some(300));
        for text in [r#"{"name":"n","resumeSeconds":5.5}"#, r#"{"name":"n","maxCalls":-1.0}"#] {
            assert_eq!(parse_json::<AppSettings>(text.as_bytes()).unwrap_err().status, 422);
        }
        let twice = br#"{"name":"n","name":"m","resumeSeconds":5}"#;
        assert_eq!(parse_json::<AppSettings>(twice).unwrap_err().status, 422);
    }

    #[test]
    fn a_list_of_values_is_no_object() {
        let problem = parse_json::<AppSettings>(br#" ["n",[],"en",null,[],{}]"#).unwrap_err();
        assert_eq!((problem.status, problem.pointer), (422, None));
        for (text, pointer) in [
            (r#"{"name":"n","survey":[[]]}"#, "/survey"),
            (r#"{"name":"n","survey":{"questions":[["a","Why?"]]}}"#, "/survey/questions/0"),
            (r#"{"name":"n","resumeSeconds":5.0,"retention":[]}"#, "/retention"),
        ] {
            let problem = parse_json::<AppSettings>(text.as_bytes()).unwrap_err();
            assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some(pointer)));
            let value = serde_json::from_str(text).unwrap();
            let problem = parse_value::<AppSettings>(value).unwrap_err();
            assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some(pointer)));
            assert_eq!(problem.detail, "write a JSON object here, not an array");
        }
    }

    #[test]
    fn the_parameter_of_a_query_that_does_not_fit_is_named() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[allow(dead_code)]
        struct Query {
            year: u16,
            min_duration: Option<u32>,
        }
        assert_eq!(parse_query::<Query>("year=2026&minDuration=5").unwrap().min_duration, Some(5));
        for (query, parameter) in [
            ("year=x", "year"),
            ("year=2026&minDuration=-1", "minDuration"),
            ("year=2026&minDuration=", "minDuration"),
            ("", "year"),
            ("year=2026&years=1", "years"),
            ("year=2026&year=2027", "year"),
        ] {
            let problem = parse_query::<Query>(query).unwrap_err();
            let told = serde_json::to_value(&problem).unwrap();
            assert_eq!((problem.status, &told["parameter"]), (422, &parameter.into()), "{query}");
            assert_eq!(told.get("pointer"), None, "{query}");
        }
    }

    #[test]
    fn a_compressed_body_is_of_no_type_that_is_taken() {
        let coded = |coding| check_json(&HeaderMap::from_iter([(CONTENT_ENCODING, coding)]));
        assert_eq!(coded("gzip".parse().unwrap()).unwrap_err().status, 415);
        assert!(coded("identity".parse().unwrap()).is_ok());
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for text in [&b"{"[..], b"", b"{} x", b"\xff"] {
            assert_eq!(parse_json::<serde_json::Value>(text).unwrap_err().status, 400);
        }
    }
}
