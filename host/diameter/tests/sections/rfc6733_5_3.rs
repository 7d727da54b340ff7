//! RFC 6733 §5.3: capabilities exchange, on a connection that anybody may open.

use strowger_diameter::base::{Capabilities, CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest};
use strowger_diameter::dictionary::base::{DESTINATION_HOST, FAILED_AVP, ORIGIN_HOST, PRODUCT_NAME};
use strowger_diameter::node::{ConnectionId, Input, Node, Output};
use strowger_diameter::{
    Address, ApplicationId, Builder, Command, CommandCode, Dictionary, Flags, Message, OtherAvp, Outcome,
    Reading, ResultCode,
};

use std::time::Instant;

use crate::messages::*;

const THEIRS: ConnectionId = ConnectionId::Accepted(1);

fn capabilities(host: &str) -> Capabilities {
    Capabilities {
        origin: origin(host),
        host_ip_addresses: vec![Address::Ip([192, 0, 2, 9].into())],
        vendor_id: 0,
        product_name: "stranger".to_owned(),
        supported_vendor_ids: Vec::new(),
        auth_application_ids: vec![ApplicationId::CX.0],
        inband_security_ids: Vec::new(),
        acct_application_ids: Vec::new(),
        vendor_specific_application_ids: Vec::new(),
        firmware_revision: Some(3),
    }
}

/// What a node does with bytes on a fresh connection: what it sends, and whether it closes.
fn knock(node: &mut Node, bytes: &[u8]) -> (Vec<Message>, bool) {
    let now = Instant::now();
    node.handle_input(now, Input::Accepted { number: 1 });
    node.handle_input(now, Input::Received(THEIRS, bytes));
    let (mut sent, mut closed) = (Vec::new(), false);
    while let Some(output) = node.poll_output() {
        match output {
            Output::Transmit { connection: THEIRS, bytes } => sent.push(Message::parse(bytes).unwrap()),
            Output::Close { connection: THEIRS } => closed = true,
            _ => {}
        }
    }
    (sent, closed)
}

fn node() -> Node {
    Node::new(config("s.ims.test", &[("hss.ims.test", false)])).unwrap()
}

fn cer(capabilities: Capabilities) -> Message {
    CapabilitiesExchangeRequest { capabilities, other: Vec::new() }.print().unwrap()
}

/// The answer to a CER, which must be the only message.
fn refused(bytes: &[u8]) -> Message {
    let mut node = node();
    let (sent, closed) = knock(&mut node, bytes);
    assert!(closed && sent.len() == 1 && node.connections() == 0);
    sent[0].clone()
}

#[test]
fn a_peer_is_let_in_and_told_who_we_are() {
    let mut node = node();
    let (sent, closed) = knock(&mut node, cer(capabilities("HSS.ims.test")).bytes());
    assert!(!closed);
    let dictionary = Dictionary::new();
    let cea = CapabilitiesExchangeAnswer::parse(&sent[0], &Reading::new(&dictionary)).unwrap();
    assert_eq!(cea.result_code, ResultCode::SUCCESS);
    assert_eq!(cea.capabilities.origin, origin("s.ims.test"));
    assert!(cea.capabilities.supports(ApplicationId::CX) && cea.capabilities.supported_vendor_ids == [10415]);
    assert_eq!(sent[0].header().flags, Flags::empty());
}

#[test]
fn a_stranger_is_not() {
    let cea = refused(cer(capabilities("mallory.test")).bytes());
    assert_eq!(cea.outcome(), Some(Outcome::Result(ResultCode::UNKNOWN_PEER)));
    assert_eq!(cea.header().flags, Flags::ERROR, "3xxx");
}

#[test]
fn nor_is_our_own_name() {
    let cea = refused(cer(capabilities("s.ims.test")).bytes());
    assert_eq!(cea.outcome(), Some(Outcome::Result(ResultCode::UNKNOWN_PEER)));
}

#[test]
fn nor_who_has_nothing_in_common() {
    let mut theirs = capabilities("hss.ims.test");
    theirs.auth_application_ids = vec![4];
    theirs.acct_application_ids = vec![3];
    let cea = refused(cer(theirs).bytes());
    assert_eq!(cea.outcome(), Some(Outcome::Result(ResultCode::NO_COMMON_APPLICATION)));
    assert_eq!(cea.header().flags, Flags::empty(), "5xxx follows the grammar of CEA");

    let mut theirs = capabilities("hss.ims.test");
    theirs.inband_security_ids = vec![1];
    let cea = refused(cer(theirs).bytes());
    assert_eq!(cea.outcome(), Some(Outcome::Result(ResultCode::NO_COMMON_SECURITY)));
}

#[test]
fn a_cer_with_a_fault_is_told_the_fault() {
    // Without Product-Name.
    let mut builder = Builder::new(Flags::REQUEST, CommandCode::CAPABILITIES_EXCHANGE, ApplicationId::BASE);
    let whole = cer(capabilities("hss.ims.test"));
    for avp in whole.avps().map(Result::unwrap).filter(|avp| avp.id != PRODUCT_NAME.id) {
        builder.put_others(&[OtherAvp::copy(&avp)]);
    }
    let cea = refused(builder.finish().unwrap().bytes());
    assert_eq!(cea.outcome(), Some(Outcome::Result(ResultCode::MISSING_AVP)));
    let failed = cea.first(FAILED_AVP.id).unwrap().group().next().unwrap().unwrap();
    assert_eq!((failed.id, failed.data), (PRODUCT_NAME.id, &b""[..]));

    // §6.1: "MUST NOT contain either Destination-Realm or Destination-Host AVPs".
    let cer = CapabilitiesExchangeRequest {
        capabilities: capabilities("hss.ims.test"),
        other: vec![OtherAvp::new(DESTINATION_HOST.id, true, b"s.ims.test").unwrap()],
    };
    let cea = refused(cer.print().unwrap().bytes());
    assert_eq!(cea.outcome(), Some(Outcome::Result(ResultCode::AVP_NOT_ALLOWED)));

    // An AVP twice.
    let cer = CapabilitiesExchangeRequest {
        capabilities: capabilities("hss.ims.test"),
        other: vec![OtherAvp::new(ORIGIN_HOST.id, true, b"other.test").unwrap()],
    };
    let cea = refused(cer.print().unwrap().bytes());
    assert_eq!(cea.outcome(), Some(Outcome::Result(ResultCode::AVP_OCCURS_TOO_MANY_TIMES)));
}

#[test]
fn anything_but_a_cer_is_not_even_answered() {
    let request = uar("hss.ims.test", "s");
    let others: [&[u8]; 4] = [
        request.bytes(),
        b"GET / HTTP/1.1\r\nHost: s.ims.test\r\n\r\n",
        &[1, 0, 0, 20, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[2, 0, 0, 20, 0x80, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    for bytes in others {
        let mut node = node();
        assert_eq!(knock(&mut node, bytes), (Vec::new(), true), "{bytes:?}");
        assert_eq!(node.connections(), 0);
    }
}

#[test]
fn who_says_nothing_is_sent_away() {
    let mut node = node();
    let now = Instant::now();
    assert_eq!(knock(&mut node, &[1, 0, 0]), (Vec::new(), false));
    let (due, name) = node.poll_timeout().unwrap();
    assert_eq!((due.duration_since(now).as_secs(), name), (10, strowger_diameter::node::TimerName::Cer));
    node.handle_timeout(due);
    assert!(matches!(node.poll_output(), Some(Output::Close { connection: THEIRS })));
    assert_eq!((node.connections(), node.counters().strangers), (0, 1));
}
