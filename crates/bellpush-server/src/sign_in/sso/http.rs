//! Requests to the provider of single sign-on: by TLS, without redirects, with a time and a size that they
//! may have, and to addresses only that may be called. The provider's document names the others: it must not
//! make this server call what is none of the provider's.

use std::{
    error::Error,
    fmt,
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bellpush_delivery::client::{AddressPolicy, ForbiddenAddress, Resolve, SystemResolver};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, dns::Name},
    },
    rt::TokioExecutor,
};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::ClientConfig;
use url::{Host, Url};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer, at most.
const MAX_BYTES: usize = 1 << 20;

/// A client for providers.
pub(super) struct HttpClient {
    tls: ClientConfig,
    addresses: AddressPolicy,
    resolver: SystemResolver,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

/// A client for what one issuer's document names.
pub(super) struct IssuerClient {
    client: Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<axum::body::Bytes>>,
    guard: Arc<Guard>,
    /// Whether the issuer has TLS, and so everything that it names must.
    is_secure: bool,
}

/// A request that failed, in words.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// It was made, or begun.
    #[error("{0}")]
    Failed(String),
    /// It goes where this server does not go for an issuer.
    #[error("{0}")]
    Forbidden(String),
}

/// Which addresses are called for an issuer.
#[derive(Debug)]
struct Guard {
    addresses: AddressPolicy,
    /// Whether the issuer itself has an address of the operator's own network.
    is_of_own_network: bool,
}

impl Guard {
    fn check(&self, address: IpAddr) -> Result<(), ForbiddenAddress> {
        match self.addresses.check(address) {
            Err(forbidden) if self.is_of_own_network && forbidden.is_of_own_network() => Ok(()),
            checked => checked,
        }
    }
}

/// Finds the addresses of a host that may be called.
#[derive(Debug, Clone)]
struct GuardedResolver {
    resolver: SystemResolver,
    guard: Arc<Guard>,
}

impl tower::Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { resolver, guard } = self.clone();
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await?;
            found.iter().try_for_each(|address| guard.check(*address))?;
            let found: Vec<_> = found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(found.into_iter())
        })
    }
}

impl HttpClient {
    pub(super) fn new(tls: ClientConfig, addresses: AddressPolicy) -> Self {
        Self { tls, addresses, resolver: SystemResolver::default() }
    }

    /// A client for what this issuer names. It shares no connection with those of others.
    pub(super) async fn for_issuer(&self, issuer: &Url) -> IssuerClient {
        let found = match issuer.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            // One that is not found is not found again below, where that is told.
            Some(Host::Domain(name)) => self.resolver.resolve(name).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let is_own = |address: &IpAddr| {
            self.addresses.check(*address).is_err_and(|it| it.is_of_own_network())
        };
        let is_of_own_network = found.iter().any(is_own);
        let guard = Arc::new(Guard { addresses: self.addresses.clone(), is_of_own_network });
        let resolver =
            GuardedResolver { resolver: self.resolver.clone(), guard: Arc::clone(&guard) };
        let mut connector = HttpConnector::new_with_resolver(resolver);
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        IssuerClient {
            client: Client::builder(TokioExecutor::new()).build(connector),
            guard,
            is_secure: issuer.scheme() == "https",
        }
    }
}

impl IssuerClient {
    /// Whether something that the issuer names may be reached by this scheme.
    ///
    /// # Errors
    /// [`HttpError::Forbidden`].
    pub(super) fn check_scheme(&self, scheme: &str) -> Result<(), HttpError> {
        if scheme == "https" || !self.is_secure {
            return Ok(());
        }
        let words = "it names an address that is reached without TLS, while it has TLS itself";
        Err(HttpError::Forbidden(words.into()))
    }

    /// The resolver does not see hosts that are addresses themselves.
    fn check_host(&self, host: &str) -> Result<(), ForbiddenAddress> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host.parse().map_or(Ok(()), |address| self.guard.check(address))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let failed = |why: String| HttpError::Failed(format!("{host}: {why}"));
        let forbidden = |why: ForbiddenAddress| HttpError::Forbidden(format!("{host}: {why}"));
        self.check_scheme(request.uri().scheme_str().unwrap_or_default())?;
        self.check_host(&host).map_err(forbidden)?;
        let request = request.map(|body| Full::new(body.into()));
        let exchange = async {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| match forbidden_address(&error) {
                Some(why) => forbidden(why),
                None => failed(chain(&error)),
            })?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MAX_BYTES).collect().await;
            let body = body.map_err(|error| failed(error.to_string()))?.to_bytes().to_vec();
            Ok(HttpResponse::from_parts(parts, body))
        };
        match tokio::time::timeout(TIMEOUT, exchange).await {
            Ok(result) => result,
            Err(_) => Err(failed(format!("no answer within {} s", TIMEOUT.as_secs()))),
        }
    }
}

impl<'c> AsyncHttpClient<'c> for IssuerClient {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The address for which a connection was not made, if that is why.
fn forbidden_address(error: &(dyn Error + 'static)) -> Option<ForbiddenAddress> {
    let mut causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.find_map(|error| error.downcast_ref()).copied()
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use bellpush_delivery::client::system_tls;
    use tokio::net::TcpListener;

    use super::*;

    async fn client(issuer: &str, addresses: AddressPolicy) -> IssuerClient {
        let client = HttpClient::new(system_tls().unwrap(), addresses);
        client.for_issuer(&issuer.parse().unwrap()).await
    }

    async fn get(client: &IssuerClient, url: &str) -> Result<HttpResponse, HttpError> {
        client.send(http::Request::get(url).body(Vec::new()).unwrap()).await
    }

    /// What of these URLs is not even called.
    async fn forbidden(client: &IssuerClient, urls: &[&str]) {
        for url in urls {
            let refused = get(client, url).await;
            assert!(matches!(refused, Err(HttpError::Forbidden(_))), "{url}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn an_issuer_with_tls_leads_nowhere_else() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = [("http", "127.0.0.1"), ("http", "localhost"), ("https", "127.0.0.1")]
            .into_iter()
            .chain([("https", "localhost")])
            .map(|(scheme, host)| format!("{scheme}://{host}:{port}/jwks"));
        let public = client("https://192.88.99.1", AddressPolicy::default()).await;
        for url in own {
            forbidden(&public, &[&url]).await;
        }
        forbidden(
            &public,
            &["http://169.254.169.254/", "https://169.254.169.254/", "https://[fd00::1]/"],
        )
        .await;
        let accepted = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(accepted.is_err(), "a connection was made");
        assert!(public.check_scheme("http").is_err());
    }

    #[tokio::test]
    async fn an_issuer_of_the_own_network_names_others_of_it_and_no_metadata() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = client("http://localhost:1", AddressPolicy::default()).await;
        let url = format!("http://127.0.0.1:{port}/jwks");
        let (asked, accepted) = tokio::join!(get(&own, &url), async {
            // Dropped without an answer.
            listener.accept().await.map(drop)
        });
        accepted.unwrap();
        assert!(matches!(asked, Err(HttpError::Failed(_))), "{asked:?}");
        forbidden(&own, &["http://169.254.169.254/", "http://[fe80::1]/"]).await;
        forbidden(&own, &["http://100.100.100.200/", "http://[fd00:ec2::254]/"]).await;
    }
}
