//! A request's body that notes with its connection when all of it is there.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::connections::Connection;

#[derive(Debug)]
pub(super) struct NotedBody {
    body: Incoming,
    /// Until its end.
    connection: Option<Arc<Connection>>,
}

impl NotedBody {
    pub(super) fn new(body: Incoming, connection: Arc<Connection>) -> Self {
        let mut noted = Self { body, connection: Some(connection) };
        noted.note(false);
        noted
    }

    fn note(&mut self, is_over: bool) {
        if (is_over || self.body.is_end_stream())
            && let Some(connection) = self.connection.take()
        {
            connection.working();
        }
    }
}

impl Body for NotedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.note(frame.is_none());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
