//! freeDiameter as a relay agent between CSCFs and HSS (RFC 6733 §2.8.1, §6.1.9): nobody but the agent is anybody's peer,
//! requests go by realm, those of the HSS by Destination-Host, answers come back by Hop-by-Hop Identifier.

use ims::reginfo::Event as ContactEvent;
use ue::{By, DeregisteredBy, Why};

use crate::free_diameter::{self, AGENT};
use crate::network::{Network, Setup};
use crate::phone::{Phone, talk};
use crate::subscribers::{Card, sims};
use crate::until;

/// UAR, MAR, SAR, LIR by realm; RTR and PPR back to the S-CSCF that is assigned, of two.
#[test]
fn every_command_of_cx_goes_by_a_relay() {
    let Some(program) = free_diameter::program() else { return };
    let network = Network::start(&Setup { agent: Some(program), scscfs: 2, ..Setup::of(sims(1..=2, "")) });
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    assert_eq!(network.state(&anna.card.impu), "registered");
    assert_eq!(network.subscriber(&anna.card.impu)["server"], network.scscf().uri());
    assert!(!anna.register().is_first);

    assert_eq!(anna.message(&bert.card.impu, "by the agent"), 200);
    bert.gets("by the agent");
    let (outgoing, incoming) = talk(&anna, &bert, &bert.card.impu);
    anna.hang_up(outgoing);
    assert_eq!(anna.ended(outgoing), Why::HungUp(By::Us));
    assert_eq!(bert.ended(incoming), Why::HungUp(By::Them));

    // TS 29.228 §6.2: PPR.
    network.import(&(sims(1..=1, "profile = \"plain\"\n") + "[[profile]]\nname = \"plain\"\n"));
    let pushes = || {
        let labels = [("command", "Push-Profile"), ("what", "answer_sent")];
        network.scscf().metric("strowger_diameter_messages_total", &labels)
    };
    until("the S-CSCF is told of the profile", || pushes() == 1);

    // TS 29.228 §6.1.3: RTR, told to and done by the one that is assigned.
    assert_eq!(network.deregister(&anna.card.impu, "permanent"), (1, 1));
    assert_eq!(anna.deregistered(), DeregisteredBy::Network(ContactEvent::Rejected));
    assert_eq!(network.state(&anna.card.impu), "not-registered");
    assert_eq!(bert.message(&anna.card.impu, "after"), 480);

    bert.deregister();
    assert_eq!(network.state(&bert.card.impu), "not-registered");
    network.comes_to_rest();
}

/// RFC 6733 §7.1.3: for a server that is gone the agent itself answers, with UNABLE_TO_DELIVER and the E bit.
#[test]
fn the_hss_behind_a_relay_goes_and_comes_back() {
    let Some(program) = free_diameter::program() else { return };
    let mut network = Network::start(&Setup { agent: Some(program), ..Setup::of(sims(1..=2, "")) });
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    network.hss.kill();
    // TS 24.229 §5.3.2.1, as `hss_failure` of the I-CSCF has it.
    assert_eq!(anna.message(&bert.card.impu, "nobody knows where"), 480);
    let labels = [("peer", AGENT), ("command", "Location-Info"), ("result", "3002")];
    // The P-CSCF's SUBSCRIBE (§5.2.3) may have met it too.
    assert!(network.icscf.metric("strowger_diameter_messages_total", &labels) >= 1);

    network.hss.start_again();
    network.is_connected();
    assert_eq!(anna.message(&bert.card.impu, "here again"), 200);
    bert.gets("here again");
    assert_eq!(network.deregister(&bert.card.impu, "permanent"), (1, 1));
    network.comes_to_rest();
}
