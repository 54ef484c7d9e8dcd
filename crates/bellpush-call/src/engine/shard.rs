//! One thread of the engine: waits for a packet, a command or a deadline, and does what follows.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{events::EndReason, ids::CallId};
use mio::{Events, Poll, Token};
use tokio::sync::{
    mpsc::{self, error::TryRecvError},
    oneshot,
};

use super::{
    calls::{BrowserPacket, Calls, LiveCount},
    outside::{Channel, Outside, Via, Way},
    socket::Buffers,
};
use crate::{
    Digit, PlaceError, ResumeError,
    bridge::Bridge,
    legs::webrtc::{Answerer, Offer},
    trunk::TrunkEvent,
};

/// How long the loop sleeps when no call has a deadline.
const IDLE: Duration = Duration::from_secs(3_600);
/// What one look at the system tells, at most.
const EVENTS: usize = 1_024;
/// Commands, and looks at the browsers' port, before the others get their turn.
const IN_A_ROW: usize = 64;

pub(super) const WAKER: Token = Token(0);
pub(super) const MEDIA: Token = Token(1);
pub(super) const LISTENER: Token = Token(2);
/// From here on: four tokens for each number of a call or connection.
const FIRST: usize = 4;

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Waker,
    Browsers,
    Listener,
    Far(usize, Channel),
    Connection(usize),
}

/// The token of a port of the call with this key.
pub(super) fn far_token(key: usize, channel: Channel) -> Token {
    match channel {
        Channel::Rtp => Token(FIRST + 4 * key),
        Channel::Rtcp => Token(FIRST + 4 * key + 1),
    }
}

/// The token of a browser's TCP connection.
pub(super) fn connection_token(key: usize) -> Token {
    Token(FIRST + 4 * key + 2)
}

fn source(token: Token) -> Option<Source> {
    Some(match token {
        WAKER => Source::Waker,
        MEDIA => Source::Browsers,
        LISTENER => Source::Listener,
        Token(number) => {
            let number = number.checked_sub(FIRST)?;
            let key = number / 4;
            match number % 4 {
                0 => Source::Far(key, Channel::Rtp),
                1 => Source::Far(key, Channel::Rtcp),
                2 => Source::Connection(key),
                _ => return None,
            }
        }
    })
}

/// What the handles ask for.
pub(super) enum Command {
    /// Take on a call, and say so. One whose caller is gone meanwhile is not taken on.
    Place {
        bridge: Box<Bridge>,
        reply: oneshot::Sender<Result<(), PlaceError>>,
    },
    HangUp {
        id: CallId,
        by: EndReason,
    },
    Drop(CallId),
    Digit(CallId, Digit),
    /// The page went away, and may come back within this time.
    Leave {
        id: CallId,
        window: Duration,
    },
    /// The page is back, with a leg of its own.
    Return {
        id: CallId,
        offer: Box<Offer>,
        reply: oneshot::Sender<Result<String, ResumeError>>,
    },
    /// The browser offers anew for the leg that it has, such as for an ICE restart.
    Restart {
        id: CallId,
        offer: Box<Offer>,
        reply: oneshot::Sender<Result<String, ResumeError>>,
    },
    /// A trunk tells something of a call's far side.
    FarSide {
        id: CallId,
        dialled: u32,
        message: TrunkEvent,
    },
    /// Take on no more calls, and fail those that are live at this time.
    ShutDown {
        by: Instant,
    },
}

/// What the thread works with.
pub(super) struct Shard {
    pub(super) poll: Poll,
    pub(super) outside: Outside,
    pub(super) answerer: Arc<Answerer>,
    pub(super) live: LiveCount,
    pub(super) commands: mpsc::Receiver<Command>,
}

/// The running thread.
struct Running {
    calls: Calls,
    answerer: Arc<Answerer>,
    commands: mpsc::Receiver<Command>,
    buffers: Buffers,
    shut_down_by: Option<Instant>,
    /// Sockets that may have more, though the system told so before.
    unfinished: Vec<Source>,
}

impl Shard {
    /// Runs until it is shut down, or until no handle is left. Calls that are live then fail.
    pub(super) fn run(self) -> io::Result<()> {
        let Self { mut poll, outside, answerer, live, commands } = self;
        let mut running = Running {
            calls: Calls::new(outside, live),
            answerer,
            commands,
            buffers: Buffers::new(),
            shut_down_by: None,
            unfinished: Vec::new(),
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
            for unfinished in std::mem::take(&mut running.unfinished) {
                running.read(unfinished);
            }
            for event in &events {
                let Some(source) = source(event.token()) else { continue };
                if let Source::Connection(key) = source
                    && event.is_writable()
                {
                    running.calls.flush(key);
                }
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    running.read(source);
                }
            }
            // Whatever woke the thread: looking costs little, and nothing can be missed.
            running.obey();
        }
        let now = Instant::now();
        running.calls.with_all(|call, edge| call.shut_down(now, edge));
        Ok(())
    }
}

impl Running {
    fn is_done(&self, now: Instant) -> bool {
        self.shut_down_by.is_some_and(|by| by <= now || self.calls.len() == 0)
    }

    /// How long there is nothing to do, if nothing comes.
    fn patience(&self, now: Instant) -> Duration {
        if !self.unfinished.is_empty() {
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
        let is_unfinished = match source {
            Source::Waker => false,
            Source::Browsers => self.read_browsers(),
            Source::Listener => {
                let Outside { tcp, registry, meters, .. } = self.calls.outside();
                let more = tcp.accept(now, registry);
                meters.connections.set(tcp.len() as f64);
                more
            }
            Source::Far(key, channel) => self.calls.receive_far(now, key, channel),
            Source::Connection(key) => {
                let more = self.calls.receive_frames(now, key);
                let Outside { tcp, meters, .. } = self.calls.outside();
                meters.connections.set(tcp.len() as f64);
                more
            }
        };
        if is_unfinished && !self.unfinished.contains(&source) {
            self.unfinished.push(source);
        }
    }

    /// Takes in what the browsers' port has, but not so much that others wait long.
    fn read_browsers(&mut self) -> bool {
        let Self { calls, buffers, .. } = self;
        for _ in 0..IN_A_ROW {
            match calls.outside().media.receive(buffers) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Others are of single datagrams: an ICMP message about a browser that is gone.
                Err(error) => {
                    tracing::debug!(%error, "the media port reports an error");
                    continue;
                }
            }
            let now = Instant::now();
            for datagram in buffers.datagrams() {
                let via = Via::Udp { local: datagram.destination };
                let packet = BrowserPacket {
                    way: Way { remote: datagram.remote, via },
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

    fn obey(&mut self) {
        let waiting = self.commands.len() as f64 / self.commands.max_capacity() as f64;
        self.calls.outside().meters.queue_fill.set(waiting);
        for _ in 0..IN_A_ROW {
            match self.commands.try_recv() {
                Ok(command) => self.command(command),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.shut_down_by = Some(Instant::now());
                    return;
                }
            }
        }
        self.unfinished.push(Source::Waker);
    }

    fn command(&mut self, command: Command) {
        let now = Instant::now();
        let calls = &mut self.calls;
        match command {
            Command::Place { bridge, reply } => {
                let id = bridge.id();
                let verdict = if self.shut_down_by.is_some() {
                    Err(PlaceError::ShuttingDown)
                } else {
                    calls.add(now, *bridge)
                };
                if let Err(Ok(())) = reply.send(verdict) {
                    calls.drop_id(id);
                }
            }
            Command::HangUp { id, by } => {
                calls.with_id(id, |call, edge| call.hang_up(now, by, edge));
            }
            Command::Drop(id) => calls.drop_id(id),
            Command::Digit(id, digit) => {
                calls.with_id(id, |call, edge| call.press(now, digit, edge));
            }
            Command::Leave { id, window } => {
                calls.with_id(id, |call, edge| call.leave(now, window, edge));
            }
            Command::Return { id, offer, reply } => {
                let answerer = &self.answerer;
                let answer = calls
                    .with_id(id, |call, edge| call.come_back(now, answerer, &offer, edge))
                    .unwrap_or(Err(ResumeError::NoSuchCall));
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
            Command::FarSide { id, dialled, message } => calls.hear(now, id, dialled, message),
            Command::ShutDown { by } => {
                self.shut_down_by = Some(self.shut_down_by.map_or(by, |other| other.min(by)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_it_stands_for() {
        for source_of in [
            (WAKER, Source::Waker),
            (MEDIA, Source::Browsers),
            (LISTENER, Source::Listener),
            (far_token(0, Channel::Rtp), Source::Far(0, Channel::Rtp)),
            (far_token(7, Channel::Rtcp), Source::Far(7, Channel::Rtcp)),
            (connection_token(7), Source::Connection(7)),
        ] {
            assert_eq!(source(source_of.0), Some(source_of.1));
        }
        assert_eq!(source(Token(3)), None);
    }
}
