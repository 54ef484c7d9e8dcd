//! Calls that outlive their page's connection: the next page takes them up, and ICE restarts.

use std::time::Duration;

use bellpush_test_support::{
    SOON,
    answer::Answer,
    api::Session,
    browser::Browser,
    eventually,
    postgres::{Database, execute},
    server::Options,
    visitor::{Visitor, VisitorCall},
    widget::{Embed, Widget, call_id},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    previews::{begun_by_key, begun_in},
    shop::{Shop, refused},
};

const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// A call with what its answer says beside the SDP.
struct Call {
    id: String,
    resume_token: String,
    etag: String,
    answer: String,
    media: VisitorCall,
}

async fn place(widget: &Widget) -> Call {
    let visitor = Visitor::new().await.unwrap();
    let answer = widget.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
    let mut media = visitor.accept(&answer.text()).unwrap();
    media.wait_until(SOON, |heard| !heard.packets.is_empty()).await.unwrap();
    Call {
        id: call_id(&answer).unwrap(),
        resume_token: answer.header("bellpush-resume-token").to_owned(),
        etag: answer.header("etag").to_owned(),
        answer: answer.text(),
        media,
    }
}

async fn resume(widget: &Widget, call: &Call, token: &str, offer: &str) -> Answer {
    let path = format!("/v1/calls/{}/resume", call.id);
    let body = json!({ "resumeToken": token, "sdp": offer });
    Answer::to(widget.request(Method::POST, &path).json(&body)).await.unwrap()
}

async fn reason(shop: &Shop, call: &Call) -> Option<String> {
    shop.api.call(&shop.app, &call.id).await.unwrap().reason
}

#[tokio::test]
async fn the_next_page_takes_the_call_up_and_it_is_the_same_call() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = place(&widget).await;
    widget.leave(&call.id).await.unwrap().expect(204).unwrap();
    assert_eq!(shop.api.call(&shop.app, &call.id).await.unwrap().state, "live");

    let next_page = shop.widget().await;
    let visitor = Visitor::new().await.unwrap();
    let answer = resume(&next_page, &call, &call.resume_token, visitor.offer()).await;
    let answer: Value = answer.expect(200).unwrap().json().unwrap();
    assert_eq!(answer["callId"], call.id);
    assert_eq!(answer["address"], format!("/v1/calls/{}", call.id));
    let mut media = visitor.accept(answer["sdp"].as_str().unwrap()).unwrap();
    media.wait_until(SOON, |heard| heard.packets.len() > 10).await.unwrap();

    // The page goes on by the session that the call belongs to.
    let session = serde_json::from_value(answer["session"].clone()).unwrap();
    let resumed = Widget::new(&shop.server.url(), session);
    assert_eq!(resumed.session.context, widget.session.context);
    let polled: Value =
        resumed.poll(&call.id, 0).await.unwrap().expect(200).unwrap().json().unwrap();
    assert_eq!(polled["done"], false);
    resumed.hang_up(&call.id).await.unwrap().expect(204).unwrap();
    assert_eq!(reason(&shop, &call).await.as_deref(), Some("user_hangup"));
    assert_eq!(shop.event_names().await, ["call_started", "call_ended"]);
}

#[tokio::test]
async fn a_page_that_says_late_that_it_goes_takes_nothing_from_the_one_that_has_the_call() {
    let shop = Shop::open().await;
    shop.change(json!({ "resumeSeconds": 1 })).await.expect(200).unwrap();
    let (widget, next_page) = (shop.widget().await, shop.widget().await);
    let call = place(&widget).await;
    let visitor = Visitor::new().await.unwrap();
    let answer = resume(&next_page, &call, &call.resume_token, visitor.offer()).await;
    let answer: Value = answer.expect(200).unwrap().json().unwrap();
    let mut media = visitor.accept(answer["sdp"].as_str().unwrap()).unwrap();
    media.wait_until(SOON, |heard| heard.packets.len() > 10).await.unwrap();

    let given_up = format!("/v1/calls/{}?reason=media_failed", call.id);
    let given_up = Answer::to(widget.request(Method::DELETE, &given_up)).await.unwrap();
    for said in [widget.leave(&call.id).await.unwrap(), given_up] {
        said.expect(204).unwrap();
    }
    // For longer than the call would wait.
    let before = media.heard().packets.len();
    media.wait_until(SOON, |heard| heard.packets.len() > before + 100).await.unwrap();
    assert_eq!(shop.api.call(&shop.app, &call.id).await.unwrap().state, "live");

    let session = serde_json::from_value(answer["session"].clone()).unwrap();
    let resumed = Widget::new(&shop.server.url(), session);
    // Also by a token that it was given later.
    let renewed: Session = resumed.refresh().await.unwrap().expect(200).unwrap().json().unwrap();
    resumed.with_token(&renewed.token).leave(&call.id).await.unwrap().expect(204).unwrap();
    let ended = eventually("the call is over", SOON, async || Ok(reason(&shop, &call).await));
    assert_eq!(ended.await.unwrap(), "user_hangup");
}

#[tokio::test]
async fn a_page_that_goes_while_the_calls_server_is_gone_leaves_it_to_the_next() {
    let mut shop = Shop::open().await;
    shop.change(json!({ "resumeSeconds": 30 })).await.expect(200).unwrap();
    let widget = shop.widget().await;
    let call = place(&widget).await;
    shop.server.kill_9().unwrap();
    shop.server.restart().await.unwrap();
    let next_page = shop.widget().await;
    let visitor = Visitor::new().await.unwrap();
    // Until its lease is out, the server that had the call may live.
    let gone = eventually("the server is known to be gone", SOON, async || {
        let answer = resume(&next_page, &call, &call.resume_token, visitor.offer()).await;
        Ok((answer.status != 421).then_some(answer))
    });
    assert_eq!(gone.await.unwrap().status, 503);
    widget.leave(&call.id).await.unwrap().expect(204).unwrap();
    let taken = next_page.take_over(&call.id, &call.resume_token).await.unwrap();
    drop(taken);
    assert_eq!(shop.api.call(&shop.app, &call.id).await.unwrap().state, "live");
}

#[tokio::test]
async fn the_call_of_a_preview_is_taken_up_and_one_of_a_key_ends_no_later_for_it() {
    let shop = Shop::open().await;
    let owner = Browser::set_up(&shop.server).await.unwrap();
    for is_of_key in [true, false] {
        let begin = async || match is_of_key {
            true => begun_by_key(&shop).await,
            false => begun_in(&shop, &owner).await,
        };
        let (page, next_page) = (begin().await, begin().await);
        let call = place(&page).await;
        page.leave(&call.id).await.unwrap().expect(204).unwrap();
        let visitor = Visitor::new().await.unwrap();
        let answer = resume(&next_page, &call, &call.resume_token, visitor.offer()).await;
        let answer: Value = answer.expect(200).unwrap().json().unwrap();
        // In case the answer was lost.
        let again = resume(&next_page, &call, &call.resume_token, visitor.offer()).await;
        again.expect(200).unwrap();
        let mut media = visitor.accept(answer["sdp"].as_str().unwrap()).unwrap();
        media.wait_until(SOON, |heard| heard.packets.len() > 10).await.unwrap();

        let session: Session = serde_json::from_value(answer["session"].clone()).unwrap();
        assert_eq!(session.expires_at == page.session.expires_at, is_of_key);
        let resumed = Widget::new(&shop.server.url(), session);
        let refreshed = resumed.refresh().await.unwrap();
        if is_of_key {
            refused(&refreshed, 401, "session-expired");
        } else {
            refreshed.expect(200).unwrap();
        }
        resumed.hang_up(&call.id).await.unwrap().expect(204).unwrap();
        assert_eq!(reason(&shop, &call).await.as_deref(), Some("user_hangup"));
    }
}

#[tokio::test]
async fn the_call_of_a_preview_that_has_ended_stays_as_it_is() {
    let shop = Shop::with(Options::sqlite().with("--session-seconds", "4")).await;
    let page = begun_by_key(&shop).await;
    let mut call = place(&page).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let visitor = Visitor::new().await.unwrap();
    let next_page = begun_by_key(&shop).await;
    let answer = resume(&next_page, &call, &call.resume_token, visitor.offer()).await;
    refused(&answer, 401, "session-expired");
    let before = call.media.heard().packets.len();
    call.media.wait_until(SOON, |heard| heard.packets.len() > before + 10).await.unwrap();
}

#[tokio::test]
async fn a_page_that_leaves_while_it_is_answered_leaves_the_call_to_the_next_one() {
    let database = Database::create().await.unwrap();
    let shop = Shop::with(Options::postgres(&database)).await;
    let (widget, page, next_page) = (shop.widget().await, shop.widget().await, shop.widget().await);
    let call = place(&widget).await;
    widget.leave(&call.id).await.unwrap().expect(204).unwrap();
    let asks = async |what: &str, sql: &str| {
        eventually(what, SOON, async || Ok(database.ask(sql).await?.map(|_| ()))).await.unwrap();
    };
    let url = database.url().to_owned();
    let locked = tokio::spawn(async move {
        execute(&url, "BEGIN; LOCK TABLE calls IN SHARE MODE; SELECT pg_sleep(60)").await
    });
    let of_calls = "SELECT mode FROM pg_locks WHERE relation = 'calls'::regclass";
    asks("the table is locked", &format!("{of_calls} AND mode = 'ShareLock' AND granted")).await;
    let visitor = Visitor::new().await.unwrap();
    let waits = format!("{of_calls} AND NOT granted");
    // Its connection is closed with the request.
    tokio::select! {
        _ = resume(&page, &call, &call.resume_token, visitor.offer()) => panic!("it is answered"),
        () = asks("the token is to be exchanged", &waits) => {}
    }
    let release = "
        SELECT CAST(pg_terminate_backend(pid) AS TEXT)
        FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(60)%'
          AND pid <> pg_backend_pid()";
    database.ask(release).await.unwrap();
    assert!(locked.await.unwrap().is_err());
    let visitor = Visitor::new().await.unwrap();
    let answer: Value = eventually("the next page has the call", SOON, async || {
        let answer = resume(&next_page, &call, &call.resume_token, visitor.offer()).await;
        Ok(answer.expect(200).ok().map(|answer| answer.json().unwrap()))
    })
    .await
    .unwrap();
    let mut media = visitor.accept(answer["sdp"].as_str().unwrap()).unwrap();
    media.wait_until(SOON, |heard| heard.packets.len() > 10).await.unwrap();
}

#[tokio::test]
async fn a_token_works_once_and_the_next_one_comes_with_the_answer() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = place(&widget).await;
    let mut token = call.resume_token.clone();
    // An offer that can't be answered does not use it up.
    refused(&resume(&widget, &call, &token, "v=0\r\n").await, 422, "offer-invalid");
    for _ in 0..2 {
        widget.leave(&call.id).await.unwrap().expect(204).unwrap();
        let visitor = Visitor::new().await.unwrap();
        let answer = resume(&widget, &call, &token, visitor.offer()).await;
        let answer: Value = answer.expect(200).unwrap().json().unwrap();
        // The very same request, whose answer may have been lost, is answered as before; no other is once
        // the connection stands.
        let again = resume(&widget, &call, &token, visitor.offer()).await;
        let again: Value = again.expect(200).unwrap().json().unwrap();
        assert_eq!(
            (&again["sdp"], &again["resumeToken"]),
            (&answer["sdp"], &answer["resumeToken"])
        );
        let mut media = visitor.accept(answer["sdp"].as_str().unwrap()).unwrap();
        media.wait_until(SOON, |heard| heard.packets.len() > 10).await.unwrap();
        let other = Visitor::new().await.unwrap();
        refused(&resume(&widget, &call, &token, other.offer()).await, 404, "not-found");
        token = answer["resumeToken"].as_str().unwrap().to_owned();
    }
    widget.hang_up(&call.id).await.unwrap().expect(204).unwrap();
    let visitor = Visitor::new().await.unwrap();
    refused(&resume(&widget, &call, &token, visitor.offer()).await, 404, "not-found");
    drop(call.media);
}

/// It could not hand on the token that its answer has brought.
#[tokio::test]
async fn a_page_that_goes_before_it_is_connected_leaves_the_call_to_the_next() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = place(&widget).await;
    widget.leave(&call.id).await.unwrap().expect(204).unwrap();
    let [gone, next] = [Visitor::new().await.unwrap(), Visitor::new().await.unwrap()];
    let lost = resume(&widget, &call, &call.resume_token, gone.offer()).await;
    let lost: Value = lost.expect(200).unwrap().json().unwrap();
    let answer = resume(&widget, &call, &call.resume_token, next.offer()).await;
    let answer: Value = answer.expect(200).unwrap().json().unwrap();
    let used = lost["resumeToken"].as_str().unwrap();
    refused(&resume(&widget, &call, used, gone.offer()).await, 404, "not-found");
    let mut media = next.accept(answer["sdp"].as_str().unwrap()).unwrap();
    media.wait_until(SOON, |heard| heard.packets.len() > 10).await.unwrap();
    let late = Visitor::new().await.unwrap();
    refused(&resume(&widget, &call, &call.resume_token, late.offer()).await, 404, "not-found");
    let token = answer["resumeToken"].as_str().unwrap();
    resume(&widget, &call, token, late.offer()).await.expect(200).unwrap();
}

#[tokio::test]
async fn no_other_site_takes_a_call_up_whatever_token_it_has() {
    let shop = Shop::open().await;
    let other = "https://other.example";
    shop.change(json!({ "allowedOrigins": [shop.embed.origin, other] })).await.expect(200).unwrap();
    let widget = shop.widget().await;
    let call = place(&widget).await;
    widget.leave(&call.id).await.unwrap().expect(204).unwrap();
    let visitor = Visitor::new().await.unwrap();
    let elsewhere = Embed { origin: other.into(), ..shop.embed.clone() };
    let (_, another_app) = shop.another(json!({})).await;
    for embed in [elsewhere, another_app] {
        let stranger = embed.open(json!({})).await.unwrap();
        let answer = resume(&stranger, &call, &call.resume_token, visitor.offer()).await;
        refused(&answer, 404, "not-found");
    }
    for token in ["", "rt_short", &format!("rt_{}", "A".repeat(43)), &widget.session.token] {
        refused(&resume(&widget, &call, token, visitor.offer()).await, 404, "not-found");
    }
    // It was nobody's fault: the rightful page still can.
    let answer = resume(&widget, &call, &call.resume_token, visitor.offer()).await;
    answer.expect(200).unwrap();
}

#[tokio::test]
async fn a_visitor_who_does_not_come_back_in_time_has_hung_up() {
    let shop = Shop::open().await;
    shop.change(json!({ "resumeSeconds": 1 })).await.expect(200).unwrap();
    let widget = shop.widget().await;
    let call = place(&widget).await;
    widget.leave(&call.id).await.unwrap().expect(204).unwrap();
    let ended = eventually("the call is over", SOON, async || Ok(reason(&shop, &call).await));
    assert_eq!(ended.await.unwrap(), "user_hangup");
    let visitor = Visitor::new().await.unwrap();
    let answer = resume(&widget, &call, &call.resume_token, visitor.offer()).await;
    refused(&answer, 404, "not-found");
    assert_eq!(shop.event_names().await, ["call_started", "call_ended"]);
}

async fn patch(widget: &Widget, call: &Call, body: &str, if_match: Option<&str>) -> Answer {
    let path = format!("/v1/calls/{}", call.id);
    let request = widget.request(Method::PATCH, &path).header("content-type", FRAGMENT);
    let request = match if_match {
        Some(tag) => request.header("if-match", tag),
        None => request,
    };
    Answer::to(request.body(body.to_owned())).await.unwrap()
}

fn line<'a>(description: &'a str, name: &str) -> &'a str {
    description.lines().find(|line| line.starts_with(name)).unwrap()
}

/// What a browser sends of ICE alone.
fn fragment(offer: &str) -> String {
    let parts = ["m=", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:"].map(|name| line(offer, name));
    format!("{}\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", parts.join("\r\n"))
}

#[tokio::test]
async fn candidates_are_taken_note_of_and_those_of_an_earlier_connection_refused() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let visitor = Visitor::new().await.unwrap();
    let offer = visitor.offer().to_owned();
    let answer = widget.offer(&offer).await.unwrap().expect(201).unwrap();
    let call = Call {
        id: call_id(&answer).unwrap(),
        resume_token: String::new(),
        etag: answer.header("etag").to_owned(),
        answer: answer.text(),
        media: visitor.accept(&answer.text()).unwrap(),
    };
    let own = fragment(&offer);
    patch(&widget, &call, &own, Some(&call.etag)).await.expect(204).unwrap();
    refused(&patch(&widget, &call, &own, Some("\"x\"")).await, 412, "precondition-failed");
    refused(&patch(&widget, &call, &own, None).await, 428, "precondition-required");
    refused(&patch(&widget, &call, "a=mid:0\r\n", Some("*")).await, 422, "offer-invalid");
    let untyped =
        widget.request(Method::PATCH, &format!("/v1/calls/{}", call.id)).body(own.clone());
    refused(&Answer::to(untyped).await.unwrap(), 400, "malformed");
    let stranger = shop.widget().await;
    refused(&patch(&stranger, &call, &own, Some("*")).await, 404, "not-found");
}

#[tokio::test]
async fn a_visitor_whose_network_changed_restarts_ice_and_hears_on() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let mut call = place(&widget).await;
    let offer = call.media.move_on().await.unwrap();
    let own = fragment(&offer);
    refused(&patch(&widget, &call, &own, None).await, 428, "precondition-required");
    refused(&patch(&widget, &call, &own, Some(&call.etag)).await, 412, "precondition-failed");
    let answer = patch(&widget, &call, &own, Some("*")).await.expect(200).unwrap();
    assert_eq!(answer.header("content-type"), FRAGMENT);
    assert_ne!(answer.header("etag"), call.etag);
    let fragment = answer.text();
    let value = |text, name| line(text, name).split_once(':').unwrap().1.to_owned();
    let whole = ["a=ice-ufrag:", "a=ice-pwd:"].iter().fold(call.answer.clone(), |whole, name| {
        whole.replace(&value(&call.answer, name), &value(&fragment, name))
    });
    assert_ne!(whole, call.answer, "new credentials");
    call.media.accept_restart(&whole);
    // The media comes to the new address.
    let before = call.media.heard().packets.len();
    call.media.wait_until(SOON, |heard| heard.packets.len() > before + 50).await.unwrap();
    widget.hang_up(&call.id).await.unwrap().expect(204).unwrap();
    assert_eq!(reason(&shop, &call).await.as_deref(), Some("user_hangup"));
}

#[tokio::test]
async fn a_connection_whose_page_has_left_is_not_restarted_and_the_call_waits() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = place(&widget).await;
    widget.leave(&call.id).await.unwrap().expect(204).unwrap();
    let own = fragment(&call.media.move_on().await.unwrap());
    let problem = refused(&patch(&widget, &call, &own, Some("*")).await, 404, "not-found");
    assert!(problem.detail.contains("waits"), "{}", problem.detail);
    let visitor = Visitor::new().await.unwrap();
    let answer = resume(&widget, &call, &call.resume_token, visitor.offer()).await;
    answer.expect(200).unwrap();
}
