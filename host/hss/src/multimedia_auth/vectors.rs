//! SIP-Auth-Data-Items of an answer: TS 29.228 tables 6.3.4 to 6.3.7; TS 29.229 §6.3.13.
//!
//! In: keys, sequence numbers, random numbers. Out: what the S-CSCF challenges with.

use diameter::Secret;
use diameter::cx::{SipAuthDataItem, SipDigestAuthenticate};
use ims::aka::{AuthenticationVector, INDICES, Milenage, Rand, SequenceGenerator, Sqn};

use crate::credentials::{AkaKeys, DigestKeys};

/// A vector for each random number, the first one to be used first. `last`: the sequence number of the last one. None
/// where the numbers are used up.
pub(super) fn of_aka(
    scheme: &str,
    keys: &AkaKeys,
    last: Option<Sqn>,
    rands: &[Rand],
) -> Vec<SipAuthDataItem> {
    let Some(mut generator) = last.and_then(|last| before(last, rands.len())) else { return Vec::new() };
    let milenage = Milenage::new(&keys.k, &keys.opc);
    let mut items = Vec::with_capacity(rands.len());
    for (number, rand) in (1..).zip(rands) {
        let Some(sqn) = generator.next_sqn() else { return Vec::new() };
        let vector = AuthenticationVector::generate(&milenage, *rand, sqn, keys.amf);
        items.push(SipAuthDataItem {
            sip_item_number: Some(number),
            sip_authentication_scheme: Some(scheme.to_owned()),
            sip_authenticate: Some([vector.rand, vector.autn].concat()),
            sip_authorization: Some(Secret::new(vector.xres.expose())),
            confidentiality_key: Some(Secret::new(vector.ck.expose())),
            integrity_key: Some(Secret::new(vector.ik.expose())),
            ..SipAuthDataItem::default()
        });
    }
    items
}

/// The generator as it was so many numbers before its last one.
fn before(last: Sqn, count: usize) -> Option<SequenceGenerator> {
    let (seq, ind) = last.parts();
    let seq = seq.checked_sub(count as u64)?;
    let ind = (ind + INDICES - count % INDICES) % INDICES;
    Sqn::new(seq * INDICES as u64 + ind as u64).map(SequenceGenerator::after)
}

/// The one item of SIP Digest. MD5 goes first, because every phone knows it; SHA-256 beside it for those that know
/// better (RFC 8760).
pub(super) fn of_digest(keys: &DigestKeys) -> SipAuthDataItem {
    let name = |hash: &auth::Hash| hash.algorithm().name().to_owned();
    let hex = |hash: &auth::Hash| Secret::new(hash.hex().as_bytes());
    let first = keys.md5.or(keys.sha256);
    let second = keys.md5.and(keys.sha256);
    SipAuthDataItem {
        sip_item_number: Some(1),
        sip_authentication_scheme: Some("SIP Digest".to_owned()),
        sip_digest_authenticate: Some(SipDigestAuthenticate {
            digest_realm: keys.realm.clone(),
            digest_algorithm: first.as_ref().map(name),
            digest_qop: "auth".to_owned(),
            digest_ha1: first.as_ref().map(hex).unwrap_or_default(),
            alternate_digest_algorithm: second.as_ref().map(name),
            alternate_digest_ha1: second.as_ref().map(hex),
            other: Vec::new(),
        }),
        ..SipAuthDataItem::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_end_with_the_last_one() {
        let sqn = |seq: u64, ind: u64| Sqn::new(seq << 5 | ind).unwrap();
        for (last, count, expected) in [
            (sqn(1, 1), 1, vec![sqn(1, 1)]),
            (sqn(10, 1), 3, vec![sqn(8, 31), sqn(9, 0), sqn(10, 1)]),
            (sqn(7, 7), 2, vec![sqn(6, 6), sqn(7, 7)]),
        ] {
            let mut generator = before(last, count).unwrap();
            let numbers: Vec<Sqn> = (0..count).map(|_| generator.next_sqn().unwrap()).collect();
            assert_eq!(numbers, expected);
        }
        assert_eq!(before(sqn(1, 1), 2), None);
    }
}
