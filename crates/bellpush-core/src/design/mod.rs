//! The design document of an app: what the widget shows in each of its states, in which colours and
//! in which words.
//!
//! A document is read by [`Design::read`], which refuses what could not be shown: every fault is named
//! by a JSON pointer and a sentence. What was read keeps all rules; nothing is checked again. A draft
//! ([`Design::read_draft`]) may be unfinished: words may be missing, and colours be too near.

mod block;
mod check;
mod condition;
mod consent;
mod contrast;
mod default;
mod document;
mod form;
mod over;
mod read;
mod reading;
#[cfg(feature = "schema")]
mod schema;
mod survey;
mod text;
mod text_keys;
mod theme;
mod uses;

pub use block::{
    Block, Button, Call, Callback, CallbackContact, Consent, ConsentMode, Divider, FormBlock,
    Heading, Hours, Image, Paragraph, Size, Spacer, SurveyBlock, SurveyComment, SurveyQuestion,
    SurveyStyle,
};
pub use condition::{Condition, View};
pub use consent::{ConsentRecord, GivenConsent};
pub use contrast::{Pair, contrast};
pub use document::{Design, States, VERSION};
pub use form::{Field, FieldKind, FieldOption, FormValues};
pub use over::over;
pub use read::MAX_BYTES;
#[cfg(feature = "schema")]
pub use schema::{Side, schema};
pub use text::{Own, RichText, Span, Text};
pub use text_keys::{TEXT_KEYS, TextKey};
pub use theme::{
    Color, Corner, Density, Font, FontFile, FontStack, Launcher, LauncherIcon, Logo, Palette, Theme,
};

/// The JSON Schema (2020-12) of the document, as it stands in the repository.
pub const SCHEMA: &str = include_str!("../../schemas/design.json");

#[cfg(test)]
mod tests;
