//! A MariaDB and a PostgreSQL of the tests' own, that can be killed and started again.
//!
//! Each has its data and its socket in a temporary folder, listens on no port, and is ended by its process id. When it says
//! that it is ready it is; nobody waits for a time. PostgreSQL does not run as root: where the tests do, it runs as nobody.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The user nobody of Debian and of most others.
const NOBODY: u32 = 65_534;

/// Starts after a kill that may fail while PostgreSQL's other processes notice that their parent is gone.
const ATTEMPTS: u32 = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    MariaDb,
    Postgres,
}

impl Kind {
    /// The database that a new one has.
    const fn database(self) -> &'static str {
        match self {
            Kind::MariaDb => "strowger",
            Kind::Postgres => "postgres",
        }
    }
}

/// A server, with one empty database when it is new. Dropped, it is ended, and its folder is gone.
pub(crate) struct Server {
    kind: Kind,
    program: PathBuf,
    running: Option<Child>,
    folder: TempDir,
}

impl Server {
    /// `None`: it is not installed, and the test was reported as skipped.
    pub(crate) fn start(kind: Kind) -> Option<Server> {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let program = match kind {
            Kind::MariaDb => {
                let install = toolchain::needs::program("mariadb-install-db", "mariadb-server")?;
                let program = toolchain::needs::program("mariadbd", "mariadb-server")?;
                let mut install = Command::new(install);
                install.args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal"]);
                succeed(install.arg("--skip-test-db").arg(format!("--datadir={}", data.display())));
                let made = "CREATE DATABASE IF NOT EXISTS strowger;\n";
                fs::write(folder.path().join("made.sql"), made).expect("written");
                program
            }
            Kind::Postgres => {
                let programs = postgres_programs()?;
                fs::create_dir(&data).expect("a folder");
                if is_root(&data) {
                    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("readable");
                    chown(&data, Some(NOBODY), Some(NOBODY)).expect("nobody's");
                }
                let mut install = as_nobody(&programs.join("initdb"), &data);
                install.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"]);
                succeed(install.arg(&data));
                programs.join("postgres")
            }
        };
        let mut server = Server { kind, program, running: None, folder };
        server.start_again();
        Some(server)
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> String {
        self.url_by(&self.socket())
    }

    /// The same by another socket that leads here.
    pub(crate) fn url_by(&self, socket: &Path) -> String {
        self.url_to(socket, self.kind.database())
    }

    /// The URL of a database that somebody has made.
    pub(crate) fn url_of(&self, database: &str) -> String {
        self.url_to(&self.socket(), database)
    }

    fn url_to(&self, socket: &Path, database: &str) -> String {
        match self.kind {
            Kind::MariaDb => format!("mysql://root@localhost/{database}?socket={}", socket.display()),
            Kind::Postgres => {
                let folder = socket.parent().expect("a folder");
                format!("postgres://postgres@localhost/{database}?host={}", folder.display())
            }
        }
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        match self.kind {
            Kind::MariaDb => self.folder.path().join("socket"),
            Kind::Postgres => self.folder.path().join("data").join(SOCKET_OF_POSTGRES),
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.kill().expect("killed");
        running.wait().expect("ended");
    }

    /// On what it had.
    pub(crate) fn start_again(&mut self) {
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            match start(&mut self.command(), self.ready()) {
                Ok(child) => {
                    self.running = Some(child);
                    return;
                }
                Err(text) => said = text,
            }
        }
        panic!("the server does not start: {said}");
    }

    fn ready(&self) -> &'static str {
        match self.kind {
            Kind::MariaDb => "ready for connections",
            Kind::Postgres => "database system is ready to accept connections",
        }
    }

    fn command(&self) -> Command {
        let data = self.folder.path().join("data");
        match self.kind {
            Kind::MariaDb => {
                let mut command = Command::new(&self.program);
                command.args(["--no-defaults", "--user=root", "--skip-networking"]);
                command.arg(format!("--datadir={}", data.display()));
                command.arg(format!("--socket={}", self.socket().display()));
                command.arg(format!("--init-file={}", self.folder.path().join("made.sql").display()));
                command
            }
            Kind::Postgres => {
                let mut command = as_nobody(&self.program, &data);
                command.arg("-D").arg(&data);
                command.args(["-c", "listen_addresses=", "-c", "max_connections=60", "-k"]).arg(&data);
                command
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let word = if self.kind == Kind::Postgres { "-INT" } else { "-KILL" };
            // INT: at once, with whatever it shares with others put away.
            let _ = Command::new("kill").args([word, &running.id().to_string()]).status();
            let _ = running.wait();
        }
    }
}

/// The socket's name in the folder that a URL names.
pub(crate) const SOCKET_OF_POSTGRES: &str = ".s.PGSQL.5432";

fn is_root(path: &Path) -> bool {
    // Our own file: whose it is says who we are. Of a folder that was given away, its parent.
    let parent = path.parent().expect("a parent");
    fs::metadata(parent).is_ok_and(|folder| folder.uid() == 0)
}

fn as_nobody(program: &Path, data: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(data);
    if is_root(data) {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Starts it, and reads what it says until it says this. What it says later is read and dropped, so that it never waits for
/// a reader.
fn start(command: &mut Command, ready: &str) -> Result<Child, String> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("started");
    let mut lines = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    while !said.lines().last().is_some_and(|line| line.contains(ready)) {
        if lines.read_line(&mut said).expect("text") == 0 {
            child.wait().expect("ended");
            return Err(said);
        }
    }
    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
    Ok(child)
}

fn succeed(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().expect("started");
    let said = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// Where Debian keeps them, by version; or where they are in the path.
fn postgres_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.retain(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file());
    folders.sort();
    let in_path = || toolchain::needs::program("initdb", "postgresql")?.parent().map(Path::to_path_buf);
    folders.pop().or_else(in_path)
}
