//! Building plugins: one `cargo build` for one or several packages, and the paths of what it made.
//!
//! A plugin's own Cargo.toml needs nothing but `crate-type = ["cdylib", "rlib"]`: optimisation, link-time
//! optimisation, stripping and the panic strategy are given on cargo's command line.

use crate::error::file;
use crate::{Error, Options, Wasm};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What the optimiser aims at. Measured on a small plugin: 2.3 µs a message and 56 kB against 2.5 µs and 43 kB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// `opt-level = 3`.
    #[default]
    Speed,
    /// `opt-level = "s"`.
    Size,
}

impl Profile {
    /// The profile as arguments of cargo, for `--release`.
    pub fn settings(self) -> Vec<String> {
        let opt_level = match self {
            Profile::Speed => "3",
            Profile::Size => "\"s\"",
        };
        [
            ("opt-level", opt_level),
            ("lto", "\"fat\""),
            ("codegen-units", "1"),
            ("strip", "\"symbols\""),
            ("debug", "false"),
            ("panic", "\"abort\""),
        ]
        .iter()
        .flat_map(|(key, value)| ["--config".to_owned(), format!("profile.release.{key}={value}")])
        .collect()
    }
}

impl Wasm {
    /// Builds the plugin of the package `package` (`None`: the one whose manifest is in `manifest_dir`) and gives back
    /// the path of its core module. Works for a package of any workspace, and for one that is in none. Cargo's own
    /// messages go to standard error.
    ///
    /// # Errors
    /// If cargo cannot be started or fails, or the package makes no `.wasm` ([`Error::NoCdylib`]).
    pub fn build<'a>(
        &self,
        manifest_dir: &Path,
        package: impl Into<Option<&'a str>>,
        profile: Profile,
    ) -> Result<PathBuf, Error> {
        let package = package.into();
        let packages: Vec<&str> = package.into_iter().collect();
        let built = self.run_build(manifest_dir, &packages, profile)?;
        built.into_values().next().ok_or_else(|| Error::NoCdylib {
            package: package.map_or_else(|| manifest_dir.display().to_string(), str::to_owned),
        })
    }

    /// The same for several packages of one workspace in one run of cargo, in their order.
    ///
    /// # Errors
    /// As [`Wasm::build`].
    pub fn build_all(
        &self,
        manifest_dir: &Path,
        packages: &[&str],
        profile: Profile,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut built = self.run_build(manifest_dir, packages, profile)?;
        let path_of = |package: &&str| {
            built.remove(*package).ok_or_else(|| Error::NoCdylib { package: (*package).to_owned() })
        };
        packages.iter().map(path_of).collect()
    }

    /// Core modules by the name of their package.
    fn run_build(
        &self,
        manifest_dir: &Path,
        packages: &[&str],
        profile: Profile,
    ) -> Result<BTreeMap<String, PathBuf>, Error> {
        let mut cargo = self.cargo("build");
        // In the package's folder, since that is where cargo and rustup look for their settings.
        cargo.current_dir(manifest_dir).args([
            "--release",
            "--lib",
            "--message-format",
            "json-render-diagnostics",
        ]);
        cargo.args(profile.settings()).arg("--target-dir");
        match &self.target_dir {
            Some(folder) => cargo.arg(std::path::absolute(folder).map_err(file(folder))?),
            None => cargo.arg("target/wasm"),
        };
        for package in packages {
            cargo.args(["--package", package]);
        }
        let what = format!(
            "building {}",
            if packages.is_empty() { "the plugin".to_owned() } else { packages.join(", ") }
        );
        let program = cargo.get_program().to_string_lossy().into_owned();
        let done = cargo
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|source| Error::Start { program, source })?;
        if !done.status.success() {
            return Err(Error::Failed { what, status: done.status.to_string(), output: String::new() });
        }
        Ok(modules(&String::from_utf8_lossy(&done.stdout)))
    }
}

/// Everything at once, for somebody's plugin folder: finds a compiler, builds the package there, and puts the plugin
/// at `target/plugins/NAME.wasm` beneath it, NAME being the package's. Gives back that path.
///
/// # Errors
/// As [`Wasm::find`] and [`Wasm::build`]; and if the file cannot be written.
pub fn build_plugin(folder: &Path, options: &Options) -> Result<PathBuf, Error> {
    let built = Wasm::find(options)?.run_build(folder, &[], Profile::default())?;
    let (name, module) =
        built.into_iter().next().ok_or_else(|| Error::NoCdylib { package: folder.display().to_string() })?;
    let path = folder.join("target/plugins").join(format!("{name}.wasm"));
    place(&module, &path)?;
    Ok(path)
}

/// Copies a built module to where a router may be watching: in one step, and only if it changed. Whether it did.
///
/// # Errors
/// If one of the two files cannot be read or written.
pub fn place(module: &Path, path: &Path) -> Result<bool, Error> {
    let bytes = std::fs::read(module).map_err(file(module))?;
    if std::fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(file(folder))?;
    }
    let new = path.with_extension("wasm.new");
    std::fs::write(&new, &bytes).map_err(file(&new))?;
    std::fs::rename(&new, path).map_err(file(path))?;
    Ok(true)
}

/// One line of cargo's `--message-format json`.
#[derive(Deserialize)]
struct Line {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

fn modules(lines: &str) -> BTreeMap<String, PathBuf> {
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .filter(|line| line.reason == "compiler-artifact")
        .filter_map(|line| {
            let module =
                line.filenames.into_iter().find(|path| path.extension().is_some_and(|e| e == "wasm"))?;
            Some((package_name(&line.package_id).to_owned(), module))
        })
        .collect()
}

/// `edge` of `path+file:///somewhere/edge#0.1.0` and of `path+file:///somewhere/else#edge@0.1.0`.
fn package_name(id: &str) -> &str {
    let (source, fragment) = id.split_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => source.rsplit('/').next().unwrap_or(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_from_cargos_messages() {
        let lines = concat!(
            r#"{"reason":"compiler-artifact","package_id":"registry+x#memchr@2.7.0","filenames":["/t/libmemchr.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","package_id":"path+file:///s/examples/edge#strowger-example-edge@0.1.0","#,
            r#""filenames":["/t/libe.rlib","/t/strowger_example_edge.wasm"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","package_id":"path+file:///s/hello#0.1.0","filenames":["/t/hello.wasm"]}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n",
        );
        let found = modules(lines);
        assert_eq!(found.len(), 2);
        assert_eq!(found["strowger-example-edge"], Path::new("/t/strowger_example_edge.wasm"));
        assert_eq!(found["hello"], Path::new("/t/hello.wasm"));
    }

    #[test]
    fn a_module_is_placed_only_if_it_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (module, path) = (folder.path().join("m.wasm"), folder.path().join("plugins/edge.wasm"));
        std::fs::write(&module, b"one").expect("written");
        assert!(place(&module, &path).expect("placed"));
        assert!(!place(&module, &path).expect("seen"));
        std::fs::write(&module, b"two").expect("written");
        assert!(place(&module, &path).expect("placed"));
        assert_eq!(std::fs::read(&path).expect("read"), b"two");
        assert!(!path.with_extension("wasm.new").exists());
    }

    #[test]
    fn a_profile_is_a_list_of_settings() {
        let size = Profile::Size.settings();
        assert_eq!(&size[..2], ["--config", "profile.release.opt-level=\"s\""]);
        assert!(Profile::Speed.settings().contains(&"profile.release.opt-level=3".to_owned()));
    }
}
