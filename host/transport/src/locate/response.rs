//! Where a response goes that has no connection to go back on (RFC 3261 §18.2.2, RFC 3581 §4, RFC 3263 §5).
//!
//! In: the parts of the top Via. Out: the hop where it is numeric, as it nearly always is since `received` was put
//! in on arrival; else name and port for DNS. Not here: the connection that the request came by, which is tried
//! first over reliable transports.

use std::net::IpAddr;

use sip::Transport;

use super::Hop;
use super::request::address;

/// What counts of the top Via of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseTarget {
    /// The protocol of sent-protocol.
    pub transport: Transport,
    /// The host of sent-by; an IPv6 address with or without brackets.
    pub host: Box<str>,
    /// The port of sent-by.
    pub port: Option<u16>,
    /// The `received` parameter.
    pub received: Option<IpAddr>,
    /// The value of the `rport` parameter.
    pub rport: Option<u16>,
    /// The `maddr` parameter.
    pub maddr: Option<Box<str>>,
}

impl ResponseTarget {
    /// What counts of `via`; `None` for a transport that is not ours.
    pub fn from_via(via: &sip::Via<'_>) -> Option<ResponseTarget> {
        Some(ResponseTarget {
            transport: via.known_transport()?,
            host: via.host.to_string().into(),
            port: via.port,
            received: via.received(),
            rport: via.rport().flatten(),
            maddr: via.maddr().map(|maddr| maddr.to_string().into()),
        })
    }

    /// The name to look up and the port: `maddr`, which counts for datagrams only, before sent-by.
    pub(super) fn name_and_port(&self) -> (&str, Option<u16>) {
        match &self.maddr {
            Some(maddr) if !self.transport.is_reliable() => {
                (maddr, Some(self.port.unwrap_or(self.transport.default_port())))
            }
            _ => (&self.host, self.port),
        }
    }
}

/// The hop of a response that needs no DNS; `None` if `maddr` or sent-by is a name.
pub fn numeric_response(target: &ResponseTarget) -> Option<Hop> {
    let reliable = target.transport.is_reliable();
    if let Some(maddr) = &target.maddr
        && !reliable
    {
        return Some(Hop::new(target.transport, address(maddr)?, target.port, None));
    }
    match target.received {
        Some(received) if reliable => Some(Hop::new(target.transport, received, target.port, None)),
        Some(received) => Some(Hop::new(target.transport, received, target.rport.or(target.port), None)),
        None => Some(Hop::new(target.transport, address(&target.host)?, target.port, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(transport: Transport) -> ResponseTarget {
        ResponseTarget {
            transport,
            host: "192.0.2.1".into(),
            port: None,
            received: None,
            rport: None,
            maddr: None,
        }
    }

    fn goes_to(target: &ResponseTarget) -> Option<String> {
        numeric_response(target).map(|hop| hop.addr.to_string())
    }

    #[test]
    fn rfc_3261_18_2_2_datagrams() {
        let plain = target(Transport::Udp);
        assert_eq!(goes_to(&plain).unwrap(), "192.0.2.1:5060");
        let with_port = ResponseTarget { port: Some(5070), ..plain.clone() };
        assert_eq!(goes_to(&with_port).unwrap(), "192.0.2.1:5070");
        let received = ResponseTarget { received: Some([198, 51, 100, 9].into()), ..with_port.clone() };
        assert_eq!(goes_to(&received).unwrap(), "198.51.100.9:5070");
        let rport = ResponseTarget { rport: Some(40000), ..received.clone() };
        assert_eq!(goes_to(&rport).unwrap(), "198.51.100.9:40000", "RFC 3581 section 4");
        let maddr = ResponseTarget { maddr: Some("233.252.0.1".into()), ..rport };
        assert_eq!(goes_to(&maddr).unwrap(), "233.252.0.1:5070");
    }

    #[test]
    fn rfc_3261_18_2_2_broken_connections() {
        let received = ResponseTarget {
            port: Some(5070),
            received: Some([198, 51, 100, 9].into()),
            rport: Some(40000),
            maddr: Some("233.252.0.1".into()),
            ..target(Transport::Tcp)
        };
        assert_eq!(goes_to(&received).unwrap(), "198.51.100.9:5070", "the port that it listens on");
        assert_eq!(goes_to(&target(Transport::Tls)).unwrap(), "192.0.2.1:5061");
    }

    #[test]
    fn what_counts_of_a_via() {
        let of = |via: &str| ResponseTarget::from_via(&sip::Via::parse(via.as_bytes()).unwrap());
        let via = of("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;received=198.51.100.9;rport=40000").unwrap();
        assert_eq!(goes_to(&via).unwrap(), "198.51.100.9:40000");
        assert_eq!(of("SIP/2.0/UDP a.example;rport;branch=z9hG4bK1").unwrap().rport, None);
        assert_eq!(of("SIP/2.0/SCTP a.example;branch=z9hG4bK1"), None);
    }

    #[test]
    fn names_are_left_to_dns() {
        let named = ResponseTarget { host: "example.org".into(), ..target(Transport::Udp) };
        assert_eq!(goes_to(&named), None);
        assert_eq!(named.name_and_port(), ("example.org", None));
        let maddr = ResponseTarget { maddr: Some("m.example.org".into()), ..target(Transport::Udp) };
        assert_eq!(goes_to(&maddr), None);
        assert_eq!(maddr.name_and_port(), ("m.example.org", Some(5060)));
    }
}
