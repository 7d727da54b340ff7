//! The Address format: RFC 6733 §4.3.1, families of IANA's "Address Family Numbers".
//!
//! In: two bytes of family and the address. Out: a value; families other than IPv4 and IPv6 are kept as they are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::FormatError;

/// An address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// Families 1 and 2.
    Ip(IpAddr),
    /// Another family: 8 is E.164.
    Other {
        /// Neither 1 nor 2.
        family: u16,
        /// The address in that family.
        address: Box<[u8]>,
    },
}

const IPV4: u16 = 1;
const IPV6: u16 = 2;

impl Address {
    /// Reads one.
    pub fn parse(data: &[u8]) -> Result<Address, FormatError> {
        let (family, address) = data.split_first_chunk().ok_or(FormatError::Length)?;
        match u16::from_be_bytes(*family) {
            IPV4 => match <[u8; 4]>::try_from(address) {
                Ok(address) => Ok(Address::Ip(Ipv4Addr::from(address).into())),
                Err(_) => Err(FormatError::Length),
            },
            IPV6 => match <[u8; 16]>::try_from(address) {
                Ok(address) => Ok(Address::Ip(Ipv6Addr::from(address).into())),
                Err(_) => Err(FormatError::Length),
            },
            family => Ok(Address::Other { family, address: address.into() }),
        }
    }

    /// Appends its bytes.
    pub fn print(&self, out: &mut Vec<u8>) {
        match self {
            Address::Ip(IpAddr::V4(address)) => {
                out.extend_from_slice(&IPV4.to_be_bytes());
                out.extend_from_slice(&address.octets());
            }
            Address::Ip(IpAddr::V6(address)) => {
                out.extend_from_slice(&IPV6.to_be_bytes());
                out.extend_from_slice(&address.octets());
            }
            Address::Other { family, address } => {
                out.extend_from_slice(&family.to_be_bytes());
                out.extend_from_slice(address);
            }
        }
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Address {
        Address::Ip(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(address: &Address) -> Vec<u8> {
        let mut out = Vec::new();
        address.print(&mut out);
        out
    }

    #[test]
    fn four_sixteen_and_other_bytes() {
        let four = [0, 1, 192, 0, 2, 1];
        let address = Address::parse(&four).unwrap();
        assert_eq!(address, Address::Ip(IpAddr::from([192, 0, 2, 1])));
        assert_eq!(printed(&address), four);

        let mut six = [0; 18];
        (six[1], six[17]) = (2, 1);
        let address = Address::parse(&six).unwrap();
        assert_eq!(address, Address::Ip(Ipv6Addr::LOCALHOST.into()));
        assert_eq!(printed(&address), six);

        let e164 = [0, 8, b'1', b'5'];
        let address = Address::parse(&e164).unwrap();
        assert_eq!(address, Address::Other { family: 8, address: Box::from(*b"15") });
        assert_eq!(printed(&address), e164);
    }

    #[test]
    fn a_family_has_its_length() {
        for bad in [&[][..], &[0], &[0, 1], &[0, 1, 1, 2, 3], &[0, 1, 1, 2, 3, 4, 5], &[0, 2, 1, 2, 3, 4]] {
            assert_eq!(Address::parse(bad), Err(FormatError::Length), "{bad:?}");
        }
    }
}
