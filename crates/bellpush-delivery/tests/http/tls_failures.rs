//! What goes wrong before there is an answer, each with its class and a sentence that says what to do.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bellpush_core::delivery::FailureClass;
use bellpush_delivery::client::{ClientSettings, Outcome};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

use crate::{
    support::{quick, raw_endpoint},
    tls::{Scripted, acceptor, acceptor_with, client, client_with, post_within},
};

const WITHIN: Duration = Duration::from_secs(5);

/// A root, an intermediate of it, and what is needed to make certificates by that.
struct Authority {
    root: CertificateDer<'static>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

fn params(name: &str, is_ca: bool) -> CertificateParams {
    let names = if is_ca { Vec::new() } else { vec![name.to_owned()] };
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    }
    params
}

impl Authority {
    fn new(root: &str) -> Self {
        Self::with(root, params("Intermediate", true))
    }

    fn with(root: &str, intermediate: CertificateParams) -> Self {
        let root =
            CertifiedIssuer::self_signed(params(root, true), KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let intermediate = CertifiedIssuer::signed_by(intermediate, key, &root).unwrap();
        Self { root: root.der().clone(), intermediate }
    }

    /// A certificate for the endpoint, with its key.
    fn certify(
        &self,
        params: &CertificateParams,
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.intermediate).unwrap();
        (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }

    /// What comes of a request to an endpoint with this chain, by a client that trusts the root.
    async fn ask(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Outcome {
        ask(chain, key, &self.root).await
    }
}

async fn ask(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    trusted: &CertificateDer<'static>,
) -> Outcome {
    let acceptor = acceptor_with(chain, key, &["http/1.1"]);
    let address = raw_endpoint(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            _ = stream.read_u8().await;
            _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    })
    .await;
    let client = client(quick().client.addresses, Scripted::new(&[&["127.0.0.1"]]), &[trusted]);
    post_within(&client, &format!("https://hooks.example:{}/", address.port()), WITHIN).await
}

#[tokio::test]
async fn a_certificate_that_can_not_be_trusted_is_told_by_what_is_wrong_with_it() {
    let authority = Authority::new("Root");
    let intermediate = authority.intermediate.der().clone();
    let (good, key) = authority.certify(&params("hooks.example", false));
    let full = vec![good.clone(), intermediate.clone()];
    assert_eq!(authority.ask(full.clone(), key.clone_key()).await.status, Some(204));

    let outcome = authority.ask(vec![good], key.clone_key()).await;
    let missing = "without the intermediate one";
    assert_eq!(outcome.failure, Some(FailureClass::Tls));
    assert!(outcome.detail.contains(missing), "{}", outcome.detail);

    for (root, words) in
        [("Other", "does not trust"), ("Root", "not signed by the authority that it names")]
    {
        let outcome = ask(full.clone(), key.clone_key(), &Authority::new(root).root).await;
        assert!(outcome.detail.contains(words), "{}", outcome.detail);
    }

    let mut expired = params("hooks.example", false);
    (expired.not_before, expired.not_after) =
        (date_time_ymd(2020, 1, 1), date_time_ymd(2024, 5, 17));
    let mut to_come = params("hooks.example", false);
    to_come.not_before = date_time_ymd(2094, 5, 17);
    let other_name = params("other.example", false);
    for (params, words) in [
        (expired, "expired on 2024-05-17"),
        (to_come, "valid from 2094-05-17 on only"),
        (other_name, "is for other.example, not for hooks.example"),
    ] {
        let (certificate, key) = authority.certify(&params);
        let outcome = authority.ask(vec![certificate, intermediate.clone()], key).await;
        assert_eq!(outcome.failure, Some(FailureClass::Tls));
        assert!(outcome.detail.contains(words), "{}", outcome.detail);
    }
}

#[tokio::test]
async fn an_intermediate_certificate_that_is_not_valid_now_is_not_taken_for_the_endpoints_own() {
    let mut expired = params("Intermediate", true);
    (expired.not_before, expired.not_after) =
        (date_time_ymd(2020, 1, 1), date_time_ymd(2024, 5, 17));
    let mut to_come = params("Intermediate", true);
    to_come.not_before = date_time_ymd(2094, 5, 17);
    for (intermediate, words) in [
        (expired, "an intermediate certificate that the endpoint sends expired on 2024-05-17"),
        (
            to_come,
            "an intermediate certificate that the endpoint sends is valid from 2094-05-17 on",
        ),
    ] {
        let authority = Authority::with("Root", intermediate);
        let (certificate, key) = authority.certify(&params("hooks.example", false));
        let chain = vec![certificate, authority.intermediate.der().clone()];
        let outcome = authority.ask(chain, key).await;
        assert_eq!(outcome.failure, Some(FailureClass::Tls));
        assert!(outcome.detail.contains(words), "{}", outcome.detail);
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_called_that_whatever_else_it_is() {
    for is_ca in [false, true] {
        let key = KeyPair::generate().unwrap();
        let mut params = params("hooks.example", false);
        if is_ca {
            // As `openssl req -x509` makes them.
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let outcome = ask(vec![certificate], key, &Authority::new("Root").root).await;
        assert_eq!(outcome.failure, Some(FailureClass::Tls));
        assert!(outcome.detail.contains("self-signed"), "{is_ca}: {}", outcome.detail);
    }
}

/// What comes of a request by HTTPS to a port at which this is answered to whatever comes.
async fn ask_port(answer: Option<&'static [u8]>) -> Outcome {
    let address = raw_endpoint(move |mut stream| async move {
        let mut read = [0; 1_024];
        _ = stream.read(&mut read).await;
        match answer {
            Some(answer) => _ = stream.write_all(answer).await,
            None => std::future::pending().await,
        }
        _ = stream.shutdown().await;
        while stream.read(&mut read).await.is_ok_and(|read| read > 0) {}
    })
    .await;
    let settings = ClientSettings { connect_timeout: Duration::from_millis(500), ..quick().client };
    let client = client_with(&settings, Scripted::new(&[&["127.0.0.1"]]), &[]);
    post_within(&client, &format!("https://hooks.example:{}/", address.port()), WITHIN).await
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_told_by_what_it_does() {
    let http = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    for (answer, words) in [
        (Some(&http[..]), "speaks plain HTTP at this port"),
        (Some(b"SSH-2.0-OpenSSH_9.9\r\n"), "does not speak TLS at this port"),
        (Some(b""), "closed the connection during the handshake"),
        // An alert: handshake_failure.
        (Some(&[21, 3, 3, 0, 2, 2, 40]), "no version or cipher of TLS in common"),
        (None, "did not finish the TLS handshake within 500 ms"),
    ] {
        let outcome = ask_port(answer).await;
        assert_eq!(outcome.failure, Some(FailureClass::Tls), "{}", outcome.detail);
        assert!(outcome.detail.contains(words), "{words}: {}", outcome.detail);
    }
}

#[tokio::test]
async fn all_who_wait_for_a_mute_endpoint_learn_so_in_time_and_alike() {
    let address = raw_endpoint(|_stream| std::future::pending()).await;
    let settings = ClientSettings { connect_timeout: Duration::from_millis(500), ..quick().client };
    let client = Arc::new(client_with(&settings, Scripted::new(&[&["127.0.0.1"]]), &[]));
    let begun = Instant::now();
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, url) =
            (Arc::clone(&client), format!("https://hooks.example:{}/", address.port()));
        requests.spawn(async move { post_within(&client, &url, WITHIN).await });
    }
    for outcome in requests.join_all().await {
        assert_eq!(outcome.failure, Some(FailureClass::Tls), "{}", outcome.detail);
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

/// Keeps a port so full that a further connection hangs.
struct Hanging(#[expect(dead_code, reason = "kept open")] Mutex<Vec<tokio::net::TcpStream>>);

impl Hanging {
    async fn at(address: SocketAddr) -> (Self, tokio::net::TcpListener) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut streams = Vec::new();
        let connect = || {
            tokio::time::timeout(
                Duration::from_millis(100),
                tokio::net::TcpStream::connect(address),
            )
        };
        while let Ok(Ok(stream)) = connect().await {
            streams.push(stream);
        }
        (Self(Mutex::new(streams)), listener)
    }
}

#[tokio::test]
async fn of_many_addresses_the_one_that_answers_is_found_wherever_it_stands() {
    let (acceptor, certificate) = acceptor(&["http/1.1"]);
    let address = raw_endpoint(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            _ = stream.read_u8().await;
            _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    })
    .await;
    let mut hanging = Vec::new();
    let mut addresses: Vec<String> = Vec::new();
    for last in 2..=20 {
        let at = SocketAddr::from(([127, 0, 7, last], address.port()));
        hanging.push(Hanging::at(at).await);
        addresses.push(at.ip().to_string());
    }
    addresses.push("127.0.0.1".to_owned());
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let client = client(quick().client.addresses, Scripted::new(&[&addresses]), &[&certificate]);
    let url = format!("https://hooks.example:{}/", address.port());
    let outcome = post_within(&client, &url, WITHIN).await;
    assert_eq!(outcome.status, Some(204), "{:?}: {}", outcome.failure, outcome.detail);
}
