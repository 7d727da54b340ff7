//! Sessions to our users (TS 24.229 §5.4.3.3).
//!
//! ```text
//!   who is served? ─ Request-URI ─▶ ours? ─ no ─▶ SAR, unregistered user ─▶ 404, 480 where the HSS knows nobody
//!                                   └ barred: 404 ─▶ criteria ─▶ isc.rs
//!                                                            └ none left ─▶ phones, or 480 where none is registered
//! ```
//! In: a request for one of our users. Out: a relay to an application server or to phones, or a refusal.

use strowger_sdk::ims::{Assignment, CxFailure, SessionCase, Subscriber, feature_tags};
use strowger_sdk::prelude::*;
use strowger_sdk::sip::{Head, Params};
use strowger_sdk::text;

use crate::charging::{self, Leg};
use crate::isc::{self, Link};
use crate::originating::record;
use crate::registration::key;
use crate::settings::Settings;
use crate::unregistered;

/// Decides about a request for one of our users.
pub(crate) fn terminate(settings: &Settings, request: &Request<'_>, host: &impl Host) -> Outcome {
    let uri = request.uri()?;
    if !matches!(uri.scheme(), Scheme::Sip | Scheme::Sips | Scheme::Tel) {
        return reply(416).into();
    }
    let mut served = uri.aor();
    let subscriber = match host.subscriber(&served) {
        Some(subscriber) => subscriber,
        // RFC 5002: a wildcard has the profile; then it is served as that, for so its criteria are found.
        None => match profile_key(request).and_then(|key| Some((host.subscriber(&key)?, key))) {
            Some((subscriber, key)) => {
                served = key;
                subscriber
            }
            None => fetched(&served, host)?,
        },
    };
    // §5.4.3.3 step 2: a barred identity is nobody.
    if subscriber.identity(&served).is_some_and(|identity| identity.barred) {
        return reply(404).into();
    }
    let is_registered = subscriber.registered && key(&subscriber).is_some_and(|key| host.is_registered(&key));
    let case = match is_registered {
        true => SessionCase::TerminatingRegistered,
        false => {
            unregistered::keep(settings, &served, &subscriber, host);
            SessionCase::TerminatingUnregistered
        }
    };
    isc::proceed(settings, Link::first(&served, case), &request.received(), host)
}

/// The wildcarded identity that the I-CSCF was told by the HSS (TS 24.229 §5.3.2.1).
fn profile_key(request: &Request<'_>) -> Option<String> {
    let key = request.name_addr(HeaderId::P_PROFILE_KEY).ok()?;
    let key = String::from_utf8(Uri::unescape(key.uri_bytes).into_owned()).ok()?;
    // It is written into P-Served-User as it is.
    Uri::parse(key.as_bytes()).is_ok().then_some(key)
}

/// Nobody here knows the user: the profile for services to unregistered ones (§5.4.3.3; TS 29.228 §6.1.2).
fn fetched(served: &str, host: &impl Host) -> Result<Subscriber, Stop> {
    match host.assign(served, "", Assignment::UnregisteredUser) {
        Ok(Some(subscriber)) => Ok(subscriber),
        // Some HSSs give none for unregistered users.
        Ok(None) => Err(reply(480).into()),
        Err(CxFailure::Experimental(5001)) => Err(reply(404).into()),
        Err(CxFailure::Experimental(_) | CxFailure::Result(_)) => Err(reply(480).into()),
        Err(_) => Err(reply(504).into()),
    }
}

/// No application server is left: the phones (§5.4.3.3 steps 6 to 12).
pub(crate) fn deliver(settings: &Settings, served: &str, head: &Head<'_>, host: &impl Host) -> Outcome {
    let Some(key) = host.subscriber(served).as_ref().and_then(key) else { return reply(480).into() };
    if !host.is_registered(&key) {
        return reply(480).into();
    }
    let called = text(head.request_uri()).into_owned();
    let relay = match chosen(head, &key, host)? {
        Some(relay) => relay,
        None => Relay::to_location(key),
    };
    let relay = relay
        .without(HeaderId::P_CALLED_PARTY_ID)
        .header(HeaderId::P_CALLED_PARTY_ID, ["<", &called, ">"].concat())
        .without(HeaderId::P_PROFILE_KEY)
        .without(HeaderId::P_SERVED_USER);
    let relay = charging::goes(relay, settings, Leg::Pcscf, head, host);
    record(relay, served, head, host).into()
}

/// Where the caller says which phones it means (RFC 3841): those, best first; all of them otherwise.
fn chosen(head: &Head<'_>, key: &str, host: &impl Host) -> Result<Option<Relay>, Stop> {
    let wishes =
        head.header(HeaderId::ACCEPT_CONTACT).is_some() || head.header(HeaderId::REJECT_CONTACT).is_some();
    let is_single =
        head.values(HeaderId::REQUEST_DISPOSITION).any(|value| value.bytes.eq_ignore_ascii_case(b"no-fork"));
    if !wishes && !is_single {
        return Ok(None);
    }
    let bad = |_| reply(400).reason("Bad Accept-Contact");
    let accept =
        feature_tags::AcceptContact::parse_all(head.fields(HeaderId::ACCEPT_CONTACT)).map_err(bad)?;
    let reject =
        feature_tags::RejectContact::parse_all(head.fields(HeaderId::REJECT_CONTACT)).map_err(bad)?;
    let mut phones: Vec<(u16, u16, strowger_sdk::Binding)> = Vec::new();
    for binding in host.lookup(key) {
        let features = Params::parse(binding.parameters.as_bytes())
            .and_then(|params| feature_tags::FeatureSet::of(&params))
            .unwrap_or_default();
        if let Some(preference) = feature_tags::preference(&features, &accept, &reject) {
            phones.push((preference, binding.q, binding));
        }
    }
    phones.sort_by_key(|(preference, q, _)| std::cmp::Reverse((*q, *preference)));
    if is_single {
        phones.truncate(1);
    }
    if phones.is_empty() {
        return Err(reply(480).into());
    }
    let mut relay = Relay::onward();
    for (_, q, binding) in phones {
        relay = relay.to_with_q(binding.uri, q);
        for path in binding.path {
            relay = relay.via_route(path);
        }
    }
    Ok(Some(relay))
}
