use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use plugin::{Ask, Canonical, ConsultContext};
use recording::{Asked, Case, Script, Writer};

use super::*;

#[path = "../../../plugin/tests/support/contract.rs"]
mod contract;

/// Decides `next`, `reply 404`, or what else a body of `on-request` says; a configuration that is not empty traps in `init`.
const NEXT: &str = "(i32.const 256)";
const REPLY: &str = "(i32.const 512)";
const TRAP: &str = "(unreachable)";
const LOOP: &str = "(loop $on (br $on)) (unreachable)";
/// Traps at a message as long as one with [`LONG`].
const TRAP_AT_A_LONG_ONE: &str =
    "(if (i32.gt_u (local.get 1) (i32.const 1500)) (then (unreachable))) (i32.const 256)";

fn guest(handle: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (memory (export "memory") 2)
             (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
             (func (export "strowger:sip/lifecycle@0.1.0#init") (param i32 i32) (result i32)
               (if (local.get 1) (then (unreachable))) (i32.const 64))
             (func (export "strowger:sip/on-request@0.1.0#handle") (param i32 i32) (result i32) {handle})
             (data (i32.const 16) "tried")
             (data (i32.const 32) "1")
             (data (i32.const 68) "\10\00\00\00\05\00\00\00\20\00\00\00\01\00\00\00")
             (data (i32.const 260) "\03")
             (data (i32.const 516) "\01") (data (i32.const 520) "\94\01"))"#
    );
    contract::module(&text, &["base", "hook-request"])
}

fn script(role: &str, configuration: &str) -> Script {
    Script {
        role: role.into(),
        name: "tried".into(),
        version: "1".into(),
        digest: "00ff".into(),
        configuration: configuration.into(),
        memory: 16 << 20,
        deadline_ms: 50,
    }
}

fn decided(lines: &[&str]) -> Canonical {
    serde_json::from_value(serde_json::json!(lines)).unwrap()
}

/// A call about a MESSAGE of this Call-ID.
fn call(call_id: &str, subject: &str, decision: &[&str]) -> Call {
    let text = format!(
        "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n\
         Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 MESSAGE\r\nSubject: {subject}\r\nContent-Length: 0\r\n\r\n"
    );
    let message = Arc::new(sip::Message::parse_datagram(text.as_bytes()).unwrap());
    let remote = "192.0.2.1:5060".parse().unwrap();
    let flow = sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote };
    let context = ConsultContext::new(41, flow);
    let ask = Ask::Message { hook: node::Hook::Request, message, context };
    Call {
        script: 0,
        at_ms: 1_790_000_000_000,
        asked: Asked::of(&ask),
        exchanges: Vec::new(),
        decision: decided(decision),
        cpu_us: 5,
        faithful: true,
    }
}

/// Three calls that were decided `next`; the third one has a long Subject.
fn calls() -> [Call; 3] {
    [call("c1", "a", &["next"]), call("c2", "b", &["next"]), call("c3", &"x".repeat(1500), &["next"])]
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A recording of calls of this role.
    fn recording(&self, name: &str, role: &str, calls: &[Call]) -> PathBuf {
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes, false).unwrap();
        writer.script(&script(role, "")).unwrap();
        calls.iter().for_each(|call| assert!(writer.call(call.clone()).unwrap()));
        self.write(name, &bytes)
    }

    /// A recorded case that expects this of its call.
    fn case(&self, name: &str, role: &str, configuration: &str, expected: &[&str]) -> PathBuf {
        let call = call("c9", "a", expected);
        let case = Case::of(&script(role, configuration), &call, decided(expected));
        self.write(name, case.text().unwrap().as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }
}

/// How a plugin is tried where nothing else is said.
fn trial<'a>(bytes: &'a [u8], role: &'a Role) -> Trial<'a> {
    Trial {
        bytes,
        role,
        configuration: "",
        memory: 16 << 20,
        deadline: Duration::from_millis(50),
        most: 1000,
        time: Duration::from_secs(600),
        differences: Differences::Tell,
        goes_on: &|| true,
        clock: &Instant::now,
    }
}

fn tried(trial: &Trial<'_>, files: &[PathBuf]) -> Result<Rehearsal, RehearsalError> {
    trial.run(&gather(files, trial.role.name())?)
}

/// What a plugin that decides so is refused for.
#[track_caller]
fn refused(handle: &str, files: &[PathBuf]) -> String {
    tried(&trial(&guest(handle), &Role::edge()), files).unwrap_err().to_string()
}

#[test]
fn who_decides_as_it_was_recorded_passes() {
    let folder = Folder::new();
    folder.recording("calls.rec", "edge", &calls());
    folder.case("known.recorded", "edge", "", &["next"]);
    let told = tried(&trial(&guest(NEXT), &Role::edge()), &[folder.0.path().to_path_buf()]).unwrap();
    assert_eq!((told.calls, told.different, told.cases), (3, 0, 1));
    assert!(told.differences.is_empty() && told.left_out.is_empty(), "{told:?}");
    assert_eq!(told.to_string(), "3 recorded calls made again, 0 decided otherwise; 1 recorded cases hold");
}

#[test]
fn the_call_that_gives_no_decision_is_named() {
    let folder = Folder::new();
    let files = [folder.recording("calls.rec", "edge", &calls())];
    assert_eq!(
        refused(TRAP_AT_A_LONG_ONE, &files),
        "in its rehearsal, call 3 of calls.rec (MESSAGE request, Call-ID c3): the script trapped: panic"
    );
    let why = refused(LOOP, &files);
    assert!(why.contains("call 1 of calls.rec") && why.ends_with("the script did not end in time"), "{why}");
    // It is no excuse that the recorded version did the same.
    let files = [folder.recording("failed.rec", "edge", &[call("c1", "a", &["failed: the script trapped"])])];
    let why = refused(TRAP, &files);
    assert!(why.ends_with("the script trapped: panic, as it was recorded"), "{why}");
}

#[test]
fn what_is_decided_otherwise_is_told_or_refused() {
    let folder = Folder::new();
    let mut all = calls().to_vec();
    all.push(call("c4", "a", &["reply 404"]));
    let files = [folder.recording("calls.rec", "edge", &all)];
    let (file, role) = (guest(REPLY), Role::edge());
    let told = tried(&trial(&file, &role), &files).unwrap();
    assert_eq!((told.calls, told.different), (4, 3));
    let first = "call 1 of calls.rec (MESSAGE request, Call-ID c1)";
    let expected = RehearsalDifference { what: "next → reply 404".into(), calls: 3, first: first.into() };
    assert_eq!(told.differences, [expected]);
    let refuse = Trial { differences: Differences::Refuse, ..trial(&file, &role) };
    let why = tried(&refuse, &files).unwrap_err().to_string();
    let words =
        format!("4 recorded calls made again, 3 decided otherwise (3 times next → reply 404, first {first})");
    assert!(why.ends_with(&words) && why.contains("plugin.rehearsal.differences"), "{why}");
    let same = guest(NEXT);
    let refuse = Trial { differences: Differences::Refuse, ..trial(&same, &role) };
    assert!(tried(&refuse, &files[..1]).is_err(), "the fourth one");
    let three = [folder.recording("three.rec", "edge", &calls())];
    assert_eq!(tried(&refuse, &three).unwrap().different, 0);
}

#[test]
fn a_recorded_case_must_hold_with_its_own_configuration() {
    let folder = Folder::new();
    let files = [folder.case("known.recorded", "edge", "", &["next"])];
    let why = refused(REPLY, &files);
    assert!(why.ends_with("known.recorded does not hold: next → reply 404"), "{why}");
    assert!(refused(TRAP, &files).contains("does not hold: next → failed: the script trapped"));
    let files = [folder.case("failing.recorded", "edge", "", &["failed: the script trapped"])];
    assert_eq!(tried(&trial(&guest(TRAP), &Role::edge()), &files).unwrap().cases, 1, "it is expected");
    let files = [folder.case("other.recorded", "edge", "x", &["next"])];
    let why = refused(NEXT, &files);
    assert!(why.contains("other.recorded") && why.contains("init trapped"), "{why}");
}

#[test]
fn a_file_that_is_missing_or_broken_is_no_rehearsal() {
    let folder = Folder::new();
    let whole = fs::read(folder.recording("calls.rec", "edge", &calls())).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::create_dir(folder.path("empty")).unwrap();
    for (file, why) in [
        (folder.path("gone.rec"), "No such file"),
        (folder.write("foreign", b"something else"), "this is no recording of calls"),
        (folder.write("damaged.rec", &damaged), "the recording is damaged at byte "),
        (folder.write("broken.recorded", b"{}"), "this is no recorded case"),
        (folder.write("hand.case", b"[message]"), "case files are for `strowger plugin test`"),
        (folder.write("large.recorded", &vec![b' '; (1 << 20) + 1]), "beyond what a rehearsal reads"),
        (folder.path("empty"), "empty, which has no *.rec and no *.recorded)"),
        (folder.recording("none.rec", "edge", &[]), "there is no recorded call of the role edge"),
    ] {
        let told = refused(NEXT, std::slice::from_ref(&file));
        let name = file.file_name().unwrap().to_str().unwrap();
        let is_named = told.contains(name) || name == "none.rec";
        assert!(told.starts_with("plugin.rehearsal.files: ") && told.contains(why) && is_named, "{told}");
    }
}

#[test]
fn what_is_left_out_is_told() {
    let folder = Folder::new();
    let calls = calls();
    folder.recording("1.rec", "edge", &calls);
    folder.recording("2.rec", "pcscf", &calls[..2]);
    let whole = fs::read(folder.recording("3.rec", "edge", &calls)).unwrap();
    // As it is found while it is written.
    folder.write("3.rec", &whole[..whole.len() - 1]);
    folder.case("4.recorded", "icscf", "", &["next"]);
    folder.write("5.case", b"[message]");
    folder.write("README.md", b"not looked at");
    let files = [folder.0.path().to_path_buf()];
    let told = tried(&trial(&guest(NEXT), &Role::edge()), &files).unwrap();
    assert_eq!((told.calls, told.cases), (5, 0));
    let by_hand = format!("1 case files of {}, which `strowger plugin test` runs", folder.0.path().display());
    let expected = [
        by_hand.as_str(),
        "the last record of 3.rec, which is cut off",
        "1 recorded cases of the role icscf",
        "2 recorded calls of the role pcscf",
    ];
    assert_eq!(told.left_out, expected);
    let role = Role::named("scscf");
    let why = tried(&trial(&guest(NEXT), &role), &files).unwrap_err().to_string();
    assert!(why.contains("no recorded call of the role scscf (left out: "), "{why}");
    assert!(why.contains("5 recorded calls of the role edge"), "{why}");
}

#[test]
fn calls_are_taken_from_everywhere_alike() {
    for (most, all) in [(1, 1), (1, 10), (3, 10), (10, 10), (10, 3), (7, 1000), (999, 1000)] {
        let chosen: Vec<u64> = (0..all).filter(|place| is_chosen(*place, most, all)).collect();
        assert_eq!(chosen.len() as u64, most.min(all), "{most} of {all}");
        let widest = all.div_ceil(most);
        assert!(chosen.windows(2).all(|pair| pair[1] - pair[0] <= widest), "{most} of {all}: {chosen:?}");
    }
    let folder = Folder::new();
    let files = [folder.recording("calls.rec", "edge", &calls())];
    let (file, role) = (guest(NEXT), Role::edge());
    let told = tried(&Trial { most: 2, ..trial(&file, &role) }, &files).unwrap();
    assert_eq!(
        (told.calls, &*told.left_out),
        (2, &["1 recorded calls: more than plugin.rehearsal.calls".into()][..])
    );
}

#[test]
fn the_time_is_bounded_and_cases_come_first() {
    let folder = Folder::new();
    let recording = folder.recording("calls.rec", "edge", &calls());
    let cases = ["1.recorded", "2.recorded"].map(|name| folder.case(name, "edge", "", &["next"]));
    let (file, role, began) = (guest(NEXT), Role::edge(), Instant::now());
    // A second later at every look, of which there is one at the beginning and one before each call.
    let within = |seconds: u64, files: &[PathBuf]| {
        let looks = AtomicU32::new(0);
        let clock = || began + Duration::from_secs(1) * looks.fetch_add(1, Relaxed);
        let time = Duration::from_secs(seconds);
        tried(&Trial { time, clock: &clock, ..trial(&file, &role) }, files)
    };
    let all: Vec<PathBuf> = [&recording].into_iter().chain(&cases).cloned().collect();
    let told = within(4, &all).unwrap();
    assert_eq!((told.cases, told.calls), (2, 1));
    assert_eq!(told.left_out, ["2 recorded calls: no time for them"]);
    let why = within(2, &all).unwrap_err().to_string();
    assert!(why.contains("not over after 2 s") && why.ends_with("1 recorded cases were left"), "{why}");
    let why = within(1, &[recording]).unwrap_err().to_string();
    assert!(why.ends_with("3 recorded calls were left"), "nothing was tried: {why}");
}

#[test]
fn it_ends_with_the_host() {
    let folder = Folder::new();
    let files = [folder.recording("calls.rec", "edge", &calls())];
    let (file, role) = (guest(NEXT), Role::edge());
    let left = AtomicU32::new(2);
    let goes_on = || left.fetch_sub(1, Relaxed) > 0;
    let ended = tried(&Trial { goes_on: &goes_on, ..trial(&file, &role) }, &files);
    assert!(matches!(ended, Err(RehearsalError::Stopping)), "{ended:?}");
}

#[test]
fn the_table_says_whether_there_is_one() {
    let folder = Folder::new();
    let recording = folder.recording("calls.rec", "edge", &calls());
    let table = |more: &str| toml::from_str::<PluginTable>(&format!("file = \"x.wasm\"\n{more}")).unwrap();
    let rehearsed = |table: &PluginTable| rehearse(&guest(REPLY), &Role::edge(), table, &|| true);
    assert!(rehearsed(&table("")).unwrap().is_none());
    let files = format!("[rehearsal]\nfiles = [{recording:?}]\n");
    assert_eq!(rehearsed(&table(&files)).unwrap().unwrap().different, 3);
    let refuse = table(&format!("{files}differences = \"refuse\"\ncalls = 2\n"));
    let why = rehearsed(&refuse).unwrap_err().to_string();
    assert!(why.contains("2 recorded calls made again, 2 decided otherwise"), "{why}");
}

#[test]
fn a_parting_is_told_without_values() {
    let question = |text: &str| Some(text.to_owned());
    let mut replayed = Replayed {
        decision: decided(&["next"]),
        differences: Vec::new(),
        step: None,
        unknown: Vec::new(),
        fuel: 0,
        failed: None,
    };
    assert_eq!(report::step(&replayed), "");
    let asked = question("Lookup(\"sip:alice@example.com\")");
    replayed.step = Some(recording::Step { number: 2, asked, recorded: None });
    assert_eq!(report::step(&replayed), "; it parts at question 2: asked Lookup, recorded nothing");
    let call = call("c1", "a", &["drop"]);
    assert_eq!(what(&call, &replayed), "drop → next");
    replayed.unknown = ["Put { key: \"a\" }", "Get(\"b\")"].map(str::to_owned).into();
    assert_eq!(what(&call, &replayed), "asked more: Get");
    assert!(report::step(&replayed).ends_with(", recorded nothing; there is no recorded answer to Get"));
    let timer = Call { asked: Asked::Timer("sip:alice@example.com".into()), ..call };
    assert_eq!(report::named(Path::new("/a/b.rec"), 7, &timer), "call 7 of b.rec (timer)");
}

#[test]
fn kinds_of_difference_are_bounded_and_the_most_frequent_comes_first() {
    let mut told = Rehearsal::default();
    for round in 0..3 {
        for kind in 0..20 {
            if kind >= round * 2 {
                told.differs(format!("kind {kind}"), || format!("call {kind}"));
            }
        }
    }
    assert_eq!((told.different, told.differences.len(), told.other), (54, 16, 12));
    assert!(told.differences.is_sorted_by(|one, other| one.calls >= other.calls), "{:?}", told.differences);
    assert_eq!((&*told.differences[0].what, told.differences[0].calls), ("kind 4", 3));
    assert!(told.to_string().ends_with("first call 6; and others)"), "{told}");
}
