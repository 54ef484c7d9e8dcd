//! `…/integrations/{integrationId}/replays`: many deliveries, delivered again.

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    delivery::DeliveryStatus,
    events::EventTime,
    ids::{AppId, CallId, IntegrationId, ReplayId},
};
use bellpush_store::{DeliveryFilter, Replay, ReplayState, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::ActingAs,
    api::{
        integrations::lookup::find,
        paging::{PageQuery, context_filter},
        path::PathIds,
    },
    http::{
        body::{JsonBody, QueryParameters},
        problem::Problem,
    },
    replays::ReplayRunner,
};

/// Which deliveries to replay, of those that are there now. All that is given must hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewReplay {
    /// Where they stand: `dead`, `delivered`, or both. Only dead ones by default.
    #[serde(default = "dead")]
    #[schema(min_items = 1, example = json!(["dead"]))]
    status: Vec<EndedStatus>,
    /// Only those of events of this name.
    name: Option<String>,
    /// Only those of events of this call.
    call_id: Option<CallId>,
    /// Only those of events with this value in their context, as `key:value`.
    #[schema(pattern = ":")]
    context: Option<String>,
    /// Only those of events that were stored then or later.
    from: Option<EventTime>,
    /// Only those of events that were stored earlier.
    to: Option<EventTime>,
}

/// Where a delivery stands that can be replayed.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EndedStatus {
    /// It arrived.
    Delivered,
    /// It was given up.
    Dead,
}

impl From<EndedStatus> for DeliveryStatus {
    fn from(status: EndedStatus) -> Self {
        match status {
            EndedStatus::Delivered => Self::Delivered,
            EndedStatus::Dead => Self::Dead,
        }
    }
}

fn dead() -> Vec<EndedStatus> {
    vec![EndedStatus::Dead]
}

impl TryFrom<NewReplay> for DeliveryFilter {
    type Error = Problem;

    fn try_from(new: NewReplay) -> Result<Self, Problem> {
        if new.status.is_empty() {
            let detail = "say which deliveries to replay: dead, delivered or both";
            return Err(Problem::invalid(detail).at("/status"));
        }
        let context = context_filter(new.context.as_deref());
        Ok(Self {
            statuses: new.status.into_iter().map(Into::into).collect(),
            name: new.name,
            event_id: None,
            call_id: new.call_id,
            context: context.map_err(Problem::in_body)?,
            from: new.from,
            to: new.to,
        })
    }
}

/// How far a replay has come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReplayStateView {
    /// There may be more to replay.
    Running,
    /// Everything waits for its attempt, or had it.
    Done,
    /// Someone has stopped it.
    Cancelled,
}

/// A replay of many deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplayView {
    /// Its id.
    #[schema(value_type = String)]
    id: ReplayId,
    /// How far it has come.
    state: ReplayStateView,
    /// How many deliveries it will be; `null` until they are counted.
    total: Option<u64>,
    /// How many it was so far.
    replayed: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: EventTime,
    /// When it was done or cancelled.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<EventTime>,
    /// Which deliveries.
    filter: ReplayFilterView,
}

/// Which deliveries a replay takes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReplayFilterView {
    /// Where they stand.
    status: Vec<DeliveryStatus>,
    /// Of events of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Of events of this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    call_id: Option<CallId>,
    /// Of events with this value in their context.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// Of events that were stored then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<EventTime>,
    /// Of events that were stored earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<EventTime>,
    /// Whether there are conditions besides, which only a newer version of the server knows: servers of
    /// that version run the replay.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    and_others: bool,
}

impl From<Replay> for ReplayView {
    fn from(replay: Replay) -> Self {
        let DeliveryFilter { statuses, name, call_id, context, from, to, .. } = replay.filter;
        Self {
            id: replay.id,
            state: match replay.state {
                ReplayState::Running => ReplayStateView::Running,
                ReplayState::Done => ReplayStateView::Done,
                ReplayState::Cancelled => ReplayStateView::Cancelled,
            },
            total: replay.total,
            replayed: replay.replayed,
            created_at: replay.created_at,
            ended_at: replay.ended_at,
            filter: ReplayFilterView {
                status: statuses,
                name,
                call_id,
                context: context.map(|(key, value)| format!("{key}:{value}")),
                from,
                to,
                and_others: !replay.is_whole,
            },
        }
    }
}

/// A page of replays.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayPage {
    /// The replays, newest first.
    items: Vec<ReplayView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// List replays
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/replays", operation_id = "listReplays", tag = "deliveries",
    params(("appId" = String, Path), ("integrationId" = String, Path), PageQuery),
    responses((status = 200, body = ReplayPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<ReplayPage>, Problem> {
    let request = page.request(|text| text.parse().ok())?;
    find(&store, app_id, id).await?;
    let page = store.replays(id, request).await?;
    Ok(Json(ReplayPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// Replay many deliveries
///
/// Goes on by itself, also over a restart of the server. It feeds the queue little by little, so that
/// new events do not wait behind it. One replay of an integration can run at a time.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations/{integrationId}/replays", operation_id = "createReplay", tag = "deliveries",
    params(("appId" = String, Path), ("integrationId" = String, Path)),
    request_body = NewReplay,
    responses(
        (status = 202, body = ReplayView),
        (status = 409, description = "Another replay is running"),
    )
)]
pub(crate) async fn create(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(replays): State<ReplayRunner>,
    PathIds((app_id, id)): PathIds<(AppId, IntegrationId)>,
    JsonBody(new): JsonBody<NewReplay>,
) -> Result<(StatusCode, Json<ReplayView>), Problem> {
    let filter = new.try_into()?;
    find(&store, app_id, id).await?;
    let replay = store.create_replay(app_id, id, filter, &actor).await?.ok_or_else(|| {
        Problem::conflict("a replay of this integration is running; wait for it or cancel it")
    })?;
    replays.wake();
    Ok((StatusCode::ACCEPTED, Json(replay.into())))
}

/// Read a replay
#[utoipa::path(
    get, path = "/v1/apps/{appId}/integrations/{integrationId}/replays/{replayId}", operation_id = "readReplay",
    tag = "deliveries",
    params(
        ("appId" = String, Path), ("integrationId" = String, Path), ("replayId" = String, Path)
    ),
    responses((status = 200, body = ReplayView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id, replay_id)): PathIds<(AppId, IntegrationId, ReplayId)>,
) -> Result<Json<ReplayView>, Problem> {
    Ok(Json(find_replay(&store, app_id, id, replay_id).await?.into()))
}

/// Cancel a replay
///
/// What it has replayed so far is not taken back. One that has ended stays as it is.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/integrations/{integrationId}/replays/{replayId}/cancel", operation_id = "cancelReplay",
    tag = "deliveries",
    params(
        ("appId" = String, Path), ("integrationId" = String, Path), ("replayId" = String, Path)
    ),
    responses((status = 200, body = ReplayView))
)]
pub(crate) async fn cancel(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds((app_id, id, replay_id)): PathIds<(AppId, IntegrationId, ReplayId)>,
) -> Result<Json<ReplayView>, Problem> {
    find_replay(&store, app_id, id, replay_id).await?;
    store.cancel_replay(replay_id, &actor).await?;
    Ok(Json(find_replay(&store, app_id, id, replay_id).await?.into()))
}

async fn find_replay(
    store: &Store,
    app_id: AppId,
    id: IntegrationId,
    replay_id: ReplayId,
) -> Result<Replay, Problem> {
    find(store, app_id, id).await?;
    let replay = store.replay(id, replay_id).await?;
    replay.ok_or_else(|| Problem::not_found(format!("the integration has no replay {replay_id}")))
}
