//! Calls of the API: the real server, set up by its own API, and SIPp as the telephone.

use anyhow::Context as _;
use bellpush_sip_tests::Sipp;
use bellpush_test_support::{
    SOON,
    api::{Api, App},
    eventually,
    server::{Options, ServerProcess},
    visitor::Visitor,
    widget::{Widget, call_id},
};
use serde_json::{Value, json};

type Result = anyhow::Result<()>;

const ORIGIN: &str = "https://shop.example";

struct Shop {
    server: ServerProcess,
    api: Api,
    app: App,
}

impl Shop {
    async fn open() -> anyhow::Result<Self> {
        let options = Options::sqlite()
            .with("--sip-listen", "127.0.0.1:0")
            .with("--rtp-listen", "127.0.0.1")
            .with("--rtp-address", "127.0.0.1");
        let server = ServerProcess::start(options).await?;
        let api = server.api();
        let app = api.create_app(&json!({ "name": "Shop", "allowedOrigins": [ORIGIN] })).await?;
        Ok(Self { server, api, app })
    }

    async fn create(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let made: Value = self.api.post(path, body).await?.expect(201)?.json()?;
        Ok(made["id"].as_str().context("no id")?.to_owned())
    }

    /// A profile that calls this telephone by a trunk of its own.
    async fn profile(&self, phone: &Sipp, more: Value) -> anyhow::Result<String> {
        let trunk = json!({
            "name": "Trunk", "domain": "127.0.0.1", "port": phone.port, "keepAliveSeconds": null,
            "caller": "493012345",
        });
        let trunk = self.create("/v1/trunks", &trunk).await?;
        let mut profile = json!({ "name": "Phone", "kind": "sip", "trunkId": trunk, "to": "100" });
        for (field, value) in more.as_object().context("an object")? {
            profile[field] = value.clone();
        }
        self.create(&format!("/v1/apps/{}/destinations", self.app.id), &profile).await
    }

    async fn widget(&self) -> anyhow::Result<Widget> {
        let request = json!({
            "appId": self.app.id, "origin": ORIGIN, "routingKey": "vip",
            "context": { "orderId": "A-1 %", "name": "Zoë" },
        });
        Ok(Widget::new(&self.server.url(), self.api.create_session(&request).await?))
    }

    async fn record(&self, call: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/apps/{}/calls/{call}", self.app.id);
        self.api.get(&path).await?.expect(200)?.json()
    }

    async fn trunk_of(&self, profile: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/apps/{}/destinations/{profile}", self.app.id);
        let profile: Value = self.api.get(&path).await?.expect(200)?.json()?;
        Ok(profile["trunkId"].clone())
    }

    async fn ended(&self, call: &str) -> anyhow::Result<Value> {
        eventually("the call is over", SOON, async || {
            Ok(Some(self.record(call).await?).filter(|record| record["state"] != "live"))
        })
        .await
    }
}

/// Waits until the call has come to this phase.
async fn comes_to(widget: &Widget, call: &str, phase: &str) -> Result {
    eventually(phase, SOON, async || {
        let page: Value = widget.poll(call, 0).await?.expect(200)?.json()?;
        let messages = page["messages"].as_array().context("no messages")?;
        Ok(messages.iter().any(|message| message["data"]["phase"] == phase).then_some(()))
    })
    .await
}

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

    let busy = Sipp::start_with("refuse", &[("[status]", "486 Busy Here")], "u1").await?;
    shop.profile(&busy, json!({ "isDefault": true })).await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let _media = visitor.accept(&answer.text())?;
    let record = shop.ended(&call_id(&answer)?).await?;
    assert_eq!(record["errorCode"], "destination_busy");
    for field in ["answeredBy", "trunkId", "sipCallId"] {
        assert_eq!(record[field], Value::Null, "nobody took the call: {record}");
    }
    busy.finish().await
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_says_goodbye_to_the_telephone() -> Result {
    let phone = Sipp::start("plain_answer").await?;
    let mut shop = Shop::open().await?;
    shop.profile(&phone, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let call = call_id(&answer)?;
    let _media = visitor.accept(&answer.text())?;
    comes_to(&widget, &call, "connected").await?;
    assert!(shop.server.terminate().await?.success());
    phone.finish().await?;
    shop.server.restart().await?;
    assert_eq!(shop.record(&call).await?["errorCode"], "server_shutdown");
    Ok(())
}
