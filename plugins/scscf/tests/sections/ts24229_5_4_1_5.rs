//! Registrations that the network ends (TS 24.229 §5.4.1.5, §5.4.5.1): sessions of who is ended are ended by the host, which
//! is told on whose behalf each passes.

use strowger_sdk::decision::{Decision, RelayOptions};
use strowger_sdk::sip;
use strowger_sdk::testing::{Answer, TestHost, TestMessage, ask, ask_about_failure};

use crate::world::{ALICE, NUMBER, SERVICE_ROUTE, alice, scscf, server, serving};

/// The attribute of docs/attributes.md.
fn served_user(answer: &Answer<Decision>) -> Option<String> {
    let attr = answer.relays().attrs.iter().find(|attr| attr.tag == 12)?;
    Some(String::from_utf8(attr.value.clone()).expect("text"))
}

fn from_alice(method: &str) -> TestMessage {
    sip!("{method} sip:bob@ims.test SIP/2.0\nP-Asserted-Identity: <{NUMBER}>")
}

/// By the name under which her bindings are, which is that of the event `deregistered`, whatever identity is served.
#[test]
fn a_session_passes_on_behalf_of_who_is_served() {
    let out = || serving().own_route(SERVICE_ROUTE);
    let to_alice = sip!("INVITE {NUMBER} SIP/2.0");
    let chain = |host: TestHost| host.triggers(server(0, "sip:tas.ims.test", false));
    for (what, host, message) in [
        ("from her", out(), from_alice("INVITE")),
        ("from her, to a server", chain(out()), from_alice("INVITE")),
        ("to her", serving(), to_alice.clone()),
        ("to her, by a server", chain(serving()), to_alice.clone()),
    ] {
        let answer = ask(&scscf(), &host, &message);
        assert!(answer.relays().options.contains(RelayOptions::RECORD_ROUTE), "{what}");
        assert_eq!(served_user(&answer).as_deref(), Some(ALICE), "{what}");
    }
    // Past a server that fails as well.
    let host = chain(out()).answers(from_alice("INVITE"));
    ask(&scscf(), &host, &from_alice("INVITE")).relays();
    let failure = sip!("SIP/2.0 408 Request Timeout");
    assert_eq!(served_user(&ask_about_failure(&scscf(), &host, &failure)).as_deref(), Some(ALICE));
}

#[test]
fn what_makes_no_session_is_nobodys() {
    let out = || serving().own_route(SERVICE_ROUTE);
    for method in ["MESSAGE", "SUBSCRIBE", "REFER", "OPTIONS"] {
        assert_eq!(served_user(&ask(&scscf(), &out(), &from_alice(method))), None, "{method}");
    }
}

/// Services to who is not registered go on under the same name: the HSS can take these away too (REMOVE_S-CSCF does not
/// end sessions).
#[test]
fn services_to_who_is_not_registered_have_a_name_too() {
    let host = TestHost::new().serves(alice(false)).triggers(server(0, "sip:voicemail.ims.test", false));
    let answer = ask(&scscf(), &host, &sip!("INVITE {ALICE} SIP/2.0"));
    assert_eq!(served_user(&answer).as_deref(), Some(ALICE));
}
