//! `dossier audit`.

use serde_json::json;

use super::{open, told};
use crate::activities::{self, Head, Report};
use crate::config::AuditCommand;

/// Holds activities against their seals.
///
/// # Errors
/// What is not as it was sealed, and what to do of anything else.
pub async fn run(command: AuditCommand) -> Result<(), String> {
    let AuditCommand::Verify {
        workspace,
        head,
        json,
        database,
    } = command;
    if head.is_some() && workspace.is_none() {
        return Err("--head is that of one workspace; name it with --workspace".to_owned());
    }
    let head = head.map(|it| it.parse::<Head>()).transpose()?;
    let opened = open(&database).await?;
    // One state of the database, which a server may go on changing.
    let mut connection = opened.database.without_timeouts().await.map_err(told)?;
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .execute(&mut connection)
        .await
        .map_err(told)?;
    let verify = activities::verify(&mut connection, workspace.as_deref(), head.as_ref());
    let reports = verify.await.map_err(told)?;
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
            "the activities are not as they were sealed: {faults} faults"
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
    println!(
        "{workspace}: {sealed} activities in {seals} seals; {unsealed} wait for the next seal."
    );
    if let Some(head) = head {
        println!("  head {head}");
    }
    for fault in faults {
        println!("  {fault}");
    }
}
