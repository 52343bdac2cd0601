//! What a start and the commands say of their settings and their database.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::command_line::{dossier, json_of};
use crate::serve::Server;
use crate::support::{KEY, Process, TestApp, TestDatabase, client, send};

/// The commands that change a database, and the server.
const COMMANDS: [&[&str]; 5] = [
    &["serve", "--listen", "127.0.0.1:0"],
    &["migrate"],
    &["workspace", "create", "Bank"],
    &["workspace", "rename", "Bank", "House"],
    &["api-key", "create", "--workspace", "Bank"],
];

/// The binary in a folder, without any setting.
fn binary(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    let names = std::env::vars().map(|(name, _)| name);
    for name in names.filter(|it| it.starts_with("DOSSIER_") || it == "DATABASE_URL") {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder.path());
    command.env("DOSSIER_DATA_DIR", data(folder));
    command
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

/// What a command that ends with 2 says, which is one line.
#[track_caller]
fn refused(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    told
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn refuses_an_env_file_that_cannot_be_read_whole_and_touches_no_database() {
    for (text, words) in [
        (&b"A=two words\n"[..], "line 2 of "),
        (b"A=\"open\n", "a quote is not closed"),
        (b"A=\xff\n", "it is not UTF-8"),
        (b"SECRET_WORD\n", "it has no equals sign"),
        (b"1A=x\n", "line 2 of "),
        (b"A=x\0y\n", "NUL"),
    ] {
        for command in COMMANDS {
            let folder = folder();
            let rest = b"DATABASE_URL=postgres://127.0.0.1:1/x\n";
            let file = [b"# Settings\n", text, rest].concat();
            fs::write(folder.path().join(".env"), file).expect("a file");
            let told = refused(&binary(&folder, command).output().expect("it runs"));
            assert!(told.contains(words), "{told}");
            assert!(!told.contains("SECRET_WORD"), "{told}");
            assert!(!data(&folder).exists(), "no cluster was made");
        }
    }
    let folder = folder();
    fs::create_dir(folder.path().join(".env")).expect("a folder");
    let told = refused(&binary(&folder, &["migrate"]).output().expect("it runs"));
    assert!(told.contains("cannot read "), "{told}");
}

#[test]
fn reads_an_env_file_with_a_byte_order_mark_and_in_place_of_empty_variables() {
    let folder = folder();
    let file = "\u{feff}DATABASE_URL='postgres://127.0.0.1:1/x'\r\nDOSSIER_POOL_SIZE=\"0\"\r\n";
    fs::write(folder.path().join(".env"), file).expect("a file");
    let mut command = binary(&folder, &["serve"]);
    let told = refused(
        &command
            .env("DOSSIER_POOL_SIZE", "")
            .output()
            .expect("it runs"),
    );
    assert!(told.contains("0 is not in 1..=10000"), "{told}");
    let told = refused(
        &command
            .env("DOSSIER_POOL_SIZE", "1")
            .output()
            .expect("it runs"),
    );
    assert!(told.contains("host and port in DATABASE_URL"), "{told}");
}

/// What `serve` says of the variables, which name a database that nobody can reach.
fn told_of_variables(variables: &[(&str, &str)]) -> String {
    let folder = folder();
    let mut command = binary(&folder, &["serve"]);
    command.env("DATABASE_URL", "postgres://127.0.0.1:1/x");
    command.envs(variables.iter().copied());
    refused(&command.output().expect("it runs"))
}

#[tokio::test]
async fn reads_a_variable_by_its_old_name_and_warns() {
    let refusal = "0 is not in 1..=1000";
    let is_refused = |it: &[_]| told_of_variables(it).contains(refusal);
    assert!(is_refused(&[("DOSSIER_GATHERED", "0")]));
    let new = ("DOSSIER_GROUP_SIZE", "1");
    assert!(!is_refused(&[("DOSSIER_GATHERED", "0"), new]));
    assert!(is_refused(&[
        ("DOSSIER_GATHERED", "0"),
        ("DOSSIER_GROUP_SIZE", "")
    ]));
    let database = TestDatabase::create().await;
    let mut process = Process::spawn(&url(&database.options), &[("DOSSIER_GATHERED", "4")]);
    process
        .wait_for_log("DOSSIER_GATHERED is now called DOSSIER_GROUP_SIZE")
        .await;
}

#[test]
fn takes_an_empty_variable_for_one_that_is_not_set() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example");
    let example = fs::read_to_string(example).expect("the example");
    let names = example.lines().filter_map(|line| {
        let (name, _) = line.trim_start_matches("# ").split_once('=')?;
        let is_name = name.bytes().all(|it| it.is_ascii_uppercase() || it == b'_');
        (is_name && !["DOSSIER_DATA_DIR", "DOSSIER_LISTEN"].contains(&name)).then_some((name, ""))
    });
    let settings: Vec<_> = names.chain([("TOKIO_WORKER_THREADS", "")]).collect();
    let folder = folder();
    let server = Server::start_with(&folder, &settings);
    server.stop(nix::sys::signal::Signal::SIGTERM);
    let mut command = binary(&folder, &["migrate"]);
    let told = refused(
        &command
            .env("TOKIO_WORKER_THREADS", "many")
            .output()
            .expect("it runs"),
    );
    assert!(
        told.contains("TOKIO_WORKER_THREADS must be a number"),
        "{told}"
    );
}

#[test]
fn listens_on_a_host_name_and_on_every_address() {
    let folder = folder();
    let server = Server::start_with(&folder, &[("DOSSIER_LISTEN", "localhost:0")]);
    assert!(
        server.address().starts_with("http://127.0.0.1:"),
        "{}",
        server.address()
    );
    server.stop(nix::sys::signal::Signal::SIGTERM);
    let key = ("DOSSIER_SANDBOX_KEY", "a_key_of_its_own_for_this_test");
    let server = Server::start_with(&folder, &[("DOSSIER_LISTEN", ":0"), key]);
    let (_, port) = server.address().rsplit_once(':').expect("a port");
    let port = port.parse().expect("a number");
    std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens on IPv4");
    server.stop(nix::sys::signal::Signal::SIGTERM);
    for (address, words) in [
        (":0", "the sandbox's fixed key is for this machine alone"),
        (
            "no-such-host.invalid:0",
            "set DOSSIER_LISTEN to a host that this machine knows",
        ),
        ("8080", "such as 127.0.0.1:8080"),
    ] {
        let told = refused(
            &binary(&folder, &["--listen", address])
                .output()
                .expect("it runs"),
        );
        assert!(told.contains(words), "{told}");
    }
}

#[tokio::test]
async fn every_command_says_which_database_it_uses() {
    let app = TestApp::start().await;
    let url = app.database_url();
    let options: PgConnectOptions = url.parse().expect("a URL");
    let name = options.get_database().expect("a name");
    for arguments in [
        &["migrate"][..],
        &["workspace", "create", "Bank", "--json"],
        &["workspace", "rename", "Bank", "House", "--json"],
        &["api-key", "create", "--workspace", "House", "--json"],
        &["workspace", "list", "--json"],
    ] {
        let output = dossier(&app, arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        assert!(
            told.contains(&format!("using the database {name} on ")),
            "{told}"
        );
    }
    let folder = folder();
    let output = binary(&folder, &["workspace", "list"])
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = format!(
        "using the private PostgreSQL in {}",
        data(&folder).display()
    );
    assert!(told.contains(&expected), "{told}");
}

#[tokio::test]
async fn a_workspace_is_listed_and_renamed_and_has_a_name() {
    let app = TestApp::start().await;
    assert!(
        dossier(&app, &["workspace", "create", "Bank"])
            .status
            .success()
    );
    for name in [
        "",
        " ",
        "\u{a0}",
        " Bank",
        "Ba\nnk",
        &"a".repeat(181),
        "Sandbox",
    ] {
        for arguments in [
            &["workspace", "create", name][..],
            &["workspace", "rename", "Bank", name],
        ] {
            let output = dossier(&app, arguments);
            assert_eq!(output.status.code(), Some(2), "{name:?}");
        }
    }
    let renamed = dossier(&app, &["workspace", "rename", "Bank", "House of Ö"]);
    assert!(renamed.status.success());
    let again = dossier(&app, &["workspace", "rename", "Bank", "Other"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("no workspace named Bank"));
    let listed = json_of(&dossier(&app, &["workspace", "list", "--json"]));
    let names: Vec<_> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, [&json!("House of Ö"), &json!("Sandbox")]);
    assert_eq!(listed[0]["keys"], 0);
}

fn url(options: &PgConnectOptions) -> String {
    options.to_url_lossy().to_string()
}

/// What each way to use a database at a URL says of it.
async fn refusals(url: String) -> Vec<String> {
    let off = ("DOSSIER_MIGRATE", "off");
    let calls = COMMANDS.map(|it| (it, ("DOSSIER_MIGRATE", "on")));
    let calls = calls
        .into_iter()
        .chain([(COMMANDS[0], off), (COMMANDS[1], off)]);
    let run = move || {
        let folder = folder();
        let refusals = calls.map(|(arguments, setting)| {
            let mut command = binary(&folder, arguments);
            command.env("DATABASE_URL", &url).env(setting.0, setting.1);
            refused(&command.output().expect("it runs"))
        });
        refusals.collect()
    };
    tokio::task::spawn_blocking(run).await.expect("they ran")
}

#[tokio::test]
async fn a_database_that_is_not_utf8_is_refused() {
    let database = TestDatabase::with_encoding("LATIN1").await;
    for told in refusals(url(&database.options)).await {
        assert!(
            told.contains("the encoding of the database is LATIN1"),
            "{told}"
        );
    }
}

/// A startup message (protocol 3.0) without its options, as PgBouncer with `ignore_startup_parameters` passes it on.
fn without_options(message: &[u8]) -> Vec<u8> {
    let mut words = message[8..].split(|it| *it == 0);
    let mut kept = message[4..8].to_vec();
    while let Some(name) = words.next().filter(|it| !it.is_empty()) {
        let value = words.next().expect("a value");
        if name != b"options" {
            kept.extend([name, b"\0", value, b"\0"].concat());
        }
    }
    kept.push(0);
    let length = u32::try_from(kept.len() + 4).expect("a length");
    [&length.to_be_bytes()[..], &kept].concat()
}

/// A pooler in front of the database: one that drops the options of a session, or one that refuses them as PgBouncer
/// does by default.
async fn pooler(database: &TestDatabase, drops: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let socket = database
        .options
        .get_socket()
        .expect("a socket")
        .join(".s.PGSQL.5432");
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(pass(near, socket.clone(), drops));
        }
    });
    let name = database.options.get_database().expect("a name");
    format!("postgres://postgres@127.0.0.1:{port}/{name}?sslmode=disable")
}

async fn pass(mut near: TcpStream, socket: PathBuf, drops: bool) -> std::io::Result<()> {
    let length = near.read_u32().await?;
    let mut message = length.to_be_bytes().to_vec();
    message.resize(usize::try_from(length).expect("a length"), 0);
    near.read_exact(&mut message[4..]).await?;
    if !drops {
        let fields = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
        near.write_u8(b'E').await?;
        near.write_u32(u32::try_from(fields.len() + 4).expect("a length"))
            .await?;
        return near.write_all(fields).await;
    }
    let mut far = UnixStream::connect(socket).await?;
    far.write_all(&without_options(&message)).await?;
    copy_bidirectional(&mut near, &mut far).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_front_of_the_database_is_named() {
    let database = TestDatabase::create().await;
    for drops in [true, false] {
        for told in refusals(pooler(&database, drops).await).await {
            assert!(
                told.contains("a connection pooler such as PgBouncer"),
                "{told}"
            );
        }
    }
}

#[tokio::test]
async fn ids_of_version_4_are_taken_by_validators_that_know_no_other() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("DOSSIER_IDS", "v4")]).await;
    // The pattern of zod 3.21.4.
    let pattern =
        regex::Regex::new("^[a-f0-9]{8}-[a-f0-9]{4}-[1-5][a-f0-9]{3}-[a-f0-9]{4}-[a-f0-9]{12}$");
    let pattern = pattern.expect("a pattern");
    let mut last = String::new();
    for _ in 0..3 {
        let url = format!("http://{}/cases", process.address);
        let body = json!({"name": "A", "companies": [{"name": "B"}], "individuals": [{"first_name": "C", "last_name": "D"}]});
        let made = send(client().post(url).bearer_auth(KEY).json(&body))
            .await
            .expect(201);
        for id in [
            &made.body["id"],
            &made.body["companies"][0]["id"],
            &made.body["individuals"][0]["id"],
        ] {
            let id = id.as_str().expect("an id");
            assert!(pattern.is_match(id), "{id}");
            assert!(*id > *last, "{id} was made after {last}");
            id.clone_into(&mut last);
        }
    }
    for line in include_str!("../../docs/sandbox.yaml").lines() {
        let ids = line
            .split([' ', ',', '{', '}'])
            .filter(|it| it.len() == 36 && it.matches('-').count() == 4);
        assert!(ids.into_iter().all(|it| pattern.is_match(it)), "{line}");
    }
}
