//! Deliberate faults of components, which prove that each rule of the IMS can be broken. Never on in a run of seeds.
//!
//! In: what a component is about to do. Out: something that it must not do.

use super::home::{ICSCF, PCSCF, SCSCFS, uri};

/// Somebody of the network who is somebody else than most.
const ASSERTED: &str = "P-Asserted-Identity: <sip:u1@ims.test>";

/// What is falsified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImsSabotage {
    /// The S-CSCF registers without SAR.
    SarSkipped,
    /// The P-CSCF believes what a phone asserts.
    AssertedBelieved,
    /// The I-CSCF records its route.
    IcscfRecordsRoute,
    /// The S-CSCF takes the same proof twice.
    VectorsKept,
    /// The S-CSCF sometimes begins a chain anew.
    ChainTwice,
    /// The S-CSCF passes on what comes by an ODI that it did not make.
    ForgedTaken,
    /// The P-CSCF forgets to pass on what answers MESSAGE.
    FinalEaten,
    /// The I-CSCF answers once more, and otherwise.
    SecondFinal,
    /// The I-CSCF passes no call on.
    CallsEaten,
    /// Bindings do not end.
    BindingsKept,
    /// The S-CSCF forgets a binding whose 200 has left.
    BindingsLost,
}

impl ImsSabotage {
    /// What an element sends in the place of this.
    pub(super) fn shown(self, element: usize, bytes: &[u8]) -> Vec<Vec<u8>> {
        let is_response = bytes.starts_with(b"SIP/2.0 ");
        let is_final = is_response && !bytes.starts_with(b"SIP/2.0 1");
        let text = || String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::AssertedBelieved if element == PCSCF && !is_response => {
                let text = text();
                let lines = text.split("\r\n").map(|line| match line.starts_with("P-Asserted-Identity:") {
                    true => ASSERTED,
                    false => line,
                });
                vec![lines.collect::<Vec<_>>().join("\r\n").into_bytes()]
            }
            Self::IcscfRecordsRoute if element == ICSCF && !is_response && !bytes.starts_with(b"ACK ") => {
                let recorded = format!("\r\nRecord-Route: <{};lr>\r\nVia:", uri(ICSCF));
                vec![text().replacen("\r\nVia:", &recorded, 1).into_bytes()]
            }
            Self::FinalEaten if element == PCSCF && is_final && text().contains(" MESSAGE\r\n") => Vec::new(),
            Self::CallsEaten if element == ICSCF && bytes.starts_with(b"INVITE ") => Vec::new(),
            Self::SecondFinal if element == ICSCF && is_final => {
                let text = text();
                vec![bytes.to_vec(), text.replacen(&text[..11], "SIP/2.0 599", 1).into_bytes()]
            }
            _ => vec![bytes.to_vec()],
        }
    }

    /// What an element hears in the place of this.
    pub(super) fn heard(self, element: usize, bytes: &[u8]) -> Vec<u8> {
        let is_request = !bytes.starts_with(b"SIP/2.0 ");
        if self == Self::ForgedTaken && SCSCFS.contains(&element) && is_request {
            let text = String::from_utf8_lossy(bytes);
            let lines = text.split("\r\n").filter(|line| !line.contains("<sip:AQAAAAA"));
            return lines.collect::<Vec<_>>().join("\r\n").into_bytes();
        }
        bytes.to_vec()
    }
}
