//! What happens in one world, all of it drawn from the seed before the world begins.
//!
//! In: a seed. Out: [`Scenario`]: who is there, who calls whom and what becomes of it, what the network does, which
//! faults strike when. Times are the world's, from its start.
//!
//! ```text
//!  0 s        8 s            12 s                                  62 s          end
//!  registrations   some leave   calls, MESSAGE … (swap, drain, restart)   tails    tables must be empty
//! ```

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use sip::Transport;
use transaction::Time;

use crate::network::{Absence, Conditions};
use crate::random::Random;

/// The domain that the edge serves.
pub const DOMAIN: &str = "example.test";
/// A domain of somebody else, with two addresses; nobody is at the first.
pub const ELSEWHERE: &str = "other.test";
/// Number of the node with the plugin.
pub const EDGE: usize = 0;
/// Number of the node before it, whose script is part of the harness.
pub const TRANSIT: usize = 1;
/// Port of all SIP but WebSocket.
pub const PORT: u16 = 5060;
/// Port of WebSocket.
pub const WS_PORT: u16 = 80;
/// When phones that leave are gone.
pub const LEAVE_AT: Time = Time::from_millis(8_000);
/// When a world may be looked at for what was left behind: after all that a last call can still cause (Timer C, and a
/// callee who is cancelled and never answers).
pub const TAIL: Duration = Duration::from_secs(2_100);
/// A node that ends begins anew after this at the latest, in milliseconds.
pub const LONGEST_DOWN_MS: u64 = 3_000;
/// Requests begin and end within these times, in milliseconds.
const BUSY_MS: (u64, u64) = (12_000, 62_000);

/// A phone.
#[derive(Debug, Clone)]
pub struct Device {
    /// Whose it is: its user part is `u` and this number.
    pub user: usize,
    /// How it talks to its node.
    pub transport: Transport,
    /// A phone that registered over UDP takes TCP too.
    pub takes_tcp: bool,
    /// The node that it sends to.
    pub through: usize,
    /// It names that node in a Route of its own.
    pub names_route: bool,
    /// Preference of its contact in thousandths.
    pub q: u16,
    /// Asks for responses to its source port (RFC 3581).
    pub rport: bool,
    /// Its Via names a host that is no address.
    pub named: bool,
    /// When it registers, for how many seconds; none: never.
    pub registers: Option<(Time, u32)>,
    /// It registers again before that.
    pub refreshes: bool,
    /// After [`LEAVE_AT`] it is gone, like this.
    pub leaves: Option<Absence>,
    /// Its password is wrong.
    pub is_stranger: bool,
    /// Its contact is the address-of-record itself: requests to it go round in circles.
    pub loops: bool,
}

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callee {
    /// A user of the domain.
    User(usize),
    /// Somebody the domain does not know.
    Unknown,
    /// Somebody at [`ELSEWHERE`].
    Elsewhere,
    /// Somebody at a domain that does not exist.
    Nowhere,
}

/// What a phone does about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Rings, then answers.
    Accept {
        /// Rings after this.
        ring: Duration,
        /// Answers after this, both from the call's arrival.
        after: Duration,
    },
    /// Refuses with a status.
    Refuse {
        /// After this.
        after: Duration,
        /// 300 to 699.
        status: u16,
    },
    /// Rings until it is cancelled.
    Ring,
    /// Rings, and answers in the very moment the CANCEL comes: its 200 crosses it.
    Cross,
    /// Says nothing at all.
    Deaf,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// When.
    pub at: Time,
    /// Number of the calling phone.
    pub caller: usize,
    /// Who is called.
    pub callee: Callee,
    /// What the called phones do, by their numbers, round and round.
    pub answers: Vec<Answer>,
    /// The caller gives up after this.
    pub cancel_after: Option<Duration>,
    /// How long they talk.
    pub talk: Duration,
    /// Who ends it.
    pub caller_hangs_up: bool,
    /// A re-INVITE in the middle, from the caller (true) or the callee.
    pub reinvite: Option<bool>,
    /// Of several phones that answer, the caller keeps the last instead of the first.
    pub keeps_last: bool,
    /// Max-Forwards of the INVITE.
    pub max_forwards: u8,
}

/// What else is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// MESSAGE of this many bytes.
    Message(usize),
    /// OPTIONS to somebody.
    Options,
    /// OPTIONS to the node itself.
    Probe,
    /// A CANCEL for nothing.
    StrayCancel,
    /// An ACK for nothing.
    StrayAck,
}

/// A request outside of calls.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    /// When.
    pub at: Time,
    /// Number of the phone.
    pub from: usize,
    /// Who it is for.
    pub to: Callee,
    /// What.
    pub kind: Kind,
    /// Its Max-Forwards.
    pub max_forwards: u8,
}

/// What goes wrong inside of nodes; shares in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Consultations that give no decision.
    pub consult_errors: u32,
    /// Consultations that take their time, and the longest time, in milliseconds.
    pub slow: (u32, u64),
    /// Searches for a next hop that fail.
    pub locate_failures: u32,
    /// The transit node's script asks about replies.
    pub asks_replies: u32,
    /// It asks about failures, and then sometimes goes elsewhere.
    pub asks_failures: u32,
    /// It gives a target limited time.
    pub gives_up: u32,
    /// It wants to see requests inside dialogs.
    pub wants_in_dialog: bool,
    /// Transactions of each kind that a node has room for.
    pub room: u32,
}

/// One world's story.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Where it comes from.
    pub seed: u64,
    /// The network.
    pub conditions: Conditions,
    /// The nodes.
    pub faults: Faults,
    /// The phones; the last one is the one at [`ELSEWHERE`].
    pub devices: Vec<Device>,
    /// The calls.
    pub calls: Vec<Call>,
    /// The rest.
    pub exchanges: Vec<Exchange>,
    /// The plugin is replaced.
    pub swap_at: Option<Time>,
    /// The edge takes no new requests any more.
    pub drain_at: Option<Time>,
    /// Connections of these phones break.
    pub breaks: Vec<(Time, usize)>,
    /// These nodes end, and begin anew after the time.
    pub restarts: Vec<(Time, usize, Duration)>,
    /// After this, nothing new begins.
    pub end: Time,
}

/// The address of a phone.
#[must_use]
pub fn phone_address(number: usize) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100 + number as u8)), PORT)
}

/// The address of a node for a transport.
#[must_use]
pub fn element_address(number: usize, transport: Transport) -> SocketAddr {
    let port = if transport == Transport::Ws { WS_PORT } else { PORT };
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1 + number as u8)), port)
}

/// An address at [`ELSEWHERE`] where nobody is.
#[must_use]
pub fn deserted_address() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 9)), PORT)
}

impl Scenario {
    /// The story of a seed. Every fifth is calm: nothing is lost and nothing fails, so that nothing excuses a peer who
    /// waits in vain.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let calm = seed.is_multiple_of(5);
        let (conditions, faults) = if calm { calm_weather() } else { weather(&mut random) };
        let (devices, users) = devices(&mut random);
        let stays = |number: &usize| devices[*number].leaves.is_none() && !devices[*number].loops;
        let talkers: Vec<usize> = (0..devices.len() - 1).filter(stays).collect();
        // Requests inside a dialog do not reach a WebSocket phone: its Contact is a name that does not exist.
        let has_address = |number: &usize| devices[*number].transport != Transport::Ws;
        let callers: Vec<usize> = talkers.iter().copied().filter(has_address).collect();
        let number_of_calls = random.between(8, 24);
        let calls: Vec<Call> = (0..number_of_calls).map(|_| call(&mut random, &callers, users)).collect();
        let number_of_exchanges = random.between(5, 15);
        let exchanges = (0..number_of_exchanges).map(|_| exchange(&mut random, &talkers, users)).collect();
        let swap_at = random.chance(600).then(|| moment(&mut random, BUSY_MS));
        let drain_at = random.chance(200).then(|| moment(&mut random, (50_000, BUSY_MS.1)));
        let mut breaks = Vec::new();
        for (number, device) in devices.iter().enumerate() {
            if device.transport.is_reliable() && random.chance(200) {
                breaks.push((moment(&mut random, BUSY_MS), number));
            }
        }
        let restarts = if calm { Vec::new() } else { restarts(&mut random) };
        // Cancelled or not, talked or not: a call is over this long after its beginning.
        let end = Time::from_millis(BUSY_MS.1) + Duration::from_secs(60);
        Self { seed, conditions, faults, devices, calls, exchanges, swap_at, drain_at, breaks, restarts, end }
    }

    /// Whether requests to this callee may rightly stay without an answer: one of the phones is gone, or somebody on
    /// the way is.
    #[must_use]
    pub fn may_time_out(&self, callee: Callee) -> bool {
        match callee {
            Callee::User(user) => {
                self.devices.iter().any(|device| device.user == user && device.leaves.is_some())
            }
            Callee::Elsewhere => true,
            Callee::Unknown | Callee::Nowhere => false,
        }
    }
}

/// One in three worlds has one.
fn restarts(random: &mut Random) -> Vec<(Time, usize, Duration)> {
    if !random.chance(350) {
        return Vec::new();
    }
    let node = random.pick(&[EDGE, TRANSIT]);
    let down = if random.chance(500) { Duration::ZERO } else { random.time(0, LONGEST_DOWN_MS) };
    vec![(moment(random, BUSY_MS), node, down)]
}

fn moment(random: &mut Random, (low, high): (u64, u64)) -> Time {
    Time::ZERO + random.time(low, high)
}

fn calm_weather() -> (Conditions, Faults) {
    let conditions = Conditions { loss: 0, duplicate: 0, late: 0, delay_ms: (1, 20), late_ms: 0, icmp: 1000 };
    let faults = Faults {
        consult_errors: 0,
        slow: (0, 0),
        locate_failures: 0,
        asks_replies: 0,
        asks_failures: 0,
        gives_up: 0,
        wants_in_dialog: false,
        room: 10_000,
    };
    (conditions, faults)
}

fn weather(random: &mut Random) -> (Conditions, Faults) {
    let conditions = Conditions {
        loss: random.pick(&[0, 10, 50, 100, 200]),
        duplicate: random.pick(&[0, 20, 100]),
        late: random.pick(&[0, 50, 200]),
        delay_ms: random.pick(&[(1, 5), (5, 40), (20, 120)]),
        late_ms: random.pick(&[50, 300, 900]),
        icmp: random.pick(&[0, 500, 1000]),
    };
    let faults = Faults {
        consult_errors: random.pick(&[0, 0, 10, 60]),
        slow: random.pick(&[(0, 0), (100, 30), (300, 400), (50, 3_000)]),
        locate_failures: random.pick(&[0, 0, 50]),
        asks_replies: random.pick(&[0, 300, 1000]),
        asks_failures: random.pick(&[0, 300, 1000]),
        gives_up: random.pick(&[0, 0, 300]),
        wants_in_dialog: random.chance(400),
        room: random.pick(&[10_000, 10_000, 10_000, 10_000, 10_000, 40, 15]),
    };
    (conditions, faults)
}

/// The phones, and how many users they belong to. Each user has one to three; the last phone is the one elsewhere.
fn devices(random: &mut Random) -> (Vec<Device>, usize) {
    let users = random.between(3, 6);
    let mut devices = Vec::new();
    for user in 0..users {
        for _ in 0..random.pick(&[1, 1, 2, 3]) {
            devices.push(device(random, user));
        }
    }
    // A user of its own, so that nobody else's calls go in circles.
    if random.chance(300) {
        let looping =
            Device { transport: Transport::Udp, through: TRANSIT, loops: true, ..device(random, users) };
        devices.push(Device { registers: Some((Time::from_millis(500), 3600)), leaves: None, ..looping });
    }
    let elsewhere = Device {
        registers: None,
        transport: Transport::Udp,
        takes_tcp: true,
        leaves: None,
        ..device(random, users + 1)
    };
    devices.push(elsewhere);
    // The user beyond the last one is the one whose calls go in circles, or nobody.
    (devices, users + usize::from(random.chance(500)))
}

fn device(random: &mut Random, user: usize) -> Device {
    let transport = random.pick(&[
        Transport::Udp,
        Transport::Udp,
        Transport::Udp,
        Transport::Udp,
        Transport::Tcp,
        Transport::Tcp,
        Transport::Ws,
    ]);
    // The edge keeps the flow of a WebSocket only if it sees the connection itself.
    let through = if transport != Transport::Ws && random.chance(400) { TRANSIT } else { EDGE };
    let registers =
        (!random.chance(120)).then(|| (moment(random, (0, 5_000)), random.pick(&[3600, 3600, 60, 20])));
    Device {
        user,
        transport,
        takes_tcp: random.chance(500),
        through,
        names_route: random.chance(500),
        q: random.pick(&[1000, 1000, 500, 200]),
        rport: random.chance(700),
        named: random.chance(200),
        registers,
        refreshes: random.chance(800),
        leaves: random.chance(120).then(|| random.pick(&[Absence::Silent, Absence::Refuses])),
        is_stranger: random.chance(40),
        loops: false,
    }
}

fn callee(random: &mut Random, users: usize) -> Callee {
    match random.below(20) {
        0 => Callee::Unknown,
        1 | 2 => Callee::Elsewhere,
        3 => Callee::Nowhere,
        _ => Callee::User(random.below(users)),
    }
}

fn max_forwards(random: &mut Random) -> u8 {
    if random.chance(60) { random.below(4) as u8 } else { 70 }
}

fn call(random: &mut Random, callers: &[usize], users: usize) -> Call {
    let answers = (0..random.between(1, 3)).map(|_| answer(random)).collect();
    let cancels = random.chance(350);
    let patience = if cancels { random.time(0, 12_000) } else { random.time(30_000, 45_000) };
    // Nobody waits for Timer C every time, and nobody never.
    let cancel_after = (cancels || random.chance(700)).then_some(patience);
    Call {
        at: moment(random, BUSY_MS),
        caller: if callers.is_empty() { 0 } else { random.pick(callers) },
        callee: callee(random, users),
        answers,
        cancel_after,
        talk: random.time(500, 25_000),
        caller_hangs_up: random.chance(500),
        reinvite: random.chance(300).then(|| random.chance(500)),
        keeps_last: random.chance(300),
        max_forwards: max_forwards(random),
    }
}

fn answer(random: &mut Random) -> Answer {
    match random.below(20) {
        0..=9 => {
            let (low, high) = random.pick(&[(0, 0), (0, 300), (300, 10_000)]);
            let after = random.time(low, high);
            Answer::Accept { ring: random.time(0, 800).min(after), after }
        }
        10..=14 => Answer::Refuse {
            after: random.time(0, 4_000),
            status: random.pick(&[486, 480, 404, 500, 503, 603, 302, 606]),
        },
        15 | 16 => Answer::Ring,
        17 | 18 => Answer::Cross,
        _ => Answer::Deaf,
    }
}

fn exchange(random: &mut Random, talkers: &[usize], users: usize) -> Exchange {
    let kind = match random.below(10) {
        0..=4 => Kind::Message(random.pick(&[2, 200, 1_500])),
        5 | 6 => Kind::Options,
        7 => Kind::Probe,
        8 => Kind::StrayCancel,
        _ => Kind::StrayAck,
    };
    Exchange {
        at: moment(random, BUSY_MS),
        from: if talkers.is_empty() { 0 } else { random.pick(talkers) },
        to: callee(random, users),
        kind,
        max_forwards: max_forwards(random),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_tells_one_story_and_another_seed_another() {
        let tell = |seed| format!("{:?}", Scenario::of(seed));
        assert_eq!(tell(1), tell(1));
        assert_ne!(tell(1), tell(2));
    }

    #[test]
    fn the_first_hundred_seeds_have_a_bit_of_everything() {
        let all: Vec<Scenario> = (0..100).map(Scenario::of).collect();
        let calls = || all.iter().flat_map(|scenario| &scenario.calls);
        let devices = || all.iter().flat_map(|scenario| &scenario.devices);
        for answer in [Answer::Ring, Answer::Cross, Answer::Deaf] {
            assert!(calls().any(|call| call.answers.contains(&answer)), "{answer:?}");
        }
        for transport in [Transport::Udp, Transport::Tcp, Transport::Ws] {
            assert!(devices().any(|device| device.transport == transport), "{transport:?}");
        }
        assert!(devices().any(|device| device.loops) && devices().any(|device| device.leaves.is_some()));
        assert!(calls().any(|call| call.max_forwards < 2) && calls().any(|call| call.keeps_last));
        assert!(all.iter().any(|scenario| scenario.swap_at.is_some()));
        assert!(all.iter().any(|scenario| scenario.drain_at.is_some()));
        assert!(all.iter().any(|scenario| !scenario.breaks.is_empty()));
        for node in [EDGE, TRANSIT] {
            assert!(all.iter().flat_map(|scenario| &scenario.restarts).any(|(_, who, _)| *who == node));
        }
    }
}
