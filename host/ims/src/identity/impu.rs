//! The public user identity, IMPU, in the one form by which identities are compared (TS 23.003 §13.4; TS 24.229
//! §5.4.1.2 and §5.2.6; RFC 3261 §10.3 and §19.1.6; RFC 3966 §3 and §4).
//!
//! ```text
//!   sip:Alice@Example.org:5070;transport=tcp     sip:Alice@example.org
//!   sips:…                                       sip:…
//!   sip:+1-201-555-0123@h;user=phone             sip:+12015550123@h
//!   tel:+1-201-555-0123;isub=1                   tel:+12015550123
//!   tel:7042;phone-context=Example.org           tel:7042;phone-context=example.org
//! ```
//! In: a SIP, SIPS or tel URI. Out: [`Impu`]; equal identities are equal texts. A SIP URI with `user=phone` and the tel
//! URI of the same number are two identities (the server's profile says which are aliases), but [`Impu::telephone`]
//! leads from the one to the other, and [`telephone_uri`] back. Public service identities are of the same form.

use std::borrow::Cow;
use std::fmt;

use sip::{Scheme, Uri};

use super::IdentityError;
use crate::bounds::MAX_IDENTITY;

/// A public identity in canonical form. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Impu(String);

impl Impu {
    /// Reads a URI.
    ///
    /// # Errors
    /// It is too long, no URI, or of a scheme that is no identity.
    pub fn parse(uri: &[u8]) -> Result<Impu, IdentityError> {
        Impu::of(&Uri::parse(uri)?)
    }

    /// The identity that a URI names.
    ///
    /// # Errors
    /// It is too long, or its scheme is neither `sip`, `sips` nor `tel`.
    pub fn of(uri: &Uri<'_>) -> Result<Impu, IdentityError> {
        if uri.as_bytes().len() > MAX_IDENTITY {
            return Err(IdentityError::new(MAX_IDENTITY, "fewer bytes"));
        }
        let canonical = match uri.scheme() {
            Scheme::Sip | Scheme::Sips => match subscriber(uri) {
                Some(subscriber) => format!("sip:{}@{}", without_tel(&subscriber), host(uri)),
                None => uri.aor(),
            },
            Scheme::Tel => uri.aor(),
            Scheme::Urn | Scheme::Other => return Err(IdentityError::new(0, "sip, sips or tel")),
        };
        Ok(Impu(canonical))
    }

    pub(super) fn derived(identity: String) -> Impu {
        Impu(identity)
    }

    /// The tel URI that a SIP URI with `user=phone` stands for, or a tel URI itself, in canonical form (RFC 3261
    /// §19.1.6; TS 24.229 §5.3.2.1). A local number without `phone-context` is of the SIP URI's own domain, which is
    /// what a UE means by it (TS 24.229 §5.1.2A.1.5).
    #[must_use]
    pub fn telephone(uri: &Uri<'_>) -> Option<Impu> {
        let number = match uri.scheme() {
            Scheme::Tel => uri.aor(),
            Scheme::Sip | Scheme::Sips => subscriber(uri)?,
            Scheme::Urn | Scheme::Other => return None,
        };
        let is_complete = number.starts_with("tel:+") || number.contains(";phone-context=");
        Some(Impu(if is_complete || uri.scheme() == Scheme::Tel {
            number
        } else {
            format!("{number};phone-context={}", host(uri))
        }))
    }

    /// The identity as a URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a tel URI.
    #[must_use]
    pub fn is_tel(&self) -> bool {
        self.0.starts_with("tel:")
    }

    /// The digits of a global number behind its `+`; `None` for local numbers and SIP URIs.
    #[must_use]
    pub fn global_number(&self) -> Option<&str> {
        self.0.strip_prefix("tel:+")
    }

    /// The domain of a SIP URI.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        if self.is_tel() { None } else { self.0.rsplit(['@', ':']).next() }
    }
}

/// Says nothing about people.
impl fmt::Debug for Impu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Impu({}, {} bytes)", if self.is_tel() { "tel" } else { "sip" }, self.0.len())
    }
}

/// The SIP URI that a tel URI becomes in a domain (RFC 3261 §19.1.6; TS 24.229 §5.4.3.2): its number, and its
/// parameters, in the user part. `None` where it is no tel URI. Parameters keep their place: the RFC would have them in
/// an order, which a comparison of user parts then needs, and [`Impu::of`] leaves them out.
#[must_use]
pub fn telephone_uri(tel: &Uri<'_>, domain: &str) -> Option<String> {
    let number = tel.number()?;
    let digits = number.iter().filter(|byte| !matches!(byte, b'-' | b'.' | b'(' | b')'));
    let mut uri = String::from("sip:");
    // `#` cannot stand in a user part as it is.
    for byte in digits {
        match byte {
            b'#' => uri.push_str("%23"),
            byte => uri.push(char::from(byte.to_ascii_lowercase())),
        }
    }
    for param in tel.params().iter() {
        let value = param.value.map(|value| format!("={}", String::from_utf8_lossy(value)));
        uri.push_str(&format!(";{}{}", String::from_utf8_lossy(param.name), value.unwrap_or_default()));
    }
    uri.push_str(&format!("@{domain};user=phone"));
    Some(uri)
}

/// The canonical tel URI in the user part of a SIP URI with `user=phone`. A user part that is no number is none,
/// whatever the parameter says.
fn subscriber(uri: &Uri<'_>) -> Option<String> {
    if !uri.param("user").flatten().is_some_and(|user| user.eq_ignore_ascii_case(b"phone")) {
        return None;
    }
    let user: Cow<'_, [u8]> = uri.unescaped_user()?;
    let tel = [b"tel:", user.as_ref()].concat();
    let tel = Uri::parse(&tel).ok()?;
    tel.number().map(|_| tel.aor())
}

fn without_tel(number: &str) -> String {
    number.strip_prefix("tel:").unwrap_or(number).replace('#', "%23")
}

/// The host in canonical form: what [`Uri::aor`] writes behind the `@`.
fn host(uri: &Uri<'_>) -> String {
    let aor = uri.aor();
    aor.rsplit('@').next().unwrap_or_default().to_owned()
}
