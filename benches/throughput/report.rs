//! The measurements and their output.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::LoadResult;
use crate::process::{Cpu, Server};
use crate::start::Starts;

/// A measurement of one round.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Requests or transactions per second.
    pub rate: f64,
    pub p50: Option<Duration>,
    pub p99: Option<Duration>,
    /// Milliseconds of CPU time per request, of the server and of PostgreSQL.
    pub server_ms: f64,
    pub postgres_ms: f64,
    /// Milliseconds of CPU time per request, of the clients.
    pub clients_ms: f64,
    /// Statements per request, if they are counted.
    pub statements: Option<f64>,
}

impl Figure {
    pub fn of_load(result: &LoadResult, time: Duration, spent: Cpu) -> Self {
        let mut latencies = result.latencies.clone();
        latencies.sort_unstable();
        let at = |part: usize| latencies.get(latencies.len() * part / 100).copied();
        Self {
            p50: at(50),
            p99: at(99),
            ..Self::of_rate(latencies.len() as f64 / time.as_secs_f64(), time, spent)
        }
    }

    pub fn of_rate(rate: f64, time: Duration, spent: Cpu) -> Self {
        let each = |spent: Duration| spent.as_secs_f64() * 1_000.0 / (rate * time.as_secs_f64());
        Self {
            rate,
            p50: None,
            p99: None,
            server_ms: each(spent.server),
            postgres_ms: each(spent.postgres),
            clients_ms: each(spent.clients),
            statements: None,
        }
    }
}

/// Returns the median.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// All measurements.
pub struct Report {
    starts: Starts,
    figures: BTreeMap<&'static str, Vec<Figure>>,
    /// The pgbench measurements for each measurement of the server.
    ceilings: BTreeMap<&'static str, Vec<Figure>>,
    order: Vec<&'static str>,
    notes: Vec<String>,
}

impl Report {
    pub fn new(starts: Starts) -> Self {
        Self {
            starts,
            figures: BTreeMap::new(),
            ceilings: BTreeMap::new(),
            order: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub fn add(&mut self, name: &'static str, figure: Figure) {
        if !self.order.contains(&name) {
            self.order.push(name);
        }
        self.figures.entry(name).or_default().push(figure);
    }

    /// Adds a pgbench measurement to a measurement of the server.
    pub fn add_ceiling(&mut self, of: &'static str, name: &'static str, figure: Figure) {
        self.ceilings.entry(of).or_default().push(figure);
        self.add(name, figure);
    }

    /// Adds a line after the tables.
    pub fn note(&mut self, line: String) {
        self.notes.push(line);
    }

    /// Asserts that every KYB case has all its rows.
    pub async fn finish(&mut self, server: &Server) {
        let mut connection = server.connect().await;
        let incomplete: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM cases AS c WHERE name = 'Acme SAS' AND (
                 (SELECT count(*) FROM companies AS e WHERE e.workspace_id = c.workspace_id AND e.case_id = c.id) <> 3
                 OR (SELECT count(*) FROM individuals AS e WHERE e.workspace_id = c.workspace_id AND e.case_id = c.id) <> 4
                 OR (SELECT count(*) FROM relations AS e WHERE e.workspace_id = c.workspace_id AND e.case_id = c.id) <> 6
                 OR (SELECT count(*) FROM case_tags AS e WHERE e.workspace_id = c.workspace_id AND e.case_id = c.id) <> 3
                 OR (SELECT count(*) FROM activities AS e WHERE e.workspace_id = c.workspace_id AND e.case_id = c.id) <> 1
                 OR (SELECT count(*) FROM outbox AS e WHERE e.workspace_id = c.workspace_id AND e.case_id = c.id) <> 1)",
        )
        .fetch_one(&mut connection)
        .await
        .expect("a count");
        assert_eq!(incomplete, 0, "cases without all of their rows");
    }

    fn median(&self, name: &str, of: impl Fn(&Figure) -> f64) -> f64 {
        median(self.figures[name].iter().map(of))
    }

    /// Formats the median of a value that can be missing.
    fn format_median(&self, name: &str, of: impl Fn(&Figure) -> Option<f64>) -> String {
        if self.figures[name].iter().any(|it| of(it).is_none()) {
            return String::new();
        }
        let median = self.median(name, |it| of(it).unwrap_or_default());
        format!("{median:.2}")
    }

    fn ratios(&self) -> Vec<(&'static str, f64)> {
        let pairs = self.ceilings.iter();
        pairs
            .map(|(name, ceilings)| {
                let pairs = self.figures[name].iter().zip(ceilings);
                (*name, median(pairs.map(|(a, b)| a.rate / b.rate)))
            })
            .collect()
    }

    pub fn print(&self) {
        println!(
            "| measurement | a second | p50 ms | p99 ms | server CPU ms | PostgreSQL CPU ms | client CPU ms \
             | statements |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
        for name in &self.order {
            println!(
                "| {name} | {:.0} | {} | {} | {:.3} | {:.3} | {:.3} | {} |",
                self.median(name, |it| it.rate),
                self.format_median(name, |it| Some(it.p50?.as_secs_f64() * 1_000.0)),
                self.format_median(name, |it| Some(it.p99?.as_secs_f64() * 1_000.0)),
                self.median(name, |it| it.server_ms),
                self.median(name, |it| it.postgres_ms),
                self.median(name, |it| it.clients_ms),
                self.format_median(name, |it| it.statements),
            );
        }
        println!("\n| ratio to pgbench, median of the rounds | |");
        println!("| --- | --- |");
        for (name, ratio) in self.ratios() {
            println!("| {name} | {ratio:.2} |");
        }
        let kyb = "kyb, 16 connections";
        let share = self.median(kyb, |it| it.server_ms / it.postgres_ms);
        println!("\nserver CPU beside PostgreSQL's, {kyb}: {share:.2}");
        self.notes.iter().for_each(|line| println!("{line}"));
        println!(
            "first 201 on an empty data directory: {:.2} s",
            self.starts.first.as_secs_f64()
        );
        println!(
            "first 201 on an existing data directory: {:.2} s",
            self.starts.again.as_secs_f64()
        );
    }

    pub fn json(&self) -> Value {
        let rates = self.order.iter().map(|name| {
            let rates = self.figures[name].iter().map(|it| it.rate);
            ((*name).to_owned(), json!(rates.collect::<Vec<_>>()))
        });
        let ratios = self.ratios().into_iter();
        let ratios = ratios.map(|(name, ratio)| (name.to_owned(), json!(ratio)));
        json!({
            "rates": Value::Object(rates.collect()),
            "ratios": Value::Object(ratios.collect()),
            "notes": self.notes,
            "first_start_seconds": self.starts.first.as_secs_f64(),
            "start_seconds": self.starts.again.as_secs_f64(),
        })
    }
}
