//! DiameterURI: RFC 6733 §4.3.1.
//!
//! ```text
//!   "aaa://" / "aaas://" FQDN [":" port] [";transport=" tcp|sctp|udp] [";protocol=" diameter|radius|tacacs+]
//! ```
//! In: text. Out: its parts, with the defaults told apart from what was said. Resolving it does not belong here.

use std::fmt;

use super::{DiameterIdentity, FormatError};

/// The transport in a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UriTransport {
    /// TCP: what is meant where nothing is said.
    Tcp,
    /// SCTP.
    Sctp,
    /// UDP: never with Diameter.
    Udp,
}

/// The protocol in a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AaaProtocol {
    /// Diameter: what is meant where nothing is said.
    Diameter,
    /// RADIUS.
    Radius,
    /// TACACS+.
    TacacsPlus,
}

/// A URI of a Diameter node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DiameterUri {
    /// aaas: with transport security.
    pub secure: bool,
    /// The node.
    pub host: DiameterIdentity,
    /// As written, if written.
    pub port: Option<u16>,
    /// As written, if written.
    pub transport: Option<UriTransport>,
    /// As written, if written.
    pub protocol: Option<AaaProtocol>,
}

const TRANSPORTS: [(&str, UriTransport); 3] =
    [("tcp", UriTransport::Tcp), ("sctp", UriTransport::Sctp), ("udp", UriTransport::Udp)];
const PROTOCOLS: [(&str, AaaProtocol); 3] = [
    ("diameter", AaaProtocol::Diameter),
    ("radius", AaaProtocol::Radius),
    ("tacacs+", AaaProtocol::TacacsPlus),
];

impl DiameterUri {
    /// The URI of a node, with nothing said but its name.
    pub const fn of(host: DiameterIdentity) -> DiameterUri {
        DiameterUri { secure: false, host, port: None, transport: None, protocol: None }
    }

    /// Reads one. Scheme, parameters and their values are read without case (RFC 3986 §3.1, RFC 5234 §2.3); the
    /// parameters may come in either order, because senders disagree.
    pub fn parse(data: &[u8]) -> Result<DiameterUri, FormatError> {
        let text = std::str::from_utf8(data).map_err(|_| FormatError::Value)?;
        let (scheme, rest) = text.split_once("://").ok_or(FormatError::Value)?;
        let secure = scheme.eq_ignore_ascii_case("aaas");
        if !secure && !scheme.eq_ignore_ascii_case("aaa") {
            return Err(FormatError::Value);
        }
        let mut parts = rest.split(';');
        let (host, port) = authority(parts.next().unwrap_or_default())?;
        let mut uri = DiameterUri { secure, port, ..DiameterUri::of(host) };
        for parameter in parts {
            let (name, value) = parameter.split_once('=').ok_or(FormatError::Value)?;
            if name.eq_ignore_ascii_case("transport") && uri.transport.is_none() {
                uri.transport = Some(word(&TRANSPORTS, value)?);
            } else if name.eq_ignore_ascii_case("protocol") && uri.protocol.is_none() {
                uri.protocol = Some(word(&PROTOCOLS, value)?);
            } else {
                return Err(FormatError::Value);
            }
        }
        // "UDP MUST NOT be used when the aaa-protocol field is set to diameter."
        if uri.transport == Some(UriTransport::Udp) && uri.aaa_protocol() == AaaProtocol::Diameter {
            return Err(FormatError::Value);
        }
        Ok(uri)
    }

    /// The port: 3868, or 5658 with transport security, where none is said.
    pub const fn effective_port(&self) -> u16 {
        match (self.port, self.secure) {
            (Some(port), _) => port,
            (None, false) => 3868,
            (None, true) => 5658,
        }
    }

    /// The protocol, Diameter where none is said.
    pub const fn aaa_protocol(&self) -> AaaProtocol {
        match self.protocol {
            Some(protocol) => protocol,
            None => AaaProtocol::Diameter,
        }
    }
}

fn authority(text: &str) -> Result<(DiameterIdentity, Option<u16>), FormatError> {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let port = match port {
        None => None,
        // `parse` would take a sign.
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(port.parse().map_err(|_| FormatError::Value)?)
        }
        Some(_) => return Err(FormatError::Value),
    };
    // A path, a query or user info has no place in it.
    if host.contains(['/', '?', '#', '@']) {
        return Err(FormatError::Value);
    }
    Ok((host.parse().map_err(|_| FormatError::Value)?, port))
}

fn word<T: Copy>(words: &[(&str, T)], text: &str) -> Result<T, FormatError> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or(FormatError::Value)
}

fn name<T: PartialEq>(words: &[(&'static str, T)], of: &T) -> &'static str {
    words.iter().find(|(_, value)| value == of).map_or("", |(word, _)| word)
}

impl fmt::Display for DiameterUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "aaas" } else { "aaa" }, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(transport) = &self.transport {
            write!(f, ";transport={}", name(&TRANSPORTS, transport))?;
        }
        if let Some(protocol) = &self.protocol {
            write!(f, ";protocol={}", name(&PROTOCOLS, protocol))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DiameterUri, FormatError> {
        DiameterUri::parse(text.as_bytes())
    }

    #[test]
    fn the_examples_of_section_4_3_1() {
        for text in [
            "aaa://host.example.com;transport=tcp",
            "aaa://host.example.com:6666;transport=tcp",
            "aaa://host.example.com;protocol=diameter",
            "aaa://host.example.com:6666;protocol=diameter",
            "aaa://host.example.com:6666;transport=tcp;protocol=diameter",
            "aaa://host.example.com:1813;transport=udp;protocol=radius",
        ] {
            let uri = parse(text).unwrap();
            assert_eq!(uri.to_string(), text);
            assert!(uri.host.is(b"host.example.com"));
        }
    }

    #[test]
    fn the_defaults() {
        let plain = parse("aaa://hss.test").unwrap();
        assert_eq!((plain.effective_port(), plain.aaa_protocol()), (3868, AaaProtocol::Diameter));
        let secure = parse("AAAS://hss.test").unwrap();
        assert_eq!((secure.secure, secure.effective_port()), (true, 5658));
        assert_eq!(parse("aaa://hss.test:0").unwrap().effective_port(), 0);
    }

    #[test]
    fn parameters_in_either_order_and_any_case() {
        let uri = parse("aaa://h;Protocol=TACACS+;TRANSPORT=sctp").unwrap();
        assert_eq!(uri.to_string(), "aaa://h;transport=sctp;protocol=tacacs+");
    }

    #[test]
    fn what_is_no_uri() {
        for bad in [
            "",
            "aaa:",
            "aaa://",
            "aaa://:3868",
            "http://hss.test",
            "aaa:hss.test",
            "aaa://hss.test:",
            "aaa://hss.test:+1",
            "aaa://hss.test:65536",
            "aaa://hss.test:3868:1",
            "aaa://hss.test/path",
            "aaa://user@hss.test",
            "aaa://hss.test;",
            "aaa://hss.test;transport",
            "aaa://hss.test;transport=dccp",
            "aaa://hss.test;transport=tcp;transport=tcp",
            "aaa://hss.test;colour=red",
            "aaa://hss.test;transport=udp",
            "aaa://hss.test;transport=udp;protocol=diameter",
            "aaa://h\u{e4}s.test",
        ] {
            // A port that is empty is written and is none; the grammar has 1*DIGIT.
            assert_eq!(parse(bad), Err(FormatError::Value), "{bad:?}");
        }
        assert_eq!(DiameterUri::parse(&[0xff]), Err(FormatError::Value));
    }
}
