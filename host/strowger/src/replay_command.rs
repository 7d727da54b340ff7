//! `strowger replay`: recorded calls made again by a plugin, offline; and a call as a test case of the plugin.
//!
//! In: a recording, a .wasm file. Out: for each call whether the decision is the same, else what differs and where the two
//! part; an error where one does. The same files give the same output everywhere.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use plugin::Plugin;
use recording::{Call, Case, Recording, Replayed, Script, Step, Summary, engine, plays, replay};
use serde::Serialize;

/// Largest recording that is read, bytes.
const MAX_RECORDING: u64 = 4 << 30;
/// How names of cases end.
const CASE_ENDING: &str = "recorded";

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The recording
    recording: PathBuf,
    /// The plugin that is to make the calls again; without it the calls are listed
    plugin: Option<PathBuf>,
    /// Only the call of this number
    #[arg(long, value_name = "N", conflicts_with = "call_id")]
    call: Option<usize>,
    /// Only calls of this Call-ID, as the recording has it
    #[arg(long, value_name = "ID")]
    call_id: Option<String>,
    /// Take `plugin.configuration` from this TOML file in the place of the recorded one
    #[arg(long, value_name = "FILE", requires = "plugin")]
    config: Option<PathBuf>,
    /// One JSON document for a program
    #[arg(long, conflicts_with = "to_test")]
    json: bool,
    /// Write the call as a test case for `strowger plugin test`: it expects the recorded decision or, where a plugin is given, that one's
    #[arg(long, requires = "call", requires = "out")]
    to_test: bool,
    /// The case's file, or the folder for it
    #[arg(long, value_name = "FILE|DIR", requires = "to_test")]
    out: Option<PathBuf>,
}

/// A call, made again.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    summary: Summary,
    same: bool,
    faithful: bool,
    #[serde(flatten)]
    replayed: Replayed,
}

pub(crate) fn execute(args: &ReplayArgs) -> Result<()> {
    let recording = read(&args.recording)?;
    let chosen = choose(args, &recording)?;
    let configuration = args.config.as_deref().map(configuration).transpose()?;
    let mut plugins = match &args.plugin {
        Some(file) => Some(Plugins::read(file, configuration)?),
        None => None,
    };
    if let (true, Some(out), Some((number, call))) = (args.to_test, &args.out, chosen.first()) {
        return to_test(args, &recording, *number, call, plugins.as_mut(), out);
    }
    let Some(plugins) = &mut plugins else { return list(args, &recording, &chosen) };
    let mut told = Vec::with_capacity(chosen.len());
    for (number, call) in chosen {
        let replayed = plugins.replay(&recording.scripts, call).with_context(|| format!("call {number}"))?;
        let (summary, same) = (call.summary(number), replayed.is_same());
        told.push(Told { summary, same, faithful: call.faithful, replayed });
    }
    let differ = told.iter().filter(|told| !told.same).count();
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&told)?),
        false => {
            head(args, &recording);
            told.iter().for_each(|told| print!("{}", describe(told)));
            println!("{} the same, {differ} differ", told.len() - differ);
        }
    }
    if differ > 0 {
        bail!("{differ} of {} calls are decided differently", told.len());
    }
    Ok(())
}

fn read(file: &Path) -> Result<Recording> {
    let name = || file.display().to_string();
    let size = fs::metadata(file).with_context(name)?.len();
    if size > MAX_RECORDING {
        bail!("{}: {size} bytes are more than a recording may have ({MAX_RECORDING})", name());
    }
    Recording::read(&fs::read(file).with_context(name)?).with_context(name)
}

fn choose<'a>(args: &ReplayArgs, recording: &'a Recording) -> Result<Vec<(usize, &'a Call)>> {
    let all = (1..).zip(&recording.calls);
    let chosen: Vec<_> = all
        .filter(|(number, call)| match (&args.call, &args.call_id) {
            (Some(wanted), _) => number == wanted,
            (_, Some(wanted)) => call.asked.call_id().as_ref() == Some(wanted),
            (None, None) => true,
        })
        .collect();
    if chosen.is_empty() && (args.call.is_some() || args.call_id.is_some()) {
        bail!("{}: it has {} calls, none of them is that", args.recording.display(), recording.calls.len());
    }
    Ok(chosen)
}

/// `plugin.configuration` of a host's file.
fn configuration(file: &Path) -> Result<String> {
    let name = || file.display().to_string();
    let text = fs::read_to_string(file).with_context(name)?;
    let table: toml::Table = toml::from_str(&text).with_context(name)?;
    let configuration = table.get("plugin").and_then(|plugin| plugin.get("configuration"));
    Ok(configuration.and_then(toml::Value::as_str).unwrap_or_default().to_owned())
}

/// A plugin file, loaded once for each script of a recording.
struct Plugins {
    bytes: Vec<u8>,
    file: PathBuf,
    configuration: Option<String>,
    loaded: HashMap<u32, Arc<Plugin>>,
}

impl Plugins {
    fn read(file: &Path, configuration: Option<String>) -> Result<Plugins> {
        let bytes = ::plugin::read_file(file).with_context(|| file.display().to_string())?;
        Ok(Plugins { bytes, file: file.to_path_buf(), configuration, loaded: HashMap::new() })
    }

    fn replay(&mut self, scripts: &[Script], call: &Call) -> Result<Replayed> {
        let Some(script) = scripts.get(call.script as usize) else { bail!("its script is not there") };
        let plugin = match self.loaded.get(&call.script) {
            Some(plugin) => Arc::clone(plugin),
            None => {
                let plugin = plays(&engine(script)?, &self.bytes, script, self.configuration.as_deref())
                    .with_context(|| self.file.display().to_string())?;
                self.loaded.insert(call.script, Arc::clone(&plugin));
                plugin
            }
        };
        replay(&plugin, call).context("a message of it cannot be read")
    }
}

fn head(args: &ReplayArgs, recording: &Recording) {
    let clear = if recording.clear { "as they are" } else { "replaced" };
    println!("{}: {} calls, identities {clear}", args.recording.display(), recording.calls.len());
    for script in &recording.scripts {
        println!(
            "  of {} {} {} {}",
            script.role,
            script.name,
            script.version,
            script.digest.get(..12).unwrap_or_default()
        );
    }
    if recording.torn {
        println!("  its last record is cut off, and left out");
    }
}

fn list(args: &ReplayArgs, recording: &Recording, chosen: &[(usize, &Call)]) -> Result<()> {
    if args.json {
        let all: Vec<Summary> = chosen.iter().map(|(number, call)| call.summary(*number)).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    head(args, recording);
    for (number, call) in chosen {
        let faithful = if call.faithful { "" } else { "  (not faithful)" };
        println!("{}  {}{faithful}", line(&call.summary(*number)), call.decision.summary());
    }
    Ok(())
}

fn line(summary: &Summary) -> String {
    let Summary { number, title, call_id } = summary;
    format!("#{number:<5} {title:<24} {}", call_id.as_deref().unwrap_or("-"))
}

fn describe(told: &Told) -> String {
    let Told { summary, same, faithful, replayed } = told;
    let Replayed { differences, step, unknown, fuel, .. } = replayed;
    let verdict = if *same { "same" } else { "DIFFERS" };
    let mut out = format!("{}  {verdict}, {fuel} fuel\n", line(summary));
    if !faithful {
        out +=
            "    not faithful: for the world the script decided otherwise, by what is not in the recording\n";
    }
    if *same {
        return out;
    }
    differences.iter().for_each(|difference| out += &format!("    {difference}\n"));
    if let Some(Step { number, asked, recorded }) = step {
        let or_nothing = |question: &Option<String>| question.clone().unwrap_or_else(|| "nothing".into());
        out += &format!("    parts at question {number}: asked {}\n", or_nothing(asked));
        out += &format!("      the recording has {}\n", or_nothing(recorded));
    }
    unknown.iter().for_each(|question| out += &format!("    no answer to {question}\n"));
    out
}

fn to_test(
    args: &ReplayArgs,
    recording: &Recording,
    number: usize,
    call: &Call,
    plugins: Option<&mut Plugins>,
    out: &Path,
) -> Result<()> {
    let Some(script) = recording.scripts.get(call.script as usize) else { bail!("its script is not there") };
    let mut script = script.clone();
    let expected = match plugins {
        None => call.decision.clone(),
        Some(plugins) => {
            let replayed = plugins.replay(&recording.scripts, call)?;
            if let Some(configuration) = &plugins.configuration {
                script.configuration.clone_from(configuration);
            }
            replayed.decision
        }
    };
    let stem = args.recording.file_stem().unwrap_or_default().to_string_lossy();
    let file = match out.is_dir() {
        true => out.join(format!("{stem}-{number}.{CASE_ENDING}")),
        false => out.with_extension(CASE_ENDING),
    };
    let text = Case::of(&script, call, expected).text()?;
    fs::write(&file, text).with_context(|| file.display().to_string())?;
    println!("{}: run it with `strowger plugin test PLUGIN {0}`", file.display());
    Ok(())
}
