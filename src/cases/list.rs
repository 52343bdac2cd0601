//! `GET /cases`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::model::{CaseHeader, Status};
use super::view::CaseRowView;
use crate::auth::Caller;
use crate::custom_properties::{
    Definition, Definitions, Target, filter_object, store::definitions,
};
use crate::db::listing::{Field, Kind, Listing, Operator};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;

/// The condition that a case has a tag, by its label (case-insensitive) or its id.
const HAS_TAG: [&str; 3] = [
    "EXISTS (SELECT FROM case_tags AS ct JOIN tags AS t
         ON t.workspace_id = ct.workspace_id AND t.id = ct.tag_id
         WHERE ct.workspace_id = c.workspace_id AND ct.case_id = c.id AND (t.folded_label = ",
    " OR t.id::text = ",
    "))",
];

/// The id of a template by its key. `$1` is the workspace.
const TEMPLATE: &str = "SELECT id FROM templates WHERE workspace_id = $1 AND key";

/// Metadata, whose keys the client chooses.
static METADATA: Field = filters::object("metadata", "c.metadata");
/// Custom properties, whose keys the workspace defines.
static PROPERTIES: Field = filters::object("custom_properties", "c.custom_properties");

/// The fields for filters and sorting.
pub const FIELDS: &[Field] = &[
    filters::text("external_id", "c.external_id", filters::NULLABLE),
    filters::id("assignee_id", "c.assignee_id", filters::NULLABLE),
    Field {
        name: "template_key",
        column: "c.template_id",
        kind: Kind::Key(TEMPLATE),
        operators: filters::ONE_OR_NULL,
        sortable: false,
    },
    filters::text("space_slug", "c.space_slug", filters::ONE_OR_NULL),
    filters::name("name", "c.name"),
    Field {
        name: "tags",
        column: "c.id",
        kind: Kind::Names(&HAS_TAG),
        operators: &[
            Operator::ArrayContains,
            Operator::ArrayNotContains,
            Operator::ArrayOverlap,
        ],
        sortable: false,
    },
    Field {
        name: "status",
        column: "c.status",
        kind: Kind::Word(&Status::WORDS),
        operators: &[Operator::Eq, Operator::NotEq, Operator::In, Operator::NotIn],
        sortable: true,
    },
    filters::moment("created_at", "c.created_at"),
    filters::moment("updated_at", "c.updated_at"),
    filters::moment("last_activity_at", "c.last_activity_at"),
];

/// Cases without companies, individuals and relations.
pub const LISTING: Listing = Listing {
    table: "cases",
    base_condition: "true",
    row: "to_jsonb(c) || jsonb_build_object(
        'template', (SELECT jsonb_build_object('id', id, 'key', key, 'name', name) FROM templates
            WHERE workspace_id = c.workspace_id AND id = c.template_id),
        'assignee', (SELECT jsonb_build_object('id', id, 'first_name', first_name,
                'last_name', last_name, 'email', email, 'suspended', suspended_at IS NOT NULL)
            FROM users WHERE workspace_id = c.workspace_id AND id = c.assignee_id),
        'tags', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'label', t.label,
                'created_at', t.created_at) ORDER BY ct.ordinal), '[]')
            FROM case_tags AS ct JOIN tags AS t
                ON t.workspace_id = ct.workspace_id AND t.id = ct.tag_id
            WHERE ct.workspace_id = c.workspace_id AND ct.case_id = c.id),
        'review', (SELECT to_jsonb(r) FROM case_reviews AS r
            WHERE r.workspace_id = c.workspace_id AND r.case_id = c.id AND r.status = c.status
            ORDER BY r.id DESC LIMIT 1))",
    count_limit: None,
    identifier: "id",
};

/// The default order.
const ORDER: &str = "created_at";

parameters!(Parameters, {
    let mut parameters = parameters::list(FIELDS, ORDER);
    let about = "Whether to include the custom properties.";
    parameters.push(parameters::flag("include_custom_properties", about));
    parameters
});

/// Lists the cases of the workspace, without their companies, individuals and relations. Besides the parameters below,
/// `metadata.KEY` and `custom_properties.KEY` are filters with the operators `eq` (the default), `not_eq` and
/// `is_null`, such as `metadata.crm_ref=7` and `custom_properties.risk_score.is_null=true`. If the custom property is a
/// list, `eq` finds the cases whose list has the item.
///
/// # Errors
/// Returns 400, 401 or a database error.
#[utoipa::path(
    get,
    path = "/cases",
    operation_id = "list_cases",
    tag = "Cases",
    params(Parameters),
    responses(
        (status = 200, description = "A page of cases.", body = PageView<CaseRowView<'static>>),
    ),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let with_properties = query.flag("include_custom_properties");
    let (metadata, properties) = (query.key_filters(&METADATA), query.key_filters(&PROPERTIES));
    let mut list_query = query.list("cases", FIELDS, ORDER);
    let definitions = if with_properties || !properties.is_empty() {
        Some(all_definitions(&database, deadline, &caller).await?)
    } else {
        None
    };
    let conditions =
        query.key_conditions(&METADATA, metadata, |it| Ok(json!({ &it.key: it.value })));
    list_query.conditions.extend(conditions);
    if let Some(definitions) = definitions.clone().filter(|_| !properties.is_empty()) {
        let all = Definitions::from(definitions);
        let conditions = query.key_conditions(&PROPERTIES, properties, |it| {
            let value = Some(it.value.as_str()).filter(|_| it.operator != Operator::IsNull);
            filter_object(&all, Target::Case, &it.key, value)
        });
        list_query.conditions.extend(conditions);
    }
    query.finish()?;
    let workspace_id = caller.workspace_id;
    let listed = read_list(&database, deadline, &LISTING, workspace_id, &list_query).await?;
    let definitions = definitions.filter(|_| with_properties);
    let headers = PageView::new(listed, &list_query, serde_json::from_value::<CaseHeader>)?;
    let view = headers.view(|header| CaseRowView::new(header, definitions.as_deref()));
    Ok(Json(view).into_response())
}

async fn all_definitions(
    database: &Database,
    deadline: Deadline,
    caller: &Caller,
) -> Result<Vec<Definition>, Problem> {
    let found = database
        .read(deadline, caller.workspace_id, |connection, workspace_id| {
            Box::pin(definitions(connection, *workspace_id))
        })
        .await?;
    serde_json::from_value(found).map_err(Problem::Decode)
}
