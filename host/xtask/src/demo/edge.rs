//! `cargo xtask demo edge`: one router with the edge plugin, a registrar and proxy without IMS.
//!
//! Two phones of our own register with digest, call each other and send a message; every message is drawn. With SIPp
//! installed it calls as well, faster than one can draw. Without `--once` the router then stays up until Ctrl-C.

use super::ladder::{Ladder, Side};
use super::phone::Phone;
use super::router::{Account, DOMAIN, Router};
use super::{calls, http};
use crate::sipp::{self, Sipp};
use crate::{plugins, workspace};
use anyhow::{Context, Result};
use std::path::Path;

/// Calls of the two phones: the first one is drawn, the others are counted.
const CALLS: u32 = 10;
/// Calls of SIPp, and how many a second.
const SIPP_CALLS: u32 = 200;
const SIPP_RATE: u32 = 50;

/// The whole command.
pub(crate) fn run(once: bool) -> Result<()> {
    println!("building the router (the first time takes about ten minutes: it contains a compiler)");
    let binary = workspace::build(&[], false)?.join("strowger");
    println!("building the plugin examples/edge");
    let built = plugins::build(&["edge"])?;
    let (plugin, _) = built.into_iter().next().context("examples/edge builds no plugin")?;

    let folder = workspace::target().join("demo");
    let mut router = Router::start(&binary, &plugin, &folder, &accounts())?;
    println!("\nstrowger is up: SIP {} (UDP, TCP), admin http://{}", router.sip, router.admin);
    let script = Script::of(&http::get(router.admin, "/plugins")?)?;
    println!("every decision is made by plugin {script}");

    let calls = two_phones(&router)? + with_sipp(&router, &folder)?;
    println!("\n{calls} calls completed through plugin {script}");
    if once {
        return router.stop();
    }
    println!("\nThe router stays up until Ctrl-C. Try\n");
    println!("  curl http://{}/metrics", router.admin);
    println!("  curl http://{}/plugins", router.admin);
    println!("  a phone of yours: server {}, domain {DOMAIN}, user alice, password wonderland", router.sip);
    println!(
        "  change examples/edge, then `cargo xtask plugins edge`: the router takes it while calls go on\n"
    );
    println!("log: {}", router.log().display());
    router.wait()?;
    Ok(())
}

fn accounts() -> Vec<Account> {
    let account =
        |user: &str, password: &str| Account { user: user.to_owned(), password: password.to_owned() };
    let mut accounts = vec![account("alice", "wonderland"), account("bob", "builder")];
    accounts.extend((0..sipp::USERS).map(|number| account(&sipp::user(number), sipp::PASSWORD)));
    accounts
}

fn two_phones(router: &Router) -> Result<u32> {
    let mut alice =
        Phone::new(Side::Caller, ("alice", "wonderland"), DOMAIN, auth::Algorithm::Md5, router.sip)?;
    let mut bob = Phone::new(Side::Callee, ("bob", "builder"), DOMAIN, auth::Algorithm::Sha256, router.sip)?;
    let mut ladder = Ladder::new(["alice", "strowger", "bob"]);
    let shown = |what: &str| format!("while {what}; the router's log ends with\n{}", router.logged());

    ladder.title("Alice registers with an MD5 digest, Bob with SHA-256.");
    calls::register(&mut alice, &mut ladder).with_context(|| shown("alice registered"))?;
    calls::register(&mut bob, &mut ladder).with_context(|| shown("bob registered"))?;
    ladder.title("Alice calls Bob, they talk for a moment, Alice hangs up.");
    calls::call(&mut alice, &mut bob, &mut ladder).with_context(|| shown("alice called bob"))?;
    ladder.title("Bob sends Alice a message.");
    // Seen from Bob, who now stands on the left.
    calls::message(&mut bob, &mut alice, &mut ladder).with_context(|| shown("bob wrote to alice"))?;

    ladder.hush();
    for _ in 1..CALLS {
        calls::call(&mut alice, &mut bob, &mut ladder).with_context(|| shown("alice called bob"))?;
    }
    println!("\nalice and bob: {CALLS} calls, {} messages on the wire", ladder.messages);
    Ok(CALLS)
}

fn with_sipp(router: &Router, folder: &Path) -> Result<u32> {
    let Some(program) = toolchain::needs::find("sipp") else {
        println!("SIPp is not installed (package sip-tester): it would make {SIPP_CALLS} calls more");
        return Ok(0);
    };
    let sipp = Sipp::new(&program, folder, DOMAIN, router.sip, sipp::USERS)?;
    sipp.register(sipp::USERS, SIPP_RATE)?;
    let done = sipp.calls(SIPP_CALLS, SIPP_RATE)?;
    println!("SIPp: {done} calls at {SIPP_RATE}/s");
    Ok(done)
}

/// A plugin as the admin interface lists it.
#[derive(serde::Deserialize)]
struct Script {
    name: String,
    version: String,
}

impl Script {
    fn of(list: &str) -> Result<Script> {
        let list: Vec<Script> =
            serde_json::from_str(list).with_context(|| format!("/plugins answered {list}"))?;
        list.into_iter().next().context("/plugins lists no plugin")
    }
}

impl std::fmt::Display for Script {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.name, self.version)
    }
}
