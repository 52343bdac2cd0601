//! White space at the ends of tag labels is ignored in every request.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row;

use crate::command_line::dossier;
use crate::support::TestApp;

/// Spellings of one label that look the same.
const SPELLINGS: [&str; 6] = [
    " Night shift",
    "Night shift ",
    "\u{a0}Night shift\u{a0}",
    "Night shift\t",
    "\u{2003}night SHIFT\u{3000}",
    "\u{feff}Night shift\u{200b}",
];

async fn count_cases(app: &TestApp, query: &str) -> usize {
    let listed = app.get(&format!("/cases?{query}")).await.expect(200);
    listed.body["data"].as_array().expect("data").len()
}

fn escaped(label: &str) -> String {
    form_urlencoded::byte_serialize(label.as_bytes()).collect()
}

#[tokio::test]
async fn trims_labels_in_every_request() {
    let app = TestApp::start().await;
    let created = app
        .call(Method::POST, "/tags", &json!({"label": SPELLINGS[2]}))
        .await
        .expect(201);
    assert_eq!(created.body["label"], "Night shift");
    let path = format!("/tags/{}", created.id());
    for label in SPELLINGS {
        let conflict = app
            .call(Method::POST, "/tags", &json!({"label": label}))
            .await;
        assert_eq!(conflict.status, 409, "{label:?}: {}", conflict.body);
        let body = json!({"name": "A", "tags": [label], "external_id": format!("x{label:?}")});
        let case = app.call(Method::POST, "/cases", &body).await;
        assert_eq!(case.status, 201, "{label:?}: {}", case.body);
        let added = json!({"tags": [label]});
        let tags = format!("/cases/{}/tags", case.id());
        app.call(Method::DELETE, &tags, &added).await.expect(200);
        app.call(Method::POST, &tags, &added).await.expect(201);
        let template = json!({"key": format!("t{}", escaped(label).len()), "name": "T",
            "defaults": {"tags": [label]}});
        app.call(Method::POST, "/templates", &template).await;
    }
    let templates = app.get("/templates?limit=100").await.expect(200).body;
    let with_tag = templates["data"].as_array().expect("data").iter();
    let with_tag = with_tag.filter(|it| {
        it["defaults"]["tags"][0]["id"] == created.body["id"]
            || it["defaults"]["tags"][0] == created.body["id"]
    });
    assert!(with_tag.count() >= 4, "{templates}");
    for label in SPELLINGS {
        let label = escaped(label);
        assert_eq!(
            count_cases(&app, &format!("tags={label}")).await,
            6,
            "{label}"
        );
        let overlap = format!("tags.array_overlap={label}");
        assert_eq!(count_cases(&app, &overlap).await, 6, "{label}");
        let without = format!("tags.array_not_contains={label}");
        assert_eq!(count_cases(&app, &without).await, 0, "{label}");
    }
    for (filter, count) in [
        ("label=%20Night%20shift", 1),
        ("label.not_eq=Night%20shift%C2%A0", 3),
    ] {
        let listed = app.get(&format!("/tags?{filter}")).await.expect(200);
        assert_eq!(listed.body["pagination"]["count"], count, "{filter}");
    }
    let renamed = app
        .call(Method::PATCH, &path, &json!({"label": "\u{a0}Day shift "}))
        .await;
    assert_eq!(renamed.expect(200).body["label"], "Day shift");
    let id = format!("\u{a0}{}", created.id());
    for (label, code) in [("\u{a0} \t", "blank"), (&*id, "format")] {
        let refused = app
            .call(Method::POST, "/tags", &json!({"label": label}))
            .await;
        assert_eq!(refused.expect(400).errors(), [("/label", code)]);
    }
}

#[tokio::test]
async fn trims_labels_of_a_workspace_file() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tags.yaml");
    let text = "tags: [{label: \"Night shift\\u00a0\"}]\n\
                templates: [{key: night, name: Night, defaults: {tags: [\" night shift\"]}}]\n";
    std::fs::write(&file, text).expect("the file");
    let name = file.to_str().expect("UTF-8");
    for _ in 0..2 {
        let output = dossier(
            &app,
            &["workspace", "apply", name, "--workspace", "Sandbox"],
        );
        assert!(output.status.success(), "{output:?}");
    }
    let tags = app.get("/tags?label.like=Night%25").await.expect(200);
    let labels = tags.body["data"].as_array().expect("data").iter();
    let labels: Vec<_> = labels.map(|it| it["label"].clone()).collect();
    assert_eq!(labels, ["Night shift"]);
    let case = json!({"name": "A", "template_key": "night"});
    let case = app.create(&case).await;
    assert_eq!(case.body["tags"][0], "Night shift");
    let again = "tags: [{label: Night shift}, {label: \"Night shift \"}]\n";
    std::fs::write(&file, again).expect("the file");
    let refused = dossier(
        &app,
        &["workspace", "apply", name, "--workspace", "Sandbox"],
    );
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(stderr.contains("/tags/1/label"), "{stderr}");
}

/// Stores labels as earlier versions of the server did: three that are equal after trimming, one that is
/// unique, and one of only invisible characters.
async fn store_untrimmed(app: &TestApp, case: &str, second: &str) {
    let mut connection = app.connect().await;
    let labels = [
        ("0198a000-0000-4000-8000-00000000ab01", "Ship\u{a0}"),
        ("0198a000-0000-4000-8000-00000000ab02", "Ship"),
        ("0198a000-0000-4000-8000-00000000ab03", "\tShip"),
        ("0198a000-0000-4000-8000-00000000ab04", " Alone\u{200b}"),
        ("0198a000-0000-4000-8000-00000000ab05", "\u{200b}"),
    ];
    for (id, label) in labels {
        let row = "INSERT INTO tags (workspace_id, id, label, folded_label)
            SELECT workspace_id, $1::uuid, $2, lower($2) FROM cases WHERE id = $3::uuid";
        let row = sqlx::query(row).bind(id).bind(label).bind(case);
        row.execute(&mut connection).await.expect("a tag");
    }
    let case_tags = [
        (case, "0198a000-0000-4000-8000-00000000ab03", 1),
        (second, "0198a000-0000-4000-8000-00000000ab01", 1),
        (second, "0198a000-0000-4000-8000-00000000ab04", 2),
        (second, "0198a000-0000-4000-8000-00000000ab02", 3),
    ];
    for (case, tag, ordinal) in case_tags {
        let row = "INSERT INTO case_tags (workspace_id, case_id, tag_id, ordinal)
            SELECT workspace_id, id, $2::uuid, $3 FROM cases WHERE id = $1::uuid";
        let row = sqlx::query(row).bind(case).bind(tag).bind(ordinal);
        row.execute(&mut connection).await.expect("a case's tag");
    }
    let defaults = r#"{"tags": ["0198a000-0000-4000-8000-00000000ab03",
        "0198a000-0000-4000-8000-00000000ab04", "0198a000-0000-4000-8000-00000000ab01"]}"#;
    let row = "UPDATE templates SET defaults = $1::jsonb WHERE key = 'kyc_standard'";
    let row = sqlx::query(row).bind(defaults);
    row.execute(&mut connection).await.expect("a template");
}

#[tokio::test]
async fn migration_trims_labels_and_merges_equal_ones() {
    let app = TestApp::start().await;
    let one = app.create(&json!({"name": "One"})).await;
    let both = app.create(&json!({"name": "Both"})).await;
    let other = app.create(&json!({"name": "Other", "tags": ["VIP"]})).await;
    store_untrimmed(&app, &one.id(), &both.id()).await;
    app.execute(include_str!("../../migrations/0016_trimmed_labels.sql"))
        .await;
    let labels = |case: &Value| case["tags"].clone();
    for (case, expected, version) in [
        (&one, json!(["Ship"]), "\"2\""),
        (&both, json!(["Ship", "Alone"]), "\"2\""),
        (&other, json!(["VIP"]), "\"1\""),
    ] {
        let read = app.get(&format!("/cases/{}", case.id())).await.expect(200);
        assert_eq!(labels(&read.body), expected);
        assert_eq!(read.etag(), version, "{expected:?}");
    }
    assert_eq!(count_cases(&app, "tags=ship").await, 2);
    assert_eq!(count_cases(&app, "tags=alone").await, 1);
    let created = json!({"name": "New", "template_key": "kyc_standard"});
    assert_eq!(
        labels(&app.create(&created).await.body),
        json!(["Ship", "Alone"])
    );
    let mut connection = app.connect().await;
    let rows = "SELECT label, folded_label FROM tags WHERE id::text LIKE '%ab0_' ORDER BY id";
    let rows = sqlx::query(rows).fetch_all(&mut connection).await;
    let rows: Vec<(String, String)> = rows
        .expect("the tags")
        .iter()
        .map(|it| (it.get(0), it.get(1)))
        .collect();
    let expected = [
        ("Ship", "ship"),
        ("Alone", "alone"),
        ("\u{200b}", "\u{200b}"),
    ];
    let expected = expected.map(|(label, folded)| (label.to_owned(), folded.to_owned()));
    assert_eq!(rows, expected, "the tag without white space is kept");
}
