//! An element that comes back without what it had: its folder or its database is gone. Nobody is stuck: who registers again is
//! served, and until then callers are told the truth (TS 24.229 §5.3.2.1, §5.4.1.2.2; TS 29.228 §6.1.2).

use crate::network::{Network, Setup};
use crate::phone::{Phone, talk};
use crate::subscribers::{Card, sims};

/// Two phones that are registered with everybody.
fn world() -> (Network, Phone, Phone) {
    // What was under way with a neighbour that is gone is given up after 64 of these.
    let network = Network::start(&Setup { t1_ms: 50, ..Setup::of(sims(1..=2, "")) });
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    (network, anna, bert)
}

/// Both register again, and all is as before; and both can leave.
#[track_caller]
fn all_is_well(network: &Network, anna: &Phone, bert: &Phone) {
    anna.register();
    bert.register();
    assert_eq!(network.state(&anna.card.impu), "registered");
    assert_eq!(bert.message(&anna.card.impu, "well again"), 200);
    anna.gets("well again");
    let (outgoing, incoming) = talk(anna, bert, &bert.card.impu);
    bert.hang_up(incoming);
    anna.ended(outgoing);
    anna.deregister();
    assert_eq!(network.state(&anna.card.impu), "not-registered");
    assert_eq!(bert.message(&anna.card.impu, "gone"), 480);
    network.comes_to_rest();
}

/// An HSS that kept its state in memory.
#[test]
fn the_hss_forgets_who_is_registered() {
    let (mut network, anna, bert) = world();
    network.hss.kill();
    network.hss.lose("hss.db");
    network.hss.start_again();
    network.is_connected();
    assert_eq!(network.state(&anna.card.impu), "not-registered");
    // §5.3.2.1: the HSS knows of no S-CSCF; it is for the phone to register again.
    assert_eq!(bert.message(&anna.card.impu, "lost"), 480);
    all_is_well(&network, &anna, &bert);
}

/// The HSS says that it serves, and it has no contact: 480 (§5.4.3.3).
#[test]
fn the_s_cscf_forgets_everybody() {
    let (mut network, anna, bert) = world();
    network.scscfs[0].kill();
    network.scscfs[0].lose("data");
    network.scscfs[0].start_again();
    network.is_connected();
    // §5.4.3.2: of the caller nothing is known either.
    let status = bert.message(&anna.card.impu, "lost");
    assert!(matches!(status, 403 | 480 | 504), "{status}");
    all_is_well(&network, &anna, &bert);
}

/// Nobody is registered from anywhere (§5.2.6.3.2A), and Paths that it made lead nowhere (§5.2.6.4).
#[test]
fn the_p_cscf_forgets_everybody() {
    let (mut network, anna, bert) = world();
    network.pcscf.kill();
    network.pcscf.lose("data");
    network.pcscf.start_again();
    assert_eq!(bert.message(&anna.card.impu, "lost"), 403);
    bert.register();
    let status = bert.message(&anna.card.impu, "lost");
    assert!(matches!(status, 403 | 404 | 430 | 480), "{status}");
    all_is_well(&network, &anna, &bert);
}
