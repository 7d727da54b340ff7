//! Signals (docs/operating.md): SIGTERM drains, SIGHUP reloads.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::support::peer::registration;
use crate::support::{Call, DOMAIN, PASSWORD, PATIENCE, Peer, Request, Router};

#[test]
fn a_draining_router_finishes_what_is_under_way_and_takes_nothing_new() {
    let mut router = Router::start();
    let (caller, callee) = router.pair();
    let (dialog, ok) = Call::established(&caller, &callee);
    let call = Call::ringing(&caller, &callee, "bob");
    callee.answer(&call.came, 180, "b", "");
    caller.expect("180");
    router.signal("-TERM");
    router.wait_for_log("draining");

    assert_eq!(router.http("GET", "/ready", b"").0, 503);
    assert_eq!(router.http("GET", "/health", b"").0, 200);
    let stranger = router.peer();
    let options = || Request::new("OPTIONS", "alice", &format!("sip:{DOMAIN}"));
    for request in
        [options(), registration("alice", &stranger.own(), ""), Request::new("MESSAGE", "alice", "bob")]
    {
        let refused = stranger.ask(&request);
        assert_eq!(refused.status(), 503, "{}", refused.text());
        assert!(refused.get("Retry-After").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    }
    assert_eq!(router.stream().ask(&options()).status(), 503);
    // a dialog of ours ends
    caller.send(&dialog.sent.within(&ok, "BYE", 2));
    callee.answer(&callee.expect("BYE"), 200, "b", "");
    caller.expect("200");
    // and so does the call that is being set up, and with it the process
    call.cancel(&caller);
    callee.answer(&callee.expect("CANCEL"), 200, "b", "");
    callee.answer(&call.came, 487, "b", "");
    caller.expect("487");
    assert_eq!(router.exit_code(), Some(0));
    assert!(router.log().contains("stopped"), "{}", router.log());
}

#[test]
fn a_drain_ends_in_time_and_a_second_signal_ends_it_at_once() {
    for second in [false, true] {
        let mut router = Router::with(crate::support::Setup { drain_s: 1, ..Default::default() });
        let (caller, callee) = router.pair();
        let call = Call::ringing(&caller, &callee, "bob");
        callee.answer(&call.came, 180, "b", "");
        caller.expect("180");
        router.signal("-INT");
        router.wait_for_log("draining");
        let began = Instant::now();
        if second {
            router.signal("-TERM");
        }
        assert_eq!(router.exit_code(), Some(0));
        assert_eq!(began.elapsed() < Duration::from_millis(700), second, "{:?}", began.elapsed());
    }
}

/// The response that ends the drain is the last thing that the router does.
#[test]
fn the_last_answer_leaves_by_its_connection() {
    for _ in 0..3 {
        let mut router = Router::start();
        let mut callee = router.peer();
        assert_eq!(callee.register("bob", "").status(), 200);
        let mut caller = router.stream();
        assert_eq!(caller.register("alice", "").status(), 200);
        caller.send(&Request::new("MESSAGE", "alice", "bob"));
        let message = callee.expect("MESSAGE");
        router.signal("-TERM");
        router.wait_for_log("draining");
        callee.answer(&message, 200, "b", "");
        caller.expect("200");
        assert_eq!(router.exit_code(), Some(0));
    }
}

#[test]
fn an_idle_router_ends_at_once() {
    let mut router = Router::start();
    let (_caller, _callee) = router.pair();
    router.signal("-TERM");
    assert_eq!(router.exit_code(), Some(0));
}

/// Registers again and again until it is let in with this status.
#[track_caller]
fn until(phone: &mut Peer, user: &str, more: &str, status: u16) {
    let began = Instant::now();
    while phone.register(user, more).status() != status {
        assert!(began.elapsed() < PATIENCE, "no {status} for {user}");
    }
}

#[test]
fn a_reload_takes_users_and_the_plugins_configuration() {
    let router = Router::start();
    let mut phone = router.peer();
    assert_eq!(phone.register("newcomer", "").status(), 401);
    let users = router.folder().join("users.tsv");
    let before = std::fs::read_to_string(&users).expect("the users");
    let ha1 = auth::ha1("newcomer", DOMAIN, PASSWORD, auth::Algorithm::Md5).hex();
    let added = format!("newcomer\t{DOMAIN}\t{PASSWORD}\t{}\n", ha1.as_str());
    let mut file = std::fs::File::options().append(true).open(&users).expect("the users");
    file.write_all(added.as_bytes()).expect("written");
    router.signal("-HUP");
    until(&mut phone, "newcomer", "", 200);

    // a mistake is logged, with its place, and changes nothing
    let configuration = router.configuration();
    let toml = router.folder().join("strowger.toml");
    for (file, text, words) in [
        (&users, "no tabs here".to_owned(), "users.tsv:1"),
        (&toml, "[node".to_owned(), "strowger.toml"),
        (&toml, configuration.replace("aliases = ", "alibis = "), "alibis"),
    ] {
        std::fs::write(file, text).expect("written");
        router.signal("-HUP");
        router.wait_for_log(words);
        std::fs::write(&users, before.clone() + &added).expect("written");
        assert_eq!(phone.register("newcomer", "").status(), 200);
    }
    std::fs::write(&toml, configuration.replace("aliases = ", "min_expires = 600\naliases = "))
        .expect("written");
    router.signal("-HUP");
    until(&mut phone, "newcomer", "Expires: 300", 423);
    // bindings are there all the while
    assert_eq!(phone.register("newcomer", "").all("Contact").len(), 1);
    // and the log is for machines: no colours
    assert!(!router.log().contains('\u{1b}'), "{}", router.log());
}
