//! From a guest's decision to the host's: every value checked once, here.
//!
//! In: the contract's types as a guest returned them, and the message they are about. Out: values of `node` that hold
//! no line break, no status out of range, no index beyond the message, no more of anything than its bound; and targets
//! with their locations looked up. Or a [`Violation`]: then the decision counts as a fault and nothing of it happens.

use std::sync::Arc;
use std::time::Duration;

use node::{Challenge, Decision, Edit, HeaderEdit, Hook, Relay, Reply, ReplyDecision, Target, Until};
use sip::{Head, Message, Method};
use transaction::Timers;

use crate::bindings::exports::strowger::sip::on_adopt;
use crate::bindings::strowger::sip::types;
use crate::call::{Fault, Outcome};
use crate::context::Variables;
use crate::imports::Hosted;
use crate::ims_imports;
use crate::limits::{
    MAX_ADDRESS_OF_RECORD, MAX_BODY, MAX_CHALLENGES, MAX_EDITS, MAX_HEADER_NAME, MAX_HEADER_VALUE, MAX_REALM,
    MAX_REASON, MAX_RELAY_TIMEOUT, MAX_ROUTES, MAX_TARGETS, MAX_URI, MAX_VARIABLE, MAX_VARIABLE_NAME,
    MAX_VARIABLES,
};
use crate::stats::DecisionKind;

/// How a decision breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("more than {most} {what}")]
    TooMany { what: &'static str, most: usize },
    #[error("{what} is longer than {most} bytes")]
    TooLong { what: &'static str, most: usize },
    #[error("{what} holds a control character")]
    Control { what: &'static str },
    #[error("{what} is not a URI")]
    NotAUri { what: &'static str },
    #[error("{what} is empty")]
    Empty { what: &'static str },
    #[error("{what} is there twice")]
    Twice { what: &'static str },
    #[error("{what} must be from {least} to {most}, not {is}")]
    Range { what: &'static str, least: u16, most: u16, is: u16 },
    #[error("an edit cannot be made: {0}")]
    Edit(sip::EditError),
    #[error("{what} is not allowed here")]
    NotHere { what: &'static str },
    #[error("the attribute {tag} cannot be read, or means nothing")]
    Attribute { tag: u16 },
}

/// What edits are made to.
#[derive(Clone, Copy)]
enum Base<'a> {
    /// The message that the hook saw: its header fields can be named by their index.
    Seen(Head<'a>),
    /// The request, where the hook saw its best response: indexes would mean another message.
    RequestUnseen,
    /// An answer that is yet to be made: nothing in it has an index, and it has no Request-URI.
    Answer,
}

/// The decision of a request or failure hook.
pub(crate) fn decision(
    decision: types::Decision,
    message: &Message,
    hook: Hook,
    hosted: &mut Hosted,
) -> Result<(Outcome, DecisionKind), Violation> {
    let head = message.head();
    let (decision, kind) = match decision {
        types::Decision::Relay(relay) => {
            let base = if hook == Hook::Failure { Base::RequestUnseen } else { Base::Seen(head) };
            (Decision::Relay(self::relay(relay, base, hosted)?), DecisionKind::Relay)
        }
        types::Decision::Reply(reply) => {
            (Decision::Reply(self::reply(reply, Some(hosted))?), DecisionKind::Reply)
        }
        types::Decision::Challenge(challenge) => {
            (Decision::Challenge(self::challenge(challenge)?), DecisionKind::Challenge)
        }
        types::Decision::Next(edits) => {
            (Decision::Next(self::edits(edits, Base::Seen(head))?), DecisionKind::Next)
        }
        types::Decision::Drop if head.is_request() && head.method() == Method::Ack => {
            (Decision::Drop, DecisionKind::Drop)
        }
        types::Decision::Drop => return Err(Violation::NotHere { what: "drop of anything but ACK" }),
    };
    Ok((Outcome::Decision(decision), kind))
}

/// What a script makes of the variables of a dialog that it adopts: the dialog's from now on.
pub(crate) fn adopted(
    variables: Option<on_adopt::Variables>,
    hosted: &mut Hosted,
) -> Result<(Outcome, DecisionKind), Violation> {
    if let Some(list) = variables {
        hosted.effects_mut().dialog_variables = Some(Arc::new(self::variables(list)?));
    }
    Ok((Outcome::Done, DecisionKind::Done))
}

fn variables(list: on_adopt::Variables) -> Result<Variables, Violation> {
    const NAME: &str = "a variable's name";
    let mut all = Variables::default();
    if list.len() > MAX_VARIABLES {
        return Err(Violation::TooMany { what: "variables", most: MAX_VARIABLES });
    }
    for (name, value) in list {
        short(&name, MAX_VARIABLE_NAME, NAME)?;
        if name.is_empty() {
            return Err(Violation::Empty { what: NAME });
        }
        if all.get(&name).is_some() {
            return Err(Violation::Twice { what: NAME });
        }
        let too_long = |_| Violation::TooLong { what: "a variable with its name", most: MAX_VARIABLE };
        all.set(&name, Some(value.into())).map_err(too_long)?;
    }
    Ok(all)
}

/// The decision of a reply hook.
pub(crate) fn reply_decision(
    decision: types::ReplyDecision,
    message: &Message,
) -> Result<(Outcome, DecisionKind), Violation> {
    let head = message.head();
    let status = head.status();
    let (decision, kind) = match decision {
        types::ReplyDecision::Pass(edits) => {
            (ReplyDecision::Pass(self::edits(edits, Base::Seen(head))?), DecisionKind::Pass)
        }
        types::ReplyDecision::Replace(_)
            if (200..300).contains(&status)
                && head.cseq().is_ok_and(|cseq| cseq.method == Method::Invite) =>
        {
            return Err(Violation::NotHere { what: "replace of a 2xx to INVITE" });
        }
        types::ReplyDecision::Replace(reply) => {
            (ReplyDecision::Replace(self::reply(reply, None)?), DecisionKind::Replace)
        }
        types::ReplyDecision::Drop if (100..200).contains(&status) => {
            (ReplyDecision::Drop, DecisionKind::DropReply)
        }
        types::ReplyDecision::Drop => return Err(Violation::NotHere { what: "drop of a final response" }),
    };
    Ok((Outcome::Reply(decision), kind))
}

/// The script's own words, made fit for a log line and a Reason header field.
pub(crate) fn fault(fault: types::Fault) -> Fault {
    let mut reason = fault.reason;
    reason.truncate(reason.floor_char_boundary(MAX_REASON));
    if reason.chars().any(char::is_control) {
        reason = reason.replace(char::is_control, " ");
    }
    Fault { code: fault.code, reason: reason.into() }
}

fn relay(relay: types::Relay, base: Base<'_>, hosted: &mut Hosted) -> Result<Relay, Violation> {
    let targets_named = !relay.targets.is_empty();
    let timeout =
        (relay.timeout_ms > 0).then(|| Duration::from_millis(relay.timeout_ms.into()).min(MAX_RELAY_TIMEOUT));
    Ok(Relay {
        edits: edits(relay.edits, base)?,
        targets: targets(relay.targets, hosted)?,
        targets_named,
        record_route: relay.options.contains(types::RelayOptions::RECORD_ROUTE),
        ask_replies: relay.options.contains(types::RelayOptions::ASK_REPLIES),
        ask_failure: relay.options.contains(types::RelayOptions::ASK_FAILURE),
        ask_further: relay.attrs.iter().any(|attr| attr.tag == attribute::ASK_FURTHER),
        ask_failure_unless_heard: relay.attrs.iter().any(|attr| attr.tag == attribute::UNLESS_HEARD),
        timeout,
        until: until(&relay.attrs),
        returns_by: returns_by(&relay.attrs)?,
        vias: vias(&relay.attrs)?,
        served_user: served_user(&relay.attrs)?,
        timers: timers_of(&relay.attrs, attribute::TIMERS)?,
        server_timers: timers_of(&relay.attrs, attribute::SERVER_TIMERS)?,
    })
}

/// What else than a final response ends the time-out of a relay.
fn until(attrs: &[types::Attr]) -> Until {
    let has = |tag| attrs.iter().any(|attr| attr.tag == tag);
    match (has(attribute::UNTIL_TRYING), has(attribute::UNTIL_RESPONSE)) {
        (true, _) => Until::Trying,
        (false, true) => Until::Response,
        (false, false) => Until::Final,
    }
}

/// The user part of the Route by which a relay's request is to come back.
fn returns_by(attrs: &[types::Attr]) -> Result<Option<Box<str>>, Violation> {
    let Some(attr) = attrs.iter().find(|attr| attr.tag == attribute::RETURNS_BY) else { return Ok(None) };
    let wrong = Violation::Attribute { tag: attr.tag };
    match str::from_utf8(&attr.value) {
        Ok(token) if !token.is_empty() && token.len() <= MAX_URI => Ok(Some(token.into())),
        _ => Err(wrong),
    }
}

/// On whose behalf a relay's session passes.
fn served_user(attrs: &[types::Attr]) -> Result<Option<Box<str>>, Violation> {
    let Some(attr) = attrs.iter().find(|attr| attr.tag == attribute::SERVED_USER) else { return Ok(None) };
    match str::from_utf8(&attr.value) {
        Ok(user) if !user.is_empty() && user.len() <= MAX_ADDRESS_OF_RECORD => Ok(Some(user.into())),
        _ => Err(Violation::Attribute { tag: attr.tag }),
    }
}

/// Vias in the place of those received: each of them one (RFC 3261 §20.42).
fn vias(attrs: &[types::Attr]) -> Result<Option<Box<str>>, Violation> {
    let Some(attr) = attrs.iter().find(|attr| attr.tag == attribute::VIAS) else { return Ok(None) };
    const WRONG: Violation = Violation::Attribute { tag: attribute::VIAS };
    let text = String::from_utf8(attr.value.clone()).map_err(|_| WRONG)?;
    let are_vias = sip::elements(text.as_bytes()).all(|(_, via)| sip::Via::parse(via).is_ok());
    if text.is_empty() || !are_vias {
        return Err(WRONG);
    }
    line(text, MAX_HEADER_VALUE, "Vias").map(Some)
}

fn targets(targets: Vec<types::Target>, hosted: &mut Hosted) -> Result<Vec<Target>, Violation> {
    const TOO_MANY: Violation = Violation::TooMany { what: "targets", most: MAX_TARGETS };
    if targets.len() > MAX_TARGETS {
        return Err(TOO_MANY);
    }
    let mut out = Vec::with_capacity(targets.len());
    for target in targets {
        let route = route(target.route)?;
        let attributes = target_attributes(&target.attrs, hosted)?;
        match target.destination {
            types::Destination::Uri(text) => {
                if target.q > 1_000 {
                    return Err(Violation::Range { what: "q", least: 0, most: 1_000, is: target.q });
                }
                out.push(Target {
                    uri: uri(text, "a target")?,
                    route,
                    q: target.q,
                    flow: attributes.flow,
                    // A connection cannot be made anew from here; where a datagram went others can follow.
                    flow_only: attributes.flow.is_some_and(|flow| flow.connection != 0),
                    next_hop: attributes.next_hop,
                    timers: attributes.timers,
                });
            }
            types::Destination::Location(address_of_record) => {
                let what = "an address-of-record";
                short(&address_of_record, MAX_ADDRESS_OF_RECORD, what)?;
                let first = out.len();
                hosted.ask(|services, asking| services.targets(asking, &address_of_record, &mut out));
                // A script's Route goes before the Path of the binding: it is nearer.
                for found in &mut out[first..] {
                    found.timers = attributes.timers;
                    if !route.is_empty() {
                        found.route.splice(0..0, route.iter().cloned());
                    }
                }
            }
        }
        // Bindings beyond the bound are the registrar's doing, not the script's: the best ones stay.
        out.truncate(MAX_TARGETS);
    }
    Ok(out)
}

/// Numbers of attributes (`docs/attributes.md`).
mod attribute {
    pub(super) const CHALLENGE: u16 = 1;
    pub(super) const FLOW: u16 = 2;
    pub(super) const TIMERS: u16 = 3;
    pub(super) const UNTIL_RESPONSE: u16 = 4;
    pub(super) const NEXT_HOP: u16 = 6;
    pub(super) const UNTIL_TRYING: u16 = 7;
    pub(super) const RETURNS_BY: u16 = 8;
    pub(super) const VIAS: u16 = 9;
    pub(super) const SERVER_TIMERS: u16 = 10;
    pub(super) const UNLESS_HEARD: u16 = 11;
    pub(super) const SERVED_USER: u16 = 12;
    pub(super) const ASK_FURTHER: u16 = 13;
}

/// What the attributes of a target say.
#[derive(Default)]
struct TargetAttributes {
    flow: Option<sip::Flow>,
    next_hop: Option<Box<str>>,
    timers: Option<Timers>,
}

fn target_attributes(attrs: &[types::Attr], hosted: &mut Hosted) -> Result<TargetAttributes, Violation> {
    let mut attributes = TargetAttributes::default();
    for attr in attrs {
        let wrong = || Violation::Attribute { tag: attr.tag };
        match attr.tag {
            attribute::FLOW => {
                attributes.flow = Some(ims_imports::flow_of(hosted, &attr.value).map_err(|_| wrong())?);
            }
            attribute::NEXT_HOP => {
                let text = String::from_utf8(attr.value.clone()).map_err(|_| wrong())?;
                if !sip::Uri::parse(text.as_bytes()).is_ok_and(|uri| uri.is_sip()) {
                    return Err(wrong());
                }
                attributes.next_hop = Some(line(text, MAX_URI, "a next hop")?);
            }
            attribute::TIMERS => attributes.timers = Some(timers(&attr.value).ok_or_else(wrong)?),
            _ => {}
        }
    }
    Ok(attributes)
}

/// The timers that an attribute names, if it is there.
fn timers_of(attrs: &[types::Attr], tag: u16) -> Result<Option<Timers>, Violation> {
    let Some(attr) = attrs.iter().find(|attr| attr.tag == tag) else { return Ok(None) };
    timers(&attr.value).map(Some).ok_or(Violation::Attribute { tag })
}

/// T1, T2 and T4 in ms, 32 bits each, little endian.
fn timers(value: &[u8]) -> Option<Timers> {
    let (numbers, []) = value.as_chunks::<4>() else { return None };
    let [t1, t2, t4] = *numbers else { return None };
    let [t1, t2, t4] = [t1, t2, t4].map(|number| Duration::from_millis(u32::from_le_bytes(number).into()));
    let is_fit = (50..=10_000).contains(&t1.as_millis()) && t1 <= t2 && t2 <= MAX_T && t4 <= MAX_T;
    is_fit.then(|| Timers::new(t1, t2, t4))
}

/// Longest T2 and T4.
const MAX_T: Duration = Duration::from_secs(60);

fn route(route: Vec<String>) -> Result<Vec<Box<str>>, Violation> {
    const WHAT: &str = "a Route value";
    if route.len() > MAX_ROUTES {
        return Err(Violation::TooMany { what: "Route values", most: MAX_ROUTES });
    }
    let value = |value: String| {
        if value.is_empty() {
            return Err(Violation::Empty { what: WHAT });
        }
        line(value, MAX_URI, WHAT)
    };
    route.into_iter().map(value).collect()
}

/// `hosted`: where a challenge may be named.
fn reply(reply: types::Reply, hosted: Option<&mut Hosted>) -> Result<Reply, Violation> {
    let mut made = edits(reply.edits, Base::Answer)?;
    if let Some(attr) = reply.attrs.iter().find(|attr| attr.tag == attribute::CHALLENGE) {
        const UNKNOWN: Violation = Violation::Attribute { tag: attribute::CHALLENGE };
        let number = attr.value.as_slice().try_into().map(u64::from_le_bytes).map_err(|_| UNKNOWN)?;
        let value = hosted.and_then(|hosted| hosted.ask(|services, _| services.challenge_value(number)));
        let value = value.ok_or(UNKNOWN)?.into_boxed_slice();
        made.push(Edit::Append(HeaderEdit { id: sip::HeaderId::WWW_AUTHENTICATE, name: "".into(), value }));
    }
    Ok(Reply {
        status: status(reply.status)?,
        reason: line(reply.reason, MAX_REASON, "a reason phrase")?,
        edits: made,
        stateless: reply.options.contains(types::ReplyOptions::STATELESS),
        server_timers: timers_of(&reply.attrs, attribute::SERVER_TIMERS)?,
    })
}

fn challenge(challenge: types::Challenge) -> Result<Challenge, Violation> {
    let algorithms = challenge.algorithms;
    if algorithms.is_empty() {
        return Err(Violation::Empty { what: "the list of digest algorithms" });
    }
    if algorithms.len() > MAX_CHALLENGES {
        return Err(Violation::TooMany { what: "digest algorithms", most: MAX_CHALLENGES });
    }
    let algorithm = |algorithm| match algorithm {
        types::DigestAlgorithm::Md5 => auth::Algorithm::Md5,
        types::DigestAlgorithm::Sha256 => auth::Algorithm::Sha256,
        types::DigestAlgorithm::Sha512256 => auth::Algorithm::Sha512_256,
    };
    Ok(Challenge {
        proxy: challenge.kind == types::ChallengeKind::Proxy,
        realm: line(challenge.realm, MAX_REALM, "a realm")?,
        algorithms: algorithms.into_iter().map(algorithm).collect(),
        stale: challenge.stale,
        edits: edits(challenge.edits, Base::Answer)?,
    })
}

fn edits(list: Vec<types::Edit>, base: Base<'_>) -> Result<Vec<Edit>, Violation> {
    if list.len() > MAX_EDITS {
        return Err(Violation::TooMany { what: "edits", most: MAX_EDITS });
    }
    list.into_iter().map(|edit| self::edit(edit, base)).collect()
}

fn edit(edit: types::Edit, base: Base<'_>) -> Result<Edit, Violation> {
    const VALUE: &str = "a header field value";
    let edit = match edit {
        types::Edit::Append(header) => Edit::Append(self::header(header)?),
        types::Edit::Prepend(header) => Edit::Prepend(self::header(header)?),
        types::Edit::Replace((index, value)) => {
            Edit::Replace { index, value: line(value, MAX_HEADER_VALUE, VALUE)?.into_boxed_bytes() }
        }
        types::Edit::Remove(index) => Edit::Remove { index },
        types::Edit::RemoveAll(header) => {
            let header = self::header(types::Header { value: String::new(), ..header })?;
            Edit::RemoveAll(header.id, header.name)
        }
        types::Edit::SetRequestUri(uri) => {
            let of_request = match base {
                Base::Seen(head) => head.is_request(),
                Base::RequestUnseen => true,
                Base::Answer => false,
            };
            if !of_request {
                return Err(Violation::NotHere { what: "a Request-URI in a response" });
            }
            Edit::SetRequestUri(line(uri, MAX_URI, "the Request-URI")?)
        }
        types::Edit::SetBody(body) => {
            short(&body.content, MAX_BODY, "a body")?;
            let content_type = line(body.content_type, MAX_HEADER_VALUE, "a content type")?;
            Edit::SetBody { content_type, content: body.content.into() }
        }
    };
    match base {
        Base::Seen(head) => edit.check_in(head),
        Base::RequestUnseen | Base::Answer => edit.check(0),
    }
    .map_err(Violation::Edit)?;
    Ok(edit)
}

fn header(header: types::Header) -> Result<HeaderEdit, Violation> {
    Ok(HeaderEdit {
        id: sip::HeaderId(header.id),
        name: line(header.name, MAX_HEADER_NAME, "a header field name")?,
        value: line(header.value, MAX_HEADER_VALUE, "a header field value")?.into_boxed_bytes(),
    })
}

fn status(status: u16) -> Result<u16, Violation> {
    if (100..=699).contains(&status) {
        Ok(status)
    } else {
        Err(Violation::Range { what: "a status", least: 100, most: 699, is: status })
    }
}

fn uri(text: String, what: &'static str) -> Result<Box<str>, Violation> {
    let text = line(text, MAX_URI, what)?;
    sip::Uri::parse(text.as_bytes()).map_err(|_| Violation::NotAUri { what })?;
    Ok(text)
}

/// Text that can stand on a line: no control character but a tab, and no longer than its bound.
fn line(text: String, most: usize, what: &'static str) -> Result<Box<str>, Violation> {
    short(&text, most, what)?;
    if text.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
        return Err(Violation::Control { what });
    }
    Ok(text.into())
}

fn short(bytes: impl AsRef<[u8]>, most: usize, what: &'static str) -> Result<(), Violation> {
    if bytes.as_ref().len() > most { Err(Violation::TooLong { what, most }) } else { Ok(()) }
}
