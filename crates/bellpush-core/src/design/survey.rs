//! What a design asks after a call, before it and in place of it, against what visitors answer.

use super::{
    block::{Block, Callback, CallbackContact, SurveyBlock},
    condition::View,
    document::Design,
    form::{Field, FieldKind, FormValues, check_values},
    text::Text,
    text_keys::TextKey,
};
use crate::{FieldError, app::Answers, lifecycle::State};

/// The name of a call-back request's phone number.
const PHONE: &str = "phone";
/// The name of its e-mail address.
const EMAIL: &str = "email";
/// The name of its wish of time.
const TIME: &str = "time";

fn shown(block: &Block, view: View<'_>) -> Option<bool> {
    block.when().map_or(Some(true), |when| when.holds(view))
}

impl Design {
    /// The survey, if there is one.
    #[must_use]
    pub fn survey(&self) -> Option<&SurveyBlock> {
        self.states.survey.iter().find_map(|block| match block {
            Block::Survey(survey) => Some(survey),
            _ => None,
        })
    }

    /// Whether these can be answers to the survey.
    ///
    /// # Errors
    /// The first that can't, by a pointer into the answers.
    pub fn check_answers(&self, answers: &Answers) -> Result<(), FieldError> {
        let survey = self.survey().ok_or_else(|| FieldError::new("", "the app has no survey"))?;
        for (index, answer) in answers.answers.iter().enumerate() {
            if !survey.questions.iter().any(|question| question.id == answer.question_id) {
                return Err(FieldError::new(
                    format!("/answers/{index}/questionId"),
                    format!("the survey has no question {:?}", answer.question_id),
                ));
            }
        }
        let commented = answers.comment.as_deref().is_some_and(|text| !text.trim().is_empty());
        if commented && survey.comment.is_none() {
            return Err(FieldError::new("/comment", "the survey takes no comment"));
        }
        Ok(())
    }

    /// Whether these can be the values of the form before a call. A field that is shown under a
    /// condition that can't be judged may be left out.
    ///
    /// # Errors
    /// The first that can't, by a pointer into the values.
    pub fn check_form(&self, values: &FormValues, view: View<'_>) -> Result<(), FieldError> {
        let fields = self.states.idle.iter().filter_map(|block| match block {
            Block::Form(form) => {
                Some(form.fields.iter().map(move |field| (field, shown(block, view))))
            }
            _ => None,
        });
        check_values(fields.flatten(), values)
    }

    /// The call-back request that a state offers.
    #[must_use]
    pub fn callback(&self, state: State) -> Option<&Callback> {
        self.states.of(state).iter().find_map(|block| match block {
            Block::Callback(callback) => Some(callback),
            _ => None,
        })
    }

    /// Whether a state offers to be called back, and these can be the values of its request: `phone`
    /// and `email` as the design asks for them, `time` in free words, and its fields.
    ///
    /// # Errors
    /// The first that can't, by a pointer into the values; the empty one when nothing is offered.
    pub fn check_callback(
        &self,
        state: State,
        values: &FormValues,
        view: View<'_>,
    ) -> Result<(), FieldError> {
        let offered = self.states.of(state).iter().find_map(|block| match block {
            Block::Callback(callback) => {
                shown(block, view).filter(|shown| !shown).map_or(Some(callback), |_| None)
            }
            _ => None,
        });
        let callback =
            offered.ok_or_else(|| FieldError::new("", "the design offers no call-back there"))?;
        let contact = callback.contact_fields();
        let either = callback.contact == CallbackContact::Either;
        let is_there =
            |name| values.get(name).is_some_and(|value: &String| !value.trim().is_empty());
        if either && !is_there(PHONE) && !is_there(EMAIL) {
            return Err(FieldError::new("/phone", "a phone number or an e-mail address is needed"));
        }
        let fields = contact.iter().chain(&callback.fields).map(|field| (field, Some(true)));
        check_values(fields, values)
    }
}

impl Callback {
    /// The fields that every such request has.
    #[must_use]
    pub fn contact_fields(&self) -> Vec<Field> {
        let field = |name: &str, kind, label, required| Field {
            name: name.to_owned(),
            kind,
            label: Text::Widget(label),
            hint: None,
            required,
            min_length: None,
            max_length: Some(200),
            pattern: None,
            options: Vec::new(),
        };
        let phone = |required| field(PHONE, FieldKind::Phone, TextKey::CallbackPhone, required);
        let email = |required| field(EMAIL, FieldKind::Email, TextKey::CallbackEmail, required);
        let mut fields = match self.contact {
            CallbackContact::Phone => vec![phone(true)],
            CallbackContact::Email => vec![email(true)],
            CallbackContact::Either => vec![phone(false), email(false)],
        };
        if self.ask_time {
            fields.push(field(TIME, FieldKind::Text, TextKey::CallbackTime, false));
        }
        fields
    }
}

/// Names that a call-back request's own fields can't have.
pub(super) const RESERVED_FIELDS: [&str; 3] = [PHONE, EMAIL, TIME];
