//! `dossier serve` without a database and settings.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{START_ATTEMPTS, directory};

/// A server process.
pub struct Server {
    child: Child,
    /// The printed text until it listens: its address, and a command to paste.
    pub greeting: String,
}

fn binary(data: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    let settings = std::env::vars().map(|(name, _)| name);
    for name in settings.filter(|it| it.starts_with("DOSSIER_") || it == "DATABASE_URL") {
        command.env_remove(name);
    }
    // Outside the project folder, which can have a `.env`.
    command
        .current_dir(data.path())
        .env("DOSSIER_DATA_DIR", data.path())
        .env("DOSSIER_LISTEN", "127.0.0.1:0");
    command
}

impl Server {
    fn start(data: &TempDir) -> Self {
        Self::start_with(data, &[])
    }

    /// Starts a server. A busy machine can exceed the database timeouts, so that the start is repeated.
    pub fn start_with(data: &TempDir, settings: &[(&str, &str)]) -> Self {
        let mut started = (0..START_ATTEMPTS).filter_map(|_| Self::start_once(data, settings));
        started.next().expect("a server that listens")
    }

    fn start_once(data: &TempDir, settings: &[(&str, &str)]) -> Option<Self> {
        let mut child = binary(data)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("the output"));
        let mut greeting = String::new();
        for line in stdout.lines() {
            let line = line.expect("a line");
            greeting.push_str(&line);
            greeting.push('\n');
            if line.contains("-d '") {
                break;
            }
        }
        if greeting.starts_with("Dossier listens on http://") {
            return Some(Self { child, greeting });
        }
        child.wait().expect("an exit status");
        None
    }

    /// Returns the server's URL.
    pub fn address(&self) -> &str {
        let address = self.greeting.strip_prefix("Dossier listens on ");
        let address = address.and_then(|it| it.split(". ").next());
        address.expect("an address")
    }

    /// Runs the printed command and returns the status line and the body. Repeats it after a 503, which a
    /// busy machine can cause.
    fn paste(&self) -> (String, Value) {
        let (_, command) = self.greeting.split_once("\n\n").expect("a command");
        loop {
            let output = Command::new("sh").args(["-c", command]).output();
            let output = output.expect("a shell and curl");
            let response = String::from_utf8(output.stdout).expect("UTF-8");
            let (head, body) = response.split_once("\r\n\r\n").expect("head and body");
            let status = head.lines().next().expect("a status line").to_owned();
            if !status.contains(" 503 ") {
                return (status, serde_json::from_str(body).expect("JSON"));
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("the signal");
    }

    pub fn stop(mut self, signal: Signal) {
        self.signal(signal);
        let status = self.child.wait().expect("an exit status");
        assert!(status.success(), "{status}");
    }
}

/// Returns the output of curl, which repeats the request after a 503.
fn curl(arguments: &[&str]) -> String {
    let common = [
        "-s",
        "--retry",
        "100",
        "-H",
        "Authorization: Bearer dossier_sandbox",
    ];
    let output = Command::new("curl").args(common).args(arguments).output();
    String::from_utf8(output.expect("curl").stdout).expect("UTF-8")
}

fn run(data: &TempDir, arguments: &[&str]) -> Output {
    binary(data)
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn is_postgres_running(data: &TempDir) -> bool {
    data.path().join("postgres/postmaster.pid").exists()
}

/// Each start restores the sandbox.
#[test]
fn starts_with_a_sandbox_that_was_changed() {
    let data = directory();
    let server = Server::start(&data);
    let (_, command) = server.greeting.split_once("curl -i ").expect("a command");
    let address = command.split("/cases").next().expect("an address");
    let low_risk = format!("{address}/tags/0198a000-0000-4000-8000-000000000202");
    curl(&["-X", "DELETE", &low_risk]);
    let json = "Content-Type: application/json";
    let created_tag = curl(&[
        &format!("{address}/tags"),
        "-H",
        json,
        "-d",
        r#"{"label": "Low risk"}"#,
    ]);
    assert!(created_tag.contains("created_at"), "{created_tag}");
    server.stop(Signal::SIGTERM);

    let server = Server::start(&data);
    assert_eq!(server.paste().0, "HTTP/1.1 201 Created");
    server.stop(Signal::SIGTERM);
}

#[test]
fn serves_without_settings_and_keeps_data_after_stops_and_crashes() {
    let data = directory();
    let server = Server::start(&data);
    let (status, created) = server.paste();
    assert_eq!(status, "HTTP/1.1 201 Created");
    let id = created["id"].as_str().expect("an id");

    let second = run(&data, &[]);
    assert_eq!(second.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        stderr.contains("another dossier uses the data directory"),
        "{stderr}"
    );
    let listed = run(&data, &["api-key", "list", "--workspace", "Sandbox"]);
    assert!(
        listed.status.success(),
        "commands work while the server runs"
    );

    server.stop(Signal::SIGTERM);
    assert!(!is_postgres_running(&data));
    let mut crashed = Server::start(&data);
    crashed.signal(Signal::SIGKILL);
    crashed.child.wait().expect("an exit status");
    assert!(is_postgres_running(&data), "its PostgreSQL still runs");

    let server = Server::start(&data);
    let (_, command) = server.greeting.split_once("curl -i ").expect("a command");
    let address = command.split(' ').next().expect("an address");
    let read: Value = serde_json::from_str(&curl(&[&format!("{address}/{id}")])).expect("JSON");
    let head = curl(&["-I", address]).to_lowercase();
    assert!(!head.contains("ratelimit"), "a sandbox has no rate limits");
    assert_eq!(read, created);
    server.stop(Signal::SIGINT);
    assert!(!is_postgres_running(&data));
}

#[test]
fn reports_startup_errors_in_one_line() {
    let data = directory();
    for (arguments, words) in [
        (
            &["--listen", "0.0.0.0:0"][..],
            "Set DOSSIER_SANDBOX_KEY, or DATABASE_URL",
        ),
        (
            &["--database-url", "mysql://x"],
            "DATABASE_URL is not a URL of PostgreSQL",
        ),
        (
            &["--database-url", "postgres://127.0.0.1:1/x"],
            "check that PostgreSQL runs, and host and port in DATABASE_URL",
        ),
        (
            &["--database-url", "postgres://127.0.0.1:1,127.0.0.1:2/x"],
            "check that PostgreSQL runs, and host and port in DATABASE_URL",
        ),
        (
            &[
                "migrate",
                "--database-url",
                "postgres://h1,h2/x?target_session_attrs=standby",
            ],
            "target_session_attrs in DATABASE_URL must be read-write, primary or any",
        ),
        (&["--log", "a=b=c"], "DOSSIER_LOG is not a filter"),
        (
            &["--otlp-endpoint", "nowhere at all"],
            "OTEL_EXPORTER_OTLP_ENDPOINT is not",
        ),
        (
            &["--listen", "here"],
            "for '--listen <ADDRESS>': write a host and a port",
        ),
        (&["--lisen", "x"], "a similar argument exists: '--listen'"),
        (&["serve", "--pool-size", "0"], "0 is not in 1..=10000"),
        (
            &["--listen", "192.0.2.1:0"],
            "this machine does not have that address",
        ),
        (
            &["api-key", "list"],
            "not provided: --workspace <WORKSPACE>",
        ),
        (
            &["import", "nothing"],
            "not provided: --url <URL> --key <KEY>",
        ),
        (
            &["import", "nothing", "--url", "nowhere", "--key", "k"],
            "cannot read nothing: No such file",
        ),
    ] {
        let output = run(&data, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.contains(words), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let output = run(&data, &["--listen", &address]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains(&format!("cannot listen on {address}"))
            && stderr.contains("another program listens there"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(2));
    let metrics = ["--metrics-listen", &address];
    let stderr = String::from_utf8_lossy(&run(&data, &metrics).stderr).into_owned();
    assert!(
        stderr.contains("set DOSSIER_METRICS_LISTEN to another"),
        "{stderr}"
    );
}
