//! `strowger ue`: a phone by script (`host/ue` has the language).
//!
//! In: who it is, where its P-CSCF is, a script. Out: the ladder of what it said and heard, as it happens; exit code 1 where an
//! expectation of the script was not met.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use ims::aka::{Isim, Milenage, Secret, SequenceChecker, opc};
use ue::{Credentials, Report, Script, Settings, UePhone, ladder_line, run_script};

#[derive(Debug, Args)]
pub(crate) struct UeArgs {
    /// The script; `-` is standard input
    #[arg(long, short)]
    script: PathBuf,
    /// Private identity, such as 001010000000001@ims.mnc001.mcc001.3gppnetwork.org
    #[arg(long)]
    impi: String,
    /// Public identity, such as sip:+15550001@ims.mnc001.mcc001.3gppnetwork.org
    #[arg(long)]
    impu: String,
    /// Home network; default: the domain of the public identity
    #[arg(long)]
    domain: Option<String>,
    /// K of the SIM, 32 hexadecimal digits; with --opc or --op: IMS-AKA
    #[arg(long, env = "STROWGER_UE_K", hide_env_values = true)]
    k: Option<String>,
    /// OPc of the SIM
    #[arg(long, env = "STROWGER_UE_OPC", hide_env_values = true)]
    opc: Option<String>,
    /// OP of the operator, of which OPc is made
    #[arg(long, env = "STROWGER_UE_OP", hide_env_values = true)]
    op: Option<String>,
    /// Password, for SIP Digest in place of AKA
    #[arg(long, env = "STROWGER_UE_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Where the phone is; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    local: SocketAddr,
    /// Its P-CSCF
    #[arg(long, default_value = "127.0.0.1:5060")]
    pcscf: SocketAddr,
    /// Do not watch its own registration
    #[arg(long)]
    no_subscription: bool,
}

impl UeArgs {
    fn settings(&self) -> Result<Settings> {
        let domain = match &self.domain {
            Some(domain) => domain.clone(),
            None => self.impu.split_once('@').context("--impu has no domain: say --domain")?.1.to_owned(),
        };
        let mut settings =
            Settings::new(&self.impi, &self.impu, &domain, self.credentials()?, self.local, self.pcscf);
        settings.subscribes = !self.no_subscription;
        Ok(settings)
    }

    fn credentials(&self) -> Result<Credentials> {
        let key = |name: &str, digits: &str| {
            Secret::<16>::from_hex(digits).ok_or_else(|| anyhow!("{name} must be 32 hexadecimal digits"))
        };
        match (&self.k, &self.opc, &self.op, &self.password) {
            (Some(k), opc_digits, op, None) => {
                let k = key("--k", k)?;
                let opc = match (opc_digits, op) {
                    (Some(digits), None) => key("--opc", digits)?,
                    (None, Some(digits)) => opc(&k, &key("--op", digits)?),
                    _ => bail!("--k needs one of --opc and --op"),
                };
                Ok(Credentials::Aka(Isim::new(Milenage::new(&k, &opc), SequenceChecker::default())))
            }
            (None, None, None, Some(password)) => Ok(Credentials::Password(password.clone())),
            _ => bail!("either --k with --opc or --op, or --password"),
        }
    }
}

pub(crate) fn run(args: &UeArgs) -> Result<()> {
    let text = match args.script.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin())?,
        _ => std::fs::read_to_string(&args.script).with_context(|| args.script.display().to_string())?,
    };
    let script = Script::parse(&text).with_context(|| args.script.display().to_string())?;
    let settings = args.settings()?;
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    threads.block_on(async {
        let mut phone = UePhone::bind(settings).await?;
        let mut tell = |at, event: &_| println!("{}", ladder_line(at, event));
        let (report, done) = match run_script(&mut phone, &script, &mut tell).await {
            Ok(report) => (report, Ok(())),
            Err(error) => (*error.report.clone(), Err(error.into())),
        };
        // All else of it has been printed as it came.
        print!("{}", Report { media: report.media, ..Report::default() });
        done
    })
}
