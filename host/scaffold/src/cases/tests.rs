use super::*;
use node::{Challenge, ConsultError, Decision, Edit, HeaderEdit, Hook, Relay, Reply, ReplyDecision, Target};
use sip::HeaderId;

const FILE: &str = "
# comments and empty lines are skipped

[configuration]
domains = [\"example.org\"]
[routes]
a = \"b\"

[host]
source: tcp [2001:db8::1]:5070
time: 1
binding: sip:bob@example.org = <sip:bob@192.0.2.7>;q=0.5;expires=60;path=\"<sip:p.example.org;lr>\"
binding: sip:bob@example.org = <sip:bob@192.0.2.8>
here: sip:alice@example.org
credentials: accepted alice
register: too-brief 60
contact: <sip:a@b>;expires=60
variable: a = 1
dialog-variable: b = 2
key: c/d = 3 = 4

[message]
INVITE sip:bob@example.org SIP/2.0
From: <sip:alice@example.org>;tag=1
P-Asserted-Identity: <sip:boss@example.org>

[expect]
decision: relay
target: sip:bob@192.0.2.8 q=1
target: sip:bob@192.0.2.7 q=0.5
route: <sip:p.example.org;lr>
record-route: yes
ask-failure: no
timeout: 20000
request-uri: sip:bob@example.org
header: P-Asserted-Identity: <sip:alice@example.org>
no-header: Subject
log: ringing
";

fn relay() -> Relay {
    let target = |uri: &str, q, route: &[&str]| Target {
        uri: uri.into(),
        route: route.iter().map(|route| (*route).into()).collect(),
        q,
        flow: None,
        flow_only: false,
        next_hop: None,
        timers: None,
    };
    let edits = vec![
        Edit::RemoveAll(HeaderId::P_ASSERTED_IDENTITY, "".into()),
        Edit::Append(HeaderEdit::new(HeaderId::P_ASSERTED_IDENTITY, *b"<sip:alice@example.org>")),
    ];
    Relay {
        edits,
        targets: vec![
            target("sip:bob@192.0.2.8", 1000, &[]),
            target("sip:bob@192.0.2.7", 500, &["<sip:p.example.org;lr>"]),
        ],
        targets_named: true,
        record_route: true,
        timeout: Some(std::time::Duration::from_secs(20)),
        ..Relay::default()
    }
}

fn sentences(case: &Case, said: Said<'_>, log: &[&str]) -> Vec<String> {
    let log: Vec<String> = log.iter().map(|line| (*line).to_owned()).collect();
    case.check(said, &log).iter().map(ToString::to_string).collect()
}

#[test]
fn every_part_of_a_file_is_read() {
    let case = Case::parse(FILE).expect("a case");
    assert_eq!(case.configuration, "domains = [\"example.org\"]\n[routes]\na = \"b\"\n\n");
    assert_eq!(case.hook, Hook::Request);
    assert_eq!(case.message.request_uri(), b"sip:bob@example.org");
    let host = &case.host;
    assert_eq!(
        (host.transport, host.source.to_string()),
        (sip::Transport::Tcp, "[2001:db8::1]:5070".to_owned())
    );
    assert_eq!((host.now_ms, host.register), (1, RegisterAnswer::TooBrief(60)));
    assert_eq!(host.verdict, VerdictAnswer::Accepted("alice".into()));
    assert!(host.is_registered_here("sip:alice@example.org") && host.is_registered("sip:alice@example.org"));
    assert!(host.is_registered("sip:bob@example.org") && !host.is_registered_here("sip:bob@example.org"));
    let targets = host.targets_of("sip:bob@example.org");
    assert_eq!(targets, relay().targets, "highest q first");
    assert_eq!(host.bindings_of("sip:bob@example.org")[1].expires, 60);
    assert_eq!(host.contacts, ["<sip:a@b>;expires=60"]);
    assert_eq!(host.variables, [("a".to_owned(), "1".to_owned())]);
    assert_eq!(host.rows, [("c/d".to_owned(), "3 = 4".to_owned())]);
}

#[test]
fn what_is_as_expected_gives_no_mismatch() {
    let case = Case::parse(FILE).expect("a case");
    assert!(sentences(&case, Said::Decision(&Decision::Relay(relay())), &["it is ringing"]).is_empty());
}

#[test]
fn each_mismatch_names_its_line_what_was_expected_and_what_was_found() {
    let case = Case::parse(FILE).expect("a case");
    let mut wrong = relay();
    wrong.targets.swap(0, 1);
    wrong.record_route = false;
    wrong.timeout = None;
    wrong.edits = vec![Edit::SetRequestUri("sip:carol@example.org".into())];
    assert_eq!(
        sentences(&case, Said::Decision(&Decision::Relay(wrong)), &[]),
        [
            "line 29: expected target: sip:bob@192.0.2.8 q=1, sip:bob@192.0.2.7 q=0.5 by <sip:p.example.org;lr>, \
             found sip:bob@192.0.2.7 q=0.5, sip:bob@192.0.2.8 q=1 without a route",
            "line 32: expected record-route: yes, found no",
            "line 34: expected timeout: 20000, found 0",
            "line 35: expected request-uri: sip:bob@example.org, found sip:carol@example.org",
            "line 36: expected header P-Asserted-Identity: <sip:alice@example.org>, found <sip:boss@example.org>",
            "line 38: expected log: ringing, found no line",
        ]
    );
    let trap = sentences(&case, Said::Failed(ConsultError::Trap), &[]);
    assert_eq!(trap[0], "line 28: expected decision: relay, found trap");
    assert_eq!(trap[1].split(", found ").last(), Some("a decision that has none"));
}

fn expecting(hook: &str, message: &str, expect: &str) -> Case {
    let text = format!("hook: {hook}\n[message]\n{message}\n[expect]\n{expect}\n");
    Case::parse(&text).expect("a case")
}

#[test]
fn answers_are_looked_at_as_they_are_written() {
    let case = expecting(
        "request",
        "OPTIONS sip:example.org SIP/2.0",
        "decision: reply\nstatus: 200\nreason: Fine\nstateless: yes\nheader: Allow: INVITE\nheader: allow: ACK\n\
         header: X-Own: 1\nno-header: Accept\nbody: hello",
    );
    let reply = Reply {
        status: 200,
        reason: "Fine".into(),
        edits: vec![
            Edit::Append(HeaderEdit::new(HeaderId::ALLOW, *b"INVITE")),
            Edit::Append(HeaderEdit::new(HeaderId::ALLOW, *b"ACK")),
            Edit::Append(HeaderEdit::named("x-own", *b"1")),
            Edit::SetBody { content_type: "text/plain".into(), content: (*b"hello\r\n").into() },
        ],
        stateless: true,
        server_timers: None,
    };
    assert!(sentences(&case, Said::Decision(&Decision::Reply(reply)), &[]).is_empty());
}

#[test]
fn challenges_are_known_by_status_realm_algorithms_and_stale() {
    let case = expecting(
        "request",
        "REGISTER sip:example.org SIP/2.0",
        "decision: challenge\nstatus: 407\nrealm: example.org\nalgorithms: SHA-256, MD5\nstale: no",
    );
    let mut challenge = Challenge {
        proxy: true,
        realm: "example.org".into(),
        algorithms: vec![auth::Algorithm::Sha256, auth::Algorithm::Md5],
        stale: false,
        edits: Vec::new(),
    };
    assert!(sentences(&case, Said::Decision(&Decision::Challenge(challenge.clone())), &[]).is_empty());
    challenge.proxy = false;
    challenge.algorithms.swap(0, 1);
    assert_eq!(
        sentences(&case, Said::Decision(&Decision::Challenge(challenge)), &[]),
        [
            "line 6: expected status: 407, found 401",
            "line 8: expected algorithms: SHA-256, MD5, found MD5, SHA-256"
        ]
    );
}

#[test]
fn a_reply_hook_passes_replaces_or_drops() {
    let case = expecting("reply", "SIP/2.0 486 Busy Here", "decision: pass\nheader: Reason: x");
    let pass = ReplyDecision::Pass(vec![Edit::Append(HeaderEdit::new(HeaderId::REASON, *b"x"))]);
    assert!(sentences(&case, Said::Reply(&pass), &[]).is_empty());
    let case = expecting("reply", "SIP/2.0 486 Busy Here", "decision: replace\nstatus: 480");
    let replace = ReplyDecision::Replace(Reply { status: 480, ..Reply::default() });
    assert!(sentences(&case, Said::Reply(&replace), &[]).is_empty());
    assert_eq!(
        sentences(&case, Said::Reply(&ReplyDecision::Drop), &[])[0],
        "line 5: expected decision: replace, found drop"
    );
}

#[test]
fn a_relay_after_a_failure_adds_to_the_request() {
    let case = expecting(
        "failure",
        "SIP/2.0 486 Busy Here",
        "decision: relay\ntargets: onward\nheader: Diversion: x",
    );
    let mut relay =
        Relay { edits: vec![Edit::Append(HeaderEdit::named("Diversion", *b"x"))], ..Relay::default() };
    assert!(sentences(&case, Said::Decision(&Decision::Relay(relay.clone())), &[]).is_empty());
    relay.targets_named = true;
    let found = sentences(&case, Said::Decision(&Decision::Relay(relay)), &[]);
    assert_eq!(found, ["line 6: expected targets: onward, found targets"]);
}

#[test]
fn a_file_that_cannot_be_read_names_line_and_wish() {
    let tail = "[message]\nACK sip:a SIP/2.0\n[expect]\ndecision: drop\n";
    let of_host = |line: &str| format!("[host]\n{line}\n{tail}");
    let of_expect = |line: &str| format!("{tail}{line}\n");
    for (text, wanted) in [
        ("".to_owned(), "line 1: expected [message] with a SIP message"),
        (
            "[message]\nnonsense\n[expect]\ndecision: drop".to_owned(),
            "line 2: expected [message] with a SIP message",
        ),
        ("[message]\nACK sip:a SIP/2.0".to_owned(), "line 2: expected [expect] with at least one line"),
        (format!("hook: x\n{tail}"), "line 1: expected request, in-dialog, reply or failure"),
        (format!("name: x\n{tail}"), "line 1: expected hook: or a section"),
        (format!("hook: reply\n{tail}"), "line 3: expected a response for this hook"),
        (of_host("nonsense"), "line 2: expected key: value"),
        (of_host("where: here"), "line 2: expected source, time, binding"),
        (of_host("source: 192.0.2.1"), "line 2: expected source: TRANSPORT ADDRESS:PORT"),
        (of_host("time: noon"), "line 2: expected a whole number"),
        (of_host("binding: sip:a@b"), "line 2: expected NAME = VALUE"),
        (of_host("binding: sip:a@b = <nowhere>"), "line 2: expected binding: ADDRESS-OF-RECORD"),
        (of_host("credentials: accepted"), "line 2: expected accepted NAME, absent, stale or rejected"),
        (of_host("register: maybe"), "line 2: expected ok, outbound"),
        (of_expect("decision: maybe"), "line 5: expected relay, reply"),
        (of_expect("status: ok"), "line 5: expected a whole number"),
        (of_expect("target: sip:a@b p=1"), "line 5: expected target: URI"),
        (of_expect("route: <sip:a>"), "line 5: expected a target: before its route:"),
        (of_expect("targets: many"), "line 5: expected onward or empty"),
        (of_expect("record-route: maybe"), "line 5: expected yes or no"),
        (of_expect("header: Subject"), "line 5: expected header: NAME: VALUE"),
        (of_expect("algorithms: SHA-1"), "line 5: expected MD5, SHA-256"),
        (of_expect("colour: red"), "line 5: expected one of decision"),
    ] {
        let error = Case::parse(&text).expect_err(&text).to_string();
        assert!(error.starts_with(wanted), "{error}\n{text}");
    }
}

#[test]
fn the_page_that_describes_the_format_shows_a_case() {
    let page = include_str!("../../../../docs/case-files.md");
    let block = page.split("```").nth(1).expect("an example");
    // Its notes stand on the right, behind three blanks.
    let lines: Vec<&str> =
        block.lines().map(|line| line.split("   ").next().unwrap_or_default().trim_end()).collect();
    let case = Case::parse(&lines.join("\n")).expect("a case");
    assert_eq!(case.message.method_token(), b"INVITE");
    assert_eq!(case.expectations.len(), 2);
}
