//! What a script and a locator can say, out of choices. In: choices. Out: decisions that keep the contract, and hops.

use std::sync::Arc;
use std::time::Duration;

use sip::fuzzing::Choices;
use sip::{Edit, HeaderEdit, HeaderId, Message, Method};
use transaction::Timers;

use super::phones;
use crate::decision::{Challenge, ConsultError, Decision, Hook, Relay, Reply, ReplyDecision, Target, Until};
use crate::io::{Consulted, Decided, Hop, LocateFailure};

/// Request-URIs and targets: addresses, names, ourselves, and what cannot be gone to.
pub(super) const URIS: [&str; 12] = [
    "sip:bob@192.0.2.20",
    "sip:bob@192.0.2.21:5070;transport=tcp",
    "sip:bob@far.example",
    "sips:bob@far.example",
    "sip:bob@example.test",
    "sip:192.0.2.1",
    "sip:bob@[2001:db8::20]",
    "sip:bob@192.0.2.22;transport=ws",
    "sip:bob@192.0.2.23;transport=sctp",
    "tel:+15551234567",
    "sip:bob@10.0.0.9:40404;transport=tls",
    "sip:bob@192.0.2.24;lr",
];

const REPLIES: [u16; 14] = [200, 202, 302, 401, 403, 404, 408, 480, 487, 500, 503, 603, 699, 180];
const ERRORS: [ConsultError; 7] = [
    ConsultError::Fault,
    ConsultError::Trap,
    ConsultError::Deadline,
    ConsultError::Invalid,
    ConsultError::Busy,
    ConsultError::NoPlugin,
    ConsultError::Store,
];

/// The answer to a hook; now and then the answer to another one.
pub(super) fn consulted(choices: &mut Choices<'_>, hook: Hook, message: &Message) -> Consulted {
    let other = choices.once_in(64);
    if (hook == Hook::Reply) != other {
        Consulted::Reply(match choices.below(8) {
            0 => Err(*choices.one_of(&ERRORS)),
            1 => Ok(ReplyDecision::Drop),
            2 => Ok(ReplyDecision::Replace(reply(choices))),
            _ => Ok(ReplyDecision::Pass(edits(choices, message))),
        })
    } else {
        Consulted::Request(match choices.below(12) {
            0 => Err(*choices.one_of(&ERRORS)),
            1 => Ok(Decision::Drop),
            2 => Ok(Decision::Reply(reply(choices))),
            3 => Ok(Decision::Challenge(challenge(choices))),
            4 => Ok(Decision::Next(edits(choices, message))),
            _ => Ok(Decision::Relay(relay(choices, message))),
        })
    }
}

/// What comes with it.
pub(super) fn around(choices: &mut Choices<'_>, decided: &mut Decided) {
    decided.version = choices.below(3) as u32;
    if choices.once_in(8) {
        decided.provisionals = vec![(*choices.one_of(&[180, 183, 199, 100, 200]), "".into())];
    }
    if choices.once_in(8) {
        decided.dialog_variables = Some(Box::new(variables(choices)));
    }
}

/// What may be kept in a dialog.
pub(super) fn variables(choices: &mut Choices<'_>) -> dialog::Variables {
    let mut variables = dialog::Variables::default();
    for name in ["a", "b"] {
        let value = [choices.byte()];
        // Both fit.
        let _ = variables.set(name, choices.once_in(2).then_some(&value));
    }
    variables
}

/// Whether a request that is no INVITE may stay without a final response after this (RFC 4320 §4.2).
pub(super) fn may_be_silent(consulted: &Consulted) -> bool {
    match consulted {
        Consulted::Request(Ok(decision)) => matches!(decision, Decision::Relay(_) | Decision::Next(_)),
        Consulted::Request(Err(_)) => false,
        Consulted::Reply(_) => true,
    }
}

pub(super) fn hops(choices: &mut Choices<'_>) -> Result<Vec<Hop>, LocateFailure> {
    match choices.below(8) {
        0 => Err(LocateFailure::NotFound),
        1 => Err(LocateFailure::Timeout),
        2 => Err(LocateFailure::NoTransport),
        3 => Ok(Vec::new()),
        most => Ok((0..most - 3)
            .map(|_| {
                let server_name = choices.once_in(3).then(|| Arc::from("far.example"));
                Hop { flow: *choices.one_of(&phones::FLOWS), server_name }
            })
            .collect()),
    }
}

fn relay(choices: &mut Choices<'_>, message: &Message) -> Relay {
    let most = *choices.one_of(&[1, 2, 1, 3, 0, 5, 1, 40]);
    let shape = choices.byte();
    let has = |bit: u8| shape >> bit & 1 == 1;
    Relay {
        targets: (0..most).map(|_| target(choices)).collect(),
        targets_named: has(0) || most > 0,
        record_route: has(1),
        ask_replies: has(2),
        ask_further: has(2) && has(0),
        ask_failure: has(3),
        ask_failure_unless_heard: has(0),
        timeout: has(4).then(|| Duration::from_millis(*choices.one_of(&[0, 1, 500, 5000, 60_000]))),
        until: *choices.one_of(&[Until::Final, Until::Response, Until::Trying]),
        returns_by: has(6).then(|| "odi".into()),
        vias: has(7).then(|| "SIP/2.0/UDP hidden.test;branch=z9hG4bKh".into()),
        edits: if has(5) { edits(choices, message) } else { Vec::new() },
        served_user: has(1).then(|| "sip:alice@example.test".into()),
        timers: has(2).then_some(Timers::IMS_PHONE),
        server_timers: has(4).then_some(Timers::IMS_PHONE),
    }
}

fn target(choices: &mut Choices<'_>) -> Target {
    let shape = choices.byte();
    let route = ["<sip:192.0.2.40;lr>", "<sip:edge.far.example;lr;transport=tcp>", "<sip:192.0.2.1;lr>"];
    let one_route = (shape & 3 == 3).then(|| (*choices.one_of(&route)).into());
    Target {
        uri: (*choices.one_of(&URIS)).into(),
        route: one_route.into_iter().collect(),
        q: 250 * u16::from(shape >> 2 & 3),
        flow: (shape >> 4 & 3 == 3).then(|| *choices.one_of(&phones::FLOWS)),
        flow_only: shape >> 6 & 1 == 1,
        next_hop: (shape == 0x55).then(|| (*choices.one_of(&URIS)).into()),
        timers: None,
    }
}

fn reply(choices: &mut Choices<'_>) -> Reply {
    Reply {
        status: *choices.one_of(&REPLIES),
        reason: (*choices.one_of(&["", "Because"])).into(),
        edits: Vec::new(),
        stateless: choices.once_in(3),
        server_timers: None,
    }
}

fn challenge(choices: &mut Choices<'_>) -> Challenge {
    let shape = choices.byte();
    Challenge {
        proxy: shape & 1 == 1,
        realm: "example.test".into(),
        algorithms: auth::Algorithm::ALL[..1 + usize::from(shape >> 1) % 3].to_vec(),
        stale: shape & 8 == 8,
        edits: Vec::new(),
    }
}

/// Edits as `strowger-plugin` lets them in: each is checked against the message that the script saw.
fn edits(choices: &mut Choices<'_>, message: &Message) -> Vec<Edit> {
    let count = choices.below(4);
    let of_request = message.is_request();
    let edits = (0..count).map(|_| edit(choices, of_request, message.method()));
    edits.filter(|edit| edit.check_in(message.head()).is_ok()).collect()
}

fn edit(choices: &mut Choices<'_>, of_request: bool, method: Method) -> Edit {
    let index = u32::from(choices.byte() % 16);
    let header = |id, value: &str| HeaderEdit::new(id, value.as_bytes());
    match choices.below(9) {
        0 => Edit::Append(HeaderEdit::named("X-Any", "value".as_bytes())),
        1 => Edit::Prepend(header(HeaderId::ROUTE, "<sip:192.0.2.41;lr>")),
        2 => Edit::RemoveAll(HeaderId::ROUTE, "".into()),
        3 => Edit::RemoveAll(HeaderId::RECORD_ROUTE, "".into()),
        4 if of_request && method != Method::Register => Edit::SetRequestUri((*choices.one_of(&URIS)).into()),
        5 => Edit::SetBody {
            content_type: "text/plain".into(),
            content: vec![b'x'; 40 * usize::from(choices.byte())].into(),
        },
        6 => Edit::Append(header(HeaderId::SUPPORTED, "path, timer")),
        7 => Edit::RemoveAll(HeaderId::SUBJECT, "".into()),
        _ => Edit::Append(HeaderEdit::named("X-Index", index.to_string().as_bytes())),
    }
}
