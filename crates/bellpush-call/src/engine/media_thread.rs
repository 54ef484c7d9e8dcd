//! The engine's thread: waits for a datagram, a command or a deadline, and does what follows.

use std::{
    io,
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use bellpush_core::ids::CallId;
use tokio::{
    sync::{mpsc, oneshot},
    time,
};

use super::{
    addresses::Addresses,
    calls::Calls,
    meters::Meters,
    socket::{BoundSocket, Buffers},
};
use crate::{Digit, PlaceError, bridge::Bridge};

/// How long the loop sleeps when no call has a deadline.
const IDLE: Duration = Duration::from_secs(3_600);

/// What the handles ask for.
pub(super) enum Command {
    /// Take on a call, and say so. One whose caller is gone meanwhile is not taken on.
    Place {
        bridge: Box<Bridge>,
        reply: oneshot::Sender<Result<(), PlaceError>>,
    },
    HangUp(CallId),
    Drop(CallId),
    Digit(CallId, Digit),
    /// Take on no more calls, and fail those that are live at this time.
    ShutDown {
        by: Instant,
    },
}

/// What the thread works with.
pub(super) struct MediaThread {
    pub(super) socket: BoundSocket,
    pub(super) addresses: Addresses,
    pub(super) meters: Meters,
    pub(super) max_calls: usize,
    pub(super) live: Arc<AtomicUsize>,
    pub(super) commands: mpsc::Receiver<Command>,
}

impl MediaThread {
    /// Runs until it is shut down, or until no handle is left. Calls that are live then fail.
    pub(super) async fn run(self) -> io::Result<()> {
        let Self { socket, addresses, meters, max_calls, live, mut commands } = self;
        let mut calls = Calls::new(addresses, socket.open()?, meters, live);
        let mut buffers = Buffers::new();
        let mut shut_down_by: Option<Instant> = None;
        let sleep = time::sleep(Duration::ZERO);
        tokio::pin!(sleep);
        loop {
            let now = Instant::now();
            calls.tick(now);
            if shut_down_by.is_some_and(|by| by <= now || calls.len() == 0) {
                break;
            }
            let wake = [calls.next_deadline(), shut_down_by]
                .into_iter()
                .flatten()
                .fold(now + IDLE, Instant::min);
            sleep.as_mut().reset(wake.into());
            tokio::select! {
                readable = calls.socket().readable() => {
                    readable?;
                    receive(&mut calls, &mut buffers);
                }
                command = commands.recv() => {
                    let now = Instant::now();
                    let fill = commands.len() as f64 / commands.max_capacity() as f64;
                    calls.meters().queue_fill.set(fill);
                    match command {
                        Some(Command::Place { bridge, reply }) => {
                            let verdict = if shut_down_by.is_some() {
                                Err(PlaceError::ShuttingDown)
                            } else if calls.len() >= max_calls {
                                Err(PlaceError::Overloaded)
                            } else {
                                Ok(())
                            };
                            let id = bridge.id();
                            let verdict = verdict.and_then(|()| calls.add(now, *bridge));
                            if let Err(Ok(())) = reply.send(verdict) {
                                calls.drop_id(id);
                            }
                        }
                        Some(Command::HangUp(id)) => {
                            calls.with_id(id, |call, send| call.hang_up(now, send));
                        }
                        Some(Command::Digit(id, digit)) => {
                            calls.with_id(id, |call, send| call.press(now, digit, send));
                        }
                        Some(Command::Drop(id)) => calls.drop_id(id),
                        Some(Command::ShutDown { by }) => {
                            shut_down_by = Some(shut_down_by.map_or(by, |other| other.min(by)));
                        }
                        None => shut_down_by = Some(now),
                    }
                }
                () = &mut sleep => {}
            }
        }
        let now = Instant::now();
        calls.with_all(|call, send| call.shut_down(now, send));
        Ok(())
    }
}

/// Takes in what one look at the socket gives: deadlines and commands get their turn between two.
fn receive(calls: &mut Calls, buffers: &mut Buffers) {
    if let Err(error) = calls.socket().receive(buffers) {
        // Others are of single datagrams: an ICMP message about a browser that is gone.
        if error.kind() != io::ErrorKind::WouldBlock {
            tracing::debug!(%error, "the media port reports an error");
        }
        return;
    }
    let now = Instant::now();
    for datagram in buffers.datagrams() {
        calls.receive(now, datagram);
    }
}
