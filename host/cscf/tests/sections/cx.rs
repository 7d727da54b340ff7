//! What is asked of the HSS, and what its answers come to (TS 29.228 §6.1, §6.3; TS 29.229 §6.2; RFC 6733 §7.1).

use cscf::challenges::Resynchronisation;
use cscf::cx::{
    Cx, read_location_info, read_multimedia_auth, read_server_assignment, read_user_authorization,
};
use cscf::{
    Assignment, AuthenticationScheme, Authorization, AuthorizationKind, Capabilities, CxFailure,
    LocationOutcome,
};
use diameter::base::Origin;
use diameter::cx as typed;
use diameter::dictionary::base::{
    EXPERIMENTAL_RESULT, EXPERIMENTAL_RESULT_CODE, ORIGIN_HOST, ORIGIN_REALM, RESULT_CODE, SESSION_ID,
    VENDOR_ID,
};
use diameter::{
    ApplicationId, Builder, Command, CommandCode, CxResult, DiameterIdentity, Dictionary, Flags, Message,
    Outcome, Reading, ResultCode,
};
use strowger_cscf as cscf;

const ALICE: &str = "sip:alice@ims.test";
const IMPI: &str = "alice@ims.test";

fn name(text: &str) -> DiameterIdentity {
    text.parse().unwrap()
}

fn origin(host: &str) -> Origin {
    Origin { host: name(host), realm: name("ims.test"), state_id: Some(7) }
}

fn cx() -> Cx {
    Cx {
        origin: origin("scscf.ims.test"),
        destination_realm: name("ims.test"),
        destination_host: Some(name("hss.ims.test")),
        server_name: "sip:scscf.ims.test:5060".to_owned(),
        shares_ifc: false,
    }
}

/// TS 29.229 §7.1.1, §7.2.1: an S-CSCF that holds shared sets says so with each SAR, and demands nothing.
#[test]
fn shared_sets_are_announced_where_there_are_some() {
    for shares_ifc in [false, true] {
        let cx = Cx { shares_ifc, ..cx() };
        let sar = cx.server_assignment("s".into(), "sip:a@ims.test", "a", Assignment::Registration, false);
        let sar: typed::ServerAssignmentRequest = self::typed(&sar.unwrap());
        let announced: Vec<_> = sar
            .head
            .supported_features
            .iter()
            .map(|list| (list.vendor, list.feature_list_id, list.feature_list, list.required))
            .collect();
        assert_eq!(announced, if shares_ifc { vec![(10415, 1, 1, false)] } else { Vec::new() });
    }
}

fn typed<T: Command>(message: &Message) -> T {
    T::parse(message, &Reading::new(&Dictionary::new())).unwrap()
}

fn session() -> String {
    "scscf.ims.test;1;2".to_owned()
}

fn is_from_us(head: &typed::RequestHead) {
    assert_eq!(head.session_id, session());
    assert_eq!(head.origin, origin("scscf.ims.test"));
    assert_eq!(head.destination_realm, name("ims.test"));
    assert_eq!(head.destination_host, Some(name("hss.ims.test")));
}

fn authorization(kind: AuthorizationKind, emergency: bool) -> Authorization {
    Authorization {
        public_identity: ALICE.to_owned(),
        private_identity: IMPI.to_owned(),
        visited_network: "visited.test".to_owned(),
        kind,
        emergency,
    }
}

/// TS 29.228 §6.1.1, table 6.1.1.1.
#[test]
fn a_user_authorization_request() {
    for (kind, value) in [
        (AuthorizationKind::Registration, typed::UserAuthorizationType::Registration),
        (AuthorizationKind::DeRegistration, typed::UserAuthorizationType::DeRegistration),
        (
            AuthorizationKind::RegistrationAndCapabilities,
            typed::UserAuthorizationType::RegistrationAndCapabilities,
        ),
    ] {
        let message = cx().user_authorization(session(), &authorization(kind, false)).unwrap();
        let request: typed::UserAuthorizationRequest = typed(&message);
        is_from_us(&request.head);
        assert_eq!((&*request.user_name, &*request.public_identity), (IMPI, ALICE));
        assert_eq!(request.visited_network_identifier, b"visited.test");
        assert_eq!((request.user_authorization_type, request.uar_flags), (Some(value), None));
    }
    let sos =
        cx().user_authorization(session(), &authorization(AuthorizationKind::Registration, true)).unwrap();
    let request: typed::UserAuthorizationRequest = typed(&sos);
    assert_eq!(request.uar_flags, Some(typed::UarFlags::IMS_EMERGENCY_REGISTRATION));
}

/// TS 29.228 §6.1.4, table 6.1.4.1.
#[test]
fn a_location_info_request() {
    let message = cx().location_info(session(), ALICE, false, None).unwrap();
    let request: typed::LocationInfoRequest = typed(&message);
    is_from_us(&request.head);
    assert_eq!(request.public_identity, ALICE);
    assert_eq!((request.originating_request, request.user_authorization_type), (None, None));
    let kind = Some(AuthorizationKind::RegistrationAndCapabilities);
    let request: typed::LocationInfoRequest =
        typed(&cx().location_info(session(), ALICE, true, kind).unwrap());
    assert_eq!(request.originating_request, Some(typed::OriginatingRequest::Originating));
    assert_eq!(
        request.user_authorization_type,
        Some(typed::UserAuthorizationType::RegistrationAndCapabilities)
    );
}

/// TS 29.228 §6.3, tables 6.3.1 to 6.3.3.
#[test]
fn a_multimedia_auth_request() {
    for (scheme, text) in [
        (AuthenticationScheme::Unknown, "Unknown"),
        (AuthenticationScheme::AkaV1, "Digest-AKAv1-MD5"),
        (AuthenticationScheme::AkaV2, "Digest-AKAv2-SHA-256"),
        (AuthenticationScheme::SipDigest, "SIP Digest"),
    ] {
        let message = cx().multimedia_auth(session(), IMPI, ALICE, scheme, None).unwrap();
        let request: typed::MultimediaAuthRequest = typed(&message);
        is_from_us(&request.head);
        assert_eq!((&*request.user_name, &*request.public_identity), (IMPI, ALICE));
        assert_eq!((request.sip_number_auth_items, &*request.server_name), (1, "sip:scscf.ims.test:5060"));
        assert_eq!(request.sip_auth_data_item.sip_authentication_scheme.as_deref(), Some(text));
        assert_eq!(request.sip_auth_data_item.sip_authorization, None);
    }
    let resynchronisation = Resynchronisation { rand: [1; 16], auts: [2; 14] };
    let aka = AuthenticationScheme::AkaV1;
    let message = cx().multimedia_auth(session(), IMPI, ALICE, aka, Some(&resynchronisation)).unwrap();
    let request: typed::MultimediaAuthRequest = typed(&message);
    let authorization = request.sip_auth_data_item.sip_authorization.unwrap();
    assert_eq!(authorization.expose(), [&[1; 16][..], &[2; 14]].concat(), "RAND, then AUTS");
}

/// TS 29.228 §6.1.2, table 6.1.2.1.
#[test]
fn a_server_assignment_request() {
    use typed::ServerAssignmentType as Type;
    let kinds = [
        (Assignment::NoAssignment, Type::NoAssignment, 0),
        (Assignment::Registration, Type::Registration, 1),
        (Assignment::ReRegistration, Type::ReRegistration, 2),
        (Assignment::UnregisteredUser, Type::UnregisteredUser, 3),
        (Assignment::TimeoutDeregistration, Type::TimeoutDeregistration, 4),
        (Assignment::UserDeregistration, Type::UserDeregistration, 5),
        (Assignment::TimeoutDeregistrationStoreServerName, Type::TimeoutDeregistrationStoreServerName, 6),
        (Assignment::UserDeregistrationStoreServerName, Type::UserDeregistrationStoreServerName, 7),
        (Assignment::AdministrativeDeregistration, Type::AdministrativeDeregistration, 8),
        (Assignment::AuthenticationFailure, Type::AuthenticationFailure, 9),
        (Assignment::AuthenticationTimeout, Type::AuthenticationTimeout, 10),
        (Assignment::DeregistrationTooMuchData, Type::DeregistrationTooMuchData, 11),
    ];
    for (kind, expected, number) in kinds {
        let message = cx().server_assignment(session(), ALICE, IMPI, kind, number % 2 == 0).unwrap();
        let request: typed::ServerAssignmentRequest = typed(&message);
        is_from_us(&request.head);
        assert_eq!(request.server_assignment_type, expected);
        assert_eq!(expected as i32, number);
        assert_eq!(
            (request.user_name.as_deref(), &*request.public_identities),
            (Some(IMPI), &[ALICE.to_owned()][..])
        );
        assert_eq!(request.server_name, "sip:scscf.ims.test:5060");
        let available = match number % 2 {
            0 => typed::UserDataAlreadyAvailable::AlreadyAvailable,
            _ => typed::UserDataAlreadyAvailable::NotAvailable,
        };
        assert_eq!(request.user_data_already_available, available);
    }
    // Either identity may stand alone.
    let kind = Assignment::TimeoutDeregistration;
    let request: typed::ServerAssignmentRequest =
        typed(&cx().server_assignment(session(), ALICE, "", kind, true).unwrap());
    assert_eq!(request.user_name, None);
    let request: typed::ServerAssignmentRequest =
        typed(&cx().server_assignment(session(), "", IMPI, kind, true).unwrap());
    assert!(request.public_identities.is_empty());
}

#[test]
fn what_cannot_be_a_message_is_not_sent() {
    let long = "x".repeat(17 << 20);
    let refused = cx().location_info(session(), &long, false, None);
    assert!(matches!(refused, Err(CxFailure::Malformed)));
}

/// An answer with this result, and whatever else is in it.
fn answer(command: CommandCode, outcome: impl Into<Outcome>, fill: impl FnOnce(&mut Builder)) -> Message {
    let mut out = Builder::new(Flags::PROXIABLE, command, ApplicationId::CX);
    out.put(SESSION_ID, &session());
    match outcome.into() {
        Outcome::Result(code) => {
            out.put(RESULT_CODE, &code.0);
        }
        Outcome::Experimental { vendor, code } => {
            out.put_group(EXPERIMENTAL_RESULT, |out| {
                out.put(VENDOR_ID, &vendor).put(EXPERIMENTAL_RESULT_CODE, &code);
            });
        }
    }
    fill(&mut out);
    out.put(ORIGIN_HOST, &name("hss.ims.test")).put(ORIGIN_REALM, &name("ims.test"));
    out.finish().unwrap()
}

fn location(outcome: impl Into<Outcome>) -> [Result<LocationOutcome, CxFailure>; 2] {
    let (outcome, dictionary) = (outcome.into(), Dictionary::new());
    let reading = Reading::new(&dictionary);
    let uaa = answer(CommandCode::USER_AUTHORIZATION, outcome, |_| {});
    let lia = answer(CommandCode::LOCATION_INFO, outcome, |_| {});
    [read_user_authorization(&uaa, &reading), read_location_info(&lia, &reading)]
        .map(|location| location.map(|location| location.outcome))
}

/// TS 29.229 §6.2: every result, as the I-CSCF is told of it. Open5GS sends the successes without a name or capabilities,
/// and 2004 for who is unknown.
#[test]
fn every_result_of_cx() {
    for &result in CxResult::ALL {
        let expected = match result {
            CxResult::FIRST_REGISTRATION => Ok(LocationOutcome::FirstRegistration),
            CxResult::SUBSEQUENT_REGISTRATION => Ok(LocationOutcome::SubsequentRegistration),
            CxResult::UNREGISTERED_SERVICE => Ok(LocationOutcome::UnregisteredService),
            CxResult::SUCCESS_SERVER_NAME_NOT_STORED => Ok(LocationOutcome::ServerNameNotStored),
            other => Err(CxFailure::Experimental(other.0)),
        };
        assert_eq!(location(result), [expected, expected], "{result:?}");
        let dictionary = Dictionary::new();
        let reading = Reading::new(&dictionary);
        let failed = !Outcome::from(result).is_success();
        let maa = read_multimedia_auth(&answer(CommandCode::MULTIMEDIA_AUTH, result, |_| {}), &reading);
        let saa = read_server_assignment(&answer(CommandCode::SERVER_ASSIGNMENT, result, |_| {}), &reading);
        if failed {
            assert_eq!(maa.err(), Some(CxFailure::Experimental(result.0)));
            assert_eq!(saa.err(), Some(CxFailure::Experimental(result.0)));
        }
    }
}

/// RFC 6733 §7.1: where nobody on the way could reach the HSS it is as if there were none.
#[test]
fn every_result_of_the_base_protocol() {
    for &result in ResultCode::ALL {
        let expected = match result {
            ResultCode::UNABLE_TO_DELIVER | ResultCode::TOO_BUSY => Err(CxFailure::Unreachable),
            _ if Outcome::from(result).is_success() => Ok(LocationOutcome::Success),
            other => Err(CxFailure::Result(other.0)),
        };
        assert_eq!(location(result), [expected, expected], "{result}");
    }
    assert_eq!(location(ResultCode(5999)), [Err(CxFailure::Result(5999)); 2], "one that nobody knows");
    assert_eq!(location(CxResult(5999)), [Err(CxFailure::Experimental(5999)); 2]);
}

#[test]
fn answers_that_lack_what_they_need() {
    let dictionary = Dictionary::new();
    let reading = Reading::new(&dictionary);
    // RFC 6733 §7.1.5: one that refuses may have next to nothing.
    let mut bare = Builder::new(Flags::ERROR, CommandCode::LOCATION_INFO, ApplicationId::CX);
    bare.put(RESULT_CODE, &ResultCode::UNABLE_TO_COMPLY.0);
    let bare = read_location_info(&bare.finish().unwrap(), &reading);
    assert_eq!(bare.err(), Some(CxFailure::Result(ResultCode::UNABLE_TO_COMPLY.0)));
    // No result, no origin, another command.
    let mut silent = Builder::new(Flags::PROXIABLE, CommandCode::LOCATION_INFO, ApplicationId::CX);
    silent.put(ORIGIN_HOST, &name("hss.ims.test")).put(ORIGIN_REALM, &name("ims.test"));
    assert_eq!(read_location_info(&silent.finish().unwrap(), &reading).err(), Some(CxFailure::Malformed));
    let mut nobody = Builder::new(Flags::PROXIABLE, CommandCode::LOCATION_INFO, ApplicationId::CX);
    nobody.put(RESULT_CODE, &ResultCode::SUCCESS.0);
    assert_eq!(read_location_info(&nobody.finish().unwrap(), &reading).err(), Some(CxFailure::Malformed));
    let other = answer(CommandCode::USER_AUTHORIZATION, ResultCode::SUCCESS, |_| {});
    assert_eq!(read_location_info(&other, &reading).err(), Some(CxFailure::Malformed));
    // A success without a vector; one without user data is a success.
    let maa = answer(CommandCode::MULTIMEDIA_AUTH, ResultCode::SUCCESS, |_| {});
    assert_eq!(read_multimedia_auth(&maa, &reading).err(), Some(CxFailure::Malformed));
    let saa = answer(CommandCode::SERVER_ASSIGNMENT, ResultCode::SUCCESS, |_| {});
    let assigned = read_server_assignment(&saa, &reading).unwrap();
    assert_eq!((assigned.user_data, &*assigned.charging, assigned.user_name), (None, "", None));
}

#[test]
fn answers_that_have_everything() {
    use diameter::dictionary::cx::{
        CHARGING_INFORMATION, SERVER_CAPABILITIES, SERVER_NAME, SIP_AUTH_DATA_ITEM, USER_DATA,
        WILDCARDED_PUBLIC_IDENTITY,
    };
    let dictionary = Dictionary::new();
    let reading = Reading::new(&dictionary);
    let capabilities = typed::ServerCapabilities {
        mandatory_capabilities: vec![1, 2],
        optional_capabilities: vec![3],
        server_names: vec!["sip:s1.ims.test".to_owned()],
        ..Default::default()
    };
    let lia = answer(CommandCode::LOCATION_INFO, CxResult::UNREGISTERED_SERVICE, |out| {
        out.put(SERVER_NAME, &"sip:s2.ims.test".to_owned())
            .put(SERVER_CAPABILITIES, &capabilities)
            .put(WILDCARDED_PUBLIC_IDENTITY, &"sip:!.*!@pbx".to_owned());
    });
    let location = read_location_info(&lia, &reading).unwrap();
    assert_eq!(location.server_name.as_deref(), Some("sip:s2.ims.test"));
    assert_eq!(location.wildcarded_public_identity.as_deref(), Some("sip:!.*!@pbx"));
    let expected = Capabilities {
        mandatory: vec![1, 2],
        optional: vec![3],
        server_names: vec!["sip:s1.ims.test".into()],
    };
    assert_eq!(location.capabilities, Some(expected));
    let item = |scheme: &str| typed::SipAuthDataItem {
        sip_authentication_scheme: Some(scheme.to_owned()),
        ..Default::default()
    };
    let maa = answer(CommandCode::MULTIMEDIA_AUTH, ResultCode::SUCCESS, |out| {
        out.put(SIP_AUTH_DATA_ITEM, &item("first")).put(SIP_AUTH_DATA_ITEM, &item("second"));
    });
    let first = read_multimedia_auth(&maa, &reading).unwrap();
    assert_eq!(first.sip_authentication_scheme.as_deref(), Some("first"));
    let charging = typed::ChargingInformation {
        primary_charging_collection_function_name: Some("aaa://ccf.ims.test".to_owned()),
        secondary_event_charging_function_name: Some("aaa://ecf2.ims.test".to_owned()),
        ..Default::default()
    };
    let saa = answer(CommandCode::SERVER_ASSIGNMENT, ResultCode::SUCCESS, |out| {
        out.put(diameter::dictionary::base::USER_NAME, &IMPI.to_owned())
            .put(USER_DATA, &b"<x/>".to_vec())
            .put(CHARGING_INFORMATION, &charging);
    });
    let assigned = read_server_assignment(&saa, &reading).unwrap();
    assert_eq!(
        (assigned.user_data.as_deref(), assigned.user_name.as_deref()),
        (Some(&b"<x/>"[..]), Some(IMPI))
    );
    let value =
        ims::charging_function_addresses::ChargingFunctionAddresses::parse(assigned.charging.as_bytes());
    assert_eq!(value.unwrap().ccf.as_deref(), Some("aaa://ccf.ims.test"), "{}", assigned.charging);
}
