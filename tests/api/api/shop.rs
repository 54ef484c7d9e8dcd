//! A server with one app that `https://shop.example` may embed.

use bellpush_test_support::{
    SOON,
    answer::{Answer, Problem},
    api::{Api, App},
    eventually,
    server::{Options, ServerProcess},
    sink::Sink,
    widget::{Embed, Widget},
};
use serde_json::{Value, json};

/// Where the app's widget is embedded.
pub(crate) const ORIGIN: &str = "https://shop.example";
/// A page of somebody else's.
pub(crate) const EVIL: &str = "https://evil.example";

/// A server with an app.
pub(crate) struct Shop {
    pub(crate) server: ServerProcess,
    pub(crate) api: Api,
    pub(crate) app: App,
    pub(crate) embed: Embed,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Options::sqlite()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let server = ServerProcess::start(options).await.unwrap();
        let api = server.api();
        let (app, embed) = app(&server, &api, json!({})).await;
        Self { server, api, app, embed }
    }

    /// Another app on the same server.
    pub(crate) async fn another(&self, settings: Value) -> (App, Embed) {
        app(&self.server, &self.api, settings).await
    }

    /// A widget with a session, for the order `A-1`.
    pub(crate) async fn widget(&self) -> Widget {
        self.embed.open(json!({ "orderId": "A-1" })).await.unwrap()
    }

    /// An integration that gets this, with its path.
    pub(crate) async fn integrate(&self, sink: &Sink, events: &[&str]) -> String {
        let made = self.api.create_integration(&self.app, &sink.url(), events).await.unwrap();
        format!("/v1/apps/{}/integrations/{}", self.app.id, made.id)
    }

    /// What is at a path.
    pub(crate) async fn read(&self, path: &str) -> Value {
        self.api.get(path).await.unwrap().expect(200).unwrap().json().unwrap()
    }

    /// So many `widget_loaded` events, by sessions of their own.
    pub(crate) async fn load_widgets(&self, count: usize) {
        let mut left = count;
        while left > 0 {
            let widget = self.widget().await;
            let batch = left.min(20);
            let loaded: Vec<Value> = (0..batch)
                .map(|_| widget.event("widget_loaded", json!({ "isPreview": false })))
                .collect();
            widget.submit(&loaded).await.unwrap().expect(200).unwrap();
            left -= batch;
        }
    }

    /// Waits until what is at a path is as it should be.
    pub(crate) async fn wait_for(&self, path: &str, so: impl Fn(&Value) -> bool) -> Value {
        let what = format!("GET {path}");
        eventually(&what, SOON, async || Ok(Some(self.read(path).await).filter(|it| so(it))))
            .await
            .unwrap()
    }

    /// A token for previews of the app.
    pub(crate) async fn preview_token(&self) -> String {
        let path = format!("/v1/apps/{}/preview-tokens", self.app.id);
        let made = self.api.post(&path, &json!({})).await.unwrap().expect(201).unwrap();
        made.json::<Value>().unwrap()["token"].as_str().unwrap().to_owned()
    }

    /// The metrics.
    pub(crate) async fn metrics(&self) -> String {
        self.api.get("/metrics").await.unwrap().expect(200).unwrap().text()
    }

    /// The newest delivery of a list, with its attempts.
    pub(crate) async fn newest_delivery(&self, list: &str) -> Option<Value> {
        let page = self.read(list).await;
        let event_id = page["items"].get(0)?["eventId"].as_str()?.to_owned();
        let log = list.split('?').next()?;
        Some(self.read(&format!("{log}/{event_id}")).await)
    }

    /// Changes the app.
    pub(crate) async fn change(&self, patch: Value) -> Answer {
        self.api.patch(&format!("/v1/apps/{}", self.app.id), &patch).await.unwrap()
    }

    /// The names of all events of the app, oldest first.
    pub(crate) async fn event_names(&self) -> Vec<String> {
        let events = self.api.events(&self.app, "").await.unwrap();
        events.iter().map(|event| event.name()).collect()
    }

    /// The widget's document with these parameters besides the key.
    pub(crate) async fn document(&self, parameters: &[(&str, &str)]) -> Answer {
        let path = format!("{}/w/{}", self.server.url(), self.app.id);
        let key = [("key", self.embed.key.as_str())];
        let request = bellpush_test_support::answer::client().get(path);
        Answer::to(request.query(&key).query(parameters)).await.unwrap()
    }
}

async fn app(server: &ServerProcess, api: &Api, settings: Value) -> (App, Embed) {
    let mut all = json!({ "name": "Shop", "allowedOrigins": [ORIGIN] });
    for (name, value) in settings.as_object().unwrap() {
        all[name] = value.clone();
    }
    let app = api.create_app(&all).await.unwrap();
    let key = api.create_widget_key(&app).await.unwrap().key;
    let embed = Embed { server: server.url(), app: app.clone(), key, origin: ORIGIN.into() };
    (app, embed)
}

/// Checks that an answer is this problem, and returns it.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, kind: &str) -> Problem {
    let problem = answer.problem().unwrap();
    assert!(problem.is(status, kind), "expected {status} {kind}: {problem:?}");
    problem
}
