//! What an app is made of, as its owner sets it up: name, allowed origins, survey, custom buttons,
//! custom code and business hours.

mod buttons;
mod retention;
mod survey;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use buttons::{ButtonEffect, CustomButton};
pub(crate) use buttons::{is_email, is_phone_number};
pub use retention::{RetainedKind, Retention};
pub use survey::{
    Answer, Answers, AnswersError, MAX_COMMENT_CHARS, MAX_QUESTIONS, Question, Survey,
};

use crate::{
    field_error::{FieldError, check_chars},
    hours::BusinessHours,
    origin::AllowedOrigin,
};

/// Origins in one app, at most.
pub const MAX_ORIGINS: usize = 64;
/// Custom buttons in one app, at most.
pub const MAX_BUTTONS: usize = 20;
/// Seconds that a call may wait for its visitor, at most.
pub const MAX_RESUME_SECONDS: u8 = 30;
/// Bytes of each of the two custom-code fields, at most.
pub const MAX_CUSTOM_CODE_BYTES: usize = 64 * 1024;
/// A language tag as a regular expression: as much of BCP 47 as matters here.
const LANGUAGE_PATTERN: &str = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$";
/// Characters of a language tag, at most.
const MAX_LANGUAGE_CHARS: usize = 35;

crate::schema::forms! {
    /// A language tag.
    LanguageTag: text_of(2, MAX_LANGUAGE_CHARS).pattern(Some(LANGUAGE_PATTERN)).examples(["pt-BR"]);
    /// HTML of the app owner's own.
    CustomHtml: text_of(0, MAX_CUSTOM_CODE_BYTES)
        .extensions(Some(beyond("the length counts in bytes of UTF-8")));
}

/// The settings of one app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppSettings {
    /// The app's name, for people: 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
    /// Who may embed the widget. Empty: nobody.
    #[cfg_attr(feature = "openapi", schema(max_items = 64, example = json!(["https://shop.example"])))]
    #[serde(default)]
    pub allowed_origins: Vec<AllowedOrigin>,
    /// The widget's language where neither page nor browser asks for another: a BCP 47 tag.
    #[cfg_attr(feature = "openapi", schema(value_type = LanguageTag, default = "en"))]
    #[serde(default = "english")]
    pub language: String,
    /// The survey after a call. Without it `ended` stays.
    #[serde(default)]
    pub survey: Option<Survey>,
    /// Buttons of one's own.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub custom_buttons: Vec<CustomButton>,
    /// Code of one's own, run in a sandbox.
    #[serde(default)]
    pub custom_code: CustomCode,
    /// Live calls of the app at once, at most; `null`: as many as the server takes.
    #[serde(default)]
    pub max_calls: Option<u32>,
    /// Whether a browser has to work for a session, so that floods of them are dear.
    #[serde(default)]
    pub challenge: ChallengePolicy,
    /// Seconds that a call waits for its visitor while one page follows another: 0 to 30.
    #[serde(default = "eight")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 30))]
    pub resume_seconds: u8,
    /// When calls are taken, for profiles without hours of their own; `null`: always.
    #[serde(default)]
    pub hours: Option<BusinessHours>,
    /// For how long what visitors leave is kept.
    #[serde(default)]
    pub retention: Retention,
}

fn english() -> String {
    "en".into()
}

/// When a browser has to prove some work before it gets a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChallengePolicy {
    /// Never.
    Off,
    /// Always.
    On,
    /// While more sessions are asked for than is usual for the app.
    #[default]
    Auto,
}

const fn eight() -> u8 {
    8
}

/// HTML that runs in a sandboxed frame beside the widget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CustomCode {
    /// Placed at the end of `<head>`; up to 64 KiB.
    #[cfg_attr(feature = "openapi", schema(value_type = CustomHtml))]
    pub head: String,
    /// Placed at the end of `<body>`; up to 64 KiB.
    #[cfg_attr(feature = "openapi", schema(value_type = CustomHtml))]
    pub body: String,
}

impl CustomCode {
    /// Whether there is no code at all, so that no sandbox is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.trim().is_empty() && self.body.trim().is_empty()
    }
}

impl AppSettings {
    /// Settings with nothing but a name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            allowed_origins: Vec::new(),
            language: english(),
            survey: None,
            custom_buttons: Vec::new(),
            custom_code: CustomCode::default(),
            max_calls: None,
            challenge: ChallengePolicy::default(),
            resume_seconds: eight(),
            hours: None,
            retention: Retention::default(),
        }
    }

    /// Whether a page of this origin may embed the widget.
    #[must_use]
    pub fn allows(&self, origin: &AllowedOrigin) -> bool {
        self.allowed_origins.contains(origin)
    }

    /// How long a call waits for its visitor while one page follows another.
    #[must_use]
    pub const fn resume_window(&self) -> Duration {
        Duration::from_secs(self.resume_seconds as u64)
    }

    /// Checks every rule that the types do not carry.
    ///
    /// # Errors
    /// The first setting that breaks one, with its place.
    pub fn check(&self) -> Result<(), FieldError> {
        check_chars("/name", "the name", &self.name, 1, 100)?;
        if self.allowed_origins.len() > MAX_ORIGINS {
            return Err(FieldError::new(
                "/allowedOrigins",
                format!("an app has at most {MAX_ORIGINS} allowed origins"),
            ));
        }
        if !is_language_tag(&self.language) {
            return Err(FieldError::new("/language", "write a language tag like en or pt-BR"));
        }
        if let Some(survey) = &self.survey {
            survey.check("/survey")?;
        }
        if self.custom_buttons.len() > MAX_BUTTONS {
            return Err(FieldError::new(
                "/customButtons",
                format!("an app has at most {MAX_BUTTONS} custom buttons"),
            ));
        }
        if self.resume_seconds > MAX_RESUME_SECONDS {
            return Err(FieldError::new(
                "/resumeSeconds",
                format!("a call waits 0 to {MAX_RESUME_SECONDS} s for its visitor"),
            ));
        }
        if let Some(hours) = &self.hours {
            hours.check("/hours")?;
        }
        self.retention.check("/retention")?;
        for (index, button) in self.custom_buttons.iter().enumerate() {
            button.check(&format!("/customButtons/{index}"))?;
        }
        for (field, code) in [("head", &self.custom_code.head), ("body", &self.custom_code.body)] {
            if code.len() > MAX_CUSTOM_CODE_BYTES {
                return Err(FieldError::new(
                    format!("/customCode/{field}"),
                    format!("custom code has at most {MAX_CUSTOM_CODE_BYTES} bytes a field"),
                ));
            }
        }
        Ok(())
    }
}

/// Whether a text has the form of a language tag.
pub(crate) fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=8).contains(&primary.len())
        && text.len() <= MAX_LANGUAGE_CHARS
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn the_pattern_of_language_tags_says_what_the_rule_says() {
        let tags = "[a-zA-Z0-9é -]{0,5}|[a-z]{7,10}(-[a-z0-9]{0,9}){0,4}";
        assert_same_language(LANGUAGE_PATTERN, 2..=MAX_LANGUAGE_CHARS, tags, is_language_tag);
    }

    #[test]
    fn a_refused_setting_is_named_by_its_place() {
        let good = || {
            serde_json::json!({
                "name": "Shop",
                "allowedOrigins": ["https://shop.example"],
                "survey": { "questions": [{ "id": "q1", "label": "How was it?" }] },
                "customButtons": [{ "label": "Shop", "action": "link", "url": "https://shop.example" }],
            })
        };
        let read = |value| serde_json::from_value::<AppSettings>(value).unwrap().check();
        assert_eq!(read(good()), Ok(()));
        for (pointer, value) in [
            ("/name", serde_json::json!(" ")),
            ("/language", serde_json::json!("?")),
            ("/survey/questions/0/id", serde_json::json!("")),
            ("/survey/questions/0/label", serde_json::json!("")),
            ("/survey/questions", serde_json::json!([])),
            ("/customButtons/0/url", serde_json::json!("javascript:alert(1)")),
            ("/customButtons/0/label", serde_json::json!("")),
            ("/resumeSeconds", serde_json::json!(31)),
            ("/customCode/head", serde_json::json!("x".repeat(MAX_CUSTOM_CODE_BYTES + 1))),
        ] {
            let mut settings = good();
            settings["customCode"] = serde_json::json!({ "head": "", "body": "" });
            settings["language"] = "en".into();
            settings["resumeSeconds"] = 0.into();
            *settings.pointer_mut(pointer).unwrap() = value;
            assert_eq!(read(settings).unwrap_err().pointer, pointer);
        }
    }
}
