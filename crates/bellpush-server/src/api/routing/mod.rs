//! `/v1/apps/{appId}/routing/check`: what would happen now, or at another time?

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use bellpush_core::{
    context::Context,
    events::EventTime,
    ids::{AppId, CallId, DestinationId, TrunkId},
    profile::{MAX_ROUTING_KEY_CHARS, ProfileKind, RoutingKey, is_routing_key},
    routing::{self, CallFacts, ChainLink, HopTarget, HoursFrom, RouteError, RouteRequest},
};
use bellpush_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    api::path::{PathIds, app},
    clock::now,
    hours::opening_status,
    http::{body::JsonBody, problem::Problem},
    server::Server,
};

/// The header that names the call, which there is none of here.
const CALL_HEADER: &str = "X-Bellpush-Call";

/// The route.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(check))
}

/// The call that is thought of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoutingQuestion {
    /// When; now without it.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<EventTime>,
    /// The profile that is asked for; the app's default without it.
    #[schema(value_type = Option<String>, pattern = "^dest_[0-9a-f]{32}$")]
    destination_id: Option<DestinationId>,
    /// The session's routing key.
    #[schema(value_type = Option<RoutingKey>)]
    routing_key: Option<String>,
    /// The session's context.
    #[serde(default)]
    context: Context,
    /// What the visitor fills in before the call.
    #[serde(default)]
    form: BTreeMap<String, String>,
}

/// What would happen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoutingAnswer {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: EventTime,
    /// Whether the call would be taken.
    open: bool,
    /// When the first of the profiles opens, where all are closed; `null` also when none does within a
    /// year.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_opening: Option<EventTime>,
    /// Every profile that the call could go to, in their order, closed ones included.
    chain: Vec<ChainLinkView>,
    /// The profiles that it would be offered to, one after the other.
    #[schema(value_type = Vec<String>)]
    offered_to: Vec<DestinationId>,
}

/// One profile of the chain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChainLinkView {
    /// The profile.
    #[schema(value_type = String)]
    profile_id: DestinationId,
    /// Its name.
    name: String,
    /// What kind of place it is.
    kind: ProfileKind,
    /// Whether it is open then.
    open: bool,
    /// When that changes; `null` when it does not within a year.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_change: Option<EventTime>,
    /// Whose hours hold.
    hours_from: HoursFrom,
    /// The label of the exception of that date.
    exception: Option<String>,
    /// Where it leads.
    far_side: FarSideView,
    /// The caller's name, as the far side would show it.
    caller_name: Option<String>,
    /// The headers that an INVITE would have, besides the one that names the call, in their order.
    headers: Vec<HeaderView>,
    /// Seconds that it would ring before the call goes on to the next one.
    ring_timeout_seconds: u16,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
struct HeaderView {
    /// Its name.
    name: String,
    /// Its value, percent-encoded where it must be.
    value: String,
}

/// Where a profile leads.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum FarSideView {
    /// The built-in demo.
    Demo,
    /// A telephone.
    #[serde(rename_all = "camelCase")]
    Sip {
        /** The trunk to call by. */
        #[schema(value_type = String)]
        trunk_id: TrunkId,
        /** Whom to call: an extension or number, or a SIP URI. */
        to: String,
    },
}

/// Check the routing
///
/// What would happen to a call: by the same rules that calls are placed by.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/routing/check", operation_id = "checkRouting", tag = "hours",
    params(("appId" = String, Path)),
    request_body = RoutingQuestion,
    responses((status = 200, body = RoutingAnswer))
)]
pub(crate) async fn check(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(question): JsonBody<RoutingQuestion>,
) -> Result<Json<RoutingAnswer>, Problem> {
    if question.routing_key.as_deref().is_some_and(|key| !is_routing_key(key)) {
        let detail = format!(
            "a routing key has 1 to {MAX_ROUTING_KEY_CHARS} characters, and none of control"
        );
        return Err(Problem::invalid(detail).at("/routingKey"));
    }
    let app = app(&store, app_id).await?;
    let profiles = opening_status::profiles(&store, &app).await?;
    let routing_key = question.routing_key.as_deref();
    let request = RouteRequest { destination_id: question.destination_id, routing_key };
    let at = question.at.unwrap_or_else(now);
    let unknown = |refusal: RouteError| Problem::from(refusal).at("/destinationId");
    let chain = profiles.explain(request, at.timestamp()).map_err(unknown)?;
    let (offered_to, next_opening) = match profiles.route(request, at.timestamp()) {
        Ok(hops) => (hops.iter().map(|hop| hop.profile_id).collect(), None),
        Err(RouteError::Closed { next_opening }) => (Vec::new(), next_opening.map(EventTime::new)),
        Err(refusal @ RouteError::UnknownProfile) => return Err(unknown(refusal)),
    };
    let facts = CallFacts {
        call_id: CallId::from_uuid(Uuid::nil()),
        app_id,
        context: &question.context,
        routing_key,
        form: &question.form,
        consent: None,
    };
    Ok(Json(RoutingAnswer {
        at,
        open: !offered_to.is_empty(),
        next_opening,
        chain: chain.iter().map(|link| view(link, &facts)).collect(),
        offered_to,
    }))
}

fn view(link: &ChainLink<'_>, facts: &CallFacts<'_>) -> ChainLinkView {
    let ChainLink { hop, span, hours_from, exception } = link;
    let profile = hop.profile;
    let target = match hop.target() {
        Some(HopTarget::Sip { trunk_id, to }) => FarSideView::Sip { trunk_id, to: to.to_string() },
        Some(HopTarget::Demo) | None => FarSideView::Demo,
    };
    let is_sip = profile.kind == ProfileKind::Sip;
    let headers = if is_sip { routing::headers(facts, profile) } else { Vec::new() };
    let caller_name = profile.caller_name.as_ref().map(|name| name.render(facts));
    ChainLinkView {
        profile_id: hop.profile_id,
        name: profile.name.clone(),
        kind: profile.kind,
        open: span.open,
        next_change: span.until.map(EventTime::new),
        hours_from: *hours_from,
        exception: exception.map(ToOwned::to_owned),
        far_side: target,
        caller_name: caller_name.filter(|name| !name.is_empty()),
        headers: headers
            .into_iter()
            .filter(|(name, _)| name != CALL_HEADER)
            .map(|(name, value)| HeaderView { name, value })
            .collect(),
        ring_timeout_seconds: profile.ring_timeout_seconds,
    }
}
