//! Snapshots of complete responses of every operation, with all optional fields and with none.
//!
//! A changed response is reviewed as a change of its snapshot. To update the snapshots:
//! `INSTA_UPDATE=always cargo test --test api snapshots`.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::cases::kyb;
use crate::support::{TestApp, TestResponse};

/// Replaces values that differ between runs: ids by their order of appearance, and current timestamps.
fn normalized(value: &Value, ids: &mut Vec<String>) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), normalized(value, ids)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|it| normalized(it, ids)).collect(),
        Value::String(text) if is_id(text) => {
            let index = ids.iter().position(|it| it == text).unwrap_or_else(|| {
                ids.push(text.clone());
                ids.len() - 1
            });
            json!(format!("<id {index}>"))
        }
        Value::String(text) if is_now(text) => json!("<now>"),
        Value::String(text) if text.starts_with("c1-") => json!("<cursor>"),
        other => other.clone(),
    }
}

/// Generated ids only; ids of the sandbox are fixed.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.matches('-').count() == 4 && !text.starts_with("0198a000-0000-4000")
}

fn is_now(text: &str) -> bool {
    text.parse::<chrono::DateTime<chrono::Utc>>()
        .is_ok_and(|at| (chrono::Utc::now() - at).num_minutes().abs() < 10)
}

struct Snapshots {
    app: TestApp,
    ids: Vec<String>,
}

impl Snapshots {
    async fn start() -> Self {
        Self {
            app: TestApp::start().await,
            ids: Vec::new(),
        }
    }

    /// Compares a response with the snapshot of this name.
    #[track_caller]
    fn check(&mut self, name: &str, response: &TestResponse) {
        let normalized = normalized(&response.body, &mut self.ids);
        let text = serde_json::to_string_pretty(&normalized).expect("JSON");
        insta::assert_snapshot!(name, text);
    }

    async fn call(&mut self, name: &str, method: Method, path: &str, body: Value) -> TestResponse {
        let response = self.app.call(method, path, &body).await;
        assert!(response.status.is_success(), "{name}: {}", response.body);
        self.check(name, &response);
        response
    }

    async fn post(&mut self, name: &str, path: &str, body: Value) -> TestResponse {
        self.call(name, Method::POST, path, body).await
    }

    async fn get(&mut self, name: &str, path: &str) -> TestResponse {
        self.call(name, Method::GET, path, Value::Null).await
    }

    async fn patch(&mut self, name: &str, path: &str, body: Value) -> TestResponse {
        self.call(name, Method::PATCH, path, body).await
    }
}

#[tokio::test]
async fn responses_of_cases() {
    let mut it = Snapshots::start().await;
    it.get("ping", "/ping").await;
    let full = it.post("case-created-full", "/cases", kyb()).await;
    let full = format!("/cases/{}", full.id());
    let minimal = it
        .post("case-created-minimal", "/cases", json!({"name": "A"}))
        .await;
    let minimal = format!("/cases/{}", minimal.id());
    it.patch("case-updated-full", &full, json!({"status": "open"}))
        .await;
    it.patch("case-updated-minimal", &minimal, json!({})).await;
    let review = json!({"status": "approved", "comment": "Known",
        "reviewed_at": "2020-02-29T12:30:00.5Z", "next_review_at": "2030-01-31"});
    it.post("review-full", &format!("{full}/reviews"), review)
        .await;
    let closed = json!({"status": "closed"});
    it.post("review-minimal", &format!("{minimal}/reviews"), closed)
        .await;
    it.get("case-full", &full).await;
    it.get("case-minimal", &minimal).await;
    let list = "/cases?include_custom_properties=true";
    it.get("cases-with-properties", list).await;
    it.get("cases-by-cursor", "/cases?cursor=&limit=1").await;
    it.get("cases-of-nobody", "/cases?name=Nobody").await;
    it.get("case-tags-full", &format!("{full}/tags")).await;
    it.get("case-tags-minimal", &format!("{minimal}/tags"))
        .await;
    let tags = json!({"tags": ["VIP"]});
    it.post("case-tags-added", &format!("{minimal}/tags"), tags.clone())
        .await;
    let path = format!("{minimal}/tags");
    it.call("case-tags-removed", Method::DELETE, &path, tags)
        .await;
}

#[tokio::test]
async fn responses_of_companies_individuals_and_relations() {
    let mut it = Snapshots::start().await;
    let case = it.app.create(&json!({"name": "A"})).await.id();
    let kyb = kyb();
    let mut full = kyb["companies"][0].clone();
    let fields = full.as_object_mut().expect("an object");
    fields.remove("ref");
    fields.insert("case_id".to_owned(), json!(case));
    fields.insert(
        "address".to_owned(),
        json!({"street_address": "1 rue", "country": "fr"}),
    );
    let main = it.post("company-created-full", "/companies", full).await;
    let body = json!({"case_id": case, "name": "B", "type": "affiliated"});
    let affiliated = it.post("company-created-minimal", "/companies", body).await;
    let (main, affiliated) = (main.id(), affiliated.id());
    it.get("company-full", &format!("/companies/{main}")).await;
    let body = json!({"name": "C", "commercial_name": null});
    it.patch("company-updated", &format!("/companies/{affiliated}"), body)
        .await;
    let path = format!("/companies/{affiliated}/set-relevant");
    it.post("company-set-relevant", &path, json!({"is_relevant": false}))
        .await;
    it.get("companies", "/companies").await;

    let body = json!({"case_id": case, "first_name": "Ada", "middle_name": "B", "last_name": "C",
        "maiden_name": "D", "is_business_contact": true, "is_beneficial_owner": true,
        "is_controlling_person": true, "is_signatory": true, "email": "ada@example.com",
        "birth_date": "1990-12-31", "birth_country": "FR", "birth_place": "Paris",
        "gender": "female", "nationalities": ["FR", "DE"], "address": {"city": "Lyon"},
        "banking_information": {"iban": "FR7630006000011234567890189", "bic": "BNPAFRPP"},
        "tax_identification_number": "1", "social_security_number": "2",
        "phone_number": "+33612345678", "position": "CEO", "ownership_percentage": 12.5,
        "voting_rights_percentage": 50, "roles": ["shareholder"],
        "custom_properties": kyb["custom_properties"],
        "relations": [{"to_company_id": affiliated, "roles": ["legal_representative"]}]});
    let ada = it
        .post("individual-created-full", "/individuals", body)
        .await
        .id();
    let body = json!({"case_id": case, "first_name": "Bo", "last_name": ""});
    let bo = it
        .post("individual-created-minimal", "/individuals", body)
        .await
        .id();
    it.get("individual-full", &format!("/individuals/{ada}"))
        .await;
    let body = json!({"position": "CFO"});
    it.patch("individual-updated", &format!("/individuals/{bo}"), body)
        .await;
    let path = format!("/individuals/{bo}/set-relevant");
    it.post(
        "individual-set-relevant",
        &path,
        json!({"is_relevant": false}),
    )
    .await;
    it.get("individuals", "/individuals").await;

    let path = format!("/cases/{case}/relations");
    let body = json!({"from_company_id": affiliated, "to_company_id": main, "position": "Parent",
        "roles": ["shareholder"], "ownership_percentage": 1, "voting_rights_percentage": 2.5});
    let relation = it.post("relation-created-full", &path, body).await.id();
    let body = json!({"from_individual_id": bo, "to_company_id": affiliated});
    it.post("relation-created-minimal", &path, body).await;
    let body = json!({"roles": null, "position": null});
    it.patch("relation-updated", &format!("{path}/{relation}"), body)
        .await;
}

#[tokio::test]
async fn responses_of_workspace_data() {
    let mut it = Snapshots::start().await;
    let tag = it
        .post("tag-created", "/tags", json!({"label": "New"}))
        .await
        .id();
    it.patch(
        "tag-updated",
        &format!("/tags/{tag}"),
        json!({"label": "Newer"}),
    )
    .await;
    it.get("tags", "/tags").await;
    let body = json!({"key": "full", "name": "Full", "description": "All of it",
        "defaults": {"tags": ["VIP"], "custom_properties": {"note": "x"}},
        "required": ["external_id"]});
    it.post("template-created-full", "/templates", body).await;
    let body = json!({"key": "minimal", "name": "Minimal"});
    let template = it
        .post("template-created-minimal", "/templates", body)
        .await
        .id();
    it.get("template-minimal", &format!("/templates/{template}"))
        .await;
    it.get("templates", "/templates?key=minimal").await;
    let body = json!({"first_name": "A", "last_name": "B", "email": "a@b"});
    let user = it.post("user-created", "/users", body).await.id();
    let body = json!({"suspended": true, "role": "lead"});
    it.patch("user-updated", &format!("/users/{user}"), body)
        .await;
    it.get("users", "/users").await;
    it.get("spaces", "/spaces").await;
    for key in [
        "note",
        "contact_email",
        "reference_url",
        "onboarded_on",
        "hotline",
        "is_regulated",
        "risk_score",
        "products",
        "markets",
    ] {
        it.get(
            &format!("custom-property-{key}"),
            &format!("/custom-properties/case/{key}"),
        )
        .await;
    }
    it.get(
        "custom-properties",
        "/custom-properties/case?include_archived=true",
    )
    .await;
}
