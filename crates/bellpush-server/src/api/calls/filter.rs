//! Which calls a request asks for.

use bellpush_core::{
    events::{ERROR_CODES, EndReason, EventTime},
    ids::DestinationId,
    profile::ProfileKind,
    quality::QualityGrade,
};
use bellpush_store::{CallFilter, CallStateName};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{SchemaType, Type},
    },
};

use crate::{
    api::paging::{context_filter, parsed},
    http::problem::Problem,
};

/// Which calls. All that is given must hold.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CallQuery {
    /// Only calls with this value in their context, as `key:value`.
    #[param(example = "orderId:A-12345", pattern = ":")]
    #[schema(example = "orderId:A-12345", pattern = ":")]
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// Only calls that went to this profile first.
    #[param(value_type = Option<String>, pattern = "^dest_[0-9a-f]{32}$")]
    #[schema(value_type = Option<String>, pattern = "^dest_[0-9a-f]{32}$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_id: Option<DestinationId>,
    /// Only calls that went first to a profile which is of this kind now.
    #[param(inline)]
    #[schema(inline)]
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ProfileKind>,
    /// Only calls that this profile took.
    #[param(value_type = Option<String>, pattern = "^dest_[0-9a-f]{32}$")]
    #[schema(value_type = Option<String>, pattern = "^dest_[0-9a-f]{32}$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<DestinationId>,
    /// Only calls that stand here.
    #[param(inline)]
    #[schema(inline)]
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateName>,
    /// Only calls that were hung up by this side.
    #[param(inline)]
    #[schema(inline)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonName>,
    /// Only calls that failed so.
    #[param(schema_with = error_codes)]
    #[schema(schema_with = error_code_or_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    /// Only calls whose survey gave so many stars on average, rounded.
    #[param(minimum = 1, maximum = 5)]
    #[schema(minimum = 1, maximum = 5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
    /// Only calls that sounded so.
    #[param(inline)]
    #[schema(inline)]
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<QualityGrade>,
    /// Only calls that lasted so many seconds or more, of those that ended cleanly.
    #[serde(skip_serializing_if = "Option::is_none")]
    min_duration: Option<u32>,
    /// Only calls that lasted so many seconds or less, of those that ended cleanly.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_duration: Option<u32>,
    /// Only calls that started then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<EventTime>,
    /// Only calls that started earlier.
    #[param(value_type = Option<String>, format = DateTime)]
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<EventTime>,
    /// `true`: only calls of previews; `false`: only those of visitors.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<bool>,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StateName {
    /// Under way.
    Live,
    /// Over, cleanly.
    Ended,
    /// Failed.
    Error,
}

/// Who hung up.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReasonName {
    /// The visitor.
    UserHangup,
    /// The far side.
    RemoteHangup,
}

fn error_codes() -> RefOr<Schema> {
    let codes = ERROR_CODES.iter().map(|facts| facts.name);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes)).into()
}

fn error_code_or_none() -> RefOr<Schema> {
    let codes = ERROR_CODES.iter().map(|facts| facts.name.into());
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(codes.chain([serde_json::Value::Null])))
        .into()
}

impl TryFrom<CallQuery> for CallFilter {
    type Error = Problem;

    fn try_from(query: CallQuery) -> Result<Self, Problem> {
        if query.rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
            return Err(Problem::invalid("rating is between 1 and 5").of("rating"));
        }
        Ok(Self {
            context: context_filter(query.context.as_deref())?,
            profile_id: query.profile_id,
            kind: query.kind,
            answered_by: query.answered_by,
            state: query.state.map(|state| match state {
                StateName::Live => CallStateName::Live,
                StateName::Ended => CallStateName::Ended,
                StateName::Error => CallStateName::Error,
            }),
            reason: query.reason.map(|reason| match reason {
                ReasonName::UserHangup => EndReason::UserHangup,
                ReasonName::RemoteHangup => EndReason::RemoteHangup,
            }),
            error_code: parsed("errorCode", query.error_code.as_deref())?,
            rating: query.rating,
            quality: query.quality,
            min_duration: query.min_duration,
            max_duration: query.max_duration,
            from: query.from,
            to: query.to,
            preview: query.preview,
        })
    }
}
