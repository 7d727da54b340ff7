//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer. No script runs.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken. Not part of the crate's interface.

use sip::fuzzing::{Choices, Target};

use crate::asked::{Asked, Octets};
use crate::call::{Call, Script};
use crate::case::Case;
use crate::file::{MAX_RECORD, Recording, Writer, checksum};

const MESSAGE: &[u8] =
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
    To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";

/// Every target.
pub const TARGETS: [Target; 2] = [("file", file), ("case", case)];

/// Longest piece of a file, bytes.
const PIECE: usize = 200;

/// A recording, whoever wrote it: refused, or read and written the same way again. The bytes are taken as a file, and as
/// records whose lengths and checksums are right.
pub fn file(bytes: &[u8]) {
    if let Ok(recording) = Recording::read(bytes) {
        is_sound(&recording);
    }
    if let Ok(recording) = Recording::read(&framed(bytes)) {
        is_sound(&recording);
    }
}

/// A recorded case, whoever wrote it: refused, or read and written the same way again. The bytes are taken as a file, and as
/// a part of one that is good elsewhere.
pub fn case(bytes: &[u8]) {
    text(bytes);
    text(&patched(bytes));
}

fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(case) = Case::parse(text) else { return };
    let written = case.text().expect("a case is JSON");
    assert_eq!(Case::parse(&written).ok().as_ref(), Some(&case), "{written} reads as it was written");
    let (_, call) = case.call();
    can_be_asked(&call);
}

/// A file of these pieces: scripts, calls with any message, and records of any bytes.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut choices = Choices::new(bytes);
    let mut out = Vec::new();
    let mut writer = Writer::begin(&mut out, choices.once_in(2)).expect("memory takes it");
    writer.script(&script()).expect("memory takes it");
    let mut records = Vec::new();
    while !choices.is_empty() {
        match choices.below(3) {
            0 => assert!(writer.call(call(choices.bytes(PIECE))).expect("memory takes it"), "it is short"),
            1 => writer.script(&script()).expect("memory takes it"),
            _ => records.push(choices.bytes(PIECE)),
        }
    }
    for record in records {
        out.extend((record.len() as u32).to_le_bytes());
        out.extend(checksum(record).to_le_bytes());
        out.extend(record);
    }
    out
}

/// A good case with some of these bytes in the place of some of its own.
fn patched(bytes: &[u8]) -> Vec<u8> {
    let mut choices = Choices::new(bytes);
    let mut text = kept();
    let at = usize::from(choices.short()) % (text.len() + 1);
    let end = (at + choices.below(256)).min(text.len());
    text.splice(at..end, choices.rest().iter().copied());
    text
}

fn kept() -> Vec<u8> {
    let call = call(MESSAGE);
    Case::of(&script(), &call, call.decision.clone()).text().expect("a case is JSON").into_bytes()
}

fn is_sound(recording: &Recording) {
    let Recording { clear, scripts, calls, .. } = recording;
    let mut out = Vec::new();
    let mut writer = Writer::begin(&mut out, *clear).expect("memory takes it");
    scripts.iter().for_each(|script| writer.script(script).expect("memory takes it"));
    for (number, call) in (1..).zip(calls) {
        assert!((call.script as usize) < scripts.len(), "the script of a call is there");
        assert!(writer.call(call.clone()).expect("memory takes it"), "it was no longer than {MAX_RECORD}");
        let _ = call.summary(number);
        can_be_asked(call);
    }
    let again = Recording { torn: false, ..recording.clone() };
    assert_eq!(Recording::read(&out), Ok(again), "what was read is read when it is written again");
}

/// What a script can be asked again is written down as it was, and so on.
fn can_be_asked(call: &Call) {
    let Ok(ask) = call.asked.ask() else { return };
    let written = Asked::of(&ask);
    let again = written.ask().map(|ask| Asked::of(&ask));
    assert_eq!(again.as_ref(), Ok(&written), "what was asked can be asked again");
}

fn script() -> Script {
    Script {
        role: "edge".into(),
        name: "edge".into(),
        version: "1".into(),
        digest: "00ff".into(),
        configuration: "realm = \"x\"".into(),
        memory: 16 << 20,
        deadline_ms: 50,
    }
}

fn call(response: &[u8]) -> Call {
    let decision = serde_json::from_str("[\"done\"]").expect("lines");
    Call {
        script: 0,
        at_ms: 5,
        asked: Asked::Answer { token: "t".into(), response: Octets(response.to_vec()) },
        exchanges: Vec::new(),
        decision,
        cpu_us: 7,
        faithful: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Record;
    use sip::fuzzing::Mutants;

    fn recorded() -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::begin(&mut out, false).unwrap();
        writer.script(&script()).unwrap();
        assert!(writer.call(call(MESSAGE)).unwrap() && writer.call(call(b"no message")).unwrap());
        out
    }

    /// Else the targets would look at nothing.
    #[test]
    fn the_seeds_are_good() {
        let recording = Recording::read(&recorded()).unwrap();
        assert_eq!(recording.calls.len(), 2);
        assert!(recording.calls[0].asked.ask().is_ok() && recording.calls[1].asked.ask().is_err());
        let framed = Recording::read(&framed(b"\0\0SIP/2.0")).unwrap();
        assert_eq!((framed.scripts.len(), framed.calls.len()), (1, 1));
        let case = Case::parse(std::str::from_utf8(&patched(b"")).unwrap()).unwrap();
        assert!(case.asked.ask().is_ok(), "nothing was changed");
    }

    #[test]
    fn any_bytes_are_survived() {
        for (_, target) in TARGETS {
            Mutants::new(31_337).run(3000, 600, target);
        }
    }

    #[test]
    fn mutated_files_are_survived() {
        let mut mutants = Mutants::new(1889);
        for seed in [recorded(), kept()] {
            for _ in 0..3000 {
                let mut bytes = seed.clone();
                mutants.mutate(&mut bytes);
                for (_, target) in TARGETS {
                    target(&bytes);
                }
            }
        }
    }

    /// A record whose checksum is right is what a fuzzer cannot make by itself.
    #[test]
    fn mutated_records_are_survived() {
        let mut mutants = Mutants::new(1890);
        let record = postcard::to_allocvec(&Record::Call(Box::new(call(MESSAGE)))).unwrap();
        assert!(record.len() <= PIECE, "{} bytes", record.len());
        for _ in 0..3000 {
            let mut bytes = record.clone();
            mutants.mutate(&mut bytes);
            bytes.truncate(PIECE);
            // In `framed` what stands behind a 2 is a record.
            file(&[&[0, 2], &bytes[..]].concat());
        }
    }
}
