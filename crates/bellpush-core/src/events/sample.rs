//! Sample events, for previews and tests of integrations: one of each kind.

use serde_json::{Map, json};

use super::{
    ButtonAction, CatalogueEvent, EndReason, Envelope, ErrorCode, EventName, EventTime,
    SurveySummary,
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
        Err(_) => {
            let mut data = Map::new();
            data.insert("example".into(), json!("value"));
            data.insert("context".into(), context.to_json());
            return Envelope { name: name.into(), data, timestamp: at };
        }
    };
    event.envelope(&context, false, at)
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
