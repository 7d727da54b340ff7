//! `Supported`, `Require`, `Proxy-Require`, `Unsupported` (RFC 3261 §20.29, §20.32, §20.37, §20.40) and `Allow`
//! (§20.5): lists of tokens.
//!
//! In: one list element. Out: a token. Which options are understood is `strowger-proxy`'s.

use crate::HeaderError;
use crate::grammar::{self, TOKEN};

/// Reads one option tag or method.
///
/// # Errors
/// It is no token.
pub fn parse(value: &[u8]) -> Result<&[u8], HeaderError> {
    if grammar::all(TOKEN, value) { Ok(value) } else { Err(HeaderError::syntax(0, "a token")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_only() {
        assert_eq!(parse(b"100rel"), Ok(&b"100rel"[..]));
        assert!(parse(b"").is_err() && parse(b"a b").is_err() && parse(b"a;b").is_err());
    }
}
