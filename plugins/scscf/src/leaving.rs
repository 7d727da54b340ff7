//! Requests that leave for another network (TS 24.229 §5.4.3.2 steps 10 to 12, §4.4; RFC 3325 §7; RFC 7044 §10.1).
//!
//! In: a relay of a request, and whether the other network is of the trust domain. Out: the same by way of the border, and
//! without what is not told there: charging addresses and cells never; where the caller wants privacy and the network is
//! not trusted to keep it, neither who it is nor by whom of us the request was retargeted.

use strowger_sdk::NameAddr;
use strowger_sdk::ims::privacy::Privacy;
use strowger_sdk::prelude::*;
use strowger_sdk::route;
use strowger_sdk::sip::{self, Head};

use crate::settings::Settings;

/// Who nobody is (RFC 7044 §10.1).
const ANONYMOUS: &str = "<sip:anonymous@anonymous.invalid>";

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
    let hides_identity = privacy.as_ref().map_or(true, Privacy::hides_identity);
    let hides_all = privacy
        .as_ref()
        .map_or(true, |privacy| !privacy.none && (privacy.history || privacy.header || privacy.session));
    if hides_identity {
        relay = relay.without(HeaderId::P_ASSERTED_IDENTITY);
    }
    let entries: Vec<&[u8]> = head.values(HeaderId::HISTORY_INFO).map(|value| value.bytes).collect();
    if !entries.iter().any(|entry| is_private(settings, entry, hides_all)) {
        return relay;
    }
    relay = relay.without(HeaderId::HISTORY_INFO);
    for entry in entries {
        let shown = match is_private(settings, entry, hides_all) {
            true => anonymous(entry),
            false => text(entry),
        };
        relay = relay.header(HeaderId::HISTORY_INFO, shown);
    }
    relay
}

/// Whether an entry is not told: the request says so for all that are of our domains, or the entry for itself.
fn is_private(settings: &Settings, entry: &[u8], hides_all: bool) -> bool {
    let uri = NameAddr::parse(entry).ok().and_then(|entry| entry.uri().ok());
    // What cannot be read cannot be judged.
    let Some(uri) = uri else { return true };
    let is_own = settings.is_home(&uri) || uri.scheme() == Scheme::Tel;
    let says_so = uri
        .header_components()
        .any(|(name, value)| name.eq_ignore_ascii_case(b"privacy") && !value.eq_ignore_ascii_case(b"none"));
    says_so || (hides_all && is_own)
}

/// The entry's place in the history, without its identity.
fn anonymous(entry: &[u8]) -> String {
    let entry = text(entry);
    let parameters = entry.rfind('>').map_or("", |at| &entry[at + 1..]);
    [ANONYMOUS, parameters].concat()
}

/// On one line.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&sip::unfold(bytes)).into_owned()
}
