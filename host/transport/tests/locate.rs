//! RFC 3263 against a real DNS server on loopback.

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::proto::rr::Name;
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use sip::Transport::{self, Tcp, Tls, Udp, Wss};
use strowger_transport::locate::AddressFamilies;
use strowger_transport::{Hop, LocateError, LocateRequest, Locator, LocatorConfig, ResponseTarget};
use tokio::net::{TcpListener, UdpSocket};

/// The zone that all tests ask. `example.org` follows RFC 3263 §4.1.
const ZONE: &str = r#"
@              3600 IN SOA ns.example.org. admin.example.org. 1 3600 600 86400 60
@              3600 IN NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp.example.org.
@              3600 IN NAPTR 90 50 "s" "SIP+D2T"  "" _sip._tcp.example.org.
@              3600 IN NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp.example.org.
@              3600 IN A 192.0.2.99
_sips._tcp     3600 IN SRV 0 1 5061 a.example.org.
_sips._tcp     3600 IN SRV 1 1 5063 b.example.org.
_sip._tcp      3600 IN SRV 0 1 5060 a.example.org.
_sip._tcp      3600 IN SRV 1 1 5062 b.example.org.
_sip._udp      3600 IN SRV 0 1 5060 a.example.org.
a              3600 IN A 192.0.2.1
b              3600 IN A 192.0.2.2
dual           3600 IN A 192.0.2.3
dual           3600 IN AAAA 2001:db8::3
plain          3600 IN A 192.0.2.4
alias          3600 IN CNAME plain.example.org.
_sip._udp.srv  3600 IN SRV 10 0 5070 a.example.org.
_sip._tcp.srv  3600 IN SRV 10 0 5071 b.example.org.
srv            3600 IN A 192.0.2.98
_sip._udp.even 3600 IN SRV 1 1 5060 a.example.org.
_sip._udp.even 3600 IN SRV 1 1 5060 b.example.org.
_sip._udp.none 3600 IN SRV 0 0 0 .
none           3600 IN A 192.0.2.97
_sip._udp.half 3600 IN SRV 1 1 5060 nowhere.example.org.
_sip._udp.half 3600 IN SRV 2 1 5060 b.example.org.
direct         3600 IN NAPTR 1 1 "a" "SIP+D2T" "" plain.example.org.
browser        3600 IN NAPTR 1 1 "s" "SIP+D2W" "" _ws._tcp.example.org.
enum           3600 IN NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:a@b!" .
enum           3600 IN A 192.0.2.5
broken         3600 IN NAPTR 1 1 "s" "SIP+D2U" "" _sip._udp.nowhere.example.org.
"#;

struct Dns {
    server: Server<Catalog>,
    address: SocketAddr,
}

impl Dns {
    async fn start() -> Dns {
        let origin = Name::from_ascii("example.org.").unwrap();
        let (_, records) = Parser::new(ZONE, None, Some(origin.clone())).parse().unwrap();
        let zone: InMemoryZoneHandler =
            InMemoryZoneHandler::new(origin.clone(), records, ZoneType::Primary, AxfrPolicy::Deny).unwrap();
        let mut catalog = Catalog::new();
        catalog.upsert(origin.into(), vec![Arc::new(zone)]);
        let mut server = Server::new(catalog);
        // UDP and TCP on one port, as a resolver expects
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        server.register_socket(udp);
        server.register_listener(tcp, Duration::from_secs(5), 4096);
        Dns { server, address }
    }

    fn config(&self) -> LocatorConfig {
        LocatorConfig { nameservers: vec![self.address], ..LocatorConfig::default() }
    }

    fn locator(&self) -> Locator {
        Locator::new(self.config())
    }

    fn locator_for(&self, transports: &[Transport]) -> Locator {
        Locator::new(LocatorConfig { transports: transports.to_vec(), ..self.config() })
    }
}

fn uri(uri: &str) -> LocateRequest {
    LocateRequest::from_uri(&sip::Uri::parse(uri.as_bytes()).unwrap()).unwrap()
}

fn shown(hops: Vec<Hop>) -> Vec<(Transport, String)> {
    hops.into_iter().map(|hop| (hop.transport, hop.addr.to_string())).collect()
}

async fn located(locator: &Locator, target: &str) -> Vec<(Transport, String)> {
    shown(locator.locate(&uri(target)).await.unwrap())
}

async fn refused(locator: &Locator, target: &str) -> LocateError {
    locator.locate(&uri(target)).await.unwrap_err()
}

fn hops<const N: usize>(expected: [(Transport, &str); N]) -> Vec<(Transport, String)> {
    expected.into_iter().map(|(transport, addr)| (transport, addr.to_owned())).collect()
}

#[tokio::test]
async fn section_4_1_naptr_decides_the_transport() {
    let dns = Dns::start().await;
    let all = hops([(Tls, "192.0.2.1:5061"), (Tls, "192.0.2.2:5063")]);
    assert_eq!(located(&dns.locator(), "sip:bob@example.org").await, all);
    assert_eq!(located(&dns.locator(), "sips:bob@example.org").await, all);
    let plain = dns.locator_for(&[Udp, Tcp]);
    assert_eq!(
        located(&plain, "sip:bob@example.org").await,
        hops([(Tcp, "192.0.2.1:5060"), (Tcp, "192.0.2.2:5062")])
    );
    assert_eq!(
        located(&dns.locator_for(&[Udp]), "sip:bob@example.org").await,
        hops([(Udp, "192.0.2.1:5060")])
    );
    assert_eq!(refused(&plain, "sips:bob@example.org").await, LocateError::NoTransport);
}

#[tokio::test]
async fn section_4_1_a_naptr_may_name_a_host() {
    let dns = Dns::start().await;
    assert_eq!(located(&dns.locator(), "sip:direct.example.org").await, hops([(Tcp, "192.0.2.4:5060")]));
    assert_eq!(refused(&dns.locator(), "sip:browser.example.org").await, LocateError::NoTransport);
    // records about other services are none about SIP
    assert_eq!(located(&dns.locator(), "sip:enum.example.org").await, hops([(Udp, "192.0.2.5:5060")]));
    assert!(matches!(refused(&dns.locator(), "sip:broken.example.org").await, LocateError::NotFound { .. }));
}

#[tokio::test]
async fn section_4_1_without_naptr_srv_of_each_transport_in_our_order() {
    let dns = Dns::start().await;
    assert_eq!(
        located(&dns.locator(), "sip:srv.example.org").await,
        hops([(Udp, "192.0.2.1:5070"), (Tcp, "192.0.2.2:5071")])
    );
    assert_eq!(
        located(&dns.locator_for(&[Tcp, Udp]), "sip:srv.example.org").await,
        hops([(Tcp, "192.0.2.2:5071"), (Udp, "192.0.2.1:5070")])
    );
    // no secure service: its address, by the default transport of the scheme
    assert_eq!(located(&dns.locator(), "sips:srv.example.org").await, hops([(Tls, "192.0.2.98:5061")]));
}

#[tokio::test]
async fn section_4_1_without_any_of_these_the_address_and_the_default() {
    let dns = Dns::start().await;
    let locator = dns.locator();
    assert_eq!(located(&locator, "sip:plain.example.org").await, hops([(Udp, "192.0.2.4:5060")]));
    assert_eq!(located(&locator, "sip:PLAIN.example.org.").await, hops([(Udp, "192.0.2.4:5060")]));
    assert_eq!(located(&locator, "sip:alias.example.org").await, hops([(Udp, "192.0.2.4:5060")]));
    assert_eq!(
        located(&dns.locator_for(&[Tcp]), "sip:plain.example.org").await,
        hops([(Tcp, "192.0.2.4:5060")])
    );
}

#[tokio::test]
async fn section_4_2_a_port_or_a_transport_shortens_the_way() {
    let dns = Dns::start().await;
    let locator = dns.locator();
    assert_eq!(located(&locator, "sip:example.org:5099").await, hops([(Udp, "192.0.2.99:5099")]));
    assert_eq!(located(&locator, "sips:example.org:5099").await, hops([(Tls, "192.0.2.99:5099")]));
    assert_eq!(
        located(&locator, "sip:example.org:5099;transport=tcp").await,
        hops([(Tcp, "192.0.2.99:5099")])
    );
    assert_eq!(located(&locator, "sip:example.org;transport=udp").await, hops([(Udp, "192.0.2.1:5060")]));
    assert_eq!(
        located(&locator, "sip:plain.example.org;transport=tcp").await,
        hops([(Tcp, "192.0.2.4:5060")])
    );
    assert_eq!(
        located(&locator, "sip:x@y.example;maddr=plain.example.org").await,
        hops([(Udp, "192.0.2.4:5060")])
    );
    assert_eq!(refused(&locator, "sips:example.org;transport=udp").await, LocateError::NoTransport);
    assert_eq!(refused(&locator, "sip:example.org;transport=wss").await, LocateError::NoTransport);
    assert_eq!(
        located(&dns.locator_for(&[Wss]), "sip:plain.example.org;transport=wss").await,
        hops([(Wss, "192.0.2.4:443")])
    );
}

#[tokio::test]
async fn numeric_hosts_ask_nobody() {
    let locator =
        Locator::new(LocatorConfig { nameservers: vec![silent().await.0], ..LocatorConfig::default() });
    assert_eq!(located(&locator, "sip:192.0.2.7").await, hops([(Udp, "192.0.2.7:5060")]));
    assert_eq!(located(&locator, "sips:[2001:db8::7]:1").await, hops([(Tls, "[2001:db8::7]:1")]));
}

#[tokio::test]
async fn names_of_the_hosts_file_ask_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let hosts_file = folder.path().join("hosts");
    std::fs::write(&hosts_file, "192.0.2.33 scscf.home example.org\n").unwrap();
    let (address, _socket) = silent().await;
    let locator = Locator::new(LocatorConfig {
        nameservers: vec![address],
        hosts_file: Some(hosts_file),
        ..LocatorConfig::default()
    });
    assert_eq!(located(&locator, "sip:scscf.home").await, hops([(Udp, "192.0.2.33:5060")]));
    assert_eq!(located(&locator, "sip:example.org;transport=tcp").await, hops([(Tcp, "192.0.2.33:5060")]));
    assert_eq!(located(&locator, "sips:localhost:7").await, hops([(Tls, "127.0.0.1:7"), (Tls, "[::1]:7")]));
}

#[tokio::test]
async fn rfc_5922_the_certificate_must_be_for_the_domain_that_was_asked_for() {
    let dns = Dns::start().await;
    for hop in dns.locator().locate(&uri("sips:bob@example.org")).await.unwrap() {
        assert_eq!(hop.server_name.as_deref(), Some("example.org"));
    }
    for hop in dns.locator().locate(&uri("sip:example.org;transport=tcp")).await.unwrap() {
        assert_eq!(hop.server_name, None);
    }
}

#[tokio::test]
async fn the_order_of_address_families_is_ours() {
    let dns = Dns::start().await;
    let with = |families| Locator::new(LocatorConfig { families, ..dns.config() });
    let (v4, v6) = ((Udp, "192.0.2.3:5060"), (Udp, "[2001:db8::3]:5060"));
    let target = "sip:dual.example.org";
    assert_eq!(located(&with(AddressFamilies::Ipv4First), target).await, hops([v4, v6]));
    assert_eq!(located(&with(AddressFamilies::Ipv6First), target).await, hops([v6, v4]));
    assert_eq!(located(&with(AddressFamilies::Ipv6Only), target).await, hops([v6]));
    assert_eq!(located(&with(AddressFamilies::Ipv4Only), target).await, hops([v4]));
    assert!(matches!(
        refused(&with(AddressFamilies::Ipv6Only), "sip:plain.example.org").await,
        LocateError::NotFound { .. }
    ));
}

#[tokio::test]
async fn rfc_2782_equal_weights_share() {
    let dns = Dns::start().await;
    let locator = Locator::new(LocatorConfig { seed: 11, ..dns.config() });
    let mut first = 0;
    for _ in 0..200 {
        let hops = located(&locator, "sip:even.example.org;transport=udp").await;
        assert_eq!(hops.len(), 2);
        first += usize::from(hops[0].1 == "192.0.2.1:5060");
    }
    assert!((60..140).contains(&first), "one of two came first {first} times of 200");
}

#[tokio::test]
async fn failures_are_told_apart() {
    let dns = Dns::start().await;
    let locator = dns.locator();
    assert!(matches!(refused(&locator, "sip:nowhere.example.org").await, LocateError::NotFound { .. }));
    assert_eq!(refused(&locator, "sip:none.example.org;transport=udp").await, LocateError::Unavailable);
    let bad = LocateRequest { host: "a..b".into(), port: None, transport: None, secure: false };
    assert_eq!(locator.locate(&bad).await.unwrap_err(), LocateError::BadHost);
    let long = LocateRequest { host: "x.".repeat(200).into(), ..bad };
    assert_eq!(locator.locate(&long).await.unwrap_err(), LocateError::BadHost);
    // another zone, which this server does not know
    assert!(matches!(refused(&locator, "sip:example.com").await, LocateError::Failed { .. }));
    // one target without address does not spoil the others
    assert_eq!(
        located(&locator, "sip:half.example.org;transport=udp").await,
        hops([(Udp, "192.0.2.2:5060")])
    );
}

/// A name server that never answers.
async fn silent() -> (SocketAddr, UdpSocket) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    (socket.local_addr().unwrap(), socket)
}

#[tokio::test]
async fn a_silent_server_costs_a_bounded_time() {
    let (address, _socket) = silent().await;
    let locator = Locator::new(LocatorConfig {
        nameservers: vec![address],
        query_timeout: Duration::from_secs(30),
        total_timeout: Duration::from_millis(200),
        ..LocatorConfig::default()
    });
    assert_eq!(refused(&locator, "sip:example.org").await, LocateError::Timeout);
    let locator = Locator::new(LocatorConfig {
        nameservers: vec![address],
        query_timeout: Duration::from_millis(50),
        attempts: 1,
        ..LocatorConfig::default()
    });
    assert!(matches!(
        refused(&locator, "sip:example.org").await,
        LocateError::Timeout | LocateError::Failed { .. }
    ));
}

#[tokio::test]
async fn answers_are_kept_while_they_live() {
    let mut dns = Dns::start().await;
    let locator = Locator::new(LocatorConfig {
        query_timeout: Duration::from_millis(50),
        attempts: 1,
        total_timeout: Duration::from_millis(500),
        ..dns.config()
    });
    let before = located(&locator, "sip:example.org").await;
    dns.server.shutdown_gracefully().await.unwrap();
    assert_eq!(located(&locator, "sip:example.org").await, before);
    locator.clear_cache();
    refused(&locator, "sip:example.org").await;
}

#[tokio::test]
async fn section_4_3_a_dead_hop_is_left_out_until_it_may_live_again() {
    let dns = Dns::start().await;
    let locator = dns.locator();
    let all = locator.locate(&uri("sip:example.org")).await.unwrap();
    let [first, second] = &all[..] else { panic!("two hops") };
    locator.report_dead(first, Duration::from_secs(30));
    assert!(locator.is_dead(first) && !locator.is_dead(second));
    assert_eq!(locator.locate(&uri("sip:example.org")).await.unwrap(), std::slice::from_ref(second));
    // with all of them dead, trying is better than failing
    locator.report_dead(second, Duration::from_secs(30));
    assert_eq!(locator.locate(&uri("sip:example.org")).await.unwrap(), all);
    locator.report_alive(first);
    assert_eq!(locator.locate(&uri("sip:example.org")).await.unwrap(), std::slice::from_ref(first));
}

#[tokio::test]
async fn section_5_responses_follow_the_via() {
    let dns = Dns::start().await;
    let locator = dns.locator();
    let to = async |via: &str| {
        let target = ResponseTarget::from_via(&sip::Via::parse(via.as_bytes()).unwrap()).unwrap();
        shown(locator.locate_response(&target).await.unwrap())
    };
    assert_eq!(to("SIP/2.0/UDP 192.0.2.8:5070;branch=z9hG4bK1").await, hops([(Udp, "192.0.2.8:5070")]));
    assert_eq!(to("SIP/2.0/UDP a.example.org:5070;branch=z9hG4bK1").await, hops([(Udp, "192.0.2.1:5070")]));
    assert_eq!(
        to("SIP/2.0/TCP example.org;branch=z9hG4bK1").await,
        hops([(Tcp, "192.0.2.1:5060"), (Tcp, "192.0.2.2:5062")]),
        "no port: SRV of the transport"
    );
    assert_eq!(
        to("SIP/2.0/TLS plain.example.org;branch=z9hG4bK1").await,
        hops([(Tls, "192.0.2.4:5061")]),
        "no SRV: the address with the default port"
    );
    assert_eq!(
        to("SIP/2.0/UDP x.example;maddr=b.example.org;branch=z9hG4bK1").await,
        hops([(Udp, "192.0.2.2:5060")])
    );
}
