//! What a phone is used for: it registers (TS 24.229 §5.1.1, §5.4.1), calls (§5.1.3, §5.1.4) and sends messages, and
//! stops (§5.1.1.6); and what its subscriber's number and other devices have to do with that.

use ue::{By, Credentials, Event, Why};

use crate::network::{Network, Setup};
use crate::phone::{Phone, talk};
use crate::raw_phone::{RawPhone, parameter};
use crate::subscribers::{Card, isim_after, number, sims, soft};
use crate::{DOMAIN, until};

/// §5.4.1.2.1, §5.2.2.2, §5.4.1.2.2F: header field by header field.
#[test]
fn what_a_phone_sees_of_its_registration() {
    let network =
        Network::of(sims(1..=1, "[subscriber.charging]\nprimary_collection = \"aaa://ccf.ims.test\"\n"));
    let mut phone = RawPhone::new(&network, Card::sim(1));

    let request = phone.registration("Expires: 600");
    let challenged = phone.peer.ask(&request);
    assert_eq!(challenged.status(), 401, "{}", challenged.text());
    let challenge = challenged.get("WWW-Authenticate").to_owned();
    assert_eq!(parameter(&challenge, "algorithm"), "AKAv1-MD5", "{challenge}");
    assert_eq!(parameter(&challenge, "realm"), DOMAIN);
    // §5.2.2.2: CK and IK stay with the P-CSCF.
    assert_eq!((parameter(&challenge, "ck"), parameter(&challenge, "ik")), (String::new(), String::new()));
    assert!(!network.pcscf.log().contains("ck="), "keys are not logged");
    assert_eq!(
        network.subscriber("001010000000001@ims.test")["sets"][0]["pending"][0],
        "001010000000001@ims.test"
    );

    let proof = phone.proof(&request, &challenged);
    let ok = phone.peer.ask(&proof);
    assert_eq!(ok.status(), 200, "{}", ok.text());
    let identity = format!("<sip:{}@{DOMAIN}>", number(1));
    let numbered = format!("<tel:{}>", number(1));
    // The default identity first; the temporary one, which is barred, not at all.
    assert_eq!(ok.list("P-Associated-URI"), [identity.as_str(), &numbered]);
    assert_eq!(ok.list("Service-Route"), [format!("<sip:orig@{};lr>", network.scscf().at)]);
    assert!(ok.get("Contact").starts_with(&format!("<{}>", phone.contact())), "{}", ok.text());
    assert!(ok.get("Contact").contains("expires=600"), "{}", ok.text());
    // §4.5, §5.2.2.2: what is the network's does not come to the phone.
    for name in ["P-Charging-Vector", "P-Charging-Function-Addresses", "P-Visited-Network-ID"] {
        assert!(!ok.has(name), "{}", ok.text());
    }
    assert_eq!(network.state(&phone.card.impu), "registered");
    assert_eq!(network.subscriber(&phone.card.impu)["server"], network.scscf().uri());
}

/// §5.4.1.2.3, RFC 3310 §3.4, TS 29.228 §6.3: a card that has accepted sequence numbers beyond those of the HSS answers with
/// AUTS. The HSS goes on from there, and the phone is registered by the second challenge.
#[test]
fn a_card_that_is_ahead_of_the_hss() {
    let network = Network::of(sims(1..=2, ""));
    let ahead = |settings: &mut ue::Settings| settings.credentials = Credentials::Aka(isim_after(1_000));
    let anna = Phone::with(&network, Card::sim(1), ahead);
    assert!(anna.register().is_first);
    let mut registers = anna.ladder();
    registers.retain(|message| message.ends_with("REGISTER"));
    let wanted = ["REGISTER", "401 REGISTER", "REGISTER", "401 REGISTER", "REGISTER", "200 REGISTER"]
        .map(String::from);
    assert_eq!(registers, wanted);
    anna.subscribed();
    let bert = Phone::registered(&network, Card::sim(2));
    assert_eq!(bert.message(&anna.card.impu, "to her"), 200);
    anna.gets("to her");
    // Again, and nobody is out of step any more.
    assert!(!anna.register().is_first);
    let challenges = anna.ladder().iter().filter(|message| *message == "401 REGISTER").count();
    assert_eq!(challenges, 3);
    network.comes_to_rest();
}

/// IR.92: INVITE with preconditions, 183, PRACK, UPDATE, 180, 200, ACK; BYE by either side; all of it by every CSCF that
/// recorded its route (§5.2.6.3.3, §5.4.3.2).
#[test]
fn phones_register_call_and_stop() {
    let network = Network::of(sims(1..=2, "") + &soft("alice", ""));
    let (anna, bert) = (Phone::new(&network, Card::sim(1)), Phone::new(&network, Card::sim(2)));
    let registration = anna.register();
    let numbered = format!("tel:{}", number(1));
    assert_eq!(registration.identity, anna.card.impu);
    assert_eq!(registration.associated, [anna.card.impu.clone(), numbered.clone()]);
    assert_eq!(registration.service_route, [format!("sip:orig@{};lr", network.scscf().at)]);
    assert_eq!((registration.expires, registration.is_first), (600_000, true));
    anna.subscribed();
    bert.register();
    bert.subscribed();

    // anna calls, bert hangs up.
    let outgoing = anna.call(&bert.card.impu);
    let (incoming, asserted) = bert.incoming();
    // §5.4.3.2 step 4: both forms of the caller's identity.
    assert_eq!(asserted, [anna.card.impu.clone(), numbered]);
    bert.ringing(incoming);
    anna.ringing(outgoing);
    bert.answer(incoming);
    anna.answered(outgoing);
    bert.answered(incoming);
    follows(
        &anna.ladder(),
        &[
            "INVITE",
            "183 INVITE",
            "PRACK",
            "200 PRACK",
            "UPDATE",
            "200 UPDATE",
            "180 INVITE",
            "200 INVITE",
            "ACK",
        ],
    );
    let byes = network.scscf().requests("BYE");
    bert.hang_up(incoming);
    assert_eq!(anna.ended(outgoing), Why::HungUp(By::Them));
    assert_eq!(bert.ended(incoming), Why::HungUp(By::Us));
    assert_eq!(network.scscf().requests("BYE") - byes, 2, "by the callee's side and the caller's");
    assert_eq!(network.icscf.requests("BYE"), 0, "§5.3.2.1: an I-CSCF records no route");

    // The other way round, by number, and the caller hangs up.
    let (outgoing, incoming) = talk(&bert, &anna, &format!("tel:{}", number(1)));
    bert.hang_up(outgoing);
    assert_eq!(anna.ended(incoming), Why::HungUp(By::Them));
    assert_eq!(bert.ended(outgoing), Why::HungUp(By::Us));

    // A number in a SIP URI (§5.3.2.1), a call that is given up, one that is refused.
    let outgoing = anna.call(&format!("sip:{}@{DOMAIN};user=phone", number(2)));
    let (incoming, _) = bert.incoming();
    anna.ringing(outgoing);
    anna.hang_up(outgoing);
    assert_eq!(bert.ended(incoming), Why::Cancelled(By::Them));
    assert_eq!(anna.ended(outgoing), Why::Cancelled(By::Us));
    let outgoing = anna.call(&bert.card.impu);
    let (incoming, _) = bert.incoming();
    bert.wish(move |phone| phone.wish(|ue, now| ue.refuse(now, incoming, 486))).expect("it can refuse");
    assert_eq!(anna.ended(outgoing), Why::Refused { status: 486, by: By::Them });

    // Messages; with SIP digest too (TS 33.203 Annex N).
    let alice = Phone::registered(&network, Card::soft("alice"));
    assert_eq!(anna.message(&alice.card.impu, "to alice"), 200);
    alice.gets("to alice");
    assert_eq!(alice.message(&format!("tel:{}", number(1)), "to a number"), 200);
    anna.gets("to a number");
    // §5.3.2.1: nobody has that identity, or that number.
    assert_eq!(anna.message(&format!("sip:nobody@{DOMAIN}"), "to nobody"), 404);
    assert_eq!(anna.message("tel:+15559999", "to nobody"), 404);

    // §5.1.1.4: again, before it is over.
    assert!(!anna.register().is_first);
    assert_eq!(network.scscf().status("registrations"), 3);

    // §5.1.1.6: the end.
    anna.deregister();
    until("the HSS knows", || network.state(&anna.card.impu) == "not-registered");
    assert_eq!(alice.message(&anna.card.impu, "gone"), 480);
    assert!(anna.register().is_first);
    assert_eq!(alice.message(&anna.card.impu, "back"), 200);
    anna.gets("back");
    network.comes_to_rest();
}

/// §5.4.3.3 step 10, RFC 3261 §16.7: all devices of a subscriber ring, one answers, the others stop. §5.4.1.4: one of them
/// that goes takes nobody with it.
#[test]
fn several_devices_of_one_subscriber() {
    let tablet = "[[subscriber.private]]\nimpi = \"bob.tablet@ims.test\"\npassword = \"secret\"\n";
    let network = Network::of(soft("alice", "") + &soft("bob", tablet));
    let alice = Phone::registered(&network, Card::soft("alice"));
    let phone = Phone::registered(&network, Card::soft("bob"));
    let tablet = Phone::registered(&network, Card::soft("bob.tablet").with_impu("bob"));
    assert_eq!(network.scscf().status("registrations"), 3);

    let outgoing = alice.call(&phone.card.impu);
    let (at_phone, _) = phone.incoming();
    let (at_tablet, _) = tablet.incoming();
    tablet.ringing(at_tablet);
    tablet.answer(at_tablet);
    alice.answered(outgoing);
    assert_eq!(phone.ended(at_phone), Why::Cancelled(By::Them));
    alice.hang_up(outgoing);
    assert_eq!(tablet.ended(at_tablet), Why::HungUp(By::Them));

    tablet.deregister();
    assert_eq!(network.state(&phone.card.impu), "registered");
    assert_eq!(alice.message(&phone.card.impu, "to the phone"), 200);
    phone.gets("to the phone");
    assert!(!tablet.has(|event| matches!(event, Event::Message { .. })));
    phone.deregister();
    until("the HSS knows", || network.state(&phone.card.impu) == "not-registered");
    network.comes_to_rest();
}

/// §5.4.1.5: a registration that nobody renews ends by itself, at the S-CSCF, the P-CSCF and the HSS; and who watches hears
/// of it (§5.4.2.1.2).
#[test]
fn a_registration_ends_with_its_time() {
    let setup = Setup { scscf: "min_expires = 1\n".to_owned(), ..Setup::of(sims(1..=2, "")) };
    let network = Network::start(&setup);
    let other = Phone::registered(&network, Card::sim(2));
    let mut phone = RawPhone::new(&network, Card::sim(1));
    let answered = phone.register("Expires: 1");
    assert_eq!(answered.status(), 200, "{}", answered.text());
    let told = network.pcscf.requests("NOTIFY");
    until("the S-CSCF knows", || network.scscf().status("registrations") == 1);
    until("the HSS knows", || network.state(&phone.card.impu) == "not-registered");
    until("the P-CSCF is told", || network.pcscf.requests("NOTIFY") > told);
    assert_eq!(other.message(&phone.card.impu, "gone"), 480);
    // §5.2.6.3.2A: who is not registered sends nothing.
    let refused = phone.peer.ask(&phone.request("MESSAGE", &other.card.impu));
    assert_eq!(refused.status(), 403, "{}", refused.text());
    // §5.3.1.2, TS 29.228 §6.1.1.1: an end of what is not registered is refused by the HSS.
    let answered = phone.register("Expires: 0");
    assert_eq!(answered.status(), 403, "{}", answered.text());
    network.comes_to_rest();
}

/// RFC 3329 §2.3.1, RFC 3261 §16.3 item 5: there is no security agreement (TS 24.229 §5.2.2). A phone that demands one is told
/// so, or served without, as the operator wants it; other demands are nobody's.
#[test]
fn a_phone_that_demands_a_security_agreement() {
    let demand = "Expires: 600\nRequire: sec-agree\nProxy-Require: sec-agree\n\
                  Security-Client: ipsec-3gpp;alg=hmac-sha-1-96;spi-c=1;spi-s=2;port-c=3;port-s=4";
    let network = Network::of(sims(1..=1, ""));
    let refused = RawPhone::new(&network, Card::sim(1)).register(demand);
    assert_eq!((refused.status(), refused.get("Unsupported")), (420, "sec-agree"), "{}", refused.text());
    let refused = RawPhone::new(&network, Card::sim(1)).register("Expires: 600\nProxy-Require: foo");
    assert_eq!((refused.status(), refused.get("Unsupported")), (420, "foo"), "{}", refused.text());
    assert_eq!(network.icscf.requests("REGISTER"), 0);

    let pcscf = "sec_agree = \"tolerate\"\n".to_owned();
    let network = Network::start(&Setup { pcscf, ..Setup::of(sims(1..=1, "")) });
    let answered = RawPhone::new(&network, Card::sim(1)).register(demand);
    assert_eq!(answered.status(), 200, "{}", answered.text());
    let refused =
        RawPhone::new(&network, Card::sim(1)).register("Expires: 600\nProxy-Require: foo, sec-agree");
    assert_eq!((refused.status(), refused.get("Unsupported")), (420, "foo"), "{}", refused.text());
    network.comes_to_rest();
}

/// Whether these come in this order, whatever is between them.
#[track_caller]
fn follows(ladder: &[String], wanted: &[&str]) {
    let mut left = wanted.iter().peekable();
    for message in ladder {
        left.next_if(|wanted| *wanted == message);
    }
    assert!(left.peek().is_none(), "no {:?} in its place in {ladder:#?}", left.peek());
}
