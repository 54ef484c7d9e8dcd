//! As little of HTTP/1.1 as the load needs: messages with a `content-length`, one after the other on
//! a kept connection. A full library would take more CPU time than what is measured.

use anyhow::{Context, bail};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A head that is longer is not one of ours.
const HEAD_BYTES: usize = 16 * 1024;

/// Reads messages from a connection.
#[derive(Debug)]
pub(crate) struct Messages {
    buffer: Vec<u8>,
    /// Bytes of the buffer that are the message returned last.
    taken: usize,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    /// The first line: that of a request or of an answer.
    pub(crate) line: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Messages {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::with_capacity(HEAD_BYTES), taken: 0 }
    }

    /// The next message; `None` when the connection is closed between messages.
    pub(crate) async fn next(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> anyhow::Result<Option<Message<'_>>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let mut searched = 0;
        let head = loop {
            if let Some(at) = memchr::memmem::find(&self.buffer[searched..], b"\r\n\r\n") {
                break searched + at + 4;
            }
            if self.buffer.len() > HEAD_BYTES {
                bail!("the head of a message is too long");
            }
            searched = self.buffer.len().saturating_sub(3);
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    bail!("the connection was closed within a message")
                };
            }
        };
        let end = head + content_length(&self.buffer[..head])?;
        while self.buffer.len() < end {
            if stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection was closed within a message");
            }
        }
        self.taken = end;
        let line = memchr::memchr(b'\r', &self.buffer).unwrap_or(0);
        Ok(Some(Message { line: &self.buffer[..line], body: &self.buffer[head..end] }))
    }
}

/// 0 when there is none, as in an answer of 204.
fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            let value = std::str::from_utf8(&line[NAME.len()..])?.trim();
            return value.parse().context("a content-length that is no number");
        }
    }
    Ok(0)
}
