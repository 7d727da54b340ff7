//! `Session-Expires` and `Min-SE` (RFC 4028 §4, §5): how long a session lives without a refresh.
//!
//! In: the value. Out: [`SessionExpires`]. The timers are `strowger-dialog`'s.

use crate::{HeaderError, Params, grammar};

/// Who refreshes the session (RFC 4028 §4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refresher {
    /// The client of the transaction.
    Uac,
    /// The server of the transaction.
    Uas,
}

/// An interval and its parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionExpires<'a> {
    /// Seconds.
    pub interval: u32,
    /// `refresher` and others.
    pub params: Params<'a>,
}

impl<'a> SessionExpires<'a> {
    /// Reads the value of either header field.
    ///
    /// # Errors
    /// It does not begin with a number within 32 bits, or its parameters are broken.
    pub fn parse(value: &'a [u8]) -> Result<SessionExpires<'a>, HeaderError> {
        let (interval, end) = leading_number(value)?;
        let params = Params::parse(&value[end..]).map_err(|error| error.shifted(end))?;
        Ok(SessionExpires { interval, params })
    }

    /// The `refresher` parameter.
    #[must_use]
    pub fn refresher(&self) -> Option<Refresher> {
        let value = self.params.value("refresher")?;
        if value.eq_ignore_ascii_case(b"uac") {
            Some(Refresher::Uac)
        } else if value.eq_ignore_ascii_case(b"uas") {
            Some(Refresher::Uas)
        } else {
            None
        }
    }
}

/// The number that a value begins with, and where it ends.
pub(crate) fn leading_number(value: &[u8]) -> Result<(u32, usize), HeaderError> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = grammar::number(&value[..digits]);
    Ok((number.ok_or(HeaderError::syntax(0, "a number of seconds within 32 bits"))?, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_and_a_refresher() {
        let one = SessionExpires::parse(b"1800;refresher=UAC").unwrap();
        assert_eq!((one.interval, one.refresher()), (1800, Some(Refresher::Uac)));
        assert_eq!(SessionExpires::parse(b"90 ; refresher = uas").unwrap().refresher(), Some(Refresher::Uas));
        assert_eq!(SessionExpires::parse(b"90;refresher=me").unwrap().refresher(), None);
        assert!(SessionExpires::parse(b";refresher=uac").is_err());
        assert!(SessionExpires::parse(b"90x").is_err());
    }
}
