//! `cargo xtask bench`: what things cost. First the micro benches of `host/bench`; then, with SIPp installed, the CPU
//! time per registration, call, OPTIONS and MESSAGE of the release build of `examples/edge`; with Kamailio installed
//! the same of Kamailio beside it, in turns, and the ratio.
//!
//! CPU time is what the system under test spent (user and kernel, all its threads and processes) from just before the
//! load until its deferred work is done, divided by the units that succeeded. Compare within one run only: a shared
//! machine moves by 10 to 20 % from hour to hour.

mod cpu;
mod kamailio;
mod shadow;
mod system;

use crate::sipp::{self, Sipp};
use crate::{plugins, workspace};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use system::{System, Under};

/// Seconds of load of one measurement.
const SECONDS: u32 = 10;
/// Units before it that do not count.
const WARM_UP: u32 = 200;
/// Transactions linger for this long at most (Timers H and J, 64 times T1, are cut short by what SIPp answers).
const DEFERRED: Duration = Duration::from_secs(7);
const USERS: u32 = 1000;
const USAGE: &str =
    "bench [--micro | --shadow] [--rates 400,1200] [--repeats 3] [--scenarios register,call,options,message]";

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scenario {
    Register,
    Call,
    Options,
    Message,
}

impl Scenario {
    const ALL: [(Scenario, &'static str); 4] = [
        (Scenario::Register, "register"),
        (Scenario::Call, "call"),
        (Scenario::Options, "options"),
        (Scenario::Message, "message"),
    ];

    fn name(self) -> &'static str {
        Scenario::ALL.iter().find(|(scenario, _)| *scenario == self).map_or("", |(_, name)| name)
    }

    fn load(self, sipp: &Sipp, units: u32, rate: u32) -> Result<u32> {
        match self {
            Scenario::Register => sipp.register(units, rate),
            Scenario::Call => sipp.calls(units, rate),
            Scenario::Options => sipp.options(units, rate),
            Scenario::Message => sipp.messages(units, rate),
        }
    }
}

/// The whole command.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let plan = Plan::read(arguments)?;
    let built = plugins::build(&[])?;
    let programs = workspace::build(&["strowger-bench"], true)?;
    workspace::run(&mut Command::new(programs.join("strowger-bench")))?;
    if plan.micro {
        return Ok(());
    }
    let Some(sipp) = toolchain::needs::find("sipp") else {
        println!("\nCPU per call is not measured: SIPp is not installed (package sip-tester)");
        return Ok(());
    };
    if plan.shadow {
        let edge = built.iter().map(|(file, _)| file).find(|file| file.ends_with("edge.wasm"));
        let edge = edge.context("examples/edge builds no plugin")?;
        return shadow::run(&plan, &programs.join("strowger"), edge, &sipp);
    }
    let mut systems = vec![System::Strowger];
    match toolchain::needs::find("kamailio") {
        Some(program) => systems.push(System::Kamailio(program)),
        None => println!("\nKamailio is not installed (packages kamailio, kamailio-extra-modules): no ratio"),
    }
    println!("\nCPU µs per unit, median of {} runs of {SECONDS} s", plan.repeats);
    println!("{:<10} {:>6} {:>10} {:>10} {:>7}", "", "rate", "strowger", "kamailio", "ratio");
    for scenario in &plan.scenarios {
        for rate in &plan.rates {
            let mut runs = vec![Vec::new(); systems.len()];
            for _ in 0..plan.repeats {
                for (system, runs) in systems.iter().zip(&mut runs) {
                    let measured = measure(system, &sipp, *scenario, *rate)
                        .with_context(|| format!("{} at {rate}/s of {}", scenario.name(), system.name()))?;
                    runs.push(measured);
                }
            }
            println!("{}", row(scenario.name(), *rate, &runs));
        }
    }
    Ok(())
}

/// CPU µs per unit.
fn measure(system: &System, sipp: &Path, scenario: Scenario, rate: u32) -> Result<f64> {
    let folder = workspace::target().join("bench").join(system.name());
    let under = Under::start(system, &folder, USERS)?;
    let sipp = Sipp::new(sipp, &folder, system::DOMAIN, under.address, USERS)?;
    sipp.register(USERS, 500)?;
    scenario.load(&sipp, WARM_UP, rate.min(WARM_UP))?;
    let before = cpu::of_tree(under.pid())?;
    let units = scenario.load(&sipp, rate * SECONDS, rate)?;
    std::thread::sleep(DEFERRED);
    let spent = cpu::of_tree(under.pid())?.saturating_sub(before);
    under.stop()?;
    Ok(spent.as_secs_f64() * 1e6 / f64::from(units))
}

/// Medians, and the median of the ratios of runs that stood beside each other.
fn row(name: &str, rate: u32, runs: &[Vec<f64>]) -> String {
    let mut line = format!("{name:<10} {rate:>6} {:>10.1}", median(&runs[0]));
    if let Some(others) = runs.get(1) {
        let ratios: Vec<f64> = runs[0].iter().zip(others).map(|(ours, theirs)| ours / theirs).collect();
        line.push_str(&format!(" {:>10.1} {:>7.2}", median(others), median(&ratios)));
    }
    line
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// What is to be measured.
#[derive(Debug, PartialEq)]
struct Plan {
    micro: bool,
    shadow: bool,
    rates: Vec<u32>,
    repeats: u32,
    scenarios: Vec<Scenario>,
}

impl Plan {
    fn read(arguments: &[String]) -> Result<Plan> {
        let mut plan = Plan {
            micro: false,
            shadow: false,
            rates: vec![400, 1200],
            repeats: 3,
            scenarios: Scenario::ALL.map(|(scenario, _)| scenario).to_vec(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} wants a value\n{USAGE}"));
            match argument.as_str() {
                "--micro" => plan.micro = true,
                "--shadow" => plan.shadow = true,
                "--repeats" => plan.repeats = value()?.parse().with_context(|| USAGE)?,
                "--rates" => {
                    plan.rates = value()?
                        .split(',')
                        .map(str::parse)
                        .collect::<Result<_, _>>()
                        .with_context(|| USAGE)?;
                }
                "--scenarios" => plan.scenarios = value()?.split(',').map(scenario).collect::<Result<_>>()?,
                other => bail!("bench knows no `{other}`\n{USAGE}"),
            }
        }
        if plan.repeats == 0 || plan.rates.contains(&0) {
            bail!("rates and repeats begin at 1\n{USAGE}");
        }
        Ok(plan)
    }
}

fn scenario(name: &str) -> Result<Scenario> {
    let found = Scenario::ALL.iter().find(|(_, own)| *own == name);
    found.map(|(scenario, _)| *scenario).with_context(|| format!("no scenario `{name}`\n{USAGE}"))
}

/// Subscribers of both systems: user and password.
fn accounts() -> impl Iterator<Item = (String, &'static str)> {
    (0..USERS).map(|number| (sipp::user(number), sipp::PASSWORD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_from_arguments() {
        let words =
            |text: &str| text.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let plan =
            Plan::read(&words("--rates 100,200 --scenarios call,options --repeats 1")).expect("a plan");
        assert_eq!(plan.rates, [100, 200]);
        assert_eq!(plan.scenarios, [Scenario::Call, Scenario::Options]);
        for wrong in ["--rates", "--rates x", "--rates 0", "--repeats 0", "--scenarios invite", "--fast"] {
            assert!(Plan::read(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ratios_are_of_runs_beside_each_other() {
        let line = row("call", 400, &[vec![50.0, 100.0, 60.0], vec![100.0, 400.0, 100.0]]);
        assert_eq!(line, "call          400       60.0      100.0    0.50");
        assert_eq!(row("call", 400, &[vec![50.0, 70.0]]), "call          400       60.0");
    }
}
