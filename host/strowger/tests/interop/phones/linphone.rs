//! linphonec, Linphone's console client: told what to do by its standard input. It needs no sound card.

use std::path::Path;
use std::process::Command;

use super::{Phone, Wire, address_of_record};
use crate::program::Program;
use crate::router::{DOMAIN, Router, free_port};

pub(crate) struct Linphone {
    user: String,
    program: Program,
}

impl Linphone {
    /// Starts it; it registers meanwhile. `None`: it is not installed, and the test is skipped.
    pub(crate) fn start(router: &Router, (user, password): (&str, &str), wire: Wire) -> Option<Linphone> {
        let linphonec = toolchain::needs::program("linphonec", "linphone-cli")?;
        assert_ne!(wire, Wire::Tls13, "its TLS library (mbed TLS 2) knows no TLS 1.3");
        let folder = router.folder(user);
        std::fs::create_dir_all(folder.join(".local/share/linphone")).unwrap();
        let config = folder.join("linphonerc");
        std::fs::write(&config, configuration(router, user, password, wire, &router.certificate())).unwrap();
        let mut command = Command::new(linphonec);
        command.arg("-c").arg(&config).args(["-d", "6", "-l"]).arg(folder.join("log"));
        command.env("HOME", &folder).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
        let mut program = Program::start(&format!("linphonec of {user}"), &mut command);
        program.say("autoanswer enable");
        program.sees(&["Auto answer enabled"]);
        Some(Linphone { user: user.to_owned(), program })
    }
}

impl Phone for Linphone {
    fn user(&self) -> &str {
        &self.user
    }

    fn calls(&mut self, user: &str) {
        self.program.say(&format!("call {}", address_of_record(user)));
    }

    fn is_in_a_call(&mut self) {
        self.program.sees(&["Call ", " connected."]);
    }

    fn hangs_up(&mut self) {
        self.program.say("terminate");
    }

    fn is_out_of_it(&mut self) {
        self.program.sees(&["Call ", " ended"]);
    }

    fn leaves(mut self: Box<Self>) {
        self.program.say("unregister");
        self.program.say("quit");
        self.program.ends();
    }
}

/// A port of 0 is no port, -2 is none that is listened at: connections go out only.
fn configuration(router: &Router, user: &str, password: &str, wire: Wire, authority: &Path) -> String {
    let (udp, tcp, tls) = match wire {
        Wire::Udp => (i32::from(free_port()), 0, 0),
        Wire::Tcp => (0, -2, 0),
        Wire::Tls12 | Wire::Tls13 => (0, 0, -2),
    };
    // mbed TLS compares no addresses with a certificate's, so that it is given the name
    let host = if wire.tls_version().is_some() { "localhost" } else { "127.0.0.1" };
    let proxy = format!("sip:{host}:{};transport={}", wire.port(router), wire.parameter());
    format!(
        "[sip]\nsip_port={udp}\nsip_tcp_port={tcp}\nsip_tls_port={tls}\ndefault_proxy=0\n\
         verify_server_certs=1\nverify_server_cn=1\nroot_ca={authority}\nuse_ipv6=0\nkeepalive_period=0\n\
         register_only_when_network_is_up=0\n\
         [proxy_0]\nreg_proxy=<{proxy}>\nreg_route=<{proxy};lr>\nreg_identity=sip:{user}@{DOMAIN}\nreg_expires=600\n\
         reg_sendregister=1\npublish=0\n\
         [auth_info_0]\nusername={user}\npasswd={password}\nrealm={DOMAIN}\n\
         [rtp]\naudio_rtp_port={rtp}\n\
         [video]\nenabled=0\ndisplay=0\ncapture=0\n",
        authority = authority.display(),
        rtp = free_port() & !1,
    )
}
