//! A home subscriber server as a role of the binary: `role = "hss"`.
//!
//! In: its configuration. Out: a running server: Diameter to CSCFs, HTTP to people, subscribers in a database. What a
//! command is answered is `hss`'s, sockets are `transport`'s; here they meet.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use diameter::base::{DisconnectCause, Origin};
use diameter::cx;
use hss::{Hss, Push, Termination};
use runtime::DiameterMetrics;
use runtime::config::{AdminTable, DiameterTable, LogTable, TraceTable};
use serde::Deserialize;
use tokio::runtime::Handle;
use trace::Trace;
use tracing::{error, info, warn};
use transport::ClientTls;
use transport::diameter::{DiameterConfig, DiameterService, Incoming, Requests};

use crate::configuration::RoleTable;

/// How long an S-CSCF has to answer an RTR or PPR.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HssConfig {
    /// `role = "hss"`.
    pub(crate) node: RoleTable,
    /// The subscribers.
    pub(crate) hss: HssTable,
    /// Who we are, where we listen, and the CSCFs that may connect.
    pub(crate) diameter: DiameterTable,
    /// HTTP for people and machines.
    #[serde(default)]
    pub(crate) admin: AdminTable,
    /// Logging.
    #[serde(default)]
    pub(crate) log: LogTable,
    /// What went over the wire, for ladders.
    #[serde(default)]
    pub(crate) trace: TraceTable,
}

/// `[hss]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HssTable {
    /// URL of the database (`docs/subscribers.md`); default: in memory. A relative path of SQLite's is relative to the
    /// file's folder; the folder is made where there is none.
    #[serde(default = "in_memory")]
    pub(crate) database: String,
    /// Files of subscribers and profiles, taken at each start.
    #[serde(default)]
    pub(crate) subscribers: Vec<PathBuf>,
}

impl HssTable {
    /// The file of an SQLite database.
    fn file(&self) -> Option<&Path> {
        self.database.strip_prefix("sqlite://").map(Path::new)
    }
}

fn in_memory() -> String {
    "sqlite::memory:".into()
}

impl HssConfig {
    /// Reads it; paths are relative to the file's folder.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<HssConfig> {
        let mut config: HssConfig = toml::from_str(text)
            .map_err(|error| anyhow!("{}: {}", path.display(), error.to_string().trim_end()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in &mut config.hss.subscribers {
            if file.is_relative() {
                *file = folder.join(&*file);
            }
        }
        if let Some(file) = config.hss.file().filter(|file| file.is_relative()) {
            config.hss.database = format!("sqlite://{}", folder.join(file).display());
        }
        config.diameter_config().with_context(|| path.display().to_string())?;
        Ok(config)
    }

    fn diameter_config(&self) -> Result<DiameterConfig> {
        let client_tls = ClientTls { authorities: Vec::new(), verify: true, identity: None };
        Ok(runtime::diameter_config(&self.diameter, &cx::OF_AN_HSS, std::iter::empty(), client_tls)?)
    }
}

/// A running server.
pub(crate) struct RunningHss {
    pub(crate) hss: Hss,
    pub(crate) diameter: DiameterService,
    pub(crate) trace: Option<Arc<Trace>>,
    pub(crate) metrics: DiameterMetrics,
}

/// Requests of CSCFs: each is answered on a task of its own, for it waits for the database.
#[derive(Default)]
struct Asked {
    of: OnceLock<Weak<RunningHss>>,
    threads: OnceLock<Handle>,
}

impl Requests for Asked {
    fn request(&self, incoming: Incoming) {
        let (Some(running), Some(threads)) = (self.of.get().and_then(Weak::upgrade), self.threads.get())
        else {
            return; // not started yet: UNABLE_TO_COMPLY
        };
        threads.spawn(async move {
            let answered = running.hss.answer_and(incoming.message().clone()).await;
            incoming.answer(answered.answer);
            if let Some(termination) = answered.then {
                running.terminate(vec![termination]).await;
            }
        });
    }
}

impl RunningHss {
    /// Opens the database, takes the files, and answers from then on.
    pub(crate) async fn start(config: &HssConfig) -> Result<Arc<RunningHss>> {
        let name = |key: &str, text: &str| {
            text.parse().map_err(|_| anyhow!("{key} = {text}: must be a DiameterIdentity"))
        };
        let origin = Origin {
            host: name("diameter.identity", &config.diameter.identity)?,
            realm: name("diameter.realm", &config.diameter.realm)?,
            state_id: None,
        };
        if let Some(folder) = config.hss.file().and_then(Path::parent) {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let hss =
            Hss::open(&config.hss.database, hss::Settings::new(origin)).await.context("hss.database")?;
        let asked = Arc::new(Asked::default());
        let _ = asked.threads.set(Handle::current());
        let requests = Arc::clone(&asked) as Arc<dyn Requests>;
        let trace = config.trace.start();
        let configuration = DiameterConfig { trace: trace.clone(), ..config.diameter_config()? };
        let diameter = DiameterService::start(&Handle::current(), configuration, requests)?;
        let metrics = DiameterMetrics::new(diameter.clone());
        let running = Arc::new(RunningHss { hss, diameter, trace, metrics });
        let _ = asked.of.set(Arc::downgrade(&running));
        for file in &config.hss.subscribers {
            let text = tokio::fs::read_to_string(file).await.with_context(|| file.display().to_string())?;
            let done = running.import(&text).await.with_context(|| file.display().to_string())?;
            info!(file = %file.display(), added = done.added.len(), updated = done.updated.len(), "subscribers are taken");
        }
        let listening: Vec<String> = running.diameter.listening().iter().map(ToString::to_string).collect();
        info!("role hss on Diameter {}", listening.join(", "));
        Ok(running)
    }

    /// Takes a document, and tells S-CSCFs what follows from it.
    pub(crate) async fn import(self: &Arc<Self>, text: &str) -> Result<hss::Imported> {
        let done = self.hss.import(text).await?;
        let this = Arc::clone(self);
        let told = done.clone();
        tokio::spawn(async move {
            this.terminate(told.terminations).await;
            for name in told.updated {
                match this.hss.changed(&name).await {
                    Ok(pushes) => drop(this.push(pushes).await),
                    Err(error) => error!(%error, "an S-CSCF is not told of a changed profile"),
                }
            }
        });
        Ok(done)
    }

    /// Sends RTRs; how many S-CSCFs did what they were told.
    pub(crate) async fn terminate(&self, terminations: Vec<Termination>) -> usize {
        let mut done = 0;
        for termination in terminations {
            let Ok(message) = termination.message() else { continue };
            match self.diameter.send(message, ANSWER_WITHIN).await {
                Ok(answer) => match self.hss.terminated(&termination, &answer).await {
                    Ok(hss::Terminated::Done) => done += 1,
                    Ok(hss::Terminated::Refused(outcome)) => {
                        warn!(?outcome, destination = %termination.destination, "an S-CSCF does not end registrations");
                    }
                    Err(error) => error!(%error, "the answer to an RTR cannot be taken"),
                },
                Err(error) => {
                    warn!(%error, destination = %termination.destination, "an S-CSCF cannot be told")
                }
            }
        }
        done
    }

    /// Sends PPRs; how many S-CSCFs took them.
    pub(crate) async fn push(&self, pushes: Vec<Push>) -> usize {
        let mut taken = 0;
        for push in pushes {
            let Ok(message) = push.message() else { continue };
            let destination = &push.destination;
            match self.diameter.send(message, ANSWER_WITHIN).await.map(|answer| self.hss.pushed(&answer)) {
                Ok(Ok(hss::Pushed::Taken)) => taken += 1,
                Ok(Ok(hss::Pushed::Refused(outcome))) => {
                    warn!(?outcome, %destination, "an S-CSCF does not take a changed profile");
                }
                Ok(Err(error)) => error!(%error, %destination, "the answer to a PPR cannot be taken"),
                Err(error) => {
                    warn!(%error, %destination, "an S-CSCF cannot be told of a changed profile");
                }
            }
        }
        taken
    }

    /// Says goodbye to peers.
    pub(crate) async fn stop(&self) {
        self.diameter.stop(DisconnectCause::Rebooting).await;
    }
}
