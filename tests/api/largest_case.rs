//! The largest case within the limits: every operation on it completes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

const COMPANIES: usize = 1_000;
const INDIVIDUALS: usize = 1_000;
/// Relations per entity: 18,000 in total, of the 20,000 that a case can have.
const RELATIONS: usize = 9;

/// The maximum number of companies and individuals, each with relations to [`RELATIONS`] companies.
fn largest() -> Value {
    let relations = |number: usize| {
        let targets = (1..=RELATIONS).map(move |step| (number + step * 7) % COMPANIES);
        let relations = targets.map(|it| json!({"source_company_ref": format!("company {it:03}")}));
        relations.collect::<Vec<_>>()
    };
    let companies = (0..COMPANIES).map(|number| {
        json!({"name": "A", "ref": format!("company {number:03}"), "relations": relations(number),
            "type": if number == 0 { "main" } else { "affiliated" }})
    });
    let individuals = (0..INDIVIDUALS)
        .map(|number| json!({"first_name": "B", "last_name": "C", "relations": relations(number)}));
    json!({"name": "Largest", "companies": companies.collect::<Vec<_>>(),
        "individuals": individuals.collect::<Vec<_>>()})
}

/// Returns how many rows of `relations` index scans have read so far.
async fn rows_read(app: &TestApp) -> i64 {
    let mut connection = app.connect().await;
    // Sessions report their statistics when they have been idle for a second, or end.
    let query = "SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes
        WHERE relname = 'relations'";
    sqlx::raw_sql("SELECT pg_stat_force_next_flush()")
        .execute(&mut connection)
        .await
        .expect("the statistics");
    let read = sqlx::query_scalar(query).fetch_one(&mut connection);
    read.await.expect("the statistics")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_on_the_largest_case_read_each_relation_at_most_20_times() {
    let app = TestApp::start().await;
    // Without table statistics, as on a new installation.
    for statement in [
        "ALTER TABLE relations SET (autovacuum_enabled = off)",
        "ALTER TABLE companies SET (autovacuum_enabled = off)",
        "ALTER TABLE individuals SET (autovacuum_enabled = off)",
    ] {
        app.execute(statement).await;
    }
    let body = largest();
    assert!(body.to_string().len() <= 2 * 1024 * 1024);
    let case = app.create(&body).await;
    let path = format!("/cases/{}", case.id());
    let entities = |kind: &str, count: usize| {
        let found = case.body[kind].as_array().map(Vec::len);
        assert_eq!(found, Some(count), "{kind}");
        case.body[kind][count - 1]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let company = entities("companies", COMPANIES);
    let individual = entities("individuals", INDIVIDUALS);
    let main = case.body["companies"][0]["id"].clone();
    let read = app.get(&path).await.expect(200);
    assert_eq!(read.body["companies"], case.body["companies"]);
    assert_eq!(read.body["individuals"], case.body["individuals"]);
    let call = async |method: Method, path: &str, body: Value, status: u16| {
        app.call(method, path, &body).await.expect(status)
    };
    call(Method::PATCH, &path, json!({"name": "Larger"}), 200).await;
    call(
        Method::POST,
        &format!("{path}/tags"),
        json!({"tags": ["VIP"]}),
        201,
    )
    .await;
    call(
        Method::POST,
        &format!("{path}/reviews"),
        json!({"status": "approved"}),
        201,
    )
    .await;
    call(Method::GET, "/cases?limit=100", json!({}), 200).await;
    for (list, entity) in [("companies", &company), ("individuals", &individual)] {
        let page = format!("/{list}?limit=100");
        call(Method::GET, &page, json!({}), 200).await;
        call(Method::GET, &format!("/{list}/{entity}"), json!({}), 200).await;
        call(
            Method::PATCH,
            &format!("/{list}/{entity}"),
            json!({"custom_properties": {}}),
            200,
        )
        .await;
    }
    let relation = call(
        Method::POST,
        &format!("{path}/relations"),
        json!({"from_individual_id": individual, "to_company_id": main}),
        201,
    )
    .await;
    let relation = format!("{path}/relations/{}", relation.id());
    call(Method::PATCH, &relation, json!({"position": "CEO"}), 200).await;
    call(
        Method::GET,
        &format!("/activities?case_id={}", case.id()),
        json!({}),
        200,
    )
    .await;
    call(Method::DELETE, &relation, json!({}), 204).await;
    for (list, entity) in [("companies", &company), ("individuals", &individual)] {
        call(Method::DELETE, &format!("/{list}/{entity}"), json!({}), 204).await;
    }
    let before = rows_read(&app).await;
    call(Method::DELETE, &path, json!({}), 204).await;
    call(Method::GET, &path, json!({}), 404).await;
    // Closing the sessions makes them report their statistics.
    app.database.close().await;
    let rows = rows_read(&app).await - before;
    let relations = i64::try_from((COMPANIES + INDIVIDUALS) * RELATIONS).unwrap_or_default();
    // A quadratic plan would read every relation for each entity.
    assert!(
        rows < 20 * relations,
        "{rows} rows read of {relations} relations"
    );
}
