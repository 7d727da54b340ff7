//! Phones, a home network, and the datagrams between them, in virtual time.
//!
//! Everything that happens is kept: what each phone tells, and what was said on the wire as a ladder.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use sip::{Flow, HeaderId, Message, Transport};
use strowger_ue::{Event, Output, Settings, Ue};
use transaction::Time;

use super::{HOME, Home, address};

/// On its way.
struct Underway {
    transport: Transport,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// What was sent, whether it arrived or not.
pub struct Said {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub transport: Transport,
    pub message: Message,
}

pub struct World {
    pub now: Time,
    pub home: Home,
    pub phones: Vec<Ue>,
    /// What each phone told.
    pub told: Vec<Vec<(Time, Event)>>,
    pub said: Vec<Said>,
    /// Datagrams lost and doubled, in thousandths.
    pub loss: u64,
    pub doubled: u64,
    luck: u64,
    underway: BTreeMap<(Time, u64), Underway>,
    sent: u64,
}

impl World {
    pub fn new(phones: impl IntoIterator<Item = Settings>) -> World {
        let mut number = 0;
        let ue = |settings: Settings| {
            number += 1;
            Ue::new(settings, [number; 16]).unwrap()
        };
        let phones: Vec<Ue> = phones.into_iter().map(ue).collect();
        World {
            now: Time::from_millis(1_000),
            home: Home::new(address(HOME)),
            told: phones.iter().map(|_| Vec::new()).collect(),
            phones,
            said: Vec::new(),
            loss: 0,
            doubled: 0,
            luck: 0x9e37_79b9_7f4a_7c15,
            underway: BTreeMap::new(),
            sent: 0,
        }
    }

    /// With the trouble of this seed.
    pub fn seeded(mut self, seed: u64, loss: u64, doubled: u64) -> World {
        self.luck ^= seed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (self.loss, self.doubled) = (loss, doubled);
        self
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.luck ^= self.luck << 13;
        self.luck ^= self.luck >> 7;
        self.luck ^= self.luck << 17;
        self.luck % below
    }

    /// A phone wants something.
    pub fn wish<T>(&mut self, phone: usize, wish: impl FnOnce(&mut Ue, Time) -> T) -> T {
        let result = wish(&mut self.phones[phone], self.now);
        self.drain();
        result
    }

    /// Everybody registers, and what follows from it is over.
    pub fn registered(mut self) -> World {
        for phone in 0..self.phones.len() {
            self.wish(phone, |ue, now| ue.register(now)).unwrap();
        }
        let is_done =
            |told: &[(Time, Event)]| told.iter().any(|(_, event)| matches!(event, Event::Notified { .. }));
        self.until("everybody is registered", |world| world.told.iter().all(|told| is_done(told)));
        self.run_for(Duration::from_secs(60));
        self.forget();
        self
    }

    /// What was told and said so far does not count.
    pub fn forget(&mut self) {
        self.said.clear();
        self.told.iter_mut().for_each(Vec::clear);
    }

    /// Lives until this is so, which must be within the longest registration and a while.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&World) -> bool) {
        let end = self.now + Duration::from_secs(700_000);
        while !is_so(self) {
            assert!(self.step(end), "{what}: never\n{}", self.ladder());
        }
    }

    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
        self.now = end;
    }

    /// The next thing that happens until then.
    fn step(&mut self, end: Time) -> bool {
        let due = self.phones.iter().filter_map(Ue::poll_timeout).chain(self.home.poll_timeout()).min();
        let arrival = self.underway.keys().next().map(|(at, _)| *at);
        let Some(next) = due.into_iter().chain(arrival).min().filter(|next| *next <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        if let Some(entry) = self.underway.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let arrived = entry.remove();
            self.arrive(arrived);
        } else {
            for phone in &mut self.phones {
                phone.handle_timeout(self.now);
            }
            self.home.handle_timeout(self.now);
        }
        self.drain();
        true
    }

    fn arrive(&mut self, Underway { transport, from, to, bytes }: Underway) {
        if to == address(HOME) {
            return self.home.handle(self.now, transport, from, &bytes);
        }
        let connection = u64::from(transport.is_reliable());
        let flow = Flow { transport, listener: 0, connection, remote: from };
        if let Some(phone) = self.phones.iter_mut().find(|phone| phone.settings().local == to) {
            phone.handle_received(self.now, flow, &bytes);
        }
    }

    /// What phones and home put out goes on its way.
    pub fn drain(&mut self) {
        for number in 0..self.phones.len() {
            while let Some(output) = self.phones[number].poll_output() {
                let local = self.phones[number].settings().local;
                match output {
                    Output::Event { at, event } => self.told[number].push((at, event)),
                    Output::Transmit { flow, bytes, .. } => {
                        self.send(flow.transport, local, flow.remote, bytes.to_vec());
                    }
                }
            }
        }
        for (transport, to, bytes) in std::mem::take(&mut self.home.outbox) {
            self.send(transport, address(HOME), to, bytes);
        }
    }

    fn send(&mut self, transport: Transport, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        let message = Message::parse_datagram(&bytes).unwrap();
        self.said.push(Said { from, to, transport, message });
        let copies = match transport {
            Transport::Udp if self.draw(1_000) < self.loss => 0,
            Transport::Udp if self.draw(1_000) < self.doubled => 2,
            _ => 1,
        };
        for _ in 0..copies {
            self.sent += 1;
            // In a network without trouble nothing overtakes.
            let has_trouble = self.loss + self.doubled > 0 && !transport.is_reliable();
            let delay = if has_trouble { 5 + self.draw(40) } else { 10 };
            let at = self.now + Duration::from_millis(delay);
            let bytes = bytes.clone();
            self.underway.insert((at, self.sent), Underway { transport, from, to, bytes });
        }
    }

    /// What a phone told, without the messages.
    pub fn events(&self, phone: usize) -> Vec<&Event> {
        let is_message = |event: &&Event| matches!(event, Event::Sent(_) | Event::Heard(_));
        self.told[phone].iter().map(|(_, event)| event).filter(|event| !is_message(event)).collect()
    }

    /// The same as lines.
    pub fn story(&self, phone: usize) -> Vec<String> {
        self.events(phone).iter().map(|event| event.to_string()).collect()
    }

    pub fn has(&self, phone: usize, is_it: impl Fn(&Event) -> bool) -> bool {
        self.told[phone].iter().any(|(_, event)| is_it(event))
    }

    /// When a phone first told something.
    #[track_caller]
    pub fn when(&self, phone: usize, is_it: impl Fn(&Event) -> bool) -> Time {
        self.told[phone].iter().find(|(_, event)| is_it(event)).map(|(at, _)| *at).unwrap()
    }

    /// Messages that a phone sent, such as `INVITE` or `200 INVITE`, or those that it was sent.
    pub fn spoken(&self, phone: usize, by_it: bool) -> Vec<String> {
        let local = self.phones[phone].settings().local;
        let is_its = |said: &&Said| if by_it { said.from == local } else { said.to == local };
        self.said.iter().filter(is_its).map(|said| name(&said.message)).collect()
    }

    /// Every message between phone and network, arrows as the phone sees them.
    pub fn seen_by(&self, phone: usize) -> Vec<String> {
        let local = self.phones[phone].settings().local;
        let line = |said: &Said| match (said.from == local, said.to == local) {
            (true, _) => Some(format!("> {}", name(&said.message))),
            (_, true) => Some(format!("< {}", name(&said.message))),
            _ => None,
        };
        self.said.iter().filter_map(line).collect()
    }

    /// The last message of this name that a phone sent.
    #[track_caller]
    pub fn last(&self, phone: usize, what: &str) -> &Message {
        let local = self.phones[phone].settings().local;
        let found = self.said.iter().rev().find(|said| said.from == local && name(&said.message) == what);
        &found.unwrap_or_else(|| panic!("no {what}\n{}", self.ladder())).message
    }

    pub fn ladder(&self) -> String {
        let mut lines: Vec<_> = (0..self.phones.len())
            .flat_map(|phone| self.told[phone].iter().map(move |(at, event)| (*at, phone, event.to_string())))
            .collect();
        lines.sort_by_key(|(at, ..)| *at);
        lines
            .iter()
            .map(|(at, phone, event)| format!("{:>9} ms  phone {phone}  {event}\n", at.as_millis()))
            .collect()
    }
}

/// `INVITE`, or `200 INVITE`.
pub fn name(message: &Message) -> String {
    let method = message.head().transaction_method();
    match message.status() {
        0 => method.as_str().to_owned(),
        status => format!("{status} {}", method.as_str()),
    }
}

/// A header field of a message, as text.
#[track_caller]
pub fn header(message: &Message, id: HeaderId) -> String {
    let value = message.header(id).unwrap_or_else(|| panic!("no {}", id.name()));
    String::from_utf8(value.to_vec()).unwrap()
}
