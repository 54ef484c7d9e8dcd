//! Parts that the cross-crate tests share. They use the server as anybody else does: by its command
//! line, by HTTP and by UDP; none of its crates is linked.

pub mod answer;
pub mod api;
pub mod browser;
pub mod door;
pub mod lossy_relay;
pub mod namespace;
pub mod ports;
pub mod postgres;
pub mod server;
pub mod sink;
pub mod sockets;
pub mod visitor;
pub mod widget;

use std::time::Duration;

use anyhow::bail;

/// The patience of tests: far longer than anything takes that works.
pub const SOON: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer.
///
/// # Errors
/// What was waited for did not come within the time, or asking failed.
pub async fn eventually<T>(
    what: &str,
    within: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = tokio::time::Instant::now() + within;
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        if tokio::time::Instant::now() > deadline {
            bail!("{what}: not within {within:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
