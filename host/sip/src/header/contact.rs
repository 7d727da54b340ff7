//! `Contact` (RFC 3261 §20.10): where later requests go, or what a REGISTER binds.
//!
//! In: one list element. Out: [`Contact`]. What a registrar does with it is `strowger-storage`'s.

use super::name_addr::NameAddr;
use crate::HeaderError;

/// One Contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contact<'a> {
    /// `*`: all bindings, in a REGISTER that removes them (§10.2.2).
    Star,
    /// An address with `q`, `expires` and feature parameters.
    Address(NameAddr<'a>),
}

impl<'a> Contact<'a> {
    /// Reads one list element.
    ///
    /// # Errors
    /// As [`NameAddr::parse`].
    pub fn parse(value: &'a [u8]) -> Result<Contact<'a>, HeaderError> {
        if value == b"*" { Ok(Contact::Star) } else { NameAddr::parse(value).map(Contact::Address) }
    }

    /// The address, unless it is `*`.
    #[must_use]
    pub fn address(&self) -> Option<NameAddr<'a>> {
        match self {
            Contact::Star => None,
            Contact::Address(address) => Some(*address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_or_an_address() {
        assert_eq!(Contact::parse(b"*"), Ok(Contact::Star));
        let contact = Contact::parse(b"<sip:a@b>;+sip.instance=\"<urn:uuid:1>\";reg-id=1").unwrap();
        let address = contact.address().unwrap();
        assert_eq!(address.param("+SIP.instance"), Some(Some(&b"\"<urn:uuid:1>\""[..])));
        assert_eq!(address.param("reg-id"), Some(Some(&b"1"[..])));
        assert!(Contact::parse(b"*;expires=0").is_ok_and(|contact| contact != Contact::Star));
    }
}
