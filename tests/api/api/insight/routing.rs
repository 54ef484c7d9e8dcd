//! What would happen to a call.

use serde_json::json;

use crate::shop::{Shop, refused};

#[tokio::test]
async fn what_would_happen_is_what_happens() {
    let shop = Shop::open().await;
    let profiles = format!("/v1/apps/{}/destinations", shop.app.id);
    let trunk = json!({ "name": "PBX", "domain": "pbx.example", "keepAliveSeconds": null });
    let trunk = shop.api.post("/v1/trunks", &trunk).await.unwrap().expect(201).unwrap();
    let trunk: serde_json::Value = trunk.json().unwrap();
    let hours = json!({ "timeZone": "Europe/Berlin", "week": { "monday": [{ "from": "09:00", "to": "17:00" }] } });
    let made = json!({
        "name": "Sales", "kind": "sip", "trunkId": trunk["id"], "to": "100", "hours": hours,
        "routingKeys": { "vip": { "user": "101" } }, "callerName": "{form.name}",
        "headers": { "X-Order": "{context.orderId}" },
    });
    let sales: serde_json::Value =
        shop.api.post(&profiles, &made).await.unwrap().expect(201).unwrap().json().unwrap();
    let check = format!("/v1/apps/{}/routing/check", shop.app.id);
    let ask = async |body: serde_json::Value| -> serde_json::Value {
        shop.api.post(&check, &body).await.unwrap().expect(200).unwrap().json().unwrap()
    };
    let demo = ask(json!({})).await;
    assert_eq!((&demo["open"], &demo["chain"][0]["kind"]), (&json!(true), &json!("demo")));
    assert_eq!(demo["chain"][0]["hoursFrom"], "always");

    let call = json!({
        "at": "2026-11-30T10:00:00Z", "destinationId": sales["id"], "routingKey": "vip",
        "context": { "orderId": "A-1" }, "form": { "name": "Ada" },
    });
    let open = ask(call.clone()).await;
    assert_eq!((&open["open"], &open["offeredTo"]), (&json!(true), &json!([sales["id"]])));
    let link = &open["chain"][0];
    assert_eq!(link["farSide"], json!({ "kind": "sip", "trunkId": trunk["id"], "to": "101" }));
    assert_eq!((&link["callerName"], &link["hoursFrom"]), (&json!("Ada"), &json!("profile")));
    assert_eq!(link["nextChange"], "2026-11-30T16:00:00.000Z");
    let headers = link["headers"].as_array().unwrap();
    assert!(headers.contains(&json!({ "name": "X-Order", "value": "A-1" })), "{headers:?}");

    let mut night = call.clone();
    night["at"] = json!("2026-11-30T20:00:00Z");
    let closed = ask(night).await;
    assert_eq!((&closed["open"], &closed["offeredTo"]), (&json!(false), &json!([])));
    assert_eq!(closed["nextOpening"], "2026-12-07T08:00:00.000Z");
    // The widget's own question has the same answer.
    let hours =
        format!("{profiles}/{}/hours/check?at=2026-11-30T20:00:00Z", sales["id"].as_str().unwrap());
    assert_eq!(shop.read(&hours).await["nextOpening"], closed["nextOpening"]);

    for nonsense in [
        json!({ "destinationId": "dest_01920000000070008000000000000001" }),
        json!({ "routingKey": "" }),
        json!({ "context": { "k": 5 } }),
        json!({ "at": "now" }),
        json!({ "colour": "red" }),
    ] {
        refused(&shop.api.post(&check, &nonsense).await.unwrap(), 422, "invalid");
    }
}
