//! RFC 3261 §16.7 to §16.10: what holds for every order of events, tried with many.

#![allow(clippy::unwrap_used)]

use strowger_proxy::{Action, BranchIndex, BranchState, Event, Kind, ResponseContext};

/// A sequence that a seed decides.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize]
    }
}

/// What the world has seen of one context.
#[derive(Default)]
struct Seen {
    begun: Vec<BranchIndex>,
    breadth: Vec<(BranchIndex, u16)>,
    cancelled: Vec<BranchIndex>,
    answers: usize,
    successes: usize,
    upstream_cancel: bool,
    declined: bool,
}

struct World {
    context: ResponseContext<u64, u16>,
    kind: Kind,
    max_breadth: u16,
    seen: Seen,
    seed: u64,
}

impl World {
    fn handle(&mut self, event: Event<u16>) {
        let seed = self.seed;
        let was_answered = self.seen.answers + self.seen.successes > 0;
        let no_more = self.seen.upstream_cancel || self.seen.declined || was_answered;
        match event {
            Event::Cancel => self.seen.upstream_cancel |= self.kind == Kind::Invite,
            Event::Final { status: 600.., .. } => self.seen.declined = true,
            _ => {}
        }
        for action in self.context.handle(event) {
            match action {
                Action::Begin { branch, max_breadth } => {
                    assert!(!no_more, "seed {seed}: begun too late");
                    assert!(!self.seen.begun.contains(&branch), "seed {seed}: begun twice");
                    assert!(max_breadth >= 1, "seed {seed}");
                    self.seen.begun.push(branch);
                    self.seen.breadth.push((branch, max_breadth));
                }
                Action::Forward { branch, status, response } => {
                    assert!(self.seen.begun.contains(&branch), "seed {seed}");
                    assert_eq!(status, response, "seed {seed}");
                    assert!(status > 100, "seed {seed}: a 100 goes no further");
                    if status < 200 {
                        assert!(!was_answered, "seed {seed}: provisional after the final response");
                    } else {
                        assert!(self.kind == Kind::Invite || !was_answered, "seed {seed}");
                        self.seen.successes += 1;
                    }
                }
                Action::ResetTimerC(_) => assert_eq!(self.kind, Kind::Invite, "seed {seed}"),
                Action::Cancel(branch) => {
                    assert_eq!(self.kind, Kind::Invite, "seed {seed}");
                    assert!(self.seen.begun.contains(&branch), "seed {seed}");
                    assert!(!self.seen.cancelled.contains(&branch), "seed {seed}: cancelled twice");
                    self.seen.cancelled.push(branch);
                }
                Action::Answer(best) => {
                    assert!(!was_answered, "seed {seed}: a second final response");
                    assert!((300..700).contains(&best.status), "seed {seed}");
                    assert!(best.challenges.is_empty() || matches!(best.status, 401 | 407), "seed {seed}");
                    self.seen.answers += 1;
                }
            }
        }
        assert!(self.seen.answers <= 1, "seed {seed}");
        assert!(self.kind == Kind::Invite || self.seen.successes <= 1, "seed {seed}");
        let under_way: u16 = self
            .seen
            .breadth
            .iter()
            .filter(|(branch, _)| self.context.state(*branch) != Some(BranchState::Completed))
            .map(|(_, breadth)| *breadth)
            .sum();
        assert!(under_way <= self.max_breadth, "seed {seed}: {under_way} of {}", self.max_breadth);
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let kind = random.one_of(&[Kind::Invite, Kind::NonInvite]);
    let max_breadth = random.one_of(&[1, 2, 3, 60]);
    let targets = random.below(6) as u16;
    let mut context = ResponseContext::new(kind, max_breadth);
    for _ in 0..targets {
        context.add_target(random.one_of(&[0, 500, 1000])).unwrap();
    }
    let mut world = World { context, kind, max_breadth, seen: Seen::default(), seed };
    world.handle(Event::Start);
    for _ in 0..random.below(40) {
        let branch = random.below(u64::from(targets.max(1))) as BranchIndex;
        let event = match random.below(8) {
            0 | 1 => {
                let status = random.one_of(&[100, 180, 183, 199]);
                Event::Provisional { branch, status, response: status }
            }
            2 | 3 => {
                let status = random.one_of(&[302, 401, 404, 407, 408, 486, 487, 500, 503]);
                Event::Final { branch, status, response: Some(status) }
            }
            4 => {
                let status = random.one_of(&[200, 202, 603, 600]);
                // a response only comes where a request went
                if !world.seen.begun.contains(&branch) {
                    continue;
                }
                if status >= 600 && world.context.state(branch) == Some(BranchState::Completed) {
                    continue;
                }
                Event::Final { branch, status, response: Some(status) }
            }
            5 => random.one_of(&[Event::TimedOut(branch), Event::Unreachable(branch)]),
            6 => Event::TimerC(branch),
            _ => Event::Cancel,
        };
        world.handle(event);
    }
    // every branch comes to its end, and so does the request
    for _ in 0..2 * targets {
        for branch in 0..targets {
            world.handle(Event::TimedOut(branch));
        }
    }
    assert!(world.context.is_finished(), "seed {seed}");
    assert!(world.seen.answers + world.seen.successes >= 1, "seed {seed}: no final response");
}

#[test]
fn exactly_one_final_response_whatever_happens() {
    for seed in 0..20_000 {
        run(seed);
    }
}
