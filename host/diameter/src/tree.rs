//! A whole message against the dictionary alone, groups in groups included: RFC 6733 §4.1, §4.4.
//!
//! In: AVPs of any command. Out: how many there are, or the first fault: a length, a format, an M bit on what nobody
//! knows, a depth beyond [`MAX_DEPTH`]. For commands without a type here, whose grammar the host does not know.

use crate::avp::Avps;
use crate::bounds::{MAX_AVPS, MAX_DEPTH};
use crate::failure::{Failure, FailureKind};
use crate::format::Format;
use crate::value::{Reading, refused};

/// Looks at every AVP. In a group that is unknown and has no M bit nothing is looked at (§4.4).
pub fn check(avps: Avps<'_>, reading: &Reading<'_>) -> Result<usize, Failure> {
    level(avps, reading, MAX_DEPTH)
}

fn level(avps: Avps<'_>, reading: &Reading<'_>, depth: usize) -> Result<usize, Failure> {
    let mut count = 0;
    for (at, avp) in avps.enumerate() {
        let avp = avp.map_err(|error| error.failure(reading.dictionary.by_id(error.id())))?;
        if at == MAX_AVPS {
            return Err(Failure::of_message(FailureKind::BeyondBounds));
        }
        count += 1;
        match reading.dictionary.by_id(avp.id) {
            None if avp.is_mandatory() => return Err(Failure::of_avp(FailureKind::AvpUnsupported, &avp)),
            None => {}
            Some(definition) => {
                reading.check_bits(&avp, definition)?;
                definition.format.check(avp.data).map_err(|error| refused(&avp, error))?;
                // What is in Failed-AVP is at fault by its nature.
                let is_failed_avp = definition.id == crate::dictionary::base::FAILED_AVP.id;
                if definition.format == Format::Grouped && !is_failed_avp {
                    let Some(depth) = depth.checked_sub(1) else {
                        return Err(Failure::of_message(FailureKind::BeyondBounds));
                    };
                    count += level(avp.group(), reading, depth).map_err(|failure| failure.within(&avp))?;
                }
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avp::{AvpId, OtherAvp};
    use crate::dictionary::Dictionary;
    use crate::dictionary::base::{FAILED_AVP, ORIGIN_STATE_ID, PROXY_INFO};

    fn nested(depth: usize, innermost: &[u8]) -> Vec<u8> {
        (0..depth).fold(innermost.to_vec(), |inner, _| {
            OtherAvp::new(PROXY_INFO.id, true, &inner).unwrap().raw().to_vec()
        })
    }

    fn kind(bytes: &[u8]) -> Result<usize, FailureKind> {
        check(Avps::new(bytes), &Reading::new(&Dictionary::new())).map_err(|failure| failure.kind)
    }

    #[test]
    fn depth_has_a_bound() {
        assert_eq!(kind(&nested(MAX_DEPTH, &[])), Ok(MAX_DEPTH));
        assert_eq!(kind(&nested(MAX_DEPTH + 1, &[])), Err(FailureKind::BeyondBounds));
        // 8 KB of nothing but groups.
        assert_eq!(kind(&nested(1000, &[])), Err(FailureKind::BeyondBounds));
    }

    #[test]
    fn every_level_is_looked_at() {
        let number = |data: &[u8]| OtherAvp::new(ORIGIN_STATE_ID.id, true, data).unwrap().raw().to_vec();
        assert_eq!(kind(&nested(3, &number(&[0; 4]))), Ok(4));
        assert_eq!(kind(&nested(3, &number(&[0; 3]))), Err(FailureKind::InvalidAvpLength));
        let strange = |m| OtherAvp::new(AvpId::new(99_999, 1), m, &[1, 2, 3]).unwrap().raw().to_vec();
        assert_eq!(kind(&nested(2, &strange(true))), Err(FailureKind::AvpUnsupported));
        assert_eq!(kind(&nested(2, &strange(false))), Ok(3));
    }

    #[test]
    fn a_group_nobody_knows_and_a_failed_avp_are_left_alone() {
        let bad = nested(1, &[1, 2, 3]);
        assert_eq!(kind(&bad), Err(FailureKind::InvalidAvpLength));
        let unknown = OtherAvp::new(AvpId::new(99_999, 1), false, &bad).unwrap();
        assert_eq!(kind(unknown.raw()), Ok(1));
        let failed = OtherAvp::new(FAILED_AVP.id, true, &bad).unwrap();
        assert_eq!(kind(failed.raw()), Ok(1));
    }
}
