//! What people are told of an alert, in words and as an event.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    measure::Reading,
    rule::{AlertKind, AlertRuleSettings},
};
use crate::{
    events::{ALERT_FIRED, ALERT_RECOVERED, Envelope, EventTime},
    ids::{AlertId, AlertRuleId},
};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// That it fires.
    Fired,
    /// That it is over.
    Recovered,
}

impl NoticeKind {
    /// The kind as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Recovered => "recovered",
        }
    }

    /// The name of its event.
    #[must_use]
    pub const fn event_name(self) -> &'static str {
        match self {
            Self::Fired => ALERT_FIRED,
            Self::Recovered => ALERT_RECOVERED,
        }
    }
}

/// What is told of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice<'a> {
    /// What.
    pub kind: NoticeKind,
    /// Of which alert.
    pub alert_id: AlertId,
    /// Of which rule.
    pub rule_id: AlertRuleId,
    /// The rule, as it is now.
    pub rule: &'a AlertRuleSettings,
    /// What was read last.
    pub reading: Reading,
    /// When it fired.
    pub fired_at: EventTime,
    /// When it was over.
    pub recovered_at: Option<EventTime>,
}

impl Notice<'_> {
    /// The event, as integrations get it.
    #[must_use]
    pub fn envelope(&self, at: EventTime) -> Envelope {
        let fields = json!({
            "alertId": self.alert_id,
            "ruleId": self.rule_id,
            "ruleName": self.rule.name,
            "kind": self.rule.kind,
            "value": self.reading.value.map(rounded),
            "sample": self.reading.sample,
            "threshold": self.rule.threshold(),
            "firedAt": self.fired_at,
            "recoveredAt": self.recovered_at,
            "text": self.text(),
            "context": {},
        });
        let data = match fields {
            Value::Object(data) => data,
            _ => serde_json::Map::new(),
        };
        Envelope { name: self.kind.event_name().into(), data, timestamp: at }
    }

    /// In a line: the subject of a mail, for example.
    #[must_use]
    pub fn title(&self) -> String {
        // A name may have been typed with breaks.
        let name = self.rule.name.split_whitespace().collect::<Vec<_>>().join(" ");
        match self.kind {
            NoticeKind::Fired => format!("Alert: {name}"),
            NoticeKind::Recovered => format!("Over: {name}"),
        }
    }

    /// In a sentence or two.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}: {}.", self.title(), self.rule.in_words(self.reading))
    }
}

impl AlertRuleSettings {
    /// What was read, in words and with what it is compared with.
    #[must_use]
    pub fn in_words(&self, reading: Reading) -> String {
        let (calls, minutes) = (reading.sample, self.window_minutes);
        let (line, is_one) = (self.threshold(), calls == 1);
        let calls = if is_one { "1 call".to_owned() } else { format!("{calls} calls") };
        let Some(value) = reading.value else {
            return match self.kind {
                AlertKind::NoCalls => format!("it was not open for all of {minutes} minutes"),
                kind if kind.is_share() => format!(
                    "{calls} within {minutes} minutes, too few to tell (at least {})",
                    self.min_sample
                ),
                _ => "nothing is known of it".to_owned(),
            };
        };
        let percent = format!("{} %", rounded(value));
        match self.kind {
            AlertKind::CallErrors => {
                format!("{percent} of {calls} within {minutes} minutes failed (line: {line} %)")
            }
            AlertKind::AnswerRate => {
                format!("{percent} of {calls} within {minutes} minutes were taken (line: {line} %)")
            }
            AlertKind::Quality => {
                format!(
                    "{percent} of {calls} within {minutes} minutes sounded poor (line: {line} %)"
                )
            }
            AlertKind::NoCalls if value < 1.0 => format!("no call began within {minutes} minutes"),
            AlertKind::NoCalls => format!("{calls} began within {minutes} minutes"),
            AlertKind::TrunkDown if value < 1.0 => "all trunks answer".to_owned(),
            AlertKind::TrunkDown => match value {
                1.0 => "a trunk does not answer, or can't register".to_owned(),
                more => format!("{more} trunks do not answer, or can't register"),
            },
            AlertKind::BreakerOpen if value < 1.0 => "all endpoints are sent to".to_owned(),
            AlertKind::BreakerOpen => match value {
                1.0 => "the breaker of an integration is open".to_owned(),
                more => format!("the breakers of {more} integrations are open"),
            },
            AlertKind::Backlog if value == 1.0 => {
                format!("1 delivery of an integration waits (line: {line})")
            }
            AlertKind::Backlog => {
                format!("{value} deliveries of an integration wait (line: {line})")
            }
        }
    }
}

/// To one decimal.
fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn words(kind: AlertKind, value: Option<f64>, sample: u32) -> String {
        AlertRuleSettings::new("r", kind).in_words(Reading { value, sample })
    }

    #[test]
    fn a_reading_is_told_with_what_it_is_compared_with() {
        for (kind, value, sample, said) in [
            (
                AlertKind::CallErrors,
                Some(61.904_76),
                21,
                "61.9 % of 21 calls within 15 minutes failed (line: 20 %)",
            ),
            (
                AlertKind::AnswerRate,
                Some(0.0),
                1,
                "0 % of 1 call within 15 minutes were taken (line: 50 %)",
            ),
            (
                AlertKind::Quality,
                None,
                3,
                "3 calls within 15 minutes, too few to tell (at least 20)",
            ),
            (AlertKind::NoCalls, Some(0.0), 0, "no call began within 15 minutes"),
            (AlertKind::NoCalls, Some(1.0), 1, "1 call began within 15 minutes"),
            (AlertKind::TrunkDown, Some(1.0), 0, "a trunk does not answer, or can't register"),
            (AlertKind::BreakerOpen, Some(2.0), 0, "the breakers of 2 integrations are open"),
            (AlertKind::Backlog, Some(1.0), 0, "1 delivery of an integration waits (line: 1000)"),
            (
                AlertKind::Backlog,
                Some(1234.0),
                0,
                "1234 deliveries of an integration wait (line: 1000)",
            ),
        ] {
            assert_eq!(words(kind, value, sample), said);
        }
    }

    #[test]
    fn the_event_of_a_notice_has_its_facts_and_an_empty_context() {
        let rule = AlertRuleSettings::new("Many\ncalls fail", AlertKind::CallErrors);
        let at = EventTime::from_millis(1_700_000_000_123).unwrap();
        let notice = Notice {
            kind: NoticeKind::Fired,
            alert_id: AlertId::from_uuid(Uuid::nil()),
            rule_id: AlertRuleId::from_uuid(Uuid::nil()),
            rule: &rule,
            reading: Reading { value: Some(50.0), sample: 40 },
            fired_at: at,
            recovered_at: None,
        };
        let envelope = notice.envelope(at);
        assert_eq!(envelope.name, "alert_fired");
        assert_eq!(envelope.data["context"], json!({}));
        assert_eq!(envelope.data["kind"], "call_errors");
        let text =
            "Alert: Many calls fail: 50 % of 40 calls within 15 minutes failed (line: 20 %).";
        assert_eq!(envelope.data["text"], text);
    }
}
