//! CK and IK on their way from S-CSCF to P-CSCF (TS 24.229 §5.4.1.2.1): no script sees them.
//!
//! In: a response and its view. Out: the view with the values of `ck` and `ik` in WWW-Authenticate overwritten by zeros,
//! digit by digit, so that everything stays where it was. The message itself keeps them: what a script passes on
//! unchanged is passed on whole.

use sip::HeaderId;
use sip::view::{HEADER_LENGTH, SPAN_LENGTH};

/// Names of the parameters.
const KEYS: [&[u8]; 2] = [b"ck", b"ik"];

/// Overwrites the keys in the view of a response.
pub(crate) fn hide(message: &sip::Message, view: &mut [u8]) {
    if message.is_request() {
        return;
    }
    let head = message.head();
    let raw = HEADER_LENGTH + head.spans().len() * SPAN_LENGTH;
    for span in head.spans().iter().filter(|span| span.id == HeaderId::WWW_AUTHENTICATE) {
        let start = raw + span.value_offset as usize;
        if let Some(value) = view.get_mut(start..start + usize::from(span.value_length)) {
            overwrite(value);
        }
    }
}

/// Overwrites what stands behind each `ck=` and `ik=`, up to the next comma or closing quote. There may be white space around
/// the equals sign (RFC 3261 §25.1).
pub fn overwrite(value: &mut [u8]) {
    let mut at = 0;
    while at < value.len() {
        let begins = at == 0 || is_space(value[at - 1]) || value[at - 1] == b',';
        let Some(behind) = begins.then(|| behind_key(value, at)).flatten() else {
            at += 1;
            continue;
        };
        at = behind;
        let is_quoted = value.get(at) == Some(&b'"');
        at += usize::from(is_quoted);
        while let Some(byte) = value.get_mut(at) {
            if (is_quoted && *byte == b'"') || (!is_quoted && (*byte == b',' || is_space(*byte))) {
                break;
            }
            *byte = b'0';
            at += 1;
        }
    }
}

/// Where the value begins, if one of the keys begins here.
fn behind_key(value: &[u8], at: usize) -> Option<usize> {
    let skip = |mut at: usize| {
        while value.get(at).copied().is_some_and(is_space) {
            at += 1;
        }
        at
    };
    let is_key =
        |key: &&[u8]| value.get(at..at + key.len()).is_some_and(|name| name.eq_ignore_ascii_case(key));
    let name = KEYS.iter().find(|key| is_key(key))?;
    let equals = skip(at + name.len());
    (value.get(equals) == Some(&b'=')).then(|| skip(equals + 1))
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(value: &str) -> String {
        let text = format!(
            "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: {value}\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
        );
        let message = sip::Message::parse_datagram(text.as_bytes()).expect("a response");
        let mut view = Vec::new();
        sip::view::write(message.head(), false, &mut view);
        hide(&message, &mut view);
        let view = sip::view::View::parse(&view).expect("still a view");
        String::from_utf8_lossy(view.head().header(HeaderId::WWW_AUTHENTICATE).expect("there")).into()
    }

    #[test]
    fn keys_are_gone_and_everything_else_stays() {
        let value = "Digest realm=\"ims.test\",nonce=\"ck=AA==\",algorithm=AKAv1-MD5,ck=\"00ff\", IK=\"ab12\",qop=\"auth\"";
        assert_eq!(
            hidden(value),
            "Digest realm=\"ims.test\",nonce=\"ck=AA==\",algorithm=AKAv1-MD5,ck=\"0000\", IK=\"0000\",qop=\"auth\""
        );
        assert_eq!(hidden("Digest ck=ab12,ik=cd34"), "Digest ck=0000,ik=0000");
        assert_eq!(hidden("Digest realm=\"trick=1\", nock=7"), "Digest realm=\"trick=1\", nock=7");
        assert_eq!(hidden("Digest ik=\"unclosed"), "Digest ik=\"00000000");
        assert_eq!(hidden("Digest ck = \"ab\",\tIK\t=cd\t,ck =ef"), "Digest ck = \"00\",\tIK\t=00\t,ck =00");
        assert_eq!(hidden("Digest ck=\r\n \"ab\",ik\r\n =cd"), "Digest ck=\r\n \"00\",ik\r\n =00");
        assert_eq!(hidden("Digest ck"), "Digest ck");
    }
}
