//! Why a call failed: the codes of `call_error`, each with what people are told.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal {
        message: $message:literal, cause: $cause:literal, remedy: $remedy:literal, reported_by_widget: $widget:literal,
    })*) => {
        /// A machine-readable reason why a call failed. Receivers must tolerate codes that they do
        /// not know: the list grows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        /// Every code with its texts, in the order of the documentation.
        pub const ERROR_CODES: &[ErrorCodeFacts] = &[$(ErrorCodeFacts {
            code: ErrorCode::$variant,
            name: $code,
            message: $message,
            cause: $cause,
            remedy: $remedy,
            reported_by_widget: $widget,
        },)*];

        impl ErrorCode {
            /// The code as it is written in events.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// One plain sentence for people: the event's `errorMessage`.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }

            /// Whether a widget may report it of a call that was never accepted. All others are the
            /// server's to decide.
            #[must_use]
            pub const fn reported_by_widget(self) -> bool {
                match self { $(Self::$variant => $widget,)* }
            }
        }
    };
}

/// What is documented of one [`ErrorCode`].
#[derive(Debug, Clone, Copy)]
pub struct ErrorCodeFacts {
    /// The code.
    pub code: ErrorCode,
    /// The code as it is written.
    pub name: &'static str,
    /// The sentence for people.
    pub message: &'static str,
    /// What brings it about.
    pub cause: &'static str,
    /// What helps.
    pub remedy: &'static str,
    /// Whether a widget may report it of a call that was never accepted.
    pub reported_by_widget: bool,
}

error_codes! {
    /// The media connection dropped.
    MediaFailed = "media_failed" {
        message: "The connection for the sound was lost.",
        cause: "No packet came from the browser for longer than the media time-out, or ICE or DTLS failed.",
        remedy: "Check the visitor's network; if many calls fail, check that the server's UDP port is reachable from outside.",
        reported_by_widget: false,
    }
    /// The visitor, or a policy, refused the microphone.
    MicrophoneDenied = "microphone_denied" {
        message: "The microphone is not allowed. Allow it in the address bar, then try again.",
        cause: "The visitor answered the browser's question with no, or not within two minutes, or the embedding page lacks allow=\"microphone\".",
        remedy: "Allow the microphone for the page; check the iframe's allow attribute and the page's Permissions-Policy.",
        reported_by_widget: true,
    }
    /// There is no usable microphone.
    MicrophoneUnavailable = "microphone_unavailable" {
        message: "No microphone could be used. Connect one or close other programs that use it, then try again.",
        cause: "The device has no microphone, or another program holds it.",
        remedy: "Connect a microphone or close the program that holds it.",
        reported_by_widget: true,
    }
    /// The browser can't make calls.
    BrowserUnsupported = "browser_unsupported" {
        message: "This browser can't make calls here.",
        cause: "The browser has no WebRTC or no microphones at all: it is switched off, the page is not secure (HTTPS), or it is the built-in browser of another app.",
        remedy: "Open the page in a current browser; serve it by HTTPS.",
        reported_by_widget: true,
    }
    /// The call request did not get through.
    SignalingFailed = "signaling_failed" {
        message: "The call could not be set up. Check your connection, then try again.",
        cause: "The request for the call failed on its way, or browser and server share no way to send sound.",
        remedy: "Check the visitor's network and that the server is up.",
        reported_by_widget: true,
    }
    /// The far side is busy.
    DestinationBusy = "destination_busy" {
        message: "The line is busy. Please try again in a moment.",
        cause: "The destination answered that it is busy.",
        remedy: "Try again later, or give the profile an overflow.",
        reported_by_widget: false,
    }
    /// The far side cannot be reached.
    DestinationUnreachable = "destination_unreachable" {
        message: "The number called can't be reached right now.",
        cause: "The destination does not exist or its phone system does not answer.",
        remedy: "Check the profile and the trunk's health.",
        reported_by_widget: false,
    }
    /// The far side refused the call.
    DestinationRejected = "destination_rejected" {
        message: "The call was not accepted.",
        cause: "The destination declined the call.",
        remedy: "Check the far side's rules for incoming calls.",
        reported_by_widget: false,
    }
    /// Nobody answered in time.
    NoAnswer = "no_answer" {
        message: "Nobody answered. Please try again later.",
        cause: "The call rang until its time-out.",
        remedy: "Try again later, or give the profile a longer ring time-out or an overflow.",
        reported_by_widget: false,
    }
    /// Too many calls.
    RateLimited = "rate_limited" {
        message: "Too many calls were started. Please wait a minute, then try again.",
        cause: "A limit on calls per address, per app or in all was reached.",
        remedy: "Wait, or raise the limit in the server's configuration.",
        reported_by_widget: true,
    }
    /// Outside business hours.
    Closed = "closed" {
        message: "We are closed right now.",
        cause: "The call was tried outside business hours.",
        remedy: "Call again during business hours.",
        reported_by_widget: true,
    }
    /// The widget's session is no longer valid.
    SessionExpired = "session_expired" {
        message: "This page was open for too long. Reload it, then try again.",
        cause: "The session token expired or was withdrawn and could not be refreshed.",
        remedy: "Reload the page; check that the widget key and the allowed origins are still in place.",
        reported_by_widget: true,
    }
    /// The server stopped during the call.
    ServerShutdown = "server_shutdown" {
        message: "The call was ended because the service restarted. Please call again.",
        cause: "The server stopped or crashed while the call was live.",
        remedy: "Call again; if it happens often, look into the server's logs.",
        reported_by_widget: false,
    }
}

/// A text that is no error code known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known error code")]
pub struct UnknownErrorCode(String);

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(text: &str) -> Result<Self, UnknownErrorCode> {
        ERROR_CODES
            .iter()
            .find(|facts| facts.name == text)
            .map(|facts| facts.code)
            .ok_or_else(|| UnknownErrorCode(text.chars().take(64).collect()))
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
