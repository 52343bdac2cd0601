//! The field `case_id` of a request body.

use sqlx::PgConnection;
use uuid::Uuid;

use super::store::external_id_fault;
use super::{CaseReference, IfMatch, Locked, lock};
use crate::http::{Problem, ProblemType};
use crate::validation::{Code, Fault, Scope, Violation, Violations};

/// Locks the case of the field `case_id`. A case that does not exist is a violation if there are other violations, and
/// a 404 otherwise.
///
/// # Errors
/// Returns a problem with the status 404 as above, `PreconditionFailed` or `WeakEntityTag` (412) if `If-Match` does not
/// match, and the error of a statement.
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
            let named = external_id_fault(connection, workspace_id, id, &id.to_string()).await?;
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
