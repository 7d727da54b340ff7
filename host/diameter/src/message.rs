//! A whole message: RFC 6733 §3: a header that can be trusted, and the bytes behind it, not yet looked at.
//!
//! In: the bytes that the framer cut. Out: a [`Message`], or a [`Refused`] that can be answered if it was a request.

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::avp::{Avp, AvpId, Avps};
use crate::bounds::HEADER_LENGTH;
use crate::failure::{Failure, FailureKind};
use crate::header::{Flags, Header};
use crate::result::Outcome;

/// A message. Cheap to clone: the bytes are shared.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    header: Header,
    bytes: Bytes,
}

/// A message that is not taken, because of its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The header, where there are twenty bytes of it.
    pub header: Option<Header>,
    /// What is wrong.
    pub failure: Failure,
    /// What follows the header, which may say who asks.
    pub body: Bytes,
}

impl Message {
    /// Reads the header. The AVPs are not looked at.
    pub fn parse(bytes: Bytes) -> Result<Message, Refused> {
        let refused = |header, kind, body| Refused { header, failure: Failure::of_message(kind), body };
        let Some(head) = bytes.first_chunk::<HEADER_LENGTH>() else {
            return Err(refused(None, FailureKind::InvalidMessageLength, Bytes::new()));
        };
        let header = Header::read(head);
        let checked = header.check().and_then(|()| match bytes.len() == header.length as usize {
            true => Ok(()),
            false => Err(FailureKind::InvalidMessageLength),
        });
        match checked {
            Ok(()) => Ok(Message { header, bytes }),
            Err(kind) => Err(refused(Some(header), kind, bytes.slice(HEADER_LENGTH..))),
        }
    }

    /// What a builder printed.
    pub(crate) const fn printed(header: Header, bytes: Bytes) -> Message {
        Message { header, bytes }
    }

    /// Its header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// All of it.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What follows the header.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(HEADER_LENGTH..).unwrap_or_default()
    }

    /// Its AVPs.
    pub fn avps(&self) -> Avps<'_> {
        Avps::new(self.body())
    }

    /// The first AVP that is `id`, as far as they can be read.
    pub fn first(&self, id: AvpId) -> Option<Avp<'_>> {
        self.avps().first(id)
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        self.header.is_request()
    }

    /// How an answer says the request ended: its Result-Code, or its Experimental-Result. `None`: neither can be read.
    pub fn outcome(&self) -> Option<Outcome> {
        crate::base::outcome(self.avps())
    }

    /// The same with other identifiers and flags.
    #[must_use]
    pub fn stamped(self, hop_by_hop: u32, end_to_end: u32, flags: Flags) -> Message {
        let header = Header { hop_by_hop, end_to_end, flags, ..self.header };
        // Nobody else holds what was just printed: then there is nothing to copy.
        let mut bytes = self.bytes.try_into_mut().unwrap_or_else(|bytes| BytesMut::from(bytes.as_ref()));
        for (to, from) in bytes.iter_mut().zip(header.print()) {
            *to = from;
        }
        Message { header, bytes: bytes.freeze() }
    }
}

impl fmt::Debug for Message {
    /// The header: what the AVPs say may be somebody's name or a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { flags, command, application, hop_by_hop, end_to_end, length, .. } = self.header;
        let kind = if flags.contains(Flags::REQUEST) { "request" } else { "answer" };
        write!(f, "{command:?} {kind} of {application:?}, {length} bytes, ")?;
        write!(f, "hop-by-hop {hop_by_hop:#x}, end-to-end {end_to_end:#x}, {flags:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::dictionary::base::{RESULT_CODE, USER_NAME};
    use crate::header::{ApplicationId, CommandCode};
    use crate::result::ResultCode;

    fn message() -> Message {
        let mut builder = Builder::new(Flags::REQUEST, CommandCode(300), ApplicationId::CX);
        builder.put(USER_NAME, &"alice@test".to_owned()).put(RESULT_CODE, &5012_u32);
        builder.finish().unwrap()
    }

    #[test]
    fn what_is_printed_is_parsed() {
        let message = message();
        let parsed = Message::parse(message.bytes().clone()).unwrap();
        assert_eq!(parsed, message);
        assert_eq!(parsed.first(USER_NAME.id).unwrap().data, b"alice@test");
        assert_eq!(parsed.outcome(), Some(ResultCode::UNABLE_TO_COMPLY.into()));
    }

    #[test]
    fn identifiers_are_stamped_in_place_or_in_a_copy() {
        let message = message();
        let kept = message.clone();
        let stamped = message.stamped(1, 2, Flags::REQUEST | Flags::RETRANSMITTED);
        assert_eq!((stamped.header().hop_by_hop, stamped.header().end_to_end), (1, 2));
        assert_eq!(Message::parse(stamped.bytes().clone()), Ok(stamped.clone()));
        assert_eq!((kept.header().hop_by_hop, kept.body()), (0, stamped.body()));
    }

    #[test]
    fn a_length_that_is_not_the_length_is_refused_with_its_header() {
        let bytes = message().bytes().clone();
        let refused = Message::parse(bytes.slice(..bytes.len() - 4)).unwrap_err();
        assert_eq!(refused.failure.kind, FailureKind::InvalidMessageLength);
        assert!(refused.header.is_some_and(|header| header.is_request()));
        let refused = Message::parse(bytes.slice(..19)).unwrap_err();
        assert_eq!(refused.header, None);
    }

    #[test]
    fn its_debug_says_no_name() {
        let text = format!("{:?}", message());
        assert!(
            text.starts_with("User-Authorization request of Cx, 52 bytes") && !text.contains("alice"),
            "{text}"
        );
    }
}
