//! `Via` (RFC 3261 §20.42; `rport` of RFC 3581): the way that responses take back.
//!
//! In: one list element. Out: [`Via`]. White space is allowed around every piece. Stamping the source of a request
//! into it is `received.rs`; sending responses by it is `strowger-transport`'s.

use std::net::IpAddr;

use crate::HeaderError;
use crate::grammar::{self, TOKEN};
use crate::{Host, Params, Transport, host};

/// The prefix of a branch that is unique (§8.1.1.7): it names a transaction.
pub const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

/// One hop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// The protocol's version as it came: `2.0`.
    pub version: &'a [u8],
    /// The transport token as it came: `UDP`.
    pub transport: &'a [u8],
    /// The sent-by host.
    pub host: Host<'a>,
    /// The sent-by port, where one is given.
    pub port: Option<u16>,
    /// The sent-by as it came: host, and port if there is one.
    pub sent_by: &'a [u8],
    /// The parameters.
    pub params: Params<'a>,
    branch: Option<&'a [u8]>,
    rport: Option<Option<u16>>,
}

/// What a [`Via`] is made of that was read before; `params` were checked then.
pub(crate) struct ViaParts<'a> {
    pub(crate) version: &'a [u8],
    pub(crate) transport: &'a [u8],
    pub(crate) host: Host<'a>,
    pub(crate) port: Option<u16>,
    pub(crate) sent_by: &'a [u8],
    pub(crate) params: &'a [u8],
    pub(crate) branch: Option<&'a [u8]>,
    pub(crate) rport: Option<Option<u16>>,
}

impl<'a> Via<'a> {
    /// Reads one list element.
    ///
    /// # Errors
    /// The protocol is not `SIP/<version>/<transport>`, the sent-by is no host and port, or the parameters are
    /// broken.
    pub fn parse(value: &'a [u8]) -> Result<Via<'a>, HeaderError> {
        let (via, end) = Via::parse_sent_by(value)?;
        let (mut branch, mut rport) = (None, None);
        let params = Params::parse_each(&value[end..], |param| {
            if branch.is_none() && param.is("branch") {
                branch = param.value;
            } else if rport.is_none() && param.is("rport") {
                let port = param.value.and_then(grammar::number);
                rport = Some(port.and_then(|port| u16::try_from(port).ok()));
            }
        });
        let params = params.map_err(|error| error.shifted(end))?;
        Ok(Via { params, branch, rport, ..via })
    }

    pub(crate) fn from_parts(parts: ViaParts<'a>) -> Via<'a> {
        let ViaParts { version, transport, host, port, sent_by, params, branch, rport } = parts;
        Via { version, transport, host, port, sent_by, params: Params::checked(params), branch, rport }
    }

    /// Reads one list element as far as the sent-by, and says where that ends. For an answer to a request whose
    /// parameters are broken: it tells the port at which the sender listens (§18.2.2).
    ///
    /// # Errors
    /// The protocol is not `SIP/<version>/<transport>`, or the sent-by is no host and port.
    pub fn parse_sent_by(value: &'a [u8]) -> Result<(Via<'a>, usize), HeaderError> {
        let (version, transport, at) = protocol(value)?;
        let sent_by_at = grammar::skip_white(value, at);
        if sent_by_at == at {
            return Err(HeaderError::syntax(at, "white space before sent-by"));
        }
        let (host, host_end) =
            host::read(value, sent_by_at).ok_or(HeaderError::syntax(sent_by_at, "a host"))?;
        let mut end = host_end;
        let mut port = None;
        let colon = grammar::skip_white(value, host_end);
        if value.get(colon) == Some(&b':') {
            let digits_at = grammar::skip_white(value, colon + 1);
            end = grammar::run(TOKEN, value, digits_at);
            let number = grammar::number(&value[digits_at..end]).and_then(|port| u16::try_from(port).ok());
            port = Some(number.ok_or(HeaderError::syntax(digits_at, "a port"))?);
        }
        let sent_by = &value[sent_by_at..end];
        let params = Params::default();
        Ok((Via { version, transport, host, port, sent_by, params, branch: None, rport: None }, end))
    }

    /// The transport, where it is one that we speak.
    #[must_use]
    pub fn known_transport(&self) -> Option<Transport> {
        Transport::from_token(self.transport)
    }

    /// The `branch` parameter.
    #[must_use]
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.branch
    }

    /// The branch, where it begins with the magic cookie and goes on behind it (§8.1.1.7; RFC 4475 §3.2.1); in
    /// any case, as other elements compare it.
    #[must_use]
    pub fn unique_branch(&self) -> Option<&'a [u8]> {
        self.branch().filter(|branch| {
            branch.len() > MAGIC_COOKIE.len()
                && branch[..MAGIC_COOKIE.len()].eq_ignore_ascii_case(MAGIC_COOKIE)
        })
    }

    /// The `rport` parameter (RFC 3581): `None` where there is none; `Some(None)` where the client asks for one, or
    /// its value is no port.
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        self.rport
    }

    /// The `received` parameter; brackets around an IPv6 address are optional (RFC 5118 §4.5).
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        self.params.value("received").and_then(host::parse_address)
    }

    /// The `maddr` parameter.
    #[must_use]
    pub fn maddr(&self) -> Option<Host<'a>> {
        self.params.value("maddr").and_then(Host::parse)
    }

    /// The `ttl` parameter.
    #[must_use]
    pub fn ttl(&self) -> Option<u8> {
        self.params.value("ttl").and_then(grammar::number).and_then(|ttl| u8::try_from(ttl).ok())
    }
}

impl std::fmt::Debug for Via<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Via({:?}, {:?})", self.known_transport(), self.params)
    }
}

/// Version, transport, and where they end.
#[inline]
fn protocol(value: &[u8]) -> Result<(&[u8], &[u8], usize), HeaderError> {
    const USUAL: &[u8] = b"SIP/2.0/";
    if value.starts_with(USUAL) {
        let end = grammar::run(TOKEN, value, USUAL.len());
        if end > USUAL.len() {
            return Ok((&value[4..7], &value[USUAL.len()..end], end));
        }
    }
    let token = |at: usize, expected| {
        let at = grammar::skip_white(value, at);
        let end = grammar::run(TOKEN, value, at);
        if end == at { Err(HeaderError::syntax(at, expected)) } else { Ok((&value[at..end], end)) }
    };
    let slash = |at: usize| {
        let at = grammar::skip_white(value, at);
        if value.get(at) == Some(&b'/') { Ok(at + 1) } else { Err(HeaderError::syntax(at, "a slash")) }
    };
    let (name, end) = token(0, "SIP")?;
    if !name.eq_ignore_ascii_case(b"SIP") {
        return Err(HeaderError::syntax(0, "SIP"));
    }
    let (version, end) = token(slash(end)?, "a version")?;
    let (transport, end) = token(slash(end)?, "a transport")?;
    Ok((version, transport, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Via<'_> {
        Via::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_usual_form() {
        let via =
            parse("SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bKa1;received=192.0.2.9;ttl=16;maddr=a.b");
        assert_eq!((via.version, via.transport, via.port), (&b"2.0"[..], &b"UDP"[..], Some(5070)));
        assert_eq!((via.sent_by, via.rport()), (&b"192.0.2.1:5070"[..], Some(None)));
        assert_eq!(via.unique_branch(), Some(&b"z9hG4bKa1"[..]));
        assert_eq!(via.received(), Some("192.0.2.9".parse().unwrap()));
        assert_eq!((via.ttl(), via.maddr()), (Some(16), Some(Host::Name("a.b"))));
        assert_eq!(via.known_transport(), Some(Transport::Udp));
    }

    /// RFC 4475 §3.1.1.1.
    #[test]
    fn white_space_around_every_piece() {
        let via = parse("SIP  / 2.0\r\n /UDP\r\n    192.0.2.2 : 5060 ;\r\n  branch  =   z9hG4bK9ikj8");
        assert_eq!((via.transport, via.port), (&b"UDP"[..], Some(5060)));
        assert_eq!(via.branch(), Some(&b"z9hG4bK9ikj8"[..]));
    }

    #[test]
    fn ipv6_and_received_with_brackets() {
        let via = parse("SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255];rport=1234;branch=x");
        assert_eq!(via.host, Host::V6("2001:db8::9:1".parse().unwrap()));
        assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
        assert_eq!((via.rport(), via.unique_branch()), (Some(Some(1234)), None));
        assert_eq!(parse("SIP/2.0/UDP h;branch=z9hG4bK").unique_branch(), None);
    }

    /// RFC 4475 §3.1.2.1.
    #[test]
    fn a_sent_by_before_broken_parameters() {
        let (via, end) = Via::parse_sent_by(b"SIP/2.0/UDP 192.0.2.15:5070;;").unwrap();
        assert_eq!((via.sent_by, via.port, end), (&b"192.0.2.15:5070"[..], Some(5070), 27));
        assert_eq!((via.branch(), via.rport()), (None, None));
        for text in ["", "SIP/2.0/UDP", "SIP/2.0/UDP ;;", "SIP/2.0/UDP a:b;;"] {
            assert!(Via::parse_sent_by(text.as_bytes()).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn what_is_no_via() {
        let wrong = [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0/ a",
            "HTTP/1.1/TCP a",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP a:b",
            "SIP/2.0/UDP a:70000",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP a b",
            "SIP/2.0 UDP a",
            "SIP/2.0/UDPa",
            "SIP/2.0/UDP a;=b",
        ];
        for text in wrong {
            assert!(Via::parse(text.as_bytes()).is_err(), "{text:?} was read");
        }
    }
}
