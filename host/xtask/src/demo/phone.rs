//! A telephone of a few pages: registers with digest, makes and takes calls, sends and takes messages, over UDP.
//!
//! In: a script of what to do, step by step (`calls.rs`). Out: messages on the wire and arrows on the ladder. It
//! retransmits its requests (RFC 3261 §17.1) and knows a retransmission when it sees one; everything else a real
//! phone does (forked answers, re-INVITEs, media) does not belong here.

use super::ladder::{Ladder, Side};
use anyhow::{Context, Result, anyhow, bail};
use sip::{HeaderId, Message};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// RFC 3261 §17.1.1.1.
const T1: Duration = Duration::from_millis(500);
/// 64 times T1: Timer B and Timer F.
const PATIENCE: Duration = Duration::from_secs(32);
const MOST_BYTES: usize = 65_535;

/// One phone with its account.
pub(crate) struct Phone {
    side: Side,
    pub(crate) user: String,
    password: String,
    domain: String,
    algorithm: auth::Algorithm,
    socket: UdpSocket,
    address: SocketAddr,
    router: SocketAddr,
    counter: u32,
    seen: HashSet<String>,
}

/// What a dialog's later requests need.
pub(crate) struct Dialog {
    call_id: String,
    local: String,
    remote: String,
    /// Request-URI of its requests.
    pub(crate) target: String,
    routes: Vec<String>,
    cseq: u32,
}

impl Phone {
    /// A phone with a socket of its own.
    pub(crate) fn new(
        side: Side,
        (user, password): (&str, &str),
        domain: &str,
        algorithm: auth::Algorithm,
        router: SocketAddr,
    ) -> Result<Phone> {
        let socket = UdpSocket::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0))?;
        let address = socket.local_addr()?;
        Ok(Phone {
            side,
            user: user.to_owned(),
            password: password.to_owned(),
            domain: domain.to_owned(),
            algorithm,
            socket,
            address,
            router,
            counter: 0,
            seen: HashSet::new(),
        })
    }

    /// `sip:user@domain`.
    pub(crate) fn address_of_record(&self) -> String {
        format!("sip:{}@{}", self.user, self.domain)
    }

    /// Where it listens.
    #[cfg(test)]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn contact(&self) -> String {
        format!("<sip:{}@{}>", self.user, self.address)
    }

    /// Another number each time: for tags, branches and Call-IDs.
    fn number(&mut self) -> u32 {
        self.counter += 1;
        self.counter
    }

    /// The head that a new request outside a dialog begins with, without CSeq.
    pub(crate) fn new_call(&mut self, to: &str) -> Dialog {
        let (number, port) = (self.number(), self.address.port());
        Dialog {
            call_id: format!("{number}-{port}@phone.invalid"),
            local: format!("<{}>;tag={}{number}", self.address_of_record(), self.user),
            remote: format!("<{to}>"),
            target: to.to_owned(),
            routes: Vec::new(),
            cseq: 0,
        }
    }

    /// A request of this dialog, with the next CSeq (ACK: the same one).
    pub(crate) fn request(
        &mut self,
        dialog: &mut Dialog,
        method: &str,
        headers: &str,
        body: &str,
    ) -> Vec<u8> {
        if method != "ACK" {
            dialog.cseq += 1;
        }
        let number = self.number();
        let branch = format!("z9hG4bK{}x{number}", self.user);
        let routes: String = dialog.routes.iter().map(|route| format!("Route: {route}\r\n")).collect();
        format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch={branch};rport\r\nMax-Forwards: 70\r\n{routes}\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            dialog.target,
            self.address,
            dialog.local,
            dialog.remote,
            dialog.call_id,
            dialog.cseq,
            body.len()
        )
        .into_bytes()
    }

    /// Contact, for requests that need one.
    pub(crate) fn contact_header(&self) -> String {
        format!("Contact: {}\r\n", self.contact())
    }

    /// Sends, and draws the arrow.
    pub(crate) fn send(&self, ladder: &mut Ladder, message: &[u8]) -> Result<()> {
        ladder.arrow(self.side, Side::Router, &label(&Message::parse_datagram(message)?));
        self.socket.send_to(message, self.router)?;
        Ok(())
    }

    /// Sends a request and waits for the response that `is` wanted or final, sending again until something comes.
    pub(crate) fn ask(
        &mut self,
        ladder: &mut Ladder,
        request: &[u8],
        wanted: impl Fn(u16) -> bool,
    ) -> Result<Message> {
        self.send(ladder, request)?;
        let cseq = cseq_of(&Message::parse_datagram(request)?);
        let started = Instant::now();
        let mut interval = T1;
        let mut again = started + interval;
        let mut answered = false;
        loop {
            let until = if answered { started + PATIENCE } else { again };
            match self.next(ladder, until)? {
                Some(message) if !message.is_request() && cseq_of(&message) == cseq => {
                    answered = true;
                    if wanted(message.status()) || message.status() >= 200 {
                        return Ok(message);
                    }
                }
                Some(_) => {}
                None if started.elapsed() >= PATIENCE => bail!("{}: no answer to {cseq}", self.user),
                None => {
                    self.socket.send_to(request, self.router)?;
                    interval *= 2;
                    again = Instant::now() + interval;
                }
            }
        }
    }

    /// Waits for the next response of this method that `is` wanted or final.
    pub(crate) fn response(
        &mut self,
        ladder: &mut Ladder,
        method: &str,
        wanted: impl Fn(u16) -> bool,
    ) -> Result<Message> {
        self.hear(ladder, &format!("a response to {method}"), |message| {
            let is_of_method = cseq_of(message).ends_with(method);
            !message.is_request() && is_of_method && (wanted(message.status()) || message.status() >= 200)
        })
    }

    /// Waits for a request of this method.
    pub(crate) fn request_of(&mut self, ladder: &mut Ladder, method: &str) -> Result<Message> {
        self.hear(ladder, method, |message| {
            message.is_request() && message.method_token() == method.as_bytes()
        })
    }

    fn hear(&mut self, ladder: &mut Ladder, what: &str, is: impl Fn(&Message) -> bool) -> Result<Message> {
        let until = Instant::now() + PATIENCE;
        loop {
            let message = self
                .next(ladder, until)?
                .ok_or_else(|| anyhow!("{} waited in vain for {what}", self.user))?;
            if is(&message) {
                return Ok(message);
            }
        }
    }

    /// The next message that is no retransmission, drawn; `None` when the time is over.
    fn next(&mut self, ladder: &mut Ladder, until: Instant) -> Result<Option<Message>> {
        let mut buffer = vec![0; MOST_BYTES];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.socket.set_read_timeout(Some(left))?;
            let length = match self.socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(why)
                    if matches!(
                        why.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    return Ok(None);
                }
                Err(why) => return Err(why).context("receiving"),
            };
            let message = Message::parse_datagram(&buffer[..length])?;
            let via = text(message.header(HeaderId::VIA));
            if self.seen.insert(format!("{} {} {via}", message.status(), cseq_of(&message))) {
                ladder.arrow(Side::Router, self.side, &label(&message));
                return Ok(Some(message));
            }
        }
    }

    /// An answer to a request: Via, From, To with a tag, Call-ID, CSeq and Record-Route as they came
    /// (RFC 3261 §8.2.6, §12.1.1).
    pub(crate) fn answer(&self, request: &Message, status: u16, phrase: &str, body: &str) -> Vec<u8> {
        let head = request.head();
        let mut out = format!("SIP/2.0 {status} {phrase}\r\n");
        for id in [
            HeaderId::VIA,
            HeaderId::RECORD_ROUTE,
            HeaderId::FROM,
            HeaderId::TO,
            HeaderId::CALL_ID,
            HeaderId::CSEQ,
        ] {
            for value in head.fields(id) {
                out.push_str(&format!("{}: {}", id.name(), text(Some(value))));
                if id == HeaderId::TO && !text(Some(value)).contains(";tag=") {
                    out.push_str(&format!(";tag={}", self.user));
                }
                out.push_str("\r\n");
            }
        }
        if request.method_token() == b"INVITE" {
            out.push_str(&self.contact_header());
        }
        if !body.is_empty() {
            out.push_str("Content-Type: application/sdp\r\n");
        }
        out.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        out.into_bytes()
    }

    /// The header field that answers a 401 or 407 with the algorithm that this phone likes.
    pub(crate) fn credentials(&self, refused: &Message, method: &str, uri: &str) -> Result<String> {
        let (asked, answered) = match refused.status() {
            401 => (HeaderId::WWW_AUTHENTICATE, HeaderId::AUTHORIZATION),
            407 => (HeaderId::PROXY_AUTHENTICATE, HeaderId::PROXY_AUTHORIZATION),
            other => bail!("{} got {other} where a challenge was due", self.user),
        };
        let account = auth::Account { user: &self.user, password: &self.password };
        let cnonce = format!("{:08x}", self.counter);
        let request = auth::Answer { method, uri, body: b"", cnonce: &cnonce, nc: 1 };
        for value in refused.head().fields(asked) {
            let challenge = sip::Challenge::parse(value)?;
            let algorithm = challenge.param("algorithm").and_then(|name| auth::Algorithm::from_name(&name));
            if algorithm.unwrap_or(auth::Algorithm::Md5) == self.algorithm {
                let value = auth::answer(value, account, &request)?;
                return Ok(format!("{}: {value}\r\n", answered.name()));
            }
        }
        bail!("{} was offered no {} digest", self.user, self.algorithm.name())
    }

    /// Takes over what a response to this dialog's INVITE says: To tag, remote target, route set (§12.1.2).
    pub(crate) fn establish(&self, dialog: &mut Dialog, response: &Message) -> Result<()> {
        let head = response.head();
        dialog.remote = text(head.header(HeaderId::TO));
        let contact = text(head.header(HeaderId::CONTACT));
        let uri =
            contact.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(uri, _)| uri.to_owned());
        dialog.target = uri.with_context(|| format!("a Contact without <>: {contact}"))?;
        dialog.routes = head.fields(HeaderId::RECORD_ROUTE).map(|value| text(Some(value))).collect();
        dialog.routes.reverse();
        Ok(())
    }
}

/// `INVITE`, `180 Ringing`, and where one must know what of: `200 OK (BYE)`.
fn label(message: &Message) -> String {
    if message.is_request() {
        return text(Some(message.method_token()));
    }
    let (status, reason) = (message.status(), text(Some(message.head().reason())));
    let cseq = cseq_of(message);
    match cseq.split(' ').next_back() {
        Some(method) if (200..300).contains(&status) => format!("{status} {reason} ({method})"),
        _ => format!("{status} {reason}"),
    }
}

fn cseq_of(message: &Message) -> String {
    text(message.header(HeaderId::CSEQ))
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}
