//! `P-Charging-Vector` (RFC 7315 §4.6 and §5.6; TS 24.229 §7.2A.5): what ties the charging records of one session
//! together.
//!
//! In: the value. Out: [`ChargingVector`], and back. Not here: how an ICID is made unique (the shell knows the time and
//! has the luck), and when the header field is taken out (a table of the host).

use std::fmt;

use sip::{HeaderError, HeaderId};

use crate::bounds::MAX_ELEMENTS;
use crate::parameter::{self, GenValue, Parameter, Quoted, malformed};

const HEADER: HeaderId = HeaderId::P_CHARGING_VECTOR;

/// The identifiers of a session's charging records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChargingVector {
    /// The IMS charging identity, unique in all the world.
    pub icid_value: String,
    /// The host that made it.
    pub icid_generated_at: Option<String>,
    /// The network that the request comes from.
    pub orig_ioi: Option<String>,
    /// The network that the answer comes from.
    pub term_ioi: Option<String>,
    /// The networks between them, in order.
    pub transit_ioi: Vec<TransitIoi>,
    /// The charging identity of the session that this one comes from.
    pub related_icid: Option<String>,
    /// The host that made that.
    pub related_icid_generated_at: Option<String>,
    /// Any other parameters, among them those of access networks (TS 24.229 §7.2A.5.2).
    pub others: Vec<Parameter>,
}

/// A network in between (RFC 7315 §5.6 `transit-ioi-param`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransitIoi {
    /// Its name, letters and digits, and where it stands in the order.
    Network {
        /// The name.
        name: String,
        /// From 1 on.
        index: u32,
    },
    /// One that does not say its name.
    Void,
}

impl ChargingVector {
    /// A vector with nothing but an identity.
    #[must_use]
    pub fn new(icid_value: impl Into<String>) -> ChargingVector {
        ChargingVector { icid_value: icid_value.into(), ..ChargingVector::default() }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Broken parameters, no `icid-value`, or a list of networks that is none.
    pub fn parse(value: &[u8]) -> Result<ChargingVector, HeaderError> {
        let mut parameters = parameter::bare_params(HEADER, value)?;
        let mut take = |name: &str| parameter::take(HEADER, &mut parameters, name);
        let icid_value = take("icid-value")?.filter(|icid| !icid.is_empty());
        let transit_ioi = match take("transit-ioi")? {
            Some(list) => transit(&list)?,
            None => Vec::new(),
        };
        Ok(ChargingVector {
            icid_value: icid_value.ok_or(malformed(HEADER, 0, "icid-value"))?,
            icid_generated_at: take("icid-generated-at")?,
            orig_ioi: take("orig-ioi")?,
            term_ioi: take("term-ioi")?,
            transit_ioi,
            related_icid: take("related-icid")?,
            related_icid_generated_at: take("related-icid-generated-at")?,
            others: parameters,
        })
    }
}

/// `name.1,name2.2,void`
fn transit(list: &str) -> Result<Vec<TransitIoi>, HeaderError> {
    let wrong = malformed(HEADER, 0, "a list of networks in transit-ioi");
    let elements = list.split(',').map(str::trim);
    let mut all = Vec::new();
    for element in elements {
        if all.len() == MAX_ELEMENTS {
            return Err(malformed(HEADER, 0, "fewer networks in transit-ioi"));
        }
        all.push(if element.eq_ignore_ascii_case("void") {
            TransitIoi::Void
        } else {
            let (name, index) = element.rsplit_once('.').ok_or(wrong)?;
            let is_number = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
            let index = if is_number { index.parse().map_err(|_| wrong)? } else { return Err(wrong) };
            // The grammar wants letters and digits; networks are named by their domains all the same.
            if !sip::is_token(name.as_bytes()) {
                return Err(wrong);
            }
            TransitIoi::Network { name: name.to_owned(), index }
        });
    }
    Ok(all)
}

/// As it stands in a message.
impl fmt::Display for ChargingVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "icid-value={}", GenValue(&self.icid_value))?;
        let transit: Vec<String> = self.transit_ioi.iter().map(TransitIoi::to_string).collect();
        let named = [
            ("icid-generated-at", &self.icid_generated_at),
            ("orig-ioi", &self.orig_ioi),
            ("term-ioi", &self.term_ioi),
            ("related-icid", &self.related_icid),
            ("related-icid-generated-at", &self.related_icid_generated_at),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                write!(f, ";{name}={}", GenValue(value))?;
            }
        }
        if !transit.is_empty() {
            write!(f, ";transit-ioi={}", Quoted(&transit.join(",")))?;
        }
        parameter::write_all(&self.others, f)
    }
}

impl fmt::Display for TransitIoi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransitIoi::Network { name, index } => write!(f, "{name}.{index}"),
            TransitIoi::Void => f.write_str("void"),
        }
    }
}
