//! A case that the body of a request names.

use sqlx::PgConnection;
use uuid::Uuid;

use super::store::named_by;
use super::{CaseReference, IfMatch, Locked, lock};
use crate::http::{Problem, ProblemType};
use crate::validation::{Code, Fault, Scope, Violation, Violations};

/// Locks the case that `case_id` names. One that is not there is a violation beside others, and a
/// 404 where nothing else is wrong.
///
/// # Errors
/// 404, 412 and those of the database.
pub async fn lock_named(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Option<Uuid>,
    if_match: &IfMatch,
    violations: &mut Violations,
) -> Result<Option<Locked>, Problem> {
    let Some(id) = case_id else { return Ok(None) };
    let reference = CaseReference::by_id(id);
    match lock(connection, workspace_id, &reference, if_match).await {
        Ok(locked) => Ok(Some(locked)),
        Err(Problem::Plain(ProblemType::NotFound)) => {
            let named = named_by(connection, workspace_id, id, &id.to_string()).await?;
            let fault = named.unwrap_or_else(|| {
                let message = format!("This workspace has no case with the id {id}.");
                Fault::new(Code::CaseNotFound, message)
            });
            if violations.is_empty() {
                let pointer = "/case_id".to_owned();
                return Err(Problem::Missing(Box::new(Violation { pointer, fault })));
            }
            Scope::root(violations).key("case_id").refuse(fault);
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}
