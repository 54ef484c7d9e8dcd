//! Every operation of the API, tried by everybody: each role, for the installation and for one app; a key
//! of each scope; keys of another app, expired and revoked ones; nobody; and a page of another site.
//!
//! What each operation needs is said here once more, apart from the server. An operation without a line
//! fails the test.

mod callers;
mod lines;

use std::collections::BTreeSet;

use bellpush_test_support::{
    answer::Answer,
    server::{Options, ServerProcess},
};
use reqwest::Method;
use serde_json::Value;

use self::{
    callers::{Caller, Site},
    lines::{LINES, Needs},
};

/// An operation, as the document describes it.
struct Operation {
    id: String,
    method: Method,
    path: String,
    has_body: bool,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                has_body: operation["requestBody"].is_object(),
            });
        }
    }
    found
}

impl Operation {
    /// Its path with an app that is there, and things in it that are not.
    fn path(&self, app: &str) -> String {
        let none = "01920000000070008000000000000001";
        let path = self
            .path
            .replace("{appId}", app)
            .replace("{callId}", &format!("call_{none}"))
            .replace("{destinationId}", &format!("dest_{none}"))
            .replace("{trunkId}", &format!("trunk_{none}"))
            .replace("{integrationId}", &format!("int_{none}"))
            .replace("{ruleId}", &format!("rule_{none}"))
            .replace("{rehearsalId}", &format!("reh_{none}"))
            .replace("{replayId}", &format!("rep_{none}"))
            .replace("{exportId}", &format!("exp_{none}"))
            .replace("{erasureId}", &format!("era_{none}"))
            .replace("{keyId}", &format!("wkey_{none}"))
            .replace("{apiKeyId}", &format!("key_{none}"))
            .replace("{memberId}", &format!("mem_{none}"))
            .replace("{passkeyId}", &format!("pk_{none}"))
            .replace("{invitationId}", &format!("inv_{none}"))
            .replace("{signInId}", &format!("sgn_{none}"))
            .replace("{viewId}", &format!("view_{none}"))
            .replace("{country}", "DE")
            .replace("{version}", "1")
            .replace("{secretName}", "apiKey")
            .replace("{eventId}", "01920000-0000-7000-8000-000000000001");
        assert!(!path.contains('{'), "{path} has a parameter that this test does not know");
        path
    }
}

/// What came of a try.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Who is it?
    Unknown,
    /// Not permitted, or a page of another site.
    Refused(String),
    /// The app is none of theirs.
    NoSuchApp,
    /// The handler has answered, whatever it said.
    LetIn,
}

fn outcome(answer: &Answer, app: &str) -> Outcome {
    let problem = || answer.problem().unwrap();
    match answer.status {
        401 => match problem().kind.as_str() {
            "api-key-invalid" | "signed-out" => Outcome::Unknown,
            // The handler's own: a password that does not fit, a widget's session.
            _ => Outcome::LetIn,
        },
        403 => match problem().kind.as_str() {
            kind @ ("forbidden" | "cross-site" | "step-up-required") => {
                Outcome::Refused(kind.into())
            }
            _ => Outcome::LetIn,
        },
        404 if problem().detail == format!("there is no app {app}") => Outcome::NoSuchApp,
        500.. => panic!("{}: {}", answer.status, answer.text()),
        _ => Outcome::LetIn,
    }
}

fn expected(needs: Needs, caller: &Caller, method: &Method) -> Outcome {
    let forbidden = || Outcome::Refused("forbidden".into());
    if caller.is_of_another_site && !matches!(*method, Method::GET | Method::HEAD) {
        return Outcome::Refused("cross-site".into());
    }
    let permission = match needs {
        Needs::Nothing => return Outcome::LetIn,
        _ if !caller.is_known => return Outcome::Unknown,
        Needs::Anyone => return Outcome::LetIn,
        Needs::Person if caller.is_person => return Outcome::LetIn,
        Needs::Person => return forbidden(),
        Needs::All(permission) | Needs::App(permission) | Needs::Own(permission) => permission,
    };
    if !caller.has(permission) {
        return forbidden();
    }
    match needs {
        Needs::All(_) if caller.is_narrow => forbidden(),
        Needs::App(_) if caller.is_elsewhere => Outcome::NoSuchApp,
        _ => Outcome::LetIn,
    }
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let document: Value = server.api().get("/v1/openapi.json").await.unwrap().json().unwrap();
    let operations = operations(&document);
    let described: BTreeSet<_> = operations.iter().map(|it| it.id.as_str()).collect();
    let lines: BTreeSet<_> = LINES.iter().map(|(id, _)| *id).collect();
    assert_eq!(lines, described, "each operation has one line in lines.rs");

    let site = Site::open(&server).await;
    let (mut tried, mut let_in, mut faults) = (0, 0, Vec::new());
    for operation in &operations {
        let (_, needs) = LINES.iter().find(|(id, _)| *id == operation.id).unwrap();
        for caller in &site.callers {
            let app = if operation.id == "deleteApp" { &caller.disposable } else { &site.app };
            let path = operation.path(app);
            let answer = caller.ask(operation.method.clone(), &path, operation.has_body).await;
            let (found, expected) =
                (outcome(&answer, app), expected(*needs, caller, &operation.method));
            tried += 1;
            let_in += usize::from(found == Outcome::LetIn);
            if found != expected {
                let said = answer.text();
                faults.push(format!(
                    "{} {}: {found:?}, not {expected:?}: {said}",
                    caller.name, operation.id
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {tried}:\n{}", faults.len(), faults.join("\n"));
    assert!(tried > 3_000 && let_in > 1_000, "{tried} tries, {let_in} let in");
}

#[tokio::test]
async fn no_management_key_or_cookie_is_worth_anything_where_a_widget_is_asked_for_its_session() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let document: Value = server.api().get("/v1/openapi.json").await.unwrap().json().unwrap();
    let site = Site::open(&server).await;
    let mut tried = 0;
    for operation in operations(&document) {
        let details = &document["paths"][&operation.path][operation.method.as_str().to_lowercase()];
        let security = details["security"].to_string();
        if !security.contains("session") {
            continue;
        }
        for caller in site.callers.iter().filter(|it| it.is_known && !it.is_of_another_site) {
            let path = operation.path(&site.app);
            let answer = caller.ask(operation.method.clone(), &path, operation.has_body).await;
            assert!((400..500).contains(&answer.status), "{} {}", caller.name, operation.id);
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}
