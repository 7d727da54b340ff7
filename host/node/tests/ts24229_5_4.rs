//! TS 24.229 §5.4: what goes with a script's word at an S-CSCF. The third-party REGISTER that follows the 200 (§5.4.1.7), the
//! tag of a subscription (§5.4.2.1), the Route that came back from an application server (§5.4.3), and how long an
//! application server may be silent (§5.4.3.2).
#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use ims::service_profile::ApplicationServer;
use node::{ConsultError, Decision, Follow, Hook, Originate, Relay, Reply, Until};
use sip::{HeaderId, Message};
use strowger_node as node;
use world::{ALICE, BOB, Sent, Word, World, ladder, request, response, target, to_bob};

const SERVER: &str = "192.0.2.30:5060";

/// A script that always answers so.
fn answering(status: u16) -> World {
    World::new(move |_, _| {
        let contact = sip::HeaderEdit {
            id: HeaderId::SERVICE_ROUTE,
            name: "".into(),
            value: (*b"<sip:orig@192.0.2.1;lr>").into(),
        };
        let edits = vec![node::Edit::Append(contact)];
        Ok(Word::Request(Decision::Reply(Reply { status, edits, ..Reply::default() })))
    })
}

fn third_party(service_info: Option<&str>, request: bool, response: bool) -> Follow {
    let text = "REGISTER sip:as@192.0.2.30 SIP/2.0\nMax-Forwards: 71\nFrom: <sip:scscf.test>;tag=s1\nTo: <sip:alice@example.test>\n\
         Call-ID: third\nCSeq: 1 REGISTER\nContact: <sip:192.0.2.1>\nExpires: 600\nContent-Length: 0\n\n";
    let register = Message::parse_stream(text.replace('\n', "\r\n").as_bytes()).unwrap();
    Follow {
        originate: Originate { request: register, target: None, timeout: None, token: 11 },
        third_party: Some(ApplicationServer {
            service_info: service_info.map(str::to_owned),
            include_register_request: request,
            include_register_response: response,
            ..ApplicationServer::default()
        }),
    }
}

fn register() -> String {
    request("REGISTER", "sip:example.test", 1, "Authorization: Digest username=\"alice\"\n")
}

/// Alice registers, and this follows: the answer, the third-party REGISTER, and Alice's as it came.
fn registered(status: u16, follow: Follow) -> (Sent, Sent, Message) {
    let mut world = answering(status);
    world.follow = vec![follow];
    let mut sent = world.receive(ALICE, &register());
    assert_eq!(ladder(&sent), [format!("{status} {ALICE}"), format!("REGISTER {SERVER}")]);
    let came = Message::parse_datagram(register().replace('\n', "\r\n").as_bytes()).unwrap();
    let (third, answer) = (sent.pop().unwrap(), sent.pop().unwrap());
    world.receive(SERVER, &response(&third.message, 200, "as", ""));
    assert_eq!(world.concluded, [(11, 200)]);
    (answer, third, came)
}

fn content_type(message: &Message) -> String {
    String::from_utf8(message.header(HeaderId::CONTENT_TYPE).unwrap_or_default().to_vec()).unwrap()
}

/// The bodies of a multipart, each behind its type.
fn parts(message: &Message) -> Vec<(String, Vec<u8>)> {
    let kind = content_type(message);
    let boundary = kind.split_once("boundary=").unwrap().1.trim_matches('"').to_owned();
    let body = String::from_utf8(message.head().body().to_vec()).unwrap();
    let mut parts = Vec::new();
    for part in body.split(&format!("--{boundary}")).skip(1) {
        let Some(part) = part.strip_prefix("\r\n") else { break };
        let (head, body) = part.split_once("\r\n\r\n").unwrap();
        let kind = head.strip_prefix("Content-Type: ").unwrap();
        parts.push((kind.to_owned(), body.strip_suffix("\r\n").unwrap().as_bytes().to_vec()));
    }
    parts
}

/// §5.4.1.7A: the REGISTER as it came, and the answer as it left.
#[test]
fn a_third_party_register_carries_what_the_criteria_ask_for() {
    let (_, third, _) = registered(200, third_party(None, false, false));
    assert_eq!((content_type(&third.message), third.message.head().body().len()), (String::new(), 0));

    let (_, third, _) = registered(200, third_party(Some("imsi=1"), false, false));
    assert_eq!(content_type(&third.message), "application/3gpp-ims+xml");
    let info = ims::third_party_register::parse_service_info(third.message.head().body());
    assert_eq!(info.unwrap().as_deref(), Some("imsi=1"));

    let (_, third, came) = registered(200, third_party(None, true, false));
    assert_eq!(content_type(&third.message), "message/sip");
    let inner = Message::parse_datagram(third.message.head().body()).unwrap();
    assert_eq!(inner.method_token(), b"REGISTER");
    assert_eq!(inner.header(HeaderId::AUTHORIZATION), came.header(HeaderId::AUTHORIZATION));
    assert_eq!(inner.head().call_id().unwrap(), came.head().call_id().unwrap());

    let (answer, third, _) = registered(200, third_party(None, false, true));
    assert_eq!(content_type(&third.message), "message/sip");
    assert_eq!(third.message.head().body(), answer.message.bytes(), "what was sent, byte by byte");

    let (answer, third, _) = registered(200, third_party(Some("<x>1</x>"), true, true));
    assert!(content_type(&third.message).starts_with("multipart/mixed;"));
    let parts = parts(&third.message);
    let kinds: Vec<&str> = parts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["application/3gpp-ims+xml", "message/sip", "message/sip"]);
    let inner = Message::parse_datagram(&parts[1].1).unwrap();
    assert_eq!((inner.method_token(), inner.head().body()), (&b"REGISTER"[..], &b""[..]));
    assert_eq!(parts[2].1, answer.message.bytes());
    assert_eq!(Message::parse_datagram(&parts[2].1).unwrap().status(), 200);
    assert_eq!(answer.message.header(HeaderId::SERVICE_ROUTE), Some(&b"<sip:orig@192.0.2.1;lr>"[..]));
}

/// Several, in their order, each with its own body; and none where nothing follows.
#[test]
fn many_follow_one_word() {
    let mut world = answering(200);
    world.follow = vec![
        third_party(None, true, false),
        Follow { third_party: None, ..third_party(None, false, false) },
        third_party(Some("x"), false, false),
    ];
    let sent = world.receive(ALICE, &register());
    assert_eq!(sent.len(), 4);
    let kinds: Vec<String> = sent[1..].iter().map(|one| content_type(&one.message)).collect();
    assert_eq!(kinds, ["message/sip", "", "application/3gpp-ims+xml"]);
    assert_eq!(world.receive(ALICE, &request("REGISTER", "sip:example.test", 2, "")).len(), 1);
}

/// The answer of another request is not taken for this one's.
#[test]
fn without_an_answer_there_is_none_in_the_body() {
    let mut world = World::new(|_, _| Ok(Word::Request(to_bob())));
    world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let gone = ladder(&world.pass(Duration::from_secs(40)));
    assert!(gone.contains(&format!("408 {ALICE}")), "{gone:?}");
    world.follow = vec![third_party(None, false, true)];
    let sent = world.receive(ALICE, &register());
    assert_eq!(ladder(&sent), [format!("REGISTER {BOB}"), format!("REGISTER {SERVER}")]);
    assert_eq!(sent[1].message.head().body(), b"");
}

/// §5.4.2.1.1, RFC 6665 §4.1: the 200 to a SUBSCRIBE bears the tag that the host's NOTIFYs have.
#[test]
fn the_tag_of_an_answer_may_be_chosen() {
    for (status, method) in [(200, "SUBSCRIBE"), (200, "REGISTER"), (404, "SUBSCRIBE")] {
        let mut world = answering(status);
        world.to_tag = Some("chosen".into());
        let sent = world.receive(ALICE, &request(method, "sip:bob@example.test", 1, ""));
        assert_eq!(sent[0].message.head().to_tag(), Some(&b"chosen"[..]));
        // Retransmitted, it has the same.
        let again = world.receive(ALICE, &request(method, "sip:bob@example.test", 1, ""));
        assert_eq!(again[0].message.bytes(), sent[0].message.bytes());
        let next = world.receive(ALICE, &request(method, "sip:bob@example.test", 2, ""));
        assert_ne!(next[0].message.head().to_tag(), Some(&b"chosen"[..]), "once");
    }
    // Inside a dialog there is one already.
    let mut world = answering(200);
    world.to_tag = Some("chosen".into());
    let inside = request("SUBSCRIBE", "sip:bob@example.test", 1, "")
        .replace("To: <sip:bob@example.test>", "To: <sip:b@c>;tag=old");
    let sent = world.receive(ALICE, &inside);
    assert_eq!(sent[0].message.head().to_tag(), Some(&b"old"[..]));
}

/// §5.4.3.2: the original dialog identifier is in the Route that points here, which is off before the script sees it.
#[test]
fn the_route_that_a_request_came_by_is_told() {
    let mut world = World::new(|hook, message| {
        assert_eq!(hook, Hook::Request);
        assert!(!message.bytes().windows(4).any(|four| four == b"odi."), "it is off");
        Err(ConsultError::Fault)
    });
    let own = "sip:odi.Xy-7@192.0.2.1:5060;lr;x=y";
    let came = format!("Route: <{own}>, <sip:far.example.test;lr>\n");
    world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, &came));
    world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 2, ""));
    let foreign = "Route: <sip:far.example.test;lr>\n";
    world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 3, foreign));
    assert_eq!(world.own_routes, [vec![own.to_owned()], vec![], vec![]]);
}

/// A world whose script gives a target two seconds; Bob's INVITE.
fn patient(until: Until) -> (World, Sent) {
    let mut world = World::new(move |hook, _| match hook {
        Hook::Request => {
            let Decision::Relay(relay) = to_bob() else { unreachable!() };
            let timeout = Some(Duration::from_secs(2));
            let relay = Relay { timeout, until, ask_failure: true, ..relay };
            Ok(Word::Request(Decision::Relay(relay)))
        }
        _ => Ok(Word::Request(Decision::Next(Vec::new()))),
    });
    let mut sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let invite = sent.pop().unwrap();
    (world, invite)
}

/// What leaves meanwhile, retransmissions left out.
fn left(world: &mut World, time: Duration) -> Vec<String> {
    let mut left = ladder(&world.pass(time));
    left.retain(|what| !what.starts_with("INVITE"));
    left.dedup();
    left
}

/// §5.4.3.2: an application server that says nothing within a time is passed over; one that has spoken is waited for.
#[test]
fn a_time_may_count_until_the_first_response_alone() {
    let seconds = Duration::from_secs;
    // Silence.
    for until in [Until::Final, Until::Response, Until::Trying] {
        let (mut world, _) = patient(until);
        assert!(left(&mut world, Duration::from_millis(1_900)).is_empty());
        assert_eq!(left(&mut world, Duration::from_millis(600)), [format!("408 {ALICE}")], "{until:?}");
        assert_eq!(world.consulted, [Hook::Request, Hook::Failure]);
    }
    // A 100 is no response of its own.
    let (mut world, invite) = patient(Until::Response);
    world.pass(seconds(1));
    world.receive(BOB, &response(&invite.message, 100, "b1", ""));
    assert_eq!(left(&mut world, Duration::from_millis(1_500)), [format!("CANCEL {BOB}")]);
    // A 180 is; then Timer C counts.
    let (mut world, invite) = patient(Until::Response);
    world.pass(seconds(1));
    assert_eq!(
        ladder(&world.receive(BOB, &response(&invite.message, 180, "b1", ""))),
        [format!("180 {ALICE}")]
    );
    assert!(left(&mut world, seconds(180)).is_empty(), "it rings");
    assert_eq!(left(&mut world, seconds(6)), [format!("CANCEL {BOB}")], "Timer C");
    // Where any sign of life is enough, a 100 is one; then, too, Timer C counts.
    let (mut world, invite) = patient(Until::Trying);
    world.pass(seconds(1));
    world.receive(BOB, &response(&invite.message, 100, "b1", ""));
    assert!(left(&mut world, seconds(183)).is_empty(), "it is there");
    assert_eq!(left(&mut world, seconds(3)), [format!("CANCEL {BOB}")], "Timer C");
    // Unless that was not asked for.
    let (mut world, invite) = patient(Until::Final);
    world.pass(seconds(1));
    world.receive(BOB, &response(&invite.message, 180, "b1", ""));
    assert_eq!(left(&mut world, Duration::from_millis(1_500)), [format!("CANCEL {BOB}")]);
}

/// §5.3.2.2, §5.4.3.2: a target that has let it ring has the request: its failure is the answer, and no other one is tried.
/// A 100 is the next hop's word alone.
#[test]
fn who_has_let_it_ring_is_not_replaced() {
    for (provisional, is_asked) in [(None, true), (Some(100), true), (Some(180), false), (Some(183), false)] {
        for status in [408, 480, 503] {
            let mut world = World::new(|hook, _| match hook {
                Hook::Request => {
                    let Decision::Relay(relay) = to_bob() else { unreachable!() };
                    let relay = Relay { ask_failure: true, ask_failure_unless_heard: true, ..relay };
                    Ok(Word::Request(Decision::Relay(relay)))
                }
                _ => {
                    let targets = vec![target("sip:other@192.0.2.30", 1000)];
                    let relay = Relay { targets, targets_named: true, ..Relay::default() };
                    Ok(Word::Request(Decision::Relay(relay)))
                }
            });
            let mut sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
            let invite = sent.pop().unwrap();
            if let Some(provisional) = provisional {
                world.receive(BOB, &response(&invite.message, provisional, "b1", ""));
            }
            let left = ladder(&world.receive(BOB, &response(&invite.message, status, "b1", "")));
            let is_tried = left.contains(&format!("INVITE {SERVER}"));
            assert_eq!(is_tried, is_asked, "{status} after {provisional:?}: {left:?}");
            let upstream = if status == 503 { 500 } else { status };
            assert_eq!(left.contains(&format!("{upstream} {ALICE}")), !is_asked, "{left:?}");
        }
    }
}

/// §5.3.1.3: what is to be left is an S-CSCF that does not answer. One that answers others meanwhile is there: a request whose
/// answers are lost is sent again for as long as the standard says (Timer F, Timer C), and no other one gets it.
#[test]
fn who_answers_others_is_waited_for() {
    for (answers_others, method) in
        [(true, "INVITE"), (true, "MESSAGE"), (false, "INVITE"), (false, "MESSAGE")]
    {
        let mut world = World::new(|hook, _| match hook {
            Hook::Request => {
                let Decision::Relay(relay) = to_bob() else { unreachable!() };
                let timeout = Some(Duration::from_secs(2));
                Ok(Word::Request(Decision::Relay(Relay {
                    timeout,
                    until: Until::Trying,
                    ask_failure: true,
                    ..relay
                })))
            }
            _ => {
                let targets = vec![target("sip:other@192.0.2.30", 1000)];
                Ok(Word::Request(Decision::Relay(Relay { targets, targets_named: true, ..Relay::default() })))
            }
        });
        world.receive(ALICE, &request(method, "sip:bob@example.test", 1, ""));
        world.pass(Duration::from_secs(1));
        // Another request, for the same next hop.
        let other = request("OPTIONS", "sip:bob@example.test", 9, "").replace("call-1", "call-2");
        let sent = world.receive(ALICE, &other);
        if answers_others {
            world.receive(BOB, &response(&sent[0].message, 200, "b2", ""));
        }
        let left = ladder(&world.pass(Duration::from_millis(1_500)));
        let is_replaced = left.contains(&format!("{method} {SERVER}"));
        assert_eq!(is_replaced, !answers_others, "{method}: {left:?}");
        if answers_others {
            let goes_on = ladder(&world.pass(Duration::from_secs(8)));
            assert!(goes_on.contains(&format!("{method} {BOB}")), "it is sent again: {goes_on:?}");
            assert!(!goes_on.contains(&format!("{method} {SERVER}")));
        }
    }
}
