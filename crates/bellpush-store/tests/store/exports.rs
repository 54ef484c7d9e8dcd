//! Exports: how many there are at once, and where they begin.

use bellpush_core::ids::{AppId, CallId};
use bellpush_store::{
    Actor, CallFilter, Export, ExportFormat, ExportState, Exported, PageRequest, Store,
};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::site::{Site, after, master_key, new_node};

async fn create(store: &Store, app_id: AppId) -> Option<Export> {
    let exported = Exported::Calls(CallFilter::default());
    let (expires_at, actor) = (after(3_600), Actor::HOST);
    store.create_export(app_id, exported, ExportFormat::Json, expires_at, 3, &actor).await.unwrap()
}

#[tokio::test]
async fn no_more_run_than_may_however_many_servers_make_them_at_once() {
    let site = Site::postgres().await;
    let other = site.open(master_key()).await.unwrap();
    let app = site.app().await;
    let servers = [&site.store, &other].into_iter().cycle();
    let made = join_all(servers.take(16).map(|store| create(store, app))).await;
    assert_eq!(made.into_iter().flatten().count(), 3);
    let exports = other.exports(app, PageRequest::first(50)).await.unwrap().items;
    assert_eq!(exports.len(), 3);
    assert!(exports.iter().all(|export| export.state == ExportState::Running));
    other.close().await;
    site.clear().await;
}

on_both_stores! {
    async fn a_call_that_began_by_a_clock_ahead_of_this_ones_is_exported(site) {
        let store = &site.store;
        let visitor = site.visitor().await;
        let made_at = uuid::Timestamp::from_unix(uuid::NoContext, after(60).millis() as u64 / 1_000, 0);
        let call_id = CallId::from_uuid(Uuid::new_v7(made_at));
        store.append(vec![visitor.starts(call_id, new_node())]).await.unwrap();
        let export = create(store, visitor.app_id()).await.unwrap();
        let page = PageRequest { after: Some(export.place.parse().unwrap()), limit: 10 };
        let calls = store.calls(visitor.app_id(), &CallFilter::default(), page).await.unwrap();
        let ids: Vec<_> = calls.items.iter().map(|found| found.call.id).collect();
        assert_eq!(ids, [call_id]);
    }
}
