//! Alert rules: set up by the API, looked at once a minute, told by webhook and mail.

use std::time::Duration;

use bellpush_test_support::{
    answer::Answer,
    eventually,
    server::Options,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

use crate::{
    access::{mute_smtp, smtp},
    shop::{Shop, refused},
};

/// A rule is looked at within a minute and a bit.
const A_MINUTE: Duration = Duration::from_secs(75);

fn path(shop: &Shop) -> String {
    format!("/v1/apps/{}/alert-rules", shop.app.id)
}

async fn made(shop: &Shop, rule: Value) -> String {
    let answer = shop.api.post(&path(shop), &rule).await.unwrap().expect(201).unwrap();
    let id = answer.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned();
    format!("{}/{id}", path(shop))
}

#[tokio::test]
async fn a_rule_is_made_read_changed_silenced_and_deleted() {
    let shop = Shop::open().await;
    let rule = made(&shop, json!({ "name": "Errors", "kind": "call_errors" })).await;
    let read = shop.api.get(&rule).await.unwrap().expect(200).unwrap();
    assert_eq!(read.header("etag"), "\"r1\"");
    let view: Value = read.json().unwrap();
    assert_eq!((&view["windowMinutes"], &view["minSample"]), (&json!(15), &json!(20)));
    assert_eq!(view["status"]["state"], "no_data");
    assert_eq!((&view["status"]["threshold"], &view["threshold"]), (&json!(20), &Value::Null));

    let patch = json!({ "threshold": 40, "emails": ["Ada@Example.com"] });
    let changed: Value =
        shop.api.patch(&rule, &patch).await.unwrap().expect(200).unwrap().json().unwrap();
    assert_eq!(changed["emails"], json!(["ada@example.com"]));
    let stale = shop.api.request(reqwest::Method::PATCH, &rule).header("if-match", "\"r1\"");
    let stale = Answer::to(stale.json(&json!({ "threshold": 30 }))).await.unwrap();
    assert_eq!(stale.status, 412);

    let silence = format!("{rule}/silence");
    let put = |minutes: i64| {
        shop.api.request(reqwest::Method::PUT, &silence).json(&json!({ "minutes": minutes }))
    };
    let silenced = Answer::to(put(60)).await.unwrap().expect(200).unwrap();
    assert!(silenced.json::<Value>().unwrap()["status"]["silencedUntil"].is_string());
    let refusal = refused(&Answer::to(put(0)).await.unwrap(), 422, "invalid");
    assert_eq!(refusal.pointer.as_deref(), Some("/minutes"));
    let heard = shop.api.delete(&silence).await.unwrap().expect(200).unwrap();
    assert_eq!(heard.json::<Value>().unwrap()["status"]["silencedUntil"], Value::Null);

    let trail = shop.read(&format!("/v1/apps/{}/audit?limit=20", shop.app.id)).await;
    let items = trail["items"].as_array().unwrap();
    let actions: Vec<_> = items.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions[..4],
        ["alert_rule_silenced", "alert_rule_silenced", "alert_rule_updated", "alert_rule_made"]
    );
    shop.api.delete(&rule).await.unwrap().expect(204).unwrap();
    refused(&shop.api.get(&rule).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn what_no_rule_can_be_is_refused_by_its_place() {
    let shop = Shop::open().await;
    for (kind, field, value, pointer) in [
        ("call_errors", "threshold", json!(101), "/threshold"),
        ("no_calls", "threshold", json!(3), "/threshold"),
        ("quality", "errorCodes", json!(["media_failed"]), "/errorCodes"),
        ("call_errors", "errorCodes", json!(["no_such_error"]), "/errorCodes/0"),
        ("backlog", "emails", json!(["nobody"]), "/emails/0"),
        ("backlog", "quietHours", json!({ "from": "07:00", "to": "07:00" }), "/quietHours"),
        ("trunk_down", "trunkId", json!("trunk_01920000000070008000000000000001"), "/trunkId"),
        (
            "backlog",
            "integrationId",
            json!("int_01920000000070008000000000000001"),
            "/integrationId",
        ),
    ] {
        let mut body = json!({ "name": "Rule", "kind": kind });
        body[field] = value;
        let problem = refused(&shop.api.post(&path(&shop), &body).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{body}");
    }
    let test = format!("/v1/apps/{}/alerts/back-test", shop.app.id);
    let body = json!({ "name": "Rule", "kind": "no_calls", "threshold": 3 });
    let problem = refused(&shop.api.post(&test, &body).await.unwrap(), 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/threshold"));
}

#[tokio::test]
async fn a_rule_is_tried_on_the_past_without_anybody_being_told() {
    let shop = Shop::open().await;
    let test = format!("/v1/apps/{}/alerts/back-test", shop.app.id);
    for (kind, minutes) in
        [("call_errors", json!(1)), ("backlog", json!(60)), ("trunk_down", json!(null))]
    {
        let body = json!({ "name": "Rule", "kind": kind, "days": 2 });
        let answer = shop.api.post(&test, &body).await.unwrap().expect(200).unwrap();
        let result: Value = answer.json().unwrap();
        assert_eq!(
            (&result["resolutionMinutes"], &result["fired"]),
            (&minutes, &json!(0)),
            "{kind}"
        );
    }
    let alerts = shop.read(&format!("/v1/apps/{}/alerts", shop.app.id)).await;
    assert_eq!(alerts["items"], json!([]));
}

#[tokio::test]
async fn a_backlog_is_told_by_webhook_and_mail_and_only_once_though_the_server_is_killed() {
    let (port, mails) = smtp().await;
    let options = Options::sqlite()
        .with("--smtp-url", &format!("smtp://127.0.0.1:{port}"))
        .with("--mail-from", "Bellpush <bellpush@example.com>");
    let mut shop = Shop::with(options).await;
    let (broken, told) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
    broken.reply(|_| Reply::Status(500));
    shop.integrate(&broken, &["widget_loaded"]).await;
    shop.integrate(&told, &["alert_fired", "alert_recovered"]).await;
    shop.load_widgets(3).await;
    let rule = made(
        &shop,
        json!({
            "name": "Queue", "kind": "backlog", "threshold": 2, "recoveryThreshold": 1,
            "holdMinutes": 0, "emails": ["ada@example.com"],
        }),
    )
    .await;
    eventually("the alert is told", A_MINUTE, async || Ok(told.received().first().cloned()))
        .await
        .unwrap();
    shop.server.kill_9().unwrap();
    shop.server.restart().await.unwrap();

    let notice = told.received()[0].envelope().unwrap();
    assert_eq!(
        (&notice["name"], &notice["data"]["kind"]),
        (&json!("alert_fired"), &json!("backlog"))
    );
    assert_eq!(notice["data"]["context"], json!({}));
    let text = notice["data"]["text"].as_str().unwrap();
    assert!(text.contains("3 deliveries of an integration wait (line: 2)"), "{text}");
    eventually("the mail is sent", A_MINUTE, async || {
        Ok(mails.lock().unwrap().contains("[Shop] Alert: Queue").then_some(()))
    })
    .await
    .unwrap();
    let view = shop.read(&rule).await;
    assert_eq!(view["status"]["state"], "firing");
    let alerts = shop.read(&format!("/v1/apps/{}/alerts", shop.app.id)).await;
    let alert = &alerts["items"][0];
    assert_eq!(alert["id"], view["status"]["alertId"]);
    assert_eq!(alert["notices"].as_array().unwrap().len(), 1);
    let same = |one: &bellpush_test_support::sink::Received| one.id() == told.received()[0].id();
    assert!(told.received().iter().all(same), "one event, however often it is sent");
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_keeps_no_alert_from_the_webhooks() {
    let (port, _mute) = mute_smtp().await;
    let options = Options::sqlite()
        .with("--smtp-url", &format!("smtp://127.0.0.1:{port}"))
        .with("--mail-from", "bellpush@example.com");
    let shop = Shop::with(options).await;
    let (broken, told) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
    broken.reply(|_| Reply::Status(500));
    shop.integrate(&broken, &["widget_loaded"]).await;
    shop.integrate(&told, &["alert_fired"]).await;
    shop.load_widgets(3).await;
    let emails: Vec<String> = (0..10).map(|n| format!("ada-{n}@example.com")).collect();
    for (name, emails) in [("Mailed", emails), ("Not mailed", vec![])] {
        made(
            &shop,
            json!({
                "name": name, "kind": "backlog", "threshold": 2, "recoveryThreshold": 1,
                "holdMinutes": 0, "emails": emails,
            }),
        )
        .await;
        eventually("the alert is told", A_MINUTE, async || {
            let mut envelopes = told.received().into_iter().filter_map(|one| one.envelope().ok());
            Ok(envelopes.any(|it| it["data"]["ruleName"] == name).then_some(()))
        })
        .await
        .unwrap();
    }
}
