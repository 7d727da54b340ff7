//! A phone's server transactions: RFC 3261 §17.2, and the 2xx that is repeated until its ACK comes (§13.3.1.4).
//!
//! In: requests, alarms. Out: responses. What a call is answered with is `callee.rs`.

use std::net::SocketAddr;
use std::time::Duration;

use sip::{Flow, HeaderId, Message, Method, Transport};

use super::{Alarm, DialogName, End, GIVE_UP, Phone, T1, T2, Told, text};

/// One server transaction.
pub(super) struct Server {
    pub(super) request: Message,
    flow: Flow,
    pub(super) tag: String,
    /// Place of the call in the scenario.
    pub(super) plan: Option<usize>,
    last: Vec<u8>,
    /// 0: none yet.
    pub(super) status: u16,
    is_acknowledged: bool,
    interval: Duration,
}

impl Server {
    /// Our end of the dialog that an INVITE makes.
    pub(super) fn end(&self) -> End {
        let call_id = text(self.request.head().call_id().unwrap_or_default());
        End { name: DialogName { call_id, callee_tag: self.tag.clone() }, caller: false }
    }
}

impl Phone {
    pub(super) fn handle_request(&mut self, flow: Flow, message: &Message) {
        let head = message.head();
        let branch = text(head.via().ok().and_then(|via| via.branch()).unwrap_or_default());
        let method = text(head.method_token());
        if head.method() == Method::Ack {
            return self.acknowledged(&branch, message);
        }
        let key = format!("{branch} {method}");
        if let Some(server) = self.servers.get(&key) {
            // A 2xx to INVITE repeats itself; everything else is repeated when it is asked for.
            if !server.last.is_empty() && !server.is_acknowledged {
                let (flow, bytes) = (server.flow, server.last.clone());
                self.send(flow, bytes);
            }
            return;
        }
        self.serial += 1;
        let tag = format!("t{}p{}", self.serial, self.number);
        let server = Server {
            request: message.clone(),
            flow: reply_flow(flow, message),
            tag,
            plan: None,
            last: Vec::new(),
            status: 0,
            is_acknowledged: false,
            interval: T1,
        };
        self.servers.insert(key.clone(), server);
        match head.method() {
            Method::Invite => self.invited(&key),
            Method::Cancel => self.cancelled(&key, &branch),
            Method::Bye => {
                let known = self.dialog_of(message).is_some_and(|end| self.hung_up(&end));
                self.respond(&key, if known { 200 } else { 481 });
            }
            Method::Message | Method::Options => {
                let status = if self.random.chance(900) { 200 } else { 415 };
                self.respond(&key, status);
            }
            _ => self.respond(&key, 405),
        }
    }

    /// Answers a request.
    pub(super) fn respond(&mut self, key: &str, status: u16) {
        let contact = self.contact();
        let Some(server) = self.servers.get_mut(key) else { return };
        let is_invite = server.request.method() == Method::Invite;
        let mut bytes = Vec::new();
        let tag = (status > 100).then_some(server.tag.as_str());
        sip::respond(server.request.head(), status, "", tag, &mut bytes, |answer| {
            if is_invite && (101..400).contains(&status) {
                answer.header(HeaderId::CONTACT, contact.as_bytes());
            }
        });
        server.last = bytes.clone();
        server.status = status;
        let flow = server.flow;
        self.send(flow, bytes);
        if is_invite && status >= 200 {
            let repeats = status < 300 || flow.transport == Transport::Udp;
            if repeats {
                self.wake_after(T1, Alarm::Repeat(key.into()));
            }
            self.wake_after(GIVE_UP, Alarm::StopRepeating(key.into()));
        }
    }

    /// Timer G; the same for a 2xx.
    pub(super) fn repeat(&mut self, key: String) {
        let Some(server) = self.servers.get_mut(&key).filter(|server| !server.is_acknowledged) else {
            return;
        };
        server.interval = (server.interval * 2).min(T2);
        let (flow, bytes, interval) = (server.flow, server.last.clone(), server.interval);
        self.send(flow, bytes);
        self.wake_after(interval, Alarm::Repeat(key));
    }

    /// Timer H.
    pub(super) fn stop_repeating(&mut self, key: &str) {
        let Some(server) = self.servers.get_mut(key).filter(|server| !server.is_acknowledged) else { return };
        server.is_acknowledged = true;
        let (end, status, is_call) = (server.end(), server.status, server.plan.is_some());
        // A call that was ended meanwhile needs no ACK any more.
        let is_over = status < 300 && is_call && !self.has_dialog(&end);
        if !is_over {
            self.tell(Told::Unacknowledged { call_id: end.name.call_id, status });
        }
    }

    /// ACK: for a failure it has the branch of its INVITE, for a 2xx one of its own.
    fn acknowledged(&mut self, branch: &str, ack: &Message) {
        if let Some(server) = self.servers.get_mut(&format!("{branch} INVITE")) {
            server.is_acknowledged |= server.status >= 300;
            return;
        }
        let head = ack.head();
        let (Ok(call_id), Ok(cseq)) = (head.call_id(), head.cseq()) else { return };
        let tag = text(head.to_tag().unwrap_or_default());
        let mut up = None;
        for server in self.servers.values_mut() {
            let of = server.request.head();
            let fits = of.method() == Method::Invite
                && (200..300).contains(&server.status)
                && of.call_id().ok() == Some(call_id)
                && of.cseq().is_ok_and(|of| of.number == cseq.number)
                && (server.tag == tag || of.to_tag().map(text).as_deref() == Some(tag.as_str()));
            if fits && !server.is_acknowledged {
                server.is_acknowledged = true;
                if server.plan.is_some() {
                    up = Some(server.end());
                }
            }
        }
        if let Some(end) = up
            && let Some(dialog) = self.dialogs.get(&end)
        {
            let routes = dialog.hosts();
            self.tell(Told::Up { end, routes });
        }
    }
}

/// Where the answer goes (§18.2.2, RFC 3581 §4): the phone's own reading of it.
fn reply_flow(flow: Flow, request: &Message) -> Flow {
    let Ok(via) = request.head().via() else { return flow };
    if flow.transport != Transport::Udp {
        return flow;
    }
    let ip = via.received().or_else(|| via.host.ip()).unwrap_or(flow.remote.ip());
    let port = via.rport().flatten().or(via.port).unwrap_or(5060);
    Flow { remote: SocketAddr::new(ip, port), ..flow }
}
