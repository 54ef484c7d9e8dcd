//! Survey and buttons of a design in the form of an app's settings, in one language: what a widget is
//! told that renders no design.

use super::{
    block::{Block, SurveyQuestion},
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

    /// The buttons in the form of an app's settings, each in the state where it stands. Those in the
    /// widget's own words are left out.
    #[must_use]
    pub fn button_settings(&self, language: &str) -> Vec<CustomButton> {
        let language = self.language_for(language);
        self.states
            .blocks()
            .filter_map(|(state, _, block)| match block {
                Block::Button(button) => Some(CustomButton {
                    label: button.label.own(language)?.to_owned(),
                    states: vec![state],
                    effect: button.effect.clone(),
                }),
                _ => None,
            })
            .collect()
    }
}
