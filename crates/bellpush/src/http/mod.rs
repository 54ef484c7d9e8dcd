//! The HTTP port: accepts connections, bounds them in number and in patience, and closes them in
//! order when the server stops.

mod connections;
mod noted_body;

use std::{convert::Infallible, net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, header::CONTENT_TYPE},
};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, warn};

use self::{
    connections::{Connection, Connections},
    noted_body::NotedBody,
};

/// Open connections, at most; for a further one another is given up.
const MAX_CONNECTIONS: usize = 10_000;
/// Bytes that are kept of a request before it is read on, its head among them.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// How long a client may take for a request's head. It bounds idle connections, too.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long what was sent may be neither acknowledged nor taken by a client (`TCP_USER_TIMEOUT`), in
/// milliseconds.
const SENT_TIMEOUT_MS: u32 = 30_000;
/// How long accepting rests after a failure, such as too many open files.
const REST: Duration = Duration::from_millis(100);
/// How long open connections may take when the server stops.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Serves HTTP/1.1 until it is told to stop, then lets requests under way finish. `per_address`:
/// connections from one address at once, at most.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    per_address: Option<NonZeroU32>,
    stop: CancellationToken,
) {
    let connections = Connections::new(per_address, MAX_CONNECTIONS);
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let open = Arc::new(connections.open(bellpush_server::limit_key(peer.ip().to_canonical())));
        let served = graceful.watch(connection(stream, peer, router.clone(), Arc::clone(&open)));
        tokio::spawn(async move {
            tokio::select! {
                served = served => {
                    if let Err(error) = served {
                        debug!(%error, %peer, "a connection broke");
                    }
                }
                () = open.evicted() => debug!(%peer, "a connection made room for another one"),
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(CLOSE_WITHIN, graceful.shutdown()).await.is_err() {
        warn!("some connections were still open");
    }
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    open: Arc<Connection>,
) -> http1::Connection<
    TokioIo<TcpStream>,
    impl hyper::service::HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send> + Send,
> {
    if let Err(error) = stream.set_nodelay(true) {
        warn!(%error, "a connection can't be told to send at once");
    }
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, SENT_TIMEOUT_MS) {
        warn!(%error, "a connection can't be told to give up");
    }
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        open.receiving();
        let noted = |body| Body::new(NotedBody::new(body, Arc::clone(&open)));
        let mut request = request.map(noted);
        request.extensions_mut().insert(ConnectInfo(peer));
        let (open, response) = (Arc::clone(&open), router.clone().oneshot(request));
        async move {
            let response = response.await;
            match &response {
                Ok(response) if is_event_stream(response.headers()) => open.streaming(),
                _ => open.answered(),
            }
            response
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}

/// Whether these are of a response that goes on for as long as the client listens.
fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}
