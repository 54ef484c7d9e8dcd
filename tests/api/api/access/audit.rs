//! The audit trail: every change, reveal, sign-in and refusal, by whom, and that nothing is missing.

use std::process::Output;

use bellpush_test_support::{
    SOON,
    answer::Answer,
    browser::{Browser, PASSWORD},
    eventually,
    postgres::Database,
    server::{self, Options, ServerProcess},
};
use serde_json::{Value, json};

use crate::shop::refused;

async fn open() -> (ServerProcess, Browser) {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    (server, owner)
}

async fn newest(browser: &Browser, query: &str) -> Value {
    let page = browser.get(&format!("/v1/audit?limit=1{query}")).await.unwrap();
    page.expect(200).unwrap().json::<Value>().unwrap()["items"][0].clone()
}

async fn made(browser: &Browser, path: &str, body: Value) -> Value {
    browser.post(path, &body).await.unwrap().expect(201).unwrap().json().unwrap()
}

/// The newest line is of this, by the owner.
async fn written(browser: &Browser, action: &str) -> Value {
    let line = newest(browser, "").await;
    assert_eq!(line["action"], action, "{line}");
    assert_eq!(
        (&line["actor"]["kind"], &line["actor"]["name"]),
        (&json!("member"), &json!("Olga"))
    );
    assert_eq!(line["address"], "127.0.0.1");
    line
}

#[tokio::test]
async fn every_change_is_written_down_field_by_field_with_who_did_it() {
    let (_server, owner) = open().await;
    let app = made(&owner, "/v1/apps", json!({ "name": "Shop" })).await;
    let line = written(&owner, "app_made").await;
    assert_eq!((&line["appId"], &line["subjectId"]), (&app["id"], &app["id"]));
    let app = format!("/v1/apps/{}", app["id"].as_str().unwrap());
    let change = json!({ "name": "Store", "language": "de" });
    owner.patch(&app, &change).await.unwrap().expect(200).unwrap();
    let line = written(&owner, "app_updated").await;
    assert_eq!(
        line["changes"],
        json!([
            { "field": "/language", "before": "en", "after": "de" },
            { "field": "/name", "before": "Shop", "after": "Store" },
        ])
    );
    owner.patch(&app, &change).await.unwrap().expect(200).unwrap();
    assert_eq!(newest(&owner, "").await["seq"], line["seq"], "nothing has changed");

    let key = made(&owner, &format!("{app}/widget-keys"), json!({})).await;
    written(&owner, "widget_key_made").await;
    let key = format!("{app}/widget-keys/{}", key["id"].as_str().unwrap());
    owner.delete(&key).await.unwrap().expect(204).unwrap();
    written(&owner, "widget_key_deleted").await;

    let trunk =
        json!({ "name": "PBX", "domain": "pbx.example", "username": "u", "password": "hush-hush" });
    let trunk = made(&owner, "/v1/trunks", trunk).await;
    let line = written(&owner, "trunk_made").await;
    assert!(
        line["changes"].as_array().unwrap().contains(&json!({ "field": "/password" })),
        "{line}"
    );
    let trunk = format!("/v1/trunks/{}", trunk["id"].as_str().unwrap());
    owner.patch(&trunk, &json!({ "name": "Old PBX" })).await.unwrap().expect(200).unwrap();
    let line = written(&owner, "trunk_updated").await;
    assert_eq!(line["changes"], json!([{ "field": "/name", "before": "PBX", "after": "Old PBX" }]));
    owner.delete(&trunk).await.unwrap().expect(204).unwrap();
    written(&owner, "trunk_deleted").await;

    let profiles = format!("{app}/destinations");
    let profile = made(&owner, &profiles, json!({ "name": "Sales", "kind": "demo" })).await;
    written(&owner, "profile_made").await;
    let profile = format!("{profiles}/{}", profile["id"].as_str().unwrap());
    owner.patch(&profile, &json!({ "name": "Help" })).await.unwrap().expect(200).unwrap();
    written(&owner, "profile_updated").await;
    owner.delete(&profile).await.unwrap().expect(204).unwrap();
    written(&owner, "profile_deleted").await;

    let settings = json!({
        "name": "CRM", "url": "https://crm.example/{secret.key}", "events": ["call_ended"],
        "secrets": { "key": "hush-hush" },
    });
    let integration = made(&owner, &format!("{app}/integrations"), settings).await;
    let line = written(&owner, "integration_made").await;
    assert!(
        line["changes"].as_array().unwrap().contains(&json!({ "field": "/secrets/key" })),
        "{line}"
    );
    let integration = format!("{app}/integrations/{}", integration["id"].as_str().unwrap());
    owner.patch(&integration, &json!({ "active": false })).await.unwrap().expect(200).unwrap();
    let line = written(&owner, "integration_updated").await;
    assert_eq!(line["changes"], json!([{ "field": "/active", "before": true, "after": false }]));
    owner
        .post(&format!("{integration}/breaker/reset"), &json!({}))
        .await
        .unwrap()
        .expect(200)
        .unwrap();
    written(&owner, "breaker_reset").await;
    let reveal = format!("{integration}/secrets/key/reveal");
    owner.post(&reveal, &json!({})).await.unwrap().expect(200).unwrap();
    written(&owner, "secret_revealed").await;
    owner.delete(&integration).await.unwrap().expect(204).unwrap();
    written(&owner, "integration_deleted").await;
    owner.delete(&app).await.unwrap().expect(204).unwrap();
    written(&owner, "app_deleted").await;

    let whole = owner.get("/v1/audit?limit=500").await.unwrap().text();
    assert!(!whole.contains("hush-hush") && !whole.contains(PASSWORD));
}

#[tokio::test]
async fn sign_ins_and_refusals_are_written_down() {
    let (server, owner) = open().await;
    let viewer = Browser::invited_by(&owner, "vi@example.com", "viewer", None).await.unwrap();
    let stranger = Browser::new(&server);
    refused(
        &stranger.sign_in("vi@example.com", "not-her-password").await.unwrap(),
        401,
        "sign-in-refused",
    );
    let line = newest(&owner, "").await;
    assert_eq!(
        (&line["action"], &line["actor"]["kind"]),
        (&json!("sign_in_refused"), &json!("stranger"))
    );
    assert_eq!(line["subjectName"], "vi@example.com");
    stranger.sign_in("vi@example.com", PASSWORD).await.unwrap().expect(200).unwrap();
    let line = newest(&owner, "").await;
    assert_eq!((&line["action"], &line["actor"]["name"]), (&json!("signed_in"), &json!("vi")));

    for _ in 0..20 {
        refused(&viewer.get("/v1/members").await.unwrap(), 403, "forbidden");
    }
    let refusals = eventually("the refusal is written down", SOON, async || {
        let page = owner.get("/v1/audit?action=refused").await?.json::<Value>()?;
        Ok(Some(page["items"].clone()).filter(|items| items[0].is_object()))
    });
    let refusals = refusals.await.unwrap();
    assert_eq!(refusals.as_array().unwrap().len(), 1, "once a minute: {refusals}");
    assert_eq!(refusals[0]["subjectName"], "GET /v1/members");
    assert_eq!(refusals[0]["changes"], json!([{ "field": "/needed", "after": "members:read" }]));
}

#[tokio::test]
async fn what_is_refused_for_what_it_is_about_is_written_down_too() {
    let (_server, owner) = open().await;
    let admin = Browser::invited_by(&owner, "ada@example.com", "admin", None).await.unwrap();
    let viewer = Browser::invited_by(&owner, "vi@example.com", "viewer", None).await.unwrap();
    let id =
        async |browser: &Browser| browser.me().await.unwrap()["id"].as_str().unwrap().to_owned();
    let (olga, ada) = (id(&owner).await, id(&admin).await);
    let invited = json!({ "email": "eve@example.com", "role": "owner" });
    for _ in 0..3 {
        let answer = admin.post("/v1/invitations", &invited).await.unwrap();
        refused(&answer, 403, "above-own-rank");
    }
    let answer = admin.patch(&format!("/v1/members/{olga}"), &json!({ "role": "viewer" })).await;
    refused(&answer.unwrap(), 403, "above-own-rank");
    let answer = viewer.delete(&format!("/v1/members/{ada}")).await.unwrap();
    refused(&answer, 403, "forbidden");
    let refusals = eventually("each refusal is written down", SOON, async || {
        let page = owner.get("/v1/audit?action=refused").await?.json::<Value>()?;
        Ok(Some(page["items"].as_array().unwrap().clone()).filter(|items| items.len() >= 3))
    });
    let refusals = refusals.await.unwrap();
    let mut told: Vec<_> = refusals
        .iter()
        .map(|line| {
            (line["actor"]["name"].as_str().unwrap(), line["subjectName"].as_str().unwrap())
        })
        .collect();
    told.sort_unstable();
    let member = "/v1/members/{memberId}";
    let expected = [
        ("ada", format!("PATCH {member}")),
        ("ada", "POST /v1/invitations".to_owned()),
        ("vi", format!("DELETE {member}")),
    ];
    assert_eq!(told, expected.each_ref().map(|(who, what)| (*who, what.as_str())));
    let needed = refusals.iter().find(|line| line["actor"]["name"] == "vi").unwrap();
    assert_eq!(needed["changes"], json!([{ "field": "/needed", "after": "members:write" }]));
}

#[tokio::test]
async fn the_trail_is_filtered_and_exported() {
    let (_server, owner) = open().await;
    for name in ["=cmd()", "\u{ff1d}cmd()", "Three"] {
        made(&owner, "/v1/apps", json!({ "name": name })).await;
    }
    let count = async |query: &str| {
        let page = owner.get(&format!("/v1/audit?{query}")).await.unwrap().expect(200).unwrap();
        page.json::<Value>().unwrap()["items"].as_array().unwrap().len()
    };
    assert_eq!(count("action=app_made").await, 3);
    assert_eq!(count("action=app_made,set_up").await, 4);
    let me = owner.me().await.unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(count(&format!("actorId={me}&action=app_made")).await, 3);
    assert_eq!(count("to=2020-01-01T00:00:00Z").await, 0);
    let line = newest(&owner, "").await;
    assert_eq!(count(&format!("appId={}", line["appId"].as_str().unwrap())).await, 1);
    refused(&owner.get("/v1/audit?action=nonsense").await.unwrap(), 422, "invalid");

    let export = async |query: &str| -> Answer {
        owner.get(&format!("/v1/audit/export?{query}")).await.unwrap().expect(200).unwrap()
    };
    let json = export("action=app_made").await;
    assert_eq!(json.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> =
        json.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    let csv = export("action=app_made&format=csv").await;
    assert!(csv.header("content-disposition").contains("audit.csv"));
    let text = csv.text();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("\"'\u{ff1d}cmd()\""), "{text}");
    assert!(text.contains("\"'=cmd()\"") && !text.contains(",\"=cmd()"), "{text}");
}

#[tokio::test]
async fn who_has_a_role_for_some_apps_reads_of_these_alone() {
    let (_server, owner) = open().await;
    let here = made(&owner, "/v1/apps", json!({ "name": "Here" })).await;
    made(&owner, "/v1/apps", json!({ "name": "There" })).await;
    let id = here["id"].as_str().unwrap();
    let admin = Browser::invited_by(&owner, "ada@example.com", "admin", Some(&[id])).await.unwrap();
    let page = admin.get("/v1/audit").await.unwrap().expect(200).unwrap().json::<Value>().unwrap();
    let items = page["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.iter().all(|line| line["appId"] == id), "{page}");
    let export = admin.get("/v1/audit/export").await.unwrap().text();
    assert_eq!(export.lines().count(), items.len());
}

#[tokio::test]
async fn whoever_sees_an_app_sees_who_has_changed_something_of_it_last() {
    let (_server, owner) = open().await;
    let app = made(&owner, "/v1/apps", json!({ "name": "Shop" })).await;
    let app = format!("/v1/apps/{}", app["id"].as_str().unwrap());
    let editor = Browser::invited_by(&owner, "ed@example.com", "editor", None).await.unwrap();
    let viewer = Browser::invited_by(&owner, "vi@example.com", "viewer", None).await.unwrap();
    let last = async |query: &str| {
        let answer = viewer.get(&format!("{app}/last-change?{query}")).await.unwrap();
        answer.expect(200).unwrap().json::<Value>().unwrap()["lastChange"].clone()
    };
    assert_eq!(last("of=settings").await, Value::Null, "nobody since it was made");
    let profiles = format!("{app}/destinations");
    let profile = made(&owner, &profiles, json!({ "name": "Sales", "kind": "demo" })).await;
    let profile = profile["id"].as_str().unwrap().to_owned();
    let path = format!("{profiles}/{profile}");
    editor.patch(&path, &json!({ "name": "Help" })).await.unwrap().expect(200).unwrap();
    let of_profile = last(&format!("of=profile&id={profile}")).await;
    assert_eq!(
        (&of_profile["by"]["kind"], &of_profile["by"]["name"]),
        (&json!("member"), &json!("ed"))
    );
    assert_eq!(of_profile["at"], newest(&owner, "").await["at"]);
    owner.patch(&app, &json!({ "language": "de" })).await.unwrap().expect(200).unwrap();
    assert_eq!(last("of=settings").await["by"]["name"], "Olga");
    assert_eq!(last("of=design").await, Value::Null, "each is of its own");
    refused(&viewer.get(&format!("{app}/last-change?of=secrets")).await.unwrap(), 422, "invalid");
}

#[tokio::test]
async fn an_admin_of_all_has_the_trail_checked() {
    let (_server, owner) = open().await;
    made(&owner, "/v1/apps", json!({ "name": "Shop" })).await;
    let check = owner.get("/v1/audit/check").await.unwrap().expect(200).unwrap();
    let lines = newest(&owner, "").await["seq"].clone();
    assert_eq!(check.json::<Value>().unwrap(), json!({ "lines": lines, "fault": null }));
}

fn verify(location: &[&str]) -> Output {
    let mut command = server::program().unwrap();
    command.args(["audit", "verify"]).args(location);
    command.output().unwrap()
}

async fn verified(options: Options, location: &[&str]) -> ServerProcess {
    let server = ServerProcess::start(options).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    let data = server.data_dir().to_string_lossy().into_owned();
    let location = if location.is_empty() { &["--data-dir", &data] } else { location };
    for number in 0..5 {
        made(&owner, "/v1/apps", json!({ "name": format!("{number}") })).await;
    }
    let output = verify(location);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: i64 = newest(&owner, "").await["seq"].as_i64().unwrap();
    assert!(said.contains(&format!("is whole: {lines} lines")), "{said}");
    server
}

#[tokio::test]
async fn the_trail_is_verified_while_the_server_runs() {
    verified(Options::sqlite(), &[]).await;
}

#[tokio::test]
async fn the_trail_on_postgres_is_whole_after_many_changes_at_once() {
    let database = Database::create().await.unwrap();
    let location = ["--database-url", database.url()];
    let server = verified(Options::postgres(&database), &location).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24 {
        let api = server.api();
        tasks.spawn(async move {
            api.create_app(&json!({ "name": format!("App {number}") })).await.unwrap();
        });
    }
    tasks.join_all().await;
    let output = verify(&location);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
