//! The border of the trust domain (RFC 3325 §5, §7; RFC 3323; TS 24.229 §4.4, §5.2.6): what a phone may not say, and what it
//! may not see.
//!
//! In: a message. Out: the same without what does not cross the border in its direction.

use strowger_sdk::Message;
use strowger_sdk::ims::privacy::Privacy;
use strowger_sdk::prelude::*;
use strowger_sdk::text;

use crate::settings::Settings;

/// What a phone may not say (table 4.4-1): the network says it on the phone's behalf.
const NOT_FROM_PHONES: [HeaderId; 13] = [
    HeaderId::P_ASSERTED_IDENTITY,
    HeaderId::P_ASSERTED_SERVICE,
    HeaderId::P_CHARGING_VECTOR,
    HeaderId::P_CHARGING_FUNCTION_ADDRESSES,
    HeaderId::P_PROFILE_KEY,
    HeaderId::P_SERVED_USER,
    HeaderId::P_USER_DATABASE,
    HeaderId::P_PRIVATE_NETWORK_INDICATION,
    HeaderId::P_CALLED_PARTY_ID,
    HeaderId::P_VISITED_NETWORK_ID,
    HeaderId::P_MEDIA_AUTHORIZATION,
    HeaderId::SECURITY_CLIENT,
    HeaderId::SECURITY_VERIFY,
];

/// What a phone may not see.
const NOT_TO_PHONES: [HeaderId; 9] = [
    HeaderId::P_CHARGING_VECTOR,
    HeaderId::P_CHARGING_FUNCTION_ADDRESSES,
    HeaderId::P_PROFILE_KEY,
    HeaderId::P_SERVED_USER,
    HeaderId::P_USER_DATABASE,
    HeaderId::P_PRIVATE_NETWORK_INDICATION,
    HeaderId::P_VISITED_NETWORK_ID,
    HeaderId::P_ACCESS_NETWORK_INFO,
    HeaderId::P_ASSERTED_SERVICE,
];

fn without(message: &mut Message<'_>, ids: &[HeaderId]) {
    for &id in ids {
        if message.has(id) {
            message.remove(id);
        }
    }
}

/// The answer to who demands a security agreement of us, of which we know nothing (TS 24.229 §5.2.2; RFC 3329 §2.3.1: its
/// option tag is in Proxy-Require; RFC 3261 §16.3 item 5). `None`: nobody does, or the operator serves such phones all the
/// same.
pub(crate) fn security_agreement(settings: &Settings, request: &Request<'_>) -> Option<strowger_sdk::Reply> {
    let is_spared = settings.tolerates_sec_agree || matches!(request.method(), Method::Ack | Method::Cancel);
    let is_demanded = !is_spared && request.has_option(HeaderId::PROXY_REQUIRE, "sec-agree");
    is_demanded.then(|| reply(420).header(HeaderId::UNSUPPORTED, "sec-agree"))
}

/// A request of a phone on its way into the network.
pub(crate) fn from_phone(request: &mut Request<'_>) {
    without(request, &NOT_FROM_PHONES);
    drop_provided(request);
    drop_option(request, HeaderId::REQUIRE, "sec-agree");
    drop_option(request, HeaderId::PROXY_REQUIRE, "sec-agree");
}

/// What a phone says about its cell is not provided by the network, though it says so (§5.2.1; RFC 7315 §4.4).
fn drop_provided(message: &mut Message<'_>) {
    let says_network = |value: &[u8]| {
        value
            .split(|byte| *byte == b';')
            .any(|part| part.trim_ascii().eq_ignore_ascii_case(b"network-provided"))
    };
    message.remove_where(HeaderId::P_ACCESS_NETWORK_INFO, says_network);
}

/// Takes an option tag out of a header field, and an empty header field with it (§5.2.2.1).
fn drop_option(request: &mut Request<'_>, id: HeaderId, tag: &str) {
    if !request.has_option(id, tag) {
        return;
    }
    let left: Vec<String> = request
        .values(id)
        .filter(|own| !own.eq_ignore_ascii_case(tag.as_bytes()))
        .map(|own| text(own).into_owned())
        .collect();
    match left.is_empty() {
        true => request.remove(id),
        false => request.set_header(id, left.join(", ")),
    };
}

/// A request of the network on its way to a phone.
pub(crate) fn to_phone(request: &mut Request<'_>) {
    without(request, &NOT_TO_PHONES);
    hide_identity(request);
}

/// A response of a phone on its way into the network.
pub(crate) fn answer_from_phone(response: &mut Response<'_>) {
    without(response, &NOT_FROM_PHONES);
    drop_provided(response);
}

/// A response of the network on its way to a phone.
pub(crate) fn answer_to_phone(response: &mut Response<'_>) {
    without(response, &NOT_TO_PHONES);
    hide_identity(response);
}

/// Who wants `Privacy: id` is not named to a phone (RFC 3325 §7).
fn hide_identity(message: &mut Message<'_>) {
    if !message.has(HeaderId::P_ASSERTED_IDENTITY) || !message.has(HeaderId::PRIVACY) {
        return;
    }
    let privacy = Privacy::parse_all(message.headers(HeaderId::PRIVACY));
    // One that cannot be read may mean it.
    if privacy.is_ok_and(|privacy| !privacy.hides_identity()) {
        return;
    }
    message.remove(HeaderId::P_ASSERTED_IDENTITY);
}
