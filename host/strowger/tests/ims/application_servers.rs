//! Application servers (TS 24.229 §5.4.3, TS 23.218, RFC 5502, RFC 8498): what reaches them by whose filter criteria, and what
//! becomes of what they do, or do not.

use std::time::{Duration, Instant};

use crate::application_server::{ApplicationServer, Came};
use crate::network::{Network, Setup};
use crate::phone::Phone;
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, number, sims};
use crate::support::{Message, Request};
use crate::{DOMAIN, until};

/// Criteria of one server: a TOML profile of this name.
pub(crate) fn profile(name: &str, criteria: &[(&ApplicationServer, &str)]) -> String {
    let mut text = format!("[[profile]]\nname = \"{name}\"\n");
    for (n, (server, lines)) in criteria.iter().enumerate() {
        text += &format!("[[profile.criteria]]\npriority = {n}\nserver = \"{}\"\n{lines}\n", server.uri());
    }
    text
}

pub(crate) fn of(n: u32, profile: &str) -> String {
    sims(n..=n, &format!("profile = \"{profile}\"\n"))
}

const ORIGINATING: &str = "when = [\"case originating\", \"method MESSAGE\"]";
pub(crate) const TERMINATING: &str = "when = [\"case terminating\", \"method MESSAGE\"]";

/// Anna's request, and what becomes of it.
pub(crate) fn sends(anna: &RawPhone, to: &str) -> Request {
    let request = anna.request("MESSAGE", to);
    anna.peer.send(&request);
    request
}

#[track_caller]
pub(crate) fn answered(phone: &RawPhone) -> u16 {
    phone.peer.final_response().status()
}

/// The callee gets it and takes it; the servers that are on the way see the answer, the last one first.
#[track_caller]
pub(crate) fn delivered(bert: &RawPhone, servers: &[&ApplicationServer]) -> Message {
    let came = bert.peer.expect("MESSAGE");
    bert.peer.answer(&came, 200, "b", "");
    for server in servers {
        let ok = server.expect("200");
        server.send_back(&ok);
    }
    came
}

/// §5.4.3.2 step 5, §5.4.3.3 step 4: first the caller's servers in their order, then the callee's; each with the served user,
/// the case, and a Route back to the S-CSCF that names this very place (§5.4.3.4).
#[test]
fn a_message_runs_through_both_chains() {
    let (first, second, third) =
        (ApplicationServer::new(), ApplicationServer::new(), ApplicationServer::new());
    let document = of(1, "caller")
        + &of(2, "callee")
        + &profile("caller", &[(&first, ORIGINATING), (&second, ORIGINATING)])
        + &profile("callee", &[(&third, TERMINATING)]);
    let network = Network::of(document);
    let anna = RawPhone::registered(&network, Card::sim(1));
    let bert = RawPhone::registered(&network, Card::sim(2));
    sends(&anna, &bert.card.impu);
    let mut identifiers = Vec::new();
    let cases = [
        (&first, format!("<{}>;sescase=orig;regstate=reg", anna.card.impu)),
        (&second, format!("<{}>;sescase=orig;regstate=reg", anna.card.impu)),
        (&third, format!("<{}>;sescase=term;regstate=reg", bert.card.impu)),
    ];
    for (server, served) in &cases {
        let came = server.expect("MESSAGE");
        let routes = came.message.list("Route");
        assert_eq!(came.message.get("P-Served-User"), served);
        assert_eq!(routes[0], format!("<{};lr>", server.uri()));
        assert!(routes[1].ends_with(&format!("@{};lr>", network.scscf().at)), "{routes:?}");
        assert_eq!(routes.len(), 2, "{routes:?}");
        assert_eq!(came.message.list("P-Asserted-Identity")[0], format!("<{}>", anna.card.impu));
        assert!(came.message.get("P-Charging-Vector").contains("icid-value="));
        identifiers.push(routes[1].to_owned());
        server.send_on(&came, |text| text);
    }
    identifiers.sort();
    identifiers.dedup();
    assert_eq!(identifiers.len(), 3, "one for each place");
    let came = delivered(&bert, &[&third, &second, &first]);
    assert!(!came.has("P-Served-User"), "{}", came.text());
    assert_eq!(came.get("P-Called-Party-ID"), format!("<{}>", bert.card.impu));
    assert_eq!(answered(&anna), 200);

    // §5.4.3.4: what nobody made, and an identifier that was changed, lead nowhere.
    let stranger = ApplicationServer::new();
    let changed = identifiers[0].replacen("<sip:", "<sip:0", 1);
    let request =
        Request::new("MESSAGE", &anna.card.impu, &bert.card.impu).with(&format!("Route: {changed}"));
    stranger.request(&request, network.scscf().at);
    stranger.expect("403");
    network.comes_to_rest();
}

/// §5.4.3.2 step 5: SESSION_CONTINUED goes on without a server that says nothing or fails, SESSION_TERMINATED does not; a
/// refusal is an answer in either case.
#[test]
fn a_server_that_fails() {
    let (goes_on, ends) = (ApplicationServer::new(), ApplicationServer::new());
    let terminate = format!("{ORIGINATING}\ndefault_handling = \"terminate\"");
    let document = of(1, "goes on")
        + &of(2, "plain")
        + &of(3, "ends")
        + &profile("goes on", &[(&goes_on, ORIGINATING)])
        + &profile("ends", &[(&ends, &terminate)])
        + "[[profile]]\nname = \"plain\"\n";
    let scscf = "as_timeout_continued_ms = 300\nas_timeout_terminated_ms = 600\n".to_owned();
    let network = Network::start(&Setup { scscf, ..Setup::of(document) });
    let anna = RawPhone::registered(&network, Card::sim(1));
    let bert = RawPhone::registered(&network, Card::sim(2));
    let carl = RawPhone::registered(&network, Card::sim(3));

    // Silent; and when it gives the request back after all, that is too late.
    sends(&anna, &bert.card.impu);
    let came = goes_on.expect("MESSAGE");
    delivered(&bert, &[]);
    assert_eq!(answered(&anna), 200);
    goes_on.send_on(&came, |text| text);
    goes_on.expect("481");
    assert!(bert.peer.pending().is_none(), "it has it already");
    let began = Instant::now();
    sends(&carl, &bert.card.impu);
    ends.expect("MESSAGE");
    // A 408 is not for what is no INVITE (RFC 4320 §4.2).
    assert_eq!(answered(&carl), 504);
    assert!(began.elapsed().as_secs() < 4, "in bounded time: {:?}", began.elapsed());

    // 503, 500; a refusal.
    for status in [503, 500, 408] {
        sends(&anna, &bert.card.impu);
        goes_on.answer(&goes_on.expect("MESSAGE"), status, "as", "");
        delivered(&bert, &[]);
        assert_eq!(answered(&anna), 200, "{status}");
        sends(&carl, &bert.card.impu);
        ends.answer(&ends.expect("MESSAGE"), status, "as", "");
        let answered = answered(&carl);
        // RFC 3261 §16.7 step 6: a 503 becomes a 500.
        let expected = if status == 408 { 504 } else { 500 };
        assert_eq!(answered, expected, "{status}");
    }
    for (phone, server) in [(&anna, &goes_on), (&carl, &ends)] {
        sends(phone, &bert.card.impu);
        server.answer(&server.expect("MESSAGE"), 603, "as", "");
        assert_eq!(answered(phone), 603);
    }
    assert!(bert.peer.pending().is_none(), "nobody else was asked");
    network.comes_to_rest();
}

/// §5.4.3.2 step 5: default handling is for a server that says nothing. One that has given the request back has said
/// enough, be it a proxy or a back-to-back user agent with a Call-ID of its own, which may belong to any shard: however long
/// the callee takes, it is asked once.
#[test]
fn a_server_that_gives_the_request_back_is_waited_for() {
    let server = ApplicationServer::new();
    let document = of(1, "served")
        + &of(2, "plain")
        + &profile("served", &[(&server, ORIGINATING)])
        + "[[profile]]\nname = \"plain\"\n";
    let scscf = "as_timeout_continued_ms = 300\n".to_owned();
    let pcscf = "t1_ms = 10000\n".to_owned();
    let network = Network::start(&Setup { pcscf, scscf, shards: 4, ..Setup::of(document) });
    let anna = RawPhone::registered(&network, Card::sim(1));
    let bert = RawPhone::registered(&network, Card::sim(2));
    let mut by_server = Vec::new();
    let mut by_bert = Vec::new();
    for n in 0..12 {
        let sent = sends(&anna, &bert.card.impu);
        let came = server.expect("MESSAGE");
        let own_call = format!("of-the-server-{n}");
        // Every other time as a proxy.
        server.send_on(&came, |text| match n % 2 {
            0 => text,
            _ => text.replacen(&sent.call_id, &own_call, 1),
        });
        by_bert.push(bert.peer.expect("MESSAGE"));
        by_server.push(came);
    }
    // Three times what a silent server has, and far less than the P-CSCF's T1.
    let again = bert.peer.receive(Duration::from_millis(900));
    assert!(again.is_none(), "asked a second time: {}", again.expect("it came").text());
    for came in &by_bert {
        bert.peer.answer(came, 200, "b", "");
    }
    for _ in &by_bert {
        let ok = server.expect("200");
        match by_server.iter().find(|came| came.message.get("Call-ID") == ok.message.get("Call-ID")) {
            Some(_) => server.send_back(&ok),
            None => {
                let call_id = ok.message.get("Call-ID").to_owned();
                let n: usize = call_id.rsplit('-').next().and_then(|n| n.parse().ok()).expect("a number");
                server.answer(&by_server[n], 200, "as", "");
            }
        }
    }
    let mut answered_calls: Vec<String> = (0..12)
        .map(|_| {
            let ok = anna.peer.final_response();
            assert_eq!(ok.status(), 200, "{}", ok.text());
            ok.get("Call-ID").to_owned()
        })
        .collect();
    answered_calls.sort();
    answered_calls.dedup();
    assert_eq!(answered_calls.len(), 12);
    network.comes_to_rest();
}

/// TS 23.218 §9.1.1.2: a server takes the call itself; its dialog goes by the S-CSCF, and by no phone.
#[test]
fn a_server_takes_the_call() {
    let server = ApplicationServer::new();
    let document = of(1, "plain")
        + &of(2, "answered")
        + &profile("answered", &[(&server, "when = [\"case terminating\", \"method INVITE\"]")])
        + "[[profile]]\nname = \"plain\"\n";
    let network = Network::of(document);
    let anna = RawPhone::registered(&network, Card::sim(1));
    let bert = RawPhone::registered(&network, Card::sim(2));
    let invite = anna.request("INVITE", &format!("tel:{}", number(2)));
    anna.peer.send(&invite);
    let came = server.expect("INVITE");
    assert_eq!(came.message.uri(), format!("tel:{}", number(2)));
    assert_eq!(came.message.get("P-Served-User"), format!("<tel:{}>;sescase=term;regstate=reg", number(2)));
    server.answer(&came, 180, "as", &format!("Contact: <{}>", server.uri()));
    anna.peer.expect("180");
    server.answer(&came, 200, "as", &format!("Contact: <{}>", server.uri()));
    let ok = anna.peer.expect("200");
    anna.peer.send(&invite.within(&ok, "ACK", 1));
    server.expect("ACK");
    server.request(&Request::back(&came.message, "as", "BYE", 1), came.from);
    let bye = anna.peer.expect("BYE");
    anna.peer.answer(&bye, 200, "", "");
    server.expect("200");
    assert!(bert.peer.pending().is_none(), "Bert's phone has heard nothing of it");
    network.comes_to_rest();
}

/// §5.4.1.7: a REGISTER of the S-CSCF's to the server, with what the criteria want in it; its end with Expires 0. With
/// SESSION_TERMINATED a server that fails ends the registration.
#[test]
fn servers_are_told_of_registrations() {
    let (told, vital) = (ApplicationServer::new(), ApplicationServer::new());
    let register = "when = [\"method REGISTER\"]\nservice_info = \"for the server\"\ninclude_register_request = true\n\
                    include_register_response = true";
    let needs = "when = [\"method REGISTER\"]\ndefault_handling = \"terminate\"";
    let document = of(1, "told")
        + &of(2, "vital")
        + &profile("told", &[(&told, register)])
        + &profile("vital", &[(&vital, needs)]);
    let network = Network::of(document);
    let mut anna = RawPhone::registered(&network, Card::sim(1));
    let came = told.expect("REGISTER").message;
    let us = format!("<{}>", network.scscf().uri());
    assert_eq!(came.uri(), told.uri());
    assert!(came.get("From").starts_with(&us), "{}", came.text());
    assert_eq!(came.get("To"), format!("<{}>", anna.card.impu));
    assert!(came.get("Contact").starts_with(&us), "{}", came.text());
    assert_eq!(came.get("Expires"), "600");
    let body = String::from_utf8_lossy(&came.body).into_owned();
    assert!(came.get("Content-Type").starts_with("multipart/mixed"), "{}", came.text());
    assert!(body.contains("for the server") && body.contains("application/3gpp-ims+xml"), "{body}");
    assert!(body.contains(&format!("REGISTER sip:{}", network.scscf().at)), "the request: {body}");
    assert!(body.contains("SIP/2.0 200 OK"), "and its answer: {body}");
    assert!(!body.contains("response=\"0") && !body.contains("ck="), "{body}");

    let again = anna.register("Expires: 600");
    assert_eq!(again.status(), 200, "{}", again.text());
    assert_eq!(told.expect("REGISTER").message.get("Expires"), "600");
    let end = anna.register("Expires: 0");
    assert_eq!(end.status(), 200, "{}", end.text());
    assert_eq!(told.expect("REGISTER").message.get("Expires"), "0");

    let bert = Phone::registered(&network, Card::sim(2));
    let came = vital.expect("REGISTER");
    vital.answer(&came, 500, "as", "");
    bert.deregistered();
    until("the HSS knows", || network.state(&bert.card.impu) == "not-registered");
}

/// §5.4.3.3 step 4A, RFC 8498: a server of the callee's puts another callee in its place: the callee originates from there,
/// in the case of call diversion.
#[test]
fn a_diverted_call_runs_through_the_diverting_users_chain() {
    let (diverts, bills) = (ApplicationServer::new(), ApplicationServer::new());
    let document = of(1, "plain")
        + &of(2, "diverted")
        + &of(3, "plain")
        + &profile("diverted", &[(&diverts, TERMINATING), (&bills, "when = [\"case diverted\"]")])
        + "[[profile]]\nname = \"plain\"\n";
    let network = Network::of(document);
    let anna = RawPhone::registered(&network, Card::sim(1));
    let bert = RawPhone::registered(&network, Card::sim(2));
    let carl = RawPhone::registered(&network, Card::sim(3));
    sends(&anna, &bert.card.impu);
    let came: Came = diverts.expect("MESSAGE");
    let target = carl.card.impu.clone();
    diverts.send_on(&came, |text| text.replacen(came.message.uri(), &target, 1));
    let billed = bills.expect("MESSAGE");
    assert_eq!(billed.message.get("P-Served-User"), format!("<{}>;orig-cdiv", bert.card.impu));
    assert_eq!(billed.message.uri(), carl.card.impu);
    assert_eq!(billed.message.list("P-Asserted-Identity")[0], format!("<{}>", anna.card.impu));
    bills.send_on(&billed, |text| text);
    let came = delivered(&carl, &[&bills, &diverts]);
    assert_eq!(came.list("P-Asserted-Identity")[0], format!("<{}>", anna.card.impu));
    assert_eq!(answered(&anna), 200);
    assert!(bert.peer.pending().is_none(), "Bert's phone has heard nothing of it");
    network.comes_to_rest();
}

/// §5.3.2.1A, §5.4.3.1: a server calls on behalf of a user, by the I-CSCF's entry with `orig`; of one who is not registered,
/// if there are services for that (TS 29.228 §6.1.4.1).
#[test]
fn a_server_originates_for_a_user() {
    let server = ApplicationServer::new();
    let document = of(1, "plain")
        + &of(2, "away")
        + &of(3, "plain")
        + &profile("away", &[(&server, "when = [\"case originating-unregistered\"]")])
        + "[[profile]]\nname = \"plain\"\n";
    let network = Network::of(document);
    let anna = RawPhone::registered(&network, Card::sim(1));
    let (away, nobody) = (Card::sim(2).impu, format!("sip:x@{DOMAIN}"));
    let begins = |served: &str| {
        let lines = format!(
            "Route: <{};lr;orig>\nP-Served-User: <{served}>\nP-Asserted-Identity: <{served}>",
            network.icscf.uri()
        );
        let request = Request::new("MESSAGE", served, &anna.card.impu).with(&lines);
        server.request(&request, network.icscf.at);
    };
    begins(&anna.card.impu);
    delivered(&anna, &[]);
    server.expect("200");

    begins(&away);
    let came = server.expect("MESSAGE");
    assert_eq!(came.message.get("P-Served-User"), format!("<{away}>;sescase=orig;regstate=unreg"));
    server.send_on(&came, |text| text);
    let came = delivered(&anna, &[]);
    assert_eq!(came.list("P-Asserted-Identity")[0], format!("<{away}>"), "{}", came.text());
    // Its answer to the request in the middle, then that to the one that it began.
    server.send_back(&server.expect("200"));
    server.expect("200");

    for (served, status) in [(Card::sim(3).impu, "480"), (nobody, "404")] {
        begins(&served);
        server.expect(status);
    }
    network.comes_to_rest();
}

/// TS 23.228 §5.4.12: services that nobody registers: one whose server the HSS names, one whose server follows from the
/// criteria of a wildcard, by way of an S-CSCF (TS 29.228 §6.1.4, UNREGISTERED_SERVICE).
#[test]
fn services_that_nobody_registers() {
    let (direct, by_criteria) = (ApplicationServer::new(), ApplicationServer::new());
    let document = of(1, "plain")
        + &format!(
            "[[subscriber]]\nidentities = [\n\
             {{ identity = \"sip:conference@{DOMAIN}\", kind = \"psi\", application_server = \"{}\" }},\n\
             {{ identity = \"sip:room!.*!@{DOMAIN}\", kind = \"wildcarded-psi\", profile = \"room\" }},\n]\n",
            direct.uri()
        )
        + &profile("room", &[(&by_criteria, "when = [\"method MESSAGE\"]")])
        + "[[profile]]\nname = \"plain\"\n";
    let network = Network::of(document);
    let anna = RawPhone::registered(&network, Card::sim(1));
    for (server, to) in [(&direct, "conference"), (&by_criteria, "room42"), (&by_criteria, "room43")] {
        let to = format!("sip:{to}@{DOMAIN}");
        sends(&anna, &to);
        let came = server.expect("MESSAGE");
        assert_eq!(came.message.uri(), to);
        assert_eq!(came.message.list("P-Asserted-Identity")[0], format!("<{}>", anna.card.impu));
        server.answer(&came, 202, "as", "");
        assert_eq!(answered(&anna), 202, "{to}");
    }
    network.comes_to_rest();
}

/// §5.4.2.1.1, §5.7.1.3: a server watches the registrations of users: the whole state at once, then every change, to the end.
#[test]
fn a_server_watches_a_registration() {
    let server = ApplicationServer::new();
    let network = Network::of(sims(1..=2, ""));
    let mut anna = RawPhone::registered(&network, Card::sim(1));
    let us = server.uri();
    let mut subscribe = Request::new("SUBSCRIBE", &us, &anna.card.impu)
        .with(&format!("Event: reg\nExpires: 600\nP-Asserted-Identity: <{us}>\nContact: <{us}>"));
    subscribe.contact = false;
    server.request(&subscribe, network.icscf.at);
    let told = |what: &[&str]| {
        let came = loop {
            let came = server.receive(crate::PATIENCE).expect("a NOTIFY");
            if came.message.method() == "NOTIFY" {
                break came;
            }
            assert!(came.message.status() < 300, "{}", came.message.text());
        };
        server.answer(&came, 200, "", "");
        let text = came.message.text();
        for what in what {
            assert!(text.contains(what), "no {what} in\n{text}");
        }
    };
    let contact = anna.contact();
    // The number is registered implicitly (§5.4.2.1.2).
    told(&[
        "Subscription-State: active",
        "event=\"registered\"",
        "event=\"created\"",
        "state=\"full\"",
        "version=\"0\"",
        &contact,
        "state=\"active\"",
        "tel:",
    ]);
    assert_eq!(anna.register("Expires: 700").status(), 200);
    told(&["version=\"1\"", "event=\"refreshed\"", "state=\"active\""]);
    assert_eq!(anna.register("Expires: 0").status(), 200);
    let tel = format!("tel:{}", number(1));
    told(&["Subscription-State: terminated", "event=\"unregistered\"", "state=\"terminated\"", &tel]);
    // Of who is not registered there is nothing to watch yet (§5.4.2.1.1 has no subscription to a user without a profile).
    let mut other = Request::new("SUBSCRIBE", &us, &Card::sim(2).impu)
        .with(&format!("Event: reg\nExpires: 600\nP-Asserted-Identity: <{us}>\nContact: <{us}>"));
    other.contact = false;
    server.request(&other, network.icscf.at);
    server.expect("480");
    network.comes_to_rest();
}

/// TS 29.228 §B.2.1: criteria that the S-CSCF holds itself are the profile's that names their set, by priority among its own; a
/// set that is not there is passed over.
#[test]
fn a_server_of_a_shared_set() {
    let (own, shared) = (ApplicationServer::new(), ApplicationServer::new());
    let named = profile("caller", &[(&own, ORIGINATING)])
        .replace("name = \"caller\"\n", "name = \"caller\"\nshared_sets = [7, 9]\n");
    let shared_ifc = format!(
        "<SharedIFCSets><SharedIFCSet><SharedIFCSetID>7</SharedIFCSetID><InitialFilterCriteria><Priority>5</Priority>\
         <TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF><SPT><Group>0</Group><Method>MESSAGE</Method></SPT>\
         <SPT><Group>1</Group><SessionCase>0</SessionCase></SPT></TriggerPoint><ApplicationServer><ServerName>{}\
         </ServerName></ApplicationServer></InitialFilterCriteria></SharedIFCSet></SharedIFCSets>",
        shared.uri()
    );
    let network =
        Network::start(&Setup { shared_ifc, ..Setup::of(of(1, "caller") + &sims(2..=2, "") + &named) });
    let (anna, bert) =
        (RawPhone::registered(&network, Card::sim(1)), RawPhone::registered(&network, Card::sim(2)));
    sends(&anna, &bert.card.impu);
    for server in [&own, &shared] {
        let came = server.expect("MESSAGE");
        assert!(came.message.get("P-Served-User").starts_with(&format!("<{}>", anna.card.impu)));
        server.send_on(&came, |text| text);
    }
    delivered(&bert, &[&shared, &own]);
    assert_eq!(answered(&anna), 200);
    // Who has no such profile is not served by it.
    sends(&bert, &anna.card.impu);
    let came = anna.peer.expect("MESSAGE");
    anna.peer.answer(&came, 200, "a", "");
    assert_eq!(answered(&bert), 200);
    network.comes_to_rest();
}
