//! Branches of a request: their next hop, their message, their client transaction (RFC 3261 §16.6 items 6 to 10).
//!
//! In: a target of a context. Out: a client transaction, a search for the next hop's address, or why neither can be.

use std::sync::Arc;

use bytes::Bytes;
use proxy::{BranchIndex, Event, Forwarding, RecordRoute, RouteSet, Side, Via};
use sip::{Draft, Flow, Head, HeaderId, Transport, Uri};
use transaction::Time;

use crate::context::{Active, Branch, ByFlow};
use crate::decision::{Relay, Until};
use crate::errors::{self, Refusal};
use crate::flow_token;
use crate::io::{ContextId, Hop, LocateFailure, LocateId, Output};
use crate::node::Node;

/// How a branch's message is printed.
struct Print<'a> {
    active: &'a Active,
    branch: &'a Branch,
    source: Flow,
    hop: Flow,
    via_branch: &'a [u8],
}

impl Node {
    /// Begins a branch: finds where it goes, and sends it if that needs no search.
    pub(crate) fn begin(
        &mut self,
        now: Time,
        id: ContextId,
        active: &mut Active,
        branch: BranchIndex,
    ) -> Result<(), Refusal> {
        let Some((flow, by_flow)) = flow_of(active, branch) else {
            return self.begin_by_uri(now, id, active, branch);
        };
        let place = &mut active.branches[usize::from(branch)];
        place.hops = vec![Hop { flow, server_name: None }];
        place.by_flow = by_flow;
        self.start_next(now, id, active, branch)
    }

    /// Goes where the next hop's URI points (§16.6 item 7).
    fn begin_by_uri(
        &mut self,
        now: Time,
        id: ContextId,
        active: &mut Active,
        branch: BranchIndex,
    ) -> Result<(), Refusal> {
        let place = &active.branches[usize::from(branch)];
        let source = self.source_of(id);
        let (found, is_routed) = {
            let routes = routes(&self.config.own, active, place).map_err(|_| errors::BAD_ROUTE)?;
            let target = active.relays[place.relay].targets.get(place.target);
            let (next_hop, is_routed) = match target.and_then(|target| target.next_hop.as_deref()) {
                Some(named) => (named.as_bytes(), true),
                None => (routes.next_hop(), routes.is_routed()),
            };
            let uri = Uri::parse(next_hop).map_err(|_| errors::BAD_ROUTE)?;
            let came_by = match active.preprocessed.outbound_listener() {
                Some(listener) => Flow { listener, ..source },
                None => source,
            };
            let found = match self.config.listening.numeric_hop(&uri, came_by) {
                Some(Ok(flow)) => Ok(flow),
                Some(Err(failure)) => return Err(errors::locate(failure, is_routed)),
                None if self.config.own.is_own(&uri) => {
                    self.config.listening.hop_to_self(&uri).ok_or_else(|| next_hop.into())
                }
                None => Err(next_hop.into()),
            };
            (found, is_routed)
        };
        let place = &mut active.branches[usize::from(branch)];
        place.is_routed = is_routed;
        match found {
            Ok(flow) => {
                place.hops = vec![Hop { flow, server_name: None }];
                self.start_next(now, id, active, branch)
            }
            Err(uri) => {
                place.locating = true;
                self.output.push_back(Output::Locate { id: LocateId { context: id, branch }, uri });
                Ok(())
            }
        }
    }

    /// A branch's next hop has been searched for.
    pub(crate) fn handle_located(&mut self, now: Time, id: LocateId, hops: Result<Vec<Hop>, LocateFailure>) {
        let LocateId { context: id, branch } = id;
        let Some(mut active) = self.contexts.get_mut(id).and_then(|context| context.active.take()) else {
            return;
        };
        match active.branches.get_mut(usize::from(branch)) {
            Some(place) if place.locating => place.locating = false,
            _ => return self.keep(id, active),
        }
        // Cancelled, or timed out, while it was looked for.
        if active.forking.state(branch) != Some(proxy::BranchState::Trying) {
            return self.keep(id, active);
        }
        let begun = match hops {
            Ok(mut hops) => {
                hops.reverse();
                active.branches[usize::from(branch)].hops = hops;
                self.start_next(now, id, &mut active, branch)
            }
            Err(failure) => Err(errors::locate(failure, active.branches[usize::from(branch)].is_routed)),
        };
        match begun {
            Ok(()) if active.stateless => self.finish(id),
            Ok(()) => self.keep(id, active),
            Err(refusal) => {
                active.made_status = Some(refusal);
                let actions =
                    active.forking.handle(Event::Final { branch, status: refusal.0, response: None });
                self.carry_out(now, id, active, actions);
            }
        }
    }

    /// The flow of a branch is gone, or its URI failed after that: its URI is tried, or this is the answer.
    pub(crate) fn flow_gone(
        &mut self,
        now: Time,
        id: ContextId,
        active: &mut Active,
        branch: BranchIndex,
    ) -> Result<(), Refusal> {
        let place = &mut active.branches[usize::from(branch)];
        match place.by_flow {
            ByFlow::No => Err(errors::UNREACHABLE),
            ByFlow::Only(refusal) | ByFlow::Gone(refusal) => Err(refusal),
            ByFlow::First(refusal) if active.forking.state(branch) != Some(proxy::BranchState::Trying) => {
                Err(refusal)
            }
            ByFlow::First(refusal) => {
                place.by_flow = ByFlow::Gone(refusal);
                place.client = None;
                self.begin_by_uri(now, id, active, branch).map_err(|_| refusal)
            }
        }
    }

    /// Tries the next hop of a branch whose present one failed (RFC 3263 §4.3). False: there is none.
    pub(crate) fn next_hop(
        &mut self,
        now: Time,
        id: ContextId,
        active: &mut Active,
        branch: BranchIndex,
    ) -> bool {
        let place = &active.branches[usize::from(branch)];
        !place.hops.is_empty()
            && active.forking.state(branch) == Some(proxy::BranchState::Trying)
            && self.start_next(now, id, active, branch).is_ok()
    }

    /// Prints the request for a branch's next hop and hands it to a client transaction.
    fn start_next(
        &mut self,
        now: Time,
        id: ContextId,
        active: &mut Active,
        branch: BranchIndex,
    ) -> Result<(), Refusal> {
        let hop = active.branches[usize::from(branch)].hops.pop().ok_or(errors::UNREACHABLE)?;
        let source = self.source_of(id);
        if active.stateless {
            let via_branch = proxy::stateless_branch(self.config.route_key, &active.request.head());
            let place = &active.branches[usize::from(branch)];
            let print =
                Print { active, branch: place, source, hop: hop.flow, via_branch: via_branch.as_bytes() };
            let bytes = self.print_request(&print)?;
            let Hop { flow, server_name } = hop;
            self.output.push_back(Output::Transmit { flow, bytes, server_name, token: 0 });
            return Ok(());
        }
        let client = self.transactions.new_client().ok_or(errors::OVERLOADED)?;
        let via_branch = self.transactions.branch(client, active.preprocessed.loop_hash);
        let place = &active.branches[usize::from(branch)];
        let print = Print { active, branch: place, source, hop: hop.flow, via_branch: via_branch.as_bytes() };
        let mut bytes = match self.print_request(&print) {
            Ok(bytes) => bytes,
            Err(refusal) => {
                self.transactions.forget_client(client);
                return Err(refusal);
            }
        };
        let mut hop = hop;
        // §18.1.1: too large for a datagram goes by TCP first, and by UDP after all where nobody listens there.
        if self.config.udp_bytes > 0
            && hop.flow.transport == Transport::Udp
            && bytes.len() > self.config.udp_bytes
            && !place.too_large
            && !place.by_flow.is_now()
            && let Some(listener) = self.config.listening.for_remote(Transport::Tcp, hop.flow.remote, source)
        {
            let stream = Flow { transport: Transport::Tcp, listener, ..hop.flow };
            let place = &active.branches[usize::from(branch)];
            let print =
                Print { active, branch: place, source, hop: stream, via_branch: via_branch.as_bytes() };
            if let Ok(printed) = self.print_request(&print) {
                let place = &mut active.branches[usize::from(branch)];
                place.too_large = true;
                place.hops.push(hop);
                (bytes, hop) = (printed, Hop { flow: stream, server_name: None });
            }
        }
        self.clients.set(client.slot(), id);
        if let Some(name) = hop.server_name {
            self.server_names.insert(client, name);
        }
        active.branches[usize::from(branch)].client = Some(client);
        active.forking.started(branch, client);
        let place = &active.branches[usize::from(branch)];
        let target = active.relays[place.relay].targets.get(place.target);
        if active.relays[place.relay].until == Until::Trying {
            self.alive.watch(hop.flow.remote);
        }
        let timers = target.and_then(|target| target.timers).or(active.relays[place.relay].timers);
        let timers = timers.unwrap_or(self.config.timers);
        self.transactions.send_request(now, client, bytes, hop.flow, timers);
        self.start_timer(now, id, active, branch);
        Ok(())
    }

    /// §16.6, once for each copy.
    fn print_request(&mut self, print: &Print<'_>) -> Result<Bytes, Refusal> {
        let Print { active, branch, source, hop, via_branch } = *print;
        let head = active.request.head();
        let relay = &active.relays[branch.relay];
        let routes = routes(&self.config.own, active, branch).map_err(|_| errors::BAD_ROUTE)?;
        let token = |flow| {
            flow_token::token(&self.config.route_key, head.call_id().unwrap_or_default(), active.mark, flow)
        };
        // A flow leads to a phone (RFC 5626 §5.1, §5.3): to who sent this request first, or to where its Request-URI is.
        // Proxies are found by their Routes: who recorded none is not on the way back, whatever connection there is.
        let is_first_hop = head.values(HeaderId::VIA).nth(1).is_none();
        let is_last_hop = routes.values().next().is_none();
        let has_flow = source.connection != 0 || asks_for_its_flow(&head);
        let kept_in = (is_first_hop && has_flow).then_some(source);
        let kept_out = (is_last_hop && (hop.connection != 0 || branch.by_flow.is_now())).then_some(hop);
        let tokens = relay.record_route.then(|| {
            let inbound = token(kept_in);
            let outbound = if kept_in == kept_out { inbound.clone() } else { token(kept_out) };
            (inbound, outbound)
        });
        let side = |flow: Flow, token| Side { listener: flow.listener, token };
        let forwarding = Forwarding {
            edits: &relay.edits,
            record_route: tokens.as_ref().map(|(inbound, outbound)| RecordRoute {
                inbound: side(source, inbound),
                outbound: side(hop, outbound),
            }),
            max_breadth: (branch.max_breadth > 0).then_some(branch.max_breadth),
            via: Some(Via {
                listener: hop.listener,
                branch: via_branch,
                rport: hop.transport == Transport::Udp,
            }),
        };
        let own = Arc::clone(&self.config.own);
        let mut draft = Draft::forward(head);
        if let Some(vias) = &relay.vias {
            draft.remove_all(HeaderId::VIA);
            draft.prepend(HeaderId::VIA, vias.as_bytes());
        }
        proxy::forward(&mut draft, &head, &own, &routes, &forwarding).map_err(|_| errors::TOO_MANY_HOPS)?;
        self.page.clear();
        draft.print(&mut self.page);
        Ok(Bytes::copy_from_slice(&self.page))
    }

    fn source_of(&mut self, id: ContextId) -> Flow {
        self.contexts.get_mut(id).map_or(crate::config::NOWHERE, |context| context.source)
    }
}

/// The flow that a branch is to take, if any: its target's, or for a request inside a dialog that of the side it is to
/// leave by, unless a script routed it anew or another proxy is before that side.
fn flow_of(active: &Active, branch: BranchIndex) -> Option<(Flow, ByFlow)> {
    let place = &active.branches[usize::from(branch)];
    let relay = &active.relays[place.relay];
    if let Some(target) = relay.targets.get(place.target) {
        let by_flow = if target.flow_only { ByFlow::Only } else { ByFlow::First };
        return Some((target.flow?, by_flow(errors::AWAY)));
    }
    let head = active.request.head();
    let is_rerouted = relay.edits.iter().any(|edit| proxy::is_routing_edit(&head, edit));
    let has_route =
        head.values(HeaderId::ROUTE).nth(usize::from(active.preprocessed.routes_removed)).is_some();
    let flow = active.route_flow.filter(|_| !is_rerouted && !has_route)?;
    Some((flow, ByFlow::First(errors::FLOW_FAILED)))
}

/// Whether a caller without a connection wants requests of its dialog by the flow that it sent this one on (RFC 5626
/// §4.3).
fn asks_for_its_flow(head: &Head<'_>) -> bool {
    head.header(HeaderId::CONTACT).is_some_and(|contact| contact.windows(3).any(|three| three == b";ob"))
}

/// The Request-URI and Routes of one branch.
fn routes<'a>(
    own: &proxy::Own,
    active: &'a Active,
    branch: &Branch,
) -> Result<RouteSet<'a>, proxy::RouteError> {
    let relay: &'a Relay = &active.relays[branch.relay];
    let target = match relay.targets.get(branch.target) {
        Some(target) => proxy::Target { uri: Some(target.uri.as_bytes()), route: &target.route },
        None => proxy::Target::default(),
    };
    RouteSet::new(&active.request.head(), own, &active.preprocessed, &relay.edits, target)
}
