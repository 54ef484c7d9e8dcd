//! Alert rules and alerts as the API shows them.

use bellpush_core::{
    alerts::{AlertKind, AlertRuleSettings, NoticeKind, StateName},
    events::EventTime,
    ids::{AlertId, AlertRuleId, EventId},
};
use bellpush_store::{Alert, AlertEnd, AlertNotice, AlertRule, NoticeMail};
use serde::Serialize;
use utoipa::ToSchema;

/// An alert rule.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlertRuleView {
    /// Its id.
    #[schema(value_type = String)]
    id: AlertRuleId,
    /// Its settings.
    #[serde(flatten)]
    settings: AlertRuleSettings,
    /// How it stands.
    status: AlertStatusView,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: EventTime,
}

/// How an alert rule stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlertStatusView {
    /// The state.
    state: StateName,
    /// Since when it is pending, firing or recovering.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<EventTime>,
    /// The alert that is not over.
    #[schema(value_type = Option<String>)]
    alert_id: Option<AlertId>,
    /// When it was looked at last; `null`: not yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    looked_at: Option<EventTime>,
    /// What was read then: percent, or a count; `null` while there is too little to say.
    value: Option<f64>,
    /// Of how many calls.
    sample: u32,
    /// The same in words.
    text: String,
    /// Where the line is, with what is usual where the rule says nothing.
    threshold: u32,
    /// Where it is well again, likewise.
    recovery_threshold: u32,
    /// Until when nobody is told; `null`: it is not silenced.
    #[schema(value_type = Option<String>, format = DateTime)]
    silenced_until: Option<EventTime>,
}

impl AlertRuleView {
    /// A rule, as it is at this instant.
    pub(super) fn new(rule: AlertRule, now: EventTime) -> Self {
        let AlertRule { progress, reading, settings, .. } = &rule;
        let status = AlertStatusView {
            state: progress.state.name(),
            since: progress.state.since(),
            alert_id: rule.alert_id,
            looked_at: progress.looked_at,
            value: reading.value,
            sample: reading.sample,
            text: settings.in_words(*reading),
            threshold: settings.threshold(),
            recovery_threshold: settings.recovery_threshold(),
            silenced_until: rule.silenced_until.filter(|until| *until > now),
        };
        let AlertRule { id, settings, created_at, updated_at, .. } = rule;
        Self { id, settings, status, created_at, updated_at }
    }
}

/// An alert: a rule that fired, until it was over.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlertView {
    /// Its id.
    #[schema(value_type = String)]
    id: AlertId,
    /// The rule; it may be gone.
    #[schema(value_type = String)]
    rule_id: AlertRuleId,
    /// The rule's name, as it was when it fired.
    rule_name: String,
    /// What the rule watched.
    kind: AlertKind,
    /// When it fired.
    #[schema(value_type = String, format = DateTime)]
    fired_at: EventTime,
    /// When it was over; `null` as long as it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<EventTime>,
    /// How it ended; `null` as long as it has not.
    ended_by: Option<AlertEndName>,
    /// The value at which it fired: percent, or a count.
    value: f64,
    /// The worst value of it.
    worst: f64,
    /// Of how many calls the first value was.
    sample: u32,
    /// What people were told of it, in that order.
    notices: Vec<AlertNoticeView>,
}

/// How an alert ended.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AlertEndName {
    /// All was well again.
    Recovered,
    /// Its rule was changed, switched off or deleted.
    RuleChanged,
}

/// What people were told of an alert.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AlertNoticeView {
    /// The event that integrations got of it.
    #[schema(value_type = String)]
    event_id: EventId,
    /// What was told.
    kind: NoticeKind,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// The mails of it.
    mails: Vec<AlertMailView>,
}

/// A mail that tells of an alert.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AlertMailView {
    /// To whom.
    address: String,
    /// When the mail server took it; `null`: not yet, or never.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<EventTime>,
    /// Why the last attempt failed.
    failure: Option<String>,
    /// Whether there will be no other attempt.
    given_up: bool,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        let Alert { id, rule_id, rule_name, kind, fired_at, end, value, worst, sample, notices } =
            alert;
        let (ended_at, how) = end.unzip();
        let ended_by = how.map(|how| match how {
            AlertEnd::Recovered => AlertEndName::Recovered,
            AlertEnd::RuleChanged => AlertEndName::RuleChanged,
        });
        let notices = notices.into_iter().map(Into::into).collect();
        Self {
            id,
            rule_id,
            rule_name,
            kind,
            fired_at,
            ended_at,
            ended_by,
            value,
            worst,
            sample,
            notices,
        }
    }
}

impl From<AlertNotice> for AlertNoticeView {
    fn from(notice: AlertNotice) -> Self {
        let AlertNotice { event_id, kind, created_at, mails } = notice;
        let mails = mails.into_iter().map(Into::into).collect();
        Self { event_id, kind, at: created_at, mails }
    }
}

impl From<NoticeMail> for AlertMailView {
    fn from(NoticeMail { address, sent_at, failure, given_up }: NoticeMail) -> Self {
        Self { address, sent_at, failure, given_up }
    }
}
