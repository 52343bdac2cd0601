//! Cases that are not written before a test says so.

use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::LONG;

/// Holds cases on their way into a database, all but the first few, for as long as the test likes: a lock would
/// end the wait of those that meet it.
pub struct Hold(PgConnection);

impl Hold {
    /// Lets so many cases pass, of all that are sent from here on.
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
        let made = sqlx::raw_sql(statements).execute(&mut connection).await;
        made.expect("a trigger");
        let mut hold = Self(connection);
        hold.allow(count).await;
        hold
    }

    /// Lets so many cases pass, all in all.
    pub async fn allow(&mut self, count: i64) {
        let update = sqlx::query("UPDATE allowed SET count = $1").bind(count);
        update.execute(&mut self.0).await.expect("the update");
    }

    /// Lets all of them pass.
    pub async fn release(mut self) {
        self.allow(i64::MAX).await;
    }

    /// Waits until one is held.
    pub async fn holds(&mut self) {
        let begun = Instant::now();
        let is_reached = "SELECT last_value > count AND is_called FROM arrived, allowed";
        while !sqlx::query_scalar::<_, bool>(is_reached)
            .fetch_one(&mut self.0)
            .await
            .expect("whether one is")
        {
            assert!(begun.elapsed() < LONG, "no case arrives");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
