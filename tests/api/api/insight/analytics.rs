//! Analytics: the figures are those of the lists, and change with what is asked.

use std::time::{Duration, Instant};

use bellpush_test_support::{
    SOON, eventually,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

/// Waits until so many calls are counted as over.
async fn counted(shop: &Shop, over: u64) -> Value {
    let path = format!("/v1/apps/{}/analytics", shop.app.id);
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let summary = shop.read(&path).await;
        let total = &summary["total"];
        if total["ended"].as_u64().unwrap() + total["failed"].as_u64().unwrap() >= over {
            return summary;
        }
        assert!(Instant::now() < deadline, "still {summary}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn figures_are_those_of_the_lists_behind_them() {
    let shop = Shop::open().await;
    let hours = json!({ "hours": { "timeZone": "Asia/Kathmandu", "alwaysOpen": true } });
    let path = format!("/v1/apps/{}", shop.app.id);
    shop.api.patch(&path, &hours).await.unwrap().expect(200).unwrap();
    let widget = shop.widget().await;
    for _ in 0..3 {
        let call = widget.place().await.unwrap();
        widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    }
    widget.place().await.unwrap();

    let summary = counted(&shop, 3).await;
    let total = &summary["total"];
    assert_eq!(summary["period"]["timeZone"], "Asia/Kathmandu");
    let (start, end) = (&summary["period"]["start"], &summary["period"]["end"]);
    let span = format!("from={}&to={}", start.as_str().unwrap(), end.as_str().unwrap());
    for (figure, filter) in [
        ("accepted", ""),
        ("live", "&state=live"),
        ("ended", "&state=ended"),
        ("failed", "&state=error"),
    ] {
        let list = format!("{path}/calls/count?preview=false&{span}{filter}");
        assert_eq!(total[figure], shop.read(&list).await["count"], "{figure}");
    }
    assert_eq!((&total["accepted"], &total["live"]), (&json!(4), &json!(1)));
    assert_eq!(summary["details"]["reasons"], json!([{ "word": "user_hangup", "count": 3 }]));
    assert_eq!(summary["totalBefore"]["accepted"], 0);
    assert_eq!(summary["before"]["end"], *start);

    let series = shop.read(&format!("{path}/analytics/series")).await;
    let points = series["points"].as_array().unwrap();
    assert_eq!((points.len(), &series["step"]), (30, &json!("day")));
    let sum: u64 = points.iter().map(|point| point["accepted"].as_u64().unwrap()).sum();
    assert_eq!(sum, 4);
    let heat = shop.read(&format!("{path}/analytics/heat-map")).await;
    let cells = heat["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 7 * 24);
    let sum: u64 = cells.iter().map(|cell| cell["accepted"].as_u64().unwrap()).sum();
    assert_eq!(sum, 4);
    for by in ["profile", "page", "browser", "language", "network"] {
        let breakdown = shop.read(&format!("{path}/analytics/breakdown?by={by}")).await;
        let rows = breakdown["rows"].as_array().unwrap();
        let sum: u64 = rows.iter().map(|row| row["accepted"].as_u64().unwrap()).sum();
        assert_eq!(sum, 4, "{by}");
        // Each row is what a filter by its value gives.
        for row in rows {
            let query = format!("{by}={}", row["value"].as_str().unwrap());
            let filtered = shop.read(&format!("{path}/analytics?{query}")).await;
            assert_eq!(filtered["total"]["accepted"], row["accepted"], "{query}");
        }
    }
    let nobody = shop.read(&format!("{path}/analytics?browser=Netscape")).await;
    assert_eq!(
        (&nobody["total"]["taps"], &nobody["total"]["answerRate"]),
        (&json!(0), &Value::Null)
    );
}

#[tokio::test]
async fn figures_come_as_tables_too() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    counted(&shop, 1).await;
    let path = format!("/v1/apps/{}/analytics", shop.app.id);
    let table = async |path: &str| {
        let answer = shop.api.get(path).await.unwrap().expect(200).unwrap();
        let text = answer.text();
        let rows = text.lines().map(|row| row.split(',').map(str::to_owned).collect::<Vec<_>>());
        rows.collect::<Vec<_>>()
    };
    let series = table(&format!("{path}/series.csv?step=week")).await;
    let place = series[0].iter().position(|name| name == "\"accepted\"").unwrap();
    let sum: u64 =
        series[1..].iter().map(|row| row[place].trim_matches('"').parse::<u64>().unwrap()).sum();
    assert_eq!((&*series[0][0], sum), ("\"start\"", 1));
    let pages = table(&format!("{path}/breakdown.csv?by=page")).await;
    assert_eq!(pages.len(), 2);
    assert_eq!((&*pages[0][0], &*pages[1][place - 1]), ("\"page\"", "\"1\""));
}

#[tokio::test]
async fn what_changed_meanwhile_is_marked() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}", shop.app.id);
    let hours = json!({ "hours": { "timeZone": "Europe/Berlin", "alwaysOpen": true } });
    shop.api.patch(&path, &hours).await.unwrap().expect(200).unwrap();
    shop.api.patch(&path, &json!({ "name": "Renamed" })).await.unwrap().expect(200).unwrap();
    let marks = shop.read(&format!("{path}/analytics/marks")).await;
    let kinds: Vec<_> = marks["items"].as_array().unwrap().iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["hours_changed"]);
    let earlier = shop.read(&format!("{path}/analytics/marks?from=2020-01-01&to=2020-01-31")).await;
    assert_eq!(earlier["items"], json!([]));
}

#[tokio::test]
async fn an_outage_of_a_trunk_is_a_mark_for_who_may_see_trunks() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}", shop.app.id);
    // Nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let trunk = json!({
        "name": "Provider", "domain": "127.0.0.1", "port": port, "transport": "tcp", "keepAliveSeconds": 5,
    });
    let trunk: Value =
        shop.api.post("/v1/trunks", &trunk).await.unwrap().expect(201).unwrap().json().unwrap();
    let profile = json!({ "name": "Sales", "kind": "sip", "trunkId": trunk["id"], "to": "100" });
    shop.api.post(&format!("{path}/destinations"), &profile).await.unwrap().expect(201).unwrap();
    let marks = format!("{path}/analytics/marks");
    let found = eventually("the outage is kept", 4 * SOON, async || {
        let items = shop.read(&marks).await["items"].take();
        Ok(items.as_array().and_then(|items| items.first().cloned()))
    })
    .await
    .unwrap();
    assert_eq!((&found["kind"], &found["name"]), (&json!("trunk_down"), &json!("Provider")));
    let draft = json!({ "name": "Figures", "scopes": ["apps:read", "calls:read"] });
    let key: Value =
        shop.api.post("/v1/api-keys", &draft).await.unwrap().expect(201).unwrap().json().unwrap();
    let key = shop.api.with_key(key["key"].as_str().unwrap());
    let without = key.get(&marks).await.unwrap().expect(200).unwrap().json::<Value>().unwrap();
    assert_eq!(without["items"], json!([]));
}

#[tokio::test]
async fn an_outage_of_an_integration_is_a_mark_where_it_begins_and_where_it_ends() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    sink.reply(|_| Reply::Status(500));
    let integration = shop.integrate(&sink, &["widget_loaded"]).await;
    let name = shop.read(&integration).await["name"].clone();
    shop.load_widgets(40).await;
    let marks = format!("/v1/apps/{}/analytics/marks", shop.app.id);
    let outages = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().unwrap().iter();
        let items = items.filter(|it| it["kind"].as_str().unwrap().starts_with("integration_"));
        items.map(|it| json!([it["kind"], it["name"]])).collect()
    };
    let down = json!(["integration_down", name]);
    shop.wait_for(&marks, |page| outages(page) == [down.clone()]).await;
    // Somebody switches it off, and on again when it is mended.
    shop.api.patch(&integration, &json!({ "active": false })).await.unwrap().expect(200).unwrap();
    let over = json!(["integration_recovered", name]);
    shop.wait_for(&marks, |page| outages(page) == [over.clone(), down.clone()]).await;
    let draft = json!({ "name": "Figures", "scopes": ["apps:read", "calls:read"] });
    let key: Value =
        shop.api.post("/v1/api-keys", &draft).await.unwrap().expect(201).unwrap().json().unwrap();
    let key = shop.api.with_key(key["key"].as_str().unwrap());
    let without = key.get(&marks).await.unwrap().expect(200).unwrap().json::<Value>().unwrap();
    assert_eq!(outages(&without), [] as [Value; 0]);
}

#[tokio::test]
async fn days_that_are_none_are_refused_with_their_parameter() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}/analytics", shop.app.id);
    for (query, parameter) in [
        ("?from=yesterday", "from"),
        ("?from=2026-02-30", "from"),
        ("?from=2026-02-03T10:00:00Z", "from"),
        ("?to=-2026-02-3", "to"),
        ("?from=2026-02-03&to=2026-02-02", "from"),
        ("?from=2024-01-01&to=2026-01-01", "from"),
        ("?from=1999-12-31&to=2000-01-02", "from"),
        ("/series?step=hour&from=2026-01-01&to=2026-01-21", "from"),
        ("/series?step=minute", ""),
        ("/breakdown", ""),
        ("/breakdown?by=context", ""),
    ] {
        let answer = shop.api.get(&format!("{path}{query}")).await.unwrap();
        refused(&answer, 422, "invalid");
        let problem: Value = answer.json().unwrap();
        if !parameter.is_empty() {
            assert_eq!(problem["parameter"], parameter, "{query}");
        }
    }
    let unknown = "/v1/apps/app_01920000000070008000000000000001/analytics";
    refused(&shop.api.get(unknown).await.unwrap(), 404, "not-found");
}
