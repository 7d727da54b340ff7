//! Comma-separated lists in a value that is not part of a message yet: RFC 3261 §7.3.1.
//!
//! In: one header field value. Out: its elements. Lists of a received message are read by `sip::Head::values`.

/// The elements of a list, without white space at their ends and without empty ones. Commas in quotes or angle
/// brackets separate nothing.
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    value
        .split(move |byte| {
            if std::mem::take(&mut escaped) {
                return false;
            }
            match byte {
                b'\\' if quoted => escaped = true,
                b'"' if !bracketed => quoted = !quoted,
                b'<' if !quoted => bracketed = true,
                b'>' if !quoted => bracketed = false,
                b',' => return !quoted && !bracketed,
                _ => {}
            }
            false
        })
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn commas_separate_only_elements() {
        let split = |value: &'static str| elements(value.as_bytes()).collect::<Vec<_>>();
        assert_eq!(split("<sip:a>, <sip:b>"), [b"<sip:a>", b"<sip:b>"]);
        assert_eq!(
            split("\"x, \\\", y\" <sip:a,b;c=\\>,<d>"),
            [&b"\"x, \\\", y\" <sip:a,b;c=\\>"[..], b"<d>"]
        );
        assert_eq!(split(" ,, a ,"), [b"a"]);
        assert!(split("").is_empty());
    }
}
