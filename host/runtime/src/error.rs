//! Why a host does not start: one sentence each, with the key of the configuration that it is about.

use std::net::SocketAddr;
use std::path::PathBuf;

use plugin::{EngineError, LoadError};
use storage::{OpenError, PlaceError, UsersError};
use transport::{StreamsError, UdpError};

use crate::rehearsal::RehearsalError;

/// The first thing that hindered a start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A value is out of its range, or values do not go together.
    #[error("{key} = {value}: {reason}")]
    Value {
        /// The key, with its table.
        key: String,
        /// What it is.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// A UDP address cannot be listened on.
    #[error("listen: {0}")]
    Udp(#[from] UdpError),
    /// A stream address cannot be listened on, or its certificate does not serve.
    #[error("listen: {0}")]
    Streams(#[from] StreamsError),
    /// The data folder does not serve.
    #[error("node.data: {0}")]
    Store(#[from] OpenError),
    /// The database does not serve.
    #[error("storage.url: {0}")]
    Database(#[source] OpenError),
    /// It is not said where the database is.
    #[error("storage.url: {0}")]
    Place(#[from] PlaceError),
    /// The secrets in the data folder do not serve.
    #[error("node.data: {file}: {source}")]
    Secrets {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Diameter does not start.
    #[error("diameter: {0}")]
    Diameter(#[from] transport::diameter::DiameterError),
    /// The shared sets of filter criteria cannot be read.
    #[error("cx.shared_ifc: {file}: {source}")]
    SharedIfcFile {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The shared sets of filter criteria cannot be used.
    #[error("cx.shared_ifc: {file}: {source}")]
    SharedIfc {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: ims::service_profile::ProfileError,
    },
    /// The users do not serve.
    #[error("users.file: {0}")]
    Users(#[from] UsersError),
    /// The users on a server do not serve.
    #[error("users.url: {0}")]
    UsersServer(#[source] UsersError),
    /// The plugin file cannot be read.
    #[error("plugin.file {file}: {source}")]
    PluginFile {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The plugin is not fit.
    #[error("plugin.file {file}: {source}")]
    Plugin {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: LoadError,
    },
    /// The plugin is refused by its rehearsal.
    #[error("plugin.file {file}: {source}")]
    Rehearsal {
        /// The file.
        file: PathBuf,
        /// Why.
        source: Box<RehearsalError>,
    },
    /// Scripts cannot be run on this machine with these bounds.
    #[error("plugin: {0}")]
    Engine(#[from] EngineError),
    /// What is to be recorded from the start cannot be.
    #[error("record.at_start = {value}: {reason}")]
    Record {
        /// What is to be recorded.
        value: String,
        /// Why not.
        reason: String,
    },
    /// The system gives no thread or descriptor.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
    /// What was bound is not what was asked for.
    #[error("listen.address {0}: the name to write into messages must be given as listen.advertise")]
    Unspecified(SocketAddr),
}
