//! `POST /spaces`.

use axum::http::StatusCode;
use axum::response::Response;
use rand::distr::{Alphanumeric, SampleString};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Space, SpaceView};
use crate::http::{JsonBody, NoQuery, Problem, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::schema::shape;
use crate::validation::{Code, Fault, Scope, Text};
use crate::values::{SpaceSlug, not_blank};
use crate::wire_object;
use crate::writes::Write;

wire_object! {
    /// A space: a part of the workspace that groups cases.
    SpaceRequest {
        /// Its name.
        "name" => name: Text<'de> =
            shape::text(1, 255).example("Paris office").matching(r"\S").required(),
        /// Slug that cases use as `space_slug`. Generated if it is absent.
        "slug" => slug: Text<'de> = SpaceSlug::shape(),
    }
}

impl SpaceRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> (Option<String>, Option<SpaceSlug>) {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let name = scope.required(self.name(), not_blank(255));
        (name, scope.optional(self.slug(), SpaceSlug::parse))
    }
}

/// Adds a space to the workspace. Its slug is generated if the request has none.
///
/// # Errors
/// Returns 400, 401, 409 or a database error.
#[utoipa::path(
    post,
    path = "/spaces",
    operation_id = "create_space",
    tag = "Spaces",
    params(IdempotencyKey),
    request_body(
        content = SpaceRequest<'static>,
        example = json!({"name": "Paris office"}),
    ),
    responses((status = 201, description = "The space.", body = SpaceView<'static>)),
)]
pub async fn create(
    write: Write,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parse_body!(
        write.compute,
        body.clone(),
        SpaceRequest<'_>,
        SpaceRequest::parse
    )?;
    request.refuse(request.violations())?;
    let (name, slug) = request.value;
    let random = || format!("space_{}", Alphanumeric.sample_string(&mut rand::rng(), 12));
    let space = Space {
        slug: slug.map_or_else(random, |slug| slug.as_str().to_owned()),
        name: name.unwrap_or_default(),
        created_at: write.now,
    };
    let work = (write.workspace_id, space);
    let create = write.run(&body, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, space) = &*work;
            insert(connection, *workspace_id, space).await?;
            Ok(WriteResponse::json(StatusCode::CREATED, &SpaceView::new(space))?.into())
        })
    });
    create.await
}

async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    space: &Space,
) -> Result<(), Problem> {
    let inserted = sqlx::query!(
        "INSERT INTO spaces (workspace_id, slug, name, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT spaces_pkey DO NOTHING",
        workspace_id,
        space.slug,
        space.name,
        space.created_at
    )
    .execute(connection)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(());
    }
    let message = "Another space has this slug. Use a different one, or omit it.";
    let fault = Fault::new(Code::DuplicateValue, message);
    Err(Problem::conflict("/slug", fault))
}
