//! RFC 6733 §5.6: two nodes that connect to each other at once.

use std::time::Duration;

use strowger_diameter::Outcome;
use strowger_diameter::peer::state::State;

use crate::messages::*;
use crate::world::{Faults, World};

fn both() -> Vec<strowger_diameter::node::Config> {
    vec![config("a.ims.test", &[("b.ims.test", true)]), config("b.ims.test", &[("a.ims.test", true)])]
}

fn states(world: &World) -> (State, State) {
    let state = |actor: usize| world.actors[actor].node.peers().next().unwrap().state;
    (state(0), state(1))
}

#[test]
fn one_connection_is_left_and_it_is_that_of_the_lower_name() {
    let world = World::open(both());
    // "The responder connection will survive if the Origin-Host of the local Diameter entity is higher": b's responder.
    assert_eq!(states(&world), (State::IOpen, State::ROpen));
    assert_eq!((world.actors[0].node.connections(), world.actors[1].node.connections()), (1, 1));
}

#[test]
fn whatever_the_delays_both_agree() {
    for seed in 0..200 {
        let mut world = World::new(seed, both());
        world.faults = Faults { breaks: 0, delay: Duration::from_millis(50), piece: 40 };
        world.start();
        world.pass(seconds(40));
        let (a, b) = states(&world);
        let is_one = matches!((a, b), (State::IOpen, State::ROpen) | (State::ROpen, State::IOpen));
        assert!(is_one, "seed {seed}: {a:?} and {b:?}");
        assert_eq!((world.actors[0].node.connections(), world.actors[1].node.connections()), (1, 1));
        let one = world.send(0, uar("a.ims.test", "a;1;1"), seconds(5));
        let two = world.send(1, uar("b.ims.test", "b;1;1"), seconds(5));
        world.pass(seconds(5));
        assert_eq!((world.outcome(0, one), world.outcome(1, two)), (Outcome::SUCCESS, Outcome::SUCCESS));
    }
}

#[test]
fn a_connection_that_breaks_in_the_exchange_is_tried_again() {
    for seed in 0..100 {
        let mut world = World::new(seed, both());
        world.faults = Faults { breaks: 200, delay: Duration::from_millis(50), piece: 60 };
        world.start();
        world.pass(seconds(20));
        world.faults.breaks = 0;
        world.pass(seconds(200));
        assert!(world.is_open(0, 0) && world.is_open(1, 0), "seed {seed}: {:?}", states(&world));
        assert_eq!((world.actors[0].node.connections(), world.actors[1].node.connections()), (1, 1));
    }
}
