//! Whether a database that answers is one that Dossier can use.

use sqlx::{PgConnection, Row};
use thiserror::Error;

/// A setting that every session is opened with, so that a session without it shows that something between drops
/// settings.
pub(super) const MARK: (&str, &str) = ("dossier.session", "on");

/// Why a database cannot be used, although it answers.
#[derive(Debug, Error)]
pub enum UnusableError {
    #[error(
        "the encoding of the database is {0}, which cannot store every name: create one with \
         CREATE DATABASE dossier ENCODING 'UTF8' TEMPLATE template0, and name it in DATABASE_URL"
    )]
    Encoding(String),
    #[error(
        "DATABASE_URL leads to a connection pooler such as PgBouncer, which does not keep the settings and prepared \
         statements of a session: name PostgreSQL itself, since Dossier has a pool of its own"
    )]
    Pooler,
    /// It does not answer after all.
    #[error(transparent)]
    Failed(#[from] sqlx::Error),
}

/// Checks the encoding of the database, and that the settings of the session have arrived.
///
/// # Errors
/// [`UnusableError`].
pub(super) async fn check(connection: &mut PgConnection) -> Result<(), UnusableError> {
    // Without preparing it: a pooler may run each statement in another session.
    const QUERY: &str =
        "SELECT getdatabaseencoding()::text, current_setting('dossier.session', true)";
    let row = sqlx::raw_sql(QUERY).fetch_one(connection).await?;
    let mark: Option<&str> = row.try_get(1)?;
    if mark != Some(MARK.1) {
        return Err(UnusableError::Pooler);
    }
    match row.try_get(0)? {
        "UTF8" => Ok(()),
        encoding => Err(UnusableError::Encoding(encoding.to_owned())),
    }
}

/// Whether an error is one that a pooler causes: a parameter at the start of a session that it does not know
/// (PgBouncer's 08P01), or a prepared statement that is in another session (26000, 42P05).
pub fn is_pooler_error(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    match error.code().as_deref() {
        Some("08P01") => error.message().starts_with("unsupported startup parameter"),
        Some("26000" | "42P05") => true,
        _ => false,
    }
}
