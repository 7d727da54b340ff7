//! SIP as phones speak it: requests and answers as text, and a registration with digest.
//!
//! In: who, to whom, what. Out: octets, and what the far side said. Retransmission is the callers' own business, for it
//! is what they count.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sip::{HeaderId, Message};

use super::{DOMAIN, PASSWORD};

/// A datagram's most.
pub const MOST_BYTES: usize = 65_535;

/// Another number each time: for tags, branches and Call-IDs.
pub fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A socket that forgets to wait after a moment.
pub fn socket(patience: Duration) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    socket
}

/// The header fields that make a request one of a dialog, or of none.
#[derive(Debug, Clone)]
pub struct Place {
    pub uri: String,
    pub from: String,
    pub to: String,
    pub call_id: String,
    pub cseq: u32,
    pub routes: String,
}

impl Place {
    /// Outside a dialog.
    pub fn new(from: &str, to: &str) -> Place {
        let n = number();
        let at = DOMAIN;
        Place {
            uri: format!("sip:{to}@{at}"),
            from: format!("<sip:{from}@{at}>;tag=f{n}"),
            to: format!("<sip:{to}@{at}>"),
            call_id: format!("{n}-{}@phones.invalid", std::process::id()),
            cseq: 1,
            routes: String::new(),
        }
    }

    /// Inside the dialog that this 2xx has made (RFC 3261 §12.1.2).
    pub fn within(&self, response: &Message) -> Place {
        let head = response.head();
        let contact = text(head.header(HeaderId::CONTACT));
        let mut routes: Vec<String> =
            head.fields(HeaderId::RECORD_ROUTE).map(|route| text(Some(route))).collect();
        routes.reverse();
        Place {
            uri: contact.trim_start_matches('<').split('>').next().unwrap().to_owned(),
            to: text(head.header(HeaderId::TO)),
            routes: routes.iter().map(|route| format!("Route: {route}\r\n")).collect(),
            ..self.clone()
        }
    }

    /// A request, sent from `own`; `more` are whole header lines.
    pub fn request(&self, method: &str, own: SocketAddr, more: &str) -> Vec<u8> {
        let Place { uri, from, to, call_id, cseq, routes } = self;
        let branch = number();
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKb{branch};rport\r\n\
             Max-Forwards: 70\r\n{routes}From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n{more}Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }
}

/// ACK of a final response that is no 2xx: hop by hop, in the INVITE's transaction (RFC 3261 §17.1.1.3).
pub fn ack_of(invite: &[u8], response: &Message) -> Vec<u8> {
    let invite = String::from_utf8_lossy(invite);
    let kept = |name: &str| invite.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    let start = kept("INVITE ").replacen("INVITE", "ACK", 1);
    let cseq = kept("CSeq:").replacen("INVITE", "ACK", 1);
    let to = text(response.header(HeaderId::TO));
    format!(
        "{start}\r\n{}\r\nMax-Forwards: 70\r\n{}\r\nTo: {to}\r\n{}\r\n{cseq}\r\nContent-Length: 0\r\n\r\n",
        kept("Via:"),
        kept("From:"),
        kept("Call-ID:")
    )
    .into_bytes()
}

/// An answer to a request (RFC 3261 §8.2.6); `more` are whole header lines.
pub fn answer(request: &Message, status: u16, phrase: &str, more: &str) -> Vec<u8> {
    let head = request.head();
    let mut out = format!("SIP/2.0 {status} {phrase}\r\n");
    let copied = [HeaderId::VIA, HeaderId::RECORD_ROUTE, HeaderId::FROM, HeaderId::TO, HeaderId::CALL_ID];
    for id in copied.into_iter().chain([HeaderId::CSEQ]) {
        for value in head.fields(id) {
            let tag = if id == HeaderId::TO && !contains(value, b";tag=") { ";tag=answer" } else { "" };
            out.push_str(&format!("{}: {}{tag}\r\n", id.name(), text(Some(value))));
        }
    }
    out.push_str(more);
    out.push_str("Content-Length: 0\r\n\r\n");
    out.into_bytes()
}

/// Registers `user` at the address of this socket, with credentials; panics if it is not let in.
#[track_caller]
pub fn register(socket: &UdpSocket, router: SocketAddr, user: &str) {
    let own = socket.local_addr().unwrap();
    let mut place = Place::new(user, user);
    place.uri = format!("sip:{DOMAIN}");
    let contact = format!("Contact: <sip:{user}@{own}>\r\nExpires: 3600\r\n");
    let challenged = ask(socket, router, &place.request("REGISTER", own, &contact));
    assert_eq!(challenged.status(), 401, "{user}");
    let credentials = credentials(&challenged, user, "REGISTER", &place.uri, 1);
    place.cseq += 1;
    let accepted = ask(socket, router, &place.request("REGISTER", own, &(contact + &credentials)));
    assert_eq!(accepted.status(), 200, "{user}");
}

/// The Authorization header field for a challenge.
pub fn credentials(challenged: &Message, user: &str, method: &str, uri: &str, nc: u32) -> String {
    let challenge = challenged.header(HeaderId::WWW_AUTHENTICATE).unwrap();
    let account = auth::Account { user, password: PASSWORD };
    let request = auth::Answer { method, uri, body: b"", cnonce: "c0ffee", nc };
    format!("Authorization: {}\r\n", auth::answer(challenge, account, &request).unwrap())
}

/// Sends once and waits for the final response with this Call-ID.
#[track_caller]
pub fn ask(socket: &UdpSocket, router: SocketAddr, request: &[u8]) -> Message {
    let asked = Message::parse_datagram(request).unwrap();
    socket.send_to(request, router).unwrap();
    let mut buffer = vec![0; MOST_BYTES];
    loop {
        let length = socket.recv(&mut buffer).expect("an answer in time");
        let Ok(message) = Message::parse_datagram(&buffer[..length]) else { continue };
        let is_own = message.header(HeaderId::CALL_ID) == asked.header(HeaderId::CALL_ID)
            && message.header(HeaderId::CSEQ) == asked.header(HeaderId::CSEQ);
        if is_own && message.status() >= 200 {
            return message;
        }
    }
}

pub fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

fn contains(within: &[u8], sought: &[u8]) -> bool {
    within.windows(sought.len()).any(|window| window == sought)
}
