//! One condition of a filter criterion in words (TS 29.228 §B.2.3, Service Point Trigger).
//!
//! ```text
//!   [not] method REGISTER [initial] [re-registration] [de-registration]
//!   [not] method INVITE
//!   [not] case originating | terminating | terminating-unregistered | originating-unregistered | diverted
//!   [not] uri  PATTERN             the Request-URI
//!   [not] header NAME [PATTERN]    a header field; without a pattern it is enough that it is there
//!   [not] sdp LINE [PATTERN]       a line of the session description, by its letter
//! ```
//! Patterns are extended regular expressions of IEEE 1003.1 and go on to the end of the text. In: a text. Out: a
//! [`ServicePointTrigger`] without groups, or what is wrong with it.

use std::fmt;

use ims::service_profile::{RegistrationType, ServicePointTrigger, SessionCase, What};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

/// One condition, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOrMore(pub Vec<String>);

impl Serialize for OneOrMore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let [one] = self.0.as_slice() {
            return serializer.serialize_str(one);
        }
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|text| list.serialize_element(text))?;
        list.end()
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMore, D::Error> {
        deserializer.deserialize_any(TextOrList)
    }
}

struct TextOrList;

impl<'de> Visitor<'de> for TextOrList {
    type Value = OneOrMore;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a condition in quotes or a list of them")
    }

    fn visit_str<E>(self, text: &str) -> Result<OneOrMore, E> {
        Ok(OneOrMore(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMore, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        Ok(OneOrMore(texts))
    }
}

/// Reads a condition.
pub(super) fn parse(text: &str) -> Result<ServicePointTrigger, &'static str> {
    let (first, rest) = word(text);
    let (is_negated, keyword, rest) = match first {
        "not" => {
            let (keyword, rest) = word(rest);
            (true, keyword, rest)
        }
        keyword => (false, keyword, rest),
    };
    let mut registration_types = Vec::new();
    let what = match keyword {
        "method" => {
            let (method, rest) = word(rest);
            registration_types = registrations(method, rest)?;
            What::Method(named(method, "expected a method behind method")?)
        }
        "case" => What::SessionCase(session_case(rest)?),
        "uri" => What::RequestUri(named(rest, "expected a pattern behind uri")?),
        "header" => {
            let (header, content) = word(rest);
            let header = named(header, "expected the name of a header field behind header")?;
            What::SipHeader { header, content: optional(content) }
        }
        "sdp" => {
            let (line, content) = word(rest);
            let line = named(line, "expected the letter of a line behind sdp")?;
            What::SessionDescription { line, content: optional(content) }
        }
        _ => return Err("expected method, case, uri, header or sdp, with or without not in front"),
    };
    Ok(ServicePointTrigger { is_negated, groups: Vec::new(), what, registration_types })
}

/// The first word and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

fn named(text: &str, expected: &'static str) -> Result<String, &'static str> {
    if text.is_empty() { Err(expected) } else { Ok(text.to_owned()) }
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn registrations(method: &str, rest: &str) -> Result<Vec<RegistrationType>, &'static str> {
    if !rest.is_empty() && method != "REGISTER" {
        return Err("expected nothing behind the method, unless it is REGISTER");
    }
    let each = rest.split_whitespace().map(|kind| match kind {
        "initial" => Ok(RegistrationType::Initial),
        "re-registration" => Ok(RegistrationType::ReRegistration),
        "de-registration" => Ok(RegistrationType::DeRegistration),
        _ => Err("expected initial, re-registration or de-registration behind REGISTER"),
    });
    each.collect()
}

fn session_case(text: &str) -> Result<SessionCase, &'static str> {
    match text {
        "originating" => Ok(SessionCase::OriginatingRegistered),
        "terminating" => Ok(SessionCase::TerminatingRegistered),
        "terminating-unregistered" => Ok(SessionCase::TerminatingUnregistered),
        "originating-unregistered" => Ok(SessionCase::OriginatingUnregistered),
        "diverted" => Ok(SessionCase::OriginatingCdiv),
        _ => Err(
            "expected originating, terminating, terminating-unregistered, originating-unregistered or diverted",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_in_words() {
        let rows = [
            ("method INVITE", What::Method("INVITE".into()), false),
            ("not  method\tSUBSCRIBE ", What::Method("SUBSCRIBE".into()), true),
            ("case diverted", What::SessionCase(SessionCase::OriginatingCdiv), false),
            ("uri ^tel:.* x", What::RequestUri("^tel:.* x".into()), false),
            ("header Event", What::SipHeader { header: "Event".into(), content: None }, false),
            (
                "header Event reg|dialog",
                What::SipHeader { header: "Event".into(), content: Some("reg|dialog".into()) },
                false,
            ),
            (
                "not sdp m ^video",
                What::SessionDescription { line: "m".into(), content: Some("^video".into()) },
                true,
            ),
        ];
        for (text, what, is_negated) in rows {
            let parsed = parse(text).unwrap();
            assert_eq!((parsed.what, parsed.is_negated), (what, is_negated), "{text}");
        }
        let register = parse("method REGISTER initial de-registration").unwrap();
        assert_eq!(
            register.registration_types,
            [RegistrationType::Initial, RegistrationType::DeRegistration]
        );
    }

    #[test]
    fn what_is_no_condition() {
        for text in [
            "",
            "not",
            "method",
            "method INVITE initial",
            "method REGISTER first",
            "case",
            "case orig",
            "uri",
            "header",
            "sdp",
            "INVITE",
            "not not method INVITE",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
