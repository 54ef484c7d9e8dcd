//! Rows that a server of a newer version has written with words that this one does not know: they are
//! shown where that can be, and hide no others.

use bellpush_core::{
    alerts::{AlertKind, AlertRuleSettings, Reading},
    delivery::{DisableReason, Seq},
    integration::IntegrationSettings,
    rehearsal::{Fault, RehearsalSettings},
    trunk::DialogChange,
};
use bellpush_store::{
    Actor, Append, AuditAction, AuditFilter, CallFilter, Claim, DeliveryFilter, EventFilter,
    ExportFormat, Exported, Look, PageRequest, SecretHash, Who,
};
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    deliveries::{integrate, settings},
    dialogs::dialog,
    site::{Site, after, first_token, new_call, new_node, now},
    trunks::trunk,
};

/// What only a newer version knows, in a column of one row.
async fn put(site: &Site, (table, column): (&str, &str), id: impl ToString, value: &str) {
    let id = id.to_string();
    site.sql(&format!("UPDATE {table} SET {column} = '{value}' WHERE id = '{id}'")).await;
}

const ALL: u32 = 50;

on_both_stores! {
    async fn a_line_of_the_trail_is_told_whatever_was_done_and_by_whom(site) {
        let (store, app) = (&site.store, site.app().await);
        store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap();
        let newer = "action = 'agent_made', actor_kind = 'agent', actor_id = 'agent_1'";
        site.sql(&format!("UPDATE audit_trail SET {newer} WHERE app_id = '{app}'")).await;
        let all = store.audit(&AuditFilter::default(), PageRequest::first(ALL)).await.unwrap();
        let [.., made, line] = all.items.as_slice() else { panic!("{all:?}") };
        assert_eq!(made.action, AuditAction::TrunkMade);
        assert_eq!((line.action.as_str(), line.actor.who), ("agent_made", Who::Unknown));
        assert_eq!(line.app_id, Some(app));
    }

    async fn a_page_goes_on_behind_rows_that_can_not_be_read(site) {
        let (store, app) = (&site.store, site.app().await);
        let id = integrate(store, app, for_previews()).await;
        let wanted = RehearsalSettings {
            integration_id: Some(id),
            destination_id: None,
            fault: Fault::Hanging,
            seconds: 30,
        };
        let mut made = Vec::new();
        for _ in 0..7 {
            let begun = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
            store.end_rehearsal(app, begun.id, &Actor::HOST).await.unwrap();
            made.push(begun.id);
        }
        // Newest first: one that can be read, three that can't, one, one that can't, and the oldest.
        for strange in [5, 4, 3, 1] {
            put(site, ("rehearsals", "fault"), made[strange], "slow").await;
        }
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.rehearsals(app, None, PageRequest { after, limit: 1 }).await.unwrap();
            assert!(page.items.len() <= 1);
            found.extend(page.items.iter().map(|rehearsal| rehearsal.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, [made[6], made[2], made[0]]);
    }

    async fn a_rehearsal_of_something_new_ends_for_everybody(site) {
        let (store, app) = (&site.store, site.app().await);
        let profile = store.profiles(app).await.unwrap()[0].id;
        let wanted = RehearsalSettings {
            integration_id: None,
            destination_id: Some(profile),
            fault: Fault::TrunkBusy,
            seconds: 30,
        };
        let begun = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
        put(site, ("rehearsals", "fault"), begun.id, "echo").await;
        assert_eq!(store.running_call_rehearsal(profile).await.unwrap(), None);
        assert!(store.running_rehearsals(now()).await.unwrap().is_empty());
        site.sql("UPDATE rehearsals SET ends_at = 1000").await;
        assert_eq!(store.end_due_rehearsals(now()).await.unwrap(), []);
        assert_eq!(store.next_rehearsal_end().await.unwrap(), None, "it is written down");
        let of = AuditFilter { subject_id: Some(profile.to_string()), ..AuditFilter::default() };
        let told = store.audit(&of, PageRequest::first(1)).await.unwrap().items;
        assert_eq!(told[0].action, AuditAction::RehearsalEnded);
        assert!(store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().is_some());
    }

    async fn replays_by_conditions_of_a_newer_version_are_shown_and_can_be_stopped(site) {
        let (store, app) = (&site.store, site.app().await);
        let id = integrate(store, app, settings(&["wish"])).await;
        let filter = DeliveryFilter { name: Some("wish".into()), ..DeliveryFilter::default() };
        let made = store.create_replay(app, id, filter.clone(), &Actor::HOST).await.unwrap().unwrap();
        assert!(made.is_whole);
        put(site, ("replays", "filter"), made.id, r#"{"name":"wish","region":"eu"}"#).await;
        let shown = store.replays(id, PageRequest::first(ALL)).await.unwrap().items;
        assert_eq!((shown.len(), shown[0].id, &shown[0].filter), (1, made.id, &filter));
        assert!(!shown[0].is_whole, "nobody takes it for all");
        assert_eq!(store.running_replays().await.unwrap(), []);
        assert!(store.cancel_replay(made.id, &Actor::HOST).await.unwrap());
        put(site, ("replays", "state"), made.id, "paused").await;
        assert_eq!(store.replays(id, PageRequest::first(ALL)).await.unwrap().items, []);
    }

    async fn exports_by_conditions_of_a_newer_version_are_shown_and_stand_in_no_others_way(site) {
        let (store, app) = (&site.store, site.app().await);
        let later = after(3_600);
        let made = async |exported| {
            let format = ExportFormat::Json;
            store.create_export(app, exported, format, later, 3, &Actor::HOST).await.unwrap().unwrap().id
        };
        let of_calls = made(Exported::Calls(CallFilter::default())).await;
        let of_events = made(Exported::Events(EventFilter::default())).await;
        let newer = json!({ "kind": "calls", "filter": { "errorCode": "agent_asleep", "queue": "a" } });
        put(site, ("exports", "filter"), of_calls, &newer.to_string()).await;
        let shown = store.exports(app, PageRequest::first(ALL)).await.unwrap().items;
        let shown: Vec<_> = shown.iter().map(|it| (it.id, it.is_whole)).collect();
        assert_eq!(shown, [(of_events, true), (of_calls, false)]);
        assert!(store.export(app, of_calls).await.unwrap().is_some(), "it can be deleted");
        let taken = store.take_export().await.unwrap().unwrap();
        assert_eq!(taken.id, of_events, "the older one is left to who knows its conditions");
        assert_eq!(store.take_export().await.unwrap(), None);
        // Of a kind that is not known, it is not shown.
        put(site, ("exports", "filter"), of_calls, r#"{"kind":"agents","filter":{}}"#).await;
        put(site, ("exports", "kind"), of_calls, "agents").await;
        assert_eq!(store.exports(app, PageRequest::first(ALL)).await.unwrap().items.len(), 1);
    }

    async fn how_a_rule_stands_keeps_what_is_not_known_of_it_and_others_are_looked_at(site) {
        let (store, app) = (&site.store, site.app().await);
        let settings = AlertRuleSettings::new("Backlog", AlertKind::Backlog);
        let rule = store.create_alert_rule(app, &settings, &Actor::HOST).await.unwrap();
        let other = store.create_alert_rule(app, &settings, &Actor::HOST).await.unwrap();
        let newer = json!({
            "state": { "name": "normal", "trend": "up" }, "told": false, "lookedAt": null, "escalated": 2,
        });
        put(site, ("alert_rules", "progress"), rule.id, &newer.to_string()).await;
        let rules = store.active_alert_rules().await.unwrap();
        assert_eq!(rules.iter().map(|it| it.id).collect::<Vec<_>>(), [rule.id, other.id]);
        let (at, reading) = (now(), Reading { value: Some(1.0), sample: 0 });
        let step = rules[0].progress.step(&settings, reading, false, at);
        let look = Look { rule: rules[0].clone(), at, reading, step };
        store.keep_looks(&[look]).await.unwrap();
        let sql = format!("SELECT progress AS found FROM alert_rules WHERE id = '{}'", rule.id);
        let kept: serde_json::Value = serde_json::from_str(&site.found(&sql).await[0]).unwrap();
        assert_eq!((&kept["escalated"], &kept["state"]["trend"]), (&json!(2), &json!("up")), "{kept}");
        assert_ne!(kept["lookedAt"], json!(null), "{kept}");

        put(site, ("alert_rules", "progress"), rule.id, r#"{"state":{"name":"snoozed"},"told":false}"#).await;
        let active = store.active_alert_rules().await.unwrap();
        assert_eq!(active.iter().map(|it| it.id).collect::<Vec<_>>(), [other.id]);
        assert_eq!(store.alert_rules(app).await.unwrap().len(), 1);
    }

    async fn no_list_fails_for_one_row(site) {
        let (store, app) = (&site.store, site.app().await);
        let demo = store.profiles(app).await.unwrap().remove(0);
        let other = store.create_profile(app, &demo.settings, false, &Actor::HOST).await.unwrap();
        put(site, ("destinations", "settings"), other.id, r#"{"name":"Agents","kind":"agents"}"#).await;
        assert_eq!(store.profiles(app).await.unwrap(), [demo]);

        let known = store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap();
        let strange = store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap();
        let newer = r#"{"name":"Q","domain":"pbx.example","transport":"quic"}"#;
        put(site, ("trunks", "settings"), strange.id, newer).await;
        assert_eq!(store.trunks().await.unwrap(), std::slice::from_ref(&known));
        assert_eq!(store.trunks_with_passwords().await.unwrap()[0].0, known);

        let hook = integrate(store, app, settings(&["wish"])).await;
        let strange = integrate(store, app, settings(&["wish"])).await;
        store.disable_integration(hook, DisableReason::Gone, None).await.unwrap();
        store.disable_integration(strange, DisableReason::Gone, None).await.unwrap();
        put(site, ("integrations", "disabled_reason"), strange, "quota").await;
        let shown = store.integrations(app).await.unwrap();
        assert_eq!(shown.iter().map(|it| it.id).collect::<Vec<_>>(), [hook]);
        let reason = format!("UPDATE notifications SET reason = 'quota' WHERE integration_id = '{strange}'");
        site.sql(&reason).await;
        assert_eq!(store.notifications(PageRequest::first(ALL)).await.unwrap().items.len(), 1);
        assert_eq!(store.unsent_notifications(ALL).await.unwrap().len(), 1);

        let strange = site.app().await;
        put(site, ("app_rows", "settings"), strange, r#"{"name":"Next","challenge":"puzzle"}"#).await;
        assert_eq!(store.apps().await.unwrap().iter().map(|it| it.id).collect::<Vec<_>>(), [app]);

        let visitor = site.visitor_of(app, &[], false).await;
        let (one, two) = (new_call(), new_call());
        for call in [one, two] {
            store.append(vec![visitor.starts(call, new_node())]).await.unwrap();
        }
        put(site, ("calls", "state"), one, "queued").await;
        let shown = store.calls(app, &CallFilter::default(), PageRequest::first(ALL)).await.unwrap();
        assert_eq!(shown.items.iter().map(|it| it.call.id).collect::<Vec<_>>(), [two]);
        put(site, ("calls", "quality_grade"), two, "superb").await;
        let shown = store.call(two).await.unwrap().unwrap();
        assert_eq!(shown.quality_grade, None, "a call can do without it");
    }
}

/// As a newer version that starts beside this one adds columns, while statements are prepared.
#[tokio::test]
async fn columns_that_a_newer_version_adds_are_in_the_way_of_nothing() {
    let site = Site::postgres().await;
    let (store, visitor) = (&site.store, site.visitor().await);
    let (old, new) = (new_node(), new_node());
    let work = async || {
        // At all connections at once.
        let found = join_all((0..20).map(|_| store.session_by_token(&visitor.token, now()))).await;
        assert!(found.into_iter().all(|found| found.unwrap().is_some()));
        let call_id = new_call();
        store.append(vec![visitor.starts(call_id, old)]).await.unwrap();
        let open = DialogChange::Open(dialog(&call_id.to_string(), call_id));
        store.keep_dialogs(old, now(), vec![open]).await.unwrap();
        let orphans = store.orphaned_calls(new, now(), after(60)).await.unwrap();
        assert_eq!(orphans.len(), 1);
        let claim = Claim {
            call_id,
            from: old,
            to: new,
            shown: &first_token(call_id),
            next: &SecretHash::of("rt_2"),
            request: None,
            at: now(),
            orphaned_at: None,
        };
        assert!(store.claim_call(claim).await.unwrap().unwrap().dialog.is_some());
        let Append::CallEnded { event, finish, .. } = visitor.hangs_up(call_id) else {
            panic!("it ends a call")
        };
        store.append(vec![Append::CallEnded { event, finish, node_id: new }]).await.unwrap();
        store.call(call_id).await.unwrap().unwrap();
        let page = PageRequest::first(ALL);
        store.calls(visitor.app_id(), &CallFilter::default(), page).await.unwrap();
        store.events_after(Seq(0), ALL).await.unwrap();
    };
    work().await;
    for table in ["sessions", "calls", "dialogs", "events"] {
        site.sql(&format!("ALTER TABLE {table} ADD COLUMN newer TEXT NOT NULL DEFAULT ''")).await;
    }
    work().await;
    site.clear().await;
}

/// What columns can't keep from it, as when one has another type.
#[tokio::test]
async fn a_statement_that_was_prepared_for_another_type_is_prepared_anew() {
    let site = Site::postgres().await;
    let (store, visitor) = (&site.store, site.visitor().await);
    let read =
        async || join_all((0..20).map(|_| store.session_by_token(&visitor.token, now()))).await;
    read().await;
    site.sql("ALTER TABLE sessions ALTER COLUMN routing_key TYPE VARCHAR(200)").await;
    for found in read().await.into_iter().chain(read().await) {
        assert_eq!(found.unwrap().unwrap(), visitor.session);
    }
    site.clear().await;
}

fn for_previews() -> IntegrationSettings {
    IntegrationSettings { include_previews: true, ..settings(&["widget_loaded"]) }
}
