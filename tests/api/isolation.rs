//! Two workspaces on one server do not affect each other.

use std::collections::HashMap;

use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

/// An operation of a workspace. The numbers select one of its cases, or name what it creates.
#[derive(Debug, Clone)]
enum Operation {
    Create {
        external_id: Option<usize>,
        key: Option<usize>,
        tag: Option<usize>,
    },
    Read(usize),
    ReadByExternalId(usize),
    Change {
        case: usize,
        external_id: usize,
    },
    Delete(usize),
    Review(usize),
    AddTag(usize, usize),
    AddCompany(usize),
    CreateTag(usize),
    List(&'static str),
    /// Cases of another workspace. They must look like cases that do not exist.
    ReadForeign(usize),
    ChangeForeign(usize),
    DeleteForeign(usize),
    AddCompanyToForeign(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    let few = 0..4_usize;
    let maybe = || proptest::option::of(0..4_usize);
    let lists = prop_oneof![
        Just("/cases"),
        Just("/companies"),
        Just("/tags"),
        Just("/activities"),
        Just("/webhook-logs"),
    ];
    prop_oneof![
        4 => (maybe(), maybe(), maybe())
            .prop_map(|(external_id, key, tag)| Operation::Create { external_id, key, tag }),
        1 => few.clone().prop_map(Operation::Read),
        1 => few.clone().prop_map(Operation::ReadByExternalId),
        1 => (few.clone(), few.clone())
            .prop_map(|(case, external_id)| Operation::Change { case, external_id }),
        1 => few.clone().prop_map(Operation::Delete),
        1 => few.clone().prop_map(Operation::Review),
        1 => (few.clone(), few.clone()).prop_map(|(case, tag)| Operation::AddTag(case, tag)),
        1 => few.clone().prop_map(Operation::AddCompany),
        2 => few.clone().prop_map(Operation::CreateTag),
        2 => lists.prop_map(Operation::List),
        1 => few.clone().prop_map(Operation::ReadForeign),
        1 => few.clone().prop_map(Operation::ChangeForeign),
        1 => few.clone().prop_map(Operation::DeleteForeign),
        1 => few.prop_map(Operation::AddCompanyToForeign),
    ]
}

/// A workspace and the ids that it has received.
struct Tenant {
    key: String,
    cases: Vec<String>,
    /// Ids in the order of their first appearance. Two runs of the same operations agree in this order.
    seen: HashMap<String, usize>,
    /// The id of a foreign case that the current operation names.
    foreign: String,
}

impl Tenant {
    async fn start(app: &TestApp, key: String) -> Self {
        app.add_workspace(&key).await;
        Self {
            key,
            cases: Vec::new(),
            seen: HashMap::new(),
            foreign: String::new(),
        }
    }

    /// Performs an operation. Returns the response without values that differ between runs.
    async fn perform(&mut self, app: &TestApp, operation: &Operation, foreign: &[String]) -> Value {
        let unknown = || "0198a000-0000-4000-8000-00000000ffff".to_owned();
        let unknown_foreign = || "0198a000-0000-4000-8000-00000000fffe".to_owned();
        let own = |number: usize| self.cases.get(number).cloned().unwrap_or_else(unknown);
        let other = |number: usize| foreign.get(number).cloned().unwrap_or_else(unknown_foreign);
        let company = |case: String| json!({"case_id": case, "type": "affiliated", "name": "B"});
        let mut named = String::new();
        let mut key = None;
        let (method, path, body) = match operation {
            Operation::Create {
                external_id,
                key: sent,
                tag,
            } => {
                key = sent.map(|it| format!("key-{it}"));
                let body = json!({"name": "A", "external_id": external_id.map(|it| format!("e-{it}")),
                    "tags": tag.map(|it| vec![format!("tag-{it}")]), "companies": [{"name": "C"}]});
                (Method::POST, "/cases".to_owned(), body)
            }
            Operation::Read(case) => (Method::GET, format!("/cases/{}", own(*case)), json!({})),
            Operation::ReadByExternalId(it) => (Method::GET, format!("/cases/e-{it}"), json!({})),
            Operation::Change { case, external_id } => {
                let body = json!({"external_id": format!("e-{external_id}")});
                (Method::PATCH, format!("/cases/{}", own(*case)), body)
            }
            Operation::Delete(case) => {
                (Method::DELETE, format!("/cases/{}", own(*case)), json!({}))
            }
            Operation::Review(case) => {
                let body = json!({"status": "approved"});
                (Method::POST, format!("/cases/{}/reviews", own(*case)), body)
            }
            Operation::AddTag(case, tag) => {
                let body = json!({"tags": [format!("tag-{tag}")]});
                (Method::POST, format!("/cases/{}/tags", own(*case)), body)
            }
            Operation::AddCompany(case) => {
                (Method::POST, "/companies".to_owned(), company(own(*case)))
            }
            Operation::CreateTag(it) => (
                Method::POST,
                "/tags".to_owned(),
                json!({"label": format!("tag-{it}")}),
            ),
            Operation::List(path) => (Method::GET, (*path).to_owned(), json!({})),
            Operation::ReadForeign(it) => {
                (Method::GET, format!("/cases/{}", other(*it)), json!({}))
            }
            Operation::ChangeForeign(it) => (
                Method::PATCH,
                format!("/cases/{}", other(*it)),
                json!({"name": "Mine"}),
            ),
            Operation::DeleteForeign(it) => {
                (Method::DELETE, format!("/cases/{}", other(*it)), json!({}))
            }
            Operation::AddCompanyToForeign(it) => {
                (Method::POST, "/companies".to_owned(), company(other(*it)))
            }
        };
        if let Operation::ReadForeign(it)
        | Operation::ChangeForeign(it)
        | Operation::DeleteForeign(it)
        | Operation::AddCompanyToForeign(it) = operation
        {
            named = other(*it);
        }
        self.foreign = named;
        let mut request = app
            .request(method, &path)
            .bearer_auth(&self.key)
            .json(&body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = app.send(request).await;
        if matches!(operation, Operation::Create { .. }) && response.status == 201 {
            self.cases.push(response.id());
        }
        let replayed = response.header("idempotent-replayed").map(str::to_owned);
        let body = self.normalize(response.body);
        json!([response.status.as_u16(), replayed, body])
    }

    /// Replaces ids by numbers and removes timestamps, so that two runs can be compared.
    fn normalize(&mut self, body: Value) -> Value {
        match body {
            Value::Object(fields) => {
                let fields = fields.into_iter().filter(|(name, _)| name != "instance");
                Value::Object(
                    fields
                        .map(|(name, it)| (name, self.normalize(it)))
                        .collect(),
                )
            }
            Value::Array(items) => items.into_iter().map(|it| self.normalize(it)).collect(),
            Value::String(text) => Value::String(self.normalize_string(&text)),
            other => other,
        }
    }

    fn normalize_string(&mut self, text: &str) -> String {
        let words = text.split(' ').map(|word| {
            let bare = word.trim_matches(|it: char| !it.is_ascii_alphanumeric());
            if chrono::DateTime::parse_from_rfc3339(bare).is_ok() {
                return "moment".to_owned();
            }
            if bare == self.foreign {
                return "foreign".to_owned();
            }
            // The public part of a key differs as the key does.
            if word == key_id(&self.key) {
                return "key".to_owned();
            }
            if uuid::Uuid::try_parse(bare).is_ok() {
                let next = self.seen.len();
                return format!("#{}", self.seen.entry(bare.to_owned()).or_insert(next));
            }
            word.to_owned()
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn key_id(key: &str) -> String {
    dossier::auth::ApiKey::new(key).id().to_owned()
}

/// Runs the operations of one workspace while another runs others, and again in a third workspace alone. Both
/// runs must have the same responses.
async fn compare(
    app: &TestApp,
    run: usize,
    steps: &[(Operation, Operation)],
) -> Result<(), TestCaseError> {
    let start = |name: &str| Tenant::start(app, format!("key-of-{name}-{run}"));
    let (mut ours, mut theirs) = (start("ours").await, start("theirs").await);
    let mut alone = start("alone").await;
    for (operation, other_operation) in steps {
        let ours_so_far = ours.cases.clone();
        theirs.perform(app, other_operation, &ours_so_far).await;
        let with_others = ours.perform(app, operation, &theirs.cases).await;
        let alone_response = alone.perform(app, operation, &[]).await;
        proptest::prop_assert_eq!(with_others, alone_response, "{:?}", operation);
    }
    Ok(())
}

#[test]
fn responses_do_not_depend_on_other_workspaces() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let app = runtime.block_on(TestApp::start());
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    let steps = proptest::collection::vec((operation(), operation()), 5..25);
    let run = std::cell::Cell::new(0);
    let result = TestRunner::new(config).run(&steps, |steps| {
        run.set(run.get() + 1);
        runtime.block_on(compare(&app, run.get(), &steps))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    runtime.block_on(async move { drop(app) });
}
