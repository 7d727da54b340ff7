//! An HSS that is slow, silent, wrong, or gone (TS 24.229 §5.3.1.2, §5.3.2.1, §5.4.1.2; TS 29.228 §6; RFC 6733 §5): every
//! phone gets the answer of the standard in bounded time, nobody who is registered is lost, and all is well again as soon
//! as the HSS is.

use std::time::{Duration, Instant};

use crate::network::{Network, Setup};
use crate::phone::{Phone, talk};
use crate::raw_phone::RawPhone;
use crate::relay::{Fault, LIR, MAR, SAR, UAR};
use crate::subscribers::{Card, sims};
use crate::until;

/// What the HSS has to answer where silence is tried, ms.
const HSS_MS: u32 = 400;

/// An answer that depends on the HSS comes within this: one question here, another one for the S-CSCF's choice.
const IN_TIME: Duration = Duration::from_secs(4);

/// Statuses that say whose fault it is: 480 where the I-CSCF cannot ask (§5.3.1.2, §5.3.2.1), 504 where the S-CSCF cannot
/// (§5.4.1.2.1, §5.4.1.2.2), which the I-CSCF passes on when there is no other S-CSCF (§5.3.1.3).
const COMMANDS: [(u32, u16); 4] = [(UAR, 480), (MAR, 504), (SAR, 504), (LIR, 480)];

/// Every fault befalls every command; between them the same phone registers, and others never notice.
#[test]
fn every_fault_of_every_command() {
    let setup = Setup { relayed: true, hss_ms: HSS_MS, ..Setup::of(sims(1..=3, "")) };
    let network = Network::start(&setup);
    let anna = Phone::registered(&network, Card::sim(1));
    let bert = Phone::registered(&network, Card::sim(2));
    let mut carl = RawPhone::new(&network, Card::sim(3));
    for fault in [Fault::Silence, Fault::Failure, Fault::Bare, Fault::Garbage, Fault::Cut] {
        for (command, expected) in COMMANDS {
            let case = format!("{fault:?} instead of the answer to {command}");
            network.relay().set(fault, Some(command));
            let began = Instant::now();
            if command == LIR {
                assert_eq!(anna.message(&bert.card.impu, "lost"), expected, "{case}");
            } else {
                let answered = carl.register("Expires: 600");
                assert_eq!(answered.status(), expected, "{case}\n{}", answered.text());
            }
            assert!(began.elapsed() < IN_TIME, "{case}: {:?}", began.elapsed());
            network.comes_to_rest();
            network.relay().heal();
            network.is_connected();
            // What was lost on the way may have been done: the HSS and we agree again with the next attempt.
            let answered = carl.register("Expires: 600");
            assert_eq!(answered.status(), 200, "{case}, and then well\n{}", answered.text());
            let answered = carl.register("Expires: 0");
            assert_eq!(answered.status(), 200, "{case}, and then gone\n{}", answered.text());
        }
        assert_eq!(network.scscf().status("registrations"), 2, "{fault:?}: the others are there");
        assert_eq!(anna.message(&bert.card.impu, "after all"), 200);
        bert.gets("after all");
        bert.forget();
    }
    let (outgoing, incoming) = talk(&anna, &bert, &bert.card.impu);
    anna.hang_up(outgoing);
    bert.ended(incoming);
    network.comes_to_rest();
}

/// What is there already goes on without the HSS: a registration is renewed (§5.4.1.2.2: the S-CSCF has the profile), and an end
/// is an end (§5.4.1.4), whatever becomes of the SAR.
#[test]
fn what_is_there_needs_no_hss() {
    let setup = Setup { relayed: true, hss_ms: HSS_MS, ..Setup::of(sims(1..=3, "")) };
    let network = Network::start(&setup);
    let anna = Phone::registered(&network, Card::sim(1));
    let mut bert = RawPhone::registered(&network, Card::sim(2));
    network.relay().set(Fault::Silence, Some(SAR));
    let answered = bert.register("Expires: 900");
    assert_eq!(answered.status(), 200, "{}", answered.text());
    assert!(answered.get("Contact").contains("expires=900"), "{}", answered.text());
    // No challenge without the HSS: an attempt fails, and the registration stays.
    network.relay().set(Fault::Silence, Some(MAR));
    let answered = bert.register("Expires: 900");
    assert_eq!(answered.status(), 504, "{}", answered.text());
    assert_eq!(network.scscf().status("registrations"), 2);
    network.relay().set(Fault::Silence, Some(SAR));
    let answered = bert.register("Expires: 0");
    assert_eq!(answered.status(), 200, "{}", answered.text());
    assert_eq!(network.scscf().status("registrations"), 1);
    network.relay().heal();
    // The HSS knew of the SAR, or it did not: nobody is reached, and Bert may come back.
    assert_eq!(anna.message(&bert.card.impu, "gone"), 480);
    let answered = bert.register("Expires: 600");
    assert_eq!(answered.status(), 200, "{}", answered.text());
    network.comes_to_rest();
}

/// A registration and a call while the HSS takes its time: what becomes of them, in words.
fn scenario(network: &Network) -> Vec<String> {
    let anna = Phone::registered(network, Card::sim(1));
    let mut bert = RawPhone::new(network, Card::sim(2));
    let mut said = Vec::new();
    said.push(format!("registered {}", bert.register("Expires: 600").status()));
    said.push(format!("state {}", network.state(&bert.card.impu)));
    bert.peer.send(&bert.request("MESSAGE", &anna.card.impu));
    said.push(format!("message {}", bert.peer.final_response().status()));
    said.push(format!("nobody {}", anna.message("sip:nobody@ims.test", "lost")));
    let mut mallory = RawPhone::new(network, Card { impu: Card::sim(1).impu, ..Card::sim(3) });
    said.push(format!("another's {}", mallory.register("Expires: 600").status()));
    said.push(format!("end {}", bert.register("Expires: 0").status()));
    said.push(format!("state {}", network.state(&bert.card.impu)));
    anna.deregister();
    said.push(format!("state {}", network.state(&anna.card.impu)));
    network.comes_to_rest();
    said
}

/// A slow HSS changes nothing but the time that it takes.
#[test]
fn a_slow_hss_is_as_good_as_a_quick_one() {
    let network = Network::start(&Setup { relayed: true, ..Setup::of(sims(1..=3, "")) });
    let quick = scenario(&network);
    network.relay().set(Fault::Delay(Duration::from_millis(10)), None);
    assert_eq!(scenario(&network), quick);
    // Three seconds for one question: T1 of the phones is two, they send their REGISTER again meanwhile (RFC 3261 §17.1.2).
    network.relay().set(Fault::Delay(Duration::from_secs(3)), Some(SAR));
    let anna = Phone::new(&network, Card::sim(1));
    let began = Instant::now();
    anna.register();
    assert!(began.elapsed() >= Duration::from_secs(3));
    assert_eq!(network.scscf().metric("strowger_diameter_messages_total", &[("what", "deadline")]), 0);
    network.comes_to_rest();
}

/// The HSS killed: who is registered calls within the S-CSCF's knowledge, who is not is told so; and nobody has to do anything
/// when it is back.
#[test]
fn an_hss_that_dies_and_comes_back() {
    let mut network = Network::start(&Setup { hss_ms: 1_000, ..Setup::of(sims(1..=3, "")) });
    let anna = Phone::registered(&network, Card::sim(1));
    let bert = Phone::registered(&network, Card::sim(2));
    let (outgoing, incoming) = talk(&anna, &bert, &bert.card.impu);
    network.hss.kill();

    let mut carl = RawPhone::new(&network, Card::sim(3));
    let began = Instant::now();
    let answered = carl.register("Expires: 600");
    assert_eq!(answered.status(), 480, "{}", answered.text());
    assert_eq!(anna.message(&bert.card.impu, "lost"), 480);
    assert!(began.elapsed() < 2 * IN_TIME, "{:?}", began.elapsed());
    // Dialogs ask nobody.
    anna.hang_up(outgoing);
    bert.ended(incoming);
    network.comes_to_rest();

    network.hss.start_again();
    network.is_connected();
    let answered = carl.register("Expires: 600");
    assert_eq!(answered.status(), 200, "{}", answered.text());
    assert_eq!(network.state(&anna.card.impu), "registered", "it is in the database");
    assert_eq!(anna.message(&bert.card.impu, "well again"), 200);
    bert.gets("well again");
    assert!(!anna.register().is_first);
    assert_eq!(network.scscf().status("registrations"), 3);
    network.comes_to_rest();
}

/// Connections cut again and again while phones register: each of them gets an answer, and in the end all are registered.
#[test]
fn cut_in_the_midst_of_registrations() {
    const PHONES: u32 = 12;
    const CUTS: u32 = 3;
    let setup = Setup { relayed: true, hss_ms: 1_000, ..Setup::of(sims(1..=PHONES, "")) };
    let network = Network::start(&setup);
    for _ in 0..CUTS {
        std::thread::scope(|scope| {
            let phones: Vec<_> = (1..=PHONES)
                .map(|n| {
                    let network = &network;
                    scope
                        .spawn(move || RawPhone::new(network, Card::sim(n)).register("Expires: 600").status())
                })
                .collect();
            network.relay().cut();
            for phone in phones {
                let status = phone.join().expect("an answer");
                assert!(matches!(status, 200 | 480 | 504 | 403), "{status}");
            }
        });
        network.comes_to_rest();
    }
    network.is_connected();
    for n in 1..=PHONES {
        RawPhone::registered(&network, Card::sim(n));
    }
    until("all are registered", || network.scscf().metric("strowger_subscribers", &[]) == u64::from(PHONES));
    network.comes_to_rest();
}
