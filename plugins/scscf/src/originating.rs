//! Sessions that our users begin (TS 24.229 §5.4.3.2).
//!
//! ```text
//!   who is served? ─ P-Served-User, P-Asserted-Identity ─▶ ours, registered, not barred ─▶ criteria ─▶ isc.rs
//!                                                                                       └ none left ─▶ onward
//! ```
//! In: a request that came by the Service-Route. Out: a relay to an application server or onward, or a refusal.

use strowger_sdk::ims::asserted_identity::AssertedIdentity;
use strowger_sdk::ims::{Assignment, CxFailure, SessionCase, Subscriber};
use strowger_sdk::prelude::*;
use strowger_sdk::sip::Head;
use strowger_sdk::text;

use crate::charging::{self, Leg};
use crate::isc::{self, Link};
use crate::leaving::leave;
use crate::registration::key;
use crate::settings::Settings;
use crate::unregistered;

/// Decides about a request of one of our users. `on_behalf`: an application server makes it, maybe for a user of whom
/// nothing is known here yet.
pub(crate) fn originate(
    settings: &Settings,
    request: &Request<'_>,
    on_behalf: bool,
    host: &impl Host,
) -> Outcome {
    let (served, subscriber) = served(request, on_behalf, host)?;
    let identity = subscriber.identity(&served);
    if identity.is_none_or(|identity| identity.barred) {
        return reply(403).into();
    }
    let case = match subscriber.registered {
        true => SessionCase::OriginatingRegistered,
        false => {
            unregistered::keep(settings, &served, &subscriber, host);
            SessionCase::OriginatingUnregistered
        }
    };
    let head = request.received();
    isc::proceed(settings, Link::first(&served, case), &head, host)
}

/// Whom this request is of (§5.4.3.2 step 1). For one on behalf of who is unknown here, the profile for services to
/// unregistered users is fetched (TS 29.228 §6.1.2).
fn served(request: &Request<'_>, on_behalf: bool, host: &impl Host) -> Result<(String, Subscriber), Stop> {
    let mut first: Option<String> = None;
    for id in [HeaderId::P_SERVED_USER, HeaderId::P_ASSERTED_IDENTITY] {
        for address in request.name_addrs(id).flatten() {
            let Ok(uri) = address.uri() else { continue };
            let aor = uri.aor();
            if let Some(subscriber) = host.subscriber(&aor) {
                return Ok((aor, subscriber));
            }
            first = first.or(Some(aor));
        }
    }
    let Some(served) = first.filter(|_| on_behalf) else { return Err(reply(403).into()) };
    match host.assign(&served, "", Assignment::UnregisteredUser) {
        Ok(Some(subscriber)) => Ok((served, subscriber)),
        Ok(None) | Err(CxFailure::Experimental(_) | CxFailure::Result(_)) => Err(reply(403).into()),
        Err(_) => Err(reply(504).into()),
    }
}

/// No application server is left: where the callee is (§5.4.3.2 steps 6 to 12).
pub(crate) fn onward(settings: &Settings, served: &str, head: &Head<'_>, host: &impl Host) -> Outcome {
    let target = text(head.request_uri()).into_owned();
    let uri = Uri::parse(head.request_uri())?;
    let mut relay = Relay::to_uri(target.clone());
    relay = assert_number(relay, served, head, host);
    let is_number = uri.scheme() == Scheme::Tel;
    let is_home = settings.is_home(&uri) || is_number;
    relay = match is_home {
        true => charging::goes(relay, settings, Leg::Network, head, host),
        false => charging::leaves(relay, settings, settings.trusts_network(&uri), head, host),
    };
    relay = match (is_home, &settings.icscf) {
        // The I-CSCF knows what becomes of numbers that nobody here has.
        (true, Some(icscf)) => relay.next_hop(icscf.clone()),
        (true, None) if is_number => relay.next_hop(["sip:", &settings.domains[0]].concat()),
        (true, None) => relay,
        (false, _) => leave(relay, settings, &uri, head),
    };
    if uri.scheme() == Scheme::Urn || uri.scheme() == Scheme::Other {
        return reply(416).into();
    }
    record(relay.without(HeaderId::P_SERVED_USER), served, head, host).into()
}

/// A second P-Asserted-Identity, where the user has a number beside its SIP URI, or the other way round (§5.4.3.2 step 4).
fn assert_number(relay: Relay, served: &str, head: &Head<'_>, host: &impl Host) -> Relay {
    let values = || head.fields(HeaderId::P_ASSERTED_IDENTITY);
    let Ok(asserted) = AssertedIdentity::parse_all(values()) else { return relay };
    let missing = match (&asserted.sip, &asserted.tel) {
        (Some(_), None) => "tel:",
        (None, Some(_)) => "sip:",
        _ => return relay,
    };
    let Some(subscriber) = host.subscriber(served) else { return relay };
    let other = subscriber.identities.iter().find(|other| !other.barred && other.uri.starts_with(missing));
    match other {
        Some(other) => relay.header(HeaderId::P_ASSERTED_IDENTITY, ["<", &other.uri, ">"].concat()),
        None => relay,
    }
}

/// We stay on the way of what makes a dialog (§5.4.3.2 step 9). A session ends with the registration of who is served where
/// the network ends that (§5.4.1.5, §5.4.5.1): the host does it.
pub(crate) fn record(relay: Relay, served: &str, head: &Head<'_>, host: &impl Host) -> Relay {
    match head.method() {
        Method::Invite => match host.subscriber(served).as_ref().and_then(key) {
            Some(key) => relay.record_route().served_user(key),
            None => relay.record_route(),
        },
        Method::Subscribe | Method::Refer => relay.record_route(),
        _ => relay,
    }
}
