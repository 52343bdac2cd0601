//! `POST /cases` and `GET /cases/{id}`.

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

/// A case with three companies, four individuals, six relations, three tags, and properties of every type.
pub fn kyb() -> Value {
    let properties = json!({"note": "Two\nlines", "contact_email": "a@example.com",
        "reference_url": "https://example.com/a", "onboarded_on": "2024-02-29",
        "hotline": "+33 6 12 34 56 78", "is_regulated": true, "risk_score": 12.5,
        "products": ["cards", "loans"], "markets": ["fr", "DE"]});
    json!({
        "name": "Acme", "status": "draft", "external_id": "crm/42 é", "template_key": "kyb_standard",
        "assignee_id": "0198a000-0000-4000-8000-000000000301", "space_slug": "space_Sandbox00001",
        "metadata": {"source": "crm"}, "tags": ["vip", "High risk", "Low risk", "VIP"],
        "custom_properties": properties,
        "companies": [
            {"name": "Acme SAS", "ref": "main", "country": "fr", "custom_properties": properties,
             "registration_date": "2001-02-03T00:00:00Z", "status": "live",
             "classifications": [{"type": "nace", "code": "62.01"}],
             "banking_information": {"iban": "FR76 3000 6000 0112 3456 7890 189", "bic": null}},
            {"name": "Holding", "type": "affiliated", "ref": "holding",
             "relations": [{"roles": ["shareholder"], "ownership_percentage": 60}]},
            {"name": "Subsidiary", "type": "affiliated",
             "relations": [{"source_company_ref": "main", "ownership_percentage": 100},
                           {"source_company_ref": "holding"}]}
        ],
        "individuals": [
            {"first_name": "Ada", "last_name": "A", "roles": ["shareholder", "beneficial_owner"],
             "ownership_percentage": 33.3, "custom_properties": properties,
             "relations": [{"source_company_ref": "holding", "position": "Chair"}]},
            {"first_name": "Bo", "last_name": "", "is_signatory": true, "email": "bo@example.com",
             "relations": [{"roles": ["legal_representative"]}]},
            {"first_name": "Cy", "last_name": "C", "nationalities": ["FR", "us"]},
            {"first_name": "Di", "last_name": "D", "address": {"street_address2": "Floor 2"}}
        ]
    })
}

#[tokio::test]
async fn get_returns_the_created_case_also_after_a_restart() {
    let app = TestApp::start().await;
    let created = app.post(kyb().to_string()).await.expect(201);
    let id = created.id();
    assert_eq!(created.headers["location"], format!("/cases/{id}"));
    assert_eq!(
        created.body["tags"],
        json!(["VIP", "High risk", "Low risk"])
    );
    let main = &created.body["companies"][0];
    assert_eq!(main["country"], "FR");
    assert_eq!(main["registration_date"], "2001-02-03");
    assert_eq!(
        main["banking_information"]["iban"],
        "FR7630006000011234567890189"
    );
    assert_eq!(main["custom_properties"]["hotline"], "+33612345678");
    assert_eq!(main["custom_properties"]["markets"], json!(["FR", "DE"]));
    let ada = &created.body["individuals"][0];
    assert_eq!(ada["is_beneficial_owner"], true);
    assert_eq!(ada["ownership_percentage"], 33.3);
    assert_eq!(ada["roles"], json!(["shareholder"]));
    assert_eq!(ada["relations"].as_array().map(Vec::len), Some(2));
    assert_eq!(ada["relations"][1]["to_company_id"], main["id"]);
    assert_eq!(
        app.get(&format!("/cases/{id}")).await.expect(200).body,
        created.body
    );
    let app = app.restart().await;
    let by_external_id = app.get("/v1/cases/crm%2F42%20%C3%A9/").await.expect(200);
    assert_eq!(by_external_id.body, created.body);
}

#[tokio::test]
async fn creates_a_case_with_a_chain_of_1000_companies_and_individuals() {
    let app = TestApp::start().await;
    let companies: Vec<_> = (0..1_000)
        .map(|index| match index {
            0 => json!({"name": "0", "ref": "0"}),
            _ => json!({"name": index.to_string(), "ref": index.to_string(), "type": "affiliated",
                "relations": [{"source_company_ref": (index - 1).to_string()}]}),
        })
        .collect();
    let individuals: Vec<_> = (0..1_000)
        .map(|index| {
            json!({"first_name": index.to_string(), "last_name": "",
            "relations": [{"source_company_ref": index.to_string()}]})
        })
        .collect();
    let body = json!({"name": "Chain", "companies": companies, "individuals": individuals});
    let created = app.post(body.to_string()).await.expect(201);
    let names: Vec<_> = (0..1_000).map(|index| json!(index.to_string())).collect();
    let companies_in_response = created.body["companies"].as_array().expect("companies");
    assert_eq!(
        companies_in_response
            .iter()
            .map(|it| it["name"].clone())
            .collect::<Vec<_>>(),
        names
    );
    let id = created.id();
    assert_eq!(
        app.get(&format!("/cases/{id}")).await.expect(200).body,
        created.body
    );
}

/// A case with 26 errors of types, values, relations and references.
const INVALID_CASE: &str = r#"{
        "extrenal_id": "x", "name": 7, "tags": ["VPI", "nothing alike", ""],
        "template_key": "kyb_standrad", "space_slug": "space_000000000000",
        "assignee_id": "0198a000-0000-4000-8000-000000000303",
        "custom_properties": {"retired": "x", "risk_scor": 1, "risk_score": 101,
            "products": ["cards", "cards", "card"], "markets": ["UK"], "is_regulated": "yes"},
        "companies": [
            {"name": "A", "ref": "a", "registration_date": "2023-02-29", "country": "FRA",
             "banking_information": {"iban": "FR7630006000011234567890180"}},
            {"name": "B", "ref": "a"}
        ],
        "individuals": [{"first_name": "C", "is_signatory": true, "birth_date": 20000101,
            "relations": [{"source_company_ref": "b", "ownership_percentage": 120}]}]
    }"#;

const ERRORS: [(&str, &str); 26] = [
    ("/extrenal_id", "unknown_field"),
    ("/name", "type"),
    ("/tags/0", "tag_not_found"),
    ("/tags/1", "tag_not_found"),
    ("/tags/2", "length"),
    ("/template_key", "template_not_found"),
    ("/space_slug", "space_not_found"),
    ("/assignee_id", "assignee_suspended"),
    ("/custom_properties/retired", "custom_property_archived"),
    ("/custom_properties/risk_scor", "custom_property_not_found"),
    ("/custom_properties/risk_score", "range"),
    ("/custom_properties/products/1", "duplicate_value"),
    ("/custom_properties/products/2", "choice"),
    ("/custom_properties/markets/0", "country"),
    ("/custom_properties/is_regulated", "type"),
    ("/companies/0/registration_date", "format"),
    ("/companies/0/country", "country"),
    ("/companies/0/banking_information/iban", "checksum"),
    ("/companies/1/ref", "ref_duplicate"),
    ("/companies/1/type", "main_company_repeated"),
    ("/individuals/0/is_signatory", "email_required"),
    ("/individuals/0/birth_date", "type"),
    (
        "/individuals/0/relations/0/source_company_ref",
        "ref_not_found",
    ),
    ("/individuals/0/relations/0/ownership_percentage", "range"),
    ("/individuals/0/last_name", "required"),
    ("/individuals/0/email", "email_required"),
];

#[tokio::test]
async fn returns_validation_and_reference_errors_together_in_document_order() {
    let app = TestApp::start().await;
    let refused = app.post(INVALID_CASE).await.expect(400);
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    assert_eq!(refused.errors(), ERRORS);
    let suggestion = |index: usize| refused.body["errors"][index]["suggestion"].as_str();
    assert_eq!(suggestion(0), Some("external_id"));
    assert_eq!(suggestion(2), Some("VIP"));
    assert_eq!(suggestion(3), None);
    assert_eq!(suggestion(5), Some("kyb_standard"));
    let text = refused.body.to_string();
    for word in ["struct", "invalid type", "SQL", "expected `"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_eq!(refused.body["status_code"], 400);
    assert!(
        refused.body["message"]
            .as_str()
            .expect("a message")
            .starts_with("26 problems found.")
    );
}

#[tokio::test]
async fn one_of_50_concurrent_creates_with_the_same_external_id_succeeds() {
    let app = TestApp::start().await;
    let body = json!({"name": "A", "external_id": "one"}).to_string();
    let responses = futures_util::future::join_all((0..50).map(|_| app.post(body.clone()))).await;
    let winner: Vec<_> = responses.iter().filter(|it| it.status == 201).collect();
    assert_eq!(winner.len(), 1);
    for loser in responses.iter().filter(|it| it.status != 201) {
        assert_eq!(loser.status, 409, "{}", loser.body);
        assert_eq!(loser.body["case_id"], winner[0].body["id"]);
        assert_eq!(loser.errors(), [("/external_id", "external_id_taken")]);
    }
    let with_other_error = json!({"name": "", "external_id": "one"}).to_string();
    let refused = app.post(with_other_error).await.expect(400);
    let expected = [("/name", "length"), ("/external_id", "external_id_taken")];
    assert_eq!(refused.errors(), expected);
}

#[tokio::test]
async fn workspaces_are_separate() {
    let app = TestApp::start().await;
    let other = "dossier_other_0123456789abcdef";
    app.add_workspace(other).await;
    let created = app
        .post(json!({"name": "A", "external_id": "one"}).to_string())
        .await;
    let id = created.expect(201).id();
    app.get_as(other, &format!("/cases/{id}")).await.expect(404);
    app.get_as(other, "/cases/one").await.expect(404);
    app.post_as(
        other,
        json!({"name": "A", "external_id": "one"}).to_string(),
    )
    .await
    .expect(201);
    let body = json!({"name": "A", "template_key": "kyb_standard", "tags": ["VIP"],
        "assignee_id": "0198a000-0000-4000-8000-000000000301",
        "space_slug": "space_Sandbox00001", "custom_properties": {"note": "x"}});
    let refused = app.post_as(other, body.to_string()).await.expect(400);
    let expected = [
        ("/template_key", "template_not_found"),
        ("/tags/0", "tag_not_found"),
        ("/assignee_id", "assignee_not_found"),
        ("/space_slug", "space_not_found"),
        ("/custom_properties/note", "custom_property_not_found"),
    ];
    assert_eq!(refused.errors(), expected);
    assert!(
        refused.body["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .all(|it| { it.get("suggestion").is_none() })
    );
}

/// A reference can be deleted between the read and the write of a request.
#[tokio::test]
async fn reports_references_that_are_deleted_while_the_create_waits() {
    use sqlx::{Connection, Executor};
    let app = TestApp::start().await;
    for (deleted, body, pointer, code) in [
        (
            "DELETE FROM tags WHERE label = 'VIP'",
            json!({"name": "A", "tags": ["VIP"]}),
            "/tags/0",
            "tag_not_found",
        ),
        (
            "DELETE FROM templates WHERE key = 'kyb_standard'",
            json!({"name": "A", "template_key": "kyb_standard"}),
            "/template_key",
            "template_not_found",
        ),
        (
            "DELETE FROM users WHERE first_name = 'Ada'",
            json!({"name": "A", "assignee_id": "0198a000-0000-4000-8000-000000000301"}),
            "/assignee_id",
            "assignee_not_found",
        ),
        (
            "DELETE FROM spaces",
            json!({"name": "A", "space_slug": "space_Sandbox00001"}),
            "/space_slug",
            "space_not_found",
        ),
    ] {
        let mut connection = app.connect().await;
        let mut transaction = connection.begin().await.expect("a transaction");
        let lock = transaction.execute("LOCK TABLE cases IN EXCLUSIVE MODE");
        lock.await.expect("the lock");
        let delete = async {
            app.wait_for_blocked(1).await;
            transaction.execute(deleted).await.expect("deleted");
            transaction.commit().await.expect("a commit");
        };
        let (refused, ()) = tokio::join!(app.post(body.to_string()), delete);
        assert_eq!(refused.expect(400).errors(), [(pointer, code)]);
    }
}

#[tokio::test]
async fn reports_errors_of_property_items_with_their_index() {
    let app = TestApp::start().await;
    let body = json!({"name": "A", "external_id": "one", "custom_properties":
        {"products": [null, "bad", "cards", 5, "cards"], "hotline": "+033612345678"}});
    let refused = app.post(body.to_string()).await.expect(400);
    let expected = [
        ("/custom_properties/products/0", "type"),
        ("/custom_properties/products/1", "choice"),
        ("/custom_properties/products/3", "type"),
        ("/custom_properties/products/4", "duplicate_value"),
        ("/custom_properties/hotline", "format"),
    ];
    assert_eq!(refused.errors(), expected);
    let existing = app
        .create(&json!({"name": "A", "external_id": "one"}))
        .await;
    let refused = app.post(body.to_string()).await.expect(400);
    assert_eq!(refused.body["errors"][0]["code"], "external_id_taken");
    assert_eq!(refused.body["errors"][0]["case_id"], existing.body["id"]);
    // A UUID in another form is an external id, and not the id of this case.
    let id = existing.id().replace('-', "");
    app.get(&format!("/cases/{id}")).await.expect(404);
    let large = app
        .post(format!("\"{}\"", "a".repeat(2 * 1024 * 1024)))
        .await;
    let message = large.expect(413).body["message"].to_string();
    assert!(
        message.contains("too large") && message.contains("2097152"),
        "{message}"
    );
}

/// A case without generated ids and timestamps.
fn without_generated(mut case: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| {
                    let is_generated = name.ends_with("_at") || name == "id" || name == "case_id";
                    !is_generated && name != "to_company_id"
                });
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut case);
    case
}

#[tokio::test]
async fn dry_run_returns_the_result_of_a_create_and_stores_nothing() {
    let app = TestApp::start().await;
    let dry = "/cases?dry_run=true";
    let checked = app.call(Method::POST, dry, &kyb()).await.expect(200);
    assert!(checked.header("location").is_none() && checked.header("etag").is_none());
    // A dry run stores neither the case, nor the external id, nor the key.
    for _ in 0..2 {
        let request = app.request(Method::POST, dry).bearer_auth(FIXED_KEY);
        let request = request.header("idempotency-key", "dry").json(&kyb());
        let again = app.send(request).await.expect(200);
        assert!(again.header("idempotent-replayed").is_none());
    }
    let stored = app.count(
        "SELECT (SELECT count(*) FROM cases) + (SELECT count(*) FROM activities)
             + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM idempotency_keys)",
    );
    let stored = stored.await;
    assert_eq!(stored, 0);
    let created = app.create(&kyb()).await;
    assert_eq!(
        without_generated(created.body),
        without_generated(checked.body)
    );
    // The errors are identical.
    let invalid =
        json!({"nmae": "A", "tags": ["Nope"], "companies": [{"name": "A", "country": "UK"}]});
    let refused = app.call(Method::POST, dry, &invalid).await.expect(400);
    let real = app.call(Method::POST, "/cases", &invalid).await.expect(400);
    assert_eq!(refused.body["errors"], real.body["errors"]);
    app.call(Method::POST, dry, &kyb()).await.expect(409);
    let misspelt = kyb();
    let misspelt = app.call(Method::POST, "/cases?dryrun=true", &misspelt);
    let refused = misspelt.await.expect(400);
    assert_eq!(refused.body["errors"][0]["suggestion"], "dry_run");
}
