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

/// Those that are in use.
pub const LISTING: Listing = Listing {
    table: "templates",
    base_condition: "c.archived_at IS NULL",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "id",
};

/// All of them.
const WITH_ARCHIVED: Listing = Listing {
    base_condition: "true",
    ..LISTING
};

/// Its order where the request does not say.
const ORDER: &str = "updated_at";

parameters!(Parameters, {
    let mut parameters = parameters::list(FIELDS, ORDER);
    let about = "Whether archived ones are listed too.";
    parameters.push(parameters::flag("include_archived", about));
    parameters
});

/// Lists the templates of the workspace, with the archived ones where they are asked for.
///
/// # Errors
/// 400, 401 and what the database can have.
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
    let asked = query.list(name, FIELDS, ORDER);
    query.finish()?;
    let listing = if with_archived {
        &WITH_ARCHIVED
    } else {
        &LISTING
    };
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &asked).await?;
    let rows = PageView::new(listed, &asked, serde_json::from_value::<StoredTemplate>)?;
    Ok(Json(rows.view(TemplateView::new)).into_response())
}
