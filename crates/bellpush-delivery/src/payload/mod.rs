//! The body of a request: the envelope as it is, or what a template makes of it.
//!
//! Templates are Jinja, in which every value is written as JSON, so that nothing an event holds can
//! become a part of the structure around it. They can load nothing and call nothing outside, and
//! work, depth and size are bounded. What comes out must be JSON.

mod names;
mod presets;

use std::{borrow::Cow, io, sync::LazyLock};

use bellpush_core::{
    events::{ALERT_FIRED, ALERT_RECOVERED, CALLBACK_REQUESTED, CATALOGUE, EventTime, sample},
    ids::{AppId, CallId, EventId},
    integration::Payload,
};
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value, value::Serde};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::Map;

pub use presets::{PRESETS, PresetFacts, facts};

/// Bytes of a body that a template makes, at most.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Steps of one rendering, at most; each pays for one instruction or for 64 bytes.
const FUEL: u64 = 50_000;
/// Depth of nested blocks and expressions, at most.
const DEPTH: usize = 64;
/// The name by which the environment knows its only template.
const NAME: &str = "template";

/// What a template sees of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventFacts<'a> {
    /// The event's id.
    pub id: EventId,
    /// Its app.
    pub app_id: AppId,
    /// Its call.
    pub call_id: Option<CallId>,
    /// The envelope as JSON.
    pub envelope: &'a str,
}

/// Why a template was refused, or gave no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not compile, or failed on the way.
    #[error("line {line}: {reason}")]
    Template {
        /// The line, from 1; 0 when it is not known.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// It took too many steps.
    #[error("it does too much: there may be a loop that is too long")]
    TooMuchWork,
    /// It made more than [`MAX_BODY_BYTES`].
    #[error("it makes more than {MAX_BODY_BYTES} bytes")]
    TooLong,
    /// What it made is not JSON.
    #[error("what it makes is not JSON: {0}")]
    NotJson(String),
}

/// A [`TemplateError`] for a sample event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("with a sample {event}: {error}")]
pub struct SampleError {
    /// The event's name.
    pub event: String,
    /// What went wrong.
    pub error: TemplateError,
}

/// Makes bodies.
#[derive(Debug)]
pub struct BodyRenderer {
    /// `None`: the envelope is the body.
    template: Option<Environment<'static>>,
}

impl BodyRenderer {
    /// Compiles the template, if there is one.
    ///
    /// # Errors
    /// [`TemplateError::Template`] with line and reason.
    pub fn new(payload: &Payload) -> Result<Self, TemplateError> {
        let own = payload.template.as_deref().map(Cow::Borrowed);
        let Some(source) = own.or_else(|| facts(payload.preset).template.map(Cow::Borrowed)) else {
            return Ok(Self { template: None });
        };
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Json);
        // An event may lack what another one has: missing is null, not a failed delivery.
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEPTH);
        environment.add_template_owned(NAME, source.into_owned()).map_err(refusal)?;
        Ok(Self { template: Some(environment) })
    }

    /// Whether a body is made by a template.
    #[must_use]
    pub const fn has_template(&self) -> bool {
        self.template.is_some()
    }

    /// The body for an event.
    ///
    /// # Errors
    /// The template fails, or makes no JSON.
    pub fn render<'a>(&self, event: &EventFacts<'a>) -> Result<Cow<'a, [u8]>, TemplateError> {
        let Some(environment) = &self.template else {
            return Ok(Cow::Borrowed(event.envelope.as_bytes()));
        };
        let template = environment.get_template(NAME).map_err(refusal)?;
        let mut body = Bounded { bytes: Vec::new(), is_full: false };
        let rendered =
            template.render_captured_to(Value::from(Serde(variables(event)?)), &mut body).map(drop);
        if body.is_full {
            return Err(TemplateError::TooLong);
        }
        rendered.map_err(refusal)?;
        let checked = serde_json::from_slice::<IgnoredAny>(&body.bytes);
        checked.map_err(|error| TemplateError::NotJson(error.to_string()))?;
        Ok(Cow::Owned(body.bytes))
    }

    /// The body for a sample of the event with this name.
    ///
    /// # Errors
    /// The template fails, or makes no JSON.
    pub fn render_sample(&self, event: &str, at: EventTime) -> Result<String, SampleError> {
        let failed = |error| SampleError { event: event.to_owned(), error };
        let not_json = |error: serde_json::Error| failed(TemplateError::NotJson(error.to_string()));
        let envelope = serde_json::to_string(&sample(event, at)).map_err(not_json)?;
        let body = self.render(&EventFacts { envelope: &envelope, ..SAMPLE }).map_err(failed)?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

impl BodyRenderer {
    /// What the template names that no event of the catalogue has, in alphabetical order: it is `null` in
    /// them, and in most cases misspelled. An event of one's own may have it.
    #[must_use]
    pub fn unknown_names(&self) -> Vec<String> {
        let template =
            self.template.as_ref().and_then(|it| Some((it, it.get_template(NAME).ok()?)));
        let Some((environment, template)) = template else { return Vec::new() };
        let is_global = |name: &str| environment.globals().any(|(global, _)| global == name);
        let own = names::assigned(template.source());
        let mut names = Vec::from_iter(template.undeclared_variables(true));
        names.retain(|name| {
            let root = name.split('.').next().unwrap_or(name);
            !is_global(root) && !own.contains(root) && !names::is_known(&SAMPLES, name)
        });
        names.sort_unstable();
        names
    }
}

/// Ids like those of real events.
const SAMPLE: EventFacts<'static> = {
    let uuid = uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
    let Some(id) = EventId::from_uuid(uuid) else { panic!("it is of version 7") };
    EventFacts {
        id,
        app_id: AppId::from_uuid(uuid),
        call_id: Some(CallId::from_uuid(uuid)),
        envelope: "",
    }
};

/// What templates see of one event of each kind.
static SAMPLES: LazyLock<Vec<serde_json::Value>> = LazyLock::new(|| {
    let own = CATALOGUE.iter().map(|(name, ..)| name.as_str());
    own.chain([ALERT_FIRED, ALERT_RECOVERED, CALLBACK_REQUESTED]).filter_map(sampled).collect()
});

fn sampled(name: &str) -> Option<serde_json::Value> {
    // Which names there are does not depend on the time.
    let envelope = serde_json::to_string(&sample(name, EventTime::from_millis(0)?)).ok()?;
    let variables = variables(&EventFacts { envelope: &envelope, ..SAMPLE }).ok()?;
    serde_json::to_value(variables).ok()
}

/// What a template can use, by its name there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables {
    name: String,
    data: Map<String, serde_json::Value>,
    timestamp: String,
    timestamp_millis: i64,
    id: EventId,
    app_id: AppId,
    call_id: Option<CallId>,
}

fn variables(event: &EventFacts<'_>) -> Result<Variables, TemplateError> {
    /// Not the core's type: what was recorded is taken as it is.
    #[derive(Deserialize)]
    struct Envelope {
        name: String,
        data: Map<String, serde_json::Value>,
        timestamp: EventTime,
    }
    let Envelope { name, data, timestamp } = serde_json::from_str(event.envelope)
        .map_err(|error| TemplateError::NotJson(format!("the envelope itself: {error}")))?;
    Ok(Variables {
        name,
        data,
        timestamp: timestamp.to_string(),
        timestamp_millis: timestamp.millis(),
        id: event.id,
        app_id: event.app_id,
        call_id: event.call_id,
    })
}

fn refusal(error: Error) -> TemplateError {
    if error.kind() == minijinja::ErrorKind::OutOfFuel {
        return TemplateError::TooMuchWork;
    }
    let kind = error.kind();
    let reason = match error.detail() {
        Some(detail) => format!("{kind}: {detail}"),
        None => kind.to_string(),
    };
    TemplateError::Template { line: error.line().unwrap_or(0), reason }
}

/// Takes as much as a body may have.
struct Bounded {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_BODY_BYTES {
            self.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
