//! Settings that two change: who has seen them last does, and the other is told who it was.

use bellpush_test_support::{
    answer::Answer,
    browser::Browser,
    server::{Options, ServerProcess},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::refused;

/// Settings, and a change of them.
struct Settings {
    path: String,
    method: Method,
    changes: [Value; 2],
}

async fn ask(
    browser: &Browser,
    method: &Method,
    path: &str,
    body: Option<&Value>,
    tag: &str,
) -> Answer {
    let request = browser.request(method.clone(), path).header("if-match", tag);
    let request = body.into_iter().fold(request, |request, body| request.json(body));
    browser.send(request).await.unwrap()
}

async fn made(owner: &Browser, path: &str, body: &Value) -> String {
    let answer = owner.post(path, body).await.unwrap().expect(201).unwrap();
    assert_eq!(answer.header("etag"), "\"r1\"", "{path}");
    answer.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned()
}

/// One of everything that has revisions.
async fn everything(owner: &Browser) -> Vec<Settings> {
    let app = format!("/v1/apps/{}", made(owner, "/v1/apps", &json!({ "name": "Shop" })).await);
    let profiles = format!("{app}/destinations");
    let profile = made(owner, &profiles, &json!({ "name": "Sales", "kind": "demo" })).await;
    let integrations = format!("{app}/integrations");
    let hook = json!({ "name": "Hook", "url": "https://hooks.example/x" });
    let integration = made(owner, &integrations, &hook).await;
    let trunk = json!({ "name": "Provider", "domain": "sip.example", "active": false });
    let trunk = made(owner, "/v1/trunks", &trunk).await;
    let ben = Browser::invited_by(owner, "ben@example.com", "editor", None).await.unwrap();
    let ben = ben.me().await.unwrap()["id"].as_str().unwrap().to_owned();
    let names = || [json!({ "name": "One" }), json!({ "name": "Other" })];
    let patch = |path, changes| Settings { path, method: Method::PATCH, changes };
    let domains = |name: &str| json!({ "allowedEmailDomains": [name, "example.com"] });
    vec![
        patch(format!("{profiles}/{profile}"), names()),
        patch(format!("{integrations}/{integration}"), names()),
        patch(format!("/v1/trunks/{trunk}"), names()),
        patch(
            format!("/v1/members/{ben}"),
            ["viewer", "admin"].map(|role| json!({ "role": role })),
        ),
        patch(app, names()),
        Settings {
            path: "/v1/sign-in-settings".into(),
            method: Method::PUT,
            changes: ["one.example", "other.example"].map(domains),
        },
    ]
}

#[tokio::test]
async fn who_has_not_seen_the_last_change_is_told_who_made_it() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    for Settings { path, method, changes: [one, other] } in everything(&owner).await {
        let read = owner.get(&path).await.unwrap().expect(200).unwrap();
        let seen = read.header("etag").to_owned();
        let changed = ask(&owner, &method, &path, Some(&one), &seen).await.expect(200).unwrap();
        let present = changed.header("etag").to_owned();
        assert_ne!(present, seen, "{path}");

        let stale = ask(&owner, &method, &path, Some(&other), &seen).await;
        refused(&stale, 412, "precondition-failed");
        let problem: Value = stale.json().unwrap();
        let by = &problem["lastChange"]["by"];
        assert_eq!((&by["kind"], &by["name"]), (&json!("member"), &json!("Olga")), "{path}");
        let at = problem["lastChange"]["at"].as_str().unwrap();
        assert!(
            problem["detail"].as_str().unwrap().contains(&format!("Olga has changed it at {at}"))
        );
        let same = owner.get(&path).await.unwrap().expect(200).unwrap();
        assert_eq!(same.header("etag"), present, "what is refused changes nothing: {path}");

        // Of two at once that have seen the same, one is refused.
        let (a, b) = tokio::join!(
            ask(&owner, &method, &path, Some(&other), &present),
            ask(&owner, &method, &path, Some(&other), &present),
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{path}");

        ask(&owner, &method, &path, Some(&one), "*").await.expect(200).unwrap();
        refused(&ask(&owner, &method, &path, Some(&one), "r1").await, 412, "precondition-failed");
        if method == Method::PATCH {
            let stale = ask(&owner, &Method::DELETE, &path, None, &present).await;
            refused(&stale, 412, "precondition-failed");
            let last = owner.get(&path).await.unwrap().expect(200).unwrap();
            let tag = last.header("etag").to_owned();
            ask(&owner, &Method::DELETE, &path, None, &tag).await.expect(204).unwrap();
        }
    }
}

#[tokio::test]
async fn patches_of_different_fields_at_once_lose_nothing() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let api = server.api();
    let app = api.create_app(&json!({ "name": "Shop" })).await.unwrap();
    let path = format!("/v1/apps/{}", app.id);
    for round in 0..8 {
        let text = |field: &str| format!("{field} {round}");
        let [head, body, name] = ["head", "body", "name"].map(text);
        let language = if round % 2 == 0 { "de" } else { "fr" };
        let patches = [
            json!({ "customCode": { "head": head } }),
            json!({ "customCode": { "body": body } }),
            json!({ "name": name }),
            json!({ "language": language }),
        ];
        // Nobody names a revision: each is put over whatever is there.
        let sent = patches.map(|patch| {
            let (api, path) = (api.clone(), path.clone());
            tokio::spawn(async move { api.patch(&path, &patch).await.unwrap().status })
        });
        for status in sent {
            assert_eq!(status.await.unwrap(), 200);
        }
        let now: Value = api.get(&path).await.unwrap().expect(200).unwrap().json().unwrap();
        assert_eq!(now["customCode"], json!({ "head": head, "body": body }));
        assert_eq!((&now["name"], &now["language"]), (&json!(name), &json!(language)));
    }
}

#[tokio::test]
async fn of_two_patches_at_once_neither_undoes_the_other() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    let app = made(&owner, "/v1/apps", &json!({ "name": "Shop" })).await;
    let rules = format!("/v1/apps/{app}/alert-rules");
    let ben = Browser::invited_by(&owner, "ben@example.com", "admin", None).await.unwrap();
    let ben = ben.me().await.unwrap()["id"].as_str().unwrap().to_owned();
    let rule = json!({ "name": "R", "kind": "call_errors" });
    let rule = made(&owner, &rules, &rule).await;
    let both = [
        (
            format!("/v1/members/{ben}"),
            [json!({ "role": "viewer" }), json!({ "apps": [app] })],
            [json!({ "role": "admin" }), json!({ "apps": null })],
        ),
        (
            format!("{rules}/{rule}"),
            [json!({ "name": "Changed" }), json!({ "active": false })],
            [json!({ "name": "R" }), json!({ "active": true })],
        ),
    ];
    for (path, changes, back) in both {
        for _ in 0..10 {
            let (one, other) =
                tokio::join!(owner.patch(&path, &changes[0]), owner.patch(&path, &changes[1]));
            one.unwrap().expect(200).unwrap();
            other.unwrap().expect(200).unwrap();
            let now: Value = owner.get(&path).await.unwrap().expect(200).unwrap().json().unwrap();
            for change in &changes {
                for (field, value) in change.as_object().unwrap() {
                    assert_eq!(now[field], *value, "{path}: {now}");
                }
            }
            for change in &back {
                owner.patch(&path, change).await.unwrap().expect(200).unwrap();
            }
        }
    }
}
