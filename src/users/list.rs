//! `GET /users`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::{StoredUser, UserView};
use crate::auth::Caller;
use crate::db::listing::{Field, Listing};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list};

const FIELDS: &[Field] = &[filters::moment("created_at", "c.created_at")];

/// Those that are in use.
pub const LISTING: Listing = Listing {
    table: "users",
    always: "c.suspended_at IS NULL",
    row: "to_jsonb(c)",
    counted: None,
    identifier: "id",
};

/// All of them.
const WITH_SUSPENDED: Listing = Listing {
    always: "true",
    ..LISTING
};

/// Lists the users of the workspace, with the suspended ones where they are asked for.
///
/// # Errors
/// 400, 401 and what the database can have.
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let with_suspended = query.flag("include_suspended");
    let asked = query.list(FIELDS, "created_at");
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
