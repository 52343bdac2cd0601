//! `dossier workspace`.

use std::path::Path;

use serde_json::json;

use super::{deadline, error_chain, open};
use crate::config::{DatabaseSettings, WorkspaceCommand};
use crate::db::Session;
use crate::ids::IdSource;
use crate::workspaces::{self, ApplyError, Format, Line, WorkspaceFile, WorkspaceName};

/// Creates, lists or renames workspaces, or applies a configuration file to one.
///
/// # Errors
/// Returns one line that says what to do; for an invalid file, one line for each error.
pub async fn run(command: WorkspaceCommand) -> Result<(), String> {
    match command {
        WorkspaceCommand::Create {
            name,
            json,
            database,
        } => create(&database, &name, json).await,
        WorkspaceCommand::List { json, database } => list(&database, json).await,
        WorkspaceCommand::Rename {
            from,
            to,
            json,
            database,
        } => rename(&database, from, &to, json).await,
        WorkspaceCommand::Apply {
            file,
            workspace,
            dry_run,
            json,
            database,
        } => {
            let lines = apply(&database, &file, workspace, dry_run).await?;
            if json {
                println!("{}", json!(lines));
            } else {
                lines.iter().for_each(|line| println!("{line}"));
            }
            Ok(())
        }
    }
}

async fn create(settings: &DatabaseSettings, name: &str, as_json: bool) -> Result<(), String> {
    let new_name = WorkspaceName::parse(name).map_err(error_chain)?;
    let opened = open(settings).await?;
    let id = IdSource::default().next(chrono::Utc::now());
    let create =
        async move |mut session: Session| workspaces::create(&mut session, id, new_name).await;
    let created = opened.database.unit(deadline(), create).await;
    opened.database.close().await;
    match created {
        Ok(()) if as_json => println!("{}", json!({"id": id, "name": name})),
        Ok(()) => println!("Created the workspace {name} with the id {id}."),
        Err(error) if error.constraint() == Some("workspaces_name_key") => {
            return Err(taken(name));
        }
        Err(error) => return Err(error_chain(error)),
    }
    Ok(())
}

async fn list(settings: &DatabaseSettings, as_json: bool) -> Result<(), String> {
    let opened = open(settings).await?;
    let list = async move |mut session: Session| workspaces::list(&mut session).await;
    let listed = opened.database.unit(deadline(), list).await;
    opened.database.close().await;
    let listed = listed.map_err(error_chain)?;
    if as_json {
        println!("{}", json!(listed));
        return Ok(());
    }
    for workspace in listed {
        let keys = match workspace.keys {
            1 => "1 key".to_owned(),
            count => format!("{count} keys"),
        };
        println!("{}  {}  {keys}", workspace.id, workspace.name);
    }
    Ok(())
}

async fn rename(
    settings: &DatabaseSettings,
    from: String,
    to: &str,
    as_json: bool,
) -> Result<(), String> {
    let new = WorkspaceName::parse(to).map_err(error_chain)?;
    let opened = open(settings).await?;
    let old = from.clone();
    let rename = async move |mut session: Session| workspaces::rename(&mut session, old, new).await;
    let renamed = opened.database.unit(deadline(), rename).await;
    opened.database.close().await;
    match renamed {
        Ok(true) if as_json => println!("{}", json!({"name": to})),
        Ok(true) => println!("Renamed the workspace {from} to {to}."),
        Ok(false) => return Err(no_workspace(&from)),
        Err(error) if error.constraint() == Some("workspaces_name_key") => {
            return Err(taken(to));
        }
        Err(error) => return Err(error_chain(error)),
    }
    Ok(())
}

fn taken(name: &str) -> String {
    format!("a workspace named {name} already exists")
}

async fn apply(
    settings: &DatabaseSettings,
    path: &Path,
    workspace: String,
    dry_run: bool,
) -> Result<Vec<Line>, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let file = WorkspaceFile::parse(&text, Format::of(path))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let opened = open(settings).await?;
    let named = workspace.clone();
    let work = async move |mut session: Session| {
        let Some(id) = workspaces::find(&mut session, &named).await? else {
            return Ok(None);
        };
        let ids = IdSource::default();
        let lines = workspaces::apply(&mut session, id, file, &ids, dry_run).await?;
        Ok::<_, ApplyError>(Some(lines))
    };
    let applied = opened.database.unit(deadline(), work).await;
    opened.database.close().await;
    applied
        .map_err(error_chain)?
        .ok_or_else(|| no_workspace(&workspace))
}

/// Returns the message for a workspace that does not exist.
pub fn no_workspace(workspace: &str) -> String {
    format!("there is no workspace named {workspace}; create it with dossier workspace create")
}
