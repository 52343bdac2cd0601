//! `dossier workspace`.

use serde_json::json;

use super::{deadline, open};
use crate::config::{Settings, WorkspaceCommand};
use crate::db::Session;
use crate::values::IdSource;
use crate::workspaces;

/// Makes a workspace.
///
/// # Errors
/// One line that says what to do.
pub async fn run(settings: &Settings, command: WorkspaceCommand) -> Result<(), String> {
    let WorkspaceCommand::Create {
        name,
        json: as_json,
    } = command;
    let (_cluster, database) = open(settings).await?;
    let id = IdSource::default().next(chrono::Utc::now());
    let named = name.clone();
    let made = database
        .unit(deadline(), async move |mut session: Session| {
            workspaces::create(&mut session, id, named).await
        })
        .await;
    database.close().await;
    match made {
        Ok(()) if as_json => println!("{}", json!({"id": id, "name": name})),
        Ok(()) => println!("Made the workspace {name} with the id {id}."),
        Err(error) if error.constraint() == Some("workspaces_name_key") => {
            return Err(format!("there is a workspace named {name} already"));
        }
        Err(error) => return Err(error.to_string()),
    }
    Ok(())
}
