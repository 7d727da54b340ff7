use super::*;
use crate::dictionary::base::{ORIGIN_HOST, ORIGIN_STATE_ID, USER_NAME};

fn read(bytes: &[u8]) -> Vec<Result<Avp<'_>, AvpError>> {
    Avps::new(bytes).collect()
}

#[test]
fn one_without_and_one_with_a_vendor() {
    // RFC 6733 §4.1: Origin-Host (264) "a.b" with a byte of padding, then Public-Identity (601) of 3GPP, "tel:+1".
    let bytes = [
        0, 0, 1, 8, 0x40, 0, 0, 11, b'a', b'.', b'b', 0, //
        0, 0, 2, 89, 0xc0, 0, 0, 18, 0, 0, 0x28, 0xaf, b't', b'e', b'l', b':', b'+', b'1', 0, 0,
    ];
    let avps = read(&bytes);
    assert_eq!(avps.len(), 2);
    let one = avps[0].unwrap();
    assert_eq!((one.id, one.flags, one.data), (ORIGIN_HOST.id, AvpFlags::MANDATORY, &b"a.b"[..]));
    let two = avps[1].unwrap();
    assert_eq!((two.id, two.data), (AvpId::new(vendor::TGPP, 601), &b"tel:+1"[..]));
    assert_eq!(two.flags, AvpFlags::MANDATORY | AvpFlags::VENDOR);
    assert_eq!((one.raw, two.raw), (&bytes[..11], &bytes[12..30]));
}

#[test]
fn an_empty_one_and_none() {
    assert_eq!(read(&[]), []);
    let bytes = [0, 0, 0, 1, 0x40, 0, 0, 8];
    let avps = read(&bytes);
    assert_eq!(avps.len(), 1);
    assert_eq!((avps[0].unwrap().id, avps[0].unwrap().data), (USER_NAME.id, &b""[..]));
}

#[test]
fn where_they_cannot_be_read_they_end() {
    let good = [0, 0, 0, 1, 0x40, 0, 0, 8];
    for (bad, kind) in [
        (&[0, 0, 0, 1, 0x40, 0, 0][..], AvpErrorKind::HeaderCut),
        (&[0, 0, 0, 1, 0xc0, 0, 0, 12, 0, 0, 1][..], AvpErrorKind::HeaderCut),
        (&[0, 0, 0, 1, 0x40, 0, 0, 7, 1, 2, 3, 4][..], AvpErrorKind::LengthTooSmall),
        (&[0, 0, 0, 1, 0xc0, 0, 0, 11, 0, 0, 0, 1][..], AvpErrorKind::LengthTooSmall),
        (&[0, 0, 0, 1, 0x40, 0, 0, 13, 1, 2, 3, 4][..], AvpErrorKind::LengthBeyondEnd),
        (&[0, 0, 0, 1, 0x40, 0xff, 0xff, 0xff, 1, 2, 3, 4][..], AvpErrorKind::LengthBeyondEnd),
    ] {
        let bytes = [&good[..], bad, &good[..]].concat();
        // What follows a bad one is never looked at, unless the bad one swallows it.
        let bytes =
            if kind == AvpErrorKind::LengthTooSmall { bytes } else { bytes[..8 + bad.len()].to_vec() };
        let avps = read(&bytes);
        assert_eq!(avps.len(), 2, "{kind:?}");
        assert!(avps[0].is_ok());
        assert_eq!(avps[1].unwrap_err().kind, kind);
    }
}

#[test]
fn the_last_padding_may_be_missing() {
    let avps = read(&[0, 0, 0, 1, 0x40, 0, 0, 9, b'u']).len();
    assert_eq!(avps, 1);
    let bytes = [0, 0, 0, 1, 0x40, 0, 0, 9, b'u', 0];
    assert_eq!(read(&bytes)[0].unwrap().data, b"u");
}

#[test]
fn a_failure_of_length_has_a_readable_copy() {
    let bytes = [0, 0, 1, 22, 0x40, 0, 0, 99, 1, 2];
    let error = read(&bytes)[0].unwrap_err();
    let failure = error.failure(Some(ORIGIN_STATE_ID));
    assert_eq!(failure.kind, FailureKind::InvalidAvpLength);
    let avp = Avps::new(failure.failed_avp()).next().unwrap().unwrap();
    assert_eq!((avp.id, avp.data), (ORIGIN_STATE_ID.id, &[0; 4][..]));
    // A header that is cut is padded with zeros.
    let cut = read(&bytes[..3])[0].unwrap_err().failure(None);
    assert_eq!(cut.failed_avp(), [0, 0, 1, 0, 0, 0, 0, 8]);
}

#[test]
fn what_is_kept_is_what_came() {
    let id = AvpId::new(vendor::ETSI, 500);
    let other = OtherAvp::new(id, false, b"line").unwrap();
    let avp = other.avp().unwrap();
    assert_eq!((avp.id, avp.flags, avp.data), (id, AvpFlags::VENDOR, &b"line"[..]));
    assert_eq!(OtherAvp::copy(&avp), other);
    assert_eq!(format!("{other:?}"), "Line-Identifier (4 bytes)");
}
