//! kill -9 while phones register as fast as the router takes it: every contact whose REGISTER got a 200 is there after
//! the restart, and is called.
//!
//! Phones bind their contact, bind it anew and take it back, step after step, each step when the one before is answered.
//! So after the restart a phone is where its last 200 led, or one step further: durable, but killed before it could say
//! so. `cargo test --release --package strowger --test killed -- --nocapture` shows the rate.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod under_load;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sip::{HeaderId, Message};
use under_load::phone::{self, MOST_BYTES, Place, credentials, text};
use under_load::plugins;
use under_load::router::{Router, Setup};
use under_load::{DOMAIN, alone};

/// Kills, at moments that nobody knows before.
const KILLS: usize = 5;
const ALIVE_MS: std::ops::Range<u64> = 300..1_100;
/// Phones of one life of the router.
const PHONES: usize = 1_500;
/// REGISTERs under way at once: enough to keep the router busy while each waits 100 ms for others to be made durable
/// together, few enough that socket buffers hold their answers.
const WINDOW: usize = 300;
/// A REGISTER without an answer is sent again after this.
const AGAIN: Duration = Duration::from_millis(500);
/// Phones of each life that are sent a MESSAGE after the restart.
const MESSAGED: usize = 100;
/// Fewer 200s in one life prove nothing.
const LEAST: usize = 300;
/// Who sends the MESSAGEs. Registered once, before the first kill.
const WRITER: &str = "writer";

#[test]
fn who_was_told_200_is_there_after_a_kill() {
    let _alone = alone();
    let users: Vec<String> = (0..KILLS).flat_map(names).chain([WRITER.to_owned()]).collect();
    let mut router =
        Router::start(&Setup { role: "edge", plugin: &plugins::built().edge, users: &users, more: "" });
    let writer = phone::socket(Duration::from_secs(5));
    phone::register(&writer, router.sip, WRITER);
    let mut lives: Vec<Phones> = Vec::new();
    for life in 0..KILLS {
        let mut phones = Phones::new(router.sip, names(life));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let began = Instant::now();
        let registering = std::thread::spawn(move || {
            phones.step_until(&stopped);
            phones
        });
        std::thread::sleep(Duration::from_millis(ALIVE_MS.start + chance(ALIVE_MS.end - ALIVE_MS.start)));
        router.kill();
        let alive = began.elapsed();
        stop.store(true, Ordering::Relaxed);
        let phones = registering.join().unwrap();
        println!(
            "life {life}: killed after {alive:.1?}, {} REGISTERs answered 200, {:.0}/s",
            phones.accepted,
            phones.accepted as f64 / alive.as_secs_f64()
        );
        assert!(phones.accepted >= LEAST, "too few to prove anything");
        lives.push(phones);

        router.start_again();
        for phones in &mut lives {
            phones.are_all_there();
        }
        lives[life].are_reached(&writer, router.sip);
    }
}

fn names(life: usize) -> Vec<String> {
    (0..PHONES).map(|n| format!("p{life}-{n}")).collect()
}

/// Whether a step leaves a binding: two of three do.
fn binds(step: u32) -> bool {
    !step.is_multiple_of(3)
}

/// A number below this that nobody knows before.
fn chance(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}

struct Phone {
    user: String,
    place: Place,
    /// The last step that was asked for, and the last that was answered 200; 0: none.
    asked: u32,
    told: u32,
    /// The challenge that credentials are made for, and how often it was used.
    challenge: Option<Message>,
    uses: u32,
    /// What waits for an answer, and since when.
    waiting: Option<(Vec<u8>, Instant)>,
    /// The contact as the registrar gave it back to a question after a restart.
    found: Option<String>,
}

/// All phones of one life, behind one socket.
struct Phones {
    router: SocketAddr,
    socket: UdpSocket,
    own: SocketAddr,
    phones: Vec<Phone>,
    by_call_id: HashMap<String, usize>,
    accepted: usize,
}

impl Phones {
    fn new(router: SocketAddr, names: Vec<String>) -> Phones {
        let socket = phone::socket(Duration::from_millis(20));
        let own = socket.local_addr().unwrap();
        let phone = |user: String| Phone {
            place: Place { uri: format!("sip:{DOMAIN}"), cseq: 0, ..Place::new(&user, &user) },
            user,
            asked: 0,
            told: 0,
            challenge: None,
            uses: 0,
            waiting: None,
            found: None,
        };
        let phones: Vec<Phone> = names.into_iter().map(phone).collect();
        let by_call_id =
            phones.iter().enumerate().map(|(n, phone)| (phone.place.call_id.clone(), n)).collect();
        Phones { router, socket, own, phones, by_call_id, accepted: 0 }
    }

    /// Takes step after step until told to stop and nothing more is heard: what the router has sent counts, though it
    /// is dead.
    fn step_until(&mut self, stop: &AtomicBool) {
        for n in 0..WINDOW {
            self.next_step(n);
        }
        let mut idle = WINDOW;
        let mut buffer = vec![0; MOST_BYTES];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(length) => {
                    let response = Message::parse_datagram(&buffer[..length]).unwrap();
                    let n = self.by_call_id[&text(response.header(HeaderId::CALL_ID))];
                    if self.hear(n, &response) {
                        self.accepted += 1;
                        // The next one's turn: all phones take their steps in a row.
                        self.next_step(idle % PHONES);
                        idle += 1;
                    }
                }
                Err(_) if stop.load(Ordering::Relaxed) => return,
                Err(_) => self.send_again(),
            }
        }
    }

    fn next_step(&mut self, n: usize) {
        let phone = &mut self.phones[n];
        if phone.waiting.is_none() {
            phone.asked += 1;
            self.register(n);
        }
    }

    /// Sends the REGISTER of the phone's present step, or, after the last one, a question for its contacts.
    fn register(&mut self, n: usize) {
        let (own, is_question) = (self.own, self.phones[n].found.is_some());
        let phone = &mut self.phones[n];
        phone.place.cseq += 1;
        let mut more = if is_question {
            String::new()
        } else {
            let expires = if binds(phone.asked) { 3600 } else { 0 };
            format!("Contact: <sip:{}@{own}>;step={};expires={expires}\r\n", phone.user, phone.asked)
        };
        if let Some(challenge) = &phone.challenge {
            phone.uses += 1;
            more += &credentials(challenge, &phone.user, "REGISTER", &phone.place.uri, phone.uses);
        }
        let request = phone.place.request("REGISTER", own, &more);
        // Nobody may be there to take it.
        let _ = self.socket.send_to(&request, self.router);
        phone.waiting = Some((request, Instant::now()));
    }

    /// Whether the phone has nothing under way any more.
    fn hear(&mut self, n: usize, response: &Message) -> bool {
        let phone = &mut self.phones[n];
        let cseq = format!("{} REGISTER", phone.place.cseq);
        if phone.waiting.is_none() || text(response.header(HeaderId::CSEQ)) != cseq {
            return false;
        }
        match response.status() {
            200 => {
                phone.waiting = None;
                match &mut phone.found {
                    Some(found) => *found = text(response.header(HeaderId::CONTACT)),
                    None => phone.told = phone.asked,
                }
                true
            }
            401 => {
                phone.challenge = Some(response.clone());
                phone.uses = 0;
                self.register(n);
                false
            }
            other => panic!("{}: {other}", phone.user),
        }
    }

    fn send_again(&mut self) {
        for phone in &mut self.phones {
            if let Some((request, since)) = &mut phone.waiting
                && since.elapsed() > AGAIN
            {
                *since = Instant::now();
                let _ = self.socket.send_to(request, self.router);
            }
        }
    }

    /// Asks the registrar about every phone that was told 200 at least once.
    fn are_all_there(&mut self) {
        // What was under way at the kill is given up: sent again it would be out of order where it had been stored (§10.3).
        self.phones.iter_mut().for_each(|phone| phone.waiting = None);
        let known: Vec<usize> = (0..PHONES).filter(|&n| self.phones[n].told > 0).collect();
        let mut buffer = vec![0; MOST_BYTES];
        for window in known.chunks(WINDOW) {
            for &n in window {
                self.phones[n].found = Some(String::new());
                self.register(n);
            }
            let mut left = window.len();
            let began = Instant::now();
            while left > 0 {
                assert!(began.elapsed() < Duration::from_secs(20), "{left} questions without an answer");
                let Ok(length) = self.socket.recv(&mut buffer) else {
                    self.send_again();
                    continue;
                };
                let response = Message::parse_datagram(&buffer[..length]).unwrap();
                let n = self.by_call_id[&text(response.header(HeaderId::CALL_ID))];
                left -= usize::from(self.hear(n, &response));
            }
        }
        let mut further = 0;
        for &n in &known {
            let Phone { user, found, told, asked, .. } = &self.phones[n];
            let found = found.as_deref().unwrap();
            let is_at = |step: u32| match binds(step) {
                true => found.starts_with(&format!("<sip:{user}@{}>", self.own)) && has_step(found, step),
                false => found.is_empty(),
            };
            assert!(is_at(*told) || is_at(*asked), "{user} was told 200 for step {told}, found {found:?}");
            further += u32::from(!is_at(*told));
        }
        println!("  {} phones are where their last 200 led, {further} of them one step further", known.len());
    }

    /// Some of those who are bound get a MESSAGE, at the place where they registered.
    fn are_reached(&self, writer: &UdpSocket, router: SocketAddr) {
        let at = writer.local_addr().unwrap();
        let is_bound = |phone: &&Phone| phone.found.as_ref().is_some_and(|found| !found.is_empty());
        let mut buffer = vec![0; MOST_BYTES];
        let mut reached = 0;
        for phone in self.phones.iter().filter(is_bound).take(MESSAGED) {
            writer.send_to(&Place::new(WRITER, &phone.user).request("MESSAGE", at, ""), router).unwrap();
            let began = Instant::now();
            let request = loop {
                assert!(began.elapsed() < Duration::from_secs(5), "no MESSAGE came for {}", phone.user);
                let Ok(length) = self.socket.recv(&mut buffer) else { continue };
                let message = Message::parse_datagram(&buffer[..length]).unwrap();
                if message.is_request() {
                    break message;
                }
            };
            assert_eq!(text(Some(request.request_uri())), format!("sip:{}@{}", phone.user, self.own));
            self.socket.send_to(&phone::answer(&request, 200, "OK", ""), router).unwrap();
            let length = writer.recv(&mut buffer).expect("an answer in time");
            assert_eq!(Message::parse_datagram(&buffer[..length]).unwrap().status(), 200);
            reached += 1;
        }
        println!("  {reached} of them were sent a MESSAGE and got it");
        assert!(reached > 0);
    }
}

fn has_step(contact: &str, step: u32) -> bool {
    contact.split(';').any(|parameter| parameter == format!("step={step}"))
}
