//! The phone with real sockets, driven by scripts: UDP, TCP, RTP on loopback, and SIPp at the other end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod calls;
mod connections;
mod network;
mod sipp;
#[path = "../support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::time::Duration;

use strowger_ue::{CallFeatures, Event, Report, RunError, Script, Settings, UePhone, run_script};

/// Longer than any of these tests takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A phone on loopback in front of this P-CSCF.
fn settings(user: &str, pcscf: SocketAddr) -> Settings {
    let mut settings = support::phone(user, "127.0.0.1:0");
    settings.pcscf = pcscf;
    settings.media = vec![settings.local, settings.local];
    settings
}

/// One that begins where RFC 3261 ends.
fn plain(user: &str, pcscf: SocketAddr) -> Settings {
    Settings { features: CallFeatures::PLAIN, subscribes: false, ..settings(user, pcscf) }
}

async fn bind(settings: Settings) -> UePhone {
    UePhone::bind(settings).await.unwrap()
}

/// Runs a script.
async fn run(phone: &mut UePhone, script: &str) -> Result<Report, RunError> {
    let script = Script::parse(script).unwrap();
    let mut told = Vec::new();
    let mut tell = |at, event: &Event| told.push((at, event.clone()));
    let done = tokio::time::timeout(PATIENCE, run_script(phone, &script, &mut tell)).await;
    let done = done.expect("the script ends");
    let reported = match &done {
        Ok(report) => &report.events,
        Err(error) => &error.report.events,
    };
    assert_eq!(told, *reported, "told as it happened");
    done
}

/// Runs a script that must succeed.
async fn succeed(phone: &mut UePhone, script: &str) -> Report {
    run(phone, script).await.unwrap_or_else(|error| panic!("{error}\n{}", error.report))
}
