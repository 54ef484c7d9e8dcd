//! Sentences for what goes wrong in TLS, for whoever owns the endpoint.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};

use super::certificates::{UntrustedChain, day};

/// HTTP came in the place of TLS.
pub(super) const PLAIN_HTTP: &str =
    "TLS failed: the endpoint speaks plain HTTP at this port, and not TLS";

/// What the TLS library found.
pub(super) fn sentence(error: &Error) -> String {
    let why = match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some("the endpoint does not speak TLS at this port".to_owned())
        }
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => Some(format!(
            "the endpoint and this server have no version or cipher of TLS in common; TLS 1.2 or \
             1.3 is needed ({error})"
        )),
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            Some("the endpoint knows no host of this name".to_owned())
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            Some("the endpoint wants a client certificate, and there is none".to_owned())
        }
        _ => None,
    };
    format!("TLS failed: {}", why.unwrap_or_else(|| error.to_string()))
}

/// The handshake ended without a word.
pub(super) fn without_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            "TLS failed: the endpoint closed the connection during the handshake".to_owned()
        }
        _ => format!("TLS failed: {error}"),
    }
}

fn certificate(error: &CertificateError) -> Option<String> {
    Some(match error {
        CertificateError::Other(OtherError(error)) => {
            error.downcast_ref::<UntrustedChain>()?.to_string()
        }
        CertificateError::BadSignature => {
            "the endpoint's certificate is not signed by the authority that it names".to_owned()
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the endpoint's certificate expired on {}", day(*not_after)?)
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the endpoint's certificate is valid from {} on only", day(*not_before)?)
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).take(5).collect();
            let expected = expected.to_str();
            if names.is_empty() {
                format!("the endpoint's certificate is for no name, and so not for {expected}")
            } else {
                format!(
                    "the endpoint's certificate is for {}, not for {expected}",
                    names.join(", ")
                )
            }
        }
        _ => return None,
    })
}

/// The name in what the library writes as `DnsName("hooks.example")`.
fn bare(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}
