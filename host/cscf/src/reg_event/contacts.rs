//! Contacts as documents of the reg event package have them (RFC 3680 §5.3; TS 24.229 §5.4.2.1.2).
//!
//! In: the public identities of a set, its bindings, what has become of each. Out: a registration for each identity. Not here:
//! who is told.

use ims::reginfo::{Contact, Event, Registration, RegistrationState};
use sip::Uri;

/// A contact for a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound<'a> {
    /// The contact URI.
    pub uri: &'a str,
    /// Preference in thousandths.
    pub q: u16,
    /// Seconds left.
    pub expires: u32,
    /// Call-ID of its REGISTER.
    pub call_id: &'a str,
    /// CSeq of that REGISTER.
    pub cseq: u32,
    /// All its parameters but q and expires, as they came; begins with `;` or is empty.
    pub parameters: &'a str,
}

/// The registrations of a set (TS 24.229 §5.4.2.1.2: one for each public identity that is not barred), each with these
/// contacts; `event`: what happened to a contact, `registered` where nothing is said. `state`: after it. `explicit`: the
/// identity that was registered, where that is known; for all others of the set, which are so implicitly, a contact is
/// not `registered` but `created` (TS 24.229 §5.4.2.1.2; RFC 3680 §3.2).
#[must_use]
pub fn registrations(
    identities: &[&str],
    contacts: &[(Bound<'_>, Event)],
    state: RegistrationState,
    explicit: Option<&str>,
) -> Vec<Registration> {
    let contact = |identity: &str, (bound, event): &(Bound<'_>, Event)| {
        // The same contact of another identity is another row (RFC 3680 §5.3: no two have the same id).
        let id = id(&[identity, "\n", bound.uri].concat());
        let is_implicit = explicit.is_some_and(|explicit| explicit != identity);
        let event = match event {
            Event::Registered if is_implicit => Event::Created,
            event => *event,
        };
        let mut contact = Contact::new(id, event, bound.uri);
        contact.expires = Some(u64::from(bound.expires));
        contact.q = (bound.q != 1000).then_some(bound.q);
        contact.call_id = (!bound.call_id.is_empty()).then(|| bound.call_id.to_owned());
        contact.cseq = (bound.cseq != 0).then_some(bound.cseq);
        contact.unknown_params = parameters(bound.parameters);
        contact
    };
    let registration = |identity: &&str| Registration {
        aor: (*identity).to_owned(),
        id: id(identity),
        state,
        contacts: contacts.iter().map(|one| contact(identity, one)).collect(),
    };
    identities.iter().map(registration).collect()
}

fn parameters(text: &str) -> Vec<(String, String)> {
    let Ok(params) = sip::Params::parse(text.as_bytes()) else { return Vec::new() };
    let pair = |param: sip::Param<'_>| {
        let name = String::from_utf8_lossy(param.name).into_owned();
        (
            name,
            param
                .value
                .map(|value| String::from_utf8_lossy(&sip::unquote(value)).into_owned())
                .unwrap_or_default(),
        )
    };
    params.into_iter().map(pair).collect()
}

/// The same text has the same id in every document (RFC 3680 §5.3): a hash that is written with letters first, for an XML
/// id begins with one.
fn id(text: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("r{hash:016x}")
}

/// Whether a Contact names this URI (RFC 3261 §19.1.4).
#[must_use]
pub fn is_same_contact(one: &str, other: &str) -> bool {
    match (Uri::parse(one.as_bytes()), Uri::parse(other.as_bytes())) {
        (Ok(one), Ok(other)) => one.equivalent(&other),
        _ => one == other,
    }
}
