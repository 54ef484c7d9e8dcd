//! Exports, as they are asked for and shown.

use bellpush_core::{
    events::EventTime,
    ids::{CallId, ExportId},
    schema::BEYOND,
};
use bellpush_store::{EventFilter, Export, ExportFormat, ExportState, Exported};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        extensions::ExtensionsBuilder,
        schema::{AdditionalProperties, AnyOfBuilder},
    },
};

use crate::{
    api::{calls::CallQuery, paging::context_filter},
    http::{body, problem::Problem},
};

/// What to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewExport {
    /// What is in the file.
    kind: KindName,
    /// The form of the file.
    format: FormatName,
    /// Which calls or events, by the names that the parameters of their lists have; all without it.
    #[serde(default)]
    #[schema(value_type = ExportSelection)]
    filter: Map<String, Value>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FormatName {
    /// Comma-separated values with a line of names, one row each.
    Csv,
    /// An array of what the API shows.
    Json,
}

/// Which of both a filter has to be.
const OF_ITS_KIND: &str = "of calls with the kind calls, of events with the kind events";

/// Which calls or events, as the description shows it.
enum ExportSelection {}

impl PartialSchema for ExportSelection {
    fn schema() -> RefOr<Schema> {
        let example = json!({ "errorCode": "media_failed" });
        AnyOfBuilder::new()
            .item(closed(CallQuery::schema()))
            .item(closed(EventSelection::schema()))
            .examples([example])
            .extensions(Some(ExtensionsBuilder::new().add(BEYOND, OF_ITS_KIND).build()))
            .into()
    }
}

impl ToSchema for ExportSelection {}

/// The same with no other fields.
fn closed(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}

/// Which events. All that is given must hold.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct EventSelection {
    /// Only events of this call.
    #[schema(value_type = Option<String>, pattern = "^call_[0-9a-f]{32}$")]
    call_id: Option<CallId>,
    /// Only events with this value in their context, as `key:value`.
    #[schema(pattern = ":")]
    context: Option<String>,
    /// Only events of this name.
    name: Option<String>,
    /// Only events that were stored then or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<EventTime>,
    /// Only events that were stored earlier.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<EventTime>,
}

impl NewExport {
    /// What is to be written, and how.
    pub(super) fn into_parts(self) -> Result<(Exported, ExportFormat), Problem> {
        let filter = Value::Object(self.filter.clone());
        let exported = match self.kind {
            KindName::Calls => {
                let filter: CallQuery = body::parse_value(filter).map_err(within_filter)?;
                self.check_names(&filter)?;
                Exported::Calls(filter.try_into().map_err(within_filter)?)
            }
            KindName::Events => {
                let filter: EventSelection = body::parse_value(filter).map_err(within_filter)?;
                let context = context_filter(filter.context.as_deref()).map_err(within_filter)?;
                Exported::Events(EventFilter {
                    call_id: filter.call_id,
                    context,
                    name: filter.name,
                    from: filter.from,
                    to: filter.to,
                })
            }
        };
        let format = match self.format {
            FormatName::Csv => ExportFormat::Csv,
            FormatName::Json => ExportFormat::Json,
        };
        Ok((exported, format))
    }

    /// Refuses what the filter of calls does not know: as parameters, they stand beside others.
    fn check_names(&self, read: &CallQuery) -> Result<(), Problem> {
        let known = serde_json::to_value(read).unwrap_or_default();
        let is_unknown =
            |(name, value): &(&String, &Value)| !value.is_null() && known.get(name).is_none();
        match self.filter.iter().find(is_unknown) {
            Some((name, _)) => {
                let detail = format!("calls have no filter {name:?}");
                Err(Problem::invalid(detail).at(format!("/filter/{name}")))
            }
            None => Ok(()),
        }
    }
}

/// The place of a fault in the filter, as a place in the body.
fn within_filter(problem: Problem) -> Problem {
    let problem = problem.in_body();
    let pointer = format!("/filter{}", problem.pointer.as_deref().unwrap_or_default());
    problem.at(pointer)
}

/// An export.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportView {
    /// Its id.
    #[schema(value_type = String)]
    id: ExportId,
    /// What is in it.
    kind: KindName,
    /// Its form.
    format: FormatName,
    /// How far it has come.
    state: ExportStateName,
    /// Why it was given up.
    failure: Option<String>,
    /// Rows written so far.
    rows: u64,
    /// Bytes of the file so far.
    bytes: u64,
    /// When it was made: it holds what was there then.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When it was complete, or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<EventTime>,
    /// When it goes, with its file.
    #[schema(value_type = String, format = DateTime)]
    expires_at: EventTime,
}

/// What is in an export.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindName {
    /// Calls.
    Calls,
    /// Events.
    Events,
}

/// How far an export has come.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExportStateName {
    /// It is being written.
    Running,
    /// Its file is complete.
    Done,
    /// It was given up.
    Failed,
}

impl From<Export> for ExportView {
    fn from(export: Export) -> Self {
        Self {
            id: export.id,
            kind: match export.exported {
                Exported::Calls(_) => KindName::Calls,
                Exported::Events(_) => KindName::Events,
            },
            format: match export.format {
                ExportFormat::Csv => FormatName::Csv,
                ExportFormat::Json => FormatName::Json,
            },
            state: match export.state {
                ExportState::Running => ExportStateName::Running,
                ExportState::Done => ExportStateName::Done,
                ExportState::Failed => ExportStateName::Failed,
            },
            failure: export.failure,
            rows: export.rows,
            bytes: export.bytes,
            created_at: export.created_at,
            ended_at: export.ended_at,
            expires_at: export.expires_at,
        }
    }
}

/// A page of exports.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportPage {
    /// The exports, newest first.
    pub(super) items: Vec<ExportView>,
    /// `after` of the next page; `null` on the last one.
    pub(super) next: Option<String>,
}
