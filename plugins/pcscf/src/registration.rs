//! REGISTER and its answers (TS 24.229 §5.2.2; RFC 3327, RFC 7315).
//!
//! ```text
//!   phone ─▶ Path with the way back, visited network, charging vector, integrity-protected ─▶ I-CSCF
//!   401 ◀── without CK and IK                                                            ◀── S-CSCF
//!   200 ◀── the registration is kept ◀── identities, Service-Route, contacts             ◀──
//! ```
//! In: a phone's REGISTER; its responses. Out: a relay; the responses as a phone may see them.

use strowger_sdk::prelude::*;
use strowger_sdk::sip::view::View;
use strowger_sdk::sip::{Contact, Credentials, Head};
use strowger_sdk::text;

use crate::contact::Registered;
use crate::settings::Settings;
use crate::{charging, reg_event, trust};

/// What a sealed Path says: the phone is where its Contact says, or where its flow leads.
pub(crate) const BY_CONTACT: &[u8] = b"contact";
/// See [`BY_CONTACT`].
pub(crate) const BY_FLOW: &[u8] = b"flow";
/// The URI parameter with the token of the flow.
pub(crate) const FLOW: &str = "flow";

/// Decides about a REGISTER.
pub(crate) fn register(settings: &Settings, request: &mut Request<'_>, host: &impl Host) -> Outcome {
    let by_flow = is_behind_its_flow(request, host);
    trust::from_phone(request);
    request.remove(HeaderId::P_PREFERRED_IDENTITY);
    let path = match by_flow {
        true => {
            let parameters = [";ob;", FLOW, "=", &host.flow_token()].concat();
            settings.own_route(&host.seal(BY_FLOW), &parameters)
        }
        false => settings.own_route(&host.seal(BY_CONTACT), ""),
    };
    // Nobody before us keeps the way: another Path would lead past us (§5.2.2.1).
    request.set_header(HeaderId::PATH, path);
    add_option(request, HeaderId::REQUIRE, "path");
    add_option(request, HeaderId::SUPPORTED, "path");
    request.append(HeaderId::P_VISITED_NETWORK_ID, ["\"", &settings.domain, "\""].concat());
    request.append(HeaderId::P_CHARGING_VECTOR, charging::vector(settings, host).to_string());
    unprotect(request);

    let target = text(request.uri_bytes()).into_owned();
    let relay = Relay::to_uri(target).ask_replies();
    match &settings.icscf {
        // No Route: not every I-CSCF takes its own away from a REGISTER.
        Some(icscf) => relay.next_hop(icscf.clone()).into(),
        None => relay.into(),
    }
}

/// Whether a phone can only be reached by where it sends from: a connection, or an address that is not the one of its
/// Contact (a NAT).
fn is_behind_its_flow(request: &Request<'_>, host: &impl Host) -> bool {
    let source = host.source();
    if source.connection != 0 {
        return true;
    }
    let contact = request.contacts().flatten().find_map(|contact| match contact {
        Contact::Address(address) => address.uri().ok(),
        Contact::Star => None,
    });
    contact
        .is_some_and(|uri| uri.host().ip().is_some_and(|ip| ip.to_canonical().to_string() != source.address))
}

fn add_option(request: &mut Request<'_>, id: HeaderId, tag: &str) {
    if !request.has_option(id, tag) {
        request.append(id, tag);
    }
}

/// What is not protected is said not to be (§5.2.2.1 step 3, §7.2A.2): a phone's own word about that does not count.
fn unprotect(request: &mut Request<'_>) {
    const UNPROTECTED: &str = "integrity-protected=\"no\"";
    let Some(value) = request.text(HeaderId::AUTHORIZATION) else { return };
    let written = match without(value, &["integrity-protected"]) {
        Some(Pairs::AllThere) => [value, ",", UNPROTECTED].concat(),
        Some(Pairs::Left(left)) if left.is_empty() => ["Digest ", UNPROTECTED].concat(),
        Some(Pairs::Left(left)) => ["Digest ", &left, ",", UNPROTECTED].concat(),
        None => return,
    };
    request.set_header(HeaderId::AUTHORIZATION, written);
}

/// The pairs of credentials or of a challenge without some of them.
enum Pairs {
    /// None of those was there.
    AllThere,
    /// The others, with commas between them.
    Left(String),
}

/// Takes the pairs of these names, in any case, out of a value of the Digest scheme; `None`: it is of no such scheme, or
/// cannot be read.
fn without(value: &str, names: &[&str]) -> Option<Pairs> {
    let mut is_there = false;
    let is_unwanted = |name: &[u8]| names.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name));
    let digest = Credentials::parse_each(value.as_bytes(), |name, _| is_there |= is_unwanted(name)).ok()?;
    if !digest.is("Digest") {
        return None;
    }
    if !is_there {
        return Some(Pairs::AllThere);
    }
    let mut left = String::with_capacity(value.len());
    for (name, value) in digest.params().filter(|(name, _)| !is_unwanted(name)) {
        if !left.is_empty() {
            left.push(',');
        }
        left.push_str(&text(name));
        left.push('=');
        left.push_str(&text(value));
    }
    Some(Pairs::Left(left))
}

/// A response on its way to the phone.
pub(crate) fn answered(settings: &Settings, response: &mut Response<'_>, host: &impl Host) {
    match response.status() {
        401 => hide_keys(response),
        200 => registered(settings, response, host),
        _ => {}
    }
    trust::answer_to_phone(response);
    response.remove(HeaderId::PATH);
}

/// CK and IK are for us alone (§5.2.2.2; the host has shown us zeros in their place).
fn hide_keys(response: &mut Response<'_>) {
    let Some(value) = response.text(HeaderId::WWW_AUTHENTICATE) else { return };
    if let Some(Pairs::Left(left)) = without(value, &["ck", "ik"]) {
        response.set_header(HeaderId::WWW_AUTHENTICATE, ["Digest ", &left].concat());
    }
}

/// Keeps what the 200 says (§5.2.2.2 steps 1 to 7).
fn registered(settings: &Settings, response: &Response<'_>, host: &impl Host) {
    let view = host.request_view();
    let Ok(view) = View::parse(&view) else { return };
    let request = view.head();
    let private_identity = private_identity(&request);
    drop_ended(&request, response, &private_identity, host);
    let Some((contact, expires)) = granted(&request, response) else {
        host.settle();
        return;
    };
    let text = |value: &[u8]| text(value).into_owned();
    let mut identities: Vec<String> = response
        .name_addrs(HeaderId::P_ASSOCIATED_URI)
        .flatten()
        .map(|address| text(address.uri_bytes))
        .collect();
    if identities.is_empty()
        && let Some(to) = response.to().ok().and_then(|to| to.uri().ok())
    {
        identities.push(to.aor());
    }
    let registered = Registered {
        private_identity,
        contact,
        service_route: response.values(HeaderId::SERVICE_ROUTE).map(text).collect(),
        identities,
        charging: response.text(HeaderId::P_CHARGING_FUNCTION_ADDRESSES).unwrap_or_default().to_owned(),
    };
    registered.keep(expires, host);
    host.settle();
    if settings.reg_event {
        reg_event::watch(settings, &registered, expires, host);
    }
}

/// Forgets the phones whose contacts this REGISTER names and the 200 does not grant (§5.2.5.1). One that names none asks
/// what there is, and ends nothing (RFC 3261 §10.2.3).
fn drop_ended(request: &Head<'_>, response: &Response<'_>, private_identity: &str, host: &impl Host) {
    for wish in request.contacts().flatten() {
        match wish {
            Contact::Star => Registered::drop_contact(private_identity, None, host),
            Contact::Address(wish) => {
                let Ok(wished) = wish.uri() else { continue };
                if grant_of(&wished, response).is_none() {
                    Registered::drop_contact(private_identity, Some(&wished), host);
                }
            }
        }
    }
}

/// The contact of this REGISTER that the 200 grants, and for how long; `None`: it grants none.
fn granted(request: &Head<'_>, response: &Response<'_>) -> Option<(String, u32)> {
    request.contacts().flatten().find_map(|wish| match wish {
        Contact::Address(wish) => grant_of(&wish.uri().ok()?, response),
        Contact::Star => None,
    })
}

/// A contact as the 200 has it, and for how many seconds; `None`: it has not.
fn grant_of(wished: &Uri<'_>, response: &Response<'_>) -> Option<(String, u32)> {
    response.contacts().flatten().find_map(|grant| {
        let Contact::Address(grant) = grant else { return None };
        let seconds = grant.expires().filter(|seconds| *seconds > 0)?;
        let is_same = grant.uri().is_ok_and(|uri| uri.equivalent(wished));
        is_same.then(|| (text(grant.uri_bytes).into_owned(), seconds))
    })
}

/// The username of the Authorization, else the public identity without its scheme.
fn private_identity(request: &Head<'_>) -> String {
    let credentials =
        request.header(HeaderId::AUTHORIZATION).and_then(|value| Credentials::parse(value).ok());
    let username = credentials.and_then(|credentials| credentials.param("username"));
    if let Some(username) = username.filter(|username| !username.is_empty()) {
        return text(&username).into_owned();
    }
    let to = request.header(HeaderId::TO).and_then(|to| strowger_sdk::NameAddr::parse(to).ok());
    let aor = to.and_then(|to| to.uri().ok().map(|uri| uri.aor())).unwrap_or_default();
    aor.split_once(':').map(|(_, name)| name.to_owned()).unwrap_or_default()
}
