//! Phone systems that say when to come back.

use std::time::Duration;

use bellpush_call::{FarFailure, TrunkEvent};
use bellpush_sip_tests::{Call, Peer, call_by, target, trunk};
use tokio::time::{Instant, sleep_until};

type Result = anyhow::Result<()>;

#[tokio::test]
async fn no_call_goes_to_the_only_target_before_the_time_that_it_asked_for() -> Result {
    let peer = Peer::start().await?;
    let mut config = trunk(peer.port);
    let (trunks, mut call) = call_by(&peer, |trunk| trunk.id = config.id).await?;
    let invite = peer.receive("INVITE").await?;
    peer.reply(&invite, "503 Maintenance", "Retry-After: 2\r\n", "").await?;
    let refused = Instant::now();
    call.failure().await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Unreachable)));
    peer.receive("ACK").await?;
    config.port = Some(peer.port);

    let mut second = Call::start(&trunks, target(&config)).await?;
    second.failure().await?;
    assert!(matches!(second.next().await?, TrunkEvent::Failed(FarFailure::Unreachable)));
    assert!(peer.within(Duration::from_millis(200)).await?.is_none());
    assert!(refused.elapsed() < Duration::from_secs(2), "the test was too slow to tell");

    sleep_until(refused + Duration::from_millis(2_100)).await;
    let third = Call::start(&trunks, target(&config)).await?;
    peer.receive("INVITE").await?;
    drop(third);
    Ok(())
}
