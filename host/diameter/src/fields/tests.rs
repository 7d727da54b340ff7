use super::*;
use crate::avp::{AvpFlags, vendor};
use crate::base::DisconnectCause;
use crate::dictionary::base::*;
use crate::dictionary::{Dictionary, MandatoryBit};
use crate::format::Format;
use crate::value::AvpBits;

const RULES: &[Rule] = &[
    required(ORIGIN_HOST),
    optional(USER_NAME),
    any(CLASS),
    some(VENDOR_ID),
    forbidden(DESTINATION_HOST),
    optional(DISCONNECT_CAUSE),
];

fn bytes(avps: &[(AvpId, bool, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, mandatory, data) in avps {
        out.extend_from_slice(OtherAvp::new(*id, *mandatory, data).unwrap().raw());
        out.resize(out.len().next_multiple_of(4), 0);
    }
    out
}

fn check(avps: &[(AvpId, bool, &[u8])]) -> Result<usize, (FailureKind, Option<AvpId>)> {
    let dictionary = Dictionary::new();
    let bytes = bytes(avps);
    let reading = Reading::new(&dictionary);
    let fields = Fields::read(Avps::new(&bytes), &[RULES], &reading);
    fields.map(|mut fields| fields.other().len()).map_err(|failure| (failure.kind, failure.avp))
}

const HOST: (AvpId, bool, &[u8]) = (ORIGIN_HOST.id, true, b"a");
const VENDOR: (AvpId, bool, &[u8]) = (VENDOR_ID.id, true, &[0; 4]);
const NAME: (AvpId, bool, &[u8]) = (USER_NAME.id, true, b"n");
const STRANGE: AvpId = AvpId::new(99_999, 1);

#[test]
fn what_the_grammar_allows() {
    assert_eq!(check(&[HOST, VENDOR]), Ok(2));
    assert_eq!(check(&[VENDOR, NAME, VENDOR, HOST, (CLASS.id, true, b"")]), Ok(5));
    // Known, without a rule: `*[AVP]`.
    assert_eq!(check(&[HOST, VENDOR, (PROXY_STATE.id, true, b"s")]), Ok(3));
    // Unknown, without the M bit.
    assert_eq!(check(&[HOST, VENDOR, (STRANGE, false, b"")]), Ok(3));
}

#[test]
fn what_it_does_not() {
    use FailureKind::*;
    assert_eq!(check(&[VENDOR]), Err((MissingAvp, Some(ORIGIN_HOST.id))));
    assert_eq!(check(&[]), Err((MissingAvp, Some(ORIGIN_HOST.id))), "the first of the grammar");
    assert_eq!(check(&[HOST]), Err((MissingAvp, Some(VENDOR_ID.id))));
    assert_eq!(check(&[HOST, VENDOR, HOST]), Err((AvpOccursTooManyTimes, Some(ORIGIN_HOST.id))));
    assert_eq!(check(&[HOST, VENDOR, NAME, NAME]), Err((AvpOccursTooManyTimes, Some(USER_NAME.id))));
    let forbidden = (DESTINATION_HOST.id, true, &b"b"[..]);
    assert_eq!(check(&[HOST, VENDOR, forbidden]), Err((AvpNotAllowed, Some(DESTINATION_HOST.id))));
    assert_eq!(check(&[HOST, VENDOR, (STRANGE, true, b"")]), Err((AvpUnsupported, Some(STRANGE))));
    // What is there is looked at before what is missing.
    assert_eq!(check(&[(STRANGE, true, b"")]), Err((AvpUnsupported, Some(STRANGE))));
}

#[test]
fn a_named_avp_is_understood() {
    let mut dictionary = Dictionary::new();
    dictionary.add("Strange", STRANGE, Format::OctetString, MandatoryBit::Must).unwrap();
    let bytes = bytes(&[HOST, VENDOR, (STRANGE, true, b"x")]);
    let reading = Reading::new(&dictionary);
    let mut fields = Fields::read(Avps::new(&bytes), &[RULES], &reading).ok().unwrap();
    let others = fields.other();
    assert_eq!(others[2].avp().unwrap().id, STRANGE);
}

#[test]
fn bits_are_looked_at_where_they_are_to_be() {
    let dictionary = Dictionary::new();
    let strict = Reading { bits: AvpBits::Strict, ..Reading::new(&dictionary) };
    for avps in [[HOST, (VENDOR_ID.id, false, &[0; 4])], [HOST, (PRODUCT_NAME.id, true, b"x")]] {
        let bytes = bytes(&avps);
        let failure = Fields::read(Avps::new(&bytes), &[RULES], &strict).err().unwrap();
        assert_eq!((failure.kind, failure.avp), (FailureKind::InvalidAvpBits, Some(avps[1].0)));
    }
}

#[test]
fn an_avp_that_cannot_be_read_is_answered_by_its_length() {
    let mut bytes = bytes(&[HOST, VENDOR]);
    let at = bytes.len() - 5;
    bytes[at] = 99;
    let dictionary = Dictionary::new();
    let failure = Fields::read(Avps::new(&bytes), &[RULES], &Reading::new(&dictionary)).err().unwrap();
    assert_eq!(failure.kind, FailureKind::InvalidAvpLength);
    // An example of Unsigned32.
    assert_eq!(failure.failed_avp(), [0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0, 0]);
}

#[test]
fn there_is_an_end_to_them() {
    let one = (CLASS.id, true, &b""[..]);
    let mut avps = vec![one; MAX_AVPS - 2];
    avps.extend([HOST, VENDOR]);
    assert_eq!(check(&avps), Ok(MAX_AVPS));
    avps.push(one);
    assert_eq!(check(&avps), Err((FailureKind::BeyondBounds, None)));
}

#[test]
fn a_value_that_is_not_supported_is_ignored_without_the_m_bit() {
    let dictionary = Dictionary::new();
    let reading = Reading::new(&dictionary);
    for (mandatory, number, expected) in [
        (true, 1, Ok(Some(DisconnectCause::Busy))),
        (false, 0, Ok(Some(DisconnectCause::Rebooting))),
        (false, 9, Ok(None)),
        (true, 9, Err(FailureKind::InvalidAvpValue)),
    ] {
        let bytes = bytes(&[HOST, VENDOR, (DISCONNECT_CAUSE.id, mandatory, &[0, 0, 0, number])]);
        let mut fields = Fields::read(Avps::new(&bytes), &[RULES], &reading).ok().unwrap();
        let seen = fields.optional::<DisconnectCause>(DISCONNECT_CAUSE).map_err(|failure| failure.kind);
        assert_eq!(seen, expected);
        let left = if expected == Ok(None) { 3 } else { 2 };
        assert!(expected.is_err() || fields.other().len() == left, "what is ignored is kept");
    }
}

#[test]
fn a_group_shows_where_its_fault_is() {
    let inner = bytes(&[(VENDOR_ID.id, true, &[1])]);
    let outer = OtherAvp::with_flags(PROXY_INFO.id, AvpFlags::MANDATORY, &inner).unwrap();
    let avp = outer.avp().unwrap();
    let dictionary = Dictionary::new();
    let failure = group(&avp, &Reading::new(&dictionary), &[required(VENDOR_ID)], |fields| {
        fields.one::<u32>(VENDOR_ID)
    })
    .unwrap_err();
    assert_eq!((failure.kind, failure.avp), (FailureKind::InvalidAvpLength, Some(VENDOR_ID.id)));
    let shown = Avps::new(failure.failed_avp()).next().unwrap().unwrap();
    assert_eq!((shown.id, shown.id.vendor), (PROXY_INFO.id, vendor::IETF));
    assert_eq!(shown.group().next().unwrap().unwrap().data, [1]);
}
