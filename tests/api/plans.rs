//! Query plans of the statements in the request path, over 200,000 cases.

use dossier::db::listing::{
    Condition, CursorPosition, Field, Listing, Operand, Operator, Slice, Sort,
};
use dossier::http::filters;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use uuid::Uuid;

use crate::support::TestApp;

const WORKSPACE: &str = "0198a000-0000-4000-8000-000000000001";
static CREATED_AT: Field = filters::moment("created_at", "c.created_at");

/// 200,000 cases with a company, an individual and a relation each, inserted by SQL.
const FILL: &str = "
    -- Skips the foreign key checks, if the role is allowed to.
    DO $$ BEGIN
        PERFORM set_config('session_replication_role', 'replica', false);
    EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
    INSERT INTO cases (workspace_id, id, name, status, external_id, template_id, assignee_id,
        space_slug, metadata, custom_properties, created_at, updated_at, last_activity_at)
    SELECT '0198a000-0000-4000-8000-000000000001', gen_random_uuid(), 'Case ' || i, 'open',
        'external ' || i,
        CASE WHEN i % 20001 = 0 THEN '0198a000-0000-4000-8000-000000000102'::uuid
            ELSE '0198a000-0000-4000-8000-000000000101' END,
        -- The unassigned cases are the last ones.
        CASE WHEN i < 199000 THEN '0198a000-0000-4000-8000-000000000301'::uuid END,
        CASE WHEN i % 30011 = 0 THEN 'space_AbCdEf123456' ELSE 'space_000000000000' END,
        jsonb_build_object('crm_ref', i::text), jsonb_build_object('risk_score', i % 100), at, at, at
    FROM generate_series(1, 200000) AS i,
        LATERAL (SELECT '2024-01-01'::timestamptz + i * interval '1 second' AS at) AS t;
    INSERT INTO companies (workspace_id, case_id, id, type, name, registration_number, status, address,
        classifications, banking_information, custom_properties, created_at, updated_at)
    SELECT workspace_id, id, gen_random_uuid(), 'main', name, name, 'live', '{}', '[]', '{}', '{}',
        created_at, created_at FROM cases;
    INSERT INTO individuals (workspace_id, case_id, id, first_name, last_name,
        is_business_contact, is_beneficial_owner, is_controlling_person, is_delegator,
        is_signatory, address, custom_properties, roles, created_at, updated_at)
    SELECT workspace_id, id, gen_random_uuid(), name, '', false, false, false, false, false, '{}',
        '{}', '[]', created_at, created_at FROM cases;
    INSERT INTO case_tags (workspace_id, case_id, tag_id, ordinal)
    SELECT c.workspace_id, c.id, t.id, 1 FROM cases AS c, tags AS t
    WHERE t.workspace_id = c.workspace_id AND t.label = 'VIP';
    INSERT INTO relations (workspace_id, case_id, id, from_individual_id, to_company_id, roles,
        created_at, updated_at)
    SELECT i.workspace_id, i.case_id, gen_random_uuid(), i.id, c.id, '[]', now(), now()
    FROM individuals AS i JOIN companies AS c USING (workspace_id, case_id);
    -- Samples every row: a smaller sample can miss the rare values, and the plans would vary between runs.
    SET default_statistics_target = 1000;
    ANALYZE cases, companies, individuals, relations, case_tags;";

/// Returns the plan that PostgreSQL chooses for a statement with these parameters.
async fn plan(connection: &mut PgConnection, sql: &str, parameters: &str) -> String {
    let prepare = format!("PREPARE query AS {sql}");
    connection.execute(AssertSqlSafe(prepare)).await.expect(sql);
    let explain = format!("EXPLAIN EXECUTE query ({parameters})");
    let rows = connection.fetch_all(AssertSqlSafe(explain)).await;
    let rows = rows.expect("a plan");
    connection
        .execute("DEALLOCATE query")
        .await
        .expect("the deallocation");
    let lines = rows.iter().map(|row| row.get::<String, _>(0));
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_indexed(name: &str, plan: &str) {
    for table in [
        "cases",
        "companies",
        "individuals",
        "relations",
        "case_tags",
    ] {
        assert!(
            !plan.contains(&format!("Seq Scan on {table}")),
            "{name}:\n{plan}"
        );
    }
}

async fn assert_pages(
    connection: &mut PgConnection,
    name: &str,
    listing: &Listing,
    deep: CursorPosition,
) {
    for descending in [false, true] {
        let sort = [Sort {
            field: &CREATED_AT,
            descending,
        }];
        let workspace = Uuid::parse_str(WORKSPACE).expect("a UUID");
        let first = Slice::Page { page: 1, limit: 20 };
        let sql = listing.page(workspace, &[], &sort, &first).into_string();
        let found = plan(connection, &sql, &format!("'{WORKSPACE}', 20, 0")).await;
        assert_indexed(name, &found);
        assert!(!found.contains("Sort"), "{name} needs a sort:\n{found}");
        let after = Slice::After {
            position: Some(deep),
            limit: 20,
        };
        let sql = listing.page(workspace, &[], &sort, &after).into_string();
        let parameters = format!("'{WORKSPACE}', '{}', '{}', 21", deep.created_at, deep.id);
        let found = plan(connection, &sql, &parameters).await;
        assert_indexed(name, &found);
        // The cursor position is an index condition, and not a filter after the index scan.
        assert!(
            found.contains("Index Cond") && !found.contains("Filter: (ROW"),
            "{found}"
        );
    }
}

fn field(fields: &'static [Field], name: &str) -> &'static Field {
    let mut fields = fields.iter();
    fields.find(|it| it.name == name).expect("a field")
}

/// Checks the first page of each filter with a rare value: it must use the filter's own index, in list order.
/// Fields inside `metadata` and `custom_properties` have no index (see migration 17).
async fn assert_filters(connection: &mut PgConnection) {
    let (cases, companies) = (dossier::cases::FIELDS, dossier::companies::FIELDS);
    let text = |text: &str| Operand::Text(text.to_owned());
    for (listing, field, operator, operand, parameters, index) in [
        (
            &dossier::cases::LISTING,
            field(cases, "assignee_id"),
            Operator::IsNull,
            Operand::Boolean(true),
            String::new(),
            "cases_unassigned_idx",
        ),
        (
            &dossier::cases::LISTING,
            field(cases, "assignee_id"),
            Operator::Eq,
            Operand::Uuid(Uuid::nil()),
            format!("'{}', ", Uuid::nil()),
            "cases_assignee_idx",
        ),
        (
            &dossier::cases::LISTING,
            field(cases, "template_key"),
            Operator::Eq,
            text("kyc_standard"),
            "'kyc_standard', ".to_owned(),
            "cases_template_idx",
        ),
        (
            &dossier::cases::LISTING,
            field(cases, "space_slug"),
            Operator::Eq,
            text("space_AbCdEf123456"),
            "'space_AbCdEf123456', ".to_owned(),
            "cases_space_idx",
        ),
        (
            &dossier::companies::LISTING,
            field(companies, "registration_number"),
            Operator::Eq,
            text("Case 7"),
            "'Case 7', ".to_owned(),
            "companies_registration_number_idx",
        ),
    ] {
        let condition = Condition {
            field,
            operator,
            operand,
        };
        let sort = [Sort {
            field: &CREATED_AT,
            descending: false,
        }];
        let workspace = Uuid::parse_str(WORKSPACE).expect("a UUID");
        let first = Slice::Page { page: 1, limit: 20 };
        let sql = listing.page(workspace, &[condition], &sort, &first);
        let parameters = format!("'{WORKSPACE}', {parameters}20, 0");
        let found = plan(connection, &sql.into_string(), &parameters).await;
        assert_indexed(index, &found);
        assert!(found.contains(index), "{index}:\n{found}");
        assert!(!found.contains("Sort"), "{index} needs a sort:\n{found}");
    }
}

#[tokio::test]
async fn lists_lookups_and_deep_pages_use_an_index() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    connection.execute(FILL).await.expect("rows");
    let middle = connection
        .fetch_one("SELECT created_at, id FROM cases ORDER BY created_at OFFSET 150000 LIMIT 1");
    let middle = middle.await.expect("a case");
    let deep = CursorPosition {
        created_at: middle.get(0),
        id: middle.get(1),
    };
    for (name, listing) in [
        ("cases", &dossier::cases::LISTING),
        ("companies", &dossier::companies::LISTING),
        ("individuals", &dossier::individuals::LISTING),
    ] {
        assert_pages(&mut connection, name, listing, deep).await;
    }
    assert_filters(&mut connection).await;
    let by_identifier = format!("'{WORKSPACE}', '{}', 'external 7'", deep.id);
    for (name, sql) in [
        ("a case", include_str!("../../src/cases/find.sql")),
        ("its header", include_str!("../../src/cases/header.sql")),
    ] {
        assert_indexed(name, &plan(&mut connection, sql, &by_identifier).await);
    }
    let by_id = format!("'{WORKSPACE}', '{}'", deep.id);
    for (name, sql) in [
        ("a company", include_str!("../../src/companies/find.sql")),
        (
            "an individual",
            include_str!("../../src/individuals/find.sql"),
        ),
        ("members", include_str!("../../src/relations/members.sql")),
    ] {
        assert_indexed(name, &plan(&mut connection, sql, &by_id).await);
    }
    let references = include_str!("../../src/cases/references/read.sql");
    let parameters =
        format!("'{WORKSPACE}', 'kyb_strict', NULL, NULL, NULL, '{{vip}}', 'external 7', NULL");
    assert_indexed(
        "references",
        &plan(&mut connection, references, &parameters).await,
    );

    // The last page by cursor also works over HTTP.
    let cursor = app
        .get("/cases?cursor=&sort=created_at.desc&limit=2")
        .await
        .expect(200);
    let next = cursor.body["pagination"]["next_cursor"]
        .as_str()
        .expect("a cursor");
    let path = format!("/cases?cursor={next}&sort=created_at.desc&limit=2");
    let page = app.get(&path).await.expect(200);
    assert_eq!(page.body["data"][0]["name"], "Case 199998");
}
