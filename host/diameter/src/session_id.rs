//! Session-Ids: RFC 6733 §8.8: `<DiameterIdentity>;<high 32 bits>;<low 32 bits>`.
//!
//! In: who we are and when we started. Out: names that nobody has had. The clock does not belong here.

use crate::format::{DiameterIdentity, NtpTime};

/// The Session-Ids of one node.
#[derive(Clone, Debug)]
pub struct SessionIds {
    host: DiameterIdentity,
    next: u64,
}

impl SessionIds {
    /// "At startup, the high 32 bits of the 64-bit value MAY be initialized to the time in NTP format, and the low 32
    /// bits MAY be initialized to zero." `started`: seconds since 1970.
    pub fn new(host: DiameterIdentity, started: u64) -> SessionIds {
        let high = NtpTime::from_unix(started).map_or(started as u32, |time| time.0);
        SessionIds { host, next: u64::from(high) << 32 }
    }

    /// The next one.
    pub fn next_id(&mut self) -> String {
        let id = self.next;
        self.next = id.wrapping_add(1);
        format!("{};{};{}", self.host, id >> 32, id as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_look_as_section_8_8_shows_and_go_on() {
        let host: DiameterIdentity = "accesspoint7.example.com".parse().unwrap();
        let mut ids = SessionIds::new(host, 0);
        assert_eq!(ids.next_id(), "accesspoint7.example.com;2208988800;0");
        assert_eq!(ids.next_id(), "accesspoint7.example.com;2208988800;1");
        ids.next |= u64::from(u32::MAX);
        assert_eq!(ids.next_id(), "accesspoint7.example.com;2208988800;4294967295");
        assert_eq!(ids.next_id(), "accesspoint7.example.com;2208988801;0", "one 64-bit value");
    }
}
