//! The real server with one app, set up by its own API.
#![allow(dead_code, reason = "not every test file uses every part")]

pub(crate) mod servers;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bellpush_sip_tests::Sipp;
use bellpush_test_support::{
    SOON,
    api::{Api, App},
    eventually,
    server::{Options, ServerProcess},
    visitor::VisitorCall,
    widget::{Placed, Widget},
};
use serde_json::{Value, json};

pub(crate) type Result = anyhow::Result<()>;

const ORIGIN: &str = "https://shop.example";

pub(crate) struct Shop {
    pub(crate) server: ServerProcess,
    pub(crate) api: Api,
    pub(crate) app: App,
}

impl Shop {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        Self::with(Options::sqlite(), json!({})).await
    }

    /// With these options, and these settings of the app.
    pub(crate) async fn with(options: Options, settings: Value) -> anyhow::Result<Self> {
        let options = options
            .or("--sip-listen", "127.0.0.1:0")
            .or("--rtp-listen", "127.0.0.1")
            .with("--rtp-address", "127.0.0.1");
        let server = ServerProcess::start(options).await?;
        let api = server.api();
        let mut app = json!({ "name": "Shop", "allowedOrigins": [ORIGIN] });
        for (field, value) in settings.as_object().context("an object")? {
            app[field] = value.clone();
        }
        let app = api.create_app(&app).await?;
        Ok(Self { server, api, app })
    }

    pub(crate) async fn create(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let made: Value = self.api.post(path, body).await?.expect(201)?.json()?;
        Ok(made["id"].as_str().context("no id")?.to_owned())
    }

    /// A profile that calls this telephone by a trunk of its own.
    pub(crate) async fn profile(&self, phone: &Sipp, more: Value) -> anyhow::Result<String> {
        let trunk = json!({
            "name": "Trunk", "domain": "127.0.0.1", "port": phone.port, "keepAliveSeconds": null,
            "caller": "493012345",
        });
        let trunk = self.create("/v1/trunks", &trunk).await?;
        self.profile_by(&trunk, more).await
    }

    /// A profile that calls by this trunk.
    pub(crate) async fn profile_by(&self, trunk: &str, more: Value) -> anyhow::Result<String> {
        let mut profile = json!({ "name": "Phone", "kind": "sip", "trunkId": trunk, "to": "100" });
        for (field, value) in more.as_object().context("an object")? {
            profile[field] = value.clone();
        }
        self.create(&format!("/v1/apps/{}/destinations", self.app.id), &profile).await
    }

    pub(crate) async fn make_default(&self, profile: &str) -> Result {
        let path = format!("/v1/apps/{}/destinations/{profile}", self.app.id);
        self.api.patch(&path, &json!({ "isDefault": true })).await?.expect(200)?;
        Ok(())
    }

    pub(crate) async fn widget(&self) -> anyhow::Result<Widget> {
        let request = json!({
            "appId": self.app.id, "origin": ORIGIN, "routingKey": "vip",
            "context": { "orderId": "A-1 %", "name": "Zoë" },
        });
        Ok(Widget::new(&self.server.url(), self.api.create_session(&request).await?))
    }

    pub(crate) async fn record(&self, call: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/apps/{}/calls/{call}", self.app.id);
        self.api.get(&path).await?.expect(200)?.json()
    }

    pub(crate) async fn trunk_of(&self, profile: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/apps/{}/destinations/{profile}", self.app.id);
        let profile: Value = self.api.get(&path).await?.expect(200)?.json()?;
        Ok(profile["trunkId"].clone())
    }

    pub(crate) async fn ended(&self, call: &str) -> anyhow::Result<Value> {
        eventually("the call is over", SOON, async || {
            Ok(Some(self.record(call).await?).filter(|record| record["state"] != "live"))
        })
        .await
    }

    /// A call in which both sides hear each other.
    pub(crate) async fn call(&self, widget: &Widget) -> anyhow::Result<Placed> {
        let call = widget.place().await?;
        comes_to(widget, &call.call_id, "connected").await?;
        Ok(call)
    }

    /// The names of a call's events in the log, oldest first.
    pub(crate) async fn events(&self, call: &str) -> anyhow::Result<Vec<String>> {
        let events = self.api.events(&self.app, &format!("callId={call}")).await?;
        Ok(events.iter().map(|event| event.name()).collect())
    }

    /// What a metric says; `None` for one that is not there.
    pub(crate) async fn metric(&self, name: &str) -> anyhow::Result<Option<f64>> {
        let text = self.api.get("/metrics").await?.expect(200)?.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.map(str::parse).transpose()?)
    }
}

/// Waits until the call has come to this phase.
pub(crate) async fn comes_to(widget: &Widget, call: &str, phase: &str) -> Result {
    eventually(phase, SOON, async || {
        let page: Value = widget.poll(call, 0).await?.expect(200)?.json()?;
        let messages = page["messages"].as_array().context("no messages")?;
        Ok(messages.iter().any(|message| message["data"]["phase"] == phase).then_some(()))
    })
    .await
}

/// The telephone sends back whatever it hears.
pub(crate) async fn hears_itself(media: &mut VisitorCall) -> Result {
    media.wait_until(SOON, |heard| heard.connected).await?;
    let start = Instant::now();
    while start.elapsed() < SOON {
        media.say((1..=20_u8).map(|n| vec![n; 160]));
        let echo = |heard: &bellpush_test_support::visitor::Heard| {
            heard.packets.iter().any(|packet| packet.payload[..] == [20; 160])
        };
        if media.wait_until(Duration::from_millis(500), echo).await.is_ok() {
            return Ok(());
        }
    }
    anyhow::bail!("nothing comes back from the telephone")
}
