//! The elements of one header field value that is a comma-separated list (RFC 3261 §7.3.1).
//!
//! In: a value. Out: its elements, without white space at their ends; empty ones are left out. A comma within a
//! quoted string or angle brackets separates nothing; an open one reaches to the end. `sip::Head::values` does the
//! same for a message as it came; this is for values that a script has written.

/// Iterator over the elements, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Elements<'a> {
    /// What is left; `None`: nothing.
    rest: Option<&'a [u8]>,
}

impl<'a> Elements<'a> {
    /// Those of this value.
    pub(crate) fn of(value: &'a [u8]) -> Self {
        Self { rest: Some(value) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while let Some(bytes) = self.rest {
            let end = end_of_first(bytes);
            self.rest = bytes.get(end + 1..);
            let element = bytes[..end].trim_ascii();
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    }
}

/// Where the first element ends: at its comma, or at the end.
fn end_of_first(bytes: &[u8]) -> usize {
    let mut is_quoted = false;
    let mut is_bracketed = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if is_quoted => at += 1,
            b'"' if !is_bracketed => is_quoted = !is_quoted,
            b'<' if !is_quoted => is_bracketed = true,
            b'>' if !is_quoted => is_bracketed = false,
            b',' if !is_quoted && !is_bracketed => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::Elements;

    #[test]
    fn commas_separate_only_on_their_own_level() {
        let all = |value: &'static str| -> Vec<&[u8]> { Elements::of(value.as_bytes()).collect() };
        assert_eq!(all("a, b ,c"), [b"a", b"b", b"c"]);
        assert_eq!(
            all("\"x, \\\" y\" <sip:u;a=,b@h>;p, <sip:z>"),
            [&b"\"x, \\\" y\" <sip:u;a=,b@h>;p"[..], b"<sip:z>"]
        );
        assert_eq!(all(",, a,,"), [b"a"]);
        assert_eq!(all("\"open, b"), [b"\"open, b"]);
        assert_eq!(all("\"open\\"), [b"\"open\\"]);
        assert!(all("").is_empty());
    }
}
