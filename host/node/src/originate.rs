//! Requests of this element's own: a user agent client's, one transaction each (RFC 3261 §8.1), such as NOTIFY (RFC
//! 6665 §4.2) or the REGISTER to an application server (TS 24.229 §5.4.1.7).
//!
//! In: a request without Via, and where it goes. Out: [`Output::Concluded`] with its final response: what came, or a 408
//! or 503 in its place where nothing came (§8.1.3.1). What a response means is for whoever asked. Not here: INVITE, whose
//! 2xx would want an ACK, and dialogs.

use std::sync::Arc;

use ims::third_party_register;
use proxy::{Event, Kind, ResponseContext};
use sip::{Draft, Message, Method};
use smallvec::SmallVec;
use transaction::Time;

use crate::config::NOWHERE;
use crate::context::{Active, Branch, Context, Forks};
use crate::decision::Relay;
use crate::errors;
use crate::io::{ContextId, Follow, Originate, Output};
use crate::node::Node;
use crate::response::Last;

impl Node {
    /// Sends it, or concludes it at once where it can go nowhere.
    pub(crate) fn handle_originate(&mut self, now: Time, originate: Originate) {
        let Originate { request, target, timeout, token } = originate;
        let method = request.method();
        let request = Arc::new(request);
        if matches!(method, Method::Invite | Method::Ack | Method::Cancel) {
            return self.concluded(token, &request, (501, ""));
        }
        let kind = Kind::NonInvite;
        let mut forking = ResponseContext::new(kind, proxy::DEFAULT_MAX_BREADTH);
        let mut branches = SmallVec::new();
        if forking.add_target(1000).is_ok() {
            branches.push(Branch::default());
        }
        let relay = Relay {
            targets_named: target.is_some(),
            targets: target.into_iter().collect(),
            timeout,
            ..Relay::default()
        };
        let id = self.contexts.insert(Context {
            generation: 0,
            server: None,
            originated: Some(token),
            method,
            source: NOWHERE,
            received_at: now,
            pin: None,
            version: 0,
            variables: None,
            consult: 0,
            answered: false,
            record_routed: false,
            in_dialog: false,
            vias: None,
            judged: SmallVec::new(),
            late: None,
            forks: Forks::default(),
            active: None,
        });
        let mut active =
            Box::new(Active { forking, branches, ..Active::of(request, kind, proxy::DEFAULT_MAX_BREADTH) });
        active.relays.push(relay);
        let actions = active.forking.handle(Event::Start);
        self.carry_out(now, id, active, actions);
    }

    /// Sends what follows a decision. `request` and `reply`: what was decided on, and the answer, where there is one.
    pub(crate) fn follow(
        &mut self,
        now: Time,
        follow: Follow,
        request: Option<&Message>,
        reply: Option<&[u8]>,
    ) {
        let Follow { mut originate, third_party } = follow;
        let body = third_party
            .zip(request)
            .and_then(|(server, request)| third_party_register::body(&server, request.bytes(), reply));
        if let Some(body) = body {
            let mut draft = Draft::forward(originate.request.head());
            draft.body(body.content_type.as_bytes(), &body.bytes[..]);
            let mut bytes = Vec::new();
            draft.print(&mut bytes);
            drop(draft);
            if let Ok(message) = Message::parse_stream(&bytes) {
                originate.request = message;
            }
        }
        self.handle_originate(now, originate);
    }

    /// Nothing more can come: whoever asked is told. Else it goes on waiting.
    pub(crate) fn conclude(&mut self, id: ContextId, active: Box<Active>, last: Option<Last>) {
        let token = self.contexts.get_mut(id).and_then(|context| context.originated);
        match (last, token) {
            (None, _) | (_, None) => self.keep(id, active),
            (Some(Last::Success(_, response)), Some(token)) => {
                self.finish(id);
                self.output.push_back(Output::Concluded { token, response });
            }
            (Some(Last::Failure(best)), Some(token)) => {
                self.finish(id);
                match best.response {
                    Some(response) => self.output.push_back(Output::Concluded { token, response }),
                    None => self.concluded(token, &active.request, (best.chosen, "")),
                }
            }
        }
    }

    /// With a response that was made here.
    fn concluded(&mut self, token: u64, request: &Message, refusal: errors::Refusal) {
        if let Some(response) = self.made(request, refusal) {
            self.output.push_back(Output::Concluded { token, response });
        }
    }
}
