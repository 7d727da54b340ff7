//! The network ends registrations (TS 29.228 §6.1.3, TS 24.229 §5.4.1.5, §5.1.1.7) and changes profiles (TS 29.228 §6.2),
//! as an operator has the HSS do it.

use ims::reginfo::Event as ContactEvent;
use ue::{By, DeregisteredBy, Event, RegistrationFailure, Why};

use crate::application_server::ApplicationServer;
use crate::network::Network;
use crate::phone::{Phone, talk};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, sims, soft};
use crate::until;

/// TS 29.229 §6.3.17: PERMANENT_TERMINATION. The phone is told, the P-CSCF is told, nobody is reached, and a phone that did
/// not hear of it sends nothing any more.
#[test]
fn a_permanent_termination_is_told_to_everybody() {
    let network = Network::of(sims(1..=3, ""));
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    let deaf = RawPhone::registered(&network, Card::sim(3));
    assert_eq!(bert.message(&anna.card.impu, "before"), 200);
    anna.gets("before");

    // RTR and RTA: one S-CSCF was meant, and did it.
    let told = network.pcscf.requests("NOTIFY");
    assert_eq!(network.deregister(&anna.card.impu, "permanent"), (1, 1));
    // §5.4.1.5: `rejected`; a phone does not register anew by itself then (§5.1.1.7).
    assert_eq!(anna.deregistered(), DeregisteredBy::Network(ContactEvent::Rejected));
    // Anna's own, and the P-CSCF's (§5.2.3).
    until("the P-CSCF is told", || network.pcscf.requests("NOTIFY") >= told + 2);
    assert_eq!(network.state(&anna.card.impu), "not-registered");
    // §5.3.2.1, TS 29.228 §6.1.4.1: IDENTITY_NOT_REGISTERED.
    assert_eq!(bert.message(&anna.card.impu, "after"), 480);
    // Once more ends nothing: no S-CSCF is assigned.
    assert_eq!(network.deregister(&anna.card.impu, "permanent"), (0, 0));

    // §5.2.3, §5.2.6.3.2A: the P-CSCF has forgotten who was ended without its knowing.
    let told = network.pcscf.requests("NOTIFY");
    assert_eq!(network.deregister(&deaf.card.impu, "permanent"), (1, 1));
    until("the P-CSCF is told", || network.pcscf.requests("NOTIFY") > told);
    let answered = deaf.peer.ask(&deaf.request("MESSAGE", &bert.card.impu));
    assert_eq!(answered.status(), 403, "{}", answered.text());

    // The others are as before, and whoever was ended may come back.
    anna.register();
    assert_eq!(bert.message(&anna.card.impu, "back"), 200);
    anna.gets("back");
    network.comes_to_rest();
}

/// SERVER_CHANGE, NEW_SERVER_ASSIGNED: `deactivated`, and the phone registers anew at once (§5.1.1.7). REMOVE_S-CSCF is about
/// who is served without being registered: it ends no registration.
#[test]
fn other_reasons_end_it_or_leave_it() {
    let network = Network::of(sims(1..=2, ""));
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    for reason in ["server-change", "new-server"] {
        assert_eq!(network.deregister(&anna.card.impu, reason), (1, 1), "{reason}");
        assert_eq!(anna.deregistered(), DeregisteredBy::Network(ContactEvent::Deactivated), "{reason}");
        assert!(anna.registration().is_first, "it registers anew by itself");
        anna.subscribed();
        assert_eq!(network.state(&anna.card.impu), "registered");
        assert_eq!(bert.message(&anna.card.impu, reason), 200);
        anna.gets(reason);
    }
    assert_eq!(network.deregister(&bert.card.impu, "remove-scscf"), (0, 0));
    assert_eq!(anna.message(&bert.card.impu, "still there"), 200);
    bert.gets("still there");
    assert!(!bert.has(|event| matches!(event, Event::Deregistered { .. })));
    network.comes_to_rest();
}

/// §5.1.1.7, §5.4.5: a phone that hears that it is ended ends its calls, if the network's BYE was not there before; the other
/// side hears of the end in either case, once.
#[test]
fn calls_of_who_is_ended_end() {
    let network = Network::of(sims(1..=2, ""));
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    let (outgoing, incoming) = talk(&anna, &bert, &bert.card.impu);
    assert_eq!(network.deregister(&anna.card.impu, "permanent"), (1, 1));
    let why = anna.ended(outgoing);
    assert!(matches!(why, Why::Deregistered | Why::HungUp(By::Them)), "{why:?}");
    assert_eq!(bert.ended(incoming), Why::HungUp(By::Them));
    network.comes_to_rest();
}

/// A subscriber who is one no longer (TS 29.228 §6.1.3): the registration ends at once, and callers hear that there is nobody
/// of that name (§5.3.2.1).
#[test]
fn a_subscriber_is_removed() {
    let network = Network::of(sims(1..=2, ""));
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    network.remove(&anna.card.impu);
    assert_eq!(anna.deregistered(), DeregisteredBy::Network(ContactEvent::Rejected));
    assert_eq!(bert.message(&anna.card.impu, "to nobody"), 404);
    anna.begin_to_register();
    let why = anna.expect("failure to register", |event| match event {
        Event::RegistrationFailed { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(why, RegistrationFailure::Refused(403));
    until("the S-CSCF has let go", || network.scscf().metric("strowger_subscribers", &[]) == 1);
    network.comes_to_rest();
}

/// TS 29.228 §6.2.1, TS 24.229 §5.4.1.2: a changed profile is that of the next request; nobody registers anew for it.
#[test]
fn a_changed_profile_counts_for_the_next_request() {
    let server = ApplicationServer::new();
    let network = Network::of(sims(1..=2, ""));
    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    assert_eq!(anna.message(&bert.card.impu, "without"), 200);
    bert.gets("without");

    let profile = format!(
        "[[profile]]\nname = \"filtered\"\n[[profile.criteria]]\npriority = 1\nserver = \"{}\"\n\
         when = [\"method MESSAGE\", \"case originating\"]\n",
        server.uri()
    );
    network.import(&(sims(1..=1, "profile = \"filtered\"\n") + &profile));
    let pushes = || {
        let labels = [("command", "Push-Profile"), ("what", "answer_sent")];
        network.scscf().metric("strowger_diameter_messages_total", &labels)
    };
    until("the S-CSCF is told", || pushes() > 0);
    let sending = std::thread::scope(|scope| {
        let sending = scope.spawn(|| anna.message(&bert.card.impu, "with"));
        let came = server.expect("MESSAGE");
        assert!(came.message.get("P-Served-User").starts_with(&format!("<{}>", anna.card.impu)));
        server.answer(&came, 403, "as", "");
        sending.join().expect("it ends")
    });
    assert_eq!(sending, 403);

    // And back.
    network.import(&(sims(1..=1, "profile = \"plain\"\n") + "[[profile]]\nname = \"plain\"\n"));
    until("the S-CSCF is told again", || pushes() > 1);
    until("the server is asked no longer", || {
        let status = anna.message(&bert.card.impu, "again without");
        assert_eq!(status, 200);
        true
    });
    bert.gets("again without");
    network.comes_to_rest();
}

/// TS 29.228 §6.2.1: identities that come, go, are barred or change places with a push of the profile. Nobody who is registered
/// is lost by it, and what is barred is nobody from then on (§5.4.3.3).
#[test]
fn pushed_identities() {
    let document = |identities: &str| soft("carl", &format!("identities = [{identities}]\n"));
    let (carl, boss) = ("\"sip:carl@ims.test\"", "\"sip:boss@ims.test\"");
    let network = Network::of(document(&format!("{carl}, {boss}")) + &sims(1..=1, ""));
    let anna = Phone::registered(&network, Card::sim(1));
    let phone = Phone::registered(&network, Card::soft("carl"));
    for to in ["carl", "boss"] {
        assert_eq!(anna.message(&format!("sip:{to}@ims.test"), to), 200, "{to}");
        phone.gets(to);
    }
    let pushes = || {
        let labels = [("command", "Push-Profile"), ("what", "answer_sent"), ("result", "2001")];
        network.scscf().metric("strowger_diameter_messages_total", &labels)
    };
    let barred = "{ identity = \"sip:boss@ims.test\", barred = true }";
    network.import(&document(&format!("{carl}, {barred}")));
    until("the S-CSCF is told", || pushes() == 1);
    assert_eq!(anna.message("sip:boss@ims.test", "barred"), 404);
    assert_eq!(anna.message("sip:carl@ims.test", "not barred"), 200);
    phone.gets("not barred");

    // Another one is the default: the phone registers anew by itself (§5.1.1.7).
    network.import(&document(&format!("{boss}, {carl}")));
    until("the S-CSCF is told", || pushes() == 2);
    assert_eq!(phone.deregistered(), DeregisteredBy::Network(ContactEvent::Deactivated));
    assert_eq!(phone.registration().identity, "sip:boss@ims.test");
    for to in ["carl", "boss"] {
        assert_eq!(anna.message(&format!("sip:{to}@ims.test"), to), 200, "{to}");
        phone.gets(to);
    }
    assert_eq!(network.scscf().status("registrations"), 2);
    assert_eq!(network.scscf().metric("strowger_subscribers", &[]), 2);
    network.comes_to_rest();
}

/// §5.4.1.5, §5.4.5.1: sessions of who is ended for good are ended by the S-CSCF, at both sides, whatever the phone does;
/// those that still ring are cancelled. One that is only to register anew goes on talking.
#[test]
fn the_network_ends_the_sessions_of_who_is_ended() {
    let network = Network::of(sims(1..=2, ""));
    let phone = |number| RawPhone::registered(&network, Card::sim(number));
    for (reason, ends, anna_calls) in
        [("permanent", true, true), ("permanent", true, false), ("server-change", false, true)]
    {
        let (anna, bert) = (phone(1), phone(2));
        let (caller, callee) = if anna_calls { (&anna, &bert) } else { (&bert, &anna) };
        let invite = caller.request("INVITE", &callee.card.impu);
        caller.peer.send(&invite);
        let came = callee.peer.expect("INVITE");
        callee.peer.answer(&came, 200, "there", &format!("Contact: <{}>", callee.contact()));
        let ok = caller.peer.expect("200");
        caller.peer.send(&invite.within(&ok, "ACK", 1));
        callee.peer.expect("ACK");
        assert_eq!(network.deregister(&anna.card.impu, reason), (1, 1));
        if ends {
            let at_callee = callee.peer.expect("BYE");
            assert_eq!(at_callee.get("From"), came.get("From"), "as if from the caller");
            assert_eq!(at_callee.get("CSeq"), "2 BYE");
            let at_caller = caller.peer.expect("BYE");
            assert_eq!((at_caller.get("From"), at_caller.get("To")), (ok.get("To"), ok.get("From")));
            callee.peer.answer(&at_callee, 200, "", "");
            caller.peer.answer(&at_caller, 200, "", "");
            until("no dialog is left", || network.scscf().metric("strowger_dialogs", &[]) == 0);
        } else {
            caller.peer.send(&invite.within(&ok, "BYE", 2));
            callee.peer.answer(&callee.peer.expect("BYE"), 200, "", "");
            assert_eq!(caller.peer.expect("200").get("CSeq"), "2 BYE");
        }
    }
    let (anna, bert) = (phone(1), phone(2));
    bert.peer.send(&bert.request("INVITE", &anna.card.impu));
    let came = anna.peer.expect("INVITE");
    anna.peer.answer(&came, 180, "there", &format!("Contact: <{}>", anna.contact()));
    bert.peer.expect("180");
    assert_eq!(network.deregister(&anna.card.impu, "permanent"), (1, 1));
    let cancel = anna.peer.expect("CANCEL");
    anna.peer.answer(&cancel, 200, "", "");
    anna.peer.answer(&came, 487, "there", "");
    assert_eq!(bert.peer.expect("487").get("CSeq"), "1 INVITE");
}
