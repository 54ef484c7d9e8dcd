//! Passkeys (WebAuthn). Each is found by its authenticator, without a name, and proves two things at
//! once: that the device is there, and who holds it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bellpush_core::origin::AllowedOrigin;
use bellpush_store::{Member, Passkey as KeptPasskey};
use serde_json::Value;
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};

use crate::http::problem::Problem;

/// What browsers are asked for. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct Passkeys(Option<std::sync::Arc<Webauthn>>);

/// A passkey that was made in a browser.
pub(super) struct Made {
    pub(super) credential_id: String,
    pub(super) credential: String,
}

impl Passkeys {
    /// For a server whose pages have this origin. Browsers know passkeys for host names alone, by `https`
    /// or on the machine itself.
    pub(crate) fn new(own: &AllowedOrigin) -> Self {
        Self(webauthn(own).map(std::sync::Arc::new))
    }

    /// Whether there can be any.
    pub(crate) const fn are_possible(&self) -> bool {
        self.0.is_some()
    }

    /// Asks a browser for a new passkey: what it is asked, and what to go on with.
    pub(super) fn ask_for_new(
        &self,
        member: &Member,
        present: &[KeptPasskey],
    ) -> Result<(Value, String), Problem> {
        let excluded = present.iter().map(|it| kept(it).map(|key| key.cred_id().clone()));
        let excluded = excluded.collect::<Result<Vec<_>, _>>()?;
        let asked = self.webauthn()?.start_passkey_registration(
            member.id.uuid(),
            member.email.as_str(),
            &member.name,
            Some(excluded),
        );
        let (asked, state) = asked.map_err(failed)?;
        let mut asked = json(&asked)?;
        // It is to be found without a name.
        let selection = &mut asked["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
        Ok((asked["publicKey"].take(), text(&state)?))
    }

    /// Takes a new passkey from a browser.
    pub(super) fn take_new(&self, state: &str, credential: Value) -> Result<Made, Problem> {
        let state: PasskeyRegistration = parsed(state)?;
        let credential: RegisterPublicKeyCredential = shown(credential)?;
        let made = self.webauthn()?.finish_passkey_registration(&credential, &state);
        let made = made.map_err(|error| {
            Problem::invalid(format!("the passkey can't be taken: {error}")).at("/credential")
        })?;
        let credential_id = URL_SAFE_NO_PAD.encode(made.cred_id());
        Ok(Made { credential_id, credential: text(&made)? })
    }

    /// Asks a browser for any passkey: what it is asked, and what to go on with.
    pub(super) fn ask(&self) -> Result<(Value, String), Problem> {
        let (asked, state) =
            self.webauthn()?.start_discoverable_authentication().map_err(failed)?;
        Ok((json(&asked)?["publicKey"].take(), text(&state)?))
    }

    /// Whose passkey a browser shows: the member's number, and what the authenticator calls it.
    pub(super) fn identify(&self, credential: &PublicKeyCredential) -> Option<(Uuid, String)> {
        let found = self.webauthn().ok()?.identify_discoverable_authentication(credential);
        let (member, id) = found.ok()?;
        Some((member, URL_SAFE_NO_PAD.encode(id)))
    }

    /// Whether a browser has proved that it holds a passkey, and what is to be kept of it then.
    pub(super) fn prove(
        &self,
        state: &str,
        credential: &PublicKeyCredential,
        passkey: &KeptPasskey,
    ) -> Result<Option<String>, Problem> {
        let state: DiscoverableAuthentication = parsed(state)?;
        let mut key = kept(passkey)?;
        let proved = self.webauthn()?.finish_discoverable_authentication_v2(
            credential,
            state,
            DiscoverableKey::from(&key),
        );
        let Ok(proved) = proved else { return Ok(None) };
        if !proved.user_verified() {
            return Ok(None);
        }
        key.update_credential(&proved);
        text(&key).map(Some)
    }

    fn webauthn(&self) -> Result<&Webauthn, Problem> {
        self.0.as_deref().ok_or_else(|| {
            Problem::conflict(
                "passkeys need the server to be reached by https and a host name (--public-url)",
            )
        })
    }
}

/// Reads what a browser shows.
pub(super) fn shown<T: serde::de::DeserializeOwned>(credential: Value) -> Result<T, Problem> {
    serde_json::from_value(credential)
        .map_err(|error| Problem::invalid(error.to_string()).at("/credential"))
}

fn webauthn(own: &AllowedOrigin) -> Option<Webauthn> {
    let url = Url::parse(own.as_str()).ok()?;
    let Some(Host::Domain(host)) = url.host() else { return None };
    if url.scheme() != "https" && host != "localhost" {
        return None;
    }
    let builder = WebauthnBuilder::new(host, &url).ok()?;
    builder.rp_name("Bellpush Call Studio").build().ok()
}

fn kept(passkey: &KeptPasskey) -> Result<Passkey, Problem> {
    parsed(&passkey.credential)
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(failed)
}

fn text(value: &impl serde::Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(failed)
}

fn json(value: &impl serde::Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "passkeys don't work");
    Problem::internal("passkeys don't work on this server; its log says why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_for_host_names_by_https_or_on_the_machine_itself() {
        for (origin, possible) in [
            ("https://calls.example", true),
            ("http://localhost:8080", true),
            ("http://127.0.0.1:8080", false),
            ("https://192.0.2.1", false),
        ] {
            let passkeys = Passkeys::new(&origin.parse().unwrap());
            assert_eq!(passkeys.are_possible(), possible, "{origin}");
        }
    }

    #[test]
    fn a_browser_is_asked_for_a_passkey_that_is_found_without_a_name_and_asks_who_holds_it() {
        let passkeys = Passkeys::new(&"https://calls.example".parse().unwrap());
        let (asked, _) = passkeys.ask().unwrap();
        assert_eq!(asked["userVerification"], "required");
        assert_eq!(asked["rpId"], "calls.example");
        assert!(asked["challenge"].as_str().unwrap().len() >= 22);
    }
}
