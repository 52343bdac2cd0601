//! Filters of `GET /cases`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

const SPACE: &str = "space_AbCdEf123456";
const USER: &str = "0198a000-0000-4000-8000-000000000301";

/// Creates four cases with different values for the filters.
async fn fill(app: &TestApp) {
    let space = json!({"slug": SPACE, "name": "North"});
    app.call(Method::POST, "/spaces", &space).await.expect(201);
    for case in [
        json!({"name": "assigned", "assignee_id": USER, "metadata": {"crm.ref": "7", "tier": "gold"}}),
        json!({"name": "in_space", "space_slug": SPACE, "metadata": {"tier": "silver", "eq": "x"}}),
        json!({"name": "templated", "template_key": "kyb_standard", "status": "draft",
            "companies": [{"name": "B", "registration_number": "HRB 7", "country": "DE"}]}),
        json!({"name": "scored", "external_id": "crm 1",
            "custom_properties": {"risk_score": 42, "products": ["cards"]}}),
    ] {
        app.create(&case).await;
    }
}

async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let listed = app.get(&format!("/cases?{query}")).await.expect(200);
    let rows = listed.body["data"].as_array().expect("rows").iter();
    let names = rows.map(|it| it["name"].as_str().expect("a name").to_owned());
    let names: Vec<_> = names.collect();
    assert_eq!(listed.body["pagination"]["count"], names.len(), "{query}");
    // Pages with a cursor use another query.
    let paged = app
        .get(&format!("/cases?{query}&cursor="))
        .await
        .expect(200);
    assert_eq!(
        paged.body["data"].as_array().map(Vec::len),
        Some(names.len())
    );
    names
}

#[tokio::test]
async fn filters_cases_by_assignee_template_space_metadata_and_properties() {
    let app = TestApp::start().await;
    fill(&app).await;
    let [assigned, in_space, templated, scored] = ["assigned", "in_space", "templated", "scored"];
    for (query, expected) in [
        (
            "assignee_id.is_null=true".to_owned(),
            vec![in_space, templated, scored],
        ),
        ("assignee_id.is_null=false".to_owned(), vec![assigned]),
        ("template_key=kyb_standard".to_owned(), vec![templated]),
        (
            "template_key.not_eq=kyb_standard".to_owned(),
            vec![assigned, in_space, scored],
        ),
        ("template_key=nothing".to_owned(), vec![]),
        (
            "template_key.not_eq=nothing".to_owned(),
            vec![assigned, in_space, templated, scored],
        ),
        (
            "template_key.in=nothing,kyb_standard".to_owned(),
            vec![templated],
        ),
        (
            "template_key.not_in=nothing,kyb_standard".to_owned(),
            vec![assigned, in_space, scored],
        ),
        ("template_key.is_null=false".to_owned(), vec![templated]),
        (format!("space_slug={SPACE}"), vec![in_space]),
        (
            format!("space_slug.not_eq={SPACE}"),
            vec![assigned, templated, scored],
        ),
        (format!("space_slug.in=other,{SPACE}"), vec![in_space]),
        (
            format!("space_slug.not_in=other,{SPACE}"),
            vec![assigned, templated, scored],
        ),
        (
            "space_slug.is_null=false&assignee_id.is_null=true".to_owned(),
            vec![in_space],
        ),
        ("external_id.is_null=false".to_owned(), vec![scored]),
        ("metadata.tier=gold".to_owned(), vec![assigned]),
        ("metadata.tier.eq=silver".to_owned(), vec![in_space]),
        (
            "metadata.tier.not_eq=gold".to_owned(),
            vec![in_space, templated, scored],
        ),
        (
            "metadata.tier.is_null=true".to_owned(),
            vec![templated, scored],
        ),
        (
            "metadata.tier.is_null=false".to_owned(),
            vec![assigned, in_space],
        ),
        // A key can contain dots, or equal the name of an operator.
        ("metadata.crm.ref=7".to_owned(), vec![assigned]),
        ("metadata.eq=x".to_owned(), vec![in_space]),
        (
            "metadata.eq.not_eq=x".to_owned(),
            vec![assigned, templated, scored],
        ),
        ("metadata.none=x".to_owned(), vec![]),
        ("custom_properties.risk_score=42".to_owned(), vec![scored]),
        ("custom_properties.risk_score=42.0".to_owned(), vec![scored]),
        ("custom_properties.risk_score=7".to_owned(), vec![]),
        ("custom_properties.products=cards".to_owned(), vec![scored]),
        (
            "custom_properties.products.not_eq=cards".to_owned(),
            vec![assigned, in_space, templated],
        ),
        (
            "custom_properties.risk_score.is_null=false".to_owned(),
            vec![scored],
        ),
        (
            "custom_properties.risk_score=42&custom_properties.products.is_null=true".to_owned(),
            vec![],
        ),
    ] {
        assert_eq!(names(&app, &query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn reports_filter_errors_with_their_parameter() {
    let app = TestApp::start().await;
    for (query, parameter, code, suggestion) in [
        (
            "assignee_id.is_null=yes",
            "assignee_id.is_null",
            "choice",
            None,
        ),
        (
            "assignee_id.isnull=true",
            "assignee_id.isnull",
            "choice",
            Some("is_null"),
        ),
        ("name.is_null=true", "name.is_null", "choice", None),
        (
            "template_kee=a",
            "template_kee",
            "unknown_field",
            Some("template_key"),
        ),
        ("metadata=a", "metadata", "format", None),
        ("metadata.=a", "metadata.", "format", None),
        ("metadata.tier.gt=a", "metadata.tier.gt", "choice", None),
        (
            "metadata.tier.is_null=1",
            "metadata.tier.is_null",
            "choice",
            None,
        ),
        ("metadata.a=%00", "metadata.a", "character", None),
        ("metadata.a%00=a", "metadata.a\0", "character", None),
        (
            "metadata.a=1&metadata.a.eq=2",
            "metadata.a.eq",
            "duplicate_key",
            None,
        ),
        (
            "metadta.tier=a",
            "metadta.tier",
            "unknown_field",
            Some("metadata.tier"),
        ),
        (
            "custom_properties.risk_scor=1",
            "custom_properties.risk_scor",
            "custom_property_not_found",
            Some("custom_properties.risk_score"),
        ),
        (
            "custom_properties.risk_score=high",
            "custom_properties.risk_score",
            "format",
            None,
        ),
        (
            "custom_properties.products=crads",
            "custom_properties.products",
            "choice",
            Some("cards"),
        ),
    ] {
        let refused = app.get(&format!("/cases?{query}")).await.expect(400);
        let errors = refused.body["errors"].as_array().expect("errors");
        assert_eq!(errors.len(), 1, "{query}: {}", refused.body);
        assert_eq!(errors[0]["parameter"], parameter, "{query}");
        assert_eq!(errors[0]["code"], code, "{query}: {}", refused.body);
        if let Some(suggestion) = suggestion {
            assert_eq!(errors[0]["suggestion"], suggestion, "{query}");
        }
    }
    // One response has all errors, in the order of the query.
    let query = "custom_properties.none=1&limit=0&metadata=a";
    let refused = app.get(&format!("/cases?{query}")).await.expect(400);
    let errors = refused.body["errors"].as_array().expect("errors").iter();
    let found: Vec<_> = errors.map(|it| it["parameter"].clone()).collect();
    assert_eq!(found, ["custom_properties.none", "limit", "metadata"]);
}

#[tokio::test]
async fn rejects_a_cursor_of_other_filters() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        let case = json!({"name": "A", "metadata": {"tier": "gold"}});
        app.create(&case).await;
    }
    let first = app
        .get("/cases?metadata.tier=gold&limit=1&cursor=")
        .await
        .expect(200);
    let next = first.body["pagination"]["next_cursor"]
        .as_str()
        .expect("a cursor");
    let path = |tier: &str| format!("/cases?metadata.tier={tier}&limit=1&cursor={next}");
    let second = app.get(&path("gold")).await.expect(200);
    assert_eq!(second.body["data"].as_array().map(Vec::len), Some(1));
    app.get(&path("silver")).await.expect(400);
}

#[tokio::test]
async fn filters_companies_and_individuals_by_missing_values() {
    let app = TestApp::start().await;
    fill(&app).await;
    let individual = json!({"first_name": "Jo", "last_name": "Doe", "birth_date": "1990-01-01"});
    app.create(
        &json!({"name": "person", "companies": [{"name": "C"}], "individuals": [individual]}),
    )
    .await;
    for (path, count) in [
        ("/companies?registration_number=HRB%207", 1),
        ("/companies?registration_number.not_eq=HRB%207", 1),
        ("/companies?registration_number.is_null=true", 1),
        ("/companies?registration_number.is_null=false", 1),
        ("/companies?country.is_null=true", 1),
        ("/individuals?birth_date.is_null=true", 0),
        ("/individuals?email.is_null=true", 1),
        ("/activities?company_id.is_null=false", 0),
        ("/activities?individual_id.is_null=true&limit=100", 5),
        ("/webhook-logs?company_id.is_null=true", 0),
    ] {
        let listed = app.get(path).await.expect(200);
        assert_eq!(
            listed.body["data"].as_array().map(Vec::len),
            Some(count),
            "{path}"
        );
    }
}

/// No filter reveals data of another workspace.
#[tokio::test]
async fn filters_find_nothing_of_another_workspace() {
    let app = TestApp::start().await;
    let other = "dossier_other_key";
    app.add_workspace(other).await;
    fill(&app).await;
    for query in [
        "assignee_id.is_null=true",
        "template_key=kyb_standard",
        "template_key.not_eq=kyb_standard",
        "metadata.tier=gold",
        "metadata.tier.not_eq=gold",
    ] {
        let listed = app
            .get_as(other, &format!("/cases?{query}"))
            .await
            .expect(200);
        assert_eq!(listed.body["data"], json!([]), "{query}");
    }
    let query = "/cases?custom_properties.risk_score=42";
    let refused = app.get_as(other, query).await.expect(400);
    let error: &Value = &refused.body["errors"][0];
    assert_eq!(error["code"], "custom_property_not_found");
    assert_eq!(error["suggestion"], Value::Null);
}
