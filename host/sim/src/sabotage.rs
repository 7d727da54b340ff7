//! Deliberate faults of the harness, which prove that each checker can fail. In: what a checker is about to see. Out:
//! something that it must not accept. Never on in a run of seeds.

/// What is falsified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The checkers are shown half of every message.
    Garbled,
    /// They are shown a second final response, another one, after each.
    SecondFinal,
    /// They are shown requests whose Max-Forwards did not fall.
    HopsKept,
    /// They are shown responses with another Via than their request had.
    ViaChanged,
    /// They are not shown the ACKs that a node sends on.
    AckHidden,
    /// The network eats every ACK to a phone and does not say so.
    AckEaten,
    /// The network eats every final response to a phone and does not say so.
    FinalEaten,
    /// They are told that nodes have no dialogs.
    DialogsForgotten,
    /// The nodes' clocks stop.
    ClockStopped,
    /// The harness panics.
    Panic,
}

impl Sabotage {
    /// What the checkers are shown of a message that a node sends.
    pub(crate) fn shown(self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let is_response = bytes.starts_with(b"SIP/2.0 ");
        let is_final = is_response && !bytes.starts_with(b"SIP/2.0 1");
        let text = String::from_utf8_lossy(bytes);
        match self {
            Self::Garbled => vec![bytes[..bytes.len() / 2].to_vec()],
            Self::SecondFinal if is_final => {
                let other = text.replacen(&text[..11], "SIP/2.0 599", 1);
                vec![bytes.to_vec(), other.into_bytes()]
            }
            Self::HopsKept if !is_response => {
                let before = text.find("Max-Forwards: ").map(|place| place + 14).unwrap_or_default();
                let number: String = text[before..].chars().take_while(char::is_ascii_digit).collect();
                let kept = number.parse::<u32>().unwrap_or_default() + 1;
                let line = format!("Max-Forwards: {number}\r\n");
                vec![text.replacen(&line, &format!("Max-Forwards: {kept}\r\n"), 1).into_bytes()]
            }
            Self::ViaChanged if is_response => {
                vec![text.replacen("Via: ", "Via: SIP/2.0/UDP x;branch=z9hG4bKx, ", 1).into_bytes()]
            }
            Self::AckHidden if bytes.starts_with(b"ACK ") => Vec::new(),
            _ => vec![bytes.to_vec()],
        }
    }

    /// Whether the network eats this message to a phone.
    pub(crate) fn eats(self, bytes: &[u8]) -> bool {
        match self {
            Self::AckEaten => bytes.starts_with(b"ACK "),
            Self::FinalEaten => bytes.starts_with(b"SIP/2.0 ") && !bytes.starts_with(b"SIP/2.0 1"),
            _ => false,
        }
    }
}
