//! Opens connections to addresses that were checked, and to no others.
//!
//! The name is resolved here, once for each connection, every address is checked, and the socket
//! is connected to the address that was checked: there is no second look-up that could answer
//! differently (DNS rebinding). TLS still checks the certificate for the name.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;

use super::{
    guard::{AddressPolicy, ForbiddenAddress},
    resolver::Resolve,
};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("the URL has no host")]
    NoHost,
    #[error("the host name could not be resolved: {0}")]
    Resolve(io::Error),
    #[error("the host name has no address")]
    NoAddress,
    #[error(transparent)]
    Forbidden(#[from] ForbiddenAddress),
    #[error("plain http is for loopback addresses only, when the server's operator allows them")]
    PlainHttp,
    #[error("no connection: {0}")]
    Refused(io::Error),
    #[error("no connection within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

/// Opens TCP connections to checked addresses.
#[derive(Clone)]
pub(super) struct GuardedTcp {
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) policy: Arc<AddressPolicy>,
    pub(super) timeout: Duration,
}

impl GuardedTcp {
    async fn connect(&self, uri: &Uri) -> Result<TcpStream, ConnectError> {
        let https = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let host = uri.host().ok_or(ConnectError::NoHost)?;
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let addresses = self.addresses(host).await?;
        for address in &addresses {
            self.policy.check(*address)?;
            let plain_is_allowed = self.policy.allow_loopback && address.is_loopback();
            if !https && !plain_is_allowed {
                return Err(ConnectError::PlainHttp);
            }
        }
        self.connect_to_first(&addresses, port).await
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ConnectError> {
        let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = literal.unwrap_or(host).parse() {
            return Ok(vec![address]);
        }
        self.resolver.resolve(host).await.map_err(ConnectError::Resolve)
    }

    /// Tries the addresses in turn. Each gets its share of the time, so that one that swallows
    /// packets leaves some to the next.
    async fn connect_to_first(
        &self,
        addresses: &[IpAddr],
        port: u16,
    ) -> Result<TcpStream, ConnectError> {
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let share = self.timeout / count;
        let mut last = ConnectError::NoAddress;
        for address in addresses {
            let connecting = TcpStream::connect(SocketAddr::new(*address, port));
            match tokio::time::timeout(share, connecting).await {
                Ok(Ok(stream)) => {
                    // A request is one write and its answer is awaited: nothing to gather.
                    stream.set_nodelay(true).map_err(ConnectError::Refused)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = ConnectError::Refused(error),
                Err(_) => last = ConnectError::TimedOut(share),
            }
        }
        Err(last)
    }
}

impl Service<Uri> for GuardedTcp {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.connect(&uri).await.map(TokioIo::new) })
    }
}

/// Bounds the time of a connection with all that belongs to it: name, TCP and TLS.
#[derive(Clone)]
pub(super) struct ConnectTimeout<C> {
    pub(super) inner: C,
    pub(super) timeout: Duration,
}

impl<C> Service<Uri> for ConnectTimeout<C>
where
    C: Service<Uri>,
    C::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, limit) = (self.inner.call(uri), self.timeout);
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(done) => done.map_err(Into::into),
                Err(_) => Err(ConnectError::TimedOut(limit).into()),
            }
        })
    }
}
