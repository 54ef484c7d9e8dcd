//! The callers' DTLS, whose keys can be overheard.
//!
//! str0m drives the handshake and keeps the keys to itself. Media goes past it, as it does more with
//! every packet than a load needs: so the keys are read where DTLS hands them over.

use std::{
    cell::Cell,
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use bellpush_srtp::SrtpKeys;
use dimpl::{Config, Dtls};
use str0m::{
    config::DtlsVersion,
    crypto::{
        self, CryptoError, CryptoProvider,
        dtls::{DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion},
    },
};

/// Made once: with each, the library tests all of its cryptography, which takes longer than a
/// handshake.
static CONFIG: OnceLock<Option<Arc<Config>>> = OnceLock::new();

thread_local! {
    /// What DTLS agreed on within the present [`overhear`].
    static AGREED: Cell<Option<SrtpKeys>> = const { Cell::new(None) };
}

/// str0m's cryptography, with a DTLS that can be overheard.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider { dtls_provider: &Overheard, ..crypto::from_feature_flags() }
}

/// Does something with a connection, and returns what keys DTLS agreed on meanwhile.
pub(super) fn overhear<T>(action: impl FnOnce() -> T) -> (T, Option<SrtpKeys>) {
    // A panic may have left those of another connection.
    AGREED.take();
    let result = action();
    (result, AGREED.take())
}

#[derive(Debug)]
struct Overheard;

impl DtlsProvider for Overheard {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        crypto::from_feature_flags().dtls_provider.generate_certificate()
    }

    /// Always DTLS 1.2, which all browsers speak, and with the MTU of the first connection: all have
    /// the same.
    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        _version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let config = CONFIG.get_or_init(|| config(mtu)).clone();
        let config = config.ok_or_else(|| CryptoError::Other("DTLS is not available".into()))?;
        Ok(Box::new(OverheardDtls(Dtls::new_12(config, cert.clone(), now))))
    }
}

fn config(mtu: Option<usize>) -> Option<Arc<Config>> {
    let builder = Config::builder().use_server_cookie(false);
    let builder = match mtu {
        Some(mtu) => builder.mtu(mtu),
        None => builder,
    };
    builder.build().ok().map(Arc::new)
}

struct OverheardDtls(Dtls);

impl fmt::Debug for OverheardDtls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverheardDtls").finish_non_exhaustive()
    }
}

impl DtlsInstance for OverheardDtls {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.0.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            AGREED.set(SrtpKeys::from_dtls(material, *profile, self.0.is_active()));
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
