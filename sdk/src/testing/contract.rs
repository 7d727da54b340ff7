//! What the host would refuse: the rules of `wit/` about decisions that types cannot hold.
//!
//! In: a decision and the message it is about. Out: nothing, or the rule that is broken. The host checks the same and
//! answers 500; a test should fail instead.

use crate::builders::VIAS;
use crate::decision::{Decision, Edit, Header, Relay, Reply, ReplyDecision};
use crate::plugin::Variables;
use sip::{Head, HeaderId, Method};

type Checked = Result<(), &'static str>;

/// A request hook's or failure hook's decision.
pub(super) fn check(decision: &Decision, about: Head<'_>) -> Checked {
    match decision {
        Decision::Relay(relay) => check_relay(relay, about),
        Decision::Reply(reply) => {
            rule(reply.status >= 200, "a provisional answer at the end of a hook")?;
            check_answer(reply)
        }
        Decision::Challenge(challenge) => {
            rule(!challenge.algorithms.is_empty(), "a challenge without algorithms")?;
            rule(is_value(&challenge.realm), "a realm with a line break or NUL")?;
            check_edits(&challenge.edits, 0, false)
        }
        Decision::Next(edits) => check_edits(edits, about.spans().len(), about.is_request()),
        Decision::Drop => rule(about.method() == Method::Ack, "only an ACK can be dropped"),
    }
}

/// A reply hook's decision.
pub(super) fn check_reply(decision: &ReplyDecision, about: Head<'_>) -> Checked {
    match decision {
        ReplyDecision::Pass(edits) => check_edits(edits, about.spans().len(), false),
        ReplyDecision::Replace(reply) => {
            let is_invite = about.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
            rule(!(is_invite && about.status() / 100 == 2), "a 2xx to INVITE cannot be replaced")?;
            check_answer(reply)
        }
        ReplyDecision::Drop => rule(about.status() < 200, "only a provisional response can be dropped"),
    }
}

/// What a version keeps in a dialog that it adopts.
pub(super) fn check_variables(variables: &Variables) -> Checked {
    const MOST: usize = 32;
    const NAME: usize = 64;
    const TOGETHER: usize = 4096;
    rule(variables.len() <= MOST, "more than 32 variables")?;
    for (place, (name, value)) in variables.iter().enumerate() {
        rule((1..=NAME).contains(&name.len()), "a name that has not 1 to 64 bytes")?;
        rule(name.len() + value.len() <= TOGETHER, "a variable of more than 4 kB with its name")?;
        rule(variables[..place].iter().all(|(other, _)| other != name), "a name that is there twice")?;
    }
    Ok(())
}

fn check_relay(relay: &Relay, about: Head<'_>) -> Checked {
    for target in &relay.targets {
        rule(target.q <= 1000, "a q above 1000")?;
        rule(target.route.iter().all(|route| is_value(route)), "a Route with a line break or NUL")?;
    }
    for attr in relay.attrs.iter().filter(|attr| attr.tag == VIAS) {
        let mut all = sip::elements(&attr.value).peekable();
        let is_fit = all.peek().is_some() && all.all(|(_, via)| sip::Via::parse(via).is_ok());
        rule(is_fit, "Vias that are none")?;
    }
    // Of a failure the response is in hand; a relay then edits the request, whose index the script has not seen.
    let fields = if about.is_request() { about.spans().len() } else { 0 };
    check_edits(&relay.edits, fields, true)
}

fn check_answer(reply: &Reply) -> Checked {
    rule((100..=699).contains(&reply.status), "a status outside 100 to 699")?;
    rule(is_value(&reply.reason), "a reason with a line break or NUL")?;
    check_edits(&reply.edits, 0, false)
}

/// Edits of a message with this many header fields.
fn check_edits(edits: &[Edit], fields: usize, is_request: bool) -> Checked {
    for edit in edits {
        match edit {
            Edit::Append(header) | Edit::Prepend(header) => check_header(header)?,
            Edit::RemoveAll(header) => check_name(header)?,
            Edit::Replace((index, value)) => {
                rule((*index as usize) < fields, "an index beyond the header fields")?;
                rule(is_value(value), "a value with a line break or NUL")?;
            }
            Edit::Remove(index) => rule((*index as usize) < fields, "an index beyond the header fields")?,
            Edit::SetRequestUri(uri) => {
                rule(is_request, "a Request-URI for a response")?;
                rule(sip::Uri::parse(uri.as_bytes()).is_ok(), "a Request-URI that is none")?;
            }
            Edit::SetBody(body) => {
                let has_type = body.content.is_empty() || !body.content_type.is_empty();
                rule(has_type && is_value(&body.content_type), "a body without a media type")?;
            }
        }
    }
    Ok(())
}

fn check_header(header: &Header) -> Checked {
    check_name(header)?;
    rule(is_value(&header.value), "a value with a line break or NUL")
}

fn check_name(header: &Header) -> Checked {
    let id = HeaderId(header.id);
    rule(id != HeaderId::VIA && id != HeaderId::CONTENT_LENGTH, "Via and Content-Length are the host's")?;
    let is_name = header.id != 0 || sip::is_token(header.name.as_bytes());
    rule(is_name, "a header field name that is no token")
}

fn is_value(value: &str) -> bool {
    !value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

fn rule(holds: bool, broken: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(broken) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Relay, challenge, next, reply, sip};

    #[test]
    fn what_the_host_refuses_is_refused_here() {
        let message = sip!("OPTIONS sip:example.org SIP/2.0");
        let head = message.message().head();
        let fields = head.spans().len() as u32;
        let wrong: [(Decision, &str); 12] = [
            (reply(700).into(), "a status outside 100 to 699"),
            (reply(180).into(), "a provisional answer at the end of a hook"),
            (reply(200).reason("a\r\nb").into(), "a reason with a line break or NUL"),
            (reply(200).header("X-A", "\0").into(), "a value with a line break or NUL"),
            (reply(200).header("X A", "").into(), "a header field name that is no token"),
            (reply(200).header("v", "SIP/2.0/UDP a").into(), "Via and Content-Length are the host's"),
            (challenge("example.org").algorithms(&[]).into(), "a challenge without algorithms"),
            (Decision::Next(vec![Edit::Remove(fields)]), "an index beyond the header fields"),
            (Decision::Next(vec![Edit::SetRequestUri("nonsense".into())]), "a Request-URI that is none"),
            (Decision::Drop, "only an ACK can be dropped"),
            (Relay::onward().vias("").into(), "Vias that are none"),
            (Relay::onward().vias("SIP/2.0/UDP a.test, b.test").into(), "Vias that are none"),
        ];
        for (decision, broken) in wrong {
            assert_eq!(check(&decision, head), Err(broken));
        }
        assert_eq!(check(&next(), head), Ok(()));
        assert_eq!(check(&Relay::onward().header("X-A", "b").into(), head), Ok(()));
    }

    #[test]
    fn variables_are_bounded_as_the_host_bounds_them() {
        let one = |name: &str, bytes: usize| (name.to_owned(), vec![0; bytes]);
        let many = |number: usize| (0..number).map(|n| one(&n.to_string(), 0)).collect::<Variables>();
        let fits = [many(32), vec![one(&"n".repeat(64), 4032)], Vec::new()];
        assert!(fits.iter().all(|all| check_variables(all) == Ok(())));
        let wrong = [
            (many(33), "more than 32 variables"),
            (vec![one("", 1)], "a name that has not 1 to 64 bytes"),
            (vec![one(&"n".repeat(65), 1)], "a name that has not 1 to 64 bytes"),
            (vec![one("n", 4096)], "a variable of more than 4 kB with its name"),
            (vec![one("n", 1), one("m", 1), one("n", 1)], "a name that is there twice"),
        ];
        for (variables, broken) in wrong {
            assert_eq!(check_variables(&variables), Err(broken));
        }
    }

    #[test]
    fn a_phone_that_has_answered_cannot_be_hung_up_by_a_reply_hook() {
        let ok = sip!("SIP/2.0 200 OK");
        let ringing = sip!("SIP/2.0 180 Ringing");
        let replace = ReplyDecision::Replace(reply(603));
        assert!(check_reply(&replace, ok.message().head()).is_err());
        assert_eq!(check_reply(&replace, ringing.message().head()), Ok(()));
        assert_eq!(check_reply(&ReplyDecision::Drop, ringing.message().head()), Ok(()));
        assert!(check_reply(&ReplyDecision::Drop, ok.message().head()).is_err());
    }
}
