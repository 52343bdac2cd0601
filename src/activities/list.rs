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

/// The operators of a required id.
const ID_OPERATORS: &[Operator] = &[Operator::Eq];
/// The operators of an optional id.
const NULLABLE_ID_OPERATORS: &[Operator] = &[Operator::Eq, Operator::IsNull];

const FIELDS: &[Field] = &[
    filters::id("case_id", "c.case_id", ID_OPERATORS),
    filters::id("individual_id", "c.individual_id", NULLABLE_ID_OPERATORS),
    filters::id("company_id", "c.company_id", NULLABLE_ID_OPERATORS),
    Field {
        name: "type",
        column: "c.type",
        kind: Kind::Word(ACTIVITIES),
        operators: &[Operator::Eq, Operator::NotEq, Operator::In, Operator::NotIn],
        sortable: false,
    },
    // All authors are API keys, so no activity has an author_id.
    filters::id("author_id", "NULL::uuid", ID_OPERATORS),
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
    /// The id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The case.
    case_id: Uuid,
    /// The individual, if the activity is about one.
    #[schema(required)]
    individual_id: Option<Uuid>,
    /// The company, if the activity is about one.
    #[schema(required)]
    company_id: Option<Uuid>,
    /// The type of the activity.
    #[serde(rename = "type")]
    kind: &'a str,
    /// The kind of author: always `api`.
    author_type: &'static str,
    /// Always `null`: the author is an API key.
    #[schema(required)]
    author_id: Option<Uuid>,
    /// Always `null`; kept for compatibility.
    #[schema(value_type = Null, required)]
    user: Option<()>,
    /// The public part of the API key.
    api_key_id: &'a str,
    /// The context of the activity, without personal data.
    #[schema(value_type = Object)]
    context: &'a Value,
    /// The changed fields, for an update.
    #[schema(value_type = Option<Vec<ChangedField>>, required)]
    changes: Option<&'a Value>,
    /// When it was created.
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

/// The default order.
const ORDER: &str = "created_at";

parameters!(Parameters, parameters::list(FIELDS, ORDER));

/// Lists the activities of the workspace, including those of deleted cases.
///
/// # Errors
/// Returns 400, 401 or a database error.
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
    let list = query.list("activities", FIELDS, ORDER);
    query.finish()?;
    let listing = &LISTING;
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &list).await?;
    let rows = PageView::new(listed, &list, serde_json::from_value::<Activity>)?;
    Ok(Json(rows.view(ActivityView::new)).into_response())
}
