//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer. No database is touched.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken. Not part of the crate's interface.

mod model;

use std::sync::Arc;

use sip::fuzzing::{Choices, Target};
use sip::{Flow, Message, Transport};

use crate::contacts::{Limits, Refusal};
use crate::core::Core;
use crate::packed::{BindingRef, Packed, pack};
use crate::queue::Queue;
use crate::registrations::Registrations;
use crate::row::{self, Found, Row};
use model::{Model, Wish};

/// Every target.
pub const TARGETS: [Target; 3] =
    [("record", record), ("register", register), ("registrations", registrations)];

/// Bindings of all addresses-of-record together.
const MOST: usize = 40;
const AORS: [&str; 3] = ["sip:a@example.test", "sip:b@example.test", "sip:c@example.test"];
const URIS: [&str; 6] = [
    "sip:a@192.0.2.1",
    "sip:a@192.0.2.2",
    "sip:a@192.0.2.3;transport=tcp",
    "sips:a@192.0.2.4",
    "sip:b@192.0.2.5:5070",
    "tel:+1555",
];
const CALL_IDS: [&str; 2] = ["one", "two"];
const NOW_MS: u64 = 1_795_000_000_000;
const LIMITS: Limits = Limits { min_expires: 60, max_expires: 7200, default_expires: 600, max_bindings: 4 };

fn flow() -> Flow {
    let remote = std::net::SocketAddr::from(([192, 0, 2, 9], 5060));
    Flow { transport: Transport::Udp, listener: 0, connection: 0, remote }
}

/// A row's text, whoever wrote it: refused, or written the same way again, and the same when packed.
pub fn record(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let id = choices.long();
    let Ok(text) = std::str::from_utf8(choices.rest()) else { return };
    let Some(found) = row::read(id, text) else { return };
    let Found { aor, binding } = found;
    let written = Row::bound(aor, 0, &binding).record;
    assert_eq!(row::read(id, &written), Some(found), "{written:?} reads as it was written");
    let fresh = BindingRef { row: 0, ..binding };
    let mut packed = pack(AORS[1], 7, 9, &[fresh, binding]);
    crate::packed::set_rows(&mut packed, || id);
    let packed = Packed(&packed);
    assert_eq!((packed.aor(), packed.revision(), packed.scheduled_s()), (AORS[1], 7, 9));
    for one in packed.bindings() {
        assert_eq!(one, binding, "what is packed comes out again");
    }
    let _ = (
        crate::binding::target(&binding),
        crate::contacts::contact_value(&binding, binding.expires_at_ms / 2),
    );
}

/// Any REGISTER: refused, or granted within its limits; and the Contacts of its answer can be read.
pub fn register(bytes: &[u8]) {
    let mut text = b"REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa\r\n\
        From: <sip:a@example.test>;tag=a\r\nTo: <sip:a@example.test>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n"
        .to_vec();
    text.extend_from_slice(bytes);
    text.extend_from_slice(b"\r\n\r\n");
    let Ok(message) = Message::parse_datagram(&text) else { return };
    let all = Registrations::new(Arc::new(Core::new(Queue::new(true, 1))), MOST);
    let registered = all.register(message.head(), AORS[0], &LIMITS, flow(), NOW_MS);
    let Ok((registration, Some(change))) = registered else { return };
    all.commit(change, Box::new(|outcome| assert!(outcome.is_ok(), "nothing else changed")));
    let bound = all.lookup(AORS[0], NOW_MS);
    assert!(bound.len() <= LIMITS.max_bindings as usize && bound.len() == registration.contacts.len());
    for binding in &bound {
        assert!((1..=LIMITS.max_expires).contains(&binding.seconds_left(NOW_MS)), "a limit is kept");
        assert!(binding.q <= 1000);
    }
    for contact in &registration.contacts {
        let address = sip::NameAddr::parse(contact.as_bytes());
        assert!(address.is_ok_and(|address| address.uri().is_ok()), "{contact} cannot be read");
    }
    let mut ended = Vec::new();
    assert!(!all.expire(NOW_MS + 8_000_000, 100, &mut ended));
    assert_eq!((ended.len(), all.count()), (bound.len(), 0), "every binding ends");
}

/// Many REGISTERs, removals and ends, held against a model; and changes that meet others on their way.
pub fn registrations(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let all = Registrations::new(Arc::new(Core::new(Queue::new(true, 1))), MOST);
    let mut model = Model::default();
    let mut now_ms = NOW_MS;
    let mut late = Vec::new();
    let meets_others = choices.once_in(4);
    for _ in 0..200 {
        if choices.is_empty() {
            break;
        }
        let aor = *choices.one_of(&AORS);
        match choices.below(8) {
            0 => now_ms += u64::from(choices.byte()) * 8000,
            1 => {
                let mut ended = Vec::new();
                while all.expire(now_ms, 2, &mut ended) {}
                let gone = model.expire(now_ms);
                assert!(meets_others || gone == ended.len(), "{gone} ended, and {} were told", ended.len());
            }
            2 => {
                let (count, change) = all.remove(aor, now_ms);
                let count_there = model.remove(aor, now_ms);
                assert!(meets_others || count as usize == count_there);
                if let Some(change) = change {
                    all.commit(change, Box::new(|_| {}));
                }
            }
            3 if !late.is_empty() => {
                let change = late.swap_remove(choices.below(late.len()));
                all.commit(change, Box::new(|_| {}));
            }
            _ => {
                let (call_id, cseq) = (*choices.one_of(&CALL_IDS), u32::from(choices.byte() % 8));
                let wishes: Vec<Wish> = (0..choices.below(4)).map(|_| wish(&mut choices)).collect();
                let star = choices.once_in(8);
                let text = message(call_id, cseq, &wishes, star);
                let Ok(message) = Message::parse_datagram(text.as_bytes()) else { panic!("{text}") };
                let granted = all.register(message.head(), aor, &LIMITS, flow(), now_ms);
                if meets_others {
                    late.extend(granted.ok().and_then(|(_, change)| change));
                } else {
                    let expected = model.register(aor, call_id, cseq, &wishes, star, now_ms, &LIMITS, MOST);
                    let change = match (granted, expected) {
                        (Ok((registration, change)), Ok(contacts)) => {
                            assert_eq!(registration.contacts.len(), contacts, "{text}");
                            change
                        }
                        (Err(refusal), Err(expected)) => {
                            assert_eq!(refusal, expected, "{text}");
                            None
                        }
                        (granted, expected) => panic!("{granted:?}, and {expected:?} was expected of {text}"),
                    };
                    if let Some(change) = change {
                        all.commit(change, Box::new(|outcome| assert!(outcome.is_ok())));
                    }
                }
            }
        }
        for aor in AORS {
            let bound = all.lookup(aor, now_ms);
            assert!(bound.len() <= LIMITS.max_bindings as usize, "a bound is kept");
            let mut uris: Vec<_> = bound.iter().map(|binding| &binding.uri).collect();
            uris.sort();
            assert!(uris.windows(2).all(|two| two[0] != two[1]), "a contact is bound once");
            assert!(meets_others || model.is(aor, now_ms, &bound), "{aor}: {bound:?}, not {model:?}");
        }
    }
    let mut ended = Vec::new();
    while all.expire(now_ms + 8_000_000, 3, &mut ended) {}
    assert_eq!(all.count(), 0, "every binding ends, and is counted");
}

fn wish(choices: &mut Choices<'_>) -> Wish {
    Wish {
        uri: choices.one_of::<&str>(&URIS),
        expires: *choices.one_of(&[Some(600), None, Some(0), Some(10), Some(100_000), Some(60)]),
        q: *choices.one_of(&[None, Some(500), Some(0)]),
    }
}

fn message(call_id: &str, cseq: u32, wishes: &[Wish], star: bool) -> String {
    let mut text = format!(
        "REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa\r\nFrom: <sip:a@example.test>;tag=a\r\n\
         To: <sip:a@example.test>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n"
    );
    for Wish { uri, expires, q } in wishes {
        text.push_str(&format!("Contact: <{uri}>"));
        if let Some(q) = q {
            text.push_str(&format!(";q={}.{:03}", q / 1000, q % 1000));
        }
        if let Some(expires) = expires {
            text.push_str(&format!(";expires={expires}"));
        }
        text.push_str("\r\n");
    }
    if star {
        text.push_str("Contact: *\r\nExpires: 0\r\n");
    }
    text.push_str("\r\n");
    text
}

/// A refusal that the model foresees.
type Expected = Result<usize, Refusal>;

#[cfg(test)]
mod tests {
    use super::*;
    use sip::fuzzing::Mutants;

    #[test]
    fn any_sequence_is_survived() {
        Mutants::new(10).run(1500, 800, registrations);
    }

    #[test]
    fn any_record_is_survived() {
        let mut mutants = Mutants::new(11);
        for _ in 0..20_000 {
            let mut bytes = mutants.bytes(8);
            bytes.extend_from_slice(
                b"0\nsip:u@v\n10\nsip:a@b\n;x=\"y z\"\n500\nc@d\n2\nUDP 1 0 [::1]:5060\n\n<sip:p1;lr>\n<sip:p2;lr>",
            );
            mutants.mutate(&mut bytes);
            record(&bytes);
        }
    }

    #[test]
    fn any_register_is_survived() {
        let mut mutants = Mutants::new(12);
        for _ in 0..20_000 {
            let mut bytes = b"Contact: <sip:a@192.0.2.9;ob>;q=0.5;expires=60;reg-id=1;+sip.instance=\"<urn:x>\"\r\n\
                Path: <sip:e;lr;ob>\r\nSupported: path, outbound\r\nExpires: 30\r\nContact: \"a\" <sips:b@c>;+x"
                .to_vec();
            mutants.mutate(&mut bytes);
            register(&bytes);
        }
    }
}
