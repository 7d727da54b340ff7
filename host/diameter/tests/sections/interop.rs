//! What Open5GS and PyHSS are known to do, and a reader has to live with.

use strowger_diameter::cx::*;
use strowger_diameter::dictionary::base::*;
use strowger_diameter::dictionary::cx::*;
use strowger_diameter::{
    ApplicationId, Builder, Command, CommandCode, CxResult, Dictionary, Failure, Flags, Message, OtherAvp,
    Reading, ResultCode,
};

use crate::messages::*;

fn parse<T: Command>(message: &Message) -> Result<T, Failure> {
    T::parse(message, &Reading::new(&Dictionary::new()))
}

fn answer_of(command: CommandCode, fill: impl FnOnce(&mut Builder)) -> Message {
    let mut out = Builder::new(Flags::PROXIABLE, command, ApplicationId::CX);
    out.put(SESSION_ID, &"s;1;1".to_owned());
    fill(&mut out);
    out.put(ORIGIN_HOST, &name("hss.ims.test")).put(ORIGIN_REALM, &name(REALM));
    out.finish().unwrap()
}

fn experimental(out: &mut Builder, code: CxResult) {
    out.put_group(EXPERIMENTAL_RESULT, |out| {
        out.put(VENDOR_ID, &10415_u32).put(EXPERIMENTAL_RESULT_CODE, &code.0);
    });
}

#[test]
fn a_first_registration_with_neither_a_name_nor_capabilities() {
    let message = answer_of(CommandCode::USER_AUTHORIZATION, |out| {
        experimental(out, CxResult::FIRST_REGISTRATION);
    });
    let uaa: UserAuthorizationAnswer = parse(&message).unwrap();
    assert_eq!(uaa.head.outcome.cx(), Some(CxResult::FIRST_REGISTRATION));
    assert_eq!((uaa.server_name, uaa.server_capabilities), (None, None));
}

#[test]
fn a_first_registration_that_names_a_server_all_the_same() {
    let message = answer_of(CommandCode::USER_AUTHORIZATION, |out| {
        experimental(out, CxResult::FIRST_REGISTRATION);
        out.put(SERVER_NAME, &"sip:scscf.ims.test:6060".to_owned());
    });
    let uaa: UserAuthorizationAnswer = parse(&message).unwrap();
    assert_eq!(uaa.server_name.as_deref(), Some("sip:scscf.ims.test:6060"));
}

#[test]
fn an_answer_to_an_unknown_identity_is_2004() {
    let message = answer_of(CommandCode::LOCATION_INFO, |out| {
        experimental(out, CxResult::SUCCESS_SERVER_NAME_NOT_STORED);
    });
    let lia: LocationInfoAnswer = parse(&message).unwrap();
    assert_eq!(lia.head.outcome.cx(), Some(CxResult::SUCCESS_SERVER_NAME_NOT_STORED));
}

#[test]
fn a_charging_function_that_is_no_uri() {
    let message = answer_of(CommandCode::SERVER_ASSIGNMENT, |out| {
        out.put(RESULT_CODE, &2001_u32).put_bytes(USER_DATA, b"<IMSSubscription/>").put_group(
            CHARGING_INFORMATION,
            |out| {
                out.put(PRIMARY_CHARGING_COLLECTION_FUNCTION_NAME, &"pcrf".to_owned());
            },
        );
    });
    let saa: ServerAssignmentAnswer = parse(&message).unwrap();
    let charging = saa.charging_information.unwrap();
    assert_eq!(charging.primary_charging_collection_function_name.as_deref(), Some("pcrf"));
}

#[test]
fn an_m_bit_where_none_should_be_and_none_where_one_should() {
    let message = answer_of(CommandCode::SERVER_ASSIGNMENT, |out| {
        out.put(RESULT_CODE, &2001_u32).put_others(&[
            OtherAvp::new(LOOSE_ROUTE_INDICATION.id, true, &[0, 0, 0, 1]).unwrap(),
            OtherAvp::new(SERVER_NAME.id, false, b"sip:s.ims.test").unwrap(),
        ]);
    });
    let saa: ServerAssignmentAnswer = parse(&message).unwrap();
    assert_eq!(saa.loose_route_indication, Some(LooseRouteIndication::Required));
    assert_eq!(saa.server_name.as_deref(), Some("sip:s.ims.test"));
    let dictionary = Dictionary::new();
    let strict = Reading { bits: strowger_diameter::AvpBits::Strict, ..Reading::new(&dictionary) };
    let failure = ServerAssignmentAnswer::parse(&message, &strict).unwrap_err();
    assert_eq!(failure.result_code(), ResultCode::INVALID_AVP_BITS);
}

#[test]
fn an_error_of_the_base_protocol_with_nothing_else() {
    let mut out = Builder::new(Flags::ERROR, CommandCode::MULTIMEDIA_AUTH, ApplicationId::CX);
    out.put(RESULT_CODE, &5005_u32).put(ORIGIN_HOST, &name("hss.ims.test")).put(ORIGIN_REALM, &name(REALM));
    let maa: MultimediaAuthAnswer = parse(&out.finish().unwrap()).unwrap();
    assert_eq!(maa.head.outcome, ResultCode::MISSING_AVP.into());
    assert_eq!(maa.head.session_id, None);
}

#[test]
fn the_first_dereg_of_pyhss_has_no_public_identity() {
    let mut head = request_head("hss.ims.test", "h;1;1");
    head.destination_host = Some(name("s.ims.test"));
    let rtr = RegistrationTerminationRequest {
        head,
        user_name: "001010000000001@ims.test".to_owned(),
        associated_identities: None,
        public_identities: Vec::new(),
        deregistration_reason: DeregistrationReason {
            reason_code: ReasonCode::PermanentTermination,
            reason_info: Some("administrative deregistration".to_owned()),
            other: Vec::new(),
        },
        rtr_flags: None,
        other: Vec::new(),
    };
    assert_eq!(parse(&rtr.print().unwrap()), Ok(rtr));
}
