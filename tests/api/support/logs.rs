//! Captures the logs of the servers of all tests at the most detailed level, checks them for secrets and
//! personal data, and records the SQL statements of each request.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Keys, secrets and personal data that the tests send.
const FORBIDDEN: [&str; 16] = [
    "dossier_sandbox",
    "dossier_other",
    "whsec_",
    "Erika",
    "Mustermann",
    "Lovelace",
    "Geheim",
    "geheim",
    "@example",
    "FR76",
    "DE89",
    "Bearer ",
    "Acme SAS",
    "Muster GmbH",
    "\\\"name\\\"",
    "\"name\":",
];

/// Prefix of the statement that checks a new connection. It does not belong to the request that waits for the
/// connection.
const CONNECTION: &str = "SELECT CASE WHEN pg_is_in_recovery()";

static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());
static STATEMENTS: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Captures everything that this process logs from now on.
pub fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Capture);
        tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
    });
}

/// Fails the test when dropped if a log line contains forbidden data. Each test that runs a server holds one.
pub struct LogGuard;

impl Drop for LogGuard {
    fn drop(&mut self) {
        let found = lock(&FOUND);
        if !found.is_empty() && !std::thread::panicking() {
            panic!("forbidden data in the log:\n{}", found.join("\n"));
        }
    }
}

/// Returns the statements of a request, in order, by request id.
pub fn statements(request_id: &str) -> Vec<String> {
    let mut statements = lock(&STATEMENTS);
    let statements = statements.get_or_insert_default();
    statements.remove(request_id).unwrap_or_default()
}

/// The request id of a span.
struct Request(String);

struct Capture;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut recorded = Fields::default();
        attributes.record(&mut recorded);
        check_line(attributes.metadata().target(), &recorded.line);
        if attributes.metadata().name() == "request"
            && let (Some(span), Some(id)) = (context.span(id), recorded.fields.remove("id"))
        {
            span.extensions_mut().insert(Request(id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut recorded = Fields::default();
        event.record(&mut recorded);
        let target = event.metadata().target();
        check_line(target, &recorded.line);
        let Some(statement) = recorded
            .fields
            .remove("summary")
            .filter(|it| target == "sqlx::query" && !it.starts_with(CONNECTION))
        else {
            return;
        };
        let spans = context.event_scope(event).into_iter().flatten();
        for span in spans {
            if let Some(Request(id)) = span.extensions().get::<Request>() {
                let mut statements = lock(&STATEMENTS);
                let statements = statements.get_or_insert_default();
                statements.entry(id.clone()).or_default().push(statement);
                return;
            }
        }
    }
}

/// Ignores the HTTP clients of the tests, which run in the same process.
fn check_line(target: &str, line: &str) {
    let is_ours = !["reqwest", "hyper_util::client", "h2"]
        .iter()
        .any(|it| target.starts_with(it));
    if is_ours && FORBIDDEN.iter().any(|it| line.contains(it)) {
        lock(&FOUND).push(format!("{target}: {line}"));
    }
}

/// The fields of a log line.
#[derive(Default)]
struct Fields {
    line: String,
    fields: HashMap<&'static str, String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }
}

impl Fields {
    fn add(&mut self, field: &Field, value: String) {
        let _ = write!(self.line, "{}={value} ", field.name());
        self.fields.insert(field.name(), value);
    }
}
