//! Members and invitations: who may raise whom, and that an owner stays.

use bellpush_test_support::{
    browser::{Browser, PASSWORD},
    postgres::Database,
    server::{Options, ServerProcess},
};
use serde_json::{Value, json};

use crate::shop::refused;

async fn open() -> (ServerProcess, Browser) {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    (server, owner)
}

async fn id_of(browser: &Browser) -> String {
    browser.me().await.unwrap()["id"].as_str().unwrap().to_owned()
}

async fn app(browser: &Browser, name: &str) -> String {
    let app = browser.post("/v1/apps", &json!({ "name": name })).await.unwrap();
    app.expect(201).unwrap().json::<Value>().unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_works_once_for_the_address_that_it_was_made_for() {
    let (server, owner) = open().await;
    let body = json!({ "email": "Ben@Example.com", "role": "editor" });
    let made: Value = owner.post("/v1/invitations", &body).await.unwrap().json().unwrap();
    assert_eq!((&made["email"], &made["mailed"]), (&json!("ben@example.com"), &json!(false)));
    let link = made["link"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/studio/invitation#token=in_", server.own_origin())));
    let (_, token) = link.split_once("#token=").unwrap();
    let list: Value = owner.get("/v1/invitations").await.unwrap().json().unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(!list.to_string().contains(token));

    let ben = Browser::new(&server);
    let told: Value = ben
        .post("/v1/invitations/check", &json!({ "token": token }))
        .await
        .unwrap()
        .json()
        .unwrap();
    let expected = json!({
        "email": "ben@example.com", "role": "editor", "invitedBy": "Olga", "password": true,
    });
    assert_eq!(told, expected);
    let accept = json!({ "token": token, "name": "Ben", "password": PASSWORD });
    ben.post("/v1/invitations/accept", &accept).await.unwrap().expect(201).unwrap();
    let me = ben.me().await.unwrap();
    assert_eq!((&me["email"], &me["role"]), (&json!("ben@example.com"), &json!("editor")));
    let again = Browser::new(&server).post("/v1/invitations/accept", &accept).await.unwrap();
    refused(&again, 403, "invitation-invalid");
    let again = owner.post("/v1/invitations", &body).await.unwrap();
    assert_eq!(refused(&again, 409, "conflict").pointer.as_deref(), Some("/email"));
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_or_made_anew_is_dead() {
    let (server, owner) = open().await;
    let invite = async || {
        let body = json!({ "email": "ben@example.com", "role": "viewer" });
        let made = owner.post("/v1/invitations", &body).await.unwrap().expect(201).unwrap();
        let made: Value = made.json().unwrap();
        let token = made["link"].as_str().unwrap().split_once("#token=").unwrap().1.to_owned();
        (made["id"].as_str().unwrap().to_owned(), token)
    };
    let (_, first) = invite().await;
    let (id, second) = invite().await;
    owner.delete(&format!("/v1/invitations/{id}")).await.unwrap().expect(204).unwrap();
    for token in [first, second] {
        let body = json!({ "token": token });
        let answer = Browser::new(&server).post("/v1/invitations/check", &body).await.unwrap();
        refused(&answer, 403, "invitation-invalid");
    }
}

#[tokio::test]
async fn an_invitation_is_worth_no_more_than_its_inviter_is_when_it_is_taken() {
    let (server, owner) = open().await;
    let admin = Browser::invited_by(&owner, "ada@example.com", "admin", None).await.unwrap();
    let body = json!({ "email": "eve@example.com", "role": "admin" });
    let made: Value = admin.post("/v1/invitations", &body).await.unwrap().json().unwrap();
    let token = made["link"].as_str().unwrap().split_once("#token=").unwrap().1.to_owned();
    let path = format!("/v1/members/{}", id_of(&admin).await);
    owner.patch(&path, &json!({ "role": "editor" })).await.unwrap().expect(200).unwrap();
    let accept = json!({ "token": token, "name": "Eve", "password": PASSWORD });
    let answer = Browser::new(&server).post("/v1/invitations/accept", &accept).await.unwrap();
    refused(&answer, 403, "invitation-invalid");
}

#[tokio::test]
async fn nobody_raises_anybody_above_themselves_or_changes_somebody_above() {
    let (_server, owner) = open().await;
    let admin = Browser::invited_by(&owner, "ada@example.com", "admin", None).await.unwrap();
    let editor = Browser::invited_by(&owner, "ed@example.com", "editor", None).await.unwrap();
    let (owner_id, admin_id) = (id_of(&owner).await, id_of(&admin).await);
    let own = format!("/v1/members/{admin_id}");
    let above = format!("/v1/members/{owner_id}");
    for (path, body) in [
        (&own, json!({ "role": "owner" })),
        (&above, json!({ "role": "viewer" })),
        (&above, json!({ "role": "owner" })),
    ] {
        refused(&admin.patch(path, &body).await.unwrap(), 403, "above-own-rank");
    }
    refused(&admin.delete(&above).await.unwrap(), 403, "above-own-rank");
    let body = json!({ "email": "eve@example.com", "role": "owner" });
    refused(&admin.post("/v1/invitations", &body).await.unwrap(), 403, "above-own-rank");
    for (path, body) in [(&own, json!({ "role": "viewer" })), (&above, json!({ "role": "viewer" }))]
    {
        refused(&editor.patch(path, &body).await.unwrap(), 403, "forbidden");
    }
    refused(&editor.delete(&own).await.unwrap(), 403, "forbidden");
    assert_eq!(admin.me().await.unwrap()["role"], "admin");
    assert_eq!(owner.me().await.unwrap()["role"], "owner");
}

#[tokio::test]
async fn an_admin_of_some_apps_sees_and_grants_nothing_beyond_these() {
    let (_server, owner) = open().await;
    let (one, two) = (app(&owner, "One").await, app(&owner, "Two").await);
    let admin =
        Browser::invited_by(&owner, "ada@example.com", "admin", Some(&[&one])).await.unwrap();
    let other =
        Browser::invited_by(&owner, "bob@example.com", "viewer", Some(&[&two])).await.unwrap();
    let apps: Value = admin.get("/v1/apps").await.unwrap().json().unwrap();
    assert_eq!(apps["items"].as_array().unwrap().len(), 1);
    admin.get(&format!("/v1/apps/{one}")).await.unwrap().expect(200).unwrap();
    refused(&admin.get(&format!("/v1/apps/{two}")).await.unwrap(), 404, "not-found");
    refused(&admin.post("/v1/apps", &json!({ "name": "X" })).await.unwrap(), 403, "forbidden");
    let invite = async |role: &str, apps: Value| {
        let body = json!({ "email": "eve@example.com", "role": role, "apps": apps });
        admin.post("/v1/invitations", &body).await.unwrap()
    };
    refused(&invite("viewer", Value::Null).await, 403, "above-own-rank");
    let problem = refused(&invite("viewer", json!([two])).await, 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/apps"));
    refused(&invite("viewer", json!([])).await, 422, "invalid");
    invite("admin", json!([one])).await.expect(201).unwrap();
    let path = format!("/v1/members/{}", id_of(&other).await);
    refused(&admin.get(&path).await.unwrap(), 404, "not-found");
    refused(&admin.patch(&path, &json!({ "role": "viewer" })).await.unwrap(), 404, "not-found");
    let own = format!("/v1/members/{}", id_of(&admin).await);
    refused(&admin.patch(&own, &json!({ "apps": null })).await.unwrap(), 403, "above-own-rank");
}

#[tokio::test]
async fn a_role_counts_from_the_next_request_on_and_removal_ends_browsers_and_keys() {
    let (server, owner) = open().await;
    let ada = Browser::invited_by(&owner, "ada@example.com", "admin", None).await.unwrap();
    let key = json!({ "name": "Ada's", "scopes": ["*"] });
    let key: Value = ada.post("/v1/api-keys", &key).await.unwrap().json().unwrap();
    let api = server.api().with_key(key["key"].as_str().unwrap());
    api.get("/v1/members").await.unwrap().expect(200).unwrap();
    let path = format!("/v1/members/{}", id_of(&ada).await);

    owner.patch(&path, &json!({ "role": "viewer" })).await.unwrap().expect(200).unwrap();
    refused(&ada.get("/v1/members").await.unwrap(), 403, "forbidden");
    refused(&api.get("/v1/members").await.unwrap(), 403, "forbidden");
    api.get("/v1/apps").await.unwrap().expect(200).unwrap();

    owner.delete(&path).await.unwrap().expect(204).unwrap();
    refused(&ada.get("/v1/me").await.unwrap(), 401, "signed-out");
    refused(&api.get("/v1/apps").await.unwrap(), 401, "api-key-invalid");
    refused(&ada.sign_in("ada@example.com", PASSWORD).await.unwrap(), 401, "sign-in-refused");
}

async fn owners_who_demote_each_other(options: Options) {
    let server = ServerProcess::start(options).await.unwrap();
    let one = Browser::set_up(&server).await.unwrap();
    let two = Browser::invited_by(&one, "two@example.com", "owner", None).await.unwrap();
    let path = async |browser: &Browser| format!("/v1/members/{}", id_of(browser).await);
    let (first, second) = (path(&one).await, path(&two).await);
    let demote = json!({ "role": "admin" });
    for round in 0..4 {
        let results = match round {
            0 => tokio::join!(one.patch(&second, &demote), two.patch(&first, &demote)),
            1 => tokio::join!(one.patch(&first, &demote), two.patch(&second, &demote)),
            2 => tokio::join!(one.patch(&first, &demote), two.delete(&second)),
            _ => tokio::join!(one.delete(&first), two.delete(&second)),
        };
        let (a, b) = (results.0.unwrap().status, results.1.unwrap().status);
        let members: Value = server.api().get("/v1/members").await.unwrap().json().unwrap();
        let items = members["items"].as_array().unwrap();
        let owners = items.iter().filter(|item| item["role"] == "owner").count();
        assert_eq!(owners, 1, "{round}: {a} {b} {members}");
        // Both are owners again, by the installation's own key.
        for item in items {
            let path = format!("/v1/members/{}", item["id"].as_str().unwrap());
            server.api().patch(&path, &json!({ "role": "owner" })).await.unwrap();
        }
        if items.len() < 2 {
            break;
        }
    }
}

#[tokio::test]
async fn owners_who_demote_each_other_at_once_leave_one() {
    owners_who_demote_each_other(Options::sqlite()).await;
}

#[tokio::test]
async fn owners_who_demote_each_other_at_once_leave_one_on_postgres() {
    let database = Database::create().await.unwrap();
    owners_who_demote_each_other(Options::postgres(&database)).await;
}

#[tokio::test]
async fn the_last_owner_stays_whoever_asks() {
    let (server, owner) = open().await;
    let path = format!("/v1/members/{}", id_of(&owner).await);
    let demote = json!({ "role": "admin" });
    refused(&owner.patch(&path, &demote).await.unwrap(), 409, "last-owner");
    refused(&owner.delete(&path).await.unwrap(), 409, "last-owner");
    let api = server.api();
    refused(&api.patch(&path, &demote).await.unwrap(), 409, "last-owner");
    refused(&api.delete(&path).await.unwrap(), 409, "last-owner");
    let narrow = json!({ "role": "owner", "apps": [app(&owner, "Shop").await] });
    refused(&owner.patch(&path, &narrow).await.unwrap(), 422, "invalid");
    assert_eq!(owner.me().await.unwrap()["role"], "owner");
}

#[tokio::test]
async fn a_member_of_an_app_that_is_gone_can_get_another_role() {
    let (_server, owner) = open().await;
    let (one, two) = (app(&owner, "One").await, app(&owner, "Two").await);
    let apps = [one.as_str(), two.as_str()];
    let ben = Browser::invited_by(&owner, "ben@example.com", "viewer", Some(&apps)).await.unwrap();
    let path = format!("/v1/members/{}", id_of(&ben).await);
    owner.delete(&format!("/v1/apps/{one}")).await.unwrap().expect(204).unwrap();
    let changed = owner.patch(&path, &json!({ "role": "editor" })).await.unwrap();
    assert_eq!(changed.expect(200).unwrap().json::<Value>().unwrap()["role"], "editor");
    let again = owner.patch(&path, &json!({ "apps": [one, two] })).await.unwrap();
    assert_eq!(refused(&again, 422, "invalid").pointer.as_deref(), Some("/apps"));
}

#[tokio::test]
async fn who_is_invited_where_single_sign_on_is_the_only_way_in_goes_on_by_that() {
    let (server, owner) = open().await;
    let body = json!({ "email": "ben@example.com", "role": "editor" });
    let made: Value = owner.post("/v1/invitations", &body).await.unwrap().json().unwrap();
    let token = made["link"].as_str().unwrap().split_once("#token=").unwrap().1;
    let sso = json!({ "name": "P", "issuer": "https://login.example", "clientId": "studio" });
    let settings = json!({ "requireSso": true, "sso": sso });
    let ben = Browser::new(&server);
    let accept = json!({ "token": token, "name": "Ben" });
    let without = ben.post("/v1/invitations/accept", &accept).await.unwrap();
    assert_eq!(refused(&without, 422, "invalid").pointer.as_deref(), Some("/password"));
    server.api().put("/v1/sign-in-settings", &settings).await.unwrap().expect(200).unwrap();
    let check = ben.post("/v1/invitations/check", &json!({ "token": token })).await.unwrap();
    assert_eq!(check.json::<Value>().unwrap()["password"], false);
    let answer = ben.post("/v1/invitations/accept", &accept).await.unwrap().expect(201).unwrap();
    assert_eq!(answer.json::<Value>().unwrap(), json!({ "state": "singleSignOn" }));
    assert_eq!(ben.cookie(), None);
    let members: Value = server.api().get("/v1/members").await.unwrap().json().unwrap();
    assert_eq!(members["items"][1]["email"], "ben@example.com");
    assert_eq!(members["items"][1]["hasPassword"], false);
}
