//! The border to other networks: topology hiding (TS 24.229 §5.10.4), where `topology` says what is not shown.
//!
//! ```text
//!   a request leaves  ─▶ Via, Record-Route, Path: entries of ours become one ─▶ its responses: Record-Route is opened
//!   a request comes   ─▶ Route is opened                 its responses leave ─▶ Record-Route, Service-Route are hidden
//! ```
//! In: a message, where it comes from and where it goes. Out: edits of a relay, or of a response. The Vias of a response are
//! opened by the host, which has kept those of the request; what else is hidden is sealed (`token.rs`), so that any I-CSCF
//! with the same key opens it.

use strowger_sdk::decision::Edit;
use strowger_sdk::prelude::*;
use strowger_sdk::route;
use strowger_sdk::sip::{Head, Host as UriHost, Via};
use strowger_sdk::trust_domain::TrustDomain;
use strowger_sdk::{FieldName, NameAddr, line};

use crate::{Settings, token};

/// Variable of the transaction: which way it crosses the border.
const CROSSING: &str = "crossing";

/// What is ours, and how others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Border {
    /// Ourselves, as other networks reach us.
    pub uri: String,
    /// The network's name: of hosts that are not shown, and in `tokenized-by`.
    pub domains: Vec<String>,
    /// Addresses that are not shown.
    pub topology: TrustDomain,
}

/// Which way a request crosses the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crossing {
    /// It leaves the network.
    Out,
    /// It comes into the network.
    In,
    /// It was ours before, and is ours after.
    Within,
    /// It never was ours.
    Without,
}

impl Border {
    /// Which way a request goes whose next hop is this.
    pub(crate) fn crossing(&self, next_hop: &Uri<'_>, host: &impl Host) -> Crossing {
        match (self.topology.has(&host.source().address), self.is_ours(&next_hop.host())) {
            (true, false) => Crossing::Out,
            (false, true) => Crossing::In,
            (true, true) => Crossing::Within,
            (false, false) => Crossing::Without,
        }
    }

    /// Whether a host is of the network: one of its addresses, or a name in one of its domains.
    fn is_ours(&self, host: &UriHost<'_>) -> bool {
        if host.ip().is_some() {
            return self.topology.has(host.to_string().trim_matches(['[', ']']));
        }
        let name = host.to_string().to_ascii_lowercase();
        let name = name.trim_end_matches('.');
        self.domains.iter().any(|domain| {
            let domain = domain.to_ascii_lowercase();
            name.strip_suffix(domain.as_str()).is_some_and(|left| left.is_empty() || left.ends_with('.'))
        })
    }

    /// Whether an entry of Record-Route, Path or Service-Route is not shown: it is of the network, and is not us, whom
    /// everybody may know.
    fn hides(&self, entry: &[u8]) -> bool {
        let uri = NameAddr::parse(entry).ok().and_then(|entry| entry.uri().ok());
        // What cannot be read cannot be judged.
        let Some(uri) = uri else { return true };
        !route::names(&uri, &self.uri) && !token::is_one(&uri) && self.is_ours(&uri.host())
    }

    fn name(&self) -> &str {
        self.domains.first().map_or("", String::as_str)
    }
}

/// A relay of a request that may cross the border (§5.10.2, §5.10.3): with what is hidden and opened, and so that what
/// follows comes by us too.
pub(crate) fn cross(
    border: &Border,
    relay: Relay,
    crossing: Crossing,
    head: &Head<'_>,
    host: &impl Host,
) -> Relay {
    let word = match crossing {
        Crossing::Out => "out",
        Crossing::In => "in",
        Crossing::Within | Crossing::Without => return relay,
    };
    host.set_variable(CROSSING, Some(word.as_bytes()));
    let mut relay = relay;
    if crossing == Crossing::Out {
        relay = hide_vias(border, relay, head, host);
        for id in [HeaderId::RECORD_ROUTE, HeaderId::PATH] {
            let entries: Vec<&[u8]> = head.values(id).map(|value| value.bytes).collect();
            if let Some(hidden) = hide(border, &entries, Order::AsWritten, host) {
                relay = hidden.into_iter().fold(relay.without(id), |relay, entry| relay.header(id, entry));
            }
        }
    }
    // §5.10.2.1, §5.10.3.1: requests to the phone that is registered come by us as well.
    if head.method() == Method::Register && head.header(HeaderId::PATH).is_some() {
        let own = FieldName::from(HeaderId::PATH).header(route::loose(&border.uri));
        relay.edits.push(Edit::Prepend(own));
    }
    if matches!(head.method(), Method::Invite | Method::Subscribe | Method::Refer) && head.to_tag().is_none()
    {
        relay = relay.record_route();
    }
    match head.method() {
        Method::Ack => relay,
        // A call may be answered by several phones: each 2xx has a Record-Route of its own.
        Method::Invite => relay.ask_all_replies(),
        _ => relay.ask_replies(),
    }
}

/// The same for a next hop that is known as text.
pub(crate) fn toward(
    settings: &Settings,
    relay: Relay,
    next_hop: &str,
    head: &Head<'_>,
    host: &impl Host,
) -> Relay {
    let Some(border) = &settings.border else { return relay };
    let Ok(uri) = Uri::parse(next_hop.as_bytes()) else { return relay };
    cross(border, relay, border.crossing(&uri, host), head, host)
}

/// A request inside a dialog: where its Route leads, across the border or not.
pub(crate) fn in_dialog(border: &Border, request: &mut Request<'_>, host: &impl Host) -> Outcome {
    open_route(border, request, host);
    let next_hop = match request.name_addr(HeaderId::ROUTE) {
        Ok(route) => route.uri()?,
        Err(_) => request.uri()?,
    };
    match border.crossing(&next_hop, host) {
        // We recorded no route for it.
        Crossing::Without if request.method() == Method::Ack => Ok(Decision::Drop),
        Crossing::Without => reply(403).into(),
        crossing => cross(border, Relay::onward(), crossing, &request.received(), host).into(),
    }
}

/// Puts what a Route hides in its place.
pub(crate) fn open_route(border: &Border, request: &mut Request<'_>, host: &impl Host) {
    let Some(routes) = opened(border, &request.received(), host) else { return };
    request.remove(HeaderId::ROUTE);
    for route in routes {
        request.append(HeaderId::ROUTE, route);
    }
}

/// The Route without what hides entries of ours (§5.10.4.3): `None`, where there is nothing to open. Our own URI, which is
/// off the message already, may have been such an entry.
fn opened(border: &Border, head: &Head<'_>, host: &impl Host) -> Option<Vec<String>> {
    let own = host.own_routes();
    let own: Vec<Vec<String>> = own
        .iter()
        .filter_map(|uri| token::open(border.name(), &Uri::parse(uri.as_bytes()).ok()?, host))
        .collect();
    let mut is_opened = !own.is_empty();
    let mut routes = own.concat();
    for value in head.values(HeaderId::ROUTE) {
        let uri = NameAddr::parse(value.bytes).ok().and_then(|route| route.uri().ok());
        match uri.and_then(|uri| token::open(border.name(), &uri, host)) {
            Some(entries) => {
                is_opened = true;
                routes.extend(entries);
            }
            None => routes.push(line(value.bytes)),
        }
    }
    is_opened.then_some(routes)
}

/// A response on its way upstream: out of the network, it is hidden in; into it, it is opened.
pub(crate) fn answered(border: &Border, response: &mut Response<'_>, host: &impl Host) {
    match host.variable(CROSSING).as_deref() {
        Some(b"in") => {
            // Who gets it makes its Route of the Record-Route by turning it round (RFC 3261 §12.1.2).
            rewrite(response, HeaderId::RECORD_ROUTE, |entries| hide(border, entries, Order::Reversed, host));
            if response.has(HeaderId::SERVICE_ROUTE) {
                rewrite(response, HeaderId::SERVICE_ROUTE, |entries| {
                    hide(border, entries, Order::AsWritten, host)
                });
                response.prepend(HeaderId::SERVICE_ROUTE, route::loose(&border.uri));
            }
        }
        Some(b"out") => {
            for id in [HeaderId::RECORD_ROUTE, HeaderId::PATH] {
                rewrite(response, id, |entries| open(border, entries, host));
            }
        }
        _ => {}
    }
}

/// Gives a response other entries, where there are others.
fn rewrite(response: &mut Response<'_>, id: HeaderId, change: impl FnOnce(&[&[u8]]) -> Option<Vec<String>>) {
    let entries: Vec<&[u8]> = response.values(id).collect();
    if let Some(changed) = change(&entries) {
        response.remove(id);
        for entry in changed {
            response.append(id, entry);
        }
    }
}

/// In which order entries are sealed: that in which they will be Routes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    AsWritten,
    Reversed,
}

/// Entries that follow each other and are not shown become one (§5.10.4.2); `None`, where none is.
fn hide(border: &Border, entries: &[&[u8]], order: Order, host: &impl Host) -> Option<Vec<String>> {
    if !entries.iter().any(|entry| border.hides(entry)) {
        return None;
    }
    let mut shown = Vec::new();
    for run in entries.chunk_by(|one, other| border.hides(one) == border.hides(other)) {
        if !border.hides(run[0]) {
            shown.extend(run.iter().map(|entry| line(entry)));
            continue;
        }
        let mut run: Vec<String> = run.iter().map(|entry| line(entry)).collect();
        if order == Order::Reversed {
            run.reverse();
        }
        let mut tokens = token::seal(border.name(), &run, host);
        if order == Order::Reversed {
            tokens.reverse();
        }
        shown.extend(tokens);
    }
    Some(shown)
}

/// The entries with those that are hidden in them; `None`, where nothing is.
fn open(border: &Border, entries: &[&[u8]], host: &impl Host) -> Option<Vec<String>> {
    let mut is_opened = false;
    let mut all = Vec::new();
    for entry in entries {
        let uri = NameAddr::parse(entry).ok().and_then(|entry| entry.uri().ok());
        match uri.and_then(|uri| token::open(border.name(), &uri, host)) {
            Some(entries) => {
                is_opened = true;
                all.extend(entries);
            }
            None => all.push(line(entry)),
        }
    }
    is_opened.then_some(all)
}

/// Vias of the network that follow each other become one. The host gives responses back what was received, so that the one
/// need bear nothing but that it is one.
fn hide_vias(border: &Border, relay: Relay, head: &Head<'_>, host: &impl Host) -> Relay {
    let is_ours = |value: &&[u8]| Via::parse(value).map_or(true, |via| border.is_ours(&via.host));
    let values: Vec<&[u8]> = head.values(HeaderId::VIA).map(|value| value.bytes).collect();
    if !values.iter().any(is_ours) {
        return relay;
    }
    let mut shown: Vec<String> = Vec::new();
    for run in values.chunk_by(|one, other| is_ours(one) == is_ours(other)) {
        match is_ours(&run[0]) {
            true => shown.push(token::via(border.name(), run, host)),
            false => shown.extend(run.iter().map(|value| line(value))),
        }
    }
    relay.vias(shown.join(", "))
}
