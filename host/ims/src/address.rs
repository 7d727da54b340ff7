//! A URI with a display name, owned: the form of P-Asserted-Identity, P-Served-User and others (RFC 3261 §25.1
//! `name-addr`).
//!
//! In: one value or list element, or a URI of ours. Out: [`Address`]. Always written with angle brackets.

use std::fmt;

use sip::{HeaderError, HeaderId, NameAddr, Uri, UriError};

use crate::parameter::{self, Parameter, Quoted};

/// A display name and a URI. Its `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    display_name: Option<String>,
    uri: String,
}

impl Address {
    /// An address without a display name.
    ///
    /// # Errors
    /// It is no URI.
    pub fn new(uri: &str) -> Result<Address, UriError> {
        Uri::parse(uri.as_bytes())?;
        Ok(Address { display_name: None, uri: uri.to_owned() })
    }

    /// With a display name.
    #[must_use]
    pub fn named(self, display_name: &str) -> Address {
        Address { display_name: Some(display_name.to_owned()), ..self }
    }

    /// The display name without quotes and escapes.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.display_name.as_deref()
    }

    /// The URI as it came.
    #[must_use]
    pub fn uri_text(&self) -> &str {
        &self.uri
    }

    /// The URI.
    ///
    /// # Errors
    /// Never for an address that was made by this crate: it was read once before.
    pub fn uri(&self) -> Result<Uri<'_>, UriError> {
        Uri::parse(self.uri.as_bytes())
    }

    /// Reads an element and the parameters of the header field behind it.
    pub(crate) fn parse(header: HeaderId, value: &[u8]) -> Result<(Address, Vec<Parameter>), HeaderError> {
        let name_addr = NameAddr::parse(value).map_err(|error| error.of(header))?;
        let wrong = parameter::malformed(header, 0, "a URI");
        let uri = std::str::from_utf8(name_addr.uri_bytes).map_err(|_| wrong)?;
        let mut address = Address::new(uri).map_err(|_| wrong)?;
        if !name_addr.display.is_empty() {
            let name = parameter::text(&name_addr.display_name());
            let name =
                name.ok_or(parameter::malformed(header, 0, "a display name of UTF-8 without controls"))?;
            address = address.named(&name);
        }
        Ok((address, parameter::owned(header, &name_addr.params)?))
    }
}

/// As it stands in a message.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.display_name {
            Some(name) => write!(f, "{} <{}>", Quoted(name), self.uri),
            None => write!(f, "<{}>", self.uri),
        }
    }
}

/// Says nothing about people.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({} bytes)", self.uri.len())
    }
}
