//! The checks find what they look for: each promise is broken once.

use std::time::Instant;

use serde_json::{Value, json};

use super::*;
use crate::ledger::id;

const CALL: &str = "call_1";

/// A visit that went well, as the pages, the log, the API and the endpoint saw it.
struct Story {
    ledger: Ledger,
    calls: Vec<Value>,
    events: Vec<(String, Option<&'static str>, Value)>,
    received: Vec<(usize, u16)>,
    signed: bool,
}

fn story() -> Story {
    let ledger = Ledger::default();
    let clicked = json!({ "id": "clicked", "event": { "name": "custom_button_clicked" } });
    ledger.entries().sent.insert(id(&clicked), clicked.clone());
    ledger.entries().acknowledged.insert(id(&clicked));
    ledger.entries().accepted_calls.insert(CALL.into());
    ledger.entries().ended_calls.insert(CALL.into());
    Story {
        ledger,
        calls: vec![json!({ "id": CALL, "state": "ended" })],
        events: vec![
            ("clicked".into(), None, clicked["event"].clone()),
            ("started".into(), Some(CALL), json!({ "name": "call_started" })),
            ("ended".into(), Some(CALL), json!({ "name": "call_ended" })),
        ],
        received: vec![(0, 204), (1, 500), (1, 204), (2, 204)],
        signed: true,
    }
}

impl Story {
    fn faults(self) -> Vec<String> {
        let record = |(id, call_id, event): &(String, Option<&str>, Value)| -> Recorded {
            let event = json!({ "id": id, "callId": call_id, "preview": false, "event": event });
            serde_json::from_str(&event.to_string()).unwrap()
        };
        let events: Vec<Recorded> = self.events.iter().map(record).collect();
        let receive = |(place, status): &(usize, u16)| {
            let event = &events[*place];
            let mut headers = axum::http::HeaderMap::new();
            headers.insert("webhook-id", event.id.parse().unwrap());
            if let Some(call_id) = &event.call_id {
                headers.insert("bellpush-call-id", call_id.parse().unwrap());
            }
            Received {
                at: Instant::now(),
                target: "/bellpush".into(),
                headers,
                body: event.event.get().to_owned().into(),
                signed: Some(self.signed),
                answered: Some(*status),
            }
        };
        let received = self.received.iter().map(receive).collect();
        let calls = self.calls.iter().map(|call| serde_json::from_value(call.clone()).unwrap());
        faults(&self.ledger, &Evidence { calls: calls.collect(), events, received })
    }
}

#[test]
fn a_visit_that_went_well_has_no_faults() {
    assert_eq!(story().faults(), Vec::<String>::new());
}

#[test]
fn every_broken_promise_is_found() {
    type Break = fn(&mut Story);
    let cases: [(&str, Break); 12] = [
        ("was acknowledged and is lost", |story| {
            story.events.remove(0);
            story.received = vec![(0, 204), (1, 204)];
        }),
        ("is in the log twice", |story| story.events.push(story.events[0].clone())),
        ("was changed", |story| story.events[0].2["more"] = true.into()),
        ("nobody ever sent", |story| story.ledger.entries().sent.clear()),
        ("was accepted and is lost", |story| {
            story.calls.clear();
            story.events.truncate(1);
            story.received.truncate(1);
        }),
        ("has not one end", |story| {
            story.events.push(("again".into(), Some(CALL), json!({ "name": "call_error" })));
            story.received.push((3, 204));
        }),
        ("has not one end", |story| {
            story.events.truncate(2);
            story.received.truncate(3);
        }),
        ("its record and its events differ", |story| story.calls[0]["state"] = "error".into()),
        ("was never given", |story| {
            story.received.pop();
        }),
        ("was never given", |story| story.received[3].1 = 500),
        ("did not arrive in their order", |story| {
            story.received = vec![(0, 204), (2, 204), (1, 204)]
        }),
        ("a wrong signature", |story| story.signed = false),
    ];
    for (fault, break_it) in cases {
        let mut story = story();
        break_it(&mut story);
        let faults = story.faults();
        assert!(faults.iter().any(|one| one.contains(fault)), "{fault}: {faults:?}");
    }
}
