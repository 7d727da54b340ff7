//! The records of a zone: SRV (RFC 2782), NAPTR (RFC 3403; RFC 3263 §4.1 for SIP, RFC 6408 for Diameter, RFC 6116 for
//! numbers), addresses.
//!
//! In: an [`ImsZone`] that was checked. Out: two lists of records: the domain's, and the numbers'. Their text is
//! `zone_file.rs`'s.

use std::net::IpAddr;

use crate::zone::{Element, ImsZone, Protocol, Role, Service};

/// The name server's own name in the domain.
pub(crate) const NAME_SERVER: &str = "ns";

/// Seconds after which a secondary asks again.
const REFRESH: u32 = 3_600;
/// Seconds after which it asks again where that failed.
const RETRY: u32 = 600;
/// Seconds after which it gives the zone up.
const EXPIRE: u32 = 604_800;
/// Seconds for which it may be remembered that something is not there (RFC 2308 §4).
const NEGATIVE_TTL: u32 = 60;

/// A record. Names are whole, without a final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) owner: String,
    pub(crate) data: Data,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    Soa {
        server: String,
        mailbox: String,
        serial: u32,
        refresh: u32,
        retry: u32,
        expire: u32,
        negative_ttl: u32,
    },
    Ns(String),
    Address(IpAddr),
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: String,
    },
    Naptr {
        order: u16,
        preference: u16,
        flag: char,
        service: String,
        regexp: String,
        replacement: Option<String>,
    },
}

/// The order of every NAPTR record: what is preferred is said by the preference alone, so that a client may take what
/// it likes best (RFC 3403 §4.1).
const ORDER: u16 = 10;

/// The records of the domain.
pub(crate) fn of_domain(zone: &ImsZone) -> Vec<Record> {
    let mut records = apex(zone, &zone.domain);
    let server = format!("{NAME_SERVER}.{}", zone.domain);
    records.extend(addresses(&server, &zone.name_servers));
    for element in &zone.elements {
        records.extend(addresses(&format!("{}.{}", element.host, zone.domain), &element.addresses));
    }
    let all = |role: Role, is_wanted: fn(Protocol) -> bool| -> Vec<(&Element, Service)> {
        let of_role = zone.elements.iter().filter(|element| element.role == role);
        let services = of_role.flat_map(|one| one.services.iter().map(move |service| (one, *service)));
        services.filter(|(_, service)| is_wanted(service.protocol)).collect()
    };
    let mut entry = all(Role::Icscf, Protocol::is_sip);
    entry.extend(all(Role::Hss, |protocol| !protocol.is_sip()));
    records.extend(services(&zone.domain, &zone.domain, &entry));
    for role in Role::ALL {
        let name = format!("{}.{}", role.label(), zone.domain);
        records.extend(services(&name, &zone.domain, &all(role, |_| true)));
    }
    for element in zone.elements.iter().filter(|one| !one.host.eq_ignore_ascii_case(one.role.label())) {
        let name = format!("{}.{}", element.host, zone.domain);
        let own: Vec<_> = element.services.iter().map(|service| (element, *service)).collect();
        records.extend(services(&name, &zone.domain, &own));
    }
    records
}

/// The records of the numbers. `None`: there are none.
pub(crate) fn of_numbers(zone: &ImsZone) -> Option<Vec<Record>> {
    if zone.numbers.is_empty() {
        return None;
    }
    let mut records = apex(zone, &zone.number_suffix);
    for number in &zone.numbers {
        // RFC 6116 §3.2: the digits, the last first, each a label
        let mut owner: String = number.digits().chars().rev().flat_map(|digit| [digit, '.']).collect();
        owner.push_str(&zone.number_suffix);
        let data = Data::Naptr {
            order: ORDER,
            preference: 10,
            flag: 'u',
            service: "E2U+sip".to_owned(),
            regexp: number.regexp(),
            replacement: None,
        };
        records.push(Record { owner, data });
    }
    Some(records)
}

/// What stands at the top of a zone.
fn apex(zone: &ImsZone, name: &str) -> Vec<Record> {
    let server = format!("{NAME_SERVER}.{}", zone.domain);
    let soa = Data::Soa {
        server: server.clone(),
        mailbox: format!("hostmaster.{}", zone.domain),
        serial: zone.serial,
        refresh: REFRESH,
        retry: RETRY,
        expire: EXPIRE,
        negative_ttl: NEGATIVE_TTL,
    };
    [soa, Data::Ns(server)].map(|data| Record { owner: name.to_owned(), data }).into()
}

fn addresses(owner: &str, addresses: &[IpAddr]) -> impl Iterator<Item = Record> {
    addresses.iter().map(|address| Record { owner: owner.to_owned(), data: Data::Address(*address) })
}

/// NAPTR and SRV records of a name for these services; the protocol that comes first is preferred.
fn services(name: &str, domain: &str, services: &[(&Element, Service)]) -> Vec<Record> {
    let mut protocols: Vec<Protocol> = Vec::new();
    for (_, service) in services {
        if !protocols.contains(&service.protocol) {
            protocols.push(service.protocol);
        }
    }
    let mut records = Vec::new();
    let mut preference = 0;
    for protocol in &protocols {
        for service in protocol.naptr_services() {
            preference += 10;
            let data = Data::Naptr {
                order: ORDER,
                preference,
                flag: 's',
                service: (*service).to_owned(),
                regexp: String::new(),
                replacement: Some(format!("{}.{name}", protocol.prefix())),
            };
            records.push(Record { owner: name.to_owned(), data });
        }
    }
    for protocol in protocols {
        for (element, service) in services.iter().filter(|(_, service)| service.protocol == protocol) {
            let Service { port, priority, weight, .. } = *service;
            let target = format!("{}.{domain}", element.host);
            let data = Data::Srv { priority, weight, port, target };
            records.push(Record { owner: format!("{}.{name}", protocol.prefix()), data });
        }
    }
    records
}
