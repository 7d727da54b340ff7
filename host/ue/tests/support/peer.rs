//! A phone alone with a P-CSCF that says exactly what the test wants, message by message.

use std::net::SocketAddr;
use std::time::Duration;

use sip::{Flow, HeaderId, Message, ResponseBuilder, Transport};
use strowger_ue::{Event, Output, Settings, Ue};
use transaction::Time;

use super::world::name;
use super::{HOME, address};

pub struct Peer {
    pub ue: Ue,
    pub now: Time,
    pub told: Vec<(Time, Event)>,
    pub said: Vec<Message>,
    count: u32,
}

/// An SDP answer or offer of PCMU.
pub fn description(port: u16) -> Vec<u8> {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n")
        .into_bytes()
}

impl Peer {
    pub fn new(settings: Settings) -> Peer {
        let ue = Ue::new(settings, [9; 16]).unwrap();
        Peer { ue, now: Time::from_millis(1_000), told: Vec::new(), said: Vec::new(), count: 0 }
    }

    pub fn wish<T>(&mut self, wish: impl FnOnce(&mut Ue, Time) -> T) -> T {
        let result = wish(&mut self.ue, self.now);
        self.drain();
        result
    }

    fn drain(&mut self) {
        while let Some(output) = self.ue.poll_output() {
            match output {
                Output::Event { at, event } => self.told.push((at, event)),
                Output::Transmit { bytes, .. } => self.said.push(Message::parse_datagram(&bytes).unwrap()),
            }
        }
    }

    pub fn hear(&mut self, bytes: &[u8]) {
        self.hear_from(address(HOME), bytes);
    }

    pub fn hear_from(&mut self, remote: SocketAddr, bytes: &[u8]) {
        let flow = Flow { transport: Transport::Udp, listener: 0, connection: 0, remote };
        self.ue.handle_received(self.now, flow, bytes);
        self.drain();
    }

    /// Time passes, and what is due is done.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.ue.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.ue.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// What the phone said since it was last asked.
    pub fn names(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said).iter().map(name).collect()
    }

    /// The one message that the phone said since it was last asked.
    #[track_caller]
    pub fn one(&mut self, what: &str) -> Message {
        let said = std::mem::take(&mut self.said);
        let [one] = &said[..] else {
            panic!("not one {what}: {:?}", said.iter().map(name).collect::<Vec<_>>())
        };
        assert_eq!(name(one), what);
        one.clone()
    }

    /// The last message of this name; everything that was said is forgotten.
    #[track_caller]
    pub fn last(&mut self, what: &str) -> Message {
        let said = std::mem::take(&mut self.said);
        said.iter().rev().find(|message| name(message) == what).unwrap_or_else(|| panic!("no {what}")).clone()
    }

    /// Answers a request of the phone's.
    pub fn answer(
        &mut self,
        request: &Message,
        status: u16,
        tag: &str,
        extra: impl FnOnce(&mut ResponseBuilder<'_>),
    ) {
        let mut out = Vec::new();
        sip::respond(request.head(), status, "", Some(tag), &mut out, |response| {
            if (101..300).contains(&status) {
                response.header(HeaderId::CONTACT, format!("<sip:bob@192.0.2.9:5060;fork={tag}>"));
            }
            extra(response);
        });
        self.hear(&out);
    }

    /// A request to the phone, with a new branch; `more` are header lines.
    pub fn request(&mut self, method: &str, to: &str, more: &str, body: &[u8]) -> Vec<u8> {
        self.count += 1;
        let count = self.count;
        let mut bytes = format!(
            "{method} sip:alice@192.0.2.10:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {HOME};branch=z9hG4bKpeer{count}\r\n\
             Max-Forwards: 70\r\nTo: {to}\r\n{more}"
        );
        if !more.contains("From:") {
            bytes.push_str("From: <sip:bob@ims.example>;tag=bob\r\n");
        }
        if !more.contains("Call-ID:") {
            bytes.push_str("Call-ID: peer-call\r\n");
        }
        if !more.contains("CSeq:") {
            bytes.push_str(&format!("CSeq: {count} {method}\r\n"));
        }
        bytes.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut bytes = bytes.into_bytes();
        bytes.extend(body);
        self.hear(&bytes);
        bytes
    }

    /// An INVITE to the phone, and what is in it beside the usual.
    pub fn invite(&mut self, more: &str, body: &[u8]) -> Vec<u8> {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let more = format!("Contact: <sip:bob@192.0.2.9:5060>\r\n{kind}{more}");
        self.request("INVITE", "<sip:alice@ims.example>", &more, body)
    }

    pub fn story(&self) -> Vec<String> {
        let is_message = |event: &&Event| matches!(event, Event::Sent(_) | Event::Heard(_));
        self.told
            .iter()
            .map(|(_, event)| event)
            .filter(|event| !is_message(event))
            .map(Event::to_string)
            .collect()
    }
}
