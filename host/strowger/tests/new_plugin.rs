//! A new plugin's way from `strowger plugin new` into a router that carries calls, as docs/writing-a-plugin.md walks it.
//! (That its own tests pass is tested in `host/scaffold`.)

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod under_load;

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sip::Message;
use under_load::phone::{self, MOST_BYTES, Place};
use under_load::router::{Router, STROWGER, free_port};
use under_load::until;

#[test]
fn from_a_new_folder_into_a_router_with_calls() {
    let folder = new_folder();
    let said = strowger(&folder, &["plugin", "new", "hello"]);
    assert!(said.contains("strowger plugin build"), "{said}");
    let hello = folder.join("hello");
    share_builds(&hello);
    let said = strowger(&hello, &["plugin", "build"]);
    assert!(said.contains("target/plugins/hello.wasm ("), "{said}");
    let said = strowger(&hello, &["plugin", "test", "target/plugins/hello.wasm", "cases/"]);
    assert!(said.ends_with("3 passed, 0 failed\n"), "{said}");

    let desk = phone::socket(Duration::from_secs(5));
    let (sip, admin) = (free_port(), free_port());
    let own =
        [("127.0.0.1:5060", sip), ("127.0.0.1:5070", desk.local_addr().unwrap()), ("127.0.0.1:9060", admin)];
    change(&hello.join("strowger.toml"), &own.map(|(written, own)| (written, own.to_string())));
    strowger(&hello, &["check", "--config", "strowger.toml"]);
    let router = Router::start_in(&hello, sip, admin);
    assert_eq!(call(sip, &desk), "A call to the desk");

    let better = "The desk is wanted".to_owned();
    change(&hello.join("src/lib.rs"), &[("A call to the desk", better.clone())]);
    strowger(&hello, &["plugin", "build"]);
    until("the router takes what was built", Duration::from_secs(20), || router.active().number == 2);
    assert_eq!(call(sip, &desk), better);

    let url = format!("http://{admin}");
    let file = "target/plugins/hello.wasm";
    let said = strowger(&hello, &["plugin", "push", "--admin", &url, "--role", "edge", "--activate", file]);
    assert!(said.contains("#3"), "{said}");
    assert_eq!(call(sip, &desk), better);
}

/// Calls 100; the Subject that the desk sees.
#[track_caller]
fn call(router: SocketAddr, desk: &UdpSocket) -> String {
    let caller = phone::socket(Duration::from_secs(5));
    let own = caller.local_addr().unwrap();
    let place = Place { uri: format!("sip:100@{router}"), ..Place::new("caller", "100") };
    let invite = place.request("INVITE", own, &format!("Contact: <sip:caller@{own}>\r\n"));
    caller.send_to(&invite, router).unwrap();
    let mut buffer = vec![0; MOST_BYTES];
    let seen = loop {
        let length = desk.recv(&mut buffer).expect("it rings");
        let message = Message::parse_datagram(&buffer[..length]).unwrap();
        if message.method_token() == b"INVITE" {
            break message;
        }
    };
    desk.send_to(&phone::answer(&seen, 486, "Busy Here", ""), router).unwrap();
    loop {
        let length = caller.recv(&mut buffer).expect("an answer");
        let response = Message::parse_datagram(&buffer[..length]).unwrap();
        if response.status() >= 200 {
            assert_eq!(response.status(), 486);
            caller.send_to(&phone::ack_of(&invite, &response), router).unwrap();
            return phone::text(seen.head().header_named("Subject"));
        }
    }
}

/// Always the same one, so that cargo does not keep a build for each run.
fn new_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-plugin");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Lets a plugin be built where those of the checkout are: what both need is there already.
fn share_builds(plugin: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let builds = root.join("target/wasm");
    std::fs::create_dir_all(&builds).unwrap();
    std::fs::create_dir_all(plugin.join("target")).unwrap();
    std::os::unix::fs::symlink(builds, plugin.join("target/wasm")).unwrap();
}

fn change(file: &Path, changes: &[(&str, String)]) {
    let text = std::fs::read_to_string(file).unwrap();
    let changed = changes.iter().fold(text.clone(), |text, (from, to)| text.replace(from, to));
    assert_ne!(text, changed, "{}", file.display());
    std::fs::write(file, changed).unwrap();
}

/// What a command that succeeds says.
#[track_caller]
fn strowger(folder: &Path, arguments: &[&str]) -> String {
    let done =
        Command::new(STROWGER).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let (said, complaint) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{arguments:?}: {said}{complaint}");
    said.into_owned()
}
