//! The bindings of one address-of-record in one exact allocation.
//!
//! ```text
//!   revision 8 | scheduled 4 | count 1 | AoR length 2 | AoR
//!   and per binding:
//!   row 8 | expires at, ms 6 | q 2 | CSeq 4 | flags 1 | lengths 2+2+2+2 | flow 0 to 29 | URI | parameters | Call-ID | Path
//! ```
//! In: an address-of-record and its bindings. Out: bytes, and bindings that borrow from them. About 125 bytes for a
//! plain phone. Not here: which bindings (`contacts.rs`), where the bytes live (`table.rs`).
//!
//! The numbers are little endian. A path's values are joined with line feeds, which no header field value holds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sip::{Flow, Transport};
use smallvec::SmallVec;

const REVISION: usize = 0;
const SCHEDULED: usize = 8;
const COUNT: usize = 12;
const AOR_LENGTH: usize = 13;
const AOR: usize = 15;

const ROW_BYTES: usize = 8;
const FIXED: usize = ROW_BYTES + 6 + 2 + 4 + 1 + 8;

const HAS_Q: u8 = 1;
const OUTBOUND: u8 = 2;
const FLOW: u8 = 4;
const FLOW_V6: u8 = 8;
const FLOW_CONNECTION: u8 = 16;

/// A binding, its texts borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BindingRef<'a> {
    /// Its row in the database; 0: none yet.
    pub(crate) row: u64,
    pub(crate) expires_at_ms: u64,
    /// In thousandths; `None`: the Contact had none.
    pub(crate) q: Option<u16>,
    pub(crate) cseq: u32,
    /// Bound by RFC 5626: instance and reg-id name it, not its URI.
    pub(crate) outbound: bool,
    /// Where it was registered from.
    pub(crate) flow: Option<Flow>,
    pub(crate) uri: &'a str,
    pub(crate) parameters: &'a str,
    pub(crate) call_id: &'a str,
    pub(crate) path: &'a str,
}

/// The time of expiry has six bytes.
const MAX_EXPIRES_AT_MS: u64 = (1 << 48) - 1;

impl BindingRef<'_> {
    /// Whether it can be packed. What a message brings always can.
    pub(crate) fn fits(&self) -> bool {
        let is_short = |text: &str| text.len() <= usize::from(u16::MAX);
        let texts = [self.uri, self.parameters, self.call_id, self.path];
        self.expires_at_ms <= MAX_EXPIRES_AT_MS && texts.into_iter().all(is_short)
    }

    fn length(&self) -> usize {
        let texts = self.uri.len() + self.parameters.len() + self.call_id.len() + self.path.len();
        FIXED + flow_length(self.flags()) + texts
    }

    fn flags(&self) -> u8 {
        let mut flags = 0;
        let mut flag = |set: bool, bit: u8| flags |= if set { bit } else { 0 };
        flag(self.q.is_some(), HAS_Q);
        flag(self.outbound, OUTBOUND);
        flag(self.flow.is_some(), FLOW);
        flag(self.flow.is_some_and(|f| f.remote.is_ipv6()), FLOW_V6);
        flag(self.flow.is_some_and(|f| f.connection != 0), FLOW_CONNECTION);
        flags
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.row.to_le_bytes());
        out.extend_from_slice(&self.expires_at_ms.to_le_bytes()[..6]);
        out.extend_from_slice(&self.q.unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&self.cseq.to_le_bytes());
        out.push(self.flags());
        for text in [self.uri, self.parameters, self.call_id, self.path] {
            // a message is shorter than 64 kB, and so is each of its parts
            out.extend_from_slice(&(text.len() as u16).to_le_bytes());
        }
        if let Some(flow) = self.flow {
            out.push(transport_number(flow.transport));
            out.extend_from_slice(&flow.listener.to_le_bytes());
            if flow.connection != 0 {
                out.extend_from_slice(&flow.connection.to_le_bytes());
            }
            match flow.remote.ip() {
                IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
                IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
            }
            out.extend_from_slice(&flow.remote.port().to_le_bytes());
        }
        for text in [self.uri, self.parameters, self.call_id, self.path] {
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// The bytes of an address-of-record and its bindings.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a>(pub(crate) &'a [u8]);

/// At most 255 bindings, an address-of-record under 64 kB: the caller has seen to it.
pub(crate) fn pack(aor: &str, revision: u64, scheduled_s: u32, bindings: &[BindingRef<'_>]) -> Box<[u8]> {
    let length = AOR + aor.len() + bindings.iter().map(BindingRef::length).sum::<usize>();
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(&revision.to_le_bytes());
    out.extend_from_slice(&scheduled_s.to_le_bytes());
    out.push(bindings.len() as u8);
    out.extend_from_slice(&(aor.len() as u16).to_le_bytes());
    out.extend_from_slice(aor.as_bytes());
    for binding in bindings {
        binding.write(&mut out);
    }
    debug_assert_eq!(out.len(), length);
    out.into_boxed_slice()
}

/// Writes the revision of packed bytes.
pub(crate) fn set_revision(packed: &mut [u8], revision: u64) {
    packed[REVISION..REVISION + 8].copy_from_slice(&revision.to_le_bytes());
}

/// Writes the second for which packed bytes are scheduled.
pub(crate) fn set_scheduled(packed: &mut [u8], second: u32) {
    packed[SCHEDULED..SCHEDULED + 4].copy_from_slice(&second.to_le_bytes());
}

/// Gives each binding without a row what `next` gives; these, in order.
pub(crate) fn set_rows(packed: &mut [u8], mut next: impl FnMut() -> u64) -> SmallVec<[u64; 2]> {
    let mut cursor = Cursor { bytes: packed, at: first_binding(packed) };
    let mut places = SmallVec::<[usize; 4]>::new();
    for _ in 0..packed[COUNT] {
        let at = cursor.at;
        if cursor.pass().row == 0 {
            places.push(at);
        }
    }
    let given = |at: usize| {
        let row = next();
        packed[at..at + ROW_BYTES].copy_from_slice(&row.to_le_bytes());
        row
    };
    places.into_iter().map(given).collect()
}

impl<'a> Packed<'a> {
    /// Counts the changes of the whole store; unique to these bytes.
    pub(crate) fn revision(self) -> u64 {
        Cursor { bytes: self.0, at: REVISION }.number::<8>()
    }

    /// The second since 1970 for which the expiry schedule knows it; 0: it does not.
    pub(crate) fn scheduled_s(self) -> u32 {
        Cursor { bytes: self.0, at: SCHEDULED }.number::<4>() as u32
    }

    pub(crate) fn len(self) -> usize {
        usize::from(self.0[COUNT])
    }

    pub(crate) fn aor(self) -> &'a str {
        text(&self.0[AOR..first_binding(self.0)])
    }

    /// When each binding ends, ms since 1970.
    pub(crate) fn ends(self) -> impl Iterator<Item = u64> + use<'a> {
        let mut cursor = Cursor { bytes: self.0, at: first_binding(self.0) };
        (0..self.len()).map(move |_| cursor.pass().expires_at_ms)
    }

    pub(crate) fn bindings(self) -> impl Iterator<Item = BindingRef<'a>> + use<'a> {
        let mut cursor = Cursor { bytes: self.0, at: first_binding(self.0) };
        (0..self.len()).map(move |_| cursor.binding())
    }
}

fn first_binding(packed: &[u8]) -> usize {
    AOR + Cursor { bytes: packed, at: AOR_LENGTH }.number::<2>() as usize
}

/// Reads what [`pack`] wrote; nothing else is ever given to it.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let piece = &self.bytes[self.at..self.at + length];
        self.at += length;
        piece
    }

    fn number<const N: usize>(&mut self) -> u64 {
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(self.take(N));
        u64::from_le_bytes(bytes)
    }

    /// Goes on to the next binding.
    fn pass(&mut self) -> Passed {
        let (row, expires_at_ms) = (self.number::<8>(), self.number::<6>());
        self.take(6);
        let flags = self.number::<1>() as u8;
        let texts: usize = (0..4).map(|_| self.number::<2>() as usize).sum();
        self.take(flow_length(flags) + texts);
        Passed { row, expires_at_ms }
    }

    fn binding(&mut self) -> BindingRef<'a> {
        let row = self.number::<8>();
        let expires_at_ms = self.number::<6>();
        let q = self.number::<2>() as u16;
        let cseq = self.number::<4>() as u32;
        let flags = self.number::<1>() as u8;
        let lengths = [(); 4].map(|()| self.number::<2>() as usize);
        let flow = (flags & FLOW != 0).then(|| {
            let transport = Transport::ALL[self.number::<1>() as usize % Transport::ALL.len()];
            let listener = self.number::<2>() as u16;
            let connection = if flags & FLOW_CONNECTION != 0 { self.number::<8>() } else { 0 };
            let ip = if flags & FLOW_V6 != 0 {
                let mut octets = [0; 16];
                octets.copy_from_slice(self.take(16));
                IpAddr::V6(Ipv6Addr::from(octets))
            } else {
                let mut octets = [0; 4];
                octets.copy_from_slice(self.take(4));
                IpAddr::V4(Ipv4Addr::from(octets))
            };
            let remote = SocketAddr::new(ip, self.number::<2>() as u16);
            Flow { transport, listener, connection, remote }
        });
        let [uri, parameters, call_id, path] = lengths.map(|length| text(self.take(length)));
        BindingRef {
            row,
            expires_at_ms,
            q: (flags & HAS_Q != 0).then_some(q),
            cseq,
            outbound: flags & OUTBOUND != 0,
            flow,
            uri,
            parameters,
            call_id,
            path,
        }
    }
}

/// What is asked of a binding without reading all of it.
struct Passed {
    row: u64,
    expires_at_ms: u64,
}

/// Bytes of the flow of a binding with these flags.
fn flow_length(flags: u8) -> usize {
    if flags & FLOW == 0 {
        return 0;
    }
    let connection = if flags & FLOW_CONNECTION == 0 { 0 } else { 8 };
    3 + connection + if flags & FLOW_V6 == 0 { 6 } else { 18 }
}

fn transport_number(transport: Transport) -> u8 {
    Transport::ALL.iter().position(|t| *t == transport).unwrap_or(0) as u8
}

/// Text went in, so text comes out.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain<'a>() -> BindingRef<'a> {
        BindingRef {
            row: 7,
            expires_at_ms: 1_795_000_000_000,
            q: None,
            cseq: 2,
            outbound: false,
            flow: Some(Flow {
                transport: Transport::Udp,
                listener: 0,
                connection: 0,
                remote: "127.0.0.1:7000".parse().expect("an address"),
            }),
            uri: "sip:u0000001@127.0.0.1:6000",
            parameters: "",
            call_id: "1-12345@127.0.0.1",
            path: "",
        }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let all = [
            plain(),
            BindingRef { flow: None, q: Some(0), row: u64::MAX, cseq: u32::MAX, expires_at_ms: 9, ..plain() },
            BindingRef {
                q: Some(1000),
                outbound: true,
                flow: Some(Flow {
                    transport: Transport::Wss,
                    listener: 65_535,
                    connection: u64::MAX,
                    remote: "[2001:db8::1]:443".parse().expect("an address"),
                }),
                parameters: ";+sip.instance=\"<urn:uuid:ä>\";reg-id=1",
                path: "<sip:p1;lr>\n<sip:p2;lr>",
                call_id: "",
                ..plain()
            },
        ];
        for count in 0..=3 {
            let bytes = pack("sip:u@bench.test", 99, 1234, &all[..count]);
            let packed = Packed(&bytes);
            assert_eq!(packed.aor(), "sip:u@bench.test");
            assert_eq!((packed.revision(), packed.scheduled_s(), packed.len()), (99, 1234, count));
            assert_eq!(packed.bindings().collect::<Vec<_>>(), all[..count]);
            assert!(packed.ends().eq(all[..count].iter().map(|binding| binding.expires_at_ms)));
        }
    }

    #[test]
    fn rows_revision_and_schedule_are_written_in_place() {
        let fresh = BindingRef { row: 0, ..plain() };
        let mut bytes = pack("sip:u@bench.test", 0, 0, &[fresh, plain(), fresh]);
        let mut row = 10;
        let given = set_rows(&mut bytes, || {
            row += 1;
            row
        });
        assert_eq!(given.as_slice(), [11, 12]);
        set_revision(&mut bytes, u64::MAX);
        set_scheduled(&mut bytes, u32::MAX);
        let packed = Packed(&bytes);
        assert_eq!(packed.bindings().map(|b| b.row).collect::<Vec<_>>(), [11, 7, 12]);
        assert_eq!((packed.revision(), packed.scheduled_s()), (u64::MAX, u32::MAX));
        assert_eq!(packed.aor(), "sip:u@bench.test");
    }

    #[test]
    fn a_plain_phone_takes_little() {
        let bytes = pack("sip:u0000001@bench.test", 1, 1, &[plain()]);
        assert!(bytes.len() <= 128, "{} bytes", bytes.len());
    }
}
