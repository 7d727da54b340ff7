//! The domain of these tests, and how it is asked.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use strowger_dns::{DnsServer, Element, ImsZone, Number, Protocol, Role, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::runtime::Handle;

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// One P-CSCF, an I-CSCF that has TLS too, two S-CSCFs of which the second waits, an HSS, two numbers.
pub(crate) fn zone() -> ImsZone {
    let scscf = |number: u8, priority| {
        let host = Element::named(Role::Scscf, format!("scscf{number}"), [192, 0, 2, 30 + number].into());
        let speaking = |protocol, port| Service { protocol, port, priority, weight: 1 };
        let services = vec![speaking(Protocol::SipUdp, 6060), speaking(Protocol::SipTcp, 6060)];
        Element { services, ..host }
    };
    let mut pcscf = Element::new(Role::Pcscf, address("192.0.2.10"))
        .speaking(Protocol::SipTcp, 5060)
        .speaking(Protocol::SipUdp, 5060);
    pcscf.addresses.push(address("2001:db8::10"));
    let icscf = Element::new(Role::Icscf, address("192.0.2.20"))
        .speaking(Protocol::SipTls, 4061)
        .speaking(Protocol::SipUdp, 4060)
        .speaking(Protocol::SipTcp, 4060);
    let hss = Element::new(Role::Hss, address("192.0.2.40"))
        .speaking(Protocol::Diameter, 3868)
        .speaking(Protocol::DiameterTls, 5868);
    let mut zone = ImsZone::new("ims.test", address("192.0.2.1"));
    zone.elements = vec![pcscf, icscf, scscf(1, 1), scscf(2, 2), hss];
    let number = |number: &str, uri: &str| Number { number: number.to_owned(), uri: uri.to_owned() };
    zone.numbers = vec![
        number("+15551234", "sip:+15551234@ims.test;user=phone"),
        number("+15551235", "sip:alice@ims.test"),
    ];
    zone
}

pub(crate) fn serve(zone: &ImsZone) -> DnsServer {
    DnsServer::start(&Handle::current(), zone, "127.0.0.1:0".parse().unwrap()).unwrap()
}

/// Names and kinds that are there, that are not, and that are somebody else's.
pub(crate) const QUESTIONS: &[(&str, RecordType)] = &[
    ("ims.test", RecordType::SOA),
    ("ims.test", RecordType::NS),
    ("ims.test", RecordType::NAPTR),
    ("IMS.Test", RecordType::NAPTR),
    ("ims.test", RecordType::A),
    ("ns.ims.test", RecordType::A),
    ("pcscf.ims.test", RecordType::A),
    ("pcscf.ims.test", RecordType::AAAA),
    ("icscf.ims.test", RecordType::AAAA),
    ("pcscf.ims.test", RecordType::NAPTR),
    ("scscf.ims.test", RecordType::NAPTR),
    ("scscf.ims.test", RecordType::A),
    ("scscf1.ims.test", RecordType::A),
    ("scscf2.ims.test", RecordType::NAPTR),
    ("_sip._udp.ims.test", RecordType::SRV),
    ("_sip._tcp.ims.test", RecordType::SRV),
    ("_sips._tcp.ims.test", RecordType::SRV),
    ("_tcp.ims.test", RecordType::SRV),
    ("_sip._udp.pcscf.ims.test", RecordType::SRV),
    ("_sips._tcp.pcscf.ims.test", RecordType::SRV),
    ("_sip._udp.scscf.ims.test", RecordType::SRV),
    ("_sip._udp.scscf2.ims.test", RecordType::SRV),
    ("_diameter._tcp.ims.test", RecordType::SRV),
    ("_diameters._tcp.ims.test", RecordType::SRV),
    ("_diameter._tcp.hss.ims.test", RecordType::SRV),
    ("hss.ims.test", RecordType::NAPTR),
    ("nobody.ims.test", RecordType::A),
    ("4.3.2.1.5.5.5.1.e164.arpa", RecordType::NAPTR),
    ("5.3.2.1.5.5.5.1.e164.arpa", RecordType::NAPTR),
    ("3.2.1.5.5.5.1.e164.arpa", RecordType::NAPTR),
    ("9.9.9.e164.arpa", RecordType::NAPTR),
    ("e164.arpa", RecordType::SOA),
    ("test", RecordType::SOA),
    ("example.org", RecordType::A),
    ("other.test", RecordType::NAPTR),
];

pub(crate) fn question(name: &str, kind: RecordType) -> Message {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, kind));
    message
}

/// Asks by UDP, again where nothing comes, or nobody is there yet.
pub(crate) async fn ask(server: SocketAddr, question: &Message) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server).await.unwrap();
    let mut again = tokio::time::interval(Duration::from_millis(50));
    let mut buffer = [0; 4096];
    for _ in 0..400 {
        again.tick().await;
        let _ = socket.send(&question.to_vec().unwrap()).await;
        let received = tokio::time::timeout(Duration::from_secs(1), socket.recv(&mut buffer)).await;
        if let Ok(Ok(count)) = received {
            return Message::from_vec(&buffer[..count]).unwrap();
        }
    }
    panic!("no answer of {server}");
}

/// Asks by TCP.
pub(crate) async fn ask_by_tcp(server: SocketAddr, question: &Message) -> Message {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await.unwrap();
        let bytes = question.to_vec().unwrap();
        stream.write_all(&(bytes.len() as u16).to_be_bytes()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let length = stream.read_u16().await.unwrap();
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await.unwrap();
        Message::from_vec(&answer).unwrap()
    };
    tokio::time::timeout(Duration::from_secs(10), exchange).await.expect("no answer")
}

/// What an answer says that servers must agree on: its code, whether it is authoritative, its records in no order, and
/// whether the SOA is with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: ResponseCode,
    pub(crate) is_authoritative: bool,
    pub(crate) answers: Vec<String>,
    pub(crate) has_soa: bool,
}

pub(crate) fn said(answer: &Message) -> Said {
    let mut answers: Vec<String> =
        answer.answers.iter().map(|record| record.to_string().to_ascii_lowercase()).collect();
    answers.sort();
    let is_soa = |record: &hickory_proto::rr::Record| record.record_type() == RecordType::SOA;
    Said {
        code: answer.metadata.response_code,
        is_authoritative: answer.metadata.authoritative,
        answers,
        has_soa: answer.authorities.iter().any(is_soa),
    }
}
