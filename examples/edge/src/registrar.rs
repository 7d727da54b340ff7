//! The registrar (RFC 3261 §10.3, with Path of RFC 3327 and flows of RFC 5626).
//!
//! In: a REGISTER for one of our domains. Out: 200 with the current bindings, a challenge, or a refusal. The bindings
//! themselves are kept by the host: it makes the change with the 200, and the 200 leaves when the change is on disk.

use crate::Settings;
use strowger_sdk::prelude::*;
use strowger_sdk::sip::{Contact, NameAddr};

/// The extensions this registrar knows: Path (RFC 3327), flows (RFC 5626).
const KNOWN: [&str; 2] = ["path", "outbound"];
/// The same as a header field value.
pub(crate) const SUPPORTED: &str = "path, outbound";

/// The steps of §10.3, in their order.
pub(crate) fn register(settings: &Settings, request: &Request<'_>, host: &impl Host) -> Outcome {
    // Step 2: extensions that the phone insists on.
    let is_unknown = |tag: &&[u8]| !KNOWN.iter().any(|own| tag.eq_ignore_ascii_case(own.as_bytes()));
    let unknown: Vec<String> = request
        .values(HeaderId::REQUIRE)
        .filter(is_unknown)
        .map(|tag| String::from_utf8_lossy(tag).into())
        .collect();
    if !unknown.is_empty() {
        return reply(420).header(HeaderId::UNSUPPORTED, unknown.join(", ")).into();
    }

    // Step 3: who is it?
    let challenge = challenge(&settings.realm).algorithms(&settings.algorithms);
    let username = match host.verify(CredentialsKind::Www, &settings.realm) {
        Verdict::Accepted(username) => username,
        Verdict::Stale => return challenge.stale(true).into(),
        Verdict::Absent | Verdict::Rejected => return challenge.into(),
    };

    // Steps 4 and 5: may this user register this address-of-record, and is it one of ours?
    let to = request.to()?.uri()?;
    let address_of_record = settings.address_of_record(&to);
    if !owns(&username, &address_of_record) {
        return reply(403).into();
    }
    if to.is_sip() && !settings.serves(&to) {
        return reply(404).into();
    }
    if lacks_outbound(request) {
        return reply(439).into();
    }

    // Steps 6 to 8: the bindings.
    let registration = match host.register(&address_of_record, &settings.limits) {
        Ok(registration) => registration,
        Err(RegisterRefusal::TooBrief(seconds)) => {
            return reply(423).header(HeaderId::MIN_EXPIRES, seconds.to_string()).into();
        }
        Err(RegisterRefusal::TooMany) => return reply(403).reason("Too Many Contacts").into(),
        Err(RegisterRefusal::Malformed) => return reply(400).into(),
        Err(RegisterRefusal::OutOfOrder) => return reply(500).reason("CSeq Out Of Order").into(),
        Err(RegisterRefusal::Unavailable) => return reply(503).into(),
    };
    let path = request.headers(HeaderId::PATH).map(|path| String::from_utf8_lossy(path).into_owned());
    let mut ok = reply(200).headers(HeaderId::CONTACT, registration.contacts).headers(HeaderId::PATH, path);
    if registration.outbound {
        ok = ok.header(HeaderId::REQUIRE, "outbound");
    }
    ok.header(HeaderId::SUPPORTED, SUPPORTED).into()
}

/// RFC 5626 §6: a phone wants to bind a flow, but did not come directly, and the first hop did not say that it keeps
/// flows.
fn lacks_outbound(request: &Request<'_>) -> bool {
    if !request.has_option(HeaderId::SUPPORTED, "outbound") || request.values(HeaderId::VIA).count() < 2 {
        return false;
    }
    let wants_flow = |contact| match contact {
        Ok(Contact::Address(address)) => {
            address.params.get("reg-id").is_some() && address.params.get("+sip.instance").is_some()
        }
        _ => false,
    };
    let first_hop = request.values(HeaderId::PATH).last();
    let keeps_flows = |path| NameAddr::parse(path).ok()?.uri().ok()?.param("ob");
    request.contacts().any(wants_flow) && first_hop.and_then(keeps_flows).is_none()
}

/// Whether an address-of-record is this user's: `alice`, and where names are written in full `alice@example.org`, own
/// `sip:alice@example.org`; `+4930…` owns `tel:+4930…`.
pub(crate) fn owns(username: &str, address_of_record: &str) -> bool {
    let (_, name) = address_of_record.split_once(':').unwrap_or_default();
    let user = name.split_once('@').map_or(name, |(user, _)| user);
    username == user || username == name
}
