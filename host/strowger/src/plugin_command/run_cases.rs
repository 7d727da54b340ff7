//! `strowger plugin test`: runs case files, and calls that were recorded, against the real component. In: a plugin, the
//! files. Out: what each expected and found, printed; an error where one did not hold.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use node::ConsultError;
use parking_lot::Mutex;
use plugin::{ConsultContext, Engine, EngineConfig, Outcome, Role, Variables};
use scaffold::cases::{Case, Mismatch, Said};

use super::scripted::Scripted;

/// Largest case file, in bytes.
const MAX_CASE_BYTES: u64 = 1 << 20;

pub(crate) fn run(plugin: &Path, cases: &Path, role: &str) -> Result<()> {
    let bytes = ::plugin::read_file(plugin).with_context(|| plugin.display().to_string())?;
    let engine = Engine::new(EngineConfig::default())?;
    let role = Role::named(role);
    let files = case_files(cases)?;
    // What is wrong with the file itself is wrong in every case. A recorded call has its own role.
    if files.iter().any(|file| !is_recorded(file)) {
        engine.check(&bytes, &role).with_context(|| plugin.display().to_string())?;
    }
    let mut failed = 0;
    for file in &files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        if is_recorded(file) {
            let differences = run_recorded(&bytes, file).with_context(|| file.display().to_string())?;
            failed += usize::from(!differences.is_empty());
            println!("{}  {name}", if differences.is_empty() { "ok    " } else { "FAILED" });
            differences.iter().for_each(|line| println!("  {line}"));
            continue;
        }
        let case = read(file)?;
        let found = run_one(&engine, &bytes, &role, case).with_context(|| file.display().to_string())?;
        if found.is_empty() {
            println!("ok      {name}");
            continue;
        }
        failed += 1;
        println!("FAILED  {name}");
        for Mismatch { line, expected, found } in found {
            println!("  {}:{line}: expected {expected}, found {found}", file.display());
        }
    }
    println!("{} passed, {failed} failed", files.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} cases failed", files.len());
    }
    Ok(())
}

fn case_files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let folder = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
    let mut files: Vec<_> = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "case") || is_recorded(file))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{}: no *.case or *.recorded file", path.display());
    }
    Ok(files)
}

/// A recorded call (`strowger replay --to-test`).
fn is_recorded(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "recorded")
}

/// Lines of the decision that are expected and missing, or there and not expected.
fn run_recorded(bytes: &[u8], file: &Path) -> Result<Vec<String>> {
    let (script, call) = recording::Case::parse(&text(file)?)?.call();
    let plugin = recording::plays(&recording::engine(&script)?, bytes, &script, None)?;
    Ok(recording::replay(&plugin, &call)?.differences)
}

fn read(file: &Path) -> Result<Case> {
    let text = text(file)?;
    Case::parse(&text)
        .map_err(|error| anyhow::anyhow!("{}:{}: expected {}", file.display(), error.line, error.expected))
}

fn text(file: &Path) -> Result<String> {
    let size = std::fs::metadata(file).with_context(|| file.display().to_string())?.len();
    if size > MAX_CASE_BYTES {
        bail!("{}: {size} bytes are more than a case may have ({MAX_CASE_BYTES})", file.display());
    }
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

fn run_one(engine: &Engine, bytes: &[u8], role: &Role, case: Case) -> Result<Vec<Mismatch>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let services = Arc::new(Scripted::new(case.host.clone(), Arc::clone(&log)));
    let plugin = engine.load(bytes, role, &case.configuration, services)?;
    let flow =
        sip::Flow { transport: case.host.transport, listener: 0, connection: 0, remote: case.host.source };
    let mut context = ConsultContext::new(1, flow);
    context.variables = variables(&case.host.variables)?;
    context.dialog_variables = variables(&case.host.dialog_variables)?;
    let message = Arc::new(case.message.clone());
    let consulted = plugin.consult(case.hook, message, context).wait();
    let said = match &consulted.result {
        Ok(Outcome::Decision(decision)) => Said::Decision(decision),
        Ok(Outcome::Reply(decision)) => Said::Reply(decision),
        Ok(Outcome::Done) => Said::Failed(ConsultError::Invalid),
        Err(error) => Said::Failed(*error),
    };
    let lines = log.lock().clone();
    Ok(case.check(said, &lines))
}

fn variables(given: &[(String, String)]) -> Result<Option<Arc<Variables>>> {
    let mut all = Variables::default();
    for (name, value) in given {
        all.set(name, Some(value.clone().into()))?;
    }
    Ok((!all.is_empty()).then(|| Arc::new(all)))
}
