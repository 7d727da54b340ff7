//! Kamailio's CSCFs beside ours (TS 24.229 §5.1 to §5.4), in every place, over our HSS: phones with an ISIM register,
//! register again, watch their registrations, call each other with preconditions, send messages, and leave, by themselves
//! or because the HSS ends it.

use ims::reginfo::Event as ContactEvent;
use ue::{By, DeregisteredBy, Why};

use crate::kamailio::Place;
use crate::mixed::Mixed;
use crate::phone::talk;
use crate::subscribers::{Card, sims};

#[test]
fn its_p_cscf_before_our_core() {
    phones_register_call_and_leave(&[Place::Pcscf]);
}

#[test]
fn its_core_behind_our_p_cscf() {
    phones_register_call_and_leave(&[Place::Scscf, Place::Icscf]);
}

#[test]
fn its_i_cscf_between_ours() {
    phones_register_call_and_leave(&[Place::Icscf]);
}

#[test]
fn its_s_cscf_behind_ours() {
    phones_register_call_and_leave(&[Place::Scscf]);
}

/// What phones do, with Kamailio in these places.
#[track_caller]
fn phones_register_call_and_leave(places: &[Place]) {
    let Some(network) = Mixed::start(places, sims(1..=2, "")) else { return };
    let (anna, bert) = (network.phone(Card::sim(1)), network.phone(Card::sim(2)));
    for phone in [&anna, &bert] {
        let first = phone.register();
        assert!(first.is_first);
        assert_eq!(first.identity, phone.card.impu);
        phone.subscribed();
        assert_eq!(network.state(&phone.card.impu), "registered");
    }
    // §5.1.1.4
    assert!(!anna.register().is_first);

    assert_eq!(anna.message(&bert.card.impu, "are you there?"), 200, "{}", network.trace());
    bert.gets("are you there?");

    // The caller hangs up, then the callee of a call the other way.
    let (outgoing, incoming) = talk(&anna, &bert, &bert.card.impu);
    anna.hang_up(outgoing);
    assert_eq!(anna.ended(outgoing), Why::HungUp(By::Us));
    assert_eq!(bert.ended(incoming), Why::HungUp(By::Them));
    let (outgoing, incoming) = talk(&bert, &anna, &anna.card.impu);
    anna.hang_up(incoming);
    assert_eq!(bert.ended(outgoing), Why::HungUp(By::Them));
    assert_eq!(anna.ended(incoming), Why::HungUp(By::Us));
    // IR.92: with preconditions, thus with reliable provisional responses.
    for said in ["INVITE", "183 INVITE", "PRACK", "200 PRACK", "UPDATE", "200 UPDATE", "180 INVITE", "BYE"] {
        let ladder = anna.ladder();
        assert!(ladder.iter().any(|one| one == said), "no {said} in {ladder:?}");
    }

    // §5.1.1.6: who left is not reached.
    bert.deregister();
    assert_eq!(network.state(&bert.card.impu), "not-registered");
    let answered = anna.message(&bert.card.impu, "gone?");
    assert!(matches!(answered, 404 | 480), "{answered}");

    // TS 29.228 §6.1.3: RTR, and §5.4.1.5: whoever watches is told. Kamailio does not say how the contact ended.
    let is_theirs = places.contains(&Place::Scscf);
    let how = if is_theirs { ContactEvent::Unregistered } else { ContactEvent::Rejected };
    assert_eq!(network.deregister(&anna.card.impu, "permanent"), (1, 1));
    assert_eq!(anna.deregistered(), DeregisteredBy::Network(how));
    assert_eq!(network.state(&anna.card.impu), "not-registered");
    network.comes_to_rest();
}
