//! The commands of the `dossier` binary.

use std::process::{Command, Output, Stdio};

use clap::CommandFactory;
use dossier::config::Settings;
use serde_json::Value;
use sqlx::ConnectOptions;

use crate::support::{TestApp, TestDatabase, execute, limits, poll, timeouts};

/// Runs the binary over the database of a test.
pub fn dossier(app: &TestApp, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dossier"))
        .args(arguments)
        .env("DATABASE_URL", app.database_url())
        .output()
        .expect("the binary runs")
}

pub fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn creates_a_workspace_and_revokes_its_api_key() {
    let app = TestApp::start().await;
    assert!(dossier(&app, &["migrate"]).status.success());
    let created = dossier(&app, &["workspace", "create", "Bank", "--json"]);
    assert_eq!(json_of(&created)["name"], "Bank");
    let again = dossier(&app, &["workspace", "create", "Bank"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&again.stderr).contains("a workspace named Bank already exists")
    );
    let unknown = dossier(&app, &["api-key", "create", "--workspace", "Bnak"]);
    assert_eq!(unknown.status.code(), Some(2));
    let key = json_of(&dossier(
        &app,
        &["api-key", "create", "--workspace", "Bank", "--json"],
    ));
    let key = key["key"].as_str().expect("a key").to_owned();
    let ping = app.get_as(&key, "/ping").await.expect(200);
    assert_eq!(ping.body["workspace_name"], "Bank");
    let id = key.split('_').nth(1).expect("an id");
    let listed = json_of(&dossier(
        &app,
        &["api-key", "list", "--workspace", "Bank", "--json"],
    ));
    assert_eq!(listed[0]["id"], id);
    let other_workspace = ["api-key", "revoke", id, "--workspace", "Sandbox"];
    assert_eq!(dossier(&app, &other_workspace).status.code(), Some(2));
    app.get_as(&key, "/ping").await.expect(200);
    assert!(
        dossier(&app, &["api-key", "revoke", id, "--workspace", "Bank"])
            .status
            .success()
    );
    // A server caches a key for up to five seconds.
    poll(async || {
        let response = app.get_as(&key, "/ping").await;
        if response.status == 401 {
            Ok(())
        } else {
            Err(response)
        }
    })
    .await;
}

#[tokio::test]
async fn server_without_migrations_is_not_ready_until_dossier_migrate_runs() {
    use dossier::app;
    use dossier::db::Database;
    let database = TestDatabase::create().await;
    let limits = limits();
    let pool = Database::new(database.options.clone(), 2, timeouts());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let state = app::state(
        pool,
        limits,
        dossier::destinations::Destinations::Public,
        crate::support::metrics(),
    );
    let router = app::router(app::operations(), state.clone()).expect("a reference");
    tokio::spawn(app::serve(listener, router, state, std::future::pending()));
    let get = async |path: &str| {
        crate::support::client()
            .get(format!("{base}{path}"))
            .bearer_auth("dossier_key_of_nobody_yet")
            .send()
            .await
            .expect("a response")
    };
    let ready = async || get("/readyz").await;
    for path in ["/readyz", "/cases"] {
        let response = get(path).await;
        assert_eq!(response.status(), 503);
        let body = response.text().await.expect("text");
        assert!(
            body.contains("/problems/not-migrated") && body.contains("dossier migrate"),
            "{body}"
        );
    }
    let migrated = Command::new(env!("CARGO_BIN_EXE_dossier"))
        .arg("migrate")
        .env("DATABASE_URL", database.options.to_url_lossy().to_string())
        .output()
        .expect("the binary runs");
    assert!(migrated.status.success());
    let stderr = String::from_utf8_lossy(&migrated.stderr).into_owned();
    assert!(
        stderr.starts_with("dossier: using the database "),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert_eq!(ready().await.status(), 200);
}

/// For example, ten containers that start over a new database.
#[tokio::test]
async fn ten_concurrent_migrations_succeed() {
    let database = TestDatabase::create().await;
    let url = database.options.to_url_lossy().to_string();
    let migrate = || {
        Command::new(env!("CARGO_BIN_EXE_dossier"))
            .arg("migrate")
            .env("DATABASE_URL", &url)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs")
    };
    let running: Vec<_> = (0..10).map(|_| migrate()).collect();
    for child in running {
        let output = child.wait_with_output().expect("an exit status");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
    }
}

/// Returns the settings of a command and its subcommands, with their defaults.
fn settings(command: &clap::Command) -> Vec<(String, Option<String>)> {
    let direct = command.get_arguments().filter_map(|argument| {
        let name = argument.get_env()?.to_str()?.to_owned();
        let default = argument
            .get_default_values()
            .first()
            .and_then(|it| it.to_str());
        Some((name, default.map(str::to_owned)))
    });
    let of_subcommands = command.get_subcommands().flat_map(settings);
    direct.chain(of_subcommands).collect()
}

#[test]
fn env_example_lists_every_setting_with_its_default() {
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example"));
    let example = example.expect("the example");
    let mut settings = settings(&Settings::command());
    let mut listed: Vec<_> = example
        .lines()
        .filter_map(|line| {
            let (name, value) = line.trim_start_matches("# ").split_once('=')?;
            let is_set = !line.starts_with('#');
            name.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                .then(|| (name.to_owned(), is_set.then(|| value.to_owned())))
        })
        .collect();
    settings.sort();
    settings.dedup();
    listed.sort();
    assert!(settings.len() >= 8);
    assert_eq!(listed, settings);
}

#[tokio::test]
async fn database_errors_are_one_line_with_a_remedy() {
    let database = TestDatabase::create().await;
    let options = &database.options;
    let statements =
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL,
         installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL,
         checksum bytea NOT NULL, execution_time bigint NOT NULL);
         INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), true, '', 0);";
    execute(
        &mut options.connect().await.expect("a connection"),
        statements,
    )
    .await;
    for (options, words) in [
        (
            options.clone().database("nowhere_at_all"),
            "create that database",
        ),
        (
            options.clone().username("nobody_at_all"),
            "check the user and the password",
        ),
        (options.clone(), "newer than this server"),
    ] {
        for command in [&["migrate"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let output = Command::new(env!("CARGO_BIN_EXE_dossier"))
                .args(command)
                .env("DATABASE_URL", options.to_url_lossy().to_string())
                .output()
                .expect("the binary runs");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{stderr}");
            assert!(
                stderr.starts_with("dossier: ") && stderr.contains(words),
                "{stderr}"
            );
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
        }
    }
}
