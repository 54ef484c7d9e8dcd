//! The settings of a profile, and what is refused when they are saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SipAddress, SipUser, Template};
use crate::{
    field_error::FieldError,
    hours::BusinessHours,
    ids::{DestinationId, TrunkId},
    schema::{described, forms},
};

/// Routing keys in one profile, at most.
const MAX_ROUTING_KEYS: usize = 200;
/// Characters of a routing key, at most.
pub const MAX_ROUTING_KEY_CHARS: usize = 128;
/// A routing key as a regular expression: not only blanks, and nothing of control.
const ROUTING_KEY_PATTERN: &str =
    r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";
/// A header as a regular expression.
const HEADER_NAME_PATTERN: &str =
    "^([Xx]-[A-Za-z0-9-]+|[Uu][Ss][Ee][Rr]-[Tt][Oo]-[Uu][Ss][Ee][Rr])$";
/// Headers of one's own in one profile, at most.
const MAX_HEADERS: usize = 16;
/// Characters of a header's name, at most.
const MAX_HEADER_NAME_CHARS: usize = 64;
/// Seconds that a profile may ring.
const RING_SECONDS: std::ops::RangeInclusive<u16> = 5..=300;
/// Seconds that a call may take, at most: a day.
const MAX_CALL_SECONDS: u32 = 24 * 60 * 60;

/// What kind of place a profile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProfileKind {
    /// Built in: greets, then echoes the visitor's voice; `*` makes it hang up.
    Demo,
    /// A telephone, reached by a SIP trunk.
    Sip,
}

impl ProfileKind {
    /// The kind as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Sip => "sip",
        }
    }
}

/// Which codec is spoken toward the browser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CodecPolicy {
    /// The one that the trunk speaks: audio is passed on as it is. Costs least.
    #[default]
    PassThrough,
    /// Opus, transcoded where the trunk speaks another: sounds better over lossy networks.
    Opus,
}

forms! {
    /// A routing key.
    pub RoutingKey: text_of(1, MAX_ROUTING_KEY_CHARS).pattern(Some(ROUTING_KEY_PATTERN));
    /// The name of a header of one's own.
    SipHeaderName: text_of(1, MAX_HEADER_NAME_CHARS).pattern(Some(HEADER_NAME_PATTERN));
    /// Seconds that a profile rings.
    RingSeconds: integer((*RING_SECONDS.start()).into(), (*RING_SECONDS.end()).into());
    /// Seconds that a call takes, at most.
    CallSeconds: integer(1, MAX_CALL_SECONDS);
}

/// Where a routing key leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyRoute {
    /// To another profile of the app.
    Profile(DestinationId),
    /// To another extension or number of the same profile.
    User(SipUser),
}

described! {
    KeyRoute: utoipa::openapi::OneOfBuilder::new()
        .item(only_field("profile", text().pattern(Some(DestinationId::PATTERN)).extensions(Some(
            beyond("a profile of the app"),
        ))))
        .item(only_field("user", <SipUser as utoipa::PartialSchema>::schema()))
        .extensions(Some(beyond("other users are for sip alone")));
}

/// The settings of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileSettings {
    /// Its name, for people: 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
    /// What kind of place it is.
    pub kind: ProfileKind,
    /// For `sip`: the trunk to call by.
    #[serde(default)]
    pub trunk_id: Option<TrunkId>,
    /// For `sip`: whom to call; an extension or number on the trunk's domain, or a SIP URI.
    #[serde(default)]
    pub to: Option<SipAddress>,
    /// Hours of its own; `null`: the app's.
    #[serde(default)]
    pub hours: Option<BusinessHours>,
    /// Seconds that it rings before the call goes on to the overflow, or fails: 5 to 300.
    #[cfg_attr(feature = "openapi", schema(value_type = RingSeconds, default = 30))]
    #[serde(default = "half_a_minute")]
    pub ring_timeout_seconds: u16,
    /// Seconds after which a call is ended; `null`: the server's limit, which holds in any case.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<CallSeconds>))]
    #[serde(default)]
    pub max_duration_seconds: Option<u32>,
    /// The profile that is called when this one is closed, busy, or does not answer.
    #[serde(default)]
    pub overflow: Option<DestinationId>,
    /// Where the routing keys of sessions lead to, by key: `{"profile": "dest_…"}` is another
    /// profile, `{"user": "101"}` another extension or number of this one. Other keys, and sessions
    /// without one, lead here.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<RoutingKey, KeyRoute>))]
    #[serde(default)]
    pub routing_keys: BTreeMap<String, KeyRoute>,
    /// Which codec is spoken toward the browser.
    #[serde(default)]
    pub codec_policy: CodecPolicy,
    /// For `sip`: the caller's name as the far side shows it, like `{form.name}`.
    #[serde(default)]
    pub caller_name: Option<Template>,
    /// For `sip`: headers of one's own, by name (`X-…` or `User-to-User`), like
    /// `{"X-Order": "{context.orderId}"}`.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<SipHeaderName, Template>))]
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
}

const fn half_a_minute() -> u16 {
    30
}

impl ProfileSettings {
    /// The demo, as each new app gets it.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            name: "Demo".into(),
            kind: ProfileKind::Demo,
            trunk_id: None,
            to: None,
            hours: None,
            ring_timeout_seconds: half_a_minute(),
            max_duration_seconds: None,
            overflow: None,
            routing_keys: BTreeMap::new(),
            codec_policy: CodecPolicy::default(),
            caller_name: None,
            headers: BTreeMap::new(),
        }
    }

    /// Checks every rule that the types do not carry, but for whether what it refers to exists.
    ///
    /// # Errors
    /// The first setting that breaks one, with its place.
    pub fn check(&self) -> Result<(), FieldError> {
        let refuse = |pointer: &str, message: String| Err(FieldError::new(pointer, message));
        let chars = self.name.chars().count();
        if self.name.trim().is_empty() || chars > 100 {
            return refuse("/name", "the name has 1 to 100 characters".into());
        }
        self.check_kind()?;
        if let Some(hours) = &self.hours {
            hours.check("/hours")?;
        }
        if !RING_SECONDS.contains(&self.ring_timeout_seconds) {
            let (least, most) = (RING_SECONDS.start(), RING_SECONDS.end());
            return refuse("/ringTimeoutSeconds", format!("a profile rings {least} to {most} s"));
        }
        if self.max_duration_seconds.is_some_and(|most| !(1..=MAX_CALL_SECONDS).contains(&most)) {
            let message = format!("a call takes 1 to {MAX_CALL_SECONDS} s");
            return refuse("/maxDurationSeconds", message);
        }
        if self.routing_keys.len() > MAX_ROUTING_KEYS {
            let message = format!("a profile has at most {MAX_ROUTING_KEYS} routing keys");
            return refuse("/routingKeys", message);
        }
        for (key, route) in &self.routing_keys {
            let place = format!("/routingKeys/{}", pointer_part(key));
            if !is_routing_key(key) {
                let message = format!(
                    "a routing key has 1 to {MAX_ROUTING_KEY_CHARS} characters, and none of control"
                );
                return refuse(&place, message);
            }
            if matches!(route, KeyRoute::User(_)) && self.kind != ProfileKind::Sip {
                return refuse(&place, "only a profile of the kind sip has other users".into());
            }
        }
        self.check_headers()
    }

    /// The fields of the form that it names, each with its place in the settings as a JSON pointer.
    pub fn form_fields(&self) -> impl Iterator<Item = (String, &str)> {
        let headers = self
            .headers
            .iter()
            .map(|(name, template)| (format!("/headers/{}", pointer_part(name)), template));
        let caller_name = self.caller_name.iter().map(|it| ("/callerName".to_owned(), it));
        caller_name.chain(headers).flat_map(|(pointer, template)| {
            template.form_fields().map(move |field| (pointer.clone(), field))
        })
    }

    fn check_kind(&self) -> Result<(), FieldError> {
        let refuse = |field: &str, message: &str| Err(FieldError::new(field, message));
        match self.kind {
            ProfileKind::Sip if self.trunk_id.is_none() => {
                refuse("/trunkId", "name the trunk that calls go by")
            }
            ProfileKind::Sip if self.to.is_none() => refuse("/to", "name whom to call"),
            ProfileKind::Demo if self.trunk_id.is_some() => {
                refuse("/trunkId", "the demo goes by no trunk")
            }
            ProfileKind::Demo if self.to.is_some() => refuse("/to", "the demo calls nobody"),
            ProfileKind::Sip | ProfileKind::Demo => Ok(()),
        }
    }

    fn check_headers(&self) -> Result<(), FieldError> {
        if self.headers.len() > MAX_HEADERS {
            let message = format!("a profile has at most {MAX_HEADERS} headers");
            return Err(FieldError::new("/headers", message));
        }
        for name in self.headers.keys() {
            if !is_header_name(name) {
                let place = format!("/headers/{}", pointer_part(name));
                let message = "a header is X-… (not X-Bellpush-…) or User-to-User, of letters, \
                               digits and dashes";
                return Err(FieldError::new(place, message));
            }
        }
        Ok(())
    }
}

/// Whether a text can be a routing key.
#[must_use]
pub fn is_routing_key(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MAX_ROUTING_KEY_CHARS
        && !text.contains(char::is_control)
}

/// Headers that can't change the meaning of a request, and that are not ours.
fn is_header_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ours = lower.starts_with("x-bellpush-");
    let named = lower == "user-to-user" || (lower.starts_with("x-") && lower.len() > 2);
    named
        && !ours
        && name.len() <= MAX_HEADER_NAME_CHARS
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A name as a part of a JSON pointer (RFC 6901).
fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn patterns_say_what_the_rules_say() {
        assert_same_language(ROUTING_KEY_PATTERN, 1..=128, r"(\PC|\s|\pC){0,4}", is_routing_key);
        let is_name = |text: &str| is_header_name(text) || text.starts_with("x-bellpush-");
        let texts = "[xX]?-?[A-Za-z0-9 -]{0,5}|[uU]ser-to-[uU]ser|x-bellpush-[a-z]{1,3}";
        assert_same_language(HEADER_NAME_PATTERN, 1..=MAX_HEADER_NAME_CHARS, texts, is_name);
    }

    #[test]
    fn a_refused_setting_is_named_by_its_place() {
        let good = || {
            json!({
                "name": "Sales",
                "kind": "sip",
                "trunkId": "trunk_01920000000070008000000000000001",
                "to": "100",
                "callerName": "{form.name}",
                "headers": { "X-Order": "{context.orderId}", "User-to-User": "{routingKey}" },
                "routingKeys": {
                    "vip": { "user": "101" },
                    "support": { "profile": "dest_01920000000070008000000000000001" },
                },
            })
        };
        let read = |value: Value| serde_json::from_value::<ProfileSettings>(value).unwrap().check();
        assert_eq!(read(good()), Ok(()));
        for (pointer, field, value) in [
            ("/name", "name", json!(" ")),
            ("/trunkId", "trunkId", Value::Null),
            ("/to", "to", Value::Null),
            ("/ringTimeoutSeconds", "ringTimeoutSeconds", json!(4)),
            ("/maxDurationSeconds", "maxDurationSeconds", json!(0)),
            ("/routingKeys/ ", "routingKeys", json!({ " ": { "user": "1" } })),
            ("/routingKeys/a~1b\n", "routingKeys", json!({ "a/b\n": { "user": "1" } })),
            ("/headers/From", "headers", json!({ "From": "x" })),
            ("/headers/X-Bellpush-Call", "headers", json!({ "X-Bellpush-Call": "x" })),
            ("/headers/X-a b", "headers", json!({ "X-a b": "x" })),
            ("/headers/X-", "headers", json!({ "X-": "x" })),
            (
                "/hours/week/monday/0",
                "hours",
                json!({ "timeZone": "UTC", "week": { "monday": [{ "from": "01:00", "to": "01:00" }] } }),
            ),
        ] {
            let mut settings = good();
            settings[field] = value;
            assert_eq!(read(settings).unwrap_err().pointer, pointer);
        }
        let mut demo = good();
        demo["kind"] = "demo".into();
        assert_eq!(read(demo.clone()).unwrap_err().pointer, "/trunkId");
        demo["trunkId"] = Value::Null;
        demo["to"] = Value::Null;
        assert_eq!(read(demo).unwrap_err().pointer, "/routingKeys/vip");
        assert_eq!(ProfileSettings::demo().check(), Ok(()));
    }
}
