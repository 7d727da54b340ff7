//! Identities taken out of a call: where they stand in messages, in values of scripts and in what the machine said.
//!
//! Two passes: what stands where identities stand is learnt from all of the call, then replaced in all of it. In messages also
//! go: the answers to challenges, texts of messages, Subject. CK and IK go whether or not identities do. In: a call's parts
//! and what the recording knows. Out: the same parts, each text of the same length.

use plugin::{Answer, Exchange, Question, hide_keys};
use serde_json::Value;
use sip::{HeaderId, Message};

use crate::asked::{Asked, Octets, Stored};
use crate::identities::Identities;

/// Header fields with addresses of the network and nobody's identity.
const NETWORK: [HeaderId; 4] =
    [HeaderId::ROUTE, HeaderId::RECORD_ROUTE, HeaderId::PATH, HeaderId::SERVICE_ROUTE];

/// Takes CK and IK out of what was said.
pub(crate) fn without_keys(exchanges: &mut [Exchange]) {
    for Exchange { question, answer } in exchanges {
        if let (Question::ChallengeValue(_), Answer::Data(Some(value))) = (question, answer) {
            hide_keys(value);
        }
    }
}

/// Takes CK and IK out of messages.
pub(crate) fn messages_without_keys(asked: &mut Asked) {
    each_message(asked, |bytes| {
        let Ok(message) = Message::parse_datagram(bytes) else { return };
        let spans = message.spans().iter().filter(|span| span.id == HeaderId::WWW_AUTHENTICATE);
        spans.for_each(|span| hide_keys(&mut bytes[span.value_offset as usize..span.value_end()]));
    });
}

fn each_message(asked: &mut Asked, mut change: impl FnMut(&mut [u8])) {
    match asked {
        Asked::Message { message, request, .. } => {
            change(&mut message.0);
            if let Some(request) = request {
                change(&mut request.0);
            }
        }
        Asked::Answer { response, .. } => change(&mut response.0),
        _ => {}
    }
}

/// Learns from what was asked.
pub(crate) fn learn(asked: &mut Asked, identities: &mut Identities) {
    each_message(asked, |bytes| {
        if let Ok(message) = Message::parse_datagram(bytes) {
            learn_message(&message, identities);
        }
    });
    match asked {
        Asked::Message { message, flow, variables, dialog_variables, own_routes, .. } => {
            own_routes.iter().flatten().for_each(|route| identities.network_text(route.as_bytes()));
            variables.iter().chain(dialog_variables.iter()).for_each(|all| learn_stored(all, identities));
            // Straight from a phone: nobody passed it on.
            let message = Message::parse_datagram(&message.0).ok().filter(Message::is_request);
            if message.is_some_and(|message| message.values(HeaderId::VIA).count() == 1) {
                identities.address(sip::Flow::from(*flow).remote.ip().to_canonical());
            }
        }
        Asked::RegistrationEnded { address_of_record, contact, .. } => {
            identities.learn(address_of_record.as_bytes(), true);
            identities.learn(contact.as_bytes(), true);
            identities.learn_addresses(contact.as_bytes());
        }
        Asked::Timer(text) | Asked::DialogEnded { call_id: text, .. } | Asked::Answer { token: text, .. } => {
            identities.learn(text.as_bytes(), false);
        }
        Asked::Event { attrs, .. } => attrs.iter().for_each(|(_, value)| identities.learn(&value.0, true)),
        Asked::Adopt { call_id, variables, .. } => {
            identities.learn(call_id.as_bytes(), false);
            learn_stored(variables, identities);
        }
    }
}

fn learn_stored(all: &Stored, identities: &mut Identities) {
    for (name, value) in all {
        identities.learn(name.as_bytes(), true);
        identities.learn(&value.0, true);
    }
}

fn learn_message(message: &Message, identities: &mut Identities) {
    let head = message.head();
    // First what stays.
    let is_network = |id: &HeaderId| NETWORK.contains(id);
    for span in message.spans().iter().filter(|span| is_network(&span.id)) {
        identities.network_text(&message.bytes()[span.value_offset as usize..span.value_end()]);
    }
    identities.learn(head.start_line(), false);
    for (place, span) in message.spans().iter().enumerate() {
        let value = head.value_of(place);
        match span.id {
            id if is_network(&id) || id == HeaderId::VIA => {}
            HeaderId::CONTACT => {
                identities.learn(value, false);
                identities.learn_addresses(value);
            }
            _ => identities.learn(value, false),
        }
    }
    // The last Via is the phone's.
    if let Some(first) = message.values(HeaderId::VIA).last() {
        identities.learn_addresses(first.bytes);
    }
    match body_kind(message) {
        Body::Sdp => {
            identities.learn_addresses(message.body());
            let origin =
                message.body().split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"o="));
            if let Some(user) = origin.and_then(|origin| origin.split(|byte| *byte == b' ').next()) {
                identities.identity(user);
            }
            identities.learn(message.body(), false);
        }
        Body::Xml => identities.learn(message.body(), false),
        Body::Other => {}
    }
}

enum Body {
    Sdp,
    Xml,
    Other,
}

fn body_kind(message: &Message) -> Body {
    let kind = message.header(HeaderId::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    match kind {
        b"application/sdp" => Body::Sdp,
        kind if kind.ends_with(b"xml") => Body::Xml,
        _ => Body::Other,
    }
}

/// Replaces in what was asked.
pub(crate) fn replace(asked: &mut Asked, identities: &Identities) {
    let text = |text: &mut String, whole: bool| *text = replaced(text, identities, whole);
    let stored = |all: &mut Stored| {
        for (name, Octets(value)) in all {
            *name = replaced(name, identities, true);
            identities.replace(value, true);
        }
    };
    each_message(asked, |bytes| replace_message(bytes, identities));
    match asked {
        Asked::Message { flow, variables, dialog_variables, .. } => {
            let mut other = sip::Flow::from(*flow);
            let address = other.remote.ip();
            if identities.address_for(address.to_canonical()) != address.to_canonical() {
                other.remote.set_ip(identities.address_for(address.to_canonical()));
                *flow = other.into();
            }
            variables.iter_mut().chain(dialog_variables).for_each(stored);
        }
        Asked::Timer(token) => text(token, true),
        Asked::DialogEnded { call_id, .. } => text(call_id, false),
        Asked::Answer { token, .. } => text(token, true),
        Asked::RegistrationEnded { address_of_record, contact, .. } => {
            text(address_of_record, true);
            text(contact, true);
        }
        Asked::Event { attrs, .. } => {
            attrs.iter_mut().for_each(|(_, value)| identities.replace(&mut value.0, true))
        }
        Asked::Adopt { call_id, variables, .. } => {
            text(call_id, false);
            stored(variables);
        }
    }
}

fn replaced(text: &str, identities: &Identities, whole: bool) -> String {
    let mut bytes = text.as_bytes().to_vec();
    identities.replace(&mut bytes, whole);
    String::from_utf8(bytes).unwrap_or_default()
}

fn replace_message(bytes: &mut [u8], identities: &Identities) {
    let Ok(message) = Message::parse_datagram(bytes) else {
        return identities.replace(bytes, false);
    };
    let head = message.head();
    identities.replace(&mut bytes[..head.start_line().len()], false);
    for span in message.spans() {
        let value = &mut bytes[span.value_offset as usize..span.value_end()];
        match span.id {
            HeaderId::AUTHORIZATION | HeaderId::PROXY_AUTHORIZATION => {
                zero(value, b"response=");
                zero(value, b"auts=");
                identities.replace(value, false);
            }
            HeaderId::SUBJECT => cover(value),
            _ => identities.replace(value, false),
        }
    }
    let body = head.raw_head().len();
    match body_kind(&message) {
        Body::Sdp | Body::Xml => identities.replace(&mut bytes[body..], false),
        Body::Other => cover(&mut bytes[body..]),
    }
}

/// Zeros for the letters and digits of a parameter's value.
fn zero(value: &mut [u8], name: &[u8]) {
    let lower = value.to_ascii_lowercase();
    let windows = lower.windows(name.len()).enumerate();
    let begins = windows.filter(|(at, window)| {
        *window == name && at.checked_sub(1).is_none_or(|at| !lower[at].is_ascii_alphanumeric())
    });
    for (at, _) in begins {
        let from = at + name.len();
        let quotes = usize::from(lower.get(from) == Some(&b'"'));
        for byte in value[from + quotes..].iter_mut().take_while(|byte| !b"\",".contains(byte)) {
            *byte = b'0';
        }
    }
}

/// What somebody wrote to somebody: its length and its lines stay.
fn cover(text: &mut [u8]) {
    for byte in text.iter_mut().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        *byte = match *byte {
            b'0'..=b'9' => b'0',
            b' ' | b'\t' => b' ',
            _ => b'x',
        };
    }
}

/// Exchanges as plain values, so that no string of them is forgotten.
///
/// # Errors
/// They cannot be written down as such.
pub(crate) fn open(exchanges: &[Exchange]) -> Result<Value, serde_json::Error> {
    serde_json::to_value(exchanges)
}

/// Learns from what was asked and said.
pub(crate) fn learn_values(value: &Value, identities: &mut Identities) {
    match value {
        Value::String(text) => {
            identities.learn(text.as_bytes(), true);
        }
        Value::Array(all) => match octets(all) {
            Some(bytes) => identities.learn(&bytes, true),
            None => all.iter().for_each(|value| learn_values(value, identities)),
        },
        Value::Object(all) => {
            for (name, value) in all {
                match value {
                    // The name of who is authenticated.
                    Value::String(user) if name == "Accepted" => identities.identity(user.as_bytes()),
                    value => learn_values(value, identities),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces in what was asked and said.
pub(crate) fn replace_values(value: &mut Value, identities: &Identities) {
    match value {
        Value::String(text) => *text = replaced(text, identities, true),
        Value::Array(all) => match octets(all) {
            Some(mut bytes) => {
                identities.replace(&mut bytes, true);
                *all = bytes.into_iter().map(Value::from).collect();
            }
            None => all.iter_mut().for_each(|value| replace_values(value, identities)),
        },
        Value::Object(all) => all.values_mut().for_each(|value| replace_values(value, identities)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An array of numbers that are bytes.
fn octets(all: &[Value]) -> Option<Vec<u8>> {
    let byte = |value: &Value| value.as_u64().and_then(|number| u8::try_from(number).ok());
    all.iter().map(byte).collect::<Option<Vec<u8>>>().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
#[path = "redact/tests.rs"]
mod tests;
