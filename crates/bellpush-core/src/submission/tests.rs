use bellpush_test_fuzz::Seeds;
use serde_json::json;

use super::*;

const NOW: i64 = 1_790_000_000_000;

fn submission(name: &str, data: Value) -> Submission {
    let mut data = match data {
        Value::Object(map) => map,
        _ => unreachable!("test data is an object"),
    };
    data.insert("context".into(), json!({ "orderId": "A-1" }));
    serde_json::from_value(json!({
        "id": "01a0c450-6c00-7000-8000-000000000001",
        "event": { "name": name, "data": data, "timestamp": "2026-09-21T14:13:20.000Z" },
    }))
    .unwrap()
}

fn accept_as(submission: &Submission, preview: bool) -> Result<SubmittedEvent, SubmissionError> {
    let context = Context::new([("orderId", "A-1")]).unwrap();
    submission.accept(SessionFacts { context: &context, preview, now_ms: NOW })
}

fn accept(submission: &Submission) -> Result<SubmittedEvent, SubmissionError> {
    accept_as(submission, false)
}

fn survey(rating: f64) -> Submission {
    let summary = json!({ "rating": rating, "answerCount": 2, "hasComment": true });
    let mut survey = submission("survey_submitted", summary);
    survey.call_id = "call_01920000000070008000000000000002".parse().ok();
    survey.survey = serde_json::from_value(json!({
        "answers": [{ "questionId": "a", "rating": 4 }, { "questionId": "b", "rating": 5 }],
        "comment": "Fine",
    }))
    .unwrap();
    survey
}

#[test]
fn the_widgets_own_events_are_accepted() {
    let cases = [
        (submission("widget_loaded", json!({ "isPreview": false })), SubmittedEvent::WidgetLoaded),
        (
            submission("custom_button_clicked", json!({ "label": "Shop", "action": "link" })),
            SubmittedEvent::ButtonClicked,
        ),
        (submission("wants_callback", json!({ "any": [1, 2] })), SubmittedEvent::Custom),
        (
            submission(
                "call_error",
                json!({
                    "errorCode": "microphone_denied",
                    "errorMessage": ErrorCode::MicrophoneDenied.message(),
                }),
            ),
            SubmittedEvent::CallNotStarted(ErrorCode::MicrophoneDenied),
        ),
    ];
    for (submission, expected) in cases {
        assert_eq!(accept(&submission), Ok(expected));
    }
    assert!(matches!(accept(&survey(4.5)), Ok(SubmittedEvent::Survey { .. })));
}

#[test]
fn a_widget_cannot_tell_of_a_call_back_request_or_an_alert_by_itself() {
    for name in ["callback_requested", "alert_fired", "alert_recovered"] {
        let data = json!({ "requestId": "cb_1", "reason": "closed" });
        assert_eq!(accept(&submission(name, data)), Err(SubmissionError::Reserved));
    }
}

#[test]
fn a_widget_cannot_decide_what_the_server_decides() {
    let started = json!({ "destinationId": null, "routingKey": null, "hasFormValues": false });
    let ended = json!({ "duration": 1, "reason": "user_hangup" });
    let failed =
        json!({ "errorCode": "media_failed", "errorMessage": ErrorCode::MediaFailed.message() });
    for (name, data) in [("call_started", started), ("call_ended", ended), ("call_error", failed)] {
        let refused = accept(&submission(name, data));
        assert!(matches!(refused, Err(SubmissionError::ServerDecides(_))), "{name}: {refused:?}");
    }
    let denied = json!({
        "errorCode": "microphone_denied",
        "errorMessage": ErrorCode::MicrophoneDenied.message(),
    });
    let mut of_a_call = submission("call_error", denied);
    of_a_call.call_id = survey(4.5).call_id;
    assert!(matches!(accept(&of_a_call), Err(SubmissionError::ServerDecides(_))));
}

#[test]
fn a_context_of_ones_own_is_refused() {
    let mut forged = submission("widget_loaded", json!({ "isPreview": false }));
    forged.event.data.insert("context".into(), json!({ "orderId": "A-1", "tier": "gold" }));
    assert_eq!(accept(&forged), Err(SubmissionError::Context));
    forged.event.data.remove("context");
    assert_eq!(accept(&forged), Err(SubmissionError::Context));
}

#[test]
fn a_preview_is_what_the_session_says() {
    let live = submission("widget_loaded", json!({ "isPreview": false }));
    let preview = submission("widget_loaded", json!({ "isPreview": true }));
    assert_eq!(accept_as(&live, true), Err(SubmissionError::Preview));
    assert_eq!(accept_as(&preview, false), Err(SubmissionError::Preview));
    assert_eq!(accept_as(&preview, true), Ok(SubmittedEvent::WidgetLoaded));
    let unmarked = submission("tapped", json!({}));
    assert_eq!(accept_as(&unmarked, true), Err(SubmissionError::Preview));
}

#[test]
fn a_rating_follows_from_the_answers() {
    assert_eq!(accept(&survey(5.0)), Err(SubmissionError::Summary));
    let mut without_call = survey(4.5);
    without_call.call_id = None;
    assert_eq!(accept(&without_call), Err(SubmissionError::Survey));
    let mut on_another = submission("tapped", json!({}));
    on_another.survey = survey(4.5).survey;
    assert_eq!(accept(&on_another), Err(SubmissionError::Survey));
}

#[test]
fn data_and_names_outside_the_contract_are_refused() {
    let extra = submission("widget_loaded", json!({ "isPreview": false, "more": 1 }));
    assert!(matches!(accept(&extra), Err(SubmissionError::Data { .. })));
    for name in ["", "Tapped", "1st", "a-b", &"a".repeat(65), "_x"] {
        let refused = accept(&submission(name, json!({})));
        assert!(matches!(refused, Err(SubmissionError::Name(_))), "{name:?}");
    }
    let large = submission("tapped", json!({ "x": "x".repeat(MAX_CUSTOM_DATA_BYTES) }));
    assert_eq!(accept(&large), Err(SubmissionError::TooLarge));
}

#[test]
fn a_timestamp_is_neither_ancient_nor_ahead() {
    for (offset, ok) in
        [(0, true), (50_000, true), (61_000, false), (-86_000_000, true), (-86_500_000, false)]
    {
        let mut event = submission("tapped", json!({}));
        event.event.timestamp = crate::events::EventTime::from_millis(NOW + offset).unwrap();
        assert_eq!(accept(&event).is_ok(), ok, "{offset}");
    }
}

/// Whatever a widget sends: it is refused with a sentence of a bounded length, or what is accepted
/// is a submission within the limits.
#[test]
fn an_id_is_of_the_time_of_its_event() {
    let mut event = submission("wants_callback", json!({}));
    let day = 24 * 60 * 60 * 1000;
    for (offset, is_taken) in [
        (0, true),
        (day, true),
        (-day, true),
        (day + 1, false),
        (-day - 1, false),
        (7_973 * 365 * day, false),
    ] {
        let millis = u64::try_from(NOW + offset).unwrap();
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &[7; 10]).into_uuid();
        event.id = EventId::from_uuid(uuid).unwrap();
        assert_eq!(event.id.made_at_millis(), NOW + offset);
        let expected = if is_taken { Ok(SubmittedEvent::Custom) } else { Err(SubmissionError::Id) };
        assert_eq!(accept(&event), expected, "{offset} ms off");
    }
}

#[test]
fn fuzz_submissions() {
    let denied = json!({
        "errorCode": "microphone_denied",
        "errorMessage": ErrorCode::MicrophoneDenied.message(),
    });
    let seeds = [
        submission("widget_loaded", json!({ "isPreview": false })),
        submission("custom_button_clicked", json!({ "label": "Shop", "action": "link" })),
        submission("wants_callback", json!({ "any": [1, 2.5e3, null, { "deep": "\u{1F600}" }] })),
        submission("call_error", denied),
        survey(4.5),
    ];
    let words = ["\\ud83d", "1e999", "[[[[[[[[", "\"isPreview\":true,", "null", "-0", "\\u0000"];
    let seeds = seeds.map(|seed| serde_json::to_vec(&seed).unwrap());
    Seeds::new(seeds).words(words).run(5_000, |bytes| {
        let submission = match serde_json::from_slice::<Submission>(bytes) {
            Ok(submission) => submission,
            Err(error) => return drop(error.to_string()),
        };
        for preview in [false, true] {
            match accept_as(&submission, preview) {
                Ok(SubmittedEvent::Survey { answers, .. }) => assert!(answers.summary().is_ok()),
                Ok(SubmittedEvent::Custom) => assert!(is_custom_name(&submission.event.name)),
                Ok(_) => {}
                Err(error) => assert!(error.to_string().len() < 2_000, "{error}"),
            }
        }
    });
}
