//! `Replaces` (RFC 3891 §6.1), `Join` (RFC 3911 §7.1) and `Target-Dialog` (RFC 4538 §7): they name a dialog.
//!
//! In: the value. Out: [`DialogReference`].

use crate::grammar::{self, BLACK};
use crate::{HeaderError, Params};

/// A dialog, named from the side of whoever receives the header field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DialogReference<'a> {
    /// The dialog's Call-ID.
    pub call_id: &'a [u8],
    /// `to-tag`, `from-tag`; `local-tag`, `remote-tag` in Target-Dialog; `early-only`.
    pub params: Params<'a>,
}

impl<'a> DialogReference<'a> {
    /// Reads the value of any of the three.
    ///
    /// # Errors
    /// It does not begin with a Call-ID, or its parameters are broken.
    pub fn parse(value: &'a [u8]) -> Result<DialogReference<'a>, HeaderError> {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let call_id = grammar::trim(&value[..end]);
        if !grammar::all(BLACK, call_id) {
            return Err(HeaderError::syntax(0, "a Call-ID"));
        }
        let params = Params::parse(&value[end..]).map_err(|error| error.shifted(end))?;
        Ok(DialogReference { call_id, params })
    }

    /// The tag of whoever receives this: `to-tag` or `local-tag`.
    #[must_use]
    pub fn local_tag(&self) -> Option<&'a [u8]> {
        self.params.value("to-tag").or_else(|| self.params.value("local-tag"))
    }

    /// The tag of its peer: `from-tag` or `remote-tag`.
    #[must_use]
    pub fn remote_tag(&self) -> Option<&'a [u8]> {
        self.params.value("from-tag").or_else(|| self.params.value("remote-tag"))
    }
}

impl std::fmt::Debug for DialogReference<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DialogReference({:?})", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_and_two_tags() {
        let one =
            DialogReference::parse(b"98732@sip.example.com\r\n ;from-tag=r33th4x0r ;to-tag=ff87ff").unwrap();
        assert_eq!(one.call_id, b"98732@sip.example.com");
        assert_eq!((one.local_tag(), one.remote_tag()), (Some(&b"ff87ff"[..]), Some(&b"r33th4x0r"[..])));
        let two = DialogReference::parse(b"fa77as7dad8-sd98ajzz;local-tag=kkaz-;remote-tag=6544").unwrap();
        assert_eq!(two.local_tag(), Some(&b"kkaz-"[..]));
        assert!(DialogReference::parse(b";to-tag=1").is_err() && DialogReference::parse(b"a b").is_err());
    }
}
