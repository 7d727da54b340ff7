//! What happens in one IMS, all of it drawn from the seed before the world begins.
//!
//! In: a seed. Out: [`Story`]: who is there with which services, who registers, calls and leaves, what the network and the
//! HSS do wrong, what restarts. Times are the world's, from its start.
//!
//! ```text
//!   0 s       12 s                     80 s     calm      probes          all phones vanish          nothing is left
//!   registrations   calls, MESSAGE …   │  re-registrations │ everybody who  │ registrations run out     │
//!                   troubles           │                   │ is registered  │                           │
//!                                      └ troubles end      └ gets a MESSAGE └                           └
//! ```

use std::time::Duration;

use transaction::Time;

use super::home::{ELEMENTS, ICSCF, PCSCF, SCSCFS};
use crate::network::Conditions;
use crate::random::Random;

/// Registrations begin before this, ms.
const REGISTERED_MS: u64 = 8_000;
/// Requests begin within these times, ms.
const BUSY_MS: (u64, u64) = (14_000, 70_000);
/// From here on nothing goes wrong any more.
pub(crate) const CALM_AT: Time = Time::from_millis(80_000);
/// Everybody who takes himself for registered gets a MESSAGE: behind all that is late: the last re-registration that a
/// trouble had fail, and Timer F of a phone (TS 24.229 table 7.8: 128 s).
pub(crate) const PROBES_AT: Time = Time::from_millis(1_500_000);
/// They are called too, and take the call.
pub(crate) const CALLS_AT: Time = Time::from_millis(1_600_000);
/// The phones are switched off without a word.
pub(crate) const VANISH_AT: Time = Time::from_millis(1_800_000);
/// When everything must have ended by itself: a subscription to a registration has the longest time, 600,000 s.
pub(crate) const END: Time = Time::from_millis(1_800_000 + 7 * 24 * 3_600_000);

/// A user with one phone.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// Initial filter criteria, by priority.
    pub(crate) chain: Vec<Criterion>,
    /// When it registers.
    pub(crate) registers: Time,
    /// For how many seconds.
    pub(crate) expires: u32,
    /// Reliable provisional responses, preconditions, session timers.
    pub(crate) is_volte: bool,
    /// It says that it is somebody else (P-Asserted-Identity).
    pub(crate) spoofs: bool,
    /// What it does about calls, round and round.
    pub(crate) answers: Vec<Answer>,
    /// The HSS serves it while it is not registered.
    pub(crate) has_unregistered_services: bool,
}

/// Initial filter criteria.
#[derive(Debug, Clone)]
pub(crate) struct Criterion {
    /// Lower goes first.
    pub(crate) priority: u32,
    /// Number of the application server, from 0.
    pub(crate) server: usize,
    /// On this method.
    pub(crate) method: &'static str,
    /// In this session case only (TS 29.228 §F.4: 0 originating, 1 terminating registered, 2 terminating unregistered).
    pub(crate) case: Option<u8>,
    /// SESSION_TERMINATED.
    pub(crate) terminates: bool,
}

/// What an application server does about what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// Sends it back.
    Transparent,
    /// Sends it back after longer than anybody waits for it.
    Late,
    /// Refuses with this status.
    Refuses(u16),
    /// Says nothing.
    Silent,
    /// Makes two calls of one.
    B2bua,
    /// Sends it back by an ODI that it made itself.
    Forges,
}

/// What a phone does about a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// Takes it after this.
    Accept(Duration),
    /// Refuses it after this.
    Refuse(Duration, u16),
    /// Rings until somebody else ends it.
    Ring,
}

/// What somebody does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Registers again at once.
    Register(usize),
    /// Ends its registration.
    Deregister(usize),
    /// Calls.
    Call {
        from: usize,
        to: usize,
        /// By which of the callee's identities.
        identity: usize,
        cancel_after: Option<Duration>,
        talk: Duration,
        caller_hangs_up: bool,
        holds: bool,
    },
    /// Sends a MESSAGE.
    Message { from: usize, to: usize, identity: usize },
    /// Sends its last REGISTER with credentials once more, as another request.
    Replay(usize),
    /// The HSS ends the registration (RTR).
    Terminate(usize),
    /// A phone is switched off.
    Vanish(usize),
}

/// What the HSS does about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HssTrouble {
    /// No connection.
    Unreachable,
    /// The request is lost.
    Silent,
    /// The answer takes as long as this at most, ms.
    Slow(u64),
    /// UNABLE_TO_COMPLY.
    Fails,
    /// An answer that nobody can use.
    Nonsense,
}

/// A time when something is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trouble {
    /// From.
    pub(crate) from: Time,
    /// Until.
    pub(crate) until: Time,
    /// What.
    pub(crate) what: Wrong,
}

/// What is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wrong {
    /// An element is down, and comes back with or without what it had stored.
    Down { element: usize, loses_store: bool },
    /// Two elements do not reach each other.
    Cut(usize, usize),
    /// The HSS fails some of the requests, a share in thousandths.
    Hss(HssTrouble, u32),
}

/// One world's story.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    /// Where it comes from.
    pub(crate) seed: u64,
    /// What the network does until [`CALM_AT`].
    pub(crate) conditions: Conditions,
    /// Everybody.
    pub(crate) users: Vec<User>,
    /// Application servers.
    pub(crate) servers: Vec<Server>,
    /// What is done, and when.
    pub(crate) acts: Vec<(Time, Act)>,
    /// What goes wrong.
    pub(crate) troubles: Vec<Trouble>,
}

/// A network where nothing is lost.
pub(crate) const CALM: Conditions =
    Conditions { loss: 0, duplicate: 0, late: 0, delay_ms: (1, 20), late_ms: 0, icmp: 1000 };

impl Story {
    /// Nothing goes wrong in it: there is no excuse for anything.
    pub(crate) fn is_calm(seed: u64) -> bool {
        seed.is_multiple_of(5)
    }

    /// The story of a seed.
    pub(crate) fn of(seed: u64) -> Story {
        let random = &mut Random::new(seed ^ 0x1345);
        let is_calm = Story::is_calm(seed);
        let conditions = match is_calm {
            true => CALM,
            false => Conditions {
                loss: random.pick(&[0, 20, 60]),
                duplicate: random.pick(&[0, 20, 80]),
                late: random.pick(&[0, 50]),
                delay_ms: random.pick(&[(1, 20), (5, 80)]),
                late_ms: 700,
                icmp: random.pick(&[0, 1000]),
            },
        };
        let servers: Vec<Server> = (0..random.between(1, 4)).map(|_| server(random)).collect();
        let count = random.between(2, 5);
        let users: Vec<User> = (0..count).map(|_| user(random, servers.len())).collect();
        let mut acts: Vec<(Time, Act)> = (0..random.between(6, 14))
            .map(|_| (Time::ZERO + random.time(BUSY_MS.0, BUSY_MS.1), act(random, count)))
            .collect();
        if !is_calm && random.chance(300) {
            let at = Time::ZERO + random.time(BUSY_MS.0, BUSY_MS.1);
            acts.push((at, Act::Vanish(random.below(count))));
        }
        acts.sort_by_key(|(at, _)| *at);
        let troubles = match is_calm {
            true => Vec::new(),
            false => (0..random.between(0, 3)).map(|_| trouble(random)).collect(),
        };
        Story { seed, conditions, users, servers, acts, troubles }
    }
}

fn server(random: &mut Random) -> Server {
    let refusal = random.pick(&[403, 480, 486, 503, 500, 603]);
    match random.below(12) {
        0 => Server::Late,
        1 => Server::Refuses(refusal),
        2 => Server::Silent,
        3 => Server::Forges,
        4 | 5 => Server::B2bua,
        _ => Server::Transparent,
    }
}

fn user(random: &mut Random, servers: usize) -> User {
    let mut chain = Vec::new();
    for priority in 0..random.below(4) as u32 {
        chain.push(Criterion {
            priority,
            server: random.below(servers),
            method: random.pick(&["INVITE", "INVITE", "INVITE", "MESSAGE", "REGISTER"]),
            case: random.pick(&[None, Some(0), Some(1)]),
            terminates: random.chance(300),
        });
    }
    let answers = (0..3).map(|_| answer(random)).collect();
    User {
        chain,
        registers: Time::ZERO + random.time(0, REGISTERED_MS),
        expires: random.pick(&[60, 120, 600, 7_200]),
        is_volte: random.chance(600),
        spoofs: random.chance(250),
        answers,
        has_unregistered_services: random.chance(300),
    }
}

fn answer(random: &mut Random) -> Answer {
    match random.below(8) {
        0 => Answer::Refuse(random.time(100, 4_000), random.pick(&[486, 480, 603, 404])),
        1 => Answer::Ring,
        _ => Answer::Accept(random.time(50, 6_000)),
    }
}

fn act(random: &mut Random, users: usize) -> Act {
    let from = random.below(users);
    // Now and then somebody whom nobody knows.
    let to = if random.chance(50) { users } else { random.below(users) };
    let identity = random.below(3);
    match random.below(20) {
        0..9 => Act::Call {
            from,
            to,
            identity,
            cancel_after: random.chance(200).then(|| random.time(10, 5_000)),
            talk: random.time(200, 20_000),
            caller_hangs_up: random.chance(500),
            holds: random.chance(200),
        },
        9..14 => Act::Message { from, to, identity },
        14..16 => Act::Register(from),
        16 => Act::Deregister(from),
        17 => Act::Terminate(from),
        _ => Act::Replay(from),
    }
}

fn trouble(random: &mut Random) -> Trouble {
    let from = Time::ZERO + random.time(2_000, 60_000);
    let what = match random.below(4) {
        0 => {
            let element = random.pick(&[PCSCF, ICSCF, SCSCFS[0], SCSCFS[1]]);
            Wrong::Down { element, loses_store: random.chance(500) }
        }
        1 => {
            let one = random.below(ELEMENTS);
            Wrong::Cut(one, (one + random.between(1, ELEMENTS - 1)) % ELEMENTS)
        }
        _ => {
            let kinds = [
                HssTrouble::Unreachable,
                HssTrouble::Silent,
                HssTrouble::Slow(8_000),
                HssTrouble::Fails,
                HssTrouble::Nonsense,
            ];
            Wrong::Hss(random.pick(&kinds), random.pick(&[200, 600, 1000]))
        }
    };
    Trouble { from, until: from + random.time(500, 18_000), what }
}
