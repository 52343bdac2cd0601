//! Whether Dossier can use a database.

use sqlx::{PgConnection, Row};
use thiserror::Error;

/// A setting of every session. If it is missing, a pooler between server and database drops settings.
pub(super) const MARK: (&str, &str) = ("dossier.session", "on");

/// Why a database cannot be used, although it responds.
#[derive(Debug, Error)]
pub enum UnusableError {
    #[error(
        "the encoding of the database is {0}, which cannot store every name: create one with \
         CREATE DATABASE dossier ENCODING 'UTF8' TEMPLATE template0, and name it in DATABASE_URL"
    )]
    Encoding(String),
    #[error(
        "DATABASE_URL names a connection pooler such as PgBouncer, which does not keep the settings and prepared \
         statements of a session: name PostgreSQL itself, since Dossier has its own pool"
    )]
    Pooler,
    /// The connection failed.
    #[error(transparent)]
    Failed(#[from] sqlx::Error),
}

/// Checks the encoding of the database, and that the session has its settings.
///
/// # Errors
/// Returns [`UnusableError`] if the encoding is not UTF8, a setting is missing, or the statement fails.
pub(super) async fn check(connection: &mut PgConnection) -> Result<(), UnusableError> {
    // Not prepared, because a pooler may run each statement in another session.
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

/// Whether a pooler caused the error: it does not know a startup parameter (08P01 of PgBouncer), or a prepared
/// statement belongs to another session (26000, 42P05).
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
