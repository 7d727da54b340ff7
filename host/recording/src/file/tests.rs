use plugin::Canonical;
use proptest::prelude::*;

use super::*;
use crate::asked::{Asked, Octets};

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

/// A decision can only be read.
fn canonical(lines: &[&str]) -> Canonical {
    serde_json::from_value(serde_json::json!(lines)).unwrap()
}

pub(crate) fn call(token: &str) -> Call {
    Call {
        script: 0,
        at_ms: 5,
        asked: Asked::Answer { token: token.into(), response: Octets(vec![1, 0xff, 2]) },
        exchanges: Vec::new(),
        decision: canonical(&["done"]),
        cpu_us: 7,
        faithful: true,
    }
}

pub(crate) fn file(calls: &[Call]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, false).unwrap();
    writer.script(&script()).unwrap();
    calls.iter().for_each(|call| assert!(writer.call(call.clone()).unwrap()));
    let written = writer.written();
    assert_eq!(written, bytes.len() as u64);
    bytes
}

#[test]
fn what_was_written_is_read() {
    let calls = [call("a"), call("b")];
    let recording = Recording::read(&file(&calls)).unwrap();
    assert_eq!(recording.calls, calls);
    assert_eq!((recording.scripts, recording.clear, recording.torn), (vec![script()], false, false));
}

/// As after kill -9: what was there before the last record is there still.
#[test]
fn a_cut_off_end_costs_one_record() {
    let whole = file(&[call("a"), call("b")]);
    let one = file(&[call("a")]).len();
    for length in one + 1..whole.len() {
        let recording = Recording::read(&whole[..length]).unwrap();
        assert_eq!((recording.calls, recording.torn), (vec![call("a")], true), "{length}");
    }
    assert!(!Recording::read(&whole[..one]).unwrap().torn);
}

#[test]
fn what_is_no_recording_or_another_format_is_named() {
    for foreign in [&b""[..], b"STROWREC", b"RIFF\0\0\0\0WAVEfmt ", b"\0asm\x01\0\0\0\0\0\0\0"] {
        assert_eq!(Recording::read(foreign), Err(ReadError::Foreign));
    }
    let mut newer = file(&[]);
    newer[8] = 9;
    let error = Recording::read(&newer).unwrap_err();
    assert_eq!(error.to_string(), "the recording has format 9, this program reads format 1");
}

#[test]
fn a_changed_byte_is_found_and_a_call_needs_its_script() {
    let whole = file(&[call("a"), call("b")]);
    for at in HEADER + FRAME..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        let read = Recording::read(&bytes);
        let is_told = match &read {
            Err(ReadError::Damaged { .. }) => true,
            Ok(recording) => recording.torn, // a length that reaches beyond the end
            Err(_) => false,
        };
        assert!(is_told, "{at}: {read:?}");
    }
    let mut bytes = Vec::new();
    Writer::begin(&mut bytes, true).unwrap().call(call("a")).unwrap();
    assert_eq!(Recording::read(&bytes), Err(ReadError::NoScript { at: HEADER as u64 }));
}

#[test]
fn a_record_is_bounded() {
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, false).unwrap();
    writer.script(&script()).unwrap();
    let large = Call { asked: Asked::Timer("x".repeat(MAX_RECORD)), ..call("a") };
    assert!(!writer.call(large).unwrap());
    assert!(Recording::read(&bytes).unwrap().calls.is_empty());
}

proptest! {
    /// Whatever is in a file, reading it ends.
    #[test]
    fn any_bytes_are_read_or_refused(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
        let mut bytes = file(&[]);
        for record in records {
            bytes.extend((record.len() as u32).to_le_bytes());
            bytes.extend(checksum(&record).to_le_bytes());
            bytes.extend(&record);
        }
        let _ = Recording::read(&bytes);
    }

    #[test]
    fn a_changed_recording_is_read_or_refused(at in 0..300_usize, to in any::<u8>(), length in 0..400_usize) {
        let mut bytes = file(&[call("a"), call("b")]);
        let place = at % bytes.len();
        bytes[place] = to;
        bytes.truncate(length);
        let _ = Recording::read(&bytes);
    }
}
