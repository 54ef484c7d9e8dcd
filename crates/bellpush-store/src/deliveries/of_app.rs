//! The delivery log of all integrations of an app, in one order.

use std::cmp::Reverse;

use bellpush_core::{
    delivery::{DeliveryKey, Seq},
    ids::{AppId, IntegrationId},
};

use super::search::{Bounds, Delivery, DeliveryFilter, Search, delivery};
use crate::{
    Page, PageRequest, Store, StoreError,
    db::{self, page::Query},
};

impl Store {
    /// The deliveries of these integrations of an app, newest first; those of one event by their
    /// integrations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deliveries_of_app(
        &self,
        app_id: AppId,
        integrations: &[IntegrationId],
        filter: &DeliveryFilter,
        page: PageRequest<DeliveryKey>,
    ) -> Result<Page<Delivery, DeliveryKey>, StoreError> {
        let within = self.bounds(filter.from, filter.to).await?;
        let by_context = self.by_context(app_id, filter).await?;
        let mut found = Vec::new();
        // An index answers for each integration by itself: an app has few.
        for &integration_id in integrations {
            let before = page.after.map(|last| first_left_out(last, integration_id));
            let bounds = within.within(Bounds { after: None, before });
            let search = Search { app_id, integration_id, filter, bounds, by_context };
            let Query { sql, values } = search.newest(page.limit);
            let rows = db::all(&self.db().read, &sql, values).await?;
            found.extend(db::readable(rows, delivery)?);
        }
        found.sort_unstable_by_key(|it| (Reverse(it.key.seq), it.key.integration_id));
        let limit = page.limit as usize;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|last| last.key);
        Ok(Page { items: found, next })
    }
}

/// The first place of an integration that stands behind the last delivery of a page no more.
fn first_left_out(last: DeliveryKey, integration_id: IntegrationId) -> Seq {
    // Of the very event, the integrations behind that one are still to come.
    Seq(last.seq.0.saturating_add(i64::from(integration_id > last.integration_id)))
}
