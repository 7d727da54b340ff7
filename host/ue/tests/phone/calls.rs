//! Two phones and a home network on loopback.

use sip::Transport;
use strowger_ue::{Event, Settings, Unmet, Why, WishError};

use crate::network::Network;
use crate::{bind, run, settings, succeed};

/// The whole way: registration with AKA, a call of VoLTE, media both ways, hold, deregistration.
async fn talk(change: impl Fn(&mut Settings)) {
    let network = Network::start(|_| {}).await;
    let (mut alice, mut bob) = (settings("alice", network.address), settings("bob", network.address));
    change(&mut alice);
    change(&mut bob);
    let (mut alice, mut bob) = (bind(alice).await, bind(bob).await);
    succeed(&mut bob, "register\nwait subscribed 10s").await;
    let (caller, callee) = tokio::join!(
        succeed(
            &mut alice,
            "register\nwait registered 10s\n\
             call sip:bob@ims.example expect 200\n\
             expect packets 10 10s\n\
             hold\nexpect held 10s\nresume\nexpect resumed 10s\n\
             talk 100ms\nhang up\nexpect ended 5s\nderegister\nexpect deregistered 10s"
        ),
        succeed(
            &mut bob,
            "answer after 50ms\nexpect incoming 20s\nexpect ringing 10s\nexpect answered 10s\n\
             expect packets 10 10s\nexpect held 10s\nexpect resumed 10s\nexpect ended 20s\n\
             deregister\nexpect deregistered 10s"
        )
    );
    for report in [&caller, &callee] {
        let [media] = &report.media[..] else { panic!("{report}") };
        assert!(media.received >= 10 && media.sent >= 10, "{media}");
        assert_eq!(media.lost, 0, "{media}");
    }
    assert_eq!(caller.media[0].local, callee.media[0].remote);
    assert_eq!(caller.steps, 13);
    let ladder = caller.to_string();
    assert!(ladder.contains("──▶ REGISTER") && ladder.contains("◀── 183 INVITE"), "{ladder}");
}

#[tokio::test]
async fn over_udp() {
    talk(|_| {}).await;
}

#[tokio::test]
async fn over_tcp() {
    talk(|settings| settings.transport = Transport::Tcp).await;
}

#[tokio::test]
async fn long_messages_go_over_tcp_and_short_ones_over_udp() {
    let network = Network::start(|_| {}).await;
    let mut long = settings("alice", network.address);
    long.tcp_above = Some(1_300);
    let (mut alice, mut bob) = (bind(long).await, bind(settings("bob", network.address)).await);
    succeed(&mut bob, "register\nwait registered 10s").await;
    let text = "x".repeat(2_000);
    let script = format!(
        "register\nwait registered 10s\nmessage sip:bob@ims.example \"hi\" expect 200\n\
         message sip:bob@ims.example \"{text}\" expect 200\nsms sip:bob@ims.example 0001 expect 200"
    );
    let heard = format!("expect message \"hi\" 20s\nexpect message \"{text}\" 20s\nexpect message 20s");
    let (_, report) = tokio::join!(succeed(&mut alice, &script), succeed(&mut bob, &heard));
    let last = report.events.iter().rev().find_map(|(_, event)| match event {
        Event::Message { content_type, body, .. } => Some((content_type.clone(), body.clone())),
        _ => None,
    });
    assert_eq!(last, Some(("application/vnd.3gpp.sms".to_owned(), vec![0, 1])));
}

/// What is expected and does not come, by its line.
#[tokio::test]
async fn expectations_that_are_not_met() {
    let network = Network::start(|home| home.wants.refusals = vec![(403, None)]).await;
    let (mut alice, mut bob) =
        (bind(settings("alice", network.address)).await, bind(settings("bob", network.address)).await);
    succeed(&mut alice, "register\nexpect refused 10s").await;
    succeed(&mut bob, "register\nwait registered 10s\nrefuse 486").await;
    let error = run(&mut alice, "# not registered\n\nexpect registered 10ms").await.unwrap_err();
    assert_eq!(error.to_string(), "line 3: not registered within 10 ms");
    succeed(&mut alice, "register\nwait registered 10s").await;
    let (call, _) = tokio::join!(
        run(&mut alice, "call sip:bob@ims.example expect 200\nhang up"),
        succeed(&mut bob, "refuse 486\nexpect ended 20s")
    );
    let error = call.unwrap_err();
    assert_eq!((error.line, error.why), (1, Unmet::Status { expected: 200, got: 486 }));
    assert!(error.report.events.iter().any(|(_, event)| matches!(event, Event::Ended { .. })));
    for (script, why) in [
        ("hang up", Unmet::NoCall),
        ("call mailto:bob@ims.example", Unmet::Wish(WishError::Uri)),
        ("message sip:carol@ims.example \"hi\" expect 200", Unmet::Status { expected: 200, got: 404 }),
    ] {
        assert_eq!(run(&mut alice, script).await.unwrap_err().why, why, "{script}");
    }
    let (talk, _) = tokio::join!(
        run(&mut alice, "call sip:bob@ims.example expect 200\ntalk 20s"),
        succeed(&mut bob, "answer\nexpect answered 20s\nhang up")
    );
    let error = talk.unwrap_err();
    assert_eq!((error.line, error.why), (2, Unmet::Over(Why::HungUp(strowger_ue::By::Them))));
}

#[tokio::test]
async fn a_step_about_a_call_wants_one() {
    let network = Network::start(|_| {}).await;
    let mut alice = bind(settings("alice", network.address)).await;
    for script in ["hang up", "hold", "resume", "talk 1s"] {
        assert_eq!(run(&mut alice, script).await.unwrap_err().why, Unmet::NoCall, "{script}");
    }
    assert_eq!(run(&mut alice, "deregister").await.unwrap_err().why, Unmet::Wish(WishError::NotNow));
}
