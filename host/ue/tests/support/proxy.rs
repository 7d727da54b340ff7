//! The home network's proxy: without state (RFC 3261 §16.11). A branch follows from the one that came, so that whatever
//! comes again, a CANCEL and an ACK find their way.

use std::net::SocketAddr;

use sip::{Draft, HeaderId, Message, Method, Transport, Uri};

use super::{DOMAIN, Home};

impl Home {
    pub(super) fn pass_on(&mut self, message: &Message) {
        let head = message.head();
        let uri = head.uri().unwrap();
        let user = String::from_utf8(uri.user().unwrap_or_default().to_vec()).unwrap();
        let is_at_home = matches!(uri.host(), sip::Host::Name(name) if name == DOMAIN);
        let registered = self.subscribers.get(&user).and_then(|subscriber| subscriber.contact.clone());
        let (target, to) = match (is_at_home, registered) {
            (true, Some((contact, to, _))) => (contact, to),
            (true, None) => {
                if head.method() != Method::Ack {
                    let (via, status) = (response_address(message), 404);
                    let answer = Home::answer(message, status, |_| {});
                    self.outbox.push((via.0, via.1, answer));
                }
                return;
            }
            (false, _) => (String::from_utf8(uri.as_bytes().to_vec()).unwrap(), address_of(&uri)),
        };
        let via = head.via().unwrap();
        let transport = via.known_transport().unwrap();
        let branch = String::from_utf8(via.branch().unwrap().to_vec()).unwrap();
        let own = self.own;
        let mut draft = Draft::forward(head);
        draft.set_request_uri(target);
        draft.prepend(HeaderId::VIA, format!("SIP/2.0/{} {own};branch={branch}p", transport.name()));
        draft.put(HeaderId::MAX_FORWARDS, head.max_forwards().unwrap().unwrap() - 1);
        draft.remove_all(HeaderId::ROUTE);
        if head.method() == Method::Invite && head.to_tag().is_none() {
            draft.prepend(HeaderId::RECORD_ROUTE, format!("<sip:dialog@{own};lr>"));
            let preferred = message.header(HeaderId::P_PREFERRED_IDENTITY).expect("a preferred identity");
            draft.remove_all(HeaderId::P_PREFERRED_IDENTITY);
            draft.append(HeaderId::P_ASSERTED_IDENTITY, preferred);
        }
        let mut bytes = Vec::new();
        draft.print(&mut bytes);
        self.outbox.push((transport, to, bytes));
    }

    pub(super) fn pass_back(&mut self, message: &Message) {
        let head = message.head();
        let branch = String::from_utf8(head.via().unwrap().branch().unwrap().to_vec()).unwrap();
        if branch.starts_with("z9hG4bKnotify") {
            if message.status() >= 200 && self.notifies.contains_key(&branch) {
                // 500: it was overtaken by the next one, and comes too late.
                let is_answered = matches!(message.status(), 200..=299 | 500);
                assert!(is_answered, "{} to a NOTIFY", message.status());
                self.notifies.remove(&branch);
            }
            return;
        }
        let mut draft = Draft::forward(head);
        let (top, has_more) = {
            let first = message.values(HeaderId::VIA).next().unwrap();
            (first.span_index as usize, !first.is_last_of_span)
        };
        assert!(!has_more, "this network writes one Via to a line");
        draft.remove(top);
        let mut bytes = Vec::new();
        draft.print(&mut bytes);
        let passed = Message::parse_datagram(&bytes).unwrap();
        let (transport, to) = response_address(&passed);
        self.outbox.push((transport, to, bytes));
    }
}

fn address_of(uri: &Uri<'_>) -> SocketAddr {
    SocketAddr::new(uri.host().ip().expect("an address"), uri.port().unwrap_or(5060))
}

/// Where a response goes that has this top Via.
fn response_address(message: &Message) -> (Transport, SocketAddr) {
    let via = message.head().via().unwrap();
    let ip = via.received().or(via.host.ip()).unwrap();
    let port = via.rport().flatten().or(via.port).unwrap_or(5060);
    (via.known_transport().unwrap(), SocketAddr::new(ip, port))
}
