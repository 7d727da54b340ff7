//! The answer to a request that is refused: RFC 6733 §6.2, §7.1, §7.2.
//!
//! In: the request's header, as much of its body as can be read, and the failure. Out: an answer, by the grammar of
//! `<answer-message>`:
//!
//! ```text
//!   [Session-Id] [what its own answer has] Result-Code Origin-Host Origin-Realm [Failed-AVP] *Proxy-Info
//! ```
//! E bit: with every 3xxx; with another code only where the command's own grammar cannot be followed, because the
//! request did not say what it needs (§7.1.5). The answer of somebody who understood the request is typed: `cx/`.

use crate::avp::{Avp, Avps};
use crate::base::{Origin, write_outcome};
use crate::builder::{Builder, TooLong};
use crate::dictionary::base::*;
use crate::failure::Failure;
use crate::header::{ApplicationId, Header};
use crate::message::Message;
use crate::result::ResultClass;

/// The answer. Its identifiers are those of the request.
pub fn refusal(
    request: &Header,
    body: Avps<'_>,
    origin: &Origin,
    failure: &Failure,
) -> Result<Message, TooLong> {
    let found: Vec<Avp<'_>> = body.map_while(Result::ok).collect();
    let first =
        |definition: crate::dictionary::Definition<'_>| found.iter().find(|avp| avp.id == definition.id);
    let mut out = Builder::answer(request);
    let mut copy = |avp: &Avp<'_>, definition| {
        out.put_bytes(definition, avp.data);
    };
    // "If the Session-Id is present in the request, it MUST be included in the answer."
    if let Some(avp) = first(SESSION_ID) {
        copy(avp, SESSION_ID);
    }
    let application = first(VENDOR_SPECIFIC_APPLICATION_ID);
    let state = first(AUTH_SESSION_STATE);
    for (avp, definition) in [(application, VENDOR_SPECIFIC_APPLICATION_ID), (state, AUTH_SESSION_STATE)] {
        if let Some(avp) = avp {
            copy(avp, definition);
        }
    }
    let code = failure.result_code();
    let is_complete =
        request.application == ApplicationId::BASE || (application.is_some() && state.is_some());
    if code.class() != ResultClass::ProtocolError && !is_complete {
        out.set_error();
    }
    write_outcome(code.into(), &mut out);
    origin.write(&mut out);
    if !failure.failed_avp().is_empty() {
        out.put_bytes(FAILED_AVP, failure.failed_avp());
    }
    // "Any Proxy-Info AVPs in the request MUST be added to the answer message, in the same order."
    for avp in found.iter().filter(|avp| avp.id == PROXY_INFO.id) {
        out.put_bytes(PROXY_INFO, avp.data);
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avp::AvpId;
    use crate::failure::FailureKind;
    use crate::header::{CommandCode, Flags};
    use crate::result::{Outcome, ResultCode};

    fn origin() -> Origin {
        let name = |text: &str| text.parse().unwrap();
        Origin { host: name("s.ims.test"), realm: name("ims.test"), state_id: None }
    }

    fn request(fill: impl FnOnce(&mut Builder)) -> Message {
        let flags = Flags::REQUEST | Flags::PROXIABLE;
        let mut builder = Builder::new(flags, CommandCode::PUSH_PROFILE, ApplicationId::CX);
        fill(&mut builder);
        builder.finish().unwrap().stamped(11, 22, flags)
    }

    fn ids(message: &Message) -> Vec<AvpId> {
        message.avps().map(|avp| avp.unwrap().id).collect()
    }

    fn answer(request: &Message, failure: impl Into<Failure>) -> Message {
        refusal(request.header(), request.avps(), &origin(), &failure.into()).unwrap()
    }

    #[test]
    fn a_protocol_error_has_the_e_bit() {
        let request = request(|out| {
            out.put(SESSION_ID, &"s;1;2".to_owned());
        });
        let answer = answer(&request, FailureKind::CommandUnsupported);
        assert_eq!(answer.header().flags, Flags::ERROR | Flags::PROXIABLE);
        assert_eq!((answer.header().hop_by_hop, answer.header().end_to_end), (11, 22));
        assert_eq!(ids(&answer), [SESSION_ID.id, RESULT_CODE.id, ORIGIN_HOST.id, ORIGIN_REALM.id]);
        assert_eq!(answer.outcome(), Some(Outcome::Result(ResultCode::COMMAND_UNSUPPORTED)));
    }

    #[test]
    fn another_error_follows_the_commands_grammar_where_it_can() {
        let whole = request(|out| {
            let cx = crate::base::VendorSpecificApplicationId::of(10415, ApplicationId::CX);
            out.put(SESSION_ID, &"s;1;2".to_owned())
                .put(VENDOR_SPECIFIC_APPLICATION_ID, &cx)
                .put(AUTH_SESSION_STATE, &crate::base::AuthSessionState::NoStateMaintained)
                .put_bytes(PROXY_INFO, b"12345678")
                .put_bytes(PROXY_INFO, b"abcdefgh");
        });
        let seen = answer(&whole, Failure::missing(USER_NAME));
        assert_eq!(seen.header().flags, Flags::PROXIABLE);
        let expected = [
            SESSION_ID,
            VENDOR_SPECIFIC_APPLICATION_ID,
            AUTH_SESSION_STATE,
            RESULT_CODE,
            ORIGIN_HOST,
            ORIGIN_REALM,
            FAILED_AVP,
            PROXY_INFO,
            PROXY_INFO,
        ];
        assert_eq!(ids(&seen), expected.map(|definition| definition.id));
        let failed = seen.first(FAILED_AVP.id).unwrap();
        assert_eq!(failed.group().next().unwrap().unwrap().id, USER_NAME.id);

        let bare = request(|_| {});
        assert_eq!(
            answer(&bare, Failure::missing(USER_NAME)).header().flags,
            Flags::PROXIABLE | Flags::ERROR
        );
    }

    #[test]
    fn a_body_that_cannot_be_read_is_no_hindrance() {
        let request = request(|out| {
            out.put(SESSION_ID, &"s;1;2".to_owned()).append(&[0, 0, 0, 1, 0x40, 0, 9, 9]);
        });
        let seen = answer(&request, FailureKind::InvalidAvpLength);
        assert_eq!(seen.outcome(), Some(Outcome::Result(ResultCode::INVALID_AVP_LENGTH)));
        assert!(seen.first(SESSION_ID.id).is_some());
        // Nothing but a header.
        let header = Header { length: 20, ..*request.header() };
        let bare = refusal(&header, Avps::new(&[]), &origin(), &FailureKind::UnsupportedVersion.into());
        assert_eq!(bare.unwrap().outcome(), Some(Outcome::Result(ResultCode::UNSUPPORTED_VERSION)));
    }
}
