//! `P-Visited-Network-ID` (RFC 7315 §4.3 and §5.3; TS 24.229 §5.2.2.1): the network that a REGISTER comes through.
//!
//! In: the values. Out: [`VisitedNetworkId`]s, and back. Always written with quotes, as every P-CSCF does.

use std::fmt;

use sip::{HeaderError, HeaderId, unquote};

use crate::parameter::{self, Parameter, Quoted, malformed};

const HEADER: HeaderId = HeaderId::P_VISITED_NETWORK_ID;

/// The name of a network, most often a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitedNetworkId {
    /// Any text.
    pub network: String,
    /// Parameters.
    pub others: Vec<Parameter>,
}

impl VisitedNetworkId {
    /// A network without parameters.
    #[must_use]
    pub fn new(network: impl Into<String>) -> VisitedNetworkId {
        VisitedNetworkId { network: network.into(), others: Vec::new() }
    }

    /// Reads every element of every value.
    ///
    /// # Errors
    /// An element that is neither a token nor a quoted string, broken parameters, or too many elements.
    pub fn parse_all<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<VisitedNetworkId>, HeaderError> {
        parameter::each(HEADER, values, VisitedNetworkId::parse_element)
    }

    fn parse_element(element: &[u8]) -> Result<VisitedNetworkId, HeaderError> {
        if element.first() != Some(&b'"') {
            let (network, others) = parameter::token_and_params(HEADER, element)?;
            return Ok(VisitedNetworkId { network, others });
        }
        let wrong = malformed(HEADER, 0, "a quoted string");
        let end = quoted_end(element).ok_or(wrong)?;
        let (quoted, rest) = element.split_at(end);
        let network = parameter::text(&unquote(quoted)).ok_or(wrong)?;
        let others = parameter::params(HEADER, rest).map_err(|error| parameter::shifted(error, end))?;
        Ok(VisitedNetworkId { network, others })
    }
}

/// Where the quoted string that the bytes begin with ends, behind its quote.
fn quoted_end(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// As it stands in a message.
impl fmt::Display for VisitedNetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Quoted(&self.network))?;
        parameter::write_all(&self.others, f)
    }
}
