//! TS 29.229 §6.1: the commands of Cx, byte by byte, written by hand from the layout of RFC 6733 §3 and §4.1.

use strowger_diameter::cx::*;
use strowger_diameter::{
    AvpFlags, AvpId, Command, CxResult, Dictionary, Message, OtherAvp, Reading, ResultCode, Secret, vendor,
};

use crate::messages::*;

/// An AVP as a person would write it: code, flags, vendor, data; padded.
fn avp(code: u32, flags: u8, vendor: u32, data: &[u8]) -> Vec<u8> {
    let header = if flags & 0x80 == 0 { 8 } else { 12 };
    let length = header + data.len() as u32;
    let mut out = code.to_be_bytes().to_vec();
    out.push(flags);
    out.extend_from_slice(&length.to_be_bytes()[1..]);
    if flags & 0x80 != 0 {
        out.extend_from_slice(&vendor.to_be_bytes());
    }
    out.extend_from_slice(data);
    while !out.len().is_multiple_of(4) {
        out.push(0);
    }
    out
}

/// Of the IETF, with M.
fn base(code: u32, data: &[u8]) -> Vec<u8> {
    avp(code, 0x40, 0, data)
}

/// Of 3GPP, with M.
fn tgpp(code: u32, data: &[u8]) -> Vec<u8> {
    avp(code, 0xc0, 10415, data)
}

/// Of 3GPP, without M.
fn plain(code: u32, data: &[u8]) -> Vec<u8> {
    avp(code, 0x80, 10415, data)
}

fn message(flags: u8, command: u32, avps: &[Vec<u8>]) -> Vec<u8> {
    let body = avps.concat();
    let mut out = (20 + body.len() as u32).to_be_bytes().to_vec();
    out[0] = 1;
    out.push(flags);
    out.extend_from_slice(&command.to_be_bytes()[1..]);
    out.extend_from_slice(&16_777_216_u32.to_be_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&body);
    out
}

/// What every message begins with, up to Origin-Realm; `result` between.
fn head(result: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let cx = [base(266, &10415_u32.to_be_bytes()), base(258, &16_777_216_u32.to_be_bytes())].concat();
    let mut out = vec![base(263, b"s.ims.test;1;1"), base(260, &cx)];
    out.extend_from_slice(result);
    out.extend([
        base(277, &1_u32.to_be_bytes()),
        base(264, b"s.ims.test"),
        base(296, b"ims.test"),
        base(278, &1_u32.to_be_bytes()),
    ]);
    out
}

fn both<T: Command + PartialEq + std::fmt::Debug>(value: &T, bytes: &[u8]) {
    let printed = value.print().unwrap();
    assert_eq!(&printed.bytes()[..], bytes);
    let parsed = Message::parse(bytes.to_vec().into()).unwrap();
    let dictionary = Dictionary::new();
    assert_eq!(T::parse(&parsed, &Reading::new(&dictionary)).as_ref(), Ok(value));
}

fn answer_head(outcome: impl Into<strowger_diameter::Outcome>) -> AnswerHead {
    let request = request_head("s.ims.test", "s.ims.test;1;1");
    AnswerHead::to(&request, origin("s.ims.test"), outcome)
}

fn success() -> Vec<Vec<u8>> {
    head(&[base(268, &2001_u32.to_be_bytes())])
}

#[test]
fn user_authorization() {
    let uar = UserAuthorizationRequest {
        head: request_head("s.ims.test", "s.ims.test;1;1"),
        user_name: "alice@ims.test".to_owned(),
        public_identity: "sip:alice@ims.test".to_owned(),
        visited_network_identifier: b"ims.test".to_vec(),
        user_authorization_type: Some(UserAuthorizationType::RegistrationAndCapabilities),
        uar_flags: Some(UarFlags::IMS_EMERGENCY_REGISTRATION),
        other: vec![OtherAvp::new(AvpId::new(99_999, 1), false, b"abc").unwrap()],
    };
    let mut avps = head(&[]);
    avps.extend([
        base(283, b"ims.test"),
        base(1, b"alice@ims.test"),
        tgpp(601, b"sip:alice@ims.test"),
        tgpp(600, b"ims.test"),
        tgpp(623, &2_u32.to_be_bytes()),
        plain(637, &1_u32.to_be_bytes()),
        avp(1, 0x80, 99_999, b"abc"),
    ]);
    both(&uar, &message(0xc0, 300, &avps));

    let uaa = UserAuthorizationAnswer {
        head: answer_head(CxResult::FIRST_REGISTRATION),
        server_name: None,
        server_capabilities: Some(ServerCapabilities {
            mandatory_capabilities: vec![1, 7],
            optional_capabilities: vec![3],
            server_names: vec!["sip:s.ims.test".to_owned()],
            other: Vec::new(),
        }),
        other: Vec::new(),
    };
    let result = [base(266, &10415_u32.to_be_bytes()), base(298, &2001_u32.to_be_bytes())].concat();
    let mut avps = head(&[base(297, &result)]);
    let capabilities = [
        tgpp(604, &1_u32.to_be_bytes()),
        tgpp(604, &7_u32.to_be_bytes()),
        tgpp(605, &3_u32.to_be_bytes()),
        tgpp(602, b"sip:s.ims.test"),
    ];
    avps.push(tgpp(603, &capabilities.concat()));
    both(&uaa, &message(0x40, 300, &avps));
}

#[test]
fn multimedia_auth() {
    let mut head_of_mar = request_head("s.ims.test", "s.ims.test;1;1");
    head_of_mar.destination_host = Some(name("hss.ims.test"));
    let mar = MultimediaAuthRequest {
        head: head_of_mar,
        user_name: "alice@ims.test".to_owned(),
        public_identity: "sip:alice@ims.test".to_owned(),
        sip_auth_data_item: SipAuthDataItem {
            sip_authentication_scheme: Some("Digest-AKAv1-MD5".to_owned()),
            sip_authorization: Some(Secret::new(&[0xa5; 30])),
            ..SipAuthDataItem::default()
        },
        sip_number_auth_items: 1,
        server_name: "sip:s.ims.test:6060".to_owned(),
        other: Vec::new(),
    };
    let mut avps = head(&[]);
    let item = [tgpp(608, b"Digest-AKAv1-MD5"), tgpp(610, &[0xa5; 30])].concat();
    avps.extend([
        base(293, b"hss.ims.test"),
        base(283, b"ims.test"),
        base(1, b"alice@ims.test"),
        tgpp(601, b"sip:alice@ims.test"),
        tgpp(612, &item),
        tgpp(607, &1_u32.to_be_bytes()),
        tgpp(602, b"sip:s.ims.test:6060"),
    ]);
    both(&mar, &message(0xc0, 303, &avps));

    let maa = MultimediaAuthAnswer {
        head: answer_head(ResultCode::SUCCESS),
        user_name: Some("alice@ims.test".to_owned()),
        public_identity: Some("sip:alice@ims.test".to_owned()),
        sip_number_auth_items: Some(1),
        sip_auth_data_items: vec![SipAuthDataItem {
            sip_item_number: Some(1),
            sip_authentication_scheme: Some("Digest-AKAv1-MD5".to_owned()),
            sip_authenticate: Some(vec![0x11; 32]),
            sip_authorization: Some(Secret::new(&[0x22; 8])),
            confidentiality_key: Some(Secret::new(&[0x33; 16])),
            integrity_key: Some(Secret::new(&[0x44; 16])),
            ..SipAuthDataItem::default()
        }],
        other: Vec::new(),
    };
    let mut avps = success();
    let item = [
        tgpp(613, &1_u32.to_be_bytes()),
        tgpp(608, b"Digest-AKAv1-MD5"),
        tgpp(609, &[0x11; 32]),
        tgpp(610, &[0x22; 8]),
        tgpp(625, &[0x33; 16]),
        tgpp(626, &[0x44; 16]),
    ];
    avps.extend([
        base(1, b"alice@ims.test"),
        tgpp(601, b"sip:alice@ims.test"),
        tgpp(607, &1_u32.to_be_bytes()),
        tgpp(612, &item.concat()),
    ]);
    both(&maa, &message(0x40, 303, &avps));
    let shown = format!("{maa:?}");
    // XRES, CK and IK are bytes 34, 51 and 68.
    assert!(!shown.contains("34, 34") && !shown.contains("51, 51") && !shown.contains("68, 68"), "{shown}");
}

#[test]
fn server_assignment() {
    let restoration = ScscfRestorationInfo {
        user_name: "alice@ims.test".to_owned(),
        restoration_info: vec![RestorationInfo {
            path: b"<sip:p;lr>".to_vec(),
            contact: b"<sip:u@192.0.2.7>".to_vec(),
            initial_cseq_sequence_number: None,
            call_id_sip_header: None,
            subscription_info: Some(SubscriptionInfo {
                call_id_sip_header: b"c".to_vec(),
                from_sip_header: b"f".to_vec(),
                to_sip_header: b"t".to_vec(),
                record_route: b"r".to_vec(),
                contact: b"k".to_vec(),
                other: Vec::new(),
            }),
            p_cscf_subscription_info: None,
            other: Vec::new(),
        }],
        registration_time_out: None,
        sip_authentication_scheme: None,
        other: Vec::new(),
    };
    let sar = ServerAssignmentRequest {
        head: request_head("s.ims.test", "s.ims.test;1;1"),
        user_name: Some("alice@ims.test".to_owned()),
        public_identities: vec!["sip:alice@ims.test".to_owned(), "tel:+15551".to_owned()],
        wildcarded_public_identity: None,
        server_name: "sip:s.ims.test".to_owned(),
        server_assignment_type: ServerAssignmentType::UserDeregistration,
        user_data_already_available: UserDataAlreadyAvailable::AlreadyAvailable,
        scscf_restoration_info: Some(restoration),
        multiple_registration_indication: None,
        session_priority: None,
        sar_flags: None,
        failed_pcscf: None,
        other: Vec::new(),
    };
    let subscription =
        [plain(643, b"c"), plain(644, b"f"), plain(645, b"t"), plain(646, b"r"), plain(641, b"k")].concat();
    let info =
        [plain(640, b"<sip:p;lr>"), plain(641, b"<sip:u@192.0.2.7>"), plain(642, &subscription)].concat();
    let mut avps = head(&[]);
    avps.extend([
        base(283, b"ims.test"),
        base(1, b"alice@ims.test"),
        tgpp(601, b"sip:alice@ims.test"),
        tgpp(601, b"tel:+15551"),
        tgpp(602, b"sip:s.ims.test"),
        tgpp(614, &5_u32.to_be_bytes()),
        tgpp(624, &1_u32.to_be_bytes()),
        plain(639, &[base(1, b"alice@ims.test"), plain(649, &info)].concat()),
    ]);
    both(&sar, &message(0xc0, 301, &avps));

    let saa = ServerAssignmentAnswer {
        head: answer_head(ResultCode::SUCCESS),
        user_name: Some("alice@ims.test".to_owned()),
        user_data: Some(b"<IMSSubscription/>".to_vec()),
        charging_information: Some(ChargingInformation {
            primary_charging_collection_function_name: Some("aaa://ccf.ims.test".to_owned()),
            ..ChargingInformation::default()
        }),
        associated_identities: Some(AssociatedIdentities {
            user_names: vec!["alice2@ims.test".to_owned()],
            other: Vec::new(),
        }),
        loose_route_indication: Some(LooseRouteIndication::NotRequired),
        scscf_restoration_info: Vec::new(),
        associated_registered_identities: None,
        server_name: None,
        wildcarded_public_identity: None,
        priviledged_sender_indication: Some(PriviledgedSenderIndication::Priviledged),
        allowed_waf_wwsf_identities: None,
        other: Vec::new(),
    };
    let mut avps = success();
    avps.extend([
        base(1, b"alice@ims.test"),
        tgpp(606, b"<IMSSubscription/>"),
        tgpp(618, &tgpp(621, b"aaa://ccf.ims.test")),
        plain(632, &base(1, b"alice2@ims.test")),
        plain(638, &0_u32.to_be_bytes()),
        plain(652, &1_u32.to_be_bytes()),
    ]);
    both(&saa, &message(0x40, 301, &avps));
}

#[test]
fn registration_termination_and_push_profile() {
    let mut to_scscf = request_head("s.ims.test", "s.ims.test;1;1");
    to_scscf.destination_host = Some(name("s2.ims.test"));
    to_scscf.supported_features = vec![SupportedFeatures::of_cx(SupportedFeatures::SIFC, true)];
    to_scscf.route_record = vec![name("dra.ims.test")];
    let rtr = RegistrationTerminationRequest {
        head: to_scscf,
        user_name: "alice@ims.test".to_owned(),
        associated_identities: None,
        public_identities: vec!["sip:alice@ims.test".to_owned()],
        deregistration_reason: DeregistrationReason {
            reason_code: ReasonCode::ServerChange,
            reason_info: Some("moved".to_owned()),
            other: Vec::new(),
        },
        rtr_flags: None,
        other: Vec::new(),
    };
    let features = [
        base(266, &10415_u32.to_be_bytes()),
        plain(629, &1_u32.to_be_bytes()),
        plain(630, &1_u32.to_be_bytes()),
    ];
    let mut avps = head(&[]);
    avps.extend([
        base(293, b"s2.ims.test"),
        base(283, b"ims.test"),
        tgpp(628, &features.concat()),
        base(1, b"alice@ims.test"),
        tgpp(601, b"sip:alice@ims.test"),
        tgpp(615, &[tgpp(616, &2_u32.to_be_bytes()), tgpp(617, b"moved")].concat()),
        base(282, b"dra.ims.test"),
    ]);
    both(&rtr, &message(0xc0, 304, &avps));

    let mut head_of_ppa = answer_head(CxResult::ERROR_TOO_MUCH_DATA);
    let proxy = [base(280, b"dra.ims.test"), base(33, b"state")].concat();
    head_of_ppa.proxy_info =
        vec![OtherAvp::with_flags(AvpId::new(vendor::IETF, 284), AvpFlags::MANDATORY, &proxy).unwrap()];
    let ppa = PushProfileAnswer { head: head_of_ppa, other: Vec::new() };
    let result = [base(266, &10415_u32.to_be_bytes()), base(298, &5008_u32.to_be_bytes())].concat();
    let mut avps = head(&[base(297, &result)]);
    avps.push(base(284, &proxy));
    both(&ppa, &message(0x40, 305, &avps));
}

#[test]
fn location_info() {
    let lia = LocationInfoAnswer {
        head: answer_head(ResultCode::UNABLE_TO_DELIVER),
        server_name: Some("sip:as.ims.test".to_owned()),
        server_capabilities: None,
        wildcarded_public_identity: Some("sip:!.*!@ims.test".to_owned()),
        lia_flags: Some(LiaFlags::PSI_DIRECT_ROUTING_INDICATION),
        other: Vec::new(),
    };
    let mut avps = head(&[base(268, &3002_u32.to_be_bytes())]);
    avps.extend([
        tgpp(602, b"sip:as.ims.test"),
        plain(634, b"sip:!.*!@ims.test"),
        plain(653, &1_u32.to_be_bytes()),
    ]);
    // P and E.
    both(&lia, &message(0x60, 302, &avps));
}

#[test]
fn a_message_of_another_command_is_not_parsed() {
    let message = uar("s.ims.test", "s;1;1");
    let dictionary = Dictionary::new();
    let reading = Reading::new(&dictionary);
    let refused =
        |failure: strowger_diameter::Failure| failure.result_code() == ResultCode::COMMAND_UNSUPPORTED;
    assert!(MultimediaAuthRequest::parse(&message, &reading).is_err_and(refused));
    assert!(UserAuthorizationAnswer::parse(&message, &reading).is_err_and(refused));
    assert!(UserAuthorizationRequest::parse(&message, &reading).is_ok());
}
