//! `dossier audit`.

use serde_json::json;

use super::{error_chain, open};
use crate::activities::{self, Head, Report};
use crate::config::AuditCommand;

/// Verifies activities against their seals.
///
/// # Errors
/// Returns one line if an activity does not match its seal, or if the verification fails.
pub async fn run(command: AuditCommand) -> Result<(), String> {
    let AuditCommand::Verify {
        workspace,
        head,
        json,
        database,
    } = command;
    if head.is_some() && workspace.is_none() {
        return Err(
            "--head belongs to one workspace; name the workspace with --workspace".to_owned(),
        );
    }
    let head = head.map(|it| it.parse::<Head>()).transpose()?;
    let opened = open(&database).await?;
    // One snapshot: a server may write at the same time.
    let mut connection = opened
        .database
        .without_timeouts()
        .await
        .map_err(error_chain)?;
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .execute(&mut connection)
        .await
        .map_err(error_chain)?;
    let verify = activities::verify(&mut connection, workspace.as_deref(), head.as_ref());
    let reports = verify.await.map_err(error_chain)?;
    drop(connection);
    opened.database.close().await;
    if let (Some(workspace), true) = (&workspace, reports.is_empty()) {
        return Err(format!("there is no workspace named {workspace}"));
    }
    if json {
        println!("{}", json!(reports));
    } else {
        reports.iter().for_each(print);
    }
    match reports.iter().map(|it| it.faults.len()).sum::<usize>() {
        0 => Ok(()),
        faults => Err(format!(
            "activities do not match their seals: {faults} faults"
        )),
    }
}

fn print(report: &Report) {
    let Report {
        workspace,
        seals,
        sealed,
        unsealed,
        head,
        faults,
    } = report;
    println!("{workspace}: {sealed} activities in {seals} seals; {unsealed} not sealed yet.");
    if let Some(head) = head {
        println!("  head {head}");
    }
    for fault in faults {
        println!("  {fault}");
    }
}
