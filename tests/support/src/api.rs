//! The management API, as a program of somebody else's uses it.

use anyhow::Context as _;
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};

use crate::answer::{self, Answer};

/// A client of the management API.
#[derive(Debug, Clone)]
pub struct Api {
    client: reqwest::Client,
    url: String,
    key: String,
}

/// What an app is named by.
#[derive(Debug, Clone, Deserialize)]
pub struct App {
    /// Its id.
    pub id: String,
}

/// A widget key.
#[derive(Debug, Clone, Deserialize)]
pub struct WidgetKey {
    /// Its id.
    pub id: String,
    /// The key itself.
    pub key: String,
}

/// A new integration.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// Its id.
    pub id: String,
    /// What its deliveries are signed with.
    pub signing_secret: String,
}

/// A session of a widget.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The bearer token.
    pub token: String,
    /// Until when it is valid.
    pub expires_at: String,
    /// The server's clock.
    pub server_time: String,
    /// The context of all its events.
    pub context: Value,
    /// Whether it is a preview.
    pub preview: bool,
}

/// A call.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Its id.
    pub id: String,
    /// `live`, `ended` or `error`.
    pub state: String,
    /// Who hung up.
    pub reason: Option<String>,
    /// Why it failed.
    pub error_code: Option<String>,
    /// The routing key.
    pub routing_key: Option<String>,
    /// The profile asked for.
    pub destination_id: Option<String>,
    /// The form before the call.
    pub form_values: Option<Value>,
    /// Seconds from start to end.
    pub duration: Option<u64>,
    /// How it sounded, and what the widget noticed of it.
    #[serde(default)]
    pub quality: Option<Value>,
    /// The answers to the survey; only where one call is read.
    #[serde(default)]
    pub survey: Option<Value>,
}

/// An event in the log.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Its id.
    pub id: String,
    /// Its call.
    pub call_id: Option<String>,
    /// Whether it comes from a preview.
    pub preview: bool,
    /// The envelope, byte for byte.
    pub event: Box<RawValue>,
}

impl Recorded {
    /// The envelope, to look into.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn envelope(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(self.event.get())?)
    }

    /// The event's name; empty when it has none.
    #[must_use]
    pub fn name(&self) -> String {
        let envelope = self.envelope().unwrap_or_default();
        envelope["name"].as_str().unwrap_or_default().to_owned()
    }
}

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl Api {
    /// A client for the server at this URL, with this API key.
    #[must_use]
    pub fn new(url: impl Into<String>, key: impl Into<String>) -> Self {
        Self { client: answer::client(), url: url.into(), key: key.into() }
    }

    /// The same with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A request with the key.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    /// GET.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn get(&self, path: &str) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn post(&self, path: &str, body: &Value) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::POST, path).json(body)).await
    }

    /// PUT with a JSON body.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn put(&self, path: &str, body: &Value) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::PUT, path).json(body)).await
    }

    /// PATCH with a JSON body.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn patch(&self, path: &str, body: &Value) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn delete(&self, path: &str) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::DELETE, path)).await
    }

    /// Makes an app. Tests ask for sessions faster than visitors do: unless they say otherwise, they
    /// are not made to prove any work.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn create_app(&self, settings: &Value) -> anyhow::Result<App> {
        let mut settings = settings.clone();
        if let Some(fields) = settings.as_object_mut() {
            fields.entry("challenge").or_insert("off".into());
        }
        self.post("/v1/apps", &settings).await?.expect(201)?.json().context("the new app")
    }

    /// Makes a widget key.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn create_widget_key(&self, app: &App) -> anyhow::Result<WidgetKey> {
        let path = format!("/v1/apps/{}/widget-keys", app.id);
        self.post(&path, &json!({})).await?.expect(201)?.json().context("the new widget key")
    }

    /// Makes an integration that gets these events.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn create_integration(
        &self,
        app: &App,
        url: &str,
        events: &[&str],
    ) -> anyhow::Result<Integration> {
        self.create_integration_with(app, &json!({ "name": "Test", "url": url, "events": events }))
            .await
    }

    /// Makes an integration with these settings.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn create_integration_with(
        &self,
        app: &App,
        settings: &Value,
    ) -> anyhow::Result<Integration> {
        let path = format!("/v1/apps/{}/integrations", app.id);
        self.post(&path, settings).await?.expect(201)?.json().context("the new integration")
    }

    /// Makes a trusted session.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn create_session(&self, request: &Value) -> anyhow::Result<Session> {
        self.post("/v1/sessions", request).await?.expect(201)?.json().context("the new session")
    }

    /// All events of an app that a filter, such as `callId=…`, lets through, oldest first.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn events(&self, app: &App, filter: &str) -> anyhow::Result<Vec<Recorded>> {
        let mut events = self.all(&format!("/v1/apps/{}/events?{filter}", app.id)).await?;
        events.reverse();
        Ok(events)
    }

    /// All calls of an app that a filter, such as `context=…`, lets through, oldest first.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn calls(&self, app: &App, filter: &str) -> anyhow::Result<Vec<Call>> {
        let mut calls = self.all(&format!("/v1/apps/{}/calls?{filter}", app.id)).await?;
        calls.reverse();
        Ok(calls)
    }

    /// One call.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn call(&self, app: &App, id: &str) -> anyhow::Result<Call> {
        let path = format!("/v1/apps/{}/calls/{id}", app.id);
        self.get(&path).await?.expect(200)?.json().context("the call")
    }

    /// All pages of a list, newest first.
    async fn all<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let answer = self.get(&format!("{path}&limit=500{after}")).await?.expect(200)?;
            let page: Page<T> = answer.json().context("a page")?;
            items.extend(page.items);
            match page.next {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(items),
            }
        }
    }
}
