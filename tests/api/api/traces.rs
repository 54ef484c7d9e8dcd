//! Traces: one event is followed from its ingest to the endpoint.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use bellpush_test_support::{
    SOON,
    answer::Answer,
    eventually,
    ports::free_port,
    postgres::Database,
    server::Options,
    sink::{Reply, Sink},
    widget::Widget,
};
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    collector::{Collector, Found},
    shop::Shop,
};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn traced(options: Options, url: &str) -> Options {
    options.with("--otlp-endpoint", url).environment("OTEL_BSP_SCHEDULE_DELAY", "100")
}

/// Submits one event, with a header `traceparent` or without, and returns its id.
async fn submit(widget: &Widget, parent: Option<&str>) -> String {
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    let request = widget.request(Method::POST, "/v1/widget/events");
    let request =
        parent.into_iter().fold(request, |request, parent| request.header("traceparent", parent));
    let request = request.json(&json!({ "events": [loaded] }));
    Answer::to(request).await.unwrap().expect(200).unwrap();
    loaded["id"].as_str().unwrap().to_owned()
}

fn named<'a>(spans: &'a [Found], name: &str) -> Vec<&'a Found> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// The `traceparent` of an attempt's request.
fn header_of(span: &Found) -> String {
    format!("00-{}-{}-01", span.trace_id, span.span_id)
}

#[tokio::test]
async fn one_event_is_one_trace_from_ingest_to_the_endpoint() {
    let collector = Collector::start().await;
    let options = traced(Options::sqlite().with("--retry-seconds", "1"), &collector.url());
    let shop = Shop::with(options.environment("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k")).await;
    let sink = Sink::start().await.unwrap();
    let mut first = true;
    sink.reply(move |_| Reply::Status(if std::mem::take(&mut first) { 503 } else { 200 }));
    shop.integrate(&sink, &["widget_loaded"]).await;
    let id = submit(&shop.widget().await, None).await;

    let received = sink.wait_until(SOON, |received| received.len() == 2).await.unwrap();
    let spans = collector.wait_for(4).await;
    assert_eq!(spans.len(), 4, "{spans:#?}");
    let trace_id = id.replace('-', "");
    for span in &spans {
        assert_eq!((&span.trace_id, span.service.as_str()), (&trace_id, "bellpush"));
        assert_eq!(span.attributes["bellpush.event.id"], id);
        assert!(span.began <= span.ended, "{span:#?}");
    }
    let [ingest] = named(&spans, "ingest")[..] else { panic!("{spans:#?}") };
    assert_eq!(ingest.parent, "");
    assert_eq!(ingest.attributes["bellpush.event.name"], "widget_loaded");
    assert_eq!(ingest.attributes["bellpush.app.id"], shop.app.id);
    let [queue] = named(&spans, "queue")[..] else { panic!("{spans:#?}") };
    let attempts = named(&spans, "attempt");
    let [failed, delivered] = attempts[..] else { panic!("{spans:#?}") };
    for child in [queue, failed, delivered] {
        assert_eq!(child.parent, ingest.span_id);
    }
    assert_eq!(queue.ended, failed.began);
    assert!(failed.failed && !delivered.failed);
    assert_eq!(failed.attributes["error.type"], "status");
    assert_eq!(failed.attributes["http.response.status_code"], "503");
    assert_eq!(delivered.attributes["http.response.status_code"], "200");
    assert_eq!(delivered.attributes["bellpush.attempt"], "2");
    assert_eq!(delivered.attributes["server.address"], "127.0.0.1");
    let sent: Vec<_> = received.iter().map(|request| request.header("traceparent")).collect();
    assert_eq!(sent, [header_of(failed), header_of(delivered)]);
    assert!(collector.heads().iter().all(|head| head["api-key"] == "k"));
}

async fn a_trace_goes_on_after_a_crash(options: Options) {
    let collector = Collector::start().await;
    let mut shop = Shop::with(traced(options, &collector.url())).await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| Reply::Hang);
    shop.integrate(&sink, &["widget_loaded"]).await;
    let widget = shop.widget().await;
    let with_parent = submit(&widget, Some(PARENT)).await;
    let without = submit(&widget, None).await;
    sink.wait_until(SOON, |received| received.len() == 2).await.unwrap();
    collector.wait_for(2).await;
    shop.server.kill_9().unwrap();
    sink.reply(|_| Reply::Status(200));
    shop.server.restart().await.unwrap();

    // Of both events ingest, queue and attempt: the attempts before were cut short.
    let spans = collector.wait_for(6).await;
    assert_eq!(spans.len(), 6, "{spans:#?}");
    let (parent_trace, parent_span) = (&PARENT[3..35], &PARENT[36..52]);
    for (id, trace_id, parent) in
        [(&with_parent, parent_trace, parent_span), (&without, &without.replace('-', "")[..], "")]
    {
        let of_event = |span: &&Found| span.attributes["bellpush.event.id"] == *id;
        let spans: Vec<Found> = spans.iter().filter(of_event).cloned().collect();
        let (ingests, attempts) = (named(&spans, "ingest"), named(&spans, "attempt"));
        let ([ingest], [attempt]) = (&ingests[..], &attempts[..]) else { panic!("{spans:#?}") };
        assert_eq!((ingest.trace_id.as_str(), ingest.parent.as_str()), (trace_id, parent));
        assert_eq!((attempt.trace_id.as_str(), &attempt.parent), (trace_id, &ingest.span_id));
        let requests = sink.received();
        let of_event = requests.iter().filter(|request| request.id() == id);
        let sent: Vec<_> = of_event.map(|request| request.header("traceparent")).collect();
        assert_eq!(sent.len(), 2);
        assert!(sent[0].starts_with(&format!("00-{trace_id}-")), "{sent:?}");
        assert_eq!(sent[1], header_of(attempt));
    }
}

#[tokio::test]
async fn a_trace_goes_on_after_a_crash_with_sqlite() {
    a_trace_goes_on_after_a_crash(Options::sqlite()).await;
}

#[tokio::test]
async fn a_trace_goes_on_after_a_crash_with_postgres() {
    let database = Database::create().await.unwrap();
    a_trace_goes_on_after_a_crash(Options::postgres(&database)).await;
}

/// Places a call, says something of it in its middle and after it, and hangs up. The ids of the call and
/// of all that was said.
async fn a_call_with_events(widget: &Widget, parent: Option<&str>) -> (String, Vec<String>) {
    let visitor = bellpush_test_support::visitor::Visitor::new().await.unwrap();
    let offer = widget.request(Method::POST, "/v1/calls");
    let offer = parent.into_iter().fold(offer, |offer, it| offer.header("traceparent", it));
    let offer = offer.header("content-type", "application/sdp").body(visitor.offer().to_owned());
    let answer = Answer::to(offer).await.unwrap().expect(201).unwrap();
    let call_id = bellpush_test_support::widget::call_id(&answer).unwrap();
    let media = visitor.accept(&answer.text()).unwrap();
    let mut said = Vec::new();
    let say = async |said: &mut Vec<String>| {
        let mut wish = widget.event("wish", json!({ "n": 1 }));
        wish["callId"] = call_id.as_str().into();
        widget.submit(std::slice::from_ref(&wish)).await.unwrap().expect(200).unwrap();
        said.push(wish["id"].as_str().unwrap().to_owned());
    };
    say(&mut said).await;
    widget.hang_up(&call_id).await.unwrap().expect(204).unwrap();
    say(&mut said).await;
    drop(media);
    (call_id, said)
}

#[tokio::test]
async fn all_events_of_a_call_are_below_its_span_and_their_deliveries_below_them() {
    let collector = Collector::start().await;
    let shop = Shop::with(traced(Options::sqlite(), &collector.url())).await;
    let sink = Sink::start().await.unwrap();
    shop.integrate(&sink, &["call_started", "call_ended", "wish"]).await;
    for (parent, round) in [(Some(PARENT), 1), (None, 2)] {
        let widget = shop.widget().await;
        let (call_id, said) = a_call_with_events(&widget, parent).await;
        // The call; of each of its four events ingest, queue and attempt.
        let spans = collector.wait_for(13 * round).await;
        let own = call_id.trim_start_matches("call_");
        let trace_id = parent.map_or(own, |parent| &parent[3..35]);
        let spans: Vec<Found> = spans.into_iter().filter(|it| it.trace_id == trace_id).collect();
        let [call] = named(&spans, "call")[..] else { panic!("{spans:#?}") };
        assert_eq!(call.parent, parent.map_or("", |parent| &parent[36..52]));
        assert_eq!(call.attributes["bellpush.call.id"], call_id);
        assert_eq!(call.attributes["bellpush.event.name"], "call_ended");
        let ingests = named(&spans, "ingest");
        let names: Vec<_> =
            ingests.iter().map(|it| it.attributes["bellpush.event.name"].as_str()).collect();
        assert_eq!(ingests.len(), 4, "{names:?}");
        for ingest in &ingests {
            assert_eq!(
                (&ingest.parent, &ingest.attributes["bellpush.call.id"]),
                (&call.span_id, &call_id)
            );
            let below = spans.iter().filter(|span| span.parent == ingest.span_id);
            let mut below: Vec<_> = below.map(|span| span.name.as_str()).collect();
            below.sort_unstable();
            assert_eq!(below, ["attempt", "queue"]);
        }
        for id in said {
            assert!(ingests.iter().any(|it| it.attributes["bellpush.event.id"] == id), "{id}");
        }
        let sent = sink.received();
        let of_call = sent.iter().filter(|it| it.header("bellpush-call-id") == call_id);
        let parents: Vec<_> = of_call.map(|it| it.header("traceparent")).collect();
        let attempts: Vec<_> = named(&spans, "attempt").into_iter().map(header_of).collect();
        assert_eq!(parents.len(), 4);
        assert!(parents.iter().all(|it| attempts.iter().any(|known| known == it)), "{parents:?}");
    }
}

#[tokio::test]
async fn a_call_begins_below_the_request_that_placed_it() {
    let collector = Collector::start().await;
    let shop = Shop::with(traced(Options::sqlite(), &collector.url())).await;
    let widget = shop.widget().await;
    let visitor = bellpush_test_support::visitor::Visitor::new().await.unwrap();
    let offer = widget.request(Method::POST, "/v1/calls").header("traceparent", PARENT);
    let offer = offer.header("content-type", "application/sdp").body(visitor.offer().to_owned());
    Answer::to(offer).await.unwrap().expect(201).unwrap();
    let spans = collector.wait_for(1).await;
    assert_eq!(spans[0].attributes["bellpush.event.name"], "call_started");
    assert_eq!(spans[0].trace_id, &PARENT[3..35]);
    // The call itself is below it, and told of when it is over.
    assert!(!spans[0].parent.is_empty() && spans[0].parent != PARENT[36..52]);
}

#[tokio::test]
async fn what_a_request_says_of_its_trace_is_taken_only_when_it_is_valid() {
    let collector = Collector::start().await;
    let options = traced(Options::sqlite(), &collector.url()).with("--trace-ratio", "0");
    let shop = Shop::with(options).await;
    let sink = Sink::start().await.unwrap();
    shop.integrate(&sink, &["widget_loaded"]).await;
    let widget = shop.widget().await;
    for invalid in ["", "00-1-2-01", &PARENT.to_uppercase(), &format!("{PARENT}-more")] {
        submit(&widget, Some(invalid)).await;
    }
    let unsampled = PARENT.replace("-01", "-00");
    let unsampled = submit(&widget, Some(&unsampled)).await;
    let sampled = submit(&widget, Some(PARENT)).await;
    let received = sink.wait_until(SOON, |received| received.len() == 6).await.unwrap();
    let header = |id: &str| {
        let request = received.iter().find(|request| request.id() == id).unwrap();
        request.header("traceparent").to_owned()
    };
    // It is passed on that nobody records it.
    assert!(header(&unsampled).starts_with(&PARENT[..36]) && header(&unsampled).ends_with("-00"));
    for request in
        received.iter().filter(|one| ![&unsampled, &sampled].contains(&&one.id().to_owned()))
    {
        let own = format!("00-{}-", request.id().replace('-', ""));
        let sent = request.header("traceparent");
        assert!(sent.starts_with(&own) && sent.ends_with("-00"), "{sent}");
    }
    let spans = collector.wait_for(3).await;
    assert!(spans.iter().all(|span| span.attributes["bellpush.event.id"] == sampled), "{spans:#?}");
}

#[tokio::test]
async fn without_the_option_nothing_is_traced() {
    let collector = Collector::start().await;
    // What other programs of the machine are told.
    let options = Options::sqlite().environment("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url());
    let mut shop = Shop::with(options.environment("OTEL_BSP_SCHEDULE_DELAY", "100")).await;
    let sink = Sink::start().await.unwrap();
    shop.integrate(&sink, &["widget_loaded"]).await;
    submit(&shop.widget().await, Some(PARENT)).await;
    let received = sink.wait_until(SOON, |received| received.len() == 1).await.unwrap();
    assert!(!received[0].headers.contains_key("traceparent"));
    // Stopping would have sent what waits.
    shop.server.terminate().await.unwrap();
    assert!(collector.heads().is_empty(), "{:?}", collector.spans());
}

#[tokio::test]
async fn a_collector_that_is_away_harms_nothing_and_is_told_of_once() {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
    let mut shop = Shop::with(traced(Options::sqlite(), &format!("http://{address}"))).await;
    let sink = Sink::start().await.unwrap();
    shop.integrate(&sink, &["widget_loaded"]).await;
    let said = async |words: &str| {
        eventually(words, SOON, async || Ok(shop.server.log()?.contains(words).then_some(()))).await
    };
    shop.load_widgets(50).await;
    sink.wait_until(SOON, |received| received.len() == 50).await.unwrap();
    said("does not take spans").await.unwrap();
    shop.load_widgets(50).await;
    sink.wait_until(SOON, |received| received.len() == 100).await.unwrap();
    let lost = async |metrics: &str| {
        let prefix = "bellpush_trace_spans_total{outcome=\"lost\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(prefix).map(str::to_owned));
        line.map_or(0.0, |value| value.parse::<f64>().unwrap())
    };
    eventually("lost spans", SOON, async || {
        Ok((lost(&shop.metrics().await).await > 150.0).then_some(()))
    })
    .await
    .unwrap();
    let told = shop.server.log().unwrap().matches("does not take spans").count();
    assert_eq!(told, 1, "the log is flooded");

    let collector = Collector::at(address).await;
    shop.load_widgets(1).await;
    collector.wait_for(3).await;
    said("takes spans again").await.unwrap();
    shop.server.terminate().await.unwrap();
}

#[tokio::test]
async fn the_last_spans_are_sent_when_the_server_stops_and_a_hanging_collector_does_not_hold_it() {
    let collector = Collector::start().await;
    let late =
        |url: &str| traced(Options::sqlite(), url).environment("OTEL_BSP_SCHEDULE_DELAY", "600000");
    let mut shop = Shop::with(late(&collector.url())).await;
    submit(&shop.widget().await, None).await;
    assert!(shop.server.terminate().await.unwrap().success());
    assert_eq!(collector.spans().len(), 1);

    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut shop = Shop::with(late(&url)).await;
    submit(&shop.widget().await, None).await;
    let began = Instant::now();
    assert!(shop.server.terminate().await.unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(shop.server.log().unwrap().contains("did not take the last spans in time"));
}

#[tokio::test]
async fn the_spans_of_a_trace_hold_no_secret_and_nothing_of_the_visitor() {
    let collector = Collector::start().await;
    let shop = Shop::with(traced(Options::sqlite(), &collector.url())).await;
    let sink = Sink::start().await.unwrap();
    let url = format!("{}/hush-path?key={{secret.key}}", sink.url());
    let settings = json!({
        "name": "n", "url": url, "events": ["widget_loaded"], "secrets": { "key": "hush-4c1d" },
    });
    shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    let widget = shop.embed.open(json!({ "orderId": "hush-order" })).await.unwrap();
    submit(&widget, None).await;
    let spans = collector.wait_for(3).await;
    let shown = format!("{spans:?}");
    assert!(!shown.contains("hush"), "{shown}");
}
