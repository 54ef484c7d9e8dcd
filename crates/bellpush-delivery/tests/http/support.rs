//! Endpoints to deliver to, a queue to deliver from, and patience.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, Request},
    http::{HeaderMap, Response, StatusCode},
    response::IntoResponse,
};
use bellpush_core::{
    delivery::{
        AttemptRecord, DeliveryKey, DeliveryStatus, DisableReason, FailureClass, Outage,
        PendingDelivery, Seq,
    },
    events::EventTime,
    ids::{AppId, CallId, EventId, IntegrationId, RehearsalId},
    integration::IntegrationSettings,
    rehearsal::{EndpointFault, Running},
};
use bellpush_delivery::{
    ActiveEndpoint, AddressPolicy, ClientSettings, DeliveryQueue, DeliverySettings, Endpoint,
    LaneStatus, QueueError, Signer, SigningSecret, scheduler::RetrySchedule,
};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// One request as an endpoint got it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Where it came from.
    pub(crate) peer: SocketAddr,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// An endpoint that remembers what it got.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Sink {
    /// Answers the request of each number (from 1) with what `answer` says.
    pub(crate) async fn answering<F, R>(answer: impl Fn(usize) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: IntoResponse,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (seen, answer) = (Arc::clone(&received), Arc::new(answer));
        let app = axum::Router::new().fallback(move |request: Request| {
            let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
            async move { take(request, &seen, &*answer).await }
        });
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address, received }
    }

    pub(crate) async fn healthy() -> Self {
        Self::answering(|_| async { StatusCode::OK }).await
    }

    /// Fails with 500 the first `failures` times.
    pub(crate) async fn failing_first(failures: usize) -> Self {
        Self::answering(move |number| async move {
            if number <= failures { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
        })
        .await
    }

    pub(crate) async fn hanging() -> Self {
        Self::answering(|_| std::future::pending::<StatusCode>()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?token=hidden", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The ids of what came, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.received().iter().map(|request| request.header("webhook-id").to_owned()).collect()
    }
}

async fn take<F, R>(
    request: Request,
    seen: &Mutex<Vec<Received>>,
    answer: &(impl Fn(usize) -> F + Sync),
) -> Response<Body>
where
    F: Future<Output = R>,
    R: IntoResponse,
{
    let (head, body) = request.into_parts();
    let ConnectInfo(peer) = head.extensions.get::<ConnectInfo<SocketAddr>>().copied().unwrap();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(Received {
            method: head.method.to_string(),
            path: head.uri.to_string(),
            headers: head.headers,
            body,
            peer,
        });
        seen.len()
    };
    answer(number).await.into_response()
}

/// An endpoint below HTTP: `talk` does with each connection what it wants.
pub(crate) async fn raw_endpoint<F>(
    talk: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream));
        }
    });
    address
}

/// A queue in memory with the contract of the port.
#[derive(Default)]
pub(crate) struct FakeQueue(Mutex<Contents>);

#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) rows: BTreeMap<DeliveryKey, Row>,
    pub(crate) endpoints: Vec<(IntegrationId, IntegrationSettings)>,
    pub(crate) disabled: Vec<(IntegrationId, DisableReason)>,
    pub(crate) outages: BTreeMap<IntegrationId, Outage>,
    pub(crate) rehearsals: BTreeMap<IntegrationId, Running<EndpointFault>>,
    /// How the breakers of rehearsals did, one change after the other.
    pub(crate) rehearsed: Vec<(RehearsalId, Option<Outage>)>,
    /// Whether the endpoints can't be read.
    pub(crate) is_unreadable: bool,
    /// How often writing fails from now on, and how.
    pub(crate) failures: Vec<Failure>,
    pub(crate) largest_page: usize,
    pub(crate) groups: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    /// Says so, and has written nothing.
    Refused,
    /// Says so, but has written everything.
    AnswerLost,
    /// Panics.
    Panicked,
}

pub(crate) struct Row {
    pub(crate) pending: PendingDelivery,
    pub(crate) status: DeliveryStatus,
    pub(crate) records: Vec<AttemptRecord>,
}

impl FakeQueue {
    pub(crate) fn with(sinks: &[&str]) -> Arc<Self> {
        let queue = Self::default();
        sinks.iter().for_each(|url| _ = queue.add_endpoint(url));
        Arc::new(queue)
    }

    /// Adds an ordered integration; the first has number 0.
    pub(crate) fn add_endpoint(&self, url: &str) -> IntegrationId {
        let mut contents = self.contents();
        let integration_id = integration(contents.endpoints.len());
        let settings = IntegrationSettings::new("n", url.parse().unwrap());
        contents.endpoints.push((integration_id, settings));
        integration_id
    }

    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap()
    }

    /// The same of a preview.
    pub(crate) fn commit_preview(&self, number: usize) -> PendingDelivery {
        let key = self.commit(number, None).key;
        let mut contents = self.contents();
        let pending = &mut contents.rows.get_mut(&key).unwrap().pending;
        pending.preview = true;
        pending.clone()
    }

    /// Puts an event for integration `number` on disk.
    pub(crate) fn commit(&self, number: usize, call: Option<u128>) -> PendingDelivery {
        let mut contents = self.contents();
        let seq = contents.rows.keys().map(|key| key.seq.0).max().unwrap_or(0) + 1;
        let uuid = 0x0192_0000_0000_7000_8000_0000_0000_0000 + u128::try_from(seq).unwrap();
        let key = DeliveryKey { integration_id: integration(number), seq: Seq(seq) };
        let pending = PendingDelivery {
            trace_parent: None,
            key,
            app_id: AppId::from_uuid(Uuid::from_u128(7)),
            event_id: EventId::from_uuid(Uuid::from_u128(uuid)).unwrap(),
            call_id: call.map(|number| CallId::from_uuid(Uuid::from_u128(number))),
            preview: false,
            body: format!(
                r#"{{"name":"call_ended","data":{{"n":{seq},"ü":" spaced "}},"timestamp":"{}"}}"#,
                "2026-03-01T09:30:00.000Z"
            ),
            attempts: 0,
            earlier_attempts: 0,
            due: EventTime::new(jiff::Timestamp::now()),
        };
        let row =
            Row { pending: pending.clone(), status: DeliveryStatus::Pending, records: Vec::new() };
        contents.rows.insert(key, row);
        pending
    }

    pub(crate) fn count(&self, status: DeliveryStatus) -> usize {
        self.contents().rows.values().filter(|row| row.status == status).count()
    }

    pub(crate) fn records(&self, key: DeliveryKey) -> Vec<AttemptRecord> {
        self.contents().rows[&key].records.clone()
    }

    /// The failure classes of a delivery's attempts.
    pub(crate) fn failures(&self, key: DeliveryKey) -> Vec<Option<FailureClass>> {
        self.records(key).iter().map(|record| record.failure).collect()
    }
}

pub(crate) fn integration(number: usize) -> IntegrationId {
    IntegrationId::from_uuid(Uuid::from_u128(number as u128))
}

pub(crate) fn secret() -> SigningSecret {
    SigningSecret::generate([42; 32])
}

fn ready(id: IntegrationId, settings: &IntegrationSettings) -> Endpoint {
    Endpoint::new(id, settings, Signer::new(secret()), &BTreeMap::new()).unwrap()
}

impl DeliveryQueue for FakeQueue {
    async fn load(
        &self,
        integration_id: IntegrationId,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<PendingDelivery>, QueueError> {
        let mut contents = self.contents();
        let pending = contents.rows.values().filter(|row| {
            row.pending.key.integration_id == integration_id
                && row.status == DeliveryStatus::Pending
                && Some(row.pending.key.seq) > after
        });
        let page: Vec<_> = pending.take(limit).map(|row| row.pending.clone()).collect();
        contents.largest_page = contents.largest_page.max(page.len());
        Ok(page)
    }

    async fn record(&self, records: Vec<AttemptRecord>) -> Result<(), QueueError> {
        let mut contents = self.contents();
        let failure = contents.failures.pop();
        match failure {
            Some(Failure::Refused) => return Err(QueueError::new("the disk is full")),
            Some(Failure::Panicked) => {
                drop(contents);
                panic!("the fake queue panics, as it was told to");
            }
            Some(Failure::AnswerLost) | None => {}
        }
        contents.groups.push(records.len());
        for record in records {
            let row = contents.rows.get_mut(&record.key).unwrap();
            if row.records.iter().any(|known| known.number == record.number) {
                continue;
            }
            assert_eq!(row.status, DeliveryStatus::Pending, "an attempt after the end");
            row.pending.attempts = record.number;
            row.status = record.outcome;
            row.pending.due = record.next_due.unwrap_or(row.pending.due);
            row.records.push(record);
        }
        match failure {
            None => Ok(()),
            Some(_) => Err(QueueError::new("the connection to the database was lost")),
        }
    }

    async fn endpoints(&self) -> Result<Vec<ActiveEndpoint>, QueueError> {
        let contents = self.contents();
        if contents.is_unreadable {
            return Err(QueueError::new("the disk does not read"));
        }
        let is_disabled =
            |id: IntegrationId| contents.disabled.iter().any(|(disabled, _)| *disabled == id);
        let active = contents.endpoints.iter().filter(|(id, _)| !is_disabled(*id));
        let ready = |(id, settings): &(IntegrationId, IntegrationSettings)| ActiveEndpoint {
            endpoint: ready(*id, settings),
            app_id: AppId::from_uuid(Uuid::from_u128(7)),
            outage: contents.outages.get(id).copied(),
            rehearsal: contents.rehearsals.get(id).copied(),
        };
        Ok(active.map(ready).collect())
    }

    async fn endpoint(&self, id: IntegrationId) -> Result<Option<Endpoint>, QueueError> {
        let contents = self.contents();
        let found = contents.endpoints.iter().find(|(known, _)| *known == id);
        Ok(found.map(|(id, settings)| ready(*id, settings)))
    }

    async fn keep_outages(
        &self,
        outages: Vec<(IntegrationId, Option<Outage>)>,
    ) -> Result<(), QueueError> {
        let mut contents = self.contents();
        for (id, outage) in outages {
            contents.outages.remove(&id);
            contents.outages.extend(outage.map(|outage| (id, outage)));
        }
        Ok(())
    }

    async fn keep_rehearsals(
        &self,
        outages: Vec<(RehearsalId, Option<Outage>)>,
    ) -> Result<(), QueueError> {
        self.contents().rehearsed.extend(outages);
        Ok(())
    }

    async fn keep_backlog(&self, _: Vec<LaneStatus>, _: Duration) -> Result<(), QueueError> {
        Ok(())
    }

    async fn disable(
        &self,
        id: IntegrationId,
        url: String,
        why: DisableReason,
    ) -> Result<(), QueueError> {
        let mut contents = self.contents();
        let has_moved = |(known, it): &(IntegrationId, IntegrationSettings)| {
            *known == id && it.url.to_string() != url
        };
        if contents.endpoints.iter().any(has_moved) {
            return Ok(());
        }
        contents.disabled.push((id, why));
        contents.outages.remove(&id);
        Ok(())
    }
}

/// Settings that allow loopback and retry within milliseconds.
pub(crate) fn quick() -> DeliverySettings {
    DeliverySettings {
        schedule: RetrySchedule {
            waits: vec![Duration::from_millis(40); 8],
            ..RetrySchedule::default()
        },
        client: ClientSettings {
            addresses: AddressPolicy { allow_loopback: true, ..AddressPolicy::default() },
            ..ClientSettings::default()
        },
        ..DeliverySettings::default()
    }
}

/// Waits until it is so, for ten seconds at most.
pub(crate) async fn until(what: &str, so: impl FnMut() -> bool) {
    until_within(Duration::from_secs(10), what, so).await;
}

/// Waits until it is so.
pub(crate) async fn until_within(limit: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
