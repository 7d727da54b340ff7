//! What a request is to be located by (RFC 3263 §4): the target, port, transport and scheme of its next hop.
//!
//! In: a URI. Out: [`LocateRequest`], and for a numeric host the hop itself, without DNS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sip::Transport;

use super::{Hop, LocateError};

/// Target of a request: what of the next hop's URI counts for locating it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocateRequest {
    /// The `maddr` parameter if there is one, else the host; an IPv6 address with or without brackets.
    pub host: Box<str>,
    /// The port, if the URI has one.
    pub port: Option<u16>,
    /// The `transport` parameter, if the URI has one.
    pub transport: Option<Transport>,
    /// Whether the scheme is `sips`.
    pub secure: bool,
}

impl LocateRequest {
    /// What counts of `uri`. `None` for a URI without a host (`tel`, `urn`), and for a transport that SIP does not
    /// know or that this stack has not (SCTP), and for a `maddr` that is no host.
    pub fn from_uri(uri: &sip::Uri<'_>) -> Option<LocateRequest> {
        let secure = match uri.scheme() {
            sip::Scheme::Sip => false,
            sip::Scheme::Sips => true,
            _ => return None,
        };
        let transport = match uri.param("transport") {
            Some(Some(token)) => Some(Transport::from_token(token)?),
            _ => None,
        };
        let host = match uri.param("maddr") {
            Some(Some(maddr)) => sip::Host::parse(maddr)?,
            _ => uri.host(),
        };
        let host = host.to_string().into();
        Some(LocateRequest { host, port: uri.port(), transport, secure })
    }

    /// The transport that the URI states, made secure for `sips`.
    pub(super) fn explicit_transport(&self) -> Result<Option<Transport>, LocateError> {
        match (self.transport, self.secure) {
            (Some(Transport::Udp), true) => Err(LocateError::NoTransport),
            (Some(Transport::Tcp), true) => Ok(Some(Transport::Tls)),
            (Some(Transport::Ws), true) => Ok(Some(Transport::Wss)),
            (explicit, _) => Ok(explicit),
        }
    }

    /// The transport where neither the URI nor DNS states one.
    pub(super) fn default_transport(&self) -> Transport {
        if self.secure { Transport::Tls } else { Transport::Udp }
    }

    /// The host as an address, if it is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        address(&self.host)
    }
}

/// The one hop of a request to a numeric host, for which no DNS is needed; `None` for a name, and for a target that
/// [`super::Locator::locate`] refuses.
pub fn numeric(request: &LocateRequest) -> Option<Hop> {
    let address = request.address()?;
    let transport = request.explicit_transport().ok()?.unwrap_or(request.default_transport());
    Some(Hop::new(transport, address, request.port, None))
}

/// An IPv4 address, or an IPv6 address with or without brackets.
pub(super) fn address(host: &str) -> Option<IpAddr> {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let first = host.as_bytes().first()?;
    if first.is_ascii_digit()
        && let Ok(address) = host.parse::<Ipv4Addr>()
    {
        return Some(address.into());
    }
    host.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, port: Option<u16>, transport: Option<Transport>, secure: bool) -> LocateRequest {
        LocateRequest { host: host.into(), port, transport, secure }
    }

    fn hop(
        host: &str,
        port: Option<u16>,
        transport: Option<Transport>,
        secure: bool,
    ) -> Option<(Transport, String)> {
        numeric(&request(host, port, transport, secure)).map(|hop| (hop.transport, hop.addr.to_string()))
    }

    #[test]
    fn numeric_hosts_need_no_dns() {
        use Transport::*;
        assert_eq!(hop("192.0.2.1", None, None, false), Some((Udp, "192.0.2.1:5060".into())));
        assert_eq!(hop("192.0.2.1", None, None, true), Some((Tls, "192.0.2.1:5061".into())));
        assert_eq!(hop("192.0.2.1", Some(5080), None, true), Some((Tls, "192.0.2.1:5080".into())));
        assert_eq!(hop("192.0.2.1", None, Some(Tcp), false), Some((Tcp, "192.0.2.1:5060".into())));
        assert_eq!(hop("192.0.2.1", None, Some(Tcp), true), Some((Tls, "192.0.2.1:5061".into())));
        assert_eq!(hop("192.0.2.1", None, Some(Tls), false), Some((Tls, "192.0.2.1:5061".into())));
        assert_eq!(hop("192.0.2.1", None, Some(Ws), true), Some((Wss, "192.0.2.1:443".into())));
        assert_eq!(hop("[2001:db8::1]", None, None, false), Some((Udp, "[2001:db8::1]:5060".into())));
        assert_eq!(hop("2001:db8::1", Some(1), None, false), Some((Udp, "[2001:db8::1]:1".into())));
    }

    #[test]
    fn what_counts_of_a_uri() {
        let of = |uri: &str| LocateRequest::from_uri(&sip::Uri::parse(uri.as_bytes()).unwrap());
        assert_eq!(of("sip:bob@example.org"), Some(request("example.org", None, None, false)));
        assert_eq!(
            of("sips:bob@example.org:5071;transport=TCP"),
            Some(request("example.org", Some(5071), Some(Transport::Tcp), true))
        );
        assert_eq!(
            of("sip:bob@example.org;maddr=192.0.2.7;lr"),
            Some(request("192.0.2.7", None, None, false)),
            "RFC 3263 section 4: maddr is the target"
        );
        assert_eq!(of("sip:[2001:db8::1]").map(|request| request.address().is_some()), Some(true));
        assert_eq!(of("sip:example.org;transport=sctp"), None);
        assert_eq!(of("tel:+358555123"), None);
        assert_eq!(of("urn:service:sos"), None);
    }

    #[test]
    fn names_and_contradictions_are_not_numeric() {
        assert_eq!(hop("example.org", None, None, false), None);
        assert_eq!(hop("1.2.3.4.example.org", None, None, false), None);
        assert_eq!(hop("[192.0.2.1]", None, None, false), None);
        assert_eq!(hop("", None, None, false), None);
        assert_eq!(hop("192.0.2.1", None, Some(Transport::Udp), true), None, "sips is never UDP");
    }
}
