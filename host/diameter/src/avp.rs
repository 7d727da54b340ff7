//! AVPs as they lie in a message: RFC 6733 §4.1.
//!
//! ```text
//!   AVP code (4)
//!   V M P r r r r r (1) | AVP length (3): header and data, without padding
//!   [vendor id (4), if V]
//!   data, padded to a multiple of four
//! ```
//! In: the bytes behind a header, or the data of a group. Out: one [`Avp`] after the other, borrowed, without an
//! allocation; or the place where they cannot be read on. What an AVP means does not belong here.

use std::fmt;

use bitflags::bitflags;

use crate::dictionary::Definition;
use crate::failure::{Failure, FailureKind};

bitflags! {
    /// The AVP flags (§4.1). Reserved bits are dropped when read and zero when printed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct AvpFlags: u8 {
        /// V: a vendor id follows.
        const VENDOR = 0x80;
        /// M: the receiver must understand it.
        const MANDATORY = 0x40;
        /// P: reserved for security from end to end, which nobody specified.
        const PROTECTED = 0x20;
    }
}

/// A vendor's number (SMI Private Enterprise Codes).
pub mod vendor {
    /// AVPs of the IETF: no vendor.
    pub const IETF: u32 = 0;
    /// 3GPP.
    pub const TGPP: u32 = 10415;
    /// ETSI.
    pub const ETSI: u32 = 13019;
}

/// What an AVP is: its code in its vendor's name space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AvpId {
    /// Zero for the IETF.
    pub vendor: u32,
    /// The AVP code.
    pub code: u32,
}

impl AvpId {
    /// An AVP of a vendor.
    pub const fn new(vendor: u32, code: u32) -> AvpId {
        AvpId { vendor, code }
    }
}

impl fmt::Debug for AvpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (crate::dictionary::standard(*self), self.vendor) {
            (Some(definition), _) => f.write_str(definition.name),
            (None, vendor::IETF) => write!(f, "AVP {}", self.code),
            (None, vendor) => write!(f, "AVP {} of vendor {vendor}", self.code),
        }
    }
}

/// One AVP in a received message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Avp<'a> {
    /// What it is.
    pub id: AvpId,
    /// Its flags.
    pub flags: AvpFlags,
    /// Its data, without padding.
    pub data: &'a [u8],
    /// Header and data as they came, without padding.
    pub raw: &'a [u8],
}

impl<'a> Avp<'a> {
    /// Whether the receiver must understand it.
    pub const fn is_mandatory(&self) -> bool {
        self.flags.contains(AvpFlags::MANDATORY)
    }

    /// Its data as a group.
    pub const fn group(&self) -> Avps<'a> {
        Avps::new(self.data)
    }
}

impl fmt::Debug for Avp<'_> {
    /// Says nothing of the data: it may be somebody's name or a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({} bytes)", self.id, self.data.len())
    }
}

/// AVPs, one after the other. Ends after the first that cannot be read.
#[derive(Clone)]
pub struct Avps<'a> {
    rest: &'a [u8],
}

impl<'a> Avps<'a> {
    /// The AVPs in these bytes: what follows a header, or the data of a group.
    pub const fn new(bytes: &'a [u8]) -> Avps<'a> {
        Avps { rest: bytes }
    }

    /// The first of them that is `id`, as far as they can be read.
    pub fn first(self, id: AvpId) -> Option<Avp<'a>> {
        self.map_while(Result::ok).find(|avp| avp.id == id)
    }
}

impl<'a> Iterator for Avps<'a> {
    type Item = Result<Avp<'a>, AvpError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() {
            return None;
        }
        Some(split(rest).map(|(avp, after)| {
            self.rest = after;
            avp
        }))
    }
}

/// The first AVP of some bytes and what follows its padding.
fn split(bytes: &[u8]) -> Result<(Avp<'_>, &[u8]), AvpError> {
    let Some((&[c0, c1, c2, c3, flags, l0, l1, l2], after)) = bytes.split_first_chunk() else {
        return Err(AvpError::new(AvpErrorKind::HeaderCut, bytes));
    };
    let code = u32::from_be_bytes([c0, c1, c2, c3]);
    let flags = AvpFlags::from_bits_truncate(flags);
    let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
    let (vendor, header) = match (flags.contains(AvpFlags::VENDOR), after.first_chunk()) {
        (false, _) => (vendor::IETF, 8),
        (true, Some(vendor)) => (u32::from_be_bytes(*vendor), 12),
        (true, None) => return Err(AvpError::new(AvpErrorKind::HeaderCut, bytes)),
    };
    if length < header {
        return Err(AvpError::new(AvpErrorKind::LengthTooSmall, bytes));
    }
    let (Some(raw), Some(data)) = (bytes.get(..length), bytes.get(header..length)) else {
        return Err(AvpError::new(AvpErrorKind::LengthBeyondEnd, bytes));
    };
    // The padding of the last one is missing where a sender pads a group but not its last member. Nothing is lost.
    let after = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Ok((Avp { id: AvpId { vendor, code }, flags, data, raw }, after))
}

/// How an AVP cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AvpErrorKind {
    /// Fewer bytes are left than an AVP's header has.
    HeaderCut,
    /// The length does not even cover the header.
    LengthTooSmall,
    /// The length reaches beyond the message or the group.
    LengthBeyondEnd,
}

/// An AVP that cannot be read, and with it all that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an AVP cannot be read: {kind:?}")]
pub struct AvpError {
    /// How.
    pub kind: AvpErrorKind,
    /// The AVP's header as far as it is there, "padded with zero up to the minimum AVP header length" (§7.1.5).
    header: [u8; 12],
}

impl AvpError {
    fn new(kind: AvpErrorKind, bytes: &[u8]) -> AvpError {
        let mut header = [0; 12];
        for (to, from) in header.iter_mut().zip(bytes) {
            *to = *from;
        }
        AvpError { kind, header }
    }

    /// What the AVP said it is.
    pub const fn id(&self) -> AvpId {
        let [c0, c1, c2, c3, flags, _, _, _, v0, v1, v2, v3] = self.header;
        let is_vendor = AvpFlags::from_bits_truncate(flags).contains(AvpFlags::VENDOR);
        let vendor = if is_vendor { u32::from_be_bytes([v0, v1, v2, v3]) } else { vendor::IETF };
        AvpId { vendor, code: u32::from_be_bytes([c0, c1, c2, c3]) }
    }

    /// DIAMETER_INVALID_AVP_LENGTH with the header and a payload of zeros, as short as its format allows (§7.1.5).
    ///
    /// The length in the copy is the copy's, not the one that was wrong: the answer must be readable.
    pub fn failure(&self, definition: Option<Definition<'_>>) -> Failure {
        let flags = AvpFlags::from_bits_truncate(self.header[4]);
        let least = definition.map_or(0, |definition| definition.format.min_length());
        Failure::example(FailureKind::InvalidAvpLength, self.id(), flags, least)
    }
}

/// An AVP that is kept as it came, or made by hand: what no type of this crate knows.
#[derive(Clone, PartialEq, Eq)]
pub struct OtherAvp {
    /// Header and data, without padding; the length in it is right.
    raw: Vec<u8>,
}

impl OtherAvp {
    /// A copy of a received one.
    pub fn copy(avp: &Avp<'_>) -> OtherAvp {
        OtherAvp { raw: avp.raw.to_vec() }
    }

    /// One of any id and data. `None`: longer than a length field can say.
    pub fn new(id: AvpId, mandatory: bool, data: &[u8]) -> Option<OtherAvp> {
        let mut flags = if mandatory { AvpFlags::MANDATORY } else { AvpFlags::empty() };
        flags.set(AvpFlags::VENDOR, id.vendor != vendor::IETF);
        OtherAvp::with_flags(id, flags, data)
    }

    /// The same with any flags. V says whether the vendor is printed.
    pub fn with_flags(id: AvpId, flags: AvpFlags, data: &[u8]) -> Option<OtherAvp> {
        let is_vendor = flags.contains(AvpFlags::VENDOR);
        let length = data.len() + if is_vendor { 12 } else { 8 };
        if length > crate::bounds::MAX_LENGTH {
            return None;
        }
        let mut raw = Vec::with_capacity(length);
        raw.extend_from_slice(&id.code.to_be_bytes());
        raw.extend_from_slice(&(length as u32 | u32::from(flags.bits()) << 24).to_be_bytes());
        if is_vendor {
            raw.extend_from_slice(&id.vendor.to_be_bytes());
        }
        raw.extend_from_slice(data);
        Some(OtherAvp { raw })
    }

    /// It as an AVP.
    pub fn avp(&self) -> Option<Avp<'_>> {
        Avps::new(&self.raw).next()?.ok()
    }

    /// Header and data, without padding.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

impl fmt::Debug for OtherAvp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.avp() {
            Some(avp) => avp.fmt(f),
            None => f.write_str("AVP"),
        }
    }
}

#[cfg(test)]
mod tests;
