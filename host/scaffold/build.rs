//! Collects the sources that a plugin's crate needs beside its own: `sdk/`, `host/sip/`, `host/ims/`, `wit/`, and of the lock
//! file the versions they were tested with.
//!
//! In: the checkout. Out: `embedded.rs` in the build's folder: a table of relative paths and texts. Manifests are made
//! to stand alone: what they inherit from the workspace is written out, tests and lints are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use toml::{Table, Value};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Package folders, from the root of the checkout; in a plugin they keep their places.
const PACKAGES: [&str; 3] = ["sdk", "host/sip", "host/ims"];
const CONTRACT: &str = "wit";

fn main() -> Result<()> {
    let own = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = own.join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("embedded.rs");
    println!("cargo::rerun-if-changed=build.rs");

    let workspace = read(&root.join("Cargo.toml"))?;
    let mut table = String::from("pub(crate) static FILES: &[(&str, &str)] = &[\n");
    let mut needed = BTreeSet::new();
    for package in PACKAGES {
        let manifest = standalone(read(&root.join(package).join("Cargo.toml"))?, &workspace, package)?;
        needed.extend(dependencies(&manifest));
        writeln!(table, "    ({:?}, {:?}),", format!("{package}/Cargo.toml"), manifest.to_string())?;
        add_folder(&root, &format!("{package}/src"), &mut table)?;
    }
    add_folder(&root, CONTRACT, &mut table)?;
    table.push_str("];\n");

    let lock = locked(read(&root.join("Cargo.lock"))?, needed)?;
    writeln!(table, "pub(crate) static LOCK: &str = {lock:?};")?;
    let edition = inherited(&workspace, "edition")?;
    writeln!(table, "pub(crate) static EDITION: &str = {:?};", edition.as_str().unwrap_or_default())?;
    fs::write(out, table)?;
    Ok(())
}

fn read(path: &Path) -> Result<Table> {
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.parse()?)
}

/// Every source file below a folder but tests, in the order of their names.
fn add_folder(root: &Path, folder: &str, table: &mut String) -> Result<()> {
    println!("cargo::rerun-if-changed={}", root.join(folder).display());
    let mut entries: Vec<_> = fs::read_dir(root.join(folder))?.collect::<std::result::Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().map_err(|_| "a file name that is not UTF-8")?;
        let path = format!("{folder}/{name}");
        let is_test = name == "tests" || name == "tests.rs";
        if entry.file_type()?.is_dir() {
            if !is_test {
                add_folder(root, &path, table)?;
            }
        } else if !is_test && (name.ends_with(".rs") || name.ends_with(".wit")) {
            writeln!(table, "    ({path:?}, {:?}),", fs::read_to_string(entry.path())?)?;
        }
    }
    Ok(())
}

/// A manifest that inherits nothing.
fn standalone(mut manifest: Table, workspace: &Table, package: &str) -> Result<Table> {
    for section in ["dev-dependencies", "bench", "test", "example", "lints"] {
        manifest.remove(section);
    }
    for (key, value) in table_of(&mut manifest, "package")? {
        if is_inherited(value) {
            *value = inherited(workspace, key)?;
        }
    }
    let here = package.matches('/').count() + 1;
    resolve(table_of(&mut manifest, "dependencies")?, workspace, here)?;
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets {
            let Value::Table(target) = target else { continue };
            target.remove("dev-dependencies");
            resolve(table_of(target, "dependencies")?, workspace, here)?;
        }
    }
    Ok(manifest)
}

fn table_of<'a>(of: &'a mut Table, key: &str) -> Result<&'a mut Table> {
    of.entry(key)
        .or_insert_with(|| Value::Table(Table::new()))
        .as_table_mut()
        .ok_or_else(|| format!("{key} is no table").into())
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn inherited(workspace: &Table, key: &str) -> Result<Value> {
    let value = workspace.get("workspace").and_then(|w| w.get("package")).and_then(|p| p.get(key));
    value.cloned().ok_or_else(|| format!("[workspace.package] has no {key}").into())
}

/// Writes out each dependency that the workspace describes. `depth`: folders between the package and the root.
fn resolve(dependencies: &mut Table, workspace: &Table, depth: usize) -> Result<()> {
    for (name, dependency) in dependencies {
        if !is_inherited(dependency) {
            continue;
        }
        let shared = workspace.get("workspace").and_then(|w| w.get("dependencies")).and_then(|d| d.get(name));
        let mut full = match shared.ok_or_else(|| format!("[workspace.dependencies] has no {name}"))? {
            Value::Table(table) => table.clone(),
            version => Table::from_iter([("version".to_owned(), version.clone())]),
        };
        if let Some(Value::String(path)) = full.get_mut("path") {
            path.insert_str(0, &"../".repeat(depth));
        }
        for (key, value) in dependency.as_table().into_iter().flatten() {
            match (key.as_str(), full.get_mut(key)) {
                ("workspace", _) => {}
                ("features", Some(Value::Array(features))) => {
                    features.extend(value.as_array().cloned().unwrap_or_default());
                }
                _ => {
                    full.insert(key.clone(), value.clone());
                }
            }
        }
        *dependency = Value::Table(full);
    }
    Ok(())
}

/// Package names of all dependencies of a manifest, of every target.
fn dependencies(manifest: &Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let sections =
        std::iter::once(manifest.get("dependencies")).chain(targets.map(|(_, t)| t.get("dependencies")));
    let name = |(key, value): (&String, &Value)| {
        value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned()
    };
    sections.flatten().filter_map(Value::as_table).flatten().map(name).collect()
}

/// The part of the lock file that these packages reach. Cargo adds the plugin itself and takes out what is too much.
fn locked(mut lock: Table, mut queue: BTreeSet<String>) -> Result<String> {
    let packages = lock.remove("package").ok_or("the lock file has no packages")?;
    let packages: Vec<Table> = packages.try_into()?;
    let mut by_name: BTreeMap<&str, Vec<&Table>> = BTreeMap::new();
    for package in packages.iter().filter(|package| package.contains_key("source")) {
        by_name
            .entry(package.get("name").and_then(Value::as_str).unwrap_or_default())
            .or_default()
            .push(package);
    }
    let mut kept: BTreeMap<(String, String), Table> = BTreeMap::new();
    while let Some(wanted) = queue.pop_first() {
        // "name" or, where there are several versions, "name version"
        let (name, version) = wanted.split_once(' ').unwrap_or((&wanted, ""));
        for package in by_name.get(name).into_iter().flatten() {
            let own = package.get("version").and_then(Value::as_str).unwrap_or_default();
            if !version.is_empty() && version != own {
                continue;
            }
            if kept.insert((name.to_owned(), own.to_owned()), (*package).clone()).is_none() {
                let beneath = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
                queue.extend(beneath.filter_map(Value::as_str).map(str::to_owned));
            }
        }
    }
    let kept: Vec<Value> = kept.into_values().map(Value::Table).collect();
    lock.insert("package".to_owned(), Value::Array(kept));
    Ok(lock.to_string())
}
