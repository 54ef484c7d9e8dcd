//! Business hours: set up by owners, kept by the server, told to widgets.

use bellpush_test_support::{answer::Answer, visitor::Visitor};
use jiff::{SignedDuration, Timestamp, Unit};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

/// Hours with one window of two hours on a date of its own, that begins so many hours from now.
fn open_in(hours: i64) -> Value {
    let from = Timestamp::now().round(Unit::Hour).unwrap() + SignedDuration::from_hours(hours);
    let from = jiff::tz::TimeZone::UTC.to_datetime(from);
    let time = |hour: i8| format!("{:02}:00", hour.rem_euclid(24));
    let window = json!({ "from": time(from.hour()), "to": time(from.hour() + 2) });
    let exception = json!({ "date": from.date(), "label": "Fair", "windows": [window] });
    json!({ "timeZone": "UTC", "exceptions": [exception] })
}

fn always() -> Value {
    json!({ "timeZone": "UTC", "alwaysOpen": true })
}

async fn opening_of(shop: &Shop) -> Value {
    let path = format!("/v1/apps/{}/hours/check", shop.app.id);
    let check: Value = shop.api.get(&path).await.unwrap().expect(200).unwrap().json().unwrap();
    check["nextOpening"].clone()
}

#[tokio::test]
async fn a_call_outside_business_hours_is_refused_with_the_next_opening_and_starts_nothing() {
    let shop = Shop::open().await;
    shop.change(json!({ "hours": open_in(3) })).await.expect(200).unwrap();
    let widget = shop.widget().await;
    let visitor = Visitor::new().await.unwrap();
    let answer = widget.offer(visitor.offer()).await.unwrap();
    let problem = refused(&answer, 403, "closed");
    let document: Value = answer.json().unwrap();
    let opening = document["nextOpening"].as_str().unwrap();
    assert_eq!(opening_of(&shop).await, opening);
    assert!(problem.detail.contains(opening), "{problem:?}");
    let wait = opening.parse::<Timestamp>().unwrap().duration_since(Timestamp::now());
    assert!((SignedDuration::ZERO..SignedDuration::from_hours(4)).contains(&wait), "{wait}");
    assert!(shop.event_names().await.is_empty());
    assert!(shop.api.calls(&shop.app, "").await.unwrap().is_empty());

    // The same at once when they change.
    shop.change(json!({ "hours": null })).await.expect(200).unwrap();
    widget.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
}

#[tokio::test]
async fn public_holidays_of_a_country_are_told_by_their_year() {
    let shop = Shop::open().await;
    let known = shop.read("/v1/holidays").await;
    let items = known["items"].as_array().unwrap();
    assert!(items.len() > 200 && items.contains(&json!("DE")));
    let year = known["lastYear"].as_i64().unwrap();
    let germany = shop.read(&format!("/v1/holidays/DE?year={year}")).await;
    let on = |date: String| {
        let items = germany["items"].as_array().unwrap();
        items.iter().find(|item| item["date"] == date).unwrap().clone()
    };
    let unity = on(format!("{year}-10-03"));
    assert_eq!((&unity["general"], &unity["regions"]), (&json!(true), &json!(null)));
    let epiphany = on(format!("{year}-01-06"));
    assert_eq!(epiphany["general"], false);
    assert!(epiphany["regions"].as_array().unwrap().contains(&json!("BY")));
    let dates: Vec<_> = germany["items"].as_array().unwrap().iter().map(|it| &it["date"]).collect();
    assert!(dates.is_sorted_by_key(|date| date.as_str()), "{dates:?}");

    for country in ["XX", "de", "%00"] {
        let answer = shop.api.get(&format!("/v1/holidays/{country}?year={year}")).await.unwrap();
        refused(&answer, 404, "not-found");
    }
    for query in ["", "?year=2024", &format!("?year={}", year + 1), "?year=soon"] {
        refused(&shop.api.get(&format!("/v1/holidays/DE{query}")).await.unwrap(), 422, "invalid");
    }
}

#[tokio::test]
async fn a_widget_is_told_whether_it_is_open_and_when_that_changes() {
    let shop = Shop::open().await;
    shop.change(json!({ "hours": open_in(3) })).await.expect(200).unwrap();
    let opening = opening_of(&shop).await;
    let request = shop.embed.request(&json!({}));
    let session: Value =
        shop.embed.ask(&request).await.unwrap().expect(201).unwrap().json().unwrap();
    assert_eq!(session["hours"]["open"], false);
    assert_eq!(session["hours"]["changes"][0], opening);
    let closing = session["hours"]["changes"][1].as_str().unwrap().parse::<Timestamp>().unwrap();
    let opening: Timestamp = opening.as_str().unwrap().parse().unwrap();
    assert_eq!(closing.duration_since(opening), SignedDuration::from_hours(2));
    let document = shop.document(&[]).await.expect(200).unwrap().text();
    assert!(document.contains("\"hours\":{\"open\":false"), "{document}");

    let widget = shop.widget().await;
    shop.change(json!({ "hours": null })).await.expect(200).unwrap();
    let refreshed: Value = widget.refresh().await.unwrap().expect(200).unwrap().json().unwrap();
    assert_eq!(refreshed["hours"], json!({ "open": true, "changes": [] }));
}

#[tokio::test]
async fn a_profile_has_hours_of_its_own_and_a_closed_one_is_passed_over() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}/destinations", shop.app.id);
    let make = async |body: Value| {
        let answer = shop.api.post(&path, &body).await.unwrap().expect(201).unwrap();
        answer.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned()
    };
    let night = make(json!({ "name": "Night", "kind": "demo", "hours": always() })).await;
    let day = json!({ "name": "Day", "kind": "demo", "overflow": night, "isDefault": true });
    let day = make(day).await;
    shop.change(json!({ "hours": open_in(3) })).await.expect(200).unwrap();
    let check = async |path: String| {
        let answer = shop.api.get(&path).await.unwrap().expect(200).unwrap();
        answer.json::<Value>().unwrap()["open"].clone()
    };
    assert_eq!(check(format!("{path}/{day}/hours/check")).await, false);
    assert_eq!(check(format!("{path}/{night}/hours/check")).await, true);

    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let record: Value = shop
        .api
        .get(&format!("/v1/apps/{}/calls/{}", shop.app.id, call.call_id))
        .await
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(record["profileId"], night);
    // Whoever asks for the closed one goes the same way.
    let visitor = Visitor::new().await.unwrap();
    let body = json!({ "sdp": visitor.offer(), "destination": day });
    let request = widget.request(Method::POST, "/v1/calls").json(&body);
    Answer::to(request).await.unwrap().expect(201).unwrap();
}

#[tokio::test]
async fn the_tester_answers_for_any_instant() {
    let shop = Shop::open().await;
    let hours = json!({
        "timeZone": "Europe/Berlin",
        "week": { "friday": [{ "from": "22:00", "to": "02:00" }] },
        "exceptions": [{ "date": "2026-12-25", "label": "Christmas" }],
    });
    let kept: Value =
        shop.change(json!({ "hours": hours })).await.expect(200).unwrap().json().unwrap();
    assert_eq!(kept["hours"]["week"]["friday"][0]["to"], "02:00");
    let check = async |at: &str| {
        let path = format!("/v1/apps/{}/hours/check?at={at}", shop.app.id);
        shop.api.get(&path).await.unwrap()
    };
    let answer: Value = check("2026-11-27T22:00:00Z").await.expect(200).unwrap().json().unwrap();
    let expected = json!({
        "at": "2026-11-27T22:00:00.000Z",
        "open": true,
        "nextChange": "2026-11-28T01:00:00.000Z",
        "nextOpening": "2026-12-04T21:00:00.000Z",
        "exception": null,
    });
    assert_eq!(answer, expected);
    let answer: Value = check("2026-12-25T22:00:00Z").await.expect(200).unwrap().json().unwrap();
    assert_eq!((&answer["open"], &answer["exception"]), (&json!(false), &json!("Christmas")));
    refused(&check("tomorrow").await, 422, "invalid");

    for (pointer, hours) in [
        ("/hours/timeZone", json!({ "timeZone": "Europe/Atlantis" })),
        (
            "/hours/week/monday/0/from",
            json!({ "timeZone": "UTC", "week": { "monday": [{ "from": "9", "to": "10:00" }] } }),
        ),
        (
            "/hours/exceptions/0/date",
            json!({ "timeZone": "UTC", "exceptions": [{ "date": "soon", "label": "x" }] }),
        ),
        (
            "/hours/week/monday/0",
            json!({ "timeZone": "UTC", "week": { "monday": [{ "from": "09:00", "to": "09:00" }] } }),
        ),
    ] {
        let problem = refused(&shop.change(json!({ "hours": hours })).await, 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{problem:?}");
    }
}

#[tokio::test]
async fn hours_are_tried_before_they_are_saved() {
    let shop = Shop::open().await;
    let path = format!("/v1/apps/{}/hours/check", shop.app.id);
    let night = json!({
        "timeZone": "Europe/Berlin",
        "week": { "friday": [{ "from": "22:00", "to": "02:00" }] },
    });
    let body = json!({ "hours": night, "at": "2026-11-27T22:30:00Z" });
    let tried = shop.api.post(&path, &body).await.unwrap().expect(200).unwrap();
    let tried: Value = tried.json().unwrap();
    let expected = json!({
        "at": "2026-11-27T22:30:00.000Z",
        "open": true,
        "nextChange": "2026-11-28T01:00:00.000Z",
        "nextOpening": "2026-12-04T21:00:00.000Z",
        "exception": null,
    });
    assert_eq!(tried, expected);
    let saved = shop.read(&format!("{path}?at=2026-11-27T12:00:00Z")).await;
    assert_eq!(saved["open"], true, "nothing is saved by it");
    // Once saved, they say the same.
    shop.change(json!({ "hours": night })).await.expect(200).unwrap();
    assert_eq!(shop.read(&format!("{path}?at=2026-11-27T22:30:00Z")).await, expected);

    let overlapping = json!({ "timeZone": "UTC", "week": { "monday": [
        { "from": "09:00", "to": "12:00" }, { "from": "11:00", "to": "13:00" },
    ] } });
    let refusal = shop.api.post(&path, &json!({ "hours": overlapping })).await.unwrap();
    let pointer = refused(&refusal, 422, "invalid").pointer.unwrap();
    assert!(pointer.starts_with("/hours/week/monday"), "{pointer}");
}
