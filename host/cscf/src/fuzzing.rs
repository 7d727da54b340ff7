//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken. Not part of the crate's interface.

use diameter::Secret;
use diameter::cx::{SipAuthDataItem, SipDigestAuthenticate};
use ims::reginfo::{Event, Reginfo, Registration, RegistrationState};
use sip::fuzzing::Target;
use sip::{HeaderId, Message};

use crate::reg_event::{self, Bound, Notify};
use crate::words::AuthenticationVerdict as Verdict;
use crate::{Challenges, Notifier, Subscribers};

/// Every target.
pub const TARGETS: [Target; 3] =
    [("challenges", challenges), ("notifier", notifier), ("subscribers", subscribers)];

const ROOM: usize = 4;
const IMPI: &str = "a@b";
const REALM: &str = "b";
const NOW: u64 = 1_000_000;

/// Lines: values of Authorization, but for those that begin with `!` and keep a challenge, or with `+` and let time pass by
/// a minute. What is accepted is not accepted again; there are never more than there is room for.
pub fn challenges(bytes: &[u8]) {
    let mut challenges = Challenges::with_room(ROOM, 2);
    let mut now_ms = NOW;
    for line in bytes.split(|byte| *byte == b'\n') {
        match line.split_first() {
            Some((b'!', rest)) => keep(&mut challenges, rest, now_ms),
            Some((b'+', _)) => now_ms += 60_000,
            _ => {
                let Some(register) = register(line) else { continue };
                let verdict = challenges.verify(register.head(), IMPI, REALM, now_ms);
                if verdict == Verdict::Accepted {
                    let again = challenges.verify(register.head(), IMPI, REALM, now_ms);
                    assert_eq!(again, Verdict::Stale, "a response is good once");
                }
                if verdict == Verdict::Resynchronise {
                    assert!(challenges.take_resynchronisation(IMPI).is_some(), "an AUTS is kept");
                }
                assert!(challenges.take_resynchronisation("x@y").is_none(), "for its identity");
            }
        }
        assert!(challenges.len() <= ROOM, "there is room for so many");
    }
}

/// A vector: SIP Digest where its first byte is odd. Its RAND is made of the second one.
fn keep(challenges: &mut Challenges, seed: &[u8], now_ms: u64) {
    let byte = |at: usize| seed.get(at).copied().unwrap_or_default();
    let digest = SipDigestAuthenticate {
        digest_realm: REALM.to_owned(),
        digest_algorithm: None,
        digest_qop: "auth".to_owned(),
        digest_ha1: Secret::new(auth::ha1(IMPI, REALM, b"p", auth::Algorithm::Md5).hex().as_bytes()),
        alternate_digest_algorithm: None,
        alternate_digest_ha1: None,
        other: Vec::new(),
    };
    let item = SipAuthDataItem {
        sip_authenticate: Some(vec![byte(1); 32]),
        sip_authorization: Some(Secret::new(&[b'r'; 8])),
        sip_digest_authenticate: (byte(0) % 2 == 1).then_some(digest),
        ..SipAuthDataItem::default()
    };
    let kept = challenges.keep(&item, IMPI, REALM, now_ms, [byte(1); 16]);
    let number = kept.expect("a whole item");
    if byte(2).is_multiple_of(2) {
        assert!(challenges.take_value(number).is_some(), "a value leaves");
    }
    assert!(byte(2) % 2 == 1 || challenges.take_value(number).is_none(), "once");
}

fn register(authorization: &[u8]) -> Option<Message> {
    let mut text =
        b"REGISTER sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
        To: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nAuthorization: "
            .to_vec();
    text.extend_from_slice(authorization);
    text.extend_from_slice(b"\r\nContent-Length: 0\r\n\r\n");
    Message::parse_datagram(&text).ok()
}

/// Records between zero bytes: SUBSCRIBEs; `c`, contacts change; `x`, all are gone; `+`, time passes; a status answers the last
/// NOTIFY. Every NOTIFY is a message with no more header fields than it should have, and its document is read.
pub fn notifier(bytes: &[u8]) {
    let mut notifier = Notifier::with_room(ROOM);
    let (mut now_ms, mut last, mut luck) = (NOW, None, 0_u64);
    for record in bytes.split(|byte| *byte == 0) {
        let notifies = match record {
            [b'c'] => notifier.changed("s", now_ms, &registrations("s"), false),
            [b'x'] => notifier.changed("s", now_ms, &registrations("s"), true),
            [b'+', rest @ ..] => {
                now_ms += 1 + 1000 * rest.len() as u64;
                notifier.expire(now_ms, registrations)
            }
            [b'1'..=b'6', ..] => {
                let status = std::str::from_utf8(record).ok().and_then(|text| text.parse().ok());
                if let (Some(last), Some(status)) = (&last, status) {
                    notifier.answered(last, status);
                }
                Vec::new()
            }
            _ => {
                let Ok(message) = Message::parse_datagram(record) else { continue };
                luck += 1;
                let taken =
                    notifier.subscribe(message.head(), "s", "sip:n@h", 100, now_ms, luck.to_be_bytes());
                let Ok((expires, _, staged)) = taken else { continue };
                assert!(expires <= 100, "not longer than is granted");
                notifier.commit(staged, now_ms, registrations).into_iter().collect()
            }
        };
        notifies.iter().for_each(is_sound);
        last = notifies.into_iter().last().map(|notify| notify.of).or(last);
        assert!(notifier.len() <= ROOM, "there is room for so many");
        assert_eq!(notifier.is_empty(), !notifier.is_watched("s"), "both lists are one");
    }
}

fn registrations(_: &str) -> Vec<Registration> {
    let bound =
        Bound { uri: "sip:p@192.0.2.7", q: 500, expires: 9, call_id: "c", cseq: 1, parameters: ";+x=\"y\"" };
    let contacts = [(bound, Event::Registered)];
    reg_event::registrations(&["sip:a@b", "tel:+1"], &contacts, RegistrationState::Active, Some("tel:+1"))
}

fn is_sound(notify: &Notify) {
    let head = notify.request.head();
    assert_eq!(head.method_token(), b"NOTIFY");
    let routes = head.fields(HeaderId::ROUTE).count();
    assert_eq!(head.spans().len(), routes + 10, "nothing was written but what was meant");
    for id in [HeaderId::FROM, HeaderId::TO, HeaderId::CALL_ID, HeaderId::EVENT, HeaderId::SUBSCRIPTION_STATE]
    {
        assert_eq!(head.fields(id).count(), 1, "one of each");
    }
    assert!(head.cseq().is_ok(), "a CSeq");
    assert!(Reginfo::parse(head.body()).is_ok(), "what is written is read");
}

/// User data, or the document of a set: refused, or a set that is found by its names, leads to the same after a restart, and
/// leaves nothing behind.
pub fn subscribers(bytes: &[u8]) {
    let mut loaded = Subscribers::with_room(ROOM);
    let is_document = loaded.load(bytes, false);
    assert_eq!(loaded.is_empty(), !is_document, "loaded, or not");
    let mut subscribers = Subscribers::default();
    let Ok(put) = subscribers.put(bytes, IMPI, "ccf=1", true) else { return };
    let key = put.set.key().to_owned();
    assert!(subscribers.find(&key).is_some(), "by its key");
    for (identity, _) in put.set.identities() {
        assert!(subscribers.find(identity).is_some(), "by each identity");
    }
    let mut again = Subscribers::default();
    assert!(again.load(&put.document, true), "a document is read");
    let same = again.find(&key).map(|set| set.subscriber());
    assert_eq!(same, Some(put.set.subscriber()), "and leads to the same");
    if let Ok(exchanged) = subscribers.exchange(bytes, "x@y", None) {
        assert!(exchanged.set.is_registered() && exchanged.replaced.is_empty(), "it is the same set");
    }
    assert_eq!(subscribers.len(), 1);
    assert!(subscribers.remove(&key).is_some() && subscribers.is_empty(), "it goes");
    assert!(
        subscribers.find(&key).is_none() && subscribers.of_private(IMPI).is_empty(),
        "with all its names"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::fuzzing::Mutants;

    const SUBSCRIBE: &[u8] = b"SUBSCRIBE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:p>;tag=1\r\n\
        To: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:p:5070>\r\nRecord-Route: <sip:r;lr>\r\n\
        Event: reg;id=7\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n";

    fn subscriptions() -> Vec<u8> {
        let text = String::from_utf8(SUBSCRIBE.to_vec()).expect("text");
        let tag = "0000000000000001";
        let inside =
            text.replace("<sip:a@b>\r\n", &format!("<sip:a@b>;tag={tag}\r\n")).replace("CSeq: 1", "CSeq: 2");
        let ends = inside.replace("CSeq: 2", "CSeq: 3").replace("Expires: 60", "Expires: 0");
        [&text, "c", "+", &inside, "200", "c", &ends, &text, "481", &text, "x"].join("\0").into_bytes()
    }

    fn authorizations() -> Vec<u8> {
        let nonce = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
        let all = format!("Digest username=\"{IMPI}\",realm=\"{REALM}\",uri=\"sip:b\",nonce=\"{nonce}\"");
        let ha1 = auth::ha1(IMPI, REALM, [b'r'; 8], auth::Algorithm::Md5);
        let exchange = auth::Exchange {
            method: b"REGISTER",
            uri: b"sip:b",
            nonce: nonce.as_bytes(),
            qop: None,
            body: b"",
        };
        let right = auth::response(&ha1, &exchange).hex();
        let lines = [
            "!\0A".to_owned(),
            format!("{all},response=\"{}\"", right.as_str()),
            "!\0A".to_owned(),
            format!("{all},auts=\"AAAAAAAAAAAAAAAAAAA=\""),
            "!\u{1}B".to_owned(),
            "+".to_owned(),
            format!("{all},response=\"\""),
        ];
        lines.join("\n").into_bytes()
    }

    const USER_DATA: &[u8] = b"<IMSSubscription><PrivateID>a@b</PrivateID><ServiceProfile><PublicIdentity><Identity>sip:a@b\
        </Identity></PublicIdentity><PublicIdentity><BarringIndication>1</BarringIndication><Identity>tel:+1</Identity>\
        </PublicIdentity><PublicIdentity><Identity>sip:x1@b</Identity><Extension><Extension><Extension><WildcardedIMPU>\
        sip:x!.*!@b</WildcardedIMPU></Extension></Extension></Extension></PublicIdentity></ServiceProfile></IMSSubscription>";

    #[test]
    fn any_bytes_are_survived() {
        for (_, target) in TARGETS {
            Mutants::new(24_229).run(1000, 160, target);
        }
    }

    /// Else the targets would look at nothing.
    #[test]
    fn the_seeds_are_good() {
        let mut challenges = Challenges::default();
        keep(&mut challenges, b"\0A\0", NOW);
        let lines = authorizations();
        let lines: Vec<_> = lines.split(|byte| *byte == b'\n').collect();
        let verdict = challenges.verify(register(lines[1]).expect("one").head(), IMPI, REALM, NOW);
        assert_eq!(verdict, Verdict::Accepted);
        let mut notifier = Notifier::default();
        let message = Message::parse_datagram(SUBSCRIBE).expect("a SUBSCRIBE");
        let (.., staged) = notifier.subscribe(message.head(), "s", "sip:n@h", 9, NOW, [0; 8]).expect("taken");
        is_sound(&notifier.commit(staged, NOW, registrations).expect("a NOTIFY"));
        assert!(Subscribers::default().put(USER_DATA, IMPI, "", true).is_ok());
    }

    #[test]
    fn mutated_values_are_survived() {
        let mut mutants = Mutants::new(3680);
        let document =
            Subscribers::default().put(USER_DATA, IMPI, "ccf=1", true).expect("user data").document;
        for seed in [authorizations(), subscriptions(), USER_DATA.to_vec(), document] {
            for (_, target) in TARGETS {
                target(&seed);
            }
            for _ in 0..500 {
                let mut bytes = seed.clone();
                mutants.mutate(&mut bytes);
                for (_, target) in TARGETS {
                    target(&bytes);
                }
            }
        }
    }
}
