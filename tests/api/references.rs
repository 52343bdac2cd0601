//! What is remembered of a workspace between two creates, and that no create is ever checked against
//! what was there before.

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::support::{TestApp, TestResponse, statements};

/// A case that refers to everything that it can refer to.
fn body(external_id: &str) -> Value {
    json!({
        "name": "Acme", "external_id": external_id, "template_key": "kept",
        "assignee_id": USER, "space_slug": "space_AAAAAAAAAAAA", "tags": ["Kept"],
        "custom_properties": {"kept": ["a"]},
        "companies": [{"name": "Acme SAS", "custom_properties": {"kept_too": 1}}],
    })
}

const USER: &str = "0198a000-0000-4000-8000-00000000aa01";
const OTHER: &str = "dossier_other";

/// What `body` refers to.
const FILL: &str = "
    INSERT INTO templates (workspace_id, id, key, name)
        SELECT id, '0198a000-0000-4000-8000-00000000aa02', 'kept', 'Kept' FROM w;
    INSERT INTO users (workspace_id, id, first_name, last_name, email)
        SELECT id, '0198a000-0000-4000-8000-00000000aa01', 'A', 'B', 'a@b.test' FROM w;
    INSERT INTO spaces (workspace_id, slug, name) SELECT id, 'space_AAAAAAAAAAAA', 'Kept' FROM w;
    INSERT INTO tags (workspace_id, id, label, folded_label)
        SELECT id, '0198a000-0000-4000-8000-00000000aa03', 'Kept', 'kept' FROM w;
    INSERT INTO custom_properties (workspace_id, id, target, key, label, type)
        SELECT id, '0198a000-0000-4000-8000-00000000aa04', 'case', 'kept', 'Kept', 'choices' FROM w;
    INSERT INTO custom_property_options (workspace_id, custom_property_id, key, label)
        SELECT id, '0198a000-0000-4000-8000-00000000aa04', 'a', 'A' FROM w;
    INSERT INTO custom_properties (workspace_id, id, target, key, label, type)
        SELECT id, '0198a000-0000-4000-8000-00000000aa05', 'company', 'kept_too', 'Kept', 'numeric'
        FROM w;";

/// Runs statements over the workspace `w`, the sandbox.
async fn execute(app: &TestApp, statements: &str) {
    let mut connection = app.connect().await;
    let prefix = "CREATE TEMPORARY VIEW w AS SELECT id FROM workspaces WHERE name = 'Sandbox';";
    let all = AssertSqlSafe(format!("{prefix} {statements}"));
    let done = sqlx::raw_sql(all).execute(&mut connection).await;
    done.expect("the statements");
}

async fn post(app: &TestApp, request_id: &str, body: &Value) -> TestResponse {
    let request = app
        .request(Method::POST, "/cases")
        .bearer_auth(FIXED_KEY)
        .json(body);
    app.send(request.header("x-request-id", request_id)).await
}

/// How many statements a create took.
fn count(request_id: &str) -> usize {
    let mut statements = statements(request_id);
    statements.retain(|it| !it.contains("k.hash"));
    statements.len()
}

#[tokio::test]
async fn a_case_with_the_references_of_the_one_before_is_one_statement() {
    let app = TestApp::start().await;
    execute(&app, FILL).await;
    post(&app, "remembered-1", &body("1")).await.expect(201);
    assert_eq!(count("remembered-1"), 2);
    let second = post(&app, "remembered-2", &body("2")).await.expect(201);
    assert_eq!(count("remembered-2"), 1);
    let path = format!("/cases/{}", second.id());
    assert_eq!(app.get(&path).await.expect(200).body, second.body);
    // What is taken is not remembered, and is told as ever.
    let taken = post(&app, "remembered-3", &body("2")).await.expect(409);
    assert_eq!(taken.errors(), [("/external_id", "external_id_taken")]);
    // Another workspace has nothing of it.
    app.add_workspace(OTHER).await;
    let foreign = app.post_as(OTHER, body("1").to_string()).await.expect(400);
    assert_eq!(foreign.errors().len(), 6, "{:?}", foreign.errors());
}

#[tokio::test]
async fn a_change_of_anything_that_is_referred_to_is_seen_by_the_next_create() {
    let app = TestApp::start().await;
    execute(&app, FILL).await;
    let changes = [
        (
            "UPDATE templates SET archived_at = now() WHERE key = 'kept'",
            "UPDATE templates SET archived_at = NULL WHERE key = 'kept'",
            ("/template_key", "template_not_found"),
        ),
        (
            "UPDATE templates SET required = '[\"companies[].country\"]' WHERE key = 'kept'",
            "UPDATE templates SET required = '[]' WHERE key = 'kept'",
            ("/companies/0/country", "required_by_template"),
        ),
        (
            "UPDATE users SET suspended_at = now() WHERE email = 'a@b.test'",
            "UPDATE users SET suspended_at = NULL WHERE email = 'a@b.test'",
            ("/assignee_id", "assignee_suspended"),
        ),
        (
            "UPDATE tags SET label = 'Other', folded_label = 'other' WHERE label = 'Kept'",
            "UPDATE tags SET label = 'Kept', folded_label = 'kept' WHERE label = 'Other'",
            ("/tags/0", "tag_not_found"),
        ),
        (
            "UPDATE custom_properties SET archived_at = now() WHERE key = 'kept_too'",
            "UPDATE custom_properties SET archived_at = NULL WHERE key = 'kept_too'",
            (
                "/companies/0/custom_properties/kept_too",
                "custom_property_archived",
            ),
        ),
        (
            "DELETE FROM custom_property_options WHERE key = 'a' AND label = 'A'",
            "INSERT INTO custom_property_options (workspace_id, custom_property_id, key, label)
                SELECT id, '0198a000-0000-4000-8000-00000000aa04', 'a', 'A' FROM w",
            ("/custom_properties/kept/0", "choice"),
        ),
    ];
    for (index, (change, back, fault)) in changes.into_iter().enumerate() {
        let name = |part: &str| format!("changed-{index}-{part}");
        let create = async |part: &str| {
            let id = name(part);
            post(&app, &id, &body(&id)).await
        };
        create("warm").await.expect(201);
        create("before").await.expect(201);
        assert_eq!(count(&name("before")), 1, "{change}");
        execute(&app, change).await;
        let refused = create("refused").await.expect(400);
        assert_eq!(refused.errors(), [fault], "{change}");
        execute(&app, back).await;
        create("after").await.expect(201);
    }
}

#[tokio::test]
async fn an_endpoint_is_told_of_the_first_case_after_it_was_made() {
    let app = TestApp::start().await;
    let minimal = json!({"name": "Acme"});
    for _ in 0..2 {
        app.create(&minimal).await;
    }
    let webhook = json!({"url": "https://hooks.test/", "events": ["Case.Created"]});
    app.call(Method::POST, "/webhooks", &webhook)
        .await
        .expect(201);
    let case = app.create(&minimal).await;
    let mut connection = app.connect().await;
    let told: Vec<String> = sqlx::query_scalar("SELECT case_id::text FROM webhook_logs")
        .fetch_all(&mut connection)
        .await
        .expect("the deliveries");
    assert_eq!(told, [case.id()]);
}

#[tokio::test]
async fn creates_and_changes_that_race_end_as_if_one_came_after_the_other() {
    let app = TestApp::start().await;
    execute(&app, FILL).await;
    // The template gives a value, which is raised again and again; a create that begins once a change
    // is there must not have the value from before.
    let raise = "UPDATE templates SET defaults = jsonb_build_object('custom_properties',
        jsonb_build_object('level', coalesce((defaults #>> '{custom_properties,level}')::int, 0) + 1))
        WHERE key = 'kept' RETURNING (defaults #>> '{custom_properties,level}')::int";
    execute(
        &app,
        "INSERT INTO custom_properties (workspace_id, id, target, key, label, type)
            SELECT id, '0198a000-0000-4000-8000-00000000aa06', 'case', 'level', 'Level', 'numeric'
            FROM w",
    )
    .await;
    let level = std::sync::atomic::AtomicI64::new(0);
    let raising = async {
        let mut connection = app.connect().await;
        for _ in 0..40 {
            let raised: i32 = sqlx::query_scalar(raise)
                .fetch_one(&mut connection)
                .await
                .expect("a change");
            level.store(i64::from(raised), std::sync::atomic::Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    };
    let creating = |client: usize| {
        let (app, level) = (&app, &level);
        async move {
            for index in 0..20 {
                let least = level.load(std::sync::atomic::Ordering::SeqCst);
                let case = app.create(&body(&format!("{client}-{index}"))).await;
                let has = case.body["custom_properties"]["level"].as_i64();
                assert!(has.unwrap_or(0) >= least, "{has:?} and not {least}");
            }
        }
    };
    let creating = futures_util::future::join_all((0..4).map(creating));
    futures_util::future::join(raising, creating).await;
}

/// A create whose read is over and whose write waits while `change` is made.
async fn create_during(app: &TestApp, body: &Value, change: &str) -> TestResponse {
    let mut holder = app.connect().await;
    let hold = sqlx::raw_sql("BEGIN; LOCK TABLE cases IN SHARE MODE");
    hold.execute(&mut holder).await.expect("the lock");
    let changed = async {
        let waiting = "SELECT EXISTS (SELECT FROM pg_locks
            WHERE relation = 'cases'::regclass AND NOT granted)";
        loop {
            let is_waiting = sqlx::query_scalar(waiting).fetch_one(&mut holder);
            if is_waiting.await.expect("the locks") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        execute(app, change).await;
        let release = sqlx::raw_sql("COMMIT");
        release.execute(&mut holder).await.expect("the release");
    };
    let create = post(app, "created", body);
    let (response, ()) = futures_util::future::join(create, changed).await;
    response
}

#[tokio::test]
async fn a_change_between_the_read_and_the_write_of_a_create_counts() {
    let archive = "UPDATE templates SET archived_at = now() WHERE key = 'kept'";
    let suspend = "UPDATE users SET suspended_at = now() WHERE email = 'a@b.test'";
    let retire = "UPDATE custom_properties SET archived_at = now() WHERE key = 'kept'";
    let require = "UPDATE templates SET required = '[\"metadata.origin\"]' WHERE key = 'kept'";
    let changes = [
        (archive, ("/template_key", "template_not_found")),
        (suspend, ("/assignee_id", "assignee_suspended")),
        (
            retire,
            ("/custom_properties/kept", "custom_property_archived"),
        ),
        (require, ("/metadata/origin", "required_by_template")),
    ];
    for (change, fault) in changes {
        // A server that has nothing in its cache reads.
        let app = TestApp::start().await;
        execute(&app, FILL).await;
        let refused = create_during(&app, &body("during"), change).await;
        assert_eq!(refused.expect(400).errors(), [fault], "{change}");
    }
    let app = TestApp::start().await;
    execute(&app, FILL).await;
    let webhook = json!({"url": "https://hooks.test/", "events": ["Case.Created"],
        "status": "offline"});
    app.call(Method::POST, "/webhooks", &webhook)
        .await
        .expect(201);
    let listen = "UPDATE webhooks SET status = 'online'";
    let case = create_during(&app, &body("during"), listen)
        .await
        .expect(201);
    let mut connection = app.connect().await;
    let told: Vec<String> = sqlx::query_scalar("SELECT case_id::text FROM webhook_logs")
        .fetch_all(&mut connection)
        .await
        .expect("the deliveries");
    assert_eq!(told, [case.id()]);
}
