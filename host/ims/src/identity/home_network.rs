//! The home network of an IMSI and what follows from it (TS 23.003 §2.2, §13.2, §13.3, §13.4B).
//!
//! ```text
//!   IMSI 234150999999999, MNC of 2 digits
//!     home network domain          ims.mnc015.mcc234.3gppnetwork.org
//!     private user identity        234150999999999@ims.mnc015.mcc234.3gppnetwork.org
//!     temporary public identity    sip:234150999999999@ims.mnc015.mcc234.3gppnetwork.org
//! ```
//! In: digits, and how many of them are the MNC, which an IMSI does not say itself. Out: texts and identities.

use std::fmt;

use super::{IdentityError, Impi, Impu};

/// A public land mobile network: MCC of three digits, MNC of two or three (§2.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plmn {
    mcc: [u8; 3],
    mnc: [u8; 3],
    mnc_length: u8,
}

impl Plmn {
    /// From digits.
    ///
    /// # Errors
    /// The MCC is not three digits, or the MNC not two or three.
    pub fn new(mcc: &str, mnc: &str) -> Result<Plmn, IdentityError> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let wrong_mcc = IdentityError::new(0, "an MCC of three digits");
        let mcc: [u8; 3] = mcc.as_bytes().try_into().map_err(|_| wrong_mcc)?;
        if !mcc.iter().all(u8::is_ascii_digit) {
            return Err(wrong_mcc);
        }
        let wrong_mnc = IdentityError::new(3, "an MNC of two or three digits");
        let padded: [u8; 3] = match mnc.as_bytes() {
            [a, b] => [b'0', *a, *b],
            [a, b, c] => [*a, *b, *c],
            _ => return Err(wrong_mnc),
        };
        if !digits(mnc) {
            return Err(wrong_mnc);
        }
        Ok(Plmn { mcc, mnc: padded, mnc_length: mnc.len() as u8 })
    }

    /// The MCC.
    #[must_use]
    pub fn mcc(&self) -> &str {
        text(&self.mcc)
    }

    /// The MNC as it is: two or three digits.
    #[must_use]
    pub fn mnc(&self) -> &str {
        text(self.mnc.get(3 - usize::from(self.mnc_length)..).unwrap_or_default())
    }

    /// The home network domain name (§13.2): an MNC of two digits gets a zero in front.
    #[must_use]
    pub fn home_network_domain(&self) -> String {
        format!("ims.mnc{}.mcc{}.3gppnetwork.org", text(&self.mnc), text(&self.mcc))
    }
}

impl fmt::Debug for Plmn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plmn({}-{})", self.mcc(), self.mnc())
    }
}

/// An international mobile subscription identity: six to fifteen digits (§2.2). Its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Imsi {
    digits: [u8; Imsi::MAX],
    length: u8,
}

impl Imsi {
    const MIN: usize = 6;
    const MAX: usize = 15;

    /// From digits.
    ///
    /// # Errors
    /// It is not six to fifteen digits.
    pub fn parse(imsi: &str) -> Result<Imsi, IdentityError> {
        let bytes = imsi.as_bytes();
        if let Some(offset) = bytes.iter().position(|byte| !byte.is_ascii_digit()) {
            return Err(IdentityError::new(offset, "a digit"));
        }
        if !(Imsi::MIN..=Imsi::MAX).contains(&bytes.len()) {
            return Err(IdentityError::new(bytes.len(), "6 to 15 digits"));
        }
        let mut digits = [0; Imsi::MAX];
        for (digit, byte) in digits.iter_mut().zip(bytes) {
            *digit = *byte;
        }
        Ok(Imsi { digits, length: bytes.len() as u8 })
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(self.digits.get(..usize::from(self.length)).unwrap_or_default())
    }

    /// The home network, where its MNC has so many digits: 2 or 3.
    #[must_use]
    pub fn home_network(&self, mnc_length: usize) -> Option<Plmn> {
        let mnc = self.as_str().get(3..3 + mnc_length)?;
        Plmn::new(self.as_str().get(..3)?, mnc).ok()
    }

    /// The private user identity of a subscriber without an ISIM (§13.3).
    #[must_use]
    pub fn private_identity(&self, home: &Plmn) -> Impi {
        Impi::derived(format!("{}@{}", self.as_str(), home.home_network_domain()))
    }

    /// The temporary public user identity (§13.4B). It is barred: it serves to register and nothing else.
    #[must_use]
    pub fn temporary_public_identity(&self, home: &Plmn) -> Impu {
        Impu::derived(format!("sip:{}@{}", self.as_str(), home.home_network_domain()))
    }
}

/// Says nothing about people.
impl fmt::Debug for Imsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Imsi({} digits)", self.length)
    }
}

/// ASCII digits as text.
fn text(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}
