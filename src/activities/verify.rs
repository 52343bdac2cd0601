//! Verification of activities against their seals.

use std::fmt;

use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Seal;
use super::store::{self, SealedRow};
use crate::values::hex;

/// A difference between the activities and their seals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum AuditFault {
    /// A sealed row was changed.
    Changed { activity_id: Uuid },
    /// A sealed row is missing.
    Removed { activity_id: Uuid },
    /// A row is neither sealed nor waiting for a seal.
    Inserted { activity_id: Uuid },
    /// The digest of a seal is wrong, or the seal does not follow the previous one.
    Broken { sequence: i64 },
    /// The chain does not contain the expected head.
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
                write!(formatter, "seal {sequence} differs from the given head")
            }
        }
    }
}

/// The sequence number and the digest of a seal. A copy outside the database reveals the replacement of a whole chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    pub sequence: i64,
    /// In lower-case hexadecimal.
    pub digest: String,
}

impl fmt::Display for Head {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.sequence, self.digest)
    }
}

impl std::str::FromStr for Head {
    type Err = &'static str;

    fn from_str(head: &str) -> Result<Self, Self::Err> {
        let parts = head.split_once(':');
        let head = parts.and_then(|(sequence, digest)| {
            Some(Self {
                sequence: sequence.parse().ok()?,
                digest: digest.to_ascii_lowercase(),
            })
        });
        head.ok_or("a head has the form SEQUENCE:DIGEST, as printed by an earlier verification")
    }
}

/// The result of the verification of one workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub workspace: String,
    pub seals: usize,
    pub sealed: usize,
    /// The number of activities that wait for the next seal; they are not a fault.
    pub unsealed: i64,
    /// The last seal.
    pub head: Option<Head>,
    pub faults: Vec<AuditFault>,
}

/// Verifies the activities of all workspaces, or of the workspace with the given name, against their seals. `expected`
/// is a head that each chain must contain. The connection must be in a transaction that is `REPEATABLE READ`.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn verify(
    connection: &mut PgConnection,
    workspace: Option<&str>,
    expected: Option<&Head>,
) -> Result<Vec<Report>, sqlx::Error> {
    let mut reports = Vec::new();
    for (workspace_id, name) in store::workspaces(connection).await? {
        if workspace.is_none_or(|only| only == name) {
            reports.push(verify_workspace(connection, workspace_id, name, expected).await?);
        }
    }
    Ok(reports)
}

async fn verify_workspace(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    workspace: String,
    expected: Option<&Head>,
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
    let mut has_expected = expected.is_none();
    loop {
        // From the smallest number: a forged seal could have a sequence number below 1.
        let after = last.as_ref().map_or(i64::MIN, |it| it.sequence);
        let Some(seal) = store::seal_after(connection, workspace_id, after).await? else {
            break;
        };
        if !seal.follows(last.as_ref()) || seal.compute_digest() != seal.digest {
            let sequence = seal.sequence;
            report.faults.push(AuditFault::Broken { sequence });
        }
        let (ids, case_ids) = (&seal.activity_ids, &seal.case_ids);
        let rows = store::rows(connection, workspace_id, ids, case_ids).await?;
        let rows = rows.iter().zip(&seal.row_digests);
        report
            .faults
            .extend(rows.filter_map(|(row, digest)| compare(row, digest)));
        report.seals += 1;
        report.sealed += ids.len();
        let head = head(&seal);
        has_expected |= expected == Some(&head);
        report.head = Some(head);
        last = Some(seal);
    }
    if let (Some(head), false) = (expected, has_expected) {
        let sequence = head.sequence;
        report.faults.push(AuditFault::OtherHead { sequence });
    }
    let inserted = store::unknown_activities(connection, workspace_id).await?;
    let inserted = inserted.into_iter();
    let inserted = inserted.map(|activity_id| AuditFault::Inserted { activity_id });
    report.faults.extend(inserted);
    Ok(report)
}

fn compare(row: &SealedRow, digest: &[u8]) -> Option<AuditFault> {
    let activity_id = row.id;
    match row.content {
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
