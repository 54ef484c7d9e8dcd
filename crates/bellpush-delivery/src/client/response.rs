//! The answer to a request: its head, and its body as far as that is kept.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use h2::RecvStream;
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING},
    response::Parts,
};
use hyper::body::Incoming;

use super::{
    causes::find,
    http2,
    outcome::BodyEnd,
    pool::{Http1Lease, Http2Lease},
};

/// Bytes of a packed body that are read, where no more than that is kept of it.
const MAX_PACKED_BYTES: usize = 64 * 1024;

/// An answer whose body is still to be read.
pub(super) struct Response {
    pub(super) head: Parts,
    pub(super) body: Body,
}

/// The body, with the connection that it comes on.
pub(super) enum Body {
    /// With how it ends.
    Http1(Http1Lease, Incoming, Ending),
    Http2(Http2Lease, RecvStream),
}

/// How it is known where a body of HTTP/1.1 ends (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It says so itself.
    Framed,
    /// With the connection.
    Closed,
}

impl Ending {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let is_framed =
            headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
        if is_framed { Self::Framed } else { Self::Closed }
    }
}

impl Body {
    /// Reads what is kept of it. A longer one is dropped, and its connection of HTTP/1.1 with it.
    pub(super) async fn read(self, excerpt: &mut Excerpt) -> BodyEnd {
        match self {
            Self::Http1(mut lease, mut body, ending) => {
                while !excerpt.is_full() {
                    match lease.connection.frame(&mut body).await {
                        Some(Ok(data)) => excerpt.add(&data),
                        // TLS that ends without its `close_notify`.
                        Some(Err(error)) if ending == Ending::Closed && is_end(&error) => {
                            return BodyEnd::Closed;
                        }
                        Some(Err(error)) => return BodyEnd::Broken(error.to_string()),
                        None => {
                            lease.finish();
                            break;
                        }
                    }
                }
            }
            Self::Http2(_lease, mut body) => {
                while !excerpt.is_full() {
                    match http2::frame(&mut body).await {
                        Some(Ok(data)) => excerpt.add(&data),
                        Some(Err(error)) => return BodyEnd::Broken(error.to_string()),
                        None => break,
                    }
                }
            }
        }
        BodyEnd::Read
    }
}

fn is_end(error: &hyper::Error) -> bool {
    let cause = find::<io::Error>(error);
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof)
}

/// The beginning of a body, unpacked: one byte more than is kept, so that it can be seen whether it was
/// cut.
pub(super) struct Excerpt {
    body: Unpacked,
    /// Bytes of a packed body that are read, at most.
    max_packed: usize,
    /// Bytes that came, packed as they are.
    received: usize,
    /// Whether it can't be unpacked any further.
    is_broken: bool,
}

enum Unpacked {
    /// Nothing has come yet of a body that is said to be packed.
    NotBegun {
        coding: Coding,
        kept: Kept,
    },
    Plain(Kept),
    Gzip(MultiGzDecoder<Kept>),
    Zlib(ZlibDecoder<Kept>),
    Deflate(DeflateDecoder<Kept>),
    /// Packed in a way that is not unpacked here.
    Unreadable {
        coding: String,
        limit: usize,
    },
}

/// How a body is said to be packed (RFC 9110 section 8.4.1).
#[derive(Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
}

impl Unpacked {
    /// By its first bytes: some endpoints say that they pack, and do not, and many leave out the header
    /// that the data of `deflate` shall have (RFC 1950).
    fn begin(coding: Coding, kept: Kept, data: &[u8]) -> Self {
        match (coding, data) {
            (Coding::Gzip, [0x1f, ..]) => Self::Gzip(MultiGzDecoder::new(kept)),
            (Coding::Deflate, [first, ..]) if first & 0x0f == 8 => {
                Self::Zlib(ZlibDecoder::new(kept))
            }
            (Coding::Deflate, _) => Self::Deflate(DeflateDecoder::new(kept)),
            (Coding::Gzip, _) => Self::Plain(kept),
        }
    }

    fn write(&mut self, data: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(kept) => kept.write_all(data),
            Self::Gzip(decoder) => decoder.write_all(data),
            Self::Zlib(decoder) => decoder.write_all(data),
            Self::Deflate(decoder) => decoder.write_all(data),
            Self::NotBegun { .. } | Self::Unreadable { .. } => Ok(()),
        }
    }
}

impl Excerpt {
    /// Of a body with these headers, of which so many bytes are kept. We ask for no packed answer, but
    /// some endpoints pack all.
    pub(super) fn of(headers: &HeaderMap, limit: usize) -> Self {
        let kept = Kept { bytes: Vec::new(), limit };
        let coding =
            headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim());
        let body = match coding.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Unpacked::Plain(kept),
            Some("gzip" | "x-gzip") => Unpacked::NotBegun { coding: Coding::Gzip, kept },
            Some("deflate") => Unpacked::NotBegun { coding: Coding::Deflate, kept },
            Some(other) => Unpacked::Unreadable { coding: other.chars().take(32).collect(), limit },
        };
        Self { body, max_packed: limit.max(MAX_PACKED_BYTES), received: 0, is_broken: false }
    }

    fn add(&mut self, data: &Bytes) {
        if data.is_empty() {
            return;
        }
        self.received += data.len();
        if let Unpacked::NotBegun { coding, kept } = &mut self.body {
            self.body = Unpacked::begin(*coding, kept.take(), data);
        }
        // What can't be unpacked, and what is beyond the limit, is an error to the unpacker: then
        // there is what it wrote before.
        self.is_broken |= self.body.write(data).is_err();
    }

    /// Whether the rest is of no use. Packed bytes are bounded too: they need not unpack to anything.
    fn is_full(&self) -> bool {
        let is_full = match &self.body {
            Unpacked::NotBegun { .. } => false,
            Unpacked::Plain(kept) => return kept.is_full(),
            Unpacked::Gzip(decoder) => decoder.get_ref().is_full(),
            Unpacked::Zlib(decoder) => decoder.get_ref().is_full(),
            Unpacked::Deflate(decoder) => decoder.get_ref().is_full(),
            Unpacked::Unreadable { limit, .. } => self.received > *limit,
        };
        is_full || self.is_broken || self.received > self.max_packed
    }

    /// What was read, and whether it unpacked to its end.
    pub(super) fn into_bytes(self) -> (Vec<u8>, bool) {
        let is_whole = !self.is_full();
        let (bytes, is_unpacked) = match self.body {
            Unpacked::NotBegun { .. } => (Vec::new(), true),
            Unpacked::Plain(kept) => (kept.bytes, true),
            Unpacked::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                (decoder.get_mut().take().bytes, finished.is_ok())
            }
            Unpacked::Zlib(mut decoder) => {
                let finished = decoder.try_finish();
                (decoder.get_mut().take().bytes, finished.is_ok())
            }
            Unpacked::Deflate(mut decoder) => {
                let finished = decoder.try_finish();
                (decoder.get_mut().take().bytes, finished.is_ok())
            }
            Unpacked::Unreadable { .. } if self.received == 0 => (Vec::new(), true),
            Unpacked::Unreadable { coding, .. } => {
                let words = format!("(a body that is packed with {coding}, and not shown)");
                (words.into_bytes(), true)
            }
        };
        (bytes, is_whole && is_unpacked)
    }
}

/// At most one byte more than is kept of a body.
pub(super) struct Kept {
    bytes: Vec<u8>,
    limit: usize,
}

impl Kept {
    /// What it has, for another to go on with.
    fn take(&mut self) -> Self {
        Self { bytes: std::mem::take(&mut self.bytes), limit: self.limit }
    }

    fn is_full(&self) -> bool {
        self.bytes.len() > self.limit
    }
}

impl Write for Kept {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = (self.limit + 1).saturating_sub(self.bytes.len());
        let kept = data.get(..room).unwrap_or(data);
        self.bytes.extend_from_slice(kept);
        // Nothing at all where it is full: that ends the unpacking, however much would follow.
        Ok(kept.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::*;
    use crate::client::KEPT_BYTES;

    fn excerpt(coding: &str, body: &[u8]) -> Vec<u8> {
        read(coding, body, KEPT_BYTES).0
    }

    fn read(coding: &str, body: &[u8], limit: usize) -> (Vec<u8>, bool) {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().unwrap())]);
        let mut excerpt = Excerpt::of(&headers, limit);
        for piece in body.chunks(7) {
            if !excerpt.is_full() {
                excerpt.add(&Bytes::copy_from_slice(piece));
            }
        }
        excerpt.into_bytes()
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_packed_body_is_kept_unpacked() {
        let text = b"the signature does not fit".as_slice();
        assert_eq!(excerpt("identity", text), text);
        for coding in ["gzip", "x-gzip", "GZip"] {
            assert_eq!(excerpt(coding, &gzip(text)), text, "{coding}");
        }
        assert_eq!(excerpt("deflate", &deflate(text)), text);
        let shown = String::from_utf8(excerpt("br", text)).unwrap();
        assert!(shown.contains("br") && !shown.contains("signature"), "{shown}");
    }

    #[test]
    fn of_a_body_that_unpacks_to_gigabytes_no_more_is_kept_than_of_others() {
        let bomb = gzip(&vec![b'x'; 50_000_000]);
        assert_eq!(excerpt("gzip", &bomb), vec![b'x'; KEPT_BYTES + 1]);
    }

    #[test]
    fn of_a_packed_body_that_breaks_off_or_is_none_there_is_what_could_be_unpacked() {
        let packed = gzip(&b"abc".repeat(1_000));
        let half = excerpt("gzip", packed.get(..packed.len() / 2).unwrap());
        assert!(half.len() <= 3_000);
    }

    #[test]
    fn it_is_known_whether_a_body_is_there_to_its_end() {
        let text = b"you sent Bearer hush-4c1d".repeat(20);
        for (coding, body) in
            [("identity", text.clone()), ("gzip", gzip(&text)), ("deflate", deflate(&text))]
        {
            assert_eq!(read(coding, &body, KEPT_BYTES), (text.clone(), true), "{coding}");
            assert!(!read(coding, &body, 100).1, "{coding}, cut");
        }
        let packed = gzip(&text);
        assert!(!read("gzip", &packed[..packed.len() - 9], KEPT_BYTES).1, "its packing broke off");
    }

    #[test]
    fn where_more_is_kept_more_is_read() {
        let page: Vec<u8> =
            (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for (coding, body) in [("identity", page.clone()), ("gzip", gzip(&page))] {
            assert!(read(coding, &body, 2_000_000) == (page.clone(), true), "{coding}");
        }
    }

    #[test]
    fn what_is_said_to_be_packed_otherwise_than_it_is_can_be_read_all_the_same() {
        let text = b"the signature does not fit".as_slice();
        assert_eq!(excerpt("gzip", text), text);
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(text).unwrap();
        assert_eq!(excerpt("deflate", &raw.finish().unwrap()), text);
    }

    #[test]
    fn of_a_packed_body_that_unpacks_to_nothing_no_more_is_read_than_of_others() {
        let read = |coding: &str, body: &mut dyn FnMut() -> Vec<u8>| {
            let headers = HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().unwrap())]);
            let mut excerpt = Excerpt::of(&headers, KEPT_BYTES);
            let mut read = 0;
            while !excerpt.is_full() {
                let piece = body();
                read += piece.len();
                assert!(read <= MAX_PACKED_BYTES + 1_024, "{coding} goes on");
                excerpt.add(&piece.into());
            }
            read
        };
        // Members without contents, one after the other.
        assert!(read("gzip", &mut || gzip(b"")) > MAX_PACKED_BYTES);
        // What is no gzip after its first byte ends at once, and stored blocks of no length do not.
        assert_eq!(read("gzip", &mut || vec![0x1f; 512]), 512);
        let mut begun = false;
        let mut blocks = || match std::mem::replace(&mut begun, true) {
            false => vec![0x78, 0x9c],
            true => [0, 0, 0, 0xff, 0xff].repeat(100),
        };
        assert!(read("deflate", &mut blocks) > MAX_PACKED_BYTES);
        assert!(read("br", &mut || vec![0; 512]) <= KEPT_BYTES + 512);
    }
}
