//! What a widget may submit, and what becomes of it.

use serde_json::{Value, json};

use crate::shop::{Shop, refused};

#[tokio::test]
async fn an_answer_of_200_means_that_the_events_are_stored_as_they_were_sent() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let data = json!({ "items": [1, { "price": 1.5 }], "note": "é\u{1F514}" });
    let events = [
        widget.event("widget_loaded", json!({ "isPreview": false })),
        widget.event("custom_button_clicked", json!({ "label": "Shop", "action": "link" })),
        widget.event("cart_changed", data),
    ];
    let answer = widget.submit(&events).await.unwrap().expect(200).unwrap();
    let ids: Vec<&Value> = events.iter().map(|event| &event["id"]).collect();
    assert_eq!(answer.json::<Value>().unwrap()["accepted"], json!(ids));
    let recorded = shop.api.events(&shop.app, "").await.unwrap();
    for (event, recorded) in events.iter().zip(&recorded) {
        assert_eq!(event["id"], recorded.id);
        assert_eq!(event["event"], recorded.envelope().unwrap());
        assert!(!recorded.preview && recorded.call_id.is_none());
    }
    assert_eq!(recorded.len(), 3);
}

#[tokio::test]
async fn a_repeated_id_is_accepted_and_stored_once() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let event = widget.event("cart_changed", json!({ "items": 1 }));
    let twice = [event.clone(), event.clone()];
    for events in [&twice[..1], &twice[..1], &twice[..]] {
        widget.submit(events).await.unwrap().expect(200).unwrap();
    }
    let recorded = shop.api.events(&shop.app, "").await.unwrap();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].envelope().unwrap(), event["event"]);
}

#[tokio::test]
async fn the_id_of_another_session_s_event_cannot_be_taken_over() {
    let shop = Shop::open().await;
    let victim = shop.widget().await;
    let event = victim.event("cart_changed", json!({ "items": 1 }));
    victim.submit(std::slice::from_ref(&event)).await.unwrap().expect(200).unwrap();
    let (_, other_embed) = shop.another(json!({})).await;
    let neighbour = shop.widget().await;
    let stranger = other_embed.open(json!({})).await.unwrap();
    for (thief, status) in [(neighbour, 200), (stranger, 409)] {
        let mut forged = thief.event("cart_changed", json!({ "items": 99 }));
        forged["id"] = event["id"].clone();
        // Within an app a known id counts as a repetition, and changes nothing.
        let answer = thief.submit(&[forged]).await.unwrap().expect(status).unwrap();
        if status == 409 {
            assert_eq!(answer.problem().unwrap().pointer.as_deref(), Some("/events/0"));
        }
    }
    let recorded = shop.api.events(&shop.app, "").await.unwrap();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].envelope().unwrap(), event["event"]);
}

#[tokio::test]
async fn a_widget_cannot_say_what_the_server_decides() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let lost = json!({ "errorCode": "media_failed", "errorMessage": "The connection for the sound was lost." });
    let failed = json!({
        "errorCode": "signaling_failed",
        "errorMessage": "The call could not be set up. Check your connection, then try again.",
    });
    let started = json!({ "destinationId": null, "routingKey": null, "hasFormValues": false });
    let mut of_a_call = widget.event("call_error", failed);
    of_a_call["callId"] = call.call_id.as_str().into();
    for event in [
        widget.event("call_started", started),
        widget.event("call_ended", json!({ "duration": 3, "reason": "user_hangup" })),
        widget.event("call_error", lost),
        of_a_call,
    ] {
        let problem = refused(&widget.submit(&[event]).await.unwrap(), 422, "invalid");
        assert!(problem.detail.contains("is decided by the server"), "{problem:?}");
        assert_eq!(problem.pointer.as_deref(), Some("/events/0/event"));
    }
    assert_eq!(shop.event_names().await, ["call_started"]);
    assert_eq!(shop.api.call(&shop.app, &call.call_id).await.unwrap().state, "live");
}

#[tokio::test]
async fn a_widget_reports_a_call_that_never_began_in_the_catalogues_words_alone() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let message = "The microphone is not allowed. Allow it in the address bar, then try again.";
    let failed = |message: &str| {
        widget.event(
            "call_error",
            json!({ "errorCode": "microphone_denied", "errorMessage": message }),
        )
    };
    refused(&widget.submit(&[failed("Call +1 900 now")]).await.unwrap(), 422, "invalid");
    widget.submit(&[failed(message)]).await.unwrap().expect(200).unwrap();
    assert_eq!(shop.event_names().await, ["call_error"]);
}

#[tokio::test]
async fn one_bad_event_keeps_the_whole_request_out_and_is_named() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let good = || widget.event("cart_changed", json!({}));
    let changed = |pointer: &str, value: Value| {
        let mut event = good();
        match event.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                event.pointer_mut(parent).unwrap()[name] = value;
            }
        }
        event
    };
    let version_4 = "936da01f-9abd-4d9d-80c7-02af85c822a8";
    for (pointer, value) in [
        ("/id", json!(version_4)),
        ("/id", json!("1")),
        ("/unknown", json!(1)),
        ("/event/id", json!("1")),
        ("/event/name", json!("Cart-Changed")),
        ("/event/name", json!("page_loaded!")),
        ("/event/name", json!("x".repeat(65))),
        ("/event/timestamp", json!("yesterday")),
        ("/event/timestamp", json!("2020-01-01T00:00:00.000Z")),
        ("/event/timestamp", json!("2100-01-01T00:00:00.000Z")),
        ("/event/data", json!({})),
        ("/event/data/context", json!({ "orderId": "A-2" })),
        ("/event/data/context", json!({ "orderId": "A-1", "more": "x" })),
        ("/event/data/isPreview", json!(true)),
        ("/event/data/large", json!("x".repeat(8 * 1024))),
        ("/survey", json!({ "answers": [{ "questionId": "q", "rating": 5 }] })),
    ] {
        let events = [good(), changed(pointer, value.clone())];
        let answer = widget.submit(&events).await.unwrap();
        let problem = refused(&answer, 422, "invalid");
        let place = problem.pointer.as_deref().unwrap_or_default();
        assert!(place.starts_with("/events/1"), "{pointer} {value}: {problem:?}");
    }
    for (name, data) in [
        ("widget_loaded", json!({})),
        ("widget_loaded", json!({ "isPreview": true })),
        ("widget_loaded", json!({ "isPreview": false, "more": 1 })),
        ("custom_button_clicked", json!({ "label": "", "action": "link" })),
        ("custom_button_clicked", json!({ "label": "Shop", "action": "explode" })),
    ] {
        let events = [good(), widget.event(name, data.clone())];
        let problem = refused(&widget.submit(&events).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some("/events/1/event"), "{name} {data}");
    }
    assert!(shop.event_names().await.is_empty());
}

#[tokio::test]
async fn a_request_holds_1_to_20_events() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let events: Vec<Value> = (0..21).map(|_| widget.event("cart_changed", json!({}))).collect();
    for count in [0, 21] {
        let problem = refused(&widget.submit(&events[..count]).await.unwrap(), 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some("/events"));
    }
    widget.submit(&events[..20]).await.unwrap().expect(200).unwrap();
    assert_eq!(shop.event_names().await.len(), 20);
}

#[tokio::test]
async fn a_call_of_another_session_cannot_be_spoken_of() {
    let shop = Shop::open().await;
    let call = shop.widget().await.place().await.unwrap();
    let stranger = shop.widget().await;
    let mut event = stranger.event("cart_changed", json!({}));
    for call_id in [call.call_id.as_str(), "call_01920000000070008000000000000001"] {
        event["callId"] = call_id.into();
        let answer = stranger.submit(std::slice::from_ref(&event)).await.unwrap();
        let problem = refused(&answer, 404, "not-found");
        assert_eq!(problem.pointer.as_deref(), Some("/events/0/callId"));
    }
    assert_eq!(shop.event_names().await, ["call_started"]);
}

#[tokio::test]
async fn events_of_a_preview_say_so_and_go_to_no_integration_that_did_not_ask() {
    let shop = Shop::open().await;
    let mut request = shop.embed.request(&json!({}));
    request["preview"] = true.into();
    request["previewToken"] = shop.preview_token().await.into();
    request["origin"] = shop.server.own_origin().into();
    let session = shop.embed.ask(&request).await.unwrap().expect(201).unwrap().json().unwrap();
    let widget = bellpush_test_support::widget::Widget::new(&shop.server.url(), session);

    let names = ["widget_loaded", "cart_changed", "call_started", "call_ended"];
    let sinks = [
        bellpush_test_support::sink::Sink::start().await.unwrap(),
        bellpush_test_support::sink::Sink::start().await.unwrap(),
    ];
    let asked = shop.api.create_integration(&shop.app, &sinks[0].url(), &names).await.unwrap();
    shop.api.create_integration(&shop.app, &sinks[1].url(), &names).await.unwrap();
    let path = format!("/v1/apps/{}/integrations/{}", shop.app.id, asked.id);
    shop.api.patch(&path, &json!({ "includePreviews": true })).await.unwrap().expect(200).unwrap();

    let unmarked = widget.event("cart_changed", json!({}));
    refused(&widget.submit(&[unmarked]).await.unwrap(), 422, "invalid");
    let marked = [
        widget.event("widget_loaded", json!({ "isPreview": true })),
        widget.event("cart_changed", json!({ "isPreview": true })),
    ];
    widget.submit(&marked).await.unwrap().expect(200).unwrap();
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    // An event that is no preview comes last: when it is there, the others would have been.
    let visitor = shop.widget().await;
    let last = visitor.event("cart_changed", json!({ "last": true }));
    visitor.submit(&[last]).await.unwrap().expect(200).unwrap();

    let recorded = shop.api.events(&shop.app, "").await.unwrap();
    assert_eq!(recorded.len(), 5);
    for event in &recorded[..4] {
        assert!(event.preview, "{event:?}");
        assert_eq!(event.envelope().unwrap()["data"]["isPreview"], true, "{event:?}");
    }
    let soon = bellpush_test_support::SOON;
    sinks[0].wait_until(soon, |received| received.len() == 5).await.unwrap();
    sinks[1].wait_until(soon, |received| !received.is_empty()).await.unwrap();
    let received = sinks[1].received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].envelope().unwrap()["data"]["last"], true);
}

#[tokio::test]
async fn an_event_is_read_by_its_id_in_its_app() {
    let shop = Shop::open().await;
    shop.load_widgets(2).await;
    let list = shop.read(&format!("/v1/apps/{}/events", shop.app.id)).await;
    for event in list["items"].as_array().unwrap() {
        let path = format!("/v1/apps/{}/events/{}", shop.app.id, event["id"].as_str().unwrap());
        assert_eq!(shop.read(&path).await, *event);
        let (other, _) = shop.another(json!({})).await;
        let of_another = path.replace(&shop.app.id, &other.id);
        refused(&shop.api.get(&of_another).await.unwrap(), 404, "not-found");
    }
}
