//! Everybody who tries.

use bellpush_test_support::{
    SOON,
    answer::Answer,
    api::Api,
    browser::{Browser, PASSWORD},
    eventually,
    server::ServerProcess,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::lines::{PERMISSIONS, ROLES};

/// A server with two apps, and everybody who tries.
pub(super) struct Site {
    /// The app whose things are tried.
    pub(super) app: String,
    pub(super) callers: Vec<Caller>,
}

/// Somebody who tries.
pub(super) struct Caller {
    pub(super) name: String,
    by: By,
    permissions: Vec<String>,
    pub(super) is_known: bool,
    pub(super) is_person: bool,
    /// Not for the whole installation.
    pub(super) is_narrow: bool,
    /// Not for the app that is tried.
    pub(super) is_elsewhere: bool,
    pub(super) is_of_another_site: bool,
    /// An app in their reach that may be deleted; elsewhere, the app that is tried.
    pub(super) disposable: String,
}

enum By {
    Browser { browser: Browser, email: String, site: &'static str },
    Key(Api),
    Nothing(Browser),
}

impl Caller {
    pub(super) fn has(&self, permission: &str) -> bool {
        self.permissions.iter().any(|it| it == permission)
    }

    /// Sends a request with an empty body, if it takes one.
    pub(super) async fn ask(&self, method: Method, path: &str, has_body: bool) -> Answer {
        let with_body = |request: reqwest::RequestBuilder| {
            // A stream would have no end.
            let request = request.header("accept", "application/json");
            if has_body { request.json(&json!({})) } else { request }
        };
        match &self.by {
            By::Key(api) => Answer::to(with_body(api.request(method, path))).await.unwrap(),
            By::Nothing(browser) => {
                Answer::to(with_body(browser.request(method, path))).await.unwrap()
            }
            By::Browser { browser, email, site } => {
                let request = browser.plain_request(method, path).header("sec-fetch-site", *site);
                let answer = browser.send(with_body(request)).await.unwrap();
                // Who has signed out comes in again.
                if browser.cookie().is_none() {
                    browser.sign_in(email, PASSWORD).await.unwrap().expect(200).unwrap();
                }
                answer
            }
        }
    }
}

/// What a role has.
fn of_role(role: &str) -> Vec<String> {
    let rank = |role: &str| ROLES.iter().position(|it| *it == role).unwrap();
    let has = |lowest: &str| rank(lowest) <= rank(role);
    PERMISSIONS.iter().filter(|(_, lowest)| has(lowest)).map(|(it, _)| (*it).to_owned()).collect()
}

async fn app(server: &ServerProcess, name: &str) -> String {
    server.api().create_app(&json!({ "name": name })).await.unwrap().id
}

async fn key(server: &ServerProcess, owner: &Browser, draft: Value) -> (Api, String) {
    let made = owner.post("/v1/api-keys", &draft).await.unwrap().expect(201).unwrap();
    let made: Value = made.json().unwrap();
    let api = server.api().with_key(made["key"].as_str().unwrap());
    (api, made["id"].as_str().unwrap().to_owned())
}

impl Site {
    pub(super) async fn open(server: &ServerProcess) -> Self {
        let owner = Browser::set_up(server).await.unwrap();
        let (here, there) = (app(server, "Here").await, app(server, "There").await);
        let mut callers = Vec::new();
        for role in ROLES {
            let reaches: &[Option<&str>] =
                if role == "owner" { &[None] } else { &[None, Some(&here), Some(&there)] };
            for reach in reaches {
                callers.push(person(server, &owner, role, *reach, &here).await);
            }
        }
        for (permission, _) in PERMISSIONS {
            let scopes = json!({ "name": permission, "scopes": [permission] });
            let (api, _) = key(server, &owner, scopes).await;
            let permissions = vec![(*permission).to_owned()];
            let disposable = app(server, permission).await;
            callers.push(program(format!("key of {permission}"), api, permissions, disposable));
        }
        let everything = of_role("owner");
        let elsewhere = json!({ "name": "elsewhere", "scopes": ["*"], "apps": [there] });
        let (api, _) = key(server, &owner, elsewhere).await;
        let caller = program("key of another app".into(), api, everything.clone(), here.clone());
        callers.push(Caller { is_narrow: true, is_elsewhere: true, ..caller });
        let disposable = app(server, "For the configured key").await;
        callers.push(program(
            "configured key".into(),
            server.api(),
            everything.clone(),
            disposable,
        ));
        callers.extend(dead_keys(server, &owner, &here).await);
        callers.push(nobody("signed out", server, &here));

        let disposable = app(server, "For another site").await;
        let by = By::Browser {
            browser: Browser::new(server),
            email: "olga@example.com".into(),
            site: "cross-site",
        };
        let caller = program("page of another site".into(), server.api(), everything, disposable);
        let caller = Caller { by, is_person: true, is_of_another_site: true, ..caller };
        if let By::Browser { browser, email, .. } = &caller.by {
            browser.sign_in(email, PASSWORD).await.unwrap().expect(200).unwrap();
        }
        callers.push(caller);
        Self { app: here, callers }
    }
}

async fn person(
    server: &ServerProcess,
    owner: &Browser,
    role: &str,
    reach: Option<&str>,
    here: &str,
) -> Caller {
    let is_elsewhere = reach.is_some_and(|reach| reach != here);
    let disposable = if is_elsewhere { here.to_owned() } else { app(server, "Disposable").await };
    let apps: Option<Vec<&str>> = reach.map(|reach| match is_elsewhere {
        true => vec![reach],
        false => vec![reach, &disposable],
    });
    let name = match reach {
        None => role.to_owned(),
        Some(_) if is_elsewhere => format!("{role} of another app"),
        Some(_) => format!("{role} of the app"),
    };
    let email = format!("{}@example.com", name.replace(' ', "."));
    let browser = Browser::invited_by(owner, &email, role, apps.as_deref()).await.unwrap();
    Caller {
        name,
        by: By::Browser { browser, email, site: "same-origin" },
        permissions: of_role(role),
        is_known: true,
        is_person: true,
        is_narrow: reach.is_some(),
        is_elsewhere,
        is_of_another_site: false,
        disposable,
    }
}

fn program(name: String, api: Api, permissions: Vec<String>, disposable: String) -> Caller {
    Caller {
        name,
        by: By::Key(api),
        permissions,
        is_known: true,
        is_person: false,
        is_narrow: false,
        is_elsewhere: false,
        is_of_another_site: false,
        disposable,
    }
}

fn nobody(name: &str, server: &ServerProcess, here: &str) -> Caller {
    let caller = program(name.into(), server.api(), Vec::new(), here.to_owned());
    Caller { by: By::Nothing(Browser::new(server)), is_known: false, ..caller }
}

/// Keys that were good once.
async fn dead_keys(server: &ServerProcess, owner: &Browser, here: &str) -> Vec<Caller> {
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(1);
    let brief = json!({ "name": "brief", "scopes": ["*"], "expiresAt": soon.to_string() });
    let (expired, _) = key(server, owner, brief).await;
    let (revoked, id) = key(server, owner, json!({ "name": "revoked", "scopes": ["*"] })).await;
    revoked.get("/v1/apps").await.unwrap().expect(200).unwrap();
    owner.delete(&format!("/v1/api-keys/{id}")).await.unwrap().expect(204).unwrap();
    eventually("the key expires", SOON, async || {
        Ok((expired.get("/v1/apps").await?.status == 401).then_some(()))
    })
    .await
    .unwrap();
    [("expired key", expired), ("revoked key", revoked)]
        .map(|(name, api)| {
            let caller = program(name.into(), api, Vec::new(), here.to_owned());
            Caller { is_known: false, ..caller }
        })
        .into()
}
