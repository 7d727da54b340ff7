//! Tokens for flows that scripts put into a Path (RFC 3327; RFC 5626 §5.1, §5.2): later requests come back with them.
//!
//! ```text
//!   transport, 1 byte │ listener, 2 │ connection, 8 │ port, 2 │ address, 4 or 16     sealed
//! ```
//! In: a flow. Out: a token that nobody else can make, and the flow of one that was made here. That of a connection means
//! nothing after a restart: the connection is gone, and its number may be another's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use cscf::Sealer;
use sip::{Flow, Transport};

/// Makes and reads them.
pub(crate) struct FlowTokens {
    lasting: Sealer,
    /// Of this run of the host.
    passing: Sealer,
}

/// No role has this name, which is the purpose of what its scripts seal.
const PURPOSE: &str = "\u{1}flow";
const TRANSPORTS: [Transport; 5] =
    [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss];

impl FlowTokens {
    /// `lasting`: the same over restarts; `run`: another one with each.
    pub(crate) fn new(lasting: Sealer, run: &[u8; 32]) -> FlowTokens {
        FlowTokens { lasting, passing: Sealer::new(run) }
    }

    /// The token of a flow.
    pub(crate) fn token(&self, flow: Flow) -> String {
        let mut bytes = Vec::with_capacity(32);
        let transport = TRANSPORTS.iter().position(|one| *one == flow.transport).unwrap_or_default();
        bytes.push(transport as u8);
        bytes.extend_from_slice(&flow.listener.to_be_bytes());
        bytes.extend_from_slice(&flow.connection.to_be_bytes());
        bytes.extend_from_slice(&flow.remote.port().to_be_bytes());
        match flow.remote.ip() {
            IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
        }
        let sealer = if flow.connection == 0 { &self.lasting } else { &self.passing };
        sealer.seal(PURPOSE, &bytes)
    }

    /// The flow of a token.
    pub(crate) fn flow(&self, token: &str) -> Option<Flow> {
        let bytes = self.lasting.unseal(PURPOSE, token).or_else(|| self.passing.unseal(PURPOSE, token))?;
        let (&transport, rest) = bytes.split_first()?;
        let (listener, rest) = rest.split_first_chunk::<2>()?;
        let (connection, rest) = rest.split_first_chunk::<8>()?;
        let (port, ip) = rest.split_first_chunk::<2>()?;
        let ip = match ip.len() {
            4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?)),
            _ => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?)),
        };
        Some(Flow {
            transport: *TRANSPORTS.get(usize::from(transport))?,
            listener: u16::from_be_bytes(*listener),
            connection: u64::from_be_bytes(*connection),
            remote: SocketAddr::new(ip, u16::from_be_bytes(*port)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(remote: &str, connection: u64) -> Flow {
        Flow { transport: Transport::Tls, listener: 3, connection, remote: remote.parse().unwrap() }
    }

    #[test]
    fn a_token_leads_back_and_that_of_a_connection_not_after_a_restart() {
        let before = FlowTokens::new(Sealer::new(&[1; 32]), &[2; 32]);
        let after = FlowTokens::new(Sealer::new(&[1; 32]), &[3; 32]);
        for flow in [flow("192.0.2.9:65535", 0), flow("[2001:db8::9]:1", 0)] {
            let token = before.token(flow);
            assert_eq!((before.flow(&token), after.flow(&token)), (Some(flow), Some(flow)));
        }
        let connected = flow("192.0.2.9:5060", 7);
        let token = before.token(connected);
        assert_eq!((before.flow(&token), after.flow(&token)), (Some(connected), None));
        assert_eq!(before.flow("nonsense"), None);
    }

    #[test]
    fn what_a_script_seals_is_no_flow() {
        let sealer = Sealer::new(&[1; 32]);
        let tokens = FlowTokens::new(sealer.clone(), &[2; 32]);
        let flow = flow("192.0.2.9:5060", 0);
        let bytes = sealer.unseal(PURPOSE, &tokens.token(flow)).unwrap();
        for role in ["flow", "pcscf", ""] {
            assert_eq!(tokens.flow(&sealer.seal(role, &bytes)), None, "{role}");
        }
        // Sealed for this, but of another length.
        for wrong in [&bytes[..bytes.len() - 1], &[bytes.as_slice(), &[0]].concat(), &[9; 17], &[]] {
            assert_eq!(tokens.flow(&sealer.seal(PURPOSE, wrong)), None);
        }
    }
}
