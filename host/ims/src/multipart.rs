//! Multipart bodies (RFC 2046 §5.1), as far as a session description or a third-party REGISTER needs them.
//!
//! In: a Content-Type and a body, or parts. Out: the parts, or a body with a boundary that none of them holds. One
//! level: a part that is multipart itself is a part like any other.

use std::borrow::Cow;

use sip::{ContentType, unquote};

use crate::bounds::MAX_PARTS;

/// RFC 2046 §5.1.1.
const MAX_BOUNDARY: usize = 70;

/// One part of a body.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// The value of its Content-Type; empty where there is none.
    pub(crate) content_type: &'a [u8],
    /// What stands behind its header fields.
    pub(crate) body: &'a [u8],
}

impl Part<'_> {
    /// Whether it is of this type, written `kind/subtype`.
    pub(crate) fn is(&self, media_type: &str) -> bool {
        ContentType::parse(self.content_type).is_ok_and(|content_type| content_type.is(media_type))
    }
}

/// The parts of a multipart body, at most [`MAX_PARTS`]; none where it is no such body.
pub(crate) fn parts<'a>(content_type: &ContentType<'_>, body: &'a [u8]) -> Vec<Part<'a>> {
    let boundary = content_type.params.value("boundary").map_or(Cow::Borrowed(&b""[..]), unquote);
    if !content_type.kind.eq_ignore_ascii_case(b"multipart") || !(1..=MAX_BOUNDARY).contains(&boundary.len())
    {
        return Vec::new();
    }
    let delimiter = [b"--", boundary.as_ref()].concat();
    let mut parts = Vec::new();
    let Some((_, mut rest)) = split(body, &delimiter) else { return parts };
    while parts.len() < MAX_PARTS && !rest.starts_with(b"--") {
        // A part that is cut off is none.
        let Some((inner, behind)) = split(rest, &delimiter) else { break };
        parts.extend(part(inner));
        rest = behind;
    }
    parts
}

/// What stands before the next line that begins with the delimiter, without the line break that belongs to that, and
/// what stands behind it.
fn split<'a>(bytes: &'a [u8], delimiter: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        let found = at + rest.windows(delimiter.len()).position(|window| window == delimiter)?;
        let before = bytes.get(..found)?;
        let behind = bytes.get(found + delimiter.len()..)?;
        let begins_line = before.is_empty() || before.ends_with(b"\n");
        // A longer boundary may begin like this one.
        let ends_there = matches!(behind.first(), None | Some(b'\r' | b'\n' | b'-' | b' ' | b'\t'));
        if begins_line && ends_there {
            let before = before.strip_suffix(b"\n").unwrap_or(before);
            return Some((before.strip_suffix(b"\r").unwrap_or(before), behind));
        }
        at = found + 1;
    }
}

/// What stands between two delimiters: the rest of the delimiter's line, header fields, an empty line, the body.
fn part(inner: &[u8]) -> Option<Part<'_>> {
    let mut rest = inner;
    let mut content_type: &[u8] = &[];
    let mut is_first = true;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, behind) = (rest.get(..end)?.trim_ascii(), rest.get(end + 1..)?);
        rest = behind;
        if std::mem::take(&mut is_first) {
            continue;
        }
        if line.is_empty() {
            return Some(Part { content_type, body: rest });
        }
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let (name, value) = line.split_at(colon);
            if name.trim_ascii().eq_ignore_ascii_case(b"content-type") {
                content_type = value.get(1..).unwrap_or_default().trim_ascii();
            }
        }
    }
}

/// A `multipart/mixed` body and its Content-Type. The boundary follows from the parts: the same parts, the same body.
pub(crate) fn mixed(parts: &[Part<'_>]) -> (String, Vec<u8>) {
    let holds = |boundary: &str| {
        let boundary = boundary.as_bytes();
        parts.iter().any(|part| part.body.windows(boundary.len()).any(|window| window == boundary))
    };
    // Each body holds finitely many of them, so one is free.
    let boundary = (0_u64..).map(|number| format!("part-{number}")).find(|boundary| !holds(boundary));
    let boundary = boundary.unwrap_or_default();
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\nContent-Type: ").as_bytes());
        body.extend_from_slice(part.content_type);
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(part.body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/mixed;boundary=\"{boundary}\""), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(content_type: &str, body: &'a [u8]) -> Vec<Part<'a>> {
        parts(&ContentType::parse(content_type.as_bytes()).unwrap(), body)
    }

    #[test]
    fn parts_with_preamble_epilogue_and_near_misses() {
        let body = b"preamble --b\r\n--b  \r\ncontent-TYPE : application/sdp\r\nX: y\r\n\r\nv=0\r\n--bc\r\nx --b\r\n\
            --b\r\n\r\nno type\r\n--b--\r\nepilogue\r\n--b\r\n\r\nnone\r\n--b--";
        let found = read("Multipart/Mixed;boundary=\"b\"", body);
        assert_eq!(found.len(), 2);
        assert!(found[0].is("application/sdp") && !found[1].is("application/sdp"));
        assert_eq!(found[0].body, b"v=0\r\n--bc\r\nx --b");
        assert_eq!((found[1].content_type, found[1].body), (&b""[..], &b"no type"[..]));
    }

    #[test]
    fn what_has_no_parts() {
        for (content_type, body) in [
            ("application/sdp", &b"--b\r\n\r\nx\r\n--b--"[..]),
            ("multipart/mixed", b"--b\r\n\r\nx\r\n--b--"),
            ("multipart/mixed;boundary=\"\"", b"--\r\n\r\nx\r\n----"),
            ("multipart/mixed;boundary=b", b""),
            ("multipart/mixed;boundary=b", b"--b\r\n\r\nno end"),
            ("multipart/mixed;boundary=b", b"--b--\r\n"),
            ("multipart/mixed;boundary=b", b"--b\r\nno empty line\r\n--b--"),
        ] {
            assert_eq!(read(content_type, body).len(), 0, "{content_type}");
        }
        let many = b"--b\r\n\r\nx\r\n".repeat(MAX_PARTS + 5);
        assert_eq!(read("multipart/mixed;boundary=b", &[&many[..], b"--b--"].concat()).len(), MAX_PARTS);
    }

    #[test]
    fn a_body_is_read_as_it_was_written_whatever_is_in_it() {
        let bodies: [&[u8]; 3] = [b"part-0 --part-1\r\n--part-2\r\n", b"", b"\r\n\r\n--part-0--"];
        let written: Vec<Part<'_>> =
            bodies.iter().map(|body| Part { content_type: b"text/plain", body }).collect();
        let (content_type, body) = mixed(&written);
        assert!(content_type.ends_with("boundary=\"part-3\""));
        let found = read(&content_type, &body);
        assert_eq!(found.iter().map(|part| part.body).collect::<Vec<_>>(), bodies);
        assert!(found.iter().all(|part| part.is("text/plain")));
    }
}
