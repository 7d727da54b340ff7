//! REGISTER (TS 24.229 §5.3.1.2, §5.3.1.3): which S-CSCF is to have it.
//!
//! ```text
//!   UAR ─┬─ subsequent registration: the S-CSCF that the HSS names
//!        ├─ first registration, or capabilities: one that can do what is demanded
//!        ├─ unknown, not matching, not registered, roaming not allowed, rejected: 403
//!        └─ no HSS: 480, or as configured
//!   3xx, 480, or no answer of the S-CSCF ─▶ UAR for capabilities ─▶ the next one ─▶ none is left: 504
//! ```
//! In: a REGISTER; later the failure of an S-CSCF. Out: a relay with the S-CSCF as Request-URI, or a refusal.

use strowger_sdk::ims::{Authorization, AuthorizationType, Capabilities, CxFailure, Location};
use strowger_sdk::prelude::*;
use strowger_sdk::sip::view::View;
use strowger_sdk::sip::{Contact, Credentials, Head};
use strowger_sdk::text;

use crate::border::{self, Crossing};
use crate::scscfs::{choose, uri_of};
use crate::{Settings, trust};

/// Variable of the transaction: URIs that were tried, a line each.
pub(crate) const TRIED: &str = "tried";

/// Decides where a REGISTER goes.
pub(crate) fn register(settings: &Settings, request: &mut Request<'_>, host: &impl Host) -> Outcome {
    trust::enforce(settings, request, host);
    let uri = request.uri()?;
    // A phone of another network, whose visited network is ours (§5.10.2).
    if let Some(border) = settings.border.as_ref().filter(|_| !settings.is_home(&uri))
        && border.crossing(&uri, host) == Crossing::Out
    {
        return border::cross(border, Relay::onward(), Crossing::Out, &request.received(), host).into();
    }
    let kind = match is_deregistration(&request.received()) {
        true => AuthorizationType::DeRegistration,
        false => AuthorizationType::Registration,
    };
    let authorization = authorization(settings, &request.received(), kind)?;
    let location = host.user_authorization(&authorization).map_err(|failure| refusal(settings, failure))?;
    let scscf = match named(settings, &location) {
        Some(name) => name,
        None => choose(&settings.scscfs, location.capabilities.as_ref(), &[]).ok_or_else(|| reply(504))?,
    };
    host.set_variable(TRIED, Some(scscf.as_bytes()));
    to_scscf(settings, scscf, &request.received(), host).into()
}

/// An S-CSCF failed: the next one, if we may choose (§5.3.1.3).
pub(crate) fn reselect(settings: &Settings, status: u16, host: &impl Host) -> Outcome {
    if !is_failure_of_the_scscf(status) {
        return next().into();
    }
    let view = host.request_view();
    let Ok(view) = View::parse(&view) else { return next().into() };
    let kind = AuthorizationType::RegistrationAndCapabilities;
    let authorization = authorization(settings, &view.head(), kind)?;
    let Ok(location) = host.user_authorization(&authorization) else { return reply(504).into() };
    next_scscf(settings, location.capabilities.as_ref(), host, |scscf| {
        trust::enforce_again(settings, to_scscf(settings, scscf, &view.head(), host), host)
    })
}

/// The next S-CSCF that was not tried; 504 where none is left.
pub(crate) fn next_scscf(
    settings: &Settings,
    wanted: Option<&Capabilities>,
    host: &impl Host,
    relay: impl FnOnce(String) -> Relay,
) -> Outcome {
    let tried = host.variable(TRIED).unwrap_or_default();
    let mut tried: Vec<String> = text(&tried).lines().map(str::to_owned).collect();
    let Some(scscf) = choose(&settings.scscfs, wanted, &tried) else { return reply(504).into() };
    tried.push(scscf.clone());
    host.set_variable(TRIED, Some(tried.join("\n").as_bytes()));
    relay(scscf).into()
}

/// No answer, or one by which an S-CSCF says that it is not there (§5.3.1.3: 3xx, 480; a 503 is the transport's).
fn is_failure_of_the_scscf(status: u16) -> bool {
    matches!(status, 300..=399 | 408 | 480 | 502 | 503 | 504)
}

/// The Request-URI becomes the S-CSCF (§5.3.1.2).
fn to_scscf(settings: &Settings, scscf: String, head: &Head<'_>, host: &impl Host) -> Relay {
    let relay = patient(settings, Relay::to_uri(scscf.clone()));
    border::toward(settings, relay, &scscf, head, host)
}

/// What becomes of it is asked, and soon: an S-CSCF that is there says so with a 100, to what is no INVITE after 3.5 s
/// (RFC 4320 §4.1). One that has let it ring has taken it: no other one gets it after that (§5.3.2.2).
pub(crate) fn patient(settings: &Settings, relay: Relay) -> Relay {
    match settings.scscf_timeout {
        0 => relay.ask_failure_unless_heard(),
        timeout => relay.ask_failure_unless_heard().timeout_ms(timeout).until_trying(),
    }
}

/// The S-CSCF that the HSS names.
pub(crate) fn named(settings: &Settings, location: &Location) -> Option<String> {
    uri_of(location.server_name.as_ref()?, &settings.scscfs)
}

/// What the HSS's refusal becomes (TS 29.228 §6.1.1.1; TS 24.229 §5.3.1.2).
fn refusal(settings: &Settings, failure: CxFailure) -> Stop {
    match failure {
        // Unknown, not matching, not registered (an end of nothing), not from here.
        CxFailure::Experimental(5001..=5004) | CxFailure::Result(5003) => reply(403).into(),
        _ => reply(settings.hss_failure).into(),
    }
}

/// The request of the UAR.
fn authorization(
    settings: &Settings,
    head: &Head<'_>,
    kind: AuthorizationType,
) -> Result<Authorization, Stop> {
    let to = head.header(HeaderId::TO).ok_or_else(|| reply(400))?;
    let to = strowger_sdk::NameAddr::parse(to).map_err(|error| error.of(HeaderId::TO))?;
    let public_identity = to.uri()?.aor();
    let private_identity = private_identity(head).unwrap_or_else(|| derived(&public_identity));
    let visited = head.values(HeaderId::P_VISITED_NETWORK_ID).next().map(|value| value.bytes);
    let visited = visited.map(|value| strowger_sdk::sip::unquote(first(value)).into_owned());
    let visited_network = match visited {
        Some(visited) => text(&visited).into_owned(),
        None => settings.domains[0].clone(),
    };
    let emergency = head.contacts().flatten().any(|contact| match contact {
        Contact::Address(address) => address.uri().is_ok_and(|uri| uri.param("sos").is_some()),
        Contact::Star => false,
    });
    Ok(Authorization { public_identity, private_identity, visited_network, kind, emergency })
}

/// A value without its parameters.
fn first(value: &[u8]) -> &[u8] {
    if value.first() == Some(&b'"') {
        let end = value.iter().skip(1).position(|byte| *byte == b'"').map_or(value.len(), |at| at + 2);
        return &value[..end];
    }
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// The username of the Authorization (§5.3.1.2).
fn private_identity(head: &Head<'_>) -> Option<String> {
    let value = head.header(HeaderId::AUTHORIZATION)?;
    let credentials = Credentials::parse(value).ok()?;
    let username = credentials.param("username").filter(|username| !username.is_empty())?;
    String::from_utf8(username.into_owned()).ok()
}

/// The private identity of who does not say (TS 23.003 §13.3: the public one without its scheme).
fn derived(public_identity: &str) -> String {
    let (_, name) = public_identity.split_once(':').unwrap_or(("", public_identity));
    name.to_owned()
}

/// Whether everything that is asked for is an end (§5.3.1.2: expires of 0).
fn is_deregistration(head: &Head<'_>) -> bool {
    let header = head.header(HeaderId::EXPIRES).map(|value| value.trim_ascii() == b"0");
    let mut any = false;
    for contact in head.contacts().flatten() {
        any = true;
        let ends = match contact {
            Contact::Star => true,
            Contact::Address(address) => match address.params.value("expires") {
                Some(value) => value == b"0",
                None => header.unwrap_or(false),
            },
        };
        if !ends {
            return false;
        }
    }
    any
}
