//! `strowger-sim`: runs seeds of the simulated world and says which of them break a rule.
//!
//! In: which seeds. Out: one line for a failing seed that replays it, what happened in all of them, exit code 1 if any
//! failed.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use strowger_sim::ims::{self, ImsExtras, ImsPlugins};
use strowger_sim::{Extras, Outcome, Plugins, run_seed, run_seeds, sum};

const USAGE: &str = "strowger-sim [OPTION…]

  --world NAME   edge, ims or all (default all): which worlds are run
  --seeds N      run N seeds (default 200)
  --from N       begin with seed N (default 0)
  --seed N       run seed N alone
  --trace        with --seed: print the ladder
  --jobs N       threads (default: as many as there are processors)
  --plugin FILE  the edge plugin (default: target/plugins/edge.wasm, built by `cargo xtask plugins`)
";
/// Broken rules that are shown of one seed.
const MAX_SHOWN: usize = 5;

/// The worlds that there are.
const WORLDS: [&str; 2] = ["edge", "ims"];

struct Options {
    /// One of [`WORLDS`]; none: all.
    world: Option<String>,
    from: u64,
    seeds: u64,
    one: Option<u64>,
    trace: bool,
    jobs: usize,
    plugin: Option<std::path::PathBuf>,
}

impl Options {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        let mut options =
            Self { world: None, from: 0, seeds: 200, one: None, trace: false, jobs, plugin: None };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().with_context(|| format!("{argument} wants a value\n\n{USAGE}"));
            match argument.as_str() {
                "--world" => options.world = world(value()?)?,
                "--seeds" => options.seeds = number(&argument, &value()?)?,
                "--from" => options.from = number(&argument, &value()?)?,
                "--seed" => options.one = Some(number(&argument, &value()?)?),
                "--jobs" => options.jobs = number(&argument, &value()?)? as usize,
                "--plugin" => options.plugin = Some(value()?.into()),
                "--trace" => options.trace = true,
                "--help" | "-h" => return Ok(None),
                other => bail!("no option `{other}`\n\n{USAGE}"),
            }
        }
        Ok(Some(options))
    }
}

fn world(name: String) -> Result<Option<String>> {
    match name.as_str() {
        "all" => Ok(None),
        known if WORLDS.contains(&known) => Ok(Some(name)),
        _ => bail!("--world wants edge, ims or all, not {name:?}"),
    }
}

fn number(option: &str, value: &str) -> Result<u64> {
    value.parse().with_context(|| format!("{option} wants a number, not {value:?}"))
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("strowger-sim: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let Some(options) = Options::read(std::env::args().skip(1))? else {
        print!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    };
    let wanted = |name: &&str| options.world.as_deref().is_none_or(|world| world == *name);
    let mut failed = 0;
    for world in WORLDS.into_iter().filter(wanted) {
        let began = Instant::now();
        let outcomes = match world {
            "edge" => run_edge(&options)?,
            _ => run_ims(&options)?,
        };
        failed += report(world, &outcomes, began.elapsed().as_secs_f64());
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_edge(options: &Options) -> Result<Vec<Outcome>> {
    let plugins = match &options.plugin {
        Some(file) => Plugins::read(file)?,
        None => Plugins::edge()?,
    };
    Ok(match options.one {
        Some(seed) => vec![run_seed(seed, &plugins, Extras { trace: options.trace, ..Extras::default() })],
        None => run_seeds(options.from, options.seeds, options.jobs, &plugins),
    })
}

fn run_ims(options: &Options) -> Result<Vec<Outcome>> {
    let plugins = ImsPlugins::built()?;
    let extras = ImsExtras { trace: options.trace, ..ImsExtras::default() };
    Ok(match options.one {
        Some(seed) => vec![ims::run_seed(seed, &plugins, extras)],
        None => ims::run_seeds(options.from, options.seeds, options.jobs, &plugins),
    })
}

/// Says what happened in a world; how many of its seeds failed.
fn report(world: &str, outcomes: &[Outcome], seconds: f64) -> usize {
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.violations.is_empty()).collect();
    for outcome in &failed {
        println!("{world}: seed {} breaks {} rules:", outcome.seed, outcome.violations.len());
        for violation in outcome.violations.iter().take(MAX_SHOWN) {
            println!("  {violation}");
        }
        println!("  again: cargo xtask sim --world {world} --seed {} --trace", outcome.seed);
    }
    for (what, number) in sum(outcomes) {
        println!("{number:>9}  {what}");
    }
    println!("{world}: {} seeds in {seconds:.1} s, {} of them failing", outcomes.len(), failed.len());
    failed.len()
}
