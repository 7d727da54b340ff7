//! Requests of phones (TS 24.229 §5.2.6.3): who it is, and by which way it must go.
//!
//! In: a request outside dialogs that did not come by our Path. Out: a relay along the Service-Route, with the identity that
//! we assert, or a refusal.

use strowger_sdk::ims::service_route::ServiceRoute;
use strowger_sdk::prelude::*;
use strowger_sdk::text;

use crate::contact::Registered;
use crate::settings::Settings;
use crate::{charging, session_timer, trust};

/// Decides about a request of a phone.
pub(crate) fn originate(settings: &Settings, request: &mut Request<'_>, host: &impl Host) -> Outcome {
    let registered = Registered::of(request, host);
    if request.method() == Method::Ack {
        return if registered.is_some() { next().into() } else { Ok(Decision::Drop) };
    }
    // §5.2.6.3.2A: nothing but REGISTER (and emergency calls) of who is not registered.
    let Some(registered) = registered else { return reply(403).reason("Not Registered").into() };
    // §5.2.6.3.5, .7, .9: it says that it belongs to a dialog, and did not come by the Route that we recorded for one: this
    // phone is no part of it.
    if request.to()?.tag().is_some() {
        return reply(403).reason("Not Your Dialog").into();
    }
    if let Some(refusal) = session_timer::refresh(settings, request, host) {
        return refusal.into();
    }
    trust::from_phone(request);
    assert_identity(request, &registered, None);
    charging::from_phone(settings, request, host);
    if !registered.charging.is_empty() {
        request.append(HeaderId::P_CHARGING_FUNCTION_ADDRESSES, registered.charging.clone());
    }

    let mut relay = Relay::onward();
    if !follows(request, &registered.service_route) {
        if !settings.replaces_route {
            return reply(400).reason("Not The Service-Route").into();
        }
        let target = text(request.uri_bytes()).into_owned();
        request.remove(HeaderId::ROUTE);
        relay = Relay::to_uri(target);
        for route in &registered.service_route {
            relay = relay.via_route(route.clone());
        }
    }
    if matches!(request.method(), Method::Invite | Method::Subscribe | Method::Refer) {
        relay = relay.record_route();
    }
    relay.ask_replies().into()
}

/// The identity that the phone prefers, if it is one of its own, else its default one (§5.2.6.3.1; RFC 3325 §9.2). From has
/// no part in it: `before` is who the phone is in a dialog that there is already.
pub(crate) fn assert_identity(request: &mut Request<'_>, registered: &Registered, before: Option<&Uri<'_>>) {
    let is_own = |uri: &Uri<'_>| {
        let aor = uri.aor();
        registered.identities.iter().find(|own| Uri::parse(own.as_bytes()).is_ok_and(|own| own.aor() == aor))
    };
    let mut asserted: Option<&String> = None;
    let preferred =
        request.name_addrs(HeaderId::P_PREFERRED_IDENTITY).flatten().filter_map(|one| one.uri().ok());
    for uri in preferred.take(2) {
        asserted = asserted.or(is_own(&uri));
    }
    if !request.has(HeaderId::P_PREFERRED_IDENTITY) {
        asserted = before.and_then(is_own);
    }
    let asserted = asserted.or(registered.identities.first()).cloned();
    request.remove(HeaderId::P_PREFERRED_IDENTITY).remove(HeaderId::P_ASSERTED_IDENTITY);
    if let Some(identity) = asserted {
        request.append(HeaderId::P_ASSERTED_IDENTITY, ["<", &identity, ">"].concat());
    }
}

/// Whether the Route is the Service-Route that the phone got (§5.2.6.3.2 step 2); our own value is gone already.
fn follows(request: &Request<'_>, service_route: &[String]) -> bool {
    let values = service_route.iter().map(|value| value.as_bytes());
    let Ok(expected) = ServiceRoute::parse_all(values) else { return false };
    let routes: Result<Vec<_>, _> = request.name_addrs(HeaderId::ROUTE).collect();
    let Ok(routes) = routes else { return false };
    routes.len() == expected.hops().count() && expected.is_followed_by(routes)
}
