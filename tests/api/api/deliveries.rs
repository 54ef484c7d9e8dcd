//! The delivery log and its statistics.

use bellpush_test_support::{
    SOON,
    postgres::Database,
    server::Options,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["eventId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_delivery_log_is_searched_by_what_is_known_of_the_event() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|received| {
        let is_end = received.envelope().unwrap()["name"] == "call_ended";
        Reply::Status(if is_end { 400 } else { 200 })
    });
    let path = shop.integrate(&sink, &["widget_loaded", "call_started", "call_ended"]).await;
    shop.load_widgets(1).await;
    let widget = shop.embed.open(json!({ "orderId": "B-2" })).await.unwrap();
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    // The end of the call is given up after its second attempt, within five seconds.
    let log = format!("{path}/deliveries");
    let dead = format!("{log}?status=dead");
    shop.wait_for(&dead, |page| page["items"].as_array().unwrap().len() == 1).await;
    let all = shop.wait_for(&log, |page| page["items"][2]["status"] == "delivered").await;
    let [ended, started, loaded] = &ids(&all)[..] else { panic!("{all}") };

    let at = |place: usize| all["items"][place]["recordedAt"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("status=dead", vec![ended]),
        ("status=delivered", vec![started, loaded]),
        ("status=dead&status=delivered", vec![ended, started, loaded]),
        ("status=pending&status=dead", vec![ended]),
        ("name=call_started", vec![started]),
        ("name=call_ended&status=delivered", vec![]),
        (&format!("eventId={loaded}"), vec![loaded]),
        (&format!("callId={}", call.call_id), vec![ended, started]),
        ("context=orderId:B-2", vec![ended, started]),
        ("context=orderId:A-1", vec![loaded]),
        (&format!("from={}", at(1)), vec![ended, started]),
        (&format!("to={}", at(1)), vec![loaded]),
        (&format!("from={}&to={}", at(2), at(1)), vec![loaded]),
    ] {
        let found = shop.read(&format!("{log}?{query}")).await;
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(ids(&found), expected, "{query}");
    }
    let first = shop.read(&format!("{log}?limit=2")).await;
    let second = format!("{log}?limit=2&after={}", first["next"].as_str().unwrap());
    assert_eq!(ids(&shop.read(&second).await), [loaded.as_str()]);

    for query in ["status=lost", "eventId=1", "callId=call_1", "context=x", "from=noon", "to=1"] {
        refused(&shop.api.get(&format!("{log}?{query}")).await.unwrap(), 422, "invalid");
    }
    let unknown = format!("{log}/0192f000-0000-7000-8000-000000000001");
    refused(&shop.api.get(&unknown).await.unwrap(), 404, "not-found");
    let (other, _) = shop.another(json!({})).await;
    let of_another = log.replace(&shop.app.id, &other.id);
    refused(&shop.api.get(&of_another).await.unwrap(), 404, "not-found");
}

async fn an_attempt_shows_what_was_sent_and_answered_and_how_long_it_took(options: Options) {
    let shop = Shop::with(options).await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| Reply::Status(400));
    let url = format!("{}/hook/{{secret.key}}", sink.url());
    let settings = json!({
        "name": "n", "url": url, "events": ["widget_loaded"],
        "secrets": { "key": "hush-4c1d" },
        "headers": { "x-token": "Bearer {secret.key}" },
        "payload": { "preset": "custom", "template": r#"{"only":{{ name }}}"# },
    });
    let made = shop.api.create_integration_with(&shop.app, &settings).await.unwrap();
    let log = format!("/v1/apps/{}/integrations/{}/deliveries", shop.app.id, made.id);
    shop.load_widgets(1).await;
    let dead = format!("{log}?status=dead");
    let page =
        shop.wait_for(&dead, |page| page["items"].as_array().is_some_and(|it| it.len() == 1)).await;
    let delivery = shop.read(&format!("{log}/{}", ids(&page)[0])).await;
    let attempts = delivery["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    for attempt in attempts {
        let exchange = &attempt["exchange"];
        let request = &exchange["request"];
        assert_eq!((&request["method"], &request["url"]), (&json!("POST"), &json!(url)));
        assert_eq!(request["body"], r#"{"only":"widget_loaded"}"#);
        assert_eq!(request["bodyBytes"], 24);
        let header = |name: &str| {
            let headers = request["headers"].as_array().unwrap();
            headers.iter().find(|it| it["name"] == name).unwrap()["value"].clone()
        };
        assert_eq!(
            (header("webhook-signature"), header("x-token")),
            (json!("[signature]"), json!("[secret]"))
        );
        assert_eq!(header("webhook-id"), delivery["eventId"]);
        assert_eq!(header("bellpush-attempt"), attempt["number"].to_string());
        let answered = exchange["responseHeaders"].as_array().unwrap();
        assert!(answered.iter().any(|it| it["name"] == "content-length"), "{answered:?}");
        let timing = &exchange["timing"];
        assert!(timing["firstByteUs"].as_u64().unwrap() > 0, "{timing}");
        let all =
            ["connectionUs", "firstByteUs", "bodyUs"].map(|name| timing[name].as_u64().unwrap());
        let took = attempt["durationMs"].as_u64().unwrap();
        assert!(all.iter().sum::<u64>() <= (took + 1) * 1_000, "{timing} in {took} ms");
    }
    assert_eq!(attempts[0]["exchange"]["timing"]["reused"], false);
    assert!(attempts[0]["exchange"]["timing"]["connectUs"].is_u64());
    assert!(!delivery.to_string().contains("hush"));
}

#[tokio::test]
async fn an_attempt_shows_its_exchange_with_sqlite() {
    an_attempt_shows_what_was_sent_and_answered_and_how_long_it_took(Options::sqlite()).await;
}

#[tokio::test]
async fn an_attempt_shows_its_exchange_with_postgres() {
    let database = Database::create().await.unwrap();
    let options = Options::postgres(&database);
    an_attempt_shows_what_was_sent_and_answered_and_how_long_it_took(options).await;
}

#[tokio::test]
async fn the_log_of_an_app_has_the_deliveries_of_all_its_integrations_in_one_order() {
    let shop = Shop::open().await;
    let sinks = [Sink::start().await.unwrap(), Sink::start().await.unwrap()];
    sinks[1].reply(|_| Reply::Status(400));
    let mut paths = Vec::new();
    for sink in &sinks {
        paths.push(shop.integrate(sink, &["widget_loaded"]).await);
    }
    shop.load_widgets(3).await;
    let log = format!("/v1/apps/{}/deliveries", shop.app.id);
    let is_done = |page: &Value| {
        let items = page["items"].as_array().unwrap();
        items.len() == 6 && items.iter().all(|item| item["status"] != "pending")
    };
    let all = shop.wait_for(&log, is_done).await;
    let places = |page: &Value| -> Vec<(String, String)> {
        let items = page["items"].as_array().unwrap().iter();
        let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
        items.map(|item| (text(item, "eventId"), text(item, "integrationId"))).collect()
    };
    let mut expected = Vec::new();
    for event in ids(&shop.read(&format!("{}/deliveries", paths[0])).await) {
        expected.extend(
            paths.iter().map(|path| (event.clone(), path.rsplit('/').next().unwrap().to_owned())),
        );
    }
    assert_eq!(places(&all), expected);
    assert!(all["items"][0]["integrationName"].is_string(), "{all}");

    // Page by page, also where a page ends between two deliveries of one event.
    for limit in [1, 2, 4] {
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let page = shop.read(&format!("{log}?limit={limit}{next}")).await;
            found.extend(places(&page));
            let Some(after) = page["next"].as_str() else { break };
            next = format!("&after={after}");
        }
        assert_eq!(found, expected, "by {limit}");
    }
    let of = async |query: &str| places(&shop.read(&format!("{log}?{query}")).await).len();
    assert_eq!(of("status=dead").await, 3);
    assert_eq!(of("status=dead&status=delivered").await, 6);
    assert_eq!(of("status=pending").await, 0);
    for query in ["status=lost", "after=1", "after=x-int_1", "limit=0"] {
        refused(&shop.api.get(&format!("{log}?{query}")).await.unwrap(), 422, "invalid");
    }
}

#[tokio::test]
async fn statistics_show_how_deliveries_went_by_the_hour_and_by_the_day() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    let path = shop.integrate(&sink, &["widget_loaded"]).await;
    sink.fail_first(1);
    shop.load_widgets(4).await;
    sink.wait_until(SOON, |received| received.len() == 8).await.unwrap();
    let statistics = format!("{path}/statistics");
    let report = shop.wait_for(&statistics, |report| report["total"]["attempts"] == 8).await;
    let total = &report["total"];
    assert_eq!(
        (&total["delivered"], &total["retried"], &total["dead"]),
        (&json!(4), &json!(4), &json!(0))
    );
    assert_eq!(total["successRate"], 0.5);
    let latency = |name: &str| total["latencyMs"][name].as_u64().unwrap();
    assert!(latency("p50") <= latency("p90") && latency("p90") <= latency("p99"));
    let steps = report["steps"].as_array().unwrap();
    assert!(!steps.is_empty() && steps[0]["start"].as_str().unwrap().ends_with(":00:00.000Z"));
    let days = shop.read(&format!("{statistics}?step=day")).await;
    assert_eq!(days["total"]["attempts"], 8);
    assert!(days["steps"][0]["start"].as_str().unwrap().ends_with("T00:00:00.000Z"));
    let past = "from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z";
    let past = shop.read(&format!("{statistics}?{past}")).await;
    assert_eq!(
        (past["steps"].clone(), past["total"]["successRate"].clone()),
        (json!([]), Value::Null)
    );
    for query in [
        "step=week",
        "from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z",
        "from=2020-01-01T00:00:00Z&to=2020-12-31T00:00:00Z",
        "from=yesterday",
    ] {
        let answer = shop.api.get(&format!("{statistics}?{query}")).await.unwrap();
        refused(&answer, 422, "invalid");
    }
}
