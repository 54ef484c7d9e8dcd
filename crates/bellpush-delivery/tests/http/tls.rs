//! HTTPS: certificates are checked, and HTTP/2 is spoken where the endpoint agrees.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;
use bellpush_core::delivery::FailureClass;
use bellpush_delivery::client::{
    AddressPolicy, ClientSettings, Outcome, Request, Resolve, Resolving, WebhookClient, tls,
};
use bytes::Bytes;
use http::{HeaderMap, Method};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::quick;

/// An HTTPS endpoint for `hooks.example` with a certificate of its own.
pub(crate) struct TlsSink {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: CertificateDer<'static>,
    /// Connections that were accepted.
    pub(crate) connections: Arc<AtomicUsize>,
    versions: Arc<Mutex<Vec<http::Version>>>,
}

impl TlsSink {
    pub(crate) async fn start(address: &str, protocols: &[&str]) -> Self {
        let (acceptor, certificate) = acceptor(protocols);
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let versions = Arc::<Mutex<Vec<http::Version>>>::default();
        let (accepted, seen) = (Arc::clone(&connections), Arc::clone(&versions));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let serve = hyper::service::service_fn(|request: http::Request<_>| {
                        let _: &hyper::body::Incoming = request.body();
                        seen.lock().unwrap().push(request.version());
                        // Without keep-alive, so that each request of HTTP/1.1 connects anew.
                        let mut response = http::Response::new(String::from("thanks"));
                        if request.version() == http::Version::HTTP_11 {
                            let close = http::HeaderValue::from_static("close");
                            response.headers_mut().insert("connection", close);
                        }
                        async move { Ok::<_, std::convert::Infallible>(response) }
                    });
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), serve).await;
                });
            }
        });
        Self { address, certificate, connections, versions }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://hooks.example:{}/hook", self.address.port())
    }
}

/// TLS for `hooks.example` with a certificate of its own.
pub(crate) fn acceptor(protocols: &[&str]) -> (TlsAcceptor, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["hooks.example".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    (acceptor_with(vec![certificate.clone()], key, protocols), certificate)
}

/// TLS with this chain of certificates.
pub(crate) fn acceptor_with(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    protocols: &[&str],
) -> TlsAcceptor {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// Answers each look-up with the next address, and the last one for ever.
pub(crate) struct Scripted {
    pub(crate) answers: Vec<Vec<IpAddr>>,
    pub(crate) asked: AtomicUsize,
}

impl Scripted {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|one| one.parse().unwrap()).collect();
        Arc::new(Self { answers: answers.iter().map(parse).collect(), asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Scripted {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Box::pin(async move { Ok(self.answers[number].clone()) })
    }
}

/// A client that trusts these certificates only, and without any only one that nobody has.
pub(crate) fn client(
    addresses: AddressPolicy,
    resolver: Arc<dyn Resolve>,
    trusted: &[&CertificateDer<'static>],
) -> WebhookClient {
    let settings = ClientSettings { addresses, ..ClientSettings::default() };
    client_with(&settings, resolver, trusted)
}

pub(crate) fn client_with(
    settings: &ClientSettings,
    resolver: Arc<dyn Resolve>,
    trusted: &[&CertificateDer<'static>],
) -> WebhookClient {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|certificate| roots.add((*certificate).clone()).unwrap());
    if roots.is_empty() {
        let nobody = rcgen::generate_simple_self_signed(["nobody.example".to_owned()]).unwrap();
        roots.add(nobody.cert.der().clone()).unwrap();
    }
    WebhookClient::with(settings, resolver, tls(roots).unwrap())
}

pub(crate) async fn post(client: &WebhookClient, url: &str) -> Outcome {
    post_within(client, url, Duration::from_secs(10)).await
}

pub(crate) async fn post_within(client: &WebhookClient, url: &str, within: Duration) -> Outcome {
    let url: bellpush_core::integration::EndpointUrl = url.parse().unwrap();
    let uri = url.plain().unwrap().as_str().parse().unwrap();
    let request = Request {
        method: Method::POST,
        uri,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    };
    client.post(&request, within).await
}

fn loopback() -> AddressPolicy {
    quick().client.addresses
}

#[tokio::test]
async fn an_endpoint_that_speaks_http_2_gets_it_over_one_connection() {
    let sink = TlsSink::start("127.0.0.1:0", &["h2", "http/1.1"]).await;
    let client = client(loopback(), Scripted::new(&[&["127.0.0.1"]]), &[&sink.certificate]);
    for _ in 0..3 {
        let answer = post(&client, &sink.url()).await;
        assert_eq!(
            (answer.status, answer.detail.as_str()),
            (Some(StatusCode::OK.as_u16()), "thanks")
        );
    }
    assert_eq!(*sink.versions.lock().unwrap(), [http::Version::HTTP_2; 3]);
    assert_eq!(sink.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_endpoint_that_speaks_http_1_only_gets_that() {
    let sink = TlsSink::start("127.0.0.1:0", &["http/1.1"]).await;
    let client = client(loopback(), Scripted::new(&[&["127.0.0.1"]]), &[&sink.certificate]);
    assert_eq!(post(&client, &sink.url()).await.status, Some(200));
    assert_eq!(*sink.versions.lock().unwrap(), [http::Version::HTTP_11]);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_is_for_another_name_is_refused() {
    let sink = TlsSink::start("127.0.0.1:0", &["http/1.1"]).await;
    let stranger = client(loopback(), Scripted::new(&[&["127.0.0.1"]]), &[]);
    let answer = post(&stranger, &sink.url()).await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::Tls), None));
    let knows = client(loopback(), Scripted::new(&[&["127.0.0.1"]]), &[&sink.certificate]);
    let other_name = sink.url().replace("hooks", "other");
    let answer = post(&knows, &other_name).await;
    assert_eq!(answer.failure, Some(FailureClass::Tls), "{}", answer.detail);
    assert!(sink.versions.lock().unwrap().is_empty(), "a request was sent all the same");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_a_failure_of_tls() {
    let plain = crate::support::Sink::healthy().await;
    let client = client(loopback(), Scripted::new(&[&["127.0.0.1"]]), &[]);
    let answer = post(&client, &format!("https://hooks.example:{}/", plain.address.port())).await;
    assert_eq!(answer.failure, Some(FailureClass::Tls), "{}", answer.detail);
}
