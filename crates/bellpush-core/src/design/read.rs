//! From JSON to a document: migrated to the present version, with every fault named by its place.

use serde::Serialize;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use super::{
    block::Block,
    document::{Design, States, VERSION},
    form::pointer,
};
use crate::{ByName, FieldError, lifecycle::State};

/// Bytes of a document as JSON, at most.
pub const MAX_BYTES: usize = 256 * 1024;
/// Faults that are named at once, at most.
const MAX_FAULTS: usize = 50;
/// Blocks in one state, at most.
const MAX_BLOCKS: usize = 40;

/// Brings a document of one version to the next.
type Migration = fn(Map<String, Value>) -> Map<String, Value>;

/// How documents of older versions are brought to the next one, by their version, from 1.
const MIGRATIONS: [Migration; VERSION as usize - 1] = [];

impl Design {
    /// Reads a document of this version or an older one.
    ///
    /// # Errors
    /// What is wrong, up to fifty faults in the order of the document. There is at least one.
    pub fn read(document: Value) -> Result<Self, Vec<FieldError>> {
        Self::sized(document)?.without(Self::faults)
    }

    /// Reads a draft of this version or an older one. What is unfinished in it (words that are missing,
    /// an address that is half written, a contrast that is too low) is no fault yet.
    ///
    /// # Errors
    /// As [`Design::read`].
    pub fn read_draft(document: Value) -> Result<Self, Vec<FieldError>> {
        Self::sized(document)?.without(Self::faults_of_draft)
    }

    fn sized(document: Value) -> Result<Self, Vec<FieldError>> {
        let Value::Object(document) = document else {
            return Err(fault("", "a design document is a JSON object"));
        };
        let size = serde_json::to_string(&document).map_or(usize::MAX, |text| text.len());
        if size > MAX_BYTES {
            return Err(fault("", &format!("a design document has at most {MAX_BYTES} bytes")));
        }
        parse(migrate(document)?)
    }

    fn without(self, check: fn(&Self) -> Vec<FieldError>) -> Result<Self, Vec<FieldError>> {
        let mut faults = check(&self);
        faults.truncate(MAX_FAULTS);
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }
}

fn fault(pointer: &str, message: &str) -> Vec<FieldError> {
    vec![FieldError::new(pointer, message)]
}

fn migrate(mut document: Map<String, Value>) -> Result<Map<String, Value>, Vec<FieldError>> {
    let wanted = format!("write a version from 1 to {VERSION}");
    let found = document.get("version").and_then(Value::as_u64);
    let found = found.and_then(|version| usize::try_from(version).ok());
    let found = found.filter(|version| (1..=VERSION as usize).contains(version));
    let found = found.ok_or_else(|| fault("/version", &wanted))?;
    for migration in MIGRATIONS.iter().skip(found - 1) {
        document = migration(document);
    }
    document.insert("version".to_owned(), VERSION.into());
    Ok(document)
}

/// Reads the blocks apart, so that each of them, and the document around them, names its own faults.
fn parse(mut document: Map<String, Value>) -> Result<Design, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut states = States::default();
    if let Some(Value::Object(given)) = document.get_mut("states") {
        for state in State::ALL {
            let Some(blocks) = given.get_mut(state.as_str()) else { continue };
            let place = format!("/states/{state}");
            let Value::Array(blocks) = std::mem::replace(blocks, Value::Array(Vec::new())) else {
                faults.push(FieldError::new(place, "the blocks of a state are a list"));
                continue;
            };
            if blocks.len() > MAX_BLOCKS {
                let message = format!("a state has at most {MAX_BLOCKS} blocks");
                faults.push(FieldError::new(place, message));
                continue;
            }
            for (index, block) in blocks.into_iter().enumerate() {
                match read_block(block, &format!("{place}/{index}")) {
                    Ok(block) => states.of_mut(*state).push(block),
                    Err(error) => faults.push(error),
                }
            }
        }
    }
    let document = Value::Object(document);
    match serde_path_to_error::deserialize::<_, Design>(ByName(&document)) {
        Ok(design) if faults.is_empty() => return Ok(Design { states, ..design }),
        Ok(_) => {}
        Err(error) => faults.insert(0, located("", &error)),
    }
    faults.truncate(MAX_FAULTS);
    Err(faults)
}

fn read_block(block: Value, place: &str) -> Result<Block, FieldError> {
    let Value::Object(mut fields) = block else {
        return Err(FieldError::new(place, "a block is a JSON object with a type"));
    };
    let kind = match fields.remove("type") {
        Some(Value::String(kind)) => kind,
        _ => return Err(FieldError::new(format!("{place}/type"), kinds())),
    };
    match Block::read(&kind, &Value::Object(fields)) {
        Some(read) => read.map_err(|error| located(place, &error)),
        None => Err(FieldError::new(format!("{place}/type"), kinds())),
    }
}

fn kinds() -> String {
    format!("a block's type is one of {}", Block::KINDS.join(", "))
}

/// What serde found, at its place. The sentence is serde's own, without the place in the text.
fn located(place: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let path: String = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(pointer(key)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    FieldError::new(format!("{place}{path}"), error.inner().to_string())
}

/// A document as it is kept: read before, and so without faults but what is unfinished in a draft, and
/// those of rules that came later.
impl Design {
    /// Reads a document that was accepted before.
    ///
    /// # Errors
    /// It is none, or of a newer version.
    pub fn read_kept(text: &str) -> Result<Self, Vec<FieldError>> {
        let Ok(Value::Object(document)) = serde_json::from_str(text) else {
            return Err(fault("", "what is kept is no design document"));
        };
        parse(migrate(document)?)
    }

    /// The document as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.serialize(serde_json::value::Serializer).unwrap_or_default()
    }
}
