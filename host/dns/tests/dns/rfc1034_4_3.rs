//! RFC 1034 §4.3: what an authoritative server answers, RFC 2308 §2 where there is nothing, RFC 7766 by TCP.

use std::net::IpAddr;

use hickory_proto::op::{OpCode, ResponseCode};
use hickory_proto::rr::RecordType;
use strowger_dns::{DnsError, DnsServer, Element, ImsZone, Protocol, Role};
use tokio::runtime::Handle;

use crate::world::*;

#[tokio::test]
async fn what_is_there_is_answered_with_authority() {
    let server = serve(&zone());
    let answer = said(&ask(server.address(), &question("hss.ims.test", RecordType::A)).await);
    assert_eq!((answer.code, answer.is_authoritative), (ResponseCode::NoError, true));
    assert_eq!(answer.answers, ["hss.ims.test. 300 in a 192.0.2.40"]);
}

#[tokio::test]
async fn what_is_not_there_is_denied_with_the_soa() {
    let server = serve(&zone());
    for (name, code) in [("nobody.ims.test", ResponseCode::NXDomain), ("hss.ims.test", ResponseCode::NoError)]
    {
        let answer = said(&ask(server.address(), &question(name, RecordType::TXT)).await);
        let expected = Said { code, is_authoritative: true, answers: Vec::new(), has_soa: true };
        assert_eq!(answer, expected, "{name}");
    }
}

#[tokio::test]
async fn it_never_recurses() {
    let server = serve(&zone());
    for name in ["example.org", "test", "ims.test.example.org"] {
        let answer = ask(server.address(), &question(name, RecordType::A)).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::Refused, "{name}");
        assert!(!answer.metadata.recursion_available && answer.answers.is_empty());
    }
}

#[tokio::test]
async fn nobody_may_take_the_whole_zone_or_change_it() {
    let server = serve(&zone());
    let transfer = ask_by_tcp(server.address(), &question("ims.test", RecordType::AXFR)).await;
    assert!(transfer.answers.is_empty());
    assert_ne!(transfer.metadata.response_code, ResponseCode::NoError);
    let mut update = question("ims.test", RecordType::SOA);
    update.metadata.op_code = OpCode::Update;
    let refused = ask(server.address(), &update).await;
    assert_ne!(refused.metadata.response_code, ResponseCode::NoError);
}

#[tokio::test]
async fn udp_and_tcp_answer_alike() {
    let server = serve(&zone());
    for (name, kind) in QUESTIONS {
        let question = question(name, *kind);
        let (udp, tcp) =
            (ask(server.address(), &question).await, ask_by_tcp(server.address(), &question).await);
        assert_eq!(said(&udp), said(&tcp), "{name} {kind}");
    }
}

/// More than a datagram holds: the client is told to come again by TCP.
#[tokio::test]
async fn a_long_answer_is_cut_short_over_udp() {
    let mut zone = zone();
    for number in 0..16_u8 {
        let host = format!("icscf-of-a-rather-long-name-{number}");
        let address = IpAddr::from([192, 0, 2, 100 + number]);
        zone.elements.push(Element::named(Role::Icscf, host, address).speaking(Protocol::SipUdp, 4060));
    }
    let server = serve(&zone);
    let question = question("_sip._udp.ims.test", RecordType::SRV);
    let cut = ask(server.address(), &question).await;
    assert!(cut.metadata.truncation);
    assert_eq!(ask_by_tcp(server.address(), &question).await.answers.len(), 17);
}

#[tokio::test]
async fn a_number_is_called_as_its_uri() {
    let server = serve(&zone());
    let question = question("4.3.2.1.5.5.5.1.e164.arpa", RecordType::NAPTR);
    let answer = said(&ask(server.address(), &question).await);
    assert_eq!(answer.answers.len(), 1);
    assert!(
        answer.answers[0].contains("e2u+sip")
            && answer.answers[0].contains("!^.*$!sip:+15551234@ims.test;user=phone!")
    );
}

#[tokio::test]
async fn whatever_bytes_come_it_goes_on() {
    let server = serve(&zone());
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let whole = question("ims.test", RecordType::NAPTR).to_vec().unwrap();
    for length in 0..whole.len() {
        socket.send_to(&whole[..length], server.address()).await.unwrap();
        let mut twisted = whole.clone();
        twisted[length] ^= 0xff;
        socket.send_to(&twisted, server.address()).await.unwrap();
    }
    let answer = ask(server.address(), &question("ims.test", RecordType::NAPTR)).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
}

#[tokio::test]
async fn it_starts_where_it_can_and_stops() {
    let server = serve(&zone());
    let address = server.address();
    let start = || DnsServer::start(&Handle::current(), &zone(), address);
    assert!(matches!(start(), Err(DnsError::Bind { .. })));
    server.stop().await;
    start().unwrap();
    let wrong = ImsZone { name_servers: Vec::new(), ..zone() };
    assert!(matches!(DnsServer::start(&Handle::current(), &wrong, address), Err(DnsError::Zone(_))));
}
