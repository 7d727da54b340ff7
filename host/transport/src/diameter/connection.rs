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
use super::listen::Admission;
use super::outbox::{Outbox, Written};
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
enum Ended {
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
            let (mut reader, writer) = stream.into_split();
            outbox.open(writer);
            live.shared.with(tell);
            let ended = tokio::select! {
                biased;
                ended = read(&mut reader, live) => ended,
                written = outbox.write_out() => Ended::Written(written),
            };
            let Some(socket) = outbox.socket() else { return };
            match ended {
                Ended::Written(Written::All) => {
                    let _ = SockRef::from(socket).shutdown(std::net::Shutdown::Write);
                    let _ = timeout(FAREWELL, read_to_end(&mut reader)).await;
                }
                // a reset: what the kernel still has is not wanted either
                Ended::Written(Written::Aborted) => drop(rustix::net::connect_unspec(socket)),
                other => other.log(live),
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
        let bytes = buffer.get(..count).unwrap_or_default();
        if let Some(tap) = &connection.tap {
            tap.received(bytes);
        }
        connection.outbox.hold();
        shared.received(connection.id, bytes);
        connection.outbox.release();
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
