//! Holding activities against their seals.

use std::fmt;

use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Seal;
use super::store::{self, SealedRow};
use crate::values::hex;

/// What is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum AuditFault {
    /// A row differs from what was sealed.
    Changed { activity_id: Uuid },
    /// A row that was sealed is not there.
    Removed { activity_id: Uuid },
    /// A row is there that no seal knows, and that does not wait for one.
    Inserted { activity_id: Uuid },
    /// A seal does not follow from its members and the seal before it.
    Broken { sequence: i64 },
    /// The chain does not have the seal that somebody noted.
    OtherHead { sequence: i64 },
}

impl fmt::Display for AuditFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { activity_id } => write!(formatter, "changed: activity {activity_id}"),
            Self::Removed { activity_id } => write!(formatter, "removed: activity {activity_id}"),
            Self::Inserted { activity_id } => write!(formatter, "inserted: activity {activity_id}"),
            Self::Broken { sequence } => write!(formatter, "broken: seal {sequence}"),
            Self::OtherHead { sequence } => {
                write!(formatter, "seal {sequence} is not the one that was noted")
            }
        }
    }
}

/// A seal by its place and its digest. Noted outside the database, it shows when a whole chain was
/// made anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    pub sequence: i64,
    /// In hexadecimal digits.
    pub digest: String,
}

impl fmt::Display for Head {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.sequence, self.digest)
    }
}

impl std::str::FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':');
        let head = parts.and_then(|(sequence, digest)| {
            Some(Self {
                sequence: sequence.parse().ok()?,
                digest: digest.to_ascii_lowercase(),
            })
        });
        head.ok_or("a head is SEQUENCE:DIGEST, as an earlier verification printed it")
    }
}

/// What a verification of one workspace found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub workspace: String,
    pub seals: usize,
    pub sealed: usize,
    /// Activities that wait for the next seal; they are as they should be.
    pub unsealed: i64,
    /// The last seal.
    pub head: Option<Head>,
    pub faults: Vec<AuditFault>,
}

/// Holds the activities of every workspace, or of one by its name, against their seals. The
/// connection must be in a transaction that sees one state of the database.
///
/// # Errors
/// Those of the database.
pub async fn verify(
    connection: &mut PgConnection,
    workspace: Option<&str>,
    noted: Option<&Head>,
) -> Result<Vec<Report>, sqlx::Error> {
    let mut reports = Vec::new();
    for (workspace_id, name) in store::workspaces(connection).await? {
        if workspace.is_none_or(|only| only == name) {
            reports.push(verify_one(connection, workspace_id, name, noted).await?);
        }
    }
    Ok(reports)
}

async fn verify_one(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    workspace: String,
    noted: Option<&Head>,
) -> Result<Report, sqlx::Error> {
    let mut report = Report {
        workspace,
        seals: 0,
        sealed: 0,
        unsealed: store::count_unsealed(connection, workspace_id).await?,
        head: None,
        faults: Vec::new(),
    };
    let mut last: Option<Seal> = None;
    let mut is_noted = noted.is_none();
    loop {
        // Whatever stands before the first seal is looked at too.
        let after = last.as_ref().map_or(i64::MIN, |it| it.sequence);
        let Some(seal) = store::seal_after(connection, workspace_id, after).await? else {
            break;
        };
        if !seal.follows(last.as_ref()) || seal.computed() != seal.digest {
            let sequence = seal.sequence;
            report.faults.push(AuditFault::Broken { sequence });
        }
        let (ids, case_ids) = (&seal.activity_ids, &seal.case_ids);
        let rows = store::rows(connection, workspace_id, ids, case_ids).await?;
        let members = rows.iter().zip(&seal.row_digests);
        report
            .faults
            .extend(members.filter_map(|(row, digest)| held(row, digest)));
        report.seals += 1;
        report.sealed += ids.len();
        let head = head(&seal);
        is_noted |= noted == Some(&head);
        report.head = Some(head);
        last = Some(seal);
    }
    if let (Some(head), false) = (noted, is_noted) {
        let sequence = head.sequence;
        report.faults.push(AuditFault::OtherHead { sequence });
    }
    let unknown_activities = store::unknown_activities(connection, workspace_id)
        .await?
        .into_iter();
    let unknown_activities =
        unknown_activities.map(|activity_id| AuditFault::Inserted { activity_id });
    report.faults.extend(unknown_activities);
    Ok(report)
}

fn held(row: &SealedRow, digest: &[u8]) -> Option<AuditFault> {
    let activity_id = row.id;
    match row.text {
        None => Some(AuditFault::Removed { activity_id }),
        Some(_) if row.digest() != digest => Some(AuditFault::Changed { activity_id }),
        Some(_) => None,
    }
}

fn head(seal: &Seal) -> Head {
    Head {
        sequence: seal.sequence,
        digest: hex(&seal.digest),
    }
}
