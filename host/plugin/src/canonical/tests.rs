use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use node::{Challenge, ConsultError, Decision, Edit, HeaderEdit, Relay, Reply, Target};
use sip::HeaderId;

use super::Canonical;
use crate::call::{Consulted, Fault, Outcome};
use crate::context::{Effects, Variables};
use crate::tape::Question;

fn consulted(outcome: Outcome, effects: Effects) -> Consulted {
    Consulted { result: Ok(outcome), effects, fault: None, why: None, cpu: Duration::ZERO, fuel: None }
}

fn decided(decision: Decision) -> Canonical {
    Canonical::of(&consulted(Outcome::Decision(decision), Effects::default()), Some(&invite()), &[])
}

fn invite() -> sip::Message {
    let text = "INVITE sip:bob@ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
                From: <sip:alice@ims.test>;tag=1\r\nTo: <sip:bob@ims.test>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\
                X-Own: 1\r\nContent-Length: 0\r\n\r\n";
    sip::Message::parse_datagram(text.as_bytes()).unwrap()
}

fn append(id: HeaderId, name: &str, value: &str) -> Edit {
    Edit::Append(HeaderEdit { id, name: name.into(), value: value.as_bytes().into() })
}

#[test]
fn a_relay_has_all_that_it_says() {
    let relay = Relay {
        edits: vec![
            append(HeaderId::OTHER, "X-New", "a\tb"),
            Edit::Replace { index: 5, value: b"2"[..].into() },
            Edit::Remove { index: 0 },
            Edit::RemoveAll(HeaderId::OTHER, "X-Old".into()),
            Edit::SetRequestUri("sip:carol@ims.test".into()),
            Edit::SetBody { content_type: "text/plain".into(), content: b"\xff!"[..].into() },
        ],
        targets: vec![Target {
            route: vec!["<sip:edge;lr>".into()],
            q: 500,
            ..Target::to("sip:b@192.0.2.9")
        }],
        targets_named: true,
        record_route: true,
        ask_failure: true,
        timeout: Some(Duration::from_millis(1500)),
        served_user: Some("sip:alice@ims.test".into()),
        ..Relay::default()
    };
    assert_eq!(
        decided(Decision::Relay(relay)).lines(),
        [
            "relay, record-route, ask-failure, 1500 ms until Final",
            "  served user sip:alice@ims.test",
            "  request-uri sip:carol@ims.test",
            "  remove Via (0)",
            "  append X-New: a\\tb",
            "  remove all X-Old",
            "  replace X-Own (5): 2",
            "  body text/plain: \\xff!",
            "  target sip:b@192.0.2.9 q=500 route=<sip:edge;lr>",
        ]
    );
}

#[test]
fn the_order_of_edits_counts_within_one_header_field_only() {
    let one = append(HeaderId::CONTACT, "", "<sip:one>");
    let two = append(HeaderId::CONTACT, "", "<sip:two>");
    let other = append(HeaderId::OTHER, "X-A", "1");
    let next = |edits: &[&Edit]| decided(Decision::Next(edits.iter().map(|edit| (*edit).clone()).collect()));
    assert_eq!(next(&[&one, &other, &two]), next(&[&other, &one, &two]));
    let turned = next(&[&two, &one, &other]);
    assert_ne!(next(&[&one, &two, &other]), turned);
    assert_eq!(next(&[&one, &two, &other]).differences(&turned), ["the same lines in another order"]);
}

#[test]
fn variables_are_sorted_and_deeds_stand_at_the_end() {
    let variables = |names: [&str; 2]| {
        let mut all = Variables::default();
        names.iter().for_each(|name| all.set(name, Some(Bytes::from_static(b"v"))).unwrap());
        Effects { variables: Some(Arc::new(all)), ..Effects::default() }
    };
    let asked = [Question::Get("k".into()), Question::Delete("k".into())];
    let of = |names| {
        let next = Outcome::Decision(Decision::Next(Vec::new()));
        Canonical::of(&consulted(next, variables(names)), None, &asked)
    };
    assert_eq!(of(["a", "b"]), of(["b", "a"]));
    assert_eq!(of(["a", "b"]).lines().last().unwrap(), "deed Delete(\"k\")");
    assert!(!of(["a", "b"]).to_string().contains("Get"), "what only asks decides nothing");
}

#[test]
fn keys_of_a_challenge_are_not_in_it() {
    let value = r#"Digest realm="ims.test", nonce="n", ck="00112233445566778899aabbccddeeff", ik="f""#;
    let edits = vec![append(HeaderId::WWW_AUTHENTICATE, "", value)];
    let reply = Reply { status: 401, edits, ..Reply::default() };
    let text = decided(Decision::Reply(reply)).to_string();
    assert!(text.contains(r#"nonce="n""#) && !text.contains("aabb") && !text.contains("\"f\""), "{text}");
}

#[test]
fn differences_name_what_each_has_alone() {
    let reply = |status, reason: &str| {
        decided(Decision::Reply(Reply { status, reason: reason.into(), ..Reply::default() }))
    };
    assert_eq!(reply(404, "").differences(&reply(404, "")), [""; 0]);
    assert_eq!(reply(404, "").differences(&reply(480, "Gone")), ["- reply 404", "+ reply 480 Gone"]);
    let challenge = Challenge {
        proxy: true,
        realm: "ims.test".into(),
        algorithms: vec![auth::Algorithm::Md5],
        stale: true,
        edits: Vec::new(),
    };
    assert_eq!(decided(Decision::Challenge(challenge)).summary(), r#"challenge 407 "ims.test" Md5 stale"#);
}

#[test]
fn failures_are_decisions_too() {
    let failed = |error, fault| {
        let consulted = Consulted {
            result: Err(error),
            effects: Effects::default(),
            fault,
            why: None,
            cpu: Duration::ZERO,
            fuel: None,
        };
        Canonical::of(&consulted, None, &[]).to_string()
    };
    assert_eq!(failed(ConsultError::Trap, None), "failed: the script trapped\n");
    let fault = Fault { code: 12, reason: "no route".into() };
    assert_eq!(failed(ConsultError::Fault, Some(fault)), "fault 12 no route\n");
}
