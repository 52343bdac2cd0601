//! CPU cost of parsing, validating and rendering a case: `cargo bench --bench parse`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;

use chrono::{DateTime, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use dossier::cases::{Case, CaseDraft, CaseView, References};
use dossier::clock::now;
use dossier::ids::IdSource;
use dossier::json;
use dossier::validation::{self, Mode};
use serde_json::{Value, json};

#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod support;

fn draft(body: &[u8], now: DateTime<Utc>) -> CaseDraft {
    let sent = validation::read(body).expect("JSON");
    CaseDraft::parse(sent, Mode::Create, now)
}

/// The references of the payloads.
fn references() -> References {
    let tag = |number: u8, label: &str| {
        json!({"id": format!("0198a000-0000-4000-8000-00000000020{number}"), "label": label,
            "created_at": "2026-01-01T00:00:00Z"})
    };
    let references = json!({"version": "0198a000-0000-4000-8000-00000000f001", "template": null, "template_is_archived": false, "default_tags": [],
        "default_assignee": null, "template_keys": [], "assignee": null, "space_exists": false,
        "space_slugs": [], "external_id_case": null, "definitions": [], "endpoints": [],
        "tags": [tag(1, "High risk"), tag(2, "Low risk"), tag(3, "VIP")]});
    serde_json::from_value(references).expect("the references")
}

fn case(body: &[u8]) -> Case {
    let now = now();
    let case = draft(body, now).finish(references(), body, &IdSource::default(), now);
    case.expect("a valid case")
}

/// 2,000 entities: 1,000 companies and 1,000 individuals, each with a relation.
fn large() -> Value {
    let mut case = support::chain(1_000);
    let person = |index: usize| {
        json!({"first_name": "Ada", "last_name": format!("L{index}"), "birth_date": "1985-12-10",
            "relations": [{"source_company_ref": format!("c{index}"), "roles": ["shareholder"],
                "ownership_percentage": 50}]})
    };
    case["individuals"] = (0..1_000).map(person).collect();
    case
}

/// An invalid body with 20 errors.
fn invalid() -> Value {
    let company = |index: usize| json!({"ref": index, "name": "", "country": "UK", "extra": 1});
    json!({"nmae": "A", "status": "approved", "tags": [1], "metadata": {"k": 1},
        "companies": (0..4).map(company).collect::<Vec<_>>()})
}

fn parse(criterion: &mut Criterion) {
    let payloads = [
        ("minimal", support::minimal()),
        ("kyb", support::kyb()),
        ("2000 entities", large()),
        ("2 MiB", support::two_mebibytes()),
        ("20 errors", invalid()),
    ];
    for (name, payload) in payloads {
        let (body, now) = (payload.to_string().into_bytes(), now());
        criterion.bench_function(&format!("parse and validate, {name}"), |bencher| {
            bencher.iter(|| draft(black_box(&body), now));
        });
    }
    let body = support::kyb().to_string().into_bytes();
    let (now, ids) = (now(), IdSource::default());
    criterion.bench_function("finish a case, kyb", |bencher| {
        bencher.iter_batched(
            || (draft(&body, now), references()),
            |(draft, references)| draft.finish(references, &body, &ids, now),
            criterion::BatchSize::SmallInput,
        );
    });
    let case = case(&body);
    criterion.bench_function("render the response, kyb", |bencher| {
        bencher.iter(|| json::to_vec(&CaseView::new(black_box(&case), true)));
    });
}

criterion_group!(benches, parse);
criterion_main!(benches);
