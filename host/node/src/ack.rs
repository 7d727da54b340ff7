//! The ACK to a 2xx: it makes no transaction and is forwarded without one (RFC 3261 §16.11, RFC 6026 §8.7).
//!
//! In: an ACK that no server transaction absorbed. Out: the ACK on its way, or nothing: an ACK is never answered.

use sip::{Flow, Message, Method};
use transaction::Time;

use crate::counters::Discard;
use crate::node::Node;

impl Node {
    pub(crate) fn handle_ack(&mut self, now: Time, flow: Flow, message: Message) {
        self.counters.request(Method::Ack);
        // One for a failure that was answered without a transaction ends here: it bears the tag that we made then.
        let head = message.head();
        if head.to_tag().is_some_and(|tag| *tag == self.to_tag(head)) {
            return;
        }
        let own = &self.config.own;
        if proxy::validate(&message.head(), own, &[], transaction::loop_hash_of_branch).is_err() {
            return self.counters.discard(Discard::Unparsable);
        }
        let route = self.preprocess(flow, message);
        // One for ourselves ends here: nobody waits for it (§13.3.1.4 is a user agent's).
        let for_us = sip::Uri::parse(route.request_uri()).is_ok_and(|uri| self.config.own.is_own(&uri));
        if for_us && !route.ours {
            return self.counters.discard(Discard::StrayAck);
        }
        let in_dialog = route.ours;
        let id = self.open(now, None, flow, route, in_dialog, proxy::DEFAULT_MAX_BREADTH);
        self.put_before_script(now, id, in_dialog, Method::Ack);
    }
}
