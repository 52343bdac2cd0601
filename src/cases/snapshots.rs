//! The snapshots of cases, companies and individuals in events. They equal the response of a read.

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Case;
use super::store;
use super::view::{CaseContextView, CaseView};
use crate::case_parts;
use crate::companies::FoundCompany;
use crate::events::{Snapshots, Subject};
use crate::http::{Problem, ProblemType, run_in_place};
use crate::individuals::FoundIndividual;
use crate::versions::CaseReference;

/// Snapshots of cases, companies and individuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseSnapshots;

impl Snapshots for CaseSnapshots {
    fn subject<'c>(
        &'c self,
        connection: &'c mut PgConnection,
        workspace_id: Uuid,
        case_id: Uuid,
        subject: Subject,
    ) -> BoxFuture<'c, Result<Value, Problem>> {
        Box::pin(async move {
            match subject {
                Subject::Case => {
                    let reference = CaseReference::by_id(case_id);
                    let found = store::find(connection, workspace_id, &reference).await?;
                    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
                    // The transaction holds a lock: do not wait for a turn.
                    run_in_place(found.len(), || {
                        let case: Case = serde_json::from_str(&found).map_err(Problem::Decode)?;
                        json(&CaseView::new(&case, true))
                    })
                }
                Subject::Company(id) => {
                    case_parts::snapshot::<FoundCompany>(connection, workspace_id, id).await
                }
                Subject::Individual(id) => {
                    case_parts::snapshot::<FoundIndividual>(connection, workspace_id, id).await
                }
            }
        })
    }

    fn case_context<'c>(
        &'c self,
        connection: &'c mut PgConnection,
        workspace_id: Uuid,
        case_id: Uuid,
    ) -> BoxFuture<'c, Result<Value, Problem>> {
        Box::pin(async move {
            let header = store::header(connection, workspace_id, case_id).await?;
            json(&CaseContextView::new(&header))
        })
    }
}

fn json(view: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(view).map_err(Problem::Encode)
}
