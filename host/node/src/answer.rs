//! Answers: made here (RFC 3261 §8.2.6, §8.2.7) or received from downstream and passed on (§16.7 items 3 to 9).
//!
//! In: a context and what to answer. Out: bytes to the server transaction. A final answer closes the context's
//! [`Active`] part, and the whole context unless late 2xx can follow.

use std::sync::Arc;

use bytes::Bytes;
use dialog::Change;
use proxy::{Best, Kind, Rejection};
use sip::{Draft, Edit, Flow, Head, HeaderId, Message, Method};
use transaction::{ServerId, Time, TimerName};

use crate::context::{Active, Late, MAX_FORKS};
use crate::decision::{Challenge, Reply};
use crate::errors::{self, Refusal};
use crate::hash;
use crate::io::{Answered, ContextId, Output};
use crate::node::Node;
use crate::receive::reply_flow;

/// Header fields that are added to an answer.
type Headers = [(HeaderId, Vec<u8>)];

impl Node {
    /// Answers a context's request with a status of ours.
    pub(crate) fn answer(&mut self, now: Time, id: ContextId, refusal: Refusal) {
        self.reply_with(now, id, &plain(refusal), &[]);
    }

    /// Answers a context's request with what a script decided.
    pub(crate) fn reply(&mut self, now: Time, id: ContextId, reply: &Reply) {
        self.reply_with(now, id, reply, &[]);
    }

    /// 401 or 407 (§22.1, §22.3).
    pub(crate) fn challenge(&mut self, now: Time, id: ContextId, challenge: &Challenge) {
        let (status, header) = if challenge.proxy {
            (407, HeaderId::PROXY_AUTHENTICATE)
        } else {
            (401, HeaderId::WWW_AUTHENTICATE)
        };
        let wall_ms = self.config.wall_start_ms + now.as_millis();
        let mut values = Vec::with_capacity(challenge.algorithms.len());
        for &algorithm in &challenge.algorithms {
            self.nonce_count += 1;
            let random = hash::keyed(&self.tag_key, &[&self.nonce_count.to_le_bytes(), &now.0.to_le_bytes()]);
            let nonce = self.config.nonces.make(wall_ms, &challenge.realm, random);
            let value = auth::challenge_value(
                &challenge.realm,
                &nonce,
                algorithm,
                challenge.stale,
                &[auth::Qop::Auth],
            );
            values.push((header, value.into_bytes()));
        }
        // The nonce tells by itself that it is ours, so that no state is needed (§8.2.7) but for an INVITE, whose
        // answer must be repeated until it is acknowledged.
        let stateless = self.contexts.get_mut(id).is_some_and(|context| context.method != Method::Invite);
        let reply = Reply {
            status,
            reason: "".into(),
            edits: challenge.edits.clone(),
            stateless,
            ..Reply::default()
        };
        self.reply_with(now, id, &reply, &values);
    }

    /// 100 Trying (§16.2): a request that is being worked on need not be repeated.
    pub(crate) fn trying(&mut self, now: Time, id: ContextId, request: &Message) {
        let Some(server) = self.contexts.get_mut(id).and_then(|context| context.server) else { return };
        let bytes = self.print_reply(request.head(), &plain((100, "")), &[]);
        self.counters.response(request.method(), 100, None);
        self.transactions.respond(now, server, 100, bytes);
    }

    /// A provisional answer that a script asked for.
    pub(crate) fn provisional(&mut self, now: Time, id: ContextId, status: u16, reason: &str) {
        let is_ack = self.contexts.get_mut(id).is_some_and(|context| context.server.is_none());
        if (101..200).contains(&status) && !is_ack {
            let reply = Reply { status, reason: reason.into(), ..Reply::default() };
            self.reply_with(now, id, &reply, &[]);
        }
    }

    fn reply_with(&mut self, now: Time, id: ContextId, reply: &Reply, headers: &Headers) {
        let Some(context) = self.contexts.get_mut(id) else { return };
        let Some(active) = context.active.as_ref() else { return };
        let Some(server) = context.server else { return self.finish(id) };
        let request = Arc::clone(&active.request);
        let (method, received_at, source) = (context.method, context.received_at, context.source);
        let to_tag = active.to_tag.clone();
        let bytes = match method {
            // §10.3 item 8
            Method::Register if is_success(reply.status) && !has_date(reply) => {
                let seconds = (self.config.wall_start_ms + now.as_millis()) / 1000;
                let date = (HeaderId::DATE, sip::header::date::format(seconds).to_vec());
                self.print_tagged(request.head(), reply, &[date], to_tag.as_deref())
            }
            _ => self.print_tagged(request.head(), reply, headers, to_tag.as_deref()),
        };
        if reply.status >= 200 {
            self.dialog_answered(&request, reply.status);
            self.last_reply = Some(bytes.clone());
        }
        if reply.stateless && reply.status >= 200 && method != Method::Invite {
            self.counters.response(method, reply.status, Some(now - received_at));
            self.tell_version(now, id, reply.status);
            self.transactions.forget_server(server);
            let flow = reply_flow(request.head(), source);
            self.output.push_back(Output::Transmit { flow, bytes, server_name: None, token: 0 });
            return self.finish(id);
        }
        self.respond(now, id, reply.status, bytes);
    }

    /// Hands a printed response to the server transaction, counts it, and closes what a final one closes.
    pub(crate) fn respond(&mut self, now: Time, id: ContextId, status: u16, bytes: Bytes) {
        let Some(context) = self.contexts.get_mut(id) else { return };
        let Some(server) = context.server else { return };
        let first_final = status >= 200 && !context.answered;
        let took = first_final.then(|| now - context.received_at);
        let method = context.method;
        context.answered |= status >= 200;
        // Late 2xx can follow, from this branch or another, as long as the transaction lives (RFC 6026).
        let lingers = method == Method::Invite && is_success(status);
        if lingers {
            if let Some(active) = context.active.take()
                && active.relays.iter().any(|relay| relay.ask_further)
            {
                let (pin, variables) = (context.pin.clone(), context.variables.clone());
                let Active { request, own_routes, .. } = *active;
                context.late = Some(Box::new(Late { request, own_routes, pin, variables }));
            }
            context.variables = None;
        }
        if first_final {
            self.contexts.answered();
            self.tell_version(now, id, status);
        } else if lingers {
            context.pin = None;
        }
        self.counters.response(method, status, took);
        self.transactions.respond(now, server, status, bytes);
        if status >= 200 && !lingers {
            self.finish(id);
        }
    }

    /// What came of the request, for the figures of the version that took it; that is let go: nothing more is asked of it.
    fn tell_version(&mut self, now: Time, id: ContextId, status: u16) {
        let Some(context) = self.contexts.get_mut(id) else { return };
        let (method, in_dialog, took) = (context.method, context.in_dialog, now - context.received_at);
        if let Some(pin) = context.pin.take() {
            self.output.push_back(Output::Answered(Answered { pin, method, in_dialog, status, took }));
        }
    }

    /// Passes a response from downstream on (§16.7 items 3, 9).
    pub(crate) fn pass(&mut self, now: Time, id: ContextId, response: &Message) {
        self.pass_with(now, id, response, &[]);
    }

    /// The same with the challenges of others (§16.7 item 7).
    fn pass_with(&mut self, now: Time, id: ContextId, response: &Message, challenges: &[Arc<Message>]) {
        let head = response.head();
        let vias = self.contexts.get_mut(id).and_then(|context| context.vias.clone());
        let mut draft = Draft::forward(head);
        if upstream(&mut draft, &head, challenges, vias.as_deref()) {
            let bytes = self.print_draft(&draft);
            self.respond(now, id, head.status(), bytes);
        }
    }

    /// Passes a response on that a script has seen, and so without our Via, with its edits.
    pub(crate) fn pass_shown(
        &mut self,
        now: Time,
        id: ContextId,
        shown: &Message,
        edits: &[Edit],
        challenges: &[Arc<Message>],
    ) {
        let mut draft = Draft::forward(shown.head());
        edits.iter().for_each(|edit| draft.apply(edit));
        proxy::add_challenges(&mut draft, challenges.iter().map(|other| other.head()));
        let bytes = self.print_draft(&draft);
        let method = self.contexts.get_mut(id).map(|context| context.method);
        if is_success(shown.status()) && matches!(method, Some(Method::Invite | Method::Update)) {
            if edits.iter().any(|edit| is_of(&shown.head(), edit, HeaderId::SESSION_EXPIRES))
                && let Ok(left) = Message::parse_stream(&bytes)
            {
                self.dialogs.handle_settled(now, &left.head());
            }
            let tag = self.fork_tag(shown);
            if let Some(context) =
                self.contexts.get_mut(id).filter(|context| context.method == Method::Invite)
                && context.judged.len() < MAX_FORKS
            {
                context.judged.push((tag, bytes.clone()));
            }
        }
        self.respond(now, id, shown.status(), bytes);
    }

    fn print_draft(&mut self, draft: &Draft<'_>) -> Bytes {
        self.page.clear();
        draft.print(&mut self.page);
        Bytes::copy_from_slice(&self.page)
    }

    /// Sends the best response of all branches (§16.7 item 6). `judged`: as a script saw it, and the script's edits.
    pub(crate) fn answer_best(
        &mut self,
        now: Time,
        id: ContextId,
        best: &Best<Arc<Message>>,
        judged: Option<(&Message, &[Edit])>,
    ) {
        let (kind, is_awaited) = (self.kind_of(id), self.is_awaited(now, id));
        let Some(context) = self.contexts.get_mut(id) else { return };
        let Some(active) = context.active.as_ref() else { return };
        let request = Arc::clone(&active.request);
        let made = made_phrase(active, best);
        if best.is_withheld(kind) && is_awaited {
            // A target was given up long before Timer F, here or further on: who asked is told, though not by 408.
            let edits = judged.map(|(_, edits)| edits.to_vec()).unwrap_or_default();
            return self.reply_with(now, id, &Reply { edits, ..plain(errors::NO_ANSWER) }, &[]);
        }
        if best.is_withheld(kind) {
            if let Some(server) = context.server {
                self.transactions.forget_server(server);
            }
            self.dialog_answered(&request, best.status);
            self.tell_version(now, id, best.status);
            return self.finish(id);
        }
        match (judged, best.forwarded()) {
            (Some((shown, edits)), _) if best.status == best.chosen => {
                self.dialog_answered(&request, best.status);
                self.pass_shown(now, id, shown, edits, &best.challenges);
            }
            (None, Some(response)) => {
                let response = Arc::clone(response);
                self.dialog_answered(&request, best.status);
                self.pass_with(now, id, &response, &best.challenges);
            }
            (judged, _) => {
                // A 503 of ours would be taken for this element's own state (§16.7 item 6): it goes as a 500.
                let reason = if best.status == best.chosen { made } else { "" };
                let edits = judged.map(|(_, edits)| edits.to_vec()).unwrap_or_default();
                let reply = Reply { edits, ..plain((best.status, reason)) };
                self.reply_with(now, id, &reply, &[]);
            }
        }
    }

    /// Which rules hold for a context's request.
    pub(crate) fn kind_of(&mut self, id: ContextId) -> Kind {
        let method = self.contexts.get_mut(id).map(|context| context.method);
        if method == Some(Method::Invite) { Kind::Invite } else { Kind::NonInvite }
    }

    /// Whether who sent a request that is no INVITE can still take an answer: its Timer F (§17.1.2.2) runs.
    pub(crate) fn is_awaited(&mut self, now: Time, id: ContextId) -> bool {
        let timer_f = self.server_timers(id).duration(TimerName::F);
        self.contexts.get_mut(id).is_some_and(|context| now - context.received_at < timer_f)
    }

    /// Answers a transaction that has no context.
    pub(crate) fn answer_transaction(
        &mut self,
        now: Time,
        server: ServerId,
        request: &Message,
        refusal: Refusal,
    ) {
        self.answer_transaction_with(now, server, request, refusal, &[]);
    }

    /// Refuses a request that is not fit to be forwarded (§16.3).
    pub(crate) fn reject(&mut self, now: Time, server: ServerId, request: &Message, rejection: &Rejection) {
        let reply =
            Reply { status: rejection.status, reason: (*rejection.reason).into(), ..Reply::default() };
        let headers: Vec<_> = rejection.header.clone().into_iter().collect();
        let bytes = self.print_reply(request.head(), &reply, &headers);
        self.counters.response(request.method(), rejection.status, None);
        self.transactions.respond(now, server, rejection.status, bytes);
    }

    fn answer_transaction_with(
        &mut self,
        now: Time,
        server: ServerId,
        request: &Message,
        refusal: Refusal,
        headers: &Headers,
    ) {
        let bytes = self.print_reply(request.head(), &plain(refusal), headers);
        self.counters.response(request.method(), refusal.0, None);
        self.transactions.respond(now, server, refusal.0, bytes);
    }

    /// Answers without a transaction; an ACK is never answered, nor who cannot be told from a Via.
    pub(crate) fn answer_stateless(&mut self, flow: Flow, request: Head<'_>, refusal: Refusal) {
        if request.method() == Method::Ack || request.via_sent_by().is_err() {
            return;
        }
        let bytes = self.print_reply(request, &plain(refusal), &[]);
        self.counters.response(request.method(), refusal.0, None);
        self.output.push_back(Output::Transmit { flow, bytes, server_name: None, token: 0 });
    }

    /// An answer to a request as a message.
    pub(crate) fn made(&mut self, request: &Message, refusal: Refusal) -> Option<Arc<Message>> {
        let bytes = self.print_reply(request.head(), &plain(refusal), &[]);
        Message::parse_stream(&bytes).ok().map(Arc::new)
    }

    fn print_reply(&mut self, request: Head<'_>, reply: &Reply, headers: &Headers) -> Bytes {
        self.print_tagged(request, reply, headers, None)
    }

    /// The same with a To tag that somebody chose.
    fn print_tagged(
        &mut self,
        request: Head<'_>,
        reply: &Reply,
        headers: &Headers,
        chosen: Option<&str>,
    ) -> Bytes {
        let wants_tag = reply.status > 100 && request.to_tag().is_none();
        let made = (wants_tag && chosen.is_none()).then(|| self.to_tag(request));
        let made = made.as_ref().and_then(|tag| std::str::from_utf8(tag).ok());
        let tag = if wants_tag { chosen.or(made) } else { None };
        let (server, retry_after) = (&self.config.server, self.config.retry_after);
        self.page.clear();
        sip::respond(request, reply.status, &reply.reason, tag, &mut self.page, |answer| {
            if reply.status == 503 {
                answer.header(HeaderId::RETRY_AFTER, retry_after.to_string().as_bytes());
            }
            if !server.is_empty() && reply.status > 100 {
                answer.header(HeaderId::SERVER, server.as_bytes());
            }
            headers.iter().for_each(|(id, value)| answer.header(*id, value));
            reply.edits.iter().for_each(|edit| answer.apply(edit));
        });
        Bytes::copy_from_slice(&self.page)
    }

    /// A To tag that is the same for every answer to one request, also without state (§8.2.7), and for its CANCEL
    /// (§9.2): made from what they have in common, as it came.
    pub(crate) fn to_tag(&self, request: Head<'_>) -> [u8; 16] {
        let value = |id| request.header(id).unwrap_or_default();
        let (sent_by, branch) = match request.via() {
            Ok(via) => (via.sent_by, via.branch().unwrap_or_default()),
            Err(_) => (value(HeaderId::VIA), &[][..]),
        };
        let pieces = [sent_by, branch, value(HeaderId::CALL_ID), value(HeaderId::FROM)];
        hash::hex(hash::keyed(&self.tag_key, &pieces))
    }

    /// A final response to a request inside a dialog, or to one that would have made one: the dialogs follow.
    pub(crate) fn dialog_answered(&mut self, request: &Message, status: u16) {
        let change = self.dialogs.handle_answer(&request.head(), status);
        debug_assert!(
            !matches!(change, Change::Created(_)),
            "an answer of ours makes no dialog that goes on"
        );
        self.tell_ended();
    }

    /// The context is over, apart from what its transactions still do by themselves.
    pub(crate) fn finish(&mut self, id: ContextId) {
        if let Some(context) = self.contexts.remove(id)
            && let Some(server) = context.server
        {
            self.servers.clear(server.slot());
        }
    }
}

/// Takes our Via off a response, and gives it the Vias of its request where that left with others. False: nobody is above
/// us, and it is not to be forwarded.
pub(crate) fn upstream<'a>(
    draft: &mut Draft<'a>,
    head: &Head<'a>,
    challenges: &'a [Arc<Message>],
    vias: Option<&'a [u8]>,
) -> bool {
    let is_for_others =
        proxy::forward_response(draft, head, challenges.iter().map(|challenge| challenge.head()));
    let Some(vias) = vias else { return is_for_others };
    draft.remove_all(HeaderId::VIA);
    draft.prepend(HeaderId::VIA, vias);
    true
}

/// Whether an edit of a message with this head changes a header field of this name.
fn is_of(head: &Head<'_>, edit: &Edit, id: HeaderId) -> bool {
    match edit {
        Edit::Append(header) | Edit::Prepend(header) => header.resolved() == id,
        Edit::Replace { index, .. } | Edit::Remove { index } => {
            head.spans().get(*index as usize).is_some_and(|span| span.id == id)
        }
        Edit::RemoveAll(of, name) => {
            *of == id || (*of == HeaderId::OTHER && HeaderId::from_name(name.as_bytes()) == id)
        }
        Edit::SetRequestUri(_) | Edit::SetBody { .. } => false,
    }
}

/// Whether a script has written a Date of its own.
fn has_date(reply: &Reply) -> bool {
    reply.edits.iter().any(|edit| match edit {
        Edit::Append(header) | Edit::Prepend(header) => header.resolved() == HeaderId::DATE,
        _ => false,
    })
}

/// The phrase of a best response that was made here; empty: the standard one.
pub(crate) fn made_phrase(active: &Active, best: &Best<Arc<Message>>) -> &'static str {
    let made = active.made_status.filter(|made| best.response.is_none() && made.0 == best.chosen);
    made.map_or("", |(_, phrase)| phrase)
}

fn plain((status, reason): Refusal) -> Reply {
    Reply { status, reason: reason.into(), ..Reply::default() }
}

pub(crate) const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}
