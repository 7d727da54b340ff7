//! RTP: packets, and what a receiver counts of them (RFC 3550 §5.1, §6.4.1, Appendix A.1, A.3 and A.8).
//!
//! In: a sample's place and bytes; packets that came, and when. Out: packets; loss and jitter. Not here: RTCP, several
//! sources in one session, playing what was heard.

use transaction::Time;

/// Ticks of the RTP clock in a second: PCMU (RFC 3551 §4.5.14).
pub const CLOCK: u32 = 8_000;
/// Milliseconds of sound in one packet.
pub const PACKET_MS: u32 = 20;
/// Samples, and bytes of PCMU, in one packet.
pub const SAMPLES: usize = (CLOCK / 1_000 * PACKET_MS) as usize;
/// The payload type of PCMU (RFC 3551 table 4).
pub const PCMU: u8 = 0;
/// Bytes of a header without contributing sources.
const HEADER: usize = 12;
/// Missing packets in a row that are taken for loss; a larger step is a new beginning (Appendix A.1 `MAX_DROPOUT`).
const MAX_DROPOUT: u16 = 3_000;
/// Packets that come this much too late are counted as late and not as a new beginning (`MAX_MISORDER`).
const MAX_MISORDER: u16 = 100;

/// One packet, as far as a phone looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The marker bit: the first packet of a talkspurt.
    pub marker: bool,
    /// Counts packets.
    pub sequence: u16,
    /// Counts samples.
    pub timestamp: u32,
    /// The synchronisation source.
    pub source: u32,
    /// Samples.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram; `None`: it is no RTP of version 2 (RTCP among them: RFC 5761 §4).
    #[must_use]
    pub fn parse(datagram: &'a [u8]) -> Option<Packet<'a>> {
        let (header, mut rest) = datagram.split_first_chunk::<HEADER>()?;
        let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *header;
        if first >> 6 != 2 || (192..=223).contains(&second) {
            return None;
        }
        rest = rest.get(usize::from(first & 0x0f) * 4..)?;
        if first & 0x10 != 0 {
            let (extension, behind) = rest.split_first_chunk::<4>()?;
            let words = u16::from_be_bytes([extension[2], extension[3]]);
            rest = behind.get(usize::from(words) * 4..)?;
        }
        if first & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            rest = rest.get(..rest.len().checked_sub(padding).filter(|_| padding > 0)?)?;
        }
        Some(Packet {
            payload_type: second & 0x7f,
            marker: second & 0x80 != 0,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            source: u32::from_be_bytes([c0, c1, c2, c3]),
            payload: rest,
        })
    }

    /// The bytes of the packet, in place of what `out` held.
    pub fn print(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend([0x80, self.payload_type & 0x7f | u8::from(self.marker) << 7]);
        out.extend(self.sequence.to_be_bytes());
        out.extend(self.timestamp.to_be_bytes());
        out.extend(self.source.to_be_bytes());
        out.extend(self.payload);
    }
}

/// What a receiver counts of one source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reception {
    /// Packets that came.
    pub received: u64,
    /// Packets that came after one with a higher number.
    pub late: u64,
    /// Numbers that were expected: from the first to the highest.
    expected_before: u64,
    source: Option<Source>,
    /// Sixteen times the jitter, in ticks (Appendix A.8).
    jitter_16: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Source {
    id: u32,
    first: u64,
    /// With the number of times that it wrapped around in its upper bits.
    highest: u64,
    /// Arrival less timestamp, in ticks.
    transit: u32,
}

impl Reception {
    /// A packet came.
    pub fn handle(&mut self, now: Time, packet: &Packet<'_>) {
        self.received += 1;
        let arrival =
            (now.0 / 1_000 * u64::from(CLOCK / 1_000) + now.0 % 1_000 * u64::from(CLOCK) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(packet.timestamp);
        let known = self.source.filter(|source| source.id == packet.source);
        let step = known.map(|source| packet.sequence.wrapping_sub(source.highest as u16));
        match (known, step) {
            (Some(mut source), Some(step)) if step < MAX_DROPOUT => {
                source.highest += u64::from(step);
                self.took(source, transit);
            }
            (Some(source), Some(step)) if step.wrapping_neg() <= MAX_MISORDER => {
                self.late += 1;
                self.took(source, transit);
            }
            // Another source, or the same one anew.
            _ => {
                self.expected_before = self.expected();
                let first = u64::from(packet.sequence);
                self.source = Some(Source { id: packet.source, first, highest: first, transit });
            }
        }
    }

    fn took(&mut self, source: Source, transit: u32) {
        let difference = transit.wrapping_sub(source.transit).cast_signed().unsigned_abs();
        // J += (|D| - J) / 16, kept sixteenfold and rounded, as Appendix A.8 has it.
        self.jitter_16 = (self.jitter_16 + difference).saturating_sub((self.jitter_16 + 8) >> 4);
        self.source = Some(Source { transit, ..source });
    }

    /// Packets that should have come.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected_before + self.source.map_or(0, |source| source.highest - source.first + 1)
    }

    /// Packets that did not come; some may be under way still.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// The interarrival jitter in microseconds.
    #[must_use]
    pub fn jitter_us(&self) -> u64 {
        u64::from(self.jitter_16 >> 4) * 1_000_000 / u64::from(CLOCK)
    }
}

#[cfg(test)]
#[path = "rtp/tests.rs"]
mod tests;
