//! Addresses that may not be called are not, whatever the URL, the name server or the endpoint says.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use bellpush_core::{
    delivery::FailureClass,
    integration::{EndpointUrl, IntegrationSettings},
};
use bellpush_delivery::{
    Endpoint, Signer,
    client::{AddressPolicy, Outcome, WebhookClient},
};

use crate::{
    support::{FakeQueue, Sink, integration, quick},
    tls::{Scripted, TlsSink, client, post},
};

/// Stands for the internet here: the tests must not leave this machine.
fn public_is_127_0_0_2() -> AddressPolicy {
    AddressPolicy { allow: vec!["127.0.0.2/32".parse().unwrap()], ..AddressPolicy::default() }
}

#[tokio::test]
async fn a_name_that_resolves_to_another_address_the_second_time_is_refused_then() {
    let public = TlsSink::start("127.0.0.2:0", &["http/1.1"]).await;
    let port = public.address.port();
    let inside = TlsSink::start(&format!("127.0.0.1:{port}"), &["http/1.1"]).await;
    let resolver = Scripted::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let trusted = [&public.certificate, &inside.certificate];
    let client = client(public_is_127_0_0_2(), resolver.clone(), &trusted);

    assert_eq!(post(&client, &public.url()).await.status, Some(200));
    // One look-up for a connection: what was checked is what is connected to.
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1);
    let answer = post(&client, &public.url()).await;
    assert_eq!((answer.failure, answer.status), (Some(FailureClass::Forbidden), None));
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 2);
    assert_eq!(inside.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn one_forbidden_address_among_several_is_enough_to_refuse() {
    let public = TlsSink::start("127.0.0.2:0", &["http/1.1"]).await;
    for answers in [["127.0.0.2", "10.0.0.1"], ["169.254.169.254", "127.0.0.2"]] {
        let resolver = Scripted::new(&[&answers]);
        let client = client(public_is_127_0_0_2(), resolver, &[&public.certificate]);
        let answer = post(&client, &public.url()).await;
        assert_eq!(answer.failure, Some(FailureClass::Forbidden), "{answers:?}");
    }
    assert_eq!(public.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn addresses_written_into_the_url_are_checked_in_every_form() {
    let inside = Sink::healthy().await;
    let port = inside.address.port();
    let resolver = Scripted::new(&[&["127.0.0.2"]]);
    let client = client(AddressPolicy::default(), resolver.clone(), &[]);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:0:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::127.0.0.1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "100.64.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "10.0.0.1",
        "169.254.169.254",
    ] {
        let answer = post(&client, &format!("https://{host}:{port}/")).await;
        assert_eq!(answer.failure, Some(FailureClass::Forbidden), "{host}: {}", answer.detail);
    }
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 0, "an address was looked up as a name");
    assert!(inside.received().is_empty());
}

#[tokio::test]
async fn plain_http_needs_loopback_and_the_operators_word() {
    let sink = Sink::healthy().await;
    let refused = client(AddressPolicy::default(), Scripted::new(&[&["127.0.0.1"]]), &[]);
    assert_eq!(post(&refused, &sink.url()).await.failure, Some(FailureClass::Forbidden));

    let allow_range = client(public_is_127_0_0_2(), Scripted::new(&[&["127.0.0.2"]]), &[]);
    let answer = post(&allow_range, "http://127.0.0.2:9/").await;
    assert_eq!(answer.failure, Some(FailureClass::Forbidden), "a range does not allow plain HTTP");

    // `localhost` is what the name server says it is.
    let elsewhere = Scripted::new(&[&["192.0.2.1"]]);
    let mut addresses = quick().client.addresses;
    addresses.allow.push("192.0.2.0/24".parse().unwrap());
    let answer = post(&client(addresses, elsewhere, &[]), "http://localhost:9/").await;
    assert_eq!(answer.failure, Some(FailureClass::Forbidden), "{}", answer.detail);

    let allowed = client(quick().client.addresses, Scripted::new(&[&["127.0.0.1"]]), &[]);
    assert_eq!(post(&allowed, &sink.url()).await.status, Some(200));
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test]
async fn a_name_without_an_address_is_no_connection() {
    let client = client(AddressPolicy::default(), Scripted::new(&[&[]]), &[]);
    let answer = post(&client, "https://hooks.example/").await;
    assert_eq!(answer.failure, Some(FailureClass::Connect));
}

/// The client's, with settings and secrets as an integration has them.
async fn send(settings: &IntegrationSettings, secret: &str) -> Outcome {
    let secrets = BTreeMap::from([("x".parse().unwrap(), secret.into())]);
    let endpoint =
        Endpoint::new(integration(0), settings, Signer::new(crate::support::secret()), &secrets);
    let queue = FakeQueue::with(&[]);
    let request = endpoint.unwrap().request(&queue.commit(0, None), 1, jiff::Timestamp::now());
    let client = WebhookClient::new(&quick().client).unwrap();
    client.post(&request.unwrap(), Duration::from_secs(5)).await
}

#[tokio::test]
async fn a_secret_that_spells_another_host_goes_to_the_one_that_was_written() {
    let (written, other) = (Sink::healthy().await, Sink::healthy().await);
    let other_host = other.address.to_string();
    for secret in [
        format!("@{other_host}/"),
        format!("//{other_host}/x"),
        format!("/../..//{other_host}/"),
        format!("\\\\{other_host}\\x"),
        format!("http://{other_host}/"),
        format!("x@{other_host}:80/?#"),
    ] {
        for url in ["/{secret.x}", "/a/{secret.x}/b", "?x={secret.x}", "/#{secret.x}"] {
            let url = format!("http://{}{url}", written.address);
            let settings = IntegrationSettings::new("n", url.parse().unwrap());
            let answer = send(&settings, &secret).await;
            assert_eq!(answer.status, Some(200), "{url} with {secret}: {}", answer.detail);
        }
    }
    assert_eq!(written.received().len(), 24);
    assert!(other.received().is_empty());
    for url in
        ["http://{secret.x}/", "https://hooks.example{secret.x}/", "http://127.0.0.1:{secret.x}/"]
    {
        assert!(url.parse::<EndpointUrl>().is_err(), "{url} was accepted");
    }
}
