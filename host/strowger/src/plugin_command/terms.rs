//! On what terms a version gets its share: arguments of `strowger plugin split` and `push`. In: words, and files of public
//! identities. Out: the query and the body that the host takes.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::http;

/// Bytes of a file of identities: as many as the host takes, each as long as it may be.
const MAX_LIST_BYTES: u64 = 100_000 * 258;

/// By which key, and for which requests.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Terms {
    /// What is hashed: impu (default), call-id, source, header:NAME; a request without it is the active version's
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only for these public identities: sip:…, tel:…, or a file with one a line; may be given again
    #[arg(long, value_name = "FILE|URI")]
    identity: Vec<String>,
    /// Only for these methods, between commas; one subscriber then has two versions
    #[arg(long, value_name = "METHOD", value_delimiter = ',')]
    method: Vec<String>,
    /// Only for subscribers at these P-CSCFs, host or host:port as in their Path, between commas
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pcscf: Vec<String>,
}

impl Terms {
    /// Whether nothing is said.
    pub(super) fn is_nothing(&self) -> bool {
        self.key.is_none() && self.identity.is_empty() && self.method.is_empty() && self.pcscf.is_empty()
    }

    /// For the path's query: begins with `&`, or is empty.
    pub(super) fn query(&self) -> String {
        let mut query = String::new();
        let lists = [("method", self.method.join(",")), ("pcscf", self.pcscf.join(","))];
        for (name, value) in [("key", self.key.clone().unwrap_or_default())].into_iter().chain(lists) {
            if !value.is_empty() {
                query += &format!("&{name}={}", http::escape(&value));
            }
        }
        query
    }

    /// The public identities, one a line.
    pub(super) fn identities(&self) -> Result<String> {
        let mut all = String::new();
        for given in &self.identity {
            let is_uri = ["sip:", "sips:", "tel:"].iter().any(|scheme| given.starts_with(scheme));
            let lines = if is_uri { given.clone() } else { read(Path::new(given))? };
            all += lines.trim_end();
            all.push('\n');
        }
        Ok(all)
    }
}

fn read(file: &Path) -> Result<String> {
    let name = || file.display().to_string();
    let size = std::fs::metadata(file).with_context(name)?.len();
    if size > MAX_LIST_BYTES {
        bail!("{}: {size} bytes are more than a list of identities may have ({MAX_LIST_BYTES})", name());
    }
    let text = std::fs::read_to_string(file).with_context(name)?;
    let is_entry = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    // The host would take an empty list for none, and that is everybody.
    if !text.lines().any(is_entry) {
        bail!("{}: no public identity is in it", name());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_as_the_host_takes_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("testers");
        std::fs::write(&file, "# us\nsip:b@x\nsip:c@x\n\n").unwrap();
        let terms = Terms {
            key: Some("header:X-Tenant".into()),
            identity: vec!["sip:a@x".into(), file.display().to_string()],
            method: vec!["INVITE".into(), "MESSAGE".into()],
            pcscf: vec!["pcscf1.ims.test:5060".into()],
        };
        assert!(!terms.is_nothing());
        assert_eq!(
            terms.query(),
            "&key=header%3AX-Tenant&method=INVITE%2CMESSAGE&pcscf=pcscf1.ims.test%3A5060"
        );
        assert_eq!(terms.identities().unwrap(), "sip:a@x\n# us\nsip:b@x\nsip:c@x\n");
        assert!(Terms::default().is_nothing() && Terms::default().query().is_empty());
    }

    #[test]
    fn a_list_of_nobody_is_not_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("testers");
        std::fs::write(&file, "# nobody yet\n\n").unwrap();
        let terms = Terms { identity: vec![file.display().to_string()], ..Terms::default() };
        assert!(terms.identities().unwrap_err().to_string().contains("no public identity"));
        let terms = Terms { identity: vec!["no such file".into()], ..Terms::default() };
        assert!(terms.identities().is_err());
    }
}
