use super::*;

fn one(text: &str) -> Instruction {
    let script = Script::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let [step] = &script.steps[..] else { panic!("{text}: {} steps", script.steps.len()) };
    step.instruction.clone()
}

fn wait(what: Awaited, seconds: u64) -> Instruction {
    Instruction::Wait { what, within: Duration::from_secs(seconds) }
}

#[test]
fn steps_keep_their_lines() {
    let script = Script::parse("# a caller\n\n register \nhang up\r\n").unwrap();
    let lines: Vec<_> = script.steps.iter().map(|step| step.line).collect();
    assert_eq!(lines, [3, 4]);
    assert_eq!(script.steps[1].instruction, Instruction::HangUp);
    assert_eq!("".parse(), Ok(Script { steps: Vec::new() }));
}

#[test]
fn every_instruction() {
    let to = "sip:bob@ims.example".to_owned();
    let call = |features, expect| Instruction::Call { to: to.clone(), features, expect };
    assert_eq!(one("call sip:bob@ims.example"), call(None, None));
    assert_eq!(one("call sip:bob@ims.example plain expect 486"), call(Some(CallFeatures::PLAIN), Some(486)));
    let Instruction::Call { features: Some(reliable), .. } = one("call sip:bob@ims.example reliable") else {
        panic!("a call with features")
    };
    assert!(reliable.reliable && !reliable.preconditions);
    let millis = Duration::from_millis;
    assert_eq!(one("answer"), Instruction::Answer { after: Duration::ZERO });
    assert_eq!(one("answer after 200ms"), Instruction::Answer { after: millis(200) });
    assert_eq!(one("refuse 603 after 1s"), Instruction::Refuse { status: 603, after: millis(1_000) });
    assert_eq!(one("let ring"), Instruction::LetRing);
    assert_eq!(one("talk 2m"), Instruction::Talk(millis(120_000)));
    assert_eq!(one("pause 5ms"), Instruction::Pause(millis(5)));
    assert_eq!(one("wait registered 5s"), wait(Awaited::Registered, 5));
    assert_eq!(one("expect message 5s"), wait(Awaited::Message(None), 5));
    assert_eq!(one(r#"expect message "a \"b\"" 5s"#), wait(Awaited::Message(Some("a \"b\"".to_owned())), 5));
    assert_eq!(one("expect packets 50 3s"), wait(Awaited::Packets(50), 3));
    let page = Page::text(&to, "two\nlines");
    let expect = Some(200);
    assert_eq!(
        one(r#"message sip:bob@ims.example "two\nlines" expect 200"#),
        Instruction::Message { page, expect }
    );
    let page = Page::sms(&to, vec![0x00, 0xa1, 0xff]);
    assert_eq!(one("sms sip:bob@ims.example 00a1FF"), Instruction::Message { page, expect: None });
    for (text, instruction) in [
        ("register", Instruction::Register),
        ("deregister", Instruction::Deregister),
        ("hold", Instruction::Hold),
        ("resume", Instruction::Resume),
    ] {
        assert_eq!(one(text), instruction);
    }
}

#[test]
fn what_can_be_waited_for_is_printed_as_it_is_written() {
    for what in [
        "registered",
        "refused",
        "deregistered",
        "subscribed",
        "incoming",
        "ringing",
        "answered",
        "held",
        "resumed",
        "ended",
        "message",
        "message \"hi\"",
        "packets 7",
    ] {
        let Instruction::Wait { what: read, .. } = one(&format!("wait {what} 1s")) else { panic!("{what}") };
        assert_eq!(read.to_string(), what);
    }
}

#[test]
fn an_error_names_its_line_and_what_was_expected() {
    let error = Script::parse("register\n\ncall bob").unwrap_err();
    assert_eq!(error.to_string(), "line 3: expected a URI such as sip:bob@ims.example");
    for wrong in [
        "dance",
        "\"register\"",
        "register now",
        "call",
        "call sip:a@b expect",
        "call sip:a@b expect 99",
        "answer soon",
        "answer after",
        "refuse",
        "refuse 100",
        "let it",
        "hang",
        "message sip:a@b hi",
        "message sip:a@b \"hi",
        "message sip:a@b \"h\\i\"",
        "message sip:a@b \"hi\"x",
        "sms sip:a@b 0",
        "sms sip:a@b zz",
        "wait",
        "wait rain 5s",
        "wait registered",
        "wait registered 5",
        "wait registered 5h",
        "wait registered s",
        "wait packets 5s",
        "talk",
        "talk 2s now",
        "talk 1441m",
        "pause 99999999999999999999s",
    ] {
        assert!(matches!(Script::parse(wrong), Err(ScriptError::Line { line: 1, .. })), "{wrong}");
    }
}

#[test]
fn every_bound_is_reached() {
    let steps = |count| "register\n".repeat(count);
    assert!(Script::parse(&steps(MAX_STEPS)).is_ok());
    let too_many = Err(ScriptError::TooMany { what: "steps", limit: MAX_STEPS });
    assert_eq!(Script::parse(&steps(MAX_STEPS + 1)), too_many);
    assert!(Script::parse(&" ".repeat(MAX_SCRIPT)).is_ok());
    let too_many = Err(ScriptError::TooMany { what: "bytes", limit: MAX_SCRIPT });
    assert_eq!(Script::parse(&" ".repeat(MAX_SCRIPT + 1)), too_many);
    assert!(Script::parse("pause 1440m").is_ok());
}
