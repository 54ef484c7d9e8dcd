//! A way to a server that can be shut, as by a network that is cut: connections stay, and nothing comes
//! through.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

/// A door on loopback. What is under way through it ends when it is dropped.
pub struct Door {
    is_open: watch::Sender<bool>,
    address: SocketAddr,
}

impl Door {
    /// An open one to a server.
    ///
    /// # Errors
    /// No port is free.
    pub async fn to(host: String, port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (is_open, passes) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (host, passes) = (host.clone(), passes.clone());
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect((host, port)).await else { return };
                    let ((from_near, to_near), (from_far, to_far)) =
                        (near.into_split(), far.into_split());
                    tokio::select! {
                        () = pass(from_near, to_far, passes.clone()) => {}
                        () = pass(from_far, to_near, passes) => {}
                    }
                });
            }
        });
        Ok(Self { is_open, address })
    }

    /// To the server that a URL names, with the URL through the door.
    ///
    /// # Errors
    /// It names none, or no port is free.
    pub async fn before(url: &str) -> anyhow::Result<(Self, String)> {
        let mut url = Url::parse(url)?;
        let host = url.host_str().context("a URL without a host")?.to_owned();
        let door = Self::to(host, url.port().unwrap_or(5432)).await?;
        url.set_host(Some(&door.address.ip().to_string()))?;
        url.set_port(Some(door.address.port())).ok().context("a URL without a port")?;
        Ok((door, url.into()))
    }

    /// Nothing comes through from now on.
    pub fn shut(&self) {
        self.is_open.send_replace(false);
    }

    /// What waits comes through, and what follows.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }
}

/// Passes bytes on while the door is open, until one side is gone.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut passes: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if passes.wait_for(|is_open| *is_open).await.is_err() {
            return;
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
