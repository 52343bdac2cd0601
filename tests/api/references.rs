//! The reference cache: creates use it, and never miss a change of the workspace.

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse, execute, statements};

/// A case that refers to every kind of object.
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

/// The objects that [`body`] refers to.
const REFERENCES: &str = "
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

/// Executes statements in the sandbox, which they can select from the view `w`.
async fn execute_in_sandbox(app: &TestApp, statements: &str) {
    let view = "CREATE TEMPORARY VIEW w AS SELECT id FROM workspaces WHERE name = 'Sandbox';";
    app.execute(&format!("{view} {statements}")).await;
}

async fn post(app: &TestApp, request_id: &str, body: &Value) -> TestResponse {
    let request = app
        .request(Method::POST, "/cases")
        .bearer_auth(FIXED_KEY)
        .json(body);
    app.send(request.header("x-request-id", request_id)).await
}

/// Returns the number of statements of a create, without the lookup of its API key.
fn statement_count(request_id: &str) -> usize {
    let mut statements = statements(request_id);
    statements.retain(|it| !it.contains("k.hash"));
    statements.len()
}

#[tokio::test]
async fn creates_a_case_with_cached_references_in_one_statement() {
    let app = TestApp::start().await;
    execute_in_sandbox(&app, REFERENCES).await;
    post(&app, "cached-1", &body("1")).await.expect(201);
    assert_eq!(statement_count("cached-1"), 2);
    let second = post(&app, "cached-2", &body("2")).await.expect(201);
    assert_eq!(statement_count("cached-2"), 1);
    let path = format!("/cases/{}", second.id());
    assert_eq!(app.get(&path).await.expect(200).body, second.body);
    // Taken external ids are not cached, and are still reported.
    let conflict = post(&app, "cached-3", &body("2")).await.expect(409);
    assert_eq!(conflict.errors(), [("/external_id", "external_id_taken")]);
    // Another workspace has none of these objects.
    app.add_workspace(OTHER).await;
    let foreign = app.post_as(OTHER, body("1").to_string()).await.expect(400);
    assert_eq!(foreign.errors().len(), 6, "{:?}", foreign.errors());
}

#[tokio::test]
async fn the_next_create_observes_changes_of_references() {
    let app = TestApp::start().await;
    execute_in_sandbox(&app, REFERENCES).await;
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
    for (index, (change, back, error)) in changes.into_iter().enumerate() {
        let name = |part: &str| format!("changed-{index}-{part}");
        let create = async |part: &str| {
            let id = name(part);
            post(&app, &id, &body(&id)).await
        };
        create("warm").await.expect(201);
        create("before").await.expect(201);
        assert_eq!(statement_count(&name("before")), 1, "{change}");
        execute_in_sandbox(&app, change).await;
        let refused = create("refused").await.expect(400);
        assert_eq!(refused.errors(), [error], "{change}");
        execute_in_sandbox(&app, back).await;
        create("after").await.expect(201);
    }
}

#[tokio::test]
async fn a_new_webhook_receives_the_next_created_case() {
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
    let notified: Vec<String> = sqlx::query_scalar("SELECT case_id::text FROM webhook_logs")
        .fetch_all(&mut connection)
        .await
        .expect("the deliveries");
    assert_eq!(notified, [case.id()]);
}

#[tokio::test]
async fn a_create_observes_changes_that_committed_before_it_started() {
    let app = TestApp::start().await;
    execute_in_sandbox(&app, REFERENCES).await;
    // The template has a default value, which one task increments repeatedly. A create that starts after an
    // increment must not store an older value.
    let increment = "UPDATE templates SET defaults = jsonb_build_object('custom_properties',
        jsonb_build_object('level', coalesce((defaults #>> '{custom_properties,level}')::int, 0) + 1))
        WHERE key = 'kept' RETURNING (defaults #>> '{custom_properties,level}')::int";
    execute_in_sandbox(
        &app,
        "INSERT INTO custom_properties (workspace_id, id, target, key, label, type)
            SELECT id, '0198a000-0000-4000-8000-00000000aa06', 'case', 'level', 'Level', 'numeric'
            FROM w",
    )
    .await;
    let level = std::sync::atomic::AtomicI64::new(0);
    let incrementing = async {
        let mut connection = app.connect().await;
        for _ in 0..40 {
            let incremented: i32 = sqlx::query_scalar(increment)
                .fetch_one(&mut connection)
                .await
                .expect("a change");
            level.store(i64::from(incremented), std::sync::atomic::Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    };
    let creating = |client: usize| {
        let (app, level) = (&app, &level);
        async move {
            for index in 0..20 {
                let expected = level.load(std::sync::atomic::Ordering::SeqCst);
                let case = app.create(&body(&format!("{client}-{index}"))).await;
                let found = case.body["custom_properties"]["level"].as_i64();
                assert!(found.unwrap_or(0) >= expected, "{found:?} < {expected}");
            }
        }
    };
    let creating = futures_util::future::join_all((0..4).map(creating));
    futures_util::future::join(incrementing, creating).await;
}

/// Makes `change` while a create that has read its references waits to write.
async fn create_during(app: &TestApp, body: &Value, change: &str) -> TestResponse {
    let mut holder = app.connect().await;
    execute(&mut holder, "BEGIN; LOCK TABLE cases IN SHARE MODE").await;
    let changed = async {
        app.wait_for_blocked(1).await;
        execute_in_sandbox(app, change).await;
        execute(&mut holder, "COMMIT").await;
    };
    let create = post(app, "created", body);
    let (response, ()) = futures_util::future::join(create, changed).await;
    response
}

#[tokio::test]
async fn a_create_observes_changes_between_its_read_and_its_write() {
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
    for (change, error) in changes {
        // A new server has an empty cache and reads the references.
        let app = TestApp::start().await;
        execute_in_sandbox(&app, REFERENCES).await;
        let refused = create_during(&app, &body("during"), change).await;
        assert_eq!(refused.expect(400).errors(), [error], "{change}");
    }
    let app = TestApp::start().await;
    execute_in_sandbox(&app, REFERENCES).await;
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
    let notified: Vec<String> = sqlx::query_scalar("SELECT case_id::text FROM webhook_logs")
        .fetch_all(&mut connection)
        .await
        .expect("the deliveries");
    assert_eq!(notified, [case.id()]);
}

/// Makes `change` after a write has checked its references and before it commits.
async fn write_during(
    app: &TestApp,
    (method, path, body): (Method, &str, &Value),
    change: &str,
) -> TestResponse {
    let mut holder = app.connect().await;
    execute(&mut holder, "BEGIN; LOCK TABLE activities IN SHARE MODE").await;
    let changed = async {
        app.wait_for_blocked(1).await;
        execute_in_sandbox(app, change).await;
        execute(&mut holder, "COMMIT").await;
    };
    let write = app.call(method, path, body);
    let (response, ()) = futures_util::future::join(write, changed).await;
    response
}

#[tokio::test]
async fn other_writes_observe_changes_before_their_commit() {
    let app = TestApp::start().await;
    execute_in_sandbox(&app, REFERENCES).await;
    let property = |target: &str, number: u32| {
        format!(
            "INSERT INTO custom_properties (workspace_id, id, target, key, label, type)
                SELECT id, '0198a000-0000-4000-8000-00000000ab{number:02}', '{target}', 'seat', 'Seat', 'text' FROM w"
        )
    };
    execute_in_sandbox(&app, &property("company", 1)).await;
    execute_in_sandbox(&app, &property("individual", 2)).await;
    let company = json!({"name": "Acme", "type": "main"});
    let individual = json!({"first_name": "Jane", "last_name": "Roe"});
    let body = json!({"name": "Case", "companies": [company], "individuals": [individual]});
    let case = app.create(&body).await;
    let (case, company, individual) = (
        case.id(),
        case.body["companies"][0]["id"].clone(),
        case.body["individuals"][0]["id"].clone(),
    );
    let retire = |target: &str, retired: bool| {
        let time = if retired { "now()" } else { "NULL" };
        format!(
            "UPDATE custom_properties SET archived_at = {time} WHERE key = 'seat' AND target = '{target}'"
        )
    };
    let seat = json!({"custom_properties": {"seat": "Paris"}});
    let with_case = |mut body: Value| {
        body["case_id"] = json!(case);
        body["custom_properties"] = json!({"seat": "Paris"});
        body
    };
    let new_company = with_case(json!({"name": "Globex", "type": "affiliated"}));
    let new_individual = with_case(json!({"first_name": "John", "last_name": "Doe"}));
    let error = ("/custom_properties/seat", "custom_property_archived");
    for (target, method, path, body) in [
        (
            "company",
            Method::POST,
            "/companies".to_owned(),
            &new_company,
        ),
        (
            "individual",
            Method::POST,
            "/individuals".to_owned(),
            &new_individual,
        ),
        (
            "company",
            Method::PATCH,
            format!("/companies/{}", company.as_str().expect("an id")),
            &seat,
        ),
        (
            "individual",
            Method::PATCH,
            format!("/individuals/{}", individual.as_str().expect("an id")),
            &seat,
        ),
    ] {
        let refused = write_during(&app, (method, &path, body), &retire(target, true)).await;
        assert_eq!(refused.expect(400).errors(), [error], "{path}");
        execute_in_sandbox(&app, &retire(target, false)).await;
    }
    let assign = json!({"assignee_id": "0198a000-0000-4000-8000-000000000301"});
    let suspend = "UPDATE users SET suspended_at = now()
        WHERE id = '0198a000-0000-4000-8000-000000000301'";
    let path = format!("/cases/{case}");
    let refused = write_during(&app, (Method::PATCH, &path, &assign), suspend).await;
    let error = ("/assignee_id", "assignee_suspended");
    assert_eq!(refused.expect(400).errors(), [error]);
    // The response shows the new label. A change of its folded form would wait for this request.
    let rename = "UPDATE tags SET label = 'HIGH RISK'
        WHERE id = '0198a000-0000-4000-8000-000000000201'";
    let add = json!({"tags": ["0198a000-0000-4000-8000-000000000201"]});
    let path = format!("/cases/{case}/tags");
    let tags = write_during(&app, (Method::POST, &path, &add), rename).await;
    assert_eq!(tags.expect(201).body["tags"][0]["label"], "HIGH RISK");
}
