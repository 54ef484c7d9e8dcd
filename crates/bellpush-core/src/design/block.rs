//! What stands in a state, one under the other.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    condition::Condition,
    form::Field,
    text::{RichText, Text},
};
use crate::{ByName, app::ButtonEffect};

/// Declares the blocks once: each with its struct, which has `id` and `when` beside its own fields.
macro_rules! blocks {
    ($($(#[doc = $doc:literal])+ $variant:ident($kind:ident) = $name:literal {
        $($(#[$meta:meta])* $field:ident: $type:ty,)*
    })*) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            pub struct $kind {
                /// Names the block, once in the document: a letter, then up to 63 letters, digits,
                /// `-` or `_`.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub id: Option<String>,
                /// When it is shown; without it always.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub when: Option<Condition>,
                $($(#[$meta])* pub $field: $type,)*
            }
        )*

        /// What stands in a state.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(tag = "type", rename_all = "snake_case")]
        pub enum Block {
            $($(#[doc = $doc])+ $variant($kind),)*
        }

        impl Block {
            /// Its kind, as it is written.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Its name, if it has one.
            #[must_use]
            pub fn id(&self) -> Option<&str> {
                match self { $(Self::$variant(block) => block.id.as_deref(),)* }
            }

            /// When it is shown; without it always.
            #[must_use]
            pub const fn when(&self) -> Option<&Condition> {
                match self { $(Self::$variant(block) => block.when.as_ref(),)* }
            }

            /// Reads a block of a kind, so that what is wrong is named by its path within.
            pub(super) fn read(
                kind: &str,
                fields: &Value,
            ) -> Option<Result<Self, serde_path_to_error::Error<serde_json::Error>>> {
                match kind {
                    $($name => Some(serde_path_to_error::deserialize(ByName(fields)).map(Self::$variant)),)*
                    _ => None,
                }
            }

            /// Every kind.
            pub(super) const KINDS: &[&str] = &[$($name,)*];
        }
    };
}

blocks! {
    /// A heading; the first one of a state is its title.
    Heading(Heading) = "heading" {
        /// What it says: up to 200 characters.
        text: Text,
    }
    /// A paragraph: one of the widget's own texts, or words with marks and links.
    Paragraph(Paragraph) = "paragraph" {
        /// One of the widget's own texts; instead of `rich`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        /// Words with marks and links by language, up to 2,000 characters; instead of `text`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rich: Option<RichText>,
    }
    /// A picture.
    Image(Image) = "image" {
        /// Its `https:` address.
        src: String,
        /// What it shows, for those who don't see it: up to 300 characters.
        alt: Text,
        /// How wide it is, in CSS pixels: 16 to 640.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(range(min = 16, max = 640)))]
        width: Option<u16>,
    }
    /// A line between two things.
    Divider(Divider) = "divider" {}
    /// Room between two things.
    Spacer(Spacer) = "spacer" {
        /// How much.
        #[serde(default)]
        size: Size,
    }
    /// The button that makes the call; in `error` it tries again, after a call it begins anew.
    Call(Call) = "call" {
        /// What is on it: up to 100 characters.
        label: Text,
        /// Small words under it: up to 300 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<Text>,
    }
    /// A form before the call, in `idle`. Its values go with the call into its record.
    Form(FormBlock) = "form" {
        /// Above it: up to 200 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Text>,
        /// 1 to 20 fields.
        #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 20)))]
        fields: Vec<Field>,
    }
    /// Rating questions, in `survey`.
    Survey(SurveyBlock) = "survey" {
        /// How a rating is given.
        #[serde(default)]
        style: SurveyStyle,
        /// 1 to 20 questions.
        #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 20)))]
        questions: Vec<SurveyQuestion>,
        /// The field for a comment; none without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<SurveyComment>,
    }
    /// A button of one's own.
    Button(Button) = "button" {
        /// What is on it: up to 100 characters.
        label: Text,
        /// What a tap does.
        effect: ButtonEffect,
    }
    /// When calls are taken again, in the visitor's words and time zone.
    Hours(Hours) = "hours" {
        /// Other words for when nothing is known of the next opening: up to 300 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
    }
    /// A consent before the call, in `idle`; once in a document. What was shown, and when, stands in
    /// the call's record.
    Consent(Consent) = "consent" {
        /// What is consented to, by language, up to 2,000 characters.
        text: RichText,
        /// The version of these words, as you name it: 1 to 64 characters.
        version: String,
        /// Whether it has to be accepted.
        #[serde(default)]
        mode: ConsentMode,
    }
    /// A request to be called back, in `closed`, `ended` or `error`; once in a state.
    Callback(Callback) = "callback" {
        /// Above it: up to 200 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Text>,
        /// Under that: up to 300 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        /// By what the visitor is reached.
        #[serde(default)]
        contact: CallbackContact,
        /// Whether the visitor can say when.
        #[serde(default)]
        ask_time: bool,
        /// Further fields, up to 20.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Field>,
    }
}

/// How much room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Little.
    Small,
    /// As between paragraphs.
    #[default]
    Medium,
    /// Much.
    Large,
}

/// How a rating from 1 to 5 is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SurveyStyle {
    /// By stars.
    #[default]
    Stars,
    /// By numbers.
    Numbers,
    /// By faces.
    Smileys,
}

/// One rating question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SurveyQuestion {
    /// Names the question in answers: 1 to 64 characters, once in the survey.
    pub id: String,
    /// The question: up to 300 characters.
    pub label: Text,
}

/// The field for a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SurveyComment {
    /// Above it: up to 300 characters.
    pub label: Text,
}

/// Whether a consent has to be given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConsentMode {
    /// No call without a tick.
    #[default]
    Accept,
    /// It is shown; the call is the consent.
    Notice,
}

/// By what a visitor is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallbackContact {
    /// A phone number.
    #[default]
    Phone,
    /// An e-mail address.
    Email,
    /// Either.
    Either,
}
