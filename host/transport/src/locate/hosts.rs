//! Names that the machine knows without DNS: the hosts file (hosts(5)) and `localhost` (RFC 6761 §6.3).
//!
//! In: a file in the format of `/etc/hosts`. Out: addresses of a name. For such a name NAPTR and SRV are not asked
//! either: the operator who entered it wants it to be there.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Largest hosts file that is read, in bytes.
const MAX_HOSTS_FILE: u64 = 4 << 20;

/// Addresses by lower-case name.
#[derive(Debug, Default)]
pub(super) struct Hosts(HashMap<Box<str>, Vec<IpAddr>>);

impl Hosts {
    /// Reads the file; one that is missing or too large is as good as an empty one.
    pub(super) fn read(path: &Path) -> Hosts {
        let small = std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= MAX_HOSTS_FILE);
        let text = if small { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
        Hosts::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Hosts {
        let mut hosts = Hosts::default();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
            let Some(Ok(address)) = words.next().map(str::parse::<IpAddr>) else { continue };
            for name in words {
                hosts.0.entry(key(name).into()).or_default().push(address);
            }
        }
        hosts
    }

    /// The addresses of `name`, none if the machine does not know it.
    pub(super) fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let name = key(name);
        match self.0.get(&*name) {
            Some(addresses) => addresses.clone(),
            None if name == "localhost" || name.ends_with(".localhost") => {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            }
            None => Vec::new(),
        }
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_hosts_5() {
        let hosts = Hosts::parse(
            "# comment\n127.0.0.1 localhost\n192.0.2.1\tA.example.org a # alias\n2001:db8::1 a.example.org\nnonsense b\n\n192.0.2.2",
        );
        let both: Vec<IpAddr> = vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        assert_eq!(hosts.addresses("a.EXAMPLE.org."), both);
        assert_eq!(hosts.addresses("a"), both[..1]);
        assert!(hosts.addresses("b").is_empty());
        assert_eq!(hosts.addresses("localhost").len(), 1, "as the file says");
    }

    #[test]
    fn localhost_is_known_without_a_file() {
        let hosts = Hosts::read(Path::new("/nonexistent"));
        for name in ["localhost", "LOCALHOST.", "a.localhost"] {
            assert_eq!(hosts.addresses(name).len(), 2, "{name}");
        }
        assert!(hosts.addresses("notlocalhost").is_empty());
    }
}
