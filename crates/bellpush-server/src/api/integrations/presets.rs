//! `/v1/presets`: ready-made payloads, and what a template makes of an event.

use std::collections::BTreeMap;

use axum::Json;
use bellpush_core::{
    events::{AnyEventName, EventName, is_custom_name},
    integration::{Payload, Preset},
};
use bellpush_delivery::payload::{BodyRenderer, PRESETS, PresetFacts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    clock::now,
    http::{body::JsonBody, problem::Problem},
};

/// A preset: a payload, and what the rest of an integration's settings should be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PresetView {
    /// Its name in `payload.preset`.
    preset: Preset,
    /// Its name, for people.
    name: &'static str,
    /// What it sends where.
    description: &'static str,
    /// A URL to start from.
    url: &'static str,
    /// Headers to start from.
    headers: BTreeMap<&'static str, &'static str>,
    /// The secrets that URL and headers name, with what they are.
    secrets: BTreeMap<&'static str, &'static str>,
    /// Its template, to be edited as `payload.template`; `null` for `raw` and `custom`.
    template: Option<&'static str>,
}

impl From<&PresetFacts> for PresetView {
    fn from(facts: &PresetFacts) -> Self {
        Self {
            preset: facts.preset,
            name: facts.name,
            description: facts.description,
            url: facts.url,
            headers: facts.headers.iter().copied().collect(),
            secrets: facts.secrets.iter().copied().collect(),
            template: facts.template,
        }
    }
}

/// The presets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PresetList {
    /// All presets.
    items: Vec<PresetView>,
}

/// A payload to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewRequest {
    /// As in an integration's settings.
    payload: Payload,
    /// The name of an event: of the catalogue, or a custom one.
    #[schema(value_type = AnyEventName)]
    event: String,
}

/// What would be sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// The body, as it would be sent for a sample of the event.
    body: String,
    /// What the template names that no event of the catalogue has, such as `data.duratoin`: it is `null`
    /// in them. An event of one's own may have it.
    unknown: Vec<String>,
}

/// List presets
#[utoipa::path(
    get, path = "/v1/presets", operation_id = "listPresets", tag = "integrations",
    responses((status = 200, body = PresetList))
)]
pub(crate) async fn list() -> Json<PresetList> {
    Json(PresetList { items: PRESETS.iter().map(Into::into).collect() })
}

/// Preview a payload
///
/// Makes the body for a sample event. Nothing is stored or sent.
#[utoipa::path(
    post, path = "/v1/presets/preview", operation_id = "previewPayload", tag = "integrations",
    request_body = PreviewRequest,
    responses(
        (status = 200, body = Preview),
        (status = 422, description = "The template fails"),
    )
)]
pub(crate) async fn preview(
    JsonBody(PreviewRequest { payload, event }): JsonBody<PreviewRequest>,
) -> Result<Json<Preview>, Problem> {
    payload.check()?;
    if event.parse::<EventName>().is_err() && !is_custom_name(&event) {
        let detail = "the event is neither one of the catalogue nor a custom event";
        return Err(Problem::invalid(detail).at("/event"));
    }
    let renderer = renderer(&payload)?;
    let body = renderer.render_sample(&event, now()).map_err(|error| refused(&error))?;
    Ok(Json(Preview { body, unknown: renderer.unknown_names() }))
}

/// Compiles a template.
pub(super) fn renderer(payload: &Payload) -> Result<BodyRenderer, Problem> {
    BodyRenderer::new(payload).map_err(|error| refused(&error))
}

/// The answer to a template that fails.
pub(super) fn refused(error: &impl ToString) -> Problem {
    Problem::invalid(format!("the template: {}", error.to_string())).at("/payload/template")
}
