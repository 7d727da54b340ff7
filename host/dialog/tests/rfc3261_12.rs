//! RFC 3261 §12, dialogs, as a record-routing proxy sees them; §13.2.2.4 for forked calls, §15 for their end.

mod call;

use call::{Path, made, request, response};
use strowger_dialog::{Change, Counts, DialogId, State, Why};

fn early(counts: Counts) -> (usize, usize) {
    (counts.early, counts.confirmed)
}

/// §12.1: a provisional response with a To tag makes an early dialog, the 2xx confirms it, BYE ends it.
#[test]
fn a_call() {
    let mut path = Path::new(10);
    assert_eq!(path.invite_answered("c", 100, ""), Change::None);
    assert_eq!(path.invite_answered("c", 180, ""), Change::None, "no To tag, no dialog");
    let id = made(path.invite_answered("c", 180, "bob"));
    assert_eq!(path.dialogs.state(id), Some(State::Early));
    assert_eq!(path.invite_answered("c", 183, "bob"), Change::Known(id));
    assert_eq!(path.invite_answered("c", 200, "bob"), Change::Confirmed(id));
    assert_eq!(path.dialogs.state(id), Some(State::Confirmed));
    assert_eq!(path.invite_answered("c", 200, "bob"), Change::Known(id), "a retransmission");
    assert_eq!(early(path.dialogs.counts()), (0, 1));

    assert_eq!(path.in_dialog("BYE", "c", ("alice", "bob"), 200, &[]), Change::Over);
    let over = path.over();
    assert_eq!(over.len(), 1);
    assert_eq!((over[0].id, &*over[0].call_id, over[0].why), (id, &b"c"[..], Why::Bye));
    assert_eq!((over[0].state, over[0].version), (State::Confirmed, 1));
    assert_eq!(path.dialogs.state(id), None);
    assert_eq!(path.dialogs.poll_timeout(), None);
    assert!(path.dialogs.is_empty());
}

/// §12: "a dialog ID … at each UA": the tags change places with the direction.
#[test]
fn a_dialog_is_found_from_either_end() {
    let mut path = Path::new(10);
    let id = made(path.invite_answered("c", 200, "bob"));
    assert_eq!(path.find("c", "alice", "bob"), Some(id));
    assert_eq!(path.find("c", "bob", "alice"), Some(id));
    assert_eq!(path.find("c", "alice", "carol"), None);
    assert_eq!(path.find("d", "alice", "bob"), None);
    assert_eq!(path.dialogs.find(&request("INVITE", "c", "alice", None, &[]).head()), None);
    assert_eq!(path.in_dialog("BYE", "c", ("bob", "alice"), 200, &[]), Change::Over);
}

/// §12.3: "if a request outside of a dialog generates a non-2xx final response, any early dialogs created through
/// provisional responses to that request are terminated".
#[test]
fn a_failed_invite_ends_its_early_dialogs() {
    for made_here in [false, true] {
        let mut path = Path::new(10);
        path.invite_answered("c", 180, "bob-1");
        path.invite_answered("c", 180, "bob-2");
        let other = made(path.invite_answered("d", 180, "bob"));
        assert_eq!(early(path.dialogs.counts()), (3, 0));
        let change = if made_here {
            path.dialogs.handle_answer(&request("INVITE", "c", "alice", None, &[]).head(), 408)
        } else {
            path.invite_answered("c", 486, "bob-3")
        };
        assert_eq!(change, Change::Over);
        assert_eq!(path.over().iter().filter(|ended| ended.why == Why::Rejected).count(), 2);
        assert_eq!(path.dialogs.len(), 1);
        assert_eq!(path.dialogs.state(other), Some(State::Early));
    }
}

#[test]
fn an_invite_that_failed_without_ringing_changes_nothing() {
    let mut path = Path::new(10);
    assert_eq!(path.invite_answered("c", 404, "x"), Change::None);
    assert!(path.over().is_empty());
}

/// §13.2.2.4: the first 2xx ends other early dialogs after 64 × T1, and a 2xx of one of them makes a second dialog.
#[test]
fn a_forked_call() {
    let mut path = Path::new(10);
    let one = made(path.invite_answered("c", 180, "bob-1"));
    let two = made(path.invite_answered("c", 180, "bob-2"));
    let three = made(path.invite_answered("c", 180, "bob-3"));
    assert_ne!(one, two);
    assert_eq!(path.invite_answered("c", 200, "bob-1"), Change::Confirmed(one));
    path.pass(20);
    assert_eq!(path.invite_answered("c", 200, "bob-2"), Change::Confirmed(two));
    path.pass(31);
    assert_eq!(path.dialogs.state(three), Some(State::Early), "the second 2xx gave it as much time again");
    path.pass(2);
    assert_eq!(path.dialogs.state(three), None);
    let over = path.over();
    assert_eq!((over.len(), over[0].id, over[0].why), (1, three, Why::Timeout));
    assert_eq!(early(path.dialogs.counts()), (0, 2));
}

/// The 2xx has a To tag of its own: the phone that rang is another.
#[test]
fn a_2xx_of_an_unheard_branch() {
    let mut path = Path::new(10);
    let ringing = made(path.invite_answered("c", 180, "bob-1"));
    assert!(matches!(path.invite_answered("c", 200, "bob-2"), Change::Created(_)));
    path.pass(33);
    assert_eq!(path.dialogs.state(ringing), None);
    assert_eq!(early(path.dialogs.counts()), (0, 1));
}

/// §15.1.1: only these answers to BYE end a dialog; a challenge does not.
#[test]
fn which_answers_to_bye_end_a_dialog() {
    for (status, ends) in
        [(200, true), (202, true), (408, true), (481, true), (401, false), (407, false), (500, false)]
    {
        let mut path = Path::new(10);
        let id = made(path.invite_answered("c", 200, "bob"));
        let change = path.in_dialog("BYE", "c", ("alice", "bob"), status, &[]);
        assert_eq!(change, if ends { Change::Over } else { Change::Known(id) }, "{status}");
        assert_eq!(path.dialogs.is_empty(), ends, "{status}");
    }
}

/// A BYE that nobody answered: the 408 is made here.
#[test]
fn a_bye_without_an_answer_ends_the_dialog() {
    let mut path = Path::new(10);
    path.invite_answered("c", 200, "bob");
    let bye = request("BYE", "c", "bob", Some("alice"), &[]);
    assert_eq!(path.dialogs.handle_answer(&bye.head(), 503), Change::None);
    assert_eq!(path.dialogs.handle_answer(&bye.head(), 408), Change::Over);
    assert_eq!(path.dialogs.handle_answer(&bye.head(), 408), Change::None);
}

/// A re-INVITE that fails leaves the dialog as it is (§14.1).
#[test]
fn other_requests_within_a_dialog() {
    let mut path = Path::new(10);
    let id = made(path.invite_answered("c", 200, "bob"));
    for (method, status) in [("INVITE", 488), ("INVITE", 200), ("UPDATE", 200), ("INFO", 481), ("ACK", 200)] {
        assert_eq!(path.in_dialog(method, "c", ("bob", "alice"), status, &[]), Change::Known(id), "{method}");
    }
    assert_eq!(path.in_dialog("INVITE", "unknown", ("bob", "alice"), 200, &[]), Change::None);
    assert_eq!(path.dialogs.len(), 1);
}

/// Only INVITE makes dialogs here.
#[test]
fn a_message_makes_no_dialog() {
    let mut path = Path::new(10);
    let message = request("MESSAGE", "m", "alice", None, &[]);
    let answer = response(200, "MESSAGE", "m", "alice", "bob", &[]);
    assert_eq!(path.dialogs.handle_response(path.now, &message.head(), &answer.head(), 1), Change::None);
}

/// §12.1.2: a 2xx of an RFC 2543 element has no To tag.
#[test]
fn a_callee_without_a_tag() {
    let mut path = Path::new(10);
    assert!(matches!(path.invite_answered("c", 200, ""), Change::Created(_)));
}

#[test]
fn silence_ends_dialogs_and_messages_keep_them() {
    let mut path = Path::new(10);
    let early = made(path.invite_answered("e", 180, "bob"));
    let confirmed = made(path.invite_answered("c", 200, "bob"));
    path.pass(200);
    path.invite_answered("e", 180, "bob");
    path.pass(239);
    assert_eq!(path.dialogs.state(early), Some(State::Early));
    path.pass(2);
    assert_eq!(path.dialogs.state(early), None);
    path.pass(3000);
    assert_eq!(path.dialogs.state(confirmed), Some(State::Confirmed));
    path.dialogs.handle_request(path.now, &request("INFO", "c", "bob", Some("alice"), &[]).head());
    path.pass(3599);
    assert_eq!(path.dialogs.state(confirmed), Some(State::Confirmed));
    path.pass(2);
    assert_eq!(path.dialogs.state(confirmed), None);
    assert!(path.over().iter().all(|ended| ended.why == Why::Timeout));
}

#[test]
fn the_table_has_a_bound_and_calls_go_on_beyond_it() {
    let mut path = Path::new(2);
    path.invite_answered("a", 180, "bob");
    path.invite_answered("b", 200, "bob");
    assert_eq!(path.invite_answered("c", 180, "bob"), Change::Full);
    assert_eq!(
        path.invite_answered("a", 200, "bob"),
        Change::Confirmed(path.find("a", "alice", "bob").unwrap())
    );
    assert_eq!((path.dialogs.counts().created, path.dialogs.counts().refused), (2, 1));
    path.in_dialog("BYE", "a", ("alice", "bob"), 200, &[]);
    assert!(matches!(path.invite_answered("c", 200, "bob"), Change::Created(_)));
}

#[test]
fn an_id_never_names_another_dialog() {
    let mut path = Path::new(1);
    let first = made(path.invite_answered("a", 200, "bob"));
    path.in_dialog("BYE", "a", ("alice", "bob"), 200, &[]);
    let second = made(path.invite_answered("b", 200, "bob"));
    assert_ne!(first, second);
    assert_eq!((path.dialogs.state(first), path.dialogs.version(first)), (None, None));
    assert!(!path.dialogs.remove(first, Why::Timeout));
    assert_eq!(
        path.dialogs.set_variable(first, "x", Some(b"y")),
        Err(strowger_dialog::VariableError::NoDialog)
    );
    assert_eq!(DialogId::from_u64(second.to_u64()), Some(second));
    assert_eq!(DialogId::from_u64(0), None);
    assert!(path.dialogs.remove(second, Why::Rejected));
    assert!(path.dialogs.is_empty());
}

#[test]
fn variables_live_as_long_as_their_dialog() {
    let mut path = Path::new(10);
    let id = made(path.invite_answered("c", 180, "bob"));
    assert_eq!(path.dialogs.set_variable(id, "absent", None), Ok(()));
    assert_eq!(path.dialogs.variables(id), None);
    path.dialogs.set_variable(id, "served-user", Some(b"sip:alice@a.example")).unwrap();
    path.invite_answered("c", 200, "bob");
    assert_eq!(path.dialogs.variable(id, "served-user"), Some(&b"sip:alice@a.example"[..]));
    path.dialogs.set_variable(id, "second", Some(b"")).unwrap();
    path.dialogs.set_variable(id, "second", None).unwrap();
    path.in_dialog("BYE", "c", ("alice", "bob"), 200, &[]);
    let over = path.over();
    let variables = over[0].variables.as_ref().unwrap();
    assert_eq!(variables.iter().collect::<Vec<_>>(), [("served-user", &b"sip:alice@a.example"[..])]);
}

/// "A transaction and its dialog stay on the version that took them": the table says when nobody is left.
#[test]
fn a_dialog_holds_its_version() {
    let mut path = Path::new(10);
    let one = made(path.invite_answered("a", 180, "bob"));
    path.invite_answered("b", 200, "bob");
    assert_eq!((path.dialogs.version(one), path.dialogs.pinned(1), path.dialogs.pinned(2)), (Some(1), 2, 0));
    assert!(path.dialogs.adopt(one, 1, 2));
    assert_eq!((path.dialogs.version(one), path.dialogs.pinned(1), path.dialogs.pinned(2)), (Some(2), 1, 1));
    path.invite_answered("a", 487, "");
    assert_eq!(path.over()[0].version, 2);
    assert_eq!(path.dialogs.pinned(2), 0);
    assert!(!path.dialogs.adopt(one, 2, 3), "it is over");
}

#[test]
fn a_dialog_is_adopted_from_whom_it_was_on_each_of_its_passes() {
    let mut path = Path::new(10);
    let one = made(path.invite_answered("a", 200, "bob"));
    assert!(path.dialogs.handle_pass(one, *b"pass", 2));
    assert!(!path.dialogs.adopt(one, 3, 4), "it was never 3's");
    assert!(path.dialogs.adopt(one, 2, 3));
    let of = |path: &Path, mark| path.dialogs.version_of(one, mark);
    assert_eq!((of(&path, None), of(&path, Some(*b"pass"))), (Some(1), Some(3)));
    assert!(path.dialogs.adopt(one, 1, 3));
    assert_eq!((of(&path, None), of(&path, Some(*b"pass"))), (Some(3), Some(3)));
    let left = |path: &Path| [1, 2, 3].map(|version| path.dialogs.has_left(one, version));
    assert_eq!(left(&path), [true, true, false]);
    assert!(path.dialogs.adopt(one, 3, 1));
    assert_eq!(left(&path), [false, true, true], "who has it back has a say again");
    for version in 4..20 {
        assert!(path.dialogs.adopt(one, if version == 4 { 1 } else { version - 1 }, version));
    }
    assert_eq!(left(&path), [false; 3], "the oldest are forgotten");
    path.in_dialog("BYE", "a", ("alice", "bob"), 200, &[]);
    assert_eq!((path.over()[0].version, path.dialogs.pinned(19), path.dialogs.pinned(1)), (19, 0, 0));
    assert!(!path.dialogs.has_left(one, 18), "nothing is kept of it");
}
