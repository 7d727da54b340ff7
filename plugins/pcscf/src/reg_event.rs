//! Registrations that the network ends (TS 24.229 §5.2.3; RFC 3680): the P-CSCF watches those of its phones.
//!
//! ```text
//!   200 to REGISTER ─▶ SUBSCRIBE, Event: reg ─▶ S-CSCF          NOTIFY ─▶ contacts that are terminated ─▶ forgotten
//! ```
//! In: a phone that has registered; NOTIFYs. Out: a SUBSCRIBE; 200 to each NOTIFY, and rows that are gone.

use strowger_sdk::client::OwnRequest;
use strowger_sdk::ims::reginfo::{ContactState, Reginfo, RegistrationState};
use strowger_sdk::prelude::*;

use crate::contact::Registered;
use crate::settings::{Settings, route_of};

/// Seconds that a subscription outlives the registration (§5.2.3: 600,000 in all, or longer than the registration).
const LONGER: u32 = 600;

/// Before a subscription's Call-ID in the table; the row holds the private identity.
const ROW: &str = "s ";

/// Watches a phone's registration.
pub(crate) fn subscribe(settings: &Settings, registered: &Registered, expires: u32, host: &impl Host) {
    let Some(identity) = registered.identities.first() else { return };
    let us = ["<", &settings.uri, ">"].concat();
    let user = ["<", identity, ">"].concat();
    let expires = expires.saturating_add(LONGER);
    let mut own = OwnRequest::new("SUBSCRIBE", identity.clone(), &us, &user)
        .header(HeaderId::EVENT, "reg")
        .header(HeaderId::ACCEPT, "application/reginfo+xml")
        .header(HeaderId::EXPIRES, expires.to_string())
        .header(HeaderId::P_ASSERTED_IDENTITY, us.clone())
        .header(HeaderId::CONTACT, us.clone())
        .token(["subscribe ", &registered.private_identity].concat());
    if let Some(icscf) = &settings.icscf {
        own = own.via_route(route_of(icscf));
    }
    if let Ok(call_id) = host.send(own) {
        let lifetime = u64::from(expires) * 1000;
        let _ = host.put(&row(&call_id), registered.private_identity.as_bytes(), lifetime, None);
    }
}

/// The answer to a SUBSCRIBE: without a subscription there is nothing to wait for.
pub(crate) fn answered(token: &str, response: &Response<'_>, host: &impl Host) {
    if token.starts_with("subscribe ") && response.status() >= 300 {
        host.delete(&row(&String::from_utf8_lossy(response.call_id())));
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
    let key = row(&String::from_utf8_lossy(request.call_id()));
    let Some(private_identity) = host.get(&key).and_then(|entry| String::from_utf8(entry.value).ok()) else {
        return reply(481).into();
    };
    let body = host.body();
    if !body.is_empty() {
        let Ok(document) = Reginfo::parse(&body) else { return reply(400).into() };
        for registration in &document.registrations {
            for contact in registration.contacts.iter().filter(|one| one.state == ContactState::Terminated) {
                if let Ok(uri) = Uri::parse(contact.uri.as_bytes()) {
                    Registered::drop_contact(&private_identity, Some(&uri), host);
                }
            }
            if registration.state == RegistrationState::Terminated && registration.contacts.is_empty() {
                Registered::drop_contact(&private_identity, None, host);
            }
        }
    }
    let state = request.text(HeaderId::SUBSCRIPTION_STATE).unwrap_or_default();
    if state.trim_start().starts_with("terminated") {
        host.delete(&key);
    }
    host.settle();
    reply(200).into()
}

fn row(call_id: &str) -> String {
    let mut row = [ROW, call_id].concat();
    row.truncate(row.floor_char_boundary(250));
    row
}
