//! TS 24.229 §5.4.1.7 and §7.6: what an application server is told when a user registers.

use proptest::prelude::*;
use strowger_ims::service_profile::ApplicationServer;
use strowger_ims::third_party_register::{SERVICE_INFO_TYPE, body, parse_service_info, service_info_xml};

const REQUEST: &[u8] = b"REGISTER sip:home.net SIP/2.0\r\nCall-ID: a\r\n\r\n";
const RESPONSE: &[u8] = b"SIP/2.0 200 OK\r\nCall-ID: a\r\n\r\n";

fn server(info: Option<&str>, request: bool, response: bool) -> ApplicationServer {
    ApplicationServer {
        server_name: "sip:as".to_owned(),
        service_info: info.map(str::to_owned),
        include_register_request: request,
        include_register_response: response,
        ..ApplicationServer::default()
    }
}

/// Every combination of what may be included.
#[test]
fn what_is_included() {
    for info in [None, Some("x<y>&z")] {
        for request in [false, true] {
            for response in [false, true] {
                for answer in [None, Some(RESPONSE)] {
                    let made = body(&server(info, request, response), REQUEST, answer);
                    let has_response = response && answer.is_some();
                    let count =
                        usize::from(info.is_some()) + usize::from(request) + usize::from(has_response);
                    let Some(made) = made else {
                        assert_eq!(count, 0);
                        continue;
                    };
                    let holds = |piece: &[u8]| made.bytes.windows(piece.len()).any(|window| window == piece);
                    assert_eq!(holds(REQUEST), request);
                    assert_eq!(holds(RESPONSE), has_response);
                    assert_eq!(holds(b"<service-info>x&lt;y&gt;&amp;z</service-info>"), info.is_some());
                    if count > 1 {
                        assert!(made.content_type.starts_with("multipart/mixed;boundary="), "{made:?}");
                        assert!(made.bytes.starts_with(b"--") && made.bytes.ends_with(b"--\r\n"));
                    } else {
                        let alone = if info.is_some() { SERVICE_INFO_TYPE } else { "message/sip" };
                        assert_eq!(made.content_type, alone);
                    }
                }
            }
        }
    }
}

#[test]
fn a_body_alone_is_the_message_itself() {
    let made = body(&server(None, true, false), REQUEST, Some(RESPONSE)).unwrap();
    assert_eq!((made.content_type.as_str(), &made.bytes[..]), ("message/sip", REQUEST));
    let made = body(&server(Some("i"), false, false), REQUEST, None).unwrap();
    assert_eq!(
        made.bytes,
        b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><ims-3gpp version=\"1\"><service-info>i</service-info></ims-3gpp>"
    );
}

/// The order of table 5.4.1.7-1: service information, request, response.
#[test]
fn parts_come_in_order() {
    let made = body(&server(Some("i"), true, true), REQUEST, Some(RESPONSE)).unwrap();
    let text = String::from_utf8(made.bytes).unwrap();
    let places =
        ["<service-info>", "REGISTER sip:home.net", "SIP/2.0 200 OK"].map(|piece| text.find(piece).unwrap());
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn other_documents_hold_none() {
    assert_eq!(parse_service_info(b"<ims-3gpp version='1'><alternative-service/></ims-3gpp>"), Ok(None));
    assert_eq!(parse_service_info(b"<other><service-info>x</service-info></other>"), Ok(None));
    assert!(parse_service_info(b"nonsense").is_err());
}

proptest! {
    #[test]
    fn service_information_comes_back(info in "[ -~é\t\r\n]{0,40}") {
        prop_assert_eq!(parse_service_info(service_info_xml(&info).as_bytes()), Ok(Some(info)));
    }
}
