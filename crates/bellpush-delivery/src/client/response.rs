//! The answer to a request: its head, and its body as far as that is kept.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use h2::RecvStream;
use http::{HeaderMap, header::CONTENT_ENCODING, response::Parts};
use hyper::body::Incoming;

use super::{
    http2,
    outcome::BodyEnd,
    pool::{Http1Lease, Http2Lease},
};

/// An answer whose body is still to be read.
pub(super) struct Response {
    pub(super) head: Parts,
    pub(super) body: Body,
}

/// The body, with the connection that it comes on.
pub(super) enum Body {
    Http1(Http1Lease, Incoming),
    Http2(Http2Lease, RecvStream),
}

impl Body {
    /// Reads what is kept of it. A longer one is dropped, and its connection of HTTP/1.1 with it.
    pub(super) async fn read(self, excerpt: &mut Excerpt) -> BodyEnd {
        match self {
            Self::Http1(mut lease, mut body) => {
                while !excerpt.is_full() {
                    match lease.connection.frame(&mut body).await {
                        Some(Ok(data)) => excerpt.add(&data),
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

/// The beginning of a body, unpacked: one byte more than is kept, so that it can be seen whether it was
/// cut.
pub(super) enum Excerpt {
    Plain(Kept),
    Gzip(MultiGzDecoder<Kept>),
    Deflate(ZlibDecoder<Kept>),
    /// Packed in a way that is not unpacked here.
    Unreadable {
        coding: String,
        bytes: usize,
        limit: usize,
    },
}

impl Excerpt {
    /// Of a body with these headers, of which so many bytes are kept. We ask for no packed answer, but
    /// some endpoints pack all.
    pub(super) fn of(headers: &HeaderMap, limit: usize) -> Self {
        let kept = Kept { bytes: Vec::new(), limit };
        let coding =
            headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim());
        match coding.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Self::Plain(kept),
            Some("gzip" | "x-gzip") => Self::Gzip(MultiGzDecoder::new(kept)),
            Some("deflate") => Self::Deflate(ZlibDecoder::new(kept)),
            Some(other) => {
                let coding = other.chars().take(32).collect();
                Self::Unreadable { coding, bytes: 0, limit }
            }
        }
    }

    fn add(&mut self, data: &Bytes) {
        // What can't be unpacked, and what is beyond the limit, is an error to the unpacker: then
        // there is what it wrote before.
        _ = match self {
            Self::Plain(kept) => kept.write_all(data),
            Self::Gzip(decoder) => decoder.write_all(data),
            Self::Deflate(decoder) => decoder.write_all(data),
            Self::Unreadable { bytes, .. } => {
                *bytes += data.len();
                Ok(())
            }
        };
    }

    fn is_full(&self) -> bool {
        match self {
            Self::Plain(kept) => kept.is_full(),
            Self::Gzip(decoder) => decoder.get_ref().is_full(),
            Self::Deflate(decoder) => decoder.get_ref().is_full(),
            Self::Unreadable { bytes, limit, .. } => bytes > limit,
        }
    }

    /// What was read.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Plain(kept) => kept.bytes,
            Self::Gzip(mut decoder) => {
                _ = decoder.flush();
                std::mem::take(&mut decoder.get_mut().bytes)
            }
            Self::Deflate(mut decoder) => {
                _ = decoder.flush();
                std::mem::take(&mut decoder.get_mut().bytes)
            }
            Self::Unreadable { bytes: 0, .. } => Vec::new(),
            Self::Unreadable { coding, .. } => {
                format!("(a body that is packed with {coding}, and not shown)").into_bytes()
            }
        }
    }
}

/// At most one byte more than is kept of a body.
pub(super) struct Kept {
    bytes: Vec<u8>,
    limit: usize,
}

impl Kept {
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
        write::{GzEncoder, ZlibEncoder},
    };

    use super::*;
    use crate::client::KEPT_BYTES;

    fn excerpt(coding: &str, body: &[u8]) -> Vec<u8> {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().unwrap())]);
        let mut excerpt = Excerpt::of(&headers, KEPT_BYTES);
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
        assert!(excerpt("gzip", b"plain all the same").is_empty());
    }
}
