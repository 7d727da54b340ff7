//! When a request is too large for UDP (RFC 3261 §18.1.1).
//!
//! In: the printed length, what is known of the path. Out: whether UDP will do, and the hop to use instead.
//! Not here: the change of the top Via's transport that goes with it, and the second try over UDP when the TCP
//! connection is refused; both are the caller's, who prints the request.

use sip::Transport;

use crate::locate::Hop;

/// Most bytes of a request over UDP while the path MTU is unknown.
pub const UNKNOWN_PATH_LIMIT: usize = 1300;

/// How far below a known path MTU a request must stay; the response will be that much larger.
pub const MTU_MARGIN: usize = 200;

/// Whether a request of `length` bytes may go over UDP: at most [`UNKNOWN_PATH_LIMIT`] bytes, or more than
/// [`MTU_MARGIN`] bytes below `path_mtu` where that is known (in bytes, of the SIP payload's path).
pub fn fits_udp(length: usize, path_mtu: Option<usize>) -> bool {
    match path_mtu {
        Some(mtu) => length < mtu.saturating_sub(MTU_MARGIN),
        None => length <= UNKNOWN_PATH_LIMIT,
    }
}

/// The hop by which a request of `length` bytes goes instead of `hop`: the same address over TCP, or `None` if it
/// can stay as it is.
pub fn hop_for_size(hop: &Hop, length: usize, path_mtu: Option<usize>) -> Option<Hop> {
    if hop.transport != Transport::Udp || fits_udp(length, path_mtu) {
        return None;
    }
    Some(Hop { transport: Transport::Tcp, ..hop.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirteen_hundred_bytes_without_knowledge() {
        assert!(fits_udp(1300, None));
        assert!(!fits_udp(1301, None));
    }

    #[test]
    fn two_hundred_below_a_known_mtu() {
        assert!(fits_udp(1299, Some(1500)));
        assert!(!fits_udp(1300, Some(1500)));
        assert!(fits_udp(60_000, Some(65_535)));
        assert!(!fits_udp(0, Some(100)), "a path that takes nothing");
    }

    #[test]
    fn only_udp_changes() {
        let hop = |transport| Hop { transport, addr: "192.0.2.1:5060".parse().unwrap(), server_name: None };
        assert_eq!(hop_for_size(&hop(Transport::Udp), 2000, None), Some(hop(Transport::Tcp)));
        assert_eq!(hop_for_size(&hop(Transport::Udp), 200, None), None);
        for transport in [Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss] {
            assert_eq!(hop_for_size(&hop(transport), 2000, None), None);
        }
    }
}
