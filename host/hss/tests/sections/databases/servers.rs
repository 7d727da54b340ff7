//! Databases for tests: SQLite's files, and a MariaDB and a PostgreSQL of the tests' own.
//!
//! Each server has its data and its socket in a temporary folder, listens on no port, and is ended by its process id.
//! When it says that it is ready it is; nobody waits for a time. PostgreSQL does not run as root: where the tests do,
//! it runs as nobody.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

/// Where empty databases come from.
pub(super) trait Databases {
    /// The URL of an empty database of this name.
    async fn fresh(&self, name: &str) -> String;
    /// Carries out a statement in one of them.
    async fn execute(&self, name: &str, sql: &str);
}

pub(super) struct SqliteFiles(TempDir);

impl SqliteFiles {
    pub(super) fn new() -> SqliteFiles {
        SqliteFiles(tempfile::tempdir().unwrap())
    }
}

impl Databases for SqliteFiles {
    async fn fresh(&self, name: &str) -> String {
        format!("sqlite://{}/{name}.db", self.0.path().display())
    }

    async fn execute(&self, name: &str, sql: &str) {
        let mut connection = sqlx::SqliteConnection::connect(&self.fresh(name).await).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// A process that ends with its owner, by a signal that its program takes for that.
struct Running(Child, Signal);

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.0.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            let _ = kill_process(pid, self.1);
        }
        let _ = self.0.wait();
    }
}

impl Running {
    /// Starts it, and reads what it says until it says this. What it says later is read and dropped, so that it never
    /// waits for a reader.
    fn start(command: &mut Command, ready: &str, end: Signal) -> Running {
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut running = Running(child, end);
        let mut lines = BufReader::new(running.0.stderr.take().unwrap());
        let mut said = String::new();
        while !said.lines().last().is_some_and(|line| line.contains(ready)) {
            let length = lines.read_line(&mut said).unwrap();
            assert_ne!(length, 0, "the server ended: {said}");
        }
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        running
    }
}

fn succeed(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

pub(super) struct MariaDb {
    _running: Running,
    folder: TempDir,
}

impl MariaDb {
    /// `None`: it is not installed, and the test was reported as skipped.
    pub(super) fn start() -> Option<MariaDb> {
        let install = toolchain::needs::program("mariadb-install-db", "mariadb-server")?;
        let program = toolchain::needs::program("mariadbd", "mariadb-server")?;
        let folder = tempfile::tempdir().unwrap();
        let data = format!("--datadir={}", folder.path().join("data").display());
        let mut install = Command::new(install);
        install.args([
            "--no-defaults",
            "--user=root",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]);
        succeed(install.arg(&data));
        let mut command = Command::new(program);
        command.args([
            "--no-defaults",
            "--user=root",
            "--skip-networking",
            "--innodb-flush-log-at-trx-commit=2",
        ]);
        command.arg(&data).arg(format!("--socket={}", folder.path().join("socket").display()));
        let running = Running::start(&mut command, "ready for connections", Signal::KILL);
        Some(MariaDb { _running: running, folder })
    }

    fn url(&self, database: &str) -> String {
        format!("mysql://root@localhost/{database}?socket={}", self.folder.path().join("socket").display())
    }
}

impl Databases for MariaDb {
    async fn fresh(&self, name: &str) -> String {
        self.execute("mysql", &format!("CREATE DATABASE {name}")).await;
        self.url(name)
    }

    async fn execute(&self, name: &str, sql: &str) {
        let mut connection = sqlx::MySqlConnection::connect(&self.url(name)).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}

pub(super) struct Postgres {
    _running: Running,
    folder: TempDir,
}

/// The user nobody of Debian and of most others.
const NOBODY: u32 = 65_534;

impl Postgres {
    /// `None`: it is not installed, and the test was reported as skipped.
    pub(super) fn start() -> Option<Postgres> {
        let programs = Postgres::programs()?;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let is_root =
            fs::metadata(&data).map(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0).unwrap();
        if is_root {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let command = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.current_dir(&data);
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        succeed(
            command("initdb")
                .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"])
                .arg(&data),
        );
        let mut server = command("postgres");
        server
            .arg("-D")
            .arg(&data)
            .args(["-F", "-c", "listen_addresses=", "-c", "max_connections=60", "-k"])
            .arg(&data);
        let ready = "database system is ready to accept connections";
        // INT: at once, with whatever it shares with others put away.
        let running = Running::start(&mut server, ready, Signal::INT);
        Some(Postgres { _running: running, folder })
    }

    /// Where Debian keeps them, by version; or where they are in the path.
    fn programs() -> Option<PathBuf> {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        folders.retain(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file());
        folders.sort();
        let in_path = || toolchain::needs::program("initdb", "postgresql")?.parent().map(Path::to_path_buf);
        folders.pop().or_else(in_path)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.path().join("data").display())
    }
}

impl Databases for Postgres {
    async fn fresh(&self, name: &str) -> String {
        self.execute("postgres", &format!("CREATE DATABASE {name}")).await;
        self.url(name)
    }

    async fn execute(&self, name: &str, sql: &str) {
        let mut connection = sqlx::PgConnection::connect(&self.url(name)).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}
