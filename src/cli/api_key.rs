//! `dossier api-key`.

use serde_json::json;

use super::workspace::no_workspace;
use super::{deadline, error_chain, open};
use crate::auth::{self, StoredKey};
use crate::config::ApiKeyCommand;
use crate::db::{DatabaseError, Session};

/// Creates, lists or revokes API keys of a workspace.
///
/// # Errors
/// Returns one line that says what to do.
pub async fn run(command: ApiKeyCommand) -> Result<(), String> {
    let (ApiKeyCommand::Create { database, .. }
    | ApiKeyCommand::List { database, .. }
    | ApiKeyCommand::Revoke { database, .. }) = &command;
    let opened = open(database).await?;
    let work = async move |mut session: Session| execute(&mut session, command).await;
    let done = opened.database.unit(deadline(), work).await;
    opened.database.close().await;
    let lines = done.map_err(|error: DatabaseError| error_chain(error))??;
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Returns the lines to print, or the message for the user if the command cannot be done.
async fn execute(
    session: &mut Session,
    command: ApiKeyCommand,
) -> Result<Result<Vec<String>, String>, DatabaseError> {
    Ok(match command {
        ApiKeyCommand::Create {
            workspace,
            json: as_json,
            ..
        } => {
            let key = auth::create(session, workspace.clone()).await?;
            key.ok_or_else(|| no_workspace(&workspace)).map(|key| {
                vec![if as_json {
                    json!({"key": key}).to_string()
                } else {
                    format!("{key}\nSave this key now. It is not shown again.")
                }]
            })
        }
        ApiKeyCommand::List {
            workspace,
            json: as_json,
            ..
        } => {
            let keys = auth::list(session, workspace).await?;
            Ok(if as_json {
                vec![json!(keys).to_string()]
            } else {
                keys.iter().map(line).collect()
            })
        }
        ApiKeyCommand::Revoke {
            id,
            workspace,
            json: as_json,
            ..
        } => {
            if auth::revoke(session, workspace, id.clone()).await? {
                Ok(vec![if as_json {
                    json!({"id": id, "revoked": true}).to_string()
                } else {
                    format!("Revoked the key {id}.")
                }])
            } else {
                Err(format!(
                    "this workspace has no key {id} that is not revoked"
                ))
            }
        }
    })
}

fn line(key: &StoredKey) -> String {
    let state = if key.revoked_at.is_some() {
        "revoked"
    } else {
        "active"
    };
    format!(
        "{}  {state}  created {}",
        key.id,
        key.created_at.format("%Y-%m-%d")
    )
}
