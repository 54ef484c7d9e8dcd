//! The design of an app that has none of its own: its words, its colours, its order. What can be set
//! beside a design (survey and buttons) has its place in it.

use super::{
    block::{
        Block, Button, Call, Heading, Hours, Paragraph, SurveyBlock, SurveyComment, SurveyQuestion,
        SurveyStyle,
    },
    document::{Design, States, VERSION},
    text::Text,
    text_keys::TextKey,
    theme::{Color, Density, Font, Launcher, Palette, Theme},
};
use crate::app::{AppSettings, CustomButton, Survey};

const LIGHT: Palette = Palette {
    accent: Color([0x0b, 0x73, 0x67]),
    on_accent: Color([0xff, 0xff, 0xff]),
    danger: Color([0xc4, 0x2b, 0x38]),
    on_danger: Color([0xff, 0xff, 0xff]),
    canvas: Color([0xfb, 0xfc, 0xfc]),
    surface: Color([0xff, 0xff, 0xff]),
    text: Color([0x15, 0x20, 0x1f]),
    text_soft: Color([0x51, 0x60, 0x5f]),
    line: Color([0x7d, 0x8a, 0x8a]),
};

const DARK: Palette = Palette {
    accent: Color([0x4f, 0xd6, 0xc3]),
    on_accent: Color([0x04, 0x23, 0x1f]),
    danger: Color([0xf2, 0x61, 0x6b]),
    on_danger: Color([0x2a, 0x05, 0x08]),
    canvas: Color([0x12, 0x16, 0x18]),
    surface: Color([0x1c, 0x22, 0x25]),
    text: Color([0xee, 0xf3, 0xf3]),
    text_soft: Color([0xa9, 0xb7, 0xb8]),
    line: Color([0x7b, 0x8b, 0x91]),
};

impl Default for Theme {
    fn default() -> Self {
        Self {
            light: LIGHT,
            dark: DARK,
            radius: 16,
            density: Density::Comfortable,
            font: Font::default(),
            logo: None,
            launcher: Launcher::default(),
        }
    }
}

impl Design {
    /// The design of an app that has none of its own.
    #[must_use]
    pub fn of_settings(settings: &AppSettings) -> Self {
        let mut states = States {
            idle: vec![
                heading(TextKey::IdleTitle),
                paragraph(TextKey::IdleText),
                call(TextKey::IdleCall, Some(TextKey::IdleHint)),
            ],
            closed: vec![
                heading(TextKey::ClosedTitle),
                Block::Hours(Hours { id: None, when: None, text: None }),
                call(TextKey::IdleCall, None),
            ],
            calling: Vec::new(),
            ended: vec![
                heading(TextKey::EndedTitle),
                paragraph(TextKey::EndedThanks),
                paragraph(TextKey::EndedDuration),
                call(TextKey::EndedAgain, None),
            ],
            survey: Vec::new(),
            survey_submitted: vec![
                heading(TextKey::SubmittedTitle),
                paragraph(TextKey::SubmittedText),
                call(TextKey::SubmittedAgain, None),
            ],
            error: vec![
                heading(TextKey::ErrorTitle),
                paragraph(TextKey::ErrorMessage),
                call(TextKey::ErrorRetry, None),
            ],
        };
        let language = &settings.language;
        if let Some(asked) = &settings.survey {
            states.survey = vec![heading(TextKey::SurveyTitle), survey(asked, language)];
        }
        for custom in &settings.custom_buttons {
            for state in &custom.states {
                states.of_mut(*state).push(button(custom, language));
            }
        }
        Self {
            version: VERSION,
            languages: vec![language.clone()],
            theme: Theme::default(),
            states,
            texts: Default::default(),
        }
    }
}

fn heading(text: TextKey) -> Block {
    Block::Heading(Heading { id: None, when: None, text: Text::Widget(text) })
}

fn paragraph(text: TextKey) -> Block {
    Block::Paragraph(Paragraph { id: None, when: None, text: Some(Text::Widget(text)), rich: None })
}

fn call(label: TextKey, hint: Option<TextKey>) -> Block {
    let (label, hint) = (Text::Widget(label), hint.map(Text::Widget));
    Block::Call(Call { id: None, when: None, label, hint })
}

fn own(language: &str, words: &str) -> Text {
    Text::Own([(language.to_owned(), words.to_owned())].into())
}

fn survey(asked: &Survey, language: &str) -> Block {
    let question = |asked: &crate::app::Question| SurveyQuestion {
        id: asked.id.clone(),
        label: own(language, &asked.label),
    };
    let comment = asked.comment_label.as_ref();
    Block::Survey(SurveyBlock {
        id: None,
        when: None,
        style: SurveyStyle::Stars,
        questions: asked.questions.iter().map(question).collect(),
        comment: comment.map(|label| SurveyComment { label: own(language, label) }),
    })
}

fn button(custom: &CustomButton, language: &str) -> Block {
    let label = own(language, &custom.label);
    Block::Button(Button { id: None, when: None, label, effect: custom.effect.clone() })
}
