//! Widgets that submit events as fast as they are answered.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};
use uuid::Uuid;

/// What the server bore.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Events answered with 2xx.
    pub(crate) accepted: usize,
    /// Milliseconds from request to answer, ascending.
    latencies: Vec<f64>,
}

impl Load {
    /// One connection for each token, each with one request under way, for a time.
    pub(crate) async fn run(
        server: &str,
        tokens: Vec<String>,
        batch: usize,
        time: Duration,
    ) -> anyhow::Result<Self> {
        let address = server.strip_prefix("http://").context("plain http only")?.to_owned();
        let end = Instant::now() + time;
        let mut widgets = JoinSet::new();
        for token in tokens {
            widgets.spawn(widget(address.clone(), token, batch, end));
        }
        let mut all = Self::default();
        while let Some(one) = widgets.join_next().await {
            let one = one??;
            all.accepted += one.accepted;
            all.latencies.extend(one.latencies);
        }
        all.latencies.sort_by(f64::total_cmp);
        Ok(all)
    }

    /// The latency that this share of all requests did not exceed.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let index = (self.latencies.len() as f64 * share) as usize;
        self.latencies
            .get(index.min(self.latencies.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    }
}

async fn widget(
    address: String,
    token: String,
    batch: usize,
    end: Instant,
) -> anyhow::Result<Load> {
    let stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut load = Load::default();
    while Instant::now() < end {
        let request = Request::post("/v1/widget/events")
            .header(header::HOST, &address)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body(batch))))?;
        let sent = Instant::now();
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let text = answer.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&text));
        load.latencies.push(sent.elapsed().as_secs_f64() * 1000.0);
        load.accepted += batch;
    }
    Ok(load)
}

fn body(batch: usize) -> String {
    let timestamp = bellpush_test_support::widget::now();
    let events: Vec<String> = (0..batch)
        .map(|tick| {
            let id = Uuid::now_v7();
            format!(
                r#"{{"id":"{id}","event":{{"name":"load_tick","data":{{"tick":{tick},"context":{{"orderId":"A-12345"}}}},"timestamp":"{timestamp}"}}}}"#
            )
        })
        .collect();
    format!(r#"{{"events":[{}]}}"#, events.join(","))
}
