//! URIs of SIP (RFC 3261 §19.1), telephone numbers (RFC 3966), URNs (RFC 8141) and any other scheme.
//!
//! In: the bytes of one URI, without angle brackets. Out: [`Uri`], borrowed pieces. Nothing is decoded or changed;
//! escapes are checked and stay. Comparison is `uri/equivalent.rs`, the address-of-record `uri/aor.rs`.

mod aor;
mod equivalent;
mod escape;
mod uri_params;

use std::borrow::Cow;

pub use uri_params::{UriParams, UriParamsIter};

use crate::bounds::{MAX_URI, MAX_URI_HEADERS};
use crate::grammar::{self, ABSOLUTE, URI_HEADER, USER};
use crate::{Host, host};

/// A URI's scheme.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
    /// `urn:` (RFC 8141), for instance `urn:service:sos`.
    Urn,
    /// Any other.
    Other,
}

/// The bytes are no URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("URI: expected {expected} at byte {offset}")]
pub struct UriError {
    /// Bytes from the start of the URI.
    pub offset: usize,
    /// What the grammar wants at that place.
    pub expected: &'static str,
}

impl UriError {
    pub(crate) const fn new(offset: usize, expected: &'static str) -> Self {
        UriError { offset, expected }
    }
}

/// A URI, in pieces of the message it came in.
#[derive(Clone, Copy)]
pub struct Uri<'a> {
    bytes: &'a [u8],
    scheme: Scheme,
    scheme_length: u8,
    user: Option<&'a [u8]>,
    password: Option<&'a [u8]>,
    host: Host<'a>,
    port: Option<u16>,
    params: UriParams<'a>,
    headers: Option<&'a [u8]>,
}

impl<'a> Uri<'a> {
    /// Reads a whole URI.
    ///
    /// # Errors
    /// The bytes are no URI of their scheme, or longer than [`MAX_URI`], or have too many parameters or headers.
    pub fn parse(bytes: &'a [u8]) -> Result<Uri<'a>, UriError> {
        if bytes.len() > MAX_URI {
            return Err(UriError::new(MAX_URI, "fewer bytes"));
        }
        let (scheme, scheme_length) = scheme(bytes)?;
        let mut uri = Uri {
            bytes,
            scheme,
            scheme_length: scheme_length as u8,
            user: None,
            password: None,
            host: Host::Name(""),
            port: None,
            params: UriParams::default(),
            headers: None,
        };
        match scheme {
            Scheme::Sip | Scheme::Sips => uri.read_sip()?,
            Scheme::Tel => uri.read_tel()?,
            Scheme::Urn | Scheme::Other => uri.read_opaque()?,
        }
        Ok(uri)
    }

    /// The URI as it came.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The scheme as it came, without its colon.
    #[must_use]
    pub fn scheme_token(&self) -> &'a [u8] {
        &self.bytes[..usize::from(self.scheme_length)]
    }

    /// Everything behind the scheme's colon.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[usize::from(self.scheme_length) + 1..]
    }

    /// Whether it is `sip:` or `sips:`.
    #[must_use]
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part as it came, escapes and all, without the password. `None` for schemes other than SIP's.
    #[must_use]
    pub fn user(&self) -> Option<&'a [u8]> {
        self.user
    }

    /// The user part with its escapes taken out.
    #[must_use]
    pub fn unescaped_user(&self) -> Option<Cow<'a, [u8]>> {
        self.user.map(Uri::unescape)
    }

    /// The password (§19.1.1: nobody should use it), escapes and all.
    #[must_use]
    pub fn password(&self) -> Option<&'a [u8]> {
        self.password
    }

    /// The host; the empty name for schemes without one.
    #[must_use]
    pub fn host(&self) -> Host<'a> {
        self.host
    }

    /// The port, where one is given.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The number of a `tel:` URI as it came, visual separators and all; `None` for other schemes.
    #[must_use]
    pub fn number(&self) -> Option<&'a [u8]> {
        (self.scheme == Scheme::Tel).then(|| {
            let rest = self.rest();
            &rest[..memchr::memchr(b';', rest).unwrap_or(rest.len())]
        })
    }

    /// The parameters of a `sip:`, `sips:` or `tel:` URI.
    #[must_use]
    pub fn params(&self) -> UriParams<'a> {
        self.params
    }

    /// The parameter of this name, in any case: `None` where there is none, `Some(None)` without a value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<&'a [u8]>> {
        self.params.get(name)
    }

    /// The `transport` parameter's value.
    #[must_use]
    pub fn transport(&self) -> Option<&'a [u8]> {
        self.params.value("transport")
    }

    /// Whether this is a loose router's URI (§19.1.1 `lr`).
    #[must_use]
    pub fn is_loose(&self) -> bool {
        self.params.get("lr").is_some()
    }

    /// The header components `name=value&…` behind `?`, as they came; `None` without `?`.
    #[must_use]
    pub fn headers(&self) -> Option<&'a [u8]> {
        self.headers
    }

    /// Name and value of each header component, escapes and all.
    pub fn header_components(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.headers.into_iter().flat_map(|headers| headers.split(|byte| *byte == b'&')).map(|header| {
            let equal = memchr::memchr(b'=', header).unwrap_or(header.len());
            (&header[..equal], header.get(equal + 1..).unwrap_or_default())
        })
    }

    /// The bytes with their `%XX` escapes taken out; escapes that are none stay.
    #[must_use]
    pub fn unescape(bytes: &[u8]) -> Cow<'_, [u8]> {
        escape::unescape(bytes)
    }

    /// `sip:[user[:password]@]host[:port];params?headers` behind the colon. An unescaped `@` can only end the user
    /// part, which may itself hold `;` and `?`.
    fn read_sip(&mut self) -> Result<(), UriError> {
        let bytes = self.bytes;
        let begin = usize::from(self.scheme_length) + 1;
        let mut at = begin;
        // Most URIs have a user without escapes or password, which the first run finds.
        let user_end = grammar::run(USER, bytes, begin);
        if bytes.get(user_end) == Some(&b'@') && user_end > begin {
            self.user = Some(&bytes[begin..user_end]);
            at = user_end + 1;
        } else if let Some(length) = memchr::memchr(b'@', &bytes[user_end..]) {
            self.read_userinfo(begin, user_end + length)?;
            at = user_end + length + 1;
        }
        let (host, end) = host::read(bytes, at).ok_or(UriError::new(at, "a host"))?;
        self.host = host;
        at = end;
        if bytes.get(at) == Some(&b':') {
            let end = at + 1 + bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let port = grammar::number(&bytes[at + 1..end]).and_then(|port| u16::try_from(port).ok());
            self.port = Some(port.ok_or(UriError::new(at + 1, "a port"))?);
            at = end;
        }
        if bytes.get(at) == Some(&b';') {
            let end = at + memchr::memchr(b'?', &bytes[at..]).unwrap_or(bytes.len() - at);
            self.params = UriParams::parse(&bytes[at..end]).map_err(|error| error.shifted(at))?;
            at = end;
        }
        match bytes.get(at) {
            None => Ok(()),
            Some(b'?') => self.read_headers(at + 1),
            Some(_) => Err(UriError::new(at, "the end of the host")),
        }
    }

    fn read_userinfo(&mut self, begin: usize, end: usize) -> Result<(), UriError> {
        let bytes = &self.bytes[..end];
        let user_end = escape::run(USER, bytes, begin)?;
        if user_end == begin {
            return Err(UriError::new(begin, "a user"));
        }
        self.user = Some(&bytes[begin..user_end]);
        if user_end == end {
            return Ok(());
        }
        if bytes[user_end] != b':' {
            return Err(UriError::new(user_end, "a byte that a user may hold"));
        }
        if escape::run(USER, bytes, user_end + 1)? != end {
            return Err(UriError::new(user_end + 1, "a password"));
        }
        self.password = Some(&bytes[user_end + 1..end]);
        Ok(())
    }

    fn read_headers(&mut self, begin: usize) -> Result<(), UriError> {
        let headers = &self.bytes[begin..];
        let mut at = begin;
        for (i, header) in headers.split(|byte| *byte == b'&').enumerate() {
            let equal = memchr::memchr(b'=', header).ok_or(UriError::new(at, "a header name and ="))?;
            if i == MAX_URI_HEADERS {
                return Err(UriError::new(at, "fewer headers"));
            }
            let end = at + header.len();
            let name_end = escape::run(URI_HEADER, &self.bytes[..end], at)?;
            if name_end != at + equal || equal == 0 {
                return Err(UriError::new(at, "a header name"));
            }
            if escape::run(URI_HEADER, &self.bytes[..end], name_end + 1)? != end {
                return Err(UriError::new(name_end + 1, "a header value"));
            }
            at = end + 1;
        }
        self.headers = Some(headers);
        Ok(())
    }

    /// `tel:+1-201-555-0123;params` (RFC 3966 §3): a global number has digits behind its `+`, a local one at least
    /// one digit, `*` or `#`.
    fn read_tel(&mut self) -> Result<(), UriError> {
        let begin = usize::from(self.scheme_length) + 1;
        let rest = &self.bytes[begin..];
        let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let (local, digits) = match &rest[..end] {
            [b'+', digits @ ..] => (false, digits),
            digits => (true, digits),
        };
        let is_digit = |byte: u8| {
            byte.is_ascii_digit() || (local && (byte.is_ascii_hexdigit() || matches!(byte, b'*' | b'#')))
        };
        let all = digits.iter().all(|byte| is_digit(*byte) || is_visual_separator(*byte));
        if !all || !digits.iter().any(|byte| is_digit(*byte)) {
            return Err(UriError::new(begin, "a telephone number"));
        }
        self.params = UriParams::parse(&rest[end..]).map_err(|error| error.shifted(begin + end))?;
        Ok(())
    }

    fn read_opaque(&mut self) -> Result<(), UriError> {
        if grammar::all(ABSOLUTE, self.rest()) {
            Ok(())
        } else {
            Err(UriError::new(usize::from(self.scheme_length) + 1, "what a URI may hold"))
        }
    }
}

/// RFC 3966 §3 `visual-separator`.
pub(crate) const fn is_visual_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b'(' | b')')
}

/// The scheme and the bytes of its token (RFC 3986 §3.1), which a colon ends.
fn scheme(bytes: &[u8]) -> Result<(Scheme, usize), UriError> {
    const MAX_SCHEME: usize = 32;
    if bytes.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sip:")) {
        return Ok((Scheme::Sip, 3));
    }
    let colon = memchr::memchr(b':', &bytes[..bytes.len().min(MAX_SCHEME + 1)]);
    let colon = colon.ok_or(UriError::new(0, "a scheme and a colon"))?;
    let token = &bytes[..colon];
    let is_scheme = token.first().is_some_and(u8::is_ascii_alphabetic)
        && token.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !is_scheme {
        return Err(UriError::new(0, "a scheme"));
    }
    let scheme = match token.to_ascii_lowercase().as_slice() {
        b"sips" => Scheme::Sips,
        b"tel" => Scheme::Tel,
        b"urn" => Scheme::Urn,
        _ => Scheme::Other,
    };
    Ok((scheme, colon))
}

/// Says nothing about people.
impl std::fmt::Debug for Uri<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Uri({:?}, {} bytes)", self.scheme, self.bytes.len())
    }
}

#[cfg(test)]
mod tests;
