//! What one process counts, for Prometheus. Names and buckets are those of OpenTelemetry's semantic
//! conventions (HTTP 1.38, database clients), as Prometheus writes them; what has no convention begins
//! with `dossier_`. No label holds what a caller chose.

use std::sync::Arc;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// How long a request takes, in seconds: the buckets that the convention advises.
const REQUEST: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// How long the wait for a connection takes, in seconds: those that it advises for databases.
const WAIT: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// The methods that have a name of their own; others would be as many as callers think of.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];
/// What any other is called.
const OTHER: &str = "_OTHER";
/// What callers speak to this process, whatever stands in front of it.
const SCHEME: &str = "http";

/// A name, and what it is of.
type Named = (&'static str, &'static str);

const DURATION: Named = (
    "http_server_request_duration_seconds",
    "How long requests took, by route.",
);
const ACTIVE: Named = (
    "http_server_active_requests",
    "Requests that are under way.",
);
const VIOLATIONS: Named = (
    "dossier_violations_total",
    "What was wrong with requests and with items of batches, by the code that they were told.",
);
const CASES: Named = ("dossier_cases_created_total", "Cases that were stored.");
const COUNT: Named = ("db_client_connection_count", "Connections to the database.");
const MOST: Named = (
    "db_client_connection_max",
    "How many connections to the database there can be.",
);
const WAITS: Named = (
    "db_client_connection_wait_time_seconds",
    "How long it took to get a connection to the database.",
);
const TIMEOUTS: Named = (
    "db_client_connection_timeouts_total",
    "How often no connection to the database was to be had in time.",
);
const WAITING: Named = (
    "db_client_connection_pending_requests",
    "Who waits for a connection to the database.",
);
const PENDING: Named = (
    "dossier_outbox_pending_deliveries",
    "Deliveries to webhooks that are still to be made, by all servers over the database.",
);
const LAG: Named = (
    "dossier_outbox_lag_seconds",
    "How long the first delivery has waited that is due at an endpoint that is online.",
);

const PURGE_LAG: Named = (
    "dossier_purge_lag_seconds",
    "By how much the oldest row has outlived its retention, by kind, when this server last looked.",
);

/// Everything that one process counts; a clone counts with the others.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    registry: Registry,
    durations: HistogramVec,
    active: IntGaugeVec,
    violations: IntCounterVec,
    cases: IntCounter,
    connections: IntGaugeVec,
    most_connections: IntGaugeVec,
    waits: HistogramVec,
    timeouts: IntCounterVec,
    waiting: IntGaugeVec,
    pending: Gauge,
    lag: Gauge,
    purge_lag: GaugeVec,
}

/// A request that is under way, until it is dropped.
#[derive(Debug)]
pub struct Active(IntGauge);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// How many connections a pool has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub idle: usize,
    pub used: usize,
    pub most: usize,
}

/// What waits for deliveries that are to be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backlog {
    pub deliveries: i64,
    /// How long the first of those that are due has waited.
    pub lag: Duration,
}

impl Metrics {
    /// Nothing is counted yet.
    ///
    /// # Errors
    /// None but those of names that no metric can have, or that two have.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let all = &registry;
        let of_pool = "db_client_connection_pool_name";
        let of_answer = [
            "http_request_method",
            "url_scheme",
            "http_route",
            "http_response_status_code",
            "error_type",
        ];
        let version = Opts::new("dossier_build_info", "Which server this is.");
        let version = version.const_label("version", env!("CARGO_PKG_VERSION"));
        registered(all, IntGauge::with_opts(version))?.set(1);
        Ok(Self(Arc::new(Counted {
            durations: histograms(all, &DURATION, &REQUEST, &of_answer)?,
            active: gauges(all, &ACTIVE, &["http_request_method", "url_scheme"])?,
            violations: counters(all, &VIOLATIONS, &["code"])?,
            cases: registered(all, IntCounter::new(CASES.0, CASES.1))?,
            connections: gauges(all, &COUNT, &[of_pool, "db_client_connection_state"])?,
            most_connections: gauges(all, &MOST, &[of_pool])?,
            waits: histograms(all, &WAITS, &WAIT, &[of_pool])?,
            timeouts: counters(all, &TIMEOUTS, &[of_pool])?,
            waiting: gauges(all, &WAITING, &[of_pool])?,
            pending: registered(all, Gauge::new(PENDING.0, PENDING.1))?,
            lag: registered(all, Gauge::new(LAG.0, LAG.1))?,
            purge_lag: registered(
                all,
                GaugeVec::new(Opts::new(PURGE_LAG.0, PURGE_LAG.1), &["kind"]),
            )?,
            registry,
        })))
    }

    /// A request has come.
    pub fn begin(&self, method: &str) -> Active {
        let active = self.0.active.with_label_values(&[known(method), SCHEME]);
        active.inc();
        Active(active)
    }

    /// A request was answered. `route` is the template of its path, if it has one.
    pub fn answered(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let status_text = status.to_string();
        // By the convention an answer is an error where the fault is the server's.
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

    /// Something was wrong.
    pub fn violation(&self, code: &str) {
        self.0.violations.with_label_values(&[code]).inc();
    }

    /// A case was stored.
    pub fn case_created(&self) {
        self.0.cases.inc();
    }

    /// The waits for the connections of a pool of this name.
    pub fn waits(&self, pool: &str) -> Waits {
        Waits {
            times: self.0.waits.with_label_values(&[pool]),
            timeouts: self.0.timeouts.with_label_values(&[pool]),
            waiting: self.0.waiting.with_label_values(&[pool]),
        }
    }

    /// Says how many connections a pool has now.
    pub fn set_connections(&self, pool: &str, connections: Connections) {
        let whole = |count| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, count) in [("idle", connections.idle), ("used", connections.used)] {
            let gauge = self.0.connections.with_label_values(&[pool, state]);
            gauge.set(whole(count));
        }
        let most = self.0.most_connections.with_label_values(&[pool]);
        most.set(whole(connections.most));
    }

    /// Says what waits for delivery now: no number (NaN) where that is not known.
    #[expect(clippy::cast_precision_loss, reason = "metrics are doubles")]
    pub fn set_backlog(&self, backlog: Option<Backlog>) {
        let deliveries = backlog.map(|it| it.deliveries as f64);
        let lag = backlog.map(|it| it.lag.as_secs_f64());
        self.0.pending.set(deliveries.unwrap_or(f64::NAN));
        self.0.lag.set(lag.unwrap_or(f64::NAN));
    }

    /// Says by how much the oldest row of a kind has outlived its retention: no number (NaN) where that is not
    /// known.
    pub fn set_purge_lag(&self, kind: &str, lag: Option<Duration>) {
        let lag = lag.map_or(f64::NAN, |it| it.as_secs_f64());
        self.0.purge_lag.with_label_values(&[kind]).set(lag);
    }

    /// All of it, in the text format of Prometheus (0.0.4).
    ///
    /// # Errors
    /// None but those of a metric that has no text.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.0.registry.gather())
    }
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    made: Result<C, prometheus::Error>,
) -> Result<C, prometheus::Error> {
    let made = made?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

fn histograms(
    registry: &Registry,
    (name, about): &Named,
    buckets: &[f64],
    labels: &[&str],
) -> Result<HistogramVec, prometheus::Error> {
    let options = HistogramOpts::new(*name, *about).buckets(buckets.to_vec());
    registered(registry, HistogramVec::new(options, labels))
}

fn counters(
    registry: &Registry,
    (name, about): &Named,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    let made = IntCounterVec::new(Opts::new(*name, *about), labels);
    registered(registry, made)
}

fn gauges(
    registry: &Registry,
    (name, about): &Named,
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    let made = IntGaugeVec::new(Opts::new(*name, *about), labels);
    registered(registry, made)
}

fn known(method: &str) -> &'static str {
    let mut methods = METHODS.into_iter();
    methods.find(|it| *it == method).unwrap_or(OTHER)
}

/// The waits for the connections of one pool.
#[derive(Debug, Clone)]
pub struct Waits {
    times: Histogram,
    timeouts: IntCounter,
    waiting: IntGauge,
}

/// A wait that has begun.
#[derive(Debug)]
pub struct Wait<'w> {
    waits: &'w Waits,
    begun: std::time::Instant,
}

impl Waits {
    /// Somebody waits from now on.
    pub fn begin(&self) -> Wait<'_> {
        self.waiting.inc();
        Wait {
            waits: self,
            begun: std::time::Instant::now(),
        }
    }
}

impl Wait<'_> {
    /// The connection is there, or is not to be had in time.
    pub fn end(self, has_connection: bool) {
        if has_connection {
            self.waits.times.observe(self.begun.elapsed().as_secs_f64());
        } else {
            self.waits.timeouts.inc();
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.waits.waiting.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_prometheus_reads_it() {
        let metrics = Metrics::new().unwrap();
        let waits = metrics.waits("requests");
        let took = Duration::from_millis(30);
        metrics.answered("POST", Some("/cases"), 201, took);
        metrics.answered("BREW", None, 503, took);
        let active = metrics.begin("GET");
        metrics.violation("country");
        metrics.case_created();
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
