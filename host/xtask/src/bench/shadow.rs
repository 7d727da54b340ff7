//! `bench --shadow`: what a version in the shadow of the active one costs the calls of a router.
//!
//! In: the release build with the edge example, a copy of that as candidate, SIPp. Out: CPU time per call with the shadow off,
//! and on for a tenth of the calls, in turns in one process: of the shards, which carry the calls, and of the whole process,
//! which has the shadow's own thread in it.

use super::{DEFERRED, Plan, SECONDS, WARM_UP, cpu, median};
use crate::demo::http;
use crate::demo::router::{Account, DOMAIN, Router};
use crate::sipp::{self, Sipp};
use crate::workspace;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::{Command, Stdio};

/// Percent of the calls.
const SHARE: &str = "10";
const USERS: u32 = sipp::USERS;

/// CPU µs per call.
#[derive(Clone, Copy)]
struct Spent {
    shards: f64,
    process: f64,
}

pub(super) fn run(plan: &Plan, binary: &Path, plugin: &Path, sipp: &Path) -> Result<()> {
    let folder = workspace::target().join("bench").join("shadow");
    std::fs::create_dir_all(&folder)?;
    let accounts: Vec<Account> =
        (0..USERS).map(|n| Account { user: sipp::user(n), password: sipp::PASSWORD.to_owned() }).collect();
    let router = Router::start(binary, plugin, &folder.join("router"), &accounts)?;
    let sipp = Sipp::new(sipp, &folder, DOMAIN, router.sip, USERS)?;
    sipp.register(USERS, USERS)?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(binary);
        command.args(["plugin", arguments[0], "--admin", &format!("http://{}", router.admin)]);
        command.args(["--role", "edge"]).args(&arguments[1..]).stdin(Stdio::null());
        workspace::output(&mut command).map(drop)
    };
    command(&["push", &plugin.display().to_string()])?;
    sipp.calls(WARM_UP, WARM_UP)?;
    println!("\nCPU µs per call, median of {} runs of {SECONDS} s, shadow off and on in turns", plan.repeats);
    println!("{:>6} {:<10} {:>10} {:>10} {:>7}", "rate", "", "off", "10 %", "ratio");
    for &rate in &plan.rates {
        let (mut off, mut on) = (Vec::new(), Vec::new());
        for _ in 0..plan.repeats {
            off.push(measure(&router, &sipp, rate)?);
            command(&["shadow", "2", "--share", SHARE])?;
            on.push(measure(&router, &sipp, rate)?);
            command(&["shadow", "--off"])?;
        }
        for (name, read) in
            [("shards", (|spent| spent.shards) as fn(Spent) -> f64), ("process", |spent| spent.process)]
        {
            let all = |runs: &[Spent]| runs.iter().copied().map(read).collect::<Vec<_>>();
            let (off, on) = (all(&off), all(&on));
            let ratios: Vec<f64> = on.iter().zip(&off).map(|(on, off)| on / off).collect();
            let (off, on, ratio) = (median(&off), median(&on), median(&ratios));
            println!("{rate:>6} {name:<10} {off:>10.1} {on:>10.1} {ratio:>7.3}");
        }
    }
    println!("{}", seen(&http::get(router.admin, "/plugins/edge/shadow")?)?);
    router.stop()
}

fn measure(router: &Router, sipp: &Sipp, rate: u32) -> Result<Spent> {
    let is_shard = |name: &str| {
        name.strip_prefix("strowger-").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let of = || anyhow::Ok((cpu::of_threads(router.id(), is_shard), cpu::of_process(router.id())?));
    let before = of()?;
    let calls = f64::from(sipp.calls(rate * SECONDS, rate)?);
    std::thread::sleep(DEFERRED);
    let after = of()?;
    let us = |after: u64, before: u64| (after - before) as f64 / 1e3 / calls;
    Ok(Spent { shards: us(after.0, before.0), process: us(after.1, before.1) })
}

/// What the last shadow saw: that there was something to pay for.
fn seen(report: &str) -> Result<String> {
    let report: serde_json::Value = serde_json::from_str(report)?;
    let count = |name: &str| report[name].as_u64().with_context(|| format!("the report has no {name}"));
    Ok(format!(
        "the last shadow: {} hooks compared, {} the same, {} dropped",
        count("compared")?,
        count("same")?,
        count("dropped")?
    ))
}
