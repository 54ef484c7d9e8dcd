//! What a check says.

use serde::Serialize;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The page answers with a document.
    Page,
    /// The page is a secure one.
    Https,
    /// The page, and each frame around the widget, is among the app's allowed origins.
    Origin,
    /// The page has the widget's script or iframe.
    Snippet,
    /// It names this app and this server.
    App,
    /// Its widget key is one of the app.
    WidgetKey,
    /// Each iframe on the way lets the microphone through.
    Allow,
    /// Nothing on the way is sandboxed too much.
    Sandbox,
    /// The page's `Content-Security-Policy` lets the widget's frame in.
    FramePolicy,
    /// The page's `Content-Security-Policy` lets the loader in.
    ScriptPolicy,
    /// The page's `Permissions-Policy` lets the widget have the microphone.
    PermissionsPolicy,
    /// The widget is shown under the page's `Cross-Origin-Embedder-Policy`.
    EmbedderPolicy,
    /// The server is reached by its public address.
    Server,
    /// The server's own policy arrives as it was sent, and lets the page embed the widget.
    Framing,
    /// The server's own `Permissions-Policy` arrives as it was sent.
    OwnPermissions,
    /// The loader arrives as a script that other sites may use.
    Loader,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// It keeps the widget, or calls, from working.
    Fail,
    /// It can't be seen from outside.
    Unknown,
}

/// Whose setting it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The page's own: its text, or what its web server sends.
    Page,
    /// A setting of the app.
    App,
    /// This server's, or of what stands in front of it.
    Server,
}

/// What was found by one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: Subject,
    /// How it ended.
    pub verdict: Verdict,
    /// Whose setting it is.
    pub owner: Owner,
    /// What was found.
    pub sentence: String,
    /// The line to put in place of what is there.
    pub fix: Option<String>,
}

impl Finding {
    fn new(subject: Subject, verdict: Verdict, sentence: impl Into<String>) -> Self {
        Self { subject, verdict, owner: subject.owner(), sentence: sentence.into(), fix: None }
    }

    pub(super) fn pass(subject: Subject, sentence: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Pass, sentence)
    }

    pub(super) fn fail(subject: Subject, sentence: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Fail, sentence)
    }

    pub(super) fn unknown(subject: Subject, sentence: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Unknown, sentence)
    }

    pub(super) fn fix(self, line: impl Into<String>) -> Self {
        Self { fix: Some(line.into()), ..self }
    }

    pub(super) fn of(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }
}

impl Subject {
    /// Whose setting it is as a rule.
    const fn owner(self) -> Owner {
        match self {
            Self::Page
            | Self::Https
            | Self::Snippet
            | Self::App
            | Self::WidgetKey
            | Self::Allow
            | Self::Sandbox
            | Self::FramePolicy
            | Self::ScriptPolicy
            | Self::PermissionsPolicy
            | Self::EmbedderPolicy => Owner::Page,
            Self::Origin => Owner::App,
            Self::Server | Self::Framing | Self::OwnPermissions | Self::Loader => Owner::Server,
        }
    }
}
