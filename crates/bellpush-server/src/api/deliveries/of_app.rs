//! `/v1/apps/{appId}/deliveries`: the delivery log of all integrations.

use std::collections::HashMap;

use axum::{Json, extract::State};
use bellpush_core::{
    delivery::{DeliveryKey, Seq},
    ids::{AppId, IntegrationId},
};
use bellpush_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    resource::{DeliveryQuery, DeliveryView},
    statuses::Statuses,
};
use crate::{
    api::{
        paging::PageQuery,
        path::{PathIds, app},
    },
    http::{body::QueryParameters, problem::Problem},
};

/// A delivery, with who gets it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppDeliveryView {
    /// The integration.
    #[schema(value_type = String)]
    integration_id: IntegrationId,
    /// Its name.
    integration_name: String,
    #[serde(flatten)]
    delivery: DeliveryView,
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppDeliveryPage {
    /// The deliveries, newest first.
    items: Vec<AppDeliveryView>,
    /// `after` of the next page; `null` on the last one.
    next: Option<String>,
}

/// List the deliveries of all integrations
///
/// Newest first; those of one event in the order of their integrations.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/deliveries", operation_id = "listAppDeliveries", tag = "deliveries",
    params(("appId" = String, Path), Statuses, DeliveryQuery, PageQuery),
    responses((status = 200, body = AppDeliveryPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    statuses: Statuses,
    QueryParameters(query): QueryParameters<DeliveryQuery>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<AppDeliveryPage>, Problem> {
    let filter = query.filter(statuses)?;
    let request = page.request(place)?;
    app(&store, app_id).await?;
    let integrations = store.integrations(app_id).await?;
    let names: HashMap<_, _> =
        integrations.into_iter().map(|it| (it.id, it.settings.name)).collect();
    let ids: Vec<_> = names.keys().copied().collect();
    let page = store.deliveries_of_app(app_id, &ids, &filter, request).await?;
    let items = page.items.into_iter().map(|delivery| {
        let integration_id = delivery.key.integration_id;
        let integration_name = names.get(&integration_id).cloned().unwrap_or_default();
        AppDeliveryView { integration_id, integration_name, delivery: delivery.into() }
    });
    let next =
        page.next.map(|DeliveryKey { integration_id, seq }| format!("{seq}-{integration_id}"));
    Ok(Json(AppDeliveryPage { items: items.collect(), next }))
}

/// The place that a `next` names.
fn place(text: &str) -> Option<DeliveryKey> {
    let (seq, integration) = text.split_once('-')?;
    Some(DeliveryKey { integration_id: integration.parse().ok()?, seq: Seq(seq.parse().ok()?) })
}
