//! SQL that tests run in their databases.

use sqlx::{AssertSqlSafe, PgConnection};

use super::{TestApp, poll};

/// Executes statements on a connection.
pub async fn execute(connection: &mut PgConnection, statements: &str) {
    let statements = AssertSqlSafe(statements.to_owned());
    let result = sqlx::raw_sql(statements).execute(connection).await;
    result.expect("the statements");
}

impl TestApp {
    /// Executes statements in the test database.
    pub async fn execute(&self, statements: &str) {
        execute(&mut self.connect().await, statements).await;
    }

    /// Returns the number that a query selects.
    pub async fn count(&self, query: &'static str) -> i64 {
        let mut connection = self.connect().await;
        let count = sqlx::query_scalar(query).fetch_one(&mut connection).await;
        count.expect("a count")
    }

    /// Waits until a query selects this number.
    pub async fn wait_for_count(&self, query: &'static str, expected: i64) {
        let mut connection = self.connect().await;
        poll(async || {
            let count = sqlx::query_scalar(query).fetch_one(&mut connection).await;
            let count: i64 = count.expect("a count");
            match count == expected {
                true => Ok(()),
                false => Err(format!("{count}: {query}")),
            }
        })
        .await;
    }

    /// Waits until at least `count` statements wait for a lock.
    pub async fn wait_for_blocked(&self, count: i64) {
        let mut connection = self.connect().await;
        let blocked = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        poll(async || {
            let query = sqlx::query_scalar(blocked).fetch_one(&mut connection);
            let blocked: i64 = query.await.expect("a count");
            match blocked >= count {
                true => Ok(()),
                false => Err(format!("{blocked} statements are blocked")),
            }
        })
        .await;
    }
}
