//! A design from its draft to the widget, and what visitors send against it.

use bellpush_test_support::{
    SOON,
    answer::{self, Answer},
    eventually,
    postgres::Database,
    server::Options,
    sink::Sink,
    visitor::Visitor,
    widget::{Widget, call_id},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

/// The document of the documentation, with one of everything.
fn example() -> Value {
    serde_json::from_str(include_str!("../../../crates/bellpush-core/schemas/design.example.json"))
        .unwrap()
}

fn path(shop: &Shop, rest: &str) -> String {
    format!("/v1/apps/{}/design/{rest}", shop.app.id)
}

async fn save(shop: &Shop, document: &Value, tag: Option<&str>) -> Answer {
    let mut request = shop.api.request(Method::PUT, &path(shop, "draft")).json(document);
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    Answer::to(request).await.unwrap()
}

async fn publish(shop: &Shop, document: &Value) -> Value {
    save(shop, document, Some("*")).await.expect(200).unwrap();
    let published = shop.api.post(&path(shop, "publish"), &json!({ "note": "New" })).await.unwrap();
    published.expect(201).unwrap().json().unwrap()
}

/// What the widget's document says to the widget.
async fn config(shop: &Shop, more: &str) -> (Value, String) {
    let url = format!("{}/w/{}?key={}{more}", shop.server.url(), shop.app.id, shop.embed.key);
    let page = Answer::to(answer::client().get(url)).await.unwrap().expect(200).unwrap();
    let html = page.text();
    let json = html.split("id=\"bellpush-config\"").nth(1).unwrap();
    let json = json.split_once('>').unwrap().1.split("</script>").next().unwrap();
    (serde_json::from_str(json).unwrap(), page.header("content-security-policy").to_owned())
}

#[tokio::test]
async fn a_draft_is_saved_by_who_has_read_it_and_every_fault_is_named() {
    let shop = Shop::open().await;
    let first = shop.api.get(&path(&shop, "draft")).await.unwrap().expect(200).unwrap();
    assert_eq!(first.header("etag"), "\"r0\"");
    let default: Value = first.json().unwrap();
    assert_eq!(
        default["states"]["idle"][0]["text"], "idle.title",
        "what follows from the settings"
    );

    refused(&save(&shop, &example(), None).await, 428, "precondition-required");
    refused(&save(&shop, &example(), Some("\"r7\"")).await, 412, "precondition-failed");
    refused(&save(&shop, &example(), Some("r0")).await, 412, "precondition-failed");
    let saved = save(&shop, &example(), Some("\"r0\"")).await.expect(200).unwrap();
    assert_eq!(saved.header("etag"), "\"r1\"");
    refused(&save(&shop, &example(), Some("\"r0\"")).await, 412, "precondition-failed");

    let mut bad = example();
    bad["theme"]["light"] = default["theme"]["light"].clone();
    bad["theme"]["light"]["text"] = bad["theme"]["light"]["canvas"].clone();
    bad["states"]["idle"][0]["text"].as_object_mut().unwrap().remove("de");
    // A draft may be unfinished; what is published may not.
    let saved = save(&shop, &bad, Some("\"r1\"")).await.expect(200).unwrap();
    assert_eq!(saved.header("etag"), "\"r2\"");
    let answer = shop.api.post(&path(&shop, "publish"), &json!({})).await.unwrap();
    let problem: Value = answer.json().unwrap();
    assert_eq!((answer.status, problem["pointer"].as_str()), (422, Some("/theme/light/text")));
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    assert_eq!(pointers.first().unwrap(), "/theme/light/text");
    assert_eq!(pointers.last().unwrap(), "/states/idle/0/text/de");
    assert_eq!(shop.read(&path(&shop, "versions")).await["items"], json!([]));

    bad["states"]["idle"][0]["text"]["fr"] = json!("Bonjour");
    let answer = save(&shop, &bad, Some("*")).await;
    let problem: Value = answer.json().unwrap();
    assert_eq!(
        (answer.status, problem["pointer"].as_str()),
        (422, Some("/states/idle/0/text/fr")),
        "what could not be kept by any design"
    );
    let kept = shop.api.get(&path(&shop, "draft")).await.unwrap();
    assert_eq!(kept.header("etag"), "\"r2\"", "what is refused changes nothing");
}

#[tokio::test]
async fn a_published_design_reaches_widgets_at_their_next_load_and_the_draft_previews() {
    let shop = Shop::open().await;
    let (before, _) = config(&shop, "").await;
    assert_eq!(before["designVersion"], Value::Null);
    assert_eq!(before["design"]["states"]["error"][1]["text"], "error.message");

    assert_eq!(publish(&shop, &example()).await["version"], 1);
    let (shown, policy) = config(&shop, "&lang=de").await;
    assert_eq!(
        (&shown["designVersion"], &shown["design"]["languages"]),
        (&json!(1), &json!(["en", "de"]))
    );
    assert_eq!(shown["consentHashes"].as_object().unwrap().len(), 2);
    for source in [
        "img-src 'self' data: https://f.example https://img.example;",
        "font-src 'self' https://f.example https://img.example;",
    ] {
        assert!(policy.contains(source), "{policy}");
    }

    let mut draft = example();
    draft["theme"]["radius"] = json!(3);
    save(&shop, &draft, Some("*")).await.expect(200).unwrap();
    assert_eq!(config(&shop, "").await.0["design"]["theme"]["radius"], 8);
    let second = shop.api.post(&path(&shop, "publish"), &json!({})).await.unwrap();
    assert_eq!(second.expect(201).unwrap().json::<Value>().unwrap()["version"], 2);
    assert_eq!(config(&shop, "").await.0["design"]["theme"]["radius"], 3);

    let back = shop.api.post(&path(&shop, "versions/1/rollback"), &json!({ "note": "Back" })).await;
    let back: Value = back.unwrap().expect(201).unwrap().json().unwrap();
    assert_eq!((&back["version"], &back["restored"]), (&json!(3), &json!(1)));
    assert_eq!(config(&shop, "").await.0["design"]["theme"]["radius"], 8);
    let list = shop.read(&path(&shop, "versions")).await;
    let numbers: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(shop.read(&path(&shop, "versions/2")).await["document"]["theme"]["radius"], 3);
    let audit = shop.read(&path(&shop, "audit")).await;
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|one| one["action"].clone()).collect();
    assert_eq!(
        actions,
        [
            "design_rolled_back",
            "design_published",
            "design_draft_saved",
            "design_published",
            "design_draft_saved"
        ]
    );
    for missing in ["versions/9", "versions/9/rollback"] {
        let method = if missing.ends_with('9') { Method::GET } else { Method::POST };
        let request = shop.api.request(method, &path(&shop, missing)).json(&json!({}));
        refused(&Answer::to(request).await.unwrap(), 404, "not-found");
    }
}

#[tokio::test]
async fn a_design_is_published_at_its_time_whatever_becomes_of_the_draft() {
    let shop = Shop::open().await;
    save(&shop, &example(), Some("*")).await.expect(200).unwrap();
    assert_eq!(shop.read(&path(&shop, "schedule")).await, json!({ "schedule": null }));
    let put = async |tag: &str, body: Value| {
        let request = shop.api.request(Method::PUT, &path(&shop, "schedule"));
        Answer::to(request.header("if-match", tag).json(&body)).await.unwrap()
    };
    let at = |seconds: i64| {
        let now = jiff::Timestamp::now().as_millisecond();
        jiff::Timestamp::from_millisecond(now + seconds * 1_000).unwrap().to_string()
    };
    for wrong in [at(-5), at(400 * 86_400)] {
        let answer = put("\"r1\"", json!({ "publishAt": wrong })).await;
        let problem: Value = answer.json().unwrap();
        assert_eq!((answer.status, &problem["pointer"]), (422, &json!("/publishAt")));
    }
    let far = json!({ "publishAt": at(3_600), "note": "Autumn" });
    refused(&put("\"r9\"", far.clone()).await, 412, "precondition-failed");
    let decided: Value = put("\"r1\"", far).await.expect(200).unwrap().json().unwrap();
    assert_eq!(decided["note"], "Autumn");
    assert_eq!(shop.read(&path(&shop, "schedule")).await["schedule"], decided);
    let gone = shop.api.request(Method::DELETE, &path(&shop, "schedule"));
    Answer::to(gone).await.unwrap().expect(204).unwrap();
    assert_eq!(shop.read(&path(&shop, "schedule")).await["schedule"], Value::Null);

    put("\"r1\"", json!({ "publishAt": at(1) })).await.expect(200).unwrap();
    let mut draft = example();
    draft["theme"]["radius"] = json!(3);
    save(&shop, &draft, Some("*")).await.expect(200).unwrap();
    eventually("it is published", SOON, async || {
        Ok((config(&shop, "").await.0["designVersion"] == json!(1)).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(config(&shop, "").await.0["design"]["theme"]["radius"], 8);
    assert_eq!(shop.read(&path(&shop, "schedule")).await["schedule"], Value::Null);
}

#[tokio::test]
async fn a_design_is_published_by_the_clock_that_all_servers_share() {
    let database = Database::create().await.unwrap();
    database.shift_clock(1).await.unwrap();
    let shop = Shop::with(Options::postgres(&database)).await;
    save(&shop, &example(), Some("*")).await.expect(200).unwrap();
    // To this machine's clock it is half an hour away.
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(30);
    let body = json!({ "publishAt": soon.to_string() });
    let put = shop.api.request(Method::PUT, &path(&shop, "schedule"));
    let put = Answer::to(put.header("if-match", "\"r1\"").json(&body)).await.unwrap();
    put.expect(200).unwrap();
    eventually("it is published", SOON, async || {
        Ok((config(&shop, "").await.0["designVersion"] == json!(1)).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_field_that_a_profile_names_stays_in_the_design() {
    let shop = Shop::open().await;
    let mut document = example();
    let form = json!({ "type": "form", "fields": [
        { "name": "topic", "kind": "text", "label": { "en": "Topic", "de": "Thema" } },
    ] });
    document["states"]["idle"].as_array_mut().unwrap().retain(|block| block["type"] != "form");
    document["states"]["idle"].as_array_mut().unwrap().insert(0, form);
    publish(&shop, &document).await;
    let profiles = format!("/v1/apps/{}/destinations", shop.app.id);
    let named = |name: &str| json!({ "name": "Sales", "kind": "demo", "callerName": name });
    let answer = shop.api.post(&profiles, &named("{form.name}")).await.unwrap();
    let problem = refused(&answer, 422, "invalid");
    assert_eq!(problem.pointer.as_deref(), Some("/callerName"));
    let made = shop.api.post(&profiles, &named("{form.topic}")).await.unwrap().expect(201).unwrap();
    let made: Value = made.json().unwrap();

    // A draft may be without it; what visitors see may not, now or later.
    document["states"]["idle"][0]["fields"][0]["name"] = "subject".into();
    save(&shop, &document, Some("*")).await.expect(200).unwrap();
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    for answer in [
        shop.api.post(&path(&shop, "publish"), &json!({})).await.unwrap(),
        shop.api
            .put(&path(&shop, "schedule"), &json!({ "publishAt": soon.to_string() }))
            .await
            .unwrap(),
    ] {
        let problem = refused(&answer, 422, "invalid");
        assert_eq!(problem.pointer.as_deref(), Some("/states/idle"));
        let errors: Value = answer.json().unwrap();
        let detail = errors["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(r#"the profile "Sales" uses in callerName"#), "{detail}");
    }
    let one = format!("{profiles}/{}", made["id"].as_str().unwrap());
    shop.api.patch(&one, &json!({ "callerName": null })).await.unwrap().expect(200).unwrap();
    shop.api.post(&path(&shop, "publish"), &json!({})).await.unwrap().expect(201).unwrap();
}

#[tokio::test]
async fn the_schema_is_there_for_everybody() {
    let shop = Shop::open().await;
    let url = format!("{}/v1/schemas/design", shop.server.url());
    let answer = Answer::to(answer::client().get(url)).await.unwrap().expect(200).unwrap();
    assert_eq!(answer.header("content-type"), "application/schema+json");
    let schema: Value = answer.json().unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

/// An offer with these fields beside it.
async fn call(widget: &Widget, visitor: &Visitor, more: &Value) -> Answer {
    let mut body = json!({ "sdp": visitor.offer() });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Answer::to(widget.request(Method::POST, "/v1/calls").json(&body)).await.unwrap()
}

#[tokio::test]
async fn a_call_needs_the_form_and_the_consent_of_the_design_that_the_widget_has_loaded() {
    let shop = Shop::open().await;
    publish(&shop, &example()).await;
    let (shown, _) = config(&shop, "").await;
    let (widget, visitor) = (shop.widget().await, Visitor::new().await.unwrap());
    let consent = json!({ "hash": shown["consentHashes"]["de"], "accepted": true });
    for (more, pointer) in [
        (json!({ "consent": consent }), "/formValues/name"),
        (json!({ "consent": consent, "formValues": { "name": "ada" } }), "/formValues/name"),
        (
            json!({ "consent": consent, "formValues": { "name": "Ada", "vip": "7" } }),
            "/formValues/vip",
        ),
        (json!({ "formValues": { "name": "Ada" } }), "/consent"),
        (
            json!({ "formValues": { "name": "Ada" }, "consent": { "hash": "0", "accepted": true } }),
            "/consent",
        ),
        (
            json!({ "formValues": { "name": "Ada" }, "consent": consent, "designVersion": 7 }),
            "/designVersion",
        ),
    ] {
        let answer = call(&widget, &visitor, &more).await;
        let problem = answer.problem().unwrap();
        assert!(problem.is(422, "invalid"), "{more}: {problem:?}");
        let body: Value = answer.json().unwrap();
        assert_eq!(body["pointer"], pointer, "{more}");
    }
    // Another version is published while the widget has the first one.
    let mut next = example();
    next["states"]["idle"][7]["version"] = json!("2026-12");
    publish(&shop, &next).await;
    let whole = json!({ "formValues": { "name": "Ada" }, "consent": consent, "designVersion": 1, "language": "de" });
    let answer = call(&widget, &visitor, &whole).await.expect(201).unwrap();
    let id = call_id(&answer).unwrap();
    let record = shop.read(&format!("/v1/apps/{}/calls/{id}", shop.app.id)).await;
    assert_eq!(record["formValues"], json!({ "name": "Ada" }));
    let kept = &record["consent"];
    assert_eq!(
        (&kept["hash"], &kept["version"]),
        (&shown["consentHashes"]["de"], &json!("2026-11"))
    );
    assert_eq!((&kept["language"], &kept["text"]), (&json!("de"), &json!("Wir zeichnen auf.")));
    widget.hang_up(&id).await.unwrap();
}

#[tokio::test]
async fn a_visitor_asks_to_be_called_back_and_the_values_stay_out_of_the_event() {
    let shop = Shop::open().await;
    let sink = Sink::start().await.unwrap();
    shop.integrate(&sink, &["callback_requested"]).await;
    let widget = shop.widget().await;
    let ask = async |body: &Value| {
        Answer::to(widget.request(Method::POST, "/v1/widget/callbacks").json(body)).await.unwrap()
    };
    let whole = json!({ "reason": "closed", "formValues": { "phone": "+1 555 0100", "time": "after six" } });
    refused(&ask(&whole).await, 422, "invalid");
    publish(&shop, &example()).await;
    for (bad, pointer) in [
        (json!({ "reason": "busy", "formValues": { "phone": "+1 555 0100" } }), "/reason"),
        (json!({ "reason": "closed", "formValues": {} }), "/formValues/phone"),
        (
            json!({ "reason": "closed", "formValues": { "phone": "1", "x": "y" } }),
            "/formValues/phone",
        ),
        (
            json!({ "reason": "closed", "formValues": { "email": "a@b.example", "x": "y" } }),
            "/formValues/x",
        ),
    ] {
        let answer = ask(&bad).await;
        assert_eq!(answer.json::<Value>().unwrap()["pointer"], pointer, "{bad}");
    }
    let made: Value = ask(&whole).await.expect(201).unwrap().json().unwrap();
    let list = shop.read(&format!("/v1/apps/{}/callbacks", shop.app.id)).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["id"], made["requestId"]);
    assert_eq!(list["items"][0]["formValues"]["time"], "after six");
    let received = sink.wait_until(SOON, |received| !received.is_empty()).await.unwrap();
    let event = received[0].envelope().unwrap();
    assert_eq!(event["name"], "callback_requested");
    // The widget tells page and custom code of the very same one.
    assert_eq!(made["event"]["event"], event);
    assert_eq!(made["event"]["id"], received[0].id());
    assert_eq!(
        event["data"],
        json!({
            "requestId": made["requestId"], "reason": "closed", "context": { "orderId": "A-1" },
        })
    );
    let forged =
        widget.event("callback_requested", json!({ "requestId": "cb_1", "reason": "closed" }));
    refused(&widget.submit(&[forged]).await.unwrap(), 422, "invalid");
    eventually("the event is in the log", SOON, async || {
        let events = shop.api.events(&shop.app, "name=callback_requested").await?;
        Ok((events.len() == 1).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_survey_is_that_of_the_published_design() {
    let settings = json!({ "survey": { "questions": [{ "id": "old", "label": "How was it?" }] } });
    let shop = Shop::open().await;
    let app = format!("/v1/apps/{}", shop.app.id);
    shop.api.patch(&app, &settings).await.unwrap().expect(200).unwrap();
    let mut design = example();
    design["states"]["idle"] = json!([{ "type": "call", "label": "idle.call" }]);
    publish(&shop, &design).await;
    let (widget, visitor) = (shop.widget().await, Visitor::new().await.unwrap());
    let answer = widget.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
    let id = call_id(&answer).unwrap();
    let _media = visitor.accept(&answer.text()).unwrap();
    widget.hang_up(&id).await.unwrap().expect(204).unwrap();
    eventually("the call is over", SOON, async || {
        let record = shop.read(&format!("{app}/calls/{id}")).await;
        Ok((record["state"] == "ended").then_some(()))
    })
    .await
    .unwrap();
    let survey = |question: &str| widget.survey(&id, &[(question, 5)], None);
    refused(&widget.submit(&[survey("old")]).await.unwrap(), 422, "invalid");
    widget.submit(&[survey("q1")]).await.unwrap().expect(200).unwrap();
}
