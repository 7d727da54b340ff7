use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::*;
use crate::zone::Role;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn zone() -> ImsZone {
    ImsZone::new("ims.test", HERE).with(Element::new(Role::Icscf, HERE))
}

fn with_number(number: &str, uri: &str) -> ImsZone {
    ImsZone { numbers: vec![Number { number: number.to_owned(), uri: uri.to_owned() }], ..zone() }
}

#[test]
fn domains() {
    let long = ["a".repeat(60), "b".repeat(60), "c".repeat(60)].join(".");
    for domain in ["ims.test", "ims.mnc001.mcc001.3gppnetwork.org", "a_b.test", &long[..173]] {
        assert_eq!(ImsZone { domain: domain.to_owned(), ..zone() }.check(), Ok(()), "{domain}");
    }
    for domain in ["", ".", "ims.test.", "ims..test", "ims test", "ims.te$t", "ïms.test", &long] {
        let domain = domain.to_owned();
        assert_eq!(ImsZone { domain: domain.clone(), ..zone() }.check(), Err(ZoneError::Domain { domain }));
    }
}

#[test]
fn the_numbers_lie_elsewhere() {
    for suffix in ["ims.test", "e164.IMS.test", "test"] {
        let zone = ImsZone { number_suffix: suffix.to_owned(), ..zone() };
        assert!(matches!(zone.check(), Err(ZoneError::Overlap { .. })), "{suffix}");
    }
    assert_eq!(ImsZone { number_suffix: "notims.test".to_owned(), ..zone() }.check(), Ok(()));
}

#[test]
fn hosts() {
    let named = |host: &str| zone().with(Element::named(Role::Scscf, host, HERE)).check();
    assert_eq!(named("scscf1"), Ok(()));
    for host in ["", "a.b", "a b", &"a".repeat(64)] {
        assert_eq!(named(host), Err(ZoneError::Host { host: host.to_owned() }));
    }
    for host in ["icscf", "ICSCF", "ns", "pcscf"] {
        assert_eq!(named(host), Err(ZoneError::HostTwice { host: host.to_owned() }));
    }
    let nowhere = Element { addresses: Vec::new(), ..Element::new(Role::Hss, HERE) };
    assert_eq!(zone().with(nowhere).check(), Err(ZoneError::NoAddress { host: "hss".to_owned() }));
    assert_eq!(ImsZone { name_servers: Vec::new(), ..zone() }.check(), Err(ZoneError::NoNameServer));
}

#[test]
fn numbers() {
    let good = "sip:+15551234@ims.test;user=phone";
    assert_eq!(with_number("+15551234", good).check(), Ok(()));
    for number in ["", "+", "15551234", "+1-555", "+1234567890123456", "+١"] {
        let number = number.to_owned();
        assert_eq!(with_number(&number, good).check(), Err(ZoneError::Number { number }));
    }
    let long = format!("sip:{}@ims.test", "x".repeat(240));
    for uri in
        ["", "sip:", "tel:+15551234", "sip:a!b@c", "sip:a\"b@c", "sip:a\\b@c", "sip:a b@c", "sip:a\nb", &long]
    {
        let uri = uri.to_owned();
        assert_eq!(with_number("+1", &uri).check(), Err(ZoneError::Uri { uri }));
    }
    let mut twice = with_number("+1", good);
    twice.numbers.push(twice.numbers[0].clone());
    assert_eq!(twice.check(), Err(ZoneError::NumberTwice { number: "+1".to_owned() }));
}

#[test]
fn bounds() {
    let ttl = |seconds| ImsZone { ttl: Duration::from_secs(seconds), ..zone() }.check();
    assert_eq!((ttl(1), ttl(86_400)), (Ok(()), Ok(())));
    assert_eq!(ttl(0), Err(ZoneError::Ttl { seconds: 0 }));
    assert_eq!(ttl(86_401), Err(ZoneError::Ttl { seconds: 86_401 }));

    let too_many = |what, most| Err(ZoneError::TooMany { what, most });
    let hosts = (0..=MAX_ELEMENTS).map(|number| Element::named(Role::Scscf, format!("s{number}"), HERE));
    let zone_of = |elements: Vec<Element>| ImsZone { elements, ..zone() };
    assert_eq!(zone_of(hosts.clone().take(MAX_ELEMENTS).collect()).check(), Ok(()));
    assert_eq!(zone_of(hosts.collect()).check(), too_many("elements", MAX_ELEMENTS));
    let many = Element { addresses: vec![HERE; MAX_PER_ELEMENT + 1], ..Element::new(Role::Hss, HERE) };
    assert_eq!(zone().with(many).check(), too_many("addresses of a host", MAX_PER_ELEMENT));
    let one = Number { number: "+1".to_owned(), uri: "sip:a@b".to_owned() };
    let numbers = vec![one; MAX_NUMBERS + 1];
    assert_eq!(ImsZone { numbers, ..zone() }.check(), too_many("numbers", MAX_NUMBERS));
}
