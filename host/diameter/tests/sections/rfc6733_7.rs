//! RFC 6733 §7: every fault that a request can have, and what it is answered. Bytes are what they are on the wire.

use strowger_diameter::cx::PushProfileRequest;
use strowger_diameter::dictionary::base::*;
use strowger_diameter::dictionary::cx::PUBLIC_IDENTITY;
use strowger_diameter::node::{Output, What};
use strowger_diameter::{
    ApplicationId, AvpId, Avps, Builder, Command, CommandCode, Dictionary, Failure, FailureKind, Flags,
    Message, OtherAvp, Reading, ResultCode, refusal,
};

use crate::messages::*;
use crate::world::World;

fn world() -> World {
    World::open(vec![
        config("s.ims.test", &[("hss.ims.test", false)]),
        config("hss.ims.test", &[("s.ims.test", true)]),
    ])
}

/// What a node answers to these bytes of its peer by itself: flags, code, and the AVP in Failed-AVP.
fn answer_to(bytes: &[u8]) -> (Flags, ResultCode, Option<AvpId>) {
    let mut world = world();
    let end = world.ends(0)[0];
    let before = world.actors[0].sent.len();
    world.inject(end, bytes);
    assert!(world.actors[0].seen.is_empty(), "the host sees nothing of it");
    assert_eq!(world.actors[0].sent.len(), before + 1, "one answer");
    assert!(world.is_open(0, 0), "and the connection stays");
    described(world.last_sent(0))
}

fn described(answer: &Message) -> (Flags, ResultCode, Option<AvpId>) {
    let failed = answer.first(FAILED_AVP.id).map(|avp| avp.group().next().unwrap().unwrap().id);
    let code = answer.first(RESULT_CODE.id).unwrap().data.try_into().map(u32::from_be_bytes).unwrap();
    (answer.header().flags, ResultCode(code), failed)
}

/// A good PPR's bytes, changed.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = ppr("hss.ims.test", "h;1;1", "s.ims.test").bytes().to_vec();
    change(&mut bytes);
    let length = (bytes.len() as u32).to_be_bytes();
    bytes[1..4].copy_from_slice(&length[1..]);
    bytes
}

const P: Flags = Flags::PROXIABLE;
const PE: Flags = Flags::PROXIABLE.union(Flags::ERROR);

#[test]
fn of_the_header() {
    // 5011: another version. No Vendor-Specific-Application-Id is missing, so the grammar of the answer is kept.
    assert_eq!(answer_to(&changed(|bytes| bytes[0] = 2)), (P, ResultCode::UNSUPPORTED_VERSION, None));
    // 5015: not a multiple of four.
    let odd = changed(|bytes| bytes.push(0));
    assert_eq!(answer_to(&odd), (P, ResultCode::INVALID_MESSAGE_LENGTH, None));
    // 3008: R and E.
    let both = changed(|bytes| bytes[4] |= 0x20);
    assert_eq!(answer_to(&both), (PE, ResultCode::INVALID_HDR_BITS, None));
    // Reserved bits are no fault (§3).
    let reserved = changed(|bytes| bytes[4] |= 0x0f);
    let mut world = world();
    let end = world.ends(0)[0];
    world.inject(end, &reserved);
    assert_eq!(world.actors[0].seen.len(), 1);
}

#[test]
fn of_the_application_and_the_command() {
    let other = changed(|bytes| bytes[8..12].copy_from_slice(&4_u32.to_be_bytes()));
    assert_eq!(answer_to(&other), (PE, ResultCode::APPLICATION_UNSUPPORTED, None));
    let other = changed(|bytes| bytes[5..8].copy_from_slice(&[0, 1, 99]));
    assert_eq!(answer_to(&other), (PE, ResultCode::COMMAND_UNSUPPORTED, None));
    // A command of the base protocol that we have no use for: Abort-Session.
    let base = Builder::new(Flags::REQUEST | P, CommandCode(274), ApplicationId::BASE).finish().unwrap();
    assert_eq!(answer_to(base.bytes()), (PE, ResultCode::COMMAND_UNSUPPORTED, None));
}

#[test]
fn of_the_length_of_an_avp() {
    // The last AVP says that it is longer than the message.
    let long = changed(|bytes| bytes.extend_from_slice(&[0, 0, 0, 1, 0x40, 0, 0, 99]));
    assert_eq!(answer_to(&long), (P, ResultCode::INVALID_AVP_LENGTH, Some(USER_NAME.id)));
    // Shorter than a header.
    let short = changed(|bytes| bytes.extend_from_slice(&[0, 0, 1, 22, 0x40, 0, 0, 7]));
    assert_eq!(answer_to(&short), (P, ResultCode::INVALID_AVP_LENGTH, Some(ORIGIN_STATE_ID.id)));
    // Half a header.
    let half = changed(|bytes| bytes.extend_from_slice(&[0, 0, 2, 89]));
    let (flags, code, _) = answer_to(&half);
    assert_eq!((flags, code), (P, ResultCode::INVALID_AVP_LENGTH));
}

#[test]
fn of_what_routing_needs() {
    let flags = Flags::REQUEST | P;
    let bare = Builder::new(flags, CommandCode::PUSH_PROFILE, ApplicationId::CX).finish().unwrap();
    assert_eq!(answer_to(bare.bytes()), (PE, ResultCode::MISSING_AVP, Some(ORIGIN_HOST.id)));
}

/// What the type of a command says of a request, as the host answers it.
fn typed(message: &Message) -> (Flags, ResultCode, Option<AvpId>) {
    let dictionary = Dictionary::new();
    let failure = PushProfileRequest::parse(message, &Reading::new(&dictionary)).unwrap_err();
    let answer = refusal(message.header(), message.avps(), &origin("s.ims.test"), &failure).unwrap();
    assert!(answer.first(SESSION_ID.id).is_some() || message.first(SESSION_ID.id).is_none());
    described(&answer)
}

/// A good PPR without some AVPs and with others.
fn edited(without: &[AvpId], with: &[OtherAvp]) -> Message {
    let good = ppr("hss.ims.test", "h;1;1", "s.ims.test");
    let mut builder = Builder::new(good.header().flags, CommandCode::PUSH_PROFILE, ApplicationId::CX);
    for avp in good.avps().map(Result::unwrap).filter(|avp| !without.contains(&avp.id)) {
        builder.put_others(&[OtherAvp::copy(&avp)]);
    }
    builder.put_others(with);
    builder.finish().unwrap()
}

fn other(id: AvpId, mandatory: bool, data: &[u8]) -> OtherAvp {
    OtherAvp::new(id, mandatory, data).unwrap()
}

#[test]
fn of_the_commands_grammar() {
    let strange = AvpId::new(99_999, 7);
    let unsupported = edited(&[], &[other(strange, true, b"x")]);
    assert_eq!(typed(&unsupported), (P, ResultCode::AVP_UNSUPPORTED, Some(strange)));
    assert_eq!(typed(&edited(&[USER_NAME.id], &[])), (P, ResultCode::MISSING_AVP, Some(USER_NAME.id)));
    let twice = edited(&[], &[other(USER_NAME.id, true, b"bob")]);
    assert_eq!(typed(&twice), (P, ResultCode::AVP_OCCURS_TOO_MANY_TIMES, Some(USER_NAME.id)));
    // Without what the answer would need, it has the E bit.
    let seen = typed(&edited(&[AUTH_SESSION_STATE.id], &[]));
    assert_eq!(seen, (PE, ResultCode::MISSING_AVP, Some(AUTH_SESSION_STATE.id)));
}

#[test]
fn of_values() {
    let text = edited(&[USER_NAME.id], &[other(USER_NAME.id, true, &[0xff])]);
    assert_eq!(typed(&text), (P, ResultCode::INVALID_AVP_VALUE, Some(USER_NAME.id)));
    let number = edited(&[AUTH_SESSION_STATE.id], &[other(AUTH_SESSION_STATE.id, true, &[0, 0, 0, 9])]);
    assert_eq!(typed(&number), (P, ResultCode::INVALID_AVP_VALUE, Some(AUTH_SESSION_STATE.id)));
    let short = edited(&[AUTH_SESSION_STATE.id], &[other(AUTH_SESSION_STATE.id, true, &[1])]);
    assert_eq!(typed(&short), (P, ResultCode::INVALID_AVP_LENGTH, Some(AUTH_SESSION_STATE.id)));
}

#[test]
fn of_the_application_id_in_the_message() {
    let group = |avps: &[(AvpId, u32)]| {
        let mut data = Vec::new();
        for (id, number) in avps {
            data.extend_from_slice(other(*id, true, &number.to_be_bytes()).raw());
        }
        other(VENDOR_SPECIFIC_APPLICATION_ID.id, true, &data)
    };
    let with = |avps: &[(AvpId, u32)]| edited(&[VENDOR_SPECIFIC_APPLICATION_ID.id], &[group(avps)]);
    let (vendor, auth, acct) =
        ((VENDOR_ID.id, 10415), (AUTH_APPLICATION_ID.id, 16_777_216), (ACCT_APPLICATION_ID.id, 3));
    // §6.11: neither of the two, both of them, another one than the header's.
    let id = VENDOR_SPECIFIC_APPLICATION_ID.id;
    assert_eq!(typed(&with(&[vendor])), (P, ResultCode::MISSING_AVP, Some(id)));
    let both = typed(&with(&[vendor, auth, acct]));
    assert_eq!(both, (P, ResultCode::AVP_OCCURS_TOO_MANY_TIMES, Some(id)));
    let wrong = typed(&with(&[vendor, (AUTH_APPLICATION_ID.id, 4)]));
    assert_eq!(wrong, (P, ResultCode::INVALID_AVP_VALUE, Some(id)));
}

#[test]
fn answers_and_what_has_no_header_are_not_answered() {
    let request = ppr("hss.ims.test", "h;1;1", "s.ims.test");
    let mut bytes = answer("hss.ims.test", &request, ResultCode::SUCCESS).bytes().to_vec();
    bytes[0] = 3;
    let mut world = world();
    let end = world.ends(0)[0];
    let before = world.actors[0].sent.len();
    world.inject(end, &bytes);
    assert_eq!(world.actors[0].sent.len(), before);
    let refused = |what| matches!(what, What::Refused(FailureKind::UnsupportedVersion));
    assert_eq!(world.actors[0].node.counters().sum(refused), 1);
}

#[test]
fn a_stream_that_cannot_be_cut_is_the_end_of_its_connection() {
    for bytes in [&[1, 0xff, 0xff, 0xff][..], &[1, 0, 0, 8, 0x80, 0, 0, 0]] {
        let mut world = world();
        let end = world.ends(0)[0];
        world.inject(end, bytes);
        assert!(!world.is_open(0, 0));
        assert_eq!(world.actors[0].node.counters().broken_streams, 1);
        let lost = |told: &Output| matches!(told, Output::PeerClosed { was_open: true, .. });
        assert!(world.actors[0].told.iter().any(lost));
        world.pass(seconds(60));
        assert!(world.is_open(0, 0), "it comes back");
    }
}

#[test]
fn every_kind_of_failure_makes_an_answer_that_can_be_read() {
    let request = ppr("hss.ims.test", "h;1;1", "s.ims.test");
    for kind in FailureKind::ALL {
        let failures = [
            Failure::of_message(kind),
            Failure::missing(PUBLIC_IDENTITY),
            Failure::of_avp(kind, &request.first(USER_NAME.id).unwrap()),
        ];
        for failure in failures {
            let answer = refusal(request.header(), request.avps(), &origin("s.ims.test"), &failure).unwrap();
            assert!(Avps::new(answer.body()).all(|avp| avp.is_ok()));
            let code = failure.result_code();
            let has_e = answer.header().flags.contains(Flags::ERROR);
            assert_eq!(has_e, (3000..4000).contains(&code.0), "{code}");
        }
    }
}
