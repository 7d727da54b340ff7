//! The wires: datagrams that get lost, come late, twice or in another order; connections that do not.
//!
//! In: who sends what to which address, when. Out: when it arrives and at whom. Nothing is kept but who listens where,
//! which connections are open, and how many datagrams of each call were lost: an excuse that the checkers accept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use sip::Transport;
use smallvec::SmallVec;
use transaction::Time;

use crate::random::Random;

/// Port that connections are opened from; the connection's number is added.
const FIRST_EPHEMERAL_PORT: u16 = 20_000;

/// Somebody on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// A node of ours.
    Element(usize),
    /// A phone.
    Phone(usize),
}

/// What the network does to datagrams; shares in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Lost.
    pub loss: u32,
    /// Delivered twice.
    pub duplicate: u32,
    /// Delayed by up to [`Conditions::late_ms`] more, so that later ones overtake them.
    pub late: u32,
    /// The ordinary delay, shortest and longest, in milliseconds.
    pub delay_ms: (u64, u64),
    /// The longest extra delay, in milliseconds.
    pub late_ms: u64,
    /// Datagrams to where nobody listens come back as ICMP errors.
    pub icmp: u32,
}

/// What an address does where nobody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// Nothing ever comes back.
    Silent,
    /// Datagrams bring an ICMP error, connections are refused.
    Refuses,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy)]
struct End {
    host: Host,
    address: SocketAddr,
    /// What was sent to this end last arrives then.
    last_arrival: Time,
}

/// A connection: numbered from 1.
#[derive(Debug)]
struct Connection {
    transport: Transport,
    ends: [End; 2],
    is_open: bool,
}

/// Where something sent on a connection arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Time,
    /// At whom.
    pub host: Host,
    /// The sender's address as the receiver sees it.
    pub from: SocketAddr,
}

/// What has become of a datagram with these arrivals, for the ladder.
#[must_use]
pub fn fate(arrivals: &[Time]) -> &'static str {
    match arrivals.len() {
        0 => "lost",
        1 => "",
        _ => "twice",
    }
}

/// The network of one world.
#[derive(Debug)]
pub struct Network {
    random: Random,
    conditions: Conditions,
    listening: BTreeMap<(Transport, SocketAddr), Host>,
    connections: Vec<Connection>,
    lost: BTreeMap<Box<[u8]>, u32>,
    /// Datagrams lost, and those delivered twice.
    pub counts: (u64, u64),
}

impl Network {
    /// A network where nobody listens yet.
    #[must_use]
    pub fn new(random: Random, conditions: Conditions) -> Self {
        Self {
            random,
            conditions,
            listening: BTreeMap::new(),
            connections: Vec::new(),
            lost: BTreeMap::new(),
            counts: (0, 0),
        }
    }

    /// What happens to datagrams from now on.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Somebody listens at an address from now on.
    pub fn listen(&mut self, transport: Transport, address: SocketAddr, host: Host) {
        self.listening.insert((transport, address), host);
    }

    /// Somebody is gone: nobody listens there any more.
    pub fn leave(&mut self, host: Host) {
        self.listening.retain(|_, listening| *listening != host);
    }

    /// Who listens at an address.
    #[must_use]
    pub fn listener(&self, transport: Transport, address: SocketAddr) -> Option<Host> {
        self.listening.get(&(transport, address)).copied()
    }

    /// When a datagram of this call arrives: never, once or twice.
    pub fn datagram(&mut self, now: Time, call_id: &[u8]) -> SmallVec<[Time; 2]> {
        let mut arrivals = SmallVec::new();
        if self.random.chance(self.conditions.loss) {
            self.counts.0 += 1;
            *self.lost.entry(call_id.into()).or_default() += 1;
            return arrivals;
        }
        arrivals.push(now + self.delay());
        if self.random.chance(self.conditions.duplicate) {
            self.counts.1 += 1;
            arrivals.push(now + self.delay());
        }
        arrivals
    }

    /// How many datagrams of a call were lost.
    #[must_use]
    pub fn lost(&self, call_id: &[u8]) -> u32 {
        self.lost.get(call_id).copied().unwrap_or(0)
    }

    /// When the sender of a datagram to nobody learns of it, if it does.
    pub fn icmp(&mut self, now: Time, absence: Absence) -> Option<Time> {
        let told = absence == Absence::Refuses && self.random.chance(self.conditions.icmp);
        told.then(|| now + self.delay() + self.delay())
    }

    /// Opens a connection from `host` at `ip` to an address, or finds out when it is known that it cannot be.
    ///
    /// # Errors
    /// When the attempt is given up.
    pub fn connect(
        &mut self,
        now: Time,
        transport: Transport,
        from: (Host, std::net::IpAddr),
        to: SocketAddr,
        absence: Absence,
    ) -> Result<u64, Time> {
        let Some(peer) = self.listener(transport, to) else {
            let after = match absence {
                Absence::Refuses => self.delay() + self.delay(),
                Absence::Silent => CONNECT_TIMEOUT,
            };
            return Err(now + after);
        };
        let number = self.connections.len() as u64 + 1;
        let own = SocketAddr::new(from.1, FIRST_EPHEMERAL_PORT + number as u16 % 20_000);
        // A connection carries what is sent after its handshake.
        let ready = now + self.delay() + self.delay();
        let end = |host, address| End { host, address, last_arrival: ready };
        let ends = [end(from.0, own), end(peer, to)];
        self.connections.push(Connection { transport, ends, is_open: true });
        Ok(number)
    }

    /// An open connection that `host` has with this address at its other end.
    #[must_use]
    pub fn connection(&self, host: Host, transport: Transport, remote: SocketAddr) -> Option<u64> {
        let place = self.connections.iter().position(|connection| {
            let [one, other] = &connection.ends;
            connection.is_open
                && connection.transport == transport
                && ((one.host == host && other.address == remote)
                    || (other.host == host && one.address == remote))
        });
        place.map(|place| place as u64 + 1)
    }

    /// When and where a message on a connection arrives. None: it is closed.
    pub fn on_stream(&mut self, now: Time, connection: u64, from: Host) -> Option<Arrival> {
        let delay = self.delay();
        let place = usize::try_from(connection).ok()?.checked_sub(1)?;
        let connection = self.connections.get_mut(place).filter(|connection| connection.is_open)?;
        let sender = usize::from(connection.ends[0].host != from);
        let from = connection.ends[sender].address;
        let receiver = &mut connection.ends[1 - sender];
        // Nothing overtakes on a stream.
        receiver.last_arrival = (receiver.last_arrival + Duration::from_micros(1)).max(now + delay);
        Some(Arrival { at: receiver.last_arrival, host: receiver.host, from })
    }

    /// The transport of a connection.
    #[must_use]
    pub fn transport_of(&self, connection: u64) -> Option<Transport> {
        let place = usize::try_from(connection).ok()?.checked_sub(1)?;
        self.connections.get(place).map(|connection| connection.transport)
    }

    /// Closes every connection of a host; what is under way on them is lost.
    pub fn close_all(&mut self, host: Host) {
        for connection in &mut self.connections {
            connection.is_open &= connection.ends.iter().all(|end| end.host != host);
        }
    }

    /// Whether a connection is open.
    #[must_use]
    pub fn is_open(&self, connection: u64) -> bool {
        usize::try_from(connection)
            .ok()
            .and_then(|number| self.connections.get(number.checked_sub(1)?))
            .is_some_and(|connection| connection.is_open)
    }

    fn delay(&mut self) -> Duration {
        let (low, high) = self.conditions.delay_ms;
        let mut delay = self.random.time(low, high);
        if self.random.chance(self.conditions.late) {
            delay += self.random.time(0, self.conditions.late_ms);
        }
        delay
    }
}

/// How long a connection to a silent address is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: Conditions =
        Conditions { loss: 300, duplicate: 300, late: 300, delay_ms: (1, 20), late_ms: 500, icmp: 1000 };

    #[test]
    fn a_stream_loses_nothing_and_keeps_the_order() {
        let mut network = Network::new(Random::new(1), BAD);
        let (alice, edge) = (Host::Phone(0), Host::Element(0));
        let to: SocketAddr = "192.0.2.1:5060".parse().unwrap();
        let ip = "192.0.2.10".parse().unwrap();
        network.listen(Transport::Tcp, to, edge);
        let connection =
            network.connect(Time::ZERO, Transport::Tcp, (alice, ip), to, Absence::Silent).unwrap();
        assert_eq!(network.connection(alice, Transport::Tcp, to), Some(connection));
        let mut last = Time::ZERO;
        for _ in 0..100 {
            let arrival = network.on_stream(Time::ZERO, connection, alice).unwrap();
            assert!(arrival.host == edge && arrival.at > last);
            last = arrival.at;
        }
        assert_eq!(network.on_stream(last, connection, edge).unwrap().host, alice);
        network.close_all(alice);
        assert_eq!(network.on_stream(last, connection, alice), None);
        assert!(!network.is_open(connection) && !network.is_open(0));
    }

    #[test]
    fn datagrams_are_lost_doubled_and_overtaken() {
        let mut network = Network::new(Random::new(2), BAD);
        let arrivals: Vec<_> = (0..300).map(|_| network.datagram(Time::ZERO, b"call")).collect();
        assert!(
            arrivals.iter().any(|times| times.is_empty()) && arrivals.iter().any(|times| times.len() == 2)
        );
        let firsts: Vec<Time> = arrivals.iter().filter_map(|times| times.first().copied()).collect();
        assert!(firsts.windows(2).any(|two| two[0] > two[1]));
        assert_eq!(u64::from(network.lost(b"call")), network.counts.0);
        assert_eq!(network.lost(b"other"), 0);
    }

    #[test]
    fn nobody_there_is_noticed_or_not() {
        let mut network = Network::new(Random::new(3), BAD);
        let to: SocketAddr = "192.0.2.99:5060".parse().unwrap();
        let from = (Host::Element(0), "192.0.2.1".parse().unwrap());
        assert!(network.icmp(Time::ZERO, Absence::Refuses).is_some());
        assert!(network.icmp(Time::ZERO, Absence::Silent).is_none());
        let given_up = network.connect(Time::ZERO, Transport::Tcp, from, to, Absence::Silent).unwrap_err();
        assert_eq!(given_up, Time::ZERO + CONNECT_TIMEOUT);
    }
}
