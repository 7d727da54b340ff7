//! The laboratory of `examples/ims`, in a folder and on ports of its own.
//!
//! In: this checkout, free ports. Out: configuration files, which are the example's with other places.

use super::process::free_port;
use crate::workspace;
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

/// The roles, in the order in which they start.
pub(crate) const ROLES: [&str; 5] = ["dns", "hss", "scscf", "icscf", "pcscf"];

/// The example's ports: SIP of P-, I- and S-CSCF, Diameter, DNS; HTTP of P-, I-, S-CSCF and HSS.
const PORTS: [u16; 9] = [5060, 4060, 6060, 3868, 9053, 9060, 9061, 9062, 9063];

/// Where everything is.
pub(crate) struct Lab {
    pub(crate) folder: PathBuf,
    ports: [u16; 9],
}

impl Lab {
    /// Writes the files. The example's ports where all of them are free, else others.
    pub(crate) fn write(folder: &Path) -> Result<Lab> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let ports = ports()?;
        let example = workspace::root().join("examples/ims");
        for role in ROLES {
            let name = format!("{role}.toml");
            let file = example.join(&name);
            let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let plugins = workspace::target().join("plugins");
            let mut text = text
                .replace("../../target/plugins", &plugins.display().to_string())
                .replace("../../target/ims", &folder.join("data").display().to_string());
            // By way of names that are no numbers: a new port may be another's old one.
            for (index, port) in PORTS.iter().enumerate() {
                text = text.replace(&port.to_string(), &format!("@{index}@"));
            }
            for (index, port) in ports.iter().enumerate() {
                text = text.replace(&format!("@{index}@"), &port.to_string());
            }
            std::fs::write(folder.join(&name), text)?;
        }
        for name in ["subscribers.toml", "alice.ue", "bob.ue"] {
            let file = example.join(name);
            std::fs::copy(&file, folder.join(name)).with_context(|| file.display().to_string())?;
        }
        Ok(Lab { folder: folder.to_owned(), ports })
    }

    fn at(&self, index: usize) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports[index]).into()
    }

    pub(crate) fn pcscf(&self) -> SocketAddr {
        self.at(0)
    }

    pub(crate) fn diameter(&self) -> SocketAddr {
        self.at(3)
    }

    /// HTTP of P-, I-, S-CSCF and HSS.
    pub(crate) fn admins(&self) -> [(&'static str, SocketAddr); 4] {
        [("pcscf", self.at(5)), ("icscf", self.at(6)), ("scscf", self.at(7)), ("hss", self.at(8))]
    }

    pub(crate) fn scscf_admin(&self) -> SocketAddr {
        self.at(7)
    }

    pub(crate) fn hss_admin(&self) -> SocketAddr {
        self.at(8)
    }
}

fn is_free(address: SocketAddr) -> bool {
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

fn ports() -> Result<[u16; 9]> {
    if PORTS.iter().all(|port| is_free((Ipv4Addr::LOCALHOST, *port).into())) {
        return Ok(PORTS);
    }
    let mut ports = [0; 9];
    for index in 0..ports.len() {
        let taken = ports;
        ports[index] = free_port(|address| !taken.contains(&address.port()) && is_free(address))?.port();
    }
    Ok(ports)
}
