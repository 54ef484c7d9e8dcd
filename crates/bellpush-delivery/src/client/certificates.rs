//! TLS as endpoints are checked, with words for what is wrong with a certificate.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use webpki::{EndEntityCert, KeyUsage};

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// Nobody is trusted.
    #[error("TLS could not be set up: {0}")]
    Roots(#[from] VerifierBuilderError),
}

/// TLS as endpoints are checked by default: against the system's certificate authorities, or
/// Mozilla's when the system has none.
///
/// # Errors
/// When the TLS library refuses its own defaults.
pub fn system_tls() -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    // Some that can't be read are no reason to trust nobody.
    roots.add_parsable_certificates(system.certs);
    if roots.is_empty() {
        tracing::warn!("the system has no certificate authorities, using Mozilla's");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    tls(roots)
}

/// TLS that trusts these certificate authorities only.
///
/// # Errors
/// When there is none, or the TLS library refuses its own defaults.
pub fn tls(roots: RootCertStore) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Explaining(verifier)))
        .with_no_client_auth())
}

/// Why nobody who is trusted stands for a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UntrustedChain {
    /// It stands for itself.
    SelfSigned,
    /// It came alone.
    MissingIntermediate,
    /// The chain that it came with leads to nobody who is trusted.
    UnknownAuthority,
    /// One that it came with expired on that day, and not itself.
    ExpiredIntermediate(String),
    /// One that it came with is valid from that day on only, and it is itself.
    IntermediateToCome(String),
}

impl std::error::Error for UntrustedChain {}

impl fmt::Display for UntrustedChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::SelfSigned => {
                "the endpoint's certificate is self-signed; it needs one of a known authority"
            }
            Self::MissingIntermediate => {
                "the endpoint sends its certificate without the intermediate one, or that is of an \
                 unknown authority; configure the full chain there"
            }
            Self::UnknownAuthority => {
                "the endpoint's certificate leads to an authority that this server does not trust"
            }
            Self::ExpiredIntermediate(day) => {
                return write!(
                    f,
                    "an intermediate certificate that the endpoint sends expired on {day}; \
                     configure the present chain there"
                );
            }
            Self::IntermediateToCome(day) => {
                return write!(
                    f,
                    "an intermediate certificate that the endpoint sends is valid from {day} on \
                     only; configure the present chain there"
                );
            }
        };
        f.write_str(words)
    }
}

/// Checks as the one inside does, and says more of why nobody is trusted.
#[derive(Debug)]
struct Explaining(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Explaining {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let checked =
            self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        checked.map_err(|error| {
            let rustls::Error::InvalidCertificate(reason) = &error else { return error };
            let why = match reason {
                CertificateError::ExpiredContext { not_after, .. } => {
                    of_intermediate(end_entity, now, *not_after)
                        .map(UntrustedChain::ExpiredIntermediate)
                }
                CertificateError::NotValidYetContext { not_before, .. } => {
                    of_intermediate(end_entity, now, *not_before)
                        .map(UntrustedChain::IntermediateToCome)
                }
                reason if is_of_issuer(reason) => untrusted(end_entity, intermediates),
                _ => None,
            };
            let Some(why) = why else { return error };
            let other = OtherError(Arc::new(why));
            rustls::Error::InvalidCertificate(CertificateError::Other(other))
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// That day, where it is no bound of the endpoint's own certificate, which is valid now.
fn of_intermediate(
    end_entity: &CertificateDer<'_>,
    now: UnixTime,
    bound: UnixTime,
) -> Option<String> {
    let certificate = EndEntityCert::try_from(end_entity).ok()?;
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    // Its own time is looked at before it is asked who stands for it, which here is nobody.
    let usage = KeyUsage::server_auth();
    let checked = certificate.verify_for_usage(algorithms, &[], &[], now, usage, None, None);
    match checked.err()? {
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => None,
        _ => day(bound),
    }
}

/// Whether it is an error of who has signed the certificate. One that is self-signed is often an
/// authority's too, which is another error.
fn is_of_issuer(error: &CertificateError) -> bool {
    match error {
        CertificateError::UnknownIssuer => true,
        CertificateError::Other(OtherError(other)) => {
            matches!(other.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
        }
        _ => false,
    }
}

fn untrusted(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> Option<UntrustedChain> {
    let certificate = EndEntityCert::try_from(end_entity).ok()?;
    Some(if certificate.issuer() == certificate.subject() {
        UntrustedChain::SelfSigned
    } else if intermediates.iter().all(|other| *other == *end_entity) {
        UntrustedChain::MissingIntermediate
    } else {
        UntrustedChain::UnknownAuthority
    })
}

/// The day of a time, in UTC.
pub(super) fn day(time: UnixTime) -> Option<String> {
    let at = Timestamp::from_second(i64::try_from(time.as_secs()).ok()?).ok()?;
    Some(at.strftime("%Y-%m-%d").to_string())
}
