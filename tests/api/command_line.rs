//! The binary, as an operator calls it.

use std::process::{Command, Output, Stdio};

use clap::CommandFactory;
use dossier::config::Settings;
use serde_json::Value;
use sqlx::ConnectOptions;

use crate::support::{LONG, TestApp, TestDatabase, limits, timeouts};

/// Runs the binary over the database of a test's cluster.
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
async fn a_workspace_gets_a_key_that_can_be_revoked() {
    let app = TestApp::start().await;
    assert!(dossier(&app, &["migrate"]).status.success());
    let made = dossier(&app, &["workspace", "create", "Bank", "--json"]);
    assert_eq!(json_of(&made)["name"], "Bank");
    let again = dossier(&app, &["workspace", "create", "Bank"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("a workspace named Bank already"));
    let nowhere = dossier(&app, &["api-key", "create", "--workspace", "Bnak"]);
    assert_eq!(nowhere.status.code(), Some(2));
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
    let elsewhere = ["api-key", "revoke", id, "--workspace", "Sandbox"];
    assert_eq!(dossier(&app, &elsewhere).status.code(), Some(2));
    app.get_as(&key, "/ping").await.expect(200);
    assert!(
        dossier(&app, &["api-key", "revoke", id, "--workspace", "Bank"])
            .status
            .success()
    );
    // A server may take a key for five seconds more.
    let begun = std::time::Instant::now();
    while app.get_as(&key, "/ping").await.status != 401 {
        assert!(begun.elapsed() < LONG);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_server_that_does_not_migrate_is_not_ready_until_somebody_does() {
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
        dossier::values::Destinations::Public,
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
        let told = response.text().await.expect("text");
        assert!(
            told.contains("/problems/not-migrated") && told.contains("dossier migrate"),
            "{told}"
        );
    }
    let migrated = Command::new(env!("CARGO_BIN_EXE_dossier"))
        .arg("migrate")
        .env("DATABASE_URL", database.options.to_url_lossy().to_string())
        .output()
        .expect("the binary runs");
    assert!(migrated.status.success());
    let told = String::from_utf8_lossy(&migrated.stderr).into_owned();
    assert!(told.starts_with("dossier: using the database "), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert_eq!(ready().await.status(), 200);
}

/// As when ten containers start over a new database.
#[tokio::test]
async fn ten_servers_bring_one_schema_up_to_date_at_once() {
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
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    }
}

/// The settings of a command and of those below it, with their defaults.
fn settings(command: &clap::Command) -> Vec<(String, Option<String>)> {
    let own = command.get_arguments().filter_map(|argument| {
        let name = argument.get_env()?.to_str()?.to_owned();
        let default = argument
            .get_default_values()
            .first()
            .and_then(|it| it.to_str());
        Some((name, default.map(str::to_owned)))
    });
    let below = command.get_subcommands().flat_map(settings);
    own.chain(below).collect()
}

#[test]
fn the_example_lists_every_setting_with_its_default() {
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example"));
    let example = example.expect("the example");
    let mut settings = settings(&Settings::command());
    let mut listed: Vec<_> = example
        .lines()
        .filter_map(|line| {
            let (name, value) = line.trim_start_matches("# ").split_once('=')?;
            let given = !line.starts_with('#');
            name.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                .then(|| (name.to_owned(), given.then(|| value.to_owned())))
        })
        .collect();
    settings.sort();
    settings.dedup();
    listed.sort();
    assert!(settings.len() >= 8);
    assert_eq!(listed, settings);
}

#[tokio::test]
async fn a_database_that_refuses_is_said_in_one_line_with_what_to_do() {
    let database = TestDatabase::create().await;
    let options = &database.options;
    let newer = async || {
        let statements =
            "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL,
             installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL,
             checksum bytea NOT NULL, execution_time bigint NOT NULL);
             INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), true, '', 0);";
        let mut connection = options.connect().await.expect("a connection");
        let made = sqlx::raw_sql(statements).execute(&mut connection).await;
        made.expect("a table");
    };
    newer().await;
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
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{told}");
            assert!(
                told.starts_with("dossier: ") && told.contains(words),
                "{told}"
            );
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }
}
