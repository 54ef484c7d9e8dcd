//! Calls and events as files.

use bellpush_test_support::{
    SOON, eventually,
    postgres::{Database, execute},
    server::Options,
};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

async fn made(shop: &Shop, body: Value) -> Value {
    let path = format!("/v1/apps/{}/exports", shop.app.id);
    shop.api.post(&path, &body).await.unwrap().expect(202).unwrap().json().unwrap()
}

async fn file(shop: &Shop, export: &Value) -> (Value, String) {
    let path = format!("/v1/apps/{}/exports/{}", shop.app.id, export["id"].as_str().unwrap());
    let done = shop.wait_for(&path, |export| export["state"] != "running").await;
    let answer = shop.api.get(&format!("{path}/file")).await.unwrap().expect(200).unwrap();
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment"), "{disposition}");
    (done, answer.text())
}

const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"x\")";

#[tokio::test]
async fn an_export_holds_what_the_filter_shows_and_stays_harmless() {
    let shop = Shop::open().await;
    for (order, note) in [("A-1", FORMULA), ("A-2", "line\r\n\"two\", three"), ("A-3", "<b>é</b>")]
    {
        let context = json!({ "orderId": order, "note": note });
        let widget = shop.embed.open(context).await.unwrap();
        let call = widget.place().await.unwrap();
        widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    }
    let all = made(&shop, json!({ "kind": "calls", "format": "csv" })).await;
    // What comes later is not in it.
    let later = shop.embed.open(json!({ "orderId": "A-4" })).await.unwrap();
    later.place().await.unwrap();
    let (done, csv) = file(&shop, &all).await;
    assert_eq!((&done["state"], &done["rows"]), (&json!("done"), &json!(3)), "{csv}");
    assert_eq!(done["bytes"], csv.len());
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    let column = |name: &str| names.iter().position(|column| column == name).unwrap();
    let orders: Vec<_> = rows.iter().map(|row| &row[column("context.orderId")]).collect();
    assert_eq!(orders, ["A-3", "A-2", "A-1"]);
    assert_eq!(&rows[2][column("context.note")], format!("'{FORMULA}"));
    assert_eq!(&rows[1][column("context.note")], "line\r\n\"two\", three");
    let is_formula = |cell: &str| cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    assert!(!rows.iter().flatten().any(is_formula), "{csv}");

    let filter = json!({ "context": "orderId:A-2" });
    let one = made(&shop, json!({ "kind": "calls", "format": "json", "filter": filter })).await;
    let (_, text) = file(&shop, &one).await;
    let calls: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(calls.as_array().unwrap().len(), 1);
    let trail = shop.read("/v1/audit?action=export_made,export_downloaded").await;
    let lines = trail["items"].as_array().unwrap();
    let told: Vec<_> = lines.iter().map(|line| (&line["action"], &line["subjectId"])).collect();
    let (at_first, at_last) = (json!("export_made"), json!("export_downloaded"));
    let expected = [&one, &all].map(|it| [(&at_last, &it["id"]), (&at_first, &it["id"])]);
    assert_eq!(told, expected.concat());
    let path = format!("/v1/apps/{}/calls?context=orderId:A-2", shop.app.id);
    assert_eq!(calls, shop.read(&path).await["items"]);

    let filter = json!({ "name": "call_ended" });
    let events = made(&shop, json!({ "kind": "events", "format": "json", "filter": filter })).await;
    let (_, text) = file(&shop, &events).await;
    let events: Value = serde_json::from_str(&text).unwrap();
    let path = format!("/v1/apps/{}/events?name=call_ended", shop.app.id);
    assert_eq!(events, shop.read(&path).await["items"]);
    let none = json!({ "name": "nothing" });
    for (format, expected) in [("json", json!([])), ("csv", Value::Null)] {
        let body = json!({ "kind": "events", "format": format, "filter": none });
        let (done, text) = file(&shop, &made(&shop, body).await).await;
        assert_eq!(done["rows"], 0);
        if format == "json" {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        } else {
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }

    let list = format!("/v1/apps/{}/exports", shop.app.id);
    assert_eq!(shop.read(&list).await["items"].as_array().unwrap().len(), 5);
    let path = format!("{list}/{}", all["id"].as_str().unwrap());
    shop.api.delete(&path).await.unwrap().expect(204).unwrap();
    for gone in [path.clone(), format!("{path}/file")] {
        refused(&shop.api.get(&gone).await.unwrap(), 404, "not-found");
    }
    refused(&shop.api.delete(&path).await.unwrap(), 404, "not-found");
    let (other, _) = shop.another(json!({})).await;
    let foreign = format!("/v1/apps/{}/exports/{}", other.id, one["id"].as_str().unwrap());
    refused(&shop.api.get(&foreign).await.unwrap(), 404, "not-found");
    for nonsense in [
        json!({ "kind": "sessions", "format": "csv" }),
        json!({ "kind": "calls", "format": "xlsx" }),
        json!({ "kind": "calls", "format": "csv", "filter": { "context": "x" } }),
        json!({ "kind": "calls", "format": "csv", "filter": { "colour": "x" } }),
        json!({ "kind": "calls", "format": "csv", "more": 1 }),
    ] {
        let answer = shop.api.post(&list, &nonsense).await.unwrap();
        assert_eq!(answer.problem().unwrap().status, 422, "{nonsense}");
    }
}

#[tokio::test]
async fn an_export_that_can_never_go_on_is_given_up_and_says_why() {
    let database = Database::create().await.unwrap();
    let shop = Shop::with(Options::postgres(&database)).await;
    let sql = "ALTER TABLE export_parts RENAME TO export_parts_elsewhere";
    execute(database.url(), sql).await.unwrap();
    let stuck = made(&shop, json!({ "kind": "calls", "format": "json" })).await;
    let id = stuck["id"].as_str().unwrap();
    let path = format!("/v1/apps/{}/exports/{id}", shop.app.id);
    for taken in 1..=5 {
        let taken_up = format!("SELECT id FROM exports WHERE id = '{id}' AND leased_until > 0");
        eventually("it is taken up", SOON, async || database.ask(&taken_up).await).await.unwrap();
        if taken < 5 {
            assert_eq!(shop.read(&path).await["state"], "running", "after {taken} times");
        }
        // Its lease is over, and somebody looks.
        let over = format!("UPDATE exports SET leased_until = 0 WHERE id = '{id}'");
        execute(database.url(), &over).await.unwrap();
        let other = made(&shop, json!({ "kind": "calls", "format": "json" })).await;
        let other = format!("/v1/apps/{}/exports/{}", shop.app.id, other["id"].as_str().unwrap());
        shop.api.delete(&other).await.unwrap().expect(204).unwrap();
    }
    let failed = shop.wait_for(&path, |export| export["state"] == "failed").await;
    let why = failed["failure"].as_str().unwrap();
    assert!(why.starts_with("it could not go on 5 times in a row: the database"), "{why}");
    // Others have the place.
    execute(database.url(), "ALTER TABLE export_parts_elsewhere RENAME TO export_parts")
        .await
        .unwrap();
    let good = made(&shop, json!({ "kind": "calls", "format": "json" })).await;
    let (done, _) = file(&shop, &good).await;
    assert_eq!(done["state"], "done");
}
