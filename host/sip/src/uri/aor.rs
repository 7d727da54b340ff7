//! The canonical form of an address-of-record (RFC 3261 §10.3 item 5; RFC 3966 §3 for `tel:`).
//!
//! In: a URI. Out: a text by which registrations are found: equal texts, same address-of-record. Not for the wire.

use std::fmt::Write;

use super::{Scheme, Uri, escape, is_visual_separator};
use crate::Host;
use crate::grammar::USER;

impl Uri<'_> {
    /// The address-of-record this URI names, in one canonical form; ASCII, at most three times as long as the URI.
    ///
    /// - `sip:` and `sips:` become `sip:user@host`: escapes taken out where the user part may hold the byte, the
    ///   host in lower case, no password, port, parameters or headers (§10.3 item 5).
    /// - `tel:` keeps its number without visual separators, and `phone-context` where the number is local.
    /// - `urn:` gets its namespace in lower case; any other scheme its scheme.
    #[must_use]
    pub fn aor(&self) -> String {
        let mut out = String::with_capacity(self.as_bytes().len());
        match self.scheme() {
            Scheme::Sip | Scheme::Sips => self.sip_aor(&mut out),
            Scheme::Tel => self.tel_aor(&mut out),
            Scheme::Urn => {
                let rest = self.rest();
                let namespace = memchr::memchr(b':', rest).unwrap_or(rest.len());
                out.push_str("urn:");
                push_lower(&rest[..namespace], &mut out);
                push(&rest[namespace..], &mut out);
            }
            Scheme::Other => {
                push_lower(self.scheme_token(), &mut out);
                out.push(':');
                push(self.rest(), &mut out);
            }
        }
        out
    }

    fn sip_aor(&self, out: &mut String) {
        out.push_str("sip:");
        if let Some(user) = self.user() {
            escape::canonical(USER, user, out);
            out.push('@');
        }
        match self.host() {
            Host::Name(name) => push_lower(without_root(name).as_bytes(), out),
            // Writing to a String cannot fail.
            address => {
                let _ = write!(out, "{address}");
            }
        }
    }

    fn tel_aor(&self, out: &mut String) {
        out.push_str("tel:");
        let number = self.number().unwrap_or_default();
        let digits = number.iter().filter(|byte| !is_visual_separator(**byte));
        out.extend(digits.map(|byte| byte.to_ascii_lowercase() as char));
        if !number.starts_with(b"+")
            && let Some(context) = self.params().value("phone-context")
        {
            out.push_str(";phone-context=");
            push_lower(context, out);
        }
    }
}

/// A name with the dot of the root is the same name; what ends with two dots is none, and stays as it is.
fn without_root(name: &str) -> &str {
    name.strip_suffix('.').filter(|rest| !rest.is_empty() && !rest.ends_with('.')).unwrap_or(name)
}

fn push_lower(bytes: &[u8], out: &mut String) {
    let from = out.len();
    push(bytes, out);
    out[from..].make_ascii_lowercase();
}

/// Bytes that are not ASCII are escaped, so that different bytes stay different.
fn push(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        if byte.is_ascii() {
            out.push(*byte as char);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
