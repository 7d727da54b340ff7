//! `Subscription-State` (RFC 6665 §8.2.3): how a subscription stands.
//!
//! In: the value. Out: [`SubscriptionState`].

use super::event::token_and_params;
use crate::{HeaderError, Params, grammar};

/// A subscription's state, why, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SubscriptionState<'a> {
    /// `active`, `pending`, `terminated` or another token, as it came.
    pub state: &'a [u8],
    /// `reason`, `expires`, `retry-after` and others.
    pub params: Params<'a>,
}

impl<'a> SubscriptionState<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// It does not begin with a token, or its parameters are broken.
    pub fn parse(value: &'a [u8]) -> Result<SubscriptionState<'a>, HeaderError> {
        let (state, params) = token_and_params(value)?;
        Ok(SubscriptionState { state, params })
    }

    /// Whether the subscription is over.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.state.eq_ignore_ascii_case(b"terminated")
    }

    /// The `reason` parameter.
    #[must_use]
    pub fn reason(&self) -> Option<&'a [u8]> {
        self.params.value("reason")
    }

    /// The `expires` parameter in seconds.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.params.value("expires").and_then(grammar::number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_and_terminated() {
        let active = SubscriptionState::parse(b"active;expires=599").unwrap();
        assert_eq!((active.is_terminated(), active.expires()), (false, Some(599)));
        let over = SubscriptionState::parse(b"Terminated ; reason=timeout").unwrap();
        assert_eq!((over.is_terminated(), over.reason()), (true, Some(&b"timeout"[..])));
        assert!(SubscriptionState::parse(b";expires=1").is_err());
    }
}
