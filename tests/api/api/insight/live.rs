//! Watching an app.

use bellpush_test_support::SOON;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

/// A stream of server-sent events.
pub(super) struct Stream {
    response: Response,
    unread: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    pub(super) event: String,
    id: Option<String>,
    pub(super) data: Value,
}

impl Stream {
    async fn open(shop: &Shop, query: &str, after: Option<&str>) -> Self {
        let path = format!("/v1/apps/{}/live?{query}", shop.app.id);
        let request = shop.api.request(Method::GET, &path);
        let request = match after {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        Self::of(request).await
    }

    /// The stream that a request gets.
    pub(super) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, unread: String::new() }
    }

    /// The next message but for heartbeats; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let field = |name: &str| {
                    block.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
                };
                let message = Message {
                    event: field("event:").unwrap(),
                    id: field("id:"),
                    data: serde_json::from_str(&field("data:").unwrap()).unwrap(),
                };
                self.unread = rest.to_owned();
                if message.event != "heartbeat" {
                    return Some(message);
                }
                continue;
            }
            let chunk = tokio::time::timeout(SOON, self.response.chunk()).await.unwrap();
            self.unread += std::str::from_utf8(&chunk.ok()??).unwrap();
        }
    }

    /// The names of the next events, and the id of the last one, up to one of this name.
    async fn events_up_to(&mut self, last: &str) -> (Vec<String>, String) {
        let mut names = Vec::new();
        loop {
            let message = self.next().await.unwrap();
            if message.event != "event" {
                continue;
            }
            names.push(message.data["event"]["name"].as_str().unwrap().to_owned());
            if names.last().unwrap() == last {
                return (names, message.id.unwrap());
            }
        }
    }
}

#[tokio::test]
async fn who_watches_sees_calls_under_way_and_events_as_they_come() {
    let shop = Shop::open().await;
    let before = shop.widget().await;
    let live = before.place().await.unwrap();
    let mut stream = Stream::open(&shop, "", None).await;
    let snapshot = stream.next().await.unwrap();
    assert_eq!(snapshot.event, "snapshot");
    assert_eq!(snapshot.data["calls"][0]["callId"], live.call_id);
    assert_eq!(snapshot.data["calls"][0]["context"], json!({ "orderId": "A-1" }));
    assert_eq!(snapshot.id.unwrap(), snapshot.data["cursor"].as_str().unwrap());

    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let mut phases = Vec::new();
    while phases.last() != Some(&json!("connected")) {
        let message = stream.next().await.unwrap();
        if message.event == "call" && message.data["callId"] == call.call_id {
            phases.push(message.data["phase"].clone());
        }
    }
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let (names, last) = stream.events_up_to("call_ended").await;
    assert_eq!(names.last().unwrap(), "call_ended");
    drop(stream);

    // Meanwhile something happens; who comes back hears it once, and nothing of before.
    shop.load_widgets(3).await;
    before.hang_up(&live.call_id).await.unwrap().expect(204).unwrap();
    let mut stream = Stream::open(&shop, "", Some(&last)).await;
    let (names, middle) = stream.events_up_to("widget_loaded").await;
    assert_eq!(names, ["widget_loaded"]);
    drop(stream);
    let mut stream = Stream::open(&shop, "", Some(&middle)).await;
    let (names, _) = stream.events_up_to("call_ended").await;
    assert_eq!(names, ["widget_loaded", "widget_loaded", "call_ended"]);

    // Who comes back to another server, or too late, begins anew.
    for lost in ["00000000000000000000000000000001-5", "nonsense"] {
        let mut stream = Stream::open(&shop, "", Some(lost)).await;
        assert_eq!(stream.next().await.unwrap().event, "resync");
        assert_eq!(stream.next().await.unwrap().event, "snapshot");
    }
}

#[tokio::test]
async fn the_server_chooses_what_is_told() {
    let shop = Shop::open().await;
    let mut by_name = Stream::open(&shop, "name=call_started", None).await;
    let mut by_context = Stream::open(&shop, "context=orderId:A-2", None).await;
    by_name.next().await.unwrap();
    by_context.next().await.unwrap();
    let (stranger, _) = shop.another(json!({})).await;
    assert_ne!(stranger.id, shop.app.id);
    shop.load_widgets(2).await;
    let widget = shop.embed.open(json!({ "orderId": "A-2" })).await.unwrap();
    let call = widget.place().await.unwrap();
    let started = by_name.next().await.unwrap();
    assert_eq!((started.event.as_str(), &started.data["callId"]), ("event", &json!(call.call_id)));
    let started = by_context.next().await.unwrap();
    assert_eq!(started.data["event"]["name"], "call_started");
    let path = format!("/v1/apps/{}/live", shop.app.id);
    let request = shop.api.request(Method::GET, &path).header("accept", "application/json");
    let snapshot: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(snapshot["calls"][0]["callId"], call.call_id);
    refused(&shop.api.get(&format!("{path}?context=x")).await.unwrap(), 422, "invalid");
    refused(&shop.api.get("/v1/apps/app_1/live").await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops_and_says_so() {
    let shop = Shop::open().await;
    let mut stream = Stream::open(&shop, "", None).await;
    stream.next().await.unwrap();
    shop.server.ask_to_stop().unwrap();
    let end = stream.next().await.unwrap();
    assert_eq!((end.event.as_str(), end.data), ("end", json!({ "reason": "shutdown" })));
    assert_eq!(stream.next().await, None);
}
