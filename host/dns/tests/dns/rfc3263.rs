//! RFC 3263 §4: our own locator finds the CSCFs.

use sip::Transport::{self, Tcp, Tls, Udp};
use strowger_dns::DnsServer;
use transport::{LocateError, LocateRequest, Locator, LocatorConfig};

use crate::world::{serve, zone};

fn locator(server: &DnsServer, transports: &[Transport]) -> Locator {
    Locator::new(LocatorConfig {
        nameservers: vec![server.address()],
        hosts_file: None,
        transports: transports.to_vec(),
        ..LocatorConfig::default()
    })
}

async fn located(locator: &Locator, uri: &str) -> Result<Vec<String>, LocateError> {
    let request = LocateRequest::from_uri(&sip::Uri::parse(uri.as_bytes()).unwrap()).unwrap();
    let hops = locator.locate(&request).await?;
    Ok(hops.iter().map(|hop| format!("{} {}", hop.transport.parameter(), hop.addr)).collect())
}

#[tokio::test]
async fn a_domain_leads_to_its_icscf_by_what_it_prefers() {
    let server = serve(&zone());
    let all = locator(&server, &[Udp, Tcp, Tls]);
    assert_eq!(
        located(&all, "sip:bob@ims.test").await.unwrap(),
        ["tls 192.0.2.20:4061", "udp 192.0.2.20:4060", "tcp 192.0.2.20:4060"]
    );
    assert_eq!(located(&all, "sips:bob@ims.test").await.unwrap(), ["tls 192.0.2.20:4061"]);
    let tcp = locator(&server, &[Tcp]);
    assert_eq!(located(&tcp, "sip:bob@ims.test").await.unwrap(), ["tcp 192.0.2.20:4060"]);
}

#[tokio::test]
async fn a_role_leads_to_its_hosts_by_priority() {
    let server = serve(&zone());
    let udp = locator(&server, &[Udp]);
    let both = ["udp 192.0.2.31:6060", "udp 192.0.2.32:6060"];
    assert_eq!(located(&udp, "sip:scscf.ims.test").await.unwrap(), both);
    assert_eq!(located(&udp, "sip:scscf2.ims.test").await.unwrap(), both[1..]);
    assert_eq!(located(&udp, "sip:scscf2.ims.test:7000").await.unwrap(), ["udp 192.0.2.32:7000"]);
}

#[tokio::test]
async fn every_address_of_a_host_is_found() {
    let server = serve(&zone());
    let all = locator(&server, &[Udp, Tcp]);
    assert_eq!(
        located(&all, "sip:pcscf.ims.test;transport=tcp").await.unwrap(),
        ["tcp 192.0.2.10:5060", "tcp [2001:db8::10]:5060"]
    );
    assert_eq!(located(&all, "sip:pcscf.ims.test").await.unwrap().len(), 4);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = serve(&zone());
    let all = locator(&server, &[Udp, Tcp]);
    assert!(matches!(located(&all, "sip:nobody.ims.test").await, Err(LocateError::NotFound { .. })));
    assert!(matches!(located(&all, "sip:example.org").await, Err(LocateError::Failed { .. })));
    assert_eq!(located(&all, "sips:pcscf.ims.test").await, Err(LocateError::NoTransport));
}
