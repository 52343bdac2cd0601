//! Payloads and the API key of the benchmarks.

use serde_json::{Value, json};

/// API key of the sandbox.
pub const KEY: &str = "dossier_sandbox";

/// A case with a name only.
pub fn minimal() -> Value {
    json!({"name": "Acme"})
}

/// A complete KYB case for the sandbox: 3 companies, 4 individuals, 6 relations, 3 tags.
pub fn kyb() -> Value {
    json!({
        "name": "Acme SAS",
        "status": "open",
        "tags": ["VIP", "High risk", "Low risk"],
        "metadata": {"crm_id": "4711", "channel": "branch"},
        "companies": [
            {
                "ref": "main", "type": "main", "name": "Acme SAS", "country": "FR",
                "registration_number": "552100554", "registration_date": "2001-02-03",
                "status": "live", "legal_form": "SAS", "website_url": "https://acme.example",
                "address": {"street_address": "1 rue de la Paix", "city": "Paris",
                    "postal_code": "75002", "country": "FR"},
                "classifications": [{"type": "NACE", "code": "6201", "description": "Software"}],
                "banking_information": {"iban": "FR7630006000011234567890189",
                    "bic": "AGRIFRPP"}
            },
            {
                "ref": "holding", "type": "affiliated", "name": "Acme Holding BV", "country": "NL",
                "relations": [{"roles": ["shareholder"], "ownership_percentage": 60}]
            },
            {
                "ref": "fund", "type": "affiliated", "name": "Acme Fund SCA", "country": "LU",
                "relations": [{"source_company_ref": "holding", "roles": ["shareholder"],
                    "ownership_percentage": 40}]
            }
        ],
        "individuals": [
            {
                "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com",
                "is_business_contact": true, "birth_date": "1985-12-10", "birth_country": "GB",
                "nationalities": ["GB"], "phone_number": "+33142685300",
                "roles": ["legal_representative"], "position": "CEO",
                "address": {"street_address": "1 rue de la Paix", "city": "Paris",
                    "postal_code": "75002", "country": "FR"}
            },
            {
                "first_name": "Grace", "last_name": "Hopper", "is_beneficial_owner": true,
                "birth_date": "1976-12-09",
                "relations": [{"source_company_ref": "holding", "roles": ["shareholder"],
                    "ownership_percentage": 60, "voting_rights_percentage": 60}]
            },
            {
                "first_name": "Alan", "last_name": "Turing",
                "relations": [{"roles": ["shareholder"], "ownership_percentage": 25}]
            },
            {
                "first_name": "Emmy", "last_name": "Noether",
                "relations": [{"source_company_ref": "fund", "roles": ["legal_representative"]}]
            }
        ]
    })
}

/// A case with this many companies, each except the first held by the previous one.
pub fn chain(companies: usize) -> Value {
    let company = |index: usize| match index {
        0 => json!({"ref": "c0", "type": "main", "name": "Acme 0"}),
        _ => json!({"ref": format!("c{index}"), "type": "affiliated",
            "name": format!("Acme {index}"), "country": "FR",
            "relations": [{"source_company_ref": format!("c{}", index - 1),
                "roles": ["shareholder"], "ownership_percentage": 50}]}),
    };
    json!({"name": "Acme", "companies": (0..companies).map(company).collect::<Vec<_>>()})
}

/// A case of almost 2 MiB, the body limit: 1,000 companies and 1,000 individuals.
pub fn two_mebibytes() -> Value {
    let mut case = chain(1_000);
    let filler = "x".repeat(150);
    let person = |index: usize| {
        json!({"first_name": "Ada", "last_name": format!("L{index}"), "birth_date": "1985-12-10",
            "maiden_name": filler, "middle_name": filler, "birth_place": filler,
            "position": filler, "tax_identification_number": "123456789",
            "address": {"street_address": filler, "city": filler, "postal_code": "75002",
                "state": filler, "region": filler},
            "relations": [{"source_company_ref": format!("c{index}"), "roles": ["shareholder"],
                "ownership_percentage": 50}]})
    };
    case["individuals"] = (0..1_000).map(person).collect();
    case
}
