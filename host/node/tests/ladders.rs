//! Whole transactions through a node, as ladders (RFC 3261 §16, §17, §24.2).

mod world;

use strowger_node as node;

use std::time::Duration;

use node::{Challenge, ConsultError, Decision, Hook, Relay, Reply};
use world::{ALICE, BOB, CAROL, Word, World, ladder, relaying, request, response, target, to_bob};

/// The route set as the caller uses it: Record-Route of the 200, one value a line.
fn routes(response: &sip::Message) -> String {
    let routes = response.values(sip::HeaderId::RECORD_ROUTE);
    routes.map(|value| format!("Route: {}\n", String::from_utf8_lossy(value.bytes))).collect()
}

#[test]
fn a_call_is_carried_from_invite_to_bye() {
    let mut world = relaying();
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    assert_eq!(ladder(&sent), ["100 192.0.2.10:5060", "INVITE 192.0.2.20:5060"]);
    let invite = &sent[1].message;
    assert_eq!(invite.request_uri(), b"sip:bob@192.0.2.20:5060");
    assert_eq!(invite.header(sip::HeaderId::MAX_FORWARDS), Some(&b"69"[..]));
    assert_eq!(invite.values(sip::HeaderId::VIA).count(), 2);

    let ringing = world.receive(BOB, &response(invite, 180, "b1", ""));
    assert_eq!(ladder(&ringing), ["180 192.0.2.10:5060"]);
    assert_eq!(ringing[0].message.values(sip::HeaderId::VIA).count(), 1);
    let answered = world.receive(BOB, &response(invite, 200, "b1", "Contact: <sip:bob@192.0.2.20:5060>"));
    assert_eq!(ladder(&answered), ["200 192.0.2.10:5060"]);
    assert_eq!(world.node.counters().dialogs.get(), 1);

    let routes = routes(&answered[0].message);
    let in_dialog = |method: &str, cseq| {
        request(method, "sip:bob@192.0.2.20:5060", cseq, &routes)
            .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1")
    };
    let ack = world.receive(ALICE, &in_dialog("ACK", 1));
    assert_eq!(
        ladder(&ack),
        ["ACK 192.0.2.20:5060"],
        "an ACK to a 2xx goes through, and makes no transaction"
    );
    assert_eq!(ack[0].message.values(sip::HeaderId::ROUTE).count(), 0, "our own Route is gone");
    let bye = world.receive(ALICE, &in_dialog("BYE", 2));
    assert_eq!(ladder(&bye), ["BYE 192.0.2.20:5060"]);
    let gone = world.receive(BOB, &response(&bye[0].message, 200, "b1", ""));
    assert_eq!(ladder(&gone), ["200 192.0.2.10:5060"]);
    assert_eq!(world.node.counters().dialogs.get(), 0);

    assert_eq!(world.consulted, [Hook::Request], "requests inside the dialog are routed by the standard");
    world.pass(Duration::from_secs(200));
    assert!(world.node.is_quiescent());
}

#[test]
fn a_2xx_again_is_passed_again_until_the_transaction_ends() {
    let mut world = relaying();
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let ok = response(&sent[1].message, 200, "b1", "");
    for _ in 0..3 {
        assert_eq!(ladder(&world.receive(BOB, &ok)), ["200 192.0.2.10:5060"]);
    }
    world.pass(Duration::from_secs(33));
    assert!(world.receive(BOB, &ok).is_empty(), "a stray 2xx is dropped (RFC 6026)");
}

#[test]
fn a_retransmitted_invite_is_absorbed_and_answered_with_what_there_is() {
    let mut world = relaying();
    let invite = request("INVITE", "sip:bob@example.test", 1, "");
    world.receive(ALICE, &invite);
    assert_eq!(ladder(&world.receive(ALICE, &invite)), ["100 192.0.2.10:5060"]);
    assert_eq!(world.consulted.len(), 1);
}

#[test]
fn a_busy_callee_ends_the_call_and_the_ack_ends_here() {
    let mut world = relaying();
    let invite = request("INVITE", "sip:bob@example.test", 1, "");
    let sent = world.receive(ALICE, &invite);
    let busy = world.receive(BOB, &response(&sent[1].message, 486, "b1", ""));
    assert_eq!(ladder(&busy), ["ACK 192.0.2.20:5060", "486 192.0.2.10:5060"]);
    let ack = invite.replace("INVITE sip", "ACK sip").replace("1 INVITE", "1 ACK");
    assert!(world.receive(ALICE, &ack).is_empty());
    world.pass(Duration::from_secs(200));
    assert!(world.node.is_quiescent());
}

#[test]
fn a_cancel_is_answered_and_passed_on() {
    let mut world = relaying();
    let invite = request("INVITE", "sip:bob@example.test", 1, "");
    let sent = world.receive(ALICE, &invite);
    world.receive(BOB, &response(&sent[1].message, 180, "b1", ""));
    let cancel = invite.replace("INVITE sip", "CANCEL sip").replace("1 INVITE", "1 CANCEL");
    let cancelled = world.receive(ALICE, &cancel);
    assert_eq!(ladder(&cancelled), ["200 192.0.2.10:5060", "CANCEL 192.0.2.20:5060"]);
    world.receive(BOB, &response(&cancelled[1].message, 200, "b1", ""));
    let ended = world.receive(BOB, &response(&sent[1].message, 487, "b1", ""));
    assert_eq!(ladder(&ended), ["ACK 192.0.2.20:5060", "487 192.0.2.10:5060"]);
}

#[test]
fn a_cancel_of_nothing_is_481() {
    let mut world = relaying();
    assert_eq!(
        ladder(&world.receive(ALICE, &request("CANCEL", "sip:bob@example.test", 1, ""))),
        ["481 192.0.2.10:5060"]
    );
}

#[test]
fn two_phones_ring_together_and_the_first_to_answer_has_the_call() {
    let mut world = World::new(|_, _| {
        let targets = vec![target("sip:bob@192.0.2.20", 500), target("sip:bob@192.0.2.30", 500)];
        Ok(Word::Request(Decision::Relay(Relay { targets, targets_named: true, ..Relay::default() })))
    });
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    assert_eq!(ladder(&sent), ["100 192.0.2.10:5060", "INVITE 192.0.2.20:5060", "INVITE 192.0.2.30:5060"]);
    world.receive(BOB, &response(&sent[1].message, 180, "b1", ""));
    world.receive(CAROL, &response(&sent[2].message, 180, "c1", ""));
    let answered = world.receive(CAROL, &response(&sent[2].message, 200, "c1", ""));
    assert_eq!(ladder(&answered), ["CANCEL 192.0.2.20:5060", "200 192.0.2.10:5060"]);
}

#[test]
fn lower_preferences_follow_when_higher_ones_failed() {
    let mut world = World::new(|_, _| {
        let targets = vec![target("sip:bob@192.0.2.20", 900), target("sip:bob@192.0.2.30", 100)];
        Ok(Word::Request(Decision::Relay(Relay { targets, targets_named: true, ..Relay::default() })))
    });
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    assert_eq!(sent.len(), 2);
    let next = world.receive(BOB, &response(&sent[1].message, 486, "b1", ""));
    assert_eq!(ladder(&next), ["ACK 192.0.2.20:5060", "INVITE 192.0.2.30:5060"]);
    let last = world.receive(CAROL, &response(&next[1].message, 404, "c1", ""));
    assert_eq!(ladder(&last)[1], "486 192.0.2.10:5060", "of one class the first stands");
}

#[test]
fn a_location_without_bindings_is_a_480() {
    let mut world = World::new(|_, _| {
        Ok(Word::Request(Decision::Relay(Relay { targets_named: true, ..Relay::default() })))
    });
    assert_eq!(
        ladder(&world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""))),
        ["480 192.0.2.10:5060"]
    );
}

#[test]
fn a_script_that_fails_is_a_500_and_the_next_call_does_not_care() {
    let mut calls = 0;
    let mut world = World::new(move |_, _| {
        calls += 1;
        if calls == 1 { Err(ConsultError::Trap) } else { Ok(Word::Request(to_bob())) }
    });
    assert_eq!(
        ladder(&world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""))),
        ["500 192.0.2.10:5060"]
    );
    assert_eq!(
        ladder(&world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 2, ""))),
        ["MESSAGE 192.0.2.20:5060"]
    );
}

#[test]
fn a_stateless_answer_leaves_nothing_behind() {
    let mut world = World::new(|_, _| {
        let reply = Reply { status: 200, stateless: true, ..Reply::default() };
        Ok(Word::Request(Decision::Reply(reply)))
    });
    assert_eq!(
        ladder(&world.receive(ALICE, &request("OPTIONS", "sip:192.0.2.1", 1, ""))),
        ["200 192.0.2.10:5060"]
    );
    assert!(world.node.is_quiescent());
}

#[test]
fn a_challenge_has_a_value_for_each_algorithm_in_order() {
    let mut world = World::new(|_, _| {
        Ok(Word::Request(Decision::Challenge(Challenge {
            proxy: false,
            realm: "example.test".into(),
            algorithms: vec![auth::Algorithm::Sha256, auth::Algorithm::Md5],
            stale: false,
            edits: Vec::new(),
        })))
    });
    let sent = world.receive(ALICE, &request("REGISTER", "sip:example.test", 1, ""));
    assert_eq!(ladder(&sent), ["401 192.0.2.10:5060"]);
    let values: Vec<_> = sent[0].message.head().fields(sip::HeaderId::WWW_AUTHENTICATE).collect();
    assert_eq!(values.len(), 2);
    assert!(values[0].windows(7).any(|w| w == b"SHA-256") && values[1].windows(3).any(|w| w == b"MD5"));
}

#[test]
fn a_draining_node_refuses_new_requests_and_finishes_old_ones() {
    let mut world = relaying();
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    world.node.drain();
    let refused = world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 7, ""));
    assert_eq!(ladder(&refused), ["503 192.0.2.10:5060"]);
    assert!(refused[0].message.header(sip::HeaderId::RETRY_AFTER).is_some());
    assert_eq!(
        ladder(&world.receive(BOB, &response(&sent[1].message, 200, "b1", ""))),
        ["200 192.0.2.10:5060"]
    );
    assert!(world.node.is_idle());
}

#[test]
fn requests_that_a_proxy_must_refuse() {
    let mut world = relaying();
    let plain = request("MESSAGE", "sip:bob@example.test", 1, "");
    let spoilt = [
        (
            plain
                .replace("Max-Forwards: 70", "Max-Forwards: 0")
                .replace("sip:bob@example.test SIP", "sip:bob@elsewhere.test SIP"),
            "483",
        ),
        (plain.replace("Max-Forwards: 70\n", "Max-Forwards: 70\nProxy-Require: privacy\n"), "420"),
        (plain.replace("1 MESSAGE", "1 OPTIONS"), "400"),
        (plain.replace("MESSAGE sip:bob@example.test", "MESSAGE nosuch:bob"), "416"),
    ];
    for (n, (spoiled, status)) in spoilt.into_iter().enumerate() {
        let sent = world.receive(ALICE, &spoiled.replace("MESSAGE1", &format!("spoilt{n}")));
        assert_eq!(sent.first().map(world::Sent::what).as_deref(), Some(status), "{spoiled}");
    }
}

#[test]
fn a_request_that_comes_back_unchanged_is_a_loop() {
    let mut world = World::new(|_, _| {
        // Back to ourselves.
        Ok(Word::Request(Decision::Relay(Relay {
            targets: vec![target("sip:bob@example.test", 1000)],
            ..Relay::default()
        })))
    });
    world.script = Box::new(|_, _| {
        let mut relay = Relay { targets: vec![target("sip:bob@example.test", 1000)], ..Relay::default() };
        relay.targets[0].flow = Some(sip::Flow {
            transport: sip::Transport::Udp,
            listener: 0,
            connection: 0,
            remote: world::NODE.parse().unwrap(),
        });
        Ok(Word::Request(Decision::Relay(relay)))
    });
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    assert_eq!(ladder(&sent), ["MESSAGE 192.0.2.1:5060"]);
    let text = String::from_utf8(sent[0].message.bytes().to_vec()).unwrap().replace("\r\n", "\n");
    let again = world.receive(world::NODE, &text);
    assert_eq!(ladder(&again), ["482 192.0.2.1:5060"]);
}

/// §16.3 item 4: a request that comes back changed is a spiral. No DNS is asked for a domain of our own.
#[test]
fn a_target_in_our_own_domain_is_a_spiral() {
    let mut world = World::new(|_, message| {
        let of_carol = message.request_uri().starts_with(b"sip:carol@");
        let uri = if of_carol { "sip:bob@example.test" } else { "sip:bob@192.0.2.20:5060" };
        Ok(Word::Request(Decision::Relay(Relay { targets: vec![target(uri, 1000)], ..Relay::default() })))
    });
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:carol@example.test", 1, ""));
    assert_eq!(ladder(&sent), ["MESSAGE 192.0.2.1:5060"]);
    let text = String::from_utf8(sent[0].message.bytes().to_vec()).unwrap().replace("\r\n", "\n");
    let second = world.receive(world::NODE, &text);
    assert_eq!(ladder(&second), ["MESSAGE 192.0.2.20:5060"]);
    assert_eq!(second[0].message.values(sip::HeaderId::VIA).count(), 3);
}

/// §10.3 item 8: a registrar's 200 should bear the time; what a script wrote itself stays alone.
#[test]
fn a_200_to_register_has_a_date() {
    let dates = |edits: Vec<sip::Edit>| {
        let mut world = World::new(move |_, _| {
            Ok(Word::Request(Decision::Reply(Reply {
                status: 200,
                edits: edits.clone(),
                ..Reply::default()
            })))
        });
        world.pass(Duration::from_secs(61));
        let sent = world.receive(ALICE, &request("REGISTER", "sip:example.test", 1, ""));
        let dates = sent[0].message.head().fields(sip::HeaderId::DATE).map(String::from_utf8_lossy);
        dates.map(String::from).collect::<Vec<_>>()
    };
    // a minute after the world's wall clock began
    assert_eq!(dates(Vec::new()), ["Tue, 14 Nov 2023 22:14:21 GMT"]);
    let own = sip::HeaderEdit { id: sip::HeaderId::DATE, name: "".into(), value: b"yesterday"[..].into() };
    assert_eq!(dates(vec![sip::Edit::Append(own)]), ["yesterday"]);
}

/// A call from Alice to both phones, answered by Bob; what Alice got.
fn forked_call(world: &mut World) -> (Vec<world::Sent>, Vec<world::Sent>) {
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    assert_eq!(ladder(&sent), ["100 192.0.2.10:5060", "INVITE 192.0.2.20:5060", "INVITE 192.0.2.30:5060"]);
    let answered =
        world.receive(BOB, &response(&sent[1].message, 200, "b1", "Contact: <sip:bob@192.0.2.20>"));
    (sent, answered)
}

fn forking(record_route: bool) -> World {
    World::new(move |hook, _| {
        assert_eq!(hook, Hook::Request);
        let targets = vec![target("sip:bob@192.0.2.20", 500), target("sip:bob@192.0.2.30", 500)];
        let relay = Relay { targets, targets_named: true, record_route, ..Relay::default() };
        Ok(Word::Request(Decision::Relay(relay)))
    })
}

/// RFC 3261 §13.2.2.4.
#[test]
fn the_second_phone_to_answer_has_a_dialog_too_and_only_once() {
    let mut world = forking(true);
    let (sent, answered) = forked_call(&mut world);
    let late = response(&sent[2].message, 200, "c1", "Contact: <sip:bob@192.0.2.30>");
    assert_eq!(ladder(&world.receive(CAROL, &late)), ["200 192.0.2.10:5060"]);
    assert_eq!(world.node.counters().dialogs.get(), 2);

    let bye = request("BYE", "sip:bob@192.0.2.30", 2, &routes(&answered[0].message))
        .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=c1");
    let bye = world.receive(ALICE, &bye);
    world.receive(CAROL, &response(&bye[0].message, 200, "c1", ""));
    assert_eq!(world.node.counters().dialogs.get(), 1);
    assert_eq!(
        ladder(&world.receive(CAROL, &late)),
        ["200 192.0.2.10:5060"],
        "a 2xx that was on its way twice"
    );
    assert_eq!(world.node.counters().dialogs.get(), 1, "does not bring back what is over");
}

#[test]
fn who_is_not_on_the_path_of_dialogs_has_none() {
    let mut world = forking(false);
    let (sent, _) = forked_call(&mut world);
    world.receive(CAROL, &response(&sent[2].message, 200, "c1", ""));
    assert_eq!(world.node.counters().dialogs.get(), 0);
}

#[test]
fn an_ack_goes_on_though_its_script_fails() {
    let mut world = World::new(|hook, _| match hook {
        Hook::Request => Ok(Word::Request(to_bob())),
        _ => Err(ConsultError::Trap),
    });
    world.node.set_wants(node::Wants { methods: u32::MAX, in_dialog: true });
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let answered = world.receive(BOB, &response(&sent[1].message, 200, "b1", ""));
    let in_dialog = |method: &str, cseq| {
        request(method, "sip:bob@192.0.2.20:5060", cseq, &routes(&answered[0].message))
            .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1")
    };
    assert_eq!(ladder(&world.receive(ALICE, &in_dialog("ACK", 1))), ["ACK 192.0.2.20:5060"]);
    assert_eq!(ladder(&world.receive(ALICE, &in_dialog("INFO", 2))), ["500 192.0.2.10:5060"]);
    assert_eq!(world.consulted, [Hook::Request, Hook::InDialogRequest, Hook::InDialogRequest]);
}

/// RFC 3261 §8.2.7: who answers without state ignores the ACK, and passes it to nobody.
#[test]
fn the_ack_of_what_was_refused_for_want_of_room_ends_here() {
    let room = transaction::Limits { max_server: 0, max_client: 10 };
    let mut world = World::with_room(room, |_, _| Ok(Word::Request(to_bob())));
    let invite = request("INVITE", "sip:bob@192.0.2.20", 1, "");
    let refused = world.receive(ALICE, &invite);
    assert_eq!(ladder(&refused), ["503 192.0.2.10:5060"]);
    let tag = String::from_utf8_lossy(refused[0].message.head().to_tag().unwrap()).into_owned();
    let to = format!("To: <sip:bob@example.test>;tag={tag}");
    let ack = invite.replace("INVITE sip", "ACK sip").replace("1 INVITE", "1 ACK");
    assert!(world.receive(ALICE, &ack.replace("To: <sip:bob@example.test>", &to)).is_empty());
    let of_a_2xx = ack.replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1");
    assert_eq!(ladder(&world.receive(ALICE, &of_a_2xx)), ["ACK 192.0.2.20:5060"]);
}

#[test]
fn a_forged_route_does_not_make_us_an_open_relay() {
    let mut world = World::new(|hook, _| {
        assert_eq!(hook, Hook::Request, "not inside a dialog of ours: the script judges it as any other");
        Ok(Word::Request(Decision::Reply(Reply { status: 403, ..Reply::default() })))
    });
    let forged =
        request("MESSAGE", "sip:victim@198.51.100.1", 1, "Route: <sip:0123456789abcdef@192.0.2.1;lr>\n")
            .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=x");
    assert_eq!(ladder(&world.receive(ALICE, &forged)), ["403 192.0.2.10:5060"]);
}
