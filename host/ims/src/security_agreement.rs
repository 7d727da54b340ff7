//! `Security-Client`, `Security-Server` and `Security-Verify` (RFC 3329 §2.2; TS 33.203 §6 and Annex H): how a UE and a
//! P-CSCF agree on their security associations.
//!
//! ```text
//!   UE                                             P-CSCF
//!   REGISTER  Security-Client: a, b          ──▶   choose(offer, preferences)
//!       ◀──   401  Security-Server: a, with its own SPIs and ports
//!   REGISTER  Security-Verify: as it came    ──▶   is_same(verify, server): else somebody weakened the list
//!             Security-Client: as before
//! ```
//! In: the values. Out: [`Mechanism`]s, what is chosen of them, whether two lists say the same. The choice is in
//! `security_agreement/choose.rs`. Not here: keys and associations themselves.

mod choose;

use std::fmt;

pub use choose::{Preference, choose, is_same};
use sip::{HeaderError, HeaderId};

use crate::parameter::{self, Parameter, malformed};
use crate::q;

/// The name of 3GPP's mechanism.
pub const IPSEC_3GPP: &str = "ipsec-3gpp";

/// One mechanism, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanism {
    name: String,
    /// Its preference in thousandths; `None`: 1000 (RFC 3329 §2.2: the order counts then).
    pub q: Option<u16>,
    /// What `ipsec-3gpp` takes; `None` for other mechanisms.
    pub ipsec: Option<Ipsec>,
    /// Any other parameters: `d-alg`, `d-qop` and `d-ver` of digest, extensions.
    pub others: Vec<Parameter>,
}

/// The parameters of `ipsec-3gpp` (TS 33.203 Annex H).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ipsec {
    /// The integrity algorithm, for instance `hmac-sha-1-96`.
    pub alg: String,
    /// The encryption algorithm; `None`: `null`.
    pub ealg: Option<String>,
    /// The protocol; `None`: `esp`.
    pub prot: Option<String>,
    /// The mode; `None`: `trans`.
    pub mode: Option<String>,
    /// The SPI of the protected client port.
    pub spi_c: u32,
    /// The SPI of the protected server port.
    pub spi_s: u32,
    /// The protected client port.
    pub port_c: u16,
    /// The protected server port.
    pub port_s: u16,
}

impl Ipsec {
    /// The encryption algorithm, the default where none is named.
    #[must_use]
    pub fn encryption(&self) -> &str {
        self.ealg.as_deref().unwrap_or("null")
    }

    /// The protocol, the default where none is named.
    #[must_use]
    pub fn protocol(&self) -> &str {
        self.prot.as_deref().unwrap_or("esp")
    }

    /// The mode, the default where none is named.
    #[must_use]
    pub fn mode(&self) -> &str {
        self.mode.as_deref().unwrap_or("trans")
    }
}

impl Mechanism {
    /// A mechanism without parameters, for instance `tls`; `None` where its name is no token.
    #[must_use]
    pub fn new(name: &str) -> Option<Mechanism> {
        let name = sip::is_token(name.as_bytes()).then(|| name.to_owned())?;
        Some(Mechanism { name, q: None, ipsec: None, others: Vec::new() })
    }

    /// `ipsec-3gpp` with these parameters.
    #[must_use]
    pub fn ipsec(ipsec: Ipsec) -> Mechanism {
        Mechanism { name: IPSEC_3GPP.to_owned(), q: None, ipsec: Some(ipsec), others: Vec::new() }
    }

    /// Reads every element of every value of the header field that `header` names.
    ///
    /// # Errors
    /// An element that is no mechanism, an `ipsec-3gpp` that lacks something or has a number out of range, or too many
    /// elements.
    pub fn parse_all<'a>(
        header: HeaderId,
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<Mechanism>, HeaderError> {
        parameter::each(header, values, |element| Mechanism::parse(header, element))
    }

    fn parse(header: HeaderId, element: &[u8]) -> Result<Mechanism, HeaderError> {
        let (name, mut others) = parameter::token_and_params(header, element)?;
        let preference = parameter::take(header, &mut others, "q")?;
        let preference = match preference {
            Some(value) => Some(q::parse(&value).ok_or(malformed(header, 0, "q from 0 to 1"))?),
            None => None,
        };
        let ipsec =
            if name.eq_ignore_ascii_case(IPSEC_3GPP) { Some(ipsec(header, &mut others)?) } else { None };
        Ok(Mechanism { name, q: preference, ipsec, others })
    }

    /// Its name as it came.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its preference in thousandths, the default where none is said.
    #[must_use]
    pub fn preference(&self) -> u16 {
        self.q.unwrap_or(1000)
    }
}

fn ipsec(header: HeaderId, parameters: &mut Vec<Parameter>) -> Result<Ipsec, HeaderError> {
    let mut algorithm = |name: &str| {
        let value = parameter::take(header, parameters, name)?;
        // It is written as it is, so it must be a token.
        match value {
            Some(value) if !sip::is_token(value.as_bytes()) => {
                Err(malformed(header, 0, "alg, ealg, prot and mod that are tokens"))
            }
            value => Ok(value),
        }
    };
    let (alg, ealg) = (algorithm("alg")?, algorithm("ealg")?);
    let (prot, mode) = (algorithm("prot")?, algorithm("mod")?);
    let wrong = malformed(header, 0, "alg, spi-c, spi-s, port-c and port-s");
    let mut number = |name: &str| {
        let value = parameter::take(header, parameters, name)?.ok_or(wrong)?;
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<u32> = if is_number { value.parse().ok() } else { None };
        number.ok_or(wrong)
    };
    let port = |number: u32| u16::try_from(number).map_err(|_| wrong);
    Ok(Ipsec {
        alg: alg.ok_or(wrong)?,
        ealg,
        prot,
        mode,
        spi_c: number("spi-c")?,
        spi_s: number("spi-s")?,
        port_c: port(number("port-c")?)?,
        port_s: port(number("port-s")?)?,
    })
}

/// As it stands in a message.
impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(thousandths) = self.q {
            write!(f, ";q={}", q::print(thousandths))?;
        }
        if let Some(ipsec) = &self.ipsec {
            let tokens = [
                ("alg", Some(&ipsec.alg)),
                ("ealg", ipsec.ealg.as_ref()),
                ("prot", ipsec.prot.as_ref()),
                ("mod", ipsec.mode.as_ref()),
            ];
            for (name, value) in tokens {
                // A text of ours that is no token would break the list.
                if let Some(value) = value.filter(|value| sip::is_token(value.as_bytes())) {
                    write!(f, ";{name}={value}")?;
                }
            }
            let Ipsec { spi_c, spi_s, port_c, port_s, .. } = ipsec;
            write!(f, ";spi-c={spi_c};spi-s={spi_s};port-c={port_c};port-s={port_s}")?;
        }
        parameter::write_all(&self.others, f)
    }
}
