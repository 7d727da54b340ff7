//! Peers of a router: a UDP socket that is a phone, a TCP connection, and a call between two phones.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::{DOMAIN, Message, PASSWORD, PATIENCE, Request, answer, at};

/// A UDP socket that speaks with a router.
pub struct Peer {
    socket: UdpSocket,
    router: SocketAddr,
}

impl Peer {
    pub fn new(router: SocketAddr) -> Peer {
        Peer::on("127.0.0.1", router)
    }

    /// From another address than most.
    pub fn on(address: &str, router: SocketAddr) -> Peer {
        Peer { socket: UdpSocket::bind((address, 0)).expect("a socket"), router }
    }

    /// At a port of one's own choice.
    #[track_caller]
    pub fn at(own: SocketAddr, router: SocketAddr) -> Peer {
        Peer { socket: UdpSocket::bind(own).unwrap_or_else(|error| panic!("{own}: {error}")), router }
    }

    /// `address:port`
    pub fn own(&self) -> String {
        self.socket.local_addr().expect("an address").to_string()
    }

    pub fn port(&self) -> u16 {
        self.socket.local_addr().expect("an address").port()
    }

    pub fn send(&self, request: &Request) {
        self.send_bytes(&request.bytes("UDP", &self.own()));
    }

    pub fn send_bytes(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.router).expect("sent");
    }

    /// Answers a request that came; `more` are whole lines, with `\n`.
    pub fn answer(&self, request: &Message, status: u16, tag: &str, more: &str) {
        self.send_bytes(&answer(request, status, tag, more));
    }

    /// The next datagram within this time.
    pub fn datagram(&self, patience: Duration) -> Option<Vec<u8>> {
        self.socket.set_read_timeout(Some(patience.max(Duration::from_millis(1)))).expect("a time-out");
        let mut buffer = vec![0; 65_535];
        let length = self.socket.recv(&mut buffer).ok()?;
        buffer.truncate(length);
        Some(buffer)
    }

    pub fn receive(&self, patience: Duration) -> Option<Message> {
        let datagram = self.datagram(patience)?;
        Some(Message::read(&datagram).unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(&datagram))))
    }

    /// What has come already.
    pub fn pending(&self) -> Option<Message> {
        self.receive(Duration::ZERO)
    }

    /// The next message, which must be this: "200", "INVITE". A 100 is passed over unless it is asked for.
    #[track_caller]
    pub fn expect(&self, what: &str) -> Message {
        loop {
            let Some(message) = self.receive(PATIENCE) else { panic!("{what} does not come") };
            if message.what() == what {
                return message;
            }
            assert!(message.status() == 100, "not {what} but\n{}", message.text());
        }
    }

    /// Sends a request and gives the final answer.
    #[track_caller]
    pub fn ask(&self, request: &Request) -> Message {
        self.send(request);
        self.final_response()
    }

    #[track_caller]
    pub fn final_response(&self) -> Message {
        loop {
            let message = self.receive(PATIENCE).expect("an answer");
            if message.status() >= 200 {
                return message;
            }
            assert!(message.status() > 0, "a request came:\n{}", message.text());
        }
    }

    /// Registers a user: challenged, then with credentials. Without a Contact in `more` it is this peer's own address.
    /// Gives the answer to the request with credentials, or to the first where that is no 401.
    #[track_caller]
    pub fn register(&mut self, user: &str, more: &str) -> Message {
        let request = registration(user, &self.own(), more);
        let challenged = self.ask(&request);
        if challenged.status() != 401 {
            return challenged;
        }
        self.ask(&with_credentials(&request, &challenged, user, PASSWORD, 1))
    }
}

/// A REGISTER without credentials.
pub fn registration(user: &str, own: &str, more: &str) -> Request {
    let mut request = Request::new("REGISTER", user, user).uri(&format!("sip:{DOMAIN}"));
    request.contact = false;
    let has_contact = more.lines().any(|line| line.starts_with("Contact:"));
    let contact = format!("Contact: <sip:{user}@{own}>\n");
    request.with(if has_contact { "" } else { &contact }).with(more)
}

/// The same request again, with credentials for the last challenge of a 401 or 407.
pub fn with_credentials(
    request: &Request,
    challenged: &Message,
    user: &str,
    password: &str,
    nc: u32,
) -> Request {
    let (challenge, credentials) = match challenged.status() {
        401 => ("WWW-Authenticate", "Authorization"),
        _ => ("Proxy-Authenticate", "Proxy-Authorization"),
    };
    let challenge = challenged.all(challenge).pop().expect("a challenge").to_owned();
    let value = credentials_for(&challenge, request, user, password, nc);
    request.again().with(&format!("{credentials}: {value}"))
}

/// The value of Authorization for one challenge.
pub fn credentials_for(challenge: &str, request: &Request, user: &str, password: &str, nc: u32) -> String {
    let asked = auth::Answer {
        method: &request.method,
        uri: &request.uri,
        body: &request.body,
        cnonce: "c0ffee",
        nc,
    };
    auth::answer(challenge.as_bytes(), auth::Account { user, password }, &asked).expect("a plain challenge")
}

/// A TCP connection with a router.
pub struct Stream {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Stream {
    pub fn connect(router: SocketAddr) -> Stream {
        Stream::over(TcpStream::connect(router).expect("a connection"))
    }

    /// The next connection that somebody opens, and where from.
    #[track_caller]
    pub fn accept(listener: &TcpListener) -> (Stream, SocketAddr) {
        listener.set_nonblocking(true).expect("an option");
        let began = Instant::now();
        loop {
            match listener.accept() {
                Ok((stream, from)) => {
                    stream.set_nonblocking(false).expect("an option");
                    return (Stream::over(stream), from);
                }
                Err(error) => assert!(began.elapsed() < PATIENCE, "no connection comes: {error}"),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn over(stream: TcpStream) -> Stream {
        stream.set_nodelay(true).expect("an option");
        Stream { stream, buffer: Vec::new() }
    }

    pub fn own(&self) -> String {
        self.stream.local_addr().expect("an address").to_string()
    }

    pub fn send(&mut self, request: &Request) {
        let bytes = request.bytes("TCP", &self.own());
        self.send_bytes(&bytes);
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sent");
    }

    pub fn answer(&mut self, request: &Message, status: u16, tag: &str, more: &str) {
        self.send_bytes(&answer(request, status, tag, more));
    }

    /// Says that nothing more will be sent.
    pub fn shut_down(&self) {
        self.stream.shutdown(Shutdown::Write).expect("shut down");
    }

    /// Breaks the connection: what is still under way on it is lost.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("an option");
    }

    /// Some bytes; none: the peer has closed.
    #[track_caller]
    pub fn bytes(&mut self, patience: Duration) -> Option<Vec<u8>> {
        self.stream.set_read_timeout(Some(patience)).expect("a time-out");
        let mut buffer = vec![0; 65_536];
        match self.stream.read(&mut buffer) {
            Ok(0) => None,
            Ok(length) => Some(buffer[..length].to_vec()),
            Err(error) => match error.kind() {
                std::io::ErrorKind::ConnectionReset => None,
                kind => panic!("nothing comes: {kind}"),
            },
        }
    }

    /// The next message, which must be this. A 100 is passed over unless it is asked for.
    #[track_caller]
    pub fn expect(&mut self, what: &str) -> Message {
        let began = Instant::now();
        loop {
            if let Some(message) = self.take() {
                if message.what() == what {
                    return message;
                }
                assert!(message.status() == 100, "not {what} but\n{}", message.text());
                continue;
            }
            assert!(began.elapsed() < PATIENCE, "{what} does not come");
            let more = self.bytes(PATIENCE).unwrap_or_else(|| panic!("closed before {what}"));
            self.buffer.extend(more);
        }
    }

    /// The next message; none: the peer has closed.
    #[track_caller]
    pub fn message(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.take() {
                return Some(message);
            }
            let more = self.bytes(PATIENCE)?;
            self.buffer.extend(more);
        }
    }

    /// The next message, where it is there already.
    pub fn pending(&mut self) -> Option<Message> {
        self.look();
        self.take()
    }

    /// Whether the peer has not closed it.
    pub fn is_open(&mut self) -> bool {
        self.look()
    }

    /// Takes what is there; whether more can come.
    fn look(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("an option");
        let mut buffer = vec![0; 65_536];
        let read = self.stream.read(&mut buffer);
        self.stream.set_nonblocking(false).expect("an option");
        match read {
            Ok(length) => {
                self.buffer.extend(&buffer[..length]);
                length > 0
            }
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }

    /// A whole message out of the buffer, framed by its Content-Length.
    fn take(&mut self) -> Option<Message> {
        let head = Message::read(&self.buffer)?;
        let end = self.buffer.len() - head.body.len();
        let length = end + head.get("Content-Length").parse::<usize>().expect("a Content-Length");
        (self.buffer.len() >= length)
            .then(|| Message::read(&self.buffer.drain(..length).collect::<Vec<_>>()).expect("read before"))
    }

    #[track_caller]
    pub fn ask(&mut self, request: &Request) -> Message {
        self.send(request);
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.take() {
                Some(message) if message.status() >= 200 => return message,
                Some(message) => assert!(message.status() > 0, "a request came:\n{}", message.text()),
                None => {
                    let more = self.bytes(PATIENCE).expect("it is not closed");
                    self.buffer.extend(more);
                }
            }
        }
        panic!("no answer comes");
    }

    #[track_caller]
    pub fn register(&mut self, user: &str, more: &str) -> Message {
        let own = format!("{};transport=tcp", self.own());
        let request = registration(user, &own, more);
        let challenged = self.ask(&request);
        if challenged.status() != 401 {
            return challenged;
        }
        self.ask(&with_credentials(&request, &challenged, user, PASSWORD, 1))
    }
}

/// An INVITE under way: as it was sent, and as it came.
pub struct Call {
    pub sent: Request,
    pub came: Message,
}

impl Call {
    /// A caller's INVITE has arrived at the phone.
    #[track_caller]
    pub fn ringing(caller: &Peer, callee: &Peer, to: &str) -> Call {
        let sent = Request::new("INVITE", "alice", to);
        caller.send(&sent);
        Call { came: callee.expect("INVITE"), sent }
    }

    /// It has been answered and acknowledged. Also gives the 200 as the caller got it.
    #[track_caller]
    pub fn established(caller: &Peer, callee: &Peer) -> (Call, Message) {
        let call = Call::ringing(caller, callee, "bob");
        callee.answer(&call.came, 200, "b", &format!("Contact: <sip:bob@{}>", callee.own()));
        let ok = caller.expect("200");
        caller.send(&call.sent.within(&ok, "ACK", 1));
        callee.expect("ACK");
        (call, ok)
    }

    /// Acknowledges a final response that is no 2xx.
    pub fn acknowledge(&self, caller: &Peer, response: &Message) {
        caller.send(&self.sent.follow_up("ACK", response.tag("To")));
    }

    /// Cancels it; gives the answer to the CANCEL.
    #[track_caller]
    pub fn cancel(&self, caller: &Peer) -> Message {
        caller.send(&self.sent.follow_up("CANCEL", ""));
        let answered = caller.final_response();
        assert_eq!(answered.get("CSeq"), "1 CANCEL", "{}", answered.text());
        answered
    }
}

/// Registers several phones for one user, with these q values; empty: none.
#[track_caller]
pub fn phones(router: &super::Router, user: &str, qs: &[&str]) -> Vec<Peer> {
    let phone = |q: &&str| {
        let mut peer = router.peer();
        let q = if q.is_empty() { String::new() } else { format!(";q={q}") };
        let contact = format!("Contact: <{}>{q}", at(user).replace(DOMAIN, &peer.own()));
        let registered = peer.register(user, &contact);
        assert_eq!(registered.status(), 200, "{}", registered.text());
        peer
    };
    qs.iter().map(phone).collect()
}
