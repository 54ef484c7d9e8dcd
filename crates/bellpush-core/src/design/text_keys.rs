//! The widget's own texts, by name: what a design can show and put into other words.

use serde::{Deserialize, Serialize};

macro_rules! text_keys {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)*) => {
        /// The name of one of the widget's own texts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum TextKey {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)*
        }

        /// Every name, in the order of the documentation.
        pub const TEXT_KEYS: &[TextKey] = &[$(TextKey::$variant,)*];

        impl TextKey {
            /// The name as it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

text_keys! {
    /// Above the call button.
    IdleTitle = "idle.title",
    /// Under that.
    IdleText = "idle.text",
    /// On the call button.
    IdleCall = "idle.call",
    /// That the browser will ask for the microphone.
    IdleHint = "idle.hint",
    /// Outside business hours.
    ClosedTitle = "closed.title",
    /// Outside business hours, when nothing is known of the next opening.
    ClosedText = "closed.text",
    /// The next opening, by `{moment}`.
    ClosedOpens = "closed.opens",
    /// After a call.
    EndedTitle = "ended.title",
    /// Thanks after a call.
    EndedThanks = "ended.thanks",
    /// How long it was, by `{time}`.
    EndedDuration = "ended.duration",
    /// On the button for another call.
    EndedAgain = "ended.again",
    /// Above the survey.
    SurveyTitle = "survey.title",
    /// Beside the lowest rating.
    SurveyLowest = "survey.lowest",
    /// Beside the highest rating.
    SurveyHighest = "survey.highest",
    /// On the button that sends the survey.
    SurveySubmit = "survey.submit",
    /// After the survey.
    SubmittedTitle = "submitted.title",
    /// Under that.
    SubmittedText = "submitted.text",
    /// On the button that begins anew.
    SubmittedAgain = "submitted.again",
    /// After a call that failed.
    ErrorTitle = "error.title",
    /// What went wrong and what can be done; the widget chooses the words by the error.
    ErrorMessage = "error.message",
    /// On the button that tries again.
    ErrorRetry = "error.retry",
    /// Above the form.
    FormTitle = "form.title",
    /// On the button that takes a form.
    FormSubmit = "form.submit",
    /// At a field that has to be filled in.
    FormRequired = "form.required",
    /// At a field whose value has not the right form.
    FormInvalid = "form.invalid",
    /// At a consent that has to be given.
    ConsentRequired = "consent.required",
    /// Above the call-back request.
    CallbackTitle = "callback.title",
    /// Under that.
    CallbackText = "callback.text",
    /// At the field for a phone number.
    CallbackPhone = "callback.phone",
    /// At the field for an e-mail address.
    CallbackEmail = "callback.email",
    /// At the field for a wish of time.
    CallbackTime = "callback.time",
    /// On the button that asks to be called back.
    CallbackSubmit = "callback.submit",
    /// When the request is taken.
    CallbackTaken = "callback.taken",
}

impl TextKey {
    /// What the widget puts a value in place of, in braces: the name between them. Words without it
    /// would not say what the text is for.
    #[must_use]
    pub const fn placeholder(self) -> Option<&'static str> {
        match self {
            Self::ClosedOpens => Some("moment"),
            Self::EndedDuration => Some("time"),
            _ => None,
        }
    }
}

impl std::str::FromStr for TextKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        TEXT_KEYS.iter().copied().find(|key| key.as_str() == text).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            format!(
                "the widget has no text {shown:?}; write one of its names, or own words by language"
            )
        })
    }
}

impl std::fmt::Display for TextKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
