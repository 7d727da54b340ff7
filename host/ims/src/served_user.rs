//! `P-Served-User` (RFC 5502 §4 and §6; RFC 8498 §4): on whose behalf an application server sees a request.
//!
//! ```text
//!   session case                  written
//!   originating, registered       ;sescase=orig;regstate=reg
//!   originating, unregistered     ;sescase=orig;regstate=unreg
//!   terminating, registered       ;sescase=term;regstate=reg
//!   terminating, unregistered     ;sescase=term;regstate=unreg
//!   originating after diversion   ;orig-cdiv                     instead of the two others (RFC 8498 §4)
//! ```
//! In: the value, or a user and a session case. Out: [`ServedUser`], and back.

use std::fmt;

use sip::{HeaderError, HeaderId};

use crate::Address;
use crate::parameter::{self, Parameter, malformed};
use crate::service_profile::SessionCase;

const HEADER: HeaderId = HeaderId::P_SERVED_USER;

/// A user, and how he is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedUser {
    /// Who.
    pub address: Address,
    /// Whether he calls (`orig`, true) or is called (`term`, false).
    pub is_originating: Option<bool>,
    /// Whether he is registered (`reg`, true) or not (`unreg`, false).
    pub is_registered: Option<bool>,
    /// Whether he diverted this communication.
    pub is_orig_cdiv: bool,
    /// Any other parameters.
    pub others: Vec<Parameter>,
}

impl ServedUser {
    /// A user in this session case.
    #[must_use]
    pub fn new(address: Address, session_case: SessionCase) -> ServedUser {
        let (is_originating, is_registered) = match session_case {
            SessionCase::OriginatingRegistered => (Some(true), Some(true)),
            SessionCase::OriginatingUnregistered => (Some(true), Some(false)),
            SessionCase::TerminatingRegistered => (Some(false), Some(true)),
            SessionCase::TerminatingUnregistered => (Some(false), Some(false)),
            SessionCase::OriginatingCdiv => (None, None),
        };
        let is_orig_cdiv = session_case == SessionCase::OriginatingCdiv;
        ServedUser { address, is_originating, is_registered, is_orig_cdiv, others: Vec::new() }
    }

    /// Reads a value. Words that nobody knows are as good as none.
    ///
    /// # Errors
    /// It is no address, is too long, or says `sescase` or `regstate` without a value, or one of its words twice.
    pub fn parse(value: &[u8]) -> Result<ServedUser, HeaderError> {
        let (address, mut parameters) = Address::parse(HEADER, parameter::bounded(HEADER, value)?)?;
        let case = parameter::take(HEADER, &mut parameters, "sescase")?;
        let state = parameter::take(HEADER, &mut parameters, "regstate")?;
        let cdiv = parameter::take_any(&mut parameters, "orig-cdiv");
        if cdiv.as_ref().is_some_and(Option::is_some) {
            return Err(malformed(HEADER, 0, "orig-cdiv without a value"));
        }
        if ["sescase", "regstate", "orig-cdiv"]
            .iter()
            .any(|name| parameters.iter().any(|found| found.is(name)))
        {
            return Err(malformed(HEADER, 0, "each parameter once"));
        }
        let word = |value: Option<String>, yes: &str, no: &str| {
            let value = value?;
            if value.eq_ignore_ascii_case(yes) {
                Some(true)
            } else if value.eq_ignore_ascii_case(no) {
                Some(false)
            } else {
                None
            }
        };
        Ok(ServedUser {
            address,
            is_originating: word(case, "orig", "term"),
            is_registered: word(state, "reg", "unreg"),
            is_orig_cdiv: cdiv.is_some(),
            others: parameters,
        })
    }

    /// The session case, where enough is said: a user whose state is not said counts as registered.
    #[must_use]
    pub fn session_case(&self) -> Option<SessionCase> {
        if self.is_orig_cdiv {
            return Some(SessionCase::OriginatingCdiv);
        }
        Some(match (self.is_originating?, self.is_registered.unwrap_or(true)) {
            (true, true) => SessionCase::OriginatingRegistered,
            (true, false) => SessionCase::OriginatingUnregistered,
            (false, true) => SessionCase::TerminatingRegistered,
            (false, false) => SessionCase::TerminatingUnregistered,
        })
    }
}

/// As it stands in a message.
impl fmt::Display for ServedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if let Some(is_originating) = self.is_originating {
            f.write_str(if is_originating { ";sescase=orig" } else { ";sescase=term" })?;
        }
        if let Some(is_registered) = self.is_registered {
            f.write_str(if is_registered { ";regstate=reg" } else { ";regstate=unreg" })?;
        }
        if self.is_orig_cdiv {
            f.write_str(";orig-cdiv")?;
        }
        parameter::write_all(&self.others, f)
    }
}
