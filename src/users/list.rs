//! `GET /users`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::{StoredUser, UserView};
use crate::auth::Caller;
use crate::db::listing::{Field, Listing};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;

const FIELDS: &[Field] = &[filters::moment("created_at", "c.created_at")];

/// Those that are in use.
pub const LISTING: Listing = Listing {
    table: "users",
    base_condition: "c.suspended_at IS NULL",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "id",
};

/// All of them.
const WITH_SUSPENDED: Listing = Listing {
    base_condition: "true",
    ..LISTING
};

/// Its order where the request does not say.
const ORDER: &str = "created_at";

parameters!(Parameters, {
    let mut parameters = parameters::list(FIELDS, ORDER);
    let about = "Whether suspended ones are listed too.";
    parameters.push(parameters::flag("include_suspended", about));
    parameters
});

/// Lists the users of the workspace, with the suspended ones where they are asked for.
///
/// # Errors
/// 400, 401 and what the database can have.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "list_users",
    tag = "Users",
    params(Parameters),
    responses((status = 200, description = "A page of users.", body = PageView<UserView<'static>>)),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let with_suspended = query.flag("include_suspended");
    let name = if with_suspended {
        "users, suspended too"
    } else {
        "users"
    };
    let asked = query.list(name, FIELDS, ORDER);
    query.finish()?;
    let listing = if with_suspended {
        &WITH_SUSPENDED
    } else {
        &LISTING
    };
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &asked).await?;
    let rows = PageView::new(listed, &asked, serde_json::from_value::<StoredUser>)?;
    Ok(Json(rows.view(UserView::new)).into_response())
}
