//! Calls of the API: the real server, set up by its own API, and SIPp as the telephone.

mod shop;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bellpush_sip_tests::{Certificate, Kamailio, Sipp};
use bellpush_test_support::{SOON, eventually, server::Options, visitor::Visitor, widget::call_id};
use serde_json::{Value, json};
use shop::{Result, Shop, comes_to};

#[tokio::test]
async fn the_telephone_is_told_who_calls_and_the_record_how_it_sounded() -> Result {
    let phone = Sipp::start("plain_answer").await?;
    let shop = Shop::open().await?;
    let more = json!({
        "isDefault": true,
        "callerName": "Order {context.orderId}",
        "headers": { "X-Own": "{routingKey} of {context.name}" },
        "routingKeys": { "vip": { "user": "101" } },
    });
    let profile = shop.profile(&phone, more).await?;
    let widget = shop.widget().await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let call = call_id(&answer)?;
    let media = visitor.accept(&answer.text())?;
    comes_to(&widget, &call, "connected").await?;
    for told in [
        "INVITE sip:101@127.0.0.1".to_owned(),
        "\"Order A-1 %\" <sip:493012345@".to_owned(),
        format!("X-Bellpush-Call: {call}"),
        format!("X-Bellpush-App: {}", shop.app.id),
        "X-Bellpush-Routing-Key: vip".to_owned(),
        "X-Bellpush-Context-orderId: A-1 %25".to_owned(),
        "X-Bellpush-Context-name: Zo%C3%AB".to_owned(),
        "X-Own: vip of Zo%C3%AB".to_owned(),
    ] {
        phone.heard(&told).await?;
    }
    widget.hang_up(&call).await?.expect(204)?;
    let record = shop.record(&call).await?;
    assert_eq!((&record["reason"], &record["profileId"]), (&json!("user_hangup"), &json!(profile)));
    assert_eq!(record["quality"]["visitor"]["codec"], "pcma", "{record}");
    assert_eq!(record["answeredBy"], profile, "{record}");
    let sip_call_id = record["sipCallId"].as_str().context("no Call-ID in the record")?;
    assert!(phone.messages().contains(&format!("Call-ID: {sip_call_id}")), "{record}");
    drop(media);
    phone.finish().await
}

#[tokio::test]
async fn a_busy_telephone_overflows_and_without_an_overflow_the_call_fails() -> Result {
    let busy = Sipp::start_with("refuse", &[("[status]", "486 Busy Here")], "u1").await?;
    let second = Sipp::start("plain_answer").await?;
    let shop = Shop::open().await?;
    let next = shop.profile(&second, json!({})).await?;
    let first = shop.profile(&busy, json!({ "isDefault": true, "overflow": next })).await?;
    let widget = shop.widget().await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let call = call_id(&answer)?;
    let _media = visitor.accept(&answer.text())?;
    comes_to(&widget, &call, "connected").await?;
    widget.hang_up(&call).await?.expect(204)?;
    // The record names who was called first, and who took the call, by the trunk of the latter.
    let record = shop.record(&call).await?;
    assert_eq!((&record["profileId"], &record["answeredBy"]), (&json!(first), &json!(next)));
    assert_eq!(record["trunkId"], shop.trunk_of(&next).await?, "{record}");
    let sip_call_id = record["sipCallId"].as_str().context("no Call-ID in the record")?;
    let header = format!("Call-ID: {sip_call_id}");
    assert!(second.messages().contains(&header) && !busy.messages().contains(&header), "{record}");
    busy.finish().await?;
    second.finish().await?;

    let status = "486 On another line\nWarning: 399 pbx \"Line 2 is free\"\n\
                  Reason: Q.850;cause=17;text=\"User busy\"";
    let busy = Sipp::start_with("refuse", &[("[status]", status)], "u1").await?;
    let profile = shop.profile(&busy, json!({ "isDefault": true })).await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let _media = visitor.accept(&answer.text())?;
    let call = call_id(&answer)?;
    let record = shop.ended(&call).await?;
    assert_eq!(record["errorCode"], "destination_busy");
    let failure = &record["sipFailure"];
    assert_eq!(failure["trunkId"], shop.trunk_of(&profile).await?);
    let messages = busy.messages();
    let sip_call_id = failure["callId"].as_str().context("no Call-ID")?;
    assert!(messages.contains(&format!("Call-ID: {sip_call_id}")), "{record}");
    for (field, value) in [
        ("status", json!(486)),
        ("reasonPhrase", json!("On another line")),
        ("warning", json!("399 pbx \"Line 2 is free\"")),
        ("reason", json!("Q.850;cause=17;text=\"User busy\"")),
    ] {
        assert_eq!(failure[field], value, "{record}");
    }
    let log = shop.server.log()?;
    let is_of_call =
        |line: &&str| line.contains("not taken by the phone system") && line.contains(&call);
    let line = log.lines().find(is_of_call).context("no line in the log")?;
    assert!(line.contains("status=486") && line.contains("On another line"), "{line}");
    for field in ["answeredBy", "trunkId", "sipCallId"] {
        assert_eq!(record[field], Value::Null, "nobody took the call: {record}");
    }
    busy.finish().await
}

#[tokio::test]
async fn a_trunk_that_says_nothing_at_all_can_not_be_reached() -> Result {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
    let shop = Shop::open().await?;
    let trunk = json!({
        "name": "Silent", "domain": "127.0.0.1", "port": silent.local_addr()?.port(),
        "keepAliveSeconds": null,
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    shop.profile_by(&trunk, json!({ "isDefault": true, "ringTimeoutSeconds": 5 })).await?;
    let widget = shop.widget().await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let _media = visitor.accept(&answer.text())?;
    let record = shop.ended(&call_id(&answer)?).await?;
    assert_eq!(record["errorCode"], "destination_unreachable");
    let trunk: Value = shop.api.get(&format!("/v1/trunks/{trunk}")).await?.expect(200)?.json()?;
    let error = trunk["status"]["lastError"].as_str().unwrap_or_default();
    assert!(error.starts_with("INVITE: no answer (") && error.ends_with(" bytes, UDP)"), "{trunk}");
    Ok(())
}

/// The server takes no new calls from now on.
async fn is_draining(shop: &Shop) -> Result {
    eventually("the server is draining", SOON, async || {
        Ok((shop.api.get("/readyz").await?.status == 503).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_draining_server_refuses_new_calls_and_stops_when_the_last_one_has_ended_by_itself()
-> Result {
    let phone = Sipp::start("plain_answer").await?;
    // Far longer than the test waits for the server's end.
    let options = Options::sqlite().with("--drain-seconds", "3600");
    let mut shop = Shop::with(options, json!({})).await?;
    let profile = shop.profile(&phone, json!({})).await?;
    let widget = shop.widget().await?;
    let demo = shop.call(&widget).await?;
    shop.make_default(&profile).await?;
    let mut call = shop.call(&widget).await?;
    shop.server.ask_to_stop()?;
    is_draining(&shop).await?;

    let refused = widget.offer(Visitor::new().await?.offer()).await?;
    let problem = refused.problem()?;
    assert!(problem.is(503, "server-shutdown"), "{problem:?}");
    assert!(problem.detail.contains("stopping"), "{problem:?}");
    assert!(!refused.header("retry-after").is_empty());

    // The calls go on, and are hung up as ever; the telephone echoes what it hears.
    let before = call.media.heard().packets.len();
    call.media.say((0..500).map(|_| vec![0xD5; 160]));
    call.media.wait_until(SOON, |heard| heard.packets.len() > before + 50).await?;
    widget.hang_up(&demo.call_id).await?.expect(204)?;
    assert_eq!(shop.metric("bellpush_calls_live").await?, Some(1.0));
    widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert!(shop.server.ended().await?.success());

    shop.server.restart().await?;
    for call in [&demo.call_id, &call.call_id] {
        assert_eq!(shop.record(call).await?["reason"], "user_hangup");
        assert_eq!(shop.events(call).await?, ["call_started", "call_ended"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_call_that_is_live_at_the_deadline_ends_once_and_the_telephone_is_told() -> Result {
    let phone = Sipp::start("plain_answer").await?;
    let options = Options::sqlite().with("--drain-seconds", "2");
    let mut shop = Shop::with(options, json!({})).await?;
    shop.profile(&phone, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let mut call = shop.call(&widget).await?;
    let asked = Instant::now();
    shop.server.ask_to_stop()?;
    is_draining(&shop).await?;
    let mut messages = widget.follow(&call.call_id, 0).await?;
    assert!(shop.server.ended().await?.success());
    let took = asked.elapsed();
    assert!(took >= Duration::from_secs(2), "the call was given {took:?}");
    // The telephone has heard why: Q.850 cause 41, a temporary failure (RFC 3326).
    assert!(phone.messages().contains("Reason: Q.850;cause=41"), "{}", phone.messages());
    phone.finish().await?;
    call.media.wait_until(SOON, |heard| heard.closed).await?;
    let told = messages.rest().await?;
    let told = told.iter().filter(|message| message.kind == "event");
    let told: Vec<_> = told.map(|message| message.data["event"]["name"].clone()).collect();
    assert_eq!(told, ["call_started", "call_error"]);

    shop.server.restart().await?;
    assert_eq!(shop.record(&call.call_id).await?["errorCode"], "server_shutdown");
    assert_eq!(shop.events(&call.call_id).await?, ["call_started", "call_error"]);
    Ok(())
}

#[tokio::test]
async fn a_telephone_is_told_that_the_app_of_its_call_was_deleted() -> Result {
    let phone = Sipp::start("plain_answer").await?;
    let shop = Shop::open().await?;
    shop.profile(&phone, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let mut call = shop.call(&widget).await?;
    shop.api.delete(&format!("/v1/apps/{}", shop.app.id)).await?.expect(204)?;
    phone.finish().await?;
    call.media.wait_until(SOON, |heard| heard.closed).await?;
    assert_eq!(shop.metric("bellpush_calls_live").await?, Some(0.0));
    assert_eq!(shop.metric("bellpush_rtp_ports_in_use").await?, Some(0.0));
    Ok(())
}

/// Waits until a metric says this.
async fn says(shop: &Shop, metric: &str, number: f64) -> Result {
    eventually(metric, SOON, async || {
        Ok(shop.metric(metric).await?.filter(|said| *said == number).map(drop))
    })
    .await
}

#[tokio::test]
async fn a_call_goes_through_a_registrar_over_tls_and_is_counted_by_its_trunk() -> Result {
    let phone = Sipp::start("plain_answer").await?;
    let own = Certificate::make()?;
    let kamailio = Kamailio::start(phone.port, "SHA-256", Some(&own)).await?;
    // What the system trusts.
    let trusted = own.file().display().to_string();
    let options = Options::sqlite().environment("SSL_CERT_FILE", &trusted);
    let shop = Shop::with(options, json!({})).await?;
    let trunk = json!({
        "name": "Provider", "domain": "127.0.0.1", "port": kamailio.port + 1, "transport": "tls",
        "username": "1000", "password": "wrong", "register": true, "keepAliveSeconds": 5,
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    let path = format!("/v1/trunks/{trunk}");
    let of_trunk = |metric: &str| format!("{metric}{{trunk=\"{trunk}\"}}");
    let comes_to = async |registration: &str| {
        eventually(registration, SOON, async || {
            let found: Value = shop.api.get(&path).await?.expect(200)?.json()?;
            let status = found["status"].clone();
            Ok(Some(status).filter(|status| {
                status["registration"] == registration && status["healthy"] == true
            }))
        })
        .await
    };
    let refused = comes_to("failed").await?;
    assert_eq!(refused["lastError"], "REGISTER: 401 Unauthorized");
    says(&shop, &of_trunk("bellpush_trunk_registered"), 0.0).await?;
    shop.api.patch(&path, &json!({ "password": "secret" })).await?.expect(200)?;
    comes_to("registered").await?;
    says(&shop, &of_trunk("bellpush_trunk_registered"), 1.0).await?;
    says(&shop, &of_trunk("bellpush_trunk_healthy"), 1.0).await?;

    shop.profile_by(&trunk, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let call = call_id(&answer)?;
    let _media = visitor.accept(&answer.text())?;
    self::comes_to(&widget, &call, "connected").await?;
    // Kamailio took the credentials, and is on the way of all that follows.
    phone.heard("Record-Route: <sip:127.0.0.1").await?;
    widget.hang_up(&call).await?.expect(204)?;
    phone.finish().await?;
    let counted = |outcome: &str| {
        format!("bellpush_trunk_calls_total{{trunk=\"{trunk}\",outcome=\"{outcome}\"}}")
    };
    says(&shop, &counted("answered"), 1.0).await?;

    // The telephone is gone: Kamailio says so.
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let _media = visitor.accept(&answer.text())?;
    let record = shop.ended(&call_id(&answer)?).await?;
    assert_eq!(record["errorCode"], "no_answer", "{record}");
    says(&shop, &counted("no_answer"), 1.0).await
}
