//! The Diameter header: RFC 6733 §3.
//!
//! ```text
//!   version (1) | message length (3)
//!   R P E T r r r r (1) | command code (3)
//!   application id (4)
//!   hop-by-hop identifier (4)
//!   end-to-end identifier (4)
//! ```
//! In: twenty bytes. Out: a [`Header`], and what is wrong with it. AVPs do not belong here.

use std::fmt;

use bitflags::bitflags;

use crate::bounds::HEADER_LENGTH;
use crate::failure::FailureKind;

bitflags! {
    /// The command flags (§3). Reserved bits are dropped when read and zero when printed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Flags: u8 {
        /// R: a request.
        const REQUEST = 0x80;
        /// P: may be proxied, relayed or redirected.
        const PROXIABLE = 0x40;
        /// E: a protocol error; the message does not follow its command's grammar.
        const ERROR = 0x20;
        /// T: may have been sent before, over a link that failed.
        const RETRANSMITTED = 0x10;
    }
}

/// A command code (§3.1): 24 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandCode(pub u32);

impl CommandCode {
    /// CER and CEA (§5.3).
    pub const CAPABILITIES_EXCHANGE: CommandCode = CommandCode(257);
    /// DWR and DWA (§5.5).
    pub const DEVICE_WATCHDOG: CommandCode = CommandCode(280);
    /// DPR and DPA (§5.4).
    pub const DISCONNECT_PEER: CommandCode = CommandCode(282);
    /// UAR and UAA (TS 29.229 §6.1.1).
    pub const USER_AUTHORIZATION: CommandCode = CommandCode(300);
    /// SAR and SAA (TS 29.229 §6.1.3).
    pub const SERVER_ASSIGNMENT: CommandCode = CommandCode(301);
    /// LIR and LIA (TS 29.229 §6.1.5).
    pub const LOCATION_INFO: CommandCode = CommandCode(302);
    /// MAR and MAA (TS 29.229 §6.1.7).
    pub const MULTIMEDIA_AUTH: CommandCode = CommandCode(303);
    /// RTR and RTA (TS 29.229 §6.1.9).
    pub const REGISTRATION_TERMINATION: CommandCode = CommandCode(304);
    /// PPR and PPA (TS 29.229 §6.1.11).
    pub const PUSH_PROFILE: CommandCode = CommandCode(305);

    /// The command's name without Request or Answer, where it is known.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            CommandCode::CAPABILITIES_EXCHANGE => "Capabilities-Exchange",
            CommandCode::DEVICE_WATCHDOG => "Device-Watchdog",
            CommandCode::DISCONNECT_PEER => "Disconnect-Peer",
            CommandCode::USER_AUTHORIZATION => "User-Authorization",
            CommandCode::SERVER_ASSIGNMENT => "Server-Assignment",
            CommandCode::LOCATION_INFO => "Location-Info",
            CommandCode::MULTIMEDIA_AUTH => "Multimedia-Auth",
            CommandCode::REGISTRATION_TERMINATION => "Registration-Termination",
            CommandCode::PUSH_PROFILE => "Push-Profile",
            _ => return None,
        })
    }
}

impl fmt::Debug for CommandCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "command {}", self.0),
        }
    }
}

/// An application id (§2.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApplicationId(pub u32);

impl ApplicationId {
    /// Common messages: the base protocol itself.
    pub const BASE: ApplicationId = ApplicationId(0);
    /// Cx and Dx (TS 29.229 §7).
    pub const CX: ApplicationId = ApplicationId(16_777_216);
    /// A relay: every application.
    pub const RELAY: ApplicationId = ApplicationId(0xffff_ffff);
}

impl fmt::Debug for ApplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ApplicationId::BASE => f.write_str("base"),
            ApplicationId::CX => f.write_str("Cx"),
            ApplicationId::RELAY => f.write_str("relay"),
            ApplicationId(id) => write!(f, "application {id}"),
        }
    }
}

/// A header as it was received or is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Always 1 in what we send.
    pub version: u8,
    /// The whole message with header and padding, in bytes: 24 bits.
    pub length: u32,
    /// The command flags.
    pub flags: Flags,
    /// The command.
    pub command: CommandCode,
    /// The application that defines it.
    pub application: ApplicationId,
    /// Matches an answer to its request on one connection.
    pub hop_by_hop: u32,
    /// Finds duplicates, with Origin-Host. Not changed on the way.
    pub end_to_end: u32,
}

impl Header {
    /// The version that this crate speaks.
    pub const VERSION: u8 = 1;

    /// Reads the fields, whatever they say.
    pub const fn read(bytes: &[u8; HEADER_LENGTH]) -> Header {
        let [v, l0, l1, l2, f, c0, c1, c2, a0, a1, a2, a3, h0, h1, h2, h3, e0, e1, e2, e3] = *bytes;
        Header {
            version: v,
            length: u32::from_be_bytes([0, l0, l1, l2]),
            flags: Flags::from_bits_truncate(f),
            command: CommandCode(u32::from_be_bytes([0, c0, c1, c2])),
            application: ApplicationId(u32::from_be_bytes([a0, a1, a2, a3])),
            hop_by_hop: u32::from_be_bytes([h0, h1, h2, h3]),
            end_to_end: u32::from_be_bytes([e0, e1, e2, e3]),
        }
    }

    /// The twenty bytes.
    pub fn print(&self) -> [u8; HEADER_LENGTH] {
        let mut out = [0; HEADER_LENGTH];
        out[0..4].copy_from_slice(&self.length.to_be_bytes());
        out[0] = self.version;
        out[4..8].copy_from_slice(&self.command.0.to_be_bytes());
        out[4] = self.flags.bits();
        out[8..12].copy_from_slice(&self.application.0.to_be_bytes());
        out[12..16].copy_from_slice(&self.hop_by_hop.to_be_bytes());
        out[16..20].copy_from_slice(&self.end_to_end.to_be_bytes());
        out
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        self.flags.contains(Flags::REQUEST)
    }

    /// What is wrong with the header alone. Reserved bits are no fault: a receiver ignores them (§3).
    pub const fn check(&self) -> Result<(), FailureKind> {
        if self.version != Header::VERSION {
            return Err(FailureKind::UnsupportedVersion);
        }
        // A message is padded AVPs behind twenty bytes: always a multiple of four.
        if self.length < HEADER_LENGTH as u32 || !self.length.is_multiple_of(4) {
            return Err(FailureKind::InvalidMessageLength);
        }
        // The E bit "MUST NOT be set in request messages".
        if self.flags.contains(Flags::REQUEST.union(Flags::ERROR)) {
            return Err(FailureKind::InvalidHeaderBits);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; HEADER_LENGTH] =
        [1, 0, 0, 20, 0xd0, 0, 1, 44, 1, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0x0d, 0xde, 0xad, 0xbe, 0xef];

    #[test]
    fn the_fields_lie_where_section_3_draws_them() {
        let header = Header::read(&BYTES);
        assert_eq!((header.version, header.length), (1, 20));
        assert_eq!(header.flags, Flags::REQUEST | Flags::PROXIABLE | Flags::RETRANSMITTED);
        assert_eq!(
            (header.command, header.application),
            (CommandCode::USER_AUTHORIZATION, ApplicationId::CX)
        );
        assert_eq!((header.hop_by_hop, header.end_to_end), (0x0a0b_0c0d, 0xdead_beef));
        assert_eq!(header.print(), BYTES);
        assert_eq!(header.check(), Ok(()));
    }

    #[test]
    fn reserved_bits_are_ignored_and_not_sent() {
        let mut bytes = BYTES;
        bytes[4] |= 0x0f;
        let header = Header::read(&bytes);
        assert_eq!((header.check(), header.print()), (Ok(()), BYTES));
    }

    #[test]
    fn what_a_header_can_get_wrong() {
        let check = |at: usize, value: u8| {
            let mut bytes = BYTES;
            bytes[at] = value;
            Header::read(&bytes).check()
        };
        assert_eq!(check(0, 2), Err(FailureKind::UnsupportedVersion));
        assert_eq!(check(0, 0), Err(FailureKind::UnsupportedVersion));
        assert_eq!(check(3, 16), Err(FailureKind::InvalidMessageLength));
        assert_eq!(check(3, 21), Err(FailureKind::InvalidMessageLength));
        assert_eq!(check(4, 0xa0), Err(FailureKind::InvalidHeaderBits));
        assert_eq!(check(4, 0x20), Ok(()), "an error answer");
    }
}
