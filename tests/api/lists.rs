//! Filters, sorting, pages and cursors of lists.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::support::{TestApp, TestResponse};

/// 1,000 cases with different values in every filterable column, inserted by SQL.
const CASES: &str = "
    INSERT INTO cases (workspace_id, id, name, status, external_id, template_id, assignee_id,
        custom_properties, created_at, updated_at, last_activity_at)
    SELECT '0198a000-0000-4000-8000-000000000001', gen_random_uuid(),
        (ARRAY['Acme', 'acme', '50% off', 'a_b', 'Ünïcode', E'back\\\\slash'])[1 + i % 6]
            || CASE WHEN i % 7 = 0 THEN i::text ELSE '' END,
        (ARRAY['draft', 'open', 'approved', 'rejected', 'closed'])[1 + i % 5],
        CASE WHEN i % 3 > 0 THEN 'crm ' || i END,
        CASE WHEN i % 4 = 0 THEN '0198a000-0000-4000-8000-000000000101'::uuid END,
        (ARRAY['0198a000-0000-4000-8000-000000000301', '0198a000-0000-4000-8000-000000000302',
            NULL]::uuid[])[1 + i % 3],
        '{}', at, at + i % 9 * interval '1 day', at + i % 11 * interval '1 day'
    FROM generate_series(1, $CASES) AS i,
        LATERAL (SELECT '2024-01-01'::timestamptz + (i % 50) * interval '12 hours' AS at) AS t;
    INSERT INTO case_tags (workspace_id, case_id, tag_id, ordinal)
    SELECT c.workspace_id, c.id, t.id, 1 FROM cases AS c, tags AS t
    WHERE t.workspace_id = c.workspace_id
        AND (hashtext(c.id::text || t.label) % 3) = 0;";

/// A company and an individual for each of those cases.
const PARTS: &str = "
    INSERT INTO companies (workspace_id, case_id, id, type, name, registration_number, country,
        status, address, classifications, banking_information, custom_properties, created_at,
        updated_at)
    SELECT workspace_id, id, gen_random_uuid(), 'main', name, CASE WHEN name LIKE 'A%' THEN name END,
        CASE WHEN status = 'open' THEN 'FR' WHEN status = 'draft' THEN 'GB' END, 'live', '{}', '[]',
        '{}', '{}', created_at, updated_at FROM cases;
    INSERT INTO individuals (workspace_id, case_id, id, first_name, last_name,
        is_business_contact, is_beneficial_owner, is_controlling_person, is_delegator,
        is_signatory, email, birth_date, address, custom_properties, roles, created_at, updated_at)
    SELECT workspace_id, id, gen_random_uuid(), name, reverse(name), false, false, false, false,
        false, CASE WHEN name LIKE 'a%' THEN name END, created_at::date, '{}', '{}', '[]',
        created_at, updated_at FROM cases;";

async fn fill(connection: &mut PgConnection, cases: u32) {
    let statements = CASES.replace("$CASES", &cases.to_string());
    let filled = connection.execute(AssertSqlSafe(statements)).await;
    filled.expect("cases");
}

/// A query parameter, its value, and the same condition in SQL.
type Condition = (String, String, String);

fn case_conditions() -> impl Strategy<Value = Condition> {
    prop_oneof![
        names("name"),
        identifiers(),
        statuses(),
        timestamps(),
        tags()
    ]
}

fn company_conditions() -> impl Strategy<Value = Condition> {
    let country = prop::sample::select(vec!["FR", "gb"]).prop_map(|code| {
        let sql = format!("country = '{}'", code.to_uppercase());
        ("country".to_owned(), code.to_owned(), sql)
    });
    prop_oneof![
        names("name"),
        names("registration_number"),
        country,
        timestamps()
    ]
}

fn individual_conditions() -> impl Strategy<Value = Condition> {
    let born = (1..26_u32).prop_map(|day| {
        let value = format!("2024-01-{day:02}");
        (
            "birth_date".to_owned(),
            value.clone(),
            format!("birth_date = '{value}'"),
        )
    });
    let text = || prop_oneof![names("first_name"), names("last_name"), names("email")];
    prop_oneof![text(), text(), born, timestamps()]
}

fn names(column: &'static str) -> BoxedStrategy<Condition> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let names = [
        "Acme",
        "acme",
        "50%",
        "a_b",
        "%a%",
        "A%",
        r"50\%%",
        r"back\\slash",
        "ü%",
        "'",
    ];
    let strategy =
        (prop::sample::select(names.to_vec()), 0..4_usize).prop_map(move |(text, at)| {
            let (operator, sql) = [
                ("", "="),
                (".not_eq", "IS DISTINCT FROM"),
                (".like", "LIKE"),
                (".ilike", "ILIKE"),
            ][at];
            (
                format!("{column}{operator}"),
                text.to_owned(),
                format!("{column} {sql} {}", quoted(text)),
            )
        });
    strategy.boxed()
}

fn identifiers() -> BoxedStrategy<Condition> {
    let external = (1..40_u32, any::<bool>()).prop_map(|(number, equal)| {
        let value = format!("crm {number}");
        if equal {
            (
                "external_id".to_owned(),
                value.clone(),
                format!("external_id = '{value}'"),
            )
        } else {
            let sql = format!("(external_id <> '{value}' OR external_id IS NULL)");
            ("external_id.not_eq".to_owned(), value, sql)
        }
    });
    let user = "0198a000-0000-4000-8000-000000000301";
    let assignee = Just((
        "assignee_id".to_owned(),
        user.to_owned(),
        format!("assignee_id = '{user}'"),
    ));
    let unassigned = any::<bool>().prop_map(|is_null| {
        let not = if is_null { "" } else { "NOT " };
        let name = "assignee_id.is_null".to_owned();
        (
            name,
            is_null.to_string(),
            format!("assignee_id IS {not}NULL"),
        )
    });
    let template = any::<bool>().prop_map(|equal| {
        let (operator, sql) = if equal {
            ("eq", "=")
        } else {
            ("not_eq", "IS DISTINCT FROM")
        };
        let sql = format!("template_id {sql} '0198a000-0000-4000-8000-000000000101'");
        let name = format!("template_key.{operator}");
        (name, "kyb_standard".to_owned(), sql)
    });
    prop_oneof![external, assignee, unassigned, template].boxed()
}

fn statuses() -> BoxedStrategy<Condition> {
    let words = ["draft", "open", "approved", "rejected", "closed"];
    let strategy = (
        prop::sample::subsequence(words.to_vec(), 1..4),
        any::<bool>(),
    )
        .prop_map(|(words, within)| {
            let list = words
                .iter()
                .map(|it| format!("'{it}'"))
                .collect::<Vec<_>>()
                .join(", ");
            let (operator, sql) = if within {
                ("in", "IN")
            } else {
                ("not_in", "NOT IN")
            };
            (
                format!("status.{operator}"),
                words.join(","),
                format!("status {sql} ({list})"),
            )
        });
    strategy.boxed()
}

fn timestamps() -> BoxedStrategy<Condition> {
    let columns = ["created_at", "updated_at", "last_activity_at"];
    let strategy = (
        prop::sample::select(columns.to_vec()),
        0..6_usize,
        1..26_u32,
        any::<bool>(),
    )
        .prop_map(|(column, at, day, noon)| {
            let (operator, sql) = [
                ("", "="),
                (".not_eq", "<>"),
                (".gt", ">"),
                (".gte", ">="),
                (".lt", "<"),
                (".lte", "<="),
            ][at];
            let time = if noon { "T12:00:00Z" } else { "" };
            let value = format!("2024-01-{day:02}{time}");
            (
                format!("{column}{operator}"),
                value.clone(),
                format!("{column} {sql} '{value}'"),
            )
        });
    strategy.boxed()
}

fn tags() -> BoxedStrategy<Condition> {
    let labels = ["High risk", "Low risk", "VIP"];
    let strategy = (
        prop::sample::subsequence(labels.to_vec(), 1..=3),
        0..3_usize,
    )
        .prop_map(|(labels, at)| {
            let list = labels
                .iter()
                .map(|it| format!("'{it}'"))
                .collect::<Vec<_>>()
                .join(", ");
            let has = "ARRAY(SELECT t.label FROM case_tags AS x JOIN tags AS t ON t.id = x.tag_id
                WHERE x.case_id = cases.id)";
            let (operator, sql) = [
                ("", format!("{has} @> ARRAY[{list}]")),
                (
                    ".array_not_contains",
                    format!("NOT ({has} @> ARRAY[{list}])"),
                ),
                (".array_overlap", format!("{has} && ARRAY[{list}]")),
            ][at]
                .clone();
            (
                format!("tags{operator}"),
                labels.join(",").to_uppercase(),
                sql,
            )
        });
    strategy.boxed()
}

fn ids(response: &TestResponse) -> Vec<String> {
    let data = response.body["data"].as_array().expect("data").iter();
    data.map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Requests a page of a list, and selects all rows of the same query by SQL.
async fn request_and_select(
    app: &TestApp,
    table: &str,
    conditions: &[Condition],
    sort: &str,
    page: u32,
) -> (TestResponse, Vec<String>) {
    let clauses = conditions.iter().map(|it| format!(" AND {}", it.2));
    let mut clauses = clauses.collect::<String>();
    if table != "cases" {
        // The `last_activity_at` of companies and individuals is their `updated_at`.
        clauses = clauses.replace("last_activity_at", "updated_at");
    }
    let order = sort.replace('.', " ");
    let descending = sort
        .split(',')
        .next()
        .is_some_and(|it| it.ends_with("desc"));
    let last = if descending { "DESC" } else { "" };
    let sql =
        format!("SELECT id::text FROM {table} WHERE true{clauses} ORDER BY {order}, id {last}");
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value, _) in conditions {
        query.append_pair(name, value);
    }
    query.append_pair("sort", sort);
    query.append_pair("page", &page.to_string());
    let path = format!("/{table}?limit=7&{}", query.finish());
    let mut connection = app.connect().await;
    let rows = connection.fetch_all(AssertSqlSafe(sql)).await;
    connection.close().await.expect("closed");
    let rows = rows.expect("rows").iter().map(|row| row.get(0)).collect();
    (app.get(&path).await, rows)
}

/// Compares lists with random conditions to the same query in SQL.
fn check(table: &str, condition: impl Strategy<Value = Condition>, sorts: &[&'static str]) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let app = runtime.block_on(TestApp::start());
    runtime.block_on(async {
        let mut connection = app.connect().await;
        fill(&mut connection, 1_000).await;
        connection.execute(PARTS).await.expect("parts");
    });
    let strategy = (
        prop::collection::vec(condition, 0..3),
        prop::sample::select(sorts.to_vec()),
        1..4_u32,
    );
    let config = Config {
        cases: 128,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&strategy, |(conditions, sort, page)| {
        let mut names: Vec<_> = conditions.iter().map(|it| &it.0).collect();
        names.sort_unstable();
        names.dedup();
        prop_assume!(names.len() == conditions.len());
        let (response, rows) =
            runtime.block_on(request_and_select(&app, table, &conditions, sort, page));
        prop_assert_eq!(response.status.as_u16(), 200, "{}", response.body);
        let offset = usize::try_from(page - 1).expect("small") * 7;
        let expected: Vec<_> = rows.iter().skip(offset).take(7).cloned().collect();
        prop_assert_eq!(ids(&response), expected);
        let pagination = json!({"page": page, "limit": 7, "count": rows.len()});
        prop_assert_eq!(&response.body["pagination"], &pagination);
        Ok(())
    });
    runtime.block_on(async { drop(app) });
    result.expect("the same rows");
}

#[test]
fn case_lists_match_sql() {
    let sorts = [
        "created_at",
        "created_at.desc",
        "name.desc,updated_at",
        "status,last_activity_at.desc",
    ];
    check("cases", case_conditions(), &sorts);
}

#[test]
fn company_lists_match_sql() {
    let sorts = ["created_at", "name.desc,created_at", "updated_at.desc"];
    check("companies", company_conditions(), &sorts);
}

#[test]
fn individual_lists_match_sql() {
    let sorts = ["created_at.desc", "last_name,first_name.desc", "updated_at"];
    check("individuals", individual_conditions(), &sorts);
}

#[tokio::test]
async fn cursor_pages_neither_skip_nor_repeat_existing_rows() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    fill(&mut connection, 500).await;
    for (order, sort) in [("", ""), ("DESC", "sort=created_at.desc&")] {
        let sql = format!(
            "SELECT id::text FROM cases WHERE status <> 'draft' ORDER BY created_at {order}, id {order}"
        );
        let rows = connection
            .fetch_all(AssertSqlSafe(sql))
            .await
            .expect("rows");
        let expected: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/cases?{sort}status.not_eq=draft&limit=37&cursor={cursor}");
            let page = app.get(&path).await.expect(200);
            found.extend(ids(&page));
            let pagination = page.body["pagination"].as_object().expect("an object");
            let mut fields: Vec<_> = pagination.keys().collect();
            fields.sort_unstable();
            assert_eq!(fields, ["limit", "next_cursor"]);
            // Cases created between the pages may be listed or not, but shift nothing.
            let later = json!({"name": "Later", "status": "draft"});
            app.create(&later).await;
            match &pagination["next_cursor"] {
                Value::String(next) => cursor.clone_from(next),
                _ => break,
            }
        }
        assert_eq!(found, expected);
        let other = app
            .get(&format!("/cases?{sort}cursor={cursor}"))
            .await
            .expect(400);
        assert_eq!(other.body["errors"][0]["parameter"], "cursor");
    }
}

#[tokio::test]
async fn returns_all_query_errors_at_once_in_order() {
    let app = TestApp::start().await;
    let query = "nmae=x&name.gt=A&status=opne&created_at.gte=yesterday&limit=101&page=0\
        &sort=nmae,created_at.down&assignee_id=7&status.in=open&status.in=draft\
        &include_custom_properties=yes&external_id=a%00b&name.like=a%5C&name=a&name.eq=a";
    let refused = app.get(&format!("/cases?{query}")).await.expect(400);
    let errors = refused.body["errors"].as_array().expect("errors");
    let found: Vec<_> = errors
        .iter()
        .map(|it| {
            (
                it["parameter"].as_str().expect("a string"),
                it["code"].as_str().expect("a string"),
            )
        })
        .collect();
    let expected = [
        ("nmae", "unknown_field"),
        ("name.gt", "choice"),
        ("status", "choice"),
        ("created_at.gte", "format"),
        ("limit", "range"),
        ("page", "range"),
        ("sort", "choice"),
        ("sort", "choice"),
        ("assignee_id", "format"),
        ("status.in", "duplicate_key"),
        ("include_custom_properties", "choice"),
        ("external_id", "character"),
        ("name.like", "format"),
        ("name.eq", "duplicate_key"),
    ];
    assert_eq!(found, expected);
    assert_eq!(errors[0]["suggestion"], "name");
    assert_eq!(errors[2]["suggestion"], "open");
    for query in ["cursor=x", "cursor=&page=1", "cursor=&sort=name"] {
        app.get(&format!("/cases?{query}")).await.expect(400);
    }
    let many = "x,".repeat(5_000);
    for query in [format!("tags={many}"), format!("status.in={many}")] {
        let refused = app.get(&format!("/cases?{query}")).await.expect(400);
        assert_eq!(refused.body["errors"][0]["code"], "too_many");
    }
    let known = "/cases?include_custom_properties=true&limit=100&page=3&sort=name.asc";
    app.get(known).await.expect(200);
}

#[tokio::test]
async fn filters_by_timestamps_of_responses_and_rejects_invalid_dates() {
    let app = TestApp::start().await;
    app.create(&json!({"name": "A", "companies": [{"name": "B"}]}))
        .await;
    for list in [
        "/cases",
        "/companies",
        "/tags",
        "/templates",
        "/custom-properties/case",
        "/users",
    ] {
        let all = app.get(list).await.expect(200);
        let at = all.body["data"][0]["created_at"]
            .as_str()
            .expect("a timestamp");
        let found = app
            .get(&format!("{list}?created_at={at}"))
            .await
            .expect(200);
        assert!(ids(&found).contains(&ids(&all)[0]), "{list}");
        let later = app
            .get(&format!("{list}?created_at.gt={at}"))
            .await
            .expect(200);
        assert!(!ids(&later).contains(&ids(&all)[0]), "{list}");
        for at in [
            "-5000-01-01T00:00:00",
            "%2B99999-01-01T00:00:00",
            "0000-01-01",
        ] {
            let refused = app
                .get(&format!("{list}?created_at.gt={at}"))
                .await
                .expect(400);
            assert_eq!(refused.body["errors"][0]["code"], "format", "{list} {at}");
        }
    }
    app.get("/templates?cursor=").await.expect(200);
    app.create(&json!({"name": "B"})).await;
    let first = app.get("/cases?cursor=&limit=1").await.expect(200);
    let next = first.body["pagination"]["next_cursor"]
        .as_str()
        .expect("a cursor");
    let more =
        format!("/cases?cursor={next}&limit=1&sort=created_at&include_custom_properties=true");
    assert_eq!(
        app.get(&more).await.expect(200).body["data"][0]["name"],
        "B"
    );
    let other = format!("/cases?cursor={next}&sort=created_at.desc");
    app.get(&other).await.expect(400);
}
