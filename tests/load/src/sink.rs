//! A webhook receiver that only counts.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// How often the count is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A running receiver.
#[derive(Debug)]
pub(crate) struct CountingSink {
    address: SocketAddr,
    count: Arc<AtomicUsize>,
}

impl CountingSink {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let sink = Self { address: listener.local_addr()?, count: Arc::default() };
        let count = Arc::clone(&sink.count);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let count = Arc::clone(&count);
                let answer = service_fn(move |request: Request<Incoming>| {
                    let count = Arc::clone(&count);
                    async move {
                        if request.into_body().collect().await.is_ok() {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        Ok(sink)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Waits until as many have come, or the time is up; returns how many have.
    pub(crate) async fn wait_for(&self, wanted: usize, within: Duration) -> usize {
        let end = Instant::now() + within;
        loop {
            let count = self.count.load(Ordering::Relaxed);
            if count >= wanted || Instant::now() > end {
                return count;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
