//! baresip: told what to do by its `ctrl_tcp` module (JSON in netstrings), which also says what happens. It needs no
//! sound card: its audio goes round in a circle.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Phone, Wire, address_of_record};
use crate::PATIENCE;
use crate::program::{Output, Program};
use crate::router::{DOMAIN, Router, free_port};

pub(crate) struct Baresip {
    user: String,
    program: Program,
    control: TcpStream,
}

/// Where Debian has its modules, by architecture or not.
const MODULES: [&str; 2] = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];

impl Baresip {
    /// Starts it and waits until it has registered. `None`: it is not installed, and the test is skipped.
    pub(crate) fn start(router: &Router, (user, password): (&str, &str), wire: Wire) -> Option<Baresip> {
        let baresip = toolchain::needs::program("baresip", "baresip-core")?;
        let folder = router.folder(user);
        let control = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (port, transport) = (wire.port(router), wire.parameter());
        let account = format!(
            "<sip:{user}@{DOMAIN};transport={transport}>;auth_user={user};auth_pass={password};answermode=auto;\
             outbound=\"sip:127.0.0.1:{port};transport={transport}\";regint=600\n"
        );
        std::fs::write(folder.join("accounts"), account).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        std::fs::write(folder.join("config"), configuration(control, &router.certificate())).unwrap();
        let mut command = Command::new(baresip);
        command.args(["-4", "-s", "-f"]).arg(&folder).env("HOME", &folder);
        if let Some(version) = wire.tls_version() {
            let openssl = folder.join("openssl.cnf");
            std::fs::write(&openssl, openssl_bounds(&version.replace('_', "."))).unwrap();
            command.env("OPENSSL_CONF", openssl);
        }
        let program = Program::start(&format!("baresip of {user}"), &mut command);
        let control = connect(&program, control);
        listen(control.try_clone().unwrap(), program.output.clone());
        let phone = Baresip { user: user.to_owned(), program, control };
        phone.program.sees(&["200 OK", "[1 binding]"]);
        Some(phone)
    }

    fn command(&mut self, command: &str, parameters: &str) {
        let message = json!({ "command": command, "params": parameters, "token": command }).to_string();
        write!(self.control, "{}:{message},", message.len()).unwrap();
    }

    fn happens(&self, event: &str) {
        self.program.sees(&[&format!("event {event}.")]);
    }
}

impl Phone for Baresip {
    fn user(&self) -> &str {
        &self.user
    }

    fn calls(&mut self, user: &str) {
        self.command("dial", &address_of_record(user));
    }

    fn is_in_a_call(&mut self) {
        self.happens("CALL_ESTABLISHED");
    }

    fn hangs_up(&mut self) {
        self.command("hangup", "");
    }

    fn is_out_of_it(&mut self) {
        self.happens("CALL_CLOSED");
    }

    fn leaves(mut self: Box<Self>) {
        self.command("quit", "");
        self.program.ends();
    }
}

fn configuration(control: SocketAddr, authority: &Path) -> String {
    let modules = MODULES.into_iter().find(|folder| Path::new(folder).is_dir()).unwrap_or(MODULES[0]);
    format!(
        "poll_method epoll\nsip_listen 127.0.0.1:0\nsip_cafile {authority}\n\
         audio_player aubridge,nil\naudio_source aubridge,nil\naudio_alert aubridge,nil\n\
         module_path {modules}\nmodule g711.so\nmodule aubridge.so\nmodule_tmp uuid.so\nmodule_tmp account.so\n\
         module_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen {control}\n",
        authority = authority.display()
    )
}

/// Lets OpenSSL speak this version only.
fn openssl_bounds(version: &str) -> String {
    format!(
        "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = bounds\n[bounds]\n\
         MinProtocol = {version}\nMaxProtocol = {version}\n"
    )
}

fn connect(program: &Program, control: SocketAddr) -> TcpStream {
    let end = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(control) {
            Ok(stream) => return stream,
            Err(error) => {
                assert!(
                    Instant::now() < end,
                    "{}: {control}: {error}\n{}",
                    program.name,
                    program.output.text()
                );
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Adds `event TYPE.` to the output for everything that it tells of.
fn listen(mut control: TcpStream, output: Output) {
    std::thread::spawn(move || {
        let mut buffer = Vec::new();
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = control.read(&mut piece) {
            buffer.extend_from_slice(&piece[..read]);
            while let Some((message, rest)) = netstring(&buffer) {
                if let Ok(Value::Object(event)) = serde_json::from_slice(message)
                    && let Some(kind) = event.get("type").and_then(Value::as_str)
                {
                    output.add(&format!("event {kind}."));
                }
                buffer = rest.to_vec();
            }
        }
    });
}

/// `LENGTH:…,` and what follows.
fn netstring(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let rest = &bytes[colon + 1..];
    (rest.len() > length).then(|| (&rest[..length], &rest[length + 1..]))
}
