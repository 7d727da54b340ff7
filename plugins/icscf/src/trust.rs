//! What nobody may say who is not in the trust domain (RFC 3325 §2.3; TS 24.229 §4.4), and what is said in its place.
//!
//! In: where a request came from. Out: the request without what its sender may not say, and with a charging identifier.

use strowger_sdk::hex;
use strowger_sdk::ims::charging_vector::ChargingVector;
use strowger_sdk::ims::privacy::Privacy;
use strowger_sdk::prelude::*;
use strowger_sdk::{Stop, history_info};

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

/// What nobody is told who is not in it. An asserted identity is, unless its owner wants privacy (RFC 3325 §7).
const NOT_TO_STRANGERS: [HeaderId; 7] = [
    HeaderId::P_ACCESS_NETWORK_INFO,
    HeaderId::P_CHARGING_VECTOR,
    HeaderId::P_CHARGING_FUNCTION_ADDRESSES,
    HeaderId::P_PROFILE_KEY,
    HeaderId::P_SERVED_USER,
    HeaderId::P_USER_DATABASE,
    HeaderId::P_PRIVATE_NETWORK_INDICATION,
];

/// Answers to a stranger's request are to be looked at before they leave.
pub(crate) fn watch(settings: &Settings, outcome: Outcome, host: &impl Host) -> Outcome {
    match outcome {
        Ok(Decision::Relay(relay)) if !settings.trusted.has_sent(host) => relay.ask_all_replies().into(),
        Err(Stop::Decided(Decision::Relay(relay))) if !settings.trusted.has_sent(host) => {
            relay.ask_all_replies().into()
        }
        outcome => outcome,
    }
}

/// An answer goes back to who has asked: to a stranger without what is not told there, who is called by whom of us among
/// it, where it is private (RFC 7044 §10.1).
pub(crate) fn answered(settings: &Settings, response: &mut Response<'_>, host: &impl Host) {
    if settings.trusted.has_sent(host) {
        return;
    }
    for id in NOT_TO_STRANGERS {
        if response.has(id) {
            response.remove(id);
        }
    }
    let privacy = Privacy::parse_all(response.headers(HeaderId::PRIVACY));
    // One that cannot be read may mean everything.
    let hides_identity = privacy.map_or(true, |privacy| privacy.hides_identity());
    if hides_identity && response.has(HeaderId::P_ASSERTED_IDENTITY) {
        response.remove(HeaderId::P_ASSERTED_IDENTITY);
    }
    let entries: Vec<&[u8]> = response.values(HeaderId::HISTORY_INFO).collect();
    let told =
        history_info::leaving(entries, response.headers(HeaderId::PRIVACY), |uri| settings.is_home(uri));
    if let Some(told) = told {
        response.remove(HeaderId::HISTORY_INFO);
        for entry in told {
            response.append(HeaderId::HISTORY_INFO, entry);
        }
    }
}

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
    let icid: String = hex(&host.random(16));
    let vector = ChargingVector::new(icid).to_string();
    host.set_variable(CHARGED, Some(vector.as_bytes()));
    request.append(HeaderId::P_CHARGING_VECTOR, vector);
}
