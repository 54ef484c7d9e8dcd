//! Finding calls.

use serde_json::{Value, json};

use crate::shop::{Shop, refused};

#[tokio::test]
async fn calls_are_found_and_counted_by_what_is_known_of_them() {
    let shop = Shop::open().await;
    let first = shop.widget().await;
    let call = first.place().await.unwrap();
    first.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let second = shop.embed.open(json!({ "orderId": "A-2", "tier": "gold" })).await.unwrap();
    let live = second.place().await.unwrap();
    let calls = format!("/v1/apps/{}/calls", shop.app.id);
    for (query, expected) in [
        ("", vec![&live.call_id, &call.call_id]),
        ("state=live", vec![&live.call_id]),
        ("state=ended&reason=user_hangup&kind=demo", vec![&call.call_id]),
        ("context=tier:gold", vec![&live.call_id]),
        ("context=orderId:A-1&maxDuration=600", vec![&call.call_id]),
        ("errorCode=media_failed", vec![]),
        ("rating=5", vec![]),
        ("quality=one_way", vec![]),
        ("kind=sip", vec![]),
        ("to=2001-01-01T00:00:00Z", vec![]),
        ("from=2001-01-01T00:00:00Z&limit=1", vec![&live.call_id]),
    ] {
        let page = shop.read(&format!("{calls}?{query}")).await;
        let ids: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|call| call["id"].clone()).collect();
        assert_eq!(ids, expected.iter().map(|id| json!(id)).collect::<Vec<_>>(), "{query}");
        let count = shop.read(&format!("{calls}/count?{query}")).await;
        let all = if query.contains("limit") { 2 } else { expected.len() };
        assert_eq!(count, json!({ "count": all, "exact": true }), "{query}");
    }
    let found = shop.read(&format!("{calls}?context=tier:gold")).await;
    assert_eq!(found["items"][0]["context"], json!({ "orderId": "A-2", "tier": "gold" }));
    assert_eq!((&found["searchedTo"], &found["next"]), (&Value::Null, &Value::Null));
    for nonsense in [
        "state=over",
        "rating=6",
        "rating=x",
        "errorCode=nothing",
        "profileId=dest_1",
        "from=yesterday",
        "quality=loud",
        "minDuration=-1",
        "limit=0",
        "after=x",
    ] {
        let answer = shop.api.get(&format!("{calls}?{nonsense}")).await.unwrap();
        refused(&answer, 422, "invalid");
    }
    let keys = shop.read(&format!("/v1/apps/{}/context-keys", shop.app.id)).await;
    assert_eq!(keys["items"], json!(["orderId", "tier"]));
}

#[tokio::test]
async fn what_is_pasted_leads_to_its_place() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let event = &shop.api.events(&shop.app, "").await.unwrap()[0];
    let app = &shop.app.id;
    for (text, expected) in [
        (call.call_id.as_str(), json!({ "kind": "call", "appId": app, "callId": call.call_id })),
        (
            event.id.as_str(),
            json!({ "kind": "event", "appId": app, "eventId": event.id, "callId": call.call_id }),
        ),
        ("A-1", json!({ "kind": "context", "appId": app, "context": "orderId:A-1" })),
        (app.as_str(), json!({ "kind": "app", "appId": app })),
    ] {
        let found = shop.read(&format!("/v1/lookup?q={text}")).await;
        assert_eq!(found["items"], json!([expected]), "{text}");
    }
    let nothing = shop.read("/v1/lookup?q=%3Cscript%3E").await;
    assert_eq!(nothing["items"], json!([]));
    refused(&shop.api.get("/v1/lookup?q=").await.unwrap(), 422, "invalid");
    refused(&shop.api.get("/v1/lookup").await.unwrap(), 422, "invalid");
}
