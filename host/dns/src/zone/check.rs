//! Whether a zone can be one.
//!
//! In: an [`ImsZone`]. Out: the first thing that is wrong. What has passed prints and parses.

use std::collections::BTreeSet;

use super::{Element, ImsZone, MAX_ELEMENTS, MAX_NUMBERS, MAX_PER_ELEMENT, MAX_TTL, Number};
use crate::records::NAME_SERVER;

/// Bytes of a name without its final dot (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;

/// Bytes of a label.
const MAX_LABEL: usize = 63;

/// Bytes of a suffix or domain that leave room for the longest that stands before it: a label and a service, or the
/// digits of a number.
const MAX_DOMAIN: usize = MAX_NAME - MAX_LABEL - "._diameters._tcp.".len();

/// Bytes of a string in a record (RFC 1035 §3.3).
const MAX_STRING: usize = 255;

/// Digits of a number (E.164 §6.1).
const MAX_DIGITS: usize = 15;

/// Why a zone cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// Letters, digits, hyphens and underscores between dots, and not too long.
    #[error("{domain:?} is no domain name that a zone can have")]
    Domain {
        /// The domain.
        domain: String,
    },
    /// The numbers' tree has to lie outside of the domain.
    #[error("the numbers' {suffix} lies in {domain}")]
    Overlap {
        /// The numbers' tree.
        suffix: String,
        /// The domain.
        domain: String,
    },
    /// Nobody could ask.
    #[error("no address of the name server")]
    NoNameServer,
    /// A host's name is one label.
    #[error("{host:?} is no host's name")]
    Host {
        /// The name.
        host: String,
    },
    /// Two hosts of one name, or one of the name server's.
    #[error("{host} is there twice")]
    HostTwice {
        /// The name.
        host: String,
    },
    /// A host without an address.
    #[error("{host} has no address")]
    NoAddress {
        /// The host.
        host: String,
    },
    /// `+` and 1 to 15 digits.
    #[error("{number:?} is no telephone number")]
    Number {
        /// The number.
        number: String,
    },
    /// A number that is there twice.
    #[error("{number} is there twice")]
    NumberTwice {
        /// The number.
        number: String,
    },
    /// A SIP URI that fits into a record.
    #[error("{uri:?} is no URI that a number can be called as")]
    Uri {
        /// The URI.
        uri: String,
    },
    /// One to [`MAX_TTL`] seconds.
    #[error("answers cannot be kept for {seconds} seconds")]
    Ttl {
        /// How long.
        seconds: u64,
    },
    /// More of something than there may be.
    #[error("more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The bound.
        most: usize,
    },
}

impl ImsZone {
    /// Whether it can be served and printed.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), ZoneError> {
        for domain in [&self.domain, &self.number_suffix] {
            if !is_domain(domain) {
                return Err(ZoneError::Domain { domain: domain.clone() });
            }
        }
        if is_within(&self.number_suffix, &self.domain) || is_within(&self.domain, &self.number_suffix) {
            return Err(ZoneError::Overlap {
                suffix: self.number_suffix.clone(),
                domain: self.domain.clone(),
            });
        }
        if self.name_servers.is_empty() {
            return Err(ZoneError::NoNameServer);
        }
        let seconds = self.ttl.as_secs();
        if !(1..=u64::from(MAX_TTL)).contains(&seconds) {
            return Err(ZoneError::Ttl { seconds });
        }
        bound("name servers", self.name_servers.len(), MAX_PER_ELEMENT)?;
        bound("elements", self.elements.len(), MAX_ELEMENTS)?;
        bound("numbers", self.numbers.len(), MAX_NUMBERS)?;
        let mut hosts = BTreeSet::from([NAME_SERVER.to_owned()]);
        for element in &self.elements {
            element.check()?;
            let is_role = |role: &super::Role| element.host.eq_ignore_ascii_case(role.label());
            // a role's name leads to the hosts of that role and to no other
            let is_taken = super::Role::ALL.iter().any(|role| is_role(role) && *role != element.role);
            if is_taken || !hosts.insert(element.host.to_ascii_lowercase()) {
                return Err(ZoneError::HostTwice { host: element.host.clone() });
            }
        }
        let mut numbers = BTreeSet::new();
        for number in &self.numbers {
            number.check()?;
            if !numbers.insert(&number.number) {
                return Err(ZoneError::NumberTwice { number: number.number.clone() });
            }
        }
        Ok(())
    }
}

impl Element {
    fn check(&self) -> Result<(), ZoneError> {
        if !is_label(&self.host) {
            return Err(ZoneError::Host { host: self.host.clone() });
        }
        if self.addresses.is_empty() {
            return Err(ZoneError::NoAddress { host: self.host.clone() });
        }
        bound("addresses of a host", self.addresses.len(), MAX_PER_ELEMENT)?;
        bound("services of a host", self.services.len(), MAX_PER_ELEMENT)
    }
}

impl Number {
    /// The digits.
    pub(crate) fn digits(&self) -> &str {
        self.number.strip_prefix('+').unwrap_or_default()
    }

    /// What its NAPTR record says (RFC 6116 §3.2): the whole number becomes the URI.
    pub(crate) fn regexp(&self) -> String {
        format!("!^.*$!{}!", self.uri)
    }

    fn check(&self) -> Result<(), ZoneError> {
        let digits = self.digits();
        if !(1..=MAX_DIGITS).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ZoneError::Number { number: self.number.clone() });
        }
        let is_sip = ["sip:", "sips:"].iter().any(|scheme| {
            let start = self.uri.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme)) && self.uri.len() > scheme.len()
        });
        // what means something to the expression or to the zone file is no part of a URI that would be left as it is
        let is_plain = self.uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"!\"\\".contains(&byte));
        if !is_sip || !is_plain || self.regexp().len() > MAX_STRING {
            return Err(ZoneError::Uri { uri: self.uri.clone() });
        }
        Ok(())
    }
}

fn bound(what: &'static str, count: usize, most: usize) -> Result<(), ZoneError> {
    if count > most { Err(ZoneError::TooMany { what, most }) } else { Ok(()) }
}

fn is_domain(name: &str) -> bool {
    name.len() <= MAX_DOMAIN && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_in_names = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_LABEL).contains(&label.len()) && label.bytes().all(is_in_names)
}

/// Whether a name is another one, or beneath it.
fn is_within(name: &str, other: &str) -> bool {
    let start = name.len().checked_sub(other.len());
    start.and_then(|start| name.split_at_checked(start)).is_some_and(|(before, end)| {
        end.eq_ignore_ascii_case(other) && (before.is_empty() || before.ends_with('.'))
    })
}

#[cfg(test)]
mod tests;
