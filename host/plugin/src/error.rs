//! Why a plugin was not loaded. Each is one sentence for the operator that names what is wrong and, where it can,
//! what to do about it.
//!
//! In: what `load.rs` found. Out: [`LoadError`]. Failures of a loaded plugin are [`node::ConsultError`].

use std::time::Duration;

/// Why a plugin was not loaded. Nothing has changed: the version that was active still is.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// More bytes than a plugin may have.
    #[error("the file has {bytes} bytes, a plugin has at most {most}")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
        /// The bound.
        most: usize,
    },
    /// Keys are configured, and there is no signature.
    #[error(
        "it is not signed, and plugin.keys asks for a signature: FILE.minisig beside the file (`minisign -S -m FILE`), or \
         sent with it"
    )]
    NotSigned,
    /// Keys are configured, and the signature is none.
    #[error("its signature does not count: {reason}")]
    Signature {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It exports less than what runs.
    #[error(
        "the script has no {hooks}, which the active version #{number} has: what is asked there would go unanswered (say that \
         it is meant: --drop-hooks, ?drop-hooks=true, or plugin.drop_hooks for a file)"
    )]
    DropsHooks {
        /// Those that are missing.
        hooks: String,
        /// The version that has them.
        number: u32,
    },
    /// Not WebAssembly at all, or another version of it.
    #[error("the file is not WebAssembly: it begins neither like a module nor like a component")]
    NotWasm,
    /// A core module without the section that says which contract it follows.
    #[error(
        "the file is a core module without a component-type section: it was not built against the contract \
         (build it with the SDK for wasm32-unknown-unknown, and do not strip custom sections)"
    )]
    NoContract,
    /// A core module that imports WASI preview 1.
    #[error(
        "the module imports `{name}` of `{module}`, and there is no WASI here: build it for wasm32-unknown-unknown"
    )]
    Wasi {
        /// The module name of the first such import.
        module: String,
        /// Its field name.
        name: String,
    },
    /// WebAssembly, but broken, or not what its own component type promises.
    #[error("the file is not a valid plugin: {reason}")]
    Malformed {
        /// What the decoder or validator said.
        reason: String,
    },
    /// An import that no version of this host knows.
    #[error("the script imports `{import}`, which this host does not have")]
    UnknownImport {
        /// The import's full name.
        import: String,
    },
    /// An import of an interface in a version that is not compatible with the host's.
    #[error(
        "the script was built against another contract: it needs `{needed}`, this host has `{interface}` in \
         version {has}"
    )]
    OtherVersion {
        /// The full name with version that the script needs.
        needed: String,
        /// The name without version.
        interface: String,
        /// The host's version.
        has: String,
    },
    /// A function of a known interface that this host does not have yet.
    #[error(
        "the script was built against a newer contract: it needs `{function}` of `{interface}`, which this host \
         does not have (it has version {has})"
    )]
    NewerFunction {
        /// The first missing function.
        function: String,
        /// Its interface, with the script's version.
        interface: String,
        /// The host's version of it.
        has: String,
    },
    /// A type of the contract is not what the host thinks it is.
    #[error("the script and this host disagree about the contract: {reason}")]
    Mismatch {
        /// Which item, and how.
        reason: String,
    },
    /// An import that the role's scripts may not use.
    #[error("the role `{role}` does not grant `{interface}`, which the script imports")]
    NotGranted {
        /// The role.
        role: String,
        /// The first import that is not granted.
        interface: String,
    },
    /// No `lifecycle` export.
    #[error("the script does not export `strowger:sip/lifecycle`, which every plugin must")]
    NoLifecycle,
    /// No hook.
    #[error(
        "the script exports no hook (on-request, on-in-dialog-request, on-reply, on-failure, on-timer, on-event, \
         on-answer, on-adopt)"
    )]
    NoHook,
    /// The code is not valid, or declares more than a guest may have.
    #[error("the component does not compile, or wants more than a guest may have: {reason}")]
    Compile {
        /// What the compiler said.
        reason: String,
    },
    /// The component's own start-up fails.
    #[error("the component cannot be instantiated: {reason}")]
    Instantiate {
        /// What wasmtime said.
        reason: String,
    },
    /// `init` returned its own error.
    #[error("the script's init refuses: {reason}")]
    InitRefused {
        /// The script's own sentence.
        reason: String,
    },
    /// `init` trapped.
    #[error("the script's init trapped: {reason}")]
    InitTrapped {
        /// What kind of trap.
        reason: String,
    },
    /// `init` did not end.
    #[error("the script's init did not end within {deadline:?}")]
    InitDeadline {
        /// The time it had.
        deadline: Duration,
    },
    /// The manifest breaks the contract.
    #[error("the script's manifest is wrong: {reason}")]
    Manifest {
        /// Which field, and what it should be.
        reason: String,
    },
    /// All instances of the engine are in use.
    #[error("no instance is free to try the script: all {guests} are in use")]
    Busy {
        /// The engine's bound.
        guests: u32,
    },
}
