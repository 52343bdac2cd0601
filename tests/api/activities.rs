//! The audit log and its verification.

use dossier::activities::{AuditFault, Report, seal_next, unsealed, verify};
use dossier::clock::now;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::command_line::{dossier, json_of};
use crate::support::{TestApp, execute};

/// Seals all unsealed activities.
async fn seal(app: &TestApp) {
    let mut connection = app.connect().await;
    loop {
        let workspaces = unsealed(&mut connection).await.expect("workspaces");
        let Some(workspace_id) = workspaces.first() else {
            return;
        };
        execute(&mut connection, "BEGIN").await;
        let sealed = seal_next(&mut connection, *workspace_id, now()).await;
        sealed.expect("a seal");
        execute(&mut connection, "COMMIT").await;
    }
}

async fn report(app: &TestApp) -> Report {
    let mut connection = app.connect().await;
    let reports = verify(&mut connection, Some("Sandbox"), None).await;
    reports.expect("a report").remove(0)
}

async fn list(app: &TestApp, query: &str) -> Vec<Value> {
    let listed = app.get(&format!("/activities?{query}")).await.expect(200);
    listed.body["data"].as_array().expect("a list").clone()
}

fn types(activities: &[Value]) -> Vec<&str> {
    activities
        .iter()
        .filter_map(|it| it["type"].as_str())
        .collect()
}

#[tokio::test]
async fn records_every_change_without_personal_data() {
    let app = TestApp::start().await;
    let case = app
        .create(
            &json!({"name": "Erika Mustermann", "companies": [{"name": "Muster GmbH"}],
            "individuals": [{"first_name": "Erika", "last_name": "Mustermann"}]}),
        )
        .await;
    let id = case.id();
    let company = case.body["companies"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let person = case.body["individuals"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let relation = json!({"from_individual_id": person, "to_company_id": company});
    let changes = [
        (
            Method::PATCH,
            format!("/cases/{id}"),
            json!({"name": "Geheim", "external_id": "geheim"}),
        ),
        (
            Method::PATCH,
            format!("/cases/{id}"),
            json!({"metadata": {"geheim@example.com": "Geheim"}}),
        ),
        (
            Method::POST,
            format!("/cases/{id}/tags"),
            json!({"tags": ["VIP"]}),
        ),
        (
            Method::DELETE,
            format!("/cases/{id}/tags"),
            json!({"tags": ["VIP"]}),
        ),
        (Method::POST, format!("/cases/{id}/relations"), relation),
        (
            Method::PATCH,
            format!("/individuals/{person}"),
            json!({"email": "geheim@example.com",
            "address": {"city": "Geheim"}}),
        ),
        (
            Method::POST,
            format!("/cases/{id}/reviews"),
            json!({"status": "closed", "comment": "Geheim"}),
        ),
        (Method::DELETE, format!("/individuals/{person}"), json!({})),
        (Method::DELETE, format!("/cases/{id}"), json!({})),
    ];
    for (method, path, body) in &changes {
        let response = app.call(method.clone(), path, body).await;
        assert!(response.status.is_success(), "{path}: {}", response.body);
    }
    // The activities outlive the case.
    let activities = list(&app, &format!("case_id={id}&limit=100")).await;
    assert_eq!(
        types(&activities),
        [
            "api__created__case",
            "api__updated_info__case",
            "api__updated_metadata__case",
            "api__added_tags__case",
            "api__removed_tags__case",
            "api__updated__case_relation",
            "api__updated__individual",
            "api__confirmed_review__case",
            "api__updated_status__case",
            "api__deleted__individual",
            "api__deleted__case",
        ]
    );
    let text = json!(activities).to_string();
    for personal in ["Erika", "Muster", "eheim"] {
        assert!(!text.contains(personal), "{text}");
    }
    let names = |index: usize| {
        let changes = activities[index]["changes"].as_array().expect("changes");
        changes
            .iter()
            .map(|it| it["name"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(1), ["external_id", "name"]);
    assert_eq!(names(6), ["address.city", "email"]);
    let transition = json!([{"name": "status", "previous": "open", "next": "closed"}]);
    assert_eq!(activities[8]["changes"], transition);
    assert_eq!(activities[8]["context"]["case"]["status"], "closed");
    assert_eq!(
        activities[7]["context"]["case_review"]["comment"],
        Value::Null
    );
    assert!(
        activities
            .iter()
            .all(|it| it["author_type"] == "api" && it["api_key_id"] != "")
    );

    let of_person = list(&app, &format!("individual_id={person}")).await;
    assert_eq!(of_person.len(), 3);
    let some = list(&app, "type.in=api__created__case,api__deleted__case").await;
    assert_eq!(types(&some), ["api__created__case", "api__deleted__case"]);
    app.get("/activities?type=created").await.expect(400);
    app.add_workspace("dossier_other_key").await;
    let theirs = app
        .get_as("dossier_other_key", "/activities")
        .await
        .expect(200);
    assert_eq!(theirs.body["pagination"]["count"], 0);
}

#[tokio::test]
async fn records_no_activity_for_a_rejected_request() {
    let app = TestApp::start().await;
    let case = app.create(&json!({"name": "Acme"})).await;
    let path = format!("/cases/{}", case.id());
    let stale = app
        .call_if_match(Method::PATCH, &path, "\"9\"", &json!({"name": "B"}))
        .await;
    stale.expect(412);
    app.call(Method::PATCH, &path, &json!({"name": ""}))
        .await
        .expect(400);
    let unknown = json!({"tags": ["No such tag"]});
    app.call(Method::POST, &format!("{path}/tags"), &unknown)
        .await
        .expect(400);
    assert_eq!(types(&list(&app, "").await), ["api__created__case"]);
}

#[tokio::test]
async fn activities_are_append_only() {
    let app = TestApp::start().await;
    app.create(&json!({"name": "Acme"})).await;
    seal(&app).await;
    let mut connection = app.connect().await;
    for table in ["activities", "activity_seals"] {
        for statement in [
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("UPDATE {table} SET workspace_id = workspace_id"),
        ] {
            let result = sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
                .execute(&mut connection)
                .await;
            let error = result.expect_err("a rejected statement");
            let code = error
                .as_database_error()
                .and_then(|it| it.code())
                .map(|it| it.into_owned());
            assert_eq!(code.as_deref(), Some("23001"), "{error}");
        }
    }
}

#[tokio::test]
async fn verification_detects_changed_removed_and_inserted_activities() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let case = app.create(&json!({"name": "Acme"})).await;
        ids.push(case.id());
        seal(&app).await;
    }
    app.create(&json!({"name": "Late"})).await;
    let clean = report(&app).await;
    assert!(clean.seals >= 3, "{clean:?}");
    assert_eq!(
        clean.sealed + usize::try_from(clean.unsealed).expect("a count"),
        4
    );
    assert_eq!(clean.faults, []);
    let head = clean.head.expect("a seal");

    let activities = list(&app, "").await;
    let activity = |index: usize| -> Uuid {
        activities[index]["id"]
            .as_str()
            .and_then(|it| it.parse().ok())
            .expect("an id")
    };
    let mut connection = app.connect().await;
    // The owner of the database can disable the triggers.
    execute(&mut connection, "SET session_replication_role = replica").await;
    sqlx::query("UPDATE activities SET api_key_id = 'somebody' WHERE id = $1")
        .bind(activity(0))
        .execute(&mut connection)
        .await
        .expect("the update");
    sqlx::query("DELETE FROM activities WHERE id = $1")
        .bind(activity(1))
        .execute(&mut connection)
        .await
        .expect("the delete");
    let forged = Uuid::from_u128(7);
    sqlx::query(
        "INSERT INTO activities SELECT workspace_id, case_id, $1, company_id, individual_id, type,
             api_key_id, context, changes, created_at FROM activities WHERE id = $2",
    )
    .bind(forged)
    .bind(activity(2))
    .execute(&mut connection)
    .await
    .expect("the insert");
    // The id of a sealed activity, under another case.
    let twin = activity(2);
    sqlx::query(
        "INSERT INTO activities SELECT workspace_id, gen_random_uuid(), id, company_id,
             individual_id, type, api_key_id, context, changes, created_at
         FROM activities WHERE id = $1",
    )
    .bind(twin)
    .execute(&mut connection)
    .await
    .expect("the insert");
    let found = report(&app).await.faults;
    let expected = [
        AuditFault::Inserted { activity_id: twin },
        AuditFault::Changed {
            activity_id: activity(0),
        },
        AuditFault::Removed {
            activity_id: activity(1),
        },
        AuditFault::Inserted {
            activity_id: forged,
        },
    ];
    for expected_fault in &expected {
        assert!(found.contains(expected_fault), "{found:?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");

    // A forged seal breaks the chain, or does not match the noted head.
    execute(&mut connection, "UPDATE activity_seals SET row_digests = row_digests[1:0] || ARRAY[''::bytea] WHERE sequence = 1").await;
    let found = report(&app).await.faults;
    assert!(
        found.contains(&AuditFault::Broken { sequence: 1 }),
        "{found:?}"
    );
    execute(&mut connection, "DELETE FROM activity_seals").await;
    let reports = verify(&mut connection, Some("Sandbox"), Some(&head))
        .await
        .expect("a report");
    let other = AuditFault::OtherHead {
        sequence: head.sequence,
    };
    assert!(reports[0].faults.contains(&other));
}

#[tokio::test]
async fn seals_activities_that_commit_late() {
    let app = TestApp::start().await;
    app.create(&json!({"name": "Acme"})).await;
    let mut late = app.connect().await;
    execute(&mut late, "BEGIN").await;
    execute(
        &mut late,
        "WITH made AS (
             INSERT INTO activities SELECT workspace_id, case_id, gen_random_uuid(), company_id,
                 individual_id, type, api_key_id, context, changes, created_at - interval '1 h'
             FROM activities RETURNING workspace_id, id, case_id)
         INSERT INTO unsealed_activities (workspace_id, activity_id, case_id)
         SELECT workspace_id, id, case_id FROM made",
    )
    .await;
    seal(&app).await;
    assert_eq!(report(&app).await.sealed, 1);
    execute(&mut late, "COMMIT").await;
    assert_eq!(report(&app).await.faults, []);
    seal(&app).await;
    let report = report(&app).await;
    assert_eq!((report.sealed, report.unsealed), (2, 0));
    assert_eq!(report.faults, []);
}

#[tokio::test]
async fn audit_verify_command_reports_changed_activities() {
    let app = TestApp::start().await;
    app.create(&json!({"name": "Acme"})).await;
    seal(&app).await;
    let clean = dossier(&app, &["audit", "verify", "--json"]);
    assert!(clean.status.success(), "{clean:?}");
    let report = json_of(&clean);
    assert_eq!(report[0]["workspace"], "Sandbox");
    assert_eq!(report[0]["sealed"], 1);
    let head = &report[0]["head"];
    let head = format!(
        "{}:{}",
        head["sequence"],
        head["digest"].as_str().expect("digits")
    );
    let with_head = ["audit", "verify", "--workspace", "Sandbox", "--head", &head];
    assert!(dossier(&app, &with_head).status.success());
    let mut connection = app.connect().await;
    execute(
        &mut connection,
        "SET session_replication_role = replica; UPDATE activities SET type = 'api__deleted__case'",
    )
    .await;
    let found = dossier(&app, &["audit", "verify"]);
    assert_eq!(found.status.code(), Some(2));
    let activity = list(&app, "").await.remove(0)["id"].clone();
    let stdout = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(
        stdout.contains(&format!(
            "changed: activity {}",
            activity.as_str().expect("an id")
        )),
        "{stdout}"
    );
}
