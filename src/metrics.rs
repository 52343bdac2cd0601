//! The Prometheus metrics of one process. Names and buckets follow OpenTelemetry's semantic conventions (HTTP 1.38,
//! database clients) in the notation of Prometheus; names without a convention begin with `dossier_`. No label has a
//! value that a client chooses.

mod pool;

pub use pool::{Connections, Wait, Waits};

use std::sync::Arc;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

/// Buckets for the duration of requests, in seconds, from the convention.
const REQUEST_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Buckets for the wait for a connection, in seconds, from the convention for databases.
const WAIT_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// The methods with their own label. Clients may send any other method, so all others share one label.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];
/// The label of all other methods.
const OTHER: &str = "_OTHER";
/// The scheme of this process, even if a proxy serves HTTPS.
const SCHEME: &str = "http";

/// A name and its description.
type Named = (&'static str, &'static str);

const DURATION: Named = (
    "http_server_request_duration_seconds",
    "Duration of requests, by route.",
);
const ACTIVE: Named = ("http_server_active_requests", "Requests in progress.");
const VIOLATIONS: Named = (
    "dossier_violations_total",
    "Errors in requests and items of batches, by code.",
);
const CASES: Named = ("dossier_cases_created_total", "Stored cases.");
const COUNT: Named = ("db_client_connection_count", "Connections to the database.");
const MOST: Named = (
    "db_client_connection_max",
    "Maximum number of connections to the database.",
);
const WAITS: Named = (
    "db_client_connection_wait_time_seconds",
    "Time to get a connection to the database.",
);
const TIMEOUTS: Named = (
    "db_client_connection_timeouts_total",
    "Waits for a connection to the database that timed out.",
);
const WAITING: Named = (
    "db_client_connection_pending_requests",
    "Requests that wait for a connection to the database.",
);
const PENDING: Named = (
    "dossier_outbox_pending_deliveries",
    "Webhook deliveries that are not finished, of all servers of the database.",
);
const LAG: Named = (
    "dossier_outbox_lag_seconds",
    "How long the oldest due delivery of an endpoint that is online has waited.",
);
const PURGE_LAG: Named = (
    "dossier_purge_lag_seconds",
    "How long the oldest row is past its retention, by kind, at the last check of this server.",
);

/// The metrics of one process. A clone shares them.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    registry: Registry,
    durations: HistogramVec,
    active: IntGaugeVec,
    violations: IntCounterVec,
    cases: IntCounter,
    connections: IntGaugeVec,
    connection_limits: IntGaugeVec,
    waits: HistogramVec,
    timeouts: IntCounterVec,
    pending_waits: IntGaugeVec,
    pending_deliveries: Gauge,
    lag: Gauge,
    purge_lag: GaugeVec,
}

/// Counts as a request in progress until it is dropped.
#[derive(Debug)]
pub struct ActiveRequest(IntGauge);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The deliveries that are not finished.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backlog {
    pub deliveries: i64,
    /// How long the oldest due delivery has waited.
    pub lag: Duration,
}

impl Metrics {
    /// Creates and registers the metrics.
    ///
    /// # Errors
    /// Returns an error if a name is invalid or used twice, which cannot happen with the constants of this file.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let all = &registry;
        let of_pool = "db_client_connection_pool_name";
        let of_response = [
            "http_request_method",
            "url_scheme",
            "http_route",
            "http_response_status_code",
            "error_type",
        ];
        let version = Opts::new("dossier_build_info", "The version of this server.");
        let version = version.const_label("version", env!("CARGO_PKG_VERSION"));
        register(all, IntGauge::with_opts(version))?.set(1);
        Ok(Self(Arc::new(Instruments {
            durations: histograms(all, &DURATION, &REQUEST_BUCKETS, &of_response)?,
            active: gauges(all, &ACTIVE, &["http_request_method", "url_scheme"])?,
            violations: counters(all, &VIOLATIONS, &["code"])?,
            cases: register(all, IntCounter::new(CASES.0, CASES.1))?,
            connections: gauges(all, &COUNT, &[of_pool, "db_client_connection_state"])?,
            connection_limits: gauges(all, &MOST, &[of_pool])?,
            waits: histograms(all, &WAITS, &WAIT_BUCKETS, &[of_pool])?,
            timeouts: counters(all, &TIMEOUTS, &[of_pool])?,
            pending_waits: gauges(all, &WAITING, &[of_pool])?,
            pending_deliveries: register(all, Gauge::new(PENDING.0, PENDING.1))?,
            lag: register(all, Gauge::new(LAG.0, LAG.1))?,
            purge_lag: register(
                all,
                GaugeVec::new(Opts::new(PURGE_LAG.0, PURGE_LAG.1), &["kind"]),
            )?,
            registry,
        })))
    }

    /// Counts a request as in progress.
    pub fn begin_request(&self, method: &str) -> ActiveRequest {
        let active = self.0.active.with_label_values(&[known(method), SCHEME]);
        active.inc();
        ActiveRequest(active)
    }

    /// Records the duration of a request. `route` is the template of its path, if it matched one.
    pub fn record_response(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let status_text = status.to_string();
        // By the convention, only an error of the server is an error.
        let error = if status >= 500 {
            status_text.as_str()
        } else {
            ""
        };
        let labels = [
            known(method),
            SCHEME,
            route.unwrap_or(""),
            &status_text,
            error,
        ];
        let duration = self.0.durations.with_label_values(&labels);
        duration.observe(took.as_secs_f64());
    }

    /// Counts an error in a request.
    pub fn count_violation(&self, code: &str) {
        self.0.violations.with_label_values(&[code]).inc();
    }

    /// Counts a stored case.
    pub fn count_created_case(&self) {
        self.0.cases.inc();
    }

    /// Returns the metrics of waits for connections of this pool.
    pub fn waits(&self, pool: &str) -> Waits {
        Waits {
            times: self.0.waits.with_label_values(&[pool]),
            timeouts: self.0.timeouts.with_label_values(&[pool]),
            pending: self.0.pending_waits.with_label_values(&[pool]),
        }
    }

    /// Sets the number of connections of a pool.
    pub fn set_connections(&self, pool: &str, connections: Connections) {
        let whole = |count| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, count) in [("idle", connections.idle), ("used", connections.used)] {
            let gauge = self.0.connections.with_label_values(&[pool, state]);
            gauge.set(whole(count));
        }
        let limit = self.0.connection_limits.with_label_values(&[pool]);
        limit.set(whole(connections.limit));
    }

    /// Sets the backlog of deliveries, or NaN if it is unknown.
    #[expect(clippy::cast_precision_loss, reason = "metrics are doubles")]
    pub fn set_backlog(&self, backlog: Option<Backlog>) {
        let deliveries = backlog.map(|it| it.deliveries as f64);
        let lag = backlog.map(|it| it.lag.as_secs_f64());
        self.0
            .pending_deliveries
            .set(deliveries.unwrap_or(f64::NAN));
        self.0.lag.set(lag.unwrap_or(f64::NAN));
    }

    /// Sets how long the oldest row of a kind is past its retention, or NaN if it is unknown.
    pub fn set_purge_lag(&self, kind: &str, lag: Option<Duration>) {
        let lag = lag.map_or(f64::NAN, |it| it.as_secs_f64());
        self.0.purge_lag.with_label_values(&[kind]).set(lag);
    }

    /// Returns all metrics in the text format of Prometheus (0.0.4).
    ///
    /// # Errors
    /// Returns an error if a metric cannot be encoded.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.0.registry.gather())
    }
}

fn register<C: Collector + Clone + 'static>(
    registry: &Registry,
    metric: Result<C, prometheus::Error>,
) -> Result<C, prometheus::Error> {
    let metric = metric?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn histograms(
    registry: &Registry,
    (name, about): &Named,
    buckets: &[f64],
    labels: &[&str],
) -> Result<HistogramVec, prometheus::Error> {
    let options = HistogramOpts::new(*name, *about).buckets(buckets.to_vec());
    register(registry, HistogramVec::new(options, labels))
}

fn counters(
    registry: &Registry,
    (name, about): &Named,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    let metric = IntCounterVec::new(Opts::new(*name, *about), labels);
    register(registry, metric)
}

fn gauges(
    registry: &Registry,
    (name, about): &Named,
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    let metric = IntGaugeVec::new(Opts::new(*name, *about), labels);
    register(registry, metric)
}

fn known(method: &str) -> &'static str {
    let mut methods = METHODS.into_iter();
    methods.find(|it| *it == method).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_metrics_in_the_text_format() {
        let metrics = Metrics::new().unwrap();
        let waits = metrics.waits("requests");
        let took = Duration::from_millis(30);
        metrics.record_response("POST", Some("/cases"), 201, took);
        metrics.record_response("BREW", None, 503, took);
        let active = metrics.begin_request("GET");
        metrics.count_violation("country");
        metrics.count_created_case();
        waits.begin().end(true);
        let text = metrics.text().unwrap();
        for line in [
            "# TYPE http_server_request_duration_seconds histogram",
            r#"http_server_request_duration_seconds_bucket{error_type="",http_request_method="POST",http_response_status_code="201",http_route="/cases",url_scheme="http",le="0.025"} 0"#,
            r#"http_server_request_duration_seconds_bucket{error_type="",http_request_method="POST",http_response_status_code="201",http_route="/cases",url_scheme="http",le="0.05"} 1"#,
            r#"http_server_request_duration_seconds_count{error_type="503",http_request_method="_OTHER",http_response_status_code="503",http_route="",url_scheme="http"} 1"#,
            r#"http_server_active_requests{http_request_method="GET",url_scheme="http"} 1"#,
            r#"dossier_violations_total{code="country"} 1"#,
            "dossier_cases_created_total 1",
            r#"db_client_connection_wait_time_seconds_count{db_client_connection_pool_name="requests"} 1"#,
            r#"db_client_connection_pending_requests{db_client_connection_pool_name="requests"} 0"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        drop(active);
        let text = metrics.text().unwrap();
        assert!(text.contains(r#"active_requests{http_request_method="GET",url_scheme="http"} 0"#));
    }
}
