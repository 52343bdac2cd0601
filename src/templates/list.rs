//! `GET /templates`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::{StoredTemplate, TemplateView};
use crate::auth::Caller;
use crate::db::listing::{Field, Kind, Listing};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;

const FIELDS: &[Field] = &[
    filters::name("name", "c.name"),
    filters::name("key", "c.key"),
    Field {
        name: "case_auto_approval",
        column: "false",
        kind: Kind::Boolean,
        operators: filters::EQUALITY,
        sortable: false,
    },
    filters::moment("created_at", "c.created_at"),
    filters::moment("updated_at", "c.updated_at"),
];

/// The templates that are not archived.
pub const LISTING: Listing = Listing {
    table: "templates",
    base_condition: "c.archived_at IS NULL",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "id",
};

/// All templates.
const WITH_ARCHIVED: Listing = Listing {
    base_condition: "true",
    ..LISTING
};

/// The default sort field.
const ORDER: &str = "updated_at";

parameters!(Parameters, {
    let mut parameters = parameters::list(FIELDS, ORDER);
    let about = "Whether to include archived templates.";
    parameters.push(parameters::flag("include_archived", about));
    parameters
});

/// Lists the templates of the workspace. Archived templates are included only with `include_archived=true`.
///
/// # Errors
/// Returns 400, 401 or a database error.
#[utoipa::path(
    get,
    path = "/templates",
    operation_id = "list_templates",
    tag = "Templates",
    params(Parameters),
    responses(
        (status = 200, description = "A page of templates.", body = PageView<TemplateView<'static>>),
    ),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let with_archived = query.flag("include_archived");
    let name = if with_archived {
        "templates, archived too"
    } else {
        "templates"
    };
    let list = query.list(name, FIELDS, ORDER);
    query.finish()?;
    let listing = if with_archived {
        &WITH_ARCHIVED
    } else {
        &LISTING
    };
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &list).await?;
    let rows = PageView::new(listed, &list, serde_json::from_value::<StoredTemplate>)?;
    Ok(Json(rows.view(TemplateView::new)).into_response())
}
