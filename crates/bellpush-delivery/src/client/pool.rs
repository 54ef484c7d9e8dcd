//! The connections to each host, and who waits for one.
//!
//! Of HTTP/1.1, a connection has one request at a time; of HTTP/2, as many as the endpoint takes; what
//! has no room there goes over a further one. What is missing is opened gently: one connection at first, and one more at a time with each that was
//! opened, so that an endpoint is not met by a crowd of handshakes. An endpoint that takes a number of
//! requests on each connection of HTTP/2 only (as nginx does, `keepalive_requests`) is not sent more
//! on the next ones, once it is known.

mod host;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{sleep, timeout_at},
};

use self::host::{Host, NotOpened};
pub(super) use self::host::{Http1Lease, Http2Lease, Lease};
use super::{
    connector::{ConnectError, Connector, OpeningTimes},
    stopwatch::Stopwatch,
};

/// How often it is looked whether connections are idle for too long.
const SWEEP: Duration = Duration::from_secs(5);

/// All connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    connector: Connector,
    hosts: Mutex<Hosts>,
}

#[derive(Default)]
struct Hosts {
    all: HashMap<(Scheme, Authority), Arc<Host>>,
    /// Whether a task looks after what is idle.
    swept: bool,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self(Arc::new(Shared { connector, hosts: Mutex::default() }))
    }

    /// A connection for one request. `again`: the request was sent before, and not processed: it goes
    /// before the others, and of HTTP/1.1 over a connection that nobody has used.
    pub(super) async fn acquire(
        &self,
        uri: &Uri,
        again: bool,
        watch: &mut Stopwatch,
    ) -> Result<Lease, ConnectError> {
        let host = self.host(uri).ok_or(ConnectError::NoHost)?;
        let lease = match host.ask(again) {
            Ok(lease) => lease,
            Err(replied) => {
                let waited = self.wait(&host, replied).await;
                waited.map_err(|NotOpened { error, times }| {
                    watch.opening(times);
                    error
                })?
            }
        };
        watch.connected(lease.opened());
        Ok(lease)
    }

    async fn wait(
        &self,
        host: &Host,
        mut replied: oneshot::Receiver<Result<Lease, NotOpened>>,
    ) -> Result<Lease, NotOpened> {
        let (limit, began) = (self.0.connector.timeout, Instant::now());
        let mut patient_until = began + limit;
        loop {
            match timeout_at(patient_until.into(), &mut replied).await {
                Ok(Ok(result)) => return result,
                Ok(Err(_)) => {
                    let times = OpeningTimes::default();
                    return Err(NotOpened { error: ConnectError::Abandoned, times });
                }
                Err(_) => patient_until = host.state().patience(began, limit)?,
            }
        }
    }

    fn host(&self, uri: &Uri) -> Option<Arc<Host>> {
        let key = (uri.scheme()?.clone(), uri.authority()?.clone());
        let mut hosts = lock(&self.0.hosts);
        if !hosts.swept {
            hosts.swept = true;
            tokio::spawn(sweep(Arc::downgrade(&self.0)));
        }
        let host = hosts.all.entry(key).or_insert_with(|| {
            let connector = self.0.connector.clone();
            let (uri, runtime) = (uri.clone(), Handle::current());
            Arc::new(Host::new(connector, uri, runtime))
        });
        Some(Arc::clone(host))
    }
}

/// Closes what is idle for too long, as long as there is anything.
async fn sweep(pool: Weak<Shared>) {
    loop {
        sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut hosts = lock(&pool.hosts);
        let now = Instant::now();
        // A host that is with someone has a request on the way.
        hosts.all.retain(|_, host| !host.sweep(now) || Arc::strong_count(host) > 1);
        if hosts.all.is_empty() {
            hosts.swept = false;
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
