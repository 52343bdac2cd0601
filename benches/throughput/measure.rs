//! Measurements of the server.

use std::time::Duration;

use crate::client::{Load, Shape};
use crate::process::Server;
use crate::report::Figure;
use crate::support;

/// The measurement that the others are compared with.
pub const KYB: &str = "kyb, 16 connections";

/// Fills and analyzes the tables: PostgreSQL would keep plans made for empty tables until the statistics change.
pub async fn fill(server: &Server, time: Duration) {
    let load = Load::new(server.port, 16, &support::kyb(), Shape::Create);
    load.run(time).await;
    server.execute("ANALYZE").await;
}

/// Measures the server under a load.
pub async fn measure(server: &Server, load: &Load, time: Duration) -> Figure {
    let statements = server.statements().await;
    let before = server.cpu();
    let result = load.run(time).await;
    let spent = server.cpu() - before;
    let sent = server.statements().await.zip(statements);
    let figure = Figure::of_load(&result, time, spent);
    let count = result.latencies.len() as f64;
    Figure {
        statements: sent.map(|(after, before)| (after - before) / count),
        ..figure
    }
}
