//! Seals. Each workspace has a chain of seals; each seal hashes a list of activities and the previous seal.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::{self, SealedRow};
use crate::db::DatabaseError;

/// The maximum number of activities of one seal.
const MAX_ACTIVITIES: i64 = 5_000;
/// The previous digest of the first seal.
const GENESIS: [u8; 32] = [0; 32];

/// One seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    pub sequence: i64,
    pub activity_ids: Vec<Uuid>,
    pub case_ids: Vec<Uuid>,
    /// The SHA-256 of each row.
    pub row_digests: Vec<Vec<u8>>,
    /// The digest of the previous seal.
    pub previous: Vec<u8>,
    pub digest: Vec<u8>,
    pub sealed_at: DateTime<Utc>,
}

impl Seal {
    /// The seal of `rows` that follows `last`, or the first seal of the chain.
    pub fn new(rows: &[SealedRow], last: Option<&Self>, sealed_at: DateTime<Utc>) -> Self {
        let mut seal = Self {
            sequence: last.map_or(1, |last| last.sequence + 1),
            activity_ids: rows.iter().map(|row| row.id).collect(),
            case_ids: rows.iter().map(|row| row.case_id).collect(),
            row_digests: rows.iter().map(SealedRow::digest).collect(),
            previous: last.map_or_else(|| GENESIS.to_vec(), |last| last.digest.clone()),
            digest: Vec::new(),
            sealed_at,
        };
        seal.digest = seal.compute_digest();
        seal
    }

    /// SHA-256 over the previous digest, the sequence number, the time and the rows.
    pub fn compute_digest(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(&self.previous);
        hash.update(self.sequence.to_be_bytes());
        hash.update(self.sealed_at.timestamp_millis().to_be_bytes());
        let rows = self.activity_ids.iter().zip(&self.case_ids);
        for ((id, case_id), digest) in rows.zip(&self.row_digests) {
            hash.update(id.as_bytes());
            hash.update(case_id.as_bytes());
            hash.update(digest);
        }
        hash.finalize().to_vec()
    }

    /// Whether it is the next seal after `last`, or the first seal of a chain if there is none.
    pub fn follows(&self, last: Option<&Self>) -> bool {
        let (sequence, digest) = last.map_or((0, &GENESIS[..]), |it| (it.sequence, &it.digest));
        self.sequence == sequence + 1 && self.previous == digest
    }
}

/// Adds a seal over the oldest unsealed activities of a workspace, at most 5,000. Returns whether more may
/// be left. Does nothing if another transaction is sealing this workspace.
///
/// # Errors
/// Returns the database error if a statement fails.
pub async fn seal_next(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, DatabaseError> {
    if !store::lock_chain(connection, workspace_id).await? {
        return Ok(false);
    }
    let rows = store::take_unsealed(connection, workspace_id, MAX_ACTIVITIES).await?;
    if !rows.is_empty() {
        let last = store::last_seal(connection, workspace_id).await?;
        let seal = Seal::new(&rows, last.as_ref(), now);
        store::insert_seal(connection, workspace_id, &seal).await?;
    }
    Ok(i64::try_from(rows.len()).is_ok_and(|it| it == MAX_ACTIVITIES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(contents: &[&str]) -> Vec<SealedRow> {
        let row = |content: &&str| SealedRow {
            id: Uuid::from_u128(1),
            case_id: Uuid::from_u128(2),
            content: Some((*content).to_owned()),
        };
        contents.iter().map(row).collect()
    }

    #[test]
    fn each_seal_covers_its_rows_and_the_previous_seal() {
        let now = DateTime::UNIX_EPOCH;
        let first = Seal::new(&rows(&["a", "b"]), None, now);
        assert!(first.follows(None));
        let second = Seal::new(&rows(&["c"]), Some(&first), now);
        assert!(second.follows(Some(&first)) && !second.follows(None));
        let other = Seal::new(&rows(&["a", "B"]), None, now);
        assert_ne!(first.digest, other.digest);
        assert!(!second.follows(Some(&other)));
        let mut tampered = second.clone();
        tampered.row_digests.clear();
        assert_ne!(tampered.compute_digest(), second.digest);
    }
}
