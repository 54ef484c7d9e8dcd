//! What a phone system said to a call that it did not take.

use serde::{Deserialize, Serialize};

use crate::ids::TrunkId;

/// Characters of one text of a phone system that are kept, at most.
const MAX_CHARS: usize = 256;

/// Why there was no call on a trunk, in the words of the phone system at its other end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SipFailure {
    /// The trunk.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub trunk_id: TrunkId,
    /// The Call-ID of the INVITE, by which the phone system's own records name it.
    pub call_id: String,
    /// The status of the final response, such as 403; `null` when none came.
    pub status: Option<u16>,
    /// The reason phrase beside the status, as it was sent.
    pub reason_phrase: Option<String>,
    /// The Warning header (RFC 3261 section 20.43).
    pub warning: Option<String>,
    /// The Reason header (RFC 3326), such as `Q.850;cause=21;text="Call rejected"`.
    pub reason: Option<String>,
}

impl SipFailure {
    /// Of an INVITE without a final response.
    #[must_use]
    pub fn unanswered(trunk_id: TrunkId, call_id: &str) -> Self {
        Self {
            trunk_id,
            call_id: cleaned(call_id).unwrap_or_default(),
            status: None,
            reason_phrase: None,
            warning: None,
            reason: None,
        }
    }

    /// Takes the texts of a final response: one line each, and cut where they are too long.
    #[must_use]
    pub fn answered(
        self,
        status: u16,
        reason_phrase: &str,
        warning: Option<&str>,
        reason: Option<&str>,
    ) -> Self {
        Self {
            status: Some(status),
            reason_phrase: cleaned(reason_phrase),
            warning: warning.and_then(cleaned),
            reason: reason.and_then(cleaned),
            ..self
        }
    }
}

fn cleaned(text: &str) -> Option<String> {
    let visible = text.trim().chars().filter(|c| !c.is_control());
    let text: String = visible.take(MAX_CHARS).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_phone_system_can_put_nothing_into_the_record_but_a_line_of_text() {
        let trunk = TrunkId::from_uuid(Uuid::nil());
        let failure = SipFailure::unanswered(trunk, "1\0@h");
        assert_eq!((failure.call_id.as_str(), failure.status), ("1@h", None));
        let long = "x".repeat(1_000);
        let failure = failure.answered(403, " No\r\n credit ", Some(&long), Some("\t"));
        assert_eq!(failure.status, Some(403));
        assert_eq!(failure.reason_phrase.as_deref(), Some("No credit"));
        assert_eq!(failure.warning.map(|text| text.len()), Some(MAX_CHARS));
        assert_eq!(failure.reason, None);
    }
}
