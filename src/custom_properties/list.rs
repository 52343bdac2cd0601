//! `GET /custom-properties/{target}`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::path::TargetPath;
use super::{PropertyView, StoredProperty};
use crate::auth::Caller;
use crate::db::listing::{Condition, Field, Listing, Operand, Operator};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;

const FIELDS: &[Field] = &[
    filters::name("label", "c.label"),
    filters::name("key", "c.key"),
    filters::moment("created_at", "c.created_at"),
    filters::moment("updated_at", "c.updated_at"),
];

/// The target of the path, as a field for a condition.
const TARGET: Field = filters::name("target", "c.target");

/// The custom properties that are not archived.
pub const LISTING: Listing = Listing {
    table: "custom_properties",
    base_condition: "c.archived_at IS NULL",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "id",
};

/// All custom properties.
const WITH_ARCHIVED: Listing = Listing {
    base_condition: "true",
    ..LISTING
};

/// The default sort field.
const ORDER: &str = "created_at";

parameters!(Parameters, {
    let mut parameters = parameters::list(FIELDS, ORDER);
    let about = "Whether to include archived custom properties.";
    parameters.push(parameters::flag("include_archived", about));
    parameters
});

/// Lists the custom properties of a target. Archived ones are included only with `include_archived=true`.
///
/// # Errors
/// Returns 400, 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/custom-properties/{target}",
    operation_id = "list_custom_properties",
    tag = "Custom properties",
    params(TargetPath, Parameters),
    responses(
        (
            status = 200,
            description = "A page of custom properties, without their options.",
            body = PageView<PropertyView<'static>>,
        ),
    ),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    TargetPath(target): TargetPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let with_archived = query.flag("include_archived");
    let name = format!("custom properties, {}, {with_archived}", target.as_str());
    let mut list = query.list(&name, FIELDS, ORDER);
    query.finish()?;
    list.conditions.push(Condition {
        field: &TARGET,
        operator: Operator::Eq,
        operand: Operand::Text(target.as_str().to_owned()),
    });
    let listing = if with_archived {
        &WITH_ARCHIVED
    } else {
        &LISTING
    };
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &list).await?;
    let rows = PageView::new(listed, &list, serde_json::from_value::<StoredProperty>)?;
    Ok(Json(rows.view(PropertyView::listed)).into_response())
}
