//! The configuration as it is sent.

use bellpush_core::{
    configuration::{Configuration, PlannedChange},
    events::EventTime,
};
use bellpush_store::Applied;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{actor::ActorView, problem::Problem};

/// Characters of a file's name, at most.
const MAX_FILE_NAME_CHARS: usize = 200;

/// What is set up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigurationView {
    /// The document.
    pub(super) configuration: Configuration,
}

/// A document that is to be applied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PlanBody {
    /// The document.
    pub(super) configuration: Configuration,
    /// The state of the plan that is to be carried out; not needed for a plan.
    #[serde(default)]
    pub(super) state: Option<String>,
    /// What the file is called, to be told of later.
    #[serde(default)]
    #[schema(max_length = 200)]
    file_name: Option<String>,
}

impl PlanBody {
    pub(super) fn file_name(&self) -> Result<Option<&str>, Problem> {
        let name = self.file_name.as_deref();
        let is_too_long = name.is_some_and(|it| it.chars().count() > MAX_FILE_NAME_CHARS);
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if is_too_long || name.is_some_and(|it| it.contains(char::is_control)) {
            let detail = "the name of a file has up to 200 characters, and none of control";
            return Err(Problem::invalid(detail).at("/fileName"));
        }
        Ok(name)
    }
}

/// What applying a document changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanView {
    /// The hash of the state of all that the document names.
    pub(super) state: String,
    /// The changes, by app and screen; none when all is as the document says.
    pub(super) changes: Vec<PlannedChange>,
}

/// What was last applied to an app from a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppliedView {
    /// `null` when nothing was.
    pub(super) applied: Option<AppliedFile>,
}

/// A file that was applied.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppliedFile {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// By whom.
    by: ActorView,
    /// What the file is called.
    file_name: Option<String>,
    /// What applying it again would change.
    changes: Vec<PlannedChange>,
}

impl AppliedView {
    pub(super) fn of(applied: Applied, changes: Vec<PlannedChange>) -> Self {
        let Applied { file_name, by, at, .. } = applied;
        let by = ActorView::new(by.who, by.name);
        Self { applied: Some(AppliedFile { at, by, file_name, changes }) }
    }
}
