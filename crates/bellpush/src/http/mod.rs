//! The HTTP port: accepts connections, bounds them in number and in patience, and closes them in
//! order when the server stops.

mod connections;
mod noted_body;
mod noted_response;

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
    noted_response::{NotedResponse, NotedStream},
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
    TokioIo<NotedStream>,
    impl hyper::service::HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send> + Send,
> {
    if let Err(error) = stream.set_nodelay(true) {
        warn!(%error, "a connection can't be told to send at once");
    }
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, SENT_TIMEOUT_MS) {
        warn!(%error, "a connection can't be told to give up");
    }
    let noted = NotedStream::new(stream, Arc::clone(&open));
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        open.receiving();
        let noted = |body| Body::new(NotedBody::new(body, Arc::clone(&open)));
        let mut request = request.map(noted);
        request.extensions_mut().insert(ConnectInfo(peer));
        let (open, response) = (Arc::clone(&open), router.clone().oneshot(request));
        async move {
            let response = response.await?;
            if is_event_stream(response.headers()) {
                open.streaming();
            }
            Ok(response.map(|body| Body::new(NotedResponse::new(body, open))))
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(noted), service)
}

/// Whether these are of a response that goes on for as long as the client listens.
fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

#[cfg(test)]
mod tests {
    use std::{io, net::Ipv4Addr};

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// More than the system takes from a server for a client that reads nothing.
    const LARGE: usize = 32 * 1024 * 1024;

    async fn server(per_address: u32) -> (SocketAddr, CancellationToken) {
        let stream = || async { ([(CONTENT_TYPE, "text/event-stream")], "data: 1\n\n") };
        let router = Router::new()
            .route("/", get(|| async { "small" }))
            .route("/large", get(|| async { vec![7_u8; LARGE] }))
            .route("/stream", get(stream));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, router, NonZeroU32::new(per_address), stop.clone()));
        (address, stop)
    }

    /// Asks, and waits for the response's first byte.
    async fn ask(address: SocketAddr, path: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await?;
        assert_eq!(stream.read_u8().await?, b'H');
        Ok(stream)
    }

    /// All that comes until the connection is closed.
    async fn rest(mut stream: TcpStream) -> usize {
        let mut read = Vec::new();
        // Closed with something unread, it is reset.
        let _ = stream.read_to_end(&mut read).await;
        read.len()
    }

    #[tokio::test]
    async fn a_response_on_its_way_outlasts_one_that_has_arrived() -> io::Result<()> {
        let (address, stop) = server(2).await;
        let large = ask(address, "/large").await?;
        let idle = ask(address, "/").await?;
        let _further = ask(address, "/").await?;
        assert!(rest(idle).await < 1_000, "the idle one made room");
        stop.cancel();
        assert!(rest(large).await >= LARGE, "the response was cut off");
        Ok(())
    }

    #[tokio::test]
    async fn a_stream_that_is_over_is_no_better_than_any_response() -> io::Result<()> {
        let (address, stop) = server(2).await;
        let over = ask(address, "/stream").await?;
        let mut idle = ask(address, "/").await?;
        let _further = ask(address, "/").await?;
        assert!(rest(over).await < 1_000, "the older one made room");
        idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
        assert!(rest(idle).await > 200, "both of its responses are there");
        stop.cancel();
        Ok(())
    }
}
