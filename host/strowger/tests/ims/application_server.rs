//! An application server: a UDP socket that S-CSCFs send to. It answers itself, or sends on what it got as a proxy of
//! RFC 3261 §16 does.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::support::{Message, Request, answer, unique};

pub(crate) struct ApplicationServer {
    socket: UdpSocket,
    /// What came before: it comes again where the answer takes its time.
    seen: RefCell<HashSet<String>>,
}

/// A message, and where it came from.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) message: Message,
    pub(crate) from: SocketAddr,
}

impl ApplicationServer {
    pub(crate) fn new() -> ApplicationServer {
        ApplicationServer {
            socket: UdpSocket::bind("127.0.0.1:0").expect("a socket"),
            seen: RefCell::default(),
        }
    }

    /// `address:port`
    pub(crate) fn own(&self) -> String {
        self.socket.local_addr().expect("an address").to_string()
    }

    pub(crate) fn uri(&self) -> String {
        format!("sip:{}", self.own())
    }

    /// The next message that is new, within this time.
    pub(crate) fn receive(&self, patience: Duration) -> Option<Came> {
        let began = Instant::now();
        let mut buffer = vec![0; 65_535];
        loop {
            let left = patience.saturating_sub(began.elapsed()).max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left)).expect("a time-out");
            let (length, from) = self.socket.recv_from(&mut buffer).ok()?;
            let message = Message::read(&buffer[..length]).expect("SIP");
            let name =
                [&message.start, message.get("Via"), message.get("CSeq"), message.get("Call-ID")].join(" ");
            if self.seen.borrow_mut().insert(name) {
                return Some(Came { message, from });
            }
        }
    }

    /// The next message, which must be this. A 100 is passed over.
    #[track_caller]
    pub(crate) fn expect(&self, what: &str) -> Came {
        loop {
            let came = self.receive(PATIENCE).unwrap_or_else(|| panic!("{what} does not come to the server"));
            if came.message.what() == what {
                return came;
            }
            assert_eq!(came.message.status(), 100, "not {what} but\n{}", came.message.text());
        }
    }

    /// Answers; `more` are whole lines, with `\n`.
    pub(crate) fn answer(&self, came: &Came, status: u16, tag: &str, more: &str) {
        self.send(&answer(&came.message, status, tag, more), came.from);
    }

    pub(crate) fn request(&self, request: &Request, to: SocketAddr) {
        self.send(&request.bytes("UDP", &self.own()), to);
    }

    /// Sends a request on to where its next Route leads, which is back (§16.6): its own Route is gone, its Via is on top.
    /// `change` may change the text before that.
    pub(crate) fn send_on(&self, came: &Came, change: impl FnOnce(String) -> String) {
        let text = change(came.message.text());
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
        let route = lines.iter().position(|line| line.starts_with("Route:")).expect("a Route");
        match lines[route].split_once(',') {
            Some((_, rest)) => lines[route] = format!("Route: {}", rest.trim()),
            None => drop(lines.remove(route)),
        }
        lines.insert(1, format!("Via: SIP/2.0/UDP {};branch={}", self.own(), unique("z9hG4bK")));
        self.send(format!("{}\r\n\r\n{body}", lines.join("\r\n")).as_bytes(), came.from);
    }

    /// Sends a response on to where the request came from (§16.7): its own Via is gone.
    pub(crate) fn send_back(&self, came: &Came) {
        let text = came.message.text();
        let mut lines: Vec<&str> = text.split("\r\n").collect();
        let via = lines.iter().position(|line| line.starts_with("Via:")).expect("a Via");
        lines.remove(via);
        self.send(lines.join("\r\n").as_bytes(), came.from);
    }

    fn send(&self, bytes: &[u8], to: SocketAddr) {
        self.socket.send_to(bytes, to).expect("sent");
    }
}
