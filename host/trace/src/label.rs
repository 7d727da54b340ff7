//! What a message is called in a ladder. In: its bytes. Out: a name, and the dialog or session it belongs to.

use bytes::Bytes;
use diameter::{AvpId, CommandCode, Message, Outcome};
use sip::HeaderId;

/// Characters of a Call-ID or Session-Id that are kept.
const MAX_CALL: usize = 200;

/// RFC 6733 §8.8.
const SESSION_ID: AvpId = AvpId { vendor: 0, code: 263 };

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(MAX_CALL).collect()
}

/// `INVITE` or `183 INVITE`, and the Call-ID.
pub(crate) fn sip(bytes: &[u8]) -> (String, String) {
    let Ok(message) = sip::Message::parse_datagram(bytes) else {
        let line = bytes.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
        return (format!("? {}", text(&line[..line.len().min(40)])), String::new());
    };
    (name_of(&message), call_of(&message))
}

/// What a SIP message is called in a ladder: `INVITE` or `183 INVITE`.
#[must_use]
pub fn name_of(message: &sip::Message) -> String {
    if message.is_request() {
        return text(message.method_token());
    }
    let cseq = message.header(HeaderId::CSEQ).map(text).unwrap_or_default();
    format!("{} {}", message.status(), cseq.split_ascii_whitespace().nth(1).unwrap_or("?"))
}

/// The Call-ID of a SIP message as a ladder has it; empty: it has none.
#[must_use]
pub fn call_of(message: &sip::Message) -> String {
    message.header(HeaderId::CALL_ID).map(text).unwrap_or_default()
}

/// `UAR` or `UAA 2001`, and the Session-Id.
pub(crate) fn diameter(bytes: Bytes) -> (String, String) {
    let Ok(message) = Message::parse(bytes) else { return ("? Diameter".into(), String::new()) };
    let kind = if message.is_request() { 'R' } else { 'A' };
    let mut label = match short(message.header().command) {
        Some(short) => format!("{short}{kind}"),
        None => format!("{} {kind}", message.header().command.0),
    };
    match message.outcome() {
        Some(Outcome::Result(code)) if !message.is_request() => label += &format!(" {}", code.0),
        Some(Outcome::Experimental { code, .. }) if !message.is_request() => label += &format!(" {code}"),
        _ => {}
    }
    let session = message.first(SESSION_ID).map(|avp| text(avp.data));
    (label, session.unwrap_or_default())
}

const fn short(command: CommandCode) -> Option<&'static str> {
    Some(match command {
        CommandCode::CAPABILITIES_EXCHANGE => "CE",
        CommandCode::DEVICE_WATCHDOG => "DW",
        CommandCode::DISCONNECT_PEER => "DP",
        CommandCode::USER_AUTHORIZATION => "UA",
        CommandCode::SERVER_ASSIGNMENT => "SA",
        CommandCode::LOCATION_INFO => "LI",
        CommandCode::MULTIMEDIA_AUTH => "MA",
        CommandCode::REGISTRATION_TERMINATION => "RT",
        CommandCode::PUSH_PROFILE => "PP",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use diameter::{ApplicationId, Builder, Flags};

    #[test]
    fn diameter_messages_have_the_names_of_the_standard() {
        let request = Builder::new(Flags::REQUEST, CommandCode::USER_AUTHORIZATION, ApplicationId::CX);
        let request = request.finish().unwrap();
        assert_eq!(diameter(request.bytes().clone()).0, "UAR");
        let answer = Builder::answer(request.header()).finish().unwrap();
        assert_eq!(diameter(answer.bytes().clone()).0, "UAA");
        assert_eq!(diameter(Bytes::from_static(b"nonsense")).0, "? Diameter");
    }

    #[test]
    fn an_answer_says_to_what() {
        let answer = b"SIP/2.0 183 Session Progress\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n\
            To: <sip:b@x>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(sip(answer), ("183 INVITE".into(), "c1".into()));
    }

    #[test]
    fn what_is_no_sip_has_its_first_line() {
        assert_eq!(sip(b"GET / HTTP/1.1\r\n\r\n"), ("? GET / HTTP/1.1".into(), String::new()));
    }
}
