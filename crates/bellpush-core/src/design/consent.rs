//! Consent before a call, with proof of what was shown.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    block::{Block, Consent, ConsentMode},
    condition::View,
    document::Design,
    text::Span,
};
use crate::events::EventTime;

/// What the widget says of a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenConsent {
    /// The hash of the words that were shown.
    pub hash: String,
    /// Whether the visitor has accepted them; `false` for words that are only shown.
    pub accepted: bool,
}

/// A consent as it stands in a call's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsentRecord {
    /// The SHA-256 of the words, their language and their version, in hexadecimal digits.
    pub hash: String,
    /// The version of the words.
    pub version: String,
    /// Their language.
    pub language: String,
    /// The words as they were shown.
    pub text: String,
    /// Whether the visitor has accepted them; `false`: they were only shown.
    pub accepted: bool,
    /// When the call was made with it.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: EventTime,
}

impl Consent {
    /// The hash of the words in one language of the design; `None` when there are none.
    #[must_use]
    pub fn hash(&self, language: &str) -> Option<String> {
        let words = self.text.get(language)?;
        // JSON, so that no two different consents give the same bytes.
        let parts = serde_json::to_vec(&(language, &self.version, words)).ok()?;
        Some(Sha256::digest(parts).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Design {
    /// The consent before the call, if there is one.
    #[must_use]
    pub fn consent(&self) -> Option<&Consent> {
        self.states.idle.iter().find_map(|block| match block {
            Block::Consent(consent) => Some(consent),
            _ => None,
        })
    }

    /// The consent that goes into a call's record.
    ///
    /// # Errors
    /// A sentence: there has to be one, or it is of other words than the design's.
    pub fn record_consent(
        &self,
        given: Option<&GivenConsent>,
        view: View<'_>,
        at: EventTime,
    ) -> Result<Option<ConsentRecord>, String> {
        let Some(consent) = self.consent() else {
            return match given {
                Some(_) => Err("the design asks for no consent".to_owned()),
                None => Ok(None),
            };
        };
        let shown = consent.when.as_ref().map_or(Some(true), |when| when.holds(view));
        let Some(given) = given else {
            return match (shown, consent.mode) {
                (Some(true), ConsentMode::Accept) => {
                    Err("the call needs the visitor's consent".to_owned())
                }
                (Some(true), ConsentMode::Notice) => {
                    Err("the call needs the hash of the consent that was shown".to_owned())
                }
                _ => Ok(None),
            };
        };
        let language = consent
            .text
            .keys()
            .find(|language| consent.hash(language).as_ref() == Some(&given.hash))
            .ok_or("the consent is of other words than those of the design")?;
        if consent.mode == ConsentMode::Accept && !given.accepted {
            return Err("the visitor has not accepted the consent".to_owned());
        }
        Ok(Some(ConsentRecord {
            hash: given.hash.clone(),
            version: consent.version.clone(),
            language: language.clone(),
            text: consent.text.get(language).map_or_else(String::new, |words| plain(words)),
            accepted: given.accepted,
            at,
        }))
    }
}

/// The words alone; a link's address stands behind its words.
fn plain(words: &[Span]) -> String {
    words
        .iter()
        .map(|span| match &span.href {
            Some(href) => format!("{} ({href})", span.text),
            None => span.text.clone(),
        })
        .collect()
}
