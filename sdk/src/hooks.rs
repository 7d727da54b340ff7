//! From a view to a script's hook and back: what a component's exports and native tests both run.
//!
//! In: a script, a host, the octets of a view (`docs/view.md`). Out: the hook's decision, with the edits that were
//! made on the message put into it, before the decision's own. The exports themselves are `wasm.rs`'s.
//!
//! Where a script keeps a hook's default, all of this must come out as a constant: hence the questions whether anything
//! was edited.

use crate::builders::Stop;
use crate::decision::{Decision, Fault, Relay, ReplyDecision};
use crate::host::Host;
use crate::ink::Ink;
use crate::message::{Request, Response};
use crate::plugin::Plugin;
use sip::view::View;

/// Asks `on_request`.
pub fn on_request<P: Plugin>(plugin: &P, host: &impl Host, view: &[u8]) -> Result<Decision, Fault> {
    request(view, |request| plugin.on_request(request, host))
}

/// Asks `on_in_dialog_request`.
pub fn on_in_dialog_request<P: Plugin>(plugin: &P, host: &impl Host, view: &[u8]) -> Result<Decision, Fault> {
    request(view, |request| plugin.on_in_dialog_request(request, host))
}

/// Asks `on_failure`.
pub fn on_failure<P: Plugin>(plugin: &P, host: &impl Host, view: &[u8]) -> Result<Decision, Fault> {
    let view = parse(view)?;
    let ink = Ink::default();
    let mut response = Response::new(view.head(), &ink);
    let mut decision = decided(plugin.on_failure(&mut response, host))?;
    // Edits of the response go with the response; a relay sends the request again.
    if response.is_edited()
        && let Decision::Next(edits) = &mut decision
    {
        edits.splice(0..0, response.into_edits());
    }
    Ok(decision)
}

/// Asks `on_reply`.
pub fn on_reply<P: Plugin>(plugin: &P, host: &impl Host, view: &[u8]) -> Result<ReplyDecision, Fault> {
    let view = parse(view)?;
    let ink = Ink::default();
    let mut response = Response::new(view.head(), &ink);
    let mut decision = plugin.on_reply(&mut response, host)?;
    if response.is_edited()
        && let ReplyDecision::Pass(edits) = &mut decision
    {
        edits.splice(0..0, response.into_edits());
    }
    Ok(decision)
}

/// Tells `on_answer`. What it edits of the response goes nowhere.
pub fn on_answer<P: Plugin>(plugin: &P, host: &impl Host, token: &str, view: &[u8]) {
    if let Ok(view) = parse(view) {
        let ink = Ink::default();
        plugin.on_answer(token, &mut Response::new(view.head(), &ink), host);
    }
}

fn request(
    view: &[u8],
    hook: impl FnOnce(&mut Request<'_>) -> Result<Decision, Stop>,
) -> Result<Decision, Fault> {
    let view = parse(view)?;
    let ink = Ink::default();
    let mut request = Request::new(view.head(), &ink);
    let mut decision = decided(hook(&mut request))?;
    // Edits of the request go where the request goes; an answer has its own.
    if request.is_edited()
        && let Decision::Relay(Relay { edits, .. }) | Decision::Next(edits) = &mut decision
    {
        edits.splice(0..0, request.into_edits());
    }
    Ok(decision)
}

fn parse(view: &[u8]) -> Result<View<'_>, Fault> {
    View::parse(view).map_err(|_| Fault::new(Fault::VIEW, "not a view of a message"))
}

fn decided(outcome: Result<Decision, Stop>) -> Result<Decision, Fault> {
    match outcome {
        Ok(decision) | Err(Stop::Decided(decision)) => Ok(decision),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}
