//! People as they are asked for, and erasures as they are shown.

use bellpush_core::{
    app::RetainedKind,
    events::EventTime,
    ids::{ErasureId, IntegrationId},
};
use bellpush_store::{Erased, Erasure, ErasureState, Footprint, Forecast, PersonKey, SentTo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{actor::ActorView, problem::Problem};

/// Characters of a value, at most.
const MAX_VALUE_CHARS: usize = 2_000;
/// Characters of a key or the name of a field, at most.
const MAX_KEY_CHARS: usize = 128;

/// Where a person's value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FoundBy {
    /// In the context that the page gave.
    Context,
    /// In what they wrote into a form.
    Form,
}

/// A person, by something that only they have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PersonQuery {
    /// Where it stands.
    by: FoundBy,
    /// The key of the context, or the name of the field; of forms any field where it is left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 128, example = "customerId")]
    key: Option<String>,
    /// The whole value.
    #[schema(min_length = 1, max_length = 2000)]
    value: String,
}

/// A person, and the form of the file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PersonExport {
    /// Where their value stands.
    by: FoundBy,
    /// The key of the context, or the name of the field; of forms any field where it is left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 128)]
    key: Option<String>,
    /// The whole value.
    #[schema(min_length = 1, max_length = 2000)]
    value: String,
    /// The form of the file.
    format: PersonFormat,
}

/// The form of a file about a person.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PersonFormat {
    /// All of it, for programs.
    Json,
    /// A row for each value.
    Csv,
    /// A page to read.
    Html,
}

impl PersonExport {
    pub(super) const fn format(&self) -> PersonFormat {
        self.format
    }

    pub(super) fn query(self) -> PersonQuery {
        PersonQuery { by: self.by, key: self.key, value: self.value }
    }
}

impl PersonQuery {
    pub(super) fn key(self) -> Result<PersonKey, Problem> {
        let Self { by, key, value } = self;
        let chars = value.chars().count();
        if chars == 0 || chars > MAX_VALUE_CHARS {
            let detail = format!("a value has 1 to {MAX_VALUE_CHARS} characters");
            return Err(Problem::invalid(detail).at("/value"));
        }
        if key.as_ref().is_some_and(|key| key.is_empty() || key.chars().count() > MAX_KEY_CHARS) {
            let detail = format!("a key has 1 to {MAX_KEY_CHARS} characters");
            return Err(Problem::invalid(detail).at("/key"));
        }
        match (by, key) {
            (FoundBy::Context, Some(key)) => Ok(PersonKey::Context { key, value }),
            (FoundBy::Context, None) => {
                Err(Problem::invalid("name the key of the context").at("/key"))
            }
            (FoundBy::Form, field) => Ok(PersonKey::Form { field, value }),
        }
    }
}

/// An endpoint that a person's data was sent to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SentToView {
    /// The integration; it may be gone.
    #[schema(value_type = String)]
    integration_id: IntegrationId,
    /// Its name then.
    name: Option<String>,
    /// Events that were sent there, or tried to be.
    events: u64,
}

impl From<SentTo> for SentToView {
    fn from(SentTo { integration_id, name, events }: SentTo) -> Self {
        Self { integration_id, name, events }
    }
}

/// What is kept of a person, counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonView {
    /// Their sessions: each is a visit of a page with the widget.
    sessions: u64,
    /// Events.
    events: u64,
    /// Calls.
    calls: u64,
    /// Calls with what they wrote into a form.
    forms: u64,
    /// Surveys.
    surveys: u64,
    /// Requests to be called back.
    callbacks: u64,
    /// Parts of the records of calls: SIP messages and samples of quality.
    records: u64,
    /// Deliveries of their events.
    deliveries: u64,
    /// When the first session was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<EventTime>,
    /// The endpoints that their data was sent to.
    sent_to: Vec<SentToView>,
}

impl From<Footprint> for PersonView {
    fn from(found: Footprint) -> Self {
        Self {
            sessions: found.sessions,
            events: found.events,
            calls: found.calls,
            forms: found.forms,
            surveys: found.surveys,
            callbacks: found.callbacks,
            records: found.records,
            deliveries: found.deliveries,
            since: found.since,
            sent_to: found.sent_to.into_iter().map(Into::into).collect(),
        }
    }
}

/// What went, counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErasedView {
    /// Sessions, with their context.
    sessions: u64,
    /// Events.
    events: u64,
    /// Calls, with what was written into forms.
    calls: u64,
    /// Surveys.
    surveys: u64,
    /// Requests to be called back.
    callbacks: u64,
    /// Parts of the records of calls.
    records: u64,
    /// Deliveries.
    deliveries: u64,
    /// Attempts of these, with what endpoints answered.
    attempts: u64,
    /// Exports of the app: all of them, since any may have had something.
    exports: u64,
}

/// An erasure: of whom is not known any more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErasureView {
    /// Its id.
    #[schema(value_type = String)]
    id: ErasureId,
    /// How far it has come.
    state: ErasureStateName,
    /// Who asked for it.
    requested_by: ActorView,
    /// Sessions that there were.
    sessions: u64,
    /// Sessions that it is done with.
    done: u64,
    /// What went so far.
    erased: ErasedView,
    /// The endpoints that the data had been sent to: they have to be asked to erase it, too.
    sent_to: Vec<SentToView>,
    /// Whether it was done again, in a database from a backup.
    repeated: bool,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When it was done.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<EventTime>,
}

/// How far an erasure has come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErasureStateName {
    /// There is more to erase.
    Running,
    /// Nothing is left in the database.
    Done,
}

impl From<Erasure> for ErasureView {
    fn from(erasure: Erasure) -> Self {
        let Erased {
            sessions,
            events,
            calls,
            surveys,
            callbacks,
            records,
            deliveries,
            attempts,
            exports,
            sent_to,
        } = erasure.erased;
        let by = erasure.requested_by;
        Self {
            id: erasure.id,
            state: match erasure.state {
                ErasureState::Running => ErasureStateName::Running,
                ErasureState::Done => ErasureStateName::Done,
            },
            requested_by: ActorView::new(by.who, by.name),
            sessions: erasure.sessions,
            done: erasure.done,
            erased: ErasedView {
                sessions,
                events,
                calls,
                surveys,
                callbacks,
                records,
                deliveries,
                attempts,
                exports,
            },
            sent_to: sent_to.into_iter().map(Into::into).collect(),
            repeated: erasure.repeated,
            created_at: erasure.created_at,
            ended_at: erasure.ended_at,
        }
    }
}

/// What goes next.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForecastList {
    /// One for each kind of which there is something that is not kept for good.
    pub(super) items: Vec<ForecastView>,
}

/// What goes next of a kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForecastView {
    /// The kind.
    kind: RetainedKind,
    /// When the oldest has been kept for its time.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// How many go within a day from then.
    rows: u64,
    /// Whether there are more than were counted.
    more: bool,
}

impl From<Forecast> for ForecastView {
    fn from(Forecast { kind, at, rows, more }: Forecast) -> Self {
        Self { kind, at, rows, more }
    }
}

/// A page of erasures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErasurePage {
    /// The erasures, newest first.
    pub(super) items: Vec<ErasureView>,
    /// `after` of the next page; `null` on the last one.
    pub(super) next: Option<String>,
}
