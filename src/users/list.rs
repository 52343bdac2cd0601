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

/// The users that are not suspended.
pub const LISTING: Listing = Listing {
    table: "users",
    base_condition: "c.suspended_at IS NULL",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "id",
};

/// All users.
const WITH_SUSPENDED: Listing = Listing {
    base_condition: "true",
    ..LISTING
};

/// The default sort field.
const ORDER: &str = "created_at";

parameters!(Parameters, {
    let mut parameters = parameters::list(FIELDS, ORDER);
    let about = "Whether to include suspended users.";
    parameters.push(parameters::flag("include_suspended", about));
    parameters
});

/// Lists the users of the workspace. Suspended users are included only with `include_suspended=true`.
///
/// # Errors
/// Returns 400, 401 or a database error.
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
    let list = query.list(name, FIELDS, ORDER);
    query.finish()?;
    let listing = if with_suspended {
        &WITH_SUSPENDED
    } else {
        &LISTING
    };
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &list).await?;
    let rows = PageView::new(listed, &list, serde_json::from_value::<StoredUser>)?;
    Ok(Json(rows.view(UserView::new)).into_response())
}
