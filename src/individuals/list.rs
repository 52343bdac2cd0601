//! `GET /individuals`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{IndividualRowView, StoredIndividual};
use crate::auth::Caller;
use crate::db::listing::{Field, Kind, Listing, Operator};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;
use crate::relations::RelationDetails;

const FIELDS: &[Field] = &[
    filters::name("first_name", "c.first_name"),
    filters::name("last_name", "c.last_name"),
    Field {
        name: "birth_date",
        column: "c.birth_date",
        kind: Kind::Day,
        operators: &[Operator::Eq, Operator::IsNull],
        sortable: false,
    },
    filters::text("email", "c.email", filters::MATCHING_OR_NULL),
    filters::moment("created_at", "c.created_at"),
    filters::moment("updated_at", "c.updated_at"),
    filters::moment("last_activity_at", "c.updated_at"),
];

/// Individuals with their relation to the main company, without their custom properties.
pub const LISTING: Listing = Listing {
    table: "individuals",
    base_condition: "true",
    row: "jsonb_build_object('individual', to_jsonb(c), 'to_main', (
        SELECT to_jsonb(r) FROM companies AS m JOIN relations AS r
            ON r.workspace_id = m.workspace_id AND r.case_id = m.case_id AND r.to_company_id = m.id
        WHERE m.workspace_id = c.workspace_id AND m.case_id = c.case_id AND m.type = 'main'
            AND r.from_individual_id = c.id))",
    count_limit: None,
    identifier: "id",
};

#[derive(Debug, Deserialize)]
struct ListedIndividual {
    individual: StoredIndividual,
    to_main: Option<RelationDetails>,
}

/// The default order.
const ORDER: &str = "created_at";

parameters!(Parameters, parameters::list(FIELDS, ORDER));

/// Lists the individuals of all cases of the workspace.
///
/// # Errors
/// Returns a problem with the status 400, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    get,
    path = "/individuals",
    operation_id = "list_individuals",
    tag = "Individuals",
    params(Parameters),
    responses(
        (
            status = 200,
            description = "A page of individuals.",
            body = PageView<IndividualRowView<'static>>,
        ),
    ),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let asked = query.list("individuals", FIELDS, ORDER);
    query.finish()?;
    let listed = read_list(&database, deadline, &LISTING, caller.workspace_id, &asked).await?;
    let listed = PageView::new(listed, &asked, serde_json::from_value::<ListedIndividual>)?;
    let view = listed.view(|it| IndividualRowView::new(&it.individual, it.to_main.as_ref()));
    Ok(Json(view).into_response())
}
