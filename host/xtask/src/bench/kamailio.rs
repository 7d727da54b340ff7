//! Kamailio for comparison: `host/xtask/sipp/kamailio.cfg` with the tuned settings (the fast memory manager, few
//! workers), its subscribers in memory, so that both sides spend their time on SIP.

use super::accounts;
use super::system::DOMAIN;
use crate::workspace;
use anyhow::Result;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// Two were cheapest on two processors.
const WORKERS: u32 = 2;

/// Writes its subscribers, and the command that starts it in the foreground.
pub(crate) fn command(program: &Path, folder: &Path, address: SocketAddr) -> Result<Command> {
    let tables = folder.join("tables");
    std::fs::create_dir_all(&tables)?;
    std::fs::write(tables.join("version"), "table_name(string) table_version(int)\nsubscribers:2\n")?;
    std::fs::write(tables.join("subscribers"), subscribers())?;
    let mut command = Command::new(program);
    command
        .arg("-f")
        .arg(workspace::root().join("host/xtask/sipp/kamailio.cfg"))
        .args(["-DD", "-E", "-m", "512", "-M", "16", "-x", "fm", "-n", &WORKERS.to_string()])
        .arg("-l")
        .arg(format!("udp:{address}"))
        .arg("-A")
        .arg(format!("DOMAIN=\"{DOMAIN}\""))
        .arg("-A")
        .arg(format!("TABLES=\"text://{}\"", tables.display()))
        .arg("-Y")
        .arg(folder)
        .arg("-P")
        .arg(folder.join("pid"));
    Ok(command)
}

/// The htable's rows as db_text keeps them: key, its type, the value's type, HA1, expiry.
fn subscribers() -> String {
    let head = "key_name(string) key_type(int) value_type(int) key_value(string) expires(int)\n";
    accounts().fold(head.to_owned(), |mut rows, (user, password)| {
        let ha1 = auth::ha1(&user, DOMAIN, password, auth::Algorithm::Md5).hex();
        let _ = writeln!(rows, "{user}:0:0:{}:0", ha1.as_str());
        rows
    })
}
