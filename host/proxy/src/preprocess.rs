//! Route information preprocessing: RFC 3261 §16.4, with the double Record-Routes of RFC 5658.
//!
//! In: a request as it was received. Out: [`Preprocessed`]: which Request-URI it really has, which Route values were
//! ours, and what we had written into them. The message itself is changed only when it is forwarded
//! (`forward.rs`): between the two a script is asked, and it sees the request as it came.

use sip::{Draft, Head, HeaderId, NameAddr, Scheme, Transport, Uri};
use smallvec::SmallVec;

use crate::loop_detection::loop_hash;
use crate::own::{HALF, Own, transport_of};
use crate::route_set::take_off;

/// Most of our own values that are taken off the top of a Route header field: two of a double Record-Route.
pub const MAX_OWN_ROUTES: usize = 2;

/// Where a URI of ours stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the Request-URI: the hop before us is a strict router.
    RequestUri,
    /// The value of this number of the Route header field, from 0.
    Route(u16),
    /// In a message that has been rewritten since.
    Gone,
}

/// A URI of ours by which the request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnRoute {
    place: Place,
    /// The listener it names; `None`: it is one of our domains.
    pub listener: Option<u16>,
}

impl OwnRoute {
    /// The URI with its user part and parameters (a token of ours, `orig` …), out of the request that was
    /// preprocessed; `None` after [`Preprocessed::written`].
    #[must_use]
    pub fn uri<'a>(&self, head: &Head<'a>) -> Option<Uri<'a>> {
        match self.place {
            Place::RequestUri => Uri::parse(head.request_uri()).ok(),
            Place::Route(number) => {
                let value = head.values(HeaderId::ROUTE).nth(usize::from(number))?;
                NameAddr::parse(value.bytes).ok()?.uri().ok()
            }
            Place::Gone => None,
        }
    }
}

/// What §16.4 makes of a request. It borrows nothing: keep it while the script is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preprocessed {
    /// The Request-URI to go on with; `None`: the one that was received.
    pub request_uri: Option<Vec<u8>>,
    /// How many values are gone from the top of the Route header field, all of them ours.
    pub routes_removed: u16,
    /// The last value is gone from the Route header field: it has become the Request-URI.
    pub last_route_removed: bool,
    /// Our URIs by which it came, in the order in which it passed them: none, one, or the two of a double
    /// Record-Route.
    pub own_routes: SmallVec<[OwnRoute; MAX_OWN_ROUTES]>,
    /// The [`loop_hash`] of the request as it was received, for the branches of its copies (§16.6 item 8). Of a
    /// message that was changed it would be another one, and no loop would ever be found.
    pub loop_hash: u64,
}

impl Preprocessed {
    /// The Request-URI to go on with.
    #[must_use]
    pub fn request_uri<'a>(&'a self, head: &Head<'a>) -> &'a [u8] {
        self.request_uri.as_deref().unwrap_or(head.request_uri())
    }

    /// The user part of our own URI by which it came: the token that we had put into our Record-Route, or the user
    /// of a Route that an S-CSCF wrote for itself. `None`: it did not come by one, or that has no user part.
    #[must_use]
    pub fn token<'a>(&self, head: &Head<'a>) -> Option<&'a [u8]> {
        self.own_routes.first()?.uri(head)?.user()
    }

    /// The token of the side by which it is to leave: that of the second half of a double Record-Route, or of the
    /// only value.
    #[must_use]
    pub fn outbound_token<'a>(&self, head: &Head<'a>) -> Option<&'a [u8]> {
        self.own_routes.last()?.uri(head)?.user()
    }

    /// A parameter of our own URI by which it came: `None` where there is none, `Some(None)` without a value.
    #[must_use]
    pub fn own_param<'a>(&self, head: &Head<'a>, name: &str) -> Option<Option<&'a [u8]>> {
        self.own_routes.iter().find_map(|own| own.uri(head)?.param(name))
    }

    /// It came by a URI of ours: a Route that we recorded, or one that somebody put there for us.
    #[must_use]
    pub fn came_by_own_route(&self) -> bool {
        !self.own_routes.is_empty()
    }

    /// Whether the message that goes on is another than the one that was received.
    #[must_use]
    pub fn changes_message(&self) -> bool {
        self.request_uri.is_some() || self.routes_removed > 0 || self.last_route_removed
    }

    /// Change the message in `draft`, a draft of `head`, into the one to go on with: "the proxy MUST then proceed as
    /// if it received this modified request". For showing it to a script; a next hop that is a strict router is
    /// provided for when it is forwarded, and not here.
    pub fn write<'d>(&'d self, head: &Head<'d>, draft: &mut Draft<'d>) {
        if let Some(uri) = &self.request_uri {
            draft.set_request_uri(uri);
        }
        let removed = usize::from(self.routes_removed);
        if !self.last_route_removed {
            head.values(HeaderId::ROUTE).take(removed).for_each(|value| take_off(draft, &value));
            return;
        }
        let kept: SmallVec<[&[u8]; 8]> =
            head.values(HeaderId::ROUTE).skip(removed).map(|value| value.bytes).collect();
        draft.remove_all(HeaderId::ROUTE);
        for value in kept.iter().rev().skip(1) {
            draft.prepend(HeaderId::ROUTE, *value);
        }
    }

    /// What is left to know once the message written by [`write`](Self::write) has taken the place of the received
    /// one: the loop hash and the listeners. Tokens and parameters of our own URIs are to be read before.
    #[must_use]
    pub fn written(&self) -> Self {
        let gone = self.own_routes.iter().map(|own| OwnRoute { place: Place::Gone, ..*own });
        Self { own_routes: gone.collect(), loop_hash: self.loop_hash, ..Self::default() }
    }

    /// The listener from which it is to leave, where a double Record-Route says so (RFC 5658 §4).
    #[must_use]
    pub fn outbound_listener(&self) -> Option<u16> {
        self.own_routes.get(1)?.listener
    }
}

/// Preprocess a request that came in on `listener` (§16.4).
#[must_use]
pub fn preprocess(head: &Head<'_>, own: &Own, listener: u16) -> Preprocessed {
    let mut preprocessed = Preprocessed { loop_hash: loop_hash(own, head), ..Preprocessed::default() };
    // Without parameters a Request-URI has neither lr nor maddr.
    let has_parameters = head.request_uri().contains(&b';');
    if has_parameters
        && let Ok(uri) = head.uri()
        && uri.is_sip()
    {
        restore(head, own, &uri, &mut preprocessed);
        let restored = preprocessed.request_uri.take();
        let effective = match &restored {
            Some(bytes) => Uri::parse(bytes).ok(),
            None => Some(uri),
        };
        let stripped = effective.and_then(|uri| without_maddr(own, &uri, listener));
        preprocessed.request_uri = stripped.or(restored);
    }
    remove_own(head, own, &mut preprocessed);
    preprocessed
}

/// A strict router before us has put our Record-Route value into the Request-URI, and the Request-URI at the end of
/// Route: put them back.
fn restore(head: &Head<'_>, own: &Own, uri: &Uri<'_>, preprocessed: &mut Preprocessed) {
    if !uri.is_loose() {
        return;
    }
    let Some(listener) = own.recognise(uri) else { return };
    let Some(last) = head.values(HeaderId::ROUTE).last() else { return };
    let Ok(target) = NameAddr::parse(last.bytes) else { return };
    preprocessed.request_uri = Some(target.uri_bytes.to_vec());
    preprocessed.last_route_removed = true;
    preprocessed.own_routes.push(OwnRoute { place: Place::RequestUri, listener });
}

/// The Request-URI without its maddr, where that names us and the request came in by the port and transport that
/// the URI names; the port, unless it is the default, and transport go with it.
fn without_maddr(own: &Own, uri: &Uri<'_>, listener: u16) -> Option<Vec<u8>> {
    let maddr = uri.params().value("maddr").and_then(sip::Host::parse)?;
    let came_by = own.listener(listener)?;
    let named = transport_of(uri);
    let port = uri.port().unwrap_or(named.default_port());
    let transport_fits =
        named == came_by.transport || (named, came_by.transport) == (Transport::Ws, Transport::Wss);
    if !own.is_own_host(&maddr) || !transport_fits || port != came_by.port {
        return None;
    }
    let mut stripped = Vec::with_capacity(uri.as_bytes().len());
    stripped.extend_from_slice(uri.scheme_token());
    stripped.push(b':');
    if let Some(user) = uri.user() {
        stripped.extend_from_slice(user);
        if let Some(password) = uri.password() {
            stripped.push(b':');
            stripped.extend_from_slice(password);
        }
        stripped.push(b'@');
    }
    stripped.extend_from_slice(uri.host().to_string().as_bytes());
    let default = if uri.scheme() == Scheme::Sips { 5061 } else { 5060 };
    if let Some(port) = uri.port()
        && port == default
    {
        stripped.extend_from_slice(format!(":{port}").as_bytes());
    }
    for parameter in uri.params() {
        if parameter.is("maddr") || parameter.is("transport") {
            continue;
        }
        stripped.push(b';');
        stripped.extend_from_slice(parameter.name);
        if let Some(value) = parameter.value {
            stripped.push(b'=');
            stripped.extend_from_slice(value);
        }
    }
    if let Some(headers) = uri.headers() {
        stripped.push(b'?');
        stripped.extend_from_slice(headers);
    }
    Some(stripped)
}

/// Take our own value off the top of Route, and a second one if the two are the halves of a double Record-Route. Two
/// values that are not are two visits, and each has its turn.
fn remove_own(head: &Head<'_>, own: &Own, preprocessed: &mut Preprocessed) {
    let mut values = head.values(HeaderId::ROUTE).peekable();
    let mut number = 0_u16;
    while let Some(value) = values.next() {
        let is_last = values.peek().is_none();
        if preprocessed.own_routes.len() >= MAX_OWN_ROUTES || (is_last && preprocessed.last_route_removed) {
            return;
        }
        let Some(uri) = NameAddr::parse(value.bytes).ok().and_then(|route| route.uri().ok()) else { return };
        let Some(listener) = own.recognise(&uri) else { return };
        if let Some(first) = preprocessed.own_routes.first() {
            let is_half = |uri: Uri<'_>| uri.param(HALF).is_some();
            if !first.uri(head).is_some_and(is_half) || !is_half(uri) {
                return;
            }
        }
        preprocessed.own_routes.push(OwnRoute { place: Place::Route(number), listener });
        number += 1;
        preprocessed.routes_removed = number;
    }
}
