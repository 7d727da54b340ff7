//! Registrations that the network ends (TS 24.229 §5.2.3; RFC 3680): the P-CSCF watches those of its phones.
//!
//! ```text
//!   200 to REGISTER ─▶ SUBSCRIBE, Event: reg ─▶ S-CSCF          NOTIFY ─▶ contacts that are terminated ─▶ forgotten
//!   200 to a re-REGISTER that lasts longer than the subscription ─▶ SUBSCRIBE in its dialog
//! ```
//! In: a phone that has registered; NOTIFYs; answers to SUBSCRIBEs. Out: a SUBSCRIBE; 200 to each NOTIFY, and rows that are
//! gone. What is kept of a subscription is `subscription.rs`'s.

use strowger_sdk::client::OwnRequest;
use strowger_sdk::ims::reginfo::{ContactState, Reginfo, RegistrationState};
use strowger_sdk::prelude::*;
use strowger_sdk::route;
use strowger_sdk::text;

use crate::charging;
use crate::contact::Registered;
use crate::settings::Settings;
use crate::subscription::Subscription;

/// Seconds that a subscription outlives the registration (§5.2.3: 600,000 in all, or longer than the registration).
const LONGER: u32 = 600;

/// Before a subscription's Call-ID in the table; the row holds the private identity, and the key of the subscription.
const ROW: &str = "s ";

/// Sees to it that a registration of so many seconds is watched to its end: by a new subscription, or by one that goes on.
pub(crate) fn watch(settings: &Settings, registered: &Registered, expires: u32, host: &impl Host) {
    let Some(identity) = registered.identities.first() else { return };
    let key = Subscription::key(&registered.private_identity, identity);
    let before = Subscription::get(&key, host);
    let until = host.now() + u64::from(expires) * 1000;
    if before.as_ref().is_some_and(|before| before.ends_at > until) {
        return;
    }
    let lifetime = expires.saturating_add(LONGER);
    let ends_at = host.now() + u64::from(lifetime) * 1000;
    let subscription = match before.filter(Subscription::is_confirmed) {
        Some(before) => Subscription { cseq: before.cseq + 1, ends_at, ..before },
        None => Subscription::new(&settings.uri, identity, ends_at, host),
    };
    let us = ["<", &settings.uri, ">"].concat();
    let mut own =
        OwnRequest::new("SUBSCRIBE", subscription.target.clone(), &subscription.from, &subscription.to)
            .header(HeaderId::CSEQ, format!("{} SUBSCRIBE", subscription.cseq))
            .header(HeaderId::EVENT, "reg")
            .header(HeaderId::ACCEPT, "application/reginfo+xml")
            .header(HeaderId::EXPIRES, lifetime.to_string())
            .header(HeaderId::P_ASSERTED_IDENTITY, us.clone())
            .header(HeaderId::P_CHARGING_VECTOR, charging::vector(settings, host).to_string())
            .header(HeaderId::CONTACT, us)
            .token(key.clone());
    if !subscription.call_id.is_empty() {
        own = own.header(HeaderId::CALL_ID, subscription.call_id.clone());
    }
    for route in &subscription.routes {
        own = own.via_route(route.clone());
    }
    if let Some(icscf) = settings.icscf.as_ref().filter(|_| !subscription.is_confirmed()) {
        own = own.via_route(route::loose(icscf));
    }
    if let Ok(call_id) = host.send(own) {
        let of = [registered.private_identity.as_str(), "\n", &key].concat();
        let _ = host.put(&row(&call_id), of.as_bytes(), u64::from(lifetime) * 1000, None);
        Subscription { call_id, ..subscription }.keep(&key, host);
    }
}

/// The answer to a SUBSCRIBE: the dialog that it makes, and how long it lasts; or that there is none.
pub(crate) fn answered(key: &str, response: &Response<'_>, host: &impl Host) {
    let Some(subscription) = Subscription::get(key, host) else { return };
    if subscription.call_id.as_bytes() != response.call_id() {
        return;
    }
    match response.status() {
        200..=299 => subscription.answered(response, host.now()).keep(key, host),
        _ => {
            host.delete(&row(&subscription.call_id));
            host.delete(key);
        }
    }
}

/// Whether this NOTIFY is for us.
pub(crate) fn is_for_us(settings: &Settings, request: &Request<'_>, uri: &Uri<'_>) -> bool {
    let event = request.header(HeaderId::EVENT).unwrap_or_default();
    let package = event.split(|byte| *byte == b';').next().unwrap_or_default();
    settings.is_own(uri) && uri.user().is_none() && package.trim_ascii().eq_ignore_ascii_case(b"reg")
}

/// Takes it.
pub(crate) fn notify(request: &Request<'_>, host: &impl Host) -> Outcome {
    let row = row(&text(request.call_id()));
    let of = host.get(&row).and_then(|entry| String::from_utf8(entry.value).ok());
    let Some((private_identity, key)) = of.as_deref().and_then(|of| of.split_once('\n')) else {
        return reply(481).into();
    };
    let body = host.body();
    if !body.is_empty() {
        let Ok(document) = Reginfo::parse(&body) else { return reply(400).into() };
        for registration in &document.registrations {
            for contact in registration.contacts.iter().filter(|one| one.state == ContactState::Terminated) {
                if let Ok(uri) = Uri::parse(contact.uri.as_bytes()) {
                    Registered::end_identity(private_identity, &registration.aor, &uri, host);
                }
            }
            if registration.state == RegistrationState::Terminated && registration.contacts.is_empty() {
                Registered::drop_contact(private_identity, None, host);
            }
        }
    }
    let state = request.text(HeaderId::SUBSCRIPTION_STATE).unwrap_or_default();
    if state.trim_start().starts_with("terminated") {
        host.delete(&row);
        host.delete(key);
    }
    host.settle();
    reply(200).into()
}

fn row(call_id: &str) -> String {
    let mut row = [ROW, call_id].concat();
    row.truncate(row.floor_char_boundary(250));
    row
}
