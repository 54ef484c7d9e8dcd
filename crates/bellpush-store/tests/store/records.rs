//! The records of calls.

use bellpush_core::{
    events::EventTime,
    ids::AppId,
    lifecycle::Phase,
    record::{RecordEntry, Recorded},
};
use bellpush_store::{Actor, CallRecord, CallRecordPart, Store};

use crate::site::{after, master_key, now};

fn seen(seq: u64) -> Recorded {
    Recorded { seq, at: 1_000 + seq as i64, entry: RecordEntry::Phase { phase: Phase::Ringing } }
}

async fn put(store: &Store, app_id: AppId, call: bellpush_core::ids::CallId, seqs: &[u64]) -> u64 {
    let entries = seqs.iter().copied().map(seen).collect();
    let part = CallRecordPart { call_id: call, app_id, entries, dropped: 1 };
    store.put_call_records(&[part]).await.unwrap()
}

on_both_stores! {
    async fn what_was_recorded_comes_back_in_its_order_and_is_not_readable_in_the_database(site) {
        let visitor = site.visitor().await;
        let call = visitor.calls(&site.store).await;
        assert_eq!(site.store.call_record(call).await.unwrap(), CallRecord::default());
        put(&site.store, visitor.app_id(), call, &[20, 22]).await;
        put(&site.store, visitor.app_id(), call, &[10, 21]).await;
        let record = site.store.call_record(call).await.unwrap();
        assert_eq!(record.entries, [10, 20, 21, 22].map(seen));
        assert_eq!(record.dropped, 2);
        assert!(record.since.unwrap() <= now());
        site.store.close().await;
        // Another handle, which has to find the key.
        let store = site.open(master_key()).await.unwrap();
        assert_eq!(store.call_record(call).await.unwrap().entries.len(), 4);
        site.sql("UPDATE call_records SET part = part + 1").await;
        assert!(store.call_record(call).await.is_err(), "it opens as another part");
        store.close().await;
    }

    async fn records_go_when_they_are_old_and_the_oldest_go_when_there_are_too_many(site) {
        let visitor = site.visitor().await;
        let store = &site.store;
        let (first, last) = (visitor.calls(store).await, visitor.calls(store).await);
        let mut all = 0;
        for n in 0..200 {
            let call = if n == 0 { first } else { visitor.calls(store).await };
            all += put(store, visitor.app_id(), call, &[n]).await;
        }
        site.sql("UPDATE call_records SET recorded_at = part + 1").await;
        let newest = put(store, visitor.app_id(), last, &[1_000]).await;
        assert_eq!(store.call_records_size().await.unwrap(), all + newest);
        let time = |millis| EventTime::from_millis(millis).unwrap();
        assert_eq!(store.remove_call_records(time(1), u64::MAX).await.unwrap(), 0);
        assert_eq!(store.remove_call_records(time(2), u64::MAX).await.unwrap(), 1);
        assert_eq!(store.call_record(first).await.unwrap().since, None);
        let removed = store.remove_call_records(time(2), newest).await.unwrap();
        assert_eq!(removed, 199);
        assert!(store.call_record(last).await.unwrap().since.is_some(), "the newest went first");
        assert_eq!(store.remove_call_records(after(60), u64::MAX).await.unwrap(), 1);
        assert_eq!(store.call_records_size().await.unwrap(), 0);
    }

    async fn the_records_of_an_app_go_with_it(site) {
        let visitor = site.visitor().await;
        let call = visitor.calls(&site.store).await;
        put(&site.store, visitor.app_id(), call, &[1]).await;
        assert!(site.store.delete_app(visitor.app_id(), &Actor::HOST).await.unwrap());
        site.nothing_is_left().await;
    }
}
