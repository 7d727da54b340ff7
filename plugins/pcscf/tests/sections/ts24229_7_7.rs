//! SIP timers between phone and P-CSCF (TS 24.229 §7.7, table 7.8): T1 is 2 s, T2 16 s, T4 17 s, in both directions; those
//! of the core side are the host's.

use pcscf::Pcscf;
use strowger_sdk::decision::{Attr, Decision};
use strowger_sdk::testing::{Answer, TestHost, TestMessage, ask};
use strowger_sdk::{Transport, sip};

use crate::world::{from_alice, pcscf, phone, register, registered, with};

/// Attributes of docs/attributes.md.
const TIMERS: u16 = 3;
const SERVER_TIMERS: u16 = 10;

/// From the S-CSCF, at 192.0.2.3.
fn scscf() -> TestHost {
    TestHost::new().from(Transport::Udp, "192.0.2.3", 6060, 0)
}

fn bye() -> TestMessage {
    sip!("BYE sip:bob@192.0.2.20 SIP/2.0\nTo: <sip:bob@ims.test>;tag=2")
}

fn timers(attrs: &[Attr], tag: u16) -> Option<Vec<u32>> {
    let attr = attrs.iter().find(|attr| attr.tag == tag)?;
    let (numbers, _) = attr.value.as_chunks::<4>();
    Some(numbers.iter().map(|number| u32::from_le_bytes(*number)).collect())
}

/// Those of the transaction that the request came by.
fn of_the_server(answer: &Answer<Decision>) -> Option<Vec<u32>> {
    match answer.said() {
        Ok(Decision::Relay(relay)) => timers(&relay.attrs, SERVER_TIMERS),
        Ok(Decision::Reply(reply)) => timers(&reply.attrs, SERVER_TIMERS),
        other => panic!("{other:?}"),
    }
}

/// Those of the transactions that it makes.
fn of_the_client(answer: &Answer<Decision>) -> Option<Vec<u32>> {
    let relay = answer.relays();
    let own = relay.targets.first().and_then(|target| timers(&target.attrs, TIMERS));
    own.or_else(|| timers(&relay.attrs, TIMERS))
}

const RADIO: [u32; 3] = [2_000, 16_000, 17_000];

fn quick() -> Pcscf {
    with("t1_ms = 500\nt2_ms = 4000\nt4_ms = 5000\nicscf = \"sip:192.0.2.2:4060\"")
}

#[test]
fn towards_phones() {
    let path = scscf().own_route("sip:s636f6e74616374@192.0.2.1:5060;lr");
    let call = sip!("INVITE sip:bob@192.0.2.20:5060 SIP/2.0\nP-Called-Party-ID: <sip:bob@ims.test>");
    for (plugin, wanted) in [(pcscf(), RADIO), (quick(), [500, 4_000, 5_000])] {
        let answer = ask(&plugin, &path, &call);
        assert_eq!(of_the_client(&answer), Some(wanted.to_vec()));
        assert_eq!(of_the_server(&answer), None, "it comes from the core");
    }
}

#[test]
fn from_phones() {
    let stranger = || TestHost::new().from(Transport::Udp, "192.0.2.99", 5060, 0);
    let demanding = from_alice("MESSAGE", "Proxy-Require: sec-agree");
    for (plugin, wanted) in [(pcscf(), RADIO), (quick(), [500, 4_000, 5_000])] {
        for (what, host, message) in [
            ("REGISTER", phone(), register("")),
            ("INVITE", registered(phone()), from_alice("INVITE", "")),
            ("MESSAGE", registered(phone()), from_alice("MESSAGE", "")),
            ("a 403", stranger(), from_alice("MESSAGE", "")),
            ("a 420", registered(phone()), demanding.clone()),
        ] {
            let answer = ask(&plugin, &host, &message);
            assert_eq!(of_the_server(&answer), Some(wanted.to_vec()), "{what}");
            if let Ok(Decision::Relay(_)) = answer.said() {
                assert_eq!(of_the_client(&answer), None, "{what} goes to the core");
            }
        }
    }
}

/// A request inside a dialog is a phone's or goes to one: by where it comes from.
#[test]
fn in_dialogs_by_the_side() {
    let plugin = with("trusted = [\"192.0.2.3\"]");
    let from_alice = ask(&plugin, &registered(phone()), &bye());
    assert_eq!((of_the_server(&from_alice), of_the_client(&from_alice)), (Some(RADIO.to_vec()), None));
    let other_port = phone().from(Transport::Udp, "192.0.2.10", 40_000, 0);
    let from_elsewhere = ask(&plugin, &other_port, &bye());
    assert_eq!(
        (of_the_server(&from_elsewhere), of_the_client(&from_elsewhere)),
        (Some(RADIO.to_vec()), None)
    );
    let to_bob = ask(&plugin, &scscf(), &bye());
    assert_eq!((of_the_server(&to_bob), of_the_client(&to_bob)), (None, Some(RADIO.to_vec())));
}
