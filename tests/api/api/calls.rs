//! Calls, as a widget makes them by HTTP.

use bellpush_test_support::{
    SOON,
    answer::Answer,
    server::Options,
    visitor::Visitor,
    widget::{Message, Widget},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

fn phases(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| match message.kind.as_str() {
            "progress" => message.data["phase"].as_str().unwrap(),
            _ => message.data["event"]["name"].as_str().unwrap(),
        })
        .collect()
}

#[tokio::test]
async fn an_accepted_call_has_started_for_everybody() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let visitor = Visitor::new().await.unwrap();
    let answer = widget.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
    assert_eq!(answer.header("content-type"), "application/sdp");
    let call_id = bellpush_test_support::widget::call_id(&answer).unwrap();
    let event = &shop.api.events(&shop.app, &format!("callId={call_id}")).await.unwrap()[0];
    let envelope = event.envelope().unwrap();
    assert_eq!(envelope["name"], "call_started");
    let context = json!({ "orderId": "A-1" });
    let expected = json!({
        "destinationId": null, "routingKey": null, "hasFormValues": false, "context": context,
    });
    assert_eq!(envelope["data"], expected);
    let mut messages = widget.follow(&call_id, 0).await.unwrap();
    let first = messages.next().await.unwrap().unwrap();
    assert_eq!((first.id, first.kind.as_str()), (1, "event"));
    assert_eq!(first.data, json!({ "id": event.id, "event": envelope }));
}

#[tokio::test]
async fn a_visitor_hangs_up_and_the_answer_means_that_it_is_stored() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let mut messages = widget.follow(&call.call_id, 0).await.unwrap();
    // Once more than needed: a call that is over is no error.
    for _ in 0..2 {
        widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
        let record = shop.api.call(&shop.app, &call.call_id).await.unwrap();
        assert_eq!(
            (record.state.as_str(), record.reason.as_deref()),
            ("ended", Some("user_hangup"))
        );
    }
    let messages = messages.rest().await.unwrap();
    assert_eq!(phases(&messages).first(), Some(&"call_started"));
    assert_eq!(phases(&messages).last(), Some(&"call_ended"));
    assert_eq!(shop.event_names().await, ["call_started", "call_ended"]);
}

#[tokio::test]
async fn a_page_that_goes_away_ends_its_call_by_a_beacon() {
    let shop = Shop::open().await;
    shop.change(json!({ "resumeSeconds": 0 })).await.expect(200).unwrap();
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    widget.leave(&call.call_id).await.unwrap().expect(204).unwrap();
    let record = shop.api.call(&shop.app, &call.call_id).await.unwrap();
    assert_eq!(record.reason.as_deref(), Some("user_hangup"));
}

#[tokio::test]
async fn the_far_side_hangs_up_at_a_star_and_the_widget_is_told() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let mut call = widget.place().await.unwrap();
    call.media.wait_until(SOON, |heard| !heard.packets.is_empty()).await.unwrap();
    refused(&widget.press(&call.call_id, 'x').await.unwrap(), 422, "invalid");
    let mut messages = widget.follow(&call.call_id, 0).await.unwrap();
    widget.press(&call.call_id, '*').await.unwrap().expect(204).unwrap();
    let messages = messages.rest().await.unwrap();
    assert_eq!(phases(&messages), ["call_started", "connecting", "connected", "call_ended"]);
    assert_eq!(messages[3].data["event"]["data"]["reason"], "remote_hangup");
    let numbers: Vec<u64> = messages.iter().map(|message| message.id).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");

    // One who comes back gets what is missing, and one who polls gets the same.
    let mut resumed = widget.follow(&call.call_id, numbers[1]).await.unwrap();
    assert_eq!(resumed.rest().await.unwrap(), messages[2..]);
    let polled: Value =
        widget.poll(&call.call_id, numbers[2]).await.unwrap().expect(200).unwrap().json().unwrap();
    assert_eq!(polled["done"], true);
    assert_eq!(polled["messages"].as_array().unwrap().len(), 1);
    assert_eq!(polled["messages"][0]["data"], messages[3].data);
    refused(&widget.press(&call.call_id, '*').await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn another_session_cannot_touch_ones_call() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let stranger = shop.widget().await;
    for answer in all_controls(&stranger, &call.call_id).await {
        refused(&answer, 404, "not-found");
    }
    assert_eq!(shop.api.call(&shop.app, &call.call_id).await.unwrap().state, "live");
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    // Nor when it is over.
    for answer in all_controls(&stranger, &call.call_id).await {
        refused(&answer, 404, "not-found");
    }
    for id in ["call_01920000000070008000000000000001", "nonsense", "%3Cscript%3E"] {
        for answer in all_controls(&widget, id).await {
            refused(&answer, 404, "not-found");
        }
    }
}

async fn all_controls(widget: &Widget, call_id: &str) -> [Answer; 4] {
    [
        widget.hang_up(call_id).await.unwrap(),
        widget.leave(call_id).await.unwrap(),
        widget.press(call_id, '*').await.unwrap(),
        widget.poll(call_id, 0).await.unwrap(),
    ]
}

#[tokio::test]
async fn form_values_go_into_the_record_and_not_into_events() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let visitor = Visitor::new().await.unwrap();
    let place = async |body: Value| {
        Answer::to(widget.request(Method::POST, "/v1/calls").json(&body)).await.unwrap()
    };
    let offer = visitor.offer();
    let answer = place(json!({ "sdp": offer, "formValues": { "name": "Ada" } })).await;
    let accepted: Value = answer.expect(201).unwrap().json().unwrap();
    let record = shop.api.call(&shop.app, accepted["callId"].as_str().unwrap()).await.unwrap();
    assert_eq!(record.form_values, Some(json!({ "name": "Ada" })));
    let event = &shop.api.events(&shop.app, "").await.unwrap()[0];
    assert!(!event.event.get().contains("Ada"));
    assert_eq!(event.envelope().unwrap()["data"]["hasFormValues"], true);

    let many: serde_json::Map<_, _> = (0..33).map(|n| (format!("f{n}"), "v".into())).collect();
    let unknown = "dest_01920000000070008000000000000001";
    for (body, pointer) in [
        (json!({ "sdp": offer, "formValues": many }), "/formValues"),
        (json!({ "sdp": offer, "formValues": { "": "v" } }), "/formValues"),
        (json!({ "sdp": offer, "formValues": { "a": "x".repeat(2_001) } }), "/formValues"),
        (json!({ "sdp": offer, "destination": unknown }), "/destination"),
    ] {
        let problem = refused(&place(body).await, 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer));
    }
    assert_eq!(shop.event_names().await, ["call_started"]);
}

#[tokio::test]
async fn an_offer_that_cannot_be_answered_starts_nothing() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let visitor = Visitor::new().await.unwrap();
    let without_sound = visitor.offer().replace("m=audio", "m=video");
    for sdp in ["", "v=0\r\n", "hello", &without_sound] {
        refused(&widget.offer(sdp).await.unwrap(), 422, "offer-invalid");
    }
    let untyped = widget.request(Method::POST, "/v1/calls").body(visitor.offer().to_owned());
    refused(&Answer::to(untyped).await.unwrap(), 400, "malformed");
    assert!(shop.event_names().await.is_empty());
    assert!(shop.api.calls(&shop.app, "").await.unwrap().is_empty());
}

#[tokio::test]
async fn more_calls_than_the_server_takes_are_refused_and_not_recorded() {
    let shop = Shop::with(Options::sqlite().with("--max-calls", "1")).await;
    let widget = shop.widget().await;
    let first = widget.place().await.unwrap();
    let visitor = Visitor::new().await.unwrap();
    let answer = widget.offer(visitor.offer()).await.unwrap();
    refused(&answer, 503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(shop.event_names().await, ["call_started"]);
    widget.hang_up(&first.call_id).await.unwrap().expect(204).unwrap();
    widget.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_its_calls_in_the_log() {
    let mut shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let status = shop.server.terminate().await.unwrap();
    assert!(status.success(), "{status}");
    shop.server.restart().await.unwrap();
    let record = shop.api.call(&shop.app, &call.call_id).await.unwrap();
    assert_eq!(record.error_code.as_deref(), Some("server_shutdown"));
    assert_eq!(shop.event_names().await, ["call_started", "call_error"]);
    // The widget's token and its call are known still.
    let mut messages = widget.follow(&call.call_id, 1).await.unwrap();
    assert_eq!(phases(&messages.rest().await.unwrap()), ["call_error"]);
}

#[tokio::test]
async fn a_widget_that_gives_up_its_media_ends_the_call_as_media_failed_and_not_as_a_hang_up() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let path = format!("/v1/calls/{}?reason=", call.call_id);
    let end = |reason: &str| widget.request(Method::DELETE, &format!("{path}{reason}"));
    refused(&Answer::to(end("boredom")).await.unwrap(), 422, "invalid");
    Answer::to(end("media_failed")).await.unwrap().expect(204).unwrap();
    let record = shop.api.call(&shop.app, &call.call_id).await.unwrap();
    let end = (record.state.as_str(), record.error_code.as_deref());
    assert_eq!(end, ("error", Some("media_failed")));
    assert_eq!(shop.event_names().await, ["call_started", "call_error"]);
}

#[tokio::test]
async fn what_a_widget_notices_of_a_call_stands_in_its_record() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let path = format!("/v1/calls/{}/warnings", call.call_id);
    let note = |body: Value| Answer::to(widget.request(Method::POST, &path).json(&body));
    for raised in [true, false] {
        let body = json!({ "warning": "microphone_silent", "raised": raised });
        note(body).await.unwrap().expect(204).unwrap();
    }
    let unknown = json!({ "warning": "bad_mood", "raised": true });
    refused(&note(unknown).await.unwrap(), 422, "invalid");
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let late = json!({ "warning": "network_weak", "raised": true });
    refused(&note(late).await.unwrap(), 404, "not-found");

    let record = shop.api.call(&shop.app, &call.call_id).await.unwrap();
    let quality = record.quality.unwrap();
    let noted: Vec<_> = quality["warnings"].as_array().unwrap().iter().collect();
    let told = |index: usize| (noted[index]["warning"].as_str(), noted[index]["raised"].as_bool());
    assert_eq!(noted.len(), 2);
    assert_eq!(told(0), (Some("microphone_silent"), Some(true)));
    assert_eq!(told(1), (Some("microphone_silent"), Some(false)));
}
