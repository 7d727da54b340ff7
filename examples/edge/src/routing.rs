//! Routing of everything that is no registration: who calls, and where to (RFC 3261 §16.5, RFC 3325).
//!
//! In: a request outside a dialog. Out: a relay to the bindings of one of our users or to somebody else's domain, or a
//! refusal. Only registered users may send: who it says that it is (P-Preferred-Identity, else From) is believed where
//! that is registered from the same place, and must be proved by digest elsewhere.
//!
//! A user of ours without a binding is answered 480 by the host: the location service cannot tell a user who is away
//! from one who does not exist (§21.4.18), and strangers need not learn which it is.

use crate::Settings;
use crate::registrar::owns;
use strowger_sdk::prelude::*;
use strowger_sdk::sip::Credentials;

/// Identities that a caller may prefer: a SIP URI and a telephone number (RFC 3325 §9.2).
const MAX_PREFERRED: usize = 2;

/// Decides where the request goes.
pub(crate) fn route(
    settings: &Settings,
    request: &mut Request<'_>,
    uri: &Uri<'_>,
    host: &impl Host,
) -> Outcome {
    let caller = authenticate(settings, request, host)?;
    assert_identity(request, &caller);

    let mut relay = match uri.scheme() {
        Scheme::Tel => Relay::to_location(number(settings, uri, host)),
        Scheme::Sip | Scheme::Sips if settings.is_ours(uri) => match uri.user() {
            Some(_) => Relay::to_location(settings.address_of_record(uri)),
            // within a dialog that we have no part in (§12.2.2), or with nobody named
            None if request.to()?.tag().is_some() => return reply(481).into(),
            None => return reply(484).into(),
        },
        Scheme::Sip | Scheme::Sips => Relay::onward(),
        Scheme::Urn | Scheme::Other => return reply(416).into(),
    };
    if matches!(request.method(), Method::Invite | Method::Subscribe | Method::Refer) {
        relay = relay.record_route();
    }
    relay.into()
}

/// An ACK that belongs to no transaction and no dialog of ours (RFC 3261 §16.11): one of a registered caller's with a
/// broken route set may pass, a stranger sends nothing anywhere through us. An ACK is never answered (§17.2).
pub(crate) fn stray_ack(settings: &Settings, request: &Request<'_>, host: &impl Host) -> Outcome {
    let known = identities(settings, request)?.iter().any(|identity| host.is_registered_here(identity));
    if known { next().into() } else { Ok(Decision::Drop) }
}

/// Who the caller says that it is, the identity that it prefers first (RFC 3325 §9.2: the From may hide it), the From
/// last.
fn identities(settings: &Settings, request: &Request<'_>) -> Result<Vec<String>, Stop> {
    let mut identities = Vec::with_capacity(1);
    for address in request.name_addrs(HeaderId::P_PREFERRED_IDENTITY).take(MAX_PREFERRED).flatten() {
        identities.extend(address.uri().ok().map(|uri| settings.address_of_record(&uri)));
    }
    identities.push(settings.address_of_record(&request.from()?.uri()?));
    Ok(identities)
}

/// Which of its identities is the caller's: one that is registered where the request comes from, without more ado, or
/// a registered one that the credentials prove.
fn authenticate(settings: &Settings, request: &mut Request<'_>, host: &impl Host) -> Result<String, Stop> {
    let mut identities = identities(settings, request)?;
    let here = |identity: &String| settings.trust_source && host.is_registered_here(identity);
    if let Some(proved) = identities.iter().position(here) {
        return Ok(identities.swap_remove(proved));
    }
    identities.retain(|identity| host.is_registered(identity));
    if identities.is_empty() {
        return Err(reply(403).into());
    }
    let challenge = challenge(&settings.realm).proxy().algorithms(&settings.algorithms);
    let username = match host.verify(CredentialsKind::Proxy, &settings.realm) {
        Verdict::Accepted(username) => username,
        Verdict::Stale => return Err(challenge.stale(true).into()),
        Verdict::Absent | Verdict::Rejected => return Err(challenge.into()),
    };
    let proved =
        identities.into_iter().find(|identity| owns(&username, identity)).ok_or_else(|| reply(403))?;
    // They were for us; nobody behind us needs them (§22.3).
    let is_ours = |value: &[u8]| {
        Credentials::parse(value)
            .is_ok_and(|own| own.param("realm").as_deref() == Some(settings.realm.as_bytes()))
    };
    request.remove_where(HeaderId::PROXY_AUTHORIZATION, is_ours);
    Ok(proved)
}

/// Says who the caller is (RFC 3325 §5), and nothing where the caller wants `Privacy: id` (§7): behind us are phones,
/// which are outside the trust domain.
fn assert_identity(request: &mut Request<'_>, caller: &str) {
    request.remove(HeaderId::P_ASSERTED_IDENTITY).remove(HeaderId::P_PREFERRED_IDENTITY);
    let is_id = |token: &[u8]| token.trim_ascii().eq_ignore_ascii_case(b"id");
    if !request.headers(HeaderId::PRIVACY).any(|privacy| privacy.split(|byte| *byte == b';').any(is_id)) {
        request.append(HeaderId::P_ASSERTED_IDENTITY, ["<", caller, ">"].concat());
    }
}

/// The address-of-record of a telephone number: the number itself, or a user of that name in the first domain.
fn number(settings: &Settings, uri: &Uri<'_>, host: &impl Host) -> String {
    let number = uri.aor();
    if host.is_registered(&number) {
        return number;
    }
    let (_, digits) = number.split_once(':').unwrap_or_default();
    ["sip:", digits.split(';').next().unwrap_or_default(), "@", &settings.domains[0]].concat()
}
