//! Printing a message, once, front to back: RFC 6733 §3, §4.
//!
//! In: definitions and values. Out: a [`Message`]. Lengths and padding are filled in here and nowhere else.

use crate::avp::{AvpFlags, AvpId, OtherAvp, vendor};
use crate::bounds::{HEADER_LENGTH, MAX_LENGTH};
use crate::dictionary::Definition;
use crate::header::{ApplicationId, CommandCode, Flags, Header};
use crate::message::Message;
use crate::value::AvpValue;

/// A message, or an AVP in it, that is longer than 24 bits can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of {length} bytes is longer than a length field can say")]
pub struct TooLong {
    /// How long it would be.
    pub length: usize,
}

/// A message that is being printed.
pub struct Builder {
    header: Header,
    out: Vec<u8>,
}

impl Builder {
    /// A message without AVPs. The identifiers are zero until a node sends it.
    pub fn new(flags: Flags, command: CommandCode, application: ApplicationId) -> Builder {
        let header = Header {
            version: Header::VERSION,
            length: 0,
            flags,
            command,
            application,
            hop_by_hop: 0,
            end_to_end: 0,
        };
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(&[0; HEADER_LENGTH]);
        Builder { header, out }
    }

    /// The answer to a request: its command, application and identifiers, and "the 'P' bit is set to the same value as
    /// the one in the request" (§6.2).
    pub fn answer(request: &Header) -> Builder {
        let flags = request.flags & Flags::PROXIABLE;
        let mut builder = Builder::new(flags, request.command, request.application);
        builder.header.hop_by_hop = request.hop_by_hop;
        builder.header.end_to_end = request.end_to_end;
        builder
    }

    /// Sets the E bit (§7.2).
    pub fn set_error(&mut self) -> &mut Builder {
        self.header.flags |= Flags::ERROR;
        self
    }

    /// An AVP.
    pub fn put<T: AvpValue>(&mut self, definition: Definition<'_>, value: &T) -> &mut Builder {
        self.avp(definition.id, value.flags(definition), |out| value.write(out))
    }

    /// An AVP, if there is a value.
    pub fn put_optional<T: AvpValue>(
        &mut self,
        definition: Definition<'_>,
        value: &Option<T>,
    ) -> &mut Builder {
        if let Some(value) = value {
            self.put(definition, value);
        }
        self
    }

    /// An AVP for each value.
    pub fn put_all<T: AvpValue>(&mut self, definition: Definition<'_>, values: &[T]) -> &mut Builder {
        for value in values {
            self.put(definition, value);
        }
        self
    }

    /// An AVP of any data.
    pub fn put_bytes(&mut self, definition: Definition<'_>, data: &[u8]) -> &mut Builder {
        self.avp(definition.id, definition.flags(), |out| out.append(data))
    }

    /// A group.
    pub fn put_group(
        &mut self,
        definition: Definition<'_>,
        content: impl FnOnce(&mut Builder),
    ) -> &mut Builder {
        self.avp(definition.id, definition.flags(), content)
    }

    /// AVPs that were kept as they came.
    pub fn put_others(&mut self, others: &[OtherAvp]) -> &mut Builder {
        for other in others {
            self.append(other.raw());
            self.pad();
        }
        self
    }

    /// Data of the AVP that is being written, or whole AVPs with their padding.
    pub(crate) fn append(&mut self, data: &[u8]) {
        self.out.extend_from_slice(data);
    }

    fn avp(&mut self, id: AvpId, flags: AvpFlags, content: impl FnOnce(&mut Builder)) -> &mut Builder {
        let start = self.out.len();
        self.append(&id.code.to_be_bytes());
        self.append(&[flags.bits(), 0, 0, 0]);
        if flags.contains(AvpFlags::VENDOR) {
            debug_assert_ne!(id.vendor, vendor::IETF, "section 4.1: the vendor is never zero");
            self.append(&id.vendor.to_be_bytes());
        }
        content(self);
        // An AVP longer than this makes a message longer than this, which `finish` refuses.
        let [_, length @ ..] = ((self.out.len() - start) as u32).to_be_bytes();
        if let Some(field) = self.out.get_mut(start + 5..start + 8) {
            field.copy_from_slice(&length);
        }
        self.pad();
        self
    }

    fn pad(&mut self) {
        let padded = self.out.len().next_multiple_of(4);
        self.out.resize(padded, 0);
    }

    /// The message.
    pub fn finish(self) -> Result<Message, TooLong> {
        let Builder { mut header, mut out } = self;
        let length = out.len();
        if length > MAX_LENGTH {
            return Err(TooLong { length });
        }
        header.length = length as u32;
        for (to, from) in out.iter_mut().zip(header.print()) {
            *to = from;
        }
        Ok(Message::printed(header, out.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::base::{EXPERIMENTAL_RESULT, EXPERIMENTAL_RESULT_CODE, ORIGIN_HOST, VENDOR_ID};
    use crate::dictionary::cx::PUBLIC_IDENTITY;

    #[test]
    fn a_message_byte_by_byte() {
        let mut builder = Builder::new(Flags::PROXIABLE, CommandCode::LOCATION_INFO, ApplicationId::CX);
        builder
            .put(ORIGIN_HOST, &"a.b".parse::<crate::DiameterIdentity>().unwrap())
            .put_group(EXPERIMENTAL_RESULT, |out| {
                out.put(VENDOR_ID, &10415_u32).put(EXPERIMENTAL_RESULT_CODE, &5001_u32);
            })
            .put(PUBLIC_IDENTITY, &"tel:+1".to_owned());
        let message = builder.finish().unwrap();
        #[rustfmt::skip]
        let expected = [
            1, 0, 0, 84, 0x40, 0, 1, 46, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 1, 8, 0x40, 0, 0, 11, b'a', b'.', b'b', 0,
            0, 0, 1, 41, 0x40, 0, 0, 32,
                0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0x28, 0xaf,
                0, 0, 1, 42, 0x40, 0, 0, 12, 0, 0, 0x13, 0x89,
            0, 0, 2, 89, 0xc0, 0, 0, 18, 0, 0, 0x28, 0xaf, b't', b'e', b'l', b':', b'+', b'1', 0, 0,
        ];
        assert_eq!(&message.bytes()[..], expected);
    }

    #[test]
    fn an_answer_goes_with_its_request() {
        let request = Header {
            version: 1,
            length: 20,
            flags: Flags::REQUEST | Flags::PROXIABLE | Flags::RETRANSMITTED,
            command: CommandCode::PUSH_PROFILE,
            application: ApplicationId::CX,
            hop_by_hop: 7,
            end_to_end: 9,
        };
        let answer = Builder::answer(&request).finish().unwrap();
        assert_eq!(*answer.header(), Header { flags: Flags::PROXIABLE, ..request });
        let mut error = Builder::answer(&Header { flags: Flags::REQUEST, ..request });
        error.set_error();
        assert_eq!(error.finish().unwrap().header().flags, Flags::ERROR);
    }

    #[test]
    fn too_long_is_refused() {
        let mut builder = Builder::new(Flags::empty(), CommandCode(1), ApplicationId::BASE);
        builder.put_bytes(crate::dictionary::base::CLASS, &vec![0; MAX_LENGTH]);
        assert_eq!(builder.finish().unwrap_err().length, HEADER_LENGTH + 8 + MAX_LENGTH + 1);
    }
}
