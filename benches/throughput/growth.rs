//! Growth of the cost with the number of clients, the size of a case, and the size of the tables.

use std::time::Duration;

use crate::client::{Load, Shape};
use crate::measure::{KYB, measure};
use crate::process::Server;
use crate::report::{Report, median};
use crate::support;

pub const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Reports the memory of the server under load, and the memory that a large body adds.
pub async fn memory(server: &Server, report: &mut Report, time: Duration) {
    let peak = peak_memory(server, time).await / MEBIBYTE;
    report.note(format!("peak memory, 64 connections: {peak:.0} MiB"));
    let Added { body, bytes } = large_body(server).await;
    report.note(format!(
        "a body of {:.2} MiB: {:.1} MiB more, {:.1} times the body",
        body / MEBIBYTE,
        bytes / MEBIBYTE,
        bytes / body
    ));
}

/// Returns the peak memory of the server with 64 connections, in bytes.
pub async fn peak_memory(server: &Server, time: Duration) -> f64 {
    server.peak_memory();
    let load = Load::new(server.port, 64, &support::kyb(), Shape::Create);
    load.run(time).await;
    server.peak_memory() as f64
}

/// The size of a body and the memory that it added to the server, in bytes.
pub struct Added {
    pub body: f64,
    pub bytes: f64,
}

/// Measures the memory that a large body adds to the server.
pub async fn large_body(server: &Server) -> Added {
    let payload = support::two_mebibytes();
    let before = server.peak_memory() as f64;
    assert!(Load::once(server.port, &payload, Shape::Create).await);
    Added {
        body: payload.to_string().len() as f64,
        bytes: (server.peak_memory() as f64 - before).max(0.0),
    }
}

/// Reports the cost of cases with more and more companies.
pub async fn companies(server: &Server, report: &mut Report, time: Duration) {
    for companies in [1, 10, 100, 1_000] {
        let load = Load::new(server.port, 4, &support::chain(companies), Shape::Create);
        let spent = server.cpu();
        let requests = load.run(time).await.latencies.len() as f64;
        let spent = server.cpu() - spent;
        let cpu = (spent.server + spent.postgres).as_secs_f64() * 1_000.0;
        report.note(format!(
            "{companies} companies: {:.1} cases a second, {:.3} ms CPU a company",
            requests / time.as_secs_f64(),
            cpu / (requests * companies as f64)
        ));
    }
}

/// Reports the rates with more and more cases in the tables.
pub async fn tables(server: &Server, report: &mut Report, time: Duration, rounds: usize) {
    let mut filled = 0;
    for cases in [0, 100_000, 1_000_000] {
        if cases > filled {
            fill(server, filled, cases).await;
        }
        filled = cases;
        for (name, path) in [
            (KYB, None),
            ("read a kyb case", Some("")),
            ("list cases", Some("/cases?limit=20")),
            ("find by external id", Some("/cases/filled-1")),
        ] {
            if cases == 0 && path.is_some_and(|it| !it.is_empty()) {
                continue;
            }
            let shape = path.map_or(Shape::Create, |_| Shape::Read);
            let mut load = Load::new(server.port, 16, &support::kyb(), shape);
            if let Some(path) = path.filter(|it| !it.is_empty()) {
                load = load.reading(path);
            }
            let mut rates = Vec::new();
            for _ in 0..rounds {
                rates.push(measure(server, &load, time).await.rate);
            }
            let rate = median(rates);
            report.note(format!(
                "{cases} cases in the tables, {name}: {rate:.0} a second"
            ));
        }
    }
}

/// Inserts cases with a company, an individual and a relation each, by SQL.
async fn fill(server: &Server, from: usize, to: usize) {
    let id = |kind: usize| {
        format!("('01980000-0000-7{kind}00-8000-' || lpad(to_hex(n), 12, '0'))::uuid")
    };
    let (case, company, individual, relation) = (id(0), id(1), id(2), id(3));
    let each = format!(
        "FROM generate_series({from} + 1, {to}) AS n, (SELECT id FROM workspaces LIMIT 1) AS w"
    );
    let at = "timestamptz '2025-01-01' + n * interval '1 s'";
    server
        .execute(&format!(
            "INSERT INTO cases (workspace_id, id, name, status, external_id, custom_properties,
                 created_at, updated_at, last_activity_at)
             SELECT w.id, {case}, 'Filled ' || n, 'open', 'filled-' || n, '{{}}', {at}, {at}, {at} {each};
             INSERT INTO companies (workspace_id, case_id, id, type, name, status, country, address,
                 classifications, banking_information, custom_properties, created_at, updated_at)
             SELECT w.id, {case}, {company}, 'main', 'Filled ' || n, 'live', 'FR', '{{}}', '[]', '{{}}',
                 '{{}}', {at}, {at} {each};
             INSERT INTO individuals (workspace_id, case_id, id, first_name, last_name,
                 is_business_contact, is_beneficial_owner, is_controlling_person, is_delegator,
                 is_signatory, address, custom_properties, roles, created_at, updated_at)
             SELECT w.id, {case}, {individual}, 'Ada', 'L' || n, false, true, false, false, false,
                 '{{}}', '{{}}', '[]', {at}, {at} {each};
             INSERT INTO relations (workspace_id, case_id, id, from_individual_id, to_company_id,
                 roles, ownership_percentage, created_at, updated_at)
             SELECT w.id, {case}, {relation}, {individual}, {company}, '[\"shareholder\"]', 60, {at},
                 {at} {each};"
        ))
        .await;
    server.execute("VACUUM ANALYZE").await;
    server.execute("CHECKPOINT").await;
}
