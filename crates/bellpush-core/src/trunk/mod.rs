//! Trunks as their owner sets them up: how calls reach phone systems, by SIP.

mod dialog;
mod failure;
mod outage;

pub use dialog::{CSEQ_GAP, DialogChange, DialogSnapshot, Hop, OpenDialog, SdpOrigin};
pub use failure::SipFailure;
pub use outage::{OutageChange, OutageWatch};

use serde::{Deserialize, Serialize};

use crate::{
    field_error::{FieldError, MAX_NAME_CHARS},
    profile::{SipAddress, SipUser, is_host, is_host_and_port},
    schema::forms,
};

/// Characters of a user name or a password, at most.
pub const MAX_CREDENTIAL_CHARS: usize = 256;
/// Realms that a password is given to, at most.
const MAX_REALMS: usize = 8;
/// Seconds that a registration may last.
const REGISTRATION_SECONDS: std::ops::RangeInclusive<u32> = 30..=86_400;
/// Seconds between two questions whether a trunk is there.
const KEEP_ALIVE_SECONDS: std::ops::RangeInclusive<u32> = 5..=3_600;
/// Seconds of a session timer (RFC 4028 section 4: at least 90).
const SESSION_SECONDS: std::ops::RangeInclusive<u32> = 90..=86_400;
/// A user name or a password as a regular expression: nothing of control.
const CREDENTIAL_PATTERN: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

forms! {
    /// A user name, a password or a realm.
    pub Credential: text_of(1, MAX_CREDENTIAL_CHARS).pattern(Some(CREDENTIAL_PATTERN));
    /// A caller's name.
    CallerName: text_of(0, MAX_NAME_CHARS).pattern(Some(CREDENTIAL_PATTERN));
    /// Seconds of a registration.
    RegistrationSeconds: integer(*REGISTRATION_SECONDS.start(), *REGISTRATION_SECONDS.end());
    /// Seconds between two questions whether a trunk is there.
    KeepAliveSeconds: integer(*KEEP_ALIVE_SECONDS.start(), *KEEP_ALIVE_SECONDS.end());
    /// Seconds of a session timer.
    SessionSeconds: integer(*SESSION_SECONDS.start(), *SESSION_SECONDS.end());
}

/// How SIP travels to a trunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Datagrams, port 5060.
    #[default]
    Udp,
    /// A connection, port 5060.
    Tcp,
    /// An encrypted connection, port 5061.
    Tls,
}

/// A codec that is offered to a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrunkCodec {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// Opus.
    Opus,
}

/// Whether media is encrypted on the trunk, by keys in the SDP (RFC 4568).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaEncryption {
    /// Never.
    #[default]
    Off,
    /// Where the far side takes it.
    Optional,
    /// Always; a call without it fails. Only over TLS: the keys stand in the signalling.
    Required,
}

/// From where media is taken when the phone system names a private address in its SDP and sends from
/// another one, as it does behind a NAT (latching, RFC 7362 section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaLatching {
    /// From the host that its signalling comes from, if that has a public address.
    #[default]
    Signalling,
    /// From whoever is the first to send what was agreed on. That may be a stranger, who then hears
    /// the visitor: only for trunks whose media comes from hosts that nobody can know before.
    Any,
}

/// Which servers register at a phone system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RegisteredContacts {
    /// Each, with a contact of its own.
    #[default]
    Each,
    /// One, and another one when that is gone: for phone systems that keep one contact of a user.
    One,
}

/// The settings of one trunk. Its password is kept apart from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrunkSettings {
    /// Its name, for people: 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
    /// The domain of its addresses: a name or an address, IPv6 in brackets.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::profile::Host, example = "sip.provider.example"))]
    pub domain: String,
    /// Its port; without one DNS (SRV) says where it is, or else it is the transport's usual one.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 65535))]
    pub port: Option<u16>,
    /// How SIP travels to it.
    #[serde(default)]
    pub transport: Transport,
    /// Where requests are sent instead of to the domain: a host with an optional port.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::profile::HostAndPort>))]
    #[serde(default)]
    pub outbound_proxy: Option<String>,
    /// The name to sign in with: 1 to 256 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Credential>))]
    #[serde(default)]
    pub username: Option<String>,
    /// The realms that the password is given to (digest): up to 8. Empty: those of the registration, or
    /// else of the first request that is challenged.
    #[cfg_attr(feature = "openapi", schema(value_type = HashSet<Credential>, max_items = 8))]
    #[serde(default)]
    pub realms: Vec<String>,
    /// Whether to register, for phone systems that take calls from registered users alone.
    #[serde(default)]
    pub register: bool,
    /// Seconds that a registration shall last: 30 to 86,400.
    #[serde(default = "one_hour")]
    #[cfg_attr(feature = "openapi", schema(value_type = RegistrationSeconds))]
    pub register_seconds: u32,
    /// Which servers register, where there are several.
    #[serde(default)]
    pub register_contacts: RegisteredContacts,
    /// Seconds between two questions (OPTIONS) whether it is there: 5 to 3,600; `null` never asks.
    #[serde(default = "half_a_minute")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<KeepAliveSeconds>))]
    pub keep_alive_seconds: Option<u32>,
    /// The number or name that calls come from; the user name where it is not given.
    #[serde(default)]
    pub caller: Option<SipUser>,
    /// The caller's name, where a profile gives none: up to 100 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<CallerName>))]
    #[serde(default)]
    pub caller_name: Option<String>,
    /// Who the caller is by the trunk's word (P-Asserted-Identity): a SIP URI.
    #[serde(default)]
    pub asserted_identity: Option<SipAddress>,
    /// The codecs to offer, the preferred one first.
    #[cfg_attr(feature = "openapi", schema(value_type = HashSet<TrunkCodec>, min_items = 1))]
    #[serde(default = "g711")]
    pub codecs: Vec<TrunkCodec>,
    /// Whether media is encrypted.
    #[serde(default)]
    pub media_encryption: MediaEncryption,
    /// From where media is taken when it does not come from the address that was named.
    #[serde(default)]
    pub media_latching: MediaLatching,
    /// Whether requests of a call go to where the phone system sends from, when it names a private
    /// address as its own and sends from another, as one behind address translation does.
    #[serde(default = "yes")]
    pub rewrite_contact: bool,
    /// Seconds after which a silent dialog is refreshed (RFC 4028): 90 to 86,400; `null` leaves it
    /// to the far side.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<SessionSeconds>))]
    pub session_seconds: Option<u32>,
    /// Whether new calls go by it; those that it has go on without.
    #[serde(default = "yes")]
    pub active: bool,
}

const fn one_hour() -> u32 {
    3_600
}

const fn half_a_minute() -> Option<u32> {
    Some(30)
}

fn g711() -> Vec<TrunkCodec> {
    vec![TrunkCodec::Pcma, TrunkCodec::Pcmu]
}

const fn yes() -> bool {
    true
}

impl TrunkSettings {
    /// Whether requests go to the same place by the same transport as with other settings.
    #[must_use]
    pub fn has_peer_of(&self, other: &Self) -> bool {
        let same_domain = self.domain.eq_ignore_ascii_case(&other.domain);
        same_domain
            && (self.port, self.transport) == (other.port, other.transport)
            && self.outbound_proxy == other.outbound_proxy
    }

    /// Checks every rule that the types do not carry. `has_password`: whether a password is kept
    /// beside these settings.
    ///
    /// # Errors
    /// The first setting that breaks one, with its place.
    pub fn check(&self, has_password: bool) -> Result<(), FieldError> {
        let refuse = |pointer: &str, message: String| Err(FieldError::new(pointer, message));
        let chars = self.name.chars().count();
        if self.name.trim().is_empty() || chars > 100 {
            return refuse("/name", "the name has 1 to 100 characters".into());
        }
        if !is_host(&self.domain) {
            let message = "write a host name or an address, without a port".into();
            return refuse("/domain", message);
        }
        if self.port == Some(0) {
            return refuse("/port", "a port is 1 to 65535".into());
        }
        if self.outbound_proxy.as_ref().is_some_and(|proxy| !is_host_and_port(proxy)) {
            let message = "write a host with an optional port, like proxy.example:5060".into();
            return refuse("/outboundProxy", message);
        }
        if self.username.as_ref().is_some_and(|name| !is_credential(name)) {
            let message = format!(
                "a user name has 1 to {MAX_CREDENTIAL_CHARS} characters, and none of control"
            );
            return refuse("/username", message);
        }
        if has_password && self.username.is_none() {
            return refuse("/username", "a password needs a user name".into());
        }
        let distinct = |index: usize, realm: &String| !self.realms[..index].contains(realm);
        let is_realm =
            |(index, realm): (usize, &String)| is_credential(realm) && distinct(index, realm);
        if self.realms.len() > MAX_REALMS || !self.realms.iter().enumerate().all(is_realm) {
            let message = format!(
                "name up to {MAX_REALMS} realms, each once, of 1 to {MAX_CREDENTIAL_CHARS} characters"
            );
            return refuse("/realms", message);
        }
        if self.media_encryption == MediaEncryption::Required && self.transport != Transport::Tls {
            let message = "required encryption needs the transport tls: the keys stand in the \
                           signalling, and without TLS anyone on the way can read them"
                .into();
            return refuse("/mediaEncryption", message);
        }
        if self.register && self.username.is_none() {
            return refuse("/username", "name the user to register".into());
        }
        if self.register && self.caller.is_none() && !self.username_is_user() {
            let message = "the user name is no part of a SIP address; name the caller".into();
            return refuse("/caller", message);
        }
        if self
            .caller_name
            .as_ref()
            .is_some_and(|name| name.chars().count() > 100 || name.contains(char::is_control))
        {
            let message = "a caller's name has up to 100 characters, and none of control".into();
            return refuse("/callerName", message);
        }
        if matches!(self.asserted_identity, Some(SipAddress::User(_))) {
            return refuse("/assertedIdentity", "write it like sip:+493012345@pbx.example".into());
        }
        for (pointer, value, range) in [
            ("/registerSeconds", Some(self.register_seconds), REGISTRATION_SECONDS),
            ("/keepAliveSeconds", self.keep_alive_seconds, KEEP_ALIVE_SECONDS),
            ("/sessionSeconds", self.session_seconds, SESSION_SECONDS),
        ] {
            if value.is_some_and(|value| !range.contains(&value)) {
                return refuse(pointer, format!("write {} to {} s", range.start(), range.end()));
            }
        }
        let distinct = |(index, codec): (usize, &TrunkCodec)| !self.codecs[..index].contains(codec);
        if self.codecs.is_empty() || !self.codecs.iter().enumerate().all(distinct) {
            return refuse("/codecs", "name one codec or more, each once".into());
        }
        Ok(())
    }

    fn username_is_user(&self) -> bool {
        self.username.as_ref().is_some_and(|name| name.parse::<SipUser>().is_ok())
    }
}

/// Whether a text can be a user name or a password.
#[must_use]
pub fn is_credential(text: &str) -> bool {
    (1..=MAX_CREDENTIAL_CHARS).contains(&text.chars().count()) && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn the_pattern_of_credentials_says_what_the_rule_says() {
        assert_same_language(CREDENTIAL_PATTERN, 1..=256, r"(\PC|\pC){0,4}", is_credential);
    }

    #[test]
    fn a_refused_setting_is_named_by_its_place() {
        let good = || json!({ "name": "Provider", "domain": "sip.provider.example" });
        let read = |value: Value, has_password| {
            serde_json::from_value::<TrunkSettings>(value).unwrap().check(has_password)
        };
        assert_eq!(read(good(), false), Ok(()));
        for (pointer, field, value) in [
            ("/name", "name", json!("")),
            ("/domain", "domain", json!("sip.example:5060")),
            ("/domain", "domain", json!("a b")),
            ("/domain", "domain", json!("[::1")),
            ("/port", "port", json!(0)),
            ("/outboundProxy", "outboundProxy", json!("proxy.example:0")),
            ("/username", "username", json!("a\nb")),
            ("/username", "register", json!(true)),
            ("/callerName", "callerName", json!("a\nb")),
            ("/assertedIdentity", "assertedIdentity", json!("100")),
            ("/registerSeconds", "registerSeconds", json!(5)),
            ("/keepAliveSeconds", "keepAliveSeconds", json!(1)),
            ("/sessionSeconds", "sessionSeconds", json!(60)),
            ("/realms", "realms", json!([""])),
            ("/realms", "realms", json!(["a", "a"])),
            ("/realms", "realms", json!(["1", "2", "3", "4", "5", "6", "7", "8", "9"])),
            ("/mediaEncryption", "mediaEncryption", json!("required")),
            ("/codecs", "codecs", json!([])),
            ("/codecs", "codecs", json!(["pcma", "pcma"])),
        ] {
            let mut settings = good();
            settings[field] = value;
            assert_eq!(read(settings, false).unwrap_err().pointer, pointer);
        }
        assert_eq!(read(good(), true).unwrap_err().pointer, "/username");
        for (transport, accepted) in [("udp", false), ("tcp", false), ("tls", true)] {
            let mut encrypted = good();
            encrypted["mediaEncryption"] = "required".into();
            encrypted["transport"] = transport.into();
            assert_eq!(read(encrypted, false).is_ok(), accepted, "{transport}");
        }
        let mut registering = good();
        registering["register"] = true.into();
        registering["username"] = "user@realm".into();
        assert_eq!(read(registering.clone(), true).unwrap_err().pointer, "/caller");
        registering["caller"] = "100".into();
        assert_eq!(read(registering, true), Ok(()));
    }
}
