use plugin::{Answer, Ask, Exchange, Question};

use super::*;
use crate::asked::HookName;

const REGISTER: &str = "REGISTER sip:ims.test SIP/2.0\r\n\
    Via: SIP/2.0/UDP 10.9.8.7:5060;branch=z9hG4bK1\r\n\
    From: \"Alice\" <sip:alice@ims.test>;tag=1\r\nTo: <sip:alice@ims.test>\r\nCall-ID: c1@10.9.8.7\r\nCSeq: 1 REGISTER\r\n\
    Contact: <sip:alice@10.9.8.7:5060>\r\n\
    Authorization: Digest username=\"alice\", realm=\"ims.test\", nonce=\"n\", uri=\"sip:ims.test\", \
    response=\"0a4f113b0a4f113b0a4f113b0a4f113b\", auts=\"c2VjcmV0\"\r\n\
    Subject: meet Bob at 5\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nSee you at 10";

fn asked(text: &str) -> Asked {
    let remote = ([10, 9, 8, 7], 5060).into();
    let flow = sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote };
    Asked::Message {
        hook: HookName::Request,
        message: Octets(text.as_bytes().to_vec()),
        request: None,
        request_is_message: true,
        transaction: 1,
        flow: flow.into(),
        variables: Some(vec![("who".into(), Octets(b"alice".to_vec()))]),
        dialog_variables: None,
        own_routes: None,
    }
}

fn message(asked: &Asked) -> String {
    String::from_utf8_lossy(asked.message().unwrap()).into_owned()
}

#[test]
fn nothing_of_a_person_is_left_in_a_request() {
    let (mut asked, mut identities) = (asked(REGISTER), Identities::new([3; 16]));
    learn(&mut asked, &mut identities);
    replace(&mut asked, &identities);
    let text = message(&asked);
    for gone in ["alice", "Alice", "10.9.8.7", "0a4f113b", "c2VjcmV0", "meet", "Bob", "See"] {
        assert!(!text.contains(gone), "{gone} in\n{text}");
    }
    assert_eq!(text.len(), REGISTER.len());
    let parsed = Message::parse_datagram(text.as_bytes()).unwrap();
    assert_eq!(
        parsed.spans(),
        Message::parse_datagram(REGISTER.as_bytes()).unwrap().spans(),
        "all in its place"
    );
    let Asked::Message { flow, variables, .. } = &asked else { unreachable!() };
    let address = sip::Flow::from(*flow).remote.ip().to_string();
    assert!(text.contains(&format!("@{address}:5060>")), "{address} in\n{text}");
    let user = text.split("<sip:").nth(1).unwrap().split('@').next().unwrap();
    assert_eq!(variables.as_ref().unwrap()[0].1.0, user.as_bytes());
}

#[test]
fn what_the_machine_said_is_about_the_same_people() {
    let mut identities = Identities::new([3; 16]);
    let mut asked = asked(REGISTER);
    let exchanges = [
        Exchange {
            question: Question::Get("last/alice".into()),
            answer: Answer::Data(Some(b"alice".to_vec())),
        },
        Exchange {
            question: Question::LocationInfo {
                public_identity: "sip:bob@ims.test".into(),
                originating: false,
                kind: None,
            },
            answer: Answer::Text("bob2@ims.test".into()),
        },
    ];
    let mut values = open(&exchanges).unwrap();
    learn(&mut asked, &mut identities);
    learn_values(&values, &mut identities);
    replace_values(&mut values, &identities);
    let others: Vec<Exchange> = serde_json::from_value(values).unwrap();
    let told = format!("{others:?}");
    assert!(!told.contains("alice") && !told.contains("bob"), "{told}");
    let Question::Get(key) = &others[0].question else { unreachable!() };
    let Answer::Data(Some(value)) = &others[0].answer else { unreachable!() };
    assert_eq!(key.strip_prefix("last/").unwrap().as_bytes(), value);
}

/// TS 24.229 §5.4.1.2.1: CK and IK are on their way from S-CSCF to P-CSCF, and in no recording, redacted or not.
#[test]
fn keys_are_in_no_recording() {
    let text = "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 10.9.8.7;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
                To: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n\
                WWW-Authenticate: Digest realm=\"b\",nonce=\"n\",ck=\"00ffab\",ik=\"abff00\"\r\nContent-Length: 0\r\n\r\n";
    let mut asked = asked(text);
    messages_without_keys(&mut asked);
    assert!(message(&asked).contains("ck=\"000000\",ik=\"000000\""), "{}", message(&asked));
    let value = b"Digest nonce=\"n\",ck=\"00ffab\",ik=\"abff00\"".to_vec();
    let mut exchanges =
        [Exchange { question: Question::ChallengeValue(1), answer: Answer::Data(Some(value)) }];
    without_keys(&mut exchanges);
    let Answer::Data(Some(value)) = &exchanges[0].answer else { unreachable!() };
    assert_eq!(value, b"Digest nonce=\"n\",ck=\"000000\",ik=\"000000\"");
}

#[test]
fn nothing_of_a_person_is_left_in_a_call_that_was_taken_over() {
    let (name, version, call_id) = ("edge".to_owned(), "1.0".to_owned(), "c1@ims.test".to_owned());
    let variables = vec![("served".to_owned(), Octets(b"sip:alice@ims.test".to_vec()))];
    let mut asked = Asked::Adopt { name, version, call_id: call_id.clone(), variables };
    let mut identities = Identities::new([3; 16]);
    learn(&mut asked, &mut identities);
    replace(&mut asked, &identities);
    assert_eq!((asked.title(), asked.call_id()), ("call of edge 1.0 adopted".into(), Some(call_id)));
    let Ask::Adopt(again) = asked.ask().unwrap() else { unreachable!() };
    assert_eq!(Asked::of(&Ask::Adopt(again.clone())), asked, "it is written down and asked again");
    let served = String::from_utf8_lossy(again.variables.get("served").unwrap()).into_owned();
    assert!(!served.contains("alice") && served.ends_with("@ims.test"), "{served}");
    assert_eq!(served.len(), "sip:alice@ims.test".len());
}
