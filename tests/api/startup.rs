//! Messages of the server and the commands about their settings and database.

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

/// The server and the commands that change a database.
const COMMANDS: [&[&str]; 5] = [
    &["serve", "--listen", "127.0.0.1:0"],
    &["migrate"],
    &["workspace", "create", "Bank"],
    &["workspace", "rename", "Bank", "House"],
    &["api-key", "create", "--workspace", "Bank"],
];

/// The binary in a folder, without settings.
fn binary(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    let names = std::env::vars().map(|(name, _)| name);
    for name in names.filter(|it| it.starts_with("DOSSIER_") || it == "DATABASE_URL") {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder.path());
    command.env("DOSSIER_DATA_DIR", data_folder(folder));
    command
}

fn data_folder(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

/// Asserts exit code 2 and an error of one line, and returns the error.
#[track_caller]
fn assert_rejected(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn rejects_an_invalid_env_file_before_using_a_database() {
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
            let stderr =
                assert_rejected(&binary(&folder, command).output().expect("the binary runs"));
            assert!(stderr.contains(words), "{stderr}");
            assert!(!stderr.contains("SECRET_WORD"), "{stderr}");
            assert!(!data_folder(&folder).exists(), "no cluster is created");
        }
    }
    let folder = folder();
    fs::create_dir(folder.path().join(".env")).expect("a folder");
    let stderr = assert_rejected(
        &binary(&folder, &["migrate"])
            .output()
            .expect("the binary runs"),
    );
    assert!(stderr.contains("cannot read "), "{stderr}");
}

#[test]
fn reads_env_files_with_a_byte_order_mark_and_instead_of_empty_variables() {
    let folder = folder();
    let file = "\u{feff}DATABASE_URL='postgres://127.0.0.1:1/x'\r\nDOSSIER_POOL_SIZE=\"0\"\r\n";
    fs::write(folder.path().join(".env"), file).expect("a file");
    let mut command = binary(&folder, &["serve"]);
    let stderr = assert_rejected(
        &command
            .env("DOSSIER_POOL_SIZE", "")
            .output()
            .expect("the binary runs"),
    );
    assert!(stderr.contains("0 is not in 1..=10000"), "{stderr}");
    let stderr = assert_rejected(
        &command
            .env("DOSSIER_POOL_SIZE", "1")
            .output()
            .expect("the binary runs"),
    );
    assert!(stderr.contains("host and port in DATABASE_URL"), "{stderr}");
}

/// Returns the error of `serve` with these variables and an unreachable database.
fn error_with_variables(variables: &[(&str, &str)]) -> String {
    let folder = folder();
    let mut command = binary(&folder, &["serve"]);
    command.env("DATABASE_URL", "postgres://127.0.0.1:1/x");
    command.envs(variables.iter().copied());
    assert_rejected(&command.output().expect("the binary runs"))
}

#[tokio::test]
async fn accepts_a_renamed_variable_with_a_warning() {
    let expected = "0 is not in 1..=1000";
    let is_expected = |it: &[_]| error_with_variables(it).contains(expected);
    assert!(is_expected(&[("DOSSIER_GATHERED", "0")]));
    let new = ("DOSSIER_GROUP_SIZE", "1");
    assert!(!is_expected(&[("DOSSIER_GATHERED", "0"), new]));
    assert!(is_expected(&[
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
fn treats_empty_variables_as_unset() {
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
    let stderr = assert_rejected(
        &command
            .env("TOKIO_WORKER_THREADS", "many")
            .output()
            .expect("the binary runs"),
    );
    assert!(
        stderr.contains("TOKIO_WORKER_THREADS must be a number"),
        "{stderr}"
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
    std::net::TcpStream::connect(("127.0.0.1", port)).expect("IPv4");
    server.stop(nix::sys::signal::Signal::SIGTERM);
    for (address, words) in [
        (
            ":0",
            "the fixed key of the sandbox is allowed only on a loopback address",
        ),
        (
            "no-such-host.invalid:0",
            "set DOSSIER_LISTEN to a host that this machine knows",
        ),
        ("8080", "such as 127.0.0.1:8080"),
    ] {
        let stderr = assert_rejected(
            &binary(&folder, &["--listen", address])
                .output()
                .expect("the binary runs"),
        );
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[tokio::test]
async fn commands_print_which_database_they_use() {
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
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
        assert!(
            stderr.contains(&format!("using the database {name} on ")),
            "{stderr}"
        );
    }
    let folder = folder();
    let output = binary(&folder, &["workspace", "list"])
        .output()
        .expect("the binary runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = format!(
        "using the private PostgreSQL in {}",
        data_folder(&folder).display()
    );
    assert!(stderr.contains(&expected), "{stderr}");
}

#[tokio::test]
async fn lists_and_renames_workspaces_and_validates_their_names() {
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

/// Returns the error of each command with this database URL.
async fn errors_of_commands(url: String) -> Vec<String> {
    let off = ("DOSSIER_MIGRATE", "off");
    let calls = COMMANDS.map(|it| (it, ("DOSSIER_MIGRATE", "on")));
    let calls = calls
        .into_iter()
        .chain([(COMMANDS[0], off), (COMMANDS[1], off)]);
    let run = move || {
        let folder = folder();
        let errors = calls.map(|(arguments, setting)| {
            let mut command = binary(&folder, arguments);
            command.env("DATABASE_URL", &url).env(setting.0, setting.1);
            assert_rejected(&command.output().expect("the binary runs"))
        });
        errors.collect()
    };
    tokio::task::spawn_blocking(run).await.expect("no panic")
}

#[tokio::test]
async fn rejects_a_database_that_is_not_utf_8() {
    let database = TestDatabase::with_encoding("LATIN1").await;
    for stderr in errors_of_commands(url(&database.options)).await {
        assert!(
            stderr.contains("the encoding of the database is LATIN1"),
            "{stderr}"
        );
    }
}

/// Removes the options from a startup message (protocol 3.0), as PgBouncer with `ignore_startup_parameters`
/// does.
fn without_options(message: &[u8]) -> Vec<u8> {
    let mut words = message[8..].split(|it| *it == 0);
    let mut rest = message[4..8].to_vec();
    while let Some(name) = words.next().filter(|it| !it.is_empty()) {
        let value = words.next().expect("a value");
        if name != b"options" {
            rest.extend([name, b"\0", value, b"\0"].concat());
        }
    }
    rest.push(0);
    let length = u32::try_from(rest.len() + 4).expect("a length");
    [&length.to_be_bytes()[..], &rest].concat()
}

/// Starts a pooler in front of the database that either removes the options of a session, or rejects them, as
/// PgBouncer does by default.
async fn start_pooler(database: &TestDatabase, removes_options: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let socket = database
        .options
        .get_socket()
        .expect("a socket")
        .join(".s.PGSQL.5432");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(client, socket.clone(), removes_options));
        }
    });
    let name = database.options.get_database().expect("a name");
    format!("postgres://postgres@127.0.0.1:{port}/{name}?sslmode=disable")
}

async fn forward(
    mut client: TcpStream,
    socket: PathBuf,
    removes_options: bool,
) -> std::io::Result<()> {
    let length = client.read_u32().await?;
    let mut message = length.to_be_bytes().to_vec();
    message.resize(usize::try_from(length).expect("a length"), 0);
    client.read_exact(&mut message[4..]).await?;
    if !removes_options {
        let fields = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
        client.write_u8(b'E').await?;
        client
            .write_u32(u32::try_from(fields.len() + 4).expect("a length"))
            .await?;
        return client.write_all(fields).await;
    }
    let mut server = UnixStream::connect(socket).await?;
    server.write_all(&without_options(&message)).await?;
    copy_bidirectional(&mut client, &mut server)
        .await
        .map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_a_connection_pooler_in_front_of_the_database() {
    let database = TestDatabase::create().await;
    for removes_options in [true, false] {
        for stderr in errors_of_commands(start_pooler(&database, removes_options).await).await {
            assert!(
                stderr.contains("a connection pooler such as PgBouncer"),
                "{stderr}"
            );
        }
    }
}

#[tokio::test]
async fn version_4_ids_match_old_validators_and_stay_ordered() {
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
        let created = send(client().post(url).bearer_auth(KEY).json(&body))
            .await
            .expect(201);
        for id in [
            &created.body["id"],
            &created.body["companies"][0]["id"],
            &created.body["individuals"][0]["id"],
        ] {
            let id = id.as_str().expect("an id");
            assert!(pattern.is_match(id), "{id}");
            assert!(*id > *last, "{id} is not greater than {last}");
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
