//! Invisible characters: a name of nothing else is blank, and numbers and codes ignore them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse};

const INVISIBLE: [&str; 5] = [
    "\u{200b}",
    "\u{feff}\u{a0}",
    "\u{2060}\u{202a}\u{202c}",
    "\u{3164}",
    "\u{ad}\u{e0020}",
];

async fn post(app: &TestApp, path: &str, body: Value) -> TestResponse {
    app.call(Method::POST, path, &body).await
}

#[tokio::test]
async fn rejects_names_of_only_invisible_characters_in_every_request() {
    let app = TestApp::start().await;
    let case = json!({"name": "A", "companies": [{"name": "B"}],
        "individuals": [{"first_name": "C", "last_name": "D"}]});
    let case = app.create(&case).await;
    let path_of = |part: &str| {
        format!(
            "/{part}/{}",
            case.body[part][0]["id"].as_str().expect("an id")
        )
    };
    for name in INVISIBLE {
        let person = json!({"first_name": name, "last_name": "\u{200d} "});
        let requests = [
            (
                Method::POST,
                "/cases".to_owned(),
                json!({"name": name}),
                "/name",
            ),
            (
                Method::PATCH,
                format!("/cases/{}", case.id()),
                json!({"name": name}),
                "/name",
            ),
            (
                Method::POST,
                "/cases".to_owned(),
                json!({"name": "A", "companies": [{"name": name}]}),
                "/companies/0/name",
            ),
            (
                Method::PATCH,
                path_of("companies"),
                json!({"name": name}),
                "/name",
            ),
            (
                Method::POST,
                "/cases".to_owned(),
                json!({"name": "A", "individuals": [person]}),
                "/individuals/0/first_name",
            ),
            (Method::PATCH, path_of("individuals"), person, "/first_name"),
            (
                Method::POST,
                "/tags".to_owned(),
                json!({"label": name}),
                "/label",
            ),
            (
                Method::POST,
                "/templates".to_owned(),
                json!({"key": "k", "name": name}),
                "/name",
            ),
            (
                Method::POST,
                "/custom-properties/case".to_owned(),
                json!({"key": "k", "label": name, "type": "text"}),
                "/label",
            ),
            (
                Method::POST,
                "/users".to_owned(),
                json!({"first_name": name, "last_name": "A", "email": "a@b.test"}),
                "/first_name",
            ),
        ];
        for (method, path, body, pointer) in requests {
            let response = app.call(method, &path, &body).await;
            assert_eq!(response.status, 400, "{name:?} {path}: {}", response.body);
            assert_eq!(response.errors()[0], (pointer, "blank"), "{name:?} {path}");
        }
    }
    // People with one name, and names that need joiners.
    let people = [("Mononym", ""), ("می\u{200c}رود", "\u{200d}क्\u{200d}ष")];
    for (first_name, last_name) in people {
        let person = json!({"first_name": first_name, "last_name": last_name});
        let created = post(
            &app,
            "/cases",
            json!({"name": "A", "individuals": [person]}),
        )
        .await;
        assert_eq!(
            created.expect(201).body["individuals"][0]["last_name"],
            last_name
        );
    }
}

/// Field of an individual, value sent, value stored.
const CLEANED: [(&str, &str, &str); 13] = [
    (
        "phone_number",
        "\u{202a}+33 6 12 34 56 78\u{202c}",
        "+33612345678",
    ),
    (
        "phone_number",
        "+33\u{a0}6\u{2011}12\u{2010}34\u{2013}56\u{200b}78",
        "+33612345678",
    ),
    (
        "phone_number",
        "＋３３（６）１２３４５６７８",
        "+33612345678",
    ),
    (
        "iban",
        "FR76\u{a0}3000 6000\u{2011}0112\u{200b}3456 7890 189",
        "FR7630006000011234567890189",
    ),
    (
        "iban",
        "\u{feff}ＦＲ76 3000 6000 0112 3456 7890 189",
        "FR7630006000011234567890189",
    ),
    (
        "iban",
        "FR76-3000-6000-0112-3456-7890-189",
        "FR7630006000011234567890189",
    ),
    ("bic", " BNPAFRPP ", "BNPAFRPP"),
    ("bic", "bnpa fr pp xxx", "BNPAFRPPXXX"),
    ("bic", "\u{a0}ＢＮＰＡFRPP\u{200b}", "BNPAFRPP"),
    ("email", " jane@example.com ", "jane@example.com"),
    (
        "email",
        "\u{feff}jane@example.com\u{a0}",
        "jane@example.com",
    ),
    (
        "email",
        "\u{202a}jane@example.com\u{202c}",
        "jane@example.com",
    ),
    ("email", "jane@example.com\n", "jane@example.com"),
];

/// Characters that cannot be removed are named in the error.
const NAMED: [(&str, &str, &str); 9] = [
    (
        "phone_number",
        "+33 6 12 34 56 78\u{202e}",
        "U+202E RIGHT-TO-LEFT OVERRIDE at position 18",
    ),
    ("phone_number", "+33 6 12 34 56 7٨", "U+0668"),
    ("phone_number", "+33 6 12/34 56 78", "/ at position 9"),
    (
        "iban",
        "FR76\u{202e}30006000011234567890189",
        "U+202E RIGHT-TO-LEFT OVERRIDE at position 5",
    ),
    (
        "iban",
        "FR7630006000011234567890l8é",
        "é (U+00E9) at position 27",
    ),
    (
        "bic",
        "BNPA\u{202d}FRPP",
        "U+202D LEFT-TO-RIGHT OVERRIDE at position 5",
    ),
    (
        "email",
        "ja\u{202a}ne@example.com",
        "U+202A LEFT-TO-RIGHT EMBEDDING at position 3",
    ),
    (
        "email",
        "jane\u{2011}doe@example.com",
        "U+2011 NON-BREAKING HYPHEN at position 5",
    ),
    ("email", "jane＠example.com", "U+FF20"),
];

fn individual(field: &str, sent: &str) -> Value {
    let mut person = json!({"first_name": "Jo", "last_name": "Doe"});
    if ["iban", "bic"].contains(&field) {
        person["banking_information"] = json!({field: sent});
    } else {
        person[field] = json!(sent);
    }
    json!({"name": "A", "individuals": [person]})
}

#[tokio::test]
async fn removes_invisible_characters_from_numbers_and_codes_or_names_them() {
    let app = TestApp::start().await;
    for (field, sent, stored) in CLEANED {
        let created = post(&app, "/cases", individual(field, sent)).await;
        assert_eq!(created.status, 201, "{sent:?}: {}", created.body);
        let person = &created.body["individuals"][0];
        let found = if ["iban", "bic"].contains(&field) {
            &person["banking_information"][field]
        } else {
            &person[field]
        };
        assert_eq!(found, stored, "{sent:?}");
        if field == "email" {
            let body = json!({"name": "A", "custom_properties": {"contact_email": sent}});
            let created = post(&app, "/cases", body).await.expect(201);
            assert_eq!(created.body["custom_properties"]["contact_email"], stored);
        }
    }
    for (field, sent, named) in NAMED {
        let response = post(&app, "/cases", individual(field, sent)).await;
        assert_eq!(response.status, 400, "{sent:?}: {}", response.body);
        let message = response.body["errors"][0]["message"]
            .as_str()
            .expect("a message");
        assert!(message.contains(named), "{sent:?}: {message}");
        assert!(
            !message.contains(['\u{202a}', '\u{202d}', '\u{202e}']),
            "{message}"
        );
    }
    let user = json!({"first_name": "A", "last_name": "B", "email": "\u{a0}u@b.test "});
    let user = post(&app, "/users", user).await.expect(201);
    assert_eq!(user.body["email"], "u@b.test");
}

#[tokio::test]
async fn suggests_the_code_of_a_country_name() {
    let app = TestApp::start().await;
    let error_for = async |country: &str| {
        let body = json!({"name": "A", "companies": [{"name": "B", "country": country}]});
        let response = post(&app, "/cases", body).await.expect(400);
        assert_eq!(response.errors(), [("/companies/0/country", "country")]);
        response.body["errors"][0].clone()
    };
    for (sent, expected) in [
        ("Ivory Coast", "CI"),
        ("côte d’ivoire", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("South Korea", "KR"),
        ("Republic of Korea", "KR"),
        ("NORTH KOREA", "KP"),
        ("EL", "GR"),
        ("UK", "GB"),
        ("England", "GB"),
        ("Scotland", "GB"),
        ("USA", "US"),
        ("United States", "US"),
        ("america", "US"),
        ("Russia", "RU"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("Czech Republic", "CZ"),
        ("Holland", "NL"),
        ("The Netherlands", "NL"),
        ("Curacao", "CW"),
        ("Réunion", "RE"),
        ("Aland Islands", "AX"),
        ("Sao Tome", "ST"),
        ("French", "FR"),
        ("german", "DE"),
        ("Swiss", "CH"),
        ("British", "GB"),
        ("Ivorian", "CI"),
        ("Burma", "MM"),
        ("Swaziland", "SZ"),
        ("Cape Verde", "CV"),
        ("Vatican", "VA"),
        ("Kosovo", "XK"),
        ("DRC", "CD"),
        ("U.A.E.", "AE"),
        (" FR ", "FR"),
        ("ＤＥ", "DE"),
        ("DD", "DE"),
        ("BU", "MM"),
        ("ZR", "CD"),
        ("East Germany", "DE"),
    ] {
        let error = error_for(sent).await;
        assert_eq!(error["suggestion"], expected, "{sent}: {error}");
    }
    for (sent, name, successors) in [
        (
            "YU",
            "Yugoslavia",
            vec!["BA", "HR", "ME", "MK", "RS", "SI", "XK"],
        ),
        ("CS", "Serbia and Montenegro", vec!["CZ", "ME", "RS", "SK"]),
        (
            "SU",
            "USSR",
            vec![
                "AM", "AZ", "BY", "EE", "GE", "KG", "KZ", "LT", "LV", "MD", "RU", "TJ", "TM", "UA",
                "UZ",
            ],
        ),
        ("AN", "Netherlands Antilles", vec!["BQ", "CW", "SX"]),
        ("Czechoslovakia", "Czechoslovakia", vec!["CZ", "SK"]),
        (
            "YUG",
            "Yugoslavia",
            vec!["BA", "HR", "ME", "MK", "RS", "SI", "XK"],
        ),
    ] {
        let error = error_for(sent).await;
        assert_eq!(error["allowed"], json!(successors), "{sent}: {error}");
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(name), "{sent}: {message}");
        assert_eq!(error.get("suggestion"), None, "{sent}: {error}");
    }
    for sent in ["ZZ", "Atlantis", "Korea", "Congo"] {
        assert_eq!(error_for(sent).await.get("suggestion"), None, "{sent}");
    }
    let filtered = app.get("/companies?country=EL").await.expect(400);
    assert_eq!(filtered.body["errors"][0]["suggestion"], "GR");
}
