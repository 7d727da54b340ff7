//! What nobody may say who is not in the trust domain (RFC 3325 §2.3; TS 24.229 §4.4), and what is said in its place.
//!
//! In: where a request came from. Out: the request without what its sender may not say, and with a charging identifier.

use strowger_sdk::ims::charging_vector::ChargingVector;
use strowger_sdk::prelude::*;

use crate::Settings;

/// What only the trust domain may say (TS 24.229 §4.4, table 4.4-1).
const OF_THE_TRUST_DOMAIN: [HeaderId; 11] = [
    HeaderId::P_ASSERTED_IDENTITY,
    HeaderId::P_ACCESS_NETWORK_INFO,
    HeaderId::P_CHARGING_VECTOR,
    HeaderId::P_CHARGING_FUNCTION_ADDRESSES,
    HeaderId::P_PROFILE_KEY,
    HeaderId::P_SERVED_USER,
    HeaderId::P_USER_DATABASE,
    HeaderId::P_PRIVATE_NETWORK_INDICATION,
    HeaderId::P_ASSERTED_SERVICE,
    HeaderId::P_CALLED_PARTY_ID,
    HeaderId::RESOURCE_PRIORITY,
];

/// Takes away what its sender may not say.
pub(crate) fn enforce(settings: &Settings, request: &mut Request<'_>, host: &impl Host) {
    if settings.trusted.has_sent(host) {
        return;
    }
    for id in OF_THE_TRUST_DOMAIN {
        if request.has(id) {
            request.remove(id);
        }
    }
}

/// The same for another try of a request: a relay of a failure begins with the request as it came.
pub(crate) fn enforce_again(settings: &Settings, relay: Relay, host: &impl Host) -> Relay {
    let relay = match settings.trusted.has_sent(host) {
        true => relay,
        false => OF_THE_TRUST_DOMAIN.into_iter().fold(relay, |relay, id| relay.without(id)),
    };
    match host.variable(CHARGED).and_then(|vector| String::from_utf8(vector).ok()) {
        Some(vector) => relay.header(HeaderId::P_CHARGING_VECTOR, vector),
        None => relay,
    }
}

/// Variable of the transaction: the charging vector that was made here.
const CHARGED: &str = "charged";

/// A request that has no charging identifier, or none that is believed, gets one where it enters the network (TS 24.229
/// §5.3.2.1, §4.5.2).
pub(crate) fn charge(request: &mut Request<'_>, host: &impl Host) {
    if request.has(HeaderId::P_CHARGING_VECTOR) {
        return;
    }
    let icid: String = host.random(16).iter().map(|byte| format!("{byte:02x}")).collect();
    let vector = ChargingVector::new(icid).to_string();
    host.set_variable(CHARGED, Some(vector.as_bytes()));
    request.append(HeaderId::P_CHARGING_VECTOR, vector);
}
