//! What is wrong with a received message, and what RFC 6733 §7 answers to it.
//!
//! In: the fault, and the AVP that has it. Out: a [`Failure`]: a Result-Code and the content of Failed-AVP (§7.5). How
//! the answer is built is in `answer.rs`.

use std::fmt;

use crate::avp::{Avp, AvpFlags, AvpId, OtherAvp, vendor};
use crate::bounds::MAX_FAILED_AVP;
use crate::dictionary::Definition;
use crate::result::ResultCode;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The version is not 1.
    UnsupportedVersion,
    /// A length below a header, not a multiple of four, or not what was received.
    InvalidMessageLength,
    /// Header bits that do not go together.
    InvalidHeaderBits,
    /// Nobody here knows the command.
    CommandUnsupported,
    /// Nobody here knows the application.
    ApplicationUnsupported,
    /// A CER of somebody who is not in the peer table.
    UnknownPeer,
    /// A CER with which we have no application in common.
    NoCommonApplication,
    /// A CER that wants security in band.
    NoCommonSecurity,
    /// Destination-Host is not us, and we do not relay.
    UnableToDeliver,
    /// Destination-Realm is not ours.
    RealmNotServed,
    /// More requests than we take at once.
    TooBusy,
    /// AVP flags that contradict the AVP's definition.
    InvalidAvpBits,
    /// An AVP with the M bit that nobody here understands.
    AvpUnsupported,
    /// A value that its format or definition does not have.
    InvalidAvpValue,
    /// An AVP that the command's grammar requires is not there.
    MissingAvp,
    /// AVPs that contradict each other.
    ContradictingAvps,
    /// An AVP that must not be there.
    AvpNotAllowed,
    /// An AVP that is there too often.
    AvpOccursTooManyTimes,
    /// A length that is impossible, or not that of the format.
    InvalidAvpLength,
    /// A bound of ours: too many AVPs, groups in groups too deep, or a host that does not answer in time.
    BeyondBounds,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [FailureKind; 20] = {
        use FailureKind::*;
        [
            UnsupportedVersion,
            InvalidMessageLength,
            InvalidHeaderBits,
            CommandUnsupported,
            ApplicationUnsupported,
            UnknownPeer,
            NoCommonApplication,
            NoCommonSecurity,
            UnableToDeliver,
            RealmNotServed,
            TooBusy,
            InvalidAvpBits,
            AvpUnsupported,
            InvalidAvpValue,
            MissingAvp,
            ContradictingAvps,
            AvpNotAllowed,
            AvpOccursTooManyTimes,
            InvalidAvpLength,
            BeyondBounds,
        ]
    };

    /// The Result-Code that says so (§7.1.3, §7.1.5).
    pub const fn result_code(self) -> ResultCode {
        match self {
            FailureKind::UnsupportedVersion => ResultCode::UNSUPPORTED_VERSION,
            FailureKind::InvalidMessageLength => ResultCode::INVALID_MESSAGE_LENGTH,
            FailureKind::InvalidHeaderBits => ResultCode::INVALID_HDR_BITS,
            FailureKind::CommandUnsupported => ResultCode::COMMAND_UNSUPPORTED,
            FailureKind::ApplicationUnsupported => ResultCode::APPLICATION_UNSUPPORTED,
            FailureKind::UnknownPeer => ResultCode::UNKNOWN_PEER,
            FailureKind::NoCommonApplication => ResultCode::NO_COMMON_APPLICATION,
            FailureKind::NoCommonSecurity => ResultCode::NO_COMMON_SECURITY,
            FailureKind::UnableToDeliver => ResultCode::UNABLE_TO_DELIVER,
            FailureKind::RealmNotServed => ResultCode::REALM_NOT_SERVED,
            FailureKind::TooBusy => ResultCode::TOO_BUSY,
            FailureKind::InvalidAvpBits => ResultCode::INVALID_AVP_BITS,
            FailureKind::AvpUnsupported => ResultCode::AVP_UNSUPPORTED,
            FailureKind::InvalidAvpValue => ResultCode::INVALID_AVP_VALUE,
            FailureKind::MissingAvp => ResultCode::MISSING_AVP,
            FailureKind::ContradictingAvps => ResultCode::CONTRADICTING_AVPS,
            FailureKind::AvpNotAllowed => ResultCode::AVP_NOT_ALLOWED,
            FailureKind::AvpOccursTooManyTimes => ResultCode::AVP_OCCURS_TOO_MANY_TIMES,
            FailureKind::InvalidAvpLength => ResultCode::INVALID_AVP_LENGTH,
            // §7.1.5: "a request is rejected for unspecified reasons". A bound of ours is no fault of the sender's.
            FailureKind::BeyondBounds => ResultCode::UNABLE_TO_COMPLY,
        }
    }
}

/// A message that is refused.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub kind: FailureKind,
    /// The AVP that is the reason, where one is.
    pub avp: Option<AvpId>,
    /// Whole AVPs with their padding: the content of Failed-AVP. Empty: there is none.
    failed: Vec<u8>,
}

impl Failure {
    /// A failure of the message as a whole.
    pub const fn of_message(kind: FailureKind) -> Failure {
        Failure { kind, avp: None, failed: Vec::new() }
    }

    /// A failure of an AVP that was received. Failed-AVP has a copy of it, cut at [`MAX_FAILED_AVP`].
    pub fn of_avp(kind: FailureKind, avp: &Avp<'_>) -> Failure {
        let data = avp.data.get(..MAX_FAILED_AVP).unwrap_or(avp.data);
        Failure { kind, avp: Some(avp.id), failed: printed(avp.id, avp.flags, data) }
    }

    /// DIAMETER_MISSING_AVP: "the value field of the missing AVP should be of correct minimum length and contain
    /// zeroes" (§7.1.5).
    pub fn missing(definition: Definition<'_>) -> Failure {
        let Definition { id, format, .. } = definition;
        Failure::example(FailureKind::MissingAvp, id, definition.flags(), format.min_length())
    }

    /// A failure with a made-up AVP of so many zeros.
    pub(crate) fn example(kind: FailureKind, id: AvpId, mut flags: AvpFlags, zeros: usize) -> Failure {
        flags.set(AvpFlags::VENDOR, id.vendor != vendor::IETF);
        Failure { kind, avp: Some(id), failed: printed(id, flags, &vec![0; zeros.min(MAX_FAILED_AVP)]) }
    }

    /// Another AVP in the same Failed-AVP, as for those that contradict each other.
    #[must_use]
    pub fn and(mut self, other: Failure) -> Failure {
        self.failed.extend_from_slice(&other.failed);
        self
    }

    /// The same, inside the group in which it was found: "the Failed-AVP MAY contain the grouped AVP hierarchy up to
    /// the single offending AVP" (§7.5).
    #[must_use]
    pub fn within(mut self, group: &Avp<'_>) -> Failure {
        if self.failed.len() <= MAX_FAILED_AVP * 2 {
            self.failed = printed(group.id, group.flags, &self.failed);
        }
        self
    }

    /// The AVPs that belong in Failed-AVP, with padding. Empty: none.
    pub fn failed_avp(&self) -> &[u8] {
        &self.failed
    }

    /// The Result-Code.
    pub const fn result_code(&self) -> ResultCode {
        self.kind.result_code()
    }
}

impl From<FailureKind> for Failure {
    fn from(kind: FailureKind) -> Failure {
        Failure::of_message(kind)
    }
}

impl fmt::Debug for Failure {
    /// Without the copy: it may be somebody's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.result_code().fmt(f)?;
        self.avp.map_or(Ok(()), |id| write!(f, ": {id:?}"))
    }
}

impl std::error::Error for Failure {}

/// An AVP with its padding.
fn printed(id: AvpId, flags: AvpFlags, data: &[u8]) -> Vec<u8> {
    let mut out = OtherAvp::with_flags(id, flags, data).map(|avp| avp.raw().to_vec()).unwrap_or_default();
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avp::Avps;
    use crate::dictionary::base::{EXPERIMENTAL_RESULT, ORIGIN_HOST, USER_NAME, VENDOR_ID};
    use crate::dictionary::cx::PUBLIC_IDENTITY;

    #[test]
    fn every_kind_has_the_code_of_section_7_1() {
        let codes = FailureKind::ALL.map(|kind| kind.result_code().0);
        let expected = [
            5011, 5015, 3008, 3001, 3007, 3010, 5010, 5017, 3002, 3003, 3004, 3009, 5001, 5004, 5005, 5007,
            5008, 5009, 5014, 5012,
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn a_missing_avp_is_shown_by_an_example() {
        // Vendor-Id is Unsigned32: four zeros.
        assert_eq!(Failure::missing(VENDOR_ID).failed_avp(), [0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0, 0]);
        // Public-Identity is a UTF8String of 3GPP: no data, but the vendor.
        assert_eq!(
            Failure::missing(PUBLIC_IDENTITY).failed_avp(),
            [0, 0, 2, 89, 0xc0, 0, 0, 12, 0, 0, 0x28, 0xaf]
        );
    }

    #[test]
    fn an_avp_in_a_group_is_shown_in_the_group() {
        let group = OtherAvp::new(EXPERIMENTAL_RESULT.id, true, &[]).unwrap();
        let failure = Failure::missing(VENDOR_ID).within(&group.avp().unwrap());
        let outer = Avps::new(failure.failed_avp()).next().unwrap().unwrap();
        assert_eq!((outer.id, failure.avp), (EXPERIMENTAL_RESULT.id, Some(VENDOR_ID.id)));
        assert_eq!(outer.group().next().unwrap().unwrap().id, VENDOR_ID.id);
    }

    #[test]
    fn a_long_avp_is_cut_and_nothing_of_it_is_in_the_words() {
        let avp = OtherAvp::new(USER_NAME.id, true, &[b'x'; 5000]).unwrap();
        let failure = Failure::of_avp(FailureKind::InvalidAvpValue, &avp.avp().unwrap());
        assert_eq!(failure.failed_avp().len(), 8 + MAX_FAILED_AVP);
        assert!(!format!("{failure:?} {failure}").contains("xx"));
        assert_eq!(failure.to_string(), "DIAMETER_INVALID_AVP_VALUE (5004): User-Name");
    }

    #[test]
    fn two_avps_may_be_the_reason() {
        let failure = Failure::missing(VENDOR_ID).and(Failure::missing(ORIGIN_HOST));
        let ids: Vec<_> = Avps::new(failure.failed_avp()).map(|avp| avp.unwrap().id).collect();
        assert_eq!(ids, [VENDOR_ID.id, ORIGIN_HOST.id]);
    }
}
