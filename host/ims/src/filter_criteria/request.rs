//! What filter criteria look at (TS 29.228 §B.2.3).
//!
//! In: a message and what the S-CSCF knows about it. Out: [`Request`]. Header fields are read where they stand; the
//! session description is found once (`session_description.rs`).

use sip::{Head, HeaderId, unfold};

use crate::service_profile::{ProfilePart, RegistrationType, SessionCase};
use crate::session_description;

/// An initial request or a REGISTER, as filter criteria see it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    head: Head<'a>,
    /// The Request-URI as it is now: the message's own unless the caller changed it.
    pub request_uri: &'a [u8],
    /// On whose behalf it is handled.
    pub session_case: SessionCase,
    /// The part of the profile that counts: whether the served user is registered.
    pub profile_part: ProfilePart,
    /// What a REGISTER does; `None` for other methods.
    pub registration_type: Option<RegistrationType>,
    session_description: Option<&'a [u8]>,
}

impl<'a> Request<'a> {
    /// A request that is handled on somebody's behalf. A diverting user counts as registered; set
    /// [`Request::profile_part`] where that is not so.
    #[must_use]
    pub fn new(head: Head<'a>, session_case: SessionCase) -> Request<'a> {
        let is_unregistered = matches!(
            session_case,
            SessionCase::TerminatingUnregistered | SessionCase::OriginatingUnregistered
        );
        Request {
            head,
            request_uri: head.request_uri(),
            session_case,
            profile_part: if is_unregistered { ProfilePart::Unregistered } else { ProfilePart::Registered },
            registration_type: None,
            session_description: session_description(head),
        }
    }

    /// A REGISTER. Its session case is that of a user who is registered (TS 24.229 §5.4.1.7).
    #[must_use]
    pub fn register(head: Head<'a>, registration_type: RegistrationType) -> Request<'a> {
        let registration_type = Some(registration_type);
        Request { registration_type, ..Request::new(head, SessionCase::OriginatingRegistered) }
    }

    pub(super) fn method(&self) -> &'a [u8] {
        self.head.method_token()
    }

    /// Whether any header field with a name that is wanted has a value that is wanted.
    pub(super) fn any_header(
        &self,
        is_name: impl Fn(&[u8]) -> bool,
        is_value: impl Fn(&[u8]) -> bool,
    ) -> bool {
        (0..self.head.spans().len()).any(|index| {
            let id = self.head.spans().get(index).map_or(HeaderId::OTHER, |span| span.id);
            // A compact form is the header field all the same (RFC 3261 §7.3.3).
            let name = if id == HeaderId::OTHER { self.head.name_of(index) } else { id.name().as_bytes() };
            is_name(name) && is_value(&unfold(self.head.value_of(index)))
        })
    }

    /// Whether any line of the session description has a letter and content that are wanted.
    pub(super) fn any_line(
        &self,
        is_letter: impl Fn(&[u8]) -> bool,
        is_content: impl Fn(&[u8]) -> bool,
    ) -> bool {
        let lines = self.session_description.unwrap_or_default().split(|byte| *byte == b'\n');
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).any(|line| {
            let Some(equals) = line.iter().position(|byte| *byte == b'=') else { return false };
            let (letter, content) = line.split_at(equals);
            is_letter(letter) && is_content(content.get(1..).unwrap_or_default())
        })
    }
}

/// Says nothing about people.
impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({}, {:?})", self.method().escape_ascii(), self.session_case)
    }
}
