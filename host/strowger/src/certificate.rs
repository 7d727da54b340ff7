//! `strowger certificate`: a self-signed certificate for laboratories. In: names. Out: two PEM files.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct CertificateArgs {
    /// A host name or address it is for; may be given several times
    #[arg(long = "name", required = true)]
    names: Vec<String>,
    /// Folder to write tls.crt and tls.key into
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

pub(crate) fn make(args: &CertificateArgs) -> Result<()> {
    let made =
        rcgen::generate_simple_self_signed(args.names.clone()).context("the names make no certificate")?;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    write(&args.out.join("tls.crt"), &made.cert.pem(), 0o644)?;
    write(&args.out.join("tls.key"), &made.signing_key.serialize_pem(), 0o600)?;
    println!("{} and {}", args.out.join("tls.crt").display(), args.out.join("tls.key").display());
    Ok(())
}

fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let mut file = options.open(path).with_context(|| path.display().to_string())?;
    file.write_all(text.as_bytes()).with_context(|| path.display().to_string())
}
