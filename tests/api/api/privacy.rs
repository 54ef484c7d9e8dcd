//! What is kept of one person: found, handed out, erased, and not brought back.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use bellpush_test_support::{
    SOON, answer::Answer, eventually, postgres::Database, server::Options, sink::Sink,
};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

/// What nobody else has: in the context, in an event's data, and in a comment.
const WHO: &str = "customer-7f3a91c2";
const WISH: &str = "wish-of-5d21be";
const COMMENT: &str = "comment-of-0c44aa";
const TRACES: [&str; 3] = [WHO, WISH, COMMENT];

/// The files of a folder in which a text is found.
pub(crate) fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut files_with(&path, text));
        } else {
            let bytes = fs::read(&path).unwrap();
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// A person who loads the widget, wishes, calls and answers; and somebody else who does the same.
async fn visits(shop: &Shop, sink: &Sink) -> String {
    let questions = json!([{ "id": "sound", "label": "Sound?" }]);
    let survey = json!({ "survey": { "questions": questions, "commentLabel": "More?" } });
    shop.change(survey).await.expect(200).unwrap();
    let path =
        shop.integrate(sink, &["widget_loaded", "wish", "call_ended", "survey_submitted"]).await;
    for (who, wish, comment) in
        [(WHO, WISH, COMMENT), ("somebody-else", "another-wish", "another-comment")]
    {
        let widget = shop.embed.open(json!({ "customerId": who, "shopId": "s1" })).await.unwrap();
        let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
        let wished = widget.event("wish", json!({ "text": wish }));
        widget.submit(&[loaded, wished]).await.unwrap().expect(200).unwrap();
        let call = widget.place().await.unwrap();
        widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
        let survey = widget.survey(&call.call_id, &[("sound", 2)], Some(comment));
        widget.submit(&[survey]).await.unwrap().expect(200).unwrap();
    }
    let delivered = format!("{path}/deliveries?status=delivered");
    shop.wait_for(&delivered, |page| page["items"].as_array().unwrap().len() == 8).await;
    path
}

fn person() -> Value {
    json!({ "by": "context", "key": "customerId", "value": WHO })
}

async fn find(shop: &Shop, query: &Value) -> Value {
    let path = format!("/v1/apps/{}/people/search", shop.app.id);
    shop.api.post(&path, query).await.unwrap().expect(200).unwrap().json().unwrap()
}

async fn erase(shop: &Shop) -> Value {
    let path = format!("/v1/apps/{}/erasures", shop.app.id);
    let begun = shop.api.post(&path, &person()).await.unwrap().expect(202).unwrap();
    let begun: Value = begun.json().unwrap();
    let one = format!("{path}/{}", begun["id"].as_str().unwrap());
    shop.wait_for(&one, |it| it["state"] == "done").await
}

/// The same, where other nodes may remember a session for half a minute.
async fn erase_for_all(shop: &Shop) {
    let path = format!("/v1/apps/{}/erasures", shop.app.id);
    let begun = shop.api.post(&path, &person()).await.unwrap().expect(202).unwrap();
    let one = format!("{path}/{}", begun.json::<Value>().unwrap()["id"].as_str().unwrap());
    eventually("the erasure is done", 3 * SOON, async || {
        Ok(Some(shop.read(&one).await).filter(|it| it["state"] == "done"))
    })
    .await
    .unwrap();
}

/// Waits until none of the traces is in the folder.
async fn is_gone_from(folder: &Path) {
    eventually("the traces are gone from the disk", SOON, async || {
        let left: Vec<_> = TRACES.iter().flat_map(|trace| files_with(folder, trace)).collect();
        Ok(left.is_empty().then_some(()))
    })
    .await
    .unwrap();
}

async fn is_unknown(shop: &Shop) {
    assert_eq!(find(shop, &person()).await["sessions"], 0);
    let app = format!("/v1/apps/{}", shop.app.id);
    for list in ["events", "calls", "deliveries", "callbacks", "exports"] {
        let text = shop.read(&format!("{app}/{list}?limit=100")).await.to_string();
        for trace in TRACES {
            assert!(!text.contains(trace), "{trace} is in {list}");
        }
    }
    let calls = shop.read(&format!("{app}/calls?context=customerId:{WHO}")).await;
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_is_nowhere_on_the_disk_also_after_a_replay_and_a_restored_backup() {
    let mut shop = Shop::with(Options::sqlite().with("--retry-seconds", "0")).await;
    let sink = Sink::start().await.unwrap();
    let integration = visits(&shop, &sink).await;
    let folder = shop.server.data_dir();
    let export = json!({ "kind": "events", "format": "json", "filter": { "context": format!("customerId:{WHO}") } });
    let exports = format!("/v1/apps/{}/exports", shop.app.id);
    shop.api.post(&exports, &export).await.unwrap();
    shop.wait_for(&exports, |page| {
        page["items"].as_array().is_some_and(|all| all.iter().all(|it| it["state"] == "done"))
    })
    .await;

    // A replay names the person in its filter; the audit trail, which nothing is taken out of, does not.
    let replays = format!("{integration}/replays");
    let filter = json!({ "status": ["delivered"], "context": format!("customerId:{WHO}") });
    shop.api.post(&replays, &filter).await.unwrap().expect(202).unwrap();
    shop.wait_for(&replays, |page| page["items"][0]["state"] == "done").await;
    let delivered = format!("{integration}/deliveries?status=delivered");
    shop.wait_for(&delivered, |page| page["items"].as_array().unwrap().len() == 8).await;

    // A backup of before, which is what the search would find.
    shop.server.terminate().await.unwrap();
    let backup = tempfile::tempdir().unwrap();
    for name in ["bellpush.db", "bellpush.db-wal"] {
        if folder.join(name).exists() {
            fs::copy(folder.join(name), backup.path().join(name)).unwrap();
        }
    }
    for trace in TRACES {
        assert!(!files_with(backup.path(), trace).is_empty(), "{trace} is not there to be erased");
    }
    shop.server.restart().await.unwrap();

    let found = find(&shop, &person()).await;
    let counts = ["sessions", "events", "calls", "surveys", "deliveries"]
        .map(|it| found[it].as_u64().unwrap());
    assert_eq!(counts, [1, 5, 1, 1, 4]);
    assert_eq!(found["sentTo"][0]["events"], 4);
    let erasures = format!("/v1/apps/{}/erasures", shop.app.id);
    let done = erase(&shop).await;
    let erased = &done["erased"];
    let counts = ["sessions", "events", "calls", "surveys", "deliveries"]
        .map(|it| erased[it].as_u64().unwrap());
    assert_eq!(counts, [1, 5, 1, 1, 4]);
    assert!(erased["attempts"].as_u64().unwrap() >= 8, "{erased}");
    assert_eq!((&done["repeated"], &done["sentTo"][0]["events"]), (&json!(false), &json!(4)));
    is_gone_from(&folder).await;
    is_unknown(&shop).await;
    let other = json!({ "by": "context", "key": "customerId", "value": "somebody-else" });
    let left = find(&shop, &other).await;
    assert_eq!((&left["sessions"], &left["events"]), (&json!(1), &json!(5)));

    // A replay has nothing to send.
    let before = sink.received().len();
    shop.api.post(&format!("{integration}/replays"), &json!({})).await.unwrap();
    shop.load_widgets(1).await;
    sink.wait_until(SOON, |received| received.len() > before).await.unwrap();
    let after: Vec<_> = sink.received().into_iter().skip(before).collect();
    assert!(after.iter().all(|one| !String::from_utf8_lossy(&one.body).contains(WHO)));

    // The backup comes back: it is made to forget, before anything is served.
    shop.server.terminate().await.unwrap();
    for name in ["bellpush.db", "bellpush.db-wal", "bellpush.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
        if backup.path().join(name).exists() {
            fs::copy(backup.path().join(name), folder.join(name)).unwrap();
        }
    }
    assert!(!files_with(&folder, WHO).is_empty());
    shop.server.restart().await.unwrap();
    is_unknown(&shop).await;
    is_gone_from(&folder).await;
    let again = shop.read(&erasures).await;
    assert!(
        again["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["repeated"] == true && it["state"] == "done")
    );
    shop.server.terminate().await.unwrap();
    is_gone_from(&folder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_is_in_no_table_of_postgres() {
    let database = Database::create().await.unwrap();
    let shop = Shop::with(Options::postgres(&database).with("--retry-seconds", "0")).await;
    let sink = Sink::start().await.unwrap();
    visits(&shop, &sink).await;
    for trace in TRACES {
        assert_ne!(
            database.tables_with(trace).await.unwrap(),
            [""; 0],
            "{trace} is there to be erased"
        );
    }
    erase_for_all(&shop).await;
    is_unknown(&shop).await;
    for trace in TRACES {
        assert_eq!(database.tables_with(trace).await.unwrap(), [""; 0], "{trace}");
    }
    let left =
        find(&shop, &json!({ "by": "context", "key": "customerId", "value": "somebody-else" }))
            .await;
    assert_eq!((&left["sessions"], &left["events"]), (&json!(1), &json!(5)));
    is_gone_from(&shop.server.data_dir()).await;
}

#[tokio::test]
async fn what_is_kept_is_handed_out_and_nothing_of_others() {
    let shop = Shop::with(Options::sqlite().with("--retry-seconds", "0")).await;
    let sink = Sink::start().await.unwrap();
    visits(&shop, &sink).await;
    let path = format!("/v1/apps/{}/people/export", shop.app.id);
    for (format, kind) in [("json", "application/json"), ("csv", "text/csv"), ("html", "text/html")]
    {
        let mut query = person();
        query["format"] = format.into();
        let answer = shop.api.post(&path, &query).await.unwrap().expect(200).unwrap();
        assert!(answer.header("content-type").starts_with(kind), "{format}");
        assert!(answer.header("content-disposition").starts_with("attachment"));
        let text = answer.text();
        for trace in [WHO, WISH, COMMENT] {
            assert!(text.contains(trace), "{trace} is not in {format}");
        }
        assert!(!text.contains("somebody-else") && !text.contains("another-"), "{format}");
    }
    let audit = shop.read(&format!("/v1/apps/{}/audit", shop.app.id)).await;
    assert_eq!(audit["items"][0]["action"], "person_exported");
    assert!(!audit.to_string().contains(WHO));
}

#[tokio::test]
async fn a_session_ends_with_the_erasure_and_nobody_is_erased_by_mistake() {
    let shop = Shop::open().await;
    let widget = shop.embed.open(json!({ "customerId": WHO })).await.unwrap();
    let call = widget.place().await.unwrap();
    let path = format!("/v1/apps/{}/erasures", shop.app.id);
    for (query, status, pointer) in [
        (json!({ "by": "context", "value": WHO }), 422, Some("/key")),
        (json!({ "by": "context", "key": "customerId", "value": "" }), 422, Some("/value")),
        (json!({ "by": "context", "key": "customerId", "value": "nobody" }), 404, None),
        (json!({ "by": "context", "key": "customerId", "value": &WHO[..8] }), 404, None),
        (json!({ "by": "context", "key": "another", "value": WHO }), 404, None),
        (json!({ "by": "form", "value": WHO }), 404, None),
    ] {
        let answer = shop.api.post(&path, &query).await.unwrap();
        let problem = refused(&answer, status, if status == 404 { "not-found" } else { "invalid" });
        assert_eq!(problem.pointer.as_deref(), pointer, "{query}");
    }
    let done = erase(&shop).await;
    assert_eq!(done["erased"]["calls"], 1);
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    assert_eq!(widget.submit(&[loaded]).await.unwrap().status, 401);
    let calls = shop.read(&format!("/v1/apps/{}/calls", shop.app.id)).await;
    assert_eq!(calls["items"], json!([]), "{}", call.call_id);
    let one: Answer =
        shop.api.get(&format!("{path}/era_01920000000070008000000000000009")).await.unwrap();
    refused(&one, 404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_done_on_postgres_though_the_data_directory_was_not_there() {
    let database = Database::create().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let options = Options::postgres(&database)
        .with("--data-dir", &place("state/data"))
        .with("--master-key-file", &place("keys/master.key"));
    let shop = Shop::with(options).await;
    shop.embed.open(json!({ "customerId": WHO })).await.unwrap();
    erase_for_all(&shop).await;
    let data = folder.path().join("state/data");
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert!(fs::read_to_string(data.join("erasures.jsonl")).unwrap().contains("sessions"));
}
