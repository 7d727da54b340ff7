//! Who belongs to the trust domain (RFC 3325 §2.3; TS 24.229 §4.4), and what nobody else may say.
//!
//! In: where a request came from. Out: the request without what its sender may not say.

use std::net::IpAddr;

use strowger_sdk::prelude::*;

use crate::Settings;

/// An address, a prefix, or everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// `*`
    Everybody,
    /// An address and how many of its bits count.
    Prefix(IpAddr, u8),
}

impl Network {
    /// `*`, `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
    pub(crate) fn parse(text: &str) -> Option<Network> {
        if text == "*" {
            return Some(Network::Everybody);
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Network::Prefix(address, bits))
    }

    fn has(&self, address: IpAddr) -> bool {
        match *self {
            Network::Everybody => true,
            Network::Prefix(of, bits) => match (of, address) {
                (IpAddr::V4(of), IpAddr::V4(address)) => {
                    (u32::from(of) ^ u32::from(address)).checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
                }
                (IpAddr::V6(of), IpAddr::V6(address)) => {
                    (u128::from(of) ^ u128::from(address)).checked_shr(128 - u32::from(bits)).unwrap_or(0)
                        == 0
                }
                _ => false,
            },
        }
    }
}

/// What only the trust domain may say (TS 24.229 §4.4, table 4.4-1).
const OF_THE_TRUST_DOMAIN: [HeaderId; 11] = [
    HeaderId::P_ASSERTED_IDENTITY,
    HeaderId::P_ACCESS_NETWORK_INFO,
    HeaderId::P_CHARGING_VECTOR,
    HeaderId::P_CHARGING_FUNCTION_ADDRESSES,
    HeaderId::P_PROFILE_KEY,
    HeaderId::P_SERVED_USER,
    HeaderId::P_USER_DATABASE,
    HeaderId::P_PRIVATE_NETWORK_INDICATION,
    HeaderId::P_ASSERTED_SERVICE,
    HeaderId::P_CALLED_PARTY_ID,
    HeaderId::RESOURCE_PRIORITY,
];

/// Whether the message in hand comes from within.
pub(crate) fn is_trusted(settings: &Settings, host: &impl Host) -> bool {
    if settings.trusted.contains(&Network::Everybody) {
        return true;
    }
    let source = host.source().address.parse::<IpAddr>();
    source.is_ok_and(|address| settings.trusted.iter().any(|network| network.has(address)))
}

/// Takes away what its sender may not say.
pub(crate) fn enforce(settings: &Settings, request: &mut Request<'_>, host: &impl Host) {
    if is_trusted(settings, host) {
        return;
    }
    for id in OF_THE_TRUST_DOMAIN {
        if request.has(id) {
            request.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_counts_so_many_bits() {
        let has = |network: &str, address: &str| {
            Network::parse(network).expect("a network").has(address.parse().expect("an address"))
        };
        assert!(has("10.0.0.0/8", "10.255.1.2") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("192.0.2.1", "192.0.2.1") && !has("192.0.2.1", "192.0.2.2"));
        assert!(has("2001:db8::/32", "2001:db8:1::1") && !has("2001:db8::/32", "2001:db9::1"));
        assert!(has("0.0.0.0/0", "203.0.113.9") && !has("0.0.0.0/0", "::1"));
        assert!(has("*", "::1"));
        for wrong in ["10.0.0.0/33", "::/129", "example.org", "", "10.0.0.0/x"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
