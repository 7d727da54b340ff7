//! `P-Access-Network-Info` (RFC 7315 §4.4 and §5.4; TS 24.229 §7.2A.4): over which access a user is connected, and
//! where.
//!
//! ```text
//!   P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=0010100010019B01, 3GPP-E-UTRAN;network-provided;…
//!                          └ what the UE says                                    └ what the network knows
//! ```
//! In: the values. Out: [`AccessNetworkInfo`]s with what belongs to their kind of access, and back. The cell is in
//! `access_network_info/cell.rs`. Not here: when the header field is put in or taken out.

mod cell;

use std::fmt;

pub use cell::Cell;
use sip::{HeaderError, HeaderId};

use crate::parameter::{self, Parameter};

const HEADER: HeaderId = HeaderId::P_ACCESS_NETWORK_INFO;

/// One access.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessNetworkInfo {
    access: String,
    /// Whether the network says so; otherwise the user's equipment does.
    pub is_network_provided: bool,
    /// Where, how and when: every other parameter, in order.
    pub others: Vec<Parameter>,
}

/// A kind of access: what decides which parameter says where it is (TS 24.229 table 7.2A.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessKind {
    /// `3GPP-GERAN`.
    Geran,
    /// `3GPP-UTRAN`, `-FDD`, `-TDD`.
    Utran,
    /// `3GPP-E-UTRAN`, `-FDD`, `-TDD`, `-ProSe-UNR`.
    EUtran,
    /// `3GPP-NR`, `-FDD`, `-TDD`, `-U-FDD`, `-U-TDD`, `-SAT`, and others that begin so.
    Nr,
    /// `3GPP2` and what begins so.
    Cdma2000,
    /// `IEEE-802.11` and what begins so; untrusted and trusted WLAN.
    Wlan,
    /// `ADSL`, `VDSL`, `SDSL` and others of that kind.
    Dsl,
    /// `IEEE-802.3` and what begins so.
    Ethernet,
    /// `GPON`, `XGPON1`.
    Fiber,
    /// `GSTN`.
    Gstn,
    /// `DOCSIS`.
    Docsis,
    /// `DVB-RCS2`.
    Satellite,
    /// Any other.
    Other,
}

impl AccessKind {
    /// The parameter that says where it is, where there is one.
    #[must_use]
    pub const fn location_parameter(self) -> Option<&'static str> {
        match self {
            AccessKind::Geran => Some("cgi-3gpp"),
            AccessKind::Utran | AccessKind::EUtran | AccessKind::Nr => Some("utran-cell-id-3gpp"),
            AccessKind::Cdma2000 => Some("ci-3gpp2"),
            AccessKind::Wlan => Some("i-wlan-node-id"),
            AccessKind::Dsl => Some("dsl-location"),
            AccessKind::Ethernet => Some("eth-location"),
            AccessKind::Fiber => Some("fiber-location"),
            AccessKind::Gstn => Some("gstn-location"),
            AccessKind::Satellite => Some("dvb-rcs2-node-id"),
            AccessKind::Docsis | AccessKind::Other => None,
        }
    }
}

/// How access types begin, longer ones first where one begins like another.
const BEGINNINGS: [(&str, AccessKind); 19] = [
    ("3GPP-GERAN", AccessKind::Geran),
    ("3GPP-UTRAN", AccessKind::Utran),
    ("3GPP-E-UTRAN", AccessKind::EUtran),
    ("3GPP-NR", AccessKind::Nr),
    ("3GPP2", AccessKind::Cdma2000),
    ("IEEE-802.11", AccessKind::Wlan),
    ("IEEE-802.3", AccessKind::Ethernet),
    ("ADSL", AccessKind::Dsl),
    ("VDSL", AccessKind::Dsl),
    ("SDSL", AccessKind::Dsl),
    ("RADSL", AccessKind::Dsl),
    ("HDSL", AccessKind::Dsl),
    ("G.SHDSL", AccessKind::Dsl),
    ("IDSL", AccessKind::Dsl),
    ("GPON", AccessKind::Fiber),
    ("XGPON", AccessKind::Fiber),
    ("GSTN", AccessKind::Gstn),
    ("DOCSIS", AccessKind::Docsis),
    ("DVB-RCS2", AccessKind::Satellite),
];

impl AccessNetworkInfo {
    /// An access of this type or class, for instance `3GPP-E-UTRAN-FDD`; `None` where that is no token.
    #[must_use]
    pub fn new(access: &str) -> Option<AccessNetworkInfo> {
        sip::is_token(access.as_bytes()).then(|| AccessNetworkInfo {
            access: access.to_owned(),
            is_network_provided: false,
            others: Vec::new(),
        })
    }

    /// Reads every element of every value.
    ///
    /// # Errors
    /// An element that does not begin with a token, broken parameters, or too many elements.
    pub fn parse_all<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<AccessNetworkInfo>, HeaderError> {
        parameter::each(HEADER, values, |element| {
            let (access, mut others) = parameter::token_and_params(HEADER, element)?;
            let is_network_provided = parameter::take_any(&mut others, "network-provided").is_some();
            Ok(AccessNetworkInfo { access, is_network_provided, others })
        })
    }

    /// The access type or class as it came.
    #[must_use]
    pub fn access(&self) -> &str {
        &self.access
    }

    /// What kind of access it is.
    #[must_use]
    pub fn kind(&self) -> AccessKind {
        let begins = |beginning: &str| {
            self.access.get(..beginning.len()).is_some_and(|access| access.eq_ignore_ascii_case(beginning))
        };
        BEGINNINGS
            .iter()
            .find(|(beginning, _)| begins(beginning))
            .map_or(AccessKind::Other, |(_, kind)| *kind)
    }

    /// The value of the parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        parameter::find(&self.others, name)
    }

    /// Where it is: the value of the parameter that belongs to its kind.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.parameter(self.kind().location_parameter()?)
    }

    /// The cell of a 3GPP access, where it is said and can be read.
    #[must_use]
    pub fn cell(&self) -> Option<Cell> {
        Cell::parse(self.kind(), self.location()?)
    }
}

/// As it stands in a message.
impl fmt::Display for AccessNetworkInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.access)?;
        parameter::write_all(&self.others, f)?;
        if self.is_network_provided { f.write_str(";network-provided") } else { Ok(()) }
    }
}

/// Says nothing about where somebody is.
impl fmt::Debug for AccessNetworkInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = if self.is_network_provided { "network" } else { "UE" };
        write!(f, "AccessNetworkInfo({}, by the {by})", self.access)
    }
}
