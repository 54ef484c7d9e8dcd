//! Custom buttons: a label, what a tap does, and the states they are shown in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    events::{ButtonAction, CUSTOM_NAME_PATTERN, MAX_CUSTOM_DATA_BYTES, is_free_name},
    field_error::{FieldError, check_chars},
    lifecycle::State,
    schema::forms,
};

/// A phone number as a regular expression.
const PHONE_PATTERN: &str = r"^\+?([ ().-]*[0-9]){3,20}[ ().-]*$";
/// An e-mail address as a regular expression.
const EMAIL_PATTERN: &str =
    r#"^[^\s\x00-\x1f\x7f-\x9f?&<>"',;:@]+@[^\s\x00-\x1f\x7f-\x9f?&<>"',;:@]+$"#;

forms! {
    /// The address of a page.
    WebAddress: text_in_form("web-address", "https or http, with a host").examples(["https://shop.example"]);
    /// A phone number.
    PhoneNumber: text_of(3, 40).pattern(Some(PHONE_PATTERN)).examples(["+1 555 0100"]);
    /// An e-mail address.
    EmailAddress: text_of(3, 254)
        .pattern(Some(EMAIL_PATTERN))
        .examples(["help@shop.example"])
        .extensions(Some(beyond("the length counts in bytes of UTF-8")));
    /// The name of an event that a button emits.
    EmittedName: text()
        .pattern(Some(CUSTOM_NAME_PATTERN))
        .extensions(Some(beyond("not one of the server's own events")));
}

/// A button's action with what it acts on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ButtonEffect {
    /// Opens `url` (http or https) in a new tab.
    Link {
        /// Where to.
        #[cfg_attr(feature = "openapi", schema(value_type = WebAddress))]
        url: String,
    },
    /// Copies `text` (up to 2,000 characters).
    Copy {
        /// What.
        #[cfg_attr(
            feature = "openapi",
            schema(min_length = 1, max_length = 2000, pattern = r"\S")
        )]
        text: String,
    },
    /// Dials `number` by `tel:`.
    CallPhone {
        /// Digits, with an optional leading `+` and spaces, dots, dashes or brackets between.
        #[cfg_attr(feature = "openapi", schema(value_type = PhoneNumber))]
        number: String,
    },
    /// Begins an e-mail to `address` by `mailto:`.
    Email {
        /// To whom.
        #[cfg_attr(feature = "openapi", schema(value_type = EmailAddress))]
        address: String,
    },
    /// Emits the custom event `name`.
    Emit {
        /// The event's name: a small letter, then small letters, digits and underscores.
        #[cfg_attr(feature = "openapi", schema(value_type = EmittedName))]
        name: String,
        /// The event's data, up to 8 KiB.
        #[serde(default)]
        data: Map<String, Value>,
    },
}

/// A button of the app owner's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CustomButton {
    /// What is on it: 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub label: String,
    /// The states it is shown in. Default: `ended` and `survey_submitted`.
    #[serde(default = "after_the_call")]
    pub states: Vec<State>,
    /// What a tap does.
    #[serde(flatten)]
    pub effect: ButtonEffect,
}

fn after_the_call() -> Vec<State> {
    vec![State::Ended, State::SurveySubmitted]
}

impl CustomButton {
    /// The action, as events name it.
    #[must_use]
    pub const fn action(&self) -> ButtonAction {
        match self.effect {
            ButtonEffect::Link { .. } => ButtonAction::Link,
            ButtonEffect::Copy { .. } => ButtonAction::Copy,
            ButtonEffect::CallPhone { .. } => ButtonAction::CallPhone,
            ButtonEffect::Email { .. } => ButtonAction::Email,
            ButtonEffect::Emit { .. } => ButtonAction::Emit,
        }
    }

    pub(super) fn check(&self, pointer: &str) -> Result<(), FieldError> {
        check_chars(&format!("{pointer}/label"), "a button's label", &self.label, 1, 100)?;
        self.effect.check(pointer)
    }
}

impl ButtonEffect {
    /// Refuses what could not be done, or would do something else.
    ///
    /// # Errors
    /// The field, within what is at the pointer.
    pub(crate) fn check(&self, pointer: &str) -> Result<(), FieldError> {
        let refuse = |field: &str, message: &str| {
            Err(FieldError::new(format!("{pointer}/{field}"), message))
        };
        match self {
            Self::Link { url } => {
                let web = url::Url::parse(url)
                    .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
                if !web || url.len() > 2_000 {
                    return refuse("url", "write a web address that starts with https://");
                }
            }
            Self::Copy { text } => {
                check_chars(&format!("{pointer}/text"), "the text to copy", text, 1, 2_000)?;
            }
            Self::CallPhone { number } => {
                if !is_phone_number(number) {
                    return refuse("number", "write a phone number like +1 555 0100");
                }
            }
            Self::Email { address } => {
                if !is_email(address) {
                    return refuse("address", "write one e-mail address like help@shop.example");
                }
            }
            Self::Emit { name, data } => {
                if !is_free_name(name) {
                    return refuse(
                        "name",
                        "a custom event's name is a small letter followed by up to 63 small \
                         letters, digits or underscores, and not one of the server's own events",
                    );
                }
                let size = serde_json::to_string(data).map_or(usize::MAX, |text| text.len());
                // Both are the server's own.
                let is_free = !data.contains_key("context") && !data.contains_key("isPreview");
                if size > MAX_CUSTOM_DATA_BYTES || !is_free {
                    return refuse(
                        "data",
                        "the data has at most 8 KiB and no \"context\" or \"isPreview\" of its own",
                    );
                }
            }
        }
        Ok(())
    }
}

/// Whether a text is a phone number in a plain form: digits, with an optional leading `+` and spaces,
/// dots, dashes or brackets between.
pub(crate) fn is_phone_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().enumerate().all(|(index, byte)| {
        byte.is_ascii_digit() || b" ().-".contains(&byte) || (index == 0 && byte == b'+')
    });
    plain && (3..=20).contains(&digits) && text.len() <= 40
}

/// Whether a text is one e-mail address in a plain form.
pub(crate) fn is_email(text: &str) -> bool {
    let plain = !text.contains(|char: char| {
        char.is_whitespace() || char.is_control() || "?&<>\"',;:".contains(char)
    });
    let whole = text
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    plain && whole && text.len() <= 254
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn patterns_say_what_the_rules_say() {
        let numbers = r"\+?[0-9 ().+-]{0,12}|[0-9-]{18,42}";
        assert_same_language(PHONE_PATTERN, 3..=40, numbers, is_phone_number);
        let addresses = r"[a-zé?@ \n]{0,3}@?[a-z@,\x{85}]{0,3}";
        assert_same_language(EMAIL_PATTERN, 3..=254, addresses, is_email);
    }

    fn check(effect: serde_json::Value) -> Result<(), FieldError> {
        let mut button = effect;
        button["label"] = "Button".into();
        serde_json::from_value::<CustomButton>(button).unwrap().check("")
    }

    #[test]
    fn each_action_accepts_what_it_can_act_on() {
        for good in [
            serde_json::json!({ "action": "link", "url": "https://shop.example/a?b#c" }),
            serde_json::json!({ "action": "copy", "text": "CODE-1" }),
            serde_json::json!({ "action": "call_phone", "number": "+1 (555) 010-0" }),
            serde_json::json!({ "action": "email", "address": "help@shop.example" }),
            serde_json::json!({ "action": "emit", "name": "wants_callback", "data": { "n": 1 } }),
        ] {
            assert_eq!(check(good.clone()), Ok(()), "{good}");
        }
    }

    #[test]
    fn each_action_refuses_what_would_do_something_else() {
        for bad in [
            serde_json::json!({ "action": "link", "url": "javascript:alert(1)" }),
            serde_json::json!({ "action": "link", "url": "data:text/html,x" }),
            serde_json::json!({ "action": "link", "url": "/relative" }),
            serde_json::json!({ "action": "copy", "text": "" }),
            serde_json::json!({ "action": "call_phone", "number": "*21*5550100#" }),
            serde_json::json!({ "action": "call_phone", "number": "12" }),
            serde_json::json!({ "action": "email", "address": "a@b?bcc=c@d" }),
            serde_json::json!({ "action": "email", "address": "a@b@c" }),
            serde_json::json!({ "action": "emit", "name": "call_ended" }),
            serde_json::json!({ "action": "emit", "name": "callback_requested" }),
            serde_json::json!({ "action": "emit", "name": "Bad-Name" }),
            serde_json::json!({ "action": "emit", "name": "x", "data": { "context": {} } }),
            serde_json::json!({ "action": "emit", "name": "x", "data": { "isPreview": true } }),
        ] {
            assert!(check(bad.clone()).is_err(), "{bad} was accepted");
        }
    }
}
