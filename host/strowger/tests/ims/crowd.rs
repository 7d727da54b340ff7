//! An S-CSCF that is killed (`kill -9`) with a crowd of registrations and calls: who was told that it is registered is reached
//! without having done anything, and calls that stand are ended by either side.
//!
//! As many as the issue of restarts is about take a minute or two: `STROWGER_CROWD=full cargo test -p strowger --test ims crowd`.

use std::thread;
use std::time::Instant;

use crate::network::{Network, Setup};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, sims};
use crate::support::{Message, Peer, Request};

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

fn size() -> Size {
    match std::env::var("STROWGER_CROWD").as_deref() {
        Ok("full") => FULL,
        _ => SOME,
    }
}

/// The next message that is this one; others are retransmissions, or of no interest here.
#[track_caller]
fn wait_for(peer: &Peer, what: &str) -> Message {
    let deadline = Instant::now() + crate::PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match peer.receive(left) {
            Some(came) if came.what() == what => return came,
            Some(came) if came.status() > 200 => panic!("not {what} but\n{}", came.text()),
            Some(_) => {}
            None => panic!("{what} does not come"),
        }
    }
}

/// The final answer to this request, whatever else comes.
#[track_caller]
fn answer_to(peer: &Peer, request: &Request) -> Message {
    let cseq = format!("{} {}", request.cseq, request.method);
    loop {
        let came = peer.receive(crate::PATIENCE).expect("an answer");
        if came.status() >= 200 && came.get("CSeq") == cseq && came.get("Call-ID") == request.call_id {
            return came;
        }
    }
}

/// A call that stands.
struct Call {
    invite: Request,
    /// As the callee has it.
    came: Message,
    ok: Message,
}

const CALLEE_TAG: &str = "callee";

#[track_caller]
fn call(caller: &RawPhone, callee: &RawPhone) -> Call {
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
    /// The caller asks for something new, as with a hold, and hangs up; or the callee does both.
    fn goes_on_and_ends(&self, caller: &RawPhone, callee: &RawPhone, by_the_caller: bool) {
        for (n, method) in ["UPDATE", "BYE"].into_iter().enumerate() {
            let cseq = 2 + u32::try_from(n).expect("few");
            let (one, other, request) = match by_the_caller {
                true => (caller, callee, self.invite.within(&self.ok, method, cseq)),
                false => (callee, caller, Request::back(&self.came, CALLEE_TAG, method, cseq)),
            };
            one.peer.send(&request);
            let came = wait_for(&other.peer, method);
            other.peer.answer(&came, 200, "", "");
            let answered = answer_to(&one.peer, &request);
            assert_eq!(answered.status(), 200, "{}", answered.text());
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
    let size = size();
    let mut network = Network::start(&Setup::of(sims(1..=size.phones, "")));
    let mut crowd = Crowd::of(&network, size);
    let calls = size.calls.div_ceil(crowd.shares.len());
    crowd.play(|phones, _| {
        for phone in phones {
            let answered = phone.register("Expires: 3600");
            assert_eq!(answered.status(), 200, "{}", answered.text());
        }
    });
    crowd.play(|phones, made| {
        made.extend(phones.chunks_exact(2).take(calls).map(|pair| call(&pair[0], &pair[1])));
    });

    network.scscfs[0].kill();
    let killed = Instant::now();
    network.scscfs[0].start_again();
    network.is_connected();
    let back = killed.elapsed();

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
    println!(
        "{} registrations and {} calls: the S-CSCF served again {} ms after it was killed; all were reached, all ended",
        size.phones,
        calls * crowd.shares.len(),
        back.as_millis()
    );
    network.comes_to_rest();
}
