//! TS 24.229 §5.4.5.1.2: the network ends a session: a BYE to the callee as if from the caller, and one to the caller as if
//! from the callee, each by its part of the route.
#![allow(clippy::unwrap_used)]

mod call;

use call::{Path, request, response};
use strowger_dialog::{Bye, Why};

const OWN: &str = "<sip:tok@192.0.2.3;lr>";
const OWN_TOO: &str = "<sip:tok@192.0.2.3:5061;transport=tls;lr>";
const ALICE: &str = "sip:alice@192.0.2.10:5060";
const BOB: &str = "sip:bob@192.0.2.20:5060";

fn is_own(uri: &sip::Uri<'_>) -> bool {
    uri.host().to_string() == "192.0.2.3"
}

/// Alice's INVITE came by these; the 2xx shows those. Whether the session can be ended.
fn calls(path: &mut Path, served: &str, came_by: &str, shows: &str) -> bool {
    let lines = |routes: &str, contact: &str| {
        let mut lines = vec![format!("Contact: <{contact}>")];
        if !routes.is_empty() {
            lines.push(format!("Record-Route: {routes}"));
        }
        lines
    };
    let (asked, answered) = (lines(came_by, ALICE), lines(shows, BOB));
    let texts = |lines: &[String]| lines.iter().map(|line| line.clone().leak() as &str).collect::<Vec<_>>();
    let invite = request("INVITE", "c", "alice", None, &texts(&asked));
    let answer = response(200, "INVITE", "c", "alice", "bob", &texts(&answered));
    path.dialogs.handle_response(path.now, &invite.head(), &answer.head(), 1);
    path.dialogs.serve(served, &invite.head(), &answer.head(), is_own)
}

fn called(served: &str, came_by: &str, shows: &str) -> (Path, bool) {
    let mut path = Path::new(10);
    let can = calls(&mut path, served, came_by, shows);
    (path, can)
}

fn routes(bye: &Bye) -> Vec<&str> {
    bye.route.iter().map(|route| std::str::from_utf8(route).unwrap()).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_bye_goes_to_either_side_as_if_from_the_other() {
    let shows = format!("<sip:p2;lr>, <sip:s2;lr>, {OWN}, <sip:p1;lr>");
    let (mut path, can) = called("sip:alice@ims.test", "<sip:p1;lr>", &shows);
    assert!(can);
    let byes = path.dialogs.release("sip:alice@ims.test");
    let [callee, caller] = &byes[..] else { panic!("{byes:?}") };
    assert_eq!((text(&callee.request_uri), routes(callee)), (BOB, vec!["<sip:s2;lr>", "<sip:p2;lr>"]));
    assert_eq!(text(&callee.from), "<sip:alice@a.example>;tag=alice");
    assert_eq!(text(&callee.to), "<sip:bob@b.example>;tag=bob");
    assert_eq!((text(&callee.call_id), callee.cseq), ("c", 2), "the INVITE had 1");
    assert_eq!((text(&caller.request_uri), routes(caller)), (ALICE, vec!["<sip:p1;lr>"]));
    assert_eq!(text(&caller.from), "<sip:bob@b.example>;tag=bob");
    assert_eq!((text(&caller.to), caller.cseq), ("<sip:alice@a.example>;tag=alice", 1), "Bob has sent none");
    // It is over, and is told once.
    assert!(path.dialogs.is_empty());
    assert_eq!(path.dialogs.poll_output().unwrap().why, Why::Released);
    assert!(path.dialogs.release("sip:alice@ims.test").is_empty());
}

/// Two entries of ours stand side by side where transports differ (double Record-Route); neither is on the way.
#[test]
fn both_entries_of_ours_are_left_out() {
    let shows = format!("<sip:p2;lr>, {OWN_TOO}, {OWN}, <sip:p1;lr>");
    let (mut path, can) = called("sip:alice@ims.test", "<sip:p1;lr>", &shows);
    assert!(can);
    let byes = path.dialogs.release("sip:alice@ims.test");
    assert_eq!((routes(&byes[0]), routes(&byes[1])), (vec!["<sip:p2;lr>"], vec!["<sip:p1;lr>"]));
}

/// A session that passes twice, with an application server between: what is between the passes is told as well.
#[test]
fn of_two_passes_that_of_the_user_counts() {
    let shows = format!("<sip:p2;lr>, {OWN}, <sip:as;lr>, {OWN}, <sip:p1;lr>");
    for (served, to_callee, to_caller) in [
        ("sip:alice@ims.test", vec!["<sip:as;lr>", OWN, "<sip:p2;lr>"], vec!["<sip:p1;lr>"]),
        ("sip:bob@ims.test", vec!["<sip:p2;lr>"], vec!["<sip:as;lr>", OWN, "<sip:p1;lr>"]),
    ] {
        let mut path = Path::new(10);
        // The 2xx passes the callee's side first.
        let second = format!("<sip:as;lr>, {OWN}, <sip:p1;lr>");
        assert!(calls(&mut path, "sip:bob@ims.test", &second, &shows));
        assert!(calls(&mut path, "sip:alice@ims.test", "<sip:p1;lr>", &shows));
        let byes = path.dialogs.release(served);
        assert_eq!(byes.len(), 2, "one pass is enough");
        assert_eq!((routes(&byes[0]), routes(&byes[1])), (to_callee, to_caller), "{served}");
        assert!(path.dialogs.is_empty());
    }
}

/// Each side's numbers go on, and a BYE goes where the side is by now (RFC 3261 §12.2).
#[test]
fn later_requests_count() {
    let (mut path, _) = called("sip:alice@ims.test", "", OWN);
    let numbered = |method: &str, from: &str, to: &str, number: u32, contact: &str| {
        let text = request(method, "c", from, Some(to), &[&format!("Contact: <{contact}>")]);
        let text = String::from_utf8(text.bytes().to_vec()).unwrap();
        let text = text.replace(&format!("CSeq: 1 {method}"), &format!("CSeq: {number} {method}"));
        sip::Message::parse_datagram(text.as_bytes()).unwrap()
    };
    let ok = response(200, "UPDATE", "c", "bob", "alice", &["Contact: <sip:alice@192.0.2.12>"]);
    let update = numbered("UPDATE", "bob", "alice", 70, "sip:bob@192.0.2.22");
    path.dialogs.handle_request(path.now, &update.head());
    path.dialogs.handle_response(path.now, &update.head(), &ok.head(), 1);
    for (method, number) in [("INFO", 8), ("ACK", 90), ("INFO", 7)] {
        let request = numbered(method, "alice", "bob", number, "sip:elsewhere@192.0.2.99");
        path.dialogs.handle_request(path.now, &request.head());
    }
    let byes = path.dialogs.release("sip:alice@ims.test");
    assert_eq!((text(&byes[0].request_uri), byes[0].cseq), ("sip:bob@192.0.2.22", 9));
    assert_eq!((text(&byes[1].request_uri), byes[1].cseq), ("sip:alice@192.0.2.12", 71));
}

#[test]
fn what_cannot_be_ended_is_left_alone() {
    let alice = "sip:alice@ims.test";
    for (came_by, shows) in [
        ("<sip:p1;lr>", "<sip:p2;lr>, <sip:p1;lr>"), // we are not in it
        ("<sip:p1;lr>", "<sip:p1;lr>"),              // nor anybody behind us
        ("<sip:a;lr>, <sip:b;lr>", OWN),             // fewer than came
        ("<sip:p1;lr>", "<sip:192.0.2.3;lr>, x y z, <sip:p1;lr>"), // not where it must be
    ] {
        let (mut path, can) = called(alice, came_by, shows);
        assert!(!can, "{shows}");
        assert!(path.dialogs.release(alice).is_empty());
        assert_eq!(path.dialogs.len(), 1);
    }
    // Other users' sessions, and none at all.
    let (mut path, _) = called("sip:bob@ims.test", "", OWN);
    assert!(path.dialogs.release(alice).is_empty());
    assert_eq!(path.dialogs.len(), 1);
    // An early dialog is no session yet.
    let mut path = Path::new(10);
    path.invite_answered("c", 180, "bob");
    let invite = request("INVITE", "c", "alice", None, &["Contact: <sip:alice@h>"]);
    let ringing = response(
        180,
        "INVITE",
        "c",
        "alice",
        "bob",
        &["Contact: <sip:bob@h>", &format!("Record-Route: {OWN}")],
    );
    assert!(!path.dialogs.serve(alice, &invite.head(), &ringing.head(), is_own));
}

/// Passes of one session are bounded.
#[test]
fn more_passes_are_not_remembered() {
    let mut path = Path::new(10);
    let can: Vec<bool> = (0..6).map(|n| calls(&mut path, &format!("sip:u{n}@ims.test"), "", OWN)).collect();
    assert_eq!(can, [true, true, true, true, false, false]);
}

/// What ends by itself is forgotten with all that was kept of it.
#[test]
fn a_bye_of_the_phones_leaves_nothing() {
    let (mut path, _) = called("sip:alice@ims.test", "", OWN);
    let bye = request("BYE", "c", "alice", Some("bob"), &[]);
    path.dialogs.handle_response(
        path.now,
        &bye.head(),
        &response(200, "BYE", "c", "alice", "bob", &[]).head(),
        1,
    );
    assert!(path.dialogs.release("sip:alice@ims.test").is_empty());
}
