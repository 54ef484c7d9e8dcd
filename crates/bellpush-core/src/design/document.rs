//! The document as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use super::text_keys::TextKey;
use super::{block::Block, theme::Theme};
use crate::lifecycle::State;

/// The version of the document that this server writes; older ones are migrated when they are read.
pub const VERSION: u32 = 1;

/// What the widget of one app shows, in which colours and in which words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Design {
    /// The version of this format: 1.
    #[cfg_attr(feature = "schema", schemars(extend("const" = VERSION)))]
    pub version: u32,
    /// The languages of the design's own texts, as BCP 47 tags: 1 to 40. The first one stands in for
    /// all others.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 40)))]
    pub languages: Vec<String>,
    /// Colours, shapes and type.
    #[serde(default)]
    pub theme: Theme,
    /// What is shown in each state, from top to bottom.
    pub states: States,
    /// Other words for texts of the widget itself, by language and then by the text's name.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, BTreeMap<TextKey, String>>"))]
    pub texts: BTreeMap<String, BTreeMap<String, String>>,
}

/// The blocks of each state, up to 40. A call's own controls are always there while `calling`; blocks
/// come under them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct States {
    /// Ready for a call.
    pub idle: Vec<Block>,
    /// Outside business hours.
    pub closed: Vec<Block>,
    /// A call is being made or is live.
    pub calling: Vec<Block>,
    /// The call was ended cleanly.
    pub ended: Vec<Block>,
    /// The survey is shown.
    pub survey: Vec<Block>,
    /// The survey was submitted.
    pub survey_submitted: Vec<Block>,
    /// The call failed.
    pub error: Vec<Block>,
}

impl States {
    /// The blocks of one state.
    #[must_use]
    pub fn of(&self, state: State) -> &[Block] {
        match state {
            State::Idle => &self.idle,
            State::Closed => &self.closed,
            State::Calling => &self.calling,
            State::Ended => &self.ended,
            State::Survey => &self.survey,
            State::SurveySubmitted => &self.survey_submitted,
            State::Error => &self.error,
        }
    }

    pub(super) fn of_mut(&mut self, state: State) -> &mut Vec<Block> {
        match state {
            State::Idle => &mut self.idle,
            State::Closed => &mut self.closed,
            State::Calling => &mut self.calling,
            State::Ended => &mut self.ended,
            State::Survey => &mut self.survey,
            State::SurveySubmitted => &mut self.survey_submitted,
            State::Error => &mut self.error,
        }
    }

    /// Every block with the state that it is shown in, in order.
    pub fn blocks(&self) -> impl Iterator<Item = (State, usize, &Block)> {
        State::ALL.iter().flat_map(|state| {
            self.of(*state).iter().enumerate().map(|(index, block)| (*state, index, block))
        })
    }
}

impl Design {
    /// The language that the design's own texts are shown in to a visitor with this language: the
    /// same tag, else one with the same first part, else the design's first.
    #[must_use]
    pub fn language_for(&self, tag: &str) -> &str {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let same = self.languages.iter().find(|known| known.eq_ignore_ascii_case(tag));
        let near = || self.languages.iter().find(|known| primary(known) == primary(tag));
        same.or_else(near).or(self.languages.first()).map_or("en", String::as_str)
    }

    /// The web origins that images and fonts are loaded from, each once.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let images = self.states.blocks().filter_map(|(_, _, block)| match block {
            Block::Image(image) => Some(image.src.as_str()),
            _ => None,
        });
        let logo = self.theme.logo.iter().map(|logo| logo.src.as_str());
        let font = self.theme.font.file.iter().map(|file| file.url.as_str());
        let mut origins: Vec<String> = images
            .chain(logo)
            .chain(font)
            .filter_map(|address| url::Url::parse(address).ok())
            // In a draft an address may be half written.
            .filter(|address| address.scheme() == "https")
            .map(|address| address.origin().ascii_serialization())
            .collect();
        origins.sort();
        origins.dedup();
        origins
    }
}
