//! The cell in `cgi-3gpp` and `utran-cell-id-3gpp` (TS 24.229 §7.2A.4.3).
//!
//! ```text
//!                 MCC   MNC     area code       cell identity     hexadecimal digits
//!   3GPP-GERAN    3     2 or 3  LAC 4           CI 4
//!   3GPP-UTRAN    3     2 or 3  LAC 4           UTRAN cell 7
//!   3GPP-E-UTRAN  3     2 or 3  TAC 4           ECI 7
//!   3GPP-NR       3     2 or 3  TAC 6           NCI 9
//! ```
//! In: the value. Out: [`Cell`], and back. How many digits the MNC has follows from the length.

use std::fmt;

use super::AccessKind;
use crate::identity::Plmn;

/// A cell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    kind: AccessKind,
    /// The network.
    pub plmn: Plmn,
    /// The location area or tracking area code.
    pub area: u32,
    /// The cell within the network, or within the area for GERAN.
    pub cell: u64,
}

impl Cell {
    /// Reads the value for this kind of access; `None` where it is none.
    #[must_use]
    pub fn parse(kind: AccessKind, value: &str) -> Option<Cell> {
        let (area_digits, cell_digits) = digits(kind)?;
        let mnc_digits = value.len().checked_sub(3 + area_digits + cell_digits)?;
        if !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let (mcc, rest) = value.split_at_checked(3)?;
        let (mnc, rest) = rest.split_at_checked(mnc_digits)?;
        let (area, cell) = rest.split_at_checked(area_digits)?;
        Some(Cell {
            kind,
            plmn: Plmn::new(mcc, mnc).ok()?,
            area: u32::from_str_radix(area, 16).ok()?,
            cell: u64::from_str_radix(cell, 16).ok()?,
        })
    }

    /// A cell of this kind of access; `None` where the kind has none or a number takes more digits than it has.
    #[must_use]
    pub fn new(kind: AccessKind, plmn: Plmn, area: u32, cell: u64) -> Option<Cell> {
        let (area_digits, cell_digits) = digits(kind)?;
        let fits = |number: u64, digits: usize| number >> (4 * digits) == 0;
        let made = Cell { kind, plmn, area, cell };
        (fits(u64::from(area), area_digits) && fits(cell, cell_digits)).then_some(made)
    }
}

fn digits(kind: AccessKind) -> Option<(usize, usize)> {
    match kind {
        AccessKind::Geran => Some((4, 4)),
        AccessKind::Utran | AccessKind::EUtran => Some((4, 7)),
        AccessKind::Nr => Some((6, 9)),
        _ => None,
    }
}

/// The value of the parameter.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (area_digits, cell_digits) = digits(self.kind).unwrap_or_default();
        let (mcc, mnc) = (self.plmn.mcc(), self.plmn.mnc());
        write!(f, "{mcc}{mnc}{:0area_digits$X}{:0cell_digits$X}", self.area, self.cell)
    }
}

/// Says nothing about where somebody is.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({:?})", self.kind)
    }
}
