//! `…/integrations/{integrationId}/health`: how an integration does right now.

use axum::{Json, extract::State};
use bellpush_core::{
    delivery::Outage,
    events::EventTime,
    ids::{AppId, IntegrationId},
};
use bellpush_delivery::{Announcer, BreakerState};
use bellpush_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::ActingAs,
    api::{integrations::lookup::find, path::PathIds},
    clock::now,
    http::problem::Problem,
};

/// How an integration does right now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationHealth {
    /// Whether anything is sent at all.
    active: bool,
    /// Its breaker; `null` while it is not active.
    breaker: Option<BreakerView>,
    /// Deliveries that wait for an attempt, without those that a rehearsal holds back.
    waiting: u64,
    /// When the oldest event that waits was stored.
    #[schema(value_type = Option<String>, format = DateTime)]
    waiting_since: Option<EventTime>,
    /// Attempts that are being made.
    in_flight: usize,
}

/// What a breaker lets through.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BreakerStateView {
    /// Everything.
    Closed,
    /// Nothing, for a while.
    Open,
    /// One attempt, to see whether the endpoint is back.
    HalfOpen,
}

/// A breaker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BreakerView {
    /// What it lets through.
    state: BreakerStateView,
    /// Since when no attempt has succeeded; `null` while it is closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<EventTime>,
    /// Probes that failed since then.
    failed_probes: u32,
    /// When the next probe may go out; `null` while it is closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_probe: Option<EventTime>,
}

impl BreakerView {
    pub(crate) fn new(state: BreakerState, outage: Option<Outage>) -> Self {
        Self {
            state: match state {
                BreakerState::Closed => BreakerStateView::Closed,
                BreakerState::Open => BreakerStateView::Open,
                BreakerState::HalfOpen => BreakerStateView::HalfOpen,
            },
            failing_since: outage.map(|outage| outage.failing_since),
            failed_probes: outage.map_or(0, |outage| outage.trips),
            next_probe: outage.map(|outage| outage.open_until),
        }
    }
}

/// See how an integration does right now
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/health", operation_id = "readIntegrationHealth", tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    responses((status = 200, body = IntegrationHealth))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
) -> Result<Json<IntegrationHealth>, Problem> {
    health(&store, &announcer, app_id, id).await.map(Json)
}

/// Reset an integration's breaker
///
/// Closes it, whatever happened: what waits is sent at once.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations/{integrationId}/breaker/reset", operation_id = "resetBreaker",
    tag = "integrations",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    responses((status = 200, body = IntegrationHealth))
)]
pub(crate) async fn reset_breaker(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(announcer): State<Announcer>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
) -> Result<Json<IntegrationHealth>, Problem> {
    find(&store, app_id, id).await?;
    store.record_breaker_reset(&actor, app_id, id).await?;
    announcer.reset_breaker(id).await?;
    health(&store, &announcer, app_id, id).await.map(Json)
}

async fn health(
    store: &Store,
    announcer: &Announcer,
    app_id: AppId,
    id: IntegrationId,
) -> Result<IntegrationHealth, Problem> {
    let integration = find(store, app_id, id).await?;
    let (waiting, waiting_since) = store.backlog(id).await?;
    let waiting = waiting.saturating_sub(store.held_back(id, now()).await?);
    let lane = announcer.lane(id).await?;
    Ok(IntegrationHealth {
        active: integration.settings.active,
        breaker: lane.map(|lane| BreakerView::new(lane.breaker, lane.outage)),
        waiting,
        waiting_since: waiting_since.filter(|_| waiting > 0),
        in_flight: lane.map_or(0, |lane| lane.in_flight),
    })
}
