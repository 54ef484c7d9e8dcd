//! A stream that notes what comes in: how much, how it begins, and the last stream that an HTTP/2
//! peer says it takes.
//!
//! The libraries above don't tell these, and whether a request may be sent again hangs on them: it may
//! when nothing came back on a connection that was used before, and when its stream is above the last
//! one of GOAWAY (RFC 9113 section 6.8).

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes in front of each frame of HTTP/2 (RFC 9113 section 4.1).
const FRAME_HEADER: usize = 9;
/// The frame type of GOAWAY (RFC 9113 section 6.8).
const GOAWAY: u8 = 0x7;
/// The frame type of SETTINGS, and the flag of those that only acknowledge ours (RFC 9113 section 6.5).
const SETTINGS: u8 = 0x4;
const ACK: u8 = 0x1;
/// The frame types that a head comes in (RFC 9113 section 4.3).
const HEADERS: u8 = 0x1;
const CONTINUATION: u8 = 0x9;
/// "No GOAWAY came": one more than the highest stream id.
const NONE: u32 = 1 << 31;

/// What came in on a stream. Shared between the stream and whoever asks.
#[derive(Debug)]
pub(super) struct Observations {
    bytes: AtomicU64,
    beginning: AtomicU64,
    last_stream: AtomicU32,
    has_settings: AtomicBool,
    largest_head: AtomicU64,
}

impl Default for Observations {
    fn default() -> Self {
        Self {
            bytes: AtomicU64::new(0),
            beginning: AtomicU64::new(0),
            last_stream: AtomicU32::new(NONE),
            has_settings: AtomicBool::new(false),
            largest_head: AtomicU64::new(0),
        }
    }
}

impl Observations {
    /// Bytes that came in so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }

    /// Whether what came in begins with these bytes, eight at most.
    pub(super) fn begins_with(&self, text: &[u8]) -> bool {
        self.beginning.load(Ordering::Acquire).to_be_bytes().starts_with(text)
    }

    /// The highest stream that the peer takes, once it has sent GOAWAY.
    pub(super) fn last_stream(&self) -> Option<u32> {
        Some(self.last_stream.load(Ordering::Acquire)).filter(|last| *last != NONE)
    }

    /// Whether the peer has said on HTTP/2 what it takes. It is known a moment later.
    pub(super) fn has_settings(&self) -> bool {
        self.has_settings.load(Ordering::Acquire)
    }

    /// Bytes of the largest head of HTTP/2 so far, as it was packed.
    pub(super) fn largest_head(&self) -> u64 {
        self.largest_head.load(Ordering::Acquire)
    }

    fn add(&self, read: &[u8]) {
        let before = self.bytes.fetch_add(read.len() as u64, Ordering::AcqRel);
        if before < 8 {
            let mut beginning = self.beginning.load(Ordering::Acquire).to_be_bytes();
            let place = usize::try_from(before).unwrap_or(beginning.len());
            for (to, from) in beginning.iter_mut().skip(place).zip(read) {
                *to = *from;
            }
            self.beginning.store(u64::from_be_bytes(beginning), Ordering::Release);
        }
    }
}

/// What is looked for among the frames of HTTP/2.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// GOAWAY with this last stream.
    Goaway(u32),
    /// SETTINGS of the peer's own.
    Settings,
    /// A head of so many bytes, or the beginning of one.
    Head(u64),
}

/// Finds GOAWAY, SETTINGS and heads among the frames of HTTP/2, however they are cut.
#[derive(Debug, Default)]
struct Frames {
    /// The header of the frame that has begun, and of a GOAWAY its last stream id.
    head: Vec<u8>,
    /// Bytes of the frame that are still to come, once its head is complete.
    left: usize,
    /// Bytes of the head that came last.
    block: u64,
}

impl Frames {
    fn read(&mut self, mut bytes: &[u8], mut saw: impl FnMut(Seen)) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len());
                self.left -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let wanted = self.wanted();
            let taken = wanted.saturating_sub(self.head.len()).min(bytes.len());
            let (head, rest) = bytes.split_at(taken);
            self.head.extend_from_slice(head);
            bytes = rest;
            // Of a GOAWAY, more is wanted once its header is there.
            if self.head.len() < self.wanted() {
                continue;
            }
            if let [_, _, _, GOAWAY, _, _, _, _, _, a, b, c, d] = *self.head {
                saw(Seen::Goaway(u32::from_be_bytes([a, b, c, d]) & (NONE - 1)));
            }
            if let [_, _, _, SETTINGS, flags, ..] = *self.head
                && flags & ACK == 0
            {
                saw(Seen::Settings);
            }
            if let Some(kind @ (HEADERS | CONTINUATION)) = self.head.get(3).copied() {
                let before = if kind == HEADERS { 0 } else { self.block };
                self.block = before.saturating_add(self.length() as u64);
                saw(Seen::Head(self.block));
            }
            self.left = self.length().saturating_sub(self.head.len() - FRAME_HEADER);
            self.head.clear();
        }
    }

    /// Bytes of the frame's beginning that are looked at.
    fn wanted(&self) -> usize {
        let is_goaway = self.head.get(3) == Some(&GOAWAY) && self.head.len() >= FRAME_HEADER;
        if is_goaway && self.length() >= 4 { FRAME_HEADER + 4 } else { FRAME_HEADER }
    }

    fn length(&self) -> usize {
        match *self.head {
            [a, b, c, ..] => usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            _ => 0,
        }
    }
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct Observed<S> {
    inner: S,
    seen: Arc<Observations>,
    frames: Option<Frames>,
}

impl<S> Observed<S> {
    /// `http2`: what comes in is frames of HTTP/2.
    pub(super) fn new(inner: S, http2: bool) -> Self {
        Self { inner, seen: Arc::default(), frames: http2.then(Frames::default) }
    }

    /// What comes in.
    pub(super) fn observations(&self) -> Arc<Observations> {
        Arc::clone(&self.seen)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Observed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        this.seen.add(read);
        if let Some(frames) = &mut this.frames {
            frames.read(read, |saw| {
                match saw {
                    // The last of several counts: each lowers it.
                    Seen::Goaway(last) => this.seen.last_stream.store(last, Ordering::Release),
                    Seen::Settings => this.seen.has_settings.store(true, Ordering::Release),
                    Seen::Head(bytes) => {
                        this.seen.largest_head.fetch_max(bytes, Ordering::AcqRel);
                    }
                }
            });
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Observed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[a, b, c, kind, 0, 0, 0, 0, 0], payload].concat()
    }

    proptest! {
        #[test]
        fn the_last_stream_of_goaway_is_found_however_the_bytes_are_cut(
            before in prop::collection::vec((0_u8..7, prop::collection::vec(any::<u8>(), 0..40)), 0..6),
            last in 0..NONE,
            cuts in prop::collection::vec(1_usize..9, 1..40),
        ) {
            let mut bytes: Vec<u8> =
                before.iter().flat_map(|(kind, payload)| frame(*kind, payload)).collect();
            let payload = [&last.to_be_bytes()[..], &[0, 0, 0, 0], b"why"].concat();
            bytes.extend(frame(GOAWAY, &payload));
            bytes.extend(frame(0, b"more"));
            let (mut frames, mut found, mut rest) = (Frames::default(), Vec::new(), &bytes[..]);
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                frames.read(now, |saw| {
                    if let Seen::Goaway(last) = saw {
                        found.push(last);
                    }
                });
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, [last]);
            prop_assert!(frames.head.is_empty() && frames.left == 0);
        }

        #[test]
        fn a_head_is_as_large_as_its_frames_however_the_bytes_are_cut(
            parts in prop::collection::vec(0_usize..60, 1..5),
            cut in 1_usize..9,
        ) {
            let kind = |n: usize| if n == 0 { HEADERS } else { CONTINUATION };
            let mut bytes = frame(HEADERS, b"another one");
            bytes.extend(
                parts.iter().enumerate().flat_map(|(n, length)| frame(kind(n), &vec![7; *length])),
            );
            let (mut frames, mut last) = (Frames::default(), None);
            for piece in bytes.chunks(cut) {
                frames.read(piece, |saw| last = Some(saw));
            }
            prop_assert_eq!(last, Some(Seen::Head(parts.iter().sum::<usize>() as u64)));
        }

        #[test]
        fn no_bytes_whatever_stop_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            Frames::default().read(&bytes, |_| {});
        }
    }

    #[tokio::test]
    async fn how_a_stream_begins_is_known_however_it_comes() {
        let seen = Observations::default();
        assert!(!seen.begins_with(b"HTTP/"));
        seen.add(b"HT");
        seen.add(b"TP");
        seen.add(b"/1.1 400 Bad");
        assert!(seen.begins_with(b"HTTP/") && !seen.begins_with(b"SSH-"));
        assert_eq!((seen.bytes(), seen.last_stream()), (16, None));
    }
}
