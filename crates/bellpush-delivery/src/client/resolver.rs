//! Finds the addresses of host names.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

/// What [`Resolve::resolve`] returns.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds the addresses of a host name.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of the name, in the order in which to try them.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// Asks the operating system.
///
/// That takes a thread from a pool which all share, for longer than anyone waits when a name server
/// does not answer. So a name has one look-up under way, however many connections want it: endpoints
/// whose name server hangs take a thread each, and not the whole pool. Nothing is kept of an answer:
/// a connection that is opened later asks again.
#[derive(Clone, Default)]
pub struct SystemResolver {
    under_way: Arc<Mutex<HashMap<String, LookUp>>>,
}

/// An `io::Error` can't be cloned: its kind and its words can.
type LookUp = Shared<BoxFuture<'static, Result<Vec<IpAddr>, (io::ErrorKind, String)>>>;

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemResolver").finish_non_exhaustive()
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        let asked = host.to_owned();
        let look_up = self.join(host, async move {
            let found = tokio::net::lookup_host((asked, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        });
        Box::pin(async move { look_up.await.map_err(|(kind, words)| io::Error::new(kind, words)) })
    }
}

impl SystemResolver {
    /// The look-up of this host that is under way, or else this one, which then goes on to its end
    /// whoever still waits for it.
    fn join(
        &self,
        host: &str,
        look_up: impl Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    ) -> LookUp {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = under_way.get(host) {
            return found.clone();
        }
        let shared = look_up.map(|end| end.map_err(|error| (error.kind(), error.to_string())));
        let shared = shared.boxed().shared();
        under_way.insert(host.to_owned(), shared.clone());
        let (all, host, ending) = (Arc::clone(&self.under_way), host.to_owned(), shared.clone());
        tokio::spawn(async move {
            // Its end is told to those who wait for it.
            let _ = ending.await;
            all.lock().unwrap_or_else(PoisonError::into_inner).remove(&host);
        });
        shared
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_name_has_one_look_up_under_way_and_is_looked_up_anew_after_its_end() {
        let resolver = SystemResolver::default();
        let (begun, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let join = || {
            let (begun, answer) = (Arc::clone(&begun), Arc::clone(&answer));
            resolver.join("hooks.example", async move {
                begun.fetch_add(1, Ordering::Relaxed);
                answer.notified().await;
                Ok(vec![IpAddr::from([192, 0, 2, 1])])
            })
        };
        // One that gives up does not end it for the others.
        drop(join());
        let waiting: Vec<LookUp> = (0..20).map(|_| join()).collect();
        tokio::task::yield_now().await;
        answer.notify_one();
        for look_up in waiting {
            assert_eq!(look_up.await.unwrap(), [IpAddr::from([192, 0, 2, 1])]);
        }
        assert_eq!(begun.load(Ordering::Relaxed), 1);
        while !resolver.under_way.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let again = join();
        answer.notify_one();
        again.await.unwrap();
        assert_eq!(begun.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn the_operating_system_knows_this_machine() {
        let found = SystemResolver::default().resolve("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    }
}
