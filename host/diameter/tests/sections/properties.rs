//! Print and parse are each other's inverse, for every command, by proptest. The values are made by
//! `strowger_diameter::fuzzing::make`, out of bytes, so that a failure shrinks to few of them.

use proptest::collection::vec;
use proptest::prelude::*;
use strowger_diameter::base::{CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest};
use strowger_diameter::cx::*;
use strowger_diameter::fuzzing::{self, Choices, make::Make};
use strowger_diameter::{
    Address, ApplicationId, AvpId, AvpValue, Avps, Builder, Command, CommandCode, DiameterIdentity,
    DiameterUri, Dictionary, Flags, Framer, Header, NtpTime, OtherAvp, Reading,
};

fn round<T: Command + Make + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let value = T::make(&mut Choices::new(bytes));
    fuzzing::round(&value, &Reading::new(&Dictionary::new()));
}

/// A value of a format, through an AVP.
fn through<T: AvpValue + PartialEq + std::fmt::Debug>(value: &T) {
    let mut out = Builder::new(Flags::empty(), CommandCode(1), ApplicationId::BASE);
    let id = strowger_diameter::dictionary::base::CLASS;
    out.put(id, value);
    let message = out.finish().unwrap();
    let avp = message.first(id.id).unwrap();
    assert_eq!(&T::read(&avp, &Reading::new(&Dictionary::new())).unwrap(), value);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn user_authorization(bytes in vec(any::<u8>(), 0..800)) {
        round::<UserAuthorizationRequest>(&bytes);
        round::<UserAuthorizationAnswer>(&bytes);
    }

    #[test]
    fn server_assignment(bytes in vec(any::<u8>(), 0..3000)) {
        round::<ServerAssignmentRequest>(&bytes);
        round::<ServerAssignmentAnswer>(&bytes);
    }

    #[test]
    fn location_info(bytes in vec(any::<u8>(), 0..800)) {
        round::<LocationInfoRequest>(&bytes);
        round::<LocationInfoAnswer>(&bytes);
    }

    #[test]
    fn multimedia_auth(bytes in vec(any::<u8>(), 0..1500)) {
        round::<MultimediaAuthRequest>(&bytes);
        round::<MultimediaAuthAnswer>(&bytes);
    }

    #[test]
    fn registration_termination(bytes in vec(any::<u8>(), 0..1000)) {
        round::<RegistrationTerminationRequest>(&bytes);
        round::<RegistrationTerminationAnswer>(&bytes);
    }

    #[test]
    fn push_profile(bytes in vec(any::<u8>(), 0..1500)) {
        round::<PushProfileRequest>(&bytes);
        round::<PushProfileAnswer>(&bytes);
    }

    #[test]
    fn capabilities_exchange(bytes in vec(any::<u8>(), 0..1000)) {
        round::<CapabilitiesExchangeRequest>(&bytes);
        round::<CapabilitiesExchangeAnswer>(&bytes);
    }

    #[test]
    fn formats(bytes in vec(any::<u8>(), 0..60), text in ".{0,40}", number in any::<u64>()) {
        let mut choices = Choices::new(&bytes);
        through(&Address::make(&mut choices));
        through(&DiameterIdentity::make(&mut choices));
        through(&text.clone());
        through(&bytes);
        through(&number);
        through(&(number as u32));
        through(&(number as i32));
        through(&(number as i64));
        through(&NtpTime(number as u32));
    }

    #[test]
    fn uris(host in "[a-z0-9.-]{1,30}", port in any::<Option<u16>>(), secure in any::<bool>(), more in 0..12_usize) {
        let transport = ["", ";transport=tcp", ";transport=sctp"][more % 3];
        let protocol = ["", ";protocol=diameter", ";protocol=radius", ";protocol=tacacs+"][more % 4];
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let text = format!("{}://{host}{port}{transport}{protocol}", if secure { "aaas" } else { "aaa" });
        let uri = DiameterUri::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(uri.to_string(), text);
        through(&uri);
    }

    #[test]
    fn moments(seconds in 0..2_085_978_496_u64 * 2) {
        let time = NtpTime::from_unix(seconds);
        prop_assert!(time.is_some_and(|time| time.to_unix() == seconds));
    }

    #[test]
    fn headers(bytes in any::<[u8; 20]>()) {
        let header = Header::read(&bytes);
        let mut expected = bytes;
        // Reserved bits are dropped.
        expected[4] &= 0xf0;
        prop_assert_eq!(header.print(), expected);
    }

    #[test]
    fn avps_of_any_id_and_data(
        avps in vec((any::<u32>(), any::<u32>(), any::<bool>(), vec(any::<u8>(), 0..50)), 0..20)
    ) {
        let mut out = Builder::new(Flags::empty(), CommandCode(1), ApplicationId::BASE);
        let others: Vec<OtherAvp> = avps
            .iter()
            .map(|(vendor, code, m, data)| OtherAvp::new(AvpId::new(*vendor, *code), *m, data).unwrap())
            .collect();
        out.put_others(&others);
        let message = out.finish().unwrap();
        let read: Vec<_> = Avps::new(message.body()).map(Result::unwrap).collect();
        prop_assert_eq!(read.len(), avps.len());
        for (seen, (vendor, code, m, data)) in read.iter().zip(&avps) {
            prop_assert_eq!((seen.id, seen.is_mandatory(), seen.data), (AvpId::new(*vendor, *code), *m, &data[..]));
        }
    }

    #[test]
    fn a_stream_in_any_pieces(lengths in vec(5..40_usize, 1..8), cuts in vec(1..90_usize, 1..40)) {
        let mut stream = Vec::new();
        for words in &lengths {
            let mut message = vec![0_u8; words * 4];
            message[..4].copy_from_slice(&[1, 0, 0, (words * 4) as u8]);
            stream.extend_from_slice(&message);
        }
        let (mut framer, mut seen, mut rest) = (Framer::new(160), Vec::new(), &stream[..]);
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            rest = after;
            framer.push(piece);
            while let Some(message) = framer.next().unwrap() {
                seen.push(message.len() / 4);
            }
        }
        prop_assert_eq!(seen, lengths);
    }
}
