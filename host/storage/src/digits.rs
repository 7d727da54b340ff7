//! Numbers in decimal, written without the formatting machinery: it costs more than the rest of a row.
//!
//! In: a number. Out: its digits at the end of a text.

use std::net::{IpAddr, SocketAddr};

/// Appends a number.
pub(crate) fn push(out: &mut String, number: u64) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// Appends an address and port as `Display` writes them.
pub(crate) fn push_address(out: &mut String, address: &SocketAddr) {
    match address.ip() {
        IpAddr::V4(ip) => {
            for (place, octet) in ip.octets().into_iter().enumerate() {
                if place > 0 {
                    out.push('.');
                }
                push(out, octet.into());
            }
        }
        IpAddr::V6(ip) => {
            out.push('[');
            out.push_str(&ip.to_string());
            out.push(']');
        }
    }
    out.push(':');
    push(out, address.port().into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_read_as_usual() {
        for number in [0, 9, 10, 12_345, u64::MAX] {
            let mut text = String::from("x");
            push(&mut text, number);
            assert_eq!(text, format!("x{number}"));
        }
        for address in ["0.0.0.0:0", "192.0.2.255:5060", "[::1]:5060", "[2001:db8::9]:65535"] {
            let mut text = String::new();
            push_address(&mut text, &address.parse().expect("an address"));
            assert_eq!(text, address);
        }
    }
}
