//! Endpoints that misbehave, each in its way, and then work: every event arrives in the end, with
//! its id and in its bytes; the delivery log says what was wrong; nobody else notices.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::time::Duration;

use bellpush_fault_tests::{
    endpoint::{Conduct, Endpoint, Request, Welcome},
    shop::{Attempt, Delivery, Neighbour, Shop},
    tls::{Authority, Kind, TlsFront, trust},
};
use bellpush_test_support::{
    eventually,
    server::{Options, ServerProcess},
};

/// A time-out, the wait before a retry, and as much again for a busy machine.
const DELIVERED_WITHIN: Duration = Duration::from_secs(30);

/// What a failed attempt must look like.
struct Failure {
    class: &'static str,
    status: Option<u16>,
}

/// Sends events to the endpoint while a neighbour does business; returns the deliveries.
async fn send(endpoint: &Endpoint, count: usize) -> anyhow::Result<Vec<Delivery>> {
    let server = ServerProcess::start(Options::sqlite()).await?;
    let shop = Shop::open(&server, &endpoint.url()).await?;
    let neighbour = Neighbour::open(&server).await?;
    let events = shop.events(count, 100);
    let sending = shop.send_all(&events, endpoint, DELIVERED_WITHIN);
    let deliveries = neighbour.beside(sending).await?;
    eprintln!("the neighbour got {} events meanwhile", neighbour.served());
    anyhow::ensure!(neighbour.served() > 0, "the neighbour did no business");
    Ok(deliveries)
}

/// What the first attempt gets; the others are accepted.
fn at_first(conduct: Conduct) -> impl Fn(&Request) -> Conduct {
    move |request| if request.attempt() == 1 { conduct.clone() } else { Conduct::Accept }
}

#[track_caller]
fn assert_failed(attempt: &Attempt, expected: &Failure) {
    assert_eq!(attempt.failure.as_deref(), Some(expected.class), "{attempt:?}");
    assert_eq!(attempt.status, expected.status, "{attempt:?}");
    assert!(!attempt.detail.is_empty(), "nothing is said about the failure: {attempt:?}");
}

/// Each delivery has one failed attempt like this and then a good one.
#[track_caller]
fn assert_failed_once(deliveries: &[Delivery], class: &'static str, status: Option<u16>) {
    for delivery in deliveries {
        let [failed, good] = &delivery.attempts[..] else { panic!("{delivery:?}") };
        assert_failed(failed, &Failure { class, status });
        assert_eq!((good.failure.as_deref(), good.status), (None, Some(200)), "{delivery:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_answers_500_so_often_that_it_is_left_alone_gets_everything_afterwards() {
    let endpoint = Endpoint::start(at_first(Conduct::Status(500))).await.unwrap();
    let deliveries = send(&endpoint, 20).await.unwrap();
    assert_eq!(deliveries.len(), 20);
    assert_failed_once(&deliveries, "status", Some(500));
    assert!(deliveries.iter().all(|delivery| delivery.attempts[0].detail == "sorry"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_hangs_is_given_up_for_the_time_being_after_ten_seconds() {
    let endpoint = Endpoint::start(at_first(Conduct::Hang)).await.unwrap();
    let deliveries = send(&endpoint, 6).await.unwrap();
    assert_failed_once(&deliveries, "timed_out", None);
    for delivery in deliveries {
        let waited = delivery.attempts[0].duration_ms;
        assert!((10_000..12_000).contains(&waited), "{waited} ms");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_resets_connections_gets_everything_afterwards() {
    // The very first one before the request is read, the others after it.
    let door = |connection, _| if connection == 0 { Welcome::Reset } else { Welcome::Read };
    let endpoint = Endpoint::with_door(door, at_first(Conduct::Reset)).await.unwrap();
    let deliveries = send(&endpoint, 6).await.unwrap();
    // It depends on who is quicker whether a connection that is reset at once was one at all.
    let at_once = |delivery: &&Delivery| delivery.attempts[0].failure.as_deref() == Some("connect");
    let (at_once, reset): (Vec<_>, Vec<_>) = deliveries.iter().cloned().partition(|d| at_once(&d));
    assert!(at_once.len() <= 1, "{at_once:?}");
    assert_failed_once(&at_once, "connect", None);
    assert_failed_once(&reset, "protocol", None);
    let read = endpoint.requests().iter().filter(|request| request.attempt() == 1).count();
    assert_eq!(read, 5, "one request was never read");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_drips_but_ends_in_time_is_a_success() {
    let endpoint = Endpoint::start(|_| Conduct::Drip(Duration::from_millis(60))).await.unwrap();
    for delivery in send(&endpoint, 6).await.unwrap() {
        let [only] = &delivery.attempts[..] else { panic!("{delivery:?}") };
        assert_eq!((only.failure.as_deref(), only.status), (None, Some(200)));
        assert_eq!(only.detail, "ok");
        assert!(only.duration_ms >= 2_000, "{only:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_drips_for_longer_than_ten_seconds_is_none() {
    let endpoint = Endpoint::start(at_first(Conduct::Drip(Duration::from_secs(1)))).await.unwrap();
    let deliveries = send(&endpoint, 6).await.unwrap();
    assert_failed_once(&deliveries, "timed_out", None);
    assert!(deliveries.iter().all(|delivery| delivery.attempts[0].duration_ms < 12_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_200_whose_body_drips_for_longer_than_ten_seconds_is_not_taken_for_a_success() {
    let slow = Conduct::DripBody(Duration::from_secs(8));
    let endpoint = Endpoint::start(at_first(slow)).await.unwrap();
    let deliveries = send(&endpoint, 6).await.unwrap();
    assert_failed_once(&deliveries, "timed_out", Some(200));
    assert!(deliveries.iter().all(|delivery| delivery.attempts[0].duration_ms < 12_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_answers_of_10_mb_no_more_than_the_beginning_is_kept() {
    const LONG: usize = 10_000_000;
    let endpoint = Endpoint::start(|request| {
        Conduct::Flood(if request.attempt() == 1 { 500 } else { 200 }, LONG)
    })
    .await
    .unwrap();
    let deliveries = send(&endpoint, 6).await.unwrap();
    assert_failed_once(&deliveries, "status", Some(500));
    for attempt in deliveries.iter().flat_map(|delivery| &delivery.attempts) {
        assert_eq!(attempt.detail.len(), 4_096);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_is_closed_in_the_middle_of_a_request_loses_nothing() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    // Every connection is good for one request, and closed within the second one.
    let door = |_, number| if number == 0 { Welcome::Read } else { Welcome::CutOff };
    let endpoint = Endpoint::with_door(door, |_| Conduct::Accept).await.unwrap();
    let shop = Shop::open(&server, &endpoint.url()).await.unwrap();
    let neighbour = Neighbour::open(&server).await.unwrap();
    let mut sent = Vec::new();
    for _ in 0..3 {
        let event = shop.events(1, 100);
        let sending = shop.send_all(&event, &endpoint, DELIVERED_WITHIN);
        let deliveries = neighbour.beside(sending).await.unwrap();
        sent.push(event[0]["id"].clone());
        assert_eq!(deliveries.len(), sent.len());
        // The endpoint said nothing before it closed a connection that was used before: it has not
        // taken the request in, which is sent again at once and counts as one attempt.
        assert_eq!(deliveries[0].attempts.len(), 1, "of the newest, the first of the list");
    }
    let connections: Vec<_> =
        endpoint.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 1, 2], "each request on a connection of its own, in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_speak_http_gets_everything_once_it_does() {
    const NONSENSE: [&[u8]; 6] = [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nok",
        b"",
    ];
    let endpoint = Endpoint::start(|request| {
        let number = request.connection % NONSENSE.len();
        if request.attempt() == 1 { Conduct::Say(NONSENSE[number]) } else { Conduct::Accept }
    })
    .await
    .unwrap();
    let deliveries = send(&endpoint, 6).await.unwrap();
    assert_failed_once(&deliveries, "protocol", None);
}

/// A server that trusts this authority alone, and a shop whose events go to the front.
async fn trusting(
    authority: &Authority,
    front: &TlsFront,
) -> anyhow::Result<(ServerProcess, Shop)> {
    let (variable, file) = trust(&authority.file());
    let server = ServerProcess::start(Options::sqlite().environment(variable, &file)).await?;
    let shop = Shop::open(&server, &front.url()).await?;
    Ok((server, shop))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_renewed_is_no_failure() {
    let authority = Authority::new().unwrap();
    let endpoint = Endpoint::start(|_| Conduct::Accept).await.unwrap();
    let certificate = || authority.certify(Kind::Right).unwrap();
    let front = TlsFront::start(&endpoint.url(), certificate()).await.unwrap();
    let (_server, shop) = trusting(&authority, &front).await.unwrap();
    let mut deliveries = Vec::new();
    for _ in 0..3 {
        let event = shop.events(1, 100);
        deliveries = shop.send_all(&event, &endpoint, DELIVERED_WITHIN).await.unwrap();
        front.change(certificate());
    }
    let failures = deliveries.iter().flat_map(|delivery| &delivery.attempts);
    // A connection may have been closed in the middle of a request.
    let failures: Vec<_> = failures.filter_map(|attempt| attempt.failure.as_deref()).collect();
    assert!(!failures.contains(&"tls"), "{failures:?}");
    assert_eq!(front.refused(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_whose_certificate_becomes_wrong_gets_nothing_until_it_is_right_again() {
    let (authority, stranger) = (Authority::new().unwrap(), Authority::new().unwrap());
    let endpoint = Endpoint::start(|_| Conduct::Accept).await.unwrap();
    let right = || authority.certify(Kind::Right).unwrap();
    let front = TlsFront::start(&endpoint.url(), right()).await.unwrap();
    let (server, shop) = trusting(&authority, &front).await.unwrap();
    let neighbour = Neighbour::open(&server).await.unwrap();
    let mut known = 0;
    for wrong in [
        stranger.certify(Kind::Right),
        authority.certify(Kind::Expired),
        authority.certify(Kind::OtherName),
    ] {
        front.change(wrong.unwrap());
        let (events, read) = (shop.events(2, 100), endpoint.requests().len());
        shop.submit(&events).await.unwrap();
        let failing = eventually("failed attempts", DELIVERED_WITHIN, async || {
            let mut newest = shop.deliveries().await?;
            newest.truncate(newest.len() - known);
            let all = newest.iter().all(|delivery| !delivery.attempts.is_empty());
            Ok((newest.len() == events.len() && all).then_some(newest))
        });
        for delivery in neighbour.beside(failing).await.unwrap() {
            for attempt in &delivery.attempts {
                assert_failed(attempt, &Failure { class: "tls", status: None });
            }
        }
        assert_eq!(endpoint.requests().len(), read, "it was sent something");
        front.change(right());
        shop.arrive(&events, &endpoint, DELIVERED_WITHIN).await.unwrap();
        known += events.len();
    }
    assert!(front.refused() >= known, "{} of {known}", front.refused());
}
