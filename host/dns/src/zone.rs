//! Who is where in an IMS domain: plain values.
//!
//! ```text
//!   ims.test                 SIP of the I-CSCFs, which is where a domain is entered (TS 23.228 §4.6.2)
//!                            Diameter of the HSSs
//!   pcscf.ims.test           SIP of the P-CSCFs         and so for each role, and for each host of its own name
//!   4.3.2.1.5.5.5.1.e164.arpa    sip:+15551234@ims.test
//! ```
//! In: what an operator says. Out: the same, or what is wrong with it ([`ImsZone::check`]). What records follow from it
//! is in `records.rs`.

mod check;

use std::net::IpAddr;
use std::time::Duration;

pub use check::ZoneError;

/// Elements of one zone.
pub const MAX_ELEMENTS: usize = 256;

/// Addresses of one element, and services of one.
pub const MAX_PER_ELEMENT: usize = 16;

/// Numbers of one zone.
pub const MAX_NUMBERS: usize = 100_000;

/// The longest that an answer may be kept, in seconds: a day.
pub const MAX_TTL: u32 = 86_400;

/// How long answers may be kept where nothing else is said.
pub const DEFAULT_TTL: Duration = Duration::from_secs(300);

/// The tree of ENUM (RFC 6116 §1.2).
pub const E164_ARPA: &str = "e164.arpa";

/// A domain, and what can be found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImsZone {
    /// The home network domain, without a final dot: `ims.mnc001.mcc001.3gppnetwork.org`, `ims.test`.
    pub domain: String,
    /// Where the name server is, as others reach it: the addresses of `ns` in the domain. At least one.
    pub name_servers: Vec<IpAddr>,
    /// CSCFs and HSSs; their order is the order of preference among protocols.
    pub elements: Vec<Element>,
    /// Telephone numbers, for ENUM.
    pub numbers: Vec<Number>,
    /// The tree in which the numbers are.
    pub number_suffix: String,
    /// How long answers may be kept, in whole seconds.
    pub ttl: Duration,
    /// The zones' serial number; has to grow where secondaries follow.
    pub serial: u32,
}

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Where user equipment comes in.
    Pcscf,
    /// Where the domain is entered from elsewhere.
    Icscf,
    /// Where subscribers are served.
    Scscf,
    /// Where they are known.
    Hss,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Pcscf, Role::Icscf, Role::Scscf, Role::Hss];

    /// Its name in the domain.
    pub const fn label(self) -> &'static str {
        match self {
            Role::Pcscf => "pcscf",
            Role::Icscf => "icscf",
            Role::Scscf => "scscf",
            Role::Hss => "hss",
        }
    }
}

/// One host of the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// What it is.
    pub role: Role,
    /// Its own name in the domain, a label such as `scscf1`.
    pub host: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// What it speaks, the preferred first.
    pub services: Vec<Service>,
}

/// What an element speaks, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// What.
    pub protocol: Protocol,
    /// At which port.
    pub port: u16,
    /// Of several hosts the lowest is asked first (RFC 2782).
    pub priority: u16,
    /// How hosts of one priority share.
    pub weight: u16,
}

/// What can be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// SIP over UDP.
    SipUdp,
    /// SIP over TCP.
    SipTcp,
    /// SIP over TLS.
    SipTls,
    /// Diameter over TCP, for Cx.
    Diameter,
    /// Diameter over TLS, for Cx.
    DiameterTls,
}

impl Protocol {
    /// The owner of its SRV records, before the name (RFC 3263 §4.1, RFC 6733 §5.2).
    pub const fn prefix(self) -> &'static str {
        match self {
            Protocol::SipUdp => "_sip._udp",
            Protocol::SipTcp => "_sip._tcp",
            Protocol::SipTls => "_sips._tcp",
            Protocol::Diameter => "_diameter._tcp",
            Protocol::DiameterTls => "_diameters._tcp",
        }
    }

    /// The services of its NAPTR records (RFC 3263 §10; RFC 6408 §2 with the application id of Cx, TS 29.229 §7).
    pub const fn naptr_services(self) -> &'static [&'static str] {
        match self {
            Protocol::SipUdp => &["SIP+D2U"],
            Protocol::SipTcp => &["SIP+D2T"],
            Protocol::SipTls => &["SIPS+D2T"],
            Protocol::Diameter => &["aaa+ap16777216:diameter.tcp", "aaa:diameter.tcp"],
            Protocol::DiameterTls => &["aaa+ap16777216:diameter.tls.tcp", "aaa:diameter.tls.tcp"],
        }
    }

    /// Whether it is SIP.
    pub const fn is_sip(self) -> bool {
        matches!(self, Protocol::SipUdp | Protocol::SipTcp | Protocol::SipTls)
    }
}

/// A telephone number, and what it is called as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// `+` and 1 to 15 digits (E.164).
    pub number: String,
    /// A `sip:` or `sips:` URI.
    pub uri: String,
}

impl ImsZone {
    /// A domain with a name server and nothing else.
    pub fn new(domain: impl Into<String>, name_server: IpAddr) -> ImsZone {
        ImsZone {
            domain: domain.into(),
            name_servers: vec![name_server],
            elements: Vec::new(),
            numbers: Vec::new(),
            number_suffix: E164_ARPA.to_owned(),
            ttl: DEFAULT_TTL,
            serial: 1,
        }
    }

    /// The same with one more element.
    #[must_use]
    pub fn with(mut self, element: Element) -> ImsZone {
        self.elements.push(element);
        self
    }
}

impl Element {
    /// The only host of a role, or the first, under the role's own name.
    pub fn new(role: Role, address: IpAddr) -> Element {
        Element::named(role, role.label(), address)
    }

    /// One of several hosts of a role.
    pub fn named(role: Role, host: impl Into<String>, address: IpAddr) -> Element {
        Element { role, host: host.into(), addresses: vec![address], services: Vec::new() }
    }

    /// The same, and it speaks this too, as well as any other host of the role does.
    #[must_use]
    pub fn speaking(mut self, protocol: Protocol, port: u16) -> Element {
        self.services.push(Service { protocol, port, priority: 10, weight: 10 });
        self
    }
}
