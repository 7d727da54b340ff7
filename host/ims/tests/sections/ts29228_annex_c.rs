//! TS 29.228 Annex B.2.2, B.2.3 and C: which filter criteria a request meets.

use sip::Message;
use strowger_ims::EreError;
use strowger_ims::filter_criteria::{FilterCriteria, Position, Request};
use strowger_ims::service_profile::{
    ApplicationServer, ConditionType, InitialFilterCriteria, ProfilePart, RegistrationType,
    ServicePointTrigger, SessionCase, TriggerPoint, What,
};

use ConditionType::{ConjunctiveNormalForm as Cnf, DisjunctiveNormalForm as Dnf};

const INVITE: &str = "INVITE tel:+15550100 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n\
    f: <sip:alice@example.org>;tag=1\r\n\
    To: <tel:+15550100>\r\n\
    Call-ID: c\r\nCSeq: 1 INVITE\r\n\
    P-Asserted-Identity: <sip:alice@example.org>\r\n\
    P-Asserted-Identity: <tel:+15550199>\r\n\
    Accept-Contact: *;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"\r\n\
    Subject: one\r\n two\r\n\
    X-Own: yes\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 75\r\n\r\n\
    v=0\r\nm=audio 49170 RTP/AVP 0\r\na=sendrecv\r\nm=video 51372 RTP/AVP 31\r\nb=AS:30";

fn message(text: &str) -> Message {
    let mut text = text.to_owned();
    if let Some((head, body)) = text.clone().split_once("\r\n\r\n") {
        let head: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with("Content-Length")).collect();
        text = format!("{}\r\nContent-Length: {}\r\n\r\n{body}", head.join("\r\n"), body.len());
    }
    Message::parse_datagram(text.as_bytes()).unwrap()
}

fn spt(groups: &[u32], is_negated: bool, what: What) -> ServicePointTrigger {
    ServicePointTrigger { is_negated, groups: groups.to_vec(), what, registration_types: Vec::new() }
}

fn criteria(
    priority: u32,
    condition: Option<(ConditionType, Vec<ServicePointTrigger>)>,
) -> InitialFilterCriteria {
    InitialFilterCriteria {
        priority,
        trigger_point: condition.map(|(condition_type, service_point_triggers)| TriggerPoint {
            condition_type,
            service_point_triggers,
        }),
        application_server: ApplicationServer {
            server_name: format!("sip:as{priority}"),
            ..ApplicationServer::default()
        },
        profile_part: None,
    }
}

fn meets(request: &Request<'_>, condition_type: ConditionType, triggers: Vec<ServicePointTrigger>) -> bool {
    let one = criteria(1, Some((condition_type, triggers)));
    let compiled = FilterCriteria::compile([&one]);
    compiled.triggered(request, None).next().is_some()
}

/// Whether one atom holds, and that its negation does not.
fn holds(request: &Request<'_>, what: &What) -> bool {
    let plain = meets(request, Cnf, vec![spt(&[0], false, what.clone())]);
    let negated = meets(request, Cnf, vec![spt(&[0], true, what.clone())]);
    assert_ne!(plain, negated, "{what:?}: what is negated holds where the other does not");
    plain
}

fn uri(pattern: &str) -> What {
    What::RequestUri(pattern.to_owned())
}

fn header(name: &str, content: Option<&str>) -> What {
    What::SipHeader { header: name.to_owned(), content: content.map(str::to_owned) }
}

fn line(letter: &str, content: Option<&str>) -> What {
    What::SessionDescription { line: letter.to_owned(), content: content.map(str::to_owned) }
}

fn method(token: &str) -> What {
    What::Method(token.to_owned())
}

#[test]
fn every_kind_of_service_point_trigger() {
    let message = message(INVITE);
    let request = Request::new(message.head(), SessionCase::OriginatingRegistered);
    let rows = [
        (uri("tel:\\+1555"), true),
        (uri("^sip:"), false),
        (uri("5550100$"), true),
        (uri("TEL:"), false),
        (method("INVITE"), true),
        (method("invite"), false),
        (method("INV"), false),
        (method("REGISTER"), false),
        (header("From", None), true),
        (header("from", Some("alice")), true),
        (header("f", None), false),
        (header("X-Own", Some("^yes$")), true),
        (header("x-own", Some("YES")), false),
        (header("X-Other", None), false),
        // A name is matched as a whole: neither P-Asserted-Identity nor Accept-Contact is meant.
        (header("Identity", None), false),
        (header("Contact", None), false),
        (header(".*Contact", Some("mmtel")), true),
        (header("P-Asserted-Identity", Some("^<tel:")), true),
        (header("P-Asserted-Identity", Some("bob")), false),
        (header("To|From", Some("\\+15550100")), true),
        // Folds are one space.
        (header("Subject", Some("^one two$")), true),
        (line("m", None), true),
        (line("m", Some("^audio ")), true),
        (line("m", Some("^video 51372 ")), true),
        (line("m", Some("^message")), false),
        (line("a", Some("^sendrecv$")), true),
        (line("[ab]", Some("AS:30$")), true),
        (line("x", None), false),
        (line("", None), false),
    ];
    for (what, expected) in rows {
        assert_eq!(holds(&request, &what), expected, "{what:?}");
    }
}

#[test]
fn session_cases_are_told_apart() {
    let message = message(INVITE);
    for case in SessionCase::ALL {
        let request = Request::new(message.head(), case);
        for wanted in SessionCase::ALL {
            assert_eq!(holds(&request, &What::SessionCase(wanted)), case == wanted, "{case:?} {wanted:?}");
        }
    }
}

#[test]
fn registration_types_count_where_there_are_some() {
    let message = message(
        "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\n\
         To: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n",
    );
    for kind in RegistrationType::ALL {
        let request = Request::register(message.head(), kind);
        assert!(holds(&request, &method("REGISTER")), "no types: all of them");
        for wanted in 0..8_u8 {
            let registration_types: Vec<RegistrationType> =
                RegistrationType::ALL.into_iter().filter(|kind| wanted >> (*kind as u8) & 1 == 1).collect();
            let expected = registration_types.is_empty() || registration_types.contains(&kind);
            let trigger = ServicePointTrigger { registration_types, ..spt(&[0], false, method("REGISTER")) };
            let negated = ServicePointTrigger { is_negated: true, ..trigger.clone() };
            assert_eq!(meets(&request, Cnf, vec![trigger]), expected, "{kind:?} {wanted:03b}");
            assert_eq!(meets(&request, Cnf, vec![negated]), !expected, "{kind:?} {wanted:03b}");
        }
    }
}

/// The atoms T and F hold and do not, so that every form can be computed by hand.
#[test]
fn both_normal_forms_over_every_assignment() {
    let message = message(INVITE);
    let request = Request::new(message.head(), SessionCase::TerminatingRegistered);
    let atom = |value: bool, groups: &[u32], is_negated: bool| {
        let token = if value != is_negated { "INVITE" } else { "BYE" };
        spt(groups, is_negated, method(token))
    };
    for bits in 0..32_u8 {
        let bit = |index: u8| bits >> index & 1 == 1;
        let (a, b, c, d, e) = (bit(0), bit(1), bit(2), bit(3), bit(4));
        for negate in [false, true] {
            // a in 1; b in 1 and 2; c in 2; d in 7 and 1; e in 7
            let triggers = vec![
                atom(a, &[1], negate),
                atom(b, &[1, 2], false),
                atom(c, &[2], negate),
                atom(d, &[7, 1], false),
                atom(e, &[7], negate),
            ];
            let conjunctive = (a || b || d) && (b || c) && (d || e);
            let disjunctive = (a && b && d) || (b && c) || (d && e);
            assert_eq!(meets(&request, Cnf, triggers.clone()), conjunctive, "CNF {bits:05b}");
            assert_eq!(meets(&request, Dnf, triggers), disjunctive, "DNF {bits:05b}");
        }
    }
}

#[test]
fn no_trigger_point_is_always_and_an_empty_one_follows_its_form() {
    let message = message(INVITE);
    let request = Request::new(message.head(), SessionCase::TerminatingRegistered);
    let always = criteria(1, None);
    assert_eq!(FilterCriteria::compile([&always]).triggered(&request, None).count(), 1);
    assert!(meets(&request, Cnf, vec![]));
    assert!(!meets(&request, Dnf, vec![]));
}

#[test]
fn profile_parts() {
    let message = message(INVITE);
    let cases = [
        (SessionCase::OriginatingRegistered, ProfilePart::Registered),
        (SessionCase::TerminatingRegistered, ProfilePart::Registered),
        (SessionCase::TerminatingUnregistered, ProfilePart::Unregistered),
        (SessionCase::OriginatingUnregistered, ProfilePart::Unregistered),
        (SessionCase::OriginatingCdiv, ProfilePart::Registered),
    ];
    for (case, part) in cases {
        let mut request = Request::new(message.head(), case);
        assert_eq!(request.profile_part, part, "{case:?}");
        for (wanted, expected) in [
            (None, true),
            (Some(ProfilePart::Registered), part == ProfilePart::Registered),
            (Some(ProfilePart::Unregistered), part == ProfilePart::Unregistered),
        ] {
            let one = InitialFilterCriteria { profile_part: wanted, ..criteria(1, None) };
            let compiled = FilterCriteria::compile([&one]);
            assert_eq!(
                compiled.triggered(&request, None).count(),
                usize::from(expected),
                "{case:?} {wanted:?}"
            );
        }
        request.profile_part = ProfilePart::Unregistered;
        let one =
            InitialFilterCriteria { profile_part: Some(ProfilePart::Unregistered), ..criteria(1, None) };
        assert_eq!(FilterCriteria::compile([&one]).triggered(&request, None).count(), 1);
    }
}

#[test]
fn the_chain_goes_by_priority_and_goes_on_where_it_was() {
    let message = message(INVITE);
    let request = Request::new(message.head(), SessionCase::OriginatingRegistered);
    let never = |priority| criteria(priority, Some((Cnf, vec![spt(&[0], false, method("BYE"))])));
    let all = [criteria(30, None), never(20), criteria(10, None), criteria(40, None), never(5)];
    let compiled = FilterCriteria::compile(&all);
    assert_eq!(compiled.len(), 5);
    let priorities =
        |after| compiled.triggered(&request, after).map(|found| found.criteria.priority).collect::<Vec<_>>();
    let at = |priority| Some(Position { priority, ordinal: 0 });
    assert_eq!(priorities(None), [10, 30, 40]);
    assert_eq!(priorities(at(10)), [30, 40]);
    assert_eq!(priorities(at(20)), [30, 40]);
    assert_eq!(priorities(at(35)), [40]);
    assert_eq!(priorities(at(40)), [0_u32; 0]);
    // One by one, as a chain does it.
    let mut after = None;
    let mut seen = Vec::new();
    while let Some(found) = compiled.triggered(&request, after).next() {
        seen.push(found.criteria.application_server.server_name.clone());
        after = Some(found.position);
    }
    assert_eq!(seen, ["sip:as10", "sip:as30", "sip:as40"]);
}

#[test]
fn criteria_of_one_priority_all_have_their_turn() {
    let message = message(INVITE);
    let request = Request::new(message.head(), SessionCase::OriginatingRegistered);
    let own = [criteria(1, None), criteria(2, None)];
    let mut shared = [criteria(2, None), criteria(2, None)];
    for (index, one) in shared.iter_mut().enumerate() {
        one.application_server.server_name = format!("sip:shared{index}");
    }
    let compiled = FilterCriteria::compile(own.iter().chain(&shared));
    let mut after = None;
    let mut seen = Vec::new();
    while let Some(found) = compiled.triggered(&request, after).next() {
        seen.push(found.criteria.application_server.server_name.clone());
        after = Some(found.position);
    }
    assert_eq!(seen, ["sip:as1", "sip:as2", "sip:shared0", "sip:shared1"]);
}

#[test]
fn a_request_may_change_in_between() {
    let message = message(INVITE);
    let mut request = Request::new(message.head(), SessionCase::TerminatingRegistered);
    assert!(holds(&request, &uri("^tel:")));
    request.request_uri = b"sip:voicemail@example.org";
    assert!(!holds(&request, &uri("^tel:")) && holds(&request, &uri("voicemail")));
}

#[test]
fn a_pattern_that_is_none_never_holds_and_is_told() {
    let message = message(INVITE);
    let request = Request::new(message.head(), SessionCase::OriginatingRegistered);
    for what in [
        uri("("),
        header("[", None),
        header("From", Some("a{2,1}")),
        line("(", None),
        line("m", Some("\\1")),
        uri(&"x".repeat(5000)),
    ] {
        for is_negated in [false, true] {
            let broken = spt(&[0], is_negated, what.clone());
            assert!(!meets(&request, Cnf, vec![broken.clone()]), "{what:?}");
            assert!(!meets(&request, Dnf, vec![broken.clone()]), "{what:?}");
            // The rest of the condition goes on without it.
            assert!(meets(&request, Cnf, vec![broken.clone(), spt(&[0], false, method("INVITE"))]));
            assert!(meets(&request, Dnf, vec![broken, spt(&[1], false, method("INVITE"))]));
        }
    }
    let broken = criteria(
        9,
        Some((
            Cnf,
            vec![spt(&[0], false, method("X")), spt(&[1], false, uri("[")), spt(&[1], true, uri("\\1"))],
        )),
    );
    let compiled = FilterCriteria::compile([&criteria(1, None), &broken]);
    let told: Vec<_> = compiled
        .problems()
        .iter()
        .map(|found| (found.position.priority, found.service_point_trigger))
        .collect();
    assert_eq!(told, [(9, 1), (9, 2)]);
    assert!(matches!(compiled.problems()[1].error, EreError::Syntax { offset: 0, .. }));
}

#[test]
fn a_session_description_is_found_where_it_is() {
    let multipart = INVITE.replace("application/sdp", "multipart/mixed;boundary=b").replace(
        "\r\n\r\nv=0",
        "\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nm=message\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0",
    ) + "\r\n--b--\r\n";
    let rows = [
        (multipart.as_str(), true, false),
        (&INVITE.replace("application/sdp", "text/plain"), false, false),
        (&INVITE.replace("Content-Type: application/sdp\r\n", ""), false, false),
        (&INVITE.replace("\r\nm=", "\nm="), true, false),
    ];
    for (text, has_audio, has_message) in rows {
        let message = message(text);
        let request = Request::new(message.head(), SessionCase::OriginatingRegistered);
        assert_eq!(holds(&request, &line("m", Some("^audio"))), has_audio, "{text}");
        assert_eq!(holds(&request, &line("m", Some("^message"))), has_message, "{text}");
    }
}

#[test]
fn more_criteria_than_there_may_be_are_left_out() {
    let all: Vec<_> = (0..400).rev().map(|priority| criteria(priority, None)).collect();
    let compiled = FilterCriteria::compile(&all);
    assert_eq!(compiled.len(), strowger_ims::bounds::MAX_FILTER_CRITERIA);
    let message = message(INVITE);
    let request = Request::new(message.head(), SessionCase::OriginatingRegistered);
    let last = compiled.triggered(&request, None).last().unwrap();
    assert_eq!(last.criteria.priority, 255, "those of the lowest numbers are kept");
}
