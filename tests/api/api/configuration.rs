//! The configuration as a file: written, compared and applied by the command line and the API.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use bellpush_test_support::{
    answer::Answer,
    api::Api,
    postgres::Database,
    server::{self, Options, ServerProcess},
};
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

const DESIGN: &str = include_str!("../../../crates/bellpush-core/schemas/design.example.json");

/// Somebody at the command line, with a folder.
struct Desk {
    url: String,
    key: String,
    folder: tempfile::TempDir,
}

impl Desk {
    fn at(server: &ServerProcess) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: server.url(), key: server.api().key().to_owned(), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("bellpush.toml")
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = server::program().unwrap();
        command.args(arguments).current_dir(self.folder.path());
        command.env("BELLPUSH_URL", &self.url).env("BELLPUSH_API_KEY", &self.key);
        command.envs(variables.iter().copied());
        command.output().unwrap()
    }

    fn says(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.run(arguments, variables);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refuses(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.run(arguments, variables);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn change(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file()).unwrap();
        assert!(text.contains(from), "no {from} in\n{text}");
        std::fs::write(self.file(), text.replacen(from, to, 1)).unwrap();
    }
}

async fn post(api: &Api, path: &str, body: Value) -> Value {
    let answer = api.post(path, &body).await.unwrap();
    assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.text());
    answer.json().unwrap()
}

/// An app with something of everything.
async fn furnish(shop: &Shop) {
    let (api, path) = (&shop.api, format!("/v1/apps/{}", shop.app.id));
    let trunk = json!({ "name": "Provider", "domain": "sip.invalid", "username": "u", "password": "pass word", "active": false });
    let trunk = post(api, "/v1/trunks", trunk).await;
    let desk = json!({ "name": "Desk", "kind": "sip", "trunkId": trunk["id"], "to": "100" });
    let desk = post(api, &format!("{path}/destinations"), desk).await;
    let sales = json!({ "name": "Sales", "kind": "demo", "isDefault": true, "overflow": desk["id"],
        "routingKeys": { "vip": { "profile": desk["id"] } } });
    post(api, &format!("{path}/destinations"), sales).await;
    let integration = json!({ "name": "CRM", "url": "https://crm.example/hook?k={secret.token}",
        "events": ["call_ended"], "secrets": { "token": "s3cret" }, "signatures": ["v1", "v1a"] });
    post(api, &format!("{path}/integrations"), integration).await;
    let hours = json!({ "hours": { "timeZone": "Europe/Berlin", "week": { "monday": [{ "from": "09:00", "to": "17:00" }] } },
        "customCode": { "head": "", "body": "<p>\n  \"\"\"Hello'''\n</p>\n" } });
    shop.change(hours).await.expect(200).unwrap();
    let rule = json!({ "name": "Queue", "kind": "backlog", "emails": ["ada@example.com"], "quietHours": { "from": "22:00", "to": "07:00" } });
    post(api, &format!("{path}/alert-rules"), rule).await;
    let design: Value = serde_json::from_str(DESIGN).unwrap();
    let saved = api.request(reqwest::Method::PUT, &format!("{path}/design/draft"));
    Answer::to(saved.header("if-match", "*").json(&design)).await.unwrap().expect(200).unwrap();
    post(api, &format!("{path}/design/publish"), json!({ "note": "First" })).await;
}

async fn configuration(api: &Api) -> Value {
    let answer = api.get("/v1/configuration").await.unwrap().expect(200).unwrap();
    answer.json::<Value>().unwrap()["configuration"].take()
}

/// The variables that an export with `--secrets-from-env` names, as a file of variables would set them.
fn variables(file: &Path) -> Vec<(String, &'static str)> {
    let text = std::fs::read_to_string(file).unwrap();
    let named = text.split("\"env:").skip(1).map(|rest| rest.split('"').next().unwrap());
    let value = |name: &str| if name.ends_with("_PASSWORD") { "pass word" } else { "s3cret" };
    // The head of the file has an example.
    let named = named.filter(|name| *name != "NAME");
    named.map(|name| (name.to_owned(), value(name))).collect()
}

async fn a_round_trip(shop: &Shop, empty: &ServerProcess) {
    furnish(shop).await;
    let desk = Desk::at(&shop.server);
    desk.says(&["export", "--secrets-from-env", "-o", "bellpush.toml"], &[]);
    let text = std::fs::read_to_string(desk.file()).unwrap();
    for secret in ["s3cret", "pass word", "whsec_"] {
        assert!(!text.contains(secret), "{secret} is in the file");
    }
    let variables = variables(&desk.file());
    assert_eq!(variables.len(), 2);
    let variables: Vec<_> = variables.iter().map(|(name, it)| (name.as_str(), *it)).collect();

    // There, where it came from, it changes nothing: the values are those that are there.
    assert_eq!(desk.says(&["diff", "bellpush.toml", "--check"], &variables), "Nothing differs.\n");
    let applied = desk.says(&["apply", "bellpush.toml", "--yes"], &variables);
    assert_eq!(applied, "Nothing differed; nothing was changed.\n");

    // Elsewhere it makes all of it, and then changes nothing either.
    let elsewhere = Desk { url: empty.url(), key: empty.api().key().into(), ..desk };
    let missing = elsewhere.refuses(&["diff", "bellpush.toml"], &[]);
    assert!(missing.contains("is not set"), "{missing}");
    let applied = elsewhere.says(&["apply", "bellpush.toml", "--yes"], &variables);
    assert!(applied.contains("+ CRM") && applied.contains("+ Provider"), "{applied}");
    assert_eq!(configuration(&empty.api()).await, configuration(&shop.api).await);
    assert_eq!(elsewhere.says(&["diff", "bellpush.toml"], &variables), "Nothing differs.\n");
    let again = elsewhere.says(&["apply", "bellpush.toml", "--yes"], &variables);
    assert_eq!(again, "Nothing differed; nothing was changed.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_makes_an_empty_installation_the_same() {
    let (shop, empty) = tokio::join!(Shop::open(), ServerProcess::start(Options::sqlite()));
    a_round_trip(&shop, &empty.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_makes_an_empty_installation_the_same_on_postgres() {
    let (from, to) = (Database::create().await.unwrap(), Database::create().await.unwrap());
    let shop = Shop::with(Options::postgres(&from)).await;
    let empty = ServerProcess::start(Options::postgres(&to)).await.unwrap();
    a_round_trip(&shop, &empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_told_by_screen_and_applied_only_to_the_state_that_it_was_found_on() {
    let shop = Shop::open().await;
    furnish(&shop).await;
    let desk = Desk::at(&shop.server);
    desk.says(&["export", "--app", &shop.app.id, "-o", "bellpush.toml"], &[]);
    desk.change("language = \"en\"", "language = \"de\"");
    desk.change("to = \"100\"", "to = \"200\"");
    let told = desk.says(&["diff", "bellpush.toml"], &[]);
    for line in [
        "  Settings",
        "        /language: \"en\" → \"de\"",
        "  Profiles",
        "        /settings/to: \"100\" → \"200\"",
    ] {
        assert!(told.lines().any(|it| it == line), "no {line:?} in\n{told}");
    }
    let state = told.trim_end().rsplit(' ').next().unwrap().to_owned();
    let refusal = desk.refuses(&["apply", "bellpush.toml"], &[]);
    assert!(refusal.contains("--state"), "{refusal}");

    // Somebody changes something that the file names: what was looked at is not what there is.
    shop.change(json!({ "maxCalls": 9 })).await.expect(200).unwrap();
    let refusal = desk.refuses(&["apply", "bellpush.toml", "--state", &state], &[]);
    assert!(refusal.contains("has changed since"), "{refusal}");
    assert_eq!(shop.read(&format!("/v1/apps/{}", shop.app.id)).await["language"], "en");

    let told = desk.says(&["diff", "bellpush.toml"], &[]);
    assert!(told.contains("/maxCalls: not set (was 9)"), "{told}");
    let state = told.trim_end().rsplit(' ').next().unwrap();
    desk.says(&["apply", "bellpush.toml", "--state", state], &[]);
    assert_eq!(shop.read(&format!("/v1/apps/{}", shop.app.id)).await["language"], "de");
    // What is applied twice is refused: the state is another one now.
    desk.refuses(&["apply", "bellpush.toml", "--state", state], &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_is_applied_or_nothing() {
    let shop = Shop::open().await;
    furnish(&shop).await;
    let before = configuration(&shop.api).await;
    let mut wanted = before.clone();
    let app = &mut wanted["apps"][0];
    app["settings"]["name"] = "Changed".into();
    app["profiles"][0]["settings"]["name"] = "Changed".into();
    // The last thing that is looked at: the secret would go to another host.
    app["integrations"][0]["settings"]["url"] = "https://evil.example/{secret.token}".into();
    let plan = post(&shop.api, "/v1/configuration/plan", json!({ "configuration": wanted })).await;
    let body = json!({ "configuration": wanted, "state": plan["state"] });
    let answer = shop.api.post("/v1/configuration/apply", &body).await.unwrap();
    let problem = refused(&answer, 409, "secrets-required");
    assert_eq!(problem.pointer.as_deref(), Some("/configuration/apps/0/integrations/0/secrets"));
    assert_eq!(configuration(&shop.api).await, before);

    for (pointer, value, place) in [
        (
            "/apps/0/profiles/0/settings/trunkId",
            json!("trunk_01920000000070008000000000000009"),
            "/apps/0/profiles",
        ),
        ("/apps/0/settings/name", json!(""), "/apps/0/settings/name"),
        (
            "/apps/0/integrations/0/settings/url",
            json!("http://crm.example"),
            "/apps/0/integrations/0/settings/url",
        ),
        (
            "/apps/0/integrations/0/secrets/token",
            json!({ "value": "" }),
            "/apps/0/integrations/0/secrets/token",
        ),
        ("/apps/0/widgetKeys/0/key", json!("wk_short"), "/apps/0/widgetKeys/0/key"),
        (
            "/apps/0/alertRules/0/settings/windowMinutes",
            json!(1),
            "/apps/0/alertRules/0/settings/windowMinutes",
        ),
        (
            "/apps/0/alertRules/0/settings/integrationId",
            json!("int_01920000000070008000000000000009"),
            "/apps/0/alertRules",
        ),
        (
            "/apps/0/profiles/0/settings/callerName",
            json!("{form.nowhere}"),
            "/apps/0/profiles/0/settings/callerName",
        ),
    ] {
        let mut wanted = before.clone();
        *wanted.pointer_mut(pointer).unwrap() = value;
        if pointer.ends_with("trunkId") {
            wanted["apps"][0]["profiles"][0]["settings"]["kind"] = "sip".into();
            wanted["apps"][0]["profiles"][0]["settings"]["to"] = "1".into();
        }
        let body = json!({ "configuration": wanted, "state": plan["state"] });
        let answer = shop.api.post("/v1/configuration/apply", &body).await.unwrap();
        let problem = refused(&answer, 422, "invalid");
        let found = problem.pointer.unwrap();
        assert!(found.starts_with(&format!("/configuration{place}")), "{pointer}: {found}");
    }
    assert_eq!(configuration(&shop.api).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_elsewhere_takes_the_same_secrets_when_they_are_given_anew() {
    let shop = Shop::open().await;
    furnish(&shop).await;
    let mut wanted = configuration(&shop.api).await;
    wanted["trunks"][0]["settings"]["domain"] = "moved.invalid".into();
    let integration = &mut wanted["apps"][0]["integrations"][0];
    integration["settings"]["url"] = "https://moved.example/{secret.token}".into();
    let apply = async |wanted: &Value| {
        let plan =
            post(&shop.api, "/v1/configuration/plan", json!({ "configuration": wanted })).await;
        let body = json!({ "configuration": wanted, "state": plan["state"] });
        (shop.api.post("/v1/configuration/apply", &body).await.unwrap(), plan)
    };
    // Each by itself is refused as long as its secret is left to be kept.
    let (answer, _) = apply(&wanted).await;
    refused(&answer, 409, "secrets-required");
    wanted["trunks"][0]["password"] = json!({ "value": "pass word" });
    let (answer, _) = apply(&wanted).await;
    refused(&answer, 409, "secrets-required");
    wanted["apps"][0]["integrations"][0]["secrets"]["token"] = json!({ "value": "s3cret" });
    let (answer, _) = apply(&wanted).await;
    answer.expect(200).unwrap();
    let now = configuration(&shop.api).await;
    assert_eq!(now["trunks"][0]["settings"]["domain"], "moved.invalid");
    // Given once more, they are what is there.
    let (answer, plan) = apply(&wanted).await;
    answer.expect(200).unwrap();
    assert_eq!(plan["changes"], json!([]), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_is_remembered_and_what_differs_since() {
    let shop = Shop::open().await;
    furnish(&shop).await;
    let path = format!("/v1/apps/{}/configuration", shop.app.id);
    assert_eq!(shop.read(&path).await, json!({ "applied": null }));
    let desk = Desk::at(&shop.server);
    desk.says(&["export", "-o", "bellpush.toml"], &[]);
    desk.says(&["apply", "bellpush.toml", "--yes"], &[]);
    let applied = &shop.read(&path).await["applied"];
    assert_eq!((&applied["fileName"], &applied["changes"]), (&json!("bellpush.toml"), &json!([])));
    assert_eq!(applied["by"]["kind"], "api_key");

    shop.change(json!({ "language": "fr" })).await.expect(200).unwrap();
    let applied = &shop.read(&path).await["applied"];
    let change = &applied["changes"][0];
    assert_eq!(
        (&change["screen"], &change["changes"][0]["field"]),
        (&json!("settings"), &json!("/language"))
    );
    desk.says(&["apply", "bellpush.toml", "--yes"], &[]);
    assert_eq!(shop.read(&path).await["applied"]["changes"], json!([]));
    let audit = shop.read(&format!("/v1/apps/{}/audit", shop.app.id)).await;
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|it| it["action"].clone()).collect();
    assert_eq!(actions[..2], [json!("configuration_applied"), json!("app_updated")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_neither_betrayed_nor_lost() {
    let shop = Shop::open().await;
    furnish(&shop).await;
    let text = configuration(&shop.api).await.to_string();
    assert!(!text.contains("s3cret") && !text.contains("pass word"), "{text}");
    let desk = Desk::at(&shop.server);
    desk.says(&["export", "-o", "bellpush.toml"], &[]);
    desk.change("token = \"kept\"", "token = { secret = \"env:TOKEN\" }");
    let told = desk.says(&["diff", "bellpush.toml"], &[("TOKEN", "another one")]);
    assert!(
        told.contains("/secrets/token: another secret") && !told.contains("another one"),
        "{told}"
    );
    desk.says(&["apply", "bellpush.toml", "--yes"], &[("TOKEN", "another one")]);
    let integration = &configuration(&shop.api).await["apps"][0]["integrations"][0]["id"].clone();
    let path = format!("/v1/apps/{}/integrations/{}", shop.app.id, integration.as_str().unwrap());
    let revealed = post(&shop.api, &format!("{path}/secrets/token/reveal"), json!({})).await;
    assert_eq!(revealed["value"], "another one");
    // With one that is not kept anywhere there is nothing to keep.
    let mut wanted = configuration(&shop.api).await;
    wanted["apps"][0]["integrations"][0]["secrets"]["more"] = "kept".into();
    let answer =
        shop.api.post("/v1/configuration/plan", &json!({ "configuration": wanted })).await.unwrap();
    let problem = refused(&answer, 422, "invalid");
    assert_eq!(
        problem.pointer.as_deref(),
        Some("/configuration/apps/0/integrations/0/secrets/more")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_or_changes_more_by_a_file_than_by_hand() {
    let shop = Shop::open().await;
    furnish(&shop).await;
    let (other, _) = shop.another(json!({ "name": "Other" })).await;
    let whole = configuration(&shop.api).await;
    let key = async |scopes: Value, apps: Value| {
        let draft = json!({ "name": "k", "scopes": scopes, "apps": apps });
        let made = post(&shop.api, "/v1/api-keys", draft).await;
        shop.api.with_key(made["key"].as_str().unwrap())
    };
    let narrow = key(json!(["*"]), json!([other.id])).await;
    let seen = configuration(&narrow).await;
    assert_eq!((seen["apps"].as_array().unwrap().len(), &seen["trunks"]), (1, &json!([])));
    assert_eq!(seen["apps"][0]["id"], json!(other.id));
    let body = json!({ "configuration": { "apps": [whole["apps"][0]] } });
    assert_eq!(narrow.post("/v1/configuration/plan", &body).await.unwrap().status, 404);

    let reader = key(json!(["apps:read", "settings:read"]), Value::Null).await;
    let seen = configuration(&reader).await;
    let parts: Vec<_> = seen["apps"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(parts, ["id", "settings", "widgetKeys"]);
    let scopes = json!([
        "apps:read",
        "settings:read",
        "settings:write",
        "profiles:read",
        "integrations:read",
        "alerts:read",
        "design:read",
        "trunks:read"
    ]);
    let writer = key(scopes, Value::Null).await;
    let mut wanted = whole.clone();
    wanted["apps"][0]["settings"]["language"] = "de".into();
    wanted["apps"][0]["profiles"][0]["settings"]["name"] = "Changed".into();
    let plan = post(&writer, "/v1/configuration/plan", json!({ "configuration": wanted })).await;
    let body = json!({ "configuration": wanted, "state": plan["state"] });
    let problem =
        refused(&writer.post("/v1/configuration/apply", &body).await.unwrap(), 403, "forbidden");
    assert!(problem.detail.contains("profiles:write"), "{problem:?}");
    assert_eq!(configuration(&shop.api).await, whole);
}
