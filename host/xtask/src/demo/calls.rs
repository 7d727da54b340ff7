//! What the two phones do: register, call, talk for a moment, hang up, send a message. Each is a ladder.

use super::ladder::Ladder;
use super::phone::Phone;
use anyhow::{Result, bail};
use sip::Message;

/// An offer and an answer that nobody will send media for.
const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";

/// REGISTER, 401, REGISTER with credentials, 200 (RFC 3261 §10, RFC 8760).
pub(crate) fn register(phone: &mut Phone, ladder: &mut Ladder) -> Result<()> {
    let record = phone.address_of_record();
    let registrar = format!("sip:{}", record.split_once('@').map_or("", |(_, domain)| domain));
    let mut dialog = phone.new_call(&record);
    dialog.target = registrar.clone();
    let headers = format!("{}Expires: 3600\r\n", phone.contact_header());
    let first = phone.request(&mut dialog, "REGISTER", &headers, "");
    let challenge = phone.ask(ladder, &first, |_| false)?;
    let credentials = phone.credentials(&challenge, "REGISTER", &registrar)?;
    let second = phone.request(&mut dialog, "REGISTER", &format!("{headers}{credentials}"), "");
    let accepted = phone.ask(ladder, &second, |_| false)?;
    expect(phone, &accepted, 200)
}

/// INVITE, 180, 200, ACK, BYE, 200 (§13, §15).
pub(crate) fn call(caller: &mut Phone, callee: &mut Phone, ladder: &mut Ladder) -> Result<()> {
    let to = callee.address_of_record();
    let mut dialog = caller.new_call(&to);
    let headers = format!("{}Content-Type: application/sdp\r\n", caller.contact_header());
    let invite = caller.request(&mut dialog, "INVITE", &headers, SDP);
    let trying = caller.ask(ladder, &invite, |status| status == 100)?;
    if trying.status() >= 200 {
        return expect(caller, &trying, 200);
    }
    let invite = callee.request_of(ladder, "INVITE")?;
    callee.send(ladder, &callee.answer(&invite, 180, "Ringing", ""))?;
    caller.response(ladder, "INVITE", |status| status == 180)?;
    callee.send(ladder, &callee.answer(&invite, 200, "OK", SDP))?;
    let accepted = caller.response(ladder, "INVITE", |_| false)?;
    expect(caller, &accepted, 200)?;
    caller.establish(&mut dialog, &accepted)?;
    let ack = caller.request(&mut dialog, "ACK", "", "");
    caller.send(ladder, &ack)?;
    callee.request_of(ladder, "ACK")?;

    let bye = caller.request(&mut dialog, "BYE", "", "");
    caller.send(ladder, &bye)?;
    let bye = callee.request_of(ladder, "BYE")?;
    callee.send(ladder, &callee.answer(&bye, 200, "OK", ""))?;
    let ended = caller.response(ladder, "BYE", |_| false)?;
    expect(caller, &ended, 200)
}

/// MESSAGE, 200 (RFC 3428).
pub(crate) fn message(from: &mut Phone, to: &mut Phone, ladder: &mut Ladder) -> Result<()> {
    let mut dialog = from.new_call(&to.address_of_record());
    let request = from.request(&mut dialog, "MESSAGE", "Content-Type: text/plain\r\n", "See you at five.");
    from.send(ladder, &request)?;
    let request = to.request_of(ladder, "MESSAGE")?;
    to.send(ladder, &to.answer(&request, 200, "OK", ""))?;
    let taken = from.response(ladder, "MESSAGE", |_| false)?;
    expect(from, &taken, 200)
}

fn expect(phone: &Phone, response: &Message, status: u16) -> Result<()> {
    if response.status() == status {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(response.head().reason()).into_owned();
    bail!("{} got {} {reason} where {status} was due", phone.user, response.status())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::ladder::Side;
    use std::net::{SocketAddr, UdpSocket};

    const DOMAIN: &str = "test.invalid";

    fn phone(side: Side, user: &str, router: SocketAddr) -> Phone {
        Phone::new(side, (user, "secret"), DOMAIN, auth::Algorithm::Sha256, router).expect("a phone")
    }

    fn hushed() -> Ladder {
        let mut ladder = Ladder::new(["a", "r", "b"]);
        ladder.hush();
        ladder
    }

    /// Answers every message with what `router` says to it, as often as it says something.
    fn router(
        messages: usize,
        answer: impl Fn(&Message, SocketAddr) -> Vec<(Vec<u8>, SocketAddr)> + Send + 'static,
    ) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let address = socket.local_addr().expect("an address");
        std::thread::spawn(move || {
            let mut buffer = [0; 65_535];
            for _ in 0..messages {
                let (length, from) = socket.recv_from(&mut buffer).expect("a message");
                let message = Message::parse_datagram(&buffer[..length]).expect("SIP");
                for (bytes, to) in answer(&message, from) {
                    socket.send_to(&bytes, to).expect("sent");
                }
            }
        });
        address
    }

    #[test]
    fn a_phone_registers_with_the_algorithm_it_likes() {
        let answering = phone(Side::Router, "router", "127.0.0.1:9".parse().expect("an address"));
        let address = router(2, move |message, from| {
            let accepted = message.header(sip::HeaderId::AUTHORIZATION).is_some_and(|value| {
                String::from_utf8_lossy(value).contains("algorithm=SHA-256") && value.starts_with(b"Digest ")
            });
            let answer = match accepted {
                true => answering.answer(message, 200, "OK", ""),
                false => {
                    let challenges: String = [auth::Algorithm::Md5, auth::Algorithm::Sha256]
                        .map(|a| auth::challenge_value(DOMAIN, "nonce", a, false, &[auth::Qop::Auth]))
                        .map(|value| format!("\r\nWWW-Authenticate: {value}"))
                        .concat();
                    let plain = answering.answer(message, 401, "Unauthorized", "");
                    String::from_utf8_lossy(&plain)
                        .replacen("Unauthorized", &format!("Unauthorized{challenges}"), 1)
                        .into()
                }
            };
            vec![(answer, from)]
        });
        let mut ladder = hushed();
        register(&mut phone(Side::Caller, "alice", address), &mut ladder).expect("registered");
        assert_eq!(ladder.messages, 4);
    }

    #[test]
    fn two_phones_call_and_write_through_a_relay() {
        let answering = phone(Side::Router, "router", "127.0.0.1:9".parse().expect("an address"));
        let alice_at = std::sync::Arc::new(std::sync::OnceLock::<[SocketAddr; 2]>::new());
        let of_router = alice_at.clone();
        let address = router(8, move |message, from| {
            let [alice, bob] = *of_router.get().expect("set before the first message");
            let to = if from == alice { bob } else { alice };
            let mut out = vec![(message.bytes().to_vec(), to)];
            if message.is_request() && message.method_token() == b"INVITE" {
                out.insert(0, (answering.answer(message, 100, "Trying", ""), from));
            }
            out
        });
        let mut alice = phone(Side::Caller, "alice", address);
        let mut bob = phone(Side::Callee, "bob", address);
        alice_at.set([alice.address(), bob.address()]).expect("set once");
        let mut ladder = hushed();
        call(&mut alice, &mut bob, &mut ladder).expect("called");
        // INVITE, 180, 200, ACK, BYE and 200 on both sides of the relay, and its 100.
        assert_eq!(ladder.messages, 13);
        message(&mut bob, &mut alice, &mut ladder).expect("written");
        assert_eq!(ladder.messages, 17);
    }
}
