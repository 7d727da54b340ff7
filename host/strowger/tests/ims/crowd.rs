//! An S-CSCF that is killed (`kill -9`) with a crowd of registrations and calls, on each database: who was told that it is
//! registered is reached without having done anything, calls that stand go on and are ended by either side, and what was to
//! happen at a time happens.
//!
//! As many as the issue of restarts is about take some minutes: `STROWGER_CROWD=full cargo test -p strowger --test ims crowd`.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::database::{Kind, Server};
use crate::network::{Network, Setup};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, sims};
use crate::support::{Message, Peer, Request};
use crate::until;

/// Phones, and pairs of them that are in a call.
#[derive(Clone, Copy)]
struct Size {
    phones: u32,
    calls: usize,
}

const SOME: Size = Size { phones: 1_000, calls: 100 };
const FULL: Size = Size { phones: 10_000, calls: 1_000 };

/// Threads that play phones, and so requests that are under way at once.
const PLAYERS: usize = 16;

/// REGISTERs of each of them that are under way when it happens.
const UNDER_WAY: usize = 8;

/// Seconds that a registration lasts whose end comes after the restart.
const SHORT: u32 = 10;

fn size() -> Size {
    match std::env::var("STROWGER_CROWD").as_deref() {
        Ok("full") => FULL,
        _ => SOME,
    }
}

/// The next message that is this one; others are retransmissions, or of no interest here: answers to REGISTERs that were
/// under way when the S-CSCF was killed.
#[track_caller]
pub(crate) fn wait_for(peer: &Peer, what: &str) -> Message {
    let deadline = Instant::now() + crate::PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match peer.receive(left) {
            Some(came) if is_of_a_register(&came) => {}
            Some(came) if came.what() == what => return came,
            Some(came) if came.status() > 200 => panic!("not {what} but\n{}", came.text()),
            Some(_) => {}
            None => panic!("{what} does not come"),
        }
    }
}

fn is_of_a_register(message: &Message) -> bool {
    message.status() > 0 && message.get("CSeq").ends_with("REGISTER")
}

/// The final answer to this request, whatever else comes.
#[track_caller]
pub(crate) fn answer_to(peer: &Peer, request: &Request) -> Message {
    let cseq = format!("{} {}", request.cseq, request.method);
    loop {
        let came = peer.receive(crate::PATIENCE).expect("an answer");
        if came.status() >= 200 && came.get("CSeq") == cseq && came.get("Call-ID") == request.call_id {
            return came;
        }
    }
}

/// A call that stands.
pub(crate) struct Call {
    pub(crate) invite: Request,
    /// As the callee has it.
    pub(crate) came: Message,
    pub(crate) ok: Message,
}

pub(crate) const CALLEE_TAG: &str = "callee";

#[track_caller]
pub(crate) fn call(caller: &RawPhone, callee: &RawPhone) -> Call {
    let invite = caller.request("INVITE", &callee.card.impu);
    caller.peer.send(&invite);
    let came = wait_for(&callee.peer, "INVITE");
    callee.peer.answer(&came, 200, CALLEE_TAG, &format!("Contact: <{}>", callee.contact()));
    let ok = wait_for(&caller.peer, "200");
    caller.peer.send(&invite.within(&ok, "ACK", 1));
    wait_for(&callee.peer, "ACK");
    Call { invite, came, ok }
}

impl Call {
    /// The caller asks for something new, as with a hold, by an UPDATE and a re-INVITE, and hangs up; or the callee does.
    fn goes_on_and_ends(&self, caller: &RawPhone, callee: &RawPhone, by_the_caller: bool) {
        for (cseq, method) in (2..).zip(["UPDATE", "INVITE", "BYE"]) {
            let (one, other) = if by_the_caller { (caller, callee) } else { (callee, caller) };
            let within = |method| match by_the_caller {
                true => self.invite.within(&self.ok, method, cseq),
                false => Request::back(&self.came, CALLEE_TAG, method, cseq),
            };
            let request = within(method);
            one.peer.send(&request);
            let came = wait_for(&other.peer, method);
            other.peer.answer(&came, 200, "", &format!("Contact: <{}>", other.contact()));
            let answered = answer_to(&one.peer, &request);
            assert_eq!(answered.status(), 200, "{}", answered.text());
            if method == "INVITE" {
                one.peer.send(&within("ACK"));
                wait_for(&other.peer, "ACK");
            }
        }
    }
}

/// Phones and their calls, played by several threads.
struct Crowd {
    shares: Vec<(Vec<RawPhone>, Vec<Call>)>,
}

impl Crowd {
    fn of(network: &Network, size: Size) -> Crowd {
        let phones = (1..=size.phones).map(|n| RawPhone::new(network, Card::sim(n)));
        let mut phones: Vec<RawPhone> = phones.collect();
        let each = phones.len().div_ceil(PLAYERS);
        let mut shares = Vec::new();
        while !phones.is_empty() {
            let rest = phones.split_off(each.min(phones.len()));
            shares.push((std::mem::replace(&mut phones, rest), Vec::new()));
        }
        Crowd { shares }
    }

    /// Everybody does it, some at a time.
    fn play(&mut self, act: impl Fn(&mut Vec<RawPhone>, &mut Vec<Call>) + Sync) {
        thread::scope(|scope| {
            for (phones, calls) in &mut self.shares {
                let act = &act;
                scope.spawn(move || act(phones, calls));
            }
        });
    }
}

#[test]
fn the_s_cscf_is_killed_with_a_crowd_of_registrations_and_calls() {
    killed_on("SQLite", None);
}

#[test]
fn the_s_cscf_is_killed_with_a_crowd_on_mariadb() {
    if let Some(server) = Server::start(Kind::MariaDb) {
        killed_on("MariaDB", Some(server.url()));
    }
}

#[test]
fn the_s_cscf_is_killed_with_a_crowd_on_postgresql() {
    if let Some(server) = Server::start(Kind::Postgres) {
        killed_on("PostgreSQL", Some(server.url()));
    }
}

/// One crowd at a time: each phone has a socket.
static ALONE: Mutex<()> = Mutex::new(());

fn killed_on(name: &str, database: Option<String>) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let size = size();
    let scscf = "min_expires = 1\n".to_owned();
    // Beside the crowd: one whose registration ends by itself, one whose is ended by the network.
    let (short, ended) = (size.phones + 1, size.phones + 2);
    let mut network = Network::start(&Setup { database, scscf, ..Setup::of(sims(1..=ended, "")) });
    let mut crowd = Crowd::of(&network, size);
    let calls = size.calls.div_ceil(crowd.shares.len());
    let began = Instant::now();
    crowd.play(|phones, _| {
        for phone in phones {
            let answered = phone.register("Expires: 3600");
            assert_eq!(answered.status(), 200, "{}", answered.text());
        }
    });
    let registering = began.elapsed();
    crowd.play(|phones, made| {
        made.extend(phones.chunks_exact(2).take(calls).map(|pair| call(&pair[0], &pair[1])));
    });
    let ended = RawPhone::registered(&network, Card::sim(ended));
    let mut short = RawPhone::new(&network, Card::sim(short));
    assert_eq!(short.register(&format!("Expires: {SHORT}")).status(), 200);
    assert_eq!(network.state(&short.card.impu), "registered");

    // Killed in the midst: these have proved themselves again, and nobody has told them anything yet.
    crowd.play(|phones, _| {
        for phone in phones.iter_mut().take(UNDER_WAY) {
            let request = phone.registration("Expires: 3600");
            let challenged = phone.peer.ask(&request);
            let proof = phone.proof(&request, &challenged);
            phone.peer.send(&proof);
        }
    });
    network.scscfs[0].kill();
    let killed = Instant::now();
    network.scscfs[0].start_again();
    network.is_connected();
    let back = killed.elapsed();
    assert_eq!(network.state(&short.card.impu), "registered", "its end is still to come");

    crowd.play(|phones, made| {
        for (n, (call, pair)) in made.drain(..).zip(phones.chunks_exact(2)).enumerate() {
            call.goes_on_and_ends(&pair[0], &pair[1], n % 2 == 0);
        }
    });
    crowd.play(|phones, _| {
        for n in 0..phones.len() {
            let (to, from) = (&phones[n], &phones[(n + 1) % phones.len()]);
            let message = from.request("MESSAGE", &to.card.impu);
            from.peer.send(&message);
            let came = wait_for(&to.peer, "MESSAGE");
            to.peer.answer(&came, 200, "", "");
            let answered = answer_to(&from.peer, &message);
            assert_eq!(answered.status(), 200, "{}", answered.text());
        }
    });
    // The timer of a registration runs on (TS 24.229 §5.4.1.4, RFC 3261 §10.3).
    until("a registration ends in time", || network.state(&short.card.impu) == "not-registered");
    // The P-CSCF's subscription to the reg event package too (§5.2.3): it forgets whom the network ends.
    assert_eq!(network.deregister(&ended.card.impu, "permanent"), (1, 1));
    until("the P-CSCF hears of the end", || {
        let message = ended.request("MESSAGE", &short.card.impu);
        ended.peer.send(&message);
        answer_to(&ended.peer, &message).status() == 403
    });
    println!(
        "{name}: {} registrations in {:.1} s, {} calls; the S-CSCF served again {} ms after it was killed; all were \
         reached, all went on and ended",
        size.phones,
        registering.as_secs_f32(),
        calls * crowd.shares.len(),
        back.as_millis()
    );
    network.comes_to_rest();
}
