//! One message on a connection of its own.
//!
//! A good request follows on the same connection: it is answered where the message did not cost the connection. Answers
//! come by the connection, or, where it is gone, by a new one to the port that the Via names (RFC 3261 §18.2.2). At the
//! end the sender closes its side, and the router must follow.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::judge::{Connection, Seen};
use crate::support::{DOMAIN, Message, PATIENCE, Request, Stream};
use crate::udp::port_of_answers;
use crate::world::World;

pub(crate) fn send(world: &mut World, bytes: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let next_hop = world.next_hop(bytes);
    let address = world.next_address();
    let listener = TcpListener::bind((address, port_of_answers(bytes))).expect("the port that its Via names");
    let mut stream = connect(SocketAddr::from((address, 0)), world.router.sip);
    let own = stream.own();
    world.introduce(bytes, &own, |request| stream.ask(request));
    let before = world.counts();

    let good = Request::new("OPTIONS", "probe", &format!("sip:{DOMAIN}"));
    if is_cut_short(bytes) {
        stream.send_bytes(bytes);
        seen.connection = Connection::Waits;
    } else {
        // at once, so that nothing is under way to a connection that the message has cost
        stream.send_bytes(&[bytes, &good.bytes("TCP", &own)].concat());
        seen.connection = until_answered(&mut stream, &good, bytes, &mut seen);
    }
    if seen.connection == Connection::GoesOn {
        world.answered_other();
    }
    let after = world.quiet();
    let mut by_another = ByAnother { listener, streams: Vec::new() };
    let is_closed = seen.connection == Connection::Closed;
    world.collect(&mut seen, bytes, (&before, &after), |patience| match is_closed {
        true => by_another.message(patience),
        false => stream.message(),
    });

    if !is_closed {
        if !stream.is_open() {
            seen.connection = Connection::Closed;
        }
        stream.shut_down();
        while let Some(came) = stream.message() {
            seen.answer(bytes, &came);
        }
    }
    world.note_forwarded(&mut seen, bytes, next_hop.as_ref());
    seen
}

/// From this address; the port is anybody's.
fn connect(own: SocketAddr, router: SocketAddr) -> Stream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&own.into()).expect("a loopback address");
    socket.connect(&router.into()).expect("a connection");
    Stream::over(TcpStream::from(socket))
}

/// Notes all answers up to that to the good request, or to the end of the connection.
fn until_answered(stream: &mut Stream, good: &Request, sent: &[u8], seen: &mut Seen) -> Connection {
    while let Some(came) = stream.message() {
        if came.get("Call-ID") == good.call_id {
            assert_eq!(came.status(), 200, "{}", came.text());
            return Connection::GoesOn;
        }
        seen.answer(sent, &came);
    }
    Connection::Closed
}

/// Its Content-Length is more than there is.
fn is_cut_short(bytes: &[u8]) -> bool {
    matches!(strowger_sip::frame(bytes), Ok(strowger_sip::Frame::Partial { .. }))
}

/// Connections that the router opens to answer.
struct ByAnother {
    listener: TcpListener,
    streams: Vec<Stream>,
}

impl ByAnother {
    fn message(&mut self, patience: Duration) -> Option<Message> {
        let began = Instant::now();
        self.listener.set_nonblocking(true).expect("an option");
        while began.elapsed() < patience.min(PATIENCE) {
            if let Ok((stream, _)) = self.listener.accept() {
                stream.set_nonblocking(false).expect("an option");
                self.streams.push(Stream::over(stream));
            }
            if let Some(came) = self.streams.iter_mut().find_map(Stream::pending) {
                return Some(came);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}
