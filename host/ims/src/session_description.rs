//! Where the session description of a message is (RFC 3261 §7.4; RFC 2046 §5.1; RFC 5621 §3).
//!
//! In: a message. Out: the bytes of its `application/sdp`, alone in the body or a part of a multipart body. What is in
//! them is nobody's here.

use sip::Head;

use crate::multipart;

/// The body, or the first part of it, that is `application/sdp`.
#[must_use]
pub fn session_description(head: Head<'_>) -> Option<&[u8]> {
    let content_type = head.content_type().ok().flatten()?;
    if content_type.is("application/sdp") {
        return Some(head.body());
    }
    let parts = multipart::parts(&content_type, head.body());
    parts.into_iter().find(|part| part.is("application/sdp")).map(|part| part.body)
}
