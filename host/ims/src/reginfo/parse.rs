//! From XML to registration information (RFC 3680 §5, RFC 5628 §5).
//!
//! In: the document. Out: [`Reginfo`]. Elements and attributes of other namespaces are passed over.

use super::{
    Contact, ContactState, DisplayName, DocumentState, Event, Reginfo, ReginfoError, Registration,
    RegistrationState, TemporaryGruu,
};
use crate::bounds::{MAX_CONTACTS, MAX_REGISTRATIONS};
use crate::q;
use crate::xml::{self, Element};

type Result<T> = std::result::Result<T, ReginfoError>;

pub(super) fn reginfo(body: &[u8]) -> Result<Reginfo> {
    let root = xml::parse(body)?;
    if root.name != "reginfo" {
        return Err(ReginfoError::Root { offset: root.offset });
    }
    let states = [("full", DocumentState::Full), ("partial", DocumentState::Partial)];
    Ok(Reginfo {
        version: required_number(&root, "version")?,
        state: one_of(&root, "state", &states)?,
        registrations: list(&root, "registration", "registrations", MAX_REGISTRATIONS, registration)?,
    })
}

fn registration(element: &Element) -> Result<Registration> {
    let states = [RegistrationState::Init, RegistrationState::Active, RegistrationState::Terminated];
    Ok(Registration {
        aor: attribute(element, "aor")?.to_owned(),
        id: attribute(element, "id")?.to_owned(),
        state: one_of(element, "state", &states.map(|state| (state.as_str(), state)))?,
        contacts: list(element, "contact", "contacts", MAX_CONTACTS, contact)?,
    })
}

fn contact(element: &Element) -> Result<Contact> {
    let states = [("active", ContactState::Active), ("terminated", ContactState::Terminated)];
    let uri = element.child("uri").ok_or(ReginfoError::Missing { what: "uri", offset: element.offset })?;
    let q = match element.attribute("q") {
        Some(value) => Some(q::parse(xml::trim(value)).ok_or(wrong(element, "q"))?),
        None => None,
    };
    let public_gruu = element.child("pub-gruu");
    let temporary_gruu = element.child("temp-gruu");
    Ok(Contact {
        id: attribute(element, "id")?.to_owned(),
        state: one_of(element, "state", &states)?,
        event: one_of(element, "event", &Event::ALL.map(|event| (event.as_str(), event)))?,
        duration_registered: number(element, "duration-registered")?,
        expires: number(element, "expires")?,
        retry_after: number(element, "retry-after")?,
        q,
        call_id: element.attribute("callid").map(str::to_owned),
        cseq: number(element, "cseq")?,
        uri: uri.text().to_owned(),
        display_name: element.child("display-name").map(|name| DisplayName {
            text: name.raw_text().to_owned(),
            language: name.attribute("xml:lang").map(str::to_owned),
        }),
        unknown_params: list(element, "unknown-param", "unknown parameters", MAX_CONTACTS, |param| {
            Ok((attribute(param, "name")?.to_owned(), param.raw_text().to_owned()))
        })?,
        public_gruu: public_gruu.map(|gruu| attribute(gruu, "uri").map(str::to_owned)).transpose()?,
        temporary_gruu: temporary_gruu.map(gruu).transpose()?,
    })
}

fn gruu(element: &Element) -> Result<TemporaryGruu> {
    let uri = attribute(element, "uri")?.to_owned();
    Ok(TemporaryGruu { uri, first_cseq: required_number(element, "first-cseq")? })
}

fn wrong(element: &Element, what: &'static str) -> ReginfoError {
    ReginfoError::Value { what, offset: element.offset }
}

fn attribute<'e>(element: &'e Element, name: &'static str) -> Result<&'e str> {
    element.attribute(name).ok_or(ReginfoError::Missing { what: name, offset: element.offset })
}

fn number<T: std::str::FromStr>(element: &Element, name: &'static str) -> Result<Option<T>> {
    let Some(value) = element.attribute(name) else { return Ok(None) };
    let digits = xml::trim(value);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { digits.parse().ok() } else { None };
    number.map(Some).ok_or(wrong(element, name))
}

fn required_number(element: &Element, name: &'static str) -> Result<u32> {
    number(element, name)?.ok_or(ReginfoError::Missing { what: name, offset: element.offset })
}

fn one_of<T: Copy>(element: &Element, name: &'static str, all: &[(&str, T)]) -> Result<T> {
    let value = xml::trim(attribute(element, name)?);
    all.iter().find(|(word, _)| *word == value).map(|(_, found)| *found).ok_or(wrong(element, name))
}

fn list<T>(
    element: &Element,
    name: &str,
    what: &'static str,
    limit: usize,
    read: impl Fn(&Element) -> Result<T>,
) -> Result<Vec<T>> {
    element.list(name, limit, |offset| ReginfoError::TooMany { what, limit, offset }, read)
}
