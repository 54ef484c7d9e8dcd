//! The survey after a call: once, of this very call, when it is over.

use bellpush_test_support::widget::Widget;
use serde_json::{Value, json};

use crate::shop::{Shop, refused};

async fn shop_with_survey() -> Shop {
    let shop = Shop::open().await;
    let questions =
        json!([{ "id": "sound", "label": "Sound?" }, { "id": "help", "label": "Help?" }]);
    let survey = json!({ "questions": questions, "commentLabel": "More?" });
    shop.change(json!({ "survey": survey })).await.expect(200).unwrap();
    shop
}

async fn ended_call(widget: &Widget) -> String {
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    call.call_id
}

#[tokio::test]
async fn a_survey_is_kept_with_its_call_and_summed_up_in_its_event() {
    let shop = shop_with_survey().await;
    let widget = shop.widget().await;
    let call_id = ended_call(&widget).await;
    let survey = widget.survey(&call_id, &[("sound", 5), ("help", 4)], Some("Thank you"));
    // Twice, as a widget does that got no answer.
    for _ in 0..2 {
        widget.submit(std::slice::from_ref(&survey)).await.unwrap().expect(200).unwrap();
    }
    let events = shop.api.events(&shop.app, &format!("callId={call_id}")).await.unwrap();
    let names: Vec<_> = events.iter().map(|event| event.name()).collect();
    assert_eq!(names, ["call_started", "call_ended", "survey_submitted"]);
    let data = events[2].envelope().unwrap()["data"].clone();
    let context = json!({ "orderId": "A-1" });
    assert_eq!(
        data,
        json!({ "rating": 4.5, "answerCount": 2, "hasComment": true, "context": context })
    );
    let kept = shop.api.call(&shop.app, &call_id).await.unwrap().survey;
    assert_eq!(kept, Some(survey["survey"].clone()));
}

#[tokio::test]
async fn answers_to_what_the_app_does_not_ask_are_refused() {
    let shop = shop_with_survey().await;
    let widget = shop.widget().await;
    let call_id = ended_call(&widget).await;
    let other = widget.survey(&call_id, &[("sound", 5), ("price", 5)], None);
    let problem = refused(&widget.submit(&[other]).await.unwrap(), 422, "invalid");
    assert!(problem.detail.contains("price"), "{}", problem.detail);
    shop.change(json!({ "survey": null })).await.expect(200).unwrap();
    let asked_before = widget.survey(&call_id, &[("sound", 5)], None);
    refused(&widget.submit(&[asked_before]).await.unwrap(), 422, "invalid");
    assert!(shop.api.call(&shop.app, &call_id).await.unwrap().survey.is_none());
}

#[tokio::test]
async fn a_second_survey_is_refused() {
    let shop = shop_with_survey().await;
    let widget = shop.widget().await;
    let call_id = ended_call(&widget).await;
    let first = widget.survey(&call_id, &[("sound", 1)], None);
    let second = widget.survey(&call_id, &[("sound", 5)], None);
    widget.submit(&[first]).await.unwrap().expect(200).unwrap();
    refused(&widget.submit(&[second]).await.unwrap(), 409, "conflict");
    let kept = shop.api.call(&shop.app, &call_id).await.unwrap().survey.unwrap();
    assert_eq!(kept["answers"][0]["rating"], 1);
}

#[tokio::test]
async fn a_survey_before_the_end_of_the_call_is_refused() {
    let shop = shop_with_survey().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let survey = widget.survey(&call.call_id, &[("sound", 5)], None);
    let answer = widget.submit(std::slice::from_ref(&survey)).await.unwrap();
    refused(&answer, 409, "conflict");
    assert_eq!(shop.event_names().await, ["call_started"]);
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    widget.submit(&[survey]).await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn the_survey_of_another_session_s_call_is_refused() {
    let shop = shop_with_survey().await;
    let call_id = ended_call(&shop.widget().await).await;
    let stranger = shop.widget().await;
    let survey = stranger.survey(&call_id, &[("sound", 1)], None);
    let problem = refused(&stranger.submit(&[survey]).await.unwrap(), 404, "not-found");
    assert_eq!(problem.pointer.as_deref(), Some("/events/0/callId"));
    assert_eq!(shop.api.call(&shop.app, &call_id).await.unwrap().survey, None);
}

#[tokio::test]
async fn answers_outside_the_rules_are_refused() {
    let shop = shop_with_survey().await;
    let widget = shop.widget().await;
    let call_id = ended_call(&widget).await;
    let good = || widget.survey(&call_id, &[("sound", 4)], None);
    let with = |pointer: &str, value: Value| {
        let mut survey = good();
        *survey.pointer_mut(pointer).unwrap() = value;
        survey
    };
    for survey in [
        widget.survey(&call_id, &[("sound", 0)], None),
        widget.survey(&call_id, &[("sound", 6)], None),
        widget.survey(&call_id, &[("sound", 4), ("sound", 4)], None),
        widget.survey(&call_id, &[], None),
        widget.survey(&call_id, &[("sound", 4)], Some(&"x".repeat(2_001))),
        with("/event/data/rating", json!(5)),
        with("/event/data/answerCount", json!(2)),
        with("/event/data/hasComment", json!(true)),
        with("/survey/answers/0/rating", json!(4.5)),
        with("/survey", Value::Null),
        with("/callId", Value::Null),
    ] {
        refused(&widget.submit(&[survey]).await.unwrap(), 422, "invalid");
    }
    widget.submit(&[good()]).await.unwrap().expect(200).unwrap();
}
