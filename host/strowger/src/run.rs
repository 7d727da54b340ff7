//! `strowger run` and `strowger check`. In: configuration files, one for each role. Out: hosts that run until they are told
//! to stop, all of them in one process.
//!
//! A folder stands for the `*.toml` files in it. Roles start in the order in which they need each other, names and the HSS first, and
//! stop the other way round.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use runtime::Host;
use runtime::config::{AdminTable, LogTable};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::configuration::{self, RoleConfig};
use crate::hss_role::RunningHss;
use crate::sentence::sentence;
use crate::{hss_http, logging};

/// Roles of one process.
const MAX_ROLES: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A TOML file, or a folder of them, for each role; may be given again
    #[arg(long, short, value_name = "FILE", env = "STROWGER_CONFIG", required = true)]
    config: Vec<PathBuf>,
    /// Only these roles of all that are configured
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    role: Vec<String>,
}

/// A configuration and where it came from.
struct Chosen {
    path: PathBuf,
    config: RoleConfig,
}

/// In this order they start.
fn order(role: &str) -> usize {
    ["dns", "hss", "scscf", "icscf", "pcscf"].iter().position(|one| *one == role).unwrap_or(5)
}

fn choose(args: &RunArgs) -> Result<Vec<Chosen>> {
    let mut files = Vec::new();
    for path in &args.config {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut all = Vec::new();
        for entry in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
            all.push(entry?.path());
        }
        all.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        all.retain(|file| configuration::has_role(file));
        all.sort();
        if all.is_empty() {
            bail!("{}: no *.toml file in it has a [node] with a role", path.display());
        }
        files.extend(all);
    }
    let mut chosen = Vec::new();
    for path in files {
        let config = configuration::read_role(&path)?;
        if args.role.is_empty() || args.role.iter().any(|role| role == config.role()) {
            chosen.push(Chosen { path, config });
        }
    }
    if let Some(missing) = args.role.iter().find(|role| !chosen.iter().any(|one| one.config.role() == **role))
    {
        bail!("no configuration has the role {missing}");
    }
    if chosen.len() > MAX_ROLES {
        bail!("{} roles are more than one process takes ({MAX_ROLES})", chosen.len());
    }
    chosen.sort_by_key(|one| order(one.config.role()));
    Ok(chosen)
}

pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let chosen = choose(args)?;
    let log = chosen.last().map_or_else(LogTable::default, |one| one.config.log().clone());
    logging::start(&log)?;
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(8 * chosen.len().max(1))
        .thread_name("strowger-io")
        .enable_all()
        .build()
        .context("the I/O threads did not start")?;
    threads.block_on(serve(chosen))
}

/// Where HTTP is served, and to whom. Bound before a role starts, so that a port in use is found first.
async fn http(table: &AdminTable) -> Result<Option<(TcpListener, admin::Access)>> {
    let Some(address) = table.address else { return Ok(None) };
    Ok(Some((admin::bind(address).await?, admin::Access::new(table.token.clone()))))
}

/// One role, running.
enum Running {
    Host { host: Box<Host> },
    Hss(Arc<RunningHss>),
    Dns(dns::DnsServer),
}

/// What runs, and the HTTP servers over it.
#[derive(Default)]
struct All {
    running: Vec<Running>,
    admin: Vec<JoinHandle<()>>,
    nodes: admin::Nodes,
    stop: Arc<Notify>,
}

impl All {
    async fn start(&mut self, Chosen { path, config }: Chosen) -> Result<()> {
        match config {
            RoleConfig::Host(config) => {
                let http = http(&config.admin).await?;
                let described = configuration::described(&path)?;
                let host = Host::start(*config).await.with_context(|| path.display().to_string())?;
                let file = path.clone();
                host.handle().configured_by(
                    described,
                    Box::new(move || configuration::described(&file).map_err(|error| sentence(&error))),
                );
                if let Some((listener, access)) = http {
                    let handle = host.handle();
                    let own = self.nodes.join(&handle.role(), access, handle.trace());
                    self.serve(listener, admin::router(handle, own));
                }
                info!("{}", host.handle().summary());
                self.running.push(Running::Host { host: Box::new(host) });
            }
            RoleConfig::Hss(config) => {
                let http = http(&config.admin).await?;
                let running = RunningHss::start(&config).await.with_context(|| path.display().to_string())?;
                if let Some((listener, access)) = http {
                    let own = self.nodes.join("hss", access, running.trace.clone());
                    self.serve(listener, hss_http::router(Arc::clone(&running), own));
                }
                self.running.push(Running::Hss(running));
            }
            RoleConfig::Dns(config) => {
                let server = config.start().with_context(|| path.display().to_string())?;
                self.running.push(Running::Dns(server));
            }
        }
        Ok(())
    }

    fn serve(&mut self, listener: TcpListener, router: axum::Router) {
        let stop = Arc::clone(&self.stop);
        self.admin.push(tokio::spawn(async move {
            if let Err(error) = admin::serve(listener, router, async move { stop.notified().await }).await {
                error!(%error, "HTTP");
            }
        }));
    }

    /// A script may be compiled and rehearsed for it: meanwhile signals are heard.
    fn reload(&self) {
        for running in &self.running {
            if let Running::Host { host } = running {
                let handle = host.handle();
                tokio::task::spawn_blocking(move || reload(&handle));
            }
        }
    }

    async fn drain(&self) {
        for running in &self.running {
            if let Running::Host { host } = running {
                host.drain().await;
            }
        }
    }

    async fn stop(self) {
        for running in self.running.into_iter().rev() {
            match running {
                Running::Host { host } => host.stop().await,
                Running::Hss(hss) => hss.stop().await,
                Running::Dns(server) => server.stop().await,
            }
        }
        self.stop.notify_waiters();
        for task in self.admin {
            task.abort();
        }
    }
}

async fn serve(chosen: Vec<Chosen>) -> Result<()> {
    // Before anything is opened: a signal that comes while we start must not be lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;

    let mut all = All::default();
    for one in chosen {
        if let Err(error) = all.start(one).await {
            all.stop().await;
            return Err(error);
        }
    }
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => all.reload(),
        }
    }
    info!("draining");
    tokio::select! {
        () = all.drain() => {}
        _ = terminate.recv() => info!("told to stop again: not waiting for the rest"),
        _ = interrupt.recv() => info!("told to stop again: not waiting for the rest"),
    }
    all.stop().await;
    info!("stopped");
    Ok(())
}

/// Takes what a running host can take; a bad file changes nothing.
fn reload(handle: &runtime::Handle) {
    match handle.apply(None, "SIGHUP") {
        Ok(applied) => {
            info!("reloaded: {}", applied.taken.join(", "));
            let later = applied.differences.iter().filter(|difference| !difference.live);
            later.for_each(|difference| warn!("{} counts from the next start on", difference.key));
        }
        Err(error) => error!("not reloaded: {}", sentence(&error.into())),
    }
}

pub(crate) fn check(path: &Path) -> Result<()> {
    match configuration::read_role(path)? {
        RoleConfig::Host(config) => {
            logging::filter(&config.log)?;
            let found = runtime::check(&config)?;
            println!("{}: {found}", path.display());
        }
        RoleConfig::Dns(config) => {
            logging::filter(&config.log)?;
            println!("{}: role dns, {}: all right", path.display(), config.dns.domain);
        }
        RoleConfig::Hss(config) => {
            logging::filter(&config.log)?;
            let mut subscribers = 0;
            for file in &config.hss.subscribers {
                let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
                let document = hss::Document::parse(&text).with_context(|| file.display().to_string())?;
                subscribers += document.subscribers.len();
            }
            println!("{}: role hss, {subscribers} subscribers in files: all right", path.display());
        }
    }
    Ok(())
}
