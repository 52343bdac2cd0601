//! `GET /activities`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Caller;
use crate::db::listing::{Field, Kind, Listing, Operator};
use crate::db::{Database, Deadline};
use crate::events::{ACTIVITIES, Field as ChangedField};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;
use crate::schema::Null;
use crate::values::Timestamp;

/// An identifier that is compared in one way alone.
const ONLY: &[Operator] = &[Operator::Eq];
/// The same of one that can be missing.
const ONLY_OR_NULL: &[Operator] = &[Operator::Eq, Operator::IsNull];

const FIELDS: &[Field] = &[
    filters::id("case_id", "c.case_id", ONLY),
    filters::id("individual_id", "c.individual_id", ONLY_OR_NULL),
    filters::id("company_id", "c.company_id", ONLY_OR_NULL),
    Field {
        name: "type",
        column: "c.type",
        kind: Kind::Word(ACTIVITIES),
        operators: &[Operator::Eq, Operator::NotEq, Operator::In, Operator::NotIn],
        sortable: false,
    },
    // Who acts is a key so far, and never a user.
    filters::id("author_id", "NULL::uuid", ONLY),
    filters::moment("created_at", "c.created_at"),
];

/// The activities of a workspace.
pub const LISTING: Listing = Listing {
    table: "activities",
    base_condition: "true",
    row: "to_jsonb(c)",
    count_limit: Some(filters::COUNTED),
    identifier: "id",
};

#[derive(Debug, Deserialize)]
struct Activity {
    id: Uuid,
    case_id: Uuid,
    individual_id: Option<Uuid>,
    company_id: Option<Uuid>,
    #[serde(rename = "type")]
    kind: String,
    api_key_id: String,
    context: Value,
    changes: Option<Value>,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ActivityView<'a> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The case that it belongs to.
    case_id: Uuid,
    /// The individual that it is about.
    #[schema(required)]
    individual_id: Option<Uuid>,
    /// The company that it is about.
    #[schema(required)]
    company_id: Option<Uuid>,
    /// What was done.
    #[serde(rename = "type")]
    kind: &'a str,
    /// Who did it: `api`.
    author_type: &'static str,
    /// Never a user: keys act.
    #[schema(required)]
    author_id: Option<Uuid>,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = Null, required)]
    user: Option<()>,
    /// The public part of the key.
    api_key_id: &'a str,
    /// What stands around it, without personal values.
    #[schema(value_type = Object)]
    context: &'a Value,
    /// The fields that were changed.
    #[schema(value_type = Option<Vec<ChangedField>>, required)]
    changes: Option<&'a Value>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl<'a> ActivityView<'a> {
    fn new(activity: &'a Activity) -> Self {
        Self {
            id: activity.id,
            case_id: activity.case_id,
            individual_id: activity.individual_id,
            company_id: activity.company_id,
            kind: &activity.kind,
            author_type: "api",
            author_id: None,
            user: None,
            api_key_id: &activity.api_key_id,
            context: &activity.context,
            changes: activity.changes.as_ref(),
            created_at: activity.created_at.into(),
        }
    }
}

/// Its order where the request does not say.
const ORDER: &str = "created_at";

parameters!(Parameters, parameters::list(FIELDS, ORDER));

/// Lists what was done in the workspace, to cases that were deleted since too.
///
/// # Errors
/// 400, 401 and what the database can have.
#[utoipa::path(
    get,
    path = "/activities",
    operation_id = "list_activities",
    tag = "Activities",
    params(Parameters),
    responses(
        (status = 200, description = "A page of activities.", body = PageView<ActivityView<'static>>),
    ),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let asked = query.list("activities", FIELDS, ORDER);
    query.finish()?;
    let listing = &LISTING;
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &asked).await?;
    let rows = PageView::new(listed, &asked, serde_json::from_value::<Activity>)?;
    Ok(Json(rows.view(ActivityView::new)).into_response())
}
