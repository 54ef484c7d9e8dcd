//! Alert rules, what is seen of them, and what people are told: each once, whatever happens between.

use bellpush_core::{
    alerts::{
        AlertKind, AlertRuleSettings, MAX_ALERT_RULES, NoticeKind, Progress, Reading, StateName,
        minute_of,
    },
    events::{ALERT_FIRED, ALERT_RECOVERED, CatalogueEvent, ErrorCode, Event, EventTime},
    ids::{AppId, SessionId},
    integration::IntegrationSettings,
};
use bellpush_store::{
    Actor, AlertEnd, AlertRule, Append, AppendError, Look, PageRequest, Refusal, SaveError, Store,
};

use crate::{
    deliveries::settings,
    site::{after, new_session_id, now},
};

fn rule() -> AlertRuleSettings {
    AlertRuleSettings {
        hold_minutes: 0,
        recovery_minutes: 1,
        emails: ["ada@example.com".parse().unwrap()].into(),
        ..AlertRuleSettings::new("Backlog", AlertKind::Backlog)
    }
}

pub(crate) async fn made(store: &Store, app_id: AppId) -> AlertRule {
    store.create_alert_rule(app_id, &rule(), &Actor::HOST).await.unwrap()
}

async fn present(store: &Store, rule: &AlertRule) -> AlertRule {
    store.alert_rule(rule.app_id, rule.id).await.unwrap().unwrap()
}

/// A look at a rule as it is kept, so many minutes from now.
async fn look(store: &Store, rule: &AlertRule, value: f64, minute: i64, is_muted: bool) -> Look {
    let rule = present(store, rule).await;
    let (at, reading) = (after(minute * 60), Reading { value: Some(value), sample: 0 });
    let step = rule.progress.step(&rule.settings, reading, is_muted, at);
    Look { rule, at, reading, step }
}

pub(crate) async fn keep(store: &Store, rule: &AlertRule, value: f64, minute: i64) -> u32 {
    let look = look(store, rule, value, minute, false).await;
    store.keep_looks(&[look]).await.unwrap()
}

async fn alerts(store: &Store, app_id: AppId) -> Vec<bellpush_store::Alert> {
    store.alerts(app_id, None, PageRequest::first(50)).await.unwrap().items
}

/// Puts all notices into the log, as the server does; their names.
async fn log_all(store: &Store) -> Vec<String> {
    let mut names = Vec::new();
    for notice in store.unlogged_notices(50).await.unwrap() {
        names.push(notice.envelope.name.clone());
        let event = Event {
            id: notice.event_id,
            app_id: notice.app_id,
            session_id: SessionId::OF_APP,
            call_id: None,
            preview: false,
            trace_parent: None,
            envelope: notice.envelope,
        };
        store.append(vec![Append::Event(event)]).await.unwrap();
        store.notice_logged(notice.event_id).await.unwrap();
    }
    names
}

on_both_stores! {
    async fn what_a_rule_watches_is_not_deleted_under_it(site) {
        let (store, app) = (&site.store, site.app().await);
        let (hook, secret) = (settings(&[]), "whsec_x".into());
        let made = store.create_integration(app, &hook, &secret, 3, &Actor::HOST).await;
        let integration = made.unwrap().id;
        let trunk = store.create_trunk(&crate::trunks::trunk(), None, &Actor::HOST).await.unwrap().id;
        let rules = [
            AlertRuleSettings { integration_id: Some(integration), ..rule() },
            AlertRuleSettings { trunk_id: Some(trunk), ..AlertRuleSettings::new("Down", AlertKind::TrunkDown) },
        ];
        let mut ids = Vec::new();
        for rule in &rules {
            ids.push(store.create_alert_rule(app, rule, &Actor::HOST).await.unwrap().id);
        }
        let of_integration = async || store.delete_integration(app, integration, &Actor::HOST).await;
        let of_trunk = async || store.delete_trunk(trunk, &Actor::HOST).await;
        for (refused, name) in [(of_integration().await, "Backlog"), (of_trunk().await, "Down")] {
            let Err(SaveError::InUse { why }) = refused else { panic!("{refused:?}") };
            assert!(why.contains(name), "{why}");
        }
        for id in ids {
            assert!(store.delete_alert_rule(app, id, &Actor::HOST).await.unwrap());
        }
        assert!(of_integration().await.unwrap() && of_trunk().await.unwrap());
    }

    async fn a_rule_is_made_changed_and_deleted_and_each_change_is_written_down(site) {
        let (store, app) = (&site.store, site.app().await);
        let made = made(store, app).await;
        assert_eq!((made.revision, made.progress), (1, Progress::default()));
        assert_eq!(store.alert_rules(app).await.unwrap(), std::slice::from_ref(&made));
        let settings = AlertRuleSettings { threshold: Some(5), ..rule() };
        let changed =
            store.update_alert_rule(app, made.id, &settings, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!((changed.revision, changed.settings), (2, settings));
        assert!(store.delete_alert_rule(app, made.id, &Actor::HOST).await.unwrap());
        assert!(!store.delete_alert_rule(app, made.id, &Actor::HOST).await.unwrap());
        assert_eq!(store.alert_rules(app).await.unwrap(), []);
    }

    async fn a_rule_of_another_app_or_of_what_is_not_there_is_refused(site) {
        let (store, app, other) = (&site.store, site.app().await, site.app().await);
        let made = made(store, app).await;
        assert_eq!(store.alert_rule(other, made.id).await.unwrap(), None);
        let url = "https://hooks.example/".parse().unwrap();
        let settings = IntegrationSettings::new("n", url);
        let integration =
            store.create_integration(other, &settings, &"whsec_x".into(), 3, &Actor::HOST).await.unwrap();
        let foreign = AlertRuleSettings { integration_id: Some(integration.id), ..rule() };
        let refused = store.create_alert_rule(app, &foreign, &Actor::HOST).await;
        assert!(matches!(refused, Err(SaveError::Field(error)) if error.pointer == "/integrationId"));
        for _ in 1..MAX_ALERT_RULES {
            store.create_alert_rule(app, &rule(), &Actor::HOST).await.unwrap();
        }
        let refused = store.create_alert_rule(app, &rule(), &Actor::HOST).await;
        assert!(matches!(refused, Err(SaveError::TooManyAlertRules)));
    }

    async fn an_alert_is_told_once_when_it_begins_and_once_when_it_is_over(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        let told = [(0.0, 0), (2000.0, 1), (3000.0, 0), (2500.0, 0), (0.0, 0), (0.0, 1), (0.0, 0)];
        for (minute, (value, notices)) in (0..).zip(told) {
            assert_eq!(keep(store, &rule, value, minute).await, notices, "minute {minute}");
        }
        let found = alerts(store, app).await;
        assert_eq!(found.len(), 1);
        let alert = &found[0];
        assert_eq!((alert.value, alert.worst), (2000.0, 3000.0));
        assert_eq!(alert.end.map(|(_, how)| how), Some(AlertEnd::Recovered));
        let kinds: Vec<_> = alert.notices.iter().map(|notice| notice.kind).collect();
        assert_eq!(kinds, [NoticeKind::Fired, NoticeKind::Recovered]);
        assert_eq!(alert.notices[0].mails[0].address, "ada@example.com");
        assert_eq!(log_all(store).await, [ALERT_FIRED, ALERT_RECOVERED]);
        assert_eq!(log_all(store).await, [""; 0]);
    }

    async fn a_minute_counts_once_whoever_looks_at_it(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        let one = look(store, &rule, 2000.0, 1, false).await;
        let other = look(store, &rule, 2000.0, 1, false).await;
        let both = tokio::join!(store.keep_looks(std::slice::from_ref(&one)), store.keep_looks(std::slice::from_ref(&other)));
        assert_eq!(both.0.unwrap() + both.1.unwrap(), 1);
        assert_eq!(alerts(store, app).await.len(), 1);
        assert_eq!(store.unlogged_notices(9).await.unwrap().len(), 1);
    }

    async fn a_look_by_a_clock_that_was_ahead_keeps_nobody_from_looking(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        keep(store, &rule, 0.0, 24 * 60).await;
        assert_eq!(keep(store, &rule, 2000.0, 1).await, 1);
        assert_eq!(keep(store, &rule, 0.0, 1).await, 0, "a minute counts once");
        assert_eq!(present(store, &rule).await.progress.state.name(), StateName::Firing);
    }

    async fn what_began_while_it_was_quiet_is_told_behind_the_end_of_the_one_before(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        keep(store, &rule, 2000.0, 0).await;
        for (minute, value) in [(1, 0.0), (2, 0.0), (3, 2000.0)] {
            let quiet = look(store, &rule, value, minute, true).await;
            assert_eq!(store.keep_looks(&[quiet]).await.unwrap(), 0);
        }
        assert_eq!(keep(store, &rule, 2000.0, 4).await, 2);
        let found = alerts(store, app).await;
        let kinds = |alert: &bellpush_store::Alert| {
            alert.notices.iter().map(|notice| notice.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&found[0]), [NoticeKind::Fired]);
        assert_eq!(kinds(&found[1]), [NoticeKind::Fired, NoticeKind::Recovered]);
        assert_eq!(log_all(store).await, [ALERT_FIRED, ALERT_RECOVERED, ALERT_FIRED]);
        assert_eq!(present(store, &rule).await.told_alert_id, Some(found[0].id));
    }

    async fn a_notice_that_is_put_into_the_log_twice_is_there_and_delivered_once(site) {
        let (store, app) = (&site.store, site.app().await);
        let url = "https://hooks.example/".parse().unwrap();
        let mut settings = IntegrationSettings::new("n", url);
        settings.events = [ALERT_FIRED.to_owned()].into();
        let integration =
            store.create_integration(app, &settings, &"whsec_x".into(), 3, &Actor::HOST).await.unwrap();
        let rule = made(store, app).await;
        keep(store, &rule, 2000.0, 1).await;
        let notice = store.unlogged_notices(9).await.unwrap().remove(0);
        let event = Event {
            id: notice.event_id,
            app_id: app,
            session_id: SessionId::OF_APP,
            call_id: None,
            preview: false,
            trace_parent: None,
            envelope: notice.envelope.clone(),
        };
        // The process dies after the first, before it could be noted.
        for repeated in [false, true] {
            let appended = store.append(vec![Append::Event(event.clone())]).await.unwrap();
            assert_eq!(appended[0].is_repeated(), repeated);
        }
        let pending = store.pending(integration.id, None, 9).await.unwrap();
        assert_eq!(pending.len(), 1);
        assert_eq!(pending[0].event_id, notice.event_id);
        assert!(pending[0].body.contains("2000 deliveries of an integration wait"));
        // Nobody else may tell of alerts.
        let visitors = Event { session_id: new_session_id(), id: crate::site::event_id(), ..event };
        let refused = store.append(vec![Append::Event(visitors)]).await;
        assert!(matches!(refused, Err(AppendError::Refused { reason: Refusal::Mismatch, .. })));
    }

    async fn what_was_told_is_said_to_be_over_though_others_came_while_it_was_quiet(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        keep(store, &rule, 2000.0, 0).await;
        for (minute, value) in [(1, 0.0), (2, 0.0), (3, 2000.0), (4, 0.0), (5, 0.0)] {
            let quiet = look(store, &rule, value, minute, true).await;
            assert_eq!(store.keep_looks(&[quiet]).await.unwrap(), 0);
        }
        assert_eq!(keep(store, &rule, 0.0, 6).await, 1);
        let found = alerts(store, app).await;
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].notices, [], "nobody knew of the second");
        let kinds: Vec<_> = found[1].notices.iter().map(|notice| notice.kind).collect();
        assert_eq!(kinds, [NoticeKind::Fired, NoticeKind::Recovered]);
    }

    async fn a_rule_that_is_changed_meanwhile_keeps_no_look_at_what_it_was(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        let stale = look(store, &rule, 2000.0, 1, false).await;
        let settings = AlertRuleSettings { threshold: Some(5000), ..rule.settings.clone() };
        store.update_alert_rule(app, rule.id, &settings, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(store.keep_looks(&[stale]).await.unwrap(), 0);
        assert_eq!(alerts(store, app).await, []);
    }

    async fn a_rule_that_watches_something_else_or_nothing_begins_anew_and_its_alert_is_over(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        keep(store, &rule, 2000.0, 0).await;
        assert_eq!(present(store, &rule).await.progress.state.name(), StateName::Firing);
        let other = AlertRuleSettings { kind: AlertKind::BreakerOpen, ..rule.settings.clone() };
        let changed = store.update_alert_rule(app, rule.id, &other, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!((changed.progress, changed.alert_id), (Progress::default(), None));
        let end = alerts(store, app).await[0].end.map(|(_, how)| how);
        assert_eq!(end, Some(AlertEnd::RuleChanged));
        let off = AlertRuleSettings { active: false, ..other };
        store.update_alert_rule(app, rule.id, &off, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(store.active_alert_rules().await.unwrap(), []);
    }

    async fn a_silence_is_kept_and_ended(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        let until = after(3600);
        store.silence_alert_rule(app, rule.id, Some(until), &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(present(store, &rule).await.silenced_until, Some(until));
        store.silence_alert_rule(app, rule.id, None, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(present(store, &rule).await.silenced_until, None);
        assert_eq!(present(store, &rule).await.revision, 1, "it is no setting");
    }

    async fn a_mail_is_taken_by_one_node_and_tried_again_until_it_is_taken(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        keep(store, &rule, 2000.0, 0).await;
        let due = store.take_due_mail().await.unwrap().unwrap();
        assert_eq!((due.address.as_str(), due.title.as_str()), ("ada@example.com", "Alert: Backlog"));
        assert_eq!(store.take_due_mail().await.unwrap(), None, "it is another's for now");
        store.mail_tried(&due, Err("no route".into())).await.unwrap();
        let mail = alerts(store, app).await[0].notices[0].mails[0].clone();
        assert_eq!((mail.failure.as_deref(), mail.given_up), (Some("no route"), false));
        site.sql("UPDATE alert_mails SET next_due = 0").await;
        let again = store.take_due_mail().await.unwrap().unwrap();
        store.mail_tried(&again, Ok(())).await.unwrap();
        site.sql("UPDATE alert_mails SET next_due = 0 WHERE next_due IS NOT NULL").await;
        assert_eq!(store.take_due_mail().await.unwrap(), None);
        let mail = alerts(store, app).await[0].notices[0].mails[0].clone();
        assert!(mail.sent_at.is_some() && mail.failure.is_none() && !mail.given_up);
    }

    async fn a_mail_that_was_put_off_by_a_clock_that_was_ahead_is_due(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        keep(store, &rule, 2000.0, 0).await;
        for (seconds, is_due) in [(3_000, false), (48 * 3_600, true)] {
            let next = after(seconds).millis();
            site.sql(&format!("UPDATE alert_mails SET next_due = {next}")).await;
            let taken = store.take_due_mail().await.unwrap();
            assert_eq!(taken.is_some(), is_due, "{seconds} s ahead");
        }
        assert_eq!(store.take_due_mail().await.unwrap(), None, "it is another's for now");
    }

    async fn a_mail_that_nobody_takes_is_given_up(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        keep(store, &rule, 2000.0, 0).await;
        let mut attempts = 0;
        while let Some(mail) = store.take_due_mail().await.unwrap() {
            attempts += 1;
            store.mail_tried(&mail, Err("no".into())).await.unwrap();
            site.sql("UPDATE alert_mails SET next_due = 0 WHERE next_due IS NOT NULL").await;
        }
        assert_eq!(attempts, 10);
        assert!(alerts(store, app).await[0].notices[0].mails[0].given_up);
    }

    async fn calls_are_counted_by_the_minute_in_which_they_end(site) {
        let store = &site.store;
        let visitor = site.visitor().await;
        let app = visitor.app_id();
        for ends in ["hangs up", "hangs up", "fails", "goes on"] {
            let call = visitor.calls(store).await;
            match ends {
                "hangs up" => store.append(vec![visitor.hangs_up(call)]).await.unwrap(),
                "fails" => store.append(vec![visitor.loses_media(call)]).await.unwrap(),
                _ => vec![],
            };
        }
        let denied = CatalogueEvent::CallError { code: ErrorCode::MicrophoneDenied };
        store.append(vec![Append::Event(visitor.event(&denied, None))]).await.unwrap();
        let preview = site.visitor_of(app, &[], true).await;
        preview.calls(store).await;

        let (from, to) = (after(-600), after(60));
        let minutes = store.call_minutes(app, from, to, false).await.unwrap();
        let sum = |of: fn(&bellpush_core::alerts::MinuteCounts) -> u32| minutes.values().map(of).sum::<u32>();
        assert_eq!((sum(|it| it.started), sum(|it| it.ended), sum(|it| it.answered)), (4, 3, 2));
        assert_eq!(sum(|it| it.never_began), 1);
        let errors = |code| sum_of(&minutes, code);
        assert_eq!((errors(ErrorCode::MediaFailed), errors(ErrorCode::MicrophoneDenied)), (1, 1));
        let last = minute_of(now());
        assert!(minutes.keys().all(|minute| (last - 1..=last).contains(minute)));
        let with_previews = store.call_minutes(app, from, to, true).await.unwrap();
        assert_eq!(with_previews.values().map(|it| it.started).sum::<u32>(), 5);
        let before = store.call_minutes(app, after(-7200), after(-3600), false).await.unwrap();
        assert!(before.is_empty());
    }

    async fn what_is_over_for_long_is_removed_and_what_goes_on_stays(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        for (minute, value) in [(0, 2000.0), (1, 0.0), (2, 0.0), (3, 2000.0)] {
            keep(store, &rule, value, minute).await;
        }
        log_all(store).await;
        let later: EventTime = after(3600);
        store.remove_alerts(later).await.unwrap();
        let left = alerts(store, app).await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].end, None);
    }

    async fn an_alert_is_kept_from_its_end_on_with_what_was_told_of_it(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        for (minute, value) in [(0, 2000.0), (10, 0.0), (11, 0.0)] {
            keep(store, &rule, value, minute).await;
        }
        log_all(store).await;
        store.remove_alerts(after(5 * 60)).await.unwrap();
        let kept = alerts(store, app).await;
        assert_eq!(kept.iter().map(|alert| alert.notices.len()).collect::<Vec<_>>(), [2]);
        store.remove_alerts(after(15 * 60)).await.unwrap();
        assert_eq!(alerts(store, app).await, []);
        assert_eq!(site.found("SELECT title AS found FROM alert_notices").await, [""; 0]);
    }

    async fn alerts_go_with_their_app(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = made(store, app).await;
        keep(store, &rule, 2000.0, 0).await;
        store.delete_app(app, &Actor::HOST).await.unwrap();
        assert_eq!(store.active_alert_rules().await.unwrap(), []);
        site.nothing_is_left().await;
        assert_eq!(store.unlogged_notices(9).await.unwrap(), []);
    }
}

fn sum_of(
    minutes: &std::collections::BTreeMap<i64, bellpush_core::alerts::MinuteCounts>,
    code: ErrorCode,
) -> u32 {
    minutes.values().filter_map(|counts| counts.errors.get(&code)).sum()
}
