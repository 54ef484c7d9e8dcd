//! Credentials for a TURN server, by the scheme of coturn's `use-auth-secret` (the TURN REST API
//! draft): the user name says until when they are valid, the password is its keyed hash.

use base64::{Engine, engine::general_purpose::STANDARD};
use bellpush_core::{events::EventTime, ids::SessionId};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha1::Sha1;
use utoipa::ToSchema;

/// A TURN server that visitors may use.
#[derive(Debug, Clone)]
pub struct TurnConfig {
    /// Its URLs, like `turn:turn.example:3478?transport=udp`.
    pub urls: Vec<String>,
    /// The secret that it shares with this server (coturn's `static-auth-secret`).
    pub secret: SecretString,
}

/// A server that helps media around a firewall, with credentials for one session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IceServer {
    /// Its URLs.
    urls: Vec<String>,
    /// The user name.
    username: String,
    /// The password.
    credential: String,
}

impl TurnConfig {
    /// Credentials that a session may use until `until`.
    #[must_use]
    pub(crate) fn for_session(&self, session_id: SessionId, until: EventTime) -> IceServer {
        let username = format!("{}:{session_id}", until.millis() / 1000);
        let credential = self.credential(&username);
        IceServer { urls: self.urls.clone(), username, credential }
    }

    fn credential(&self, username: &str) -> String {
        let key = self.secret.expose_secret().as_bytes();
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { return String::new() };
        mac.update(username.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_password_is_what_a_turn_server_with_the_same_secret_computes() {
        let turn = TurnConfig {
            urls: vec!["turn:turn.example".into()],
            secret: SecretString::from("north"),
        };
        let until = EventTime::from_millis(1_790_000_000_500).unwrap();
        let server = turn.for_session(SessionId::from_uuid(Uuid::nil()), until);
        assert_eq!(server.username, "1790000000:ses_00000000000000000000000000000000");
        // printf %s "$username" | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(server.credential, "62kczaBbG3hwIICMwY48rBhyALE=");
        assert!(!format!("{turn:?}").contains("north"));
    }
}
