//! Who this element is: the addresses it listens on and the domains it is responsible for (RFC 3261 §16.3 to §16.6).
//!
//! In: configuration. Out: answers to "is this URI me?", "did I write this Via?", and the Record-Route values by
//! which later requests are recognised (§16.6 item 4). Which domains have which subscribers is not known here.

use std::net::IpAddr;

use sip::{Host, Scheme, Transport, Uri};

use crate::forward::Side;
use crate::loop_detection::LoopKey;

/// The URI parameter by which we know the halves of a double Record-Route of ours again.
pub(crate) const HALF: &str = "half";

/// One address on which this element listens, as others write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// Its transport.
    pub transport: Transport,
    /// The host of Via and Record-Route: a name, an IPv4 address or an IPv6 address in brackets. Not a wildcard.
    pub host: Box<str>,
    /// Its port.
    pub port: u16,
}

impl ListenAddress {
    /// `host` is what peers are to send to; brackets around an IPv6 address may be left out.
    #[must_use]
    pub fn new(transport: Transport, host: &str, port: u16) -> Self {
        let host = match host.parse() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => host.to_ascii_lowercase(),
        };
        Self { transport, host: host.into(), port }
    }

    /// `host:port` for a Via, the sent-by (§18.1.1).
    #[must_use]
    pub fn sent_by(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What a Record-Route URI says behind the user part: `host:port` and the parameters (§16.6 item 4; `transport=ws`
    /// stands for both WebSocket transports, RFC 7118 §5.2.2).
    fn record_route_rest(&self) -> String {
        let transport = match self.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
            Transport::Ws | Transport::Wss => ";transport=ws",
        };
        format!("{}:{}{transport};lr", self.host, self.port)
    }
}

/// A host by which this element goes, parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
enum OwnHost {
    Name(Box<str>),
    Address(IpAddr),
}

impl OwnHost {
    fn new(host: &str) -> Self {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(address) => Self::Address(address.to_canonical()),
            Err(_) => Self::Name(host.strip_suffix('.').unwrap_or(host).into()),
        }
    }

    fn is(&self, host: &Host<'_>) -> bool {
        match (self, host) {
            (Self::Name(own), Host::Name(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                own.eq_ignore_ascii_case(name)
            }
            (Self::Address(own), host) => host.ip().is_some_and(|address| address.to_canonical() == *own),
            (Self::Name(_), _) => false,
        }
    }
}

/// A listener with what is derived from it.
#[derive(Debug, Clone)]
struct Listener {
    address: ListenAddress,
    host: OwnHost,
    sent_by: Box<str>,
    /// `<sip:host:port;…;lr>`, ready to be printed.
    record_route: Box<str>,
    /// Behind the user part, without brackets.
    record_route_rest: Box<str>,
}

/// A domain or a further host name or address of this element.
#[derive(Debug, Clone)]
struct Alias {
    host: OwnHost,
    port: Option<u16>,
}

/// This element's identity. Made once, read by all; its listeners are numbered as
/// [`Flow::listener`](sip::Flow) does.
#[derive(Debug, Clone)]
pub struct Own {
    listeners: Vec<Listener>,
    aliases: Vec<Alias>,
    loop_key: LoopKey,
}

impl Own {
    /// The element that listens on these addresses. `seed` keys the loop hash (§16.6 item 8); all shards of a node
    /// must have the same one, and nobody else may know it.
    #[must_use]
    pub fn new(listeners: Vec<ListenAddress>, seed: [u8; 16]) -> Self {
        let listeners = listeners
            .into_iter()
            .map(|address| {
                let rest = address.record_route_rest();
                Listener {
                    host: OwnHost::new(&address.host),
                    sent_by: address.sent_by().into(),
                    record_route: format!("<sip:{rest}>").into(),
                    record_route_rest: rest.into(),
                    address,
                }
            })
            .collect();
        Self { listeners, aliases: Vec::new(), loop_key: LoopKey::new(seed) }
    }

    /// Also answer to this host: a domain that this element is responsible for, or another address of a listener.
    /// With a port only to that one; without, to a URI without port and to the port of any listener.
    #[must_use]
    pub fn with_alias(mut self, host: &str, port: Option<u16>) -> Self {
        self.aliases.push(Alias { host: OwnHost::new(host), port });
        self
    }

    /// The address of this number; `None`: there is no such listener.
    #[must_use]
    pub fn listener(&self, listener: u16) -> Option<&ListenAddress> {
        self.listeners.get(usize::from(listener)).map(|listener| &listener.address)
    }

    /// How many listeners there are.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// The sent-by of this listener, `host:port`; empty where there is no such listener.
    #[must_use]
    pub fn sent_by(&self, listener: u16) -> &str {
        self.listeners.get(usize::from(listener)).map_or("", |listener| &listener.sent_by)
    }

    /// Whether a URI points at this element: the host is a listener's or an alias, and the port fits. A URI that
    /// is neither `sip` nor `sips` points at nobody.
    #[must_use]
    pub fn is_own(&self, uri: &Uri<'_>) -> bool {
        self.recognise(uri).is_some()
    }

    /// Whether a URI points at this element, and at which listener; `Some(None)`: at one of our domains.
    pub(crate) fn recognise(&self, uri: &Uri<'_>) -> Option<Option<u16>> {
        match self.listener_of(uri) {
            Some(listener) => Some(Some(listener)),
            None if uri.is_sip() && self.is_alias(&uri.host(), uri.port()) => Some(None),
            None => None,
        }
    }

    /// Whether this element is responsible for a host, whatever the port (§16.5, the maddr of §16.4).
    #[must_use]
    pub fn is_own_host(&self, host: &Host<'_>) -> bool {
        self.listeners.iter().any(|listener| listener.host.is(host))
            || self.aliases.iter().any(|alias| alias.host.is(host))
    }

    /// The listener that a `sip` or `sips` URI names: by host and port, and by transport where two share these.
    #[must_use]
    pub fn listener_of(&self, uri: &Uri<'_>) -> Option<u16> {
        if !uri.is_sip() {
            return None;
        }
        let (host, transport) = (uri.host(), transport_of(uri));
        let port = uri.port().unwrap_or(transport.default_port());
        let mut found = None;
        for (number, listener) in self.listeners.iter().enumerate() {
            let by_port = listener.address.port == port
                // a name without a port may stand for any port (RFC 3263 §4.2)
                || (uri.port().is_none() && matches!(listener.host, OwnHost::Name(_)));
            if by_port && listener.host.is(&host) {
                if same_transport(listener.address.transport, transport) {
                    return Some(number as u16);
                }
                found.get_or_insert(number as u16);
            }
        }
        found
    }

    /// Whether this element wrote a Via (§16.3 item 4): its sent-by is that of a listener, as we print it. It comes
    /// back as we wrote it, so that no parsing is needed to see that it is not.
    #[must_use]
    pub fn is_own_sent_by(&self, sent_by: &[u8]) -> bool {
        self.listeners.iter().any(|listener| listener.sent_by.as_bytes().eq_ignore_ascii_case(sent_by))
    }

    /// The Record-Route value of a listener without user part, `<sip:host:port;lr>`; empty where there is none.
    #[must_use]
    pub fn record_route(&self, listener: u16) -> &str {
        self.listeners.get(usize::from(listener)).map_or("", |listener| &listener.record_route)
    }

    /// The Record-Route value of a side, as a `sips` URI where asked (§16.6 item 4: when Request-URI or topmost Route is
    /// one), and marked as one half of a double Record-Route where it is one.
    #[must_use]
    pub fn record_route_with(&self, side: Side<'_>, secure: bool, is_half: bool) -> Vec<u8> {
        let Side { listener, token } = side;
        let rest =
            self.listeners.get(usize::from(listener)).map_or("", |listener| &listener.record_route_rest);
        let scheme: &[u8] = if secure { b"<sips:" } else { b"<sip:" };
        // In a sips URI the transport below TLS is named (§26.2.2).
        let (host, parameters) = rest.split_once(';').unwrap_or((rest, ""));
        let parameters = match parameters {
            "transport=tls;lr" if secure => "transport=tcp;lr",
            parameters => parameters,
        };
        let mut value = Vec::with_capacity(scheme.len() + token.len() + rest.len() + 2);
        value.extend_from_slice(scheme);
        if !token.is_empty() {
            value.extend_from_slice(token);
            value.push(b'@');
        }
        value.extend_from_slice(host.as_bytes());
        value.push(b';');
        value.extend_from_slice(parameters.as_bytes());
        if is_half {
            value.push(b';');
            value.extend_from_slice(HALF.as_bytes());
        }
        value.push(b'>');
        value
    }

    pub(crate) fn loop_key(&self) -> &LoopKey {
        &self.loop_key
    }

    fn is_alias(&self, host: &Host<'_>, port: Option<u16>) -> bool {
        self.aliases.iter().any(|alias| {
            let by_port = match (alias.port, port) {
                (Some(own), Some(port)) => own == port,
                (Some(own), None) => own == 5060 || own == 5061,
                (None, Some(port)) => self.listeners.iter().any(|listener| listener.address.port == port),
                (None, None) => true,
            };
            by_port && alias.host.is(host)
        })
    }
}

/// The transport that a URI names, explicitly or by default (§19.1.2, §26.2.2).
pub(crate) fn transport_of(uri: &Uri<'_>) -> Transport {
    let secure = uri.scheme() == Scheme::Sips;
    let transport = uri.transport().and_then(Transport::from_token);
    match (transport, secure) {
        (None | Some(Transport::Udp | Transport::Tcp), true) => Transport::Tls,
        (Some(Transport::Ws), true) => Transport::Wss,
        (None, false) => Transport::Udp,
        (Some(transport), _) => transport,
    }
}

/// Both WebSocket transports are written `ws` in a URI.
fn same_transport(listener: Transport, named: Transport) -> bool {
    listener == named || matches!((listener, named), (Transport::Wss, Transport::Ws))
}

#[cfg(test)]
mod tests;
