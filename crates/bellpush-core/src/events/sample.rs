//! Sample events, for previews and tests of integrations: one of each kind.

use serde_json::{Map, Value, json};

use super::{
    ALERT_FIRED, ALERT_RECOVERED, ButtonAction, CALLBACK_REQUESTED, CatalogueEvent, EndReason,
    Envelope, ErrorCode, EventName, EventTime, SurveySummary,
};
use crate::context::Context;

/// The envelope of a sample event with this name; of a custom event when it is none of the
/// catalogue.
#[must_use]
pub fn sample(name: &str, at: EventTime) -> Envelope {
    let context = Context::new([("orderId", "A-12345"), ("customerTier", "gold")]);
    let context = context.unwrap_or_default();
    let event = match name.parse::<EventName>() {
        Ok(EventName::WidgetLoaded) => CatalogueEvent::WidgetLoaded { is_preview: false },
        Ok(EventName::CallStarted) => CatalogueEvent::CallStarted {
            destination_id: None,
            routing_key: Some("vip".into()),
            has_form_values: false,
        },
        Ok(EventName::CallEnded) => {
            CatalogueEvent::CallEnded { duration: 42, reason: EndReason::UserHangup }
        }
        Ok(EventName::CallError) => CatalogueEvent::CallError { code: ErrorCode::MediaFailed },
        Ok(EventName::SurveySubmitted) => CatalogueEvent::SurveySubmitted(SurveySummary {
            rating: 4.5,
            answer_count: 2,
            has_comment: true,
        }),
        Ok(EventName::CustomButtonClicked) => CatalogueEvent::CustomButtonClicked {
            label: "Our shop".into(),
            action: ButtonAction::Link,
        },
        Err(_) if [ALERT_FIRED, ALERT_RECOVERED].contains(&name) => {
            return Envelope { name: name.into(), data: alert(name, at), timestamp: at };
        }
        Err(_) => {
            let mut data = Map::new();
            if name == CALLBACK_REQUESTED {
                let id = "cb_01920000000070008000000000000001";
                data.extend([("requestId".into(), json!(id)), ("reason".into(), json!("closed"))]);
            } else {
                data.insert("example".into(), json!("value"));
            }
            data.insert("context".into(), context.to_json());
            return Envelope { name: name.into(), data, timestamp: at };
        }
    };
    event.envelope(&context, false, at)
}

/// The fields of an event that tells of an alert.
fn alert(name: &str, at: EventTime) -> Map<String, Value> {
    let is_over = name == ALERT_RECOVERED;
    let (title, value) = if is_over { ("Over", 4.2) } else { ("Alert", 61.9) };
    let text = format!(
        "{title}: Calls that fail: {value} % of 21 calls within 15 minutes failed (line: 20 %)."
    );
    let fields = json!({
        "alertId": "alert_01920000000070008000000000000001",
        "ruleId": "rule_01920000000070008000000000000001",
        "ruleName": "Calls that fail",
        "kind": "call_errors",
        "value": value,
        "sample": 21,
        "threshold": 20,
        "firedAt": at,
        "recoveredAt": is_over.then_some(at),
        "text": text,
        "context": {},
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::CATALOGUE;

    #[test]
    fn there_is_a_sample_of_every_event_with_all_its_fields_and_a_context() {
        let at = EventTime::from_millis(1_700_000_000_123).unwrap();
        for (name, _, fields) in CATALOGUE {
            let envelope = sample(name.as_str(), at);
            assert_eq!(envelope.name, name.as_str());
            assert_eq!(envelope.data.len(), fields.len() + 1, "{name}");
            assert_eq!(envelope.data["context"]["orderId"], "A-12345");
        }
        assert_eq!(sample("wants_callback", at).name, "wants_callback");
    }
}
