//! The Time format: RFC 6733 §4.3.1: "the first four bytes ... in the NTP timestamp format" (RFC 5905 §3).
//!
//! In: four bytes. Out: seconds, of one of two eras. The clock does not belong here.
//!
//! ```text
//!   1900        1968        2036        2104
//!    |-----------|-----------|-----------|
//!     top bit 0   top bit 1   top bit 0        four bytes
//!                 era 0       era 1            as SNTP extends them (RFC 4330 §3)
//! ```

/// A moment as NTP writes it: seconds since 1900-01-01T00:00:00Z, modulo 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NtpTime(pub u32);

/// Seconds from 1900 to 1970: seventy years with seventeen leap days.
const UNIX_EPOCH: u64 = 2_208_988_800;
/// Seconds of an era.
const ERA: u64 = 1 << 32;

impl NtpTime {
    /// From seconds since 1970. `None`: not between 1968 and 2104, where four bytes are unique.
    pub const fn from_unix(seconds: u64) -> Option<NtpTime> {
        let ntp = match seconds.checked_add(UNIX_EPOCH) {
            Some(ntp) => ntp,
            None => return None,
        };
        // Era 0 with the top bit set, and era 1 without.
        if ntp < ERA / 2 || ntp >= ERA + ERA / 2 { None } else { Some(NtpTime(ntp as u32)) }
    }

    /// Seconds since 1970. "If bit 0 is set, the UTC time is in the range 1968-2036 ...; if bit 0 is not set, the time
    /// is in the range 2036-2104." What lies before 1970 is 1970.
    pub const fn to_unix(self) -> u64 {
        let era = if self.0 >> 31 == 1 { 0 } else { ERA };
        (era + self.0 as u64).saturating_sub(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epochs() {
        assert_eq!(NtpTime(0x83aa_7e80).to_unix(), 0, "1970");
        assert_eq!(NtpTime::from_unix(0), Some(NtpTime(0x83aa_7e80)));
        // RFC 6733: "On 6h 28m 16s UTC, 7 February 2036, the time value will overflow."
        let overflow = 2_085_978_496;
        assert_eq!(NtpTime(0).to_unix(), overflow);
        assert_eq!(NtpTime(u32::MAX).to_unix(), overflow - 1);
        assert_eq!(NtpTime::from_unix(overflow), Some(NtpTime(0)));
    }

    #[test]
    fn both_eras_round_and_their_ends() {
        let last = ERA + ERA / 2 - 1 - UNIX_EPOCH;
        for seconds in [0, 1, 1_795_000_000, 2_085_978_495, 2_085_978_496, 4_000_000_000, last] {
            assert_eq!(NtpTime::from_unix(seconds).map(NtpTime::to_unix), Some(seconds));
        }
        assert_eq!(NtpTime::from_unix(last + 1), None);
        assert_eq!(NtpTime::from_unix(u64::MAX), None);
        assert_eq!(NtpTime(0x8000_0000).to_unix(), 0, "1968 is before 1970");
    }
}
