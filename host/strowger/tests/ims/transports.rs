//! How phones are reached: by TCP, by datagrams that are too large, after they were switched off and on (RFC 3261 §18,
//! RFC 5626, TS 24.229 §5.2.2, §7.7); and what they do in calls (TS 24.610).

use ue::{By, Event};

use crate::network::{Network, Setup};
use crate::phone::{Phone, talk};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, sims, soft};
use crate::until;

/// A phone by TCP, and one that sends by TCP what is too long for a datagram (§18.1.1), each as caller and callee.
#[test]
fn phones_on_connections() {
    let network = Network::of(sims(1..=3, ""));
    let tcp = Phone::with(&network, Card::sim(1), |settings| settings.transport = sip::Transport::Tcp);
    let both = Phone::with(&network, Card::sim(2), |settings| settings.tcp_above = Some(1_300));
    let udp = Phone::registered(&network, Card::sim(3));
    for phone in [&tcp, &both] {
        phone.register();
        phone.subscribed();
    }
    let pairs = [(&tcp, &udp), (&udp, &tcp), (&both, &udp), (&udp, &both), (&both, &tcp), (&tcp, &both)];
    for (caller, callee) in pairs {
        let (outgoing, incoming) = talk(caller, callee, &callee.card.impu);
        callee.hang_up(incoming);
        caller.ended(outgoing);
        // A MESSAGE has no Contact (RFC 3428 §4): on a connection of its own nobody knows whose it is.
        let length = if std::ptr::eq(caller, &both) { 100 } else { 3_000 };
        let text = "x".repeat(length);
        assert_eq!(caller.message(&callee.card.impu, &text), 200, "{} to {}", caller.at, callee.at);
        callee.gets(&text);
    }
    tcp.deregister();
    both.deregister();
    network.comes_to_rest();
}

/// TS 24.610 §4.5.2.1: hold and resume, by either side.
#[test]
fn a_call_is_held_and_resumed() {
    let network = Network::of(sims(1..=2, ""));
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    let (outgoing, incoming) = talk(&anna, &bert, &bert.card.impu);
    is_acknowledged(&bert);
    for ((holds, own), (held, other)) in
        [((&anna, outgoing), (&bert, incoming)), ((&bert, incoming), (&anna, outgoing))]
    {
        holds.wish(move |phone| phone.wish(|ue, now| ue.hold(now, own))).expect("it can hold");
        held.expect("hold", |event| (*event == Event::Held { call: other, by: By::Them }).then_some(()));
        holds.expect("hold", |event| (*event == Event::Held { call: own, by: By::Us }).then_some(()));
        is_acknowledged(held);
        holds.wish(move |phone| phone.wish(|ue, now| ue.resume(now, own))).expect("it can resume");
        held.expect("resumption", |event| {
            (*event == Event::Resumed { call: other, by: By::Them }).then_some(())
        });
        holds
            .expect("resumption", |event| (*event == Event::Resumed { call: own, by: By::Us }).then_some(()));
        is_acknowledged(held);
    }
    anna.hang_up(outgoing);
    bert.ended(incoming);
    network.comes_to_rest();
}

/// Its answers to INVITEs were acknowledged: an ACK may be overtaken by what follows it, which goes by TCP where it is longer
/// (RFC 3261 §18.1.1), and the next offer is then refused (§14.2).
fn is_acknowledged(phone: &Phone) {
    let count = |what: &str| phone.ladder().iter().filter(|one| *one == what).count();
    until("the ACK is there", || count("ACK") == count("200 INVITE"));
}

/// A phone loses its battery and comes back at another port: its old contact is there for as long as it asked for, and does
/// no harm. §5.1.1.2.1: its card has gone on meanwhile, and the network's sequence numbers with it.
#[test]
fn a_phone_that_was_switched_off() {
    let pcscf = "t1_ms = 100\nt2_ms = 400\n".to_owned();
    // A NOTIFY to the phone that is gone is given up after 64 of these.
    let network = Network::start(&Setup { pcscf, t1_ms: 100, ..Setup::of(sims(1..=2, "")) });
    let anna = Phone::registered(&network, Card::sim(1));
    let before = Phone::registered(&network, Card::sim(2));
    let bert = before.card.impu.clone();
    drop(before);
    let after = Phone::registered(&network, Card::sim(2));
    assert_eq!(anna.message(&bert, "to the new one"), 200);
    after.gets("to the new one");
    let (outgoing, incoming) = talk(&anna, &after, &bert);
    anna.hang_up(outgoing);
    after.ended(incoming);
    network.comes_to_rest();
}

/// Everything that was kept for somebody goes with the registration: contacts, profiles, challenges, subscriptions.
#[test]
fn nothing_is_left_of_who_is_gone() {
    let network = Network::of(sims(1..=6, "") + &soft("alice", ""));
    let phones: Vec<Phone> = (1..=3).map(|n| Phone::registered(&network, Card::sim(n))).collect();
    let mut raw: Vec<RawPhone> = (4..=6).map(|n| RawPhone::registered(&network, Card::sim(n))).collect();
    let alice = Phone::registered(&network, Card::soft("alice"));
    let scscf = network.scscf();
    assert_eq!(scscf.status("registrations"), 7);
    let (outgoing, _) = talk(&phones[0], &phones[1], &phones[1].card.impu);
    // §5.1.1.6: the calls end with the registration.
    phones[0].deregister();
    phones[0].ended(outgoing);
    phones[1..].iter().chain([&alice]).for_each(Phone::deregister);
    for phone in &mut raw {
        assert_eq!(phone.register("Contact: *\nExpires: 0").status(), 200);
    }
    assert_eq!(scscf.status("registrations"), 0);
    for (name, what) in [("strowger_subscribers", "profiles"), ("strowger_subscriptions", "subscriptions")] {
        until(what, || scscf.metric(name, &[]) == 0);
    }
    for (element, name) in [(&network.pcscf, "P"), (&network.icscf, "I"), (scscf, "S")] {
        until(name, || element.status("dialogs") == 0);
    }
    network.comes_to_rest();
}
