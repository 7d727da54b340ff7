//! An IMS for a load: HSS, S-, I- and P-CSCF, each a process of its own on loopback, with what can be asked of them while
//! it runs.

use super::builds::ROLES;
use crate::demo::http;
use crate::demo::process::{Process, free_port};
use anyhow::{Context, Result, bail};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The home network.
pub(crate) const DOMAIN: &str = "ims.test";
/// Until the CSCFs have found the HSS.
const UNTIL_CONNECTED: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// One CSCF.
pub(crate) struct Cscf {
    pub(crate) role: &'static str,
    process: Process,
    /// SIP.
    pub(crate) at: SocketAddr,
    /// HTTP.
    admin: SocketAddr,
    /// The file of its plugin, which it watches.
    pub(crate) plugin: PathBuf,
}

/// The whole network. Dropped, it is killed.
pub(crate) struct Network {
    hss: Process,
    /// In the order of [`ROLES`].
    pub(crate) cscfs: [Cscf; 3],
}

/// Where everybody is.
struct Places {
    hss: SocketAddr,
    hss_admin: SocketAddr,
    sip: [SocketAddr; 3],
    admin: [SocketAddr; 3],
}

impl Network {
    /// Starts it in `folder`, which is emptied but for the compiled plugins, with these plugins in the order of [`ROLES`]
    /// and these subscribers.
    pub(crate) fn start(
        binary: &Path,
        folder: &Path,
        plugins: &[Vec<u8>; 3],
        subscribers: &str,
    ) -> Result<Network> {
        let places = Places::find()?;
        let folder_of = |role: &str| -> Result<PathBuf> {
            let own = folder.join(role);
            let _ = std::fs::remove_dir_all(&own);
            std::fs::create_dir_all(&own).with_context(|| own.display().to_string())?;
            Ok(own)
        };
        let start = |role: &str, configuration: String, admin: SocketAddr| -> Result<Process> {
            let own = folder.join(role);
            let file = own.join("strowger.toml");
            std::fs::write(&file, configuration)?;
            let mut process = Process::start(binary, &["run", "--config"], &file, own.join("strowger.log"))?;
            process.wait_until_ready(admin)?;
            Ok(process)
        };
        std::fs::write(folder_of("hss")?.join("subscribers.toml"), subscribers)?;
        let hss = start("hss", places.hss(), places.hss_admin)?;
        let mut started = Vec::new();
        for (n, role) in ROLES.into_iter().enumerate() {
            let plugin = folder_of(role)?.join(format!("{role}.wasm"));
            std::fs::write(&plugin, &plugins[n])?;
            let process = start(role, places.cscf(role, n, &plugin), places.admin[n])?;
            started.push(Cscf { role, process, at: places.sip[n], admin: places.admin[n], plugin });
        }
        let cscfs = started.try_into().ok().context("as many CSCFs as there are roles")?;
        let network = Network { hss, cscfs };
        network.wait_until_connected()?;
        Ok(network)
    }

    /// Where phones send.
    pub(crate) fn pcscf(&self) -> SocketAddr {
        self.cscfs[0].at
    }

    /// Retransmitted requests that each of them has got so far.
    pub(crate) fn retransmissions(&self) -> Result<u64> {
        let each = self.cscfs.iter().map(|cscf| cscf.metric("strowger_sip_retransmissions_received_total"));
        each.sum()
    }

    /// Asks all to end, phones' side first, and waits for that.
    pub(crate) fn stop(self) -> Result<()> {
        let Network { hss, cscfs: [pcscf, scscf, icscf] } = self;
        for process in [pcscf.process, icscf.process, scscf.process, hss] {
            process.stop()?;
        }
        Ok(())
    }

    fn wait_until_connected(&self) -> Result<()> {
        let began = Instant::now();
        for cscf in self.cscfs.iter().filter(|cscf| cscf.role != "pcscf") {
            while cscf.metric("strowger_diameter_peer_open")? == 0 {
                if began.elapsed() > UNTIL_CONNECTED {
                    bail!("the {} does not find the HSS:\n{}", cscf.role, cscf.process.logged());
                }
                std::thread::sleep(PAUSE);
            }
        }
        Ok(())
    }
}

impl Cscf {
    /// Gives it a plugin: to be taken at once, or to be checked, compiled and kept. Its number.
    pub(crate) fn push(&self, plugin: &[u8], activate: bool) -> Result<u64> {
        let path = format!("/plugins/{}?activate={activate}", self.role);
        let taken: serde_json::Value = serde_json::from_str(&http::post(self.admin, &path, plugin)?)?;
        taken["number"].as_u64().context("a version without a number")
    }

    /// Gives a version so many tenths of a percent of the subscribers.
    pub(crate) fn split(&self, number: u64, share: u32) -> Result<()> {
        let path = format!("/plugins/{}/{number}/split?share={share}", self.role);
        http::post(self.admin, &path, &[]).map(drop)
    }

    /// Back to what was before: candidates first.
    pub(crate) fn rollback(&self) -> Result<()> {
        http::post(self.admin, &format!("/plugins/{}/rollback", self.role), &[]).map(drop)
    }

    /// Final answers to INVITEs that a version was asked about.
    pub(crate) fn asked(&self, number: u64) -> Result<u64> {
        let metrics = http::get(self.admin, "/metrics")?;
        let own = format!("number=\"{number}\"");
        let of_version = |line: &&str| line.contains(&own) && line.contains("request=\"INVITE\"");
        let lines: Vec<&str> = metrics.lines().filter(of_version).collect();
        Ok(sum_of(&lines.join("\n"), "strowger_plugin_answers_total"))
    }

    /// How many versions new or old calls have.
    pub(crate) fn loaded(&self) -> Result<usize> {
        let list: Vec<serde_json::Value> = serde_json::from_str(&http::get(self.admin, "/plugins")?)?;
        Ok(list.iter().filter(|one| one["state"] != "kept" && one["state"] != "checked").count())
    }

    /// The number of the active version.
    pub(crate) fn active(&self) -> Result<u64> {
        let list: Vec<serde_json::Value> = serde_json::from_str(&http::get(self.admin, "/plugins")?)?;
        let active = list.iter().find(|one| one["state"] == "active").context("no version is active")?;
        active["number"].as_u64().context("a version without a number")
    }

    /// What was done with versions last: the deed, and why.
    pub(crate) fn history(&self) -> Result<Vec<(String, String)>> {
        let deeds: Vec<serde_json::Value> =
            serde_json::from_str(&http::get(self.admin, "/history?last=500")?)?;
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        Ok(deeds.iter().map(|deed| (word(&deed["what"]), word(&deed["why"]))).collect())
    }

    /// The sum of a metric's series.
    pub(crate) fn metric(&self, name: &str) -> Result<u64> {
        Ok(sum_of(&http::get(self.admin, "/metrics")?, name))
    }

    /// Its share of the machine's memory, in kB.
    pub(crate) fn memory_kb(&self) -> Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.process.id());
        let text = std::fs::read_to_string(&path).with_context(|| path)?;
        let share = text.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB"));
        Ok(share.context("the kernel does not say how much memory a process has")?.parse()?)
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        self.process.written()
    }
}

fn sum_of(metrics: &str, name: &str) -> u64 {
    let series = metrics
        .lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    let value = |line: &str| line.rsplit_once(' ').and_then(|(_, value)| value.parse::<f64>().ok());
    series.filter_map(value).sum::<f64>() as u64
}

impl Places {
    fn find() -> Result<Places> {
        let mut taken: Vec<SocketAddr> = Vec::new();
        for _ in 0..8 {
            let free = free_port(|address| {
                !taken.contains(&address)
                    && UdpSocket::bind(address).is_ok()
                    && TcpListener::bind(address).is_ok()
            })?;
            taken.push(free);
        }
        Ok(Places {
            hss: taken[0],
            hss_admin: taken[1],
            sip: [taken[2], taken[3], taken[4]],
            admin: [taken[5], taken[6], taken[7]],
        })
    }

    fn hss(&self) -> String {
        let Places { hss, hss_admin, .. } = self;
        format!(
            "[node]\nrole = \"hss\"\n[hss]\nsubscribers = [\"subscribers.toml\"]\n\
             [diameter]\nidentity = \"hss.{DOMAIN}\"\nrealm = \"{DOMAIN}\"\nlisten = [\"{hss}\"]\n\
             [[diameter.peers]]\nidentity = \"scscf.{DOMAIN}\"\n[[diameter.peers]]\nidentity = \"icscf.{DOMAIN}\"\n\
             [admin]\naddress = \"{hss_admin}\"\n"
        )
    }

    fn cscf(&self, role: &str, n: usize, plugin: &Path) -> String {
        let (at, admin, [p, s, i]) = (self.sip[n], self.admin[n], self.sip);
        let (domains, own) = match role {
            "pcscf" => {
                (String::new(), format!("domain = \"{DOMAIN}\"\nuri = \"sip:{p}\"\nicscf = \"sip:{i}\""))
            }
            "scscf" => {
                let name = format!("\"scscf.{DOMAIN}\"");
                (name, format!("domains = [\"{DOMAIN}\"]\nuri = \"sip:{s}\"\nicscf = \"sip:{i}\""))
            }
            _ => {
                let name = format!("\"{DOMAIN}\"");
                (name, format!("domains = [\"{DOMAIN}\"]\n[scscfs]\none = \"sip:{s}\""))
            }
        };
        let diameter = match role {
            "pcscf" => String::new(),
            _ => format!(
                "[diameter]\nidentity = \"{role}.{DOMAIN}\"\nrealm = \"{DOMAIN}\"\nreconnect_s = 1\n\
                 [[diameter.peers]]\nidentity = \"hss.{DOMAIN}\"\naddress = \"{}\"\n[cx]\nserver_name = \"sip:{s}\"\n",
                self.hss
            ),
        };
        format!(
            "[node]\nrole = \"{role}\"\ndomains = [{domains}]\ndata = \"data\"\nshards = 1\ndrain_s = 2\n\
             [[listen]]\ntransport = \"udp\"\naddress = \"{at}\"\n[[listen]]\ntransport = \"tcp\"\naddress = \"{at}\"\n\
             [limits]\nudp_bytes = {UDP_BYTES}\n[dns]\nservers = [\"127.0.0.1:9\"]\n[admin]\naddress = \"{admin}\"\n\
             {diameter}[plugin]\nfile = {plugin:?}\ncache = \"../compiled-{role}\"\nconfiguration = '''\n{own}\n'''\n"
        )
    }
}

/// Loopback takes long datagrams (RFC 3261 §18.1.1: where the MTU is known).
const UDP_BYTES: u32 = 65_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_of_a_metric_are_added_up() {
        let metrics = "a_total{x=\"1\"} 2\na_total{x=\"2\"} 3\na_total_more 9\n# HELP a_total\nb 1\n";
        assert_eq!(sum_of(metrics, "a_total"), 5);
        assert_eq!(sum_of(metrics, "b"), 1);
        assert_eq!(sum_of(metrics, "c"), 0);
    }
}
