//! Characters that nobody sees: alone they say nothing, and in numbers and codes they mean nothing.

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
async fn a_name_of_invisible_characters_alone_is_blank_at_every_door() {
    let app = TestApp::start().await;
    let case = json!({"name": "A", "companies": [{"name": "B"}],
        "individuals": [{"first_name": "C", "last_name": "D"}]});
    let case = app.create(&case).await;
    let of = |part: &str| {
        format!(
            "/{part}/{}",
            case.body[part][0]["id"].as_str().expect("an id")
        )
    };
    for name in INVISIBLE {
        let person = json!({"first_name": name, "last_name": "\u{200d} "});
        let doors = [
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
                of("companies"),
                json!({"name": name}),
                "/name",
            ),
            (
                Method::POST,
                "/cases".to_owned(),
                json!({"name": "A", "individuals": [person]}),
                "/individuals/0/first_name",
            ),
            (Method::PATCH, of("individuals"), person, "/first_name"),
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
        for (method, path, body, pointer) in doors {
            let refused = app.call(method, &path, &body).await;
            assert_eq!(refused.status, 400, "{name:?} {path}: {}", refused.body);
            assert_eq!(refused.errors()[0], (pointer, "blank"), "{name:?} {path}");
        }
    }
    // People with one name, and names that need joiners.
    let people = [("Mononym", ""), ("می\u{200c}رود", "\u{200d}क्\u{200d}ष")];
    for (first_name, last_name) in people {
        let person = json!({"first_name": first_name, "last_name": last_name});
        let made = post(
            &app,
            "/cases",
            json!({"name": "A", "individuals": [person]}),
        )
        .await;
        assert_eq!(
            made.expect(201).body["individuals"][0]["last_name"],
            last_name
        );
    }
}

/// Member of an individual, what was sent, and what is stored.
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

/// What cannot be dropped is named.
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

fn individual(member: &str, sent: &str) -> Value {
    let mut person = json!({"first_name": "Jo", "last_name": "Doe"});
    if ["iban", "bic"].contains(&member) {
        person["banking_information"] = json!({member: sent});
    } else {
        person[member] = json!(sent);
    }
    json!({"name": "A", "individuals": [person]})
}

#[tokio::test]
async fn invisible_characters_are_dropped_from_numbers_and_codes_or_named() {
    let app = TestApp::start().await;
    for (member, sent, stored) in CLEANED {
        let made = post(&app, "/cases", individual(member, sent)).await;
        assert_eq!(made.status, 201, "{sent:?}: {}", made.body);
        let person = &made.body["individuals"][0];
        let found = if ["iban", "bic"].contains(&member) {
            &person["banking_information"][member]
        } else {
            &person[member]
        };
        assert_eq!(found, stored, "{sent:?}");
        if member == "email" {
            let body = json!({"name": "A", "custom_properties": {"contact_email": sent}});
            let made = post(&app, "/cases", body).await.expect(201);
            assert_eq!(made.body["custom_properties"]["contact_email"], stored);
        }
    }
    for (member, sent, named) in NAMED {
        let refused = post(&app, "/cases", individual(member, sent)).await;
        assert_eq!(refused.status, 400, "{sent:?}: {}", refused.body);
        let message = refused.body["errors"][0]["message"].as_str().expect("one");
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
async fn a_country_that_is_no_code_is_answered_with_the_code_that_was_meant() {
    let app = TestApp::start().await;
    let ask = async |country: &str| {
        let body = json!({"name": "A", "companies": [{"name": "B", "country": country}]});
        let refused = post(&app, "/cases", body).await.expect(400);
        assert_eq!(refused.errors(), [("/companies/0/country", "country")]);
        refused.body["errors"][0].clone()
    };
    for (sent, meant) in [
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
        let error = ask(sent).await;
        assert_eq!(error["suggestion"], meant, "{sent}: {error}");
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
        let error = ask(sent).await;
        assert_eq!(error["allowed"], json!(successors), "{sent}: {error}");
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(name), "{sent}: {message}");
        assert_eq!(error.get("suggestion"), None, "{sent}: {error}");
    }
    for sent in ["ZZ", "Atlantis", "Korea", "Congo"] {
        assert_eq!(ask(sent).await.get("suggestion"), None, "{sent}");
    }
    let filtered = app.get("/companies?country=EL").await.expect(400);
    assert_eq!(filtered.body["errors"][0]["suggestion"], "GR");
}
