//! RFC 3261, a file for each section that this crate does. URIs (§19.1) are tested in `src/uri/tests.rs`.

// In a test an unwrap that fails is the finding.
#![allow(clippy::unwrap_used)]

mod section_16_6;
mod section_18_2_1;
mod section_18_3;
mod section_7_3;
mod section_7_5;
mod section_8_1_1;
mod section_8_2_6;

use strowger_sip::{Draft, Message};

/// A message, for texts written with `\n` for each CRLF.
fn message(text: &str) -> Message {
    Message::parse_datagram(text.replace('\n', "\r\n").as_bytes())
        .unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn printed(draft: &Draft<'_>) -> String {
    let mut out = Vec::new();
    draft.print(&mut out);
    String::from_utf8(out).unwrap().replace("\r\n", "\n")
}

const INVITE: &str = "\
INVITE sip:bob@biloxi.com SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds
Max-Forwards: 70
To: Bob <sip:bob@biloxi.com>
From: Alice <sip:alice@atlanta.com>;tag=1928301774
Call-ID: a84b4c76e66710@pc33.atlanta.com
CSeq: 314159 INVITE
Contact: <sip:alice@pc33.atlanta.com>
Content-Type: application/sdp
Content-Length: 4

v=00";
