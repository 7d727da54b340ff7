//! Application servers are told of registrations (TS 24.229 §5.4.1.7).
//!
//! In: a set, its profile, what happened. Out: a REGISTER to each server whose criteria it meets, after the 200; later what
//! an answer, or its absence, means: a server that a session cannot do without ends the registration.

use strowger_sdk::client::OwnRequest;
use strowger_sdk::ims::{Assignment, RegistrationType, Subscriber};
use strowger_sdk::prelude::*;

use crate::charging;
use crate::deregistration;
use crate::settings::Settings;

/// Before the name of the set in the token of a REGISTER whose failure matters.
const VITAL: &str = "vital:";

/// Header fields that are passed on from the user's REGISTER as they are (§5.4.1.7 steps f to i).
const PASSED: [HeaderId; 2] = [HeaderId::P_ACCESS_NETWORK_INFO, HeaderId::P_VISITED_NETWORK_ID];

/// Sends them. `expires`: seconds, 0 for an end. `request`: the user's REGISTER, where there is one.
pub(crate) fn register(
    settings: &Settings,
    key: &str,
    subscriber: &Subscriber,
    kind: RegistrationType,
    expires: u32,
    request: Option<&Request<'_>>,
    host: &impl Host,
) {
    for triggered in host.register_criteria(key, kind) {
        let server = &triggered.server;
        let (us, user) = (["<", &settings.uri, ">"].concat(), ["<", key, ">"].concat());
        let mut own = OwnRequest::new("REGISTER", server.uri.clone(), &us, &user)
            .header(HeaderId::CONTACT, us.clone())
            .header(HeaderId::EXPIRES, expires.to_string());
        for id in PASSED {
            if let Some(value) = request.and_then(|request| request.text(id)) {
                own = own.header(id, value);
            }
        }
        let vector = request.and_then(|request| request.text(HeaderId::P_CHARGING_VECTOR));
        if let Some(vector) = vector.and_then(|vector| charging::to_server(settings, vector)) {
            own = own.header(HeaderId::P_CHARGING_VECTOR, vector);
        }
        if !subscriber.charging.is_empty() {
            own = own.header(HeaderId::P_CHARGING_FUNCTION_ADDRESSES, subscriber.charging.clone());
        }
        own = own.third_party_body(server);
        if server.terminates && expires > 0 {
            own = own.token([VITAL, key].concat());
        }
        if host.send(own).is_err() {
            host.log(Level::Warning, "an application server is not told of a registration");
        }
    }
}

/// The answer of a server (§5.4.1.7: with SESSION_TERMINATED its failure ends the registration).
pub(crate) fn answered(settings: &Settings, token: &str, status: u16, host: &impl Host) {
    let Some(key) = token.strip_prefix(VITAL) else { return };
    if !(status == 408 || (500..600).contains(&status)) {
        return;
    }
    host.log(
        Level::Warning,
        "an application server that a registration depends on fails: the registration ends",
    );
    deregistration::terminate(settings, key, Assignment::AdministrativeDeregistration, host);
}
