//! Three nodes in a bad world: wires that break in the middle of messages, pieces of any length, delays. Out of a seed,
//! so that a failure can be looked at again.

use std::time::Duration;

use strowger_diameter::node::RequestId;

use crate::messages::*;
use crate::world::{Faults, Host, World};

/// An S-CSCF (0) that connects to two HSSs (1, 2), which connect to it as well.
fn configs() -> Vec<strowger_diameter::node::Config> {
    vec![
        config("s.ims.test", &[("hss1.ims.test", true), ("hss2.ims.test", true)]),
        config("hss1.ims.test", &[("s.ims.test", true)]),
        config("hss2.ims.test", &[("s.ims.test", false)]),
    ]
}

struct Story {
    world: World,
    requests: Vec<(usize, RequestId)>,
}

impl Story {
    /// Half a minute of requests both ways, among faults.
    fn tell(seed: u64, faults: Faults) -> Story {
        let mut world = World::new(seed, configs());
        world.start();
        world.pass(seconds(3));
        world.faults = faults;
        let mut requests = Vec::new();
        for number in 0..60 {
            let late = Duration::from_millis(number * 13 % 300);
            for actor in 0..3 {
                world.actors[actor].host = Host::AnswersAfter(late, strowger_diameter::Outcome::SUCCESS);
            }
            for (actor, message) in [
                (0, uar("s.ims.test", &format!("s;1;{number}"))),
                (1, ppr("hss1.ims.test", &format!("h;1;{number}"), "s.ims.test")),
            ] {
                // Where nobody is open, nothing is sent, and that is told at once.
                if let Ok(id) = world.try_send(actor, message, seconds(10)) {
                    requests.push((actor, id));
                }
            }
            world.pass(Duration::from_millis(500));
        }
        Story { world, requests }
    }

    /// What must be true whatever happened.
    fn check(mut self, seed: u64) -> (usize, usize) {
        self.world.pass(seconds(15));
        let mut good = 0;
        for (actor, id) in &self.requests {
            // `ended` itself refuses a second end.
            let ended = self.world.ended(*actor, *id);
            assert!(ended.is_some(), "seed {seed}: {id:?} of {actor} has no end");
            good += usize::from(ended.is_some_and(|ended| ended.is_ok()));
        }
        for (at, actor) in self.world.actors.iter().enumerate() {
            assert_eq!((actor.node.outstanding(), actor.node.unanswered()), (0, 0), "seed {seed}: {at}");
            // One host sees a request once, however often it comes.
            let mut seen: Vec<_> = actor.seen.iter().map(|one| one.header().end_to_end).collect();
            let count = seen.len();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), count, "seed {seed}: {at} saw a request twice");
        }
        self.world.faults = Faults { breaks: 0, delay: Duration::from_millis(5), piece: 0 };
        self.world.pass(seconds(300));
        for (actor, peer) in [(0, 0), (0, 1), (1, 0), (2, 0)] {
            assert!(self.world.is_open(actor, peer), "seed {seed}: {actor} does not come back to {peer}");
        }
        let connections = self.world.actors.iter().map(|actor| actor.node.connections());
        assert_eq!(connections.collect::<Vec<_>>(), [2, 1, 1], "seed {seed}: none is left over");
        (good, self.requests.len())
    }
}

#[test]
fn delays_and_pieces_alone_lose_nothing() {
    for seed in 0..20 {
        let faults = Faults { breaks: 0, delay: Duration::from_millis(80), piece: 30 };
        let (good, all) = Story::tell(seed, faults).check(seed);
        assert_eq!((good, all), (120, 120), "seed {seed}");
    }
}

#[test]
fn wires_that_break_lose_little_and_confuse_nothing() {
    let (mut good, mut all) = (0, 0);
    for seed in 0..60 {
        let faults = Faults { breaks: 2, delay: Duration::from_millis(80), piece: 60 };
        let (some, of) = Story::tell(seed, faults).check(seed);
        (good, all) = (good + some, all + of);
    }
    assert!(all > 5000 && good * 100 > all * 90, "{good} of {all}");
}

#[test]
fn a_world_that_breaks_all_the_time_ends_all_the_same() {
    for seed in 0..30 {
        let faults = Faults { breaks: 60, delay: Duration::from_millis(200), piece: 20 };
        Story::tell(seed, faults).check(seed);
    }
}

#[test]
fn the_same_seed_is_the_same_story() {
    let faults = Faults { breaks: 5, delay: Duration::from_millis(80), piece: 40 };
    let [one, two] = [(); 2].map(|()| {
        let story = Story::tell(9, faults);
        story.world.actors.iter().map(|actor| actor.sent.clone()).collect::<Vec<_>>()
    });
    assert!(one == two);
}
