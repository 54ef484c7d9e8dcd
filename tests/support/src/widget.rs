//! A widget without a browser: what the widget's script says to the server, by HTTP.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    SOON,
    answer::{self, Answer},
    api::{App, Session},
    visitor::{Visitor, VisitorCall},
};

/// Where a widget is embedded.
#[derive(Debug, Clone)]
pub struct Embed {
    /// The server's URL.
    pub server: String,
    /// The app.
    pub app: App,
    /// The widget key.
    pub key: String,
    /// The origin of the embedding page.
    pub origin: String,
}

impl Embed {
    /// The body of a request for a session.
    #[must_use]
    pub fn request(&self, context: &Value) -> Value {
        json!({
            "appId": self.app.id,
            "key": self.key,
            "origin": self.origin,
            "context": context,
            "preview": false,
            "destination": null,
        })
    }

    /// Asks for a session.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn ask(&self, request: &Value) -> reqwest::Result<Answer> {
        let address = format!("{}/v1/widget/sessions", self.server);
        Answer::to(answer::client().post(address).json(request)).await
    }

    /// Opens a widget with this context.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn open(&self, context: Value) -> anyhow::Result<Widget> {
        let session = self.ask(&self.request(&context)).await?.expect(201)?.json()?;
        Ok(Widget::new(&self.server, session))
    }
}

/// A widget with a session.
#[derive(Debug, Clone)]
pub struct Widget {
    client: Client,
    server: String,
    /// Its session.
    pub session: Session,
}

/// A call that was accepted.
pub struct Placed {
    /// Its id.
    pub call_id: String,
    /// The visitor's end of the media.
    pub media: VisitorCall,
    /// The token that takes it up.
    pub resume_token: String,
}

/// A call that was taken up.
pub struct TakenUp {
    /// The visitor's new end of the media.
    pub media: VisitorCall,
    /// The token for the next time.
    pub resume_token: String,
    /// Where the call is from now on.
    pub address: String,
    /// The widget with the call's session.
    pub widget: Widget,
}

/// A message about a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its number.
    pub id: u64,
    /// `progress` or `event`.
    pub kind: String,
    /// What it says.
    pub data: Value,
}

impl Widget {
    /// A widget with a session of this server.
    #[must_use]
    pub fn new(server: &str, session: Session) -> Self {
        Self { client: answer::client(), server: server.to_owned(), session }
    }

    /// The same widget with another bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        let mut other = self.clone();
        other.session.token = token.to_owned();
        other
    }

    /// The same widget in a browser of its own.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// A request with the session token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = format!("{}{path}", self.server);
        self.client.request(method, address).bearer_auth(&self.session.token)
    }

    /// A submission of an event that happens now; `context` is added to the data.
    #[must_use]
    pub fn event(&self, name: &str, mut data: Value) -> Value {
        data["context"] = self.session.context.clone();
        json!({
            "id": uuid::Uuid::now_v7(),
            "event": { "name": name, "data": data, "timestamp": now() },
        })
    }

    /// A submission of a survey's answers, as question and rating.
    #[must_use]
    pub fn survey(&self, call_id: &str, answers: &[(&str, u8)], comment: Option<&str>) -> Value {
        let sum: f64 = answers.iter().map(|(_, rating)| f64::from(*rating)).sum();
        let mean = (sum * 100.0 / answers.len().max(1) as f64).round() / 100.0;
        let data = json!({
            "rating": mean,
            "answerCount": answers.len(),
            "hasComment": comment.is_some(),
        });
        let mut submission = self.event("survey_submitted", data);
        submission["callId"] = call_id.into();
        let answers = answers.iter();
        let answers: Vec<_> = answers
            .map(|(question, rating)| json!({ "questionId": question, "rating": rating }))
            .collect();
        submission["survey"] = json!({ "answers": answers, "comment": comment });
        submission
    }

    /// Submits events.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn submit(&self, events: &[Value]) -> reqwest::Result<Answer> {
        let request = self.request(Method::POST, "/v1/widget/events");
        Answer::to(request.json(&json!({ "events": events }))).await
    }

    /// Asks for a new token.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn refresh(&self) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::POST, "/v1/widget/sessions/refresh")).await
    }

    /// Sends an offer.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn offer(&self, sdp: &str) -> reqwest::Result<Answer> {
        let request = self.request(Method::POST, "/v1/calls");
        Answer::to(request.header("content-type", "application/sdp").body(sdp.to_owned())).await
    }

    /// Places a call with real media.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn place(&self) -> anyhow::Result<Placed> {
        let visitor = Visitor::new().await?;
        let answer = self.offer(visitor.offer()).await?.expect(201)?;
        let call_id = call_id(&answer)?;
        let resume_token = answer.header("bellpush-resume-token").to_owned();
        Ok(Placed { call_id, media: visitor.accept(&answer.text())?, resume_token })
    }

    /// Asks for a call that may live on another server.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn ask_for(&self, call_id: &str, token: &str, sdp: &str) -> reqwest::Result<Answer> {
        self.claim(call_id, &json!({ "resumeToken": token, "sdp": sdp, "takeOver": true })).await
    }

    /// Asks for a call with this body.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn claim(&self, call_id: &str, body: &Value) -> reqwest::Result<Answer> {
        let path = format!("/v1/calls/{call_id}/resume");
        Answer::to(self.request(Method::POST, &path).json(body)).await
    }

    /// Takes a call over, with real media.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn take_over(&self, call_id: &str, token: &str) -> anyhow::Result<TakenUp> {
        let visitor = Visitor::new().await?;
        let answer = self.ask_for(call_id, token, visitor.offer()).await?.expect(200)?;
        let answer: Value = answer.json()?;
        let text = |name: &str| {
            let text = answer[name].as_str().map(str::to_owned);
            text.with_context(|| format!("no {name} in {answer}"))
        };
        let session = serde_json::from_value(answer["session"].clone())?;
        Ok(TakenUp {
            media: visitor.accept(&text("sdp")?)?,
            resume_token: text("resumeToken")?,
            address: text("address")?,
            widget: Self { session, ..self.clone() },
        })
    }

    /// The same widget, as another server answers it.
    #[must_use]
    pub fn at(&self, server: &str) -> Self {
        Self { server: server.to_owned(), ..self.clone() }
    }

    /// Hangs up.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn hang_up(&self, call_id: &str) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::DELETE, &format!("/v1/calls/{call_id}"))).await
    }

    /// Sends the beacon of a page that goes away.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn leave(&self, call_id: &str) -> reqwest::Result<Answer> {
        let address = format!("{}/v1/calls/{call_id}/leave", self.server);
        let body = json!({ "token": self.session.token }).to_string();
        let request = self.client.post(address).header("content-type", "text/plain").body(body);
        Answer::to(request).await
    }

    /// Presses a key of the telephone.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn press(&self, call_id: &str, digit: char) -> reqwest::Result<Answer> {
        let request = self.request(Method::POST, &format!("/v1/calls/{call_id}/dtmf"));
        Answer::to(request.json(&json!({ "digit": digit }))).await
    }

    /// The messages of a call after a number, as the polling fallback gives them.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn poll(&self, call_id: &str, after: u64) -> reqwest::Result<Answer> {
        let path = format!("/v1/calls/{call_id}/events?after={after}");
        Answer::to(self.request(Method::GET, &path).header("accept", "application/json")).await
    }

    /// Opens the stream of a call's messages after a number.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn follow(&self, call_id: &str, after: u64) -> anyhow::Result<Stream> {
        let path = format!("/v1/calls/{call_id}/events");
        let request = self.request(Method::GET, &path).header("accept", "text/event-stream");
        let response = request.header("last-event-id", after).send().await?;
        if response.status() != 200 {
            bail!("expected a stream, the answer is {}", response.status());
        }
        Ok(Stream { response, unread: Vec::new() })
    }
}

/// The call's id out of the `Location` of an accepted call.
///
/// # Errors
/// There is none.
pub fn call_id(answer: &Answer) -> anyhow::Result<String> {
    let location = answer.header("location");
    let id = location.rsplit_once("/v1/calls/").map(|(_, id)| id);
    Ok(id.with_context(|| format!("{location:?} is not the address of a call"))?.to_owned())
}

/// The present time as events have it.
#[must_use]
pub fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// Server-sent events of a call.
#[derive(Debug)]
pub struct Stream {
    response: reqwest::Response,
    unread: Vec<u8>,
}

impl Stream {
    /// The next message; `None` once the server has closed the stream.
    ///
    /// # Errors
    /// There is none for a long time, or it can't be read.
    pub async fn next(&mut self) -> anyhow::Result<Option<Message>> {
        self.next_within(SOON).await
    }

    async fn next_within(&mut self, within: Duration) -> anyhow::Result<Option<Message>> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                match parse(&String::from_utf8(block)?)? {
                    Some(message) => return Ok(Some(message)),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(within, self.response.chunk()).await;
            match chunk.context("the stream is silent")?? {
                Some(chunk) => self.unread.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }

    /// All messages up to the end of the stream.
    ///
    /// # Errors
    /// It does not end, or can't be read.
    pub async fn rest(&mut self) -> anyhow::Result<Vec<Message>> {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await? {
            messages.push(message);
        }
        Ok(messages)
    }
}

/// Reads one block of a stream; `None` for a comment.
fn parse(block: &str) -> anyhow::Result<Option<Message>> {
    let field = |name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.strip_prefix(':')).map(str::trim_start)
    };
    let Some(data) = field("data") else { return Ok(None) };
    Ok(Some(Message {
        id: field("id").context("a message without a number")?.parse()?,
        kind: field("event").context("a message without a kind")?.to_owned(),
        data: serde_json::from_str(data)?,
    }))
}
