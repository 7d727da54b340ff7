//! A CSCF that is killed in the midst of calls and registrations (`kill -9`), and its neighbours and phones: what it had told
//! anybody holds when it is back, and what does not need it goes on (TS 24.229 §5.3.1.3; the spirit of TS 23.380).

use ims::reginfo::Event as ContactEvent;
use ue::{By, CallId, DeregisteredBy, Why};

use crate::network::{Network, Setup};
use crate::phone::{Phone, talk};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, sims};
use crate::support::{Message, Request};
use crate::until;

/// Phones that are registered when it happens.
const PHONES: u32 = 24;
/// Of them, pairs that are in a call.
const CALLS: usize = 6;
/// REGISTERs under way when it happens.
const REGISTERING: u32 = 8;

/// T1 of the network: 64 of them until a silent neighbour counts as gone (RFC 3261 §17.1.2.2).
const T1_MS: u32 = 50;

struct World {
    network: Network,
    phones: Vec<Phone>,
    calls: Vec<(CallId, CallId)>,
}

impl World {
    fn new(setup: Setup) -> World {
        let network = Network::start(&setup);
        let phones: Vec<Phone> = (1..=PHONES).map(|n| Phone::new(&network, Card::sim(n))).collect();
        phones.iter().for_each(Phone::begin_to_register);
        for phone in &phones {
            phone.registration();
            phone.subscribed();
        }
        let calls =
            (0..CALLS).map(|n| talk(&phones[2 * n], &phones[2 * n + 1], &phones[2 * n + 1].card.impu));
        let calls = calls.collect();
        World { network, phones, calls }
    }

    /// Phones that begin to register, and are not waited for.
    fn registering(&self) -> Vec<Phone> {
        let cards = PHONES + 1..=PHONES + REGISTERING;
        let phones: Vec<Phone> = cards.map(|n| Phone::new(&self.network, Card::sim(n))).collect();
        phones.iter().for_each(Phone::begin_to_register);
        phones
    }

    /// Everybody is reached without having registered anew.
    #[track_caller]
    fn all_are_reached(&self) {
        for (n, phone) in self.phones.iter().enumerate() {
            let from = &self.phones[(n + 1) % self.phones.len()];
            let text = format!("to {n}");
            assert_eq!(from.message(&phone.card.impu, &text), 200, "{}", phone.card.impu);
            phone.gets(&text);
        }
    }

    /// Calls end with a BYE that the other side hears: of the caller in one, of the callee in the next.
    #[track_caller]
    fn calls_end(&mut self) {
        for (n, (outgoing, incoming)) in self.calls.drain(..).enumerate() {
            let (caller, callee) = (&self.phones[2 * n], &self.phones[2 * n + 1]);
            let (ends, hears) = if n % 2 == 0 {
                ((caller, outgoing), (callee, incoming))
            } else {
                ((callee, incoming), (caller, outgoing))
            };
            ends.0.hang_up(ends.1);
            assert_eq!(hears.0.ended(hears.1), Why::HungUp(By::Them), "call {n}");
            assert_eq!(ends.0.ended(ends.1), Why::HungUp(By::Us), "call {n}");
        }
    }

    /// New calls can be made.
    #[track_caller]
    fn one_calls(&self) {
        let (outgoing, incoming) = talk(&self.phones[0], &self.phones[3], &self.phones[3].card.impu);
        self.phones[3].hang_up(incoming);
        assert_eq!(self.phones[0].ended(outgoing), Why::HungUp(By::Them));
    }
}

fn setup() -> Setup {
    Setup { t1_ms: T1_MS, ..Setup::of(sims(1..=PHONES + REGISTERING, "")) }
}

/// What a phone's SUBSCRIBE to its own registration is answered.
fn watch(phone: &RawPhone) -> (Request, Message) {
    let subscribe = phone.request("SUBSCRIBE", &phone.card.impu).with("Event: reg\nExpires: 600");
    phone.peer.send(&subscribe);
    let ok = answer_to(phone);
    assert_eq!(ok.status(), 200, "{}", ok.text());
    let notify = phone.peer.expect("NOTIFY");
    phone.peer.answer(&notify, 200, "", "");
    (subscribe, ok)
}

/// The next final response. A NOTIFY that overtakes it stays where it is: it is sent again.
fn answer_to(phone: &RawPhone) -> Message {
    loop {
        let came = phone.peer.receive(crate::PATIENCE).expect("an answer");
        if came.status() >= 200 {
            return came;
        }
    }
}

/// The only S-CSCF, with the same folder: profiles, bindings, Paths and dialogs are there again.
#[test]
fn the_only_s_cscf_is_killed() {
    let mut world = World::new(setup());
    let watcher = RawPhone::registered(&world.network, Card::sim(PHONES + REGISTERING));
    let (subscribe, ok) = watch(&watcher);
    let under_way = world.registering();
    world.network.scscfs[0].kill();
    world.network.scscfs[0].start_again();
    world.network.is_connected();

    world.all_are_reached();
    world.calls_end();
    world.one_calls();
    // Whoever was in the midst of registering is registered by its own retransmissions, or tries again.
    for phone in &under_way[..usize::try_from(REGISTERING - 1).expect("few")] {
        let registered = phone.wish(|phone| phone.ue().is_registered());
        if !registered {
            let _ = phone.wish(|phone| phone.wish(|ue, now| ue.register(now)));
        }
        until("it is registered", || phone.wish(|phone| phone.ue().is_registered()));
    }
    // Subscriptions go on (RFC 6665 §4.1.2.2): who refreshes one is told all there is, and whoever did nothing hears of the end.
    let refresh = subscribe.within(&ok, "SUBSCRIBE", 2).with("Event: reg\nExpires: 600");
    watcher.peer.send(&refresh);
    assert_eq!(answer_to(&watcher).status(), 200);
    let notify = watcher.peer.expect("NOTIFY");
    watcher.peer.answer(&notify, 200, "", "");
    assert!(notify.text().contains("state=\"full\""), "{}", notify.text());
    let phone = &world.phones[0];
    assert_eq!(world.network.deregister(&phone.card.impu, "permanent"), (1, 1));
    assert_eq!(phone.deregistered(), DeregisteredBy::Network(ContactEvent::Rejected));
    world.network.comes_to_rest();
}

/// §5.3.1.3: of two S-CSCFs one is killed. New registrations go to the other one; what the other has goes on; who was with the
/// one that is gone registers with the other when it registers again.
#[test]
fn one_of_two_s_cscfs_is_killed() {
    // The first is preferred; subscribers 5 to 8 are sent to the second by what it can do (TS 29.228 §6.7).
    let second = "[subscriber.capabilities]\nmandatory = [7]\n";
    let subscribers = sims(1..=4, "") + &sims(5..=8, second) + &sims(9..=12, "");
    let icscf = "[capabilities]\nscscf1 = \"1\"\nscscf2 = \"1 7\"\n".to_owned();
    let setup = Setup { scscfs: 2, t1_ms: T1_MS, icscf, ..Setup::of(subscribers) };
    let mut network = Network::start(&setup);
    let first: Vec<Phone> = (1..=4).map(|n| Phone::registered(&network, Card::sim(n))).collect();
    let second: Vec<Phone> = (5..=8).map(|n| Phone::registered(&network, Card::sim(n))).collect();
    let serves = |network: &Network| [0, 1].map(|n: usize| network.scscfs[n].status("registrations"));
    assert_eq!(serves(&network), [4, 4]);
    let across = talk(&first[0], &second[0], &second[0].card.impu);
    assert!(network.scscfs[0].requests("INVITE") > 0 && network.scscfs[1].requests("INVITE") > 0);
    first[0].hang_up(across.0);
    second[0].ended(across.1);
    let lives = talk(&second[0], &second[1], &second[1].card.impu);
    let ends = talk(&second[2], &second[3], &second[3].card.impu);

    network.scscfs[0].kill();
    // New ones.
    let new: Vec<Phone> = (9..=12).map(|n| Phone::registered(&network, Card::sim(n))).collect();
    assert_eq!(network.scscfs[1].status("registrations"), 8);
    assert_eq!(new[0].message(&new[1].card.impu, "new"), 200);
    new[1].gets("new");
    // Those of the other.
    second[0].hang_up(lives.0);
    assert_eq!(second[1].ended(lives.1), Why::HungUp(By::Them));
    second[3].hang_up(ends.1);
    assert_eq!(second[2].ended(ends.0), Why::HungUp(By::Them));
    assert_eq!(second[2].message(&new[3].card.impu, "to a new one"), 200);
    new[3].gets("to a new one");
    // Those of the one that is gone: not reached until they register again, which takes them to the other.
    let status = second[0].message(&first[1].card.impu, "lost");
    assert!(matches!(status, 408 | 480 | 500 | 503 | 504), "{status}");
    first[1].register();
    assert_eq!(network.subscriber(&first[1].card.impu)["server"], network.scscfs[1].uri());
    assert_eq!(second[0].message(&first[1].card.impu, "found"), 200);
    first[1].gets("found");
    for element in [&network.scscfs[1], &network.icscf, &network.pcscf] {
        element.comes_to_rest();
    }

    // It comes back with what it had; who has gone to the other meanwhile is the other's.
    network.scscfs[0].start_again();
    network.is_connected();
    assert_eq!(second[0].message(&first[2].card.impu, "back"), 200);
    first[2].gets("back");
    assert_eq!(first[2].message(&first[1].card.impu, "moved"), 200);
    first[1].gets("moved");
    network.comes_to_rest();
}

/// §5.3.1.3: an S-CSCF that takes what comes and says nothing is no better than one that is gone.
#[test]
fn one_of_two_s_cscfs_hangs() {
    let setup = Setup { scscfs: 2, t1_ms: T1_MS, ..Setup::of(sims(1..=2, "")) };
    let network = Network::start(&setup);
    let anna = Phone::registered(&network, Card::sim(1));
    network.scscfs[0].hold();
    let bert = Phone::registered(&network, Card::sim(2));
    assert_eq!(network.scscfs[1].status("registrations"), 1);
    anna.register();
    assert_eq!(network.subscriber(&anna.card.impu)["server"], network.scscfs[1].uri());
    assert_eq!(bert.message(&anna.card.impu, "found"), 200);
    anna.gets("found");
    network.icscf.comes_to_rest();
}

/// §5.3.1.3: and it is left when it has said nothing for a while (`scscf_timeout_ms`), not when its transaction ends: that is
/// 32 s, by which the phone has given up itself.
#[test]
fn a_silent_s_cscf_is_left_in_time() {
    let icscf = "scscf_timeout_ms = 300\n".to_owned();
    let network = Network::start(&Setup { scscfs: 2, icscf, ..Setup::of(sims(1..=2, "")) });
    let anna = Phone::registered(&network, Card::sim(1));
    network.scscfs[0].hold();
    let bert = Phone::registered(&network, Card::sim(2));
    assert_eq!(network.scscfs[1].status("registrations"), 1);
    // Anna's is the one that is silent, and nobody else may serve her until she registers again: her callers are told
    // (RFC 4320 §4.2: not by 408).
    let status = bert.message(&anna.card.impu, "lost");
    assert!(matches!(status, 480 | 500 | 504), "{status}");
    anna.register();
    assert_eq!(bert.message(&anna.card.impu, "found"), 200);
    anna.gets("found");
    network.icscf.comes_to_rest();
}

/// The P-CSCF, with the same folder: who registered is known by its source, Paths and Record-Routes are its own.
#[test]
fn the_p_cscf_is_killed() {
    let mut world = World::new(setup());
    let under_way = world.registering();
    world.network.pcscf.kill();
    world.network.pcscf.start_again();
    world.all_are_reached();
    world.calls_end();
    world.one_calls();
    for phone in &under_way {
        until("it is registered", || phone.wish(|phone| phone.ue().is_registered()));
    }
    world.network.comes_to_rest();
}

/// The I-CSCF keeps nothing: only what was under way with it is sent again.
#[test]
fn the_i_cscf_is_killed() {
    let mut world = World::new(setup());
    let under_way = world.registering();
    world.network.icscf.kill();
    // §5.3.2.1: no dialog goes by it.
    world.calls_end();
    world.network.icscf.start_again();
    world.network.is_connected();
    world.all_are_reached();
    world.one_calls();
    for phone in &under_way {
        let registered = phone.wish(|phone| phone.ue().is_registered());
        if !registered {
            let _ = phone.wish(|phone| phone.wish(|ue, now| ue.register(now)));
        }
        until("it is registered", || phone.wish(|phone| phone.ue().is_registered()));
    }
    world.network.comes_to_rest();
}
