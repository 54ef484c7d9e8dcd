//! Two ends of one connection, with nothing between them.

use bellpush_test_fuzz::Seeds;

use super::*;

/// What an end reported.
#[derive(Debug, Default)]
struct Observed {
    keys: Option<SrtpKeys>,
    is_connected: bool,
    is_closed: bool,
    failed: Option<DtlsError>,
}

/// Polls an end, and returns what it sends.
fn poll(end: &mut Dtls, observed: &mut Observed) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    loop {
        let mut buffer = [0; BUFFER_LEN];
        match end.poll(&mut buffer) {
            Ok(Some(DtlsOutput::Packet(packet))) => sent.push(packet.to_vec()),
            Ok(Some(DtlsOutput::Keys(keys))) => observed.keys = Some(keys),
            Ok(Some(DtlsOutput::Connected)) => observed.is_connected = true,
            Ok(Some(DtlsOutput::Closed)) => observed.is_closed = true,
            Ok(Some(DtlsOutput::Wait(_))) => return sent,
            Ok(None) => {}
            Err(error) => {
                observed.failed = Some(error);
                return sent;
            }
        }
    }
}

/// Carries datagrams to and fro until both ends are silent.
fn talk(now: Instant, client: &mut Dtls, server: &mut Dtls) -> (Observed, Observed) {
    let (mut of_client, mut of_server) = (Observed::default(), Observed::default());
    for _ in 0..20 {
        let (to_server, to_client) = (poll(client, &mut of_client), poll(server, &mut of_server));
        if to_server.is_empty() && to_client.is_empty() {
            break;
        }
        to_server.iter().for_each(|datagram| _ = server.receive(now, datagram));
        to_client.iter().for_each(|datagram| _ = client.receive(now, datagram));
    }
    (of_client, of_server)
}

/// A client that announces this certificate to the server, and has that one.
fn ends(now: Instant, announced: &Certificate, used: &Certificate) -> (Dtls, Dtls) {
    let server = Certificate::generate().unwrap();
    let client = Dtls::new(now, used, vec![server.fingerprint().clone()], Role::Client).unwrap();
    let role = Role::Server { wants_cookie: false };
    // Another one may be announced beside it (RFC 8122 section 5).
    let theirs = vec![Fingerprint::sha256(b"another"), announced.fingerprint().clone()];
    (client, Dtls::new(now, &server, theirs, role).unwrap())
}

#[test]
fn both_ends_agree_on_keys_and_hear_of_the_end() {
    let now = Instant::now();
    let certificate = Certificate::generate().unwrap();
    let (mut client, mut server) = ends(now, &certificate, &certificate);
    let (of_client, of_server) = talk(now, &mut client, &mut server);
    assert!(of_client.is_connected && of_server.is_connected, "{of_client:?} {of_server:?}");
    let (client_keys, server_keys) = (of_client.keys.unwrap(), of_server.keys.unwrap());
    assert_eq!(client_keys.ours, server_keys.theirs);
    assert_eq!(client_keys.theirs, server_keys.ours);
    assert_ne!(client_keys.ours, client_keys.theirs);

    client.close().unwrap();
    let (_, of_server) = talk(now, &mut client, &mut server);
    assert!(of_server.is_closed);
    assert!(client.is_closed());
}

#[test]
fn a_server_that_wants_a_cookie_sends_little_before_it_has_come_back() {
    let now = Instant::now();
    let [ours, theirs] = [(); 2].map(|()| Certificate::generate().unwrap());
    let mut client =
        Dtls::new(now, &theirs, vec![ours.fingerprint().clone()], Role::Client).unwrap();
    let role = Role::Server { wants_cookie: true };
    let mut server = Dtls::new(now, &ours, vec![theirs.fingerprint().clone()], role).unwrap();
    let (mut of_client, mut of_server) = (Observed::default(), Observed::default());
    let hello = poll(&mut client, &mut of_client);
    for datagram in &hello {
        server.receive(now, datagram).unwrap();
    }
    let bytes = |datagrams: &[Vec<u8>]| datagrams.iter().map(Vec::len).sum::<usize>();
    let answer = poll(&mut server, &mut of_server);
    assert!(bytes(&answer) > 0 && bytes(&answer) < bytes(&hello), "{answer:?}");
    for datagram in &answer {
        client.receive(now, datagram).unwrap();
    }
    let (_, of_server) = talk(now, &mut client, &mut server);
    assert!(of_server.keys.is_some() && of_server.is_connected);
}

#[test]
fn nobody_gets_keys_with_a_certificate_that_was_not_announced() {
    let now = Instant::now();
    let [announced, used] = [(); 2].map(|()| Certificate::generate().unwrap());
    let (mut client, mut server) = ends(now, &announced, &used);
    let (_, of_server) = talk(now, &mut client, &mut server);
    assert!(matches!(of_server.failed, Some(DtlsError::WrongCertificate)), "{of_server:?}");
    assert!(of_server.keys.is_none() && !of_server.is_connected);
}

/// A client with this for its certificate, whatever it is, which it has announced.
fn with_certificate(der: &[u8]) -> (Observed, Observed) {
    let now = Instant::now();
    let DtlsCertificate { private_key, .. } = Certificate::generate().unwrap().certificate;
    let certificate = DtlsCertificate { certificate: der.to_vec(), private_key };
    let fingerprint = Fingerprint::sha256(der);
    let client = Certificate { certificate, fingerprint };
    let (mut client, mut server) = ends(now, &client, &client);
    talk(now, &mut client, &mut server)
}

#[test]
fn a_certificate_of_any_length_and_content_breaks_nothing() {
    for length in [1, 100, 4_080, 4_090, 4_096, 4_097, 5_000, 20_000, 60_000] {
        let (_, of_server) = with_certificate(&vec![0x30; length]);
        assert!(of_server.keys.is_none() && !of_server.is_connected, "{length}: {of_server:?}");
    }
}

#[test]
fn fuzz_certificates_of_browsers() {
    let real = Certificate::generate().unwrap().certificate.certificate;
    let seeds = [real.clone(), real[..100].to_vec(), vec![0x30; 4_096], vec![0x30; 4_100]];
    Seeds::new(seeds).words([&[0x30, 0x82][..], &[0x03, 0x42, 0x00, 0x04]]).run(150, |der| {
        // A client without one does not begin.
        if der.is_empty() {
            return;
        }
        let (_, of_server) = with_certificate(der);
        // The key of another certificate signs.
        assert!(of_server.keys.is_none() && !of_server.is_connected);
    });
}

#[test]
fn a_handshake_that_nobody_answers_fails_in_the_end() {
    let now = Instant::now();
    let certificate = Certificate::generate().unwrap();
    let (mut client, _) = ends(now, &certificate, &certificate);
    let mut observed = Observed::default();
    assert!(!poll(&mut client, &mut observed).is_empty(), "a client begins");
    let ended = (1..=120).find(|second| {
        let failed = client.tick(now + std::time::Duration::from_secs(*second)).is_err();
        poll(&mut client, &mut observed);
        failed || observed.failed.is_some()
    });
    assert!(ended.is_some_and(|second| second > 1), "{ended:?}");
}

#[test]
fn rubbish_is_refused_and_harms_nothing() {
    let now = Instant::now();
    let certificate = Certificate::generate().unwrap();
    let (mut client, mut server) = ends(now, &certificate, &certificate);
    for rubbish in [&[][..], &[22], &[0xFF; 100], &[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]]
    {
        let _ = server.receive(now, rubbish);
    }
    let (_, of_server) = talk(now, &mut client, &mut server);
    assert!(of_server.keys.is_some());
}
