//! Requests that leave for another network (TS 24.229 §5.4.3.2 steps 10 to 12, §4.4; RFC 3325 §7; RFC 7044 §10.1).
//!
//! In: a relay of a request, and whether the other network is of the trust domain. Out: the same by way of the border, and
//! without what is not told there: charging addresses and cells never; where the caller wants privacy and the network is
//! not trusted to keep it, neither who it is nor by whom of us the request was retargeted.

use strowger_sdk::history_info;
use strowger_sdk::ims::privacy::Privacy;
use strowger_sdk::prelude::*;
use strowger_sdk::route;
use strowger_sdk::sip::Head;

use crate::settings::Settings;

/// Makes a relay fit for another network.
pub(crate) fn leave(relay: Relay, settings: &Settings, target: &Uri<'_>, head: &Head<'_>) -> Relay {
    let mut relay =
        relay.without(HeaderId::P_CHARGING_FUNCTION_ADDRESSES).without(HeaderId::P_ACCESS_NETWORK_INFO);
    if !settings.trusts_network(target) {
        relay = relay.without(HeaderId::P_PROFILE_KEY).without(HeaderId::P_USER_DATABASE);
        relay = keep_private(relay, settings, head);
    }
    match &settings.border {
        Some(border) => relay.via_route(route::loose(border)),
        None => relay,
    }
}

fn keep_private(relay: Relay, settings: &Settings, head: &Head<'_>) -> Relay {
    let mut relay = relay;
    let privacy = Privacy::parse_all(head.fields(HeaderId::PRIVACY));
    // One that cannot be read may mean everything.
    if privacy.map_or(true, |privacy| privacy.hides_identity()) {
        relay = relay.without(HeaderId::P_ASSERTED_IDENTITY);
    }
    let entries = head.values(HeaderId::HISTORY_INFO).map(|value| value.bytes);
    let told = history_info::leaving(entries, head.fields(HeaderId::PRIVACY), |uri| settings.is_home(uri));
    let Some(told) = told else { return relay };
    told.into_iter().fold(relay.without(HeaderId::HISTORY_INFO), |relay, entry| {
        relay.header(HeaderId::HISTORY_INFO, entry)
    })
}
