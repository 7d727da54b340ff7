//! Requests to phones (TS 24.229 §5.2.6.4): they come by the Path that we gave the registrar.
//!
//! In: a request by our Path, and the phone's responses. Out: a relay to where the phone is; the responses with the identity
//! of who is called, and without what a phone may not say.

use strowger_sdk::prelude::*;
use strowger_sdk::text;

use crate::registration::{BY_CONTACT, BY_FLOW, FLOW};
use crate::settings::Settings;
use crate::{charging, session_timer, timers, trust};

/// Variable of the transaction: it goes to a phone; the identity that was called, or nothing inside a dialog.
pub(crate) const CALLED: &str = "called";

/// Bytes of an identity that is remembered until the answer; who was called by a longer one is not named in it.
const MAX_CALLED: usize = 1_024;

/// Where our Path leads.
pub(crate) enum Target {
    /// Where the Contact says.
    Contact,
    /// By this flow.
    Flow(String),
}

impl Target {
    /// Of a request that came by a Path of ours.
    pub(crate) fn of(routes: &[String], host: &impl Host) -> Option<Target> {
        let uri = Uri::parse(routes.first()?.as_bytes()).ok()?;
        let sealed = host.unseal(std::str::from_utf8(uri.user()?).ok()?)?;
        if sealed == BY_CONTACT {
            return Some(Target::Contact);
        }
        let token = uri.param(FLOW).flatten().filter(|_| sealed == BY_FLOW)?;
        Some(Target::Flow(text(token).into_owned()))
    }
}

/// Decides about a request to a phone.
pub(crate) fn terminate(
    settings: &Settings,
    request: &mut Request<'_>,
    target: &Target,
    host: &impl Host,
) -> Outcome {
    // A Path is no secret of the network's alone: servers are shown the REGISTER that it is in.
    if !settings.trusted.has_sent(host) {
        return reply(403).into();
    }
    if let Some(refusal) = session_timer::refresh(settings, request, host) {
        return refusal.into();
    }
    let contact = text(request.uri_bytes()).into_owned();
    let called = request.name_addr(HeaderId::P_CALLED_PARTY_ID).map(|called| called.uri_bytes.to_vec());
    let called = called.ok().filter(|called| called.len() <= MAX_CALLED);
    host.set_variable(CALLED, Some(&called.unwrap_or_default()));
    charging::to_phone(request, host);
    trust::to_phone(request);
    let mut relay = Relay::to_uri(contact);
    if let Target::Flow(token) = target {
        relay = relay.by_flow(token.clone());
    }
    relay = timers::to_phone(settings, relay);
    if matches!(request.method(), Method::Invite | Method::Subscribe | Method::Refer | Method::Notify) {
        relay = relay.record_route();
    }
    relay.ask_replies().into()
}

/// A phone's response: who answers is who was called (§5.2.6.4.4 step 2).
pub(crate) fn answered(settings: &Settings, response: &mut Response<'_>, called: &[u8], host: &impl Host) {
    trust::answer_from_phone(response);
    charging::answer_from_phone(settings, response, host);
    response.remove(HeaderId::P_PREFERRED_IDENTITY);
    let called = std::str::from_utf8(called).unwrap_or_default();
    if !called.is_empty() && response.status() > 100 {
        response.append(HeaderId::P_ASSERTED_IDENTITY, ["<", called, ">"].concat());
    }
}
