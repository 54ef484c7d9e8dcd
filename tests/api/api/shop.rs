//! A server with one app that `https://shop.example` may embed.

use bellpush_test_support::{
    answer::{Answer, Problem},
    api::{Api, App},
    server::{Options, ServerProcess},
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
