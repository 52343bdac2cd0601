//! The errors that the parser reports, and the drafts that it makes.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::validation::{read, sort_in_document_order};

fn parse(body: &[u8]) -> CaseDraft {
    let now = DateTime::from_timestamp(1_795_500_000, 0).unwrap_or_default();
    let mut draft = CaseDraft::parse(read(body).expect("JSON"), Mode::Create, now);
    sort_in_document_order(&mut draft.violations, body);
    draft
}

fn faults(body: &str) -> Vec<(String, &'static str)> {
    let draft = parse(body.as_bytes());
    let kept = draft.violations.recorded().iter();
    kept.map(|it| (it.pointer.clone(), it.fault.code.as_str()))
        .collect()
}

#[test]
fn reports_every_error_in_document_order() {
    let body = r#"{
        "extrenal_id": "x", "status": "opne", "name": " ", "metadata": {"a": 1, "a": "b"},
        "individuals": [
            {"first_name": "", "last_name": " ", "email": "nobody", "phone_number": "0612",
             "is_signatory": true, "is_delegator": true, "nationalities": ["FR", "fr", null],
             "birth_date": "2999-01-01", "ownership_percentage": 101,
             "relations": [{"source_company_ref": "mian"}]},
            7
        ],
        "template_key": "a", "template_id": "018f3b7e-5c1a-7d3e-9a44-2f1b6c8d9e10",
        "companies": [
            {"ref": "main", "name": "A", "country": "UK"},
            {"ref": "main", "type": "main", "registration_date": "2024-02-30",
             "banking_information": {"iban": "FR7630006000011234567890180", "bic": "x"}}
        ],
        "tags": ["VIP\u0000"]
    }"#;
    let expected = [
        ("/extrenal_id", "unknown_field"),
        ("/status", "choice"),
        ("/name", "blank"),
        ("/metadata/a", "duplicate_key"),
        ("/metadata/a", "type"),
        ("/individuals/0/first_name", "blank"),
        ("/individuals/0/last_name", "blank"),
        ("/individuals/0/email", "format"),
        ("/individuals/0/phone_number", "format"),
        ("/individuals/0/is_signatory", "delegator_and_signatory"),
        ("/individuals/0/is_delegator", "delegator_and_signatory"),
        ("/individuals/0/nationalities/1", "duplicate_value"),
        ("/individuals/0/nationalities/2", "type"),
        ("/individuals/0/birth_date", "date_in_future"),
        ("/individuals/0/ownership_percentage", "range"),
        (
            "/individuals/0/relations/0/source_company_ref",
            "ref_not_found",
        ),
        ("/individuals/1", "type"),
        ("/template_key", "mutually_exclusive"),
        ("/template_id", "mutually_exclusive"),
        ("/companies/0/country", "country"),
        ("/companies/1/ref", "ref_duplicate"),
        ("/companies/1/type", "main_company_repeated"),
        ("/companies/1/registration_date", "format"),
        ("/companies/1/banking_information/iban", "checksum"),
        ("/companies/1/banking_information/bic", "format"),
        ("/companies/1/name", "required"),
        ("/tags/0", "character"),
    ];
    let expected: Vec<_> = expected.map(|(at, code)| (at.to_owned(), code)).into();
    assert_eq!(faults(body), expected);
}

#[test]
fn omits_errors_that_follow_from_a_missing_main_company() {
    let body = r#"{"name": "A", "companies": [{"name": "B", "type": "affiliated",
        "relations": [{}]}], "individuals": [{"first_name": "C", "last_name": "D",
        "relations": [{}]}]}"#;
    assert_eq!(
        faults(body),
        [("/companies".to_owned(), "main_company_missing")]
    );
    let misspelt = r#"{"name": "A", "companies": [{"name": "B", "type": "mian"}]}"#;
    assert_eq!(
        faults(misspelt),
        [("/companies/0/type".to_owned(), "choice")]
    );
}

#[test]
fn refuses_invalid_relations() {
    let body = |relations: &str| {
        format!(
            r#"{{"name": "A", "companies": [{{"name": "B", "ref": "b", "relations": [{{}}]}}],
            "individuals": [{{"first_name": "C", "last_name": "", "ref": "c",
            "roles": ["shareholder"], "position": "CEO", "relations": {relations}}}]}}"#
        )
    };
    let to_self = (
        "/companies/0/relations/0/source_company_ref".to_owned(),
        "relation_to_self",
    );
    assert_eq!(faults(&body("[]")), std::slice::from_ref(&to_self));
    for (relations, pointer, code) in [
        (
            r#"[{}, {"source_company_ref": "b"}]"#,
            "/relations/1",
            "relation_duplicate",
        ),
        (
            r#"[{"source_company_ref": "c"}]"#,
            "/relations/0/source_company_ref",
            "ref_not_a_company",
        ),
        (r#"[{"position": "CFO"}]"#, "/position", "relation_conflict"),
        (
            r#"[{"roles": ["legal_representative"]}]"#,
            "/roles",
            "relation_conflict",
        ),
    ] {
        let expected = (format!("/individuals/0{pointer}"), code);
        assert_eq!(faults(&body(relations)), [to_self.clone(), expected]);
    }
    let without_company = r#"{"name": "A", "individuals": [{"first_name": "C", "last_name": "D",
        "roles": ["shareholder"], "relations": [{}]}]}"#;
    let expected = (
        "/individuals/0/relations/0".to_owned(),
        "relation_without_company",
    );
    assert_eq!(faults(without_company), [expected]);
}

#[test]
fn merges_details_of_an_individual_into_its_relation_to_the_main_company() {
    let body = r#"{"name": "A", "companies": [{"name": "B"}], "individuals": [
        {"first_name": "C", "last_name": "D", "roles": ["shareholder", "beneficial_owner"],
         "ownership_percentage": 25, "relations": [{"position": "CEO"}]},
        {"first_name": "E", "last_name": "F", "roles": []}]}"#;
    let draft = parse(body.as_bytes());
    assert_eq!(draft.violations.recorded(), []);
    assert_eq!(draft.graph.relations.len(), 1);
    let to_main = draft.graph.relations.first();
    let to_main = to_main.filter(|it| Some(it.to) == draft.graph.main);
    let details = to_main.map(|it| it.details.clone()).unwrap_or_default();
    let details = serde_json::to_value(details).unwrap_or_default();
    let expected = json!({"roles": ["shareholder"], "position": "CEO",
        "ownership_percentage": 25, "voting_rights_percentage": null});
    assert_eq!(details, expected);
    let owner = draft
        .individuals
        .first()
        .map(|it| it.individual.is_beneficial_owner);
    assert_eq!(owner, Some(true));
}

#[test]
fn reports_a_missing_email_on_the_flag_and_on_the_email() {
    let body = r#"{"name": "A", "individuals": [{"first_name": "C", "last_name": "D",
        "is_business_contact": true, "email": ""}]}"#;
    let expected = [
        (
            "/individuals/0/is_business_contact".to_owned(),
            "email_required",
        ),
        ("/individuals/0/email".to_owned(), "email_required"),
    ];
    assert_eq!(faults(body), expected);
}

#[test]
fn accepts_empty_values_as_absent() {
    let body = r#"{"name": "A", "status": null, "external_id": "", "template_key": "",
        "template_id": null, "assignee_id": "", "metadata": [], "custom_properties": {},
        "tags": null, "companies": [{"name": "B", "address": [], "banking_information": {},
        "country": "", "ref": null, "relations": null, "classifications": null}],
        "individuals": null}"#;
    assert_eq!(faults(body), []);
}

#[test]
fn counts_errors_beyond_the_limit_without_listing_them() {
    let body = format!(r#"{{"companies": [{}0]}}"#, "{},".repeat(2_000));
    let draft = parse(body.as_bytes());
    assert_eq!(draft.violations.recorded().len(), Violations::MAX_RECORDED);
    assert!(draft.violations.total() > 1_000);
    let nothing = r#"{"name": "A", "companies": [{}"#;
    let malformed = read::<CaseRequest<'_>>(nothing.as_bytes()).expect_err("incomplete JSON");
    assert_eq!(
        malformed.reason,
        "The body ends before its JSON is complete"
    );
    assert!(read::<CaseRequest<'_>>(br#"{"name": 1e400}"#).is_err());
    assert!(read::<CaseRequest<'_>>("[".repeat(200).as_bytes()).is_err());
    assert_eq!(faults("[]"), [(String::new(), "type")]);
}

/// The CPU time of this thread.
fn cpu_time() -> Duration {
    let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
    clock.now().expect("a clock").into()
}

/// About 2 MiB of errors, each with a possible suggestion.
#[test]
fn refuses_many_misspelt_names_in_bounded_time() {
    let companies = (0..999)
        .map(|index| {
            let relations = (0..20).map(|_| json!({"source_company_ref": "i"}));
            let kind = if index == 0 { "main" } else { "affiliated" };
            json!({"name": "A", "type": kind, "ref": index.to_string(),
                "relations": relations.collect::<Vec<_>>()})
        })
        .collect::<Vec<_>>();
    let refs = json!({"name": "A", "companies": companies,
        "individuals": [{"first_name": "A", "last_name": "B", "ref": "i"}]});
    let unknown = (0..950)
        .map(|_| {
            let keys = (0..48).map(|key| (format!("first_name{key:027}"), json!(1)));
            Value::Object(keys.collect())
        })
        .collect::<Vec<_>>();
    let unknown = json!({"name": "A", "individuals": unknown});
    let roles = (0..1_000).map(|_| json!({"roles": vec!["sharehodler"; 10]}));
    let roles = json!({"name": "A", "individuals": [{"first_name": "A", "last_name": "B",
        "relations": roles.collect::<Vec<_>>()}], "companies": [{"name": "A"}]});
    for body in [refs, unknown, roles] {
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let begun = cpu_time();
        assert!(parse(&body).violations.total() > 1_000);
        let took = cpu_time() - begun;
        // With a suggestion for every error it took up to a minute.
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

#[test]
fn omits_errors_that_follow_from_another_error() {
    let mut companies = vec![json!({"name": "A", "type": "affiliated"}); 1_000];
    companies.push(json!({"name": "B", "ref": "b"}));
    let individual = json!({"first_name": "C", "last_name": "D",
        "relations": [{"source_company_ref": "b"}, {}]});
    let body = json!({"name": "A", "companies": companies, "individuals": [individual]});
    assert_eq!(
        faults(&body.to_string()),
        [("/companies".to_owned(), "too_many")]
    );
    let body = r#"{"name": "A", "individuals": [{"first_name": "C", "last_name": "D",
        "is_business_contact": false, "roles": ["applicant"]}, {"first_name": "C",
        "last_name": "D", "roles": ["applicant"]}]}"#;
    let expected = [
        ("/individuals/0/is_business_contact", "mutually_exclusive"),
        ("/individuals/0/roles/0", "mutually_exclusive"),
        ("/individuals/1/roles/0", "email_required"),
        ("/individuals/1/email", "email_required"),
    ];
    assert_eq!(
        faults(body),
        expected.map(|(at, code)| (at.to_owned(), code))
    );
}

#[test]
fn reports_every_error_of_a_field() {
    let metadata: String = (0..100).map(|key| format!(r#""k{key}": "v", "#)).collect();
    let body = format!(
        r#"{{"zzz": 1e400, "status": "x", "name": "A", "template_id": "x", "template_key": "a",
        "zzz": 1, "metadata": {{{metadata}"k7": "w"}}}}"#
    );
    let expected = [
        ("/zzz", "unknown_field"),
        ("/zzz", "duplicate_key"),
        ("/status", "choice"),
        ("/template_id", "format"),
        ("/template_id", "mutually_exclusive"),
        ("/template_key", "mutually_exclusive"),
        ("/metadata/k7", "duplicate_key"),
    ];
    let mut found = faults(&body);
    let expected = expected.map(|(at, code)| (at.to_owned(), code));
    // Errors with the same pointer have no order.
    let sorted = |faults: &[(String, &'static str)]| {
        let mut faults = faults.to_vec();
        faults.sort();
        faults
    };
    assert_eq!(sorted(&found), sorted(&expected));
    let mut pointers: Vec<_> = expected.iter().map(|it| it.0.clone()).collect();
    pointers.dedup();
    found.dedup_by(|a, b| a.0 == b.0);
    assert_eq!(
        found.into_iter().map(|it| it.0).collect::<Vec<_>>(),
        pointers
    );
}

/// JSON that often has keys of the API, so that the tests reach deep into the parser.
fn json_value() -> impl Strategy<Value = Value> {
    let known = CaseRequest::KNOWN.iter().chain(CompanyRequest::KNOWN);
    let known: Vec<_> = known.chain(IndividualRequest::KNOWN).copied().collect();
    let key = prop_oneof![
        9 => prop::sample::select(known).prop_map(str::to_owned),
        1 => ".{0,4}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        prop::sample::select(vec![
            "main",
            "open",
            "a@b",
            "FR",
            "2020-01-31",
            "shareholder"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 120, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn parses_any_json_and_reports_pointers_whose_parents_exist(
        value in json_value(),
    ) {
        let body = serde_json::to_vec(&value).unwrap_or_default();
        for violation in parse(&body).violations.recorded() {
            let pointer = violation.pointer.as_str();
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            prop_assert!(value.pointer(parent).is_some(), "{pointer}: {:?}", violation.fault);
        }
    }
}

#[test]
fn refuses_more_than_20_000_relations() {
    let relations = |count: usize| {
        let companies = (0..100).map(|number| {
            let kind = if number == 0 { "main" } else { "affiliated" };
            json!({"name": "A", "type": kind, "ref": number.to_string()})
        });
        let relations = (0..100).map(|number| json!({"source_company_ref": number.to_string()}));
        let relations = relations.collect::<Vec<_>>();
        let individuals = (0..count / 100)
            .map(|_| json!({"first_name": "A", "last_name": "B", "relations": relations}));
        let body = json!({"name": "A", "companies": companies.collect::<Vec<_>>(),
            "individuals": individuals.collect::<Vec<_>>()});
        faults(&body.to_string())
    };
    assert_eq!(relations(20_000), []);
    assert_eq!(relations(20_100), [(String::new(), "too_many")]);
}
