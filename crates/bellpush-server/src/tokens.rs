//! Session tokens and API keys: opaque random texts, of which the store keeps only a hash.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bellpush_store::SecretHash;
use serde::{Deserialize, Serialize};

macro_rules! opaque_token {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// What every such text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// 256 random bits.
            #[must_use]
            pub fn random() -> Self {
                let bits = rand::random::<[u8; 32]>();
                Self(format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(bits)))
            }

            /// Checks the form; whether it is known, the store says.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix(Self::PREFIX)?;
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                ((32..=128).contains(&rest.len()) && rest.bytes().all(plain))
                    .then(|| Self(text.to_owned()))
            }

            /// The text. It is shown once and never logged.
            #[must_use]
            pub fn reveal(&self) -> &str {
                &self.0
            }

            /// What the store keeps of it.
            #[must_use]
            pub fn hash(&self) -> SecretHash {
                SecretHash::of(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "***"))
            }
        }
    };
}

/// A token in a request or an answer, or what else must be told and never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ToldToken(String);

impl ToldToken {
    /// The text.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for ToldToken {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for ToldToken {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for ToldToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

opaque_token!(
    /// What a widget shows to prove its session.
    SessionToken,
    "st_"
);
opaque_token!(
    /// What a page shows to take up the call of the page before it. It works once.
    ResumeToken,
    "rt_"
);
opaque_token!(
    /// What a client of the management API shows.
    ApiKey,
    "bp_"
);
opaque_token!(
    /// What a page shows to name itself. It is public: it stands in the page's source.
    WidgetKey,
    "wk_"
);

opaque_token!(
    /// What a browser shows that is signed in.
    SignInToken,
    "si_"
);
opaque_token!(
    /// What the link shows by which the first owner is made.
    SetupToken,
    "su_"
);
opaque_token!(
    /// What somebody shows who goes on with a way in.
    CeremonyToken,
    "ce_"
);
opaque_token!(
    /// What the link shows by which an owner comes back.
    RecoveryToken,
    "re_"
);
opaque_token!(
    /// What the link of an invitation shows.
    InvitationToken,
    "in_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_and_never_shown() {
        let token = SessionToken::random();
        assert_eq!(SessionToken::parse(token.reveal()), Some(token.clone()));
        assert_eq!(format!("{token:?}"), "st_***");
        assert!(token.hash() != SessionToken::random().hash());
    }

    #[test]
    fn what_is_told_by_a_request_or_an_answer_is_never_shown() {
        let told = ToldToken::from("st_hush");
        assert_eq!(serde_json::to_string(&told).unwrap(), "\"st_hush\"");
        assert_eq!(format!("{:?}", Some(told)), "Some(***)");
    }

    #[test]
    fn what_has_not_the_form_is_refused() {
        let key = ApiKey::random();
        assert!(SessionToken::parse(key.reveal()).is_none());
        assert!(ApiKey::parse("bp_short").is_none());
        assert!(ApiKey::parse(&format!("bp_{}", "x".repeat(129))).is_none());
        assert!(ApiKey::parse(&format!("bp_{}", "x'".repeat(20))).is_none());
    }
}
