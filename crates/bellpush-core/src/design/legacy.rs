//! Survey and buttons of a design in the form of an app's settings, in one language: what a widget is
//! told that renders no design.

use super::{
    block::{Block, Button, SurveyQuestion},
    document::Design,
};
use crate::app::{CustomButton, Question, Survey};

impl Design {
    /// The survey in the form of an app's settings. Questions in the widget's own words are left out.
    #[must_use]
    pub fn survey_settings(&self, language: &str) -> Option<Survey> {
        let survey = self.survey()?;
        let language = self.language_for(language);
        let question = |asked: &SurveyQuestion| {
            let label = asked.label.own(language)?.to_owned();
            Some(Question { id: asked.id.clone(), label })
        };
        let comment = survey.comment.as_ref().and_then(|comment| comment.label.own(language));
        Some(Survey {
            questions: survey.questions.iter().filter_map(question).collect(),
            comment_label: comment.map(str::to_owned),
        })
    }

    /// The buttons in the form of an app's settings, each with the states where it stands. Those in the
    /// widget's own words are left out.
    #[must_use]
    pub fn button_settings(&self, language: &str) -> Vec<CustomButton> {
        let language = self.language_for(language);
        let mut buttons: Vec<CustomButton> = Vec::new();
        for (state, _, block) in self.states.blocks() {
            let Block::Button(Button { label, effect, .. }) = block else { continue };
            let Some(label) = label.own(language) else { continue };
            let same = |known: &&mut CustomButton| known.label == label && known.effect == *effect;
            match buttons.iter_mut().find(same) {
                Some(known) => known.states.push(state),
                None => buttons.push(CustomButton {
                    label: label.to_owned(),
                    states: vec![state],
                    effect: effect.clone(),
                }),
            }
        }
        buttons
    }
}
