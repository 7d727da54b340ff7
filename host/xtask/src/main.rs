//! `cargo xtask`: the project's chores, each a file of its own. What a chore needs that the machine lacks it names, and
//! installs nothing: only the target for plugins is added, by rustup or under `target/`.

mod arrows;
mod bench;
mod check;
mod ci;
mod demands;
mod demo;
mod files;
mod fuzz;
mod header_table;
mod keys;
mod lengths;
mod licences;
mod links;
mod metadata;
mod plugins;
mod purity;
mod setup;
mod sim;
mod sipp;
mod swaps;
mod test;
mod torture;
mod words;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "cargo xtask COMMAND

  demo [edge] [--once]   build, start an IMS (or the edge example) on loopback and make the first calls; stays up until Ctrl-C
  setup                  find or fetch the compiler for plugins and say which it is
  plugins [NAME…] [--into FOLDER]  build every plugin (or those named) to target/plugins/NAME.wasm, or to FOLDER
  test [ARGUMENT…]       plugins, then every test; ARGUMENTs go to `cargo test` in place of --workspace
  bench [--micro | --shadow …]  micro benches; CPU per registration, call, OPTIONS, MESSAGE; Kamailio beside it if installed
  swaps [--count N] [--rate R]  two builds of the edge plugin take turns under SIPp's calls, one swap a second
  swaps --ims [--minutes N …]   builds of P-, I- and S-CSCF take turns, 5,000 calls held, 200 a second beside them
  swaps --files                 their files replaced and spoiled in every way under the same load
  fuzz [TARGET…] [--seconds N] [--jobs N] [--list]  the fuzz targets, 60 seconds each; fails at a finding
  sim [ARGUMENT…]        the simulated world with faults; `sim --help` lists its arguments
  header-table           write the table of header field numbers into docs/view.md
  torture                send every torture message and write docs/torture.md, what came of each
  check                  formatting, arrows, purity, licences, links, tests that documents name: what needs no compiling
  ci                     check, lints, documents, pure crates built for wasm, then test
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("xtask: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{USAGE}");
        return Ok(ExitCode::FAILURE);
    };
    match command.as_str() {
        "demo" => demo::run(rest).map(|()| ExitCode::SUCCESS),
        "setup" => setup::run().map(|()| ExitCode::SUCCESS),
        "test" => Ok(test::run(rest)),
        "bench" => bench::run(rest).map(|()| ExitCode::SUCCESS),
        "check" => check::run().map(|()| ExitCode::SUCCESS),
        "ci" => ci::run(),
        "swaps" => swaps::run(rest).map(|()| ExitCode::SUCCESS),
        "fuzz" => fuzz::run(rest),
        "sim" => sim::run(rest).map(|()| ExitCode::SUCCESS),
        "plugins" => plugins::run(rest).map(|()| ExitCode::SUCCESS),
        "torture" => torture::run().map(|()| ExitCode::SUCCESS),
        "header-table" => header_table::write().map(|()| ExitCode::SUCCESS),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("no command `{other}`\n\n{USAGE}"),
    }
}
