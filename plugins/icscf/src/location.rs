//! Requests for somebody of the home network (TS 24.229 §5.3.2): which S-CSCF serves them.
//!
//! ```text
//!   own Route with orig ─▶ the S-CSCF of the caller, for an application server or another network  §5.3.2.1
//!   tel:, user=phone ────▶ global number ─▶ LIR ─▶ unknown: the BGCF, else 404
//!   sip: ────────────────▶ LIR ─┬─ server name ─▶ there; Route, no Record-Route
//!                               ├─ unregistered service ─▶ its server, or one that is chosen
//!                               ├─ not registered: 480       unknown: 404
//!                               └─ no HSS: 480, or as configured
//! ```
//! In: a request outside dialogs; later the failure of an S-CSCF. Out: a relay, or a refusal.

use strowger_sdk::ims::{AuthorizationType, Capabilities, CxFailure, Location, LocationOutcome};
use strowger_sdk::prelude::*;
use strowger_sdk::route;
use strowger_sdk::sip::Head;
use strowger_sdk::sip::view::View;
use strowger_sdk::text;

use crate::border::{self, Border, Crossing};
use crate::registration::{TRIED, named, next_scscf, patient};
use crate::scscfs::choose;
use crate::{Settings, trust};

/// Decides where a request goes.
pub(crate) fn route(settings: &Settings, request: &mut Request<'_>, host: &impl Host) -> Outcome {
    trust::enforce(settings, request, host);
    trust::charge(request, host);
    if let Some(border) = &settings.border {
        border::open_route(border, request, host);
    }
    let originating = host
        .own_routes()
        .iter()
        .any(|route| Uri::parse(route.as_bytes()).is_ok_and(|uri| uri.param("orig").is_some()));
    if originating {
        return originate(settings, request, host);
    }
    let uri = request.uri()?;
    // Past us: a Route that somebody put there for the next hop (a P-CSCF's towards another network).
    if request.has(HeaderId::ROUTE) {
        return match &settings.border {
            None => next().into(),
            Some(border) => by_route(border, request, host),
        };
    }
    // Somebody of another network; it is not for us to know whether it has them (§5.10.2).
    if let Some(border) = settings.border.as_ref().filter(|_| uri.is_sip() && !settings.is_home(&uri))
        && border.crossing(&uri, host) == Crossing::Out
    {
        return border::cross(border, Relay::onward(), Crossing::Out, &request.received(), host).into();
    }
    let identity = identity(settings, &uri)?;
    let location = match host.location_info(&identity, false, None) {
        Ok(location) if is_unknown(&location) => {
            return refuse(settings, &identity, CxFailure::Experimental(5001), request, host);
        }
        Ok(location) => location,
        Err(failure) => return refuse(settings, &identity, failure, request, host),
    };
    to_scscf(settings, &target(&uri, &identity), &location, &request.received(), host)
}

/// Where the Route leads: out, in, or not at all, for who is of neither network.
fn by_route(border: &Border, request: &Request<'_>, host: &impl Host) -> Outcome {
    let next_hop = request.name_addr(HeaderId::ROUTE)?.uri()?;
    match border.crossing(&next_hop, host) {
        Crossing::Without => reply(403).into(),
        crossing => border::cross(border, Relay::onward(), crossing, &request.received(), host).into(),
    }
}

/// The Request-URI that the S-CSCF gets: a telephone number in a SIP URI becomes a tel URI, with its parameters
/// (§5.3.2.1), for that is the identity which the S-CSCF serves.
fn target(uri: &Uri<'_>, identity: &str) -> String {
    if !identity.starts_with("tel:") || uri.aor() == identity {
        return text(uri.as_bytes()).into_owned();
    }
    let number = uri.user().and_then(|user| std::str::from_utf8(user).ok());
    let tel = number.filter(|number| number.starts_with('+')).map(|number| ["tel:", number].concat());
    tel.filter(|tel| Uri::parse(tel.as_bytes()).is_ok()).unwrap_or_else(|| identity.to_owned())
}

/// The public identity that a Request-URI names (§5.3.2.1: tel where it is a telephone number).
fn identity(settings: &Settings, uri: &Uri<'_>) -> Result<String, Stop> {
    match uri.scheme() {
        Scheme::Sip | Scheme::Sips => {
            let is_phone =
                uri.param("user").flatten().is_some_and(|value| value.eq_ignore_ascii_case(b"phone"));
            match (is_phone, strowger_sdk::ims::identity::Impu::telephone(uri)) {
                (true, Some(number)) => Ok(global(settings, number.as_str())),
                _ => Ok(uri.aor()),
            }
        }
        Scheme::Tel => Ok(global(settings, &uri.aor())),
        Scheme::Urn | Scheme::Other => Err(reply(416).into()),
    }
}

/// A number as it is known everywhere: with `+` and country code.
fn global(settings: &Settings, tel: &str) -> String {
    let Some(number) = tel.strip_prefix("tel:").filter(|number| !number.starts_with('+')) else {
        return tel.to_owned();
    };
    let Some(country) = &settings.default_country else { return tel.to_owned() };
    let digits = number.split(';').next().unwrap_or_default();
    match digits.strip_prefix("00") {
        Some(international) => format!("tel:+{international}"),
        None => format!("tel:+{country}{}", digits.trim_start_matches('0')),
    }
}

/// Where the S-CSCF is, or one that is chosen.
fn to_scscf(
    settings: &Settings,
    uri: &str,
    location: &Location,
    head: &Head<'_>,
    host: &impl Host,
) -> Outcome {
    let scscf = match named(settings, location) {
        Some(name) => name,
        None if location.outcome == LocationOutcome::UnregisteredService
            || location.capabilities.is_some() =>
        {
            choose(&settings.scscfs, location.capabilities.as_ref(), &[]).ok_or_else(|| reply(504))?
        }
        None => return reply(480).into(),
    };
    host.set_variable(TRIED, Some(scscf.as_bytes()));
    with_profile_key(relay(settings, uri, &scscf, head, host), location).into()
}

/// The wildcard that the identity matched is the key of its profile (RFC 5002; TS 24.229 §5.3.2.1).
fn with_profile_key(relay: Relay, location: &Location) -> Relay {
    match location.wildcarded_public_identity.as_deref().and_then(profile_key) {
        Some(key) => relay.without(HeaderId::P_PROFILE_KEY).header(HeaderId::P_PROFILE_KEY, key),
        None => relay,
    }
}

/// As a header field value: what a user part may not hold is escaped (RFC 3261 §19.1.2).
fn profile_key(wildcard: &str) -> Option<String> {
    let (scheme, rest) = wildcard.split_once(':')?;
    let mut key = ["<", scheme, ":"].concat();
    for byte in rest.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => key.push(char::from(byte)),
            byte if b"-_.!~*'()&=+$,;?/@:".contains(&byte) => key.push(char::from(byte)),
            byte => key.push_str(&format!("%{byte:02X}")),
        }
    }
    key.push('>');
    strowger_sdk::NameAddr::parse(key.as_bytes()).is_ok_and(|key| key.uri().is_ok()).then_some(key)
}

/// The request as it is, by way of the S-CSCF.
fn relay(settings: &Settings, uri: &str, scscf: &str, head: &Head<'_>, host: &impl Host) -> Relay {
    let relay = patient(settings, Relay::to_uri(uri).via_route(route::loose(scscf)));
    border::toward(settings, relay, scscf, head, host)
}

/// For an application server, or another network on a user's behalf: the caller's S-CSCF (§5.3.2.1).
fn originate(settings: &Settings, request: &mut Request<'_>, host: &impl Host) -> Outcome {
    if !settings.trusted.has_sent(host) {
        return reply(403).into();
    }
    let served = request
        .name_addr(HeaderId::P_SERVED_USER)
        .or_else(|_| request.name_addr(HeaderId::P_ASSERTED_IDENTITY));
    let Ok(served) = served else { return reply(403).into() };
    let identity = served.uri()?.aor();
    let uri = text(request.uri_bytes()).into_owned();
    match host.location_info(&identity, true, None) {
        Ok(location) if is_unknown(&location) => {
            refuse(settings, "", CxFailure::Experimental(5001), request, host)
        }
        Ok(location) => {
            let scscf = match named(settings, &location) {
                Some(name) => name,
                None => {
                    choose(&settings.scscfs, location.capabilities.as_ref(), &[]).ok_or_else(|| reply(504))?
                }
            };
            host.set_variable(TRIED, Some(scscf.as_bytes()));
            let route = with_orig(&scscf);
            let relay = Relay::to_uri(uri).via_route(route);
            border::toward(settings, relay, &scscf, &request.received(), host).into()
        }
        Err(failure) => refuse(settings, "", failure, request, host),
    }
}

/// The S-CSCF's URI as its originating entry.
fn with_orig(scscf: &str) -> String {
    route::loose(scscf).replace('>', ";orig>")
}

/// Some HSSs answer for an unknown user with DIAMETER_SUCCESS_SERVER_NAME_NOT_STORED, which says nothing about where.
fn is_unknown(location: &Location) -> bool {
    location.outcome == LocationOutcome::ServerNameNotStored
        && location.server_name.is_none()
        && location.capabilities.is_none()
}

/// What the HSS's refusal becomes (TS 29.228 §6.1.4.1; TS 24.229 §5.3.2.1).
fn refuse(
    settings: &Settings,
    identity: &str,
    failure: CxFailure,
    request: &Request<'_>,
    host: &impl Host,
) -> Outcome {
    match failure {
        CxFailure::Experimental(5001) | CxFailure::Result(5030) => match &settings.bgcf {
            Some(bgcf) if identity.starts_with("tel:") => {
                let relay = Relay::to_uri(identity).via_route(route::loose(bgcf));
                border::toward(settings, relay, bgcf, &request.received(), host).into()
            }
            _ => reply(404).into(),
        },
        CxFailure::Experimental(5003) => reply(480).into(),
        _ => reply(settings.hss_failure).into(),
    }
}

/// An S-CSCF failed: another one, where the user has none assigned for good (§5.3.2.2).
pub(crate) fn reselect(settings: &Settings, status: u16, host: &impl Host) -> Outcome {
    if !matches!(status, 408 | 502 | 503 | 504) {
        return next().into();
    }
    let view = host.request_view();
    let Ok(view) = View::parse(&view) else { return next().into() };
    let Ok(uri) = Uri::parse(view.head().request_uri()) else { return next().into() };
    let identity = identity(settings, &uri)?;
    let kind = Some(AuthorizationType::RegistrationAndCapabilities);
    let Ok(location) = host.location_info(&identity, false, kind) else { return next().into() };
    let uri = target(&uri, &identity);
    let wanted: Option<&Capabilities> = location.capabilities.as_ref();
    if wanted.is_none() && location.server_name.is_some() {
        return next().into();
    }
    let head = view.head();
    next_scscf(settings, wanted, host, |scscf| {
        let relay = trust::enforce_again(settings, relay(settings, &uri, &scscf, &head, host), host);
        with_profile_key(relay, &location)
    })
}
