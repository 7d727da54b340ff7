//! Messages out of text, for tests.
//!
//! In: lines as in a trace, indented as the test is. Out: [`TestMessage`], with the header fields that every message
//! must have (RFC 3261 §8.1.1, §8.2.6.2) where the text leaves them out. Wrong messages are worth testing too: what
//! the text says is never corrected.

use sip::{HeaderId, Message, ParseError};

/// A message from text, `format!` style: `sip!("INVITE sip:{user}@example.org SIP/2.0\n…")`. See
/// [`TestMessage::from_text`].
#[macro_export]
macro_rules! sip {
    ($($text:tt)+) => {
        $crate::testing::TestMessage::from_text(&::std::format!($($text)+))
    };
}

/// A message as the host would hand it to a hook.
#[derive(Debug, Clone)]
pub struct TestMessage {
    message: Message,
}

/// Header fields that a message gets where its text has none, in this order.
const COMMON: &[(HeaderId, &str)] = &[
    (HeaderId::VIA, "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKtest"),
    (HeaderId::FROM, "From: <sip:alice@example.org>;tag=from"),
    (HeaderId::CALL_ID, "Call-ID: test@192.0.2.1"),
];

impl TestMessage {
    /// Reads a message: start line, header fields, and behind an empty line a body. The indentation of the start line
    /// is taken off every line; a line that is indented further goes on with the header field before it (folding).
    /// Via, From, To, Call-ID, CSeq, Max-Forwards and Content-Length are put in where they are left out.
    ///
    /// # Panics
    /// If it cannot be parsed as a SIP message at all.
    #[must_use]
    #[track_caller]
    pub fn from_text(text: &str) -> Self {
        match Self::parse(text) {
            Ok(message) => message,
            Err(error) => panic!("not a SIP message: {error}\n{text}"),
        }
    }

    /// The same for text that is not known to be a message.
    ///
    /// # Errors
    /// It cannot be parsed as a SIP message at all.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut lines = text.lines().skip_while(|line| line.trim().is_empty());
        let start = lines.next().unwrap_or_default();
        let indentation = start.len() - start.trim_start().len();
        let unindented = |line: &str| -> String {
            let cut = line.bytes().take(indentation).take_while(u8::is_ascii_whitespace).count();
            line[cut..].trim_end().to_owned()
        };
        let start = unindented(start);
        let mut head: Vec<String> = Vec::new();
        for line in lines.by_ref().map(unindented) {
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        let mut body: Vec<String> = lines.map(unindented).collect();
        while body.last().is_some_and(String::is_empty) {
            body.pop();
        }
        let body: String = body.into_iter().map(|line| line + "\r\n").collect();

        let is_there = |id: HeaderId| {
            head.iter().any(|line| {
                let name = line.split(':').next().unwrap_or_default().trim_end();
                HeaderId::from_name(name.as_bytes()) == id
            })
        };
        let is_request = !start.starts_with("SIP/");
        let method = start.split(' ').next().unwrap_or_default();
        let uri = start.split(' ').nth(1).unwrap_or_default();
        let mut added: Vec<String> = Vec::new();
        for (id, line) in COMMON {
            if !is_there(*id) {
                added.push((*line).to_owned());
            }
        }
        if !is_there(HeaderId::TO) {
            added.push(if is_request {
                format!("To: <{uri}>")
            } else {
                "To: <sip:bob@example.org>;tag=to".to_owned()
            });
        }
        if !is_there(HeaderId::CSEQ) {
            added.push(format!("CSeq: 1 {}", if is_request { method } else { "INVITE" }));
        }
        if is_request && !is_there(HeaderId::MAX_FORWARDS) {
            added.push("Max-Forwards: 70".to_owned());
        }
        if !is_there(HeaderId::CONTENT_LENGTH) {
            added.push(format!("Content-Length: {}", body.len()));
        }

        let mut bytes = start;
        for line in added.iter().chain(&head) {
            bytes.push_str("\r\n");
            bytes.push_str(line);
        }
        bytes.push_str("\r\n\r\n");
        bytes.push_str(&body);
        Self::from_bytes(bytes.as_bytes())
    }

    /// A message exactly as these octets have it.
    ///
    /// # Errors
    /// It cannot be parsed as a SIP message at all.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        Ok(Self { message: Message::parse_datagram(bytes)? })
    }

    /// The parsed message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The parsed message, given away.
    #[must_use]
    pub fn into_message(self) -> Message {
        self.message
    }

    /// Its view, as the host hands it over.
    #[must_use]
    pub fn view(&self, with_body: bool) -> Vec<u8> {
        let mut view = Vec::new();
        sip::view::write(self.message.head(), with_body, &mut view);
        view
    }
}

#[cfg(test)]
mod tests {
    use sip::{HeaderId, Method};

    #[test]
    fn what_is_left_out_is_put_in() {
        let message = crate::sip!("INVITE sip:bob@example.org SIP/2.0");
        let head = message.message().head();
        assert_eq!(head.method(), Method::Invite);
        assert_eq!(head.header(HeaderId::TO), Some(&b"<sip:bob@example.org>"[..]));
        assert_eq!(head.header(HeaderId::CSEQ), Some(&b"1 INVITE"[..]));
        assert_eq!(head.header(HeaderId::CONTENT_LENGTH), Some(&b"0"[..]));
        assert_eq!(head.count(HeaderId::VIA), 1);
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let user = "carol";
        let message = crate::sip!(
            "
            MESSAGE sip:bob@example.org SIP/2.0
            f: \"Carol\"
              <sip:{user}@example.org>;tag=1
            Content-Type: text/plain
            Max-Forwards: 0

            Hello,
            Bob.
            "
        );
        let head = message.message().head();
        assert_eq!(head.header(HeaderId::FROM), Some(&b"\"Carol\"\r\n  <sip:carol@example.org>;tag=1"[..]));
        assert_eq!(head.count(HeaderId::FROM), 1);
        assert_eq!(head.header(HeaderId::MAX_FORWARDS), Some(&b"0"[..]));
        assert_eq!(head.body(), b"Hello,\r\nBob.\r\n");
    }

    #[test]
    fn responses_get_theirs() {
        let message = crate::sip!("SIP/2.0 486 Busy Here\nCSeq: 7 MESSAGE");
        let head = message.message().head();
        assert_eq!(head.status(), 486);
        assert_eq!(head.header(HeaderId::CSEQ), Some(&b"7 MESSAGE"[..]));
        assert_eq!(head.count(HeaderId::MAX_FORWARDS), 0);
    }
}
