//! Reads a configuration file. In: a path. Out: `runtime::Config`, its paths made relative to the file's folder, or
//! an error that names file, line, key, value and reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use runtime::config::LogTable;
use runtime::{Config, Described};
use serde::Deserialize;

use crate::dns_role::DnsConfig;
use crate::hss_role::HssConfig;

/// Largest configuration file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A configuration of whichever role.
pub(crate) enum RoleConfig {
    /// A SIP element.
    Host(Box<Config>),
    /// A home subscriber server.
    Hss(Box<HssConfig>),
    /// A name server.
    Dns(Box<DnsConfig>),
}

impl RoleConfig {
    pub(crate) fn role(&self) -> &str {
        match self {
            RoleConfig::Host(config) => &config.node.role,
            RoleConfig::Hss(config) => &config.node.role,
            RoleConfig::Dns(config) => &config.node.role,
        }
    }

    pub(crate) fn log(&self) -> &LogTable {
        match self {
            RoleConfig::Host(config) => &config.log,
            RoleConfig::Hss(config) => &config.log,
            RoleConfig::Dns(config) => &config.log,
        }
    }
}

/// The `[node]` of a role that has nothing else to say there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleTable {
    /// The role.
    pub(crate) role: String,
}

/// Enough of a file to know what it is.
#[derive(Deserialize)]
struct AnyRole {
    node: AnyNode,
}

#[derive(Deserialize)]
struct AnyNode {
    role: String,
}

/// Whether a file has a `[node]` with a role; one that cannot be read has not.
pub(crate) fn has_role(path: &Path) -> bool {
    text(path).is_ok_and(|text| toml::from_str::<AnyRole>(&text).is_ok())
}

/// Reads a file of whichever role it is.
pub(crate) fn read_role(path: &Path) -> Result<RoleConfig> {
    let text = text(path)?;
    let role = toml::from_str::<AnyRole>(&text).map(|any| any.node.role).unwrap_or_default();
    Ok(match role.as_str() {
        "hss" => RoleConfig::Hss(Box::new(HssConfig::parse(path, &text)?)),
        "dns" => RoleConfig::Dns(Box::new(DnsConfig::parse(path, &text)?)),
        _ => RoleConfig::Host(Box::new(read(path)?)),
    })
}

fn text(path: &Path) -> Result<String> {
    let size = std::fs::metadata(path).with_context(|| path.display().to_string())?.len();
    if size > MAX_BYTES {
        return Err(anyhow!(
            "{}: {size} bytes are more than a configuration may have ({MAX_BYTES})",
            path.display()
        ));
    }
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// The configuration with its keys, to be compared with another one.
pub(crate) fn described(path: &Path) -> Result<Described> {
    let text = text(path)?;
    let config = parse(path, &text)?;
    let table: toml::Table = text.parse().with_context(|| path.display().to_string())?;
    let mut keys = BTreeMap::new();
    flatten("", &toml::Value::Table(table), &mut keys);
    Ok(Described { config, keys })
}

/// Every value under its key: `timers.t1_ms`, `listen.0.address`.
fn flatten(key: &str, value: &toml::Value, keys: &mut BTreeMap<String, String>) {
    let inner = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match value {
        toml::Value::Table(table) => {
            table.iter().for_each(|(name, value)| flatten(&inner(name), value, keys))
        }
        toml::Value::Array(list) if list.iter().any(toml::Value::is_table) => {
            list.iter()
                .enumerate()
                .for_each(|(place, value)| flatten(&inner(&place.to_string()), value, keys));
        }
        toml::Value::String(text) => drop(keys.insert(key.to_owned(), text.clone())),
        other => drop(keys.insert(key.to_owned(), other.to_string())),
    }
}

pub(crate) fn read(path: &Path) -> Result<Config> {
    parse(path, &text(path)?)
}

fn parse(path: &Path, text: &str) -> Result<Config> {
    let mut config: Config = toml::from_str(text)
        .map_err(|error| anyhow!("{}: {}", path.display(), error.to_string().trim_end()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let resolve = |file: &mut PathBuf| {
        if file.is_relative() {
            *file = folder.join(&*file);
        }
    };
    resolve(&mut config.plugin.file);
    let optional = [
        &mut config.node.data,
        &mut config.plugin.cache,
        &mut config.users.file,
        &mut config.tls.authorities,
        &mut config.cx.shared_ifc,
    ];
    optional.into_iter().flatten().for_each(resolve);
    config.plugin.rehearsal.iter_mut().flat_map(|rehearsal| &mut rehearsal.files).for_each(resolve);
    if let Some(file) = config.storage.url.as_deref().and_then(|url| url.strip_prefix("sqlite:"))
        && !file.starts_with('/')
    {
        config.storage.url = Some(format!("sqlite:{}", folder.join(file).display()));
    }
    for listener in &mut config.listeners {
        [&mut listener.certificate, &mut listener.key].into_iter().flatten().for_each(resolve);
    }
    config.validate().map_err(|error| anyhow!("{}: {error}", path.display()))?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[node]\nrole = \"edge\"\n[[listen]]\ntransport = \"udp\"\naddress = \"127.0.0.1:5060\"\n[plugin]\nfile = \"edge.wasm\"\n";

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strowger.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let (folder, path) = written(GOOD);
        assert_eq!(read(&path).unwrap().plugin.file, folder.path().join("edge.wasm"));
        let (folder, path) =
            written(&format!("{GOOD}[plugin.rehearsal]\nfiles = [\"calls.rec\", \"/srv/cases\"]\n"));
        let rehearsal = read(&path).unwrap().plugin.rehearsal.unwrap();
        assert_eq!(rehearsal.files, [folder.path().join("calls.rec"), PathBuf::from("/srv/cases")]);
    }

    #[test]
    fn keys_are_told_one_by_one() {
        let (_folder, path) = written(&format!("{GOOD}[plugin.guard]\nmargin = 2\n"));
        let keys = described(&path).unwrap().keys;
        let told: Vec<_> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            told,
            [
                "listen.0.address=127.0.0.1:5060",
                "listen.0.transport=udp",
                "node.role=edge",
                "plugin.file=edge.wasm",
                "plugin.guard.margin=2",
            ]
        );
    }

    #[test]
    fn a_database_has_a_place() {
        let (folder, path) = written(
            &GOOD.replace("[[listen]]", "data = \"data\"\n[storage]\nurl = \"sqlite:a.db\"\n[[listen]]"),
        );
        let place = read(&path).unwrap().storage.place().unwrap();
        assert_eq!(place, Some(storage::Place::File(folder.path().join("a.db"))));
    }

    #[test]
    fn errors_name_file_key_value_and_reason() {
        for (bad, expected) in [
            (GOOD.replace("role", "roll"), "roll"),
            (GOOD.replace("\"udp\"", "\"sctp\""), "sctp"),
            (GOOD.replace("127.0.0.1:5060", "127.0.0.1"), "socket address"),
            (GOOD.replace("[plugin]\nfile = \"edge.wasm\"\n", ""), "plugin"),
            (GOOD.replace("\"udp\"", "\"tls\""), "certificate"),
            (format!("{GOOD}deadline_ms = 0\n"), "plugin.deadline_ms"),
            (format!("{GOOD}[plugin.rehearsal]\n"), "files"),
            (format!("{GOOD}[plugin.rehearsal]\nfiles = []\n"), "plugin.rehearsal.files = 0 entries"),
            (
                format!("{GOOD}[plugin.rehearsal]\nfiles = [\"a\"]\nseconds = 0\n"),
                "plugin.rehearsal.seconds = 0: must be 1 to 60",
            ),
            (format!("{GOOD}[plugin.rehearsal]\nfiles = [\"a\"]\ndifferences = \"no\"\n"), "refuse"),
            (format!("{GOOD}[storage]\nurl = \"redis://h\"\n"), "storage.url: must begin with sqlite:"),
            (
                format!("{GOOD}[storage]\nurl = \"mysql://u:secret@h/d\"\n"),
                "storage.url: needs the node's name",
            ),
            (format!("{GOOD}[storage]\nurl = \"sqlite:a.db\"\n"), "node.data = none: must be given"),
        ] {
            let (_folder, path) = written(&bad);
            let error = format!("{:#}", read(&path).unwrap_err());
            assert!(error.contains(expected) && error.contains("strowger.toml"), "{error}");
        }
    }
}
