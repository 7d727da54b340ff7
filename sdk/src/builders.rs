//! Decisions, put together: `reply(404)`, `challenge(realm)`, `Relay::to_location(aor).record_route()`, `next()`.
//!
//! In: what a script wants. Out: the values of `decision.rs`. Every builder turns with `.into()` into a [`Decision`],
//! into an [`Outcome`] (what a hook returns), and into a [`Stop`], so that `?` ends a hook from a function deep
//! inside it.

use crate::decision::{
    Attr, Body, Challenge, ChallengeKind, Decision, Destination, DigestAlgorithm, Edit, Fault, Relay,
    RelayOptions, Reply, ReplyDecision, ReplyOptions, Target,
};
use crate::field::FieldName;
use sip::{HeaderError, UriError};

/// Numbers of attributes (`docs/attributes.md`).
pub(crate) const CHALLENGE: u16 = 1;
const FLOW: u16 = 2;
const TIMERS: u16 = 3;
const UNTIL_RESPONSE: u16 = 4;
const UNTIL_TRYING: u16 = 7;
const RETURNS_BY: u16 = 8;
pub(crate) const VIAS: u16 = 9;
const SERVER_TIMERS: u16 = 10;
const UNLESS_HEARD: u16 = 11;
const SERVED_USER: u16 = 12;
const ASK_FURTHER: u16 = 13;

/// What a request hook returns. `Ok` and `Err` differ only in how one got there.
pub type Outcome = Result<Decision, Stop>;

/// What a reply hook returns.
pub type ReplyOutcome = Result<ReplyDecision, Fault>;

/// An early end of a hook, for `?`: with a decision, or with a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// There is nothing more to find out: this is the decision.
    Decided(Decision),
    /// This cannot be.
    Fault(Fault),
}

/// An answer with this status and its standard phrase: 200 to 699, or 100 to 699 to replace a response.
#[must_use]
pub fn reply(status: u16) -> Reply {
    Reply { status, ..Reply::default() }
}

/// A 401 for this realm that offers SHA-256, then MD5 (RFC 8760 §2.3).
pub fn challenge(realm: impl Into<String>) -> Challenge {
    Challenge {
        kind: ChallengeKind::Www,
        realm: realm.into(),
        algorithms: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
        stale: false,
        edits: Vec::new(),
        attrs: Vec::new(),
    }
}

/// What the standard says a stateful proxy does with this request, after the edits made on it.
#[must_use]
pub fn next() -> Decision {
    Decision::Next(Vec::new())
}

/// Pass a response upstream, with the edits made on it.
#[must_use]
pub fn pass() -> ReplyDecision {
    ReplyDecision::Pass(Vec::new())
}

impl Relay {
    /// To where the Request-URI and Route point, unless targets are added.
    #[must_use]
    pub fn onward() -> Self {
        Self::default()
    }

    /// To every binding of this address-of-record. With no binding the host answers 480.
    pub fn to_location(address_of_record: impl Into<String>) -> Self {
        Self::default().target(Destination::Location(address_of_record.into()), 1000)
    }

    /// To this URI.
    pub fn to_uri(uri: impl Into<String>) -> Self {
        Self::default().to(uri)
    }

    /// This URI too, at the same time as other targets with q 1.0.
    #[must_use]
    pub fn to(self, uri: impl Into<String>) -> Self {
        self.target(Destination::Uri(uri.into()), 1000)
    }

    /// This URI too, with a preference in thousandths: targets of a lower q are tried when those of a higher one
    /// have failed.
    #[must_use]
    pub fn to_with_q(self, uri: impl Into<String>, q: u16) -> Self {
        self.target(Destination::Uri(uri.into()), q)
    }

    fn target(mut self, destination: Destination, q: u16) -> Self {
        self.targets.push(Target { destination, route: Vec::new(), q: q.min(1000), attrs: Vec::new() });
        self
    }

    /// By the flow of this token ([`Host::flow_token`](crate::Host::flow_token)), for the target added last: where it leads
    /// to a connection by that one only, else where that phone is.
    #[must_use]
    pub fn by_flow(self, token: impl Into<String>) -> Self {
        self.target_attribute(FLOW, token.into().into_bytes())
    }

    /// With these timers T1, T2 and T4 in ms for the target added last (TS 24.229 §7.7). Without a target: for where the
    /// request goes by itself.
    #[must_use]
    pub fn timers_ms(mut self, t1: u32, t2: u32, t4: u32) -> Self {
        let timers = timers_attribute(TIMERS, [t1, t2, t4]);
        match self.targets.last_mut() {
            Some(target) => target.attrs.push(timers),
            None => self.attrs.push(timers),
        }
        self
    }

    /// The target added last is sent to where this SIP URI points, in place of where its Route or Request-URI do
    /// (RFC 3261 §16.6 item 6). Nothing of it is written into the request: for a next hop that is configured.
    #[must_use]
    pub fn next_hop(self, uri: impl Into<String>) -> Self {
        self.target_attribute(Target::NEXT_HOP, uri.into().into_bytes())
    }

    fn target_attribute(mut self, tag: u16, value: Vec<u8>) -> Self {
        if let Some(target) = self.targets.last_mut() {
            target.attrs.push(Attr { tag, value });
        }
        self
    }

    /// Let the time-out end with the first response above 100.
    #[must_use]
    pub fn until_response(mut self) -> Self {
        self.attrs.push(Attr { tag: UNTIL_RESPONSE, value: Vec::new() });
        self
    }

    /// Let the time-out end with the first response, a 100 as well, or one to another request that goes there: the next hop is
    /// there.
    #[must_use]
    pub fn until_trying(mut self) -> Self {
        self.attrs.push(Attr { tag: UNTIL_TRYING, value: Vec::new() });
        self
    }

    /// The request is to come back by a Route of this element with this user part. Once it has, neither the time-out nor
    /// `ask_failure` counts: what the target answers is what became of the request behind it.
    #[must_use]
    pub fn returns_by(mut self, user: impl Into<String>) -> Self {
        self.attrs.push(Attr { tag: RETURNS_BY, value: user.into().into_bytes() });
        self
    }

    /// The session passes on behalf of this user, named as its bindings are: where the network takes the user away, it ends
    /// the session with a BYE to both sides, or cancels it (TS 24.229 §5.4.5.1). Together with `record_route`.
    #[must_use]
    pub fn served_user(mut self, address_of_record: impl Into<String>) -> Self {
        self.attrs.push(Attr { tag: SERVED_USER, value: address_of_record.into().into_bytes() });
        self
    }

    /// These Via values below the host's own, in the place of those that the request came with (TS 24.229 §5.10.4.2):
    /// at least one, with commas between them. Responses get back what was received.
    #[must_use]
    pub fn vias(mut self, values: impl Into<String>) -> Self {
        self.attrs.push(Attr { tag: VIAS, value: values.into().into_bytes() });
        self
    }

    /// A Route header field value for the target added last, after those it has. Without a target: for the request.
    #[must_use]
    pub fn via_route(mut self, route: impl Into<String>) -> Self {
        match self.targets.last_mut() {
            Some(target) => target.route.push(route.into()),
            None => self.edits.push(Edit::Append(FieldName::from(sip::HeaderId::ROUTE).header(route.into()))),
        }
        self
    }

    /// Stay in the path of later requests of the dialog (RFC 3261 §16.6 item 4).
    #[must_use]
    pub fn record_route(mut self) -> Self {
        self.options = self.options.with(RelayOptions::RECORD_ROUTE);
        self
    }

    /// Ask `on_reply` about each response.
    #[must_use]
    pub fn ask_replies(mut self) -> Self {
        self.options = self.options.with(RelayOptions::ASK_REPLIES);
        self
    }

    /// Ask `on_reply` about each response, the 2xx of further phones that answer the same INVITE among them. For these the
    /// host keeps the request as long as they may come: for where what passes unseen would do harm.
    #[must_use]
    pub fn ask_all_replies(mut self) -> Self {
        self.attrs.push(Attr { tag: ASK_FURTHER, value: Vec::new() });
        self.ask_replies()
    }

    /// Ask `on_failure` when all targets have failed.
    #[must_use]
    pub fn ask_failure(mut self) -> Self {
        self.options = self.options.with(RelayOptions::ASK_FAILURE);
        self
    }

    /// Ask `on_failure` when all targets have failed and none has given a response above 100: whoever lets it ring has taken
    /// the request.
    #[must_use]
    pub fn ask_failure_unless_heard(mut self) -> Self {
        self.attrs.push(Attr { tag: UNLESS_HEARD, value: Vec::new() });
        self.ask_failure()
    }

    /// Give up on a target after this many ms without a final response.
    #[must_use]
    pub fn timeout_ms(mut self, timeout: u32) -> Self {
        self.timeout_ms = timeout;
        self
    }

    /// Take a header field away from the request, before those that are added after this.
    #[must_use]
    pub fn without<'n>(mut self, name: impl Into<FieldName<'n>>) -> Self {
        self.edits.push(Edit::RemoveAll(name.into().header(String::new())));
        self
    }

    /// Give the request another Request-URI.
    #[must_use]
    pub fn request_uri(mut self, uri: impl Into<String>) -> Self {
        self.edits.push(Edit::SetRequestUri(uri.into()));
        self
    }

    /// Add a header field to the request. In `on_request` the edits of [`Request`](crate::Request) do the same; in
    /// `on_failure`, where the message in hand is a response, this is the way.
    #[must_use]
    pub fn header<'n>(mut self, name: impl Into<FieldName<'n>>, value: impl Into<String>) -> Self {
        self.edits.push(Edit::Append(name.into().header(value.into())));
        self
    }
}

impl Reply {
    /// Another phrase than the standard one.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Add a header field.
    #[must_use]
    pub fn header<'n>(mut self, name: impl Into<FieldName<'n>>, value: impl Into<String>) -> Self {
        self.edits.push(Edit::Append(name.into().header(value.into())));
        self
    }

    /// Add one header field for each value.
    #[must_use]
    pub fn headers<'n, V: Into<String>>(
        mut self,
        name: impl Into<FieldName<'n>>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let name = name.into();
        self.edits.extend(values.into_iter().map(|value| Edit::Append(name.header(value.into()))));
        self
    }

    /// Give it a body.
    #[must_use]
    pub fn body(mut self, content_type: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        let body = Body { content_type: content_type.into(), content: content.into() };
        self.edits.push(Edit::SetBody(body));
        self
    }

    /// With the challenge of this number ([`Host::challenge`](crate::Host::challenge)): the host writes its WWW-Authenticate.
    #[must_use]
    pub fn challenge(mut self, number: u64) -> Self {
        self.attrs.push(Attr { tag: CHALLENGE, value: number.to_le_bytes().to_vec() });
        self
    }

    /// Answer without a transaction (RFC 3261 §8.2.7): for answers that cost nothing to make again.
    #[must_use]
    pub fn stateless(mut self) -> Self {
        self.options = ReplyOptions::STATELESS;
        self
    }
}

impl Challenge {
    /// As a proxy: 407 and Proxy-Authenticate.
    #[must_use]
    pub fn proxy(mut self) -> Self {
        self.kind = ChallengeKind::Proxy;
        self
    }

    /// Offer these algorithms, the preferred one first.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[DigestAlgorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Say whether only the nonce was too old, so that the phone need not ask its user again.
    #[must_use]
    pub fn stale(mut self, stale: bool) -> Self {
        self.stale = stale;
        self
    }

    /// Add a header field.
    #[must_use]
    pub fn header<'n>(mut self, name: impl Into<FieldName<'n>>, value: impl Into<String>) -> Self {
        self.edits.push(Edit::Append(name.into().header(value.into())));
        self
    }
}

impl Decision {
    /// With these timers T1, T2 and T4 in ms for the transaction that the request came by, where its sender's are not the
    /// host's (TS 24.229 §7.7): a relay and a reply.
    #[must_use]
    pub fn server_timers_ms(mut self, t1: u32, t2: u32, t4: u32) -> Self {
        let attrs = match &mut self {
            Decision::Relay(relay) => &mut relay.attrs,
            Decision::Reply(reply) => &mut reply.attrs,
            Decision::Challenge(_) | Decision::Next(_) | Decision::Drop => return self,
        };
        attrs.push(timers_attribute(SERVER_TIMERS, [t1, t2, t4]));
        self
    }
}

fn timers_attribute(tag: u16, ms: [u32; 3]) -> Attr {
    Attr { tag, value: ms.map(u32::to_le_bytes).concat() }
}

impl From<Relay> for Decision {
    fn from(relay: Relay) -> Self {
        Decision::Relay(relay)
    }
}

impl From<Reply> for Decision {
    fn from(reply: Reply) -> Self {
        Decision::Reply(reply)
    }
}

impl From<Challenge> for Decision {
    fn from(challenge: Challenge) -> Self {
        Decision::Challenge(challenge)
    }
}

/// Every kind of decision is an outcome and an early end.
macro_rules! ends {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Outcome {
            fn from(end: $kind) -> Self {
                Ok(end.into())
            }
        }
        impl From<$kind> for Stop {
            fn from(end: $kind) -> Self {
                Stop::Decided(end.into())
            }
        }
    )*};
}
ends!(Relay, Reply, Challenge, Decision);

impl From<ReplyDecision> for ReplyOutcome {
    fn from(decision: ReplyDecision) -> Self {
        Ok(decision)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Fault(fault)
    }
}

/// A header field that cannot be read is the sender's mistake: 400, naming the field (RFC 3261 §21.4.1).
impl From<HeaderError> for Stop {
    fn from(error: HeaderError) -> Self {
        let mut reason = String::from("Bad ");
        reason.push_str(error.header().name());
        Stop::Decided(reply(400).reason(reason).into())
    }
}

/// So is a URI.
impl From<UriError> for Stop {
    fn from(_: UriError) -> Self {
        Stop::Decided(reply(400).reason("Bad URI").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Header;
    use sip::HeaderId;

    #[test]
    fn every_builder_is_an_outcome_and_an_early_end() {
        let outcome: Outcome = reply(404).into();
        assert_eq!(outcome, Ok(Decision::Reply(reply(404))));
        let stop: Stop = challenge("example.org").proxy().into();
        assert!(
            matches!(stop, Stop::Decided(Decision::Challenge(c)) if c.kind == ChallengeKind::Proxy && c.realm == "example.org")
        );
        let outcome: Outcome = next().into();
        assert_eq!(outcome, Ok(Decision::Next(Vec::new())));
    }

    #[test]
    fn a_relay_collects_targets_routes_and_options() {
        let relay = Relay::to_uri("sip:a@192.0.2.1")
            .via_route("<sip:edge.example.org;lr>")
            .to_with_q("sip:b@192.0.2.2", 1500);
        let relay = relay.record_route().ask_failure().timeout_ms(20_000);
        assert_eq!(relay.targets.len(), 2);
        assert_eq!(relay.targets[0].route, ["<sip:edge.example.org;lr>"]);
        assert_eq!(relay.targets[1].q, 1000, "q never exceeds 1.0");
        assert!(relay.options.contains(RelayOptions::RECORD_ROUTE));
        assert!(!relay.options.contains(RelayOptions::ASK_REPLIES));
        assert_eq!(relay.options.bits(), 5);
    }

    #[test]
    fn a_route_without_a_target_is_put_on_the_request() {
        let relay = Relay::onward().via_route("<sip:next.example.org;lr>");
        let header =
            Header { id: HeaderId::ROUTE.0, name: String::new(), value: "<sip:next.example.org;lr>".into() };
        assert_eq!(relay.edits, [Edit::Append(header)]);
    }

    #[test]
    fn an_unreadable_header_field_is_the_senders_mistake() {
        let stop = Stop::from(HeaderError::Missing(HeaderId::FROM));
        assert_eq!(stop, Stop::Decided(reply(400).reason("Bad From").into()));
    }
}
