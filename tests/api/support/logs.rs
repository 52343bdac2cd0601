//! What the servers of all tests log, at the most detailed level: held against what no log may say,
//! and the statements of each request.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Keys, secrets and personal values that tests send.
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

/// How the test of a connection begins: it is no statement of the request that waits for it.
const CONNECTION: &str = "SELECT CASE WHEN pg_is_in_recovery()";

static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());
static STATEMENTS: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens to everything that is logged in this process from here on.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Listener);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    });
}

/// Fails at its end if a line said what none may say: every test that runs a server has one.
pub struct Checked;

impl Drop for Checked {
    fn drop(&mut self) {
        let found = held(&FOUND);
        if !found.is_empty() && !std::thread::panicking() {
            panic!("a log says too much:\n{}", found.join("\n"));
        }
    }
}

/// The statements of a request, by its id, in their order.
pub fn statements(request_id: &str) -> Vec<String> {
    let mut statements = held(&STATEMENTS);
    let statements = statements.get_or_insert_default();
    statements.remove(request_id).unwrap_or_default()
}

/// The request that a span is of.
struct Request(String);

struct Listener;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut said = Said::default();
        attributes.record(&mut said);
        examine(attributes.metadata().target(), &said.line);
        if attributes.metadata().name() == "request"
            && let (Some(span), Some(id)) = (context.span(id), said.fields.remove("id"))
        {
            span.extensions_mut().insert(Request(id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let target = event.metadata().target();
        examine(target, &said.line);
        let Some(statement) = said
            .fields
            .remove("summary")
            .filter(|it| target == "sqlx::query" && !it.starts_with(CONNECTION))
        else {
            return;
        };
        let spans = context.event_scope(event).into_iter().flatten();
        for span in spans {
            if let Some(Request(id)) = span.extensions().get::<Request>() {
                let mut statements = held(&STATEMENTS);
                let statements = statements.get_or_insert_default();
                statements.entry(id.clone()).or_default().push(statement);
                return;
            }
        }
    }
}

/// The tests' own clients and receivers live in this process too, and may say what they like.
fn examine(target: &str, line: &str) {
    let is_ours = !["reqwest", "hyper_util::client", "h2"]
        .iter()
        .any(|it| target.starts_with(it));
    if is_ours && FORBIDDEN.iter().any(|it| line.contains(it)) {
        held(&FOUND).push(format!("{target}: {line}"));
    }
}

/// The fields of a line.
#[derive(Default)]
struct Said {
    line: String,
    fields: HashMap<&'static str, String>,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }
}

impl Said {
    fn add(&mut self, field: &Field, value: String) {
        let _ = write!(self.line, "{}={value} ", field.name());
        self.fields.insert(field.name(), value);
    }
}
