//! A REGISTER as a registrar reads it (RFC 3261 §10.3 items 5 to 7, §20.10, §20.19; RFC 3327 §5.3; RFC 5626 §6).
//!
//! In: a request's head, where it came from, the time. Out: [`Register`], all of it read and bounded. Pure. What it does
//! to bindings is `contacts.rs`.

use std::borrow::Cow;

use sip::bounds::MAX_PARAMS;
use sip::{Contact, Flow, Head, HeaderId, NameAddr, Uri};
use smallvec::SmallVec;

use crate::contacts::Refusal;

/// An address-of-record's bound in bytes.
pub const MAX_AOR: usize = 512;

/// The bound of what one Contact and the Path take together, in bytes.
pub const MAX_BINDING: usize = 4096;

/// Contact values in one REGISTER.
pub const MAX_CONTACTS: usize = 32;

/// Parameters of a Contact in the answer that are written anew: q and expires.
const ADDED_PARAMS: usize = 2;

/// A REGISTER, read.
pub(crate) struct Register<'a> {
    pub(crate) call_id: &'a str,
    pub(crate) cseq: u32,
    /// Path values joined with line feeds, as `packed.rs` keeps them.
    pub(crate) path: String,
    pub(crate) flow: Flow,
    pub(crate) now_ms: u64,
    pub(crate) wishes: Wishes<'a>,
}

/// What the Contact header fields ask.
pub(crate) enum Wishes<'a> {
    /// There is none: it only asks.
    None,
    /// `*` and `Expires: 0`.
    RemoveAll,
    /// At least one.
    Contacts(SmallVec<[Wish<'a>; 2]>),
}

/// One Contact.
pub(crate) struct Wish<'a> {
    pub(crate) uri: Uri<'a>,
    pub(crate) uri_text: &'a str,
    /// All but q and expires, as they came.
    pub(crate) parameters: String,
    pub(crate) q: Option<u16>,
    /// Seconds, from the parameter or the header field; `None`: the registrar's choice.
    pub(crate) expires: Option<u32>,
    /// Bind a flow (RFC 5626 §6): this instance and reg-id.
    pub(crate) outbound: Option<FlowName<'a>>,
}

/// What names a binding of RFC 5626.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlowName<'a> {
    pub(crate) instance: &'a str,
    pub(crate) reg_id: u32,
}

impl<'a> FlowName<'a> {
    /// From a Contact's parameters as text.
    pub(crate) fn of(parameters: &'a str) -> Option<FlowName<'a>> {
        let params = sip::Params::parse(parameters.as_bytes()).ok()?;
        FlowName::read(params.value("+sip.instance")?, params.value("reg-id")?)
    }

    fn read(instance: &'a [u8], reg_id: &[u8]) -> Option<FlowName<'a>> {
        let reg_id = std::str::from_utf8(reg_id).ok()?.parse().ok().filter(|id| *id > 0)?;
        Some(FlowName { instance: std::str::from_utf8(instance).ok()?, reg_id })
    }
}

/// Reads a REGISTER.
pub(crate) fn read<'a>(head: Head<'a>, flow: Flow, now_ms: u64) -> Result<Register<'a>, Refusal> {
    let call_id = head.call_id().ok().and_then(text).ok_or(Refusal::Malformed)?;
    let cseq = head.cseq().map_err(|_| Refusal::Malformed)?.number;
    let expires = head.header(HeaderId::EXPIRES).map(seconds);
    let (path, first_path_is_outbound) = read_path(head)?;
    // RFC 5626 §6: the first hop keeps flows if it said so in its Path, or if it is we
    let keeps_flows = head.has_option_tag(HeaderId::SUPPORTED, "outbound")
        && first_path_is_outbound.unwrap_or_else(|| head.values(HeaderId::VIA).take(2).count() == 1);

    let mut star = false;
    let mut contacts = SmallVec::new();
    for contact in head.contacts() {
        match contact.map_err(|_| Refusal::Malformed)? {
            Contact::Star => star = true,
            Contact::Address(_) if contacts.len() == MAX_CONTACTS => return Err(Refusal::Malformed),
            Contact::Address(address) => contacts.push(read_contact(address, expires, keeps_flows)?),
        }
    }
    let wishes = match (star, contacts.is_empty()) {
        // §10.3 item 6
        (true, true) if expires == Some(0) => Wishes::RemoveAll,
        (true, _) => return Err(Refusal::Malformed),
        (false, true) => Wishes::None,
        (false, false) => Wishes::Contacts(contacts),
    };
    if let Wishes::Contacts(contacts) = &wishes {
        let flows = contacts.iter().filter(|c| c.outbound.is_some() && c.expires != Some(0)).count();
        // RFC 5626 §6: a request that binds a flow binds nothing else
        if flows > 0 && contacts.iter().filter(|c| c.expires != Some(0)).count() > 1 {
            return Err(Refusal::Malformed);
        }
        let longest = contacts.iter().map(|c| c.uri_text.len() + c.parameters.len()).max().unwrap_or(0);
        if longest + path.len() + call_id.len() > MAX_BINDING {
            return Err(Refusal::Malformed);
        }
    }
    Ok(Register { call_id, cseq, path, flow, now_ms, wishes })
}

/// Path values, and whether the first hop's (the lowest one's) URI has `ob`.
fn read_path(head: Head<'_>) -> Result<(String, Option<bool>), Refusal> {
    let mut path = String::new();
    let mut outbound = None;
    for value in head.values(HeaderId::PATH) {
        let address = NameAddr::parse(value.bytes).map_err(|_| Refusal::Malformed)?;
        let uri = address.uri().map_err(|_| Refusal::Malformed)?;
        outbound = Some(uri.param("ob").is_some());
        if !path.is_empty() {
            path.push('\n');
        }
        path.push_str(&line(value.bytes)?);
    }
    Ok((path, outbound))
}

fn read_contact<'a>(
    address: NameAddr<'a>,
    header_expires: Option<u32>,
    keeps_flows: bool,
) -> Result<Wish<'a>, Refusal> {
    let uri = address.uri().map_err(|_| Refusal::Malformed)?;
    let uri_text = text(address.uri_bytes).ok_or(Refusal::Malformed)?;
    let mut parameters = String::new();
    let (mut instance, mut reg_id) = (None, None);
    let mut count = ADDED_PARAMS;
    for param in address.params {
        if param.is("q") || param.is("expires") {
            continue;
        }
        count += 1;
        if param.is("+sip.instance") {
            instance = param.value;
        } else if param.is("reg-id") {
            reg_id = param.value;
        }
        parameters.push(';');
        parameters.push_str(text(param.name).ok_or(Refusal::Malformed)?);
        if let Some(value) = param.value {
            parameters.push('=');
            parameters.push_str(&line(value)?);
        }
    }
    // what the answer says of it could not be read
    if count > MAX_PARAMS {
        return Err(Refusal::Malformed);
    }
    let outbound = match (keeps_flows, instance, reg_id) {
        (true, Some(instance), Some(reg_id)) => {
            Some(FlowName::read(instance, reg_id).ok_or(Refusal::Malformed)?)
        }
        _ => None,
    };
    let q = match address.params.get("q") {
        None => None,
        Some(_) => Some(address.q().ok_or(Refusal::Malformed)?),
    };
    let expires = match address.params.value("expires") {
        None => header_expires,
        Some(digits) => Some(seconds(digits)),
    };
    Ok(Wish { uri, uri_text, parameters, q, expires, outbound })
}

/// The expiry that a parameter or header field asks for. A number of any length is one: longer than we can count is as
/// long as we can count (§20.10). What is none counts as one hour (§10.2.1.1; RFC 4475 §3.1.2.4).
fn seconds(digits: &[u8]) -> u32 {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return 3600;
    }
    digits.iter().fold(0, |sum: u32, digit| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0')))
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// One line of text: folds taken out.
fn line(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    match sip::unfold(bytes) {
        Cow::Borrowed(bytes) => text(bytes).map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
    .filter(|line| !line.contains(['\r', '\n']))
    .ok_or(Refusal::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_has_room_for_what_its_answer_adds() {
        for (params, is_read) in [(MAX_PARAMS - ADDED_PARAMS, true), (MAX_PARAMS - ADDED_PARAMS + 1, false)] {
            let value = format!("<sip:a@b>;q=0.5;expires=60{}", ";p".repeat(params));
            // q and expires count for the parser
            let value = if is_read { value } else { value.replace(";q=0.5", "") };
            let address = NameAddr::parse(value.as_bytes()).expect("no more parameters than there may be");
            let read = read_contact(address, None, false);
            assert_eq!(read.is_ok(), is_read, "{params} parameters");
        }
    }
}
