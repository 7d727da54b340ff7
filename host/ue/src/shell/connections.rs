//! TCP connections of a phone, opened to the P-CSCF or accepted from it (RFC 3261 §18.1.1, §18.2.2, §18.3).
//!
//! ```text
//!   send ── a connection to that address, or a new one ──▶ outbox ──▶ task ──▶ the stream
//!   the stream ──▶ task: whole messages, keepalives answered ──▶ FromConnection
//! ```
//! In: messages with their flow. Out: messages that came, connections that ended, and which messages did not leave.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use sip::{Flow, Frame, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use transaction::TransactionId;

use super::phone::CONNECT_WITHIN;
use crate::bounds::{MAX_CONNECTIONS, MAX_WAITING};

/// The answer to a double CRLF (RFC 5626 §4.4.1).
const PONG: &[u8] = b"\r\n";

/// What a connection tells the phone.
pub(super) enum FromConnection {
    Message { flow: Flow, bytes: Bytes },
    Closed { number: u64 },
    Undelivered { of: TransactionId },
}

type Outgoing = (Bytes, Option<TransactionId>);

struct Connection {
    remote: SocketAddr,
    outbox: mpsc::Sender<Outgoing>,
}

/// See the top of the file.
pub(super) struct Connections {
    table: BTreeMap<u64, Connection>,
    last: u64,
    to_phone: mpsc::Sender<FromConnection>,
    tasks: JoinSet<()>,
}

impl Connections {
    pub(super) fn new(to_phone: mpsc::Sender<FromConnection>) -> Connections {
        Connections { table: BTreeMap::new(), last: 0, to_phone, tasks: JoinSet::new() }
    }

    /// A peer connected; one too many is closed.
    pub(super) fn accept(&mut self, stream: TcpStream, remote: SocketAddr) {
        self.add(Some(stream), remote);
    }

    /// Hands a message to its connection, to one with that address, or to a new one. False: it cannot leave.
    pub(super) fn send(&mut self, flow: Flow, bytes: Bytes, of: Option<TransactionId>) -> bool {
        let known = self
            .table
            .get(&flow.connection)
            .or_else(|| self.table.values().find(|connection| connection.remote == flow.remote));
        let outbox = match known {
            Some(connection) => Some(connection.outbox.clone()),
            None => self.add(None, flow.remote),
        };
        outbox.is_some_and(|outbox| outbox.try_send((bytes, of)).is_ok())
    }

    pub(super) fn forget(&mut self, number: u64) {
        self.table.remove(&number);
        while self.tasks.try_join_next().is_some() {}
    }

    fn add(&mut self, stream: Option<TcpStream>, remote: SocketAddr) -> Option<mpsc::Sender<Outgoing>> {
        if self.table.len() == MAX_CONNECTIONS {
            return None;
        }
        self.last += 1;
        let number = self.last;
        let (outbox, to_send) = mpsc::channel(MAX_WAITING);
        self.table.insert(number, Connection { remote, outbox: outbox.clone() });
        let to_phone = self.to_phone.clone();
        self.tasks.spawn(async move {
            let flow = Flow { transport: Transport::Tcp, listener: 0, connection: number, remote };
            run(stream, flow, to_send, &to_phone).await;
            // Who no longer listens needs not be told.
            let _ = to_phone.send(FromConnection::Closed { number }).await;
        });
        Some(outbox)
    }
}

/// One connection, from its beginning to its end.
async fn run(
    stream: Option<TcpStream>,
    flow: Flow,
    mut to_send: mpsc::Receiver<Outgoing>,
    to_phone: &mpsc::Sender<FromConnection>,
) {
    let stream = match stream {
        Some(stream) => Some(stream),
        None => {
            let connected = timeout(CONNECT_WITHIN, TcpStream::connect(flow.remote)).await;
            connected.ok().and_then(Result::ok)
        }
    };
    let mut unsent = match stream {
        Some(stream) => carry(stream, flow, &mut to_send, to_phone).await,
        None => None,
    };
    to_send.close();
    loop {
        let Some((_, of)) = unsent.take().or_else(|| to_send.try_recv().ok()) else { return };
        if let Some(of) = of
            && to_phone.send(FromConnection::Undelivered { of }).await.is_err()
        {
            return;
        }
    }
}

/// Carries messages both ways until it breaks; the message that broke it.
async fn carry(
    mut stream: TcpStream,
    flow: Flow,
    to_send: &mut mpsc::Receiver<Outgoing>,
    to_phone: &mpsc::Sender<FromConnection>,
) -> Option<Outgoing> {
    let (mut reader, mut writer) = stream.split();
    let mut buffer = BytesMut::new();
    loop {
        tokio::select! {
            outgoing = to_send.recv() => {
                let outgoing = outgoing?;
                if writer.write_all(&outgoing.0).await.is_err() {
                    return Some(outgoing);
                }
            }
            read = reader.read_buf(&mut buffer) => {
                if !matches!(read, Ok(1..)) {
                    return None;
                }
                loop {
                    match sip::frame(&buffer) {
                        Ok(Frame::Message { length }) => {
                            let bytes = buffer.split_to(length).freeze();
                            to_phone.send(FromConnection::Message { flow, bytes }).await.ok()?;
                        }
                        Ok(Frame::Keepalive { consumed, ping }) => {
                            let _ = buffer.split_to(consumed);
                            if ping && writer.write_all(PONG).await.is_err() {
                                return None;
                            }
                        }
                        Ok(Frame::Partial { .. }) => break,
                        // Nothing behind it can be read (RFC 3261 §18.3).
                        Err(_) => return None,
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The connection's task does not run in between: nothing is awaited.
    #[tokio::test]
    async fn so_many_messages_wait_for_a_connection() {
        let (to_phone, _from_connections) = mpsc::channel(1);
        let mut connections = Connections::new(to_phone);
        let remote = SocketAddr::from(([127, 0, 0, 1], 9));
        let flow = Flow { transport: Transport::Tcp, listener: 0, connection: 0, remote };
        for _ in 0..MAX_WAITING {
            assert!(connections.send(flow, Bytes::new(), None));
        }
        assert!(!connections.send(flow, Bytes::new(), None));
        for other in 1..MAX_CONNECTIONS as u16 {
            let remote = SocketAddr::from(([127, 0, 0, 1], other + 9));
            assert!(connections.send(Flow { remote, ..flow }, Bytes::new(), None));
        }
        let remote = SocketAddr::from(([127, 0, 0, 2], 9));
        assert!(!connections.send(Flow { remote, ..flow }, Bytes::new(), None));
    }
}
