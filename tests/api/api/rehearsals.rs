//! Rehearsals: faults for previews, and for nobody else.

use bellpush_test_support::{SOON, eventually, server::Options, sink::Sink, widget::Widget};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

fn path(shop: &Shop) -> String {
    format!("/v1/apps/{}/rehearsals", shop.app.id)
}

async fn begun(shop: &Shop, body: Value) -> String {
    let answer = shop.api.post(&path(shop), &body).await.unwrap().expect(201).unwrap();
    let view: Value = answer.json().unwrap();
    assert_eq!((&view["state"], &view["endedAt"]), (&json!("running"), &Value::Null));
    format!("{}/{}", path(shop), view["id"].as_str().unwrap())
}

/// An integration that gets events of previews: its id, and its path.
async fn with_previews(shop: &Shop, sink: &Sink) -> (String, String) {
    let settings = json!({
        "name": "Orders", "url": sink.url(), "events": ["widget_loaded"], "includePreviews": true,
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    let path = format!("/v1/apps/{}/integrations/{}", shop.app.id, made.id);
    (made.id, path)
}

/// A session of a preview.
async fn preview(shop: &Shop) -> Widget {
    let mut request = shop.embed.request(&json!({}));
    request["preview"] = true.into();
    request["origin"] = shop.server.own_origin().into();
    request["previewToken"] = shop.preview_token().await.into();
    let answer = shop.embed.ask(&request).await.unwrap().expect(201).unwrap();
    Widget::new(&shop.server.url(), answer.json().unwrap())
}

async fn profile(shop: &Shop) -> String {
    let profiles = shop.read(&format!("/v1/apps/{}/destinations", shop.app.id)).await;
    profiles["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn actions(shop: &Shop) -> Vec<String> {
    let trail = shop.read(&format!("/v1/apps/{}/audit?limit=50", shop.app.id)).await;
    let items = trail["items"].as_array().unwrap();
    let words = items.iter().map(|line| line["action"].as_str().unwrap().to_owned());
    words.filter(|word| word.starts_with("rehearsal")).collect()
}

#[tokio::test]
async fn previews_fail_until_the_rehearsal_is_ended_and_a_real_event_is_delivered_meanwhile() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let (id, integration) = with_previews(&shop, &sink).await;
    let body = json!({ "integrationId": id, "fault": "server_error", "seconds": 600 });
    let rehearsal = begun(&shop, body.clone()).await;
    refused(&shop.api.post(&path(&shop), &body).await.unwrap(), 409, "conflict");

    let ten = json!({ "count": 10 });
    let events = format!("{rehearsal}/events");
    let sent: Value =
        shop.api.post(&events, &ten).await.unwrap().expect(202).unwrap().json().unwrap();
    assert_eq!(sent, json!({ "event": "widget_loaded", "count": 10 }));
    // The breaker opens a moment before the last attempt is on disk.
    let is_open = |it: &Value| {
        it["lane"]["breaker"]["state"] == "open" && it["attempts"].as_array().unwrap().len() == 10
    };
    let open = shop.wait_for(&rehearsal, is_open).await;
    for attempt in open["attempts"].as_array().unwrap() {
        assert_eq!((&attempt["status"], &attempt["failure"]), (&json!(500), &json!("status")));
        assert!(attempt["rehearsalId"].is_string() && attempt["nextDue"].is_string());
    }
    assert_eq!(sink.received().len(), 0);

    shop.load_widgets(1).await;
    let real = sink.event("widget_loaded", SOON).await.unwrap();
    assert_eq!(real.envelope().unwrap()["data"]["isPreview"], false);
    assert_eq!(real.header("bellpush-attempt"), "1");
    let health = shop.read(&format!("{integration}/health")).await;
    assert_eq!(
        (&health["breaker"]["state"], &health["breaker"]["failingSince"]),
        (&json!("closed"), &Value::Null)
    );
    let statistics = format!("{integration}/statistics");
    let statistics = shop.wait_for(&statistics, |it| it["total"]["attempts"] != 0).await;
    assert_eq!(
        (&statistics["total"]["attempts"], &statistics["total"]["delivered"]),
        (&json!(1), &json!(1))
    );
    // Gauges are set once a second.
    let closed = format!("bellpush_breaker_state{{integration=\"{id}\"}} 0");
    let metrics = eventually("the breaker is shown", SOON, async || {
        Ok(Some(shop.metrics().await).filter(|metrics| metrics.contains(&closed)))
    })
    .await
    .unwrap();
    assert!(!metrics.contains("bellpush_delivery_attempts_total{outcome=\"status\"}"), "{metrics}");

    let ended: Value =
        shop.api.delete(&rehearsal).await.unwrap().expect(200).unwrap().json().unwrap();
    assert!(ended["endedAt"].is_string());
    refused(&shop.api.post(&events, &ten).await.unwrap(), 409, "conflict");
    eventually("all are delivered", SOON * 3, async || {
        Ok((sink.received().len() == 11).then_some(()))
    })
    .await
    .unwrap();
    let over = shop.wait_for(&rehearsal, |it| it["state"] == "over").await;
    assert_eq!(over["lane"], Value::Null);
    assert_eq!(actions(&shop).await, ["rehearsal_ended", "rehearsal_begun"]);
    let list = shop.read(&format!("{}?integrationId={id}", path(&shop))).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_preview_calls_a_busy_profile_while_a_visitor_gets_through() {
    let shop = Shop::open().await;
    let id = profile(&shop).await;
    for (fault, code) in
        [("trunk_busy", "destination_busy"), ("trunk_unavailable", "destination_unreachable")]
    {
        let rehearsal = begun(&shop, json!({ "destinationId": id, "fault": fault })).await;
        let call = preview(&shop).await.place().await.unwrap();
        let record = eventually("the call is refused", SOON, async || {
            let record = shop.api.call(&shop.app, &call.call_id).await?;
            Ok((record.state == "error").then_some(record))
        })
        .await
        .unwrap();
        assert_eq!(record.error_code.as_deref(), Some(code));
        let mut call = shop.widget().await.place().await.unwrap();
        call.media.wait_until(SOON, |heard| !heard.packets.is_empty()).await.unwrap();
        shop.api.delete(&rehearsal).await.unwrap().expect(200).unwrap();
    }
    // All is well for previews, too.
    let mut call = preview(&shop).await.place().await.unwrap();
    call.media.wait_until(SOON, |heard| !heard.packets.is_empty()).await.unwrap();
}

#[tokio::test]
async fn the_microphone_is_denied_in_documents_of_previews_alone() {
    const DENIES: &str = "getUserMedia=";
    let shop = Shop::open().await;
    let id = profile(&shop).await;
    let shown = async |token: Option<&str>| {
        let parameters: Vec<_> = token.map(|token| ("preview", token)).into_iter().collect();
        shop.document(&parameters).await.expect(200).unwrap().text()
    };
    let token = shop.preview_token().await;
    assert!(!shown(Some(&token)).await.contains(DENIES));
    let rehearsal =
        begun(&shop, json!({ "destinationId": id, "fault": "microphone_denied" })).await;
    assert!(shown(Some(&token)).await.contains(DENIES));
    assert!(!shown(None).await.contains(DENIES), "a visitor's document");
    shop.api.delete(&rehearsal).await.unwrap().expect(200).unwrap();
    assert!(!shown(Some(&token)).await.contains(DENIES));
}

#[tokio::test]
async fn what_can_not_be_rehearsed_is_refused_by_its_place() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let plain = shop.integrate(&sink, &["call_ended"]).await;
    let plain = plain.rsplit('/').next().unwrap();
    let profile = profile(&shop).await;
    for (body, pointer) in [
        (json!({ "fault": "hanging" }), "/integrationId"),
        (json!({ "integrationId": plain, "fault": "hanging" }), "/integrationId"),
        (
            json!({ "integrationId": plain, "destinationId": profile, "fault": "hanging" }),
            "/destinationId",
        ),
        (json!({ "destinationId": profile, "fault": "hanging" }), "/fault"),
        (json!({ "destinationId": profile, "fault": "no_such_fault" }), "/fault"),
        (json!({ "destinationId": profile, "fault": "trunk_busy", "seconds": 5 }), "/seconds"),
    ] {
        let answer = shop.api.post(&path(&shop), &body).await.unwrap();
        let refusal = refused(&answer, 422, "invalid");
        assert_eq!(refusal.pointer.as_deref(), Some(pointer), "{body}");
    }
    let unknown = format!("{}/reh_01920000000070008000000000000001", path(&shop));
    refused(&shop.api.get(&unknown).await.unwrap(), 404, "not-found");
    let rehearsal = begun(&shop, json!({ "destinationId": profile, "fault": "trunk_busy" })).await;
    let events = shop.api.post(&format!("{rehearsal}/events"), &json!({})).await.unwrap();
    refused(&events, 409, "conflict");
    let (other, _) = shop.another(json!({})).await;
    let foreign = rehearsal.replace(&shop.app.id, &other.id);
    refused(&shop.api.get(&foreign).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_rehearsal_ends_by_itself_also_while_no_server_runs() {
    let mut shop = Shop::with(Options::sqlite()).await;
    let id = profile(&shop).await;
    let body = json!({ "destinationId": id, "fault": "trunk_busy", "seconds": 30 });
    let rehearsal = begun(&shop, body).await;
    shop.server.kill_9().unwrap();
    // Nothing but time can end it.
    tokio::time::sleep(std::time::Duration::from_secs(31)).await;
    shop.server.restart().await.unwrap();
    let over = shop.read(&rehearsal).await;
    assert_eq!(over["state"], "over");
    assert_eq!(over["endedAt"], over["endsAt"]);
    eventually("the end is in the trail", SOON, async || {
        Ok((actions(&shop).await == ["rehearsal_ended", "rehearsal_begun"]).then_some(()))
    })
    .await
    .unwrap();
    let trail = shop.read(&format!("/v1/apps/{}/audit?limit=1", shop.app.id)).await;
    assert_eq!(trail["items"][0]["actor"]["kind"], "server");
}
