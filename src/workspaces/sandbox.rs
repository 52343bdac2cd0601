//! The workspace named Sandbox, so that the first request can use everything.

use crate::auth::ApiKey;
use crate::db::{DatabaseError, Session};

/// The key of the sandbox, while only this machine can reach the server.
pub const FIXED_KEY: &str = "dossier_sandbox";

/// Makes the sandbox and gives it a key; run again, it changes nothing.
///
/// # Errors
/// Those of the database.
pub async fn apply(session: &mut Session, key: &str) -> Result<(), DatabaseError> {
    let key = ApiKey::new(key);
    let fixed = ApiKey::new(FIXED_KEY).id().to_owned();
    let (id, hash) = (key.id().to_owned(), key.hash().to_vec());
    session
        .write(move |connection| {
            Box::pin(async move {
                sqlx::query_file!("src/workspaces/sandbox.sql", id, hash, fixed)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
}
