//! Requests that come to a phone, sorted (RFC 3261 §8.2).
//!
//! ```text
//!   malformed 400, 505    method 405, 501    Require 420    Request-URI 416
//!   CANCEL ▶ the call    ACK ▶ the call    INVITE ▶ a new call    within a dialog ▶ its call, or 481
//!   NOTIFY ▶ the subscription    MESSAGE ▶ page.rs    OPTIONS ▶ what it can do    SUBSCRIBE ▶ 489
//! ```
//! In: a request and where it came from. Out: who deals with it, or its answer. Here are the status codes of requests
//! that reach nobody.

use std::net::SocketAddr;

use bytes::Bytes;
use sip::{Flow, Head, HeaderId, Message, Method, Transport};
use transaction::{Received, ServerId, Time};

use super::line::ALLOW;
use super::page;
use super::reg_event::{PACKAGE, Verdict};
use super::sdp;
use super::ue::Ue;

/// The port of a Via without one (RFC 3261 §18.2.2).
const DEFAULT_PORT: u16 = 5060;

impl Ue {
    pub(super) fn handle_request(&mut self, now: Time, request: &Message, flow: Flow) -> Verdict {
        let head = request.head();
        let flow = response_flow(&head, flow);
        match self.line.handle_request(now, request, flow) {
            Received::New(id) => return self.serve(now, id, request),
            Received::AckFor2xx => self.calls.acknowledged(&mut self.line, now, request),
            Received::Cancel { id, target } => {
                let status = if target.is_some() { 200 } else { 481 };
                self.line.answer(now, id, request, status);
                if let Some(invite) = target {
                    self.calls.cancelled(&mut self.line, now, invite, request);
                }
            }
            Received::Full => {
                let mut out = Vec::new();
                let tag = self.line.luck.token();
                sip::respond(head, 503, "", Some(&tag), &mut out, |_| {});
                self.line.transmit(now, flow, Bytes::from(out), None);
            }
            Received::Retransmission | Received::Ack(_) | Received::Unmatchable => {}
        }
        Verdict::Nothing
    }

    fn serve(&mut self, now: Time, id: ServerId, request: &Message) -> Verdict {
        let head = request.head();
        if let Some(status) = refusal(&head) {
            self.line.answer(now, id, request, status);
            return Verdict::Nothing;
        }
        let features = self.line.settings.features;
        let is_known = |tag: &[u8]| match tag {
            b"100rel" => features.reliable,
            b"precondition" => features.preconditions,
            b"timer" => features.session_timer.is_some(),
            _ => false,
        };
        let unknown: Vec<_> =
            head.option_tags(HeaderId::REQUIRE).filter(|tag| !is_known(&tag.to_ascii_lowercase())).collect();
        if !unknown.is_empty() {
            let (tag, unknown) = (self.line.luck.token(), unknown.join(&b", "[..]));
            self.line.respond(now, id, request, (420, &tag), |response| {
                response.header(HeaderId::UNSUPPORTED, unknown);
            });
            return Verdict::Nothing;
        }
        match (head.method(), head.to_tag().is_some()) {
            (Method::Notify, _) => return self.subscription.handle_notify(&mut self.line, now, id, request),
            (Method::Message, _) => page::received(&mut self.line, now, id, request),
            (Method::Options, false) => self.tell_abilities(now, id, request),
            (Method::Options, true) if self.calls.has_request(&head) => {
                self.tell_abilities(now, id, request);
            }
            (Method::Subscribe, _) => {
                let tag = self.line.luck.token();
                self.line.respond(now, id, request, (489, &tag), |response| {
                    response.header(HeaderId::ALLOW_EVENTS, PACKAGE);
                });
            }
            (Method::Invite, false) => self.calls.invited(&mut self.line, now, id, request),
            _ => self.calls.handle_request(&mut self.line, now, id, request),
        }
        Verdict::Nothing
    }

    /// RFC 3261 §11.2: as an INVITE would be answered.
    fn tell_abilities(&mut self, now: Time, id: ServerId, request: &Message) {
        let status = if self.calls.free_media(&self.line).is_some() { 200 } else { 486 };
        let (tag, contact) = (self.line.luck.token(), self.line.contact());
        let supported = super::call::caller::supported(self.line.settings.features);
        self.line.respond(now, id, request, (status, &tag), |response| {
            response.header(HeaderId::CONTACT, contact);
            response.header(HeaderId::ALLOW, ALLOW);
            response
                .header(HeaderId::ACCEPT, format!("{}, text/plain, {}", sdp::CONTENT_TYPE, page::Page::SMS));
            response.header(HeaderId::ALLOW_EVENTS, PACKAGE);
            if !supported.is_empty() {
                response.header(HeaderId::SUPPORTED, supported);
            }
        });
    }
}

/// Why nobody here deals with a request.
fn refusal(head: &Head<'_>) -> Option<u16> {
    if let Err(invalid) = sip::validate(head) {
        return Some(invalid.status);
    }
    let is_allowed = ALLOW.split(", ").any(|method| method.as_bytes() == head.method_token())
        || head.method() == Method::Subscribe;
    match head.method() {
        Method::Other => Some(501),
        _ if !is_allowed => Some(405),
        _ if head.uri().is_ok_and(|uri| !uri.is_sip() && uri.number().is_none()) => Some(416),
        _ => None,
    }
}

/// Where responses go: over UDP to the source address, at the source port where the client asked for that (RFC 3581
/// §4), else at the port of its Via (RFC 3261 §18.2.2).
fn response_flow(head: &Head<'_>, flow: Flow) -> Flow {
    if flow.transport != Transport::Udp {
        return flow;
    }
    let via = head.via().ok();
    let port = match via {
        Some(via) if via.rport().is_none() => via.port.unwrap_or(DEFAULT_PORT),
        _ => flow.remote.port(),
    };
    Flow { remote: SocketAddr::new(flow.remote.ip(), port), ..flow }
}
