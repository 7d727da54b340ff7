//! A phone's dialogs: RFC 3261 §12, with the requests that follow: ACK of a 2xx (§13.2.2.4), re-INVITE (§14), BYE (§15).
//!
//! In: the message that made the dialog, alarms. Out: requests by the route set.

use std::net::SocketAddr;

use sip::{Contact, Flow, Message};

use super::client::Job;
use super::request::Request;
use super::{DialogName, End, Phone, Told, bracketed, flow_to, text};

/// One dialog as this end knows it.
pub(super) struct Dialog {
    /// From of our requests.
    local: String,
    /// To of our requests.
    remote: String,
    /// Its Contact.
    target: String,
    /// Next hop first.
    routes: Vec<String>,
    cseq: u32,
    /// ACKs that were sent, by the CSeq of their INVITE.
    acks: Vec<(u32, Flow, Vec<u8>)>,
    is_over: bool,
}

impl Dialog {
    /// Out of the message that made it: the response at the caller, the request at the callee.
    pub(super) fn new(
        local: String,
        remote: String,
        routes: Vec<String>,
        made_by: &Message,
        cseq: u32,
    ) -> Self {
        let contact = made_by.head().contacts().find_map(|contact| match contact {
            Ok(Contact::Address(address)) => Some(text(address.uri_bytes)),
            _ => None,
        });
        Self {
            local,
            remote,
            target: contact.unwrap_or_default(),
            routes,
            cseq,
            acks: Vec::new(),
            is_over: false,
        }
    }

    /// The addresses that its requests pass.
    pub(super) fn hosts(&self) -> Vec<SocketAddr> {
        self.routes.iter().filter_map(|route| flow_to(bracketed(route))).map(|flow| flow.remote).collect()
    }

    fn request(&self, call_id: &str, method: &'static str, cseq: u32) -> Request {
        Request {
            method,
            uri: self.target.clone(),
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: call_id.into(),
            cseq,
            routes: self.routes.clone(),
            max_forwards: 70,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// All proxies of this world are loose routers.
    fn next_hop(&self) -> Option<Flow> {
        flow_to(self.routes.first().map_or(self.target.as_str(), |route| bracketed(route)))
    }
}

impl Phone {
    /// Sends the ACK for a 2xx, and keeps it in case that the 2xx comes again.
    pub(super) fn acknowledge(&mut self, end: &End, cseq: u32, credentials: Option<String>) {
        let Some(dialog) = self.dialogs.get(end) else { return };
        let Some(flow) = dialog.next_hop() else { return };
        let mut ack = dialog.request(&end.name.call_id, "ACK", cseq);
        if let Some(credentials) = credentials {
            ack.set("Proxy-Authorization", credentials);
        }
        let flow = self.own_way(flow);
        let bytes = self.print(&ack, flow);
        if let Some(dialog) = self.dialogs.get_mut(end) {
            dialog.acks.push((cseq, flow, bytes.clone()));
        }
        self.send(flow, bytes);
    }

    /// The 2xx came again: so goes its ACK.
    pub(super) fn acknowledge_again(&mut self, end: &End, cseq: u32) {
        let Some(dialog) = self.dialogs.get(end) else { return };
        if let Some((_, flow, bytes)) = dialog.acks.iter().find(|(of, ..)| *of == cseq).cloned() {
            self.send(flow, bytes);
        }
    }

    pub(super) fn reinvite(&mut self, end: &End) {
        let contact = self.contact();
        let Some(dialog) = self.dialogs.get_mut(end).filter(|dialog| !dialog.is_over) else { return };
        let Some(flow) = dialog.next_hop() else { return };
        dialog.cseq += 1;
        let mut request = dialog.request(&end.name.call_id, "INVITE", dialog.cseq);
        request.set("Contact", contact);
        let flow = self.own_way(flow);
        self.start(request, flow, Job::Reinvite(end.clone()));
    }

    /// A 2xx to a re-INVITE, for the first time or again.
    pub(super) fn reinvite_answered(&mut self, key: &str, end: &End) {
        let Some(cseq) = self.sent_as(key).map(|client| client.request.cseq) else { return };
        let is_new =
            self.dialogs.get(end).is_some_and(|dialog| dialog.acks.iter().all(|(of, ..)| *of != cseq));
        if is_new {
            self.acknowledge(end, cseq, None);
        } else {
            self.acknowledge_again(end, cseq);
        }
    }

    pub(super) fn hang_up(&mut self, end: &End) {
        let Some(dialog) = self.dialogs.get_mut(end).filter(|dialog| !dialog.is_over) else { return };
        dialog.is_over = true;
        dialog.cseq += 1;
        let request = dialog.request(&end.name.call_id, "BYE", dialog.cseq);
        let flow = dialog.next_hop();
        self.tell(Told::Over(end.name.clone()));
        if let Some(flow) = flow {
            let flow = self.own_way(flow);
            self.start(request, flow, Job::Bye);
        }
    }

    /// BYE came. False: there is no such dialog.
    pub(super) fn hung_up(&mut self, end: &End) -> bool {
        let Some(dialog) = self.dialogs.get_mut(end) else { return false };
        if !dialog.is_over {
            dialog.is_over = true;
            self.tell(Told::Over(end.name.clone()));
        }
        true
    }

    pub(super) fn has_dialog(&self, end: &End) -> bool {
        self.dialogs.get(end).is_some_and(|dialog| !dialog.is_over)
    }

    /// The dialog that a request belongs to: its To tag is ours, its From tag the other end's (§12.2.2).
    pub(super) fn dialog_of(&self, request: &Message) -> Option<End> {
        let head = request.head();
        let (call_id, to, from) = (text(head.call_id().ok()?), text(head.to_tag()?), text(head.from_tag()?));
        let of_callee = |callee_tag| DialogName { call_id: call_id.clone(), callee_tag };
        let ends = [End { name: of_callee(to), caller: false }, End { name: of_callee(from), caller: true }];
        ends.into_iter().find(|end| self.dialogs.contains_key(end))
    }

    /// A request to one's own node goes by the connection that there is.
    fn own_way(&self, flow: Flow) -> Flow {
        if flow.remote == self.outbound.remote && flow.transport == self.outbound.transport {
            return self.outbound;
        }
        flow
    }
}
