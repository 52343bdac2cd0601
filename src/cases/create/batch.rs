//! `POST /cases/batch`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::batch_item::CASES;
use super::batch_items::Batch;
use super::batch_view::BatchView;
use super::dry_run::DryRun;
use super::request::{CaseRequest, SEVERAL};
use super::writer::CaseWriter;
use crate::http::{JsonBody, Problem, WriteResponse, visit_item};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::schema::{self, shape};
use crate::state::FeatureState;
use crate::validation::{Code, Fault, Field, Mode, Scope, Slices};
use crate::wire_object;
use crate::writes::Write;

wire_object! {
    /// Several cases. Each is created or refused independently of the others.
    BatchRequest {
        /// The cases.
        "cases" => cases: Slices<'de, CASES> =
            shape::list(schema::item_in::<CaseRequest<'_>>(Mode::Part), CASES).required(),
    }
}

/// Creates up to 100 cases, each independently of the others.
///
/// # Errors
/// Returns the problem of the request as a whole. The problem of an item is the result of that item.
#[utoipa::path(
    post,
    path = "/cases/batch",
    operation_id = "create_cases",
    description = include_str!("batch.md"),
    tag = "Cases",
    params(DryRun, IdempotencyKey),
    request_body(
        content = BatchRequest<'static>,
        example = json!({"cases": [
            {"name": "Acme", "external_id": "customer-1001", "companies": [{"name": "Acme SAS"}]},
            {"name": "Globex", "external_id": "customer-1002", "created_at": "2021-03-04T09:30:00Z",
                "reviews": [{"status": "approved", "reviewed_at": "2021-03-05T16:00:00Z"}]},
        ]}),
    ),
    responses((status = 200, description = "One result for each case, in the order of the request.", body = BatchView)),
)]
pub async fn batch(
    write: Write,
    FeatureState(cases): FeatureState<CaseWriter>,
    DryRun(dry_run): DryRun,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let items = items(&write, &body).await?;
    let batch = Batch::new(write, cases, body.len(), dry_run);
    let lease = match dry_run {
        true => None,
        false => batch.write.lease_batch().await?,
    };
    let results = batch.run(items).await;
    if let Some(lease) = lease {
        lease.release().await;
    }
    let view = BatchView { results: results? };
    Ok(WriteResponse::json(StatusCode::OK, &view)?.into_response())
}

/// The items, not parsed yet.
async fn items(write: &Write, body: &Bytes) -> Result<Vec<Bytes>, Problem> {
    let read = parse_body!(
        write.compute,
        body.clone(),
        BatchRequest<'_>,
        |request: BatchRequest<'_>, scope: &mut Scope<'_>| request.parse(scope, body),
        |body, violations, visit| visit_item(body, SEVERAL, violations, visit)
    )?;
    read.refuse(read.violations())?;
    Ok(read.value)
}

impl BatchRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>, body: &Bytes) -> Vec<Bytes> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let cases = self.cases();
        let name = cases.name;
        if matches!(cases.value, Field::Missing | Field::Null) {
            let message = "cases is required: a list of up to 100 cases.";
            scope.key(name).refuse(Fault::new(Code::Required, message));
        }
        let Some(cases) = scope.given(cases) else {
            return Vec::new();
        };
        let cases = cases.within_limit(&mut scope.key(name));
        let slices = cases.into_iter();
        slices.map(|it| body.slice_ref(it.as_bytes())).collect()
    }
}
