//! `P-Charging-Function-Addresses` (RFC 7315 §4.5 and §5.5; TS 24.229 §4.5.6): where charging records go.
//!
//! In: the value. Out: [`ChargingFunctionAddresses`], and back. It stays within an operator's network.

use std::fmt;

use sip::{HeaderError, HeaderId};

use crate::parameter::{self, GenValue, Parameter};

const HEADER: HeaderId = HeaderId::P_CHARGING_FUNCTION_ADDRESSES;

/// The hosts or Diameter URIs of charging functions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChargingFunctionAddresses {
    /// The charging collection function, for records after the fact.
    pub ccf: Option<String>,
    /// The one to go to where that does not answer.
    pub ccf_2: Option<String>,
    /// The event charging function, for credit beforehand.
    pub ecf: Option<String>,
    /// The one to go to where that does not answer.
    pub ecf_2: Option<String>,
    /// Any other parameters.
    pub others: Vec<Parameter>,
}

impl ChargingFunctionAddresses {
    /// Reads a value. A second `ccf` or `ecf` is the way of RFC 3455 to name the second one.
    ///
    /// # Errors
    /// Broken parameters, or an address without a value.
    pub fn parse(value: &[u8]) -> Result<ChargingFunctionAddresses, HeaderError> {
        let mut parameters = parameter::bare_params(HEADER, value)?;
        let mut take = |name: &str| parameter::take(HEADER, &mut parameters, name);
        let (ccf, ecf) = (take("ccf")?, take("ecf")?);
        let (mut ccf_2, mut ecf_2) = (take("ccf-2")?, take("ecf-2")?);
        if ccf_2.is_none() {
            ccf_2 = take("ccf")?;
        }
        if ecf_2.is_none() {
            ecf_2 = take("ecf")?;
        }
        Ok(ChargingFunctionAddresses { ccf, ccf_2, ecf, ecf_2, others: parameters })
    }

    /// Whether there is no address at all: then there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named().iter().all(|(_, value)| value.is_none()) && self.others.is_empty()
    }

    fn named(&self) -> [(&'static str, &Option<String>); 4] {
        [("ccf", &self.ccf), ("ccf-2", &self.ccf_2), ("ecf", &self.ecf), ("ecf-2", &self.ecf_2)]
    }
}

/// As it stands in a message; empty where there is no address.
impl fmt::Display for ChargingFunctionAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self
            .named()
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={}", GenValue(value))));
        let all: Vec<String> = named.chain(self.others.iter().map(Parameter::to_string)).collect();
        f.write_str(&all.join(";"))
    }
}
