//! Which calls are searched for.

use bellpush_core::{
    events::{EndReason, ErrorCode, EventTime},
    ids::DestinationId,
    profile::ProfileKind,
    quality::QualityGrade,
};
use serde::{Deserialize, Serialize};

/// Where a call stands, as it is searched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStateName {
    /// Accepted and not over.
    Live,
    /// Over, cleanly.
    Ended,
    /// Over by an error.
    Error,
}

/// Which calls of an app. All given conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct CallFilter {
    /// Only calls whose context has this key and value.
    pub context: Option<(String, String)>,
    /// Only calls that went to this profile first.
    pub profile_id: Option<DestinationId>,
    /// Only calls that went first to a profile which is of this kind now.
    pub kind: Option<ProfileKind>,
    /// Only calls that this profile took.
    pub answered_by: Option<DestinationId>,
    /// Only calls that stand here.
    pub state: Option<CallStateName>,
    /// Only calls that ended so.
    pub reason: Option<EndReason>,
    /// Only calls that failed so.
    #[serde(with = "code")]
    pub error_code: Option<ErrorCode>,
    /// Only calls whose survey gave so many stars on average, rounded.
    pub rating: Option<u8>,
    /// Only calls that sounded so.
    pub quality: Option<QualityGrade>,
    /// Only calls that lasted so many seconds or more.
    pub min_duration: Option<u32>,
    /// Only calls that lasted so many seconds or less.
    pub max_duration: Option<u32>,
    /// Only calls that started then or later.
    pub from: Option<EventTime>,
    /// Only calls that started earlier.
    pub to: Option<EventTime>,
    /// Only calls of previews, or only those of visitors.
    pub preview: Option<bool>,
}

mod code {
    use bellpush_core::events::ErrorCode;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        code: &Option<ErrorCode>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        code.map(ErrorCode::as_str).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<ErrorCode>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_back_as_it_was_written() {
        let filter = CallFilter {
            context: Some(("orderId".into(), "A-7".into())),
            error_code: Some(ErrorCode::MediaFailed),
            quality: Some(QualityGrade::OneWay),
            min_duration: Some(5),
            ..CallFilter::default()
        };
        let text = serde_json::to_string(&filter).unwrap();
        assert_eq!(serde_json::from_str::<CallFilter>(&text).unwrap(), filter);
        assert_eq!(serde_json::from_str::<CallFilter>("{}").unwrap(), CallFilter::default());
    }
}
