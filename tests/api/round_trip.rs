//! Whatever the parser accepts, PostgreSQL stores and GET returns.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::TestApp;

/// Any text that a name may be: every character but U+0000, at least one of them visible.
fn text() -> impl Strategy<Value = String> {
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

/// An object whose members are each there, null, or absent.
fn object(
    members: Vec<(&'static str, BoxedStrategy<Value>)>,
) -> impl Strategy<Value = Map<String, Value>> {
    let members = members.into_iter().map(|(key, value)| {
        let value =
            prop_oneof![6 => value.prop_map(Some), 1 => Just(Some(Value::Null)), 5 => Just(None)];
        value.prop_map(move |value| value.map(|value| (key.to_owned(), value)))
    });
    members
        .collect::<Vec<_>>()
        .prop_map(|members| members.into_iter().flatten().collect())
}

fn texts(keys: &'static [&'static str]) -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let text = || text().prop_map(Value::from).boxed();
    keys.iter().map(|key| (*key, text())).collect()
}

fn address() -> BoxedStrategy<Value> {
    let mut members = texts(&["street_address", "postal_code", "city", "state", "region"]);
    members.push(("country", one_of(&["FR", "fr", "XK", "US"]).boxed()));
    object(members).prop_map(Value::from).boxed()
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
        ("note", text().prop_map(Value::from).boxed()),
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
    let mut members = texts(&[
        "commercial_name",
        "registration_number",
        "legal_form",
        "share_capital",
        "tax_identification_number",
        "website_url",
        "employer_identification_number",
    ]);
    let classification = (text(), text())
        .prop_map(|(kind, code)| json!({"type": kind, "code": code, "description": ""}));
    members.extend([
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
    (text(), object(members)).prop_map(|(name, mut company)| {
        company.insert("name".to_owned(), name.into());
        company
    })
}

fn individual() -> impl Strategy<Value = Map<String, Value>> {
    let mut members = texts(&[
        "middle_name",
        "maiden_name",
        "birth_place",
        "tax_identification_number",
        "social_security_number",
        "position",
    ]);
    members.extend([
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
    (text(), option::of(text()), object(members)).prop_map(|(first, last, mut individual)| {
        individual.insert("first_name".to_owned(), first.into());
        individual.insert("last_name".to_owned(), last.unwrap_or_default().into());
        individual
    })
}

/// A whole case in which nothing is wrong.
fn case() -> impl Strategy<Value = Value> {
    let metadata = prop::collection::btree_map(text(), "[^\u{0}]{0,30}", 0..4);
    let members = object(vec![
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
        text(),
        members,
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

/// Pointers to every value of a document but the document itself.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
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

/// A case in which one value is another than it was: mostly wrong, sometimes not.
fn disturbed_case() -> impl Strategy<Value = Value> {
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
        let mut places = Vec::new();
        pointers(&case, "", &mut places);
        let place = at.get(&places);
        *case.pointer_mut(place).expect("a place of this case") = other;
        case
    })
}

/// What was sent as plain text stands in the answer as it was sent.
fn echoes(sent: &Value, answered: &Value, keys: &[&str]) -> Result<(), TestCaseError> {
    for key in keys {
        let sent = sent
            .get(key)
            .filter(|it| !it.is_null())
            .unwrap_or(&Value::Null);
        prop_assert_eq!(sent, &answered[*key], "{}", key);
    }
    Ok(())
}

/// Runs a property over a server.
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
    let done = TestRunner::new(config).run(&sent, |sent| property(&app, &runtime, sent));
    // Its connections belong to the runtime.
    runtime.block_on(async { drop(app) });
    done.expect("it holds for every case");
}

fn is_read_back(
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
fn whatever_is_right_is_stored_and_read_back() {
    check(case(), |app, runtime, sent| {
        let created = runtime.block_on(app.post(sent.to_string()));
        prop_assert_eq!(created.status.as_u16(), 201, "{}", created.body);
        is_read_back(app, runtime, &created.body)?;
        echoes(&sent, &created.body, &["name"])?;
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
            let answered = created.body[kind].as_array().expect("an array");
            prop_assert_eq!(sent.len(), answered.len());
            for (sent, answered) in sent.iter().zip(answered) {
                echoes(sent, answered, keys)?;
            }
        }
        Ok(())
    });
}

#[test]
fn whatever_is_accepted_is_stored_and_all_else_is_refused_at_a_place_of_the_body() {
    check(disturbed_case(), |app, runtime, sent| {
        let response = runtime.block_on(app.post(sent.to_string()));
        if response.status == 201 {
            return is_read_back(app, runtime, &response.body);
        }
        prop_assert_eq!(response.status.as_u16(), 400, "{}", response.body);
        for (pointer, _) in response.errors() {
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            prop_assert!(sent.pointer(parent).is_some(), "{}", response.body);
        }
        Ok(())
    });
}
