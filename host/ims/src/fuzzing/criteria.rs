//! Filter criteria made of any bytes, held against the laws of logic.

use sip::Message;
use sip::fuzzing::Choices;

use crate::filter_criteria::{FilterCriteria, Request};
use crate::service_profile::{
    ApplicationServer, ConditionType, InitialFilterCriteria, ProfilePart, RegistrationType,
    ServicePointTrigger, SessionCase, TriggerPoint, What,
};

const MESSAGES: [&[u8]; 2] = [
    b"INVITE tel:+1555 SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n\
      Call-ID: c\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: 17\r\n\r\nv=0\r\nm=audio 1 x\n",
    b"REGISTER sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n\
      Call-ID: c\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n",
];

/// Criteria and a request: the chain is in order and without repetition wherever it is entered, and turning a condition
/// into its opposite by De Morgan's laws turns its outcome, unless a pattern in it cannot be used.
pub fn filter_criteria(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let bytes = *choices.one_of(&MESSAGES);
    let Ok(message) = Message::parse_datagram(bytes) else { return };
    let mut request = match choices.below(2) {
        0 => Request::new(message.head(), *choices.one_of(&SessionCase::ALL)),
        _ => Request::register(message.head(), *choices.one_of(&RegistrationType::ALL)),
    };
    let uri = choices.bytes(choices.clone().below(20)).to_vec();
    request.request_uri = &uri;
    let mut all = Vec::new();
    while !choices.is_empty() && all.len() < 12 {
        all.push(criteria(&mut choices));
    }
    let compiled = FilterCriteria::compile(&all);
    let positions: Vec<_> = compiled.triggered(&request, None).map(|found| found.position).collect();
    assert!(positions.is_sorted_by(|one, two| one < two), "a chain goes forward");
    for (index, position) in positions.iter().enumerate() {
        let rest: Vec<_> =
            compiled.triggered(&request, Some(*position)).map(|found| found.position).collect();
        assert_eq!(Some(&rest[..]), positions.get(index + 1..), "a chain goes on where it was");
    }
    for one in &all {
        turned(one, &request);
    }
}

fn turned(one: &InitialFilterCriteria, request: &Request<'_>) {
    let everywhere = InitialFilterCriteria { profile_part: None, ..one.clone() };
    let Some(trigger) = &everywhere.trigger_point else { return };
    let opposite = TriggerPoint {
        condition_type: match trigger.condition_type {
            ConditionType::ConjunctiveNormalForm => ConditionType::DisjunctiveNormalForm,
            ConditionType::DisjunctiveNormalForm => ConditionType::ConjunctiveNormalForm,
        },
        service_point_triggers: trigger
            .service_point_triggers
            .iter()
            .map(|atom| ServicePointTrigger { is_negated: !atom.is_negated, ..atom.clone() })
            .collect(),
    };
    let opposite = InitialFilterCriteria { trigger_point: Some(opposite), ..everywhere.clone() };
    let meets = |criteria: &InitialFilterCriteria| {
        let compiled = FilterCriteria::compile([criteria]);
        (compiled.triggered(request, None).count() == 1, compiled.problems().is_empty())
    };
    let (met, is_sound) = meets(&everywhere);
    assert!(!is_sound || met != meets(&opposite).0, "De Morgan");
}

fn criteria(choices: &mut Choices<'_>) -> InitialFilterCriteria {
    let part = [None, Some(ProfilePart::Registered), Some(ProfilePart::Unregistered)];
    let has_condition = !choices.once_in(4);
    let condition_type = match choices.below(2) {
        0 => ConditionType::ConjunctiveNormalForm,
        _ => ConditionType::DisjunctiveNormalForm,
    };
    let count = choices.below(5);
    InitialFilterCriteria {
        priority: u32::from(choices.byte() % 8),
        profile_part: *choices.one_of(&part),
        trigger_point: has_condition.then(|| TriggerPoint {
            condition_type,
            service_point_triggers: (0..count).map(|_| atom(choices)).collect(),
        }),
        application_server: ApplicationServer::default(),
    }
}

fn atom(choices: &mut Choices<'_>) -> ServicePointTrigger {
    let groups = choices.byte();
    let kinds = choices.byte();
    let is_negated = choices.once_in(2);
    let what = match choices.below(5) {
        0 => What::RequestUri(pattern(choices)),
        1 => What::Method((*choices.one_of(&["INVITE", "REGISTER", "MESSAGE"])).to_owned()),
        2 => {
            let header = if choices.once_in(2) { pattern(choices) } else { "From".to_owned() };
            What::SipHeader { header, content: choices.once_in(2).then(|| pattern(choices)) }
        }
        3 => What::SessionCase(*choices.one_of(&SessionCase::ALL)),
        _ => {
            let line = if choices.once_in(2) { pattern(choices) } else { "m".to_owned() };
            What::SessionDescription { line, content: choices.once_in(2).then(|| pattern(choices)) }
        }
    };
    ServicePointTrigger {
        is_negated,
        // At least one, as the schema has it.
        groups: (0..4).filter(|group| groups >> group & 1 == 1).chain([u32::from(groups >> 6)]).collect(),
        what,
        registration_types: RegistrationType::ALL
            .into_iter()
            .filter(|kind| kinds >> (*kind as u8) & 1 == 1)
            .collect(),
    }
}

fn pattern(choices: &mut Choices<'_>) -> String {
    let length = choices.below(16);
    String::from_utf8_lossy(choices.bytes(length)).into_owned()
}
