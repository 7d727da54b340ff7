//! One established connection: its task.
//!
//! ```text
//!  task ─┬─ read ──▶ node (what comes up meanwhile is held) ──▶ release: one write
//!        └─ outbox: what nobody else could write
//!  the peer closes, the socket breaks: the node is told       the node closes: what is queued is written, then FIN
//!                                                             the stream makes no sense, or too much waits: RST
//! ```
//! In: a stream. Out: what the node makes of it; ends with the connection, and then the node knows. Not here: what
//! makes the stream (`connect.rs`, `listen.rs`), what the bytes mean.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::diameter::node::{ConnectionId, Input};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use trace::{Tap, Trace};

use super::driver::Driver;
use super::feed::{Feed, Feeds, Over};
use super::listen::Admission;
use super::outbox::{Outbox, Written};
use super::wire::Wire;
use super::{DiameterLimits, Shared};

/// Bytes that a read takes at a time.
const READ_SIZE: usize = 16 * 1024;

/// How long a peer may take to close its side after we closed ours. Closing both at once could reset the connection
/// before it has read the last answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection, as the driver knows it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) outbox: Outbox,
    /// Who listens to it.
    pub(super) tap: Option<Tap>,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, limits: &DiameterLimits, trace: Option<&Arc<Trace>>) -> Connection {
        let tap = trace.map(|trace| Tap::new(Arc::clone(trace)));
        Connection { id, outbox: Outbox::new(limits.waiting_bytes), tap }
    }

    /// Bytes came: the node makes of them what it can, and what it says to that is written at once.
    pub(super) fn received(&self, shared: &Arc<Shared>, bytes: &[u8]) {
        if let Some(tap) = &self.tap {
            tap.received(bytes);
        }
        self.outbox.hold();
        shared.received(self.id, bytes);
        self.outbox.release();
    }
}

/// A connection's task holds one; with it the node's knowledge of the connection ends, however the task does.
pub(super) struct Live {
    pub(super) connection: Arc<Connection>,
    pub(super) shared: Arc<Shared>,
    _admission: Option<Admission>,
}

impl Live {
    pub(super) fn new(
        connection: Arc<Connection>,
        shared: Arc<Shared>,
        admission: Option<Admission>,
    ) -> Live {
        shared.live.send_modify(|live| *live += 1);
        Live { connection, shared, _admission: admission }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let id = self.connection.id;
        self.connection.outbox.abort();
        // who reads it elsewhere sees that it is over
        if let Some(wire @ Wire::Unwatched(_)) = self.connection.outbox.wire() {
            let _ = SockRef::from(wire).shutdown(std::net::Shutdown::Both);
        }
        self.shared.with(|driver, now| {
            driver.forget(id);
            driver.node.handle_input(now, Input::Disconnected(id));
        });
        self.shared.live.send_modify(|live| *live -= 1);
    }
}

/// What carries a connection.
pub(super) enum Stream<S> {
    Plain(TcpStream),
    Secure(S),
}

/// Why a connection's task ends.
pub(super) enum Ended {
    /// The peer closed its side.
    Peer,
    /// Nothing more can be read.
    Broken(io::ErrorKind),
    Written(Written),
}

/// Tells the driver of an established connection, and serves it to its end.
pub(super) async fn serve<S>(stream: Stream<S>, live: &Live, tell: impl FnOnce(&mut Driver, Instant))
where
    S: AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let outbox = &live.connection.outbox;
    match stream {
        Stream::Plain(stream) => {
            if let (Some(tap), Ok(remote)) = (&live.connection.tap, stream.peer_addr()) {
                tap.is_with(remote);
            }
            match &live.shared.feeds {
                Some(feeds) => serve_fed(stream, live, &**feeds, tell).await,
                None => {
                    let (mut reader, writer) = stream.into_split();
                    outbox.open(Wire::Watched(writer));
                    live.shared.with(tell);
                    until_the_end(&mut reader, live).await;
                }
            }
        }
        Stream::Secure(stream) => {
            let (mut reader, mut writer) = tokio::io::split(stream);
            live.shared.with(tell);
            let ended = tokio::select! {
                biased;
                ended = read(&mut reader, live) => ended,
                written = outbox.write_to(&mut writer) => Ended::Written(written),
            };
            match ended {
                Ended::Written(Written::All) => {
                    let farewell = async {
                        let _ = writer.shutdown().await;
                        read_to_end(&mut reader).await;
                    };
                    let _ = timeout(FAREWELL, farewell).await;
                }
                other => other.log(live),
            }
        }
    }
}

/// Serves a connection that somebody else reads, until that one gives it back.
async fn serve_fed(
    stream: TcpStream,
    live: &Live,
    feeds: &dyn Feeds,
    tell: impl FnOnce(&mut Driver, Instant),
) {
    let Live { connection, shared, .. } = live;
    let outbox = &connection.outbox;
    match Wire::unwatched(stream) {
        Ok(wire) => outbox.open(wire),
        Err(error) => return Ended::Broken(error.kind()).log(live),
    }
    let (feed, end) = Feed::new(Arc::clone(connection), Arc::clone(shared));
    shared.with(tell);
    feeds.opened(feed);
    let ended = tokio::select! {
        biased;
        over = end.over() => match over {
            Over::Ended(ended) => ended,
            Over::GivenBack => return serve_given_back(live).await,
        },
        written = outbox.write_out() => Ended::Written(written),
    };
    part(ended, live, end.over()).await;
}

/// The task reads on by a descriptor of its own.
async fn serve_given_back(live: &Live) {
    let Some(Wire::Unwatched(stream)) = live.connection.outbox.wire() else { return };
    match stream.try_clone().and_then(TcpStream::from_std) {
        Ok(mut reader) => until_the_end(&mut reader, live).await,
        Err(error) => Ended::Broken(error.kind()).log(live),
    }
}

/// Reads and writes a connection without TLS.
async fn until_the_end(reader: &mut (impl AsyncRead + Unpin), live: &Live) {
    let outbox = &live.connection.outbox;
    let ended = tokio::select! {
        biased;
        ended = read(reader, live) => ended,
        written = outbox.write_out() => Ended::Written(written),
    };
    part(ended, live, read_to_end(reader)).await;
}

/// What is left to do for a connection without TLS that has ended. `peers_end`: the peer has closed its side too.
async fn part<T>(ended: Ended, live: &Live, peers_end: impl Future<Output = T>) {
    let Some(wire) = live.connection.outbox.wire() else { return };
    match ended {
        Ended::Written(Written::All) => {
            let _ = SockRef::from(wire).shutdown(std::net::Shutdown::Write);
            let _ = timeout(FAREWELL, peers_end).await;
        }
        // a reset: what the kernel still has is not wanted either
        Ended::Written(Written::Aborted) => drop(rustix::net::connect_unspec(wire)),
        other => other.log(live),
    }
}

/// Reads until nothing more comes, and says why.
async fn read(reader: &mut (impl AsyncRead + Unpin), live: &Live) -> Ended {
    let Live { connection, shared, .. } = live;
    let mut buffer = vec![0; READ_SIZE].into_boxed_slice();
    loop {
        let count = match reader.read(&mut buffer).await {
            Ok(0) => return Ended::Peer,
            Ok(count) => count,
            Err(error) => return Ended::Broken(error.kind()),
        };
        connection.received(shared, buffer.get(..count).unwrap_or_default());
    }
}

/// Until the peer has closed its side too. What it still says is lost on us.
async fn read_to_end(reader: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = [0; 1024];
    while let Ok(1..) = reader.read(&mut buffer).await {}
}

impl Ended {
    fn log(&self, live: &Live) {
        let connection = live.connection.id;
        match self {
            Ended::Peer => tracing::debug!(?connection, "a Diameter connection was closed by the peer"),
            Ended::Broken(kind) | Ended::Written(Written::Broken(kind)) => {
                tracing::debug!(?connection, error = %kind, "a Diameter connection broke");
            }
            Ended::Written(_) => {}
        }
    }
}
