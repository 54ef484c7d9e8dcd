//! What changed meanwhile, to be marked on charts.

use axum::{Json, extract::State};
use bellpush_core::{
    access::{
        Permission, Place,
        Resource::{Alerts, Integrations, Trunks},
    },
    events::EventTime,
    ids::AppId,
};
use bellpush_store::{AuditAction, AuditFilter, Deed, PageRequest, Store};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::{AnalyticsQuery, Asked, PeriodView};
use crate::{
    access::Caller,
    api::path::{PathIds, app},
    http::{body::QueryParameters, problem::Problem},
};

/// Lines of the audit trail that are looked through, at most.
const MAX_LINES: u32 = 2_000;
/// Alerts that are looked through, at most: the newest ones.
const MAX_ALERTS: u32 = 500;
/// Outages that are looked through, at most: the newest ones.
const MAX_OUTAGES: u32 = 200;
/// Marks in one answer, at most: the newest ones.
const MAX_MARKS: usize = 200;
/// The field of an app's or a profile's settings that holds its business hours.
const HOURS: &str = "hours";

/// What changed in some days.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnalyticsMarks {
    /// Of which days.
    period: PeriodView,
    /// The newest ones, up to 200, newest first.
    items: Vec<MarkView>,
}

/// Something that changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MarkView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// What.
    kind: MarkKind,
    /// Of what: the name of a profile, a trunk, an integration or an alert's rule, or the number of a design's version;
    /// `null` for the app's own.
    name: Option<String>,
}

/// What changed.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MarkKind {
    /// A version of the design was published.
    Published,
    /// A version of the design was brought back.
    RolledBack,
    /// Business hours were changed.
    HoursChanged,
    /// An alert fired.
    Alert,
    /// A trunk that the app calls by went out of order.
    TrunkDown,
    /// It was well again.
    TrunkRecovered,
    /// The endpoint of an integration went out of order: its breaker opened.
    IntegrationDown,
    /// It was well again, or the integration was switched off.
    IntegrationRecovered,
}

/// See what changed meanwhile
///
/// Publications of the design, and changes of business hours, as the audit trail has them, without
/// who made them; alerts that fired, for who has `alerts:read` as well; outages of the trunks that its
/// profiles call by, for who has `trunks:read`; and those of its integrations, for who has
/// `integrations:read`.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/analytics/marks", operation_id = "readAnalyticsMarks", tag = "analytics",
    params(("appId" = String, Path), AnalyticsQuery),
    responses((status = 200, body = AnalyticsMarks))
)]
pub(crate) async fn read(
    caller: Caller,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(query): QueryParameters<AnalyticsQuery>,
) -> Result<Json<AnalyticsMarks>, Problem> {
    let Asked { period, .. } = query.of(&app(&store, app_id).await?)?;
    let filter = AuditFilter {
        app_id: Some(app_id),
        actions: vec![
            AuditAction::DesignPublished,
            AuditAction::DesignRolledBack,
            AuditAction::AppUpdated,
            AuditAction::ProfileUpdated,
        ],
        from: Some(EventTime::new(period.start())),
        to: Some(EventTime::new(period.end())),
        ..AuditFilter::default()
    };
    let page = store.audit(&filter, PageRequest::first(MAX_LINES)).await?;
    let marks = page.items.into_iter().filter_map(|line| {
        let kind = match line.action {
            Deed::Known(AuditAction::DesignPublished) => MarkKind::Published,
            Deed::Known(AuditAction::DesignRolledBack) => MarkKind::RolledBack,
            _ if line.changes.iter().any(|change| is_of_hours(&change.field)) => {
                MarkKind::HoursChanged
            }
            _ => return None,
        };
        let name = match line.action {
            Deed::Known(AuditAction::AppUpdated) => None,
            _ => line.subject_name,
        };
        Some(MarkView { at: line.at, kind, name })
    });
    let mut items: Vec<_> = marks.collect();
    if caller.must_read(Alerts, app_id).is_ok() {
        let span = period.start().as_millisecond()..period.end().as_millisecond();
        let page = store.alerts(app_id, None, PageRequest::first(MAX_ALERTS)).await?;
        let fired = page.items.into_iter().filter(|alert| span.contains(&alert.fired_at.millis()));
        items.extend(fired.map(|alert| MarkView {
            at: alert.fired_at,
            kind: MarkKind::Alert,
            name: Some(alert.rule_name),
        }));
    }
    if caller.authority().allows(Permission::read(Trunks), Place::AnyApp) {
        let span = (EventTime::new(period.start()), EventTime::new(period.end()));
        for outage in store.trunk_outages(app_id, span, MAX_OUTAGES).await? {
            let began = (outage.began_at, MarkKind::TrunkDown);
            let ended = outage.ended_at.map(|at| (at, MarkKind::TrunkRecovered));
            items.extend(outage_marks(span, outage.name, began, ended));
        }
    }
    if caller.must_read(Integrations, app_id).is_ok() {
        let span = (EventTime::new(period.start()), EventTime::new(period.end()));
        for outage in store.integration_outages(app_id, span, MAX_OUTAGES).await? {
            let began = (outage.began_at, MarkKind::IntegrationDown);
            let ended = outage.ended_at.map(|at| (at, MarkKind::IntegrationRecovered));
            items.extend(outage_marks(span, outage.name, began, ended));
        }
    }
    items.sort_by_key(|mark| std::cmp::Reverse(mark.at.millis()));
    items.truncate(MAX_MARKS);
    Ok(Json(AnalyticsMarks { period: (&period).into(), items }))
}

/// Where an outage begins and ends, as far as that is within the span.
fn outage_marks(
    (from, to): (EventTime, EventTime),
    name: String,
    began: (EventTime, MarkKind),
    ended: Option<(EventTime, MarkKind)>,
) -> impl Iterator<Item = MarkView> {
    let marks = std::iter::once(began).chain(ended);
    let within = marks.filter(move |(at, _)| (from..to).contains(at));
    within.map(move |(at, kind)| MarkView { at, kind, name: Some(name.clone()) })
}

/// Whether a changed field is of business hours, or within them.
fn is_of_hours(field: &str) -> bool {
    field.trim_start_matches('/').split(['/', '.']).next() == Some(HOURS)
}
