//! RFC 5626 §6: flows at the registrar. RFC 3327 §5.3: Path.

use crate::registrar::{AOR, Registrar, connection, register};
use sip::Transport;
use strowger_storage::Refusal;

const SUPPORTED: &str = "Supported: path, outbound";

fn contact(uri: &str, instance: &str, reg_id: &str) -> String {
    format!("Contact: <{uri}>;+sip.instance=\"<urn:uuid:{instance}>\";reg-id={reg_id}")
}

#[test]
fn an_instance_and_reg_id_name_a_binding_whatever_its_uri() {
    let mut registrar = Registrar::new();
    registrar.flow = connection(Transport::Tcp, 1);
    let registration =
        registrar.register(&register("a", 1, &[SUPPORTED, &contact("sip:1@a", "x", "1")])).expect("granted");
    assert!(registration.outbound);
    registrar.flow = connection(Transport::Tcp, 2);
    let rebooted = register("b", 1, &[SUPPORTED, &contact("sip:2@a", "x", "1")]);
    let registration = registrar.register(&rebooted).expect("granted");
    assert_eq!(registration.contacts.len(), 1);
    assert_eq!(registrar.uris(), ["sip:2@a"]);
    // another flow of the same phone, another phone
    registrar.register(&register("b", 2, &[SUPPORTED, &contact("sip:2@a", "x", "2")])).expect("granted");
    registrar.register(&register("c", 1, &[SUPPORTED, &contact("sip:2@a", "y", "1")])).expect("granted");
    assert_eq!(registrar.uris(), ["sip:2@a"; 3]);
    let targets = registrar.registrations().targets(AOR, registrar.now_ms);
    assert!(
        targets.iter().all(|target| target.flow == Some(connection(Transport::Tcp, 2)) && target.flow_only)
    );
}

#[test]
fn the_order_of_requests_counts_for_flows_too() {
    let registrar = Registrar::new();
    registrar.register(&register("a", 5, &[SUPPORTED, &contact("sip:1@a", "x", "1")])).expect("granted");
    let late = register("a", 4, &[SUPPORTED, &contact("sip:2@a", "x", "1")]);
    assert_eq!(registrar.register(&late), Err(Refusal::OutOfOrder));
    assert_eq!(registrar.uris(), ["sip:1@a"]);
}

#[test]
fn a_flow_ends_by_its_name_and_by_its_uri() {
    let registrar = Registrar::new();
    let bind = |cseq, reg_id| register("a", cseq, &[SUPPORTED, &contact("sip:1@a", "x", reg_id)]);
    registrar.register(&bind(1, "1")).expect("granted");
    registrar.register(&bind(2, "2")).expect("granted");
    let end = register("a", 3, &[SUPPORTED, &format!("{};expires=0", contact("sip:9@a", "x", "1"))]);
    assert_eq!(registrar.register(&end).expect("granted").contacts.len(), 1);
    registrar.register(&bind(4, "1")).expect("granted");
    let end = register("a", 5, &["Contact: <sip:1@a>;expires=0"]);
    assert!(registrar.register(&end).expect("granted").contacts.is_empty());
}

#[test]
fn without_support_on_both_sides_there_is_no_flow() {
    let mut registrar = Registrar::new();
    registrar.flow = connection(Transport::Tcp, 1);
    let plain: [&[&str]; 5] = [
        // the phone does not say that it supports it
        &[&contact("sip:1@a", "x", "1")],
        // an edge on the way does not keep flows
        &[SUPPORTED, &contact("sip:1@a", "x", "1"), "Path: <sip:edge;lr>"],
        &[SUPPORTED, &contact("sip:1@a", "x", "1"), "Path: <sip:core;lr;ob>, <sip:edge;lr>"],
        // or left no trace but its Via
        &[SUPPORTED, &contact("sip:1@a", "x", "1"), "Via: SIP/2.0/UDP phone;branch=z9hG4bK1"],
        // no name
        &[SUPPORTED, "Contact: <sip:1@a>;reg-id=1"],
    ];
    for (cseq, lines) in (1..).zip(plain) {
        let registration = registrar.register(&register("a", cseq, lines)).expect("granted");
        assert!(!registration.outbound, "{lines:?}");
        assert_eq!(registrar.uris(), ["sip:1@a"]);
        assert_eq!(registrar.registrations().targets(AOR, registrar.now_ms)[0].flow, None);
    }
    let through = ["Path: <sip:core;lr>, <sip:edge;lr;ob>", SUPPORTED, &contact("sip:1@a", "x", "1")];
    let registration = registrar.register(&register("a", 9, &through)).expect("granted");
    assert!(registration.outbound);
    // the edge knows the flow
    let targets = registrar.registrations().targets(AOR, registrar.now_ms);
    assert_eq!(targets[0].flow, None);
}

#[test]
fn a_flow_is_bound_alone() {
    let registrar = Registrar::new();
    let lines = [SUPPORTED, &contact("sip:1@a", "x", "1"), "Contact: <sip:2@a>"];
    assert_eq!(registrar.register(&register("a", 1, &lines)), Err(Refusal::Malformed));
    let lines = [SUPPORTED, &contact("sip:1@a", "x", "1"), "Contact: <sip:2@a>;expires=0"];
    registrar.register(&register("a", 2, &lines)).expect("granted");
    for reg_id in ["0", "x", "-1"] {
        let wrong = register("a", 3, &[SUPPORTED, &contact("sip:1@a", "x", reg_id)]);
        assert_eq!(registrar.register(&wrong), Err(Refusal::Malformed), "reg-id {reg_id}");
    }
}

#[test]
fn a_websocket_is_reached_over_itself() {
    let mut registrar = Registrar::new();
    registrar.flow = connection(Transport::Wss, 5);
    registrar.register(&register("a", 1, &["Contact: <sip:x@y.invalid;transport=ws>"])).expect("granted");
    let targets = registrar.registrations().targets(AOR, registrar.now_ms);
    assert_eq!((targets[0].flow, targets[0].flow_only), (Some(connection(Transport::Wss, 5)), true));
}

/// Without RFC 5626 a connection is the first way to who registered by it, and the Contact the second.
#[test]
fn a_connection_is_the_first_way_back() {
    for (transport, contact, by_flow) in [
        (Transport::Tcp, "sip:1@192.0.2.4:40001;transport=tcp", true),
        (Transport::Tcp, "sip:1@10.0.0.9;transport=TCP", true),
        (Transport::Tcp, "sip:1@[2001:db8::1]:5070", true),
        (Transport::Tls, "sip:1@192.0.2.4:40001;transport=tls", true),
        (Transport::Tls, "sips:1@192.0.2.4:40001", true),
        (Transport::Tls, "sips:1@192.0.2.4:40001;transport=tcp", true),
        (Transport::Tls, "sip:1@x81.invalid", true),
        (Transport::Tls, "sip:1@192.0.2.4;transport=tcp", false),
        (Transport::Tcp, "sip:1@192.0.2.4;transport=udp", false),
        (Transport::Tcp, "sip:1@pbx.example.net;transport=tcp", false),
        (Transport::Tcp, "tel:+4930123", false),
    ] {
        let mut registrar = Registrar::new();
        registrar.flow = connection(transport, 3);
        registrar.register(&register("a", 1, &[&format!("Contact: <{contact}>")])).expect("granted");
        let targets = registrar.registrations().targets(AOR, registrar.now_ms);
        let expected = by_flow.then(|| connection(transport, 3));
        assert_eq!((targets[0].flow, targets[0].flow_only), (expected, false), "{contact}");
    }
}

#[test]
fn rfc3327_5_3_path_is_kept_in_order_and_becomes_the_route() {
    let registrar = Registrar::new();
    let lines = ["Contact: <sip:1@a>", "Path: <sip:p3;lr>,\r\n <sip:p2;lr>;x=\"a, b\"", "Path: <sip:p1;lr>"];
    registrar.register(&register("a", 1, &lines)).expect("granted");
    let path = ["<sip:p3;lr>", "<sip:p2;lr>;x=\"a, b\"", "<sip:p1;lr>"];
    assert_eq!(registrar.lookup()[0].path.iter().map(|p| &**p).collect::<Vec<_>>(), path);
    let targets = registrar.registrations().targets(AOR, registrar.now_ms);
    assert_eq!(targets[0].route.iter().map(|p| &**p).collect::<Vec<_>>(), path);
    // registering anew without it drops it
    registrar.register(&register("a", 2, &["Contact: <sip:1@a>"])).expect("granted");
    assert!(registrar.lookup()[0].path.is_empty());
}
