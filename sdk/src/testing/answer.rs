//! Asking a script as the host does, and looking at what it says.
//!
//! In: a plugin, a host, a message. Out: [`Answer`], whose methods assert and return what they found. A decision that
//! the host would refuse (`contract.rs`) fails the test at once.

use std::fmt::Debug;

use super::contract;
use super::message::TestMessage;
use crate::decision::{
    Challenge, ChallengeKind, Decision, Destination, Edit, Fault, Header, Relay, Reply, ReplyDecision,
};
use crate::field::FieldName;
use crate::hooks;
use crate::host::Host;
use crate::plugin::{Adoption, Plugin, Variables};
use sip::HeaderId;

/// What a script said about a message.
#[derive(Debug, Clone)]
pub struct Answer<D> {
    message: TestMessage,
    said: Result<D, Fault>,
}

/// Asks about a request as the host does: `on_request`, or `on_in_dialog_request` where To has a tag; neither where
/// the manifest does not want it, which is `next`.
#[track_caller]
pub fn ask<P: Plugin>(plugin: &P, host: &impl Host, message: &TestMessage) -> Answer<Decision> {
    let manifest = plugin.manifest();
    let head = message.message().head();
    assert!(head.is_request(), "a response: use ask_about_reply or ask_about_failure");
    let view = message.view(manifest.body);
    let said = if head.to_tag().is_some() {
        if manifest.in_dialog {
            hooks::on_in_dialog_request(plugin, host, &view)
        } else {
            Ok(Decision::Next(Vec::new()))
        }
    } else if wants(&manifest.methods, head.method_token()) {
        hooks::on_request(plugin, host, &view)
    } else {
        Ok(Decision::Next(Vec::new()))
    };
    checked(message, said)
}

/// Asks `on_request` about a request that came by no Route which the element recorded: for the host it is outside
/// dialogs whatever its To says. A NOTIFY to a script's own SUBSCRIBE is one.
#[track_caller]
pub fn ask_outside_dialogs<P: Plugin>(
    plugin: &P,
    host: &impl Host,
    message: &TestMessage,
) -> Answer<Decision> {
    let manifest = plugin.manifest();
    let head = message.message().head();
    assert!(head.is_request(), "a response: use ask_about_reply or ask_about_failure");
    let said = match wants(&manifest.methods, head.method_token()) {
        true => hooks::on_request(plugin, host, &message.view(manifest.body)),
        false => Ok(Decision::Next(Vec::new())),
    };
    checked(message, said)
}

/// Tells `on_answer` of the final response to a request of the script's own.
pub fn tell_answer<P: Plugin>(plugin: &P, host: &impl Host, token: &str, response: &TestMessage) {
    hooks::on_answer(plugin, host, token, &response.view(plugin.manifest().body));
}

/// Asks `on_adopt` about a call that another version took; what is kept in the dialog then, whether or not it makes anything
/// new of it.
///
/// # Panics
/// Where the host would not take it: then it leaves the variables as they are.
#[track_caller]
pub fn adopt<P: Plugin>(plugin: &P, host: &impl Host, call: &Adoption) -> Result<Variables, Fault> {
    let made = plugin.on_adopt(call.clone(), host)?;
    let kept = made.unwrap_or_else(|| call.variables.clone());
    if let Err(broken) = contract::check_variables(&kept) {
        panic!("the host would not take these variables: {broken}\n{kept:#?}");
    }
    Ok(kept)
}

fn wants(methods: &[String], token: &[u8]) -> bool {
    methods.is_empty() || methods.iter().any(|method| method.as_bytes() == token)
}

/// Asks `on_failure` about the best response.
#[track_caller]
pub fn ask_about_failure<P: Plugin>(
    plugin: &P,
    host: &impl Host,
    response: &TestMessage,
) -> Answer<Decision> {
    checked(response, hooks::on_failure(plugin, host, &response.view(plugin.manifest().body)))
}

#[track_caller]
fn checked(message: &TestMessage, said: Result<Decision, Fault>) -> Answer<Decision> {
    if let Ok(decision) = &said
        && let Err(broken) = contract::check(decision, message.message().head())
    {
        panic!("the host would refuse this decision: {broken}\n{decision:#?}");
    }
    Answer { message: message.clone(), said }
}

/// Asks `on_reply` about a response.
#[track_caller]
pub fn ask_about_reply<P: Plugin>(
    plugin: &P,
    host: &impl Host,
    response: &TestMessage,
) -> Answer<ReplyDecision> {
    let said = hooks::on_reply(plugin, host, &response.view(plugin.manifest().body));
    if let Ok(decision) = &said
        && let Err(broken) = contract::check_reply(decision, response.message().head())
    {
        panic!("the host would refuse this decision: {broken}\n{decision:#?}");
    }
    Answer { message: response.clone(), said }
}

impl<D: Debug> Answer<D> {
    /// What it said, for other questions than the ones here.
    pub fn said(&self) -> &Result<D, Fault> {
        &self.said
    }

    /// It gave a fault with this code.
    #[track_caller]
    pub fn faults(&self, code: u16) -> &Fault {
        match &self.said {
            Err(fault) if fault.code == code => fault,
            other => panic!("expected fault {code}, it says {other:#?}"),
        }
    }

    #[track_caller]
    fn expected<T>(&self, what: &str) -> T {
        panic!("expected {what}, it says {:#?}", self.said)
    }
}

impl Answer<Decision> {
    /// It answers with this status.
    #[track_caller]
    pub fn replies(&self, status: u16) -> &Reply {
        match &self.said {
            Ok(Decision::Reply(reply)) if reply.status == status => reply,
            _ => self.expected(&format!("a {status}")),
        }
    }

    /// It challenges with this status, 401 or 407.
    #[track_caller]
    pub fn challenges(&self, status: u16) -> &Challenge {
        match &self.said {
            Ok(Decision::Challenge(challenge)) if status_of(challenge.kind) == status => challenge,
            _ => self.expected(&format!("a challenge with {status}")),
        }
    }

    /// It forwards to a target set of its own, or onward.
    #[track_caller]
    pub fn relays(&self) -> &Relay {
        match &self.said {
            Ok(Decision::Relay(relay)) => relay,
            _ => self.expected("a relay"),
        }
    }

    /// It forwards to exactly these targets, in this order: a URI, or an address-of-record whose bindings are looked
    /// up, written `location sip:user@domain`.
    #[track_caller]
    pub fn relays_to(&self, targets: &[&str]) -> &Relay {
        let relay = self.relays();
        let own: Vec<String> = relay
            .targets
            .iter()
            .map(|target| match &target.destination {
                Destination::Uri(uri) => uri.clone(),
                Destination::Location(aor) => format!("location {aor}"),
            })
            .collect();
        assert_eq!(own, targets, "targets");
        relay
    }

    /// It leaves the request to the standard, or passes the best response upstream.
    #[track_caller]
    pub fn nexts(&self) -> &Self {
        match &self.said {
            Ok(Decision::Next(_)) => self,
            _ => self.expected("next"),
        }
    }

    /// It absorbs the ACK.
    #[track_caller]
    pub fn drops(&self) -> &Self {
        match &self.said {
            Ok(Decision::Drop) => self,
            _ => self.expected("drop"),
        }
    }

    /// The values of this header field in the message that leaves: the forwarded request after all edits, or what a
    /// reply adds to the header fields that the host copies.
    #[must_use]
    #[track_caller]
    pub fn sent<'n>(&self, name: impl Into<FieldName<'n>>) -> Vec<String> {
        let name = name.into();
        match &self.said {
            Ok(Decision::Relay(Relay { edits, .. }) | Decision::Next(edits)) => {
                edited(Some(&self.message), edits, name)
            }
            Ok(Decision::Reply(Reply { edits, .. }) | Decision::Challenge(Challenge { edits, .. })) => {
                edited(None, edits, name)
            }
            _ => self.expected("a message that is sent"),
        }
    }
}

impl Answer<ReplyDecision> {
    /// It passes the response.
    #[track_caller]
    pub fn passes(&self) -> &Self {
        match &self.said {
            Ok(ReplyDecision::Pass(_)) => self,
            _ => self.expected("pass"),
        }
    }

    /// It sends this status instead.
    #[track_caller]
    pub fn replaces(&self, status: u16) -> &Reply {
        match &self.said {
            Ok(ReplyDecision::Replace(reply)) if reply.status == status => reply,
            _ => self.expected(&format!("a {status} instead")),
        }
    }

    /// It absorbs the response.
    #[track_caller]
    pub fn drops(&self) -> &Self {
        match &self.said {
            Ok(ReplyDecision::Drop) => self,
            _ => self.expected("drop"),
        }
    }

    /// The values of this header field in the response that leaves.
    #[must_use]
    #[track_caller]
    pub fn sent<'n>(&self, name: impl Into<FieldName<'n>>) -> Vec<String> {
        match &self.said {
            Ok(ReplyDecision::Pass(edits)) => edited(Some(&self.message), edits, name.into()),
            Ok(ReplyDecision::Replace(reply)) => edited(None, &reply.edits, name.into()),
            _ => self.expected("a response that is sent"),
        }
    }
}

fn status_of(kind: ChallengeKind) -> u16 {
    match kind {
        ChallengeKind::Www => 401,
        ChallengeKind::Proxy => 407,
    }
}

/// The header field's values after the edits, done one by one.
fn edited(message: Option<&TestMessage>, edits: &[Edit], name: FieldName<'_>) -> Vec<String> {
    let is = |header: &Header| name.is(HeaderId(header.id), header.name.as_bytes());
    // (index in the message as it came, value)
    let mut lines: Vec<(Option<u32>, String)> = Vec::new();
    if let Some(message) = message {
        let head = message.message().head();
        for (index, span) in (0_u32..).zip(head.spans()) {
            if name.is(span.id, head.name_of(index as usize)) {
                lines
                    .push((Some(index), String::from_utf8_lossy(head.value_of(index as usize)).into_owned()));
            }
        }
    }
    for edit in edits {
        match edit {
            Edit::Append(header) if is(header) => lines.push((None, header.value.clone())),
            Edit::Prepend(header) if is(header) => lines.insert(0, (None, header.value.clone())),
            Edit::Replace((index, value)) => {
                for line in lines.iter_mut().filter(|line| line.0 == Some(*index)) {
                    line.1.clone_from(value);
                }
            }
            Edit::Remove(index) => lines.retain(|line| line.0 != Some(*index)),
            Edit::RemoveAll(header) if is(header) => lines.clear(),
            _ => {}
        }
    }
    lines.into_iter().map(|(_, value)| value).collect()
}
