//! Who belongs to the trust domain (RFC 3325 §2.3; TS 24.229 §4.4): by the address that a message comes from.
//!
//! In: a list of an operator's, such as `trusted = ["10.0.0.0/8", "2001:db8::/32"]`; later a message in hand. Out: whether its
//! sender is believed. What is done with the word of others is each plugin's.

use std::net::IpAddr;

use crate::Host;
use crate::configuration::{Configuration, ConfigurationError, unfit};

/// Addresses and prefixes; `*`: everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustDomain(Vec<Network>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Network {
    /// `*`
    Everybody,
    /// An address and how many of its bits count.
    Prefix(IpAddr, u8),
}

impl TrustDomain {
    /// The list under this key; everybody, where there is none.
    ///
    /// # Errors
    /// No list, or an entry that is neither an address, nor a prefix, nor `*`.
    pub fn read(configuration: &mut Configuration, key: &str) -> Result<Self, ConfigurationError> {
        let Some(texts) = configuration.texts(key)? else { return Ok(TrustDomain(vec![Network::Everybody])) };
        Self::of(&texts).map_err(|text| unfit(key, &text, "an address, a prefix such as 10.0.0.0/8, or *"))
    }

    /// Those of a list.
    ///
    /// # Errors
    /// The first entry that is neither an address, nor a prefix, nor `*`.
    pub fn of(texts: &[String]) -> Result<Self, String> {
        let network = |text: &String| Network::parse(text).ok_or_else(|| text.clone());
        texts.iter().map(network).collect::<Result<_, _>>().map(TrustDomain)
    }

    /// Whether the message in hand comes from within.
    #[must_use]
    pub fn has_sent(&self, host: &impl Host) -> bool {
        self.0.contains(&Network::Everybody) || self.has(&host.source().address)
    }

    /// Whether an address as text is within.
    #[must_use]
    pub fn has(&self, address: &str) -> bool {
        let address = address.parse::<IpAddr>();
        address.is_ok_and(|address| self.0.iter().any(|network| network.has(address)))
    }
}

impl Network {
    /// `*`, `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
    fn parse(text: &str) -> Option<Network> {
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

    fn has(self, address: IpAddr) -> bool {
        match self {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str) -> Result<TrustDomain, String> {
        let mut configuration = Configuration::parse(list).expect("readable");
        TrustDomain::read(&mut configuration, "trusted").map_err(|error| error.to_string())
    }

    #[test]
    fn a_prefix_counts_so_many_bits() {
        let has = |network: &str, address: &str| {
            read(&format!("trusted = [\"{network}\"]")).expect("a network").has(address)
        };
        assert!(has("10.0.0.0/8", "10.255.1.2") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("192.0.2.1", "192.0.2.1") && !has("192.0.2.1", "192.0.2.2"));
        assert!(has("2001:db8::/32", "2001:db8:1::1") && !has("2001:db8::/32", "2001:db9::1"));
        assert!(has("0.0.0.0/0", "203.0.113.9") && !has("0.0.0.0/0", "::1"));
        assert!(has("*", "::1"));
        for wrong in ["10.0.0.0/33", "::/129", "example.org", "", "10.0.0.0/x"] {
            let sentence = read(&format!("trusted = [\"{wrong}\"]")).expect_err("a mistake");
            assert!(
                sentence.contains("expected an address, a prefix such as 10.0.0.0/8, or *"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn without_a_list_everybody_is_trusted_and_with_an_empty_one_nobody() {
        assert!(read("").expect("everybody").has("203.0.113.9"));
        assert!(!read("trusted = []").expect("nobody").has("203.0.113.9"));
    }
}
