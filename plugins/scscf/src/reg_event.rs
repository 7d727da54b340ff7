//! Who may watch a registration (TS 24.229 §5.4.2.1.1; RFC 3680 §4).
//!
//! In: a SUBSCRIBE with `Event: reg`. Out: 200 with the time that is granted, or a refusal. The NOTIFYs are the host's.
//! It may be watched by the user itself (any identity of its set), by an element of the network (an identity without a user
//! part: its P-CSCF), and by application servers of its profile.

use strowger_sdk::ims::{SubscribeRefusal, Subscriber};
use strowger_sdk::prelude::*;

use crate::settings::Settings;

/// Whether this SUBSCRIBE is one that ends here.
pub(crate) fn is_for_us(settings: &Settings, request: &Request<'_>, uri: &Uri<'_>, host: &impl Host) -> bool {
    is_reg(request) && (settings.is_own(uri) || host.subscriber(&uri.aor()).is_some())
}

fn is_reg(request: &Request<'_>) -> bool {
    let event = request.header(HeaderId::EVENT).unwrap_or_default();
    event.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().eq_ignore_ascii_case(b"reg")
}

/// Takes it, or not.
pub(crate) fn subscribe(
    settings: &Settings,
    request: &mut Request<'_>,
    uri: &Uri<'_>,
    host: &impl Host,
) -> Outcome {
    // Inside the dialog the Request-URI is our Contact, and To names the user.
    let named = if settings.is_own(uri) { request.to()?.uri()?.aor() } else { uri.aor() };
    let Some(subscriber) = host.subscriber(&named) else { return reply(480).into() };
    if !request.is_in_dialog() && !may_watch(settings, request, &subscriber) {
        return reply(403).into();
    }
    let contact = settings.uri.clone();
    match host.subscribe(&named, &contact, settings.subscription_expires) {
        Ok(expires) => reply(200)
            .header(HeaderId::EXPIRES, expires.to_string())
            .header(HeaderId::CONTACT, ["<", &contact, ">"].concat())
            .into(),
        Err(SubscribeRefusal::Unknown) => reply(480).into(),
        Err(SubscribeRefusal::Malformed) => reply(400).into(),
        Err(SubscribeRefusal::NoSubscription) => reply(481).into(),
        Err(SubscribeRefusal::OutOfOrder) => reply(500).into(),
        Err(SubscribeRefusal::TooMany) => reply(503).into(),
    }
}

fn may_watch(settings: &Settings, request: &Request<'_>, subscriber: &Subscriber) -> bool {
    let asserted = request.name_addrs(HeaderId::P_ASSERTED_IDENTITY).flatten();
    let mut any = false;
    for identity in asserted {
        any = true;
        let Ok(uri) = identity.uri() else { continue };
        let of_the_set = subscriber.identity(&uri.aor()).is_some_and(|identity| !identity.barred);
        let of_the_network = uri.is_sip() && uri.user().is_none();
        if of_the_set || of_the_network {
            return true;
        }
    }
    // Without an assertion: an element of the network whose From says so, in a flat laboratory.
    let from = request.from().ok().and_then(|from| from.uri().ok());
    !any && from.is_some_and(|from| from.is_sip() && from.user().is_none() && !settings.is_own(&from))
}
