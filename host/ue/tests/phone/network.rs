//! The home network of `support/` with sockets: UDP and TCP at one port.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;

use bytes::BytesMut;
use sip::{Frame, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use transaction::Time;

use crate::support::Home;

/// A home network; it ends when this is dropped.
pub(crate) struct Network {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Network {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type FromStream = mpsc::UnboundedSender<(SocketAddr, Vec<u8>)>;

impl Network {
    pub(crate) async fn start(change: impl FnOnce(&mut Home)) -> Network {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let mut home = Home::new(address);
        change(&mut home);
        Network { address, task: tokio::spawn(run(home, udp, tcp)) }
    }
}

async fn run(mut home: Home, udp: UdpSocket, tcp: TcpListener) {
    let began = Instant::now();
    let mut buffer = vec![0; 65_535];
    let (from_stream, mut streams) = mpsc::unbounded_channel();
    let mut writers: BTreeMap<SocketAddr, OwnedWriteHalf> = BTreeMap::new();
    loop {
        let due = home.poll_timeout();
        let due_at = began + due.map_or(std::time::Duration::ZERO, |due| due - Time::ZERO);
        tokio::select! {
            received = udp.recv_from(&mut buffer) => {
                let (length, from) = received.unwrap();
                home.handle(Time::ZERO + began.elapsed(), Transport::Udp, from, &buffer[..length]);
            }
            accepted = tcp.accept() => {
                let (stream, from) = accepted.unwrap();
                writers.insert(from, read(stream, from, from_stream.clone()));
            }
            Some((from, bytes)) = streams.recv() => {
                home.handle(Time::ZERO + began.elapsed(), Transport::Tcp, from, &bytes);
            }
            () = sleep_until(due_at), if due.is_some() => home.handle_timeout(Time::ZERO + began.elapsed()),
        }
        for (transport, to, bytes) in std::mem::take(&mut home.outbox) {
            if transport == Transport::Udp {
                udp.send_to(&bytes, to).await.unwrap();
                continue;
            }
            let writer = match writers.entry(to) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let stream = TcpStream::connect(to).await.unwrap();
                    new.insert(read(stream, to, from_stream.clone()))
                }
            };
            writer.write_all(&bytes).await.unwrap();
        }
    }
}

/// Reads messages of a connection; where to write to it.
fn read(stream: TcpStream, from: SocketAddr, to_home: FromStream) -> OwnedWriteHalf {
    let (mut reader, writer) = stream.into_split();
    tokio::spawn(async move {
        let mut buffer = BytesMut::new();
        while matches!(reader.read_buf(&mut buffer).await, Ok(1..)) {
            while let Ok(Frame::Message { length }) = sip::frame(&buffer) {
                let _ = to_home.send((from, buffer.split_to(length).to_vec()));
            }
        }
    });
    writer
}
