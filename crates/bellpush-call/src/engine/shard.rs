//! One thread of the engine: waits for a packet, a command or a deadline, and does what follows.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use mio::{Events, Poll};
use tokio::sync::mpsc::{self, error::TryRecvError};

use super::{
    calls::{BrowserDatagram, Calls},
    command::Command,
    context::Context,
    log_limit::LogLimit,
    path::{Path, Transport},
    room::CallLimit,
    socket::Buffers,
    token::{self, Source},
};
use crate::{PlaceError, ResumeError, legs::webrtc::Answerer};

/// How long the loop sleeps when no call has a deadline.
const IDLE: Duration = Duration::from_secs(3_600);
/// What one look at the system tells, at most.
const EVENTS: usize = 1_024;
/// Commands, and looks at the browsers' port, before the others get their turn.
const BATCH: usize = 64;

/// What the thread works with.
pub(super) struct Shard {
    pub(super) poll: Poll,
    pub(super) context: Context,
    pub(super) answerer: Arc<Answerer>,
    pub(super) limit: CallLimit,
    pub(super) commands: mpsc::Receiver<Command>,
}

/// The running thread.
struct EventLoop {
    calls: Calls,
    answerer: Arc<Answerer>,
    commands: mpsc::Receiver<Command>,
    buffers: Buffers,
    log_limit: LogLimit,
    shut_down_by: Option<Instant>,
    /// Sockets that may have more: the system says so but once.
    still_readable: Vec<Source>,
}

impl Shard {
    /// Runs until it is shut down, or until no handle is left. Calls that are live then fail.
    pub(super) fn run(self) -> io::Result<()> {
        let Self { mut poll, context, answerer, limit, commands } = self;
        let mut running = EventLoop {
            calls: Calls::new(context, limit),
            answerer,
            commands,
            buffers: Buffers::new(),
            log_limit: LogLimit::default(),
            shut_down_by: None,
            still_readable: Vec::new(),
        };
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let now = Instant::now();
            running.calls.tick(now);
            if running.is_done(now) {
                break;
            }
            match poll.poll(&mut events, Some(running.patience(now))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                done => done?,
            }
            for still_readable in std::mem::take(&mut running.still_readable) {
                running.read(still_readable);
            }
            for event in &events {
                let Some(source) = token::source(event.token()) else { continue };
                if let Source::Connection(key) = source
                    && event.is_writable()
                {
                    running.calls.flush(Instant::now(), key);
                }
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    running.read(source);
                }
            }
            // Whatever woke the thread: looking costs little, and nothing can be missed.
            running.run_commands();
        }
        let now = Instant::now();
        running.calls.with_all(|call, edge| call.shut_down(now, edge));
        Ok(())
    }
}

impl EventLoop {
    fn is_done(&self, now: Instant) -> bool {
        self.shut_down_by.is_some_and(|by| by <= now || self.calls.len() == 0)
    }

    /// How long there is nothing to do, if nothing comes.
    fn patience(&self, now: Instant) -> Duration {
        if !self.still_readable.is_empty() {
            return Duration::ZERO;
        }
        let wake = [self.calls.next_deadline(), self.shut_down_by]
            .into_iter()
            .flatten()
            .fold(now + IDLE, Instant::min);
        wake.saturating_duration_since(now)
    }

    fn read(&mut self, source: Source) {
        let now = Instant::now();
        let is_still_readable = match source {
            Source::Waker => false,
            Source::Browsers => self.read_browsers(),
            Source::Listener => {
                let Context { tcp, registry, meters, .. } = self.calls.context();
                let more = tcp.accept(now, registry);
                meters.connections.set(tcp.len() as f64);
                more
            }
            Source::FarSide(key, component) => self.calls.receive_far(now, key, component),
            Source::Connection(key) => {
                let more = self.calls.receive_frames(now, key);
                let Context { tcp, meters, .. } = self.calls.context();
                meters.connections.set(tcp.len() as f64);
                more
            }
        };
        if is_still_readable && !self.still_readable.contains(&source) {
            self.still_readable.push(source);
        }
    }

    /// Takes in what the browsers' port has, but not so much that others wait long.
    fn read_browsers(&mut self) -> bool {
        let Self { calls, buffers, log_limit, .. } = self;
        for _ in 0..BATCH {
            match calls.context().media.receive(buffers) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Others are of single datagrams: an ICMP message about a browser that is gone.
                Err(error) => {
                    if log_limit.admits(Instant::now()) {
                        tracing::debug!(%error, "the media port reports an error");
                    }
                    continue;
                }
            }
            let now = Instant::now();
            for datagram in buffers.datagrams() {
                let transport = Transport::Udp { local: datagram.destination };
                let packet = BrowserDatagram {
                    path: Path { remote: datagram.remote, transport },
                    bytes: datagram.bytes,
                };
                calls.receive(now, packet);
            }
            if !buffers.are_full() {
                return false;
            }
        }
        true
    }

    fn run_commands(&mut self) {
        let waiting = self.commands.len() as f64 / self.commands.max_capacity() as f64;
        self.calls.context().meters.queue_fill.set(waiting);
        for _ in 0..BATCH {
            match self.commands.try_recv() {
                Ok(command) => self.command(command),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.shut_down_by = Some(Instant::now());
                    return;
                }
            }
        }
        self.still_readable.push(Source::Waker);
    }

    fn command(&mut self, command: Command) {
        let now = Instant::now();
        let calls = &mut self.calls;
        match command {
            Command::Place { bridge, room, reply } => {
                let id = bridge.id();
                let verdict = if self.shut_down_by.is_some() {
                    Err(PlaceError::ShuttingDown)
                } else {
                    calls.add(now, *bridge, room)
                };
                if let Err(Ok(())) = reply.send(verdict) {
                    calls.drop_id(id);
                }
            }
            Command::HangUp { id, by } => {
                calls.with_id(id, |call, edge| call.hang_up(now, by, edge));
            }
            Command::GiveUp(id) => {
                calls.with_id(id, |call, edge| call.give_up(now, edge));
            }
            Command::Drop(id) => calls.drop_id(id),
            Command::Release(id) => calls.release(id),
            Command::HandOver { id, within } => {
                calls.with_id(id, |call, edge| call.hand_over(now, within, edge));
            }
            Command::Digit(id, digit) => {
                calls.with_id(id, |call, edge| call.press(now, digit, edge));
            }
            Command::Suspend { id, window } => {
                calls.with_id(id, |call, edge| call.suspend(now, window, edge));
            }
            Command::Resume { id, offer, reply } => {
                let answerer = &self.answerer;
                let answer = calls
                    .with_id(id, |call, edge| call.resume(now, answerer, &offer, edge))
                    .ok_or(ResumeError::NoSuchCall);
                if answer.is_ok() {
                    calls.rename(id, true);
                }
                // A page that is gone again by now has its connect time-out.
                let _ = reply.send(answer);
            }
            Command::Restart { id, offer, reply } => {
                let answer = calls.with_id(id, |call, edge| call.restart(now, &offer, edge));
                calls.rename(id, false);
                let _ = reply.send(answer.unwrap_or(Err(ResumeError::NoSuchCall)));
            }
            Command::TrunkEvent { id, dialled, event } => {
                calls.trunk_event(now, id, dialled, event)
            }
            Command::ShutDown { by } => {
                self.shut_down_by = Some(self.shut_down_by.map_or(by, |other| other.min(by)));
            }
        }
    }
}
