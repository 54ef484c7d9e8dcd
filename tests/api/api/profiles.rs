//! Profiles: where calls go.

use bellpush_test_support::{answer::Answer, widget::Widget};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

fn path(shop: &Shop) -> String {
    format!("/v1/apps/{}/destinations", shop.app.id)
}

async fn create(shop: &Shop, body: Value) -> Answer {
    shop.api.post(&path(shop), &body).await.unwrap()
}

fn id(answer: Answer) -> String {
    let profile: Value = answer.expect(201).unwrap().json().unwrap();
    profile["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_profile_is_made_read_changed_and_deleted() {
    let shop = Shop::open().await;
    let made = id(create(&shop, json!({ "name": "Sales", "kind": "demo" })).await);
    let address = format!("{}/{made}", path(&shop));
    let read: Value = shop.api.get(&address).await.unwrap().expect(200).unwrap().json().unwrap();
    let expected = json!({
        "id": made,
        "isDefault": false,
        "name": "Sales",
        "kind": "demo",
        "trunkId": null,
        "to": null,
        "hours": null,
        "ringTimeoutSeconds": 30,
        "maxDurationSeconds": null,
        "overflow": null,
        "routingKeys": {},
        "codecPolicy": "pass_through",
        "callerName": null,
        "headers": {},
    });
    assert_eq!(read, expected);
    let patch = json!({ "name": "Shop", "ringTimeoutSeconds": 10, "isDefault": true });
    let changed: Value =
        shop.api.patch(&address, &patch).await.unwrap().expect(200).unwrap().json().unwrap();
    assert_eq!((&changed["name"], &changed["isDefault"]), (&json!("Shop"), &json!(true)));
    refused(&shop.api.delete(&address).await.unwrap(), 409, "conflict");
    let refusal = shop.api.patch(&address, &json!({ "isDefault": false })).await.unwrap();
    refused(&refusal, 409, "conflict");

    let list: Value = shop.api.get(&path(&shop)).await.unwrap().json().unwrap();
    assert_eq!(list["items"][0]["id"], made);
    let demo = format!("{}/{}", path(&shop), list["items"][1]["id"].as_str().unwrap());
    shop.api.delete(&demo).await.unwrap().expect(204).unwrap();
    refused(&shop.api.get(&demo).await.unwrap(), 404, "not-found");
    // It goes on being called by what it was made the default for.
    shop.widget().await.place().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_its_place() {
    let shop = Shop::open().await;
    let trunk = json!({ "name": "Provider", "domain": "sip.provider.example" });
    let trunk: Value =
        shop.api.post("/v1/trunks", &trunk).await.unwrap().expect(201).unwrap().json().unwrap();
    let sip = json!({ "name": "Sales", "kind": "sip", "trunkId": trunk["id"], "to": "100" });
    create(&shop, sip.clone()).await.expect(201).unwrap();
    let nowhere = "dest_01920000000070008000000000000001";
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("kind", json!("pigeon"), "/kind"),
        ("trunkId", json!("trunk_01920000000070008000000000000001"), "/trunkId"),
        ("trunkId", json!(null), "/trunkId"),
        ("to", json!("sip:100@pbx.example;transport=tcp"), "/to"),
        ("ringTimeoutSeconds", json!(1), "/ringTimeoutSeconds"),
        ("overflow", json!(nowhere), "/overflow"),
        ("routingKeys", json!({ "vip": { "profile": nowhere } }), "/routingKeys/vip/profile"),
        ("callerName", json!("{name}"), "/callerName"),
        ("headers", json!({ "Via": "x" }), "/headers/Via"),
        ("headers", json!({ "X-Order": "{" }), "/headers/X-Order"),
        ("isDefault", json!("yes"), "/isDefault"),
        ("hours", json!({ "timeZone": "x" }), "/hours/timeZone"),
    ] {
        let mut body = sip.clone();
        body[field] = value;
        let problem = refused(&create(&shop, body).await, 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{problem:?}");
    }
    let unknown = refused(
        &create(&shop, json!({ "name": "x", "kind": "demo", "y": 1 })).await,
        422,
        "invalid",
    );
    assert!(unknown.detail.contains("unknown field"), "{unknown:?}");
}

#[tokio::test]
async fn profiles_that_refer_to_each_other_make_no_circle_and_stay() {
    let shop = Shop::open().await;
    let aim = id(create(&shop, json!({ "name": "Aim", "kind": "demo" })).await);
    let first = json!({ "name": "First", "kind": "demo", "overflow": aim });
    let first = id(create(&shop, first).await);
    let address = format!("{}/{aim}", path(&shop));
    let circle = shop.api.patch(&address, &json!({ "overflow": first })).await.unwrap();
    let problem = refused(&circle, 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/overflow"));
    let problem = refused(&shop.api.delete(&address).await.unwrap(), 409, "conflict");
    assert!(problem.detail.contains("First"), "{problem:?}");
    // Profiles are their app's own.
    let (other, _) = shop.another(json!({})).await;
    let theirs = format!("/v1/apps/{}/destinations", other.id);
    let body = json!({ "name": "x", "kind": "demo", "overflow": aim });
    refused(&shop.api.post(&theirs, &body).await.unwrap(), 422, "invalid");
    refused(&shop.api.delete(&format!("{theirs}/{aim}")).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_routing_key_leads_to_the_profile_that_the_default_one_names() {
    let shop = Shop::open().await;
    let vip = id(create(&shop, json!({ "name": "VIP", "kind": "demo" })).await);
    let keys = json!({ "vip": { "profile": vip } });
    let door = json!({ "name": "Door", "kind": "demo", "isDefault": true, "routingKeys": keys });
    let door = id(create(&shop, door).await);
    for (key, profile) in [(Some("vip"), &vip), (Some("other"), &door), (None, &door)] {
        let request = json!({
            "appId": shop.app.id, "origin": shop.embed.origin, "context": {}, "routingKey": key,
        });
        let session = shop.api.create_session(&request).await.unwrap();
        let call = Widget::new(&shop.server.url(), session).place().await.unwrap();
        let address = format!("/v1/apps/{}/calls/{}", shop.app.id, call.call_id);
        let record: Value = shop.api.get(&address).await.unwrap().json().unwrap();
        assert_eq!(record["profileId"], *profile, "{key:?}");
    }
}
