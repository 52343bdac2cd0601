//! Blocks the insertion of cases until the test releases them.

use sqlx::PgConnection;

use super::poll;

/// Blocks every INSERT into `cases` after the first few, for as long as the test needs. A lock would not do:
/// `lock_timeout` would end the wait.
pub struct Hold(PgConnection);

impl Hold {
    /// Lets the next `count` cases pass and blocks all later ones.
    pub async fn after(mut connection: PgConnection, count: i64) -> Self {
        let statements = "
            CREATE SEQUENCE arrived;
            CREATE TABLE allowed (count bigint NOT NULL);
            INSERT INTO allowed VALUES (0);
            CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
                DECLARE number bigint := nextval('arrived');
                BEGIN
                    WHILE number > (SELECT count FROM allowed) LOOP
                        PERFORM pg_sleep(0.01);
                    END LOOP;
                    RETURN NEW;
                END $$;
            CREATE TRIGGER hold BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION hold();";
        let created = sqlx::raw_sql(statements).execute(&mut connection).await;
        created.expect("a trigger");
        let mut hold = Self(connection);
        hold.allow(count).await;
        hold
    }

    /// Raises the total number of cases that may pass to `count`.
    pub async fn allow(&mut self, count: i64) {
        let update = sqlx::query("UPDATE allowed SET count = $1").bind(count);
        update.execute(&mut self.0).await.expect("the update");
    }

    /// Lets all cases pass.
    pub async fn release(mut self) {
        self.allow(i64::MAX).await;
    }

    /// Waits until at least one case is blocked.
    pub async fn wait_until_holding(&mut self) {
        let is_blocked = "SELECT last_value > count AND is_called FROM arrived, allowed";
        poll(async || {
            let query = sqlx::query_scalar(is_blocked).fetch_one(&mut self.0);
            match query.await.expect("the state of the sequence") {
                true => Ok(()),
                false => Err("no case is blocked"),
            }
        })
        .await;
    }
}
