//! Property tests: GET returns what POST accepted.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::TestApp;

/// Any valid name: all characters except U+0000, with at least one visible character.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[^\u{0}]{0,20}".prop_map(|text| format!("x{text}")),
        1 => r#"["\\'%$;{}<>&\u{1}\u{7f}\u{85}\u{2028}\u{feff}\u{fffd}\u{10ffff}]{1,10}"#
            .prop_map(|text| format!("{text}x")),
    ]
}

fn percentage() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..=100_u8).prop_map(Value::from),
        (0.0..=100.0_f64).prop_map(Value::from),
        Just(json!(5e-324)),
        Just(json!(-0.0)),
        Just(json!(1e2)),
    ]
}

fn date() -> impl Strategy<Value = String> {
    (1..=9999_u16, 1..=12_u8, 1..=28_u8)
        .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"))
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(words).prop_map(Value::from)
}

/// An object with each field present, null or absent.
fn object(
    fields: Vec<(&'static str, BoxedStrategy<Value>)>,
) -> impl Strategy<Value = Map<String, Value>> {
    let fields = fields.into_iter().map(|(key, value)| {
        let value =
            prop_oneof![6 => value.prop_map(Some), 1 => Just(Some(Value::Null)), 5 => Just(None)];
        value.prop_map(move |value| value.map(|value| (key.to_owned(), value)))
    });
    fields
        .collect::<Vec<_>>()
        .prop_map(|fields| fields.into_iter().flatten().collect())
}

fn string_fields(keys: &'static [&'static str]) -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let string = || name().prop_map(Value::from).boxed();
    keys.iter().map(|key| (*key, string())).collect()
}

fn address() -> BoxedStrategy<Value> {
    let mut fields = string_fields(&["street_address", "postal_code", "city", "state", "region"]);
    fields.push(("country", one_of(&["FR", "fr", "XK", "US"]).boxed()));
    object(fields).prop_map(Value::from).boxed()
}

fn bank() -> BoxedStrategy<Value> {
    object(vec![
        (
            "iban",
            one_of(&["FR7630006000011234567890189", "de89 3704 0044 0532 0130 00"]).boxed(),
        ),
        ("bic", one_of(&["BNPAFRPPXXX", "deutdeff"]).boxed()),
    ])
    .prop_map(Value::from)
    .boxed()
}

fn properties() -> BoxedStrategy<Value> {
    let lists = |words| vec(one_of(words), 0..=1).prop_map(Value::from).boxed();
    object(vec![
        ("note", name().prop_map(Value::from).boxed()),
        (
            "contact_email",
            one_of(&["a@b", "jane.doe+kyc@example.co.uk"]).boxed(),
        ),
        (
            "reference_url",
            one_of(&["https://example.com/a?b=%20#c"]).boxed(),
        ),
        ("onboarded_on", date().prop_map(Value::from).boxed()),
        (
            "hotline",
            one_of(&["+33 6 12 34 56 78", "+12015550123"]).boxed(),
        ),
        ("is_regulated", any::<bool>().prop_map(Value::from).boxed()),
        ("risk_score", percentage().boxed()),
        ("products", lists(&["cards", "loans"])),
        ("markets", lists(&["FR", "de"])),
    ])
    .prop_map(Value::from)
    .boxed()
}

fn company() -> impl Strategy<Value = Map<String, Value>> {
    let mut fields = string_fields(&[
        "commercial_name",
        "registration_number",
        "legal_form",
        "share_capital",
        "tax_identification_number",
        "website_url",
        "employer_identification_number",
    ]);
    let classification = (name(), name())
        .prop_map(|(kind, code)| json!({"type": kind, "code": code, "description": ""}));
    fields.extend([
        ("registration_date", date().prop_map(Value::from).boxed()),
        (
            "status",
            one_of(&["live", "closed", "not_reported"]).boxed(),
        ),
        ("entity_legal_form", one_of(&["6CHY", "8888"]).boxed()),
        ("country", one_of(&["FR", "gb"]).boxed()),
        ("address", address()),
        (
            "classifications",
            vec(classification, 0..3).prop_map(Value::from).boxed(),
        ),
        ("banking_information", bank()),
        ("custom_properties", properties()),
    ]);
    (name(), object(fields)).prop_map(|(name, mut company)| {
        company.insert("name".to_owned(), name.into());
        company
    })
}

fn individual() -> impl Strategy<Value = Map<String, Value>> {
    let mut fields = string_fields(&[
        "middle_name",
        "maiden_name",
        "birth_place",
        "tax_identification_number",
        "social_security_number",
        "position",
    ]);
    fields.extend([
        (
            "is_beneficial_owner",
            any::<bool>().prop_map(Value::from).boxed(),
        ),
        (
            "is_controlling_person",
            any::<bool>().prop_map(Value::from).boxed(),
        ),
        ("is_delegator", any::<bool>().prop_map(Value::from).boxed()),
        ("email", one_of(&["a@b", "x@example.com"]).boxed()),
        ("birth_date", one_of(&["0001-01-01", "2000-02-29"]).boxed()),
        ("birth_country", one_of(&["fr", "JP"]).boxed()),
        ("gender", one_of(&["male", "female", "other"]).boxed()),
        (
            "nationalities",
            vec(one_of(&["FR"]), 0..=1).prop_map(Value::from).boxed(),
        ),
        ("address", address()),
        ("banking_information", bank()),
        ("phone_number", one_of(&["+33612345678"]).boxed()),
        ("ownership_percentage", percentage().boxed()),
        ("voting_rights_percentage", percentage().boxed()),
        (
            "roles",
            vec(one_of(&["shareholder", "legal_representative"]), 0..=1)
                .prop_map(Value::from)
                .boxed(),
        ),
        ("custom_properties", properties()),
    ]);
    (name(), option::of(name()), object(fields)).prop_map(|(first, last, mut individual)| {
        individual.insert("first_name".to_owned(), first.into());
        individual.insert("last_name".to_owned(), last.unwrap_or_default().into());
        individual
    })
}

/// A complete, valid case.
fn case() -> impl Strategy<Value = Value> {
    let metadata = prop::collection::btree_map(name(), "[^\u{0}]{0,30}", 0..4);
    let fields = object(vec![
        ("status", one_of(&["draft", "open"]).boxed()),
        (
            "template_key",
            one_of(&["kyb_standard", "kyc_standard"]).boxed(),
        ),
        (
            "assignee_id",
            one_of(&["0198a000-0000-4000-8000-000000000301"]).boxed(),
        ),
        ("space_slug", one_of(&["space_Sandbox00001"]).boxed()),
        ("metadata", metadata.prop_map(|it| json!(it)).boxed()),
        ("custom_properties", properties()),
        (
            "tags",
            vec(one_of(&["VIP", "vip", "low risk"]), 0..4)
                .prop_map(Value::from)
                .boxed(),
        ),
    ]);
    (
        name(),
        fields,
        vec(company(), 0..4),
        vec(individual(), 0..4),
    )
        .prop_map(|(name, mut case, mut companies, mut individuals)| {
            case.insert("name".to_owned(), name.into());
            let holds = json!([{"source_company_ref": "0", "ownership_percentage": 12.5}]);
            for (index, company) in companies.iter_mut().enumerate() {
                let kind = if index == 0 { "main" } else { "affiliated" };
                company.insert("type".to_owned(), kind.into());
                company.insert("ref".to_owned(), index.to_string().into());
                if index > 0 {
                    company.insert("relations".to_owned(), holds.clone());
                }
            }
            if companies.len() > 1 {
                for individual in &mut individuals {
                    let relations = json!([{"source_company_ref": "1", "position": "CFO"}]);
                    individual.insert("relations".to_owned(), relations);
                }
            }
            case.insert("companies".to_owned(), json!(companies));
            case.insert("individuals".to_owned(), json!(individuals));
            Value::Object(case)
        })
}

/// Collects pointers to every value in a document except the document itself.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (segment, child) in children {
        let pointer = format!("{at}/{segment}");
        pointers(child, &pointer, found);
        found.push(pointer);
    }
}

/// A case with one value replaced, usually by an invalid one.
fn case_with_one_replaced_value() -> impl Strategy<Value = Value> {
    let other = prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        Just(json!("a\u{0}b")),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"": [null]})),
        Just(json!("main")),
        Just(json!("2020-01-31T00:00:00Z")),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
    ];
    (case(), any::<prop::sample::Index>(), other).prop_map(|(mut case, at, other)| {
        let mut pointers_of_case = Vec::new();
        pointers(&case, "", &mut pointers_of_case);
        let pointer = at.get(&pointers_of_case);
        *case.pointer_mut(pointer).expect("a value of the case") = other;
        case
    })
}

/// Asserts that the response repeats plain strings unchanged.
fn assert_unchanged(sent: &Value, received: &Value, keys: &[&str]) -> Result<(), TestCaseError> {
    for key in keys {
        let sent = sent
            .get(key)
            .filter(|it| !it.is_null())
            .unwrap_or(&Value::Null);
        prop_assert_eq!(sent, &received[*key], "{}", key);
    }
    Ok(())
}

/// Runs a property test against a server.
fn check<S: Strategy>(
    sent: S,
    property: impl Fn(&TestApp, &tokio::runtime::Runtime, S::Value) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let app = runtime.block_on(TestApp::start());
    let config = Config {
        cases: 96,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&sent, |sent| property(&app, &runtime, sent));
    // The server's connections belong to the runtime.
    runtime.block_on(async { drop(app) });
    result.expect("the property");
}

fn assert_stored(
    app: &TestApp,
    runtime: &tokio::runtime::Runtime,
    created: &Value,
) -> Result<(), TestCaseError> {
    let id = created["id"].as_str().expect("an id");
    let read = runtime.block_on(app.get(&format!("/cases/{id}")));
    prop_assert_eq!(&read.body, created);
    Ok(())
}

#[test]
fn valid_cases_are_stored_and_read_back() {
    check(case(), |app, runtime, sent| {
        let created = runtime.block_on(app.post(sent.to_string()));
        prop_assert_eq!(created.status.as_u16(), 201, "{}", created.body);
        assert_stored(app, runtime, &created.body)?;
        assert_unchanged(&sent, &created.body, &["name"])?;
        for (kind, keys) in [
            (
                "companies",
                &["name", "commercial_name", "share_capital", "legal_form"][..],
            ),
            (
                "individuals",
                &[
                    "first_name",
                    "last_name",
                    "maiden_name",
                    "social_security_number",
                ],
            ),
        ] {
            let sent = sent[kind].as_array().expect("an array");
            let received = created.body[kind].as_array().expect("an array");
            prop_assert_eq!(sent.len(), received.len());
            for (sent, received) in sent.iter().zip(received) {
                assert_unchanged(sent, received, keys)?;
            }
        }
        Ok(())
    });
}

#[test]
fn accepted_cases_are_stored_and_others_rejected_with_valid_pointers() {
    check(case_with_one_replaced_value(), |app, runtime, sent| {
        let response = runtime.block_on(app.post(sent.to_string()));
        if response.status == 201 {
            return assert_stored(app, runtime, &response.body);
        }
        prop_assert_eq!(response.status.as_u16(), 400, "{}", response.body);
        for (pointer, _) in response.errors() {
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            prop_assert!(sent.pointer(parent).is_some(), "{}", response.body);
        }
        Ok(())
    });
}
