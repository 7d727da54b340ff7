//! `cargo xtask swaps`: two builds of the edge example take turns in a router that carries SIPp's calls, one swap a
//! second. No call may fail, and memory must be flat. `--ims` does that with the three CSCFs (`swaps/ims.rs`), `--files`
//! replaces and spoils their files (`swaps/files.rs`), `--guard` gives bad candidates a share (`swaps/guard.rs`).
//!
//! The second build is the first with a custom section that means nothing: another file, and so for the router another
//! version, compiled and cached by itself. Memory is the router's resident memory; it is compared from the hundredth
//! swap on, when pools, caches and the allocator have what they need.

mod builds;
mod files;
mod guard;
mod ims;
mod network;
mod options;
mod phones;
mod probe;

use crate::demo::http;
use crate::demo::router::{Account, DOMAIN, Router};
use crate::sipp::{self, Figures, Sipp};
use crate::{plugins, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const USAGE: &str = "swaps [--count 1000] [--rate 200]
swaps --ims|--files [--minutes 10] [--rate 200] [--calls 5000] [--warm-up 140] [--profile release|quick|dev] [--binary FILE]
swaps --guard [--rate 100] [--share 5] [--profile release|quick|dev] [--binary FILE]";
const EVERY: Duration = Duration::from_secs(1);
/// Calls a second, where nothing is said: of three CSCFs, and of those whose candidates are guarded.
const RATE: u32 = 200;
const GUARDED_RATE: u32 = 100;
/// A line is printed after so many swaps; memory is compared from the first of them on.
const LOOK: u32 = 100;
/// What resident memory may gain from then to the end, in hundredths, and at least in kB.
const GAIN: u64 = 10;
const LEAST_GAIN_KB: u64 = 4096;
/// How long calls go on before the first swap and after the last.
const AROUND: Duration = Duration::from_secs(2);
/// Versions leave when the last call that they routed is answered.
const UNTIL_LEFT: Duration = Duration::from_secs(10);
const USERS: u32 = sipp::USERS;

struct Options {
    count: u32,
    rate: u32,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Options> {
        let mut options = Options { count: 1000, rate: 200 };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().with_context(|| format!("{name} lacks its number\n{USAGE}"))?;
            let number = value.parse().ok().filter(|number| (1..=100_000).contains(number));
            let number = number.with_context(|| format!("{name} {value}: not a number from 1 to 100,000"))?;
            match name.as_str() {
                "--count" => options.count = number,
                "--rate" => options.rate = number,
                other => bail!("swaps knows no {other}\n{USAGE}"),
            }
        }
        Ok(options)
    }
}

/// The whole command.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((first, rest)) if first == "--ims" => return ims::run(&options::Options::read(RATE, rest)?),
        Some((first, rest)) if first == "--files" => return files::run(&options::Options::read(RATE, rest)?),
        Some((first, rest)) if first == "--guard" => {
            return guard::run(&options::Options::read(GUARDED_RATE, rest)?);
        }
        _ => {}
    }
    let Options { count, rate } = Options::read(arguments)?;
    let program = toolchain::needs::find("sipp").context("SIPp is not installed (package sip-tester)")?;
    let binary = workspace::build(&[], true)?.join("strowger");
    let built = plugins::build(&["edge"])?;
    let (plugin, _) = built.into_iter().next().context("examples/edge builds no plugin")?;

    let folder = workspace::target().join("swaps");
    std::fs::create_dir_all(&folder)?;
    let files = two_builds(&plugin, &folder)?;
    let accounts: Vec<Account> =
        (0..USERS).map(|n| Account { user: sipp::user(n), password: sipp::PASSWORD.to_owned() }).collect();
    let router = Router::start(&binary, &files[1], &folder.join("router"), &accounts)?;
    let sipp = Sipp::new(&program, &folder, DOMAIN, router.sip, USERS)?;
    sipp.register(USERS, USERS)?;
    println!("{rate} calls a second through {}, {count} swaps, one a second", router.sip);
    let calls = sipp.calls_until_stopped(rate)?;
    std::thread::sleep(AROUND);
    let memory = swap(&binary, &router, &files, count)?;
    std::thread::sleep(AROUND);
    let figures = calls.stop()?;

    let left = wait_until_left(&router)?;
    report(count, &figures, &memory, left);
    router.stop()?;
    judge(&figures, &memory, left)
}

/// The same plugin as two files.
fn two_builds(plugin: &Path, folder: &Path) -> Result<[PathBuf; 2]> {
    let bytes = std::fs::read(plugin).with_context(|| plugin.display().to_string())?;
    let files = ["a", "b"].map(|name| folder.join(format!("edge-{name}.wasm")));
    for (file, name) in files.iter().zip(["a", "b"]) {
        std::fs::write(file, with_section(&bytes, name)).with_context(|| file.display().to_string())?;
    }
    Ok(files)
}

/// A custom section without content behind all others (WebAssembly core, §5.5.3).
pub(crate) fn with_section(module: &[u8], name: &str) -> Vec<u8> {
    let mut bytes = module.to_vec();
    let length = name.len() as u8;
    bytes.extend([0, length + 1, length]);
    bytes.extend(name.as_bytes());
    bytes
}

/// Resident memory in kB: at the first look, and at the end.
struct Memory {
    first: u64,
    last: u64,
}

/// Pushes the two in turns.
fn swap(binary: &Path, router: &Router, files: &[PathBuf; 2], count: u32) -> Result<Memory> {
    let began = Instant::now();
    let mut first = None;
    for swap in 1..=count {
        let due = EVERY * swap;
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        push(binary, router, &files[usize::from(swap % 2 == 0)])?;
        if swap % LOOK == 0 || swap == (count / 2).clamp(1, LOOK) {
            let resident = router.resident_kb()?;
            first.get_or_insert(resident);
            println!(
                "swap {swap}: {} versions loaded, {} MB resident, {:.1?} s late",
                loaded(router)?,
                resident / 1024,
                began.elapsed().saturating_sub(due).as_secs_f64()
            );
        }
    }
    let last = router.resident_kb()?;
    Ok(Memory { first: first.unwrap_or(last), last })
}

fn push(binary: &Path, router: &Router, file: &Path) -> Result<()> {
    let mut push = Command::new(binary);
    push.args(["plugin", "push", "--admin", &format!("http://{}", router.admin), "--role", "edge"]);
    push.arg("--activate").arg(file).stdin(Stdio::null());
    workspace::output(&mut push).map(drop)
}

/// How many versions somebody still holds, the active one included.
fn loaded(router: &Router) -> Result<usize> {
    let list: Vec<serde_json::Value> = serde_json::from_str(&http::get(router.admin, "/plugins")?)?;
    Ok(list.len())
}

fn wait_until_left(router: &Router) -> Result<usize> {
    let began = Instant::now();
    loop {
        let left = loaded(router)?;
        if left <= 1 || began.elapsed() > UNTIL_LEFT {
            return Ok(left);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn report(count: u32, figures: &Figures, memory: &Memory, left: usize) {
    let Figures { successful, failed, retransmissions } = figures;
    println!("swaps                        {count}");
    println!("calls completed              {successful}");
    println!("calls failed                 {failed}");
    println!("retransmissions              {retransmissions}");
    println!("resident memory              {} kB, at the end {} kB", memory.first, memory.last);
    println!("versions loaded at the end   {left}");
}

fn judge(figures: &Figures, memory: &Memory, left: usize) -> Result<()> {
    if figures.failed > 0 || figures.successful == 0 {
        bail!("{} calls failed, {} succeeded", figures.failed, figures.successful);
    }
    let most = memory.first + (memory.first * GAIN / 100).max(LEAST_GAIN_KB);
    if memory.last > most {
        bail!("resident memory grew from {} to {} kB", memory.first, memory.last);
    }
    if left != 1 {
        bail!("{left} versions are loaded when no call is under way");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn numbers_are_read_and_nonsense_is_named() {
        let options = Options::read(&words("--rate 50 --count 20")).expect("read");
        assert_eq!((options.count, options.rate), (20, 50));
        assert_eq!(Options::read(&[]).expect("read").count, 1000);
        for (wrong, named) in [("--count", "--count lacks"), ("--rate 0", "--rate 0"), ("--much 3", "--much")]
        {
            let error = Options::read(&words(wrong)).err().expect("an error").to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_failed_call_growth_or_a_version_that_stays_is_an_error() {
        let good = || {
            (Figures { successful: 9, failed: 0, retransmissions: 2 }, Memory { first: 90_000, last: 91_000 })
        };
        let (figures, memory) = good();
        assert!(judge(&figures, &memory, 1).is_ok());
        assert!(judge(&figures, &memory, 2).is_err());
        assert!(judge(&Figures { failed: 1, ..figures }, &memory, 1).is_err());
        assert!(judge(&Figures { successful: 0, failed: 0, retransmissions: 0 }, &memory, 1).is_err());
        assert!(judge(&good().0, &Memory { first: 90_000, last: 99_001 }, 1).is_err());
    }

    #[test]
    fn the_two_builds_differ_in_a_section_only() {
        assert_eq!(with_section(b"\0asm", "b"), b"\0asm\0\x02\x01b");
    }
}
