//! Registrations that end without a REGISTER (TS 24.229 §5.4.1.4A, §5.4.1.5).
//!
//! ```text
//!   a binding expires ─▶ was it the last one? ─▶ application servers ─▶ SAR, timeout ─▶ let go
//!   the HSS says so (RTR) ─────────────────────▶ application servers ─▶ let go
//! ```
//! In: events of the host, which has removed the bindings and told those who watch. Out: what others are to know.

use strowger_sdk::Event;
use strowger_sdk::ims::{Assignment, RegistrationType};
use strowger_sdk::prelude::*;

use crate::registration::key;
use crate::settings::Settings;
use crate::{devices, third_party};

/// The attribute of the event `deregistered` with the name of the set (`docs/attributes.md`).
const PUBLIC_IDENTITY: u16 = 1;

/// Does what an event asks for.
pub(crate) fn happened(settings: &Settings, event: &Event, host: &impl Host) {
    match event {
        Event::RegistrationEnded { address_of_record, .. } if !host.is_registered(address_of_record) => {
            // A set whose default identity is another one by now, and is registered under that, goes on.
            let now = host.subscriber(address_of_record).as_ref().and_then(key);
            if now.is_some_and(|now| now != *address_of_record && host.is_registered(&now)) {
                return;
            }
            terminate(settings, address_of_record, Assignment::TimeoutDeregistration, host);
        }
        Event::Other { name, attrs } if name == "deregistered" => {
            let identity = attrs.iter().find(|attr| attr.tag == PUBLIC_IDENTITY);
            let Some(key) = identity.and_then(|attr| std::str::from_utf8(&attr.value).ok()) else { return };
            if let Some(subscriber) = host.subscriber(key) {
                let kind = RegistrationType::DeRegistration;
                third_party::register(settings, key, &subscriber, kind, 0, None, host);
                host.forget_subscriber(key);
                devices::forget(key, host);
            }
        }
        _ => {}
    }
}

/// Ends what is left of a set: bindings, application servers, the HSS's assignment.
pub(crate) fn terminate(settings: &Settings, key: &str, kind: Assignment, host: &impl Host) {
    let Some(subscriber) = host.subscriber(key) else { return };
    host.remove_bindings(key);
    third_party::register(settings, key, &subscriber, RegistrationType::DeRegistration, 0, None, host);
    if devices::end(key, key, &subscriber.private_identity, kind, host).is_err() {
        host.forget_subscriber(key);
    }
}
