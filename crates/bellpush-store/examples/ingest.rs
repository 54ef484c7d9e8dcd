//! How many events a second the log takes, each on disk before its answer.
//!
//! `ingest sqlite|postgres [seconds] [concurrency] [integrations] [days]`. PostgreSQL is taken from
//! `BELLPUSH_TEST_POSTGRES`, an administrator's URL; a database is made and dropped, with partitions for so
//! many days from now on, of what is kept for sixteen.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bellpush_core::{
    app::{AppSettings, Retention},
    context::Context,
    events::{CatalogueEvent, Event, EventTime},
    ids::EventId,
};
use bellpush_store::{
    Actor, Append, AppendError, MasterKey, NewSession, SecretHash, Store, Target,
};
use sea_orm::{ConnectionTrait, Database};
use uuid::Uuid;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, default: u64| arguments.get(at).map_or(default, |text| text.parse().unwrap());
    let (seconds, concurrency, integrations) = (number(1, 10), number(2, 256), number(3, 1));
    let dir = tempfile::tempdir_in(".").unwrap();
    let name = format!("bellpush_ingest_{}", Uuid::now_v7().simple());
    let admin_url = std::env::var("BELLPUSH_TEST_POSTGRES");
    let postgres = match arguments.first().map(String::as_str) {
        Some("sqlite") => None,
        Some("postgres") => Some(admin_url.unwrap()),
        _ => panic!("usage: ingest sqlite|postgres [seconds] [concurrency] [integrations] [days]"),
    };
    let target = match &postgres {
        None => Target::Sqlite { dir: dir.path().to_owned() },
        Some(url) => {
            let admin = Database::connect(url).await.unwrap();
            admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
            let (server, _) = url.rsplit_once('/').unwrap();
            Target::Postgres { url: format!("{server}/{name}").into() }
        }
    };
    let store = Store::open(target, MasterKey::from_bytes([1; 32])).await.unwrap();
    let kept = Some(16);
    let longest =
        Retention { visits: kept, events: kept, deliveries: kept, ..Retention::default() };
    for day in 0..number(4, 0) {
        let at = jiff::Timestamp::now() + Duration::from_secs(day * 24 * 3_600);
        store.keep_partitions(&longest, EventTime::new(at)).await.unwrap();
    }
    if let Some(url) = &postgres {
        // What makes the tables is on disk before events come.
        let admin = Database::connect(url).await.unwrap();
        admin.execute_unprepared("CHECKPOINT").await.unwrap();
    }
    measure(&store, seconds, concurrency, integrations).await;
    store.close().await;
    if let Some(url) = postgres {
        let admin = Database::connect(url).await.unwrap();
        admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    }
}

async fn measure(store: &Store, seconds: u64, concurrency: u64, integrations: u64) {
    let app = store.create_app(&AppSettings::named("Benchmark"), &Actor::HOST).await.unwrap();
    let settings = serde_json::from_value(serde_json::json!({
        "name": "Hook", "url": "https://hooks.example/x", "events": ["widget_loaded"],
    }))
    .unwrap();
    for _ in 0..integrations {
        let secret = "whsec_x".into();
        store.create_integration(app.id, &settings, &secret, u8::MAX, &Actor::HOST).await.unwrap();
    }
    let context = Context::new([("orderId", "A-12345"), ("customerTier", "gold")]).unwrap();
    let new = NewSession {
        browser: None,
        language: None,
        app_id: app.id,
        origin: None,
        context: context.clone(),
        preview: false,
        routing_key: None,
        destination_id: None,
        sign_in_id: None,
        api_key_id: None,
        widget_key_id: None,
    };
    let now = || EventTime::new(jiff::Timestamp::now());
    let session = store.create_session(new, &SecretHash::of("st_x"), now()).await.unwrap().unwrap();
    let mut new_deliveries = store.take_new_deliveries().unwrap();
    let delivered = tokio::spawn(async move {
        let mut count = 0;
        while let Some(batch) = new_deliveries.recv().await {
            count += batch.len();
        }
        count
    });

    let appended = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let callers: Vec<_> = (0..concurrency)
        .map(|_| {
            let (store, context, appended) = (store.clone(), context.clone(), appended.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while began.elapsed() < Duration::from_secs(seconds) {
                    let event = CatalogueEvent::WidgetLoaded { is_preview: false };
                    let event = Event {
                        id: EventId::from_uuid(Uuid::now_v7()).unwrap(),
                        app_id: app.id,
                        session_id: session.id,
                        call_id: None,
                        preview: false,
                        trace_parent: None,
                        envelope: event.envelope(&context, false, now()),
                    };
                    let asked = Instant::now();
                    match store.append(vec![Append::Event(event)]).await {
                        Ok(_) => {
                            waits.push(asked.elapsed());
                            appended.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(AppendError::Overloaded) => tokio::task::yield_now().await,
                        Err(error) => panic!("{error}"),
                    }
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for caller in callers {
        waits.extend(caller.await.unwrap());
    }
    let elapsed = began.elapsed().as_secs_f64();
    waits.sort_unstable();
    let count = appended.load(Ordering::Relaxed);
    println!(
        "{:.0} events/s durably ({count} in {elapsed:.1} s, {concurrency} callers, {integrations} \
         integrations), answer after p50 {:.1} ms, p99 {:.1} ms",
        count as f64 / elapsed,
        waits[waits.len() / 2].as_secs_f64() * 1e3,
        waits[waits.len() * 99 / 100].as_secs_f64() * 1e3,
    );
    delivered.abort();
}
