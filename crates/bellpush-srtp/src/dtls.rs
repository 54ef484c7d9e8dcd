//! DTLS 1.2 as far as media needs it: a handshake that proves who the far side is, and the keys of
//! media that both ends agree on by it (RFC 5763, RFC 5764).
//!
//! Pure: datagrams and time go in, datagrams and keys come out.

mod fingerprint;
mod handshake;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use dimpl::{Config, DtlsCertificate, Output, SrtpProfile, certificate};

use crate::{SrtpKey, SrtpKeys, SrtpSuite};
pub use fingerprint::{Fingerprint, InvalidFingerprint};

/// Bytes that [`Dtls::poll`] needs room for: a datagram, or the far side's certificate.
pub const BUFFER_LEN: usize = 4_096;
/// Bytes of a datagram, at most: it is to pass every network unbroken.
const MTU: usize = 1_150;

/// Made once, and before there are calls: with each, the library tests all of its cryptography, which
/// takes longer than a handshake.
static CONFIG: OnceLock<Option<Arc<Config>>> = OnceLock::new();
static WITH_COOKIE: OnceLock<Option<Arc<Config>>> = OnceLock::new();

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DtlsError {
    /// The cryptography does not work here.
    #[error("DTLS is not available: {0}")]
    Unavailable(String),
    /// The far side's certificate is not the one that its session description names.
    #[error("the far side's certificate does not have the announced fingerprint")]
    WrongCertificate,
    /// A message of the handshake that is longer than any browser's.
    #[error("a message of the handshake is longer than {BUFFER_LEN} bytes")]
    TooLong,
    /// The far side protects media by a profile that we don't know.
    #[error("there is no protection of media that both sides know")]
    NoProtection,
    /// The protocol was broken, or took too long.
    #[error("DTLS failed: {0}")]
    Protocol(#[from] dimpl::Error),
}

/// A certificate of ours with its private key.
pub struct Certificate {
    certificate: DtlsCertificate,
    fingerprint: Fingerprint,
}

impl Certificate {
    /// Makes one, which takes about a millisecond, and the first time some more.
    ///
    /// # Errors
    /// There is no cryptography for it.
    pub fn generate() -> Result<Self, DtlsError> {
        config(false).and(config(true)).ok_or_else(untested)?;
        let certificate = certificate::generate_self_signed_certificate()
            .map_err(|error| DtlsError::Unavailable(error.to_string()))?;
        let fingerprint = Fingerprint::sha256(&certificate.certificate);
        Ok(Self { certificate, fingerprint })
    }

    /// What a session description says of it.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

/// What there is to do.
#[derive(Debug)]
pub enum DtlsOutput<'a> {
    /// A datagram to send.
    Packet(&'a [u8]),
    /// The keys of media. The far side has proved that it is the one of the session description.
    Keys(SrtpKeys),
    /// The handshake is done.
    Connected,
    /// The far side has closed the connection.
    Closed,
    /// Nothing before this time, or the next packet.
    Wait(Instant),
}

/// Which side of the handshake is ours (RFC 5763 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We begin.
    Client,
    /// The far side begins.
    Server {
        /// Whether it first has to say a cookie that it was sent (RFC 6347 section 4.2.1): it may
        /// not be where its packets say that they come from, and our part of the handshake is far
        /// longer than what asks for it.
        wants_cookie: bool,
    },
}

/// One connection.
pub struct Dtls {
    connection: dimpl::Dtls,
    /// The certificates that the far side may have, as they are announced.
    expected: Vec<Fingerprint>,
    is_proved: bool,
}

impl Dtls {
    /// A client begins the handshake, once it is polled. The far side has one of the certificates that are
    /// `theirs`.
    ///
    /// # Errors
    /// There is no cryptography for it.
    pub fn new(
        now: Instant,
        ours: &Certificate,
        theirs: Vec<Fingerprint>,
        role: Role,
    ) -> Result<Self, DtlsError> {
        let config = config(role == Role::Server { wants_cookie: true }).ok_or_else(untested)?;
        let mut connection = dimpl::Dtls::new_12(config, ours.certificate.clone(), now);
        connection.set_active(role == Role::Client);
        // With this a client has something to say.
        connection.handle_timeout(now)?;
        Ok(Self { connection, expected: theirs, is_proved: false })
    }

    /// Takes in a datagram.
    ///
    /// # Errors
    /// It is refused. That is no reason to give up the connection: anybody can send one.
    pub fn receive(&mut self, now: Instant, datagram: &[u8]) -> Result<(), DtlsError> {
        // The library has no limit of its own, and takes room for a certificate for granted.
        if handshake::is_too_long(datagram, BUFFER_LEN) {
            return Err(DtlsError::TooLong);
        }
        self.connection.handle_timeout(now)?;
        Ok(self.connection.handle_packet(datagram)?)
    }

    /// Tells the time.
    ///
    /// # Errors
    /// The handshake took too long; the connection is over.
    pub fn tick(&mut self, now: Instant) -> Result<(), DtlsError> {
        Ok(self.connection.handle_timeout(now)?)
    }

    /// Takes out what there is to do, until [`DtlsOutput::Wait`]. `None` means to ask again. The
    /// buffer has [`BUFFER_LEN`] bytes.
    ///
    /// # Errors
    /// The far side is not who it should be; the connection is over.
    pub fn poll<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Option<DtlsOutput<'a>>, DtlsError> {
        Ok(match self.connection.poll_output(buffer) {
            Output::Packet(packet) => Some(DtlsOutput::Packet(packet)),
            Output::Timeout(at) => Some(DtlsOutput::Wait(at)),
            Output::PeerCert(der) => {
                if !self.expected.iter().any(|theirs| theirs.is_of(der)) {
                    return Err(DtlsError::WrongCertificate);
                }
                self.is_proved = true;
                None
            }
            Output::KeyingMaterial(material, profile) => {
                if !self.is_proved {
                    return Err(DtlsError::WrongCertificate);
                }
                let keys = SrtpKeys::from_dtls(&material, profile, self.connection.is_active());
                Some(DtlsOutput::Keys(keys.ok_or(DtlsError::NoProtection)?))
            }
            Output::Connected if self.is_proved => Some(DtlsOutput::Connected),
            Output::Connected => return Err(DtlsError::WrongCertificate),
            Output::CloseNotify => Some(DtlsOutput::Closed),
            // There are no data channels. A certificate that does not fit is not one of a browser.
            Output::BufferTooSmall { .. } => return Err(DtlsError::WrongCertificate),
            _ => None,
        })
    }

    /// Closes the connection; what is left to send comes out of poll.
    ///
    /// # Errors
    /// It was over before.
    pub fn close(&mut self) -> Result<(), DtlsError> {
        Ok(self.connection.close()?)
    }

    /// Whether nothing is left to be done.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }
}

impl fmt::Debug for Dtls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dtls").field("is_proved", &self.is_proved).finish_non_exhaustive()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

fn config(wants_cookie: bool) -> Option<Arc<Config>> {
    let made = if wants_cookie { &WITH_COOKIE } else { &CONFIG };
    let make = || Config::builder().use_server_cookie(wants_cookie).mtu(MTU).build();
    made.get_or_init(|| make().ok().map(Arc::new)).clone()
}

fn untested() -> DtlsError {
    DtlsError::Unavailable("its self-test failed".into())
}

impl SrtpKeys {
    /// From what DTLS exports: the client's key, the server's key, the client's salt, the server's
    /// salt (RFC 5764 section 4.2). `None` when there is too little of it, or it is for a suite that
    /// we don't have.
    #[must_use]
    pub fn from_dtls(material: &[u8], profile: SrtpProfile, we_are_client: bool) -> Option<Self> {
        let suite = match profile {
            SrtpProfile::AES128_CM_SHA1_80 => SrtpSuite::AesCm128HmacSha1Tag80,
            SrtpProfile::AEAD_AES_128_GCM => SrtpSuite::AeadAes128Gcm,
            SrtpProfile::AEAD_AES_256_GCM => SrtpSuite::AeadAes256Gcm,
            _ => return None,
        };
        let (client_key, rest) = material.split_at_checked(suite.key_len())?;
        let (server_key, salts) = rest.split_at_checked(suite.key_len())?;
        let (client_salt, server_salt) = salts.split_at_checked(suite.salt_len())?;
        let client = SrtpKey::new(suite, client_key, client_salt)?;
        let server = SrtpKey::new(suite, server_key, server_salt)?;
        let (ours, theirs) = if we_are_client { (client, server) } else { (server, client) };
        Some(Self { ours, theirs })
    }
}

#[cfg(test)]
mod tests;
