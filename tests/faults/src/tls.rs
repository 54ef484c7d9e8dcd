//! TLS in front of an endpoint, with a certificate that changes.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

/// A certificate authority.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// What a certificate is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it should be.
    Right,
    /// It was valid until long ago.
    Expired,
    /// It is somebody else's.
    OtherName,
}

impl Authority {
    /// A new one, which nobody trusts yet.
    ///
    /// # Errors
    /// Its file can't be written.
    pub fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let folder = tempfile::Builder::new().prefix("bellpush-authority-").tempdir()?;
        let authority = Self { issuer, folder };
        std::fs::write(authority.file(), authority.issuer.pem())?;
        Ok(authority)
    }

    /// The file to trust it by.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// TLS with a new certificate of this authority.
    ///
    /// # Errors
    /// The certificate can't be made.
    pub fn certify(&self, kind: Kind) -> anyhow::Result<ServerConfig> {
        let name = if kind == Kind::OtherName { "127.0.0.2" } else { "127.0.0.1" };
        let mut params = CertificateParams::new([name.to_owned()])?;
        if kind == Kind::Expired {
            (params.not_before, params.not_after) =
                (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 4, 1));
        }
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )?;
        Ok(config)
    }
}

/// Takes TLS connections and hands their bytes on in clear. Dropping it closes it.
pub struct TlsFront {
    address: SocketAddr,
    path: String,
    config: watch::Sender<Arc<ServerConfig>>,
    refused: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// One before the endpoint of this URL.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(endpoint: &str, config: ServerConfig) -> anyhow::Result<Self> {
        let url = endpoint.trim_start_matches("http://");
        let (behind, path) = url.split_once('/').unwrap_or((url, ""));
        let behind: SocketAddr = behind.parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (config, watched) = watch::channel(Arc::new(config));
        let refused = Arc::<Mutex<usize>>::default();
        let task = tokio::spawn(listen(listener, behind, watched, Arc::clone(&refused)));
        Ok(Self { address, path: path.to_owned(), config, refused, task })
    }

    /// The URL for an integration.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}/{}", self.address, self.path)
    }

    /// Takes this certificate from now on, and closes all connections that have seen another.
    pub fn change(&self, config: ServerConfig) {
        self.config.send_replace(Arc::new(config));
    }

    /// How often a client did not like the certificate.
    #[must_use]
    pub fn refused(&self) -> usize {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    listener: TcpListener,
    behind: SocketAddr,
    config: watch::Receiver<Arc<ServerConfig>>,
    refused: Arc<Mutex<usize>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (mut config, refused) = (config.clone(), Arc::clone(&refused));
        connections.spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::clone(&config.borrow_and_update()));
            tokio::select! {
                _ = config.changed() => {}
                ended = pass_on(stream, acceptor, behind) => if ended.is_err() {
                    *refused.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                },
            }
        });
    }
}

/// An error means that there was no agreement on TLS.
async fn pass_on(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    behind: SocketAddr,
) -> anyhow::Result<()> {
    let mut outside = acceptor.accept(stream).await?;
    let mut inside = TcpStream::connect(behind).await?;
    // How it ends is seen by both sides.
    let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
    Ok(())
}

/// The variable by which a process trusts this authority alone.
#[must_use]
pub fn trust(file: &Path) -> (&'static str, String) {
    ("SSL_CERT_FILE", file.to_string_lossy().into_owned())
}
