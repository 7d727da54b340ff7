//! Phones that pretend (TS 33.203 §6, TS 24.229 §4.4, §5.2.6, §5.4): each attempt is refused or replaced as the clause says,
//! and the others do not notice.
//!
//! Mallory is a subscriber of the network who knows everything about Anna and Bert but their keys.

use crate::network::{Network, Setup};
use crate::phone::{Phone, talk};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, number, sims, soft};
use crate::support::{Message, Peer, Request, unique};
use crate::{DOMAIN, until};

/// The network, Mallory, and Bert who is written to.
fn world() -> (Network, RawPhone, RawPhone) {
    let network = Network::of(sims(1..=3, ""));
    let mallory = RawPhone::registered(&network, Card::sim(3));
    let bert = RawPhone::registered(&network, Card::sim(2));
    (network, mallory, bert)
}

/// Bert gets what Mallory sends, and answers it.
#[track_caller]
fn arrives(mallory: &RawPhone, bert: &RawPhone, request: &Request) -> Message {
    mallory.peer.send(request);
    let came = bert.peer.expect(&request.method);
    bert.peer.answer(&came, 200, "b", "");
    let answered = mallory.peer.final_response();
    assert_eq!(answered.status(), 200, "{}", answered.text());
    came
}

/// How often S-CSCFs are passed on the way: once for each side (§5.2.6.3.2).
#[track_caller]
fn serving_hops(network: &Network, came: &Message) -> usize {
    let own = network.scscf().at.to_string();
    came.all("Via").iter().filter(|via| via.contains(&own)).count()
}

/// §5.2.6.3.1, RFC 3325 §5, §9.2; §4.4.2: what only the network says is the network's, whatever a phone says.
#[test]
fn what_a_phone_says_about_itself_is_replaced() {
    let (network, mallory, bert) = world();
    let own = [format!("<{}>", mallory.card.impu), format!("<tel:{}>", number(3))];
    let anna = Card::sim(1).impu;
    for lie in [
        format!("P-Asserted-Identity: <{anna}>"),
        format!("P-Asserted-Identity: \"Anna\" <{anna}>, <tel:{}>", number(1)),
        format!("P-Preferred-Identity: <{anna}>"),
        format!("P-Served-User: <{anna}>;sescase=orig;regstate=reg"),
        format!("P-Asserted-Identity: <sip:{}>", network.pcscf.at),
        // RFC 3261 §7.3.1: names count in any case, and fields may be folded.
        format!("p-ASSERTED-identity: \n  <{anna}>"),
    ] {
        let request = mallory.request("MESSAGE", &bert.card.impu).with(&lie);
        let came = arrives(&mallory, &bert, &request);
        assert_eq!(came.list("P-Asserted-Identity"), own, "{lie}");
        assert!(!came.text().contains(&anna), "{lie}: {}", came.text());
    }
    // §5.2.6.3.3: the charging identifier is the network's, and neither phone sees it.
    let request = mallory.request("MESSAGE", &bert.card.impu).with(
        "P-Charging-Vector: icid-value=mine;orig-ioi=elsewhere\nP-Charging-Function-Addresses: ccf=mine\n\
         P-Visited-Network-ID: mine\nP-Profile-Key: <sip:mine@ims.test>\nP-User-Database: <aaa://mine>",
    );
    let came = arrives(&mallory, &bert, &request);
    assert!(!came.text().contains("mine"), "{}", came.text());
    assert!(!came.has("P-Charging-Vector"));

    // A phone's answer does not say either who it is (§5.2.6.4.4).
    mallory.peer.send(&mallory.request("MESSAGE", &bert.card.impu));
    let came = bert.peer.expect("MESSAGE");
    bert.peer.answer(&came, 200, "b", &format!("P-Asserted-Identity: <{anna}>"));
    let answered = mallory.peer.final_response();
    assert_eq!(
        answered.list("P-Asserted-Identity"),
        [format!("<{}>", bert.card.impu)],
        "{}",
        answered.text()
    );
    network.comes_to_rest();
}

/// §5.2.6.3.2: a Route past the S-CSCF, or somebody else's Service-Route, becomes the phone's own.
#[test]
fn a_route_of_a_phones_own_is_replaced() {
    let (network, mallory, bert) = world();
    let (pcscf, icscf, scscf) = (network.pcscf.at, network.icscf.at, network.scscf().at);
    for routes in [
        String::new(),
        format!("Route: <sip:{pcscf};lr>"),
        format!("Route: <sip:{pcscf};lr>\nRoute: <sip:{icscf};lr>"),
        format!("Route: <sip:{pcscf};lr>, <sip:{scscf};lr>"),
        format!("Route: <sip:{pcscf};lr>, <sip:{}>", bert.contact()),
        format!("Route: <sip:{pcscf};lr>, <sip:orig@192.0.2.99;lr>"),
        format!("Route: <sip:{pcscf};lr>, <sip:{scscf};lr;orig>"),
        // A forged ODI, and a forged Path.
        format!("Route: <sip:{pcscf};lr>, <sip:0123456789abcdef0123@{scscf};lr>"),
        format!("Route: <sip:0123456789abcdef0123@{pcscf};lr>"),
        format!("Route: <sip:{icscf};lr;orig>"),
    ] {
        let request = mallory.bare("MESSAGE", &bert.card.impu).with(&routes);
        let came = arrives(&mallory, &bert, &request);
        assert_eq!(serving_hops(&network, &came), 2, "{routes}\n{}", came.text());
    }
    network.comes_to_rest();
}

/// The operator may have it refused (§5.2.6.3.2).
#[test]
fn a_route_of_a_phones_own_is_refused_where_the_operator_says_so() {
    let pcscf = "service_route = \"refuse\"\n".to_owned();
    let network = Network::start(&Setup { pcscf, ..Setup::of(sims(1..=2, "")) });
    let mallory = RawPhone::registered(&network, Card::sim(1));
    let bert = RawPhone::registered(&network, Card::sim(2));
    let past = format!("Route: <sip:{};lr>, <sip:{};lr>", network.pcscf.at, network.icscf.at);
    let answered = mallory.peer.ask(&mallory.bare("MESSAGE", &bert.card.impu).with(&past));
    assert_eq!(answered.status(), 400, "{}", answered.text());
    arrives(&mallory, &bert, &mallory.request("MESSAGE", &bert.card.impu));
}

/// §5.4.3.4, §5.4.3.2: who reaches the S-CSCF without a P-CSCF still makes no original dialog identifier. §5.2.6.3.2A, TS
/// 33.203 §N.2.2: nor does who is not registered send anything by the P-CSCF, whatever tags and Routes it invents.
#[test]
fn who_is_not_registered_sends_nothing() {
    let (network, mallory, bert) = world();
    let stranger = Peer::new(network.pcscf.at);
    let from = |method: &str| Request::new(method, &mallory.card.impu, &bert.card.impu);
    let own = format!("Route: <sip:{};lr>", network.pcscf.at);
    let asserted = format!("P-Asserted-Identity: <{}>", Card::sim(1).impu);
    for method in ["MESSAGE", "INVITE", "SUBSCRIBE", "REFER"] {
        for lines in
            [String::new(), own.clone(), format!("{own}\n{asserted}"), mallory.service_route.join("\n")]
        {
            let lines = lines.replace("<sip:orig", "Route: <sip:orig");
            let lines = lines.replace("Route: Route:", "Route:");
            let request = from(method).with(&lines);
            let answered = stranger.ask(&request);
            assert_eq!(answered.status(), 403, "{}", answered.text());
            if method == "INVITE" {
                stranger.send(&request.follow_up("ACK", answered.tag("To")));
            }
        }
        let mut invented = from(method).with(&own);
        invented.to_tag = unique("t");
        let answered = stranger.ask(&invented.with(&asserted));
        assert_eq!(answered.status(), 403, "a To tag makes no dialog: {}", answered.text());
    }
    let forged = format!("Route: <sip:0123456789abcdef0123@{};lr>", network.scscf().at);
    let at_scscf = Peer::new(network.scscf().at);
    let answered = at_scscf.ask(&from("MESSAGE").with(&forged).with(&asserted));
    assert_eq!(answered.status(), 403, "{}", answered.text());
    assert!(bert.peer.pending().is_none_or(|came| came.status() > 0), "nothing came to Bert");
    network.comes_to_rest();
}

/// §5.4.1.2.1, TS 33.203 §6.1.1: a RES counts for one challenge and one identity.
#[test]
fn a_replayed_proof_registers_nobody() {
    let network = Network::of(sims(1..=2, "") + &soft("alice", ""));
    let mut anna = RawPhone::new(&network, Card::sim(1));
    let request = anna.registration("Expires: 600");
    let challenged = anna.peer.ask(&request);
    let proof = anna.proof(&request, &challenged);
    assert_eq!(anna.peer.ask(&proof).status(), 200);
    let mallory = Peer::new(network.pcscf.at);
    // As it was; as the next of its Call-ID; in a registration of its own; for another identity of the same set.
    let tel = format!("tel:{}", number(1));
    let fresh = Request { call_id: unique("replay"), ..proof.again() };
    let other = Request { to: tel.clone(), from: tel, call_id: unique("replay"), ..proof.again() };
    for replay in [proof.again(), fresh, other] {
        let answered = mallory.ask(&replay);
        assert_eq!(answered.status(), 401, "{}", answered.text());
    }
    // A proof that is wrong is refused, and the registration that there is stays (§5.4.1.2.3).
    let request = anna.registration("Expires: 600");
    let challenged = anna.peer.ask(&request);
    let mut wrong = anna.proof(&request, &challenged);
    wrong.more = wrong.more.replace("response=\"", "response=\"0");
    let answered = anna.peer.ask(&wrong);
    assert!(matches!(answered.status(), 400 | 401 | 403), "{}", answered.text());
    assert_eq!(network.state(&anna.card.impu), "registered");
    // With SIP digest too (RFC 7616 §3.4.5): a nonce count that was used.
    let mut alice = RawPhone::new(&network, Card::soft("alice"));
    let request = alice.registration("Expires: 600");
    let challenged = alice.peer.ask(&request);
    let proof = alice.proof(&request, &challenged);
    assert_eq!(alice.peer.ask(&proof).status(), 200);
    let answered = mallory.ask(&Request { call_id: unique("replay"), ..proof.again() });
    assert_eq!(answered.status(), 401, "{}", answered.text());
    network.comes_to_rest();
}

/// TS 29.228 §6.1.1.1 (IDENTITIES_DONT_MATCH), TS 24.229 §5.3.1.2: an identity of somebody else; an own key for it.
#[test]
fn somebody_elses_identity_is_not_registered() {
    let (network, _, bert) = world();
    let mut mallory = RawPhone::new(&network, Card { impu: Card::sim(1).impu, ..Card::sim(3) });
    let answered = mallory.register("Expires: 600");
    assert_eq!(answered.status(), 403, "{}", answered.text());
    // With the victim's private identity and another key: the proof is wrong (§5.4.1.2.3).
    let mut mallory = RawPhone::new(&network, Card { is_sim: false, ..Card::sim(1) });
    let request = mallory.registration("Expires: 600");
    let challenged = mallory.peer.ask(&request);
    assert_eq!(challenged.status(), 401);
    let wrong = format!(
        "Authorization: Digest username=\"{}\",realm=\"{DOMAIN}\",nonce=\"{}\",uri=\"sip:{DOMAIN}\",\
         algorithm=AKAv1-MD5,response=\"00000000000000000000000000000000\"",
        mallory.card.impi,
        crate::raw_phone::parameter(challenged.get("WWW-Authenticate"), "nonce"),
    );
    let mut guess = request.again();
    guess.more = format!("Supported: path\r\nExpires: 600\r\n{wrong}\r\n");
    let answered = mallory.peer.ask(&guess);
    assert!(matches!(answered.status(), 401 | 403), "{}", answered.text());
    // §7.2A.2: nor is a phone believed that says that it came protected.
    let mut protected = mallory.registration("Expires: 600");
    protected.more = protected.more.replace("response=\"\"", "response=\"\",integrity-protected=\"yes\"");
    let answered = mallory.peer.ask(&protected);
    assert!(matches!(answered.status(), 401 | 403), "{}", answered.text());
    // An end of another's registration is no easier than a beginning (§5.4.1.4).
    let mut mallory = RawPhone::new(&network, Card { impu: bert.card.impu.clone(), ..Card::sim(3) });
    for lines in ["Expires: 0", "Contact: *\nExpires: 0"] {
        let answered = mallory.register(lines);
        assert_ne!(answered.status(), 200, "{}", answered.text());
    }
    assert_eq!(network.state(&bert.card.impu), "registered");
    assert_eq!(network.state(&Card::sim(1).impu), "not-registered");
    network.comes_to_rest();
}

/// §5.4.3.2 (403), §5.4.3.3 (404): a barred identity neither calls nor is called, and is not shown.
#[test]
fn a_barred_identity_calls_nobody_and_is_called_by_nobody() {
    let more = format!(
        "identities = [\"sip:carl@{DOMAIN}\", {{ identity = \"sip:boss@{DOMAIN}\", barred = true }}]\n"
    );
    let network = Network::of(soft("carl", &more) + &sims(1..=1, ""));
    let carl = RawPhone::registered(&network, Card::soft("carl"));
    let anna = Phone::registered(&network, Card::sim(1));
    assert_eq!(anna.message(&format!("sip:boss@{DOMAIN}"), "to nobody"), 404);
    // What he says that he is called is not what is asserted (§5.2.6.3.1).
    let request = carl
        .request("MESSAGE", &anna.card.impu)
        .with(&format!("P-Preferred-Identity: <sip:boss@{DOMAIN}>\nContent-Type: text/plain"));
    let answered = carl.peer.ask(&request);
    assert_eq!(answered.status(), 200, "{}", answered.text());
    // §5.3.2.1A, §5.4.3.2: not even who is trusted to say so calls by it.
    let trusted = Peer::new(network.scscf().at);
    let request = Request::new("MESSAGE", &carl.card.impu, &anna.card.impu).with(&format!(
        "Route: <sip:orig@{};lr>\nP-Asserted-Identity: <sip:boss@{DOMAIN}>",
        network.scscf().at
    ));
    let answered = trusted.ask(&request);
    assert_eq!(answered.status(), 403, "{}", answered.text());
    network.comes_to_rest();
}

/// §5.2.6.3.5, .7, .9: who is no part of a dialog does not speak in it, though it knows its tags; who is, speaks in its own
/// name. §5.4.2.1.1: nobody watches another's registration.
#[test]
fn nobody_speaks_in_anothers_dialog() {
    let (network, mallory, bert) = world();
    let anna = RawPhone::registered(&network, Card::sim(1));
    let invite = anna.request("INVITE", &bert.card.impu);
    anna.peer.send(&invite);
    let came = bert.peer.expect("INVITE");
    bert.peer.answer(&came, 200, "b", &format!("Contact: <{}>", bert.contact()));
    let ok = anna.peer.expect("200");
    anna.peer.send(&invite.within(&ok, "ACK", 1));
    bert.peer.expect("ACK");

    // With Anna's Service-Route, with no Route, with Anna's own route set.
    let bye = invite.within(&ok, "BYE", 2);
    let bare =
        |request: &Request| Request { more: String::new(), branch: unique("z9hG4bK"), ..request.clone() };
    let by_service_route = bare(&bye).with(&format!("Route: <sip:{};lr>", network.pcscf.at));
    for request in [bare(&bye), by_service_route] {
        let answered = mallory.peer.ask(&request);
        assert_eq!(answered.status(), 403, "{}", answered.text());
    }
    // Bert speaks as Anna in a dialog with her: it is his own identity that she sees.
    let mut update = Request::back(&came, "b", "INFO", 1);
    update = update.with(&format!("P-Asserted-Identity: <{}>", anna.card.impu));
    bert.peer.send(&update);
    let info = anna.peer.expect("INFO");
    let asserted = info.list("P-Asserted-Identity");
    assert!(!asserted.iter().any(|one| one.contains(&anna.card.impu)), "{}", info.text());
    anna.peer.answer(&info, 200, "", "");
    bert.peer.expect("200");

    // The call is still theirs.
    anna.peer.send(&bye);
    let came = bert.peer.expect("BYE");
    bert.peer.answer(&came, 200, "", "");
    anna.peer.expect("200");

    let watch = mallory.request("SUBSCRIBE", &anna.card.impu).with("Event: reg\nExpires: 600");
    let answered = mallory.peer.ask(&watch);
    assert_eq!(answered.status(), 403, "{}", answered.text());
    network.comes_to_rest();
}

/// RFC 6665 §4.1.3, §5.2.3: a forged NOTIFY ends nobody's registration, neither at the P-CSCF nor at the phone.
#[test]
fn a_forged_notify_ends_nothing() {
    let (network, mallory, _) = world();
    let anna = Phone::registered(&network, Card::sim(1));
    let body = format!(
        "<?xml version=\"1.0\"?><reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"9\" state=\"full\">\
         <registration aor=\"{0}\" id=\"r\" state=\"terminated\"><contact id=\"c\" state=\"terminated\" \
         event=\"deactivated\"><uri>sip:{1}</uri></contact></registration></reginfo>",
        anna.card.impu, anna.at
    );
    let lines = "Event: reg\nSubscription-State: terminated";
    let to_pcscf = Request::new("NOTIFY", &anna.card.impu, &network.pcscf.uri())
        .with(lines)
        .body("application/reginfo+xml", body.as_bytes());
    let answered = mallory.peer.ask(&to_pcscf);
    assert!(matches!(answered.status(), 403 | 481), "{}", answered.text());
    // Straight to the phone, past all of the network.
    let at_phone = Peer::new(anna.at);
    let to_phone = Request::new("NOTIFY", &anna.card.impu, &anna.card.impu)
        .uri(&format!("sip:{}", anna.at))
        .with(lines)
        .body("application/reginfo+xml", body.as_bytes());
    assert_eq!(at_phone.ask(&to_phone).status(), 481);
    let other = Phone::registered(&network, Card::sim(2));
    assert_eq!(other.message(&anna.card.impu, "still there"), 200);
    anna.gets("still there");
    let (outgoing, incoming) = talk(&anna, &other, &other.card.impu);
    anna.hang_up(outgoing);
    other.ended(incoming);
    until("nothing is left", || network.pcscf.status("active_transactions") == 0);
}

/// Where phones are in a network that knows the addresses of its own elements.
const OUTSIDE: &str = "127.0.0.2";

/// §4.4, RFC 3325 §2.3: a network whose elements know each other by address believes nobody else: not who reaches the I-CSCF, the
/// S-CSCF or the P-CSCF by a Path, nor a second socket of a phone's in a dialog.
#[test]
fn who_is_not_of_the_network_is_not_believed() {
    let trusted = || "trusted = [\"127.0.0.1\"]\n".to_owned();
    let (pcscf, icscf, scscf) = (trusted(), trusted(), trusted());
    let network = Network::start(&Setup { pcscf, icscf, scscf, ..Setup::of(sims(1..=3, "")) });
    let registered = |n: u32| {
        let mut phone = RawPhone::on(OUTSIDE, &network, Card::sim(n));
        let answered = phone.register("Expires: 600");
        assert_eq!(answered.status(), 200, "{}", answered.text());
        phone
    };
    let (bert, mallory) = (registered(2), registered(3));
    let anna = Card::sim(1).impu;
    let lie = format!("P-Asserted-Identity: <{anna}>\nP-Served-User: <{anna}>;sescase=orig;regstate=reg");

    // The S-CSCF, by every door.
    let scscf = network.scscf().at;
    let at_scscf = Peer::on(OUTSIDE, scscf);
    for route in
        [format!("<sip:orig@{scscf};lr>"), format!("<sip:{scscf};lr;orig>"), format!("<sip:{scscf};lr>")]
    {
        let request = Request::new("MESSAGE", &anna, &bert.card.impu).with(&format!("Route: {route}\n{lie}"));
        let answered = at_scscf.ask(&request);
        assert_eq!(answered.status(), 403, "{route}\n{}", answered.text());
    }
    let register = Request::new("REGISTER", &anna, &anna).uri(&format!("sip:{scscf}")).with(&format!(
        "Authorization: Digest username=\"{}\",integrity-protected=\"yes\"",
        Card::sim(1).impi
    ));
    assert_eq!(at_scscf.ask(&register).status(), 403);
    // The I-CSCF lets anybody in who wants to reach a user, and believes nothing (§5.3.2.1); nobody calls for a user (§5.3.2.1A).
    let at_icscf = Peer::on(OUTSIDE, network.icscf.at);
    at_icscf.send(&Request::new("MESSAGE", &anna, &bert.card.impu).with(&lie));
    let came = bert.peer.expect("MESSAGE");
    assert!(!came.has("P-Asserted-Identity") && !came.has("P-Served-User"), "{}", came.text());
    bert.peer.answer(&came, 200, "b", "");
    at_icscf.expect("200");
    let orig = format!("Route: <{};lr;orig>\n{lie}", network.icscf.uri());
    assert_eq!(at_icscf.ask(&Request::new("MESSAGE", &anna, &bert.card.impu).with(&orig)).status(), 403);

    // Mallory calls, and speaks from another socket in the dialog that is his, in another's name.
    let invite = mallory.request("INVITE", &bert.card.impu);
    mallory.peer.send(&invite);
    let came = bert.peer.expect("INVITE");
    bert.peer.answer(&came, 200, "b", &format!("Contact: <{}>", bert.contact()));
    let ok = mallory.peer.expect("200");
    mallory.peer.send(&invite.within(&ok, "ACK", 1));
    bert.peer.expect("ACK");
    let second = Peer::on(OUTSIDE, network.pcscf.at);
    second.send(&invite.within(&ok, "INFO", 2).with(&lie));
    let came = bert.peer.expect("INFO");
    assert!(!came.has("P-Asserted-Identity") && !came.has("P-Served-User"), "{}", came.text());
    bert.peer.answer(&came, 200, "", "");
    second.expect("200");
    network.comes_to_rest();
}
