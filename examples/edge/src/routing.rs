//! Routing of everything that is no registration: who calls, and where to (RFC 3261 §16.5, RFC 3325).
//!
//! In: a request outside a dialog. Out: a relay to the bindings of one of our users or to somebody else's domain, or a
//! refusal. Only registered users may send: the From is believed where it is registered from the same place, and must
//! be proved by digest elsewhere.
//!
//! A user of ours without a binding is answered 480 by the host: the location service cannot tell a user who is away
//! from one who does not exist (§21.4.18), and strangers need not learn which it is.

use crate::Settings;
use crate::registrar::owns;
use strowger_sdk::prelude::*;
use strowger_sdk::sip::Credentials;

/// Decides where the request goes.
pub(crate) fn route(
    settings: &Settings,
    request: &mut Request<'_>,
    uri: &Uri<'_>,
    host: &impl Host,
) -> Outcome {
    let caller = request.from()?.uri()?.aor();
    authenticate(settings, request, host, &caller)?;
    assert_identity(request, &caller);

    let mut relay = match uri.scheme() {
        Scheme::Tel => Relay::to_location(number(settings, uri, host)),
        Scheme::Sip | Scheme::Sips if settings.is_ours(uri) => match uri.user() {
            Some(_) => Relay::to_location(uri.aor()),
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

/// Lets registered callers through: from where they registered without more ado, from elsewhere with credentials.
fn authenticate(
    settings: &Settings,
    request: &mut Request<'_>,
    host: &impl Host,
    caller: &str,
) -> Result<(), Stop> {
    if settings.trust_source && host.is_registered_here(caller) {
        return Ok(());
    }
    if !host.is_registered(caller) {
        return Err(reply(403).into());
    }
    let challenge = challenge(&settings.realm).proxy().algorithms(&settings.algorithms);
    match host.verify(CredentialsKind::Proxy, &settings.realm) {
        Verdict::Accepted(username) if owns(&username, caller) => {
            // They were for us; nobody behind us needs them (§22.3).
            let is_ours = |value: &[u8]| {
                Credentials::parse(value)
                    .is_ok_and(|own| own.param("realm").as_deref() == Some(settings.realm.as_bytes()))
            };
            request.remove_where(HeaderId::PROXY_AUTHORIZATION, is_ours);
            Ok(())
        }
        Verdict::Accepted(_) => Err(reply(403).into()),
        Verdict::Stale => Err(challenge.stale(true).into()),
        Verdict::Absent | Verdict::Rejected => Err(challenge.into()),
    }
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
