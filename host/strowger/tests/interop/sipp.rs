//! SIPp over UDP and TCP; Debian's is built without TLS. Its scenarios are in `sipp/`: each must be gone through to its
//! end on both sides, message by message.
//!
//! SIPp registers and answers calls in different processes. Over TCP the connection that registered is gone when a call
//! comes, so that the router connects to the Contact (RFC 3261 §16.6 item 7). Every caller has to prove who it is (407).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Program;
use crate::router::{ALICE, BOB, DOMAIN, Digest, Router, free_port};

/// SIPp's names of transports: one socket for all calls.
const UDP: &str = "u1";
const TCP: &str = "t1";

struct Sipp<'a> {
    program: PathBuf,
    router: &'a Router,
    folder: PathBuf,
    transport: &'static str,
}

impl Sipp<'_> {
    /// Goes through a scenario once, on this port, as this user.
    fn start(
        &self,
        scenario: &str,
        port: u16,
        (user, password): (&str, &str),
        keys: &[(&str, &str)],
    ) -> Program {
        let name = format!("sipp {scenario} {}", self.transport);
        let list = self.folder.join(format!("{scenario}-{user}.csv"));
        let (callee, _) = BOB;
        let credentials = format!("[authentication username={user} password={password}]");
        std::fs::write(&list, format!("SEQUENTIAL\n{user};{DOMAIN};{callee};{credentials}\n")).unwrap();
        let scenario =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/interop/sipp/{scenario}.xml"));
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).arg("-sf").arg(scenario).arg("-inf").arg(list);
        command.args(["-t", self.transport, "-i", "127.0.0.1", "-p", &port.to_string(), "-m", "1"]);
        command.args([
            "-nostdin",
            "-timeout",
            "20s",
            "-timeout_error",
            "-trace_err",
            "-error_file",
            "/dev/stderr",
        ]);
        for (key, value) in keys {
            command.args(["-key", key, value]);
        }
        Program::start(&name, command.arg(self.router.sip.to_string()))
    }

    fn succeeds(&self, mut program: Program) {
        let status = program.ends();
        assert!(status.success(), "{}: {status}\n{}", program.name, program.output.text());
    }

    fn registers(&self, who: (&str, &str), contact: u16, expires: &str) {
        let contact = format!("127.0.0.1:{contact}");
        self.succeeds(self.start(
            "register",
            free_port(),
            who,
            &[("contact", &contact), ("expires", expires)],
        ));
    }
}

fn calls_over(transport: &'static str) {
    let Some(program) = toolchain::needs::program("sipp", "sip-tester") else { return };
    let mut router = Router::with(Digest::Md5, "trust_source = false");
    let (alices, bobs) = (free_port(), free_port());
    let sipp = Sipp { program, folder: router.folder("sipp"), router: &router, transport };
    let callee = sipp.start("callee", bobs, BOB, &[]);
    sipp.registers(ALICE, alices, "600");
    sipp.registers(BOB, bobs, "600");
    sipp.succeeds(sipp.start("caller", alices, ALICE, &[]));
    sipp.succeeds(callee);
    sipp.registers(ALICE, alices, "0");
    sipp.registers(BOB, bobs, "0");
    assert_eq!((router.answered("INVITE", 407), router.answered("INVITE", 200)), (1, 1));
    router.has_registered(0);
}

#[test]
fn udp() {
    calls_over(UDP);
}

#[test]
fn tcp() {
    calls_over(TCP);
}
