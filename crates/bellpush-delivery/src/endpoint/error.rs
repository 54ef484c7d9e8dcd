//! Why an integration can't be sent to.

use bellpush_core::{delivery::FailureClass, integration::SecretName};

use crate::payload::TemplateError;

/// Why requests to an integration can't be made.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// A secret that is named is not there.
    #[error("{{secret.{0}}} is not defined on this integration")]
    UnknownSecret(SecretName),
    /// With its secrets, the URL leads to another scheme, host or port.
    #[error("with its secrets, the URL leads to another host")]
    OtherHost,
    /// With its secrets, the URL is none.
    #[error("the URL holds characters HTTP cannot send")]
    Url,
    /// A header can't be sent.
    #[error("the header {0} can't be sent")]
    Header(String),
    /// The template does not compile.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Why a request was not made. Nothing was sent, and trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The template gave no body.
    #[error("the template failed: {0}")]
    Template(#[from] TemplateError),
    /// A header can't be sent.
    #[error("a header is not valid")]
    Header(#[from] http::header::InvalidHeaderValue),
    /// The URL can't be called.
    #[error("the URL is not valid")]
    Url(#[from] http::uri::InvalidUri),
}

impl RequestError {
    /// The class of the failure.
    #[must_use]
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::Template(_) => FailureClass::Template,
            Self::Header(_) | Self::Url(_) => FailureClass::Protocol,
        }
    }
}
